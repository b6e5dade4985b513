"""Two surveys laid upon each other: which stand of the one shares how much land with which of the other.

Between two surveys boundaries move: stands are divided, joined and drawn anew.  What changed on the land is known only
where both surveys have it, piece by piece.  A stand whose outline is the same in both is one piece and needs no
geometry; the others are intersected in the equal-area plane, and what is left of each was seen by one survey only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sinks.layers.stands.cut import ROUNDING, Cutter
from sinks.layers.stands.equal_area import Floats, Geometries, Projector
from sinks.layers.stands.overlap import pairs_that_overlap, read_stands, tiles_of
from sinks.layers.stands.vector import VectorInfo, VectorLayer

SLIVER_WIDTH = 10.0
"""Pieces narrower than this are named as slivers: it is the cell of the finest land cover that is read here, so that no
map would show them either. They count like all land, for a boundary may really have moved by so much. [m]"""

_BATCH = 100_000
"""Pairs intersected at a time."""

Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Survey:
    """A survey that was read, as far as it takes to read its outlines again.

    Attributes
    ----------
    layer, info
        Inspected, and read once without errors of geometry.
    cutter : Cutter
        Of the regions that it was cut by.
    projector : Projector
        From the layer's CRS into the plane of the cutter.
    bounds : float64[n, 4]
        Boxes of all stands that can be measured, in the order of the file. [m]
    """

    layer: VectorLayer
    info: VectorInfo
    cutter: Cutter
    projector: Projector
    bounds: Floats


def overlay(first: Survey, last: Survey) -> pd.DataFrame:
    """The land that two surveys share.

    Parameters
    ----------
    first, last : Survey
        Of two dates, cut by the same regions.

    Returns
    -------
    DataFrame
        One row for each piece within a region: ``first``, ``last`` (feature ids), ``region`` (row of the units),
        ``area_ha`` (ellipsoidal), ``width`` (mean width of the piece [m]; NaN for a stand with the same outline in
        both).  Land on which stands of one survey overlap belongs to the first of them.
    """
    parts = [_nothing()]
    for tile in tiles_of(first.bounds, np.array([-np.inf, -np.inf, np.inf, np.inf])):
        fid, stands = read_stands(first.layer, first.info, first.projector, first.bounds, tile)
        if len(stands):
            corner = shapely.bounds(stands)[:, :2]
            own = np.all((corner >= tile[:2]) & (corner < tile[2:]), axis=1)
            reach = np.asarray(shapely.total_bounds(stands), dtype=np.float64)
            others = read_stands(last.layer, last.info, last.projector, last.bounds, reach)
            parts += [part[part["first"].isin(fid[own])] for part in _shared(first.cutter, fid, stands, *others)]
    filled = [part for part in parts if len(part)] or parts
    return pd.concat(filled, ignore_index=True)


def _nothing() -> pd.DataFrame:
    kinds = {"first": "int64", "last": "int64", "region": "int64", "area_ha": "float64", "width": "float64"}
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})


def _shared(
    cutter: Cutter, fid: npt.NDArray[np.int64], stands: Geometries, other_fid: npt.NDArray[np.int64], others: Geometries
) -> list[pd.DataFrame]:
    """Pieces of the stands that reach into a tile."""
    left, right = _same_outline(stands, others)
    same = _pieces(cutter, fid[left], other_fid[right], stands[left], shapely.area(stands[left]))
    moved, met = np.ones(len(stands), dtype=bool), np.ones(len(others), dtype=bool)
    moved[left], met[right] = False, False
    fid, stands = fid[moved], _disjoint(stands[moved])
    other_fid, others = other_fid[met], _disjoint(others[met])
    near, other = shapely.STRtree(others).query(stands, predicate="intersects")
    found = [same.assign(width=np.nan)]
    for start in range(0, len(near), _BATCH):
        a, b = near[start : start + _BATCH], other[start : start + _BATCH]
        shared = _areal(shapely.intersection(stands[a], others[b]))
        size = np.minimum(shapely.area(stands[a]), shapely.area(others[b]))
        # Less than this is where two roundings of one edge differ, and no land.
        land = shapely.area(shared) > ROUNDING * size
        found.append(_pieces(cutter, fid[a[land]], other_fid[b[land]], shared[land], size[land]))
    return found


def _same_outline(stands: Geometries, others: Geometries) -> tuple[Places, Places]:
    """Pairs that have the very same outline, each stand in one of them at most."""
    columns = {"left": shapely.to_wkb(shapely.normalize(stands)), "right": shapely.to_wkb(shapely.normalize(others))}
    one, two = (
        pd.DataFrame({"outline": outlines, name: np.arange(len(outlines))}).drop_duplicates("outline")
        for name, outlines in columns.items()
    )
    both = one.merge(two, on="outline")
    return both["left"].to_numpy(np.intp), both["right"].to_numpy(np.intp)


def _disjoint(stands: Geometries) -> Geometries:
    """The stands, each without what those before it have: land counted twice is common to both dates once only."""
    if not len(stands):
        return stands
    left, right, _ = pairs_that_overlap(stands)
    made = stands.copy()
    for later in np.unique(right):
        made[later] = shapely.difference(stands[later], shapely.union_all(stands[left[right == later]]))
    return _areal(made)


def _areal(geometries: Geometries) -> Geometries:
    """The polygons of each geometry: where outlines touch, an intersection has points and lines too."""
    made = np.array(geometries, dtype=object)
    mixed = np.flatnonzero(shapely.get_type_id(made) == shapely.GeometryType.GEOMETRYCOLLECTION)
    if len(mixed):
        parts, owner = shapely.get_parts(made[mixed], return_index=True)
        polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        made[mixed] = shapely.multipolygons(parts[polygon], indices=owner[polygon], out=_empty(len(mixed)))
    return made


def _empty(n: int) -> Geometries:
    return np.array([shapely.MultiPolygon()] * n, dtype=object)


def _pieces(
    cutter: Cutter, first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], shared: Geometries, size_m2: Floats
) -> pd.DataFrame:
    """Shared land cut by regions; what lies in none of them is left out.  ``size_m2`` is the area of the stands."""
    if not len(shared):
        return _nothing()
    pieces = cutter.cut_projected(shared, Projector(cutter.plane, cutter.plane), size_m2)
    width = 2e4 * pieces.stand_area_ha / shapely.length(shared)
    columns = {"first": first[pieces.stand], "last": last[pieces.stand], "region": pieces.region.astype(np.int64)}
    return pd.DataFrame({**columns, "area_ha": pieces.area_ha, "width": width[pieces.stand]})
