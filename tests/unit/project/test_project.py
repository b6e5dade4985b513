"""The project file: what it accepts, and what it says about what it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sinks.errors import ProjectError
from sinks.project.project import Project
from sinks.text import using_language


def content(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "project": {"name": "x", "title": "t", "dates": [2020, 2023]},
        "regions": {"builtin": 150000},
        "land_cover": {"legend": "clcd", "files": {2020: "a.tif", 2023: "b.tif"}},
        "methodologies": [{"id": "lookup_density", "ecosystems": ["forest"]}],
    }
    return base | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.tif", "b.tif"):
        (tmp_path / name).touch()
    return tmp_path


def problems(folder: Path, **changes: Any) -> dict[str, str]:
    """Message id -> place of every problem of a project with these changes."""
    with pytest.raises(ProjectError) as caught:
        Project.from_dict(content(**changes), folder=folder)
    return {problem.id.removeprefix("project."): problem.where for problem in caught.value.problems}


def test_defaults_are_filled_in_and_numbers_become_text(folder: Path) -> None:
    project = Project.from_dict(content(), folder=folder)
    assert project.dates == ("2020", "2023")
    assert project.periods == (("2020", "2023"),)
    assert project.regions.model_dump() == {"builtin": "150000", "within": None, "levels": ("league",)}
    assert project.area_source["forest"] == "land_cover"
    assert project.path("a.tif") == str(folder / "a.tif")


def test_three_dates_make_consecutive_periods_and_the_whole_span(folder: Path) -> None:
    changed = content(project={"name": "x", "title": "t", "dates": [2023, 2020, 2021]})
    changed["land_cover"]["files"][2021] = "a.tif"
    assert Project.from_dict(changed, folder=folder).periods == (("2020", "2021"), ("2021", "2023"), ("2020", "2023"))


def test_gdal_strings_keep_their_form(folder: Path) -> None:
    project = Project.from_dict(content(), folder=folder)
    assert project.path('NETCDF:"a.nc":cover') == f'NETCDF:"{folder / "a.nc"}":cover'
    assert project.path("/vsicurl/http://host/a.tif") == "/vsicurl/http://host/a.tif"


def test_a_run_record_reads_back_as_the_same_project(folder: Path) -> None:
    project = Project.from_dict(content(), folder=folder)
    record = folder / "run.json"
    written = {"project": project.record(), "folder": str(folder), "inputs": []}
    record.write_text(json.dumps(written), encoding="utf-8")
    read = Project.read(record)
    assert (read.record(), read.folder) == (project.record(), project.folder)


def test_unknown_key_names_the_nearest(folder: Path) -> None:
    with pytest.raises(ProjectError) as caught, using_language("en"):
        Project.from_dict(content(project={"name": "x", "title": "t", "dates": [2020], "drews": 5}), folder=folder)
    assert "draws" in str(caught.value)
    assert "project.drews" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "zh", "en"),
    [
        ({"coverage_min": 95}, "不大于 1", "not above 1"),
        ({"draws": -5}, "不小于 0", "not below 0"),
        ({"draws": "many"}, "整数", "a whole number"),
        ({"demonstration": "perhaps"}, "true 或 false", "true or false"),
        ({"title": 5}, "加引号的文字", "text in quotes"),
    ],
)
def test_what_was_expected_is_said_in_the_users_language(
    folder: Path, changes: dict[str, Any], zh: str, en: str
) -> None:
    for lang, said in (("zh", zh), ("en", en)):
        with using_language(lang), pytest.raises(ProjectError) as caught:
            Project.from_dict(
                {"project": {"name": "x", "title": "t", "dates": [2020], **changes}, "regions": {"builtin": "150000"}},
                folder=folder,
            )
        with using_language(lang):
            assert said in str(caught.value)
            assert "Input should" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "id", "where"),
    [
        ({"colour": 1}, "unknown_key", "project: colour"),
        ({"regions": {}}, "missing_key", "project: regions.builtin"),
        ({"regions": {"file": "r.shp"}}, "missing_key", "project: regions.name"),
        ({"project": {"name": "x", "title": "t", "dates": ["20"]}}, "bad_date", "project: project.dates[1]"),
        ({"project": {"name": "x", "title": "t", "dates": ["2020年"]}}, "bad_date", "project: project.dates[1]"),
        ({"project": {"name": "x", "title": "t", "dates": 2020}}, "bad_date", "project: project.dates"),
        (
            {"project": {"name": "x", "title": "t", "dates": [2020], "draws": "many"}},
            "bad_value",
            "project: project.draws",
        ),
        ({"land_cover": {"legend": "clcd"}}, "files_or_file", "project: land_cover"),
        ({"land_cover": {"legend": "clcd", "files": {2020: "a.tif"}}}, "date_missing", "project: land_cover.files"),
        ({"land_cover": {"legend": "clcd", "file": "a.tif"}}, "static_land_cover", "project: land_cover"),
        ({"land_cover": None}, "no_layers", "project"),
        ({"inputs": {"height": {"file": "a.tif"}}}, "quantity", "project: inputs.height"),
        ({"areas": {"forest": "stands"}}, "source", "project: areas.forest"),
        ({"areas": {"forrest": "land_cover"}}, "ecosystem", "project: areas"),
        ({"derive": {"forest_type": {"from": "species"}}}, "map_or_table", "project: derive.forest_type"),
        (
            {"inputs": {"npp": {"file": "a.tif", "uncertainty": 5}}},
            "uncertainty_source",
            "project: inputs.npp",
        ),
        (
            {"methodologies": [{"id": "m", "ecosystems": ["forest"], "pools": ["leaves"]}]},
            "pool",
            "project: methodologies[1] (m)",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place(folder: Path, changes: dict[str, Any], id: str, where: str) -> None:
    assert problems(folder, **changes)[id] == where


def test_all_problems_come_at_once(folder: Path) -> None:
    found = problems(
        folder,
        land_cover={"legend": "clcd", "files": {2020: "missing.tif"}},
        areas={"forest": "nowhere"},
        methodologies=[{"id": "m", "ecosystems": ["jungle"]}],
    )
    assert set(found) == {"date_missing", "source", "ecosystem", "no_file"}


@pytest.mark.parametrize(
    ("name", "text", "id"),
    [
        ("p.toml", "[project\n", "project.syntax"),
        ("p.json", "{}", "project.not_a_record"),
    ],
)
def test_a_file_that_is_not_a_project(tmp_path: Path, name: str, text: str, id: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        Project.read(path)
    assert caught.value.problems[0].id == id


def test_missing_and_wrongly_encoded_files(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        Project.read(tmp_path / "none.toml")
    assert caught.value.problems[0].id == "project.missing"
    path = tmp_path / "gbk.toml"
    path.write_bytes("[project]\ntitle = '碳汇'\n".encode("gbk"))
    with pytest.raises(ProjectError) as caught:
        Project.read(path)
    assert caught.value.problems[0].id == "project.encoding"
