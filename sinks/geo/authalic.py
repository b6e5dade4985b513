"""True areas through the authalic function of an ellipsoid.

With the authalic function q of the latitude (Snyder 1987, eq. 3-12) the element of area of an ellipsoid with semi-major
axis a is exactly ``a**2 / 2 * dq * dlon``: (lon, q) are equal-area coordinates.  Geographic grids use that directly.
For projected grids the same identity gives the ground area of a piece of map whatever the projection, without trusting
it to be equal-area, and also where PROJ's own scale factors belong to a sphere (EPSG:3857).

References
----------
Snyder, J. P. (1987). Map projections: a working manual. USGS Professional Paper 1395, p. 16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

Floats = NDArray[np.float64]

_CELL_ERROR = 1e-6  # relative; a group of columns shares one area only while no cell in it is further off than this
_WIDEST_GROUP = 64  # columns
_LATTICE_METRES = 50_000.0  # cubic interpolation over this distance is good to about 1e-8 of the area
_STENCIL_METRES = 5_000.0  # step of the numerical derivative: rounding and truncation are then both below 1e-10
_SAME_AREA = 1e-8  # relative; areas that differ by less do not differ


@dataclass(frozen=True)
class AuthalicEllipsoid:
    """An ellipsoid, known by its areas.

    Parameters
    ----------
    semi_major : float
        Semi-major axis [m].
    eccentricity2 : float
        Square of the eccentricity [1]; 0 is a sphere.
    """

    semi_major: float
    eccentricity2: float

    @classmethod
    def of(cls, crs: CRS) -> AuthalicEllipsoid:
        """The ellipsoid that a geographic or projected CRS stands on."""
        ellipsoid = crs.ellipsoid
        if ellipsoid is None:
            raise ValueError(f"{crs.name} has no ellipsoid: neither geographic nor projected")
        ratio = ellipsoid.semi_minor_metre / ellipsoid.semi_major_metre
        return cls(ellipsoid.semi_major_metre, 1.0 - ratio * ratio)

    def q(self, latitude: ArrayLike) -> Floats:
        """The authalic function [1] of geodetic latitudes [rad]: ``a**2 / 2 * dq * dlon`` is an exact area."""
        sine = np.sin(np.asarray(latitude, np.float64))
        e2 = self.eccentricity2
        if e2 == 0.0:
            return np.asarray(2.0 * sine)
        e = math.sqrt(e2)
        # -1/(2e) ln((1 - e s) / (1 + e s)) is atanh(e s) / e, without cancellation near the equator.
        return np.asarray((1.0 - e2) * (sine / (1.0 - e2 * sine**2) + np.arctanh(e * sine) / e))

    def q_slope(self, latitude: ArrayLike) -> Floats:
        """dq / dlatitude [1/rad] at geodetic latitudes [rad]."""
        latitude = np.asarray(latitude, np.float64)
        e2 = self.eccentricity2
        return np.asarray(2.0 * (1.0 - e2) * np.cos(latitude) / (1.0 - e2 * np.sin(latitude) ** 2) ** 2)

    @property
    def q_pole(self) -> float:
        """q at the north pole; the whole surface is ``2 pi a**2 q_pole``."""
        return float(self.q(math.pi / 2))


@dataclass(frozen=True)
class AreaLattice:
    """Ground area per unit of map area [m2 per squared unit of the CRS] on nodes spread evenly over a grid.

    Nodes depend on the grid and not on the block asked for; between them the area is interpolated cubically.
    """

    values: Floats  # (row nodes, column nodes)
    width: int
    height: int
    unit: float

    @classmethod
    @lru_cache(maxsize=8)  # check, pass and painting ask for the same grid
    def of(cls, crs: CRS, transform: Affine, width: int, height: int) -> AreaLattice:
        """The lattice of a north-up grid in a projected CRS; values are not finite outside the projection."""
        unit = crs.axis_info[0].unit_conversion_factor
        rows = transform.f + transform.e * _nodes(height, -transform.e * unit)
        columns = transform.c + transform.a * _nodes(width, transform.a * unit)
        map_areas = _MapAreas(crs, AuthalicEllipsoid.of(crs), unit)
        values = map_areas.cell_mean(*np.meshgrid(columns, rows), transform.a, -transform.e)
        return cls(values, width, height, unit)

    @property
    def is_constant(self) -> bool:
        """Whether the projection is equal-area here (a world map's corners off the Earth do not count)."""
        finite = self.values[np.isfinite(self.values)]
        return bool(finite.size and np.abs(finite / self.unit**2 - 1.0).max() < _SAME_AREA)

    @property
    def depends_on_row_only(self) -> bool:
        """Whether areas are the same along each row, as in cylindrical projections."""
        return bool(np.abs(self.values / self.values[:, :1] - 1.0).max() < _SAME_AREA)

    @property
    def is_finite(self) -> bool:
        """Whether the projection is defined all over the grid."""
        return bool(np.isfinite(self.values).all())

    def group_width(self) -> int:
        """Widest power of two for which the outermost cell of a group is within `_CELL_ERROR` of the middle."""
        node_step = self.width / (self.values.shape[1] - 1)
        change = np.abs(np.gradient(self.values, node_step, axis=1, edge_order=2) / self.values).max()
        cells = 1 + 2 * _CELL_ERROR / change
        return int(2 ** np.clip(math.floor(math.log2(cells)), 0, math.log2(_WIDEST_GROUP)))

    def along_columns(self, positions: Floats) -> Floats:
        """Values at column positions: (row nodes, positions)."""
        base, weights = _cubic(positions, self.width, self.values.shape[1])
        terms = [self.values[:, base + k] * weights[k] for k in range(4)]
        return (terms[0] + terms[1]) + (terms[2] + terms[3])

    def rows(self, r0: int, r1: int) -> tuple[NDArray[np.intp], Floats]:
        """How rows of cells hang between the rows of nodes.

        Returns
        -------
        first : ndarray of int, shape (r1 - r0,)
            First of the four rows of nodes around each row of cells.
        weights : ndarray of float64, shape (r1 - r0, 4)
            What each of the four counts.  Neither depends on which other rows are asked for.
        """
        base, weights = _cubic(np.arange(r0, r1, dtype=np.float64) + 0.5, self.height, self.values.shape[0])
        return base, np.stack(weights, axis=1)


def _nodes(cells: int, cell_metres: float) -> Floats:
    """Positions [cells] of lattice nodes from border to border; cubic interpolation needs four."""
    return np.linspace(0.0, cells, max(4, 1 + math.ceil(cells * cell_metres / _LATTICE_METRES)))


def _cubic(positions: Floats, cells: int, nodes: int) -> tuple[NDArray[np.intp], list[Floats]]:
    """First of the four nodes around each position, and the four Lagrange weights."""
    at = positions * ((nodes - 1) / cells)
    base = np.clip(np.floor(at).astype(np.intp) - 1, 0, nodes - 4)
    t = at - base
    weights = [
        (1 - t) * (2 - t) * (3 - t) / 6,
        t * (2 - t) * (3 - t) / 2,
        t * (t - 1) * (3 - t) / 2,
        t * (t - 1) * (t - 2) / 6,
    ]
    return base, weights


@dataclass(frozen=True)
class _MapAreas:
    """Ground area [m2] per unit of map area of a projected CRS.

    On the sphere whose latitude has the sine q / q(pole) areas are true, and as vectors in space its points have no
    seam and no pole to stumble over: the area of the parallelogram of two derivatives there is what is wanted.
    """

    crs: CRS
    ellipsoid: AuthalicEllipsoid
    unit: float

    @cached_property
    def _to_geodetic(self) -> Transformer:
        return Transformer.from_crs(self.crs, self.crs.geodetic_crs, always_xy=True)

    def cell_mean(self, x: Floats, y: Floats, size_x: float, size_y: float) -> Floats:
        """Mean over a cell around each (x, y), by two-point Gauss quadrature either way."""
        half_x, half_y = size_x / 2 / math.sqrt(3), size_y / 2 / math.sqrt(3)
        points = [self.at(x + i * half_x, y + j * half_y) for i in (-1, 1) for j in (-1, 1)]
        return np.asarray(sum(points) / 4)

    def at(self, x: Floats, y: Floats) -> Floats:
        """Value at each (x, y), by fourth-order central differences."""
        step = _STENCIL_METRES / self.unit
        along_x, along_y = self._derivative(x, y, step, 0.0), self._derivative(x, y, 0.0, step)
        parallelogram = np.sqrt((np.cross(along_x, along_y, axis=0) ** 2).sum(axis=0))
        return np.asarray(parallelogram * self.ellipsoid.semi_major**2 * self.ellipsoid.q_pole / 2)

    def _derivative(self, x: Floats, y: Floats, dx: float, dy: float) -> Floats:
        back2, back, ahead, ahead2 = (self._on_sphere(x + k * dx, y + k * dy) for k in (-2, -1, 1, 2))
        return np.asarray((8 * (ahead - back) - (ahead2 - back2)) / (12 * (dx + dy)))

    def _on_sphere(self, x: Floats, y: Floats) -> Floats:
        """Unit vectors (3, ...) of map positions on the authalic sphere."""
        lon, lat = self._to_geodetic.transform(x, y, radians=True)
        lon, lat = _finite_or_nan(lon), _finite_or_nan(lat)
        sine = np.clip(self.ellipsoid.q(lat) / self.ellipsoid.q_pole, -1.0, 1.0)  # rounding only
        cosine = np.sqrt(1.0 - sine**2)
        return np.stack([cosine * np.cos(lon), cosine * np.sin(lon), sine])


def _finite_or_nan(values: Any) -> Floats:
    """PROJ marks what it cannot compute with infinity, of which sines warn."""
    values = np.asarray(values, np.float64)
    return np.where(np.isfinite(values), values, np.nan)
