"""The plane in which polygons are measured and cut: cylindrical equal-area on the regions' own ellipsoid.

From longitude and latitude the projection is x = a lon, y = a q(lat) / 2 with the authalic function q.  Most polygons
are only measured: their vertices are summed without building a geometry, which is where the time would go.

References
----------
Snyder, J. P. (1987). Map projections: a working manual. USGS Professional Paper 1395, eqs. 3-12, 10-13 and 10-14.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import LambertCylindricalEqualAreaConversion

from sinks.geo.authalic import AuthalicEllipsoid
from sinks.geo.crs import densify_to, same_datum, transformer

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

LONGEST_EDGE_DEGREES = 0.01
"""Edges longer than this (some 1 km) are divided before they are projected: straight in their own CRS, they are not
quite straight in the plane. Below it the difference is some centimetres. [degree]"""

_SHORT_X, _SHORT_Y = 700.0, 390.0
"""An edge that spans less than this in the plane is surely no longer than that, up to 60 degrees of latitude. [m]"""


def equal_area_plane(crs: pyproj.CRS) -> pyproj.CRS:
    """The cylindrical equal-area CRS (EPSG method 9835) on the datum and ellipsoid of ``crs``."""
    return ProjectedCRS(LambertCylindricalEqualAreaConversion(), geodetic_crs=crs.geodetic_crs)


class Projector:
    """Takes polygons from their CRS into the equal-area plane.

    Parameters
    ----------
    crs : pyproj.CRS
        CRS of the polygons.
    plane : pyproj.CRS
        A plane from :func:`equal_area_plane`.
    where : str
        Named in the error when the datums differ and nobody said how.
    """

    def __init__(self, crs: pyproj.CRS, plane: pyproj.CRS, where: str = "crs") -> None:
        self._crs, self._plane, self._where = crs, plane, where
        self._transformer = transformer(crs, plane, where=where)
        # Degrees on an ellipsoid that is the plane's own may take the short way: anything else is a matter for PROJ.
        degrees = crs.is_geographic and crs.axis_info[0].unit_name == "degree"
        self._ellipsoid = AuthalicEllipsoid.of(plane) if degrees and same_datum(crs, plane) else None

    def vertices(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Coordinates in the plane. [m]"""
        if self._ellipsoid is None:
            return self._transformer.transform(x, y)
        a = self._ellipsoid.semi_major
        return a * np.radians(x), a / 2.0 * self._ellipsoid.q(np.radians(y))

    def reaches(self, polygons: Geometries) -> npt.NDArray[np.bool_]:
        """Whether the corners of each polygon's box have a place in the plane at all."""
        box = np.asarray(shapely.bounds(polygons), dtype=np.float64).reshape(len(polygons), 4)
        placed = np.ones(len(polygons), dtype=bool)
        for corner in (box[:, :2], box[:, 2:]):
            placed &= np.isfinite(np.column_stack(self.vertices(corner[:, 0], corner[:, 1]))).all(axis=1)
        return placed

    def geometries(self, geometries: Any) -> Geometries:
        """Two-dimensional copies of the polygons in the plane, edges that are long divided so that they stay true."""
        polygons = np.array(geometries, dtype=object)
        if not len(polygons):
            return polygons
        coordinates, owner = shapely.get_coordinates(polygons, return_index=True)
        x, y = self.vertices(coordinates[:, 0], coordinates[:, 1])
        # From one ring to the next there is no edge, but to divide a polygon without need does no harm.
        short = _edges_are_short(x, y, np.flatnonzero(np.diff(owner, prepend=-1)))
        planar = np.empty(len(polygons), dtype=object)
        planar[short] = shapely.set_coordinates(
            shapely.force_2d(polygons[short]), np.column_stack([x, y])[short[owner]]
        )
        planar[~short] = densify_to(polygons[~short], self._crs, self._plane, LONGEST_EDGE_DEGREES, where=self._where)
        return planar

    def measure(self, polygons: Geometries) -> tuple[Floats, Floats]:
        """True area [m2] and bounding box in the plane [m] of each polygon.

        Parameters
        ----------
        polygons : array of shapely.Polygon or MultiPolygon [n]
            Not empty.

        Returns
        -------
        float64[n], float64[n, 4]
        """
        area, bounds = np.empty(len(polygons)), np.empty((len(polygons), 4))
        # A Polygon without holes is one ring, its vertices lie together; the few others become geometries again.
        simple = (shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON) & (
            shapely.get_num_interior_rings(polygons) == 0
        )
        if simple.any():
            area[simple], bounds[simple], short = self._measure_rings(polygons[simple])
            simple[simple] = short
        if not simple.all():
            others = self.geometries(polygons[~simple])
            area[~simple], bounds[~simple] = shapely.area(others), shapely.bounds(others)
        return area, bounds

    def _measure_rings(self, polygons: Geometries) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
        """Area, box, and whether every edge is so short that it need not be divided."""
        coordinates, owner = shapely.get_coordinates(polygons, return_index=True)
        x, y = self.vertices(coordinates[:, 0], coordinates[:, 1])
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        bounds = np.column_stack(
            [
                np.minimum.reduceat(x, first),
                np.minimum.reduceat(y, first),
                np.maximum.reduceat(x, first),
                np.maximum.reduceat(y, first),
            ]
        )
        # Relative to a vertex of its own, or the shoelace sum of a one-hectare stand drowns in coordinates of 1e7 m.
        dx, dy = x - x[first][owner], y - y[first][owner]
        # The product from one ring's last vertex to the next ring's first is zero: both are their ring's origin.
        twice = np.zeros(len(x))
        np.subtract(dx[:-1] * dy[1:], dx[1:] * dy[:-1], out=twice[:-1])
        return np.abs(np.add.reduceat(twice, first)) / 2.0, bounds, _edges_are_short(x, y, first)


def _edges_are_short(x: Floats, y: Floats, first: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Whether all edges of each polygon, whose vertices begin at ``first``, are so short that none need be divided."""
    short = np.ones(len(x), dtype=bool)
    short[1:] = (np.abs(np.diff(x)) < _SHORT_X) & (np.abs(np.diff(y)) < _SHORT_Y)
    short[first] = True
    return np.logical_and.reduceat(short, first)
