"""Which share of every cell lies in which region, exactly, as runs along rows.

The method is the signed-area accumulation by which fonts are drawn with exact anti-aliasing: every edge of a boundary
is walked through the cells it crosses, leaving in each the height it covers there (which all cells to the east inherit)
and the area to its east; a sweep along the row then gives the shares.  Work and memory grow with the length of the
boundaries in cells, never with areas.

Three things make results the same however rows are grouped into blocks and whoever the neighbour is:

- every row is computed from the whole edge, not from where the row above ended;
- an edge is walked from its northern to its southern end whatever the direction of its ring, so that regions sharing
  an edge add exactly opposite amounts;
- positions within 1e-9 of a cell border count as on it, a function of the vertex alone.

On geographic grids heights are measured in the authalic function of the latitude, so that shares are shares of the
cell's true area, while edges stay straight in longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from sinks.errors import Problem, Problems, RegionError
from sinks.geo.authalic import AuthalicEllipsoid
from sinks.geo.grid import Grid
from sinks.tabulation.scanline import Bend, Edges, EdgesByRow, Floats, Runs, bucket, sweep, touched

__all__ = ["Coverage", "Runs"]

_ON_BORDER = 1e-9  # cells; rounding of coordinates is of this order on the largest grids


class Coverage:
    """Exact cover of a grid by regions.

    Parameters
    ----------
    grid : Grid
    polygons : sequence of shapely Polygon or MultiPolygon
        In the grid's CRS, valid; neighbours that share vertices leave no gap and no overlap.  Whatever lies outside the
        grid covers nothing.
    names : sequence of str, optional
        The regions as the user knows them, for messages.

    Raises
    ------
    RegionError
        A geometry is not a polygon, is empty, or has coordinates that are not finite.
    """

    def __init__(
        self, grid: Grid, polygons: Sequence[Polygon | MultiPolygon], names: Sequence[str] | None = None
    ) -> None:
        self.grid = grid
        self._names = [str(i) for i in range(len(polygons))] if names is None else list(names)
        self._polygons = np.array(polygons, dtype=object)
        _check_polygons(self._polygons, self._names)
        self._edges = _edges(grid, self._polygons)
        self._by_row = _edges_by_row(self._edges, grid.height)
        self._bend = _bend(grid)

    def rows(self, r0: int, r1: int) -> Runs:
        """Runs of the rows ``r0 <= row < r1``.

        Raises
        ------
        RegionError
            A region overlaps itself.
        """
        runs, fault = sweep(self._edges, self._by_row, self._bend, r0, r1, self.grid.width)
        if fault[0] >= 0:
            region, row, column = fault[:3].astype(int).tolist()
            values = {"row": row, "column": column, "fraction": f"{fault[3]:.4f}"}
            raise RegionError(Problem("grid.self_overlap", self._names[region], values))
        return Runs(*runs)

    def inside_share(self) -> Floats:
        """Share of each region's area that lies inside the grid, (regions,), to about 1e-6; exactly 1 if all does."""
        box = shapely.box(*self.grid.bounds)
        share = np.ones(len(self._polygons))
        partly = np.flatnonzero(~shapely.covers(box, shapely.envelope(self._polygons)))
        whole = _areas(self.grid, self._polygons[partly])
        share[partly] = _areas(self.grid, shapely.intersection(self._polygons[partly], box)) / whole
        return share

    def block_mask(self, block_rows: int, block_cols: int) -> NDArray[np.bool_]:
        """Blocks that any region touches, (ceil(height / block_rows), ceil(width / block_cols)).

        No block with a run is left out; one that a boundary merely grazes may be in.
        """
        own = self._edges
        edges = own._replace(
            x0=own.x0 / block_cols, y0=own.y0 / block_rows, x1=own.x1 / block_cols, y1=own.y1 / block_rows
        )
        rows, columns = -(-self.grid.height // block_rows), -(-self.grid.width // block_cols)
        straight = Bend(np.zeros(rows), np.zeros(rows))
        return np.asarray(touched(edges, _edges_by_row(edges, rows), straight, rows, columns))


def _check_polygons(polygons: NDArray[np.object_], names: Sequence[str]) -> None:
    problems = Problems()
    for index, (polygon, name) in enumerate(zip(polygons, names, strict=True), 1):
        if not isinstance(polygon, Polygon | MultiPolygon) or polygon.is_empty:
            kind = "None" if polygon is None else getattr(polygon, "geom_type", type(polygon).__name__)
            empty = " EMPTY" if getattr(polygon, "is_empty", False) else ""
            problems.add("grid.not_polygon", name, index=index, found=kind + empty)
        elif not np.isfinite(points := shapely.get_coordinates(polygon)).all():
            problems.add("grid.not_finite", name, count=int((~np.isfinite(points)).any(axis=1).sum()))
    problems.raise_as(RegionError)


def _edges(grid: Grid, polygons: NDArray[np.object_]) -> Edges:
    """Every edge, in pixel coordinates."""
    parts, region_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    is_hole = np.diff(part_of_ring, prepend=-1) == 0  # a part's first ring is its shell
    # Seen with north up, the interior of a counter-clockwise shell lies to the east of the edges that run south.
    ring_sign = np.where(shapely.is_ccw(rings) ^ is_hole, 1.0, -1.0)

    x, y = (_snap_to_borders(v) for v in grid.to_pixel(points[:, 0], points[:, 1]))
    first = np.flatnonzero(ring_of_point[1:] == ring_of_point[:-1])
    last = first + 1
    southward = y[last] > y[first]
    north, south = np.where(southward, first, last), np.where(southward, last, first)
    ring = ring_of_point[first]
    return Edges(
        x[north],
        y[north],
        x[south],
        y[south],
        np.where(southward, ring_sign[ring], -ring_sign[ring]),
        region_of_part[part_of_ring[ring]].astype(np.int32),
    )


def _snap_to_borders(positions: Floats) -> Floats:
    border = np.round(positions)
    return np.where(np.abs(positions - border) <= _ON_BORDER, border, positions)


def _edges_by_row(edges: Edges, height: int) -> EdgesByRow:
    """Edges listed once in every row they cross: a row then needs no other."""
    top = np.clip(np.floor(edges.y0), 0, height).astype(np.int64)
    bottom = np.clip(np.ceil(edges.y1), 0, height).astype(np.int64)
    return EdgesByRow(*bucket(top, bottom, height))


def _bend(grid: Grid) -> Bend:
    """The rows' cubics: from the authalic function on geographic grids, straight on projected ones."""
    if not grid.is_geographic:
        return Bend(np.zeros(grid.height), np.zeros(grid.height))
    ellipsoid = AuthalicEllipsoid.of(grid.crs)
    borders = grid.row_border_latitudes()
    mean_slope = np.diff(ellipsoid.q(borders)) / np.diff(borders)
    slope = ellipsoid.q_slope(borders)
    return Bend(slope[:-1] / mean_slope - 1.0, slope[1:] / mean_slope - 1.0)


def _areas(grid: Grid, polygons: NDArray[np.object_]) -> Floats:
    """Areas for comparison among themselves: on geographic grids with q for latitude, which makes them true."""
    if grid.is_geographic:
        ellipsoid = AuthalicEllipsoid.of(grid.crs)
        polygons = shapely.transform(polygons, lambda p: np.column_stack([p[:, 0], ellipsoid.q(p[:, 1] * grid.unit)]))
    return np.asarray(shapely.area(polygons))
