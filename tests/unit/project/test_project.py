"""The project file: what it accepts, and what it says about what it does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
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
    assert project.regions.model_dump() == {"builtin": "150000", "within": None, "levels": ("league",), "set_aside": ()}
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
        ("p.json", '{"format": ' + "9" * 5000 + "}", "project.not_a_record"),
        ("p.json", "[" * 200_000, "project.not_a_record"),
        ("p.json", '{"a":' * 100_000, "project.not_a_record"),
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


# ---- what no project file should hold -------------------------------------------------------------------------------

SECTIONS: dict[str, Any] = {
    **content(),
    "regions": {"file": "r.gpkg", "code": "code", "name": "name"},
    "strata": {"species": {"file": "a.tif", "legend": "clcd"}},
    "inputs": {"npp": {"file": "a.tif"}},
    "derived_inputs": {"nep": {"expression": "npp", "coefficients": {"a": {"value": 1, "unit": "1", "source": "x"}}}},
    "vectors": {"stands": {"files": {2020: "a.gpkg"}}},
    "tables": {"yearbook": {"file": "a.csv", "columns": {}}},
    "derive": {"type": {"from": "species", "map": {"a": "b"}}},
    "assessment": {"emissions": "a", "gdp": "a", "targets": "a", "rule": {"base_year": 2020, "years": [2021]}},
    "restoration": {"file": "a", "ring": 1, "strata": ["ecosystem"]},
    "potential": {"conditions": [{"name": "a", "layer": "b"}], "zones": [{"name": "z", "file": "a", "inside": True}]},
    "accuracy": {"matrix": {2020: "a.csv"}},
    "correlations": [{"methodology": "m", "parameters": ["a"], "coefficient": 0.5, "source": "x"}],
}


def places(value: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a project, from the sections to the single values."""
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*place, key))


def replaced(place: tuple[Any, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(SECTIONS)
    inside: Any = changed
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return changed


def refusal(found: dict[str, Any], folder: Path) -> str:
    """What is said of a project; nothing when it is in order."""
    try:
        Project.from_dict(found, folder=folder)
    except ProjectError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("place", list(places(SECTIONS)), ids=lambda place: ".".join(map(str, place)))
def test_whatever_stands_in_the_wrong_place_is_said_in_few_words(folder: Path, place: tuple[Any, ...]) -> None:
    deep: object = "x"
    for _ in range(3000):
        deep = [deep]
    # Python writes out no integer of thousands of digits.
    long: tuple[object, ...] = (10**5000, [-(10**5000)], {10**5000: 1}, {(10**5000,): 1}, {10**5000})
    for value in (1, 1.5, float("nan"), True, None, "", [], [[1]], {}, {"a": 1}, {1: 2}, date(2020, 1, 1), deep, *long):
        assert len(refusal(replaced(place, value), folder)) < 20_000
    assert refusal(replaced(place[:1], deep), folder)


def test_an_integer_that_is_not_written_out_is_said_by_its_size(folder: Path) -> None:
    long = 10**5000  # 2 to the 16609.6
    for build in (Project.from_dict, lambda found, folder: Project.build(folder=folder, **found)):
        with pytest.raises(ProjectError) as caught:
            build(replaced(("project", "dates"), [2020, long]), folder=folder)
        assert caught.value.problems[0].id == "project.bad_date"
        assert "2^16609..." in str(caught.value)


@pytest.mark.parametrize("found", [1, True, "regions.gpkg", [], 1.5], ids=str)
def test_a_value_where_a_section_should_be_is_one_problem(folder: Path, found: object) -> None:
    assert problems(folder, regions=found) == {"bad_value": "project: regions"}
    assert problems(folder, project=found) == {"bad_value": "project: project"}


@pytest.mark.parametrize("found", [None, 1, "x", []], ids=str)
def test_a_project_is_a_table(folder: Path, found: Any) -> None:
    with pytest.raises(ProjectError) as caught:
        Project.from_dict(found, folder=folder)
    assert [problem.id for problem in caught.value.problems] == ["project.not_a_table"]


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("x = " + "[" * 5000 + "]" * 5000, "project.too_deep"),
        ("x = " + "{ a = " * 5000 + "1" + "}" * 5000, "project.too_deep"),
        ("x = " + "1" * 5000, "project.syntax"),
        ("x = 2020-13-45", "project.syntax"),
    ],
    ids=["lists", "tables", "digits", "date"],
)
def test_toml_that_python_cannot_read_is_said(tmp_path: Path, text: str, id: str) -> None:
    path = tmp_path / "project.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        Project.read(path)
    assert [problem.id for problem in caught.value.problems] == [id]


@pytest.mark.parametrize("name", [".", "..", "a.", "-a", ".a", "", "a/b", "a b", "CON", "nul.x", "Lpt1", "森" * 60])
def test_a_name_that_is_none_is_refused(folder: Path, name: str) -> None:
    assert problems(folder, project={"name": name, "title": "t", "dates": [2020, 2023]}) == {
        "not_a_name": "project: project.name"
    }
    assert problems(folder, strata={name: {"file": "a.tif", "legend": "clcd"}}) == {"not_a_name": "project: strata"}


@pytest.mark.parametrize("name", ["a", "2024", "鄂尔多斯_2023", "a.b-c", "console", "_x", "森" * 50])
def test_a_name_may_be_in_any_script(folder: Path, name: str) -> None:
    section = {"name": name, "title": "t", "dates": [2020, 2023]}
    assert Project.from_dict(content(project=section), folder=folder).project.name == name


@pytest.mark.parametrize("name", ["area_ha", "class", "ecosystem", "date", "source", "region_code", "land_cover"])
def test_columns_of_the_activity_are_no_names_of_layers(folder: Path, name: str) -> None:
    assert problems(folder, strata={name: {"file": "a.tif", "legend": "clcd"}}) == {
        "name_taken": f"project: strata.{name}"
    }


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        (
            {"methodologies": [{"id": "lookup_density", "ecosystems": ["forest", "forest"]}]},
            "methodologies[1].ecosystems",
        ),
        (
            {"methodologies": [{"id": "lookup_density", "ecosystems": ["forest"], "pools": ["litter", "litter"]}]},
            "methodologies[1].pools",
        ),
        ({"no_carbon": {"grassland": ["litter", "dead_wood", "litter"]}}, "no_carbon.grassland"),
        ({"regions": {"builtin": 150000, "levels": ["league", "league"]}}, "regions.levels"),
        (
            {"strata": {"own": {"file": "a.tif", "legend": "species_group", "ecosystems": ["forest", "forest"]}}},
            "strata.own.ecosystems",
        ),
    ],
)
def test_a_list_names_each_thing_once(folder: Path, changes: dict[str, Any], place: str) -> None:
    found = problems(folder, **changes)
    assert found["name_twice"].endswith(f": {place}")


def test_an_entry_stands_once(folder: Path) -> None:
    """Word for word: with another role or other pools it is another entry."""
    one = {"id": "lookup_density", "ecosystems": ["forest"], "pools": ["litter"], "role": "comparison"}
    found = problems(folder, methodologies=[one, one | {"pools": ["dead_wood"]}, dict(one)])
    assert found["entry_twice"].endswith(": methodologies[3]")
    assert "entry_twice" not in problems(folder, methodologies=[one, one | {"ecosystems": ["forest", "forest"]}])


def test_a_year_of_a_rule_stands_once(folder: Path) -> None:
    files = {name: "a.tif" for name in ("emissions", "gdp", "targets")}
    found = problems(folder, assessment=files | {"rule": {"base_year": 2020, "years": [2022, 2023, 2022]}})
    assert found["name_twice"].endswith(": assessment.rule.years")


def test_a_list_of_a_rule_names_each_thing_once_however_it_is_written(folder: Path) -> None:
    files = {name: "a.tif" for name in ("emissions", "gdp", "targets")}
    for pools in (["biomass", "biomass"], {"value": ["biomass", "biomass"], "source": "a letter"}):
        found = problems(folder, assessment=files | {"rule": {"base_year": 2020, "years": [2023], "pools": pools}})
        assert found["name_twice"].endswith(": assessment.rule.pools")
