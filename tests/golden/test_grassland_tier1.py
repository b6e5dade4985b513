"""Grassland biomass of IPCC 2006, vol. 4, ch. 6, Table 6.4 (transcribed)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.methodology import Registry
from sinks.methodology.contract import agrees

BOUND = Registry((), ("methodologies",)).get("grassland_tier1")


@pytest.mark.parametrize(
    ("zone", "total"),
    [("boreal_dry", 8.5), ("cool_temperate_dry", 6.5), ("cool_temperate_moist", 13.6), ("warm_temperate_dry", 6.1)],
)
def test_each_zone(zone: str, total: float) -> None:
    rows = pd.DataFrame({"ecosystem": ["grassland"], "climate_zone": [zone]})
    assert BOUND.evaluate(rows)["biomass"][0] == pytest.approx(total * 0.47)


@pytest.mark.parametrize(
    ("zone", "printed"),
    [
        ("boreal_dry", "4.3"),
        ("boreal_moist", "4.3"),
        ("cool_temperate_dry", "3.3"),
        ("cool_temperate_moist", "6.8"),
        ("warm_temperate_dry", "3.1"),
        ("warm_temperate_moist", "6.8"),
    ],
)
def test_the_same_biomass_in_european_law(zone: str, printed: str) -> None:
    """Decision 2010/335/EU, Table 13, p. L 151/34: carbon of grassland, half of the dry matter of Table 6.4."""
    total = BOUND.table.lookup("total_biomass", {"climate_zone": [zone]}).values[0]
    assert agrees(total / 2, printed)


def test_transcribed_figures_are_marked_unverified() -> None:
    assert {row.parameter for row in BOUND.table.rows if row.unverified} == {"total_biomass"}
