"""Input tables: units, whole gaps and slips named all at once."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from sinks.assessment import input_tables
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import columns, measures, parse_table
from sinks.assessment.inputs import (
    Inputs,
    check_inputs,
    constant_gdp,
    read_credit_projects,
    read_inputs,
    write_templates,
)
from sinks.errors import SinksError
from sinks.objects import hold
from sinks.project.assessment import AssessmentSection
from sinks.project.rules import Rule
from sinks.text import using_language
from sinks.units import dimension

CODES = ("150100", "150200", "150300")
KINDS = ("energy", "process", "net_imported_power")
RULE = Rule(base_year=2020, years=(2023,))


def table(name: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return parse_table(name, pd.DataFrame(rows, columns=[c.name for c in columns(name)], dtype=object))


def emissions(**replaced: Any) -> list[tuple[Any, ...]]:
    """100 x 10^4 t for each region, year and kind; ``replaced`` by code gives another figure."""
    return [
        (code, year, kind, replaced.get(code, 100), "10^4 t CO2", "统计局")
        for code in CODES
        for year in (2020, 2023)
        for kind in KINDS
    ]


def gdp() -> list[tuple[Any, ...]]:
    return [(code, y, "gdp", 500, "亿元", "2020 constant", "公报") for code in CODES for y in (2020, 2023)]


def targets() -> list[tuple[Any, ...]]:
    return [(code, "intensity_reduction", "较基年下降", 2020, 2025, 17.5, "%", "方案") for code in CODES]


def given(**parts: list[tuple[Any, ...]]) -> Inputs:
    rows = {"emissions": emissions(), "gdp": gdp(), "targets": targets()} | parts
    return Inputs(**{name: table(name, found) for name, found in rows.items()})


def problems(inputs: Inputs, **options: Any) -> list[tuple[str, dict[str, Any]]]:
    with pytest.raises(AssessmentError) as caught:
        check_inputs(inputs, CODES, CODES, RULE, **options)
    assert str(caught.value)
    return [(p.id, p.values) for p in caught.value.problems]


def test_targets_of_the_sum_are_checked_like_those_of_its_parts() -> None:
    """The whole region has no emissions of its own, but its verdict rests on its own target."""
    other = ("150000", "intensity_reduction", "较基年下降", 2015, 2025, 18, "%", "")
    inputs = given(targets=[*targets(), other])
    known = (*CODES, "150000")
    check_inputs(inputs, CODES, known, RULE)
    with pytest.raises(AssessmentError) as caught:
        check_inputs(inputs, CODES, known, RULE, whole="150000")
    assert [p.id for p in caught.value.problems] == ["assessment.target_base"]


def test_one_expected_total_for_a_region() -> None:
    totals = [("150100", "expected_total", "预期", 2020, end, 900, "t CO2", "") for end in (2025, 2030)]
    inputs = given(targets=[*targets(), *totals])
    assert [id for id, _ in problems(inputs)] == ["assessment.several_expected"]


def test_sound_inputs_pass() -> None:
    check_inputs(given(), CODES, CODES, RULE)


def test_units_are_brought_to_tonnes_and_ten_thousand_yuan() -> None:
    inputs = given()
    assert set(inputs.emissions["value"]) == {1_000_000.0}
    assert set(inputs.gdp["value"]) == {5_000_000.0}
    assert inputs.targets["value"].tolist() == pytest.approx([0.175] * 3)


def test_figures_as_they_stand_in_spreadsheets() -> None:
    """Codes and years that became floats, thousand separators, full-width digits."""
    read = table("emissions", [(150100.0, 2020.0, "energy", "１,234.5", "万吨二氧化碳", None)])
    row = read.iloc[0]
    assert (row["region_code"], row["year"], row["source"]) == ("150100", 2020, "")
    assert row["value"] == pytest.approx(12_345_000)


@pytest.mark.parametrize("year", [2020.5, "1e400", "2020.5", "二〇二〇"])
def test_a_year_that_is_none_is_named_and_does_not_crash(year: object) -> None:
    with pytest.raises(AssessmentError) as caught:
        table("emissions", [("150100", year, "energy", 1, "t CO2", "")])
    assert [(p.id, p.values["column"]) for p in caught.value.problems] == [("assessment.not_allowed", "year")]


def test_a_span_written_backwards_is_named() -> None:
    """It holds no year, so that its area or price would vanish."""
    rows = [("low", span, "price", 50, "CNY/t CO2", "") for span in ("2030-2025", "2025-2030", "2025", "2025-2025")]
    with pytest.raises(AssessmentError) as caught:
        table("prices", rows)
    assert [(p.id, p.where) for p in caught.value.problems] == [("assessment.span_backwards", "prices:0")]


def test_every_wrong_cell_is_named() -> None:
    rows = [("150100", "20", "heat", "lots", "t CO2", ""), ("", 2020, "energy", None, "t C", "")]
    with pytest.raises(AssessmentError) as caught:
        table("emissions", rows)
    found = [(p.id.split(".")[1], p.values["column"], p.where) for p in caught.value.problems]
    assert sorted(found) == [
        ("not_a_number", "value", "emissions:0"),
        ("not_a_number", "value", "emissions:1"),
        ("not_allowed", "quantity", "emissions:0"),
        ("not_allowed", "region_code", "emissions:1"),
        ("not_allowed", "year", "emissions:0"),
    ]


def test_carbon_is_not_taken_for_carbon_dioxide() -> None:
    with pytest.raises(SinksError) as caught:
        table("emissions", [("150100", 2020, "energy", 1, "t C", "")])
    assert [p.id for p in caught.value.problems] == ["units.carbon_and_co2"]


def test_lacking_columns_are_named() -> None:
    with pytest.raises(AssessmentError, match="unit"):
        parse_table("gdp", pd.DataFrame({"region_code": ["150100"]}))


def test_missing_league_and_missing_year_are_named_together() -> None:
    rows = [
        r for r in emissions() if r[0] != "150300" and not (r[0] == "150100" and r[1] == 2023 and r[2] == "process")
    ]
    found = problems(given(emissions=rows, gdp=gdp()[1:]))
    missing = [(v["region"], v["quantity"], v["years"]) for id, v in found if id == "assessment.missing"]
    assert missing == [
        ("150100", "process", [2023]),
        *(("150300", kind, [2020, 2023]) for kind in KINDS),
        ("150100", "gdp", [2020]),
    ]


def test_unknown_league_and_a_figure_that_stands_twice() -> None:
    rows = [*emissions(), ("159900", 2020, "energy", 100, "10^4 t CO2", ""), emissions()[0]]
    assert {id for id, _ in problems(given(emissions=rows))} == {"assessment.unknown_region", "assessment.row_twice"}


def test_rows_of_another_province_are_passed_over() -> None:
    other = ("640000", "forest_cover", "森林覆盖率", 2020, 2025, 20, "%", "方案")
    check_inputs(given(targets=[*targets(), other]), CODES, CODES, RULE)


def test_tonnes_declared_as_ten_thousand_tonnes() -> None:
    """1 000 000 t written into a column of 10^4 t: 10^4 times the other leagues."""
    wrong = given(emissions=emissions(**{"150200": 1_000_000}))
    found = problems(wrong)
    assert [(id, v["region"], v["year"]) for id, v in found] == [
        ("assessment.magnitude", "150200", 2020),
        ("assessment.magnitude", "150200", 2023),
    ]
    assert float(found[0][1]["times"]) == 10_000
    check_inputs(wrong, CODES, CODES, RULE, waived=["magnitude"])


@pytest.mark.parametrize("times", [10, 0.1])
def test_a_year_in_another_unit_is_told_though_no_league_shows_it(times: float) -> None:
    """Ten times and a tenth: within what leagues differ by, and beyond what a league does between years."""
    between = [(code, year, kind, 100, "10^4 t CO2", "") for code in CODES for year in (2021, 2022) for kind in KINDS]
    rows = [*emissions(), *between]
    rows[0] = ("150100", 2020, "energy", 100 * times, "10^4 t CO2", "")
    found = [(id, v["region"], v["year"]) for id, v in problems(given(emissions=rows))]
    assert found == [("assessment.jump", "150100", 2020)]
    check_inputs(given(emissions=rows), CODES, CODES, RULE, waived=["magnitude"])
    rows[0] = ("150100", 2020, "energy", 100 * 2, "10^4 t CO2", "")
    check_inputs(given(emissions=rows), CODES, CODES, RULE)


def test_a_long_series_may_grow_and_a_slip_at_its_end_is_told() -> None:
    """A third more each year for two decades is two hundred times the first year, and no slip."""
    grown = {year: 500 / 1.33 ** (2023 - year) for year in (2000, 2005, *range(2010, 2024))}
    rows = [(code, y, "gdp", v, "亿元", "2020 constant", "") for code in CODES for y, v in grown.items()]
    check_inputs(given(gdp=rows), CODES, CODES, RULE)
    rows.append(("150100", 2024, "gdp", 0.07, "亿元", "2020 constant", ""))
    found = [(id, v["region"], v["year"]) for id, v in problems(given(gdp=rows))]
    assert found == [("assessment.jump", "150100", 2024)]


@pytest.mark.parametrize("wrong", [2020, 2021, 2022, 2023])
def test_only_the_year_that_slipped_is_told_wherever_it_stands(wrong: int) -> None:
    rows = [(code, y, "gdp", 500 + y - 2020, "亿元", "2020 constant", "") for code in CODES for y in range(2020, 2024)]
    rows = [row if row[:2] != ("150300", wrong) else (*row[:3], 0.05, *row[4:]) for row in rows]
    found = problems(given(gdp=rows))
    assert [v["year"] for id, v in found if id == "assessment.jump"] == [wrong]


def test_of_two_years_nobody_knows_which_is_right() -> None:
    rows = [row if row[:2] != ("150100", 2020) else (*row[:3], 5000, *row[4:]) for row in gdp()]
    found = [(id, v["region"], v["year"], float(v["times"])) for id, v in problems(given(gdp=rows))]
    assert found == [("assessment.jump", "150100", 2020, 10.0), ("assessment.jump", "150100", 2023, 0.1)]


def test_small_and_large_leagues_are_not_taken_for_slips() -> None:
    check_inputs(given(emissions=emissions(**{"150100": 8, "150200": 700})), CODES, CODES, RULE)


def test_current_prices_need_a_deflator_with_a_base() -> None:
    current = [(code, y, "gdp", 500, "亿元", "current", "") for code in CODES for y in (2020, 2023)]
    ids = [id for id, _ in problems(given(gdp=current))]
    assert ids == ["assessment.no_deflator"] * 6
    deflators = [
        (code, y, "gdp_deflator", 100 if y == 2020 else 125, "%", "2020 constant", "")
        for code in CODES
        for y in (2020, 2023)
    ]
    constant = constant_gdp(table("gdp", current + deflators))
    # 500 x 10^8 at current prices and a price level of 1.25: 400 x 10^8 at prices of 2020.
    assert set(constant.loc[constant["year"] == 2023, "value"]) == {4_000_000.0}
    assert set(constant["price_base"]) == {"2020 constant"}
    baseless = [(*row[:5], "current", "") for row in deflators]
    with pytest.raises(AssessmentError):
        constant_gdp(table("gdp", current + baseless))


def test_prices_of_different_years_do_not_mix() -> None:
    mixed = [(*row[:5], "2015 constant" if row[1] == 2023 else row[5], "") for row in gdp()]
    assert [id for id, _ in problems(given(gdp=mixed))] == ["assessment.price_bases"]


def test_faulty_targets_and_plans() -> None:
    wrong = [
        ("150100", "intensity_reduction", "较基年下降", 2015, 2020, 17.5, "%", ""),
        ("150200", "intensity_reduction", "较基年下降", 2020, 2025, 17.5, "%", ""),
    ]
    plan = [
        ("150100", "2021-2025", "energy_saving", 5, "t CO2", ""),
        ("150100", "2021-2025", "new_projects", -5, "t CO2", ""),
    ]
    assert [id for id, _ in problems(given(targets=wrong, budget=plan))] == [
        "assessment.target_base",
        "assessment.plan_sign",
        "assessment.plan_sign",
    ]


def test_problems_of_all_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "emissions.csv").write_text("region_code,year\n150100,2020\n", encoding="utf-8")
    paths = {"emissions": tmp_path / "emissions.csv", "gdp": tmp_path / "no.csv"}
    with pytest.raises(AssessmentError) as caught:
        read_inputs(paths)
    assert {p.id for p in caught.value.problems} == {"table.no_column", "table.no_file"}


def test_templates_can_be_filled_in_and_read(tmp_path: Path) -> None:
    write_templates(tmp_path)
    for name in input_tables.tables():
        path = tmp_path / f"{name}.csv"
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert input_tables.read_table(name, path).empty
        explained = path.with_suffix(".md").read_text(encoding="utf-8")
        assert all(f"| {column.name} |" in explained for column in columns(name))


def test_schema_is_in_order() -> None:
    for name in (*input_tables.tables(), input_tables.RESULT):
        for measure in measures(name).values():
            dimension(measure.unit, f"{name}.{measure.id}")
            assert measure.label.zh
            assert measure.label.en


def test_messages_read_in_both_languages() -> None:
    for language in ("zh", "en"):
        with using_language(language), pytest.raises(AssessmentError) as caught:
            check_inputs(given(emissions=emissions()[3:]), CODES, CODES, RULE)
        assert "150100" in str(caught.value)


def test_value_with_a_source_is_given_and_without_one_assumed() -> None:
    rule = Rule.model_validate(
        {"base_year": 2020, "years": [2023], "k": {"value": 0.8, "source": "某文件"}, "cap_share": 0.1}
    )
    assert rule.k.basis == "given"
    assert rule.cap_share is not None
    assert rule.cap_share.basis == "assumed"
    # Values that nobody set are assumptions too, and stand in the list.
    assert {"ecosystems", "pools", "baseline", "confidence"} <= rule.values().keys()
    assert "reference_level" not in rule.values()


def test_section_survives_being_written_and_read_back() -> None:
    content = {
        "emissions": "e.csv",
        "gdp": "g.csv",
        "targets": "t.csv",
        "rule": {"base_year": 2020, "years": [2023], "k": 0.5, "cap": {"150100": 9}, "periods": {"2023": "2020-2023"}},
    }
    section = AssessmentSection.model_validate(content)
    again = AssessmentSection.model_validate(section.model_dump(mode="json"))
    assert again == section
    assert again.rule.periods is not None
    assert again.rule.periods.value == {2023: "2020-2023"}


def test_manual_names_every_key_and_column() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "assessment.md").read_text(encoding="utf-8")
    keys = {*Rule.model_fields, *(set(AssessmentSection.model_fields) - {"rule", "encoding"})}
    words = set(re.findall(r"\w+", manual))
    assert keys <= words
    for name in input_tables.tables():
        assert f"| `{name}` | `{', '.join(column.name for column in columns(name))}`" in manual


def test_demonstration_tables_fit_the_schema() -> None:
    folder = Path(__file__).parents[3] / "data" / "tables"
    names = {"abatement": "abatement_projects", "budget": "carbon_budget", "ledger": "ccer_ledger"}
    for name in ("emissions", "gdp", "targets", *names):
        assert len(input_tables.read_table(name, folder / f"{names.get(name, name)}.csv"))


def register(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Events of 2023: what happened, who holds the credits, and who gets them."""
    cells = [
        (2023, f"C{n}", 2022, kind, holder, to, "", 5, "t CO2", "登记簿") for n, (kind, holder, to) in enumerate(rows)
    ]
    return table("credit_register", cells)


def test_credits_are_held_by_regions_or_outside() -> None:
    sound = register(
        ("issued", "150100", ""), ("transferred", "150100", "150200"), ("transferred", "150100", "outside")
    )
    check_inputs(replace(given(), credit_register=sound), CODES, CODES, RULE)
    wrong = register(("issued", "150109", ""), ("transferred", "150100", "elsewhere"))
    found = problems(replace(given(), credit_register=wrong))
    assert [(id, values["column"], values["found"]) for id, values in found] == [
        ("assessment.register_holder", "holder", "150109"),
        ("assessment.register_holder", "to", "elsewhere"),
    ]


def test_a_layer_of_projects_is_a_file_or_an_object(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"project_id": ["A"]}, geometry=[box(110, 40, 111, 41)], crs=4490)
    assert read_credit_projects(hold(frame, "test.projects", "GeoDataFrame").name) is frame
    cut = tmp_path / "cut.shp"
    frame.to_file(cut, encoding="GBK")
    cut.with_suffix(".dbf").write_bytes(cut.with_suffix(".dbf").read_bytes()[:20])
    with pytest.raises(AssessmentError) as caught:
        read_credit_projects(str(cut))
    assert [(problem.id, problem.where) for problem in caught.value.problems] == [("dbf.cut_short", str(cut))]


def test_nothing_emitted_is_of_no_magnitude() -> None:
    """Zeros everywhere fit every unit."""
    none = [(code, year, kind, 0, "t CO2", "统计局") for code in CODES for year in (2020, 2023) for kind in KINDS]
    check_inputs(given(emissions=none), CODES, CODES, RULE)
