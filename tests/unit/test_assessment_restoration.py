"""Restoration effects and potential, by hand."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import Point, box

from sinks.assessment.errors import AssessmentError
from sinks.assessment.potential import SUITED, Condition, GrowthCurve, area_needed, candidates, trajectory
from sinks.assessment.restoration import as_regions, effects, observations_of, surroundings, warnings_on


def observed(*strata: tuple[str, float, float, float, float]) -> pd.DataFrame:
    """Strata as (name, area, removals in the project, removals around it, error of each)."""
    rows = [
        ("R1", side, name, area, removals, error)
        for name, area, *both, error in strata
        for side, removals in zip(("project", "control"), both, strict=True)
        if np.isfinite(removals)
    ]
    return pd.DataFrame(rows, columns=["project_id", "side", "stratum", "area_ha", "removals", "error"])


YEARS = pd.Series({"R1": 3.0})


def test_what_meets_both_sides_drops_out() -> None:
    # The project removed 5 t/ha/yr, its surroundings 3 (wet years): 2 t/ha/yr on 100 ha.
    found = effects(observed(("dry", 100, 5, 3, 0.1)), YEARS)
    row = found.iloc[0]
    assert row["effect"] == pytest.approx(200)
    # Two errors of 0.1: 1.96 x 0.1414 x 100 ha = 27.72.
    assert row["high"] - row["effect"] == pytest.approx(27.72, abs=0.01)
    assert row["total"] == pytest.approx(600)
    assert row["detected"]
    assert warnings_on(found) == ()


def test_each_stratum_has_its_own_control() -> None:
    found = effects(observed(("dry", 100, 2, 1, 0), ("moist", 50, 0, 2, 0)), YEARS).iloc[0]
    assert found["effect"] == pytest.approx(100 * 1 - 50 * 2)


def test_effect_within_the_error_of_the_layers_is_said() -> None:
    found = effects(observed(("dry", 100, 1, 0, 1.0)), YEARS)
    assert not found.iloc[0]["detected"]
    assert [n.id for n in warnings_on(found)] == ["assessment.effect_within_error"]
    assert all(str(n) for n in warnings_on(found))


def test_land_without_a_match_is_left_out_and_said() -> None:
    lonely = ("moist", 300.0, 20.0, np.nan, 0.1)
    found = effects(observed(("dry", 100, 5, 3, 0.1), lonely), YEARS)
    assert found.iloc[0]["effect"] == pytest.approx(200)
    assert found.iloc[0]["matched_share"] == pytest.approx(0.25)
    assert [n.id for n in warnings_on(found)] == ["assessment.unmatched"]
    with pytest.raises(AssessmentError, match="moist"):
        effects(observed(lonely), YEARS)


def test_ring_has_its_width_and_holds_no_project() -> None:
    layer = gpd.GeoDataFrame(
        {"project_id": ["R1", "R2"]},
        geometry=[box(109, 39, 109.1, 39.1), box(109.105, 39, 109.2, 39.1)],
        crs="EPSG:4490",
    )
    rings = surroundings(layer, 5000)
    assert shapely.area(shapely.intersection(rings.geometry.iloc[0], layer.geometry.iloc[1])) == 0
    assert shapely.area(shapely.intersection(rings.geometry.iloc[0], layer.geometry.iloc[0])) == 0
    # 5 km west of the middle of the western edge.
    lon, lat, _ = Geod(ellps="GRS80").fwd(109, 39.05, 270, 5000)
    assert rings.geometry.iloc[0].distance(Point(lon, lat)) < 1e-5
    assert not rings.geometry.iloc[0].contains(Point(lon - 1e-3, lat))


def removed(code: str, area: float, value: float, half: float) -> list[dict[str, Any]]:
    common = {"region_code": code, "ecosystem": "all", "stratum": "all", "pool": "all"}
    return [
        {**common, "period": "2023", "quantity": "area", "value": area, "low": np.nan, "high": np.nan},
        {**common, "period": "2020-2023", "quantity": "net_removals", "value": value, "low": value - half,
         "high": value + half},
    ]  # fmt: skip


def test_effect_from_the_account_of_projects_and_rings() -> None:
    # 5 against 3 t/ha/yr on 100 ha of dry land, 1 against 1 on 10 ha of moist; errors of 0.1 t/ha/yr on the dry.
    account = pd.DataFrame(
        [
            *removed("R1@dry", 100, 500, 19.6),
            *removed("R1-control@dry", 400, 1200, 78.4),
            *removed("R1@moist", 10, 10, 0),
            *removed("R1-control@moist", 20, 20, 0),
        ]
    )
    found = effects(observations_of(account, "2020-2023"), YEARS).iloc[0]
    assert found["effect"] == pytest.approx(200)
    assert found["high"] - found["effect"] == pytest.approx(27.72, abs=0.01)
    assert found["area_ha"] == 110
    with pytest.raises(AssessmentError):
        observations_of(account.assign(low=np.nan), "2020-2023")


def test_projects_and_rings_are_regions_of_one_run() -> None:
    layer = gpd.GeoDataFrame({"project_id": ["R1"]}, geometry=[box(109, 39, 109.1, 39.1)], crs="EPSG:4490")
    frame = as_regions(layer, surroundings(layer, 1000))
    assert frame["code"].tolist() == ["R1", "R1-control"]
    assert frame["level"].tolist() == ["project", "control"]
    assert frame.crs == layer.crs


def test_regions_are_cut_by_strata() -> None:
    layer = gpd.GeoDataFrame({"project_id": ["R1"]}, geometry=[box(109, 39, 109.1, 39.1)], crs="EPSG:4490")
    zones = gpd.GeoDataFrame(
        {"stratum": ["dry", "moist", "far"]},
        geometry=[box(108, 38, 109.04, 40), box(109.04, 38, 110, 40), box(120, 38, 121, 40)],
        crs="EPSG:4490",
    )
    frame = as_regions(layer, surroundings(layer, 1000), zones).set_index("code")
    assert list(frame.index) == ["R1@dry", "R1@moist", "R1-control@dry", "R1-control@moist"]
    assert frame.geometry["R1@dry"].area == pytest.approx(0.4 * layer.geometry.iloc[0].area)


STATES = pd.DataFrame(
    {
        "region_code": ["1506"] * 5,
        "ecosystem": ["bare", "bare", "cropland", "bare", "grassland"],
        "rain": [450.0, 350.0, 500.0, np.nan, 420.0],
        "protected": ["no", "no", "no", "no", "core"],
        "area_ha": [1.0, 2.0, 4.0, 8.0, 16.0],
    }
)
CONDITIONS = (
    Condition("land", "ecosystem", allowed=("bare", "grassland")),
    Condition("red line", "protected", excluded=("core",)),
    Condition("400 mm", "rain", low=400),
)


def test_candidates_are_counted_once_and_add_up() -> None:
    found = candidates(STATES, CONDITIONS).set_index("reason")["area_ha"]
    # Unobserved rain (8 ha) does not pass for enough of it.
    assert found.to_dict() == {SUITED: 1, "400 mm": 10, "land": 4, "red line": 16}
    with pytest.raises(AssessmentError, match="slope"):
        candidates(STATES, [Condition("flat", "slope", high=25)])


CURVE = GrowthCurve(asymptote=100, rate=0.05, shape=2, source="示例")


def test_trajectory_of_one_planting() -> None:
    planting = pd.DataFrame({"scenario": ["a"], "year": [2025], "area_ha": [10.0]})
    rows = trajectory(planting, CURVE, [2024, 2025, 2026, 2060]).set_index("year")
    assert rows["area_ha"].tolist() == [0, 10, 10, 10]
    assert rows.loc[[2024, 2025], "stock"].tolist() == [0, 0]
    first = 10 * 100 * (1 - np.exp(-0.05)) ** 2
    assert rows.loc[2026, "stock"] == pytest.approx(first)
    assert rows.loc[2026, "removals"] == pytest.approx(first * 44 / 12)
    assert rows.loc[2060, "stock"] == pytest.approx(1000 * (1 - np.exp(-0.05 * 35)) ** 2)


def test_sink_ends_when_the_stand_is_grown() -> None:
    planting = pd.DataFrame({"scenario": ["a"], "year": [2025], "area_ha": [10.0]})
    rows = trajectory(planting, CURVE, range(2025, 2400))
    assert rows["stock"].iloc[-1] == pytest.approx(1000, rel=1e-6)
    assert rows["removals"].iloc[-1] == pytest.approx(0, abs=1e-3)
    # What was removed year by year is what stands there.
    assert rows["removals"].sum() == pytest.approx(rows["stock"].iloc[-1] * 44 / 12)


@pytest.mark.parametrize(("available", "feasible"), [(1e9, True), (1.0, False)])
def test_what_it_takes_to_reach_a_sink(available: float, feasible: bool) -> None:
    planting = pd.DataFrame({"scenario": ["a", "a", "late"], "year": [2025, 2026, 2050], "area_ha": [10.0, 5.0, 9.0]})
    wanted: Any = 5000.0
    found = area_needed(planting, CURVE, 2040, wanted, available).set_index("scenario")
    scaled = planting.assign(area_ha=planting["area_ha"] * float(found["factor"]["a"]))
    assert trajectory(scaled, CURVE, [2040]).set_index("scenario").loc["a", "removals"] == pytest.approx(wanted)
    assert bool(found.loc["a", "feasible"]) is feasible
    assert not found.loc["late", "feasible"]
