"""True areas of polygons on the ellipsoid.

An edge is the straight line between its vertices in longitude and latitude, as in every GIS file and as the grid cells
that it cuts; not the geodesic, which would bulge from a 100 km parallel by more than a square kilometre.  The area
between an edge and the equator is ``a**2 / 2`` times the integral of the authalic function q along it, which a
five-point Gauss-Legendre rule gives to rounding error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from sinks.geo.authalic import AuthalicEllipsoid
from sinks.geo.crs import densify_to

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


def polygon_areas(geometries: Any, crs: CRS) -> npt.NDArray[np.float64]:
    """Ellipsoidal areas [m2] of polygons or multipolygons.

    Parameters
    ----------
    geometries : array-like of Polygon or MultiPolygon, shape (n,)
    crs : pyproj.CRS
        Geographic or projected; the area is on its own ellipsoid.

    Returns
    -------
    ndarray, shape (n,)
        Empty geometries have area 0.
    """
    array = np.asarray(geometries, dtype=object)
    areas = np.zeros(len(array))
    solid = np.flatnonzero(~(shapely.is_missing(array) | shapely.is_empty(array)))
    if not len(solid):
        return areas
    geodetic = crs.geodetic_crs
    assert geodetic is not None  # true of every geographic and projected CRS
    lonlat = array[solid] if crs.is_geographic else densify_to(array[solid], crs, geodetic.to_2d())
    unit = crs.axis_info[0].unit_conversion_factor if crs.is_geographic else np.radians(1.0)
    areas[solid] = _areas(lonlat, unit, AuthalicEllipsoid.of(crs))
    return areas


def _areas(array: npt.NDArray[Any], radians: float, ellipsoid: AuthalicEllipsoid) -> npt.NDArray[np.float64]:
    kind, degrees, offsets = shapely.to_ragged_array(array, include_z=False)
    lon, lat = (degrees * radians).T
    middle, half = (lat[1:] + lat[:-1]) / 2, (lat[1:] - lat[:-1]) / 2
    mean_q = sum(w / 2 * ellipsoid.q(middle + half * node) for node, w in zip(_NODES, _WEIGHTS, strict=True))
    strips = np.append(np.diff(lon) * mean_q, 0.0)
    ring_offsets, polygon_offsets = offsets[0], offsets[1]
    # All rings stand in one array: the step from the end of one ring to the start of the next is no edge.
    strips[ring_offsets[1:] - 1] = 0.0
    rings = np.abs(np.add.reduceat(strips, ring_offsets[:-1]))
    # The first ring of a polygon is its shell, the others are holes.
    rings *= np.where(np.isin(np.arange(len(rings)), polygon_offsets[:-1]), 1.0, -1.0)
    polygons = np.add.reduceat(rings, polygon_offsets[:-1])
    if kind == shapely.GeometryType.MULTIPOLYGON:
        polygons = np.add.reduceat(polygons, offsets[2][:-1])
    return np.asarray(polygons * ellipsoid.semi_major**2 / 2)
