"""Regions on real boundary files: official, displaced, without encoding, and otherwise awkward."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Geod

from sinks.errors import RegionError
from sinks.geo.region_file import load_file
from sinks.geo.regions import load_builtin

ROOT = Path(os.environ.get("SINKS_REAL_DATA") or Path(__file__).parents[2].parent / "shared" / "data")

pytestmark = [pytest.mark.real, pytest.mark.skipif(not ROOT.is_dir(), reason=f"no real layers at {ROOT}")]

TIANDITU = ROOT / "boundaries_tianditu"
DATAV = ROOT / "boundaries_datav_gcj02" / "im_nx_leagues_gcj02.geojson"
GBK = ROOT / "boundaries_gbk_shapefile" / "nmg_nx_leagues_gbk.shp"
AWKWARD = ROOT / "awkward"


def problem_ids(path: Path, *fields: str, **options: str) -> set[str]:
    with pytest.raises(RegionError) as error:
        load_file(path, *fields, **options)  # type: ignore[arg-type]
    return {p.id for p in error.value.problems}


@pytest.mark.parametrize(
    ("file", "prefix", "level"), [("im_nx_city", "city", "league"), ("im_nx_district", "district", "banner")]
)
def test_official_file_and_builtin_divisions_agree(file: str, prefix: str, level: str) -> None:
    regions = load_file(TIANDITU / f"{file}.geojson", f"{prefix}_adcode", f"{prefix}_name", level=level)
    parts = [load_builtin(province, levels=level) for province in ("150000", "640000")]
    areas = {code: area for part in parts for code, area in part.area_ha.items() if code in set(part.units["code"])}
    names = {code: part.name(code) for part in parts for code in part.units["code"]}
    assert set(regions.units["code"]) == set(areas)
    assert {code: regions.name(code) for code in names} == names
    for code, area in areas.items():
        assert regions.area_ha[code] == pytest.approx(area, rel=1e-4)


def test_areas_agree_with_an_independent_computation() -> None:
    path = TIANDITU / "im_nx_city.geojson"
    regions = load_file(path, "city_adcode", "city_name")
    geod = Geod(ellps="GRS80")
    frame = gpd.read_file(path)
    for code, shape in zip(frame["city_adcode"].astype(str), frame.geometry.segmentize(0.01), strict=True):
        assert regions.area_ha[code] == pytest.approx(abs(geod.geometry_area_perimeter(shape)[0]) / 1e4, rel=1e-6)


def test_leagues_of_two_provinces_nest_in_them() -> None:
    regions = load_file(TIANDITU / "im_nx_city.geojson", "city_adcode", "city_name", "province_adcode")
    assert regions.levels == ("region", "league")
    assert regions.name("150000") == "内蒙古自治区"
    assert regions.area_ha["150000"] == pytest.approx(load_builtin().area_ha["150000"], rel=1e-9)


def test_displaced_web_map_is_suspected_among_its_other_faults() -> None:
    found = problem_ids(DATAV, "adcode", "name")
    assert found == {"regions.displaced", "regions.invalid", "regions.overlap"}


def test_displaced_inner_mongolia_is_noted_undone_and_keeps_jiagedaqi_out(tmp_path: Path) -> None:
    frame = gpd.read_file(DATAV, columns=["adcode", "name"])
    path = tmp_path / "im.gpkg"
    frame[frame["adcode"] // 10000 == 15].to_file(path)
    notes = {n.id: n.values for n in load_file(path, "adcode", "name").notes}
    assert notes["regions.displaced"]["kind"] == "GCJ-02"
    assert notes["regions.displaced"]["undone"] < 120 < 250 < notes["regions.displaced"]["apart"]
    undone = load_file(path, "adcode", "name", crs="GCJ-02")
    assert {n.id for n in undone.notes} == {"regions.gap"}
    # The real enclave of 1,338 km2 that Heilongjiang administers; the web map's outline of it is coarser.
    largest = max(float(n.values["area"].replace(",", "")) for n in undone.notes)
    assert largest == pytest.approx(133_800, rel=0.02)
    official = load_builtin().area_ha
    np.testing.assert_allclose(undone.area_ha, official[undone.area_ha.index], rtol=0.03)


def test_gbk_shapefile_is_refused_with_the_right_advice_and_then_read() -> None:
    with pytest.raises(RegionError, match='encoding = "GBK"') as error:
        load_file(GBK, "区划代码", "名称")
    (problem,) = error.value.problems
    assert problem.values["suggestion"] == "GBK"
    assert 'GBK: "呼和浩特市"' in problem.values["readings"]
    regions = load_file(GBK, "区划代码", "名称", encoding="GBK")
    assert regions.name("152900") == "阿拉善盟"
    assert problem_ids(GBK, "区划代码", "名称", encoding="UTF-8") == {"dbf.encoding_fails"}


def test_awkward_files_give_clear_errors() -> None:
    points = problem_ids(AWKWARD / "points_noproj.shp", "id", "id")
    assert points == {"regions.no_crs", "regions.not_polygons"}
    overlapping = problem_ids(AWKWARD / "polygons_partial_overlap.shp", "id", "id")
    assert overlapping >= {"regions.overlap", "regions.code_twice", "crs.datum_unnamed"}
    database = AWKWARD / "test_fgdb.gdb.zip"
    assert problem_ids(database, "UNIQID", "OBJECTID") == {"regions.which_layer"}
    assert problem_ids(database, "UNIQID", "OBJECTID", layer="basetable") == {"regions.no_layer"}
    assert problem_ids(database, "UNIQID", "OBJECTID", layer="test_lines") >= {"regions.not_polygons"}
    assert problem_ids(database, "UNIQID", "OBJECTID", layer="test_areas") == {"crs.datum_unnamed"}
    nulls = problem_ids(AWKWARD / "test_gpkg_nulls.gpkg", "col_int32", "col_bool")
    assert nulls >= {"regions.not_polygons", "regions.no_region_code"}
