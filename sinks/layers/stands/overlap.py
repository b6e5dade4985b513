"""Stands that lie upon each other: land that would be counted twice.

The features are read again, tile by tile, so that only some of them are in memory; a pair is looked at in the tile that
holds the lower left corner of what their boxes share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from sinks.layers.stands.checks import GeometryCheck
from sinks.layers.stands.cut import M2_PER_HA
from sinks.layers.stands.equal_area import Floats, Geometries, Projector
from sinks.layers.stands.vector import VectorInfo, VectorLayer, read_batches

_TILE_FEATURES = 250_000
"""Features held at a time."""

_SLIVER_M2 = 1.0
"""Pairs that share less are slivers of the drawing and not listed; their area is counted all the same. [m2]"""

_SHOWN = 10


@dataclass(frozen=True)
class Overlaps:
    """Land that stands share: its area, the number of pairs beyond slivers, and the largest of them by feature id."""

    area_ha: float
    pairs: int
    largest: tuple[str, ...]


def find_overlaps(layer: VectorLayer, info: VectorInfo, projector: Projector, bounds: Floats) -> Overlaps:
    """Find all pairs of stands that share land.

    Parameters
    ----------
    layer, info
        The layer, inspected and already read once without errors of geometry.
    projector : Projector
        From the layer's CRS into the plane.
    bounds : float64[n, 4]
        Boxes of all usable stands in the plane, in the order of the file. [m]
    """
    area, first, second = [], [], []
    for tile in tiles_of(bounds, np.array([-np.inf, -np.inf, np.inf, np.inf])):
        fid, stands = read_stands(layer, info, projector, bounds, tile)
        left, right, shared = pairs_that_overlap(stands, tile)
        area.append(shared)
        first.append(fid[left])
        second.append(fid[right])
    areas, left, right = np.concatenate(area), np.concatenate(first), np.concatenate(second)
    order = np.argsort(-areas, kind="stable")[:_SHOWN]
    shown = [f"{left[i]}–{right[i]} ({areas[i] / M2_PER_HA:.4f} ha)" for i in order if areas[i] >= _SLIVER_M2]
    return Overlaps(float(areas.sum()) / M2_PER_HA, int((areas >= _SLIVER_M2).sum()), tuple(shown))


def tiles_of(bounds: Floats, tile: Floats) -> Iterator[Floats]:
    """Split a box at the median of the stands' centres, one way and the other, until few enough are left."""
    if len(bounds) <= _TILE_FEATURES:
        yield tile
        return
    centre = (bounds[:, :2] + bounds[:, 2:]) / 2.0
    axis = int(np.argmax(np.ptp(centre, axis=0)))
    middle = float(np.median(centre[:, axis]))
    low = bounds[:, axis] < middle
    lower, upper = tile.copy(), tile.copy()
    lower[axis + 2] = upper[axis] = middle
    # Stands on top of each other cannot be told apart by splitting: they are read together, however many they are.
    if low.all() or not low.any():
        yield tile
        return
    yield from tiles_of(bounds[low], lower)
    yield from tiles_of(bounds[~low], upper)


def read_stands(
    layer: VectorLayer, info: VectorInfo, projector: Projector, bounds: Floats, tile: Floats
) -> tuple[npt.NDArray[np.int64], Geometries]:
    """The stands whose box meets the tile, in the plane."""
    near = (bounds[:, 0] < tile[2]) & (bounds[:, 2] >= tile[0]) & (bounds[:, 1] < tile[3]) & (bounds[:, 3] >= tile[1])
    fids, found, start = [np.empty(0, np.int64)], [np.empty(0, object)], 0
    for batch in read_batches(layer, info, []):
        usable, geometry = GeometryCheck(layer.repair).usable(batch.fid, batch.geometry, batch.faults)
        here = near[start : start + len(geometry)]
        start += len(geometry)
        fids.append(batch.fid[usable][here])
        found.append(projector.geometries(geometry[here]))
    return np.concatenate(fids), np.concatenate(found)


def pairs_that_overlap(
    stands: Geometries, tile: Floats | None = None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """Pairs (once each, in order) that share land, with the area [m2]; of a tile, those that belong to it."""
    # Neighbours that run along the very same edge share nothing: only stands with some other edge need a closer look.
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(stands)))
    near, other = shapely.STRtree(stands).query(stands[suspects], predicate="intersects")
    # One stand inside another is a suspect alone, two that cross are suspects both: a pair may turn up twice.
    ends = np.unique(np.sort(np.column_stack([suspects[near], other]), axis=1), axis=0)
    left, right = ends[ends[:, 0] != ends[:, 1]].T
    if tile is not None:
        box = shapely.bounds(stands)
        corner = np.maximum(box[left, :2], box[right, :2])
        mine = np.all((corner >= tile[:2]) & (corner < tile[2:]), axis=1)
        left, right = left[mine], right[mine]
    shared = np.asarray(shapely.area(shapely.intersection(stands[left], stands[right])), dtype=np.float64)
    return left[shared > 0.0], right[shared > 0.0], shared[shared > 0.0]
