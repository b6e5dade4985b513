"""Growth and consumption rates of standing volume: V (GR - CR) SVD BEF CF."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("provincial_inventory")
ROWS = pd.DataFrame({"ecosystem": ["forest"], "growing_stock": [80.0]})
OURS = """# extends: provincial_inventory
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
growth_rate,3.5,%/yr,,,,,user,inventory,p. 1,
consumption_rate,1.5,%/yr,,,,,user,inventory,p. 1,
basic_wood_density,0.5,t DM/m3,,,,,user,inventory,p. 1,
bef_whole,1.6,1,,,,,user,inventory,p. 1,
"""


def test_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    # 80 m3/ha x 2 % x 0.5 x 1.6 x 0.5 = 0.64 t C/ha/yr
    assert BOUND.with_parameters(path).evaluate(ROWS)["biomass"][0] == pytest.approx(0.64)


def test_rates_are_asked_for_by_the_name_of_the_guide() -> None:
    with pytest.raises(ParameterError) as error:
        BOUND.evaluate(ROWS)
    asked = {problem.values["parameter"] for problem in error.value.problems}
    assert asked == {"growth_rate", "consumption_rate", "basic_wood_density", "bef_whole"}
    assert "省级温室气体清单编制指南" in str(error.value)
