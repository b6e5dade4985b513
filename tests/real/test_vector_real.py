"""Stands and cutting on real boundary files and on files with the faults that deliveries have."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from sinks.errors import LayerError
from sinks.layers.stands.cut import Cutter
from sinks.layers.stands.equal_area import Projector
from sinks.layers.stands.vector import VectorLayer, inspect, read_batches

ROOT = Path(os.environ.get("SINKS_REAL_DATA") or Path(__file__).parents[2].parent / "shared" / "data")

pytestmark = [pytest.mark.real, pytest.mark.skipif(not ROOT.is_dir(), reason=f"no real layers at {ROOT}")]


def refusals(name: str, **options: str) -> list[str]:
    with pytest.raises(LayerError) as caught:
        inspect(VectorLayer("s", ROOT / name, "2020", **options))  # type: ignore[arg-type]
    return [problem.id for problem in caught.value.problems]


@pytest.fixture(scope="module")
def banners() -> gpd.GeoDataFrame:
    frame = gpd.read_file(ROOT / "boundaries_tianditu" / "im_nx_district.geojson")
    frame = frame.rename(columns={"district_adcode": "code"})[["code", "geometry"]]
    return frame.set_crs(4490, allow_override=True)


def test_banners_have_their_geodesic_area(banners: gpd.GeoDataFrame) -> None:
    dense = shapely.segmentize(banners.geometry.array, 0.005)
    geod = pyproj.Geod(ellps="GRS80")
    expected = [abs(geod.geometry_area_perimeter(shape)[0]) / 1e4 for shape in dense]
    assert Cutter(banners).area_ha == pytest.approx(expected, rel=1e-6)


def test_squares_over_all_banners_agree_with_an_overlay(banners: gpd.GeoDataFrame) -> None:
    west, south, east, north = banners.total_bounds
    x, y = np.meshgrid(np.arange(west, east, 0.11), np.arange(south, north, 0.11))
    squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + 0.1, y.ravel() + 0.1)
    cutter = Cutter(banners)
    pieces = cutter.cut(squares, 4490)
    plane = Projector(pyproj.CRS(4490), cutter.plane)
    left = gpd.GeoDataFrame({"stand": range(len(squares))}, geometry=plane.geometries(squares))
    right = gpd.GeoDataFrame({"region": range(len(banners))}, geometry=plane.geometries(banners.geometry.array))
    overlay = gpd.overlay(left, right)
    expected = np.zeros((len(squares), len(banners)))
    expected[overlay["stand"], overlay["region"]] = overlay.area / 1e4
    found = np.zeros_like(expected)
    found[pieces.stand, pieces.region] = pieces.area_ha
    assert (np.abs(found - expected) <= 1e-9 * pieces.stand_area_ha[:, None]).all()


def test_files_that_are_refused() -> None:
    assert refusals("awkward/points_noproj.shp") == ["vector.not_polygons", "vector.no_crs"]
    assert refusals("awkward/test_fgdb.gdb.zip") == ["vector.several_layers"]
    assert refusals("awkward/test_fgdb.gdb.zip", layer="test_lines") == ["vector.not_polygons"]
    assert refusals("boundaries_gbk_shapefile/nmg_nx_leagues_gbk.shp") == ["dbf.no_encoding"]


def test_zipped_geodatabase_with_z_values() -> None:
    layer = VectorLayer("s", ROOT / "awkward/test_fgdb.gdb.zip", "2020", layer="test_areas")
    (batch,) = read_batches(layer, inspect(layer), [])
    assert not shapely.has_z(batch.geometry).any()


def test_gbk_attributes_are_read_when_declared() -> None:
    layer = VectorLayer("s", ROOT / "boundaries_gbk_shapefile/nmg_nx_leagues_gbk.shp", "2020", encoding="GBK")
    (batch,) = read_batches(layer, inspect(layer), ["名称"])
    assert "呼和浩特市" in batch.attributes.column("名称").to_pylist()
