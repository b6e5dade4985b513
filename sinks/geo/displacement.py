"""Does a boundary file agree with the official outlines of its codes: is it displaced, are its areas others?

Downloads from web maps carry the label "WGS 84" and lie 60 to 800 m off.  The official outlines of the same codes tell:
when the distance between the two outlines shrinks decisively once the displacement is undone, the file is displaced.
An outline of another year or of a coarse map shows in its area, on which every figure of a region stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from sinks.errors import Problem, RegionError
from sinks.geo.crs import CGCS2000
from sinks.geo.gcj02 import Pair, bd09_to_wgs84, gcj02_to_wgs84
from sinks.geo.polygon_area import polygon_areas
from sinks.geo.topology import MAX_LISTED

# Two undisplaced outlines of Inner Mongolia, generalised independently, lie 80 m apart (median), a displaced one 310 m.
_FAR_M = 100.0
_SHRINKS_TO = 0.5
_POINTS_PER_REGION = 300

_OTHER_AREA = 0.02
"""Part of the official area from which another one is told.  Two independent outlines of the 17 leagues and cities of
Inner Mongolia and Ningxia differ by 0.1 % in the median and by 1.1 % at most."""

_UNDO: Mapping[str, Callable[[Any, Any], Pair]] = {"GCJ-02": gcj02_to_wgs84, "BD-09": bd09_to_wgs84}


def suspect_displacement(codes: Sequence[str], geometries: npt.NDArray[Any], where: str) -> Problem | None:
    """A note when regions with official codes fit the official outline only after a displacement is undone.

    Parameters
    ----------
    codes : sequence of str, length n
    geometries : ndarray of Polygon or MultiPolygon, shape (n,)
        In longitude and latitude [degree].
    where : str
        Named in the note.
    """
    official = _official({code[:2] + "0000" for code in codes if code[:6].isdecimal()})
    pairs = [
        (shape, official[code[:6]])
        for code, shape in zip(codes, geometries, strict=True)
        if code[:6] in official and code[6:].strip("0") == ""
    ]
    if not pairs:
        return None
    apart = _median_distance(pairs, None)
    if apart <= _FAR_M:
        return None
    best = min(_UNDO, key=lambda name: _median_distance(pairs, _UNDO[name]))
    undone = _median_distance(pairs, _UNDO[best])
    if undone > _SHRINKS_TO * apart:
        return None
    values = {"kind": best, "apart": round(apart), "undone": round(undone), "count": len(pairs)}
    return Problem("regions.displaced", where, values)


def other_areas(codes: Sequence[str], labels: Sequence[str], geometries: npt.NDArray[Any], where: str) -> list[Problem]:
    """A note on regions whose area is not that of the official outline of the same code.

    Parameters
    ----------
    codes, labels : sequence of str, length n
    geometries : ndarray of Polygon or MultiPolygon, shape (n,)
        In EPSG:4490.
    where : str
        Named in the note.
    """
    official = _official({code[:2] + "0000" for code in codes if code[:6].isdecimal()})
    known = [i for i, code in enumerate(codes) if code[:6] in official and code[6:].strip("0") == ""]
    if not known:
        return []
    own = polygon_areas(geometries[known], CGCS2000)
    theirs = polygon_areas([shapely.build_area(official[codes[i][:6]]) for i in known], CGCS2000)
    apart = own / theirs - 1.0
    found = sorted((k for k in range(len(known)) if abs(apart[k]) > _OTHER_AREA), key=lambda k: -abs(apart[k]))
    if not found:
        return []
    shown = [f"{labels[known[k]]} {100 * apart[k]:+.1f} %" for k in found[:MAX_LISTED]]
    values = {"count": len(found), "regions": shown, "percent": f"{100 * _OTHER_AREA:g}"}
    return [Problem("regions.other_area", where, values)]


def _median_distance(pairs: list[tuple[Any, Any]], undo: Callable[[Any, Any], Pair] | None) -> float:
    """Median distance [m] from vertices of the first outlines to the second ones."""
    ellipsoid = CRS.from_epsg(4490).ellipsoid
    assert ellipsoid is not None
    metres_per_degree = np.radians(1.0) * ellipsoid.semi_major_metre
    distances: list[npt.NDArray[np.float64]] = []
    for shape, outline in pairs:
        xy = shapely.get_coordinates(shape)
        xy = xy[:: max(len(xy) // _POINTS_PER_REGION, 1)]
        if undo is not None:
            xy = np.column_stack(undo(xy[:, 0], xy[:, 1]))
        # A local plane is good enough to tell 80 m from 300 m.
        scale = np.array([np.cos(np.radians(xy[:, 1].mean())), 1.0]) * metres_per_degree
        line = shapely.transform(outline, scale.__mul__)
        shapely.prepare(line)
        distances.append(shapely.distance(line, shapely.points(xy * scale)))
    return float(np.median(np.concatenate(distances)))


def _official(provinces: set[str]) -> dict[str, Any]:
    """Boundary lines of every official code in these provinces."""
    return {code: line for province in sorted(provinces) for code, line in _outlines(province).items()}


@cache
def _outlines(province: str) -> dict[str, Any]:
    from sinks.geo.regions import load_builtin

    try:
        known = load_builtin(province, levels=("league", "banner"))
    except RegionError:
        return {}  # the user has codes of their own, which say nothing about the place
    return dict(zip(known.frame["code"], shapely.boundary(known.frame.geometry.to_numpy()), strict=True))
