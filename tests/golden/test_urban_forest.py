"""Urban trees: 2.9 t C per hectare of crown cover and year (IPCC 2006, quoted in IPCC 2019, vol. 4, ch. 8, p. 8.5)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import MethodologyError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("urban_forest")


def test_by_hand() -> None:
    rows = pd.DataFrame({"ecosystem": ["urban", "urban"], "canopy_cover": [0.25, 0.0]})
    assert BOUND.evaluate(rows)["biomass"] == pytest.approx([0.725, 0])


def test_per_cent_are_not_taken_for_fractions() -> None:
    with pytest.raises(MethodologyError):
        BOUND.evaluate(pd.DataFrame({"ecosystem": ["urban"], "canopy_cover": [25.0]}))
