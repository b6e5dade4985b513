"""Laws of the tabulation, for layers and regions that nobody picked."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine

from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
from sinks.tabulation import Joint, tabulate
from sinks.tabulation.blocks import TASK_CELLS, plan

WIDTH, HEIGHT = 37, 29
CLCD = load_legend("clcd")
BOX = shapely.box(110.05, 42.13, 113.61, 44.97)


@cache
def _folder() -> Path:
    return Path(mkdtemp())


def _write(name: str, data: np.ndarray, **options: object) -> Path:
    path = _folder() / name
    profile = {"driver": "GTiff", "count": 1, "dtype": data.dtype, "width": WIDTH, "height": HEIGHT, "crs": "EPSG:4490"}
    with rasterio.open(path, "w", **profile, transform=Affine(0.1, 0, 110, 0, -0.1, 45), **options) as dataset:
        dataset.write(data, 1)
    return path


def _world(seed: int) -> tuple[CategoricalLayer, ContinuousLayer, gpd.GeoDataFrame]:
    """Random classes, some unobserved; a random field with gaps; and a random partition of a box."""
    rng = np.random.default_rng(seed)
    files = {
        date: _write(f"{seed}_{date}.tif", rng.integers(0, 10, (HEIGHT, WIDTH)).astype(np.uint8), nodata=0)
        for date in ("2020", "2023")
    }
    field = rng.normal(0, 5, (HEIGHT, WIDTH)).astype(np.float32)
    field[rng.random(field.shape) < 0.2] = np.nan
    nep = ContinuousLayer("nep", "nep", {"static": _write(f"{seed}_v.tif", field)}, -40.0, 40.0)
    sites = shapely.MultiPoint(rng.uniform([110.1, 42.2], [113.5, 44.9], (int(rng.integers(2, 7)), 2)))
    cells = [shapely.intersection(cell, BOX) for cell in shapely.voronoi_polygons(sites, extend_to=BOX).geoms]
    codes = [str(number) for number in range(len(cells))]
    units = gpd.GeoDataFrame({"code": codes}, geometry=cells, crs="EPSG:4490")
    return CategoricalLayer("land_cover", files, CLCD), nep, units


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(3, 40), threads=st.integers(1, 3))
def test_neither_blocks_nor_threads_change_a_digit(seed: int, size: int, threads: int) -> None:
    cover, nep, units = _world(seed)
    one = tabulate(units, cover, inputs=[nep], threads=1)
    two = tabulate(units, cover, inputs=[nep], block_size=size, threads=threads)
    assert_frame_equal(one.table, two.table, check_exact=True)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_partition_sums_to_the_whole(seed: int) -> None:
    cover, nep, units = _world(seed)
    whole = gpd.GeoDataFrame({"code": ["0"]}, geometry=[BOX], crs="EPSG:4490")
    parts, total = (_by_class(tabulate(u, cover, inputs=[nep])) for u in (units, whole))
    for name in parts.columns:
        # A boundary cell is rounded once for each region it belongs to; the unit of area is far below a square metre.
        assert parts[name].to_numpy() == pytest.approx(total[name].to_numpy(), rel=1e-9, abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_regions_does_not_matter(seed: int) -> None:
    cover, nep, units = _world(seed)
    one = tabulate(units, cover, inputs=[nep]).table
    two = tabulate(units.iloc[::-1].reset_index(drop=True), cover, inputs=[nep]).table
    keys = ["region_code", "land_cover@2020", "land_cover@2023"]
    assert_frame_equal(
        one.sort_values(keys, ignore_index=True), two.sort_values(keys, ignore_index=True), check_exact=True
    )


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-10, 10))
def test_shifting_a_field_shifts_its_means(seed: int, shift: float) -> None:
    cover, nep, units = _world(seed)
    wide = {"low": -100.0, "high": 100.0}
    moved = ContinuousLayer("nep", "nep", nep.files, **wide, offset=shift)
    still = ContinuousLayer("nep", "nep", nep.files, **wide)
    one, two = (tabulate(units, cover, inputs=[layer]).activity().states for layer in (still, moved))
    assert two["nep"].to_numpy() == pytest.approx(one["nep"].to_numpy() + shift, abs=1e-9, nan_ok=True)
    # Where a single cell was observed the spread is zero but for the rounding of its square.
    assert two["nep_sd"].to_numpy() == pytest.approx(one["nep_sd"].to_numpy(), abs=1e-4, nan_ok=True)


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    seed=st.integers(0, 1000),
)
def test_a_plan_covers_every_touched_block_once(shape: tuple[int, int], size: tuple[int, int], seed: int) -> None:
    from sinks.geo.crs import parse_crs
    from sinks.geo.grid import Grid

    grid = Grid(parse_crs("EPSG:4490").crs, Affine(0.1, 0, 110, 0, -0.1, 45), size[1], size[0])
    blocks = (-(-size[0] // shape[0]), -(-size[1] // shape[1]))
    touched = np.random.default_rng(seed).random(blocks) < 0.5
    seen = np.zeros(size, int)
    for task in plan(grid, shape, touched):
        assert len({block.row for block in task}) == 1
        assert sum(block.cells for block in task) <= TASK_CELLS
        for block in task:
            seen[block.row : block.row + block.rows, block.column : block.column + block.columns] += 1
    expected = np.kron(touched, np.ones(shape, int))[: size[0], : size[1]]
    assert np.array_equal(seen, expected)


def _by_class(joint: Joint) -> pd.DataFrame:
    return joint.table.drop(columns="region_code").groupby(["land_cover@2020", "land_cover@2023"], dropna=False).sum()
