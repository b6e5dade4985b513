"""Figures that cannot be, refused with row, what was found, what was expected and why, all in one pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import columns, parse_table
from sinks.assessment.inputs import Inputs, Places, check_inputs
from sinks.project.rules import Rule
from sinks.text import using_language

RULE = Rule(base_year=2020, years=(2023,))
NAMES = {"150100": "呼和浩特市", "150200": "包头市"}


def parsed(name: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    return parse_table(name, pd.DataFrame(rows, columns=[c.name for c in columns(name)], dtype=object))


def ids(call: Callable[[], object]) -> list[tuple[str, str]]:
    """Problem and row of everything that is refused."""
    with pytest.raises(AssessmentError) as caught:
        call()
    for language in ("zh", "en"):
        with using_language(language):
            assert str(caught.value)
    return [(problem.id.removeprefix("assessment."), problem.where) for problem in caught.value.problems]


WRONG: dict[str, tuple[Any, ...]] = {
    "emissions: negative": ("emissions", "150100", 2020, "energy", -1, "t CO2", ""),
    "emissions: t for 10^4 t": ("emissions", "150100", 2020, "process", 50_000_000, "10^4 t CO2", ""),
    "emissions: before statistics": ("emissions", "150100", 1902, "energy", 1, "t CO2", ""),
    "emissions: beyond plans": ("emissions", "150100", 2199, "energy", 1, "t CO2", ""),
    "gdp: negative": ("gdp", "150100", 2020, "gdp", -5, "10^8 CNY", "2020 constant", ""),
    "gdp: zero": ("gdp", "150100", 2020, "gdp", 0, "10^8 CNY", "2020 constant", ""),
    "gdp: 10^4 for 1": ("gdp", "150100", 2020, "gdp", 38_015_500, "10^8 CNY", "2020 constant", ""),
    "gdp: deflator in percent": ("gdp", "150100", 2020, "gdp_deflator", 102.5, "1", "2020 constant", ""),
    "abatement: negative": ("abatement", "150100", 2020, "P1", "abatement", -3, "t CO2", ""),
    "targets: percent for fraction": ("targets", "150100", "intensity_reduction", "d", 2020, 2025, 17.5, "1", ""),
    "targets: forest cover": ("targets", "150100", "forest_cover", "d", 2020, 2025, 123, "%", ""),
    "targets: more wood than the country": ("targets", "150100", "growing_stock", "d", 2020, 2025, 300, "亿立方米", ""),
    "observations: negative area": ("observations", "150100", "wetland_area", "d", 2020, -1, "ha", ""),
    "observations: cover": ("observations", "150100", "grass_cover", "d", 2020, 45, "1", ""),
    "budget: beyond the country": ("budget", "150100", "2021-2025", "new_projects", 2e10, "t CO2", ""),
    "ledger: negative": ("ledger", "C1", "150100", 2021, "cancelled", -1, "t CO2", ""),
    "curves: density": ("curves", "pine", "richards", "asymptote", 80_000, "t C/ha", ""),
    "curves: rate in percent": ("curves", "pine", "richards", "growth_rate", 5, "1/yr", ""),
    "curves: shape": ("curves", "pine", "richards", "shape", -1.9, "1", ""),
    "curves: time": ("curves", "pine", "schumacher", "time_scale", 0, "yr", ""),
    "planting: negative": ("planting", "plan", "150100", "pine", "2025", "area", -5, "ha", ""),
    "limits: density": ("limits", "forest", "limit", -1, "t C/ha", ""),
    "prices: negative": ("prices", "low", "2021", "price", -1, "CNY/t CO2", ""),
    "prices: far too high": ("prices", "low", "2021", "price", 90, "10^4 CNY/t CO2", ""),
    "early: percent for ratio": ("early", "150100", "forest", 2024, "ratio", 110, "1", "", ""),
    "early: percent for an error": ("early", "150100", "forest", "2024Q1", "error", 15, "1", "", ""),
    "early: no error": ("early", "150100", "forest", 2024, "error", 0, "1", "", ""),
}


@pytest.mark.parametrize("case", [c for c in WRONG if c != "prices: far too high"])
def test_a_figure_that_cannot_be_is_named(case: str) -> None:
    name, *row = WRONG[case]
    assert ids(lambda: parsed(name, tuple(row))) == [("not_plausible", f"{name}:0")]


def test_a_price_of_ten_thousands_is_named() -> None:
    """90 x 10^4 CNY/t CO2 is above what any pathway has; 9 x 10^4 may be a scenario of the end of the century."""
    row = WRONG["prices: far too high"][1:]
    assert ids(lambda: parsed("prices", row)) == [("not_plausible", "prices:0")]
    assert parsed("prices", (*row[:3], 9, *row[4:]))["value"].tolist() == [90_000.0]


def test_found_is_said_as_it_was_written_and_expected_with_its_reason() -> None:
    with pytest.raises(AssessmentError) as caught:
        parsed("gdp", WRONG["gdp: negative"][1:])
    with using_language("en"):
        said = str(caught.value)
    assert "-5 10^8 CNY" in said
    assert "(0, " in said
    assert "no region more than the country" in said


@pytest.mark.parametrize(
    ("indicator", "unit", "value"),
    [
        ("intensity_reduction", "%", 17.5),
        ("forest_cover", "%", 23),
        ("growing_stock", "m3", 1e9),
        ("wetland_area", "ha", 9),
    ],
)
@pytest.mark.parametrize("years", [(2020, 2019), (2020, 2020)])
def test_every_target_is_after_its_base(indicator: str, unit: str, value: float, years: tuple[int, int]) -> None:
    row = ("150100", indicator, "d", *years, value, unit, "")
    assert ids(lambda: parsed("targets", row)) == [("target_years", "targets:0")]


def test_everything_that_is_wrong_with_a_table_comes_at_once() -> None:
    """A cell that cannot be read hides neither the unit of the next row nor the figure of the one after."""
    rows = (
        ("150100", 2020, "gdp", "much", "10^8 CNY", "2020 constant", ""),
        ("150100", 2021, "gdp", 800, "9999", "2020 constant", ""),
        ("150100", 2022, "gdp", -5, "10^8 CNY", "2020 constant", ""),
        ("150100", 2023, "gdpp", 800, "10^8 CNY", "2020 constant", ""),
        ("150100", 2024, "gdp", 800, "10^8 CNY", "2020 constant", ""),
    )
    found = sorted(ids(lambda: parsed("gdp", *rows)))
    assert found == [
        ("not_a_number", "gdp:0"),
        ("not_allowed", "gdp:3"),
        ("not_plausible", "gdp:2"),
        ("units.bare_number", "gdp:1"),
    ]


def test_the_likely_word_is_proposed() -> None:
    for name, row, meant in (
        ("targets", ("150100", "forrest_cover", "d", 2020, 2025, 23, "%", ""), "forest_cover"),
        ("ledger", ("C1", "150100", 2021, "canceled", 1, "t CO2", ""), "cancelled"),
        ("curves", ("pine", "richard", "shape", 1.9, "1", ""), "richards"),
    ):
        cells = row if name != "curves" else (row[0], row[1], *row[2:])
        with pytest.raises(AssessmentError) as caught:
            parsed(name, cells)
        assert caught.value.problems[0].values["expected"][0] == meant


def given(**parts: pd.DataFrame) -> Inputs:
    """Two leagues of 500 x 10^8 CNY and 3 x 10^6 t each."""
    kinds, years = ("energy", "process", "net_imported_power"), (2020, 2023)
    emissions = [(code, year, kind, 100, "10^4 t CO2", "") for code in NAMES for year in years for kind in kinds]
    gdp = [(code, year, "gdp", 500, "亿元", "2020 constant", "") for code in NAMES for year in years]
    targets = [(code, "intensity_reduction", "d", 2020, 2025, 17.5, "%", "") for code in NAMES]
    tables = {
        "emissions": parsed("emissions", *emissions),
        "gdp": parsed("gdp", *gdp),
        "targets": parsed("targets", *targets),
    }
    return Inputs(**(tables | parts))


def refused(inputs: Inputs, **options: Any) -> list[tuple[str, str]]:
    places = Places(NAMES, dict.fromkeys(NAMES, 1_700_000.0))
    return ids(lambda: check_inputs(inputs, list(NAMES), list(NAMES), RULE, places=places, **options))


@pytest.mark.parametrize(
    ("code", "id", "near"),
    [
        ("150101", "unknown_region_near", "150100"),
        ("呼和浩特市", "unknown_region_near", "150100 呼和浩特市"),
        ("呼市", "unknown_region", None),
        ("1501", "unknown_region_near", "150100"),
    ],
)
def test_a_region_that_there_is_not_is_named_with_the_likely_one(code: str, id: str, near: str | None) -> None:
    row = (code, "forest_cover", "d", 2020, 2025, 23, "%", "")
    inputs = given(targets=parsed("targets", ("150100", "intensity_reduction", "d", 2020, 2025, 17.5, "%", ""), row))
    with pytest.raises(AssessmentError) as caught:
        check_inputs(inputs, list(NAMES), list(NAMES), RULE, places=Places(NAMES, {}))
    assert [p.id for p in caught.value.problems] == [f"assessment.{id}"]
    assert near is None or near in caught.value.problems[0].values["near"]


def test_rows_of_other_provinces_pass() -> None:
    row = ("640100", "forest_cover", "d", 2020, 2025, 23, "%", "")
    inputs = given(targets=parsed("targets", row))
    check_inputs(inputs, list(NAMES), list(NAMES), RULE, places=Places(NAMES, {}))


def test_wetland_is_no_larger_than_its_region() -> None:
    """25.5 x 10^6 mu are the whole of 1.7 x 10^6 ha."""
    for value, found in ((25.4e6, []), (25.6e6, [("beyond_region", "observations:0")])):
        inputs = given(observations=parsed("observations", ("150100", "wetland_area", "d", 2020, value, "mu", "")))
        if found:
            assert refused(inputs) == found
        else:
            check_inputs(inputs, list(NAMES), list(NAMES), RULE, places=Places(NAMES, {"150100": 1_700_000.0}))


def test_emissions_and_gdp_in_unlike_units_are_named_once() -> None:
    """All leagues slip alike, so that none stands out from the rest; 60 t per 10^4 CNY times 10^4."""
    gdp = [(code, year, "gdp", 500, "10^4 CNY", "2020 constant", "") for code in NAMES for year in (2020, 2023)]
    inputs = given(gdp=parsed("gdp", *gdp))
    assert refused(inputs) == [("intensity", f"gdp:{row}") for row in range(4)]
    check_inputs(inputs, list(NAMES), list(NAMES), RULE, waived=["magnitude"])


@pytest.mark.parametrize(
    "values",
    [
        {"k": 1.5},
        {"k": -0.1},
        {"cap_share": 20},
        {"cap": {"150100": -1}},
        {"cap": {"150100": 1e12}},
        {"uncertainty_deduction": 50},
        {"confidence": 0.5},
        {"confidence": 95},
        {"gdp_growth": 5},
        {"reference_level": {"150100": 1e12}},
        {"base_year": 1920},
        {"years": [2023, 20233]},
    ],
)
def test_a_value_of_the_rule_that_cannot_be_is_refused(values: dict[str, Any]) -> None:
    content = {"base_year": 2020, "years": [2023]}
    Rule.model_validate(content)
    with pytest.raises(ValidationError):
        Rule.model_validate(content | values)
