"""What is found of a date depends on that date alone, to the last digit, whatever else the pass has told apart."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine
from shapely.geometry import box

from sinks.input_sets import InputGroup, InputSet
from sinks.tabulation import Joint, tabulate
from sinks.tabulation.tabulator import _HASH_START as HASH_START
from support.small_layers import ALBERS, cover, regions, stock, write

YEARS = ("2020", "2021", "2022", "2023")
WATCHED = InputSet(("growing_stock",), ("forest",), (InputGroup(("growing_stock",), ((0.0, 40.0, 90.0, 1500.0),)),))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    folder, rng = tmp_path_factory.mktemp("years"), np.random.default_rng(7)
    found = {}
    for year in YEARS:
        land = rng.choice(np.array([0, 1, 2, 4, 5, 7], np.uint8), (60, 80))
        volume = np.where(rng.random((60, 80)) < 0.1, np.nan, rng.random((60, 80)) * 130).astype(np.float32)
        paths = (folder / f"cover_{year}.tif", folder / f"stock_{year}.tif")
        found[year] = (write(paths[0], land, nodata=0), write(paths[1], volume, nodata=np.nan))
    return found


def passed(files: dict[str, tuple[Path, Path]], *years: str) -> Joint:
    units = regions(box(110.03, 39.1, 113.777, 44.97), box(113.777, 39.1, 117.9, 44.97))
    land = cover(**{f"y{year}": files[year][0] for year in years})
    volume = stock(**{f"y{year}": files[year][1] for year in years})
    return replace(tabulate(units, land, inputs=[volume], watched=[WATCHED]), steps_only=True)


@pytest.mark.parametrize("pair", [("2020", "2021"), ("2021", "2022"), ("2022", "2023")])
def test_a_pair_of_dates_is_the_same_within_a_longer_pass(files: dict[str, tuple[Path, Path]], pair: tuple) -> None:
    every, two = passed(files, *YEARS).activity(), passed(files, *pair).activity()
    for date in pair:
        own, other = (frame.loc[frame["date"] == date] for frame in (every.states, two.states))
        assert len(own) > 10
        assert_frame_equal(own.reset_index(drop=True), other.reset_index(drop=True), check_exact=True)
    rows = every.changes["date_from"] == pair[0]
    assert_frame_equal(every.changes[rows].reset_index(drop=True), two.changes, check_exact=True)
    begin = int(np.flatnonzero(rows)[0])
    bins, expected = every.bins, two.bins[two.bins["end"] != ""]
    bins = bins[(bins["end"] != "") & bins["row"].isin(np.flatnonzero(rows))]
    assert bins["area_ha"].sum() > 0
    assert_frame_equal(
        bins.assign(row=bins["row"] - begin).reset_index(drop=True), expected.reset_index(drop=True), check_exact=True
    )


def test_a_sum_of_hectares_is_the_sum_of_its_integers_rounded_once(files: dict[str, tuple[Path, Path]]) -> None:
    joint = passed(files, *YEARS)
    assert joint.exact is not None
    states, unit = joint.activity().states, Fraction(2) ** -joint.exact.cells.unit_exponent / 10_000
    codes = joint.table["land_cover@2021"].astype(object).where(joint.table["land_cover@2021"].notna(), None)
    wanted = (codes == 2) & (joint.table["region_code"] == "150") & joint.table["known:growing_stock@2021"]
    units = sum(int(value) for value in joint.exact.areas["area_ha"][wanted.to_numpy(bool)])
    row = states[(states["date"] == "2021") & (states["land_cover"] == "2") & (states["region_code"] == "150")]
    found = row.loc[row["known:growing_stock"], "area_ha"].item()
    # Two roundings: to a float of the unit, and to hectares.
    assert found == float(units * 2.0**-joint.exact.cells.unit_exponent) / 10_000
    assert found == pytest.approx(float(units * unit), rel=1e-15)


def test_steps_only_has_neither_history_nor_the_whole_span(files: dict[str, tuple[Path, Path]]) -> None:
    joint = passed(files, *YEARS)
    changes, whole = joint.activity().changes, replace(joint, steps_only=False).activity().changes
    assert not [name for name in changes.columns if "@" in name]
    assert [name for name in whole.columns if "@" in name]
    assert set(zip(changes["date_from"], changes["date_to"], strict=True)) == set(itertools.pairwise(YEARS))
    assert ("2020", "2023") in set(zip(whole["date_from"], whole["date_to"], strict=True))


def test_a_date_on_which_nothing_is_asked_for_has_no_bins(tmp_path: Path) -> None:
    """In 2020 all is cropland, for which nobody asks for growing stock; in 2021 a part of it is forest."""
    crops, forest = np.full((20, 30), 1, np.uint8), np.full((20, 30), 1, np.uint8)
    forest[:, 10:] = 2
    volume = write(tmp_path / "v.tif", np.full((20, 30), 70.0, np.float32))
    files = {"y2020": write(tmp_path / "a.tif", crops, nodata=0), "y2021": write(tmp_path / "b.tif", forest, nodata=0)}
    units = regions(box(110.05, 43.05, 112.95, 44.95))
    found = tabulate(units, cover(**files), inputs=[stock(static=volume)], watched=[WATCHED]).activity()
    bins, states = found.bins, found.states.reset_index()
    of_states = bins[bins["end"] == ""]
    assert set(states.loc[of_states["row"], "date"]) == {"2021"}
    area = states.loc[(states["date"] == "2021") & (states["ecosystem"] == "forest"), "area_ha"].sum()
    assert of_states["area_ha"].sum() == pytest.approx(area, rel=1e-12)
    assert set(bins["end"]) == {"", "_to"}


def test_bins_of_a_wide_row_find_room(tmp_path: Path) -> None:
    """A row of more cells than the table of bins holds at first: it grows, and each cell is in its own bin."""
    width = 5 * HASH_START // 8
    rng = np.random.default_rng(3)
    land = rng.choice(np.array([1, 2], np.uint8), (2, width))
    volume = (rng.random((2, width)) * 130).astype(np.float32)
    flat = Affine(100, 0, 0, 0, -100, 3_000_000)
    files = [write(tmp_path / f"{k}.tif", one, crs=ALBERS, transform=flat) for k, one in enumerate((land, volume))]
    units = regions(box(0, 2_999_800, 100 * width, 3_000_000), crs=ALBERS)
    joint = tabulate(units, cover(y2020=files[0]), inputs=[stock(static=files[1])], watched=[WATCHED], threads=1)
    bins = joint.activity().bins.sort_values("bin")
    counted = [((land == 2) & (volume >= low) & (volume < high)).sum() for low, high in ((0, 40), (40, 90), (90, 1500))]
    # A hectare a cell.
    np.testing.assert_allclose(bins["area_ha"], counted, rtol=1e-9)
