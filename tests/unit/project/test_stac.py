"""STAC items in the place of rasters: what becomes of them, and what is said of those that cannot be used."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import sinks
from sinks.errors import ProjectError
from sinks.project.project import Project
from sinks.text import using_language
from sinks.trust import consent
from tests.conftest import World

COG = "image/tiff; application=geotiff; profile=cloud-optimized"


@pytest.fixture(autouse=True)
def _another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consents of this test and nobody else's."""
    monkeypatch.setattr(consent, "store", lambda: tmp_path / "config" / consent.FILE_NAME)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "items").mkdir(parents=True)
    for name in ("a.tif", "b.tif"):
        (folder / name).touch()
    return folder


def item(name: str, when: object = "2020-07-01T00:00:00Z", href: object = "../a.tif", **changes: Any) -> dict[str, Any]:
    """An item of one asset, as a catalogue would publish it."""
    dates = when if isinstance(when, dict) else {"datetime": when}
    map_ = {"href": href, "type": COG, "roles": ["data"]}
    base = {"type": "Feature", "stac_version": "1.0.0", "id": name, "geometry": None, "links": []}
    return base | {"properties": dates, "assets": {"map": map_}} | changes


def put(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def two(folder: Path, **later: Any) -> None:
    put(folder / "items/2020.json", item("early"))
    put(folder / "items/2023.json", item("late", **({"when": "2023-07-01T00:00:00Z", "href": "../b.tif"} | later)))


def project(folder: Path, **section: Any) -> Project:
    content = {
        "project": {"name": "x", "title": "t", "dates": [2020, 2023]},
        "regions": {"builtin": 150000},
        "land_cover": {"legend": "clcd", **({"file": "items"} if "files" not in section else {}), **section},
        "methodologies": [{"id": "lookup_density", "ecosystems": ["forest"]}],
    }
    return Project.from_dict(content, folder=folder)


def files(folder: Path, **section: Any) -> dict[str, str]:
    cover = project(folder, **section).land_cover
    assert cover is not None
    return cover.by_date


def refusal(folder: Path, **section: Any) -> tuple[str, str]:
    """Message id and English words of the one thing that is wrong."""
    with pytest.raises(ProjectError) as caught, using_language("en"):
        project(folder, **section)
    (problem,) = caught.value.problems
    with using_language("zh"):
        assert str(problem)
    with using_language("en"):
        return problem.id, str(problem)


# ---- what becomes of items ------------------------------------------------------------------------------------------

EXPECTED = {"2020": "a.tif", "2023": "b.tif"}


def test_folder_collection_and_items_by_date_are_the_files_they_lead_to(folder: Path) -> None:
    two(folder)
    assert files(folder) == EXPECTED
    assert files(folder, files={2020: "items/2020.json", 2023: "items/2023.json"}) == EXPECTED
    assert files(folder, files={2020: "items/2020.json", 2023: "b.tif"}) == EXPECTED
    features = [item("early", href="./a.tif"), item("late", "2023-01-01T00:00:00Z", "b.tif")]
    put(folder / "all.json", {"type": "FeatureCollection", "features": features})
    assert files(folder, file="all.json") == EXPECTED
    assert files(folder, files={2023: "all.json", 2020: "all.json"}) == EXPECTED


def test_a_static_catalogue_keeps_each_item_in_a_folder_of_its_own(folder: Path) -> None:
    for year, name in ((2020, "a"), (2023, "b")):
        (folder / f"items/{name}").mkdir()
        one = item(name, f"{year}-01-01T00:00:00Z", f"../../{name}.tif")
        put(folder / f"items/{name}/{name}.json", one)
    put(folder / "items/collection.json", {"type": "Collection", "stac_version": "1.0.0"})
    assert files(folder) == EXPECTED


@pytest.mark.parametrize(
    ("start", "end", "year"),
    [
        ("2023-01-01T00:00:00Z", "2023-12-31T23:59:59Z", "2023"),
        ("2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2023"),
        ("2023-01-01T00:00:00+08:00", "2023-12-31T00:00:00+08:00", "2023"),
        ("2023-01-01T00:00:00Z", "2024-01-02T00:00:00Z", None),
        ("2023-01-01T00:00:00Z", None, None),
    ],
)
def test_start_and_end_of_one_year_are_that_year(folder: Path, start: str, end: str | None, year: str | None) -> None:
    two(folder, when={"datetime": None, "start_datetime": start, "end_datetime": end})
    if year is None:
        assert refusal(folder)[0] == "stac.no_year"
    else:
        assert list(files(folder)) == ["2020", year]


def test_an_address_on_the_network_is_kept_and_asked_for_later(folder: Path) -> None:
    two(folder, href="https://example.org/b.tif")
    assert files(folder)["2023"] == "https://example.org/b.tif"
    two(folder, href=(folder / "b.tif").as_uri())
    assert files(folder)["2023"] == str(folder / "b.tif")


def test_the_asset_is_the_raster_or_the_one_that_is_named(folder: Path) -> None:
    picture = {"href": "../p.png", "type": "image/png", "roles": ["thumbnail"]}
    lesser = {"href": "../small.tif", "type": COG, "roles": ["overview"]}
    two(folder, assets={"p": picture, "s": lesser, "m": {"href": "../b.tif", "type": COG}})
    assert files(folder) == EXPECTED
    assets = {"map": {"href": "../b.tif", "type": COG}, "quality": {"href": "../a.tif", "type": COG}}
    two(folder, assets=assets)
    assert files(folder, asset="map") == EXPECTED


def test_a_record_holds_the_files_and_no_asset(folder: Path) -> None:
    two(folder)
    record = project(folder, asset="map").record()["land_cover"]
    assert record["files"] == EXPECTED
    assert "asset" not in record


def test_an_item_of_another_year_stands_for_a_date_that_is_settled_or_for_all(folder: Path) -> None:
    two(folder, when="2022-07-01T00:00:00Z")
    given = {2020: "items/2020.json", 2023: "items/2023.json"}
    assert files(folder, files=given, accept=["other_year"]) == EXPECTED
    content = project(folder, files=given, accept=["other_year"]).record()
    content["strata"] = {"kind": {"legend": "clcd", "files": {"static": "items/2023.json"}}}
    assert Project.from_dict(content, folder=folder).strata["kind"].by_date == {"static": "b.tif"}


# ---- what is said of those that cannot be used ----------------------------------------------------------------------


def test_a_declared_date_that_the_item_contradicts_is_named_with_both(folder: Path) -> None:
    two(folder, when="2022-07-01T00:00:00Z")
    id, said = refusal(folder, files={2020: "items/2020.json", 2023: "items/2023.json"})
    assert id == "stac.other_year"
    for word in ("land_cover.files.2023", "items/2023.json", "late", "2022", "declared as 2023", "other_year"):
        assert word in said


def test_two_items_of_a_date_are_both_named(folder: Path) -> None:
    two(folder)
    put(folder / "items/again.json", item("again"))
    id, said = refusal(folder)
    assert id == "stac.date_twice"
    for word in ("2020", "early (items/2020.json)", "again (items/again.json)"):
        assert word in said


def test_dates_without_an_item_are_named_with_those_that_are_there(folder: Path) -> None:
    two(folder, when="2022-07-01T00:00:00Z")
    id, said = refusal(folder)
    assert id == "stac.none_of_date"
    assert "no item of 2023; found 2020, 2022" in said


def test_an_interval_that_does_not_hold_the_date_is_no_year(folder: Path) -> None:
    when = {"datetime": "2023-01-01T00:00:00Z", "start_datetime": "2019-01-01", "end_datetime": "2021-12-31"}
    two(folder, when=when)
    id, said = refusal(folder)
    assert id == "stac.no_year"
    assert "start_datetime = 2019-01-01" in said


ASSETS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "two rasters": ({"x": {"href": "x.tif", "type": COG}, "y": {"href": "y.tif", "type": COG}}, {}, "several_assets"),
    "no raster": ({"x": {"href": "x.png", "type": "image/png", "roles": ["data"]}}, {}, "no_asset"),
    "another name": ({"x": {"href": "x.tif", "type": COG}}, {"asset": "map"}, "unknown_asset"),
    "no address": ({"x": {"type": COG}}, {}, "bad_href"),
    "a driver": ({"x": {"href": 'NETCDF:"x.nc":v', "type": COG}}, {}, "bad_href"),
    "an object": ({"x": {"href": "object:land_cover.2020", "type": COG}}, {}, "bad_href"),
    "a document": ({"x": {"href": "<VRTDataset/>", "type": COG}}, {}, "bad_href"),
}


@pytest.mark.parametrize("case", ASSETS)
def test_assets_that_cannot_be_used_are_named(folder: Path, case: str) -> None:
    assets, section, expected = ASSETS[case]
    two(folder, assets=assets)
    id, said = refusal(folder, **section)
    assert id == f"stac.{expected}"
    for word in ("items/2023.json", "late", *assets):
        assert word in said


CONTENTS: dict[str, tuple[object, str]] = {
    "cut off": ('{"type": "Feature", "stac_ver', "not_json"),
    "deep": ("[" * 200_000, "not_json"),
    "a GeoJSON": ({k: v for k, v in item("x").items() if k != "stac_version"}, "not_an_item"),
    "a collection": ({"type": "Collection", "stac_version": "1.0.0", "links": []}, "not_an_item"),
    "no properties": (item("x") | {"properties": None}, "not_an_item"),
    "a list": ([1], "not_an_item"),
    "nothing in it": ({"type": "FeatureCollection", "features": []}, "no_items"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_files_that_hold_no_item_are_named(folder: Path, case: str) -> None:
    content, expected = CONTENTS[case]
    put(folder / "one.json", content)
    id, said = refusal(folder, file="one.json")
    assert id == f"stac.{expected}"
    assert "one.json" in said


def test_a_file_beyond_the_limit_is_not_read(folder: Path) -> None:
    path = put(folder / "one.json", item("x"))
    os.truncate(path, 65 << 20)
    assert refusal(folder, file="one.json")[0] == "stac.too_large"


def test_values_of_another_kind_are_said_in_few_words(folder: Path) -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    two(folder, when={"datetime": deep}, id=deep)
    id, said = refusal(folder)
    assert id == "stac.no_year"
    assert "datetime = list" in said
    two(folder, href=deep, id="x" * 10_000)
    id, said = refusal(folder)
    assert id == "stac.bad_href"
    assert len(said) < 1000


def test_an_asset_of_files_that_are_no_items_is_refused(folder: Path) -> None:
    assert refusal(folder, file=None, files={2020: "a.tif", 2023: "b.tif"}, asset="map")[0] == (
        "project.asset_without_item"
    )


# ---- the account, and consent ---------------------------------------------------------------------------------------


@pytest.fixture
def items(world: World, tmp_path: Path) -> Path:
    """Items of the territory's land cover, beside a project that names them."""
    folder = tmp_path / "of_items"
    (folder / "items").mkdir(parents=True)
    for year in (2020, 2023):
        href = os.path.relpath(world.folder / f"cover_{year}.tif", folder / "items")
        put(folder / f"items/{year}.json", item(f"cover {year}", f"{year}-07-01T00:00:00Z", href))
    return folder


def test_the_account_of_items_is_that_of_the_files_bit_for_bit(world: World, items: Path) -> None:
    plain = {**world.content["project"], "draws": 0}
    cover = {"legend": "clcd", "file": "items", "asset": "map"}
    of_files = world.save(world.project(project=plain), items / "files.toml")
    of_items = world.save(world.project(project=plain, land_cover=cover), items / "items.toml")
    accounts = [sinks.run(path, progress=False).account for path in (of_files, of_items)]
    assert len(accounts[0]) > 0
    assert accounts[0].equals(accounts[1])


def ids(path: Path, **options: Any) -> list[str]:
    try:
        sinks.check(path, **options)
    except sinks.SinksError as error:
        return [problem.id for problem in error.problems]
    return []


def test_items_beyond_the_project_are_read_with_consent_only(world: World, items: Path, tmp_path: Path) -> None:
    home = tmp_path / "sent"
    home.mkdir()
    for name in ("items", "items/2020.json"):
        cover = {"legend": "clcd", "file": str(items / name)}
        path = world.save(world.project(land_cover=cover), home / "p.toml")
        assert ids(path) == ["trust.outside"]
    both = {"legend": "clcd", "file": str(items / "items")}
    path = world.save(world.project(land_cover=both), home / "p.toml")
    assert ids(path, trust=True) == []
    (home / "items").mkdir()
    for year in (2020, 2023):
        (home / f"items/{year}.json").symlink_to(items / f"items/{year}.json")
    path = world.save(world.project(land_cover={"legend": "clcd", "file": "items"}), home / "p.toml")
    assert ids(path) == ["trust.outside"] * 2


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://example.org/b.tif", "trust.remote"),
        ("/vsicurl/https://example.org/b.tif", "trust.remote"),
        ("../../secret.txt", "trust.outside"),
    ],
)
def test_what_an_item_leads_to_needs_the_consent_of_any_file(
    world: World, items: Path, tmp_path: Path, href: str, expected: str
) -> None:
    (tmp_path / "secret.txt").write_text("4242\n")
    put(items / "items/2023.json", item("late", "2023-07-01T00:00:00Z", href))
    path = world.save(world.project(land_cover={"legend": "clcd", "file": "items"}), items / "p.toml")
    assert ids(path) == [expected]
