"""Laws of coverage: a partition covers every cell once, and rows do not know of blocks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import CRS
from shapely import MultiPoint, Polygon, box

from sinks.geo.grid import Grid
from sinks.tabulation.coverage import Coverage, Runs

SIZE = 12

grids = st.sampled_from(
    [
        Grid(CRS("+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +datum=WGS84"), Affine(1, 0, 0, 0, -1, SIZE), SIZE, SIZE),
        Grid(CRS("EPSG:4326"), Affine(1, 0, 0, 0, -1, SIZE), SIZE, SIZE),
        Grid(CRS("EPSG:4490"), Affine(1, 0, 3, 0, -1, SIZE - 2), SIZE - 5, SIZE - 5),
    ]
)
# Quarters put vertices on cell corners and sides, where a walk through cells goes wrong if it can.
coordinates = st.one_of(
    st.integers(0, 4 * SIZE).map(lambda n: n / 4), st.integers(0, 1000 * SIZE).map(lambda n: n / 1000)
)
partitions = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=25, unique=True)
cuts = st.lists(st.integers(1, SIZE - 6), max_size=5)


def voronoi(points: list[tuple[float, float]]) -> list[Polygon]:
    """A partition of the plane around points, cut to a box larger than any grid here, neighbours sharing vertices."""
    whole = box(-1, -1, SIZE + 1, SIZE + 1)
    lines = shapely.voronoi_polygons(MultiPoint(points), only_edges=True, extend_to=whole)
    # Polygonizing one noded set of lines gives neighbours the very same vertices, which cutting one by one does not.
    noded = shapely.node(shapely.union_all([lines, whole.exterior]))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return [face for face in faces if whole.contains(face.representative_point())]


def fractions(runs: Runs, width: int, regions: int) -> NDArray[np.float64]:
    dense = np.zeros((regions, len(runs.ptr) - 1, width))
    rows = np.repeat(np.arange(len(runs.ptr) - 1), np.diff(runs.ptr))
    for row, start, stop, region, fraction in zip(rows, *runs[1:], strict=True):
        dense[region, row, start:stop] += fraction
    return dense


@settings(deadline=None, max_examples=60)
@given(grid=grids, points=partitions)
def test_a_partition_covers_every_cell_once(grid: Grid, points: list[tuple[float, float]]) -> None:
    faces = voronoi(points)
    dense = fractions(Coverage(grid, faces).rows(0, grid.height), grid.width, len(faces))
    assert np.abs(dense.sum(axis=0) - 1.0).max() < 1e-12


@settings(deadline=None, max_examples=60)
@given(grid=grids, points=partitions, at=cuts)
def test_rows_do_not_know_of_blocks(grid: Grid, points: list[tuple[float, float]], at: list[int]) -> None:
    coverage = Coverage(grid, voronoi(points))
    whole = coverage.rows(0, grid.height)
    bounds = [0, *sorted(at), grid.height]
    parts = [coverage.rows(r0, r1) for r0, r1 in pairwise(bounds)]
    assert np.concatenate([np.diff(part.ptr) for part in parts]).tolist() == np.diff(whole.ptr).tolist()
    for name in ("start", "stop", "region", "fraction"):
        assert np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(whole, name).tolist()


@settings(deadline=None, max_examples=60)
@given(grid=grids, points=partitions)
def test_shares_are_those_of_the_intersection(grid: Grid, points: list[tuple[float, float]]) -> None:
    faces = voronoi(points)
    dense = fractions(Coverage(grid, faces).rows(0, grid.height), grid.width, len(faces))
    t = grid.transform
    left, top = np.meshgrid(t.c + np.arange(grid.width), t.f - np.arange(grid.height))
    cells = shapely.box(left, top - 1, left + 1, top)
    expected = np.stack([shapely.area(shapely.intersection(cells, face)) for face in faces])
    # Shares of a geographic cell are of its true area: within 12 degrees of the equator nearly those of its degrees.
    assert np.abs(dense - expected).max() < (1e-3 if grid.is_geographic else 1e-9)


@settings(deadline=None, max_examples=60)
@given(grid=grids, points=partitions, rows=st.integers(1, 8), columns=st.integers(1, 8), pick=st.integers(0, 99))
def test_no_run_outside_the_block_mask(
    grid: Grid, points: list[tuple[float, float]], rows: int, columns: int, pick: int
) -> None:
    faces = voronoi(points)
    coverage = Coverage(grid, [faces[pick % len(faces)]])
    covered = fractions(coverage.rows(0, grid.height), grid.width, 1)[0] > 0
    mask = np.repeat(np.repeat(coverage.block_mask(rows, columns), rows, axis=0), columns, axis=1)
    assert not (covered & ~mask[: grid.height, : grid.width]).any()
