"""Outlines for the screen: simplified together so that neighbours stay joined, every level from the same lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

TOLERANCE = 0.002
"""Degrees, about 200 m: finer than one pixel when a league fills the screen."""
MAX_VERTICES = 60_000
"""Vertices of the units; beyond it the page opens slowly, so the tolerance is doubled until they are fewer."""
DECIMALS = 4
"""Of a degree, about 10 m: well below the tolerance, and a third of the bytes of full precision."""

_DEGREES_ENOUGH = 1.0
_LABEL_TOLERANCE = 0.02


@dataclass(frozen=True)
class Outline:
    """A region on the screen.

    Attributes
    ----------
    polygons : list
        Polygons, rings, ``[longitude, latitude]`` [degrees], as in a GeoJSON MultiPolygon.
    label_at : list of float
        ``[longitude, latitude]`` farthest inside the largest polygon, where a name fits best.
    """

    polygons: list[list[list[list[float]]]]
    label_at: list[float]


def outlines(frame: gpd.GeoDataFrame) -> dict[str, Outline]:
    """Outline of every region.

    Only the units are simplified, as one coverage; a coarser region is the union of its simplified units, so borders of
    leagues and banners lie exactly on each other at every zoom.

    Parameters
    ----------
    frame : GeoDataFrame
        Columns ``code, name, level, parent, geometry``, geographic coordinates.

    Returns
    -------
    dict of Outline
        By code.
    """
    parents = dict(zip(frame["code"], frame["parent"], strict=True))
    is_unit = ~frame["code"].isin(set(parents.values())).to_numpy()
    units = frame.loc[is_unit, "code"].tolist()
    shapes = _simplified(frame.geometry.to_numpy()[is_unit])
    parts: dict[str, list[Any]] = {code: [] for code in frame["code"]}
    for code, shape in zip(units, shapes, strict=True):
        for region in lineage(code, parents):
            parts[region].append(shape)
    joined = {code: _joined(members) for code, members in parts.items()}
    return {code: Outline(_coordinates(shape), _label_point(shape)) for code, shape in joined.items()}


def lineage(code: str, parents: dict[str, str]) -> list[str]:
    """The region and everything above it, the finest first."""
    found = []
    while code in parents and code not in found:
        found.append(code)
        code = parents[code]
    return found


def _simplified(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    tolerance = TOLERANCE
    simple: NDArray[np.object_] = shapely.coverage_simplify(shapes, tolerance)
    while int(shapely.get_num_coordinates(simple).sum()) > MAX_VERTICES and tolerance < _DEGREES_ENOUGH:
        tolerance *= 2
        simple = shapely.coverage_simplify(shapes, tolerance)
    return simple


def _joined(shapes: list[Any]) -> Any:
    return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)


def _label_point(shape: Any) -> list[float]:
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    largest = max(polygons, key=lambda polygon: polygon.area)
    radius = shapely.maximum_inscribed_circle(largest, tolerance=_LABEL_TOLERANCE)
    x, y = radius.coords[0]
    return [round(x, DECIMALS), round(y, DECIMALS)]


def _coordinates(shape: Any) -> list[list[list[list[float]]]]:
    """Coordinates rounded; an island or hole too small for the rounding is left out."""
    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and not p.is_empty]
    drawn = [[ring for ring in map(_ring, (p.exterior, *p.interiors)) if ring] for p in polygons]
    return [rings for rings in drawn if rings]


def _ring(ring: Any) -> list[list[float]]:
    rounded = np.round(np.asarray(ring.coords)[:, :2], DECIMALS)
    moved = np.r_[True, np.any(np.diff(rounded, axis=0) != 0, axis=1)]
    points: list[list[float]] = rounded[moved].tolist()
    return points if len(points) > 3 else []  # A closed triangle has four points.
