"""Admission of new projects: effects recomputed by hand from the tables, and an opinion on one page."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from docx import Document

from sinks.assessment.admission import OPEN, WITHIN, Admission, admit, read_projects, still_needed
from sinks.assessment.budget import Position
from sinks.assessment.errors import AssessmentError
from sinks.assessment.evaluate import Evaluation, evaluate, read_section
from sinks.assessment.input_tables import columns, parse_table
from sinks.assessment.inputs import Inputs, constant_gdp
from sinks.geo.regions import load_builtin
from sinks.output.report.opinion import write_opinions
from sinks.project.assessment import AssessmentSection
from sinks.text import using_language

DATA = Path(__file__).parents[3] / "data"
FILES = {"emissions": "tables/emissions.csv", "gdp": "tables/gdp.csv", "targets": "tables/targets.csv"}
RULE: dict[str, Any] = {"base_year": 2020, "years": [2023], "base_period": "2020-2023", "gdp_growth": 0.05}
LEAGUE, WHOLE, YEAR = "150600", "150000", 2023
SECTION = AssessmentSection.model_validate({**FILES, "rule": RULE, "waived": ["magnitude"]})


@pytest.fixture(scope="module")
def regions() -> gpd.GeoDataFrame:
    return load_builtin("150000", levels=("league",)).frame


@pytest.fixture(scope="module")
def account(regions: gpd.GeoDataFrame) -> pd.DataFrame:
    """Each league's forest removes 10^6 t a year."""
    rows = [
        (code, name, level, land, 1e6 if land in ("forest", "all") else 0.0)
        for code, name, level in zip(regions["code"], regions["name"], regions["level"], strict=True)
        for land in ("forest", "grassland", "wetland", "all")
    ]
    frame = pd.DataFrame(rows, columns=["region_code", "region_name", "level", "ecosystem", "value"])
    ends = {"low": frame["value"] * 0.9, "high": frame["value"] * 1.1, "uncertain_share": 1.0}
    return frame.assign(stratum="all", pool="all", quantity="net_removals", period="2020-2023", **ends)


@pytest.fixture(scope="module")
def tables(regions: gpd.GeoDataFrame) -> Inputs:
    """The tables of the demonstration, with a target for every league and for the region."""
    names = [column.name for column in columns("targets")]
    cells = [
        (code, "intensity_reduction", "CO2/GDP", "2020", "2025", 17.5, "%", "a test's own assumption")
        for code in regions["code"]
    ]
    targets = parse_table("targets", pd.DataFrame(cells, columns=names, dtype=object))
    return replace(read_section(SECTION, lambda file: str(DATA / file)), targets=targets)


def projects(*rows: tuple[str, str, str, float, str]) -> pd.DataFrame:
    cells = [(id, code, "2026", quantity, value, unit, "可研报告") for id, code, quantity, value, unit in rows]
    return parse_table("admission", pd.DataFrame(cells, columns=[c.name for c in columns("admission")]))


ONE = (
    ("P1", LEAGUE, "emissions", 300.0, "10^4 t CO2"),
    ("P1", LEAGUE, "value_added", 20.0, "10^8 CNY"),
    ("P1", LEAGUE, "ccus", 40.0, "10^4 t CO2"),
)
CLEAN = (("P2", "150100", "emissions", 0.1, "10^4 t CO2"), ("P2", "150100", "value_added", 50.0, "10^8 CNY"))


@pytest.fixture(scope="module")
def found(regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs) -> Admission:
    def again(inputs: Inputs) -> Evaluation:
        return evaluate(SECTION, account, regions, lambda file: str(DATA / file), inputs=inputs)

    codes = sorted(regions.loc[regions["level"] == "league", "code"])
    return admit(read_projects(projects(*ONE, *CLEAN), codes), tables, again(tables), again)


def figures(found: Admission, project: str, code: str) -> pd.DataFrame:
    rows = found.effects[(found.effects["project_id"] == project) & (found.effects["region_code"] == code)]
    return rows.set_index("quantity")[["before", "after"]]


def by_hand(tables: Inputs, codes: list[str], net: float, value: float) -> dict[str, float]:
    """Emissions after deductions, GDP, reduction and room of some leagues together, with a project among them."""
    emissions = tables.emissions[tables.emissions["region_code"].isin(codes)].groupby("year")["value"].sum()
    gdp = constant_gdp(tables.gdp)
    gdp = gdp[gdp["region_code"].isin(codes)].groupby("year")["value"].sum()
    sink = 1e6 * len(codes)
    base = (emissions[2020] - sink) / gdp[2020]
    at, product = emissions[YEAR] - sink + net, gdp[YEAR] + value
    return {"adjusted": at, "gdp": product, "change": 1 - at / product / base, "base": base}


@pytest.mark.parametrize("scope", [LEAGUE, WHOLE])
def test_effects_are_those_of_a_calculation_by_hand(found: Admission, tables: Inputs, scope: str) -> None:
    codes = [LEAGUE] if scope == LEAGUE else sorted(set(tables.emissions["region_code"]) - {WHOLE})
    shown = figures(found, "P1", scope)
    for when, net, value in (("before", 0.0, 0.0), ("after", 260e4, 20e4)):
        expected = by_hand(tables, codes, net, value)
        assert shown.loc["adjusted_emissions", when] == pytest.approx(expected["adjusted"], rel=1e-12)
        assert shown.loc["gdp", when] == pytest.approx(expected["gdp"], rel=1e-12)
        assert shown.loc["change", when] == pytest.approx(expected["change"], rel=1e-10)
        required = shown.loc["required_change", when]
        room = expected["base"] * (1 - required) * expected["gdp"] - expected["adjusted"]
        assert shown.loc["room", when] == pytest.approx(room, rel=1e-9)
    assert shown.loc["project_intensity", "after"] == pytest.approx(260e4 / 20e4)


def test_a_project_below_the_allowed_intensity_eases_the_target(found: Admission) -> None:
    said = found.opinions[found.opinions["project_id"] == "P2"].set_index("region_code")
    assert set(said["opinion"]) == {"eases"}
    assert (said["to_neutral"] == 0).all()
    rooms = figures(found, "P2", "150100").loc["room"]
    assert rooms["after"] > rooms["before"]


def test_needed_reductions_are_what_they_say() -> None:
    at = Position(base_emissions=100.0, base_gdp=10.0, emissions=95.0, gdp=12.0, required=0.1)
    assert at.room == pytest.approx(13.0)
    to_target, to_neutral = still_needed(at, 40.0, 1.0)
    assert to_target == pytest.approx(40.0 - 9.0 - 13.0)
    assert to_neutral == pytest.approx(40.0 - 9.0)
    for needed, room in ((to_target, 0.0), (to_neutral, at.room)):
        assert at.with_project(40.0 - needed, 1.0).room == pytest.approx(room)
    assert still_needed(at, 9.0, 1.0) == (0.0, 0.0)


def test_all_projects_together_are_their_sum(found: Admission) -> None:
    together, parts = figures(found, "all", WHOLE), [figures(found, id, WHOLE) for id in ("P1", "P2")]
    for quantity in ("adjusted_emissions", "gdp", "room"):
        grown = [part.loc[quantity, "after"] - part.loc[quantity, "before"] for part in parts]
        own = together.loc[quantity, "after"] - together.loc[quantity, "before"]
        assert own == pytest.approx(sum(grown), rel=1e-9)


def test_faults_of_the_table_are_named_together() -> None:
    wrong = projects(
        *ONE,
        ONE[0],
        ("P3", "150600", "emissions", 1.0, "t CO2"),
        ("P4", "110000", "emissions", 1.0, "t CO2"),
        ("P4", "150100", "value_added", 1.0, "10^4 CNY"),
    )
    with pytest.raises(AssessmentError) as caught:
        read_projects(wrong, ["150100", LEAGUE])
    assert [problem.id for problem in caught.value.problems] == [
        "assessment.admission_twice",
        "assessment.admission_lacks",
        "assessment.admission_regions",
        "assessment.admission_region",
    ]


def test_credits_that_nobody_holds_cannot_be_used(
    found: Admission, regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs
) -> None:
    before = evaluate(SECTION, account, regions, lambda file: str(DATA / file), inputs=tables)
    held = pd.DataFrame({"place": ["held"], "holder": [LEAGUE], "served": [""], "tonnes": [500]})
    wanted = read_projects(projects(*ONE, ("P1", LEAGUE, "credits", 501.0, "t CO2")), [LEAGUE])
    with pytest.raises(AssessmentError) as caught:
        admit(wanted, tables, replace(before, credits=held), lambda inputs: before)
    assert [problem.id for problem in caught.value.problems] == ["assessment.admission_credits"]


def holdings(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["place", "holder", "served", "tonnes"])


def evaluated(regions: gpd.GeoDataFrame, account: pd.DataFrame, inputs: Inputs) -> Evaluation:
    return evaluate(SECTION, account, regions, lambda file: str(DATA / file), inputs=inputs)


@pytest.mark.parametrize(("each", "enough"), [(250.0, True), (251.0, False)])
def test_a_tonne_that_is_held_is_used_once(
    regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs, each: float, enough: bool
) -> None:
    """Two projects of one league share its 500 t."""
    before = replace(evaluated(regions, account, tables), credits=holdings(("held", LEAGUE, "", 500)))
    two = [(id, *row[1:]) for id in ("P1", "P2") for row in ONE]
    wanted = read_projects(projects(*two, *[(id, LEAGUE, "credits", each, "t CO2") for id in ("P1", "P2")]), [LEAGUE])
    if enough:
        assert len(admit(wanted, tables, before, lambda inputs: evaluated(regions, account, inputs)).opinions)
        return
    with pytest.raises(AssessmentError) as caught:
        admit(wanted, tables, before, lambda inputs: before)
    (problem,) = caught.value.problems
    assert (problem.id, problem.where) == ("assessment.admission_credits", "P1, P2")
    assert (problem.values["found"], problem.values["there"]) == ("502", "500")


def test_credits_that_were_used_for_a_project_are_not_taken_off_twice(
    regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs
) -> None:
    """The league's emissions without the project have the 1,000 t off already: with it they rise by all it emits."""
    received = pd.DataFrame({"region_code": [LEAGUE], "year": [YEAR], "value": [1000.0]})
    inputs = replace(tables, received=received)
    before = replace(evaluated(regions, account, inputs), credits=holdings(("used", LEAGUE, "P1", 1000)))
    wanted = read_projects(projects(*ONE, ("P1", LEAGUE, "credits", 1000.0, "t CO2")), [LEAGUE])
    found = admit(wanted, inputs, before, lambda others: evaluated(regions, account, others))
    line = figures(found, "P1", LEAGUE).loc["adjusted_emissions"]
    others = sum(one.net for one in read_projects(projects(*ONE), [LEAGUE]))
    assert line["after"] - line["before"] == pytest.approx(others, rel=1e-9)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_opinion_is_a_page_that_says_it(found: Admission, tmp_path: Path, lang: str) -> None:
    with using_language(lang):
        made = write_opinions(found, tmp_path / lang)
        again = write_opinions(found, tmp_path / "again")
    assert [path.name for path in made] == ["opinion_P1.docx", "opinion_P2.docx"]
    assert [path.read_bytes() for path in made] == [path.read_bytes() for path in again]
    document = Document(io.BytesIO(made[0].read_bytes()))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    cells = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert "鄂尔多斯" in text
    assert "P1" in text
    assert any("3,000,000" in row for row in cells)
    # One page of A4 at these sizes holds some fifty lines.
    assert len(cells) + len(document.paragraphs) < 50


def test_a_project_is_held_against_the_annual_plan_of_its_year(
    regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs
) -> None:
    names = [column.name for column in columns("budget")]
    cells = [(LEAGUE, str(year), "new_projects", 300.0, "10^4 t CO2", "plan") for year in (2024, 2025, 2026)]
    inputs = replace(tables, budget=parse_table("budget", pd.DataFrame(cells, columns=names, dtype=object)))

    def again(others: Inputs) -> Evaluation:
        return evaluate(SECTION, account, regions, lambda file: str(DATA / file), inputs=others)

    new = read_projects(projects(*ONE), list(regions["code"]))
    found = admit(new, inputs, again(inputs), again)
    row = found.effects[(found.effects["region_code"] == LEAGUE) & (found.effects["quantity"] == "plan_2026")].iloc[0]
    # 300 planned; the project brings 300 less 40 captured.
    assert (row["before"], row["after"]) == pytest.approx((300e4, 40e4))
    # The region has no annual plan of its own.
    assert (found.effects["quantity"] == "plan_2026").sum() == 1


def test_a_project_has_one_year() -> None:
    rows = projects(*ONE)
    rows.loc[1, "year"] = 2027
    with pytest.raises(AssessmentError) as caught:
        read_projects(rows, [LEAGUE])
    assert [problem.id for problem in caught.value.problems] == ["assessment.admission_years"]


def judged(regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs, *rows: Any) -> Admission:
    """Projects held against an assessment of these tables."""

    def again(inputs: Inputs) -> Evaluation:
        return evaluated(regions, account, inputs)

    codes = sorted(regions.loc[regions["level"] == "league", "code"])
    return admit(read_projects(projects(*rows), codes), tables, again(tables), again)


def test_without_a_target_there_is_no_path_to_leave(
    regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs
) -> None:
    """The region has none here; its league has."""
    fewer = replace(tables, targets=tables.targets[tables.targets["region_code"] != WHOLE])
    rows = (("P3", LEAGUE, "emissions", 5.0, "10^4 t CO2"), ("P3", LEAGUE, "value_added", 1.0, "10^4 CNY"))
    found = judged(regions, account, fewer, *rows)
    whole, league = (figures(found, "P3", code) for code in (WHOLE, LEAGUE))
    ruled = {"room", "required_change", "verdict", "margin", "allowed_intensity"}
    assert not ruled & set(whole.index)
    assert ruled <= set(league.index)
    assert whole.loc["adjusted_emissions", "after"] - whole.loc["adjusted_emissions", "before"] == pytest.approx(5e4)
    said = found.opinions.set_index("region_code").loc[WHOLE]
    assert said["opinion"] == OPEN
    assert said[["to_target", "to_neutral"]].isna().all()


def test_a_project_inside_the_room_is_within(regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs) -> None:
    """Half of the room of a league that meets its target leaves the other half, and the target met."""
    positions = evaluated(regions, account, tables).assessment.values()
    room = {code: by_hand(tables, [code], 0.0, 0.0) for code, year, q in positions if q == "verdict" and code != WHOLE}
    spare = {
        code: one["base"] * (1 - positions[code, YEAR, "required_change"]) * one["gdp"] - one["adjusted"]
        for code, one in room.items()
    }
    code = max(spare, key=lambda one: spare[one])
    assert spare[code] > 0
    rows = (("P4", code, "emissions", spare[code] / 2, "t CO2"), ("P4", code, "value_added", 1.0, "10^4 CNY"))
    said = judged(regions, account, tables, *rows).opinions.set_index("region_code").loc[code]
    assert said["opinion"] == WITHIN
    assert said["to_target"] == 0
    assert said["to_neutral"] > 0


def test_what_the_sink_leaves_open_the_opinion_leaves_open(
    regions: gpd.GeoDataFrame, account: pd.DataFrame, tables: Inputs
) -> None:
    """The uncertainty of the sink covers a half of it: no verdict, and none on a project."""
    unsure = account.assign(low=float("nan"), high=float("nan"), uncertain_share=0.5)
    assert set(evaluated(regions, unsure, tables).assessment.withheld.values()) == {"interval"}
    found = judged(regions, unsure, tables, *ONE)
    said = found.opinions.set_index("region_code").loc[LEAGUE]
    assert said["opinion"] == OPEN
    assert pd.isna(said["to_target"])
    assert said["to_neutral"] > 0
    rows = found.effects[(found.effects["region_code"] == LEAGUE) & (found.effects["quantity"] == "verdict")]
    assert rows[["before", "after"]].isna().all(axis=None)
    assert rows["note"].str.len().gt(0).all()
