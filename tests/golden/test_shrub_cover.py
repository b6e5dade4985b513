"""Shrubs by crown cover, CC BDR B_FOREST (1 + R) CF."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("shrub_cover")
OURS = """# extends: shrub_cover
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
forest_biomass,60,t DM/ha,,,,,user,inventory,p. 1,
"""


@pytest.mark.parametrize(("shrub_type", "ratio"), [("grassland_shrub", 1.27), ("mountain_shrub", 1.03)])
def test_by_hand(tmp_path: Path, shrub_type: str, ratio: float) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    rows = pd.DataFrame(
        {"ecosystem": ["shrub"], "shrub_type": [shrub_type], "forest_region": ["east"], "canopy_cover": [0.4]}
    )
    found = BOUND.with_constants({"ratio_set": "measured"}).with_parameters(path).evaluate(rows)
    assert found["above_ground_biomass"][0] == pytest.approx(0.4 * 0.10 * 60 * 0.47)
    assert found["below_ground_biomass"][0] == pytest.approx(0.4 * 0.10 * 60 * 0.47 * ratio)


@pytest.mark.parametrize(("cover", "counts"), [(0.0499, False), (0.05, True)])
def test_the_tool_counts_no_shrubs_below_five_percent(tmp_path: Path, cover: float, counts: bool) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    rows = pd.DataFrame(
        {"ecosystem": ["shrub"], "shrub_type": ["desert_shrub"], "forest_region": ["east"], "canopy_cover": [cover]}
    )
    found = BOUND.with_constants({"ratio_set": "tool"}).with_parameters(path).evaluate(rows)
    assert found["above_ground_biomass"][0] == pytest.approx(cover * 0.10 * 60 * 0.47 * counts)
    # The tool has one ratio of roots for all shrubs, 0.40.
    assert found["below_ground_biomass"][0] == pytest.approx(0.4 * found["above_ground_biomass"][0])
