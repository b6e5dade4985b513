"""The joint tabulation: small grids by hand, and the same digits however files are stored and work is divided."""

from __future__ import annotations

import errno
import os
import pickle
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pandas.testing import assert_frame_equal
from pyproj import Transformer
from rasterio.transform import Affine

from sinks.errors import LegendError, RunError, SinksError
from sinks.geo.grid import CellAreas, Grid
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer, inspect
from sinks.tabulation import Joint, check_layers, crosstab, tabulate, tabulator
from sinks.tabulation import tabulation as pass_module
from sinks.tabulation.blocks import TASK_CELLS, block_shape, plan
from sinks.tabulation.checkpoint import FILE_NAME, CheckpointWarning, forget
from sinks.tabulation.crosstab import Input

CLCD = load_legend("clcd")
STRATUM = load_legend("species_group")
ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=GRS80 +datum=WGS84"


def write(path: Path, data: np.ndarray, *, crs: str = "EPSG:4490", **options: Any) -> Path:
    transform = options.pop("transform", Affine(0.1, 0, 110, 0, -0.1, 45))
    profile = {"driver": "GTiff", "count": 1, "dtype": data.dtype, "width": data.shape[1], "height": data.shape[0]}
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform, **options) as dataset:
        dataset.write(data, 1)
    return path


def cover(**files: Path | str) -> CategoricalLayer:
    return CategoricalLayer("land_cover", {name.removeprefix("y"): path for name, path in files.items()}, CLCD)


def stock(**files: Path | str) -> ContinuousLayer:
    dates = {name.removeprefix("y"): path for name, path in files.items()}
    return ContinuousLayer("growing_stock", "growing_stock", dates, 0.0, 1500.0)


def regions(*polygons: Any, crs: str = "EPSG:4490") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": [f"15{i}" for i in range(len(polygons))]}, geometry=list(polygons), crs=crs)


def ids(error: pytest.ExceptionInfo[SinksError]) -> list[str]:
    return [problem.id for problem in error.value.problems]


def same(one: Joint, other: Joint) -> None:
    assert_frame_equal(one.table, other.table, check_exact=True)
    assert_frame_equal(one.units, other.units, check_exact=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two patchy dates, growing stock with gaps, and four regions that share a crooked border, on 70 x 90 cells."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(42)
    first = np.kron(rng.integers(1, 10, (14, 18)), np.ones((5, 5), int)).astype(np.uint8)
    second = np.where(rng.random(first.shape) < 0.1, rng.integers(1, 10, first.shape), first).astype(np.uint8)
    first[rng.random(first.shape) < 0.02] = 0
    volume = (rng.random(first.shape) * 300).astype(np.float32)
    volume[rng.random(first.shape) < 0.3] = np.nan
    middle = shapely.Point(114.4537, 41.4711)
    ring = [(110.41, 38.32), (114.2, 38.05), (118.77, 38.9), (118.1, 42.3), (118.9, 44.81), (113.3, 44.93), (110.2, 43)]
    slices = [
        shapely.Polygon([middle.coords[0], *ring[0:3]]),
        shapely.Polygon([middle.coords[0], *ring[2:5]]),
        shapely.Polygon([middle.coords[0], *ring[4:7]]),
        shapely.Polygon([middle.coords[0], ring[6], ring[0]]),
    ]
    return {
        "folder": folder,
        "first": first,
        "second": second,
        "volume": volume,
        "units": regions(*slices),
        "cover": cover(y2020=write(folder / "a.tif", first, nodata=0), y2023=write(folder / "b.tif", second, nodata=0)),
        "stock": stock(static=write(folder / "v.tif", volume)),
    }


@pytest.fixture(scope="module")
def joint(world: dict[str, Any]) -> Joint:
    return tabulate(world["units"], world["cover"], inputs=[world["stock"]], threads=1)


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


@pytest.mark.parametrize(("size", "threads"), [(16, 1), (16, 2), (17, 2), (32, 2), (1000, 1), (None, 2)])
def test_blocks_and_threads_change_no_digit(
    world: dict[str, Any], joint: Joint, size: int | None, threads: int
) -> None:
    found = tabulate(world["units"], world["cover"], inputs=[world["stock"]], block_size=size, threads=threads)
    same(found, joint)


LAYOUTS: dict[str, dict[str, Any]] = {
    "deflate tiles": {"compress": "deflate", "tiled": True, "blockxsize": 32, "blockysize": 16},
    "zstd tiles": {"compress": "zstd", "tiled": True, "blockxsize": 16, "blockysize": 32},
    "zstd stripes": {"compress": "zstd", "blockysize": 1},
    "one stripe": {"compress": "deflate", "blockysize": 70},
    "int16": {"dtype": np.int16},
    "int32": {"dtype": np.int32},
    "float64": {"dtype": np.float64},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_storage_changes_no_digit(world: dict[str, Any], joint: Joint, tmp_path: Path, layout: str) -> None:
    options = dict(LAYOUTS[layout])
    dtype = options.pop("dtype", np.uint8)
    files = {
        f"y{date}": write(tmp_path / f"{date}.tif", world[name].astype(dtype), nodata=0, **options)
        for date, name in (("2020", "first"), ("2023", "second"))
    }
    same(tabulate(world["units"], cover(**files), inputs=[world["stock"]], block_size=20), joint)


def test_south_up_changes_no_digit(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    turned = Affine(0.1, 0, 110, 0, 0.1, 38)
    a, b, v = (
        write(tmp_path / f"{name}.tif", world[name][::-1], transform=turned, **options)
        for name, options in (("first", {"nodata": 0}), ("second", {"nodata": 0}), ("volume", {}))
    )
    same(tabulate(world["units"], cover(y2020=a, y2023=b), inputs=[stock(static=v)], block_size=16), joint)


def test_a_vrt_of_four_files_changes_no_digit(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    data, parts = world["first"], []
    for row, column in product((0, 40), (0, 50)):
        piece = data[row : row + 40, column : column + 50]
        corner = Affine(0.1, 0, 110 + column / 10, 0, -0.1, 45 - row / 10)
        name = write(tmp_path / f"{row}_{column}.tif", piece.copy(), nodata=0, transform=corner).name
        size = f'xSize="{piece.shape[1]}" ySize="{piece.shape[0]}"'
        parts.append(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
            f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="{column}" yOff="{row}" {size}/></SimpleSource>'
        )
    vrt = tmp_path / "four.vrt"
    vrt.write_text(
        '<VRTDataset rasterXSize="90" rasterYSize="70"><SRS>EPSG:4490</SRS>'
        "<GeoTransform>110, 0.1, 0, 45, 0, -0.1</GeoTransform>"
        f'<VRTRasterBand dataType="Byte" band="1"><NoDataValue>0</NoDataValue>{"".join(parts)}</VRTRasterBand>'
        "</VRTDataset>"
    )
    files = world["cover"].files
    same(tabulate(world["units"], cover(y2020=vrt, y2023=files["2023"]), inputs=[world["stock"]]), joint)


def test_a_sparse_table_holds_the_same_sums(
    world: dict[str, Any], joint: Joint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crosstab, "DENSE_LIMIT", 0)
    monkeypatch.setattr(tabulator, "_HASH_START", 2)
    same(tabulate(world["units"], world["cover"], inputs=[world["stock"]], block_size=16), joint)
    area = tabulate(world["units"], world["cover"], block_size=32).table
    assert_frame_equal(area, joint.table[area.columns], check_exact=True)


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
    found = tabulate(world["units"], cover(y2010=files["2023"], y2020=files["2020"], y2023=files["2023"]))
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


def rasterio_crs(path: Path) -> Any:
    with rasterio.open(path) as dataset:
        return Grid.from_dataset(dataset, "")[0].crs


def test_unknown_codes_come_with_their_areas(world: dict[str, Any], tmp_path: Path) -> None:
    first, second = world["first"].copy(), world["second"].copy()
    first[30:33, 40:44] = 77
    second[30, 40] = 78
    files = {"y2020": write(tmp_path / "a.tif", first, nodata=0), "y2023": write(tmp_path / "b.tif", second, nodata=0)}
    with pytest.raises(LegendError) as error:
        tabulate(world["units"], cover(**files), block_size=16)
    assert ids(error) == ["tabulate.unknown_codes"] * 2
    grid = Grid(rasterio_crs(files["y2020"]), Affine(0.1, 0, 110, 0, -0.1, 45), 90, 70)
    areas = CellAreas(grid)
    expected = float(areas.to_ha(areas.weights(30, 33)).sum() * 4)
    assert error.value.problems[0].values["area"] == f"{expected:.6g}"
    assert "77" in str(error.value.problems[0])
    assert "78" in str(error.value.problems[1])


def test_unknown_codes_of_a_wide_type(world: dict[str, Any], tmp_path: Path) -> None:
    first = world["first"].astype(np.int32)
    first[30:33, 40:44] = 70_000
    path = write(tmp_path / "a.tif", first, nodata=0)
    with pytest.raises(LegendError, match="70000"):
        tabulate(world["units"], cover(y2020=path))


def test_classes_that_are_no_whole_numbers(world: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", world["first"].astype(np.float32) + 0.5)
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], cover(y2020=path))
    assert ids(error) == ["raster.not_whole"]


def test_values_out_of_bounds_are_an_error_with_a_place(world: dict[str, Any], tmp_path: Path) -> None:
    volume = world["volume"].copy()
    volume[20, 50], volume[40, 30], volume[41, 31] = 1600, -3, np.inf
    layer = stock(static=write(tmp_path / "v.tif", volume))
    for size, threads in ((16, 2), (None, 1)):
        with pytest.raises(SinksError) as error:
            tabulate(world["units"], world["cover"], inputs=[layer], block_size=size, threads=threads)
        values = error.value.problems[0].values
        assert ids(error) == ["raster.out_of_bounds"]
        assert (values["count"], values["least"], values["most"]) == (3, "-3", "inf")
        assert (values["x"], values["y"]) == ("115.05", "42.95")


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


def test_disjoint_regions(world: dict[str, Any]) -> None:
    with pytest.raises(SinksError) as error:
        tabulate(regions(shapely.box(90, 30, 91, 31)), world["cover"])
    assert ids(error) == ["raster.disjoint"]


def test_partial_cover_is_allowed_and_reported(world: dict[str, Any]) -> None:
    found = tabulate(regions(shapely.box(118, 40, 120, 42)), world["cover"])
    assert found.units.loc[0, "inside_share"] == pytest.approx(0.5, rel=1e-6)
    assert found.table["area_ha"].sum() == pytest.approx(found.units.loc[0, "area_ha"] / 2, rel=1e-6)


def test_problems_of_several_layers_come_together(world: dict[str, Any], tmp_path: Path) -> None:
    other = write(tmp_path / "o.tif", world["first"], transform=Affine(0.2, 0, 110, 0, -0.2, 45))
    layer = replace(world["cover"], files={**world["cover"].files, "2023": other})
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], layer, inputs=[stock(static=tmp_path / "none.tif")])
    assert sorted(ids(error)) == ["raster.missing_file", "raster.other_grid"]
    with pytest.raises(SinksError) as error:
        check_layers(world["units"], layer)
    assert ids(error) == ["raster.other_grid"]
    assert check_layers(world["units"], world["cover"], inputs=[world["stock"]]).width == 90


def test_another_grid_read_as_declared(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    fine = np.kron(world["volume"], np.ones((3, 3), np.float32))
    layer = stock(static=write(tmp_path / "f.tif", fine, transform=Affine(0.1 / 3, 0, 110, 0, -0.1 / 3, 45)))
    for size in (16, None):
        found = tabulate(world["units"], world["cover"], inputs=[replace(layer, resampling="nearest")], block_size=size)
        same(found, joint)


def test_warped_layers_do_not_depend_on_blocks(world: dict[str, Any], tmp_path: Path) -> None:
    x, y = Transformer.from_crs("EPSG:4490", ALBERS, always_xy=True).transform(109.0, 46.0)
    field = (np.random.default_rng(2).random((120, 120)) * 100).astype(np.float32)
    path = write(tmp_path / "w.tif", field, crs=ALBERS, transform=Affine(9000, 0, x, 0, -9000, y))
    layer = replace(stock(static=path), resampling="bilinear")
    one, *others = (tabulate(world["units"], world["cover"], inputs=[layer], block_size=n) for n in (None, 16, 33))
    for other in others:
        same(one, other)


def test_blocks_that_no_region_touches_are_not_read(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[int, int]] = []
    original = pass_module.run_tasks

    def spy(spec: Any, tasks: Any, *rest: Any) -> Any:
        read.extend((block.row, block.column) for task in tasks for block in task)
        return original(spec, tasks, *rest)

    monkeypatch.setattr(pass_module, "run_tasks", spy)
    tabulate(regions(shapely.box(110.15, 44.65, 110.25, 44.75)), world["cover"], block_size=16)
    assert read == [(0, 0)]


class _Elsewhere:
    """Runs tasks as another process would get them, last one first."""

    def results(self, open_worker: Any, spec: Any, tasks: Any) -> Any:
        for number in sorted(tasks, reverse=True):
            open_there, spec_there, task = pickle.loads(pickle.dumps((open_worker, spec, tasks[number])))
            with open_there(spec_there) as worker:
                yield number, pickle.loads(pickle.dumps(worker(task)))


def test_another_scheduler_changes_no_digit(world: dict[str, Any], joint: Joint) -> None:
    found = tabulate(world["units"], world["cover"], inputs=[world["stock"]], block_size=16, scheduler=_Elsewhere())
    same(found, joint)


def test_progress_reaches_the_end(world: dict[str, Any]) -> None:
    seen: list[tuple[int, int]] = []
    tabulate(world["units"], world["cover"], block_size=16, progress=lambda done, total: seen.append((done, total)))
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] > 0
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


class _Stop(KeyboardInterrupt):
    pass


def _interrupt(after: int) -> Any:
    def report(done: int, total: int) -> None:
        if done > after:
            raise _Stop

    return report


def test_an_interrupted_pass_goes_on_where_it_was(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    options: dict[str, Any] = {"inputs": [world["stock"]], "block_size": 16, "checkpoint": folder}
    for limit in (1000, 3000):
        with pytest.raises(_Stop):
            tabulate(world["units"], world["cover"], progress=_interrupt(limit), **options)
        assert (folder / FILE_NAME).exists()
    seen: list[int] = []
    found = tabulate(world["units"], world["cover"], progress=lambda done, total: seen.append(done), **options)
    same(found, joint)
    assert seen[0] > 1000
    forget(folder)
    assert not folder.exists()


def test_a_checkpoint_of_something_else_is_refused(world: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(_Stop):
        tabulate(world["units"], world["cover"], progress=_interrupt(0), block_size=16, checkpoint=tmp_path)
    with pytest.raises(RunError) as error:
        tabulate(world["units"].iloc[:3], world["cover"], block_size=20, checkpoint=tmp_path)
    assert error.value.problems[0].values["changed"] == ["block_size", "regions"]
    (tmp_path / FILE_NAME).write_bytes(b"broken")
    with pytest.raises(RunError) as error:
        tabulate(world["units"], world["cover"], checkpoint=tmp_path)
    assert ids(error) == ["tabulate.checkpoint_broken"]


def test_a_checkpoint_knows_a_file_by_its_content(world: dict[str, Any], tmp_path: Path) -> None:
    """Size and times are put back, as rsync and unpacking do: one cell has another class."""
    path = tmp_path / "a.tif"
    array = np.full((70, 90), 4, np.uint8)
    write(path, array)
    folder = tmp_path / "checkpoint"
    with pytest.raises(_Stop):
        tabulate(world["units"], cover(y2020=path), progress=_interrupt(0), block_size=16, checkpoint=folder)
    before = path.stat()
    with rasterio.open(path, "r+") as dataset:
        array[40, 50] = 2
        dataset.write(array, 1)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    with pytest.raises(RunError) as error:
        tabulate(world["units"], cover(y2020=path), block_size=16, checkpoint=folder)
    assert [p.id for p in error.value.problems] == ["tabulate.checkpoint_other"]


@pytest.mark.parametrize("name", ["sums", "keys", "done", "cells", "unknown_areas", "digest"])
def test_a_checkpoint_that_was_edited_is_refused(world: dict[str, Any], tmp_path: Path, name: str) -> None:
    with pytest.raises(_Stop):
        tabulate(world["units"], world["cover"], progress=_interrupt(500), block_size=16, checkpoint=tmp_path)
    arrays = dict(np.load(tmp_path / FILE_NAME))
    arrays[name] = np.array("0" * 64) if name == "digest" else np.append(arrays[name], arrays[name][:1] * 2 + 1)
    if name == "unknown_areas":
        arrays[name] = np.array([1])
    np.savez(tmp_path / FILE_NAME, **arrays)
    with pytest.raises(RunError) as error:
        tabulate(world["units"], world["cover"], block_size=16, checkpoint=tmp_path)
    assert ids(error) == ["tabulate.checkpoint_edited"]


def test_a_full_disk_under_the_checkpoint_warns_and_the_pass_goes_on(
    world: dict[str, Any], joint: Joint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sinks.tabulation.checkpoint.os.replace", full)
    monkeypatch.setattr("sinks.tabulation.checkpoint.LEAST_SECONDS", 0.0)
    with pytest.warns(CheckpointWarning) as warned:
        found = tabulate(
            world["units"], world["cover"], inputs=[world["stock"]], block_size=16, checkpoint=tmp_path / "checkpoint"
        )
    same(found, joint)
    assert len(warned) == 1
    assert list((tmp_path / "checkpoint").iterdir()) == []


def test_a_corrupt_file_leaves_a_clear_error(world: dict[str, Any], tmp_path: Path) -> None:
    noise = np.random.default_rng(6).integers(1, 10, (70, 90)).astype(np.uint8)
    path = write(tmp_path / "a.tif", noise, compress="deflate", tiled=True, blockxsize=32, blockysize=32)
    broken = bytearray(path.read_bytes())
    broken[len(broken) // 2 : len(broken) // 2 + 300] = bytes(300)
    path.write_bytes(broken)
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], cover(y2020=path), threads=2)
    assert ids(error) == ["raster.corrupt_block"]


@pytest.mark.parametrize(
    ("problem", "units"),
    [
        ("tabulate.units_no_crs", gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(0, 0, 1, 1)])),
        ("tabulate.code_twice", regions(*[shapely.box(0, 0, 1, 1)] * 2).assign(code="1")),
        ("tabulate.no_units", regions(shapely.box(0, 0, 1, 1)).iloc[:0]),
        ("tabulate.units_columns", regions(shapely.box(0, 0, 1, 1)).drop(columns="code")),
    ],
)
def test_regions_that_cannot_be_used(world: dict[str, Any], problem: str, units: gpd.GeoDataFrame) -> None:
    with pytest.raises(SinksError) as error:
        tabulate(units, world["cover"])
    assert ids(error) == [problem]


def test_layers_that_cannot_be_tabulated_together(world: dict[str, Any]) -> None:
    static = CategoricalLayer("land_cover", {"static": "a.tif"}, CLCD)
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], static, inputs=[stock(static="b"), stock(static="c")])
    assert sorted(ids(error)) == ["tabulate.name_twice", "tabulate.no_dates"]


def test_block_shapes_follow_the_tiling() -> None:
    grid = Grid(rasterio.crs.CRS.from_epsg(4490), Affine(0.001, 0, 70, 0, -0.001, 50), 40_000, 30_000)
    assert block_shape(grid, [(512, 512)]) == (512, 4096)
    assert block_shape(grid, [(256, 256), (512, 512)]) == (512, 4096)
    assert block_shape(grid, [(1, 40_000)]) == (52, 40_000)
    assert block_shape(grid, [(512, 512)], 256) == (256, 256)
    tasks = plan(grid, (512, 4096), np.ones((59, 10), bool))
    cells = [block.cells for task in tasks for block in task]
    assert sum(cells) == 40_000 * 30_000
    assert max(sum(block.cells for block in task) for task in tasks) <= TASK_CELLS


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
