"""Grassland biomass of IPCC 2006, vol. 4, ch. 6, Table 6.4 (transcribed)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("grassland_tier1")


@pytest.mark.parametrize(
    ("zone", "total"),
    [("boreal_dry", 8.5), ("cool_temperate_dry", 6.5), ("cool_temperate_moist", 13.6), ("warm_temperate_dry", 6.1)],
)
def test_each_zone(zone: str, total: float) -> None:
    rows = pd.DataFrame({"ecosystem": ["grassland"], "climate_zone": [zone]})
    assert BOUND.evaluate(rows)["biomass"][0] == pytest.approx(total * 0.47)


def test_every_figure_is_marked_unverified() -> None:
    assert all(row.unverified for row in BOUND.table.rows)
