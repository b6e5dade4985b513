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


def observed(*strata: tuple[str, float, tuple[float, float, float, float], float]) -> pd.DataFrame:
    """Strata as (name, area, (project before, after, control before, after), error)."""
    sides = [("project", "before"), ("project", "after"), ("control", "before"), ("control", "after")]
    rows = [
        ("R1", side, time, name, area, density, error)
        for name, area, densities, error in strata
        for (side, time), density in zip(sides, densities, strict=True)
        if np.isfinite(density)
    ]
    names = ["project_id", "side", "time", "stratum", "area_ha", "density", "error"]
    return pd.DataFrame(rows, columns=names)


YEARS = pd.Series({"R1": 3.0})


def test_what_meets_both_sides_drops_out() -> None:
    # The project gained 5 t/ha, its surroundings 3 (a wet year): 2 t/ha on 100 ha = 200 t C.
    found = effects(observed(("grass", 100, (10, 15, 10, 13), 0.1)), YEARS).iloc[0]
    assert found["effect"] == pytest.approx(200)
    # Four errors of 0.1: 1.96 x 0.2 x 100 ha = 39.2.
    assert found["high"] - found["effect"] == pytest.approx(39.2, abs=0.01)
    assert found["removals"] == pytest.approx(200 * 44 / 12 / 3)
    assert found["detected"]
    assert warnings_on(effects(observed(("grass", 100, (10, 15, 10, 13), 0.1)), YEARS)) == ()


def test_each_stratum_has_its_own_control() -> None:
    found = effects(observed(("grass", 100, (10, 12, 10, 11), 0), ("shrub", 50, (20, 20, 20, 22), 0)), YEARS).iloc[0]
    assert found["effect"] == pytest.approx(100 * 1 - 50 * 2)


def test_effect_within_the_error_of_the_layers_is_said() -> None:
    found = effects(observed(("grass", 100, (10, 11, 10, 10), 1.0)), YEARS)
    assert not found.iloc[0]["detected"]
    assert [n.id for n in warnings_on(found)] == ["assessment.effect_within_error"]
    assert all(str(n) for n in warnings_on(found))


def test_land_without_a_match_is_left_out_and_said() -> None:
    lonely = ("shrub", 300, (20, 40, np.nan, np.nan), 0.1)
    found = effects(observed(("grass", 100, (10, 15, 10, 13), 0.1), lonely), YEARS)
    assert found.iloc[0]["effect"] == pytest.approx(200)
    assert found.iloc[0]["matched_share"] == pytest.approx(0.25)
    assert [n.id for n in warnings_on(found)] == ["assessment.unmatched"]
    with pytest.raises(AssessmentError, match="shrub"):
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


def stock(code: str, period: str, area: float, value: float, half: float) -> list[dict[str, Any]]:
    common = {"region_code": code, "ecosystem": "grassland", "stratum": "all", "pool": "all", "period": period}
    return [
        {**common, "quantity": "area", "value": area, "low": np.nan, "high": np.nan},
        {**common, "quantity": "carbon_stock", "value": value, "low": value - half, "high": value + half},
    ]


def test_effect_from_the_account_of_projects_and_rings() -> None:
    account = pd.DataFrame(
        [
            *stock("R1", "2020", 100, 1000, 19.6),
            *stock("R1", "2023", 100, 1500, 19.6),
            *stock("R1-control", "2020", 400, 4000, 78.4),
            *stock("R1-control", "2023", 400, 5200, 78.4),
        ]
    )
    found = effects(observations_of(account, "2020", "2023"), YEARS).iloc[0]
    # 10 -> 15 t/ha against 10 -> 13 t/ha on 100 ha; each density has an error of 0.1 t/ha.
    assert found["effect"] == pytest.approx(200)
    assert found["high"] - found["effect"] == pytest.approx(39.2, abs=0.01)
    with pytest.raises(AssessmentError):
        observations_of(account.assign(low=np.nan), "2020", "2023")


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
