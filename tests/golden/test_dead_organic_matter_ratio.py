"""Litter and dead wood by ratio: 4 % and 8 % of above-ground biomass (AR-TOOL12, p. 17-18)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("dead_organic_matter_ratio")


def test_by_hand() -> None:
    rows = pd.DataFrame({"ecosystem": ["forest"], "above_ground_biomass": [100.0]})
    found = BOUND.evaluate(rows)
    assert found["litter"][0] == pytest.approx(100 * 0.04 * 0.37)
    assert found["dead_wood"][0] == pytest.approx(100 * 0.08 * 0.47)
