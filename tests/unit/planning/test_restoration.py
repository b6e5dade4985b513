"""Restoration effects and potential, by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import Point, box

from sinks.assessment.errors import AssessmentError
from sinks.planning.potential import SUITED, Condition, NamedCurve, candidates, scaled_to, trajectory
from sinks.planning.restoration import as_regions, surroundings


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


def test_projects_and_rings_are_regions_of_one_run() -> None:
    layer = gpd.GeoDataFrame({"project_id": ["R1"]}, geometry=[box(109, 39, 109.1, 39.1)], crs="EPSG:4490")
    frame = as_regions(layer, surroundings(layer, 1000))
    assert frame["code"].tolist() == ["R1", "R1-control"]
    assert frame["level"].tolist() == ["project", "control"]
    assert frame.crs == layer.crs


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


CURVE = NamedCurve("richards", (100, 0.05, 2), source="示例")


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
    reached = trajectory(planting, CURVE, [2040]).set_index("scenario")["removals"]
    area, wanted = pd.Series({"a": 15.0, "late": 0.0}), 5000.0
    found = scaled_to(reached, area, wanted, available).set_index("scenario")
    assert found.loc["a", "area_ha"] == pytest.approx(15 * found.loc["a", "factor"])
    scaled = planting.assign(area_ha=planting["area_ha"] * float(found["factor"]["a"]))
    assert trajectory(scaled, CURVE, [2040]).set_index("scenario").loc["a", "removals"] == pytest.approx(wanted)
    assert bool(found.loc["a", "feasible"]) is feasible
    assert not found.loc["late", "feasible"]
