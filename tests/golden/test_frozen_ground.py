"""Frozen ground: a place kept that asks for the density of every class, that of land without frost too."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("frozen_ground")
ROWS = pd.DataFrame({"ecosystem": ["forest", "forest"], "permafrost": ["patchy", "no_frost"]})


def test_asks_for_every_class() -> None:
    with pytest.raises(ParameterError, match=r"permafrost|冻土"):
        BOUND.evaluate(ROWS)


def test_takes_what_the_survey_has(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(
        "# extends: frozen_ground\n"
        "parameter,permafrost,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
        "frozen_soil_carbon,patchy,310,t C/ha,,,,,user,profiles,-,\n"
        "frozen_soil_carbon,no_frost,140,t C/ha,,,,,user,profiles,-,\n",
        encoding="utf-8",
    )
    assert BOUND.with_parameters(path).evaluate(ROWS)["soil_organic_carbon"].tolist() == [310, 140]
