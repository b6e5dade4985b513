"""Error-adjusted areas: the published example to its printed digits, laws, and faulty matrices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.account.account import AccountInputs, Entry
from sinks.account.adjusted_areas import AdjustedAreas, check_adjustable
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.errors import LayerError
from sinks.methodology import Registry
from sinks.uncertainty.confusion_matrix import ConfusionMatrix, adjusted_areas, area_estimates, read_matrix
from sinks.uncertainty.draws import Draws

CLASSES = ("deforestation", "forest gain", "stable forest", "stable non-forest")
# Olofsson et al. 2014, Table 8: sample counts, and the pixels of each class on the map (of 30 m, 0.09 ha).
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]], dtype=float)
PIXELS = dict(zip(CLASSES, (200_000, 150_000, 3_200_000, 6_450_000), strict=True))
PIXEL_HA = 0.09
PUBLISHED = ConfusionMatrix(CLASSES, COUNTS)


def half_width(se: float | pd.Series) -> float | pd.Series:
    return 1.96 * se


# Figures of the paper as several independent implementations quote them (the paper itself was not at hand): the area of
# deforestation, 235,086 +- 68,418 pixels, that is 21,158 ha; its accuracies; the overall accuracy.


def test_accuracies_of_the_published_example() -> None:
    found = area_estimates(PUBLISHED, PIXELS)
    row = found.table.loc["deforestation"]
    assert (round(row["users"], 2), round(half_width(row["users_se"]), 2)) == (0.88, 0.07)
    assert (round(row["producers"], 2), round(half_width(row["producers_se"]), 2)) == (0.75, 0.21)
    assert round(found.overall, 3) == 0.947
    assert round(half_width(found.overall_se), 3) == 0.018


def test_areas_of_the_published_example() -> None:
    row = area_estimates(PUBLISHED, PIXELS).table.loc["deforestation"]
    assert round(row["area"]) == 235_086
    assert round(row["area"] * PIXEL_HA) == 21_158
    assert round(half_width(row["se"])) == 68_418


def test_standard_errors_of_producers_accuracy_by_hand() -> None:
    """Eq. 7 written out for forest gain, which one sample unit of the largest class makes uncertain."""
    users, producers = 55 / 75, 110_000 / (110_000 + 6_450_000 / 325)
    reference = 110_000 + 6_450_000 / 325
    own = 150_000**2 * (1 - producers) ** 2 * users * (1 - users) / 74
    others = producers**2 * 6_450_000**2 * (1 / 325) * (324 / 325) / 324
    row = area_estimates(PUBLISHED, PIXELS).table.loc["forest gain"]
    assert row["producers"] == pytest.approx(producers, rel=1e-12)
    assert row["producers_se"] == pytest.approx((own + others) ** 0.5 / reference, rel=1e-12)


def test_a_perfect_map_keeps_its_areas() -> None:
    found = area_estimates(ConfusionMatrix(("a", "b"), np.diag([30.0, 50.0])), {"a": 10.0, "b": 90.0})
    assert list(found.table["area"]) == [10.0, 90.0]
    assert not found.table["se"].any()
    assert found.overall == 1.0


counts = st.lists(st.lists(st.integers(1, 500), min_size=3, max_size=3), min_size=3, max_size=3)


@given(counts, st.lists(st.floats(0.0, 1e7), min_size=3, max_size=3).filter(lambda areas: sum(areas) > 1))
def test_adjusting_moves_area_between_classes_and_makes_none(table: list[list[int]], areas: list[float]) -> None:
    found = area_estimates(
        ConfusionMatrix(("a", "b", "c"), np.array(table, float)), dict(zip("abc", areas, strict=True))
    )
    assert found.table["area"].sum() == pytest.approx(sum(areas), rel=1e-12)
    assert (found.table["low"] <= found.table["area"]).all()
    assert found.table[["users", "producers"]].stack().between(0, 1).all()


def test_draws_have_the_published_standard_error() -> None:
    drawn = PUBLISHED.draw_shares(np.random.default_rng(3), 20_000)
    areas = np.einsum("i,nij->nj", np.array(list(PIXELS.values())), drawn)
    table = area_estimates(PUBLISHED, PIXELS).table
    assert areas.mean(axis=0) == pytest.approx(table["area"].to_numpy(), rel=5e-3)
    assert areas.std(axis=0) == pytest.approx(table["se"].to_numpy(), rel=3e-2)


def test_a_class_that_was_not_sampled_is_an_error() -> None:
    with pytest.raises(LayerError) as caught:
        area_estimates(PUBLISHED, {**PIXELS, "water": 5.0})
    assert caught.value.problems[0].id == "accuracy.not_sampled"
    # A class without area needs no sample.
    assert area_estimates(PUBLISHED, {**PIXELS, "water": 0.0}).overall > 0.9


def account(areas: dict[str, float], period: str = "2020") -> pd.DataFrame:
    rows = [("15", "R", "region", land, "all", "all", "area", period, area) for land, area in areas.items()]
    names = ["region_code", "region_name", "level", "ecosystem", "stratum", "pool", "quantity", "period", "value"]
    return pd.DataFrame(rows, columns=names)


def test_adjusted_areas_stand_beside_those_of_the_map() -> None:
    matrix = ConfusionMatrix(("forest", "grassland"), np.array([[90.0, 10.0], [20.0, 80.0]]))
    table = account({"forest": 100.0, "grassland": 300.0})
    before = table.copy()
    found = adjusted_areas(table, {"2020": matrix}).set_index("class")
    # 90 % of 100 ha and 20 % of 300 ha are forest.
    assert found.loc["forest", "map_ha"] == 100
    assert found.loc["forest", "adjusted_ha"] == pytest.approx(150)
    assert found.loc["grassland", "adjusted_ha"] == pytest.approx(250)
    pd.testing.assert_frame_equal(table, before)
    assert adjusted_areas(table, {"2023": matrix}).empty


REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
    columns=["code", "name", "level", "parent"],
)
HIERARCHY = Hierarchy.of(REGIONS)
MATRIX = ConfusionMatrix(("forest", "grassland"), np.array([[90.0, 10.0], [20.0, 80.0]]))


def activity(second: float = 50.0) -> Activity:
    """League A has forest of two classes and grassland, league B grassland and as much forest as given."""
    rows = [
        ("1501", "forest", "pine", 60.0),
        ("1501", "forest", "larch", 40.0),
        ("1501", "grassland", "steppe", 300.0),
        ("1502", "forest", "pine", second),
        ("1502", "grassland", "steppe", 150.0),
    ]
    states = [
        {"source": "land_cover", "region_code": code, "date": date, "land_cover": stratum, "class": stratum}
        | {"ecosystem": land, "area_ha": area, "growing_stock": 50.0, "growing_stock_observed_ha": area / 2}
        for date in ("2020", "2023")
        for code, land, stratum, area in rows
        if area
    ]
    units = pd.DataFrame({"region_code": ["1501", "1502"], "area_ha": [400.0, 150.0 + second], "cells": 1000})
    return Activity(states=pd.DataFrame(states), units=units, inputs=("growing_stock",))


def test_strata_are_scaled_alike_and_the_land_stays_whole() -> None:
    areas = AdjustedAreas.of(activity(), HIERARCHY, {"2020": MATRIX, "2023": MATRIX})
    states = areas.apply(activity(), HIERARCHY).states.query("date == '2020' and region_code == '1501'")
    found = states.set_index("class")["area_ha"]
    # Forest is 90 % of 100 ha and 20 % of 300 ha: 150 ha, half as much again of each class of it.
    assert found.to_dict() == pytest.approx({"pine": 90.0, "larch": 60.0, "steppe": 250.0})
    assert states.set_index("class")["growing_stock_observed_ha"]["pine"] == pytest.approx(45.0)
    assert (states["growing_stock"] == 50.0).all()
    assert not list(areas.unplaced(HIERARCHY))


def test_draws_of_adjusted_areas_have_the_interval_of_the_estimate() -> None:
    areas, draws = AdjustedAreas.of(activity(), HIERARCHY, {"2020": MATRIX, "2023": MATRIX}), Draws(20_000, 3)
    relative = areas.relative("land_cover", "forest", "2020", draws)
    assert relative is not None
    expected = area_estimates(MATRIX, {"forest": 100.0, "grassland": 300.0}).table.loc["forest"]
    assert relative[0].mean() == pytest.approx(1, abs=0.005)
    assert relative[0].std() == pytest.approx(expected["se"] / expected["area"], rel=0.03)
    # One matrix for both dates: the map errs alike.  What is not of the land-cover map is not adjusted.
    np.testing.assert_array_equal(relative, areas.relative("land_cover", "forest", "2023", draws))
    assert areas.relative("stands", "forest", "2020", draws) is None


def test_area_errors_reach_the_account() -> None:
    areas = AdjustedAreas.of(activity(), HIERARCHY, {"2020": MATRIX, "2023": MATRIX})
    sources = dict.fromkeys(("forest", "grassland"), "land_cover")
    basis = AccountInputs(areas.apply(activity(), HIERARCHY), HIERARCHY, ("2020",), (), sources)
    fang = Registry().get("growing_stock_fang")
    fang = fang.with_constants({"parameter_set": "fang_v1", "roots": "included", "species_group": "larch"})
    forest = Entry(fang, ("forest",), ("biomass",), ("stock",), "land_cover")
    table = basis.account([forest], Draws(20_000, 3, areas=areas)).table
    table = table.query("region_code == '1501' and stratum == 'all' and pool == 'all'").set_index(
        ["ecosystem", "quantity"]
    )
    area, stock = table.loc[("forest", "area")], table.loc[("forest", "carbon_stock")]
    expected = area_estimates(MATRIX, {"forest": 100.0, "grassland": 300.0}).table.loc["forest"]
    assert area["value"] == pytest.approx(150)
    assert (area["low"], area["high"]) == (
        pytest.approx(expected["low"], rel=0.02),
        pytest.approx(expected["high"], rel=0.02),
    )
    # Fang's coefficients have no interval: all that is uncertain of the stock is the area.
    assert stock["high"] / stock["value"] == pytest.approx(area["high"] / area["value"], rel=1e-9)
    # The land as a whole is not uncertain, and an interval that is only rounding is none.
    assert pd.isna(table.loc[("all", "area")]["low"])


def test_what_the_map_does_not_have_cannot_be_placed_and_is_named() -> None:
    areas = AdjustedAreas.of(activity(0.0), HIERARCHY, {"2020": MATRIX})
    lost = list(areas.unplaced(HIERARCHY))
    assert [(problem.where, problem.values["area"]) for problem in lost] == [("1502", "30")]
    assert str(lost[0])


def test_an_adjustment_of_a_part_of_the_account_is_refused() -> None:
    soil = Registry().get("soil_transition").with_constants({"edition": "2019"})
    entry = Entry(soil, ("forest",), ("soil_organic_carbon",), ("sink",), "land_cover")
    with pytest.raises(LayerError) as caught:
        check_adjustable([entry], ("2020", "2023"), {"2020": MATRIX})
    ids = [problem.id for problem in caught.value.problems]
    assert ids == ["accuracy.date_without_matrix", "accuracy.transitions"]
    check_adjustable([replace(entry, role="comparison")], ("2020",), {"2020": MATRIX})


def written(folder: Path, text: str) -> Path:
    path = folder / "confusion.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_both_forms_of_a_matrix_are_read_alike(tmp_path: Path) -> None:
    wide = read_matrix(written(tmp_path, "map_class,a,b\na,8,2\nb,1,9\n"), ("a", "b"))
    long = "map_class,reference_class,count,note\na,a,8,\na,b,2,\nb,b,9,\nb,a,1,\n"
    tall = read_matrix(written(tmp_path, long), ("a", "b"))
    assert wide.classes == tall.classes == ("a", "b")
    np.testing.assert_array_equal(wide.counts, [[8, 2], [1, 9]])
    np.testing.assert_array_equal(wide.counts, tall.counts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "accuracy.empty"),
        ("map_class,a,b\na,0.8,0.2\nb,1,9\n", "accuracy.not_a_count"),
        ("map_class,a,b\na,-8,2\nb,1,9\n", "accuracy.not_a_count"),
        ("map_class,a,b\na,8\nb,1,9\n", "accuracy.not_a_count"),
        ("map_class,a,b\na,8,2\na,1,9\n", "accuracy.twice"),
        ("map_class,a,c\na,8,2\nc,1,9\n", "accuracy.unknown_class"),
        ("map_class,a,b\na,8,2\n", "accuracy.not_square"),
        ("map_class,a,b\na,8,2\nb,1,0\n", "accuracy.too_few"),
        ("map_class,reference_class,count\na,a,8\nb,b,9\na,b,1\n", "accuracy.missing_cell"),
    ],
)
def test_faults_of_a_matrix_are_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(LayerError) as caught:
        read_matrix(written(tmp_path, text), ("a", "b"))
    assert expected in {problem.id for problem in caught.value.problems}
    assert str(caught.value)


def test_a_fault_is_found_in_the_line_that_an_editor_shows(tmp_path: Path) -> None:
    with pytest.raises(LayerError) as caught:
        read_matrix(written(tmp_path, "map_class,a,b\n\n,,\na,8,2\nb,many,9\n"), ("a", "b"))
    assert [problem.where.rpartition(":")[2] for problem in caught.value.problems] == ["5"]


def test_a_matrix_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="confusion"):
        read_matrix(tmp_path / "confusion.csv", ("a", "b"))
