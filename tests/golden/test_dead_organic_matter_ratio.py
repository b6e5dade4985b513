"""Litter and dead wood by ratio: 4 % and 8 % of the carbon of trees, roots included (AR-TOOL12, seen in a copy)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("dead_organic_matter_ratio")


def test_by_hand() -> None:
    rows = pd.DataFrame({"ecosystem": ["forest"], "above_ground_biomass": [100.0]})
    found = BOUND.evaluate(rows)
    # 100 t above ground are 125 t with roots and hold 58.75 t of carbon.
    assert found["litter"][0] == pytest.approx(58.75 * 0.04)
    assert found["dead_wood"][0] == pytest.approx(58.75 * 0.08)
