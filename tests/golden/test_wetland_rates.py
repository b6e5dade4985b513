"""Burial rates of wetlands, as the table of the gross ecosystem product has them (recalled)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("wetland_rates")


@pytest.mark.parametrize(
    ("wetland_type", "printed"),
    [("marsh_peat", 24.80), ("marsh_humus", 32.48), ("inland_salt_marsh", 67.11), ("lake_mongolia_xinjiang", 30.26)],
)
def test_grams_per_square_metre_become_tonnes_per_hectare(wetland_type: str, printed: float) -> None:
    rows = pd.DataFrame({"ecosystem": ["wetland"], "wetland_type": [wetland_type]})
    assert BOUND.evaluate(rows)["soil_organic_carbon"][0] == pytest.approx(printed / 100)


def test_flood_plains_have_no_default() -> None:
    with pytest.raises(ParameterError, match="沉积速率"):
        BOUND.evaluate(pd.DataFrame({"ecosystem": ["wetland"], "wetland_type": ["flood_plain"]}))
