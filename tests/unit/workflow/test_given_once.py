"""What is given once for several dates: ages are refused, states and surveys are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

import sinks
from sinks.errors import SinksError
from support.small_layers import write

SHAPE = (4, 4)
TOLD = ("raster.same_file", "raster.state_given_once", "vector.same_survey", "vector.change_of_groups")
HISTORY = "vector.no_history"
REGION = shapely.box(110, 44.6, 110.4, 45)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forest at two dates, its ages and volumes, and stands with a field of ages."""
    place = tmp_path_factory.mktemp("once")
    for name, value in (("cover_2018", 2), ("cover_2023", 2)):
        write(place / f"{name}.tif", np.full(SHAPE, value, np.uint8))
    for name, number in (("age_2018", 20.0), ("age_2023", 25.0), ("volume", 80.0), ("later", 90.0)):
        write(place / f"{name}.tif", np.full(SHAPE, number, np.float32))
    gpd.GeoDataFrame({"code": ["1"], "name": ["x"], "level": ["league"]}, geometry=[REGION], crs=4490).to_file(
        place / "r.gpkg"
    )
    frame = gpd.GeoDataFrame(
        {"id": ["a"], "land": ["0301"], "age": [20.0], "area": [140_000.0]}, geometry=[REGION], crs=4490
    )
    frame.to_file(place / "stands.gpkg")
    frame.assign(age=25.0).to_file(place / "stands_later.gpkg")
    return place


def project(folder: Path, **sections: Any) -> sinks.Project:
    content: dict[str, Any] = {
        "project": {"name": "t", "title": "t", "dates": [2018, 2023], "draws": 0, "cells_min": 1},
        "regions": {"file": "r.gpkg", "code": "code", "name": "name", "level": "league"},
        "land_cover": {"legend": "clcd", "files": {"2018": "cover_2018.tif", "2023": "cover_2023.tif"}},
        "methodologies": [],
        **sections,
    }
    return sinks.Project.from_dict(content, folder=folder)


def refused(folder: Path, **sections: Any) -> SinksError:
    with pytest.raises(SinksError) as caught:
        sinks.check(project(folder, **sections))
    return caught.value


def noted(folder: Path, **sections: Any) -> list[Any]:
    return [note for note in sinks.check(project(folder, **sections)).notes if note.id in TOLD]


BOTH = {"files": {"2018": "age_2018.tif", "2023": "age_2023.tif"}}


@pytest.mark.parametrize(
    "files", [{"file": "age_2018.tif"}, {"files": {"2018": "age_2018.tif", "2023": "age_2018.tif"}}]
)
def test_one_layer_of_ages_for_two_dates_is_refused(folder: Path, files: dict[str, Any]) -> None:
    layer = {**files, "accept": ["other_year"]}
    (problem,) = refused(folder, inputs={"stand_age": layer}).problems
    assert (problem.id, problem.where) == ("raster.age_given_once", "inputs.stand_age")
    assert problem.values == {"layer": "stand_age", "file": "age_2018.tif", "dates": ["2018", "2023"]}
    # The name of a layer is free; what it measures says that it is an age.
    other = refused(folder, inputs={"years": {**layer, "quantity": "restoration_age"}})
    assert [one.id for one in other.problems] == ["raster.age_given_once"]


def test_ages_of_each_date_and_those_of_one_date_are_taken(folder: Path) -> None:
    assert noted(folder, inputs={"stand_age": BOTH}) == []
    one = {"name": "t", "title": "t", "dates": [2018], "draws": 0, "cells_min": 1}
    cover = {"legend": "clcd", "files": {"2018": "cover_2018.tif"}}
    assert noted(folder, project=one, land_cover=cover, inputs={"stand_age": {"file": "age_2018.tif"}}) == []


def test_ages_that_follow_from_others_are_as_old_as_these(folder: Path) -> None:
    """An expression has no file of its own: what it is made of says whether its dates differ."""
    follows = {
        "restoration_age": {
            "expression": "stand_age - offset",
            "coefficients": {"offset": {"value": 5, "unit": "yr", "source": "by hand"}},
        }
    }
    assert noted(folder, inputs={"stand_age": BOTH}, derived_inputs=follows) == []
    found = refused(folder, inputs={"stand_age": {"file": "age_2018.tif"}}, derived_inputs=follows)
    assert [(one.id, one.where) for one in found.problems] == [
        ("raster.age_given_once", "inputs.stand_age"),
        ("raster.age_given_once", "inputs.restoration_age"),
    ]


def stands(first: str, last: str, **fields: Any) -> dict[str, Any]:
    known = {"stand_id": "id", "land_cover": "land"}
    return {"survey": {"preset": "lincaoshi", "files": {"2018": first, "2023": last}, "fields": known | fields}}


def test_one_survey_for_two_dates(folder: Path) -> None:
    ages = {"stand_age": {"field": "age", "unit": "yr"}}
    same = stands("stands.gpkg", "stands.gpkg", **ages)
    asks: dict[str, Any] = {"id": "forest_growth_richards", "ecosystems": ["forest"], "source": "survey"}
    asks |= {"strata": {"climate_domain": "boreal", "forest_type": "larch", "origin": "natural"}}
    given: dict[str, Any] = {"vectors": same, "areas": {"forest": "survey"}, "methodologies": [asks]}
    problem = next(one for one in refused(folder, **given).problems if one.id == "vector.age_given_once")
    assert problem.values == {"field": "age", "file": "stands.gpkg", "dates": ["2018", "2023"]}
    assert noted(folder, vectors=stands("stands.gpkg", "stands_later.gpkg", **ages)) == []
    # Where nobody asks for ages, as with the fields of a preset, the survey is told of all the same.
    (note,) = noted(folder, vectors=same)
    assert (note.id, note.values["dates"]) == ("vector.same_survey", ["2018", "2023"])


def test_a_sink_of_a_state_that_was_measured_once_is_told(folder: Path) -> None:
    once, twice = {"file": "volume.tif"}, {"files": {"2018": "volume.tif", "2023": "later.tif"}}
    method: dict[str, Any] = {
        "id": "growing_stock_linear",
        "ecosystems": ["forest"],
        "strata": {"species_group": "larch"},
    }
    (note,) = noted(folder, inputs={"growing_stock": once}, methodologies=[method])
    assert (note.id, note.where) == ("raster.state_given_once", "inputs.growing_stock")
    assert note.values["dates"] == ["2018", "2023"]
    assert "growing stock" in str(note.values["methods"]) or "蓄积" in str(note.values["methods"])
    assert noted(folder, inputs={"growing_stock": twice}, methodologies=[method]) == []
    # A stock alone rests on it, and so does what is no state.
    assert noted(folder, inputs={"growing_stock": once}, methodologies=[{**method, "accounts_for": ["stock"]}]) == []
    assert noted(folder, inputs={"growing_stock": once}) == []


@pytest.mark.parametrize(
    ("area", "each", "told"), [("geometry", False, False), ("declared", True, False), ("declared", False, True)]
)
def test_a_change_that_is_not_stand_by_stand_is_told(folder: Path, area: str, each: bool, told: bool) -> None:
    """Recorded areas have no place on the land: only their numbers can tell which stand is which."""
    survey = stands("stands.gpkg", "stands_later.gpkg", declared_area={"field": "area", "unit": "ha"})["survey"]
    method = {"id": "growing_stock_bcef", "ecosystems": ["forest"], "source": "survey"}
    given: dict[str, Any] = {"areas": {"forest": "survey"}, "methodologies": [method]}
    found = noted(folder, vectors={"survey": survey | {"each_stand": each, "area": area}}, **given)
    assert [note.id for note in found] == (["vector.change_of_groups"] if told else [])


def test_a_survey_that_lacks_a_date_of_the_account_is_told(folder: Path) -> None:
    """At a date without a survey its land is not in the account: it seems to be lost."""
    survey = stands("stands.gpkg", "stands_later.gpkg")["survey"]
    first = {"2018": survey["files"]["2018"]}
    given = {"areas": {"forest": "survey"}}
    both = sinks.check(project(folder, vectors={"survey": survey}, **given)).notes
    assert "account.source_without_dates" not in {note.id for note in both}
    notes = sinks.check(project(folder, vectors={"survey": {**survey, "files": first}}, **given)).notes
    (note,) = [one for one in notes if one.id == "account.source_without_dates"]
    assert (note.values["found"], note.values["missing"]) == (["2018"], ["2023"])


@pytest.mark.parametrize(("years", "told"), [((2018, 2023), False), ((2018, 2020, 2023), True)])
def test_surveys_that_are_compared_two_by_two_have_no_history(
    folder: Path, tmp_path: Path, years: tuple[int, ...], told: bool
) -> None:
    """A conversion goes on for twenty years: with three surveys the last period does not know of the first."""
    files = {}
    for number, year in enumerate(years):
        land = ["0301", "0401"] if number else ["0401", "0401"]
        halves = [shapely.box(110, 44.6, 110.2, 45), shapely.box(110.2, 44.6, 110.4, 45)]
        frame = gpd.GeoDataFrame({"id": ["a", "b"], "land": land, "n": number}, geometry=halves, crs=4490)
        frame.to_file(tmp_path / f"stands_{year}.gpkg")
        files[str(year)] = str(tmp_path / f"stands_{year}.gpkg")
    survey = {"files": files, "fields": {"land_cover": "land", "stand_id": "id"}, "area": "geometry"}
    survey |= {"preset": "lincaoshi"}
    strata = {"edition": "2019", "climate_zone": "cool_temperate_dry", "soil_class": "hac", "condition": "nominal"}
    strata |= {"tillage": "full", "input": "medium"}
    soil = {"id": "soil_transition", "ecosystems": ["forest", "grassland"], "source": "survey", "strata": strata}
    content = project(
        folder,
        project={"name": "t", "title": "t", "dates": list(years), "draws": 0, "cells_min": 1},
        land_cover={
            "legend": "clcd",
            "files": dict.fromkeys(map(str, years), "cover_2018.tif"),
            "accept": ["other_year"],
        },
        vectors={"survey": survey},
        areas={"forest": "survey", "grassland": "survey"},
        methodologies=[soil],
    )
    found = [note for note in sinks.check(content).notes if note.id == HISTORY]
    assert [note.where for note in found] == (["vectors.survey"] if told else [])
