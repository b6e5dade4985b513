"""The joint tabulation: small grids by hand, laws of its two views, areas and moments."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal
from pyproj import Transformer
from rasterio.transform import Affine

from sinks.errors import SinksError
from sinks.geo.grid import CellAreas, Grid
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, inspect
from sinks.tabulation import Joint, kernels, tabulate
from sinks.tabulation import outlook as outlook_module
from sinks.tabulation.crosstab import Input
from support.problems import ids
from support.small_layers import ALBERS, STRATUM, cover, rasterio_crs, regions, same, stock, write


def test_three_by_three_by_hand(tmp_path: Path) -> None:
    first = np.array([[1, 1, 2], [1, 2, 2], [4, 4, 4]], np.uint8)
    second = np.array([[1, 4, 2], [1, 2, 2], [4, 4, 1]], np.uint8)
    flat = Affine(1000, 0, 0, 0, -1000, 3_000_000)
    files = [write(tmp_path / f"{i}.tif", a, crs=ALBERS, transform=flat) for i, a in enumerate((first, second))]
    values = np.array([[10, 20, 30], [40, np.nan, 60], [70, 80, 90]], np.float32)
    volume = write(tmp_path / "v.tif", values, crs=ALBERS, transform=flat)
    # The two left columns, and half of the right one.
    west = shapely.box(0, 2_997_000, 2000, 3_000_000)
    east = shapely.box(2000, 2_997_000, 2500, 3_000_000)
    found = tabulate(
        regions(west, east, crs=ALBERS), cover(y2020=files[0], y2023=files[1]), inputs=[stock(static=volume)]
    )
    table = found.table.set_index(["region_code", "land_cover@2020", "land_cover@2023"])
    area = table["area_ha"].round(6).to_dict()
    assert area == {
        ("150", 1, 1): 200.0,
        ("150", 1, 4): 100.0,
        ("150", 2, 2): 100.0,
        ("150", 4, 4): 200.0,
        ("151", 2, 2): 100.0,
        ("151", 4, 1): 50.0,
    }
    assert found.units["cells"].tolist() == [6, 3]
    states = found.activity().states.set_index(["date", "region_code", "land_cover"])
    assert states.loc[("2020", "150", "1"), "growing_stock"] == pytest.approx((10 + 20 + 40) / 3)
    assert states.loc[("2020", "150", "1"), "growing_stock_sd"] == pytest.approx(np.std([10, 20, 40]))
    assert states.loc[("2020", "150", "2"), "growing_stock_observed_ha"] == 0
    assert np.isnan(states.loc[("2020", "150", "2"), "growing_stock"])
    assert states.loc[("2023", "151", "2"), "growing_stock"] == pytest.approx(45.0)
    assert states.loc[("2023", "151", "1"), "ecosystem"] == "cropland"


def test_laws_of_the_two_views(world: dict[str, Any], joint: Joint) -> None:
    activity = joint.activity()
    changes, states = activity.changes, activity.states
    whole = joint.table["area_ha"].sum()
    assert whole == pytest.approx(joint.units["area_ha"].sum(), rel=1e-6)
    for date, end in (("2020", "_from"), ("2023", "_to")):
        at_date = states[states["date"] == date].groupby(["region_code", "land_cover"])["area_ha"].sum()
        margin = changes.groupby(["region_code", f"land_cover{end}"])["area_ha"].sum()
        assert at_date.to_numpy() == pytest.approx(margin.to_numpy(), rel=1e-12)
        assert at_date.sum() == pytest.approx(whole, rel=1e-12)
    one = tabulate(regions(shapely.union_all(world["units"].geometry)), world["cover"], threads=1)
    by_class = joint.table.groupby(["land_cover@2020", "land_cover@2023"], dropna=False)["area_ha"].sum()
    united = one.table.groupby(["land_cover@2020", "land_cover@2023"], dropna=False)["area_ha"].sum()
    assert by_class.to_numpy() == pytest.approx(united.to_numpy(), rel=1e-9, abs=1e-6)


def test_reversing_time_transposes_the_changes(world: dict[str, Any], joint: Joint) -> None:
    files = world["cover"].files
    back = tabulate(world["units"], cover(y2020=files["2023"], y2023=files["2020"]), threads=1).activity().changes
    there = joint.activity().changes
    keys = ["region_code", "land_cover_from", "land_cover_to"]
    turned = back.rename(columns={"land_cover_from": "land_cover_to", "land_cover_to": "land_cover_from"})
    pd.testing.assert_series_equal(
        there.set_index(keys)["area_ha"].sort_index(), turned.set_index(keys)["area_ha"].sort_index(), check_exact=True
    )


def test_unobserved_land_is_kept_as_nodata(world: dict[str, Any], joint: Joint) -> None:
    states = joint.activity().states
    missing = states[(states["date"] == "2020") & (states["ecosystem"] == "nodata")]
    assert (missing["land_cover"] == "nodata").all()
    assert missing["area_ha"].sum() > 0
    assert not (states[states["date"] == "2023"]["ecosystem"] == "nodata").any()


def test_three_layers_and_a_stratum(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    codes = [c.code for c in STRATUM]
    groups = np.random.default_rng(1).choice(codes[:3], world["first"].shape).astype(np.int16)
    stratum = CategoricalLayer("species_group", {"static": write(tmp_path / "s.tif", groups, nodata=-1)}, STRATUM)
    found = tabulate(world["units"], world["cover"], strata=[stratum], block_size=16)
    merged = found.table.groupby(["region_code", "land_cover@2020", "land_cover@2023"], dropna=False)["area_ha"].sum()
    assert merged.sum() == pytest.approx(joint.table["area_ha"].sum(), rel=1e-12)
    assert len(merged) == len(joint.table)
    activity = found.activity()
    assert activity.strata == ("species_group",)
    assert set(activity.states["species_group"]) == {STRATUM.get(code).cls for code in codes[:3]}  # type: ignore[union-attr]
    assert "species_group" in activity.changes.columns


def test_more_than_two_dates_give_consecutive_pairs_and_the_whole_span(world: dict[str, Any]) -> None:
    files = world["cover"].files
    first = Path(shutil.copy(files["2023"], Path(files["2023"]).with_name("first.tif")))
    found = tabulate(world["units"], cover(y2010=first, y2020=files["2020"], y2023=files["2023"]))
    pairs = found.activity().changes[["date_from", "date_to"]].drop_duplicates()
    assert list(pairs.itertuples(index=False, name=None)) == [("2010", "2020"), ("2020", "2023"), ("2010", "2023")]


def test_geographic_against_equal_area(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    classes = np.kron(rng.integers(1, 10, (12, 12)), np.ones((25, 25), int)).astype(np.uint8)
    degrees = Affine(0.01, 0, 110, 0, -0.01, 43)
    path = write(tmp_path / "a.tif", classes, crs="EPSG:4326", transform=degrees)
    to_albers = Transformer.from_crs("EPSG:4326", ALBERS, always_xy=True)
    left, bottom, right, top = to_albers.transform_bounds(110, 40, 113, 43)
    transform = Affine(400, 0, left, 0, -400, top)
    flat = np.zeros((int((top - bottom) / 400) + 1, int((right - left) / 400) + 1), np.uint8)
    columns, rows = np.meshgrid(np.arange(flat.shape[1]) + 0.5, np.arange(flat.shape[0]) + 0.5)
    x, y = to_albers.transform(left + 400 * columns, top - 400 * rows, direction="INVERSE")
    inside = (x > 110) & (x < 113) & (y > 40) & (y < 43)
    flat[inside] = classes[((43 - y[inside]) * 100).astype(int), ((x[inside] - 110) * 100).astype(int)]
    copy = write(tmp_path / "b.tif", flat, crs=ALBERS, transform=transform, nodata=0)
    units = regions(shapely.box(110.5, 40.5, 111.4, 42.5), shapely.box(111.4, 40.5, 112.5, 42.5), crs="EPSG:4326")
    one = tabulate(units, cover(y2020=path)).activity().states
    two = tabulate(units, cover(y2020=copy)).activity().states
    keys = ["region_code", "land_cover"]
    merged = one.merge(two, on=keys, suffixes=("", "_albers"), how="outer")
    assert merged["area_ha"].sum() == pytest.approx(merged["area_ha_albers"].sum(), rel=2e-6)
    assert merged["area_ha"].to_numpy() == pytest.approx(merged["area_ha_albers"].to_numpy(), rel=0.01)


def test_area_of_a_boundary_cell_is_its_fraction(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.ones((3, 3), np.uint8))
    found = tabulate(regions(shapely.box(110.125, 44.75, 110.15, 44.85)), cover(y2020=path))
    grid = Grid(rasterio_crs(path), Affine(0.1, 0, 110, 0, -0.1, 45), 3, 3)
    whole = CellAreas(grid).to_ha(CellAreas(grid).weights(1, 3)).sum()
    assert found.table["area_ha"].sum() == pytest.approx(whole / 4 / 2, rel=1e-3)
    assert found.units.loc[0, "cells"] == 2


def test_scaled_integers_mean_the_same_as_floats(world: dict[str, Any], tmp_path: Path) -> None:
    tenths = np.where(np.isnan(world["volume"]), 65535, np.rint(world["volume"] * 10)).astype(np.uint16)
    floats = np.where(tenths == 65535, np.nan, tenths / 10).astype(np.float64)
    one = replace(stock(static=write(tmp_path / "i.tif", tenths, nodata=65535)), scale=0.1)
    two = stock(static=write(tmp_path / "f.tif", floats))
    a, b = (tabulate(world["units"], world["cover"], inputs=[layer]).table for layer in (one, two))
    assert a["growing_stock_sum"].to_numpy() == pytest.approx(b["growing_stock_sum"].to_numpy(), rel=1e-12)
    assert (a["growing_stock_observed_ha"] == b["growing_stock_observed_ha"]).all()


def test_moments_against_floating_point(world: dict[str, Any], joint: Joint) -> None:
    states = joint.activity().states
    whole = (states["growing_stock"] * states["growing_stock_observed_ha"]).sum() / 2
    one = tabulate(regions(shapely.box(110, 38, 119, 45)), world["cover"], inputs=[world["stock"]])
    areas = CellAreas(Grid(rasterio_crs(world["cover"].files["2020"]), Affine(0.1, 0, 110, 0, -0.1, 45), 90, 70))
    weights = areas.to_ha(areas.weights(0, 70))
    expected = np.nansum(world["volume"].astype(float) * weights)
    squares = np.nansum(world["volume"].astype(float) ** 2 * weights)
    assert one.table["growing_stock_sum"].sum() == pytest.approx(expected, rel=1e-12)
    assert one.table["growing_stock_squares"].sum() == pytest.approx(squares, rel=1e-12)
    assert whole == pytest.approx(joint.table["growing_stock_sum"].sum(), rel=1e-12)


def test_a_layer_without_an_observation(world: dict[str, Any], tmp_path: Path) -> None:
    nothing = write(tmp_path / "n.tif", np.zeros_like(world["first"]), nodata=0)
    empty = write(tmp_path / "v.tif", np.full_like(world["volume"], np.nan))
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], cover(y2020=nothing), inputs=[stock(static=empty)])
    assert ids(error) == ["raster.all_nodata"] * 2


def test_partial_cover_is_allowed_and_reported(world: dict[str, Any]) -> None:
    found = tabulate(regions(shapely.box(118, 40, 120, 42)), world["cover"])
    assert found.units.loc[0, "inside_share"] == pytest.approx(0.5, rel=1e-6)
    assert found.table["area_ha"].sum() == pytest.approx(found.units.loc[0, "area_ha"] / 2, rel=1e-6)


def test_another_grid_read_as_declared(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    fine = np.kron(world["volume"], np.ones((3, 3), np.float32))
    layer = stock(static=write(tmp_path / "f.tif", fine, transform=Affine(0.1 / 3, 0, 110, 0, -0.1 / 3, 45)))
    for size in (16, None):
        found = tabulate(world["units"], world["cover"], inputs=[replace(layer, resampling="nearest")], block_size=size)
        same(found, joint)


def test_no_sum_of_moments_can_overflow(world: dict[str, Any]) -> None:
    source = inspect(world["stock"], "static")
    weight = 1 << 38
    for cells in (1 << 20, 1 << 33, 1 << 37, 1 << 40):
        item = Input.of(source, 0.0, 1500.0, weight, cells)
        for power, exponent in enumerate(item.exponents, 1):
            moment = int(1500**power * weight * 2.0**exponent)
            assert moment < 1 << 62
            assert (moment >> 32) * cells < 1 << 63
    # Ordinary grids use every bit there is, and the same ones.
    assert (
        Input.of(source, 0.0, 1500.0, weight, 9).exponents == Input.of(source, 0.0, 1500.0, weight, 1 << 32).exponents
    )


def test_a_class_that_a_small_number_cannot_hold_is_in_no_cell(world: dict[str, Any], joint: Joint) -> None:
    """A legend of a wider product serves a file of bytes: its class 300 is nowhere."""
    legend = load_legend("clcd", {"300": {"name_zh": "外", "class": "outside", "ecosystem": "bare", "add": True}})
    wider = replace(world["cover"], legend=legend)
    found = tabulate(world["units"], wider, inputs=[world["stock"]], threads=1)
    assert "300" in {str(code) for code in legend.numbers}
    assert_frame_equal(found.table, joint.table)


def test_a_forecast_of_a_pass_stops_when_it_has_seen_enough(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little time there is, one tile is measured; with time enough all that are looked at."""
    inputs = [world["stock"]]
    every = outlook_module.outlook(world["units"], world["cover"], inputs=inputs)
    monkeypatch.setattr(outlook_module, "SECONDS", 0.0)
    one = outlook_module.outlook(world["units"], world["cover"], inputs=inputs)
    assert 0 < one.measured <= every.measured <= every.cells == one.cells


def test_many_stretches_and_long_ones(tmp_path: Path) -> None:
    """More rows than stretches are kept of, each a stretch of its own in two regions; then one over all rows."""
    rows = kernels._STRETCHES + 30
    land = np.random.default_rng(1).choice(np.array([1, 2, 4], np.uint8), (rows, 6))
    flat = Affine(100, 0, 0, 0, -100, 100 * rows)
    files = cover(y2020=write(tmp_path / "a.tif", land, crs=ALBERS, transform=flat))
    halves = [shapely.box(0, 0, 300, 100 * rows), shapely.box(300, 0, 600, 100 * rows)]
    for shapes, parts in ((halves, [land[:, :3], land[:, 3:]]), ([shapely.box(0, 0, 600, 100 * rows)], [land])):
        found = tabulate(regions(*shapes, crs=ALBERS), files, threads=1).table
        areas = found.set_index(["region_code", "land_cover@2020"])["area_ha"]
        for number, part in enumerate(parts):
            for code in (1, 2, 4):
                # A hectare a cell.
                assert areas[found["region_code"].unique()[number], code] == pytest.approx((part == code).sum())
