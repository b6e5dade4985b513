"""Cut polygons by regions: exact areas, at a cost that only the polygons on a border pay.

A sub-compartment is small beside a banner, so nearly all of them touch no region boundary.  A coarse map of cells says
so from the bounding box alone, and names their region; such a polygon is measured and never becomes a geometry again.
Only polygons that a boundary segment really crosses are intersected, and then with a local piece of the region instead
of its whole outline.

All geometry is taken into the cylindrical equal-area plane of the regions' ellipsoid, long edges divided first so that
they stay what they are in their own CRS.  Planar areas there are true ellipsoidal areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from sinks.errors import LayerError, Problem
from sinks.layers.stands.equal_area import Geometries, Projector, equal_area_plane
from sinks.layers.stands.partition import CellMap, Tiles, edges

M2_PER_HA = 10_000.0

ROUNDING = 1e-9
"""Share of a stand's area below which a piece or a remainder is rounding of the overlay and not land."""

_CHUNK = 32_768
"""Stands measured at a time: their vertices fit a processor's cache, and memory does not grow with the batch."""


@dataclass(frozen=True)
class Pieces:
    """Parts of stands, each within one region.

    Attributes
    ----------
    stand : int64[n]
        Index of the stand in the array that was cut, ascending.
    region : int32[n]
        Index of the region's row in the units.
    area_ha : float64[n]
        True (ellipsoidal) area of the part. [ha]
    stand_area_ha : float64[stands]
        True area of each whole stand. [ha]
    outside_ha : float64[stands]
        Area of each stand that lies in no region; exactly zero where there is none. [ha]
    bounds : float64[stands, 4]
        Box of each stand in the equal-area plane. [m]
    """

    stand: npt.NDArray[np.int64]
    region: npt.NDArray[np.int32]
    area_ha: npt.NDArray[np.float64]
    stand_area_ha: npt.NDArray[np.float64]
    outside_ha: npt.NDArray[np.float64]
    bounds: npt.NDArray[np.float64]


def cut(geometries: Any, crs: Any, units: gpd.GeoDataFrame) -> Pieces:
    """Cut polygons by region units once; to cut several batches, keep a :class:`Cutter`.

    Parameters
    ----------
    geometries : array of shapely.Polygon or MultiPolygon [stands]
        Valid polygons.
    crs : any CRS that pyproj understands
        CRS of ``geometries``.
    units : GeoDataFrame [code, geometry]
        Regions that do not overlap, with a CRS.

    Returns
    -------
    Pieces
        For each stand, its pieces and ``outside_ha`` add up to ``stand_area_ha``.
    """
    return Cutter(units).cut(geometries, crs)


class Cutter:
    """Region units prepared for cutting; keep one per thread (prepared geometries are not to be shared: libgeos 825).

    Parameters
    ----------
    units : GeoDataFrame [code, geometry]
        Regions that do not overlap, with a CRS. A piece's ``region`` is a row number of this frame.
    """

    def __init__(self, units: gpd.GeoDataFrame) -> None:
        self.codes: list[str] = [str(code) for code in units["code"]]
        self._crs = pyproj.CRS.from_user_input(units.crs)
        self.plane = equal_area_plane(self._crs)
        self._regions = Projector(self._crs, self.plane).geometries(units.geometry.array)
        shapely.prepare(self._regions)
        boundary = edges(self._regions)
        self._region_tree = shapely.STRtree(self._regions)
        self._edge_tree = shapely.STRtree(np.asarray(shapely.linestrings(boundary), dtype=object))
        self._cells = CellMap(boundary, self._regions)
        self._tiles = Tiles(self._regions)
        self._local: dict[tuple[int, int, int], tuple[npt.NDArray[np.intp], Geometries]] = {}

    @property
    def area_ha(self) -> npt.NDArray[np.float64]:
        """True area of each unit. [ha]"""
        return np.asarray(shapely.area(self._regions)) / M2_PER_HA

    def cut(self, geometries: Any, crs: Any) -> Pieces:
        """Cut one batch; see :func:`cut`."""
        return self.cut_projected(geometries, Projector(pyproj.CRS.from_user_input(crs), self.plane))

    def cut_projected(
        self, geometries: Any, projector: Projector, size_m2: npt.NDArray[np.float64] | None = None
    ) -> Pieces:
        """Cut one batch that ``projector`` takes into :attr:`plane`; see :func:`cut`.

        ``size_m2`` is the area of which :data:`ROUNDING` is a share, where that is not the area of the polygon: a
        sliver is as finely drawn as the stand that it is of.
        """
        stands = np.asarray(geometries, dtype=object)
        areas, bounds = np.empty(len(stands)), np.empty((len(stands), 4))
        region = np.empty(len(stands), dtype=np.int64)
        border: list[npt.NDArray[np.intp]] = []
        found: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], npt.NDArray[np.float64]]] = []
        for start in range(0, len(stands), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            areas[chunk], bounds[chunk] = projector.measure(stands[chunk])
            region[chunk] = self._cells.region_of(bounds[chunk])
            doubtful = start + np.flatnonzero(region[chunk] == CellMap.UNDECIDED)
            planar = projector.geometries(stands[doubtful])
            # The parts of a MultiPolygon may lie in different regions without any boundary crossing one of them.
            crossed = np.asarray(shapely.get_num_geometries(planar) > 1)
            crossed[self._edge_tree.query(planar, predicate="intersects")[0]] = True
            region[doubtful[~crossed]] = self._locate(planar[~crossed])
            border.append(doubtful[crossed])
            size = None if size_m2 is None else size_m2[doubtful[crossed]]
            found.append(self._overlay(planar[crossed], doubtful[crossed], size))
        return self._assemble(areas, areas if size_m2 is None else size_m2, bounds, region, border, found)

    def _locate(self, planar: Geometries) -> npt.NDArray[np.int64]:
        """Region of each stand that no boundary crosses, from its first vertex; ``CellMap.OUTSIDE`` for none."""
        coordinates, owner = shapely.get_coordinates(planar, return_index=True)
        first = np.searchsorted(owner, np.arange(len(planar)))
        return self._cells.locate(coordinates[first])

    def _overlay(
        self, planar: Geometries, stand: npt.NDArray[np.intp], size: npt.NDArray[np.float64] | None
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """(stand, region, area in m2) of border stands, each intersected with what the regions have near it."""
        left: list[npt.NDArray[np.intp]] = [np.empty(0, np.intp)]
        regions: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
        pieces: list[Geometries] = [np.empty(0, object)]
        for key, members in self._tiles.groups(shapely.bounds(planar)):
            near, local = self._pieces(key)
            left.append(np.repeat(members, len(near)))
            regions.append(np.tile(near, len(members)))
            pieces.append(np.tile(local, len(members)))
        row = np.concatenate(left)
        area = np.asarray(shapely.area(shapely.intersection(planar[row], np.concatenate(pieces))), dtype=np.float64)
        # Less than this is where two roundings of one edge differ, and no land.
        kept = area > ROUNDING * (shapely.area(planar) if size is None else size)[row]
        return stand[row[kept]], np.concatenate(regions)[kept], area[kept]

    def _pieces(self, key: tuple[int, int, int]) -> tuple[npt.NDArray[np.intp], Geometries]:
        """Regions that reach the tile, and what each has there; kept, since a file need not be in spatial order."""
        if key not in self._local:
            box = self._tiles.box(key)
            near = np.sort(self._region_tree.query(box, predicate="intersects"))
            self._local[key] = near, np.asarray(shapely.intersection(self._regions[near], box), dtype=object)
        return self._local[key]

    def _assemble(
        self,
        areas: npt.NDArray[np.float64],
        size: npt.NDArray[np.float64],
        bounds: npt.NDArray[np.float64],
        region: npt.NDArray[np.int64],
        border: list[npt.NDArray[np.intp]],
        found: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], npt.NDArray[np.float64]]],
    ) -> Pieces:
        """Whole and cut stands in one table, and what is left of each stand outside the regions."""
        crossed = np.concatenate([*border, np.empty(0, np.intp)])
        whole = np.ones(len(areas), dtype=bool)
        whole[crossed] = False
        inside = np.flatnonzero(whole & (region >= 0))
        stand = np.concatenate([inside, *(part[0] for part in found)])
        piece_region = np.concatenate([region[inside], *(part[1] for part in found)])
        piece_area = np.concatenate([areas[inside], *(part[2] for part in found)])
        outside = areas - np.bincount(stand, piece_area, minlength=len(areas))
        _check_partition(outside, size)
        outside[np.abs(outside) <= ROUNDING * size] = 0.0
        order = np.lexsort((piece_region, stand))
        return Pieces(
            stand=stand[order].astype(np.int64),
            region=piece_region[order].astype(np.int32),
            area_ha=piece_area[order] / M2_PER_HA,
            stand_area_ha=areas / M2_PER_HA,
            outside_ha=outside / M2_PER_HA,
            bounds=bounds,
        )


def _check_partition(outside: npt.NDArray[np.float64], areas: npt.NDArray[np.float64]) -> None:
    """Pieces that exceed their stand mean that the regions overlap there."""
    excess = -outside[outside < -ROUNDING * areas]
    if len(excess):
        values = {"count": len(excess), "area": f"{excess.sum() / M2_PER_HA:.4f}"}
        raise LayerError(Problem("vector.units_overlap", "regions", values))
