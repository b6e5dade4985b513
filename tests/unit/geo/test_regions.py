"""Regions: built-in divisions, users' files, and every fault that such files have."""

from __future__ import annotations

import shutil
import struct
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import box

from sinks.errors import RegionError
from sinks.geo.crs import CGCS2000
from sinks.geo.gcj02 import wgs84_to_bd09, wgs84_to_gcj02
from sinks.geo.region_file import clean_code, clean_name, load_file
from sinks.geo.regions import COLUMNS, Regions, builtin_name, load_builtin
from sinks.geo.topology import gaps, overlaps
from sinks.text import using_language

# Codes that are no official ones, so that no official outline is compared with.
A, B, C = "990101", "990102", "990103"


def write(path: Path, rows: list[tuple[Any, ...]], crs: object = "EPSG:4490", **fields: list[Any]) -> Path:
    """A GeoPackage (or what the suffix says) with the fields ``code``, ``name`` and any other."""
    codes, names, shapes = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame({"code": codes, "name": names, **fields}, geometry=list(shapes), crs=crs)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            frame.to_file(path)
    return path


def two_boxes() -> list[tuple[str, str, shapely.Geometry]]:
    return [(A, "甲", box(110, 40, 111, 41)), (B, "乙", box(111, 40, 112, 41))]


def problems_of(path: Path, **options: Any) -> dict[str, dict[str, Any]]:
    with pytest.raises(RegionError) as error:
        load_file(path, "code", "name", **options)
    assert all(str(path) in p.where for p in error.value.problems)
    assert str(error.value)
    return {p.id: p.values for p in error.value.problems}


# ---- built-in


def test_inner_mongolia_by_league_and_banner() -> None:
    regions = load_builtin(levels=("league", "banner"))
    assert list(regions.frame.columns) == COLUMNS
    assert regions.crs == CGCS2000 == regions.frame.crs
    assert [len(regions.at(level)) for level in ("region", "league", "banner")] == [1, 12, 103]
    assert len(regions.units) == 103
    assert regions.roots["code"].tolist() == ["150000"]
    assert regions.name("150600") == "鄂尔多斯市"
    assert len(regions.children("150600")) == 9
    assert len(regions.units_of("150000")) == 103
    assert regions.units_of("150602") == ("150602",)
    areas = regions.area_ha
    assert areas["150000"] == pytest.approx(sum(areas[list(regions.units["code"])]), rel=1e-12)
    assert areas["150600"] == pytest.approx(sum(areas[list(regions.children("150600")["code"])]), rel=1e-12)


def test_codes_are_text_and_levels_can_be_chosen() -> None:
    leagues = load_builtin("内蒙古")
    assert leagues.levels == ("region", "league")
    assert all(isinstance(code, str) and len(code) == 6 for code in leagues.frame["code"])
    banners = load_builtin("150000", levels="banner")
    assert banners.levels == ("region", "banner")
    assert set(banners.units["parent"]) == {"150000"}


@pytest.mark.parametrize("within", ["150600", 150600, "鄂尔多斯市", "鄂尔多斯"])
def test_ordos_by_banner(within: str | int) -> None:
    ordos = load_builtin(within=within, levels="banner")
    assert ordos.roots["code"].tolist() == ["150600"]
    assert len(ordos.units) == 9
    assert set(ordos.units["parent"]) == {"150600"}


@pytest.mark.parametrize(
    ("province", "direct"),
    [("410000", "419001"), ("460000", "469001"), ("420000", "429021"), ("650000", "659001"), ("820000", None)],
)
@pytest.mark.parametrize("levels", ["league", "banner", ("league", "banner")])
def test_any_province_is_partitioned_by_its_units(province: str, direct: str | None, levels: Any) -> None:
    regions = load_builtin(province, levels=levels)
    assert regions.frame["code"].is_unique
    assert set(regions.frame["parent"]) <= {*regions.frame["code"], ""}
    units = list(regions.units["code"])
    assert direct is None or direct in units
    assert sum(regions.area_ha[units]) == pytest.approx(regions.area_ha[province], rel=1e-9)


def test_overlaps_inside_official_boundaries_are_noted() -> None:
    assert load_builtin(levels="banner").notes == ()
    liaoning = load_builtin("210000", levels="banner").notes
    assert {n.id for n in liaoning} == {"regions.builtin_overlap"}


def test_what_does_not_exist_is_refused() -> None:
    for options in ({"province": "150600"}, {"within": "640100"}, {"levels": "town"}, {"levels": ()}):
        with pytest.raises(RegionError):
            load_builtin(**options)  # type: ignore[arg-type]
    regions = load_builtin("640000")
    with pytest.raises(RegionError):
        regions.at("banner")
    with pytest.raises(RegionError):
        regions.name("150000")
    assert builtin_name("640100") == "银川市"
    assert builtin_name("999999") is None


def test_shown_as_a_table_in_both_languages() -> None:
    regions = load_builtin("640000")
    assert "银川市" in repr(regions)
    assert "<table" in regions._repr_html_()
    with using_language("en"):
        assert "5 units" in repr(regions)


def test_to_crs_keeps_borders_and_areas() -> None:
    regions = load_builtin("640000")
    zone = regions.to_crs("CGCS2000 CM 105E")
    assert zone.crs == CRS.from_epsg(4544)
    np.testing.assert_allclose(zone.area_ha, regions.area_ha, rtol=1e-7)
    assert shapely.coverage_is_valid(zone.units.geometry.to_numpy())


# ---- files


@pytest.mark.parametrize("name", ["r.gpkg", "r.geojson", "r.shp", "r.parquet"])
def test_a_sound_file_in_any_format(tmp_path: Path, name: str) -> None:
    crs = "EPSG:4326" if name == "r.geojson" else "EPSG:4490"
    regions = load_file(write(tmp_path / name, two_boxes(), crs), "code", "name", level="banner")
    assert isinstance(regions, Regions)
    assert regions.notes == ()
    assert regions.frame[["code", "name", "level", "parent"]].to_numpy().tolist() == [
        [A, "甲", "banner", ""],
        [B, "乙", "banner", ""],
    ]
    assert regions.crs == regions.frame.crs == CGCS2000
    assert regions.area_ha[A] == pytest.approx(938_000, rel=0.01)


def test_gauss_kruger_comes_back_to_degrees(tmp_path: Path) -> None:
    shapes = [(A, "甲", box(500_000, 4.4e6, 600_000, 4.5e6)), (B, "乙", box(600_000, 4.4e6, 700_000, 4.5e6))]
    regions = load_file(write(tmp_path / "gk.gpkg", shapes, "EPSG:4546"), "code", "name")
    assert shapely.coverage_is_valid(regions.frame.geometry.to_numpy())
    assert regions.area_ha[A] == pytest.approx(1e6, rel=1e-4)
    assert regions.frame.total_bounds[0] == pytest.approx(111.0, abs=1e-6)


def test_numbers_full_width_digits_and_padded_names(tmp_path: Path) -> None:
    rows = [(990101.0, "\u3000甲\u3000旗 ", box(110, 40, 111, 41)), (990102.0, "乙", box(111, 40, 112, 41))]
    regions = load_file(write(tmp_path / "n.gpkg", rows), "code", "name")
    assert regions.frame["code"].tolist() == [A, B]
    assert regions.frame["name"].tolist() == ["甲旗", "乙"]
    assert [n.id for n in regions.notes] == ["regions.codes_tidied"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (150100, "150100"),
        (150100.0, "150100"),
        ("150100.0", "150100"),
        (" 150100 ", "150100"),
        ("15010①", "15010①"),
        ("１５０１００", "150100"),
        ("010203", "010203"),
        ("150100000000", "150100000000"),
        (None, ""),
        (float("nan"), ""),
        (np.int64(7), "7"),
    ],
)
def test_codes_become_text(value: object, code: str) -> None:
    assert clean_code(value)[0] == code
    assert clean_name(None) == ""


def test_every_fault_is_named_in_one_pass(tmp_path: Path) -> None:
    rows = [
        (A, "甲", box(110, 40, 111, 41)),
        (A, "甲二", box(111, 40, 112, 41)),
        (None, "无码", box(112, 40, 113, 41)),
        ("990104.5", "半", box(113, 40, 114, 41)),
        ("990105", "叠", box(113.5, 40, 115, 41)),
        ("990106", "领结", shapely.Polygon([(116, 40), (117, 41), (117, 40), (116, 41)])),
        ("990107", "空", None),
    ]
    found = problems_of(write(tmp_path / "bad.gpkg", rows))
    assert set(found) == {
        "regions.code_twice",
        "regions.no_region_code",
        "regions.bad_code",
        "regions.null_geometry",
        "regions.invalid",
        "regions.overlap",
    }
    assert found["regions.code_twice"]["rows"] == [1, 2]
    assert "116.5 40.5" in found["regions.invalid"]["regions"][0]
    overlap = found["regions.overlap"]
    assert overlap["first"].startswith("990104.5")
    assert overlap["place"].startswith("113.")
    assert float(overlap["area"].replace(",", "")) == pytest.approx(938_000 / 2, rel=0.01)


def test_repair_is_explicit_and_reported(tmp_path: Path) -> None:
    bow = shapely.Polygon([(110, 40), (111, 41), (111, 40), (110, 41)])
    path = write(tmp_path / "bow.gpkg", [(A, "甲", bow)])
    assert set(problems_of(path)) == {"regions.invalid"}
    regions = load_file(path, "code", "name", repair=True)
    (note,) = regions.notes
    assert note.id == "regions.repaired"
    assert float(note.values["after"]) == pytest.approx(regions.area_ha[A], rel=1e-9)
    assert regions.area_ha[A] == pytest.approx(938_000 / 2, rel=0.01)


def test_points_are_one_mistake_and_a_stray_line_is_named(tmp_path: Path) -> None:
    points = [(A, "甲", shapely.Point(110, 40)), (B, "乙", shapely.Point(111, 40))]
    found = problems_of(write(tmp_path / "points.gpkg", points))
    assert found == {"regions.not_polygons": {"found": ["Point"], "count": 2}}
    mixed = [*two_boxes(), (C, "丙", shapely.LineString([(1, 1), (2, 2)]))]
    found = problems_of(write(tmp_path / "mixed.geojson", mixed, "EPSG:4326"))
    assert found["regions.not_polygon"] == {"count": 1, "regions": [f"{C} 丙: LineString"]}


def test_no_crs_swapped_axes_and_unnamed_datum(tmp_path: Path) -> None:
    no_crs = write(tmp_path / "none.gpkg", two_boxes(), None)
    assert problems_of(no_crs) == {"regions.no_crs": {"guess": "EPSG:4490"}}
    assert len(load_file(no_crs, "code", "name", crs="CGCS2000")) == 2
    assert set(problems_of(no_crs, crs="Atlantis")) == {"crs.unknown"}
    swapped = [(A, "甲", box(40, 110, 41, 111))]
    assert set(problems_of(write(tmp_path / "swapped.gpkg", swapped))) == {"crs.swapped"}
    old = write(tmp_path / "old.gpkg", two_boxes(), "EPSG:4610")
    assert set(problems_of(old)) == {"crs.datum_unnamed"}
    moved = load_file(old, "code", "name", datum_shift=(100.0, -50.0, 20.0))
    assert 0 < abs(moved.frame.total_bounds[0] - 110) < 0.01
    (note,) = load_file(old, "code", "name", crs="EPSG:4490").notes
    assert note.id == "regions.crs_overridden"


def test_gaps_are_a_note_or_an_error(tmp_path: Path) -> None:
    ring = shapely.Polygon(box(110, 40, 112, 42).exterior, [box(110.5, 40.5, 111, 41).exterior])
    path = write(tmp_path / "hole.gpkg", [(A, "甲", ring)])
    (note,) = load_file(path, "code", "name").notes
    assert note.id == "regions.gap"
    assert float(note.values["area"].replace(",", "")) == pytest.approx(938_000 / 4, rel=0.02)
    assert set(problems_of(path, allow_gaps=False)) == {"regions.gap"}


def test_heights_are_dropped(tmp_path: Path) -> None:
    path = write(tmp_path / "z.parquet", [(A, "甲", shapely.force_3d(box(110, 40, 111, 41), 7.0))])
    assert not load_file(path, "code", "name").frame.has_z.any()


# ---- levels


def test_parents_in_the_file_are_the_level_above(tmp_path: Path) -> None:
    rows = [("990100", "上", box(110, 40, 112, 41)), *two_boxes()]
    path = write(tmp_path / "nested.gpkg", rows, parent=["", "990100", "990100"])
    regions = load_file(path, "code", "name", "parent", level="banner")
    assert regions.frame["level"].tolist() == ["league", "banner", "banner"]
    assert regions.units["code"].tolist() == [A, B]
    assert regions.notes == ()


def test_parents_not_in_the_file_are_made_of_their_children(tmp_path: Path) -> None:
    path = write(tmp_path / "made.gpkg", two_boxes(), parent=["990100", "990100"])
    regions = load_file(path, "code", "name", "parent", level="village")
    assert regions.frame["level"].tolist() == ["village+1", "village", "village"]
    assert regions.area_ha["990100"] == pytest.approx(regions.area_ha[A] + regions.area_ha[B], rel=1e-12)
    assert [n.id for n in regions.notes] == ["regions.parents_made"]


@pytest.mark.parametrize(
    ("codes", "parent", "name"),
    [
        (("150200", "150600"), "150000", "内蒙古自治区（12 个下级区划中 2 个的合计）"),
        (("150602", "150621"), "150600", "鄂尔多斯市（9 个下级区划中 2 个的合计）"),
        (("150602", "150202"), "150000", "内蒙古自治区（103 个下级区划中 2 个的合计）"),
        # Codes of the user's own: nobody knows how many there should be.
        (("150200", "990601"), "150000", "内蒙古自治区"),
    ],
)
def test_a_sum_of_some_of_a_region_is_not_called_the_region(
    tmp_path: Path, codes: tuple[str, str], parent: str, name: str
) -> None:
    rows = [(code, place, shape) for code, (_, place, shape) in zip(codes, two_boxes(), strict=True)]
    path = write(tmp_path / "some.gpkg", rows, parent=[parent, parent])
    assert load_file(path, "code", "name", "parent").name(parent) == name


def test_levels_that_do_not_nest(tmp_path: Path) -> None:
    rows = [("990100", "上", box(110, 40, 111.4, 41)), *two_boxes()]
    path = write(tmp_path / "loose.gpkg", rows, parent=["", "990100", "990100"])
    found = problems_of(path, parent_field="parent")
    assert set(found) == {"regions.not_nested", "regions.outside_parent"}
    assert found["regions.outside_parent"]["child"] == f"{B} 乙"
    assert found["regions.not_nested"]["count"] == 2
    path = write(tmp_path / "circle.gpkg", two_boxes(), parent=[B, A])
    assert problems_of(path, parent_field="parent")["regions.circle"]["codes"] == [A, B]
    path = write(tmp_path / "self.gpkg", two_boxes(), parent=[A, ""])
    assert set(problems_of(path, parent_field="parent")) == {"regions.own_parent"}


# ---- reading


def test_wrong_names_of_file_field_and_layer(tmp_path: Path) -> None:
    assert set(problems_of(tmp_path / "absent.gpkg")) == {"regions.no_file"}
    path = write(tmp_path / "r.gpkg", two_boxes())
    assert problems_of(path, parent_field="up")["regions.no_field"]["missing"] == ["up"]
    assert set(problems_of(path, layer="other")) == {"regions.no_layer"}
    gpd.read_file(path).to_file(path, layer="second")
    assert problems_of(path)["regions.which_layer"]["layers"] == ["r", "second"]
    assert len(load_file(path, "code", "name", layer="second")) == 2
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"not a database")
    assert set(problems_of(broken)) == {"regions.unreadable"}


def gbk_shapefile(folder: Path, driver_id: int = 0) -> Path:
    """A Shapefile as Chinese software leaves it: GBK attributes and no word about it."""
    path = write(folder / "gbk.shp", two_boxes())
    frame = gpd.read_file(path).rename(columns={"code": "代码", "name": "名称"})
    frame.to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    struct.pack_into("B", table, 29, driver_id)
    path.with_suffix(".dbf").write_bytes(table)
    return path


@pytest.mark.parametrize("driver_id", [0x00, 0x57])
def test_gbk_without_cpg_is_refused_with_both_readings(tmp_path: Path, driver_id: int) -> None:
    path = gbk_shapefile(tmp_path, driver_id)
    with pytest.raises(RegionError, match="GBK") as error:
        load_file(path, "代码", "名称")
    (problem,) = error.value.problems
    assert problem.id == "dbf.no_encoding"
    assert 'GBK: "甲"' in problem.values["readings"]
    assert load_file(path, "代码", "名称", encoding="GBK").frame["name"].tolist() == ["甲", "乙"]


def test_gbk_is_recognised_inside_a_zip_and_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "shapes"
    folder.mkdir()
    gbk_shapefile(folder)
    archive = Path(shutil.make_archive(str(tmp_path / "shapes"), "zip", folder))
    for path in (folder, archive):
        with pytest.raises(RegionError) as error:
            load_file(path, "代码", "名称")
        assert [p.id for p in error.value.problems] == ["dbf.no_encoding"]
        assert len(load_file(path, "代码", "名称", encoding="GBK")) == 2


def test_a_language_driver_id_or_plain_ascii_needs_no_encoding(tmp_path: Path) -> None:
    assert load_file(gbk_shapefile(tmp_path, 0x4D), "代码", "名称").frame["name"].tolist() == ["甲", "乙"]
    path = write(tmp_path / "ascii.shp", [(A, "a", box(110, 40, 111, 41))])
    path.with_suffix(".cpg").unlink()
    assert len(load_file(path, "code", "name")) == 1


# ---- displaced coordinates


def displaced(how: Any) -> gpd.GeoDataFrame:
    frame = load_builtin("640000").at("league")
    moved = shapely.transform(frame.geometry.to_numpy(), lambda c: np.column_stack(how(c[:, 0], c[:, 1])))
    return gpd.GeoDataFrame(pd.DataFrame(frame[["code", "name"]]), geometry=moved, crs="EPSG:4326")


@pytest.mark.parametrize(("kind", "how"), [("GCJ-02", wgs84_to_gcj02), ("BD-09", wgs84_to_bd09)])
def test_displaced_coordinates_are_noticed_and_undone(tmp_path: Path, kind: str, how: Any) -> None:
    path = tmp_path / "map.gpkg"
    displaced(how).to_file(path)
    (note,) = load_file(path, "code", "name").notes
    assert (note.id, note.values["kind"]) == ("regions.displaced", kind)
    assert note.values["apart"] > 100 > note.values["undone"]
    undone = load_file(path, "code", "name", crs=kind)
    assert undone.notes == ()
    truth = load_builtin("640000")
    np.testing.assert_allclose(undone.frame.total_bounds, truth.at("league").total_bounds, atol=1e-8)


def test_true_coordinates_are_not_suspected(tmp_path: Path) -> None:
    path = tmp_path / "true.gpkg"
    displaced(lambda x, y: (x, y)).to_file(path)
    assert load_file(path, "code", "name").notes == ()


# ---- topology


def test_overlaps_find_nested_equal_and_crossing_polygons() -> None:
    shapes = np.array(
        [box(0, 0, 1, 1), box(0.25, 0.25, 0.5, 0.5), box(1, 0, 2, 1), box(1, 0, 2, 1), box(5, 5, 6, 6)], dtype=object
    )
    assert {(i, j) for i, j, _, _ in overlaps(shapes, CGCS2000)} == {(0, 1), (2, 3)}


def test_rounding_of_coordinates_is_no_overlap() -> None:
    shapes = np.array([box(110, 40, 111 + 1e-13, 41), box(111, 40, 112, 41)], dtype=object)
    assert overlaps(shapes, CGCS2000) == []
    # A vertex in the middle of the neighbour's edge is no fault either.
    shapes = np.array([box(0, 0, 1, 2), box(1, 0, 2, 1), box(1, 1, 2, 2)], dtype=object)
    assert overlaps(shapes, CGCS2000) == []
    assert gaps(shapes, CGCS2000) == []


@settings(max_examples=25, deadline=None)
@given(st.floats(0.001, 0.5), st.integers(2, 5))
def test_a_grid_of_boxes_has_no_overlap_until_one_grows(growth: float, n: int) -> None:
    shapes = np.array([box(i, j, i + 1, j + 1) for i in range(n) for j in range(n)], dtype=object)
    assert overlaps(shapes, CGCS2000) == []
    shapes[0] = box(0, 0, 1 + growth, 1)
    assert [(i, j) for i, j, _, _ in overlaps(shapes, CGCS2000)] == [(0, n)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(1, 4)] * 2), min_size=2, max_size=7))
def test_overlaps_are_those_that_trying_every_pair_finds(boxes: list[tuple[int, int, int, int]]) -> None:
    shapes = np.array([box(x, y, x + w, y + h) for x, y, w, h in boxes], dtype=object)
    expected = {
        (i, j) for j in range(len(shapes)) for i in range(j) if shapely.intersection(shapes[i], shapes[j]).area > 0
    }
    assert {(i, j) for i, j, _, _ in overlaps(shapes, CGCS2000)} == expected
