"""Regions as offices deliver them: leftovers without a code, names of parents, degenerate rings, other outlines."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely import box

from sinks.errors import RegionError
from sinks.geo.region_file import load_file
from sinks.geo.regions import load_builtin
from sinks.objects import hold
from sinks.results.region_names import english_names, region_name
from sinks.text import using_language

A, B = "990101", "990102"


def test_degenerate_rings_are_named_with_their_cause(tmp_path: Path) -> None:
    """A ring of three points, as a GeoJSON can hold it, beside a region that is sound."""
    ring = [[111.0, 40.0], [112.0, 40.0], [111.0, 40.0]]
    features = [
        {
            "type": "Feature",
            "properties": {"code": A, "name": "甲"},
            "geometry": shapely.geometry.mapping(box(110, 40, 111, 41)),
        },
        {
            "type": "Feature",
            "properties": {"code": B, "name": "乙"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        },
    ]
    path = tmp_path / "r.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    with pytest.raises(RegionError) as error:
        load_file(path, "code", "name")
    (values,) = (problem.values for problem in error.value.problems)
    assert values["count"] == 1
    assert values["regions"][0].startswith(f"{B} 乙: ")
    assert "points" in values["regions"][0].lower()
    # Nothing is left of it by repair.
    with pytest.raises(RegionError) as error:
        load_file(path, "code", "name", repair=True)
    assert [problem.id for problem in error.value.problems] == ["regions.empty_geometry"]


def with_parents(path: Path, columns: dict[str, list[object]], shapes: list[object]) -> Path:
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4490").to_file(path)
    return path


FOUR = [box(110 + k, 40, 111 + k, 41) for k in range(4)]


def test_names_of_parents_come_from_their_own_field(tmp_path: Path) -> None:
    columns = {"code": ["1", "2", "3", "4"], "name": list("甲乙丙丁"), "up": ["11", "11", "12", "12"]}
    path = with_parents(tmp_path / "r.gpkg", columns | {"up_name": ["东盟", "东盟", "西盟", None]}, FOUR)
    regions = load_file(path, "code", "name", "up", parent_name="up_name", level="banner")
    assert [regions.name(code) for code in ("11", "12")] == ["东盟", "西盟"]
    plain = load_file(path, "code", "name", "up", level="banner")
    assert [plain.name(code) for code in ("11", "12")] == ["11", "12"]
    twice = with_parents(tmp_path / "t.gpkg", columns | {"up_name": ["东盟", "东部", "西盟", "西盟"]}, FOUR)
    with pytest.raises(RegionError) as error:
        load_file(twice, "code", "name", "up", parent_name="up_name")
    (problem,) = error.value.problems
    assert (problem.id, problem.values) == ("regions.parent_names", {"code": "11", "names": ["东盟", "东部"]})


def test_english_names_come_from_their_own_field(tmp_path: Path) -> None:
    """They go with their rows, whatever order the levels are put in and whichever rows are set aside."""
    columns = {"code": ["1", "2", "3", "4"], "name": list("甲乙丙丁"), "up": ["11", "11", "12", "12"]}
    english = {"en": ["First", " Second ", None, "Fourth"]}
    path = with_parents(tmp_path / "r.gpkg", columns | english, FOUR)
    frame = load_file(path, "code", "name", "up", english_field="en", set_aside=["乙"], level="banner").frame
    found = dict(zip(frame["code"], english_names(frame), strict=True))
    assert found == {"11": "", "12": "", "1": "First", "3": "", "4": "Fourth"}
    with using_language("en"):
        assert [region_name(n, e) for n, e in zip(frame["name"], english_names(frame), strict=True)][2:] == (
            ["First", "丙", "Fourth"]
        )
        assert region_name("鄂尔多斯市", "Ordos City") == "Ordos City"
    assert region_name("甲", "First") == "甲"
    assert "name_en" not in load_file(path, "code", "name", "up", level="banner").frame
    with pytest.raises(RegionError, match="eng"):
        load_file(path, "code", "name", "up", english_field="eng")


def test_leftovers_are_set_aside_by_name(tmp_path: Path) -> None:
    """A farm without a code, inside its parent: no region, no gap in what its parent is made of, and noted."""
    whole = box(110, 40, 114, 41)
    columns = {
        "code": ["1", "2", "3", None, "9"],
        "name": ["甲", "乙", "丙", "国营农场", "全盟"],
        "up": ["9", "9", "9", "9", None],
    }
    path = with_parents(tmp_path / "r.gpkg", columns, [*FOUR, whole])
    with pytest.raises(RegionError) as error:
        load_file(path, "code", "name", "up")
    assert [problem.id for problem in error.value.problems] == ["regions.no_region_code"]
    regions = load_file(path, "code", "name", "up", set_aside=["国营农场"], level="banner")
    assert regions.units["code"].tolist() == ["1", "2", "3"]
    (note,) = [note for note in regions.notes if note.id == "regions.set_aside"]
    # The same box as the others, so a third of what they cover.
    assert float(note.values["area"].replace(",", "")) == pytest.approx(
        regions.area_ha[["1", "2", "3"]].sum() / 3, rel=1e-5
    )
    with pytest.raises(RegionError) as error:
        load_file(path, "code", "name", "up", set_aside=["国营农场", "林场"])
    (problem,) = error.value.problems
    assert (problem.id, problem.values["found"]) == ("regions.not_there", ["林场"])


def test_builtin_units_are_set_aside_by_name_or_code() -> None:
    whole = load_builtin("150000")
    rest = load_builtin("150000", set_aside=["阿拉善盟", "150300"])
    gone = {"152900", "150300"}
    assert set(whole.units["code"]) - set(rest.units["code"]) == gone
    (note,) = [note for note in rest.notes if note.id == "regions.set_aside"]
    assert float(note.values["area"].replace(",", "")) == pytest.approx(whole.area_ha[sorted(gone)].sum(), abs=1.0)
    with pytest.raises(RegionError) as error:
        load_builtin("150000", set_aside=["阿拉善"])
    assert [problem.id for problem in error.value.problems] == ["regions.not_there"]


@pytest.mark.parametrize(("scale", "noted"), [(1.0, False), (0.995, False), (0.93, True), (1.07, True)])
def test_an_outline_of_another_area_is_noted(tmp_path: Path, scale: float, noted: bool) -> None:
    official = load_builtin("150000").units
    frame = official[official["code"] == "150300"].reset_index(drop=True)
    side = scale**0.5
    frame.loc[0, "geometry"] = shapely.affinity.scale(frame.geometry[0], side, side, origin="centroid")
    frame.to_file(tmp_path / "r.gpkg")
    notes = [note for note in load_file(tmp_path / "r.gpkg", "code", "name").notes if note.id == "regions.other_area"]
    assert bool(notes) == noted
    for note in notes:
        (said,) = note.values["regions"]
        # Areas in a plane of equal area, by PROJ and shapely.
        both = gpd.GeoSeries([frame.geometry[0], official.set_index("code").geometry["150300"]], crs=4490)
        own, theirs = both.to_crs(6933).area
        assert said.startswith("150300 ")
        assert float(said.split()[-2]) == pytest.approx(100 * (own / theirs - 1), abs=0.06)


@pytest.mark.parametrize("kind", ["shp", "gpkg", "geojson"])
@pytest.mark.parametrize("folder", ["", "区划/2020/"])
def test_a_zip_around_regions(tmp_path: Path, kind: str, folder: str) -> None:
    path = tmp_path / f"r.{kind}"
    options = {"encoding": "UTF-8"} if kind == "shp" else {}
    gpd.GeoDataFrame({"code": [A, B], "name": ["甲", "乙"]}, geometry=FOUR[:2], crs=4490).to_file(path, **options)
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        for one in tmp_path.glob("r.*"):
            if one.suffix != ".zip":
                archive.write(one, f"{folder}{one.name}")
                archive.writestr(f"__MACOSX/{folder}._{one.name}", b"nothing")
    found = load_file(tmp_path / "r.zip", "code", "name")
    assert found.area_ha.tolist() == load_file(path, "code", "name").area_ha.tolist()


@pytest.mark.parametrize("value", [[1], ["x"], {"a": 1}])
def test_a_list_is_no_name_of_a_region(tmp_path: Path, value: object) -> None:
    rows = [{"code": "1", "name": value}, {"code": "2", "name": "乙"}]
    shapes = [shapely.geometry.mapping(shape) for shape in FOUR]
    features = [{"type": "Feature", "properties": row, "geometry": shapes[n]} for n, row in enumerate(rows)]
    path = tmp_path / "r.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    table = gpd.GeoDataFrame({"code": ["1", "2"], "name": [value, value]}, geometry=FOUR[:2], crs=4490)
    table.to_parquet(tmp_path / "r.parquet")
    held = hold(table, "test.regions", "GeoDataFrame")
    for one in (path, tmp_path / "r.parquet", held.name):
        with pytest.raises(RegionError) as error:
            load_file(one, "code", "name")
        assert [(p.id, p.values["fields"]) for p in error.value.problems] == [("vector.nested", ["name"])]
