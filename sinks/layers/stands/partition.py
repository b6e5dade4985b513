"""What a set of regions knows about itself so that polygons can be assigned and cut quickly.

All coordinates are in metres in one plane; see :mod:`sinks.layers.stands.equal_area`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import shapely

from sinks.layers.stands.equal_area import Floats, Geometries

_CELLS = 1024
"""Cells along the longer side of the map: some kilometres for a province, a few megabytes, built in a moment."""

_DEEPEST = 16
"""Finest level of the tiles: 1/65536 of the regions' extent, tens of metres for a province."""


def edges(regions: Geometries) -> Floats:
    """float64[n, 2, 2]: every edge of the regions' boundaries, one that neighbours share only once."""
    rings = shapely.get_rings(shapely.get_parts(regions))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    real = (ring[1:] == ring[:-1]) & np.any(coordinates[1:] != coordinates[:-1], axis=1)
    start, end = coordinates[:-1][real], coordinates[1:][real]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    both = np.where(swap[:, None], np.hstack([end, start]), np.hstack([start, end]))
    return np.unique(both, axis=0).reshape(-1, 2, 2)


class CellMap:
    """A coarse raster over the regions that answers, from a bounding box, which region the box lies in.

    A cell that no boundary touches belongs to one region as a whole, and so does any box of cells that no boundary
    touches.  All other boxes are left undecided, for exact geometry to decide: the map never approximates.

    Parameters
    ----------
    boundary : float64[n, 2, 2]
        Edges of the regions, from :func:`edges`. [m]
    regions : array of shapely.Polygon or MultiPolygon
        Prepared, not overlapping.
    """

    OUTSIDE: ClassVar[int] = -1
    UNDECIDED: ClassVar[int] = -2

    def __init__(self, boundary: Floats, regions: Geometries) -> None:
        self._regions = regions
        low, high = boundary.min(axis=(0, 1)), boundary.max(axis=(0, 1))
        self._side = float((high - low).max()) / _CELLS
        # One empty cell all around, so that what lies beyond the extent falls into cells without a boundary.
        self._origin = low - self._side
        shape = np.ceil((high - self._origin) / self._side).astype(np.int64) + 2
        self._last = shape - 1
        touched = self._touched(boundary, shape)
        self._count = np.zeros(shape + 1, dtype=np.int64)
        self._count[1:, 1:] = touched.cumsum(axis=0).cumsum(axis=1)
        self._label = self._labels(touched)

    def region_of(self, bounds: Floats) -> npt.NDArray[np.int64]:
        """Region of each bounding box, ``OUTSIDE``, or ``UNDECIDED`` where a boundary may cross it.

        Parameters
        ----------
        bounds : float64[n, 4]
            left, bottom, right, top. [m]
        """
        low, high = self._cell(bounds[:, :2]), self._cell(bounds[:, 2:])
        (left, bottom), (right, top) = low.T, high.T + 1
        count = self._count
        near = count[right, top] - count[left, top] - count[right, bottom] + count[left, bottom]
        return np.where(near == 0, self._label[left, bottom], self.UNDECIDED)

    def locate(self, points: Floats) -> npt.NDArray[np.int64]:
        """Region that holds each point, by exact geometry; ``OUTSIDE`` where none does."""
        found = np.full(len(points), self.OUTSIDE, dtype=np.int64)
        region, point = shapely.STRtree(np.asarray(shapely.points(points))).query(
            self._regions, predicate="contains_properly"
        )
        found[point] = region
        return found

    def _cell(self, points: Floats) -> npt.NDArray[np.int64]:
        cell: npt.NDArray[np.int64] = np.floor((points - self._origin) / self._side).astype(np.int64)
        return np.clip(cell, 0, self._last)

    def _touched(self, boundary: Floats, shape: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Cells near an edge: those under the box of each piece of an edge, no piece being longer than a cell."""
        short = shapely.segmentize(shapely.linestrings(boundary), self._side)
        coordinates, line = shapely.get_coordinates(short, return_index=True)
        same = line[1:] == line[:-1]
        start, end = coordinates[:-1][same], coordinates[1:][same]
        # A vertex set on a long edge is rounded; a thousandth of a cell more covers that many times over.
        margin = self._side / 1000.0
        left, bottom = self._cell(np.minimum(start, end) - margin).T
        right, top = self._cell(np.maximum(start, end) + margin).T
        touched = np.zeros(shape, dtype=bool)
        for column in (left, (left + right) // 2, right):
            for row in (bottom, (bottom + top) // 2, top):
                touched[column, row] = True
        return touched

    def _labels(self, touched: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Region of each cell that no edge touches: one point location per run of such cells."""
        start = ~touched
        start[:, 1:] &= touched[:, :-1]
        columns, rows = np.nonzero(start)
        centre = self._origin + (np.column_stack([columns, rows]) + 0.5) * self._side
        run = start.ravel().cumsum() - 1
        return np.where(touched.ravel(), self.UNDECIDED, self.locate(centre)[run]).reshape(touched.shape)


@dataclass(frozen=True)
class Tiles:
    """A quadtree over the regions: a polygon goes to a level with tiles some times its size, there to its centre's.

    So it never reaches farther than half a tile beyond its own tile, and :meth:`box` covers that.
    """

    origin: Floats
    size: float

    def __init__(self, regions: Geometries) -> None:
        left, bottom, right, top = shapely.total_bounds(regions)
        object.__setattr__(self, "origin", np.array([left, bottom]))
        object.__setattr__(self, "size", max(right - left, top - bottom))

    def groups(self, bounds: Floats) -> Iterator[tuple[tuple[int, int, int], npt.NDArray[np.intp]]]:
        """(level, column, row) of each tile in use, with the rows of ``bounds`` that belong to it."""
        if not len(bounds):
            return
        keys = self._keys(bounds)
        order = np.lexsort(keys.T)
        starts = np.flatnonzero(np.any(np.diff(keys[order], axis=0, prepend=-1), axis=1))
        for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
            level, column, row = keys[order[start]].tolist()
            yield (level, column, row), order[start:stop]

    def box(self, key: tuple[int, int, int]) -> shapely.Polygon:
        """The tile grown by half a tile on each side; on level 0 without bounds."""
        level, column, row = key
        if level == 0:
            return shapely.box(*(self.origin - self.size), *(self.origin + 2.0 * self.size))
        side = self.size / 2.0**level
        corner = self.origin + side * (np.array([column, row]) - 0.5)
        return shapely.box(*corner, *(corner + 2.0 * side))

    def _keys(self, bounds: Floats) -> npt.NDArray[np.int64]:
        extent = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
        # A tile no wider than one stand would hold one stand and cost a clipping for it: three levels above is cheaper.
        level = np.clip(np.floor(np.log2(self.size / extent)) - 3, 0, _DEEPEST).astype(np.int64)
        centre = (bounds[:, :2] + bounds[:, 2:]) / 2.0
        tile = np.floor((centre - self.origin) / (self.size / 2.0**level)[:, None]).astype(np.int64)
        # Level 0 also takes what is larger than all regions together: it has a single tile.
        tile[level == 0] = 0
        return np.column_stack([level, tile])
