"""Ground area of the parts of cells that lie in a polygon, by shapely and by geodesics of pyproj.

The polygon is cut with the square of each cell that its boundary crosses, piece by piece; the area of a piece on the
map becomes ground area by a scale that geodesics give, on patches of some ten kilometres spread over the window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from pyproj import CRS, Geod, Transformer
from scipy.interpolate import RectBivariateSpline

Floats = npt.NDArray[np.floating[Any]]

M2_PER_HA = 10_000.0
_TILE = 96
"""Cells along a side of the squares that are wholly inside, wholly outside, or looked at cell by cell."""

_PATCH_M = 10_000.0
"""Side of a patch: smaller ones are less than the rounding of geodesic areas, larger ones are no longer flat."""

_CORNERS = 16
"""Corners along each side of a patch, so that its sides follow those of the map and not geodesics."""

COARSEST_M = 12_000.0
"""Side of a cell from which the scale inside one can no longer be taken for even, to a millionth."""

OUTLINES = CRS.from_epsg(4490)
_EDGE_DEGREES = 0.005


@dataclass(frozen=True)
class Window:
    """Part of a north-up grid: rows ``row0 <= row < row1``, columns ``col0 <= col < col1``."""

    row0: int
    row1: int
    col0: int
    col1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.row1 - self.row0, self.col1 - self.col0

    @property
    def cells(self) -> int:
        """How many cells."""
        return self.shape[0] * self.shape[1]


def on_map(outline: Any, crs: CRS) -> Any:
    """An outline in longitude and latitude of CGCS2000 on the map; edges are straight in longitude and latitude.

    Parameters
    ----------
    outline : shapely Polygon or MultiPolygon
    crs : pyproj.CRS
    """
    if not crs.is_geographic:
        outline = shapely.segmentize(outline, _EDGE_DEGREES)
    step = Transformer.from_crs(OUTLINES, crs, always_xy=True)
    return shapely.transform(outline, lambda xy: np.column_stack(step.transform(xy[:, 0], xy[:, 1])))


def window_of(outline: Any, transform: Affine, width: int, height: int) -> Window | None:
    """The cells of a grid that an outline on the map can touch; None where there are none."""
    left, bottom, right, top = outline.bounds
    col0, col1 = (left - transform.c) / transform.a, (right - transform.c) / transform.a
    row0, row1 = (top - transform.f) / transform.e, (bottom - transform.f) / transform.e
    found = Window(
        max(int(np.floor(row0)), 0),
        min(int(np.ceil(row1)), height),
        max(int(np.floor(col0)), 0),
        min(int(np.ceil(col1)), width),
    )
    return found if found.row1 > found.row0 and found.col1 > found.col0 else None


@dataclass(frozen=True)
class Scale:
    """Ground area of a unit of map area [m2], as a smooth surface over a window."""

    surface: RectBivariateSpline

    @classmethod
    def over(cls, crs: CRS, transform: Affine, window: Window) -> Scale:
        """Measured by geodesics on a lattice of patches."""
        unit = _metres(crs)
        left, right = (transform.c + transform.a * col for col in (window.col0, window.col1))
        top, bottom = (transform.f + transform.e * row for row in (window.row0, window.row1))
        nodes = [np.linspace(a, b, _count(abs(b - a) * unit)) for a, b in ((bottom, top), (left, right))]
        side = _PATCH_M / unit
        values = np.array([[_patch(crs, x, y, side) for x in nodes[1]] for y in nodes[0]])
        return cls(RectBivariateSpline(nodes[0], nodes[1], values, kx=3, ky=3))

    def at(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
        """The scale at points of the map."""
        return np.asarray(self.surface.ev(y, x))

    def on(self, x: Floats, y: Floats) -> Floats:
        """The scale at the nodes of a lattice, (len(y), len(x)); y falls from row to row."""
        return np.asarray(self.surface(y[::-1], x))[::-1]


def _count(metres: float) -> int:
    return int(np.clip(np.ceil(metres / 40_000.0) + 1, 4, 60))


def _metres(crs: CRS) -> float:
    """Metres in one unit of the map, of latitude on a map in degrees."""
    factor = float(crs.axis_info[0].unit_conversion_factor)
    return factor * 6_371_000.0 if crs.is_geographic else factor


def _patch(crs: CRS, x: float, y: float, side: float) -> float:
    half = side / 2
    patch = shapely.segmentize(shapely.box(x - half, y - half, x + half, y + half), side / _CORNERS)
    if not crs.is_geographic:
        back = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
        patch = shapely.transform(patch, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])))
    area, _ = _geod(crs).geometry_area_perimeter(patch)
    return float(abs(area) / side**2)


def _geod(crs: CRS) -> Geod:
    found = crs.get_geod()
    assert found is not None  # geographic and projected systems have an ellipsoid
    return found


def ground_areas(outline: Any, crs: CRS, transform: Affine, window: Window) -> Floats:
    """Ground area [m2] of the part of each cell that lies in an outline.

    Parameters
    ----------
    outline : shapely Polygon or MultiPolygon
        On the map.
    crs : pyproj.CRS
    transform : Affine
        From column and row to the map, north-up.
    window : Window

    Returns
    -------
    ndarray, shape of the window
    """
    scale = Scale.over(crs, transform, window)
    found = np.zeros(window.shape)
    cell = transform.a * -transform.e
    shapely.prepare(outline)
    for tile, square in _tiles(transform, window):
        if not outline.intersects(square):
            continue
        rows, cols = (
            slice(tile.row0 - window.row0, tile.row1 - window.row0),
            slice(tile.col0 - window.col0, tile.col1 - window.col0),
        )
        x = transform.c + transform.a * (np.arange(tile.col0, tile.col1) + 0.5)
        y = transform.f + transform.e * (np.arange(tile.row0, tile.row1) + 0.5)
        whole = cell * scale.on(x, y)
        found[rows, cols] = whole if outline.covers(square) else _cut(outline, square, x, y, transform, scale, whole)
    return found


def _tiles(transform: Affine, window: Window) -> Iterator[tuple[Window, Any]]:
    for row in range(window.row0, window.row1, _TILE):
        for col in range(window.col0, window.col1, _TILE):
            tile = Window(row, min(row + _TILE, window.row1), col, min(col + _TILE, window.col1))
            left, right = (transform.c + transform.a * edge for edge in (tile.col0, tile.col1))
            top, bottom = (transform.f + transform.e * edge for edge in (tile.row0, tile.row1))
            yield tile, shapely.box(left, bottom, right, top)


def _cut(outline: Any, square: Any, x: Floats, y: Floats, transform: Affine, scale: Scale, whole: Floats) -> Floats:
    """Cells of a square that a boundary crosses: each is cut with the outline."""
    part = outline.intersection(square)
    shapely.prepare(part)
    half_x, half_y = transform.a / 2, -transform.e / 2
    across, down = np.meshgrid(x, y)
    cells = shapely.box(across - half_x, down - half_y, across + half_x, down + half_y)
    touched = shapely.intersects(part, cells)
    inside = shapely.covers(part, cells)
    found = np.where(inside, whole, 0.0)
    crossed = touched & ~inside
    pieces = shapely.intersection(part, cells[crossed])
    centres = shapely.centroid(pieces)
    areas = shapely.area(pieces)
    there = areas > 0
    values = np.zeros(len(pieces))
    values[there] = areas[there] * scale.at(shapely.get_x(centres[there]), shapely.get_y(centres[there]))
    found[crossed] = values
    return found


def polygon_area(outline: Any) -> float:
    """Area [m2] of an outline in longitude and latitude of CGCS2000, whose edges are straight there."""
    area, _ = _geod(OUTLINES).geometry_area_perimeter(
        shapely.segmentize(shapely.orient_polygons(outline), _EDGE_DEGREES)
    )
    return float(abs(area))
