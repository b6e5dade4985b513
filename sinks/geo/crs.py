"""Coordinate reference systems: what users write, what a datum is worth, and reprojection that keeps borders closed.

Policy on datums
    CGCS2000 and the realisations of WGS 84 agree within a metre over China, far below the width of a boundary line;
    they are treated as the same and coordinates pass unchanged.  Xian 1980 and Beijing 1954 lie tens to more than a
    hundred metres away by an amount that depends on the place and was never published as one formula: the project must
    name the Helmert parameters of its own area (``[dx, dy, dz]`` or ``[dx, dy, dz, rx, ry, rz, ds]``, position vector
    convention, metres, arc seconds, ppm).  Nothing is shifted on a guess.

Map coordinates
    "GCJ-02" and "BD-09" are not datums but deliberate displacements of WGS 84 (:mod:`sinks.geo.gcj02`).  They are
    declared like a CRS (``crs = "GCJ-02"``) and undone on reading.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation
from pyproj.exceptions import CRSError as ProjError

from sinks.errors import CRSError, Problem, Problems
from sinks.geo.gauss_kruger import Bounds, Eastings, check_zone, normalised, prefixes, shown, zone_in_words
from sinks.geo.gcj02 import bd09_to_wgs84, gcj02_to_wgs84

__all__ = [
    "CGCS2000",
    "Bounds",
    "Displacement",
    "UserCRS",
    "bd09_to_wgs84",
    "check_bounds",
    "densify",
    "densify_to",
    "gcj02_to_wgs84",
    "parse_crs",
    "same_datum",
    "suggest_crs",
    "transformer",
    "undisplaced",
]

Displacement = Literal["", "GCJ-02", "BD-09"]
Geometries = npt.NDArray[Any]

CGCS2000 = CRS.from_epsg(4490)
WGS84 = CRS.from_epsg(4326)

# What people call a datum -> EPSG code of its geographic CRS.  Compared in upper case without spaces and punctuation.
_GEOGRAPHIC = {
    **dict.fromkeys(("CGCS2000", "CGCS2000地理", "2000国家大地坐标系", "国家2000", "大地2000"), 4490),
    **dict.fromkeys(("WGS84", "WGS1984"), 4326),
    **dict.fromkeys(("XIAN80", "XIAN1980", "西安80", "1980西安坐标系", "西安1980"), 4610),
    **dict.fromkeys(("BEIJING54", "BEIJING1954", "北京54", "1954年北京坐标系", "北京1954"), 4214),
}
_DISPLACED: dict[str, Displacement] = {
    **dict.fromkeys(("GCJ02", "火星坐标系", "火星坐标"), "GCJ-02"),
    **dict.fromkeys(("BD09", "BD09LL", "百度坐标系", "百度坐标"), "BD-09"),
}
# Datums that differ from WGS 84 by less than a metre (see the policy above), by the beginning of their registered name.
_MODERN = ("World Geodetic System 1984", "China 2000", "International Terrestrial Reference Frame", "ITRF")


@dataclass(frozen=True)
class UserCRS:
    """A CRS as declared by a user: what the numbers are, and whether they were displaced.

    Parameters
    ----------
    crs : pyproj.CRS
        Of the coordinates, once the displacement is undone.
    displacement : {"", "GCJ-02", "BD-09"}
        Obfuscation to undo first.
    """

    crs: CRS
    displacement: Displacement = ""

    def __str__(self) -> str:
        return self.displacement or name_of(self.crs)


def parse_crs(value: object, where: str = "crs") -> UserCRS:
    """The CRS that ``value`` names.

    Parameters
    ----------
    value : str, int or pyproj.CRS
        Anything pyproj takes (``"EPSG:4490"``, a PROJ string, WKT), the usual names ("CGCS2000", "Xian80", "北京54"), a
        zone ("CGCS2000 3度带 37", "CGCS2000 6度带 19", "CGCS2000 CM 111E"), or "GCJ-02" / "BD-09".
    where : str
        Named in the error.

    Raises
    ------
    CRSError
        If it names nothing, or a zone that China has not.
    """
    if isinstance(value, str):
        words = normalised(value)
        if words in _DISPLACED:
            return UserCRS(WGS84, _DISPLACED[words])
        code = _GEOGRAPHIC.get(words) or _zone_code(words, where, value)
        if code is not None:
            return UserCRS(CRS.from_epsg(code))
    try:
        crs = CRS.from_user_input(value)
    except ProjError as error:
        raise CRSError(Problem("crs.unknown", where, {"value": value})) from error
    # Areas need no heights, and with them two equal CRS would compare as different.
    return UserCRS(crs.to_2d())


def _zone_code(words: str, where: str, value: str) -> int | None:
    """EPSG code of a zone in words, which begin with the longest name of a datum that they can."""
    names = [name for name in _GEOGRAPHIC if words.startswith(name)]
    if not names:
        return None
    name = max(names, key=len)
    return zone_in_words(words[len(name) :], _GEOGRAPHIC[name], value, where)


def name_of(crs: CRS) -> str:
    """Short name: the EPSG code where there is one."""
    code = crs.to_epsg(min_confidence=100)  # a system that is merely alike must not be called by another's code
    return f"EPSG:{code}" if code else crs.name


def datum_name(crs: CRS) -> str:
    """Registered name of the datum, or "unknown"."""
    datum = crs.datum
    return datum.name if datum is not None else "unknown"


def same_datum(a: CRS, b: CRS) -> bool:
    """Whether coordinates may pass from ``a`` to ``b`` without a datum transformation (policy above)."""
    names = [datum_name(crs) for crs in (a, b)]
    if all(name.startswith(_MODERN) for name in names):
        return True
    if names[0] == names[1] and not names[0].lower().startswith("unknown"):
        return True
    # Two CRS whose datum is "unknown" do not share a datum for that, unless both have the same geographic CRS.
    bases = [crs.geodetic_crs for crs in (a, b)]
    return bases[0] is not None and bases[1] is not None and bases[0].to_2d().is_exact_same(bases[1].to_2d())


@cache
def transformer(crs_from: CRS, crs_to: CRS, shift: tuple[float, ...] = (), where: str = "crs") -> Transformer:
    """Transformation of x/y (always easting/longitude first) that never changes the datum on a guess.

    Parameters
    ----------
    crs_from, crs_to : pyproj.CRS
    shift : tuple of float
        Three or seven Helmert parameters from the datum of ``crs_from`` to WGS 84, where the datums differ.
    where : str
        Named in the error.

    Raises
    ------
    CRSError
        If the datums differ and ``shift`` is empty, or has another length than 3 or 7.
    """
    if shift and len(shift) not in (3, 7):
        raise CRSError(Problem("crs.shift_length", where, {"count": len(shift)}))
    if same_datum(crs_from, crs_to):
        return Transformer.from_crs(crs_from, crs_to, always_xy=True)
    if not shift:
        values = {"source": name_of(crs_from), "datum": datum_name(crs_from), "target": name_of(crs_to)}
        raise CRSError(Problem("crs.datum_unnamed", where, values))
    geodetic = crs_from.geodetic_crs
    if geodetic is None or not same_datum(crs_to, WGS84):
        raise CRSError(Problem("crs.shift_target", where, {"source": name_of(crs_from), "target": name_of(crs_to)}))
    helmert = ToWGS84Transformation(geodetic, *shift)
    bound = BoundCRS(source_crs=crs_from, target_crs=WGS84, transformation=helmert)
    # The seven parameters lead to WGS 84.  The datum of crs_to counts as the same, so only the projection is left.
    if crs_to.is_geographic:
        return Transformer.from_crs(bound, WGS84, always_xy=True)
    return Transformer.from_crs(bound, crs_to, always_xy=True)


def densify_to(
    geometries: Any,
    crs_from: CRS,
    crs_to: CRS,
    max_segment_deg: float = 0.02,
    *,
    shift: Sequence[float] = (),
    where: str = "crs",
) -> Geometries:
    """Reproject polygons along their true edges, neighbours staying neighbours.

    An edge that is straight in ``crs_from`` is a curve in ``crs_to``; before the transformation it is divided so that
    no piece is longer than ``max_segment_deg``.  Division points depend on the edge alone and not on its direction, so
    two polygons that share an edge share the new vertices to the last bit, and no sliver opens between them.

    Parameters
    ----------
    geometries : array-like of Polygon or MultiPolygon
    crs_from, crs_to : pyproj.CRS
    max_segment_deg : float
        Longest piece [degree]; taken along the equator where ``crs_from`` counts in metres.
    shift : sequence of float
        See :func:`transformer`.

    Returns
    -------
    ndarray of geometry
        Unchanged when the two systems have the same coordinates.
    """
    array = np.asarray(geometries, dtype=object)
    if _same_coordinates(crs_from, crs_to):
        return array
    step = transformer(crs_from, crs_to, tuple(shift), where)
    # Between two geographic CRS an edge that is straight in degrees stays straight, so that no vertices are added.
    if not (crs_from.is_geographic and crs_to.is_geographic):
        array = densify(array, max_segment_deg * _units_per_degree(crs_from))
    return np.asarray(shapely.transform(array, lambda xy: np.column_stack(step.transform(xy[:, 0], xy[:, 1]))))


def undisplaced(geometries: Any, displacement: Displacement) -> Geometries:
    """Geometries [degree] with GCJ-02 or BD-09 undone; the same where nothing was displaced."""
    array = np.asarray(geometries, dtype=object)
    if not displacement:
        return array
    undo = {"GCJ-02": gcj02_to_wgs84, "BD-09": bd09_to_wgs84}[displacement]
    return np.asarray(shapely.transform(array, lambda xy: np.column_stack(undo(xy[:, 0], xy[:, 1]))))


def _same_coordinates(a: CRS, b: CRS) -> bool:
    if a.is_exact_same(b):
        return True
    degrees = all(crs.is_geographic and _units_per_degree(crs) == 1.0 for crs in (a, b))
    return degrees and same_datum(a, b)


def _units_per_degree(crs: CRS) -> float:
    """Length of one degree (along the equator, for a projected CRS) in the CRS's own unit."""
    factor = crs.axis_info[0].unit_conversion_factor
    if crs.is_geographic:
        # Rounded: the factor of the degree is stored with fewer digits in some files.
        return round(math.radians(1.0) / factor, 9)
    ellipsoid = crs.ellipsoid
    assert ellipsoid is not None  # every projected CRS has one
    return math.radians(1.0) * ellipsoid.semi_major_metre / factor


def densify(geometries: Any, max_segment: float) -> Geometries:
    """Divide every edge of polygons into equal pieces no longer than ``max_segment``, the same in both directions.

    ``shapely.segmentize`` interpolates from the start of an edge, so that neighbours, who run along it in opposite
    directions, may differ in the last bit; here interpolation always starts at the smaller endpoint.
    """
    array = np.asarray(geometries, dtype=object)
    if not len(array):
        return array
    kind, xy, offsets = shapely.to_ragged_array(array, include_z=False)
    start, end = xy[:-1], xy[1:]
    last_of_ring = np.zeros(len(start), dtype=bool)
    last_of_ring[offsets[0][1:-1] - 1] = True  # the last vertex of a ring and the first of the next are no edge
    pieces = np.maximum(np.ceil(np.hypot(*(end - start).T) / max_segment).astype(np.int64), 1)
    pieces[last_of_ring] = 1
    first_of_edge = np.concatenate(([0], np.cumsum(pieces)))
    edge = np.repeat(np.arange(len(start)), pieces)
    step = np.arange(len(edge)) - first_of_edge[edge]
    swapped = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(swapped[:, None], end, start), np.where(swapped[:, None], start, end)
    part = np.where(swapped[edge], pieces[edge] - step, step) / pieces[edge]
    dense = np.where((step == 0)[:, None], start[edge], low[edge] + (high - low)[edge] * part[:, None])
    dense = np.vstack((dense, xy[-1:]))
    rings = first_of_edge[np.minimum(offsets[0], len(start))].copy()
    rings[-1] = len(dense)
    return np.asarray(shapely.from_ragged_array(kind, dense, (rings, *offsets[1:])))


def check_bounds(crs: CRS, bounds: Bounds, where: str, problems: Problems, eastings: Eastings | None = None) -> None:
    """Note coordinates that cannot be in ``crs``: out of range, x and y swapped, zone prefix missing or too many.

    Parameters
    ----------
    bounds : (xmin, ymin, xmax, ymax)
        In ``crs``.
    eastings : callable, optional
        Gives an easting of every feature, where the bounds alone do not tell.
    """
    if not np.isfinite(bounds).all():
        problems.add("crs.not_finite", where)
    elif crs.is_geographic:
        _check_degrees(bounds, where, problems)
    elif crs.is_projected and _are_degrees(bounds):
        problems.add("crs.degrees", where, bounds=shown(bounds), crs=name_of(crs), guess=name_of(CGCS2000))
    elif crs.is_projected:
        check_zone(crs, name_of(crs), bounds, eastings, where, problems)


def _are_degrees(bounds: Bounds) -> bool:
    """Whether coordinates are longitudes and latitudes of China: in metres they would be a field at the origin."""
    xmin, ymin, xmax, ymax = bounds
    return xmin >= 73 and xmax <= 136 and ymin >= 3 and ymax <= 54


def _check_degrees(bounds: Bounds, where: str, problems: Problems) -> None:
    xmin, ymin, xmax, ymax = bounds
    in_range = xmin >= -180 and xmax <= 180 and ymin >= -90 and ymax <= 90
    swapped_range = xmin >= -90 and xmax <= 90 and ymin >= -180 and ymax <= 180
    # China's longitudes begin at 73 E and its latitudes end at 54 N, so even its far west is recognised when swapped.
    swapped_china = xmin >= 3 and xmax <= 54 and ymin >= 73 and ymax <= 136
    if (not in_range and swapped_range) or swapped_china:
        problems.add("crs.swapped", where, bounds=shown(bounds))
    elif not in_range:
        problems.add("crs.not_degrees", where, bounds=shown(bounds), guess=suggest_crs(bounds))


def suggest_crs(bounds: Bounds) -> str:
    """A CRS that coordinates in ``bounds`` could be in, as a hint for a message; "?" when there is nothing to go by."""
    xmin, ymin, xmax, ymax = bounds
    if not np.isfinite(bounds).all():
        return "?"
    if xmin >= -180 and xmax <= 180 and ymin >= -90 and ymax <= 90:
        return name_of(CGCS2000)
    found = prefixes(bounds)
    return f"EPSG:{found[0].epsg(4490)}" if len(found) == 1 else "?"
