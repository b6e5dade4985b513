"""Grids of square-cornered cells, and the true area of those cells on the ellipsoid.

A :class:`Grid` is always north-up: row 0 is the northernmost and y decreases with the row.  A file stored
south-up has the same grid; it is only read flipped.

Areas are those of the ellipsoid (:mod:`sinks.geo.authalic`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from affine import Affine
from numba import njit
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from sinks.errors import CRSError, LayerError, Problem, Problems
from sinks.geo.authalic import AreaLattice, AuthalicEllipsoid, Floats
from sinks.geo.grid_crs import central_meridian, same_crs, settle_crs, stated_crs

Integers = NDArray[np.int64]
Bounds = tuple[float, float, float, float]

ALIGNMENT_TOLERANCE = 1e-6
"""Cells; grids whose corners differ by less are the same grid."""

MAX_ZONE_DEGREES = 5.0
"""Degrees from the central meridian beyond which a Transverse Mercator grid is refused (3-degree zones end at 1.5)."""

_M2_PER_HA = 10_000.0


class Georeferenced(Protocol):
    """What a grid needs to know of an open file; a rasterio dataset is one."""

    @property
    def crs(self) -> Any: ...
    @property
    def transform(self) -> Affine: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclass(frozen=True)
class Grid:
    """A north-up grid.

    Parameters
    ----------
    crs : pyproj.CRS
        Geographic or projected.
    transform : Affine
        From (column, row) to (x, y), with ``a > 0``, ``e < 0`` and no rotation.
    width, height : int
        Columns and rows.
    """

    crs: CRS
    transform: Affine
    width: int
    height: int

    def __post_init__(self) -> None:
        t = self.transform
        if not (t.a > 0 and t.e < 0 and t.b == 0 and t.d == 0):
            raise ValueError(f"a Grid is north-up and not rotated, got {t!r}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a Grid has at least one cell, got {self.width} x {self.height}")

    def __hash__(self) -> int:
        # The CRS is left out: equal CRS can have different texts, and equal grids must have equal hashes.
        return hash((tuple(self.transform), self.width, self.height))

    @classmethod
    def from_dataset(
        cls, dataset: Georeferenced, where: str, *, assume_crs: CRS | str | None = None
    ) -> tuple[Grid, bool]:
        """The grid of an open file, and whether the file is stored south-up.

        Noise of the last digits in a file's georeference is rounded away (cell sizes to 14 digits, the corner to less
        than 1e-6 of a cell), so that the same cells stored differently give the same grid and the same results.

        Parameters
        ----------
        dataset : rasterio dataset
            Or anything with its ``crs``, ``transform``, ``width`` and ``height``.
        where : str
            The file as the user knows it, for messages.
        assume_crs : pyproj.CRS or str, optional
            What the coordinates are in, stated by the user because the file does not say, or names a sphere or an
            unknown datum.

        Returns
        -------
        grid : Grid
        south_up : bool
            The file's first row is the southernmost and must be read flipped.

        Raises
        ------
        CRSError
            No CRS, an unfit one, or one in doubt without `assume_crs`; or `assume_crs` contradicts the file.
        LayerError
            Zero size, no georeference, rotated or sheared, or x decreasing with the column; with what is wrong with the
            CRS besides.
        """
        problems, crs = _geometry_problems(dataset, where), None
        try:
            crs = settle_crs(dataset.crs, stated_crs(assume_crs, where), where)
        except CRSError as error:
            if not len(problems):
                raise
            problems.extend(error)
        problems.raise_as(LayerError)
        assert crs is not None
        t = dataset.transform
        south_up = t.e > 0
        cell_x, cell_y = _round_digits(t.a, 14), _round_digits(abs(t.e), 14)
        top = t.f + cell_y * dataset.height if south_up else t.f
        transform = Affine(cell_x, 0.0, _snap(t.c, cell_x), 0.0, -cell_y, _snap(top, cell_y))
        return cls(crs, transform, dataset.width, dataset.height), south_up

    @property
    def cell_size(self) -> tuple[float, float]:
        """Width and height of a cell in units of the CRS, both positive."""
        return self.transform.a, -self.transform.e

    @property
    def bounds(self) -> Bounds:
        """``(left, bottom, right, top)`` in units of the CRS."""
        t = self.transform
        return t.c, t.f + t.e * self.height, t.c + t.a * self.width, t.f

    @property
    def is_geographic(self) -> bool:
        """Whether x and y are longitude and latitude."""
        return bool(self.crs.is_geographic)

    @property
    def unit(self) -> float:
        """Radians (geographic) or metres (projected) in one unit of the CRS."""
        return float(self.crs.axis_info[0].unit_conversion_factor)

    def same_as(self, other: Grid) -> bool:
        """Whether the two have the same cells: same CRS and size, corners within `ALIGNMENT_TOLERANCE` of a cell."""
        if (self.width, self.height) != (other.width, other.height):
            return False
        size_x, size_y = self.cell_size
        off = np.abs(np.subtract(self.bounds, other.bounds)) / [size_x, size_y, size_x, size_y]
        return bool((off <= ALIGNMENT_TOLERANCE).all()) and same_crs(self.crs, other.crs)

    def to_pixel(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Fractional columns and rows of map positions; integers are cell borders."""
        t = self.transform
        return (np.asarray(x, float) - t.c) / t.a, (np.asarray(y, float) - t.f) / t.e

    def row_borders(self) -> Floats:
        """y of the ``height + 1`` borders between rows, from north to south, in units of the CRS."""
        return np.asarray(self.transform.f + self.transform.e * np.arange(self.height + 1.0))

    def row_border_latitudes(self) -> Floats:
        """Latitudes [rad] of the row borders of a geographic grid.

        Raises
        ------
        LayerError
            The grid reaches beyond a pole.
        """
        borders = self.row_borders()
        pole = math.pi / 2 / self.unit
        beyond = float(np.abs(borders).max()) - pole
        if beyond > ALIGNMENT_TOLERANCE * self.cell_size[1]:
            raise LayerError(
                Problem("grid.beyond_pole", self.crs.name, {"north": float(borders[0]), "south": float(borders[-1])})
            )
        return np.clip(borders * self.unit, -math.pi / 2, math.pi / 2)

    def check_zone(self, bounds: Bounds, where: str) -> None:
        """Refuse a Transverse Mercator grid that is used far outside its zone.

        Parameters
        ----------
        bounds : tuple of float
            ``(left, bottom, right, top)`` of what is asked for, in units of the CRS.
        where : str
            The layer, for the message.

        Raises
        ------
        CRSError
            `bounds` reach more than `MAX_ZONE_DEGREES` from the central meridian.
        """
        meridian = central_meridian(self.crs)
        if meridian is None:
            return
        to_geodetic = Transformer.from_crs(self.crs, self.crs.geodetic_crs, always_xy=True)
        longitudes = np.degrees(to_geodetic.transform(*_outline(bounds), radians=True)[0])
        if not np.isfinite(longitudes).all():
            raise CRSError(Problem("grid.outside_projection", where, {"bounds": list(bounds)}))
        off = np.abs((longitudes - meridian + 180.0) % 360.0 - 180.0).max()
        if off > MAX_ZONE_DEGREES:
            found = {"crs": self.crs.name, "meridian": round(meridian, 6), "found": f"{off:.1f}"}
            raise CRSError(Problem("grid.outside_zone", where, {**found, "limit": MAX_ZONE_DEGREES}))


class CellAreas:
    """Ground areas of the cells of a grid, as integers in units of ``2**-unit_exponent`` m2.

    Integers make sums independent of their order.  The unit follows from the grid alone: the finest for which the sum
    over the whole grid stays below ``2**total_limit_bits``.

    All cells of one row in one group of columns share an area.  There is one group where the area depends on the row at
    most (geographic, equal-area and cylindrical grids); otherwise groups are `group_width` columns wide, counted from
    column 0, the widest power of two up to 64 that keeps each cell within 1e-6 of its own area.

    Parameters
    ----------
    grid : Grid
    total_limit_bits : int, optional

    Attributes
    ----------
    group_width, n_groups : int
    unit_exponent : int

    Raises
    ------
    LayerError
        The grid reaches beyond a pole, or where its projection is not defined.
    """

    def __init__(self, grid: Grid, total_limit_bits: int = 62) -> None:
        self.grid = grid
        self.group_width = grid.width
        self._rows: Floats | None = None
        if grid.is_geographic:
            self._rows = _zone_areas(grid)
            total = float(self._rows.sum()) * grid.width
        else:
            total = self._measure_projection(grid)
        self.n_groups = -(-grid.width // self.group_width)
        # frexp gives total < 2**exponent.  A thousandth is added because every cell is rounded.
        self.unit_exponent = total_limit_bits - math.frexp(total * (1 + 1e-3))[1]

    def _measure_projection(self, grid: Grid) -> float:
        """Choose rows or groups of columns for a projected grid; the total area, or a little more [m2]."""
        planar = grid.cell_size[0] * grid.cell_size[1]
        lattice = AreaLattice.of(grid.crs, grid.transform, grid.width, grid.height)
        if lattice.is_constant:
            self._rows = np.full(grid.height, planar * grid.unit**2)
        elif not lattice.is_finite:
            raise LayerError(Problem("grid.outside_projection", grid.crs.name, {"bounds": list(grid.bounds)}))
        elif lattice.depends_on_row_only:
            table = planar * lattice.along_columns(np.array([grid.width / 2]))
            self._rows = _interpolate(table, *lattice.rows(0, grid.height))[:, 0]
        else:
            self.group_width = lattice.group_width()
            first = np.arange(0, grid.width, self.group_width)
            last = np.minimum(first + self.group_width, grid.width)
            self._lattice = lattice
            self._groups = planar * lattice.along_columns((first + last) / 2)
            # An upper bound: cubic interpolation can exceed its nodes, but never by a tenth on a surface this smooth.
            return 1.1 * float(self._groups.max()) * grid.width * grid.height
        return float(self._rows.sum()) * grid.width

    def weights(self, r0: int, r1: int, g0: int = 0, g1: int | None = None) -> Integers:
        """Area of one cell by row and group of columns.

        Parameters
        ----------
        r0, r1 : int
            Rows ``r0 <= r < r1``.
        g0, g1 : int, optional
            Groups ``g0 <= g < g1``; all by default.

        Returns
        -------
        ndarray of int64, shape (r1 - r0, g1 - g0)
            In units of ``2**-unit_exponent`` m2.
        """
        if self._rows is not None:
            areas = self._rows[r0:r1, None][:, g0:g1]
        else:
            areas = _interpolate(self._groups[:, g0:g1], *self._lattice.rows(r0, r1))
        return np.rint(areas * 2.0**self.unit_exponent).astype(np.int64)

    def to_ha(self, units: ArrayLike) -> Floats:
        """Hectares of areas given in integer units."""
        return np.ldexp(np.asarray(units, np.int64).astype(np.float64), -self.unit_exponent) / _M2_PER_HA


def _zone_areas(grid: Grid) -> Floats:
    """Exact area [m2] of one cell of each row of a geographic grid."""
    ellipsoid = AuthalicEllipsoid.of(grid.crs)
    q = ellipsoid.q(grid.row_border_latitudes())
    width = grid.cell_size[0] * grid.unit
    return np.asarray(ellipsoid.semi_major**2 / 2 * width * (q[:-1] - q[1:]))


@njit(cache=True, nogil=True)
def _interpolate(table: Floats, first: NDArray[np.intp], weights: Floats) -> Floats:
    """Rows of cells (rows, columns) from a table of rows of nodes (nodes, columns); see `AreaLattice.rows`."""
    found = np.empty((first.size, table.shape[1]))
    for row in range(first.size):
        a, b, c, d = weights[row]
        i = first[row]
        for column in range(table.shape[1]):
            north = a * table[i, column] + b * table[i + 1, column]
            south = c * table[i + 2, column] + d * table[i + 3, column]
            found[row, column] = north + south
    return found


def _geometry_problems(dataset: Georeferenced, where: str) -> Problems:
    """Why a file is not a plain grid of cells."""
    problems = Problems()
    t, width, height = dataset.transform, dataset.width, dataset.height
    if width < 1 or height < 1:
        problems.add("grid.zero_size", where, width=width, height=height)
    if tuple(t)[:6] == tuple(Affine.identity())[:6]:
        problems.add("grid.no_georeference", where)
    elif t.a == 0 or t.e == 0 or _is_sheared(t, width, height):
        problems.add("grid.rotated", where, transform=[f"{v:.10g}" for v in tuple(t)[:6]])
    elif t.a < 0:
        problems.add("grid.x_decreasing", where, step=t.a)
    return problems


def _is_sheared(t: Affine, width: int, height: int) -> bool:
    """Whether rotation terms move any cell noticeably."""
    return abs(t.b) * height > ALIGNMENT_TOLERANCE * abs(t.a) or abs(t.d) * width > ALIGNMENT_TOLERANCE * abs(t.e)


def _outline(bounds: Bounds) -> tuple[Floats, Floats]:
    """Points along the four sides of a box."""
    left, bottom, right, top = bounds
    x, y = np.linspace(left, right, 21), np.linspace(bottom, top, 21)
    return (
        np.concatenate([x, x, np.full(21, left), np.full(21, right)]),
        np.concatenate([np.full(21, bottom), np.full(21, top), y, y]),
    )


def _round_digits(value: float, digits: int) -> float:
    """`value` rounded to a number of significant decimal digits."""
    return float(f"{value:.{digits - 1}e}")


def _snap(corner: float, cell: float) -> float:
    """A corner rounded to a decimal place below 1e-6 of a cell.

    Decimal places, because that is how people write coordinates: their values then sit in the middle of the rounding
    interval and not by chance at its edge, where noise could still decide.
    """
    return round(corner, 6 - math.floor(math.log10(cell)))
