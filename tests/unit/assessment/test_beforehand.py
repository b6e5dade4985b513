"""What the parts of an assessment need of each other is found before there is an account."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sinks.assessment.beforehand import check_beforehand
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import columns, parse_table
from sinks.assessment.inputs import Inputs
from sinks.project.rules import Rule

CODES, WHOLE = ["150600", "150700"], "150000"


def table(name: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    cells = pd.DataFrame(rows, columns=[column.name for column in columns(name)], dtype=object)
    return parse_table(name, cells)


def given(**changes: Any) -> Inputs:
    gdp = [(code, year, "gdp", 500, "10^8 CNY", "2020 constant", "x") for code in CODES for year in (2020, 2023)]
    targets = [(code, "intensity_reduction", "d", 2020, 2025, 18, "%", "x") for code in CODES]
    return Inputs(
        **{"emissions": table("emissions"), "gdp": table("gdp", *gdp), "targets": table("targets", *targets)} | changes
    )


def faults(inputs: Inputs, periods: list[str], draws: bool = True, **rule: Any) -> list[str]:
    chosen = Rule.model_validate({"base_year": 2020, "years": [2023], "base_period": "2020-2023", **rule})
    try:
        check_beforehand(inputs, chosen, CODES, WHOLE, periods, draws=draws)
    except AssessmentError as error:
        return [problem.id for problem in error.problems]
    return []


def test_what_fits_passes() -> None:
    plan = table("budget", ("150600", "2021-2025", "new_projects", 1, "t CO2", "x"))
    assert faults(given(budget=plan), ["2020-2023"], gdp_growth=0.05) == []


def test_a_year_that_no_period_has() -> None:
    assert faults(given(), ["2020-2022"], base_period="2020-2022") == ["assessment.year_without_sink"]
    assert faults(given(), ["2020-2023"], base_period=None) == ["assessment.base_without_sink"]


def test_a_deduction_for_uncertainty_needs_draws() -> None:
    assert faults(given(), ["2020-2023"], draws=False, uncertainty_deduction=0.5) == ["assessment.no_interval"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("150900", 1)], "assessment.plan_region"),
        ([("150600", 1)], "assessment.no_growth"),
    ],
)
def test_a_plan_that_does_not_fit(rows: list[tuple[str, float]], expected: str) -> None:
    plan = table("budget", *((code, "2021-2025", "new_projects", value, "t CO2", "x") for code, value in rows))
    growth = {} if expected == "assessment.no_growth" else {"gdp_growth": 0.05}
    assert faults(given(budget=plan), ["2020-2023"], **growth) == [expected]


def test_observations_of_another_definition() -> None:
    targets = table("targets", ("150600", "forest_cover", "survey", 2020, 2025, 20, "%", "x"))
    seen = table("observations", ("150600", "forest_cover", "inventory", 2023, 19, "%", "x"))
    found = faults(given(targets=targets, observations=seen), ["2020-2023"])
    assert found == ["assessment.other_definition"]


def test_everything_is_said_at_once() -> None:
    plan = table("budget", ("150900", "2021-2025", "new_projects", 1, "t CO2", "x"))
    assert faults(given(budget=plan), ["2020-2021"], base_period="2020-2021") == [
        "assessment.year_without_sink",
        "assessment.plan_region",
    ]


def test_plans_follow_on_a_known_year_and_reach_no_further_than_gdp() -> None:
    """A plan that skips a year after the last known one is named with the year before it."""
    plan = table("budget", ("150600", "2025", "new_projects", 1, "t CO2", "x"))
    assert faults(given(budget=plan), ["2020-2023"], gdp_growth=0.05) == ["assessment.plan_gap"]
    near = table("budget", ("150600", "2021-2023", "new_projects", 1, "t CO2", "x"))
    assert faults(given(budget=near), ["2020-2023"]) == []


def test_a_year_without_a_sink_is_said_of_what_needs_it() -> None:
    """The base year needs a sink only where both years count it."""
    assert faults(given(), ["2020-2023"], base_period=None, baseline="gross_net") == []
