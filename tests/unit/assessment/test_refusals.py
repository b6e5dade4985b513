"""What an assessment refuses before it computes: words of a rule, two books of credits, indicators that a run lacks."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from sinks.account.account import AccountInputs
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.assessment.errors import AssessmentError
from sinks.assessment.evaluate import check_section, read_section
from sinks.assessment.indicators import follow_run, observe
from sinks.assessment.ledger import check_ledger
from sinks.project.assessment import AssessmentSection

TABLES = {"emissions": "e.csv", "gdp": "g.csv", "targets": "t.csv"}
LEAGUES = pd.DataFrame(
    {"code": ["150000", "150600"], "name": ["甲", "乙"], "level": ["region", "league"], "parent": [None, "150000"]}
)


def refused(call: Any, *given: Any, **named: Any) -> list[str]:
    with pytest.raises(AssessmentError) as caught:
        call(*given, **named)
    assert str(caught.value)
    return [problem.id for problem in caught.value.problems]


def section(**changes: Any) -> AssessmentSection:
    rule = {"base_year": 2020, "years": [2023], **changes.pop("rule", {})}
    return AssessmentSection.model_validate({**TABLES, "rule": rule, **changes})


def test_words_of_a_rule_that_nobody_knows_are_named_together() -> None:
    regions = gpd.GeoDataFrame(LEAGUES, geometry=[box(108, 38, 110, 40)] * 2, crs=4490)
    wrong = section(rule={"level": "leage", "ecosystems": ["forrest", "wetland"], "pools": ["soil"]})
    found = refused(check_section, wrong, regions, {"150600": 1e6}, str, lambda: None)
    assert found == ["assessment.unknown_level", "project.ecosystem", "project.pool"]


def test_credits_stand_in_one_book() -> None:
    both = section(ledger="l.csv", credit_register="r.csv", credit_projects="p.gpkg")
    assert refused(read_section, both, str) == ["assessment.register_and_ledger"]


def test_a_project_of_credits_that_stands_twice() -> None:
    names = ["project_id", "region_code", "methodology", "crediting_start", "crediting_end"]
    rows = [("C1", "150600", "CCER-14-001-V01", start, end) for start, end in (("2021", "2022"), ("2031", "2032"))]
    frame = pd.DataFrame(rows, columns=names).assign(
        crediting_start=lambda table: table["crediting_start"] + "-01-01",
        crediting_end=lambda table: table["crediting_end"] + "-12-31",
    )
    shapes = [box(109.0, 39.0, 109.2, 39.2), box(109.4, 39.0, 109.6, 39.2)]
    regions = gpd.GeoDataFrame(LEAGUES, geometry=[box(108, 38, 110, 40)] * 2, crs=4490)
    used = pd.DataFrame(columns=["project_id", "region_code", "year", "state", "value", "where"])
    found = refused(check_ledger, gpd.GeoDataFrame(frame, geometry=shapes, crs=4490), used, regions)
    assert found == ["assessment.project_twice"]


def basis() -> AccountInputs:
    """60 ha of forest of 80 m3/ha, half of it observed in one of two units; 40 ha of grassland, a quarter covered."""
    rows = [
        ("11", "forest", 30.0, 80.0, 30.0, np.nan, 0.0),
        ("12", "forest", 30.0, 80.0, 15.0, np.nan, 0.0),
        ("11", "grassland", 40.0, np.nan, 0.0, 25.0, 20.0),
    ]
    names = ["region_code", "ecosystem", "area_ha", "growing_stock", "growing_stock_observed_ha"]
    states = pd.DataFrame(rows, columns=[*names, "grass_cover", "grass_cover_observed_ha"])
    states = states.assign(source="land_cover", date="2020")
    states["land_cover"] = states["class"] = states["ecosystem"]
    units = pd.DataFrame({"region_code": ["11", "12"], "area_ha": [70.0, 30.0], "cells": 0})
    regions = pd.DataFrame(
        [("1", "R", "region", None), ("11", "A", "league", "1"), ("12", "B", "league", "1")],
        columns=["code", "name", "level", "parent"],
    )
    activity = Activity(states, units, inputs=("growing_stock", "grass_cover"))
    return AccountInputs(
        activity, Hierarchy.of(regions), ("2020",), (), dict.fromkeys(("forest", "grassland"), "land_cover")
    )


def test_indicators_of_layers_are_sums_and_means_of_what_was_observed() -> None:
    table = observe(basis(), {"growing_stock": "d", "grass_cover": "d", "forest_cover": "d"})
    found = table.set_index(["indicator", "region_code"])["value"]
    # Volume over gaps has no sum, so that only the unit without one has a figure.
    assert found["growing_stock"].to_dict() == {"11": pytest.approx(30 * 80.0)}
    assert found["grass_cover"].to_dict() == {"1": pytest.approx(0.25), "11": pytest.approx(0.25)}
    assert found["forest_cover"].to_dict() == {"1": pytest.approx(0.6), "11": pytest.approx(3 / 7), "12": 1.0}


def test_indicators_that_a_run_cannot_have_or_that_are_given_too() -> None:
    assert refused(observe, basis(), {"birds": "d"}) == ["assessment.not_computable"]
    given = pd.DataFrame({"region_code": ["11"], "indicator": "forest_cover", "definition": "d", "year": 2020})
    targets = pd.DataFrame({"region_code": ["11"]})
    assert refused(follow_run, basis(), targets, given, {"forest_cover": "d"}) == ["assessment.given_and_computed"]
