"""Areas of real boundaries from coverage and cell areas, against geodesic polygons."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Geod

from sinks.geo.grid import CellAreas, Grid
from sinks.tabulation.coverage import Coverage

DATA = Path(os.environ.get("SINKS_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
DISTRICTS = DATA / "boundaries_tianditu" / "im_nx_district.geojson"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DISTRICTS.exists(), reason=f"no real boundaries at {DISTRICTS}"),
]


def covered_areas(grid: Grid, polygons: NDArray[np.object_]) -> NDArray[np.float64]:
    """Hectares of each polygon as the sum over its cells."""
    areas, runs = CellAreas(grid), Coverage(grid, list(polygons)).rows(0, grid.height)
    rows = np.repeat(np.arange(grid.height), np.diff(runs.ptr))
    units = np.rint(runs.fraction * areas.weights(0, grid.height)[rows, 0]).astype(np.int64) * (runs.stop - runs.start)
    total = np.zeros(len(polygons), np.int64)
    np.add.at(total, runs.region, units)
    return areas.to_ha(total)


@pytest.mark.parametrize("cell", [0.05, 0.003])
def test_banners_have_their_geodesic_area(cell: float) -> None:
    polygons = geopandas.read_file(DISTRICTS).geometry.values
    grid = Grid(CRS("EPSG:4326"), Affine(cell, 0, 95.0, 0, -cell, 55.0), round(35 / cell), round(22 / cell))
    geod = Geod(ellps="WGS84")
    # Counter-clockwise shells, because a hole that runs the same way would be added; and edges straight in degrees.
    followed = [shapely.geometry.polygon.orient(p) for p in shapely.get_parts(shapely.segmentize(polygons, 0.002))]
    owner = shapely.get_parts(polygons, return_index=True)[1]
    expected = np.bincount(owner, [geod.geometry_area_perimeter(part)[0] / 1e4 for part in followed])
    assert covered_areas(grid, polygons) == pytest.approx(expected, rel=1e-6)
