"""Checks of polygons that are to partition a territory: sound geometry, no overlap, no gap, levels that nest.

Every finding names the regions, the size in hectares and the place, so that it can be found in a GIS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from sinks.errors import Problem, Problems
from sinks.geo.polygon_area import polygon_areas

OVERLAP_M2 = 1.0
"""Overlaps and gaps up to this size are rounding of coordinates, not a fault of the map."""
OVERLAP_RELATIVE = 1e-9
"""... or up to this part of the smaller polygon."""
NESTING_RELATIVE = 1e-4
"""How far the children's area may be from the parent's: 0.01 %."""
MAX_LISTED = 20
"""Findings of one kind that are listed one by one; the rest is counted."""

M2_PER_HA = 1e4

Geometries = npt.NDArray[Any]
POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def check_shapes(
    geometries: Geometries,
    labels: Sequence[str],
    where: str,
    problems: Problems,
    faults: Mapping[int, str] | None = None,
) -> npt.NDArray[np.bool_]:
    """Note null, empty, non-polygonal and invalid geometry, each kind once; returns which ones are sound.

    ``faults`` says why shapes that are missing could not be built, by position.
    """
    broken = np.zeros(len(geometries), dtype=bool)
    broken[list(faults or ())] = True
    missing, empty = shapely.is_missing(geometries) & ~broken, shapely.is_empty(geometries)
    kinds = shapely.get_type_id(geometries)
    polygonal = np.isin(kinds, POLYGONAL)
    wrong = ~missing & ~broken & ~polygonal
    if wrong.all() and len(wrong):
        # A whole layer of points or lines is reported as one mistake, and not feature by feature.
        found = sorted({shapely.GeometryType(k).name.title() for k in kinds})
        problems.add("regions.not_polygons", where, found=found, count=len(wrong))
        return np.zeros(len(geometries), dtype=bool)
    candidates = polygonal & ~empty
    valid = shapely.is_valid(geometries)
    reasons = {i: shapely.is_valid_reason(geometries[i]) for i in _where(candidates & ~valid)}
    kinds_of = {i: geometries[i].geom_type for i in _where(wrong)}
    for id, listed in (
        ("regions.broken", dict(faults or {})),
        ("regions.null_geometry", dict.fromkeys(_where(missing), "")),
        ("regions.empty_geometry", dict.fromkeys(_where(empty & polygonal), "")),
        ("regions.not_polygon", kinds_of),
        ("regions.invalid", reasons),
    ):
        if listed:
            shown = [f"{labels[i]}: {why}" if why else labels[i] for i, why in sorted(listed.items())[:MAX_LISTED]]
            shown += ["…"] if len(listed) > MAX_LISTED else []
            problems.add(id, where, count=len(listed), regions=shown)
    return np.asarray(candidates & valid)


def repaired(geometries: Geometries, labels: Sequence[str], crs: CRS, where: str) -> tuple[Geometries, list[Problem]]:
    """Invalid polygons made valid, and a note on each with the area that this changed."""
    result, notes = geometries.copy(), []
    polygonal = np.isin(shapely.get_type_id(geometries), POLYGONAL)
    for i in _where(polygonal & ~shapely.is_valid(geometries)):
        fixed = shapely.make_valid(geometries[i])
        parts = shapely.get_parts(shapely.get_parts(fixed))
        areal = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        # Lines and points that fall off have no area; what is left of a bow tie are its polygons.
        result[i] = shapely.union_all(areal) if len(areal) else shapely.Polygon()
        before, after = polygon_areas(np.array([geometries[i], result[i]], dtype=object), crs) / M2_PER_HA
        reason = shapely.is_valid_reason(geometries[i])
        values = {"region": labels[i], "reason": reason, "before": f"{before:.4f}", "after": f"{after:.4f}"}
        notes.append(Problem("regions.repaired", where, values))
    return result, notes


def overlaps(geometries: Geometries, crs: CRS) -> list[tuple[int, int, float, shapely.Point]]:
    """Pairs of valid polygons that overlap, with the area [m2] and a point inside the overlap.

    In every overlapping pair at least one polygon has an edge that does not match its neighbours' (of a polygon inside
    another only the inner one is marked); the marked ones are tried against all.
    """
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(geometries)))
    if not len(suspects):
        return []
    which, other = shapely.STRtree(geometries).query(geometries[suspects], predicate="intersects")
    pairs = np.sort(np.column_stack((suspects[which], other)), axis=1)
    left, right = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0).T
    common = shapely.intersection(geometries[left], geometries[right])
    areal = shapely.area(common) > 0
    left, right, common = left[areal], right[areal], common[areal]
    # The intersection also holds lines, where borders merely touch; only its polygons overlap.
    common = np.array([_areal(shape) for shape in common], dtype=object)
    areas = polygon_areas(common, crs)
    whole = polygon_areas(geometries, crs)
    real = (areas > OVERLAP_M2) & (areas > OVERLAP_RELATIVE * np.minimum(whole[left], whole[right]))
    order = np.flatnonzero(real)[np.argsort(-areas[real], kind="stable")]
    return [(int(left[k]), int(right[k]), float(areas[k]), shapely.point_on_surface(common[k])) for k in order]


def gaps(geometries: Geometries, crs: CRS) -> list[tuple[float, shapely.Point]]:
    """Holes inside the union of valid polygons, with the area [m2] and a point inside, largest first."""
    union = shapely.union_all(geometries)
    holes = np.array(
        [shapely.Polygon(ring) for part in shapely.get_parts(union) for ring in part.interiors], dtype=object
    )
    if not len(holes):
        return []
    areas = polygon_areas(holes, crs)
    order = [k for k in np.argsort(-areas, kind="stable") if areas[k] > OVERLAP_M2]
    return [(float(areas[k]), shapely.point_on_surface(holes[k])) for k in order]


def _where(mask: npt.NDArray[np.bool_]) -> list[int]:
    return [int(i) for i in np.flatnonzero(mask)]


def _areal(shape: shapely.Geometry) -> shapely.Geometry:
    if shapely.get_type_id(shape) in POLYGONAL:
        return shape
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]))


def check_overlaps(geometries: Geometries, labels: Sequence[str], crs: CRS, where: str, problems: Problems) -> None:
    """Note every pair that overlaps, the largest first."""
    found = overlaps(geometries, crs)
    for i, j, area, place in found[:MAX_LISTED]:
        problems.add(
            "regions.overlap", where, first=labels[i], second=labels[j], area=hectares(area), place=point(place)
        )
    if len(found) > MAX_LISTED:
        rest = found[MAX_LISTED:]
        problems.add(
            "regions.more_overlaps", where, count=len(rest), area=hectares(sum(area for _, _, area, _ in rest))
        )


def gap_findings(geometries: Geometries, crs: CRS, where: str) -> list[Problem]:
    """A finding for every gap, the largest first; the caller decides whether gaps may stand."""
    found = gaps(geometries, crs)
    findings = [
        Problem("regions.gap", where, {"area": hectares(area), "place": point(place)})
        for area, place in found[:MAX_LISTED]
    ]
    if len(found) > MAX_LISTED:
        rest = found[MAX_LISTED:]
        values = {"count": len(rest), "area": hectares(sum(area for area, _ in rest))}
        findings.append(Problem("regions.more_gaps", where, values))
    return findings


def hectares(area_m2: float) -> str:
    """An area as people read it: enough digits for a sliver, thousands separated for a league."""
    ha = area_m2 / M2_PER_HA
    return f"{ha:,.0f}" if ha >= 100 else f"{ha:.4g}"


def point(place: shapely.Point) -> str:
    """A place as x, y."""
    digits = 4 if abs(place.x) <= 180 and abs(place.y) <= 90 else 0
    return f"{place.x:.{digits}f}, {place.y:.{digits}f}"
