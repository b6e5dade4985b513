"""Targets with their definitions, and the carbon budget, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.assessment.annual_plan import annual_plans
from sinks.assessment.budget import Position, annual, five_year, positions
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import columns, parse_table
from sinks.assessment.result import COLUMNS, Assessment
from sinks.assessment.targets import BEHIND, NO_BASE, NOT_OBSERVED, ON_PATH, REACHED, follow
from sinks.assessment.withheld import Reason
from sinks.project.rules import Rule

INVENTORY, SURVEY = "森林覆盖率（清查口径）", "森林覆盖率（三调口径）"


def table(name: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return parse_table(name, pd.DataFrame(rows, columns=[c.name for c in columns(name)], dtype=object))


def cover_target(definition: str = INVENTORY) -> pd.DataFrame:
    return table("targets", [("150000", "forest_cover", definition, 2020, 2025, 23.5, "%", "规划")])


def cover(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return table("observations", [("150000", "forest_cover", d, y, v, "%", "公报") for d, y, v in rows])


def test_inventory_and_land_survey_do_not_compare() -> None:
    """23.0 % (2020, inventory) and 20.79 % (2023, land survey) are no decline."""
    with pytest.raises(AssessmentError) as caught:
        follow(cover_target(), cover((INVENTORY, 2020, 23.0), (SURVEY, 2023, 20.79)))
    problem = caught.value.problems[0]
    assert problem.id == "assessment.other_definition"
    assert (problem.values["target"], problem.values["found"]) == (INVENTORY, SURVEY)


def test_figure_by_another_definition_may_stand_beside_one_by_the_same() -> None:
    found = follow(cover_target(), cover((INVENTORY, 2020, 23.0), (INVENTORY, 2023, 23.4), (SURVEY, 2023, 20.79)))
    assert found["observed"].tolist() == pytest.approx([0.234])


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        # The path from 23.0 to 23.5 asks for 23.3 in the third year of five.
        ([(2020, 23.0), (2023, 23.31)], ON_PATH),
        ([(2020, 23.0), (2023, 23.29)], BEHIND),
        ([(2020, 23.0), (2023, 23.5)], REACHED),
        ([(2023, 23.31)], NO_BASE),
        ([(2023, 23.6)], REACHED),
        ([(2020, 23.0)], NOT_OBSERVED),
        ([], NOT_OBSERVED),
    ],
)
def test_status(rows: list[tuple[int, float]], status: str) -> None:
    found = follow(cover_target(), cover(*((INVENTORY, y, v) for y, v in rows))).iloc[0]
    assert found["status"] == status
    if status in (ON_PATH, BEHIND):
        assert found["required"] == pytest.approx(0.233)


def test_a_target_of_its_base_year_is_named() -> None:
    """There is no path from a year to itself."""
    with pytest.raises(AssessmentError) as caught:
        table("targets", [("150000", "forest_cover", INVENTORY, 2025, 2025, 23.5, "%", "规划")])
    assert [problem.id for problem in caught.value.problems] == ["assessment.target_years"]


def test_area_in_mu_and_hectares_is_one_indicator() -> None:
    goal = table("targets", [("640000", "wetland_area", "湿地面积（二调口径）", 2020, 2025, 310, "万亩", "方案")])
    seen = table("observations", [("640000", "wetland_area", "湿地面积（二调口径）", 2023, 20.7, "万公顷", "公报")])
    row = follow(goal, seen).iloc[0]
    # 310 x 10^4 mu = 20.67 x 10^4 ha.
    assert row["target"] == pytest.approx(310e4 / 15)
    assert row["status"] == REACHED


def assessment(rule: Rule, **years: dict[str, float]) -> Assessment:
    rows = [
        ("150600", "鄂尔多斯市", int(year[1:]), quantity, value, np.nan, np.nan, "", "computed", "", "")
        for year, values in years.items()
        for quantity, value in values.items()
    ]
    return Assessment(pd.DataFrame(rows, columns=list(COLUMNS)).astype({"year": "Int64"}), rule)


def league(**rule: Any) -> Assessment:
    """Base year 1000 t less a sink of 100 t and GDP 1000; the required path is set to 10 % and 20 %."""
    base = {"emissions": 1000.0, "abatement": 0.0, "sink_counted": 100.0, "adjusted_emissions": 900.0, "gdp": 1000.0}
    first = {**base, "abatement": 20.0, "sink_counted": 130.0, "adjusted_emissions": 850.0, "gdp": 1100.0}
    second = {**first, "adjusted_emissions": 880.0, "gdp": 1200.0}
    made = Rule.model_validate({"base_year": 2020, "years": [2021, 2022], **rule})
    return assessment(
        made, y2020=base, y2021={**first, "required_change": 0.1}, y2022={**second, "required_change": 0.2}
    )


def test_annual_budget_and_what_is_carried_over() -> None:
    rows = annual(league()).set_index(["year", "quantity"])["value"]
    # Allowed: 900/1000 x 0.9 x 1100 = 891, then 0.9 x 0.8 x 1200 = 864.
    assert rows["2021", "allowed"] == pytest.approx(891)
    assert rows["2021", "room"] == pytest.approx(41)
    assert rows["2022", "allowed"] == pytest.approx(864)
    assert rows["2022", "room"] == pytest.approx(-16)
    assert rows["2022", "carried_over"] == pytest.approx(25)


@pytest.mark.parametrize(("reason", "of_amounts"), [("noise", "noise"), ("interval", "")])
def test_no_room_is_left_by_a_sink_that_says_nothing_for_certain(reason: Reason, of_amounts: Reason) -> None:
    whole, without = league(gdp_growth=0.05), replace(league(gdp_growth=0.05), withheld={("150600", 2021): reason})
    rows = annual(without).set_index(["year", "quantity"])
    assert rows.loc[("2021", "room"), ["value", "withheld"]].isna().tolist() == [True, False]
    assert rows.loc[("2021", "adjusted_emissions"), ["value", "withheld"]].tolist() == [850, of_amounts]
    # The next year has a verdict of its own, but nothing can be carried over to it.
    same = annual(whole).set_index(["year", "quantity"])["value"]
    assert rows.loc[("2022", "room"), ["value", "withheld"]].tolist() == [same["2022", "room"], ""]
    assert np.isnan(rows.loc[("2022", "carried_over"), "value"])
    assert rows.loc[("2022", "carried_over"), "withheld"] == reason
    assert (annual(whole)["withheld"] == "").all()
    # A plan period rests on its last year.
    plan, goals = table("budget", PLAN), table("targets", GOALS)
    last = replace(whole, withheld={("150600", 2022): reason})
    planned = five_year(last, plan, "2021-2025", goals).set_index(["region_code", "quantity"])
    for code in ("150600", "all"):
        assert np.isnan(planned.loc[(code, "intensity_balance"), "value"])
        assert planned.loc[(code, "intensity_balance"), "withheld"] == reason
        # The balance of totals judges nothing: it stands without an interval, and not on what may be noise.
        assert np.isnan(planned.loc[(code, "elastic_balance"), "value"]) == (reason == "noise")
        assert np.isfinite(planned.loc[(code, "planned_emissions"), "value"])
        assert planned.loc[(code, "ecosystem_sink"), "withheld"] == of_amounts
        assert planned.loc[(code, "new_projects"), "withheld"] == ""
    other = five_year(without, plan, "2021-2025", goals)
    assert (other["withheld"] == "").all()
    assert other["value"].notna().all()


def test_base_year_is_gross_unless_the_rule_is_net_net() -> None:
    rows = annual(league(baseline="gross_net")).set_index(["year", "quantity"])["value"]
    assert rows["2021", "allowed"] == pytest.approx(1000 / 1000 * 0.9 * 1100)


def test_new_project_uses_room_and_brings_some() -> None:
    at = positions(league())["150600", 2021]
    after = at.with_project(emissions=100, value_added=50)
    # 850 + 100 against 0.81 x 1150 = 931.5: the project turns room of 41 into a gap of 18.5.
    assert after.allowed == pytest.approx(931.5)
    assert after.room == pytest.approx(-18.5)
    assert after.change == pytest.approx(1 - (950 / 1150) / 0.9)
    # A project exactly as intense as the path allows changes nothing.
    neutral = at.with_project(emissions=81, value_added=100)
    assert neutral.room == pytest.approx(at.room)


def test_abatement_of_the_base_year_is_no_part_of_its_emissions() -> None:
    made = league(gdp_growth=0.05, baseline="gross_net")
    abated = (made.table["year"] == 2020) & (made.table["quantity"] == "abatement")
    made = replace(made, table=made.table.assign(value=made.table["value"].mask(abated, 40.0)))
    rows = annual(made).set_index(["year", "quantity"])["value"]
    assert rows["2021", "allowed"] == pytest.approx((1000 - 40) / 1000 * 0.9 * 1100)


def test_no_reduction_without_a_positive_base() -> None:
    assert np.isnan(Position(-10.0, 100.0, 10.0, 100.0, 0.1).change)


PLAN = [
    ("150600", "2021-2025", "new_projects", 200, "t CO2", ""),
    ("150600", "2021-2025", "energy_saving", -50, "t CO2", ""),
    ("150600", "2021-2025", "structure", -30, "t CO2", ""),
]
GOALS = [
    ("150600", "intensity_reduction", "较基年下降", 2020, 2025, 17.5, "%", ""),
    ("150600", "expected_total", "预期", 2020, 2025, 1000, "t CO2", ""),
]


def test_five_year_budget_balances() -> None:
    rows = five_year(league(gdp_growth=0.05), table("budget", PLAN), "2021-2025", table("targets", GOALS))
    value = rows[rows["region_code"] == "150600"].set_index("quantity")["value"]
    # 900 + 200 - 50 - 30 - 20 (abatement) - 30 (sink from 100 to 130) = 970.
    assert value["abatement_projects"] == -20
    assert value["ecosystem_sink"] == -30
    assert value["planned_emissions"] == pytest.approx(970)
    # GDP of 2022 carried on for three years: 1200 x 1.05^3; allowed 0.9 x 0.825 of it.
    assert value["allowed"] == pytest.approx(0.9 * 0.825 * 1200 * 1.05**3)
    assert value["intensity_balance"] == pytest.approx(value["allowed"] - 970)
    assert value["elastic_balance"] == pytest.approx(30)
    total = rows[rows["region_code"] == "all"].set_index("quantity")["value"]
    assert total.to_dict() == pytest.approx(value.to_dict())


def test_amounts_of_a_plan_are_given_and_what_follows_from_them_is_computed() -> None:
    rows = five_year(league(gdp_growth=0.05), table("budget", PLAN), "2021-2025", table("targets", GOALS))
    basis = rows[rows["region_code"] == "150600"].set_index("quantity")["basis"]
    # A kind that the plan does not name is none.
    given = {"new_projects", "energy_saving", "structure", "retired_capacity", "expected_total"}
    assert set(basis.index[basis == "given"]) == given
    assert set(basis[basis != "given"]) == {"computed"}


@pytest.mark.parametrize(("period", "target_year", "share"), [("2021-2025", 2030, 5 / 10), ("2026-2030", 2025, 1)])
def test_a_plan_may_end_before_its_target_or_after_it(period: str, target_year: int, share: float) -> None:
    """Before it the path is on its way; after it what was required stays required."""
    plan = table("budget", [(row[0], period, *row[2:]) for row in PLAN])
    goals = table("targets", [("150600", "intensity_reduction", "较基年下降", 2020, target_year, 17.5, "%", "")])
    rows = five_year(league(gdp_growth=0.05), plan, period, goals).set_index(["region_code", "quantity"])["value"]
    gdp = 1200 * 1.05 ** (int(period[-4:]) - 2022)
    assert rows["150600", "allowed"] == pytest.approx(0.9 * (1 - 0.175) ** share * gdp)


def two_leagues(**rule: Any) -> Assessment:
    """The league, its double with another code, and their sum."""
    one = league(gdp_growth=0.05, **rule)
    parts = [one.table.assign(region_code=code, region_name=code) for code in ("150600", "150700", "150000")]
    return Assessment(pd.concat(parts, ignore_index=True), one.rule, whole="150000")


def test_a_sum_that_some_leagues_lack_is_not_shown() -> None:
    """Two leagues have a plan and one a target: the allowance of one less the plans of two is no balance."""
    plan = [*PLAN, ("150700", "2021-2025", "new_projects", 100, "t CO2", "")]
    rows = five_year(two_leagues(), table("budget", plan), "2021-2025", table("targets", GOALS))
    total = rows[rows["region_code"] == "all"].set_index("quantity")["value"]
    assert total["planned_emissions"] == pytest.approx(970 + 900 + 100 - 50)
    assert not {"allowed", "intensity_balance", "expected_total", "elastic_balance"} & set(total.index)
    whole = [*GOALS, *(("150700", *row[1:]) for row in GOALS)]
    total = five_year(two_leagues(), table("budget", plan), "2021-2025", table("targets", whole))
    value = total[total["region_code"] == "all"].set_index("quantity")["value"]
    assert value["intensity_balance"] == pytest.approx(value["allowed"] - value["planned_emissions"])
    assert value["elastic_balance"] == pytest.approx(2000 - value["planned_emissions"])


def test_a_plan_of_the_region_alone_stands_beside_no_others() -> None:
    plan = table("budget", [("150000", "2021-2025", "new_projects", 500, "t CO2", "")])
    rows = five_year(two_leagues(), plan, "2021-2025", table("targets", GOALS)).set_index(["region_code", "quantity"])
    assert rows.loc[("all", "new_projects"), "value"] == rows.loc[("150000", "new_projects"), "value"] == 500
    assert not {"leagues_planned", "level_gap"} & set(rows.index.get_level_values("quantity"))


def test_a_plan_of_the_region_stands_beside_those_of_its_leagues() -> None:
    plan = table("budget", [*PLAN, ("150000", "2021-2025", "new_projects", 500, "t CO2", "")])
    rows = five_year(two_leagues(), plan, "2021-2025", table("targets", GOALS)).set_index(["region_code", "quantity"])
    # The league plans 200 - 50 - 30; the region has 500, and its own plan is no part of the leagues' sum.
    assert rows.loc[("150000", "leagues_planned"), "value"] == pytest.approx(120)
    assert rows.loc[("150000", "level_gap"), "value"] == pytest.approx(380)
    assert rows.loc[("all", "new_projects"), "value"] == pytest.approx(200)


@pytest.mark.parametrize(("baseline", "base"), [("net_net", 900.0), ("gross_net", 1000.0)])
def test_credits_used_for_new_projects_are_reductions_of_the_plan(baseline: str, base: float) -> None:
    """The buyer's credits are taken off in the assessment, so that a plan without them would end elsewhere."""
    made = league(gdp_growth=0.05, baseline=baseline)
    used = made.table[made.table["quantity"] == "gdp"].assign(quantity="ccer_received", unit="t CO2")
    used = used.assign(value=used["year"].map({2020: 10.0, 2021: 40.0, 2022: 60.0}))
    with_credits = replace(made, table=pd.concat([made.table, used], ignore_index=True))
    rows = five_year(with_credits, table("budget", PLAN), "2021-2025", table("targets", GOALS))
    value = rows[rows["region_code"] == "150600"].set_index("quantity")["value"]
    before, sink = (10, 100) if baseline == "net_net" else (0, 0)
    assert value["credits_used"] == pytest.approx(before - 60)
    assert value["planned_emissions"] == pytest.approx(base + 120 - 20 + sink - 130 + before - 60)


YEARLY = [
    ("150600", "2022", "new_projects", 60, "t CO2", ""),
    ("150600", "2022", "energy_saving", -20, "t CO2", ""),
    ("150600", "2023", "new_projects", 30, "t CO2", ""),
    ("150600", "2024", "structure", -10, "t CO2", ""),
]


def test_annual_plans_are_rolled_from_year_to_year() -> None:
    made = league(gdp_growth=0.05)
    found = annual_plans(made, table("budget", [*PLAN, *YEARLY]), table("targets", GOALS))
    value = found.set_index(["year", "quantity"])["value"]
    # 2022 opens with the 850 of 2021 and ends at 880 where 890 were planned.
    assert value["2022", "opening"] == pytest.approx(850)
    assert value["2022", "planned_emissions"] == pytest.approx(890)
    assert value["2022", "deviation"] == pytest.approx(-10)
    assert value["2023", "opening"] == pytest.approx(880)
    assert value["2024", "opening"] == value["2023", "planned_emissions"] == pytest.approx(910)

    def allowed(year: int) -> float:
        gdp = {2021: 1100.0, 2022: 1200.0, 2023: 1200 * 1.05, 2024: 1200 * 1.05**2}[year]
        return 900 / 1000 * (1 - 0.175) ** ((year - 2020) / 5) * gdp

    room = {2021: allowed(2021) - 850, 2022: allowed(2022) - 880, 2023: allowed(2023) - 910}
    for year in (2022, 2023, 2024):
        carried = sum(left for before, left in room.items() if before < year)
        assert value[str(year), "carried_in"] == pytest.approx(carried)
        balance = allowed(year) - value[str(year), "planned_emissions"]
        assert value[str(year), "intensity_balance"] == pytest.approx(balance)
        assert value[str(year), "rolled_balance"] == pytest.approx(balance + carried)
    basis = found.set_index(["year", "quantity"])["basis"]
    assert basis["2022", "ecosystem_sink"] == "computed"
    assert basis["2024", "ecosystem_sink"] == "assumed"


def test_annual_plans_say_what_is_not_known_of_their_sink() -> None:
    """A year rests on its own sink and on that of the year before; what comes after, on the last."""
    made = replace(league(gdp_growth=0.05), withheld={("150600", 2022): "noise"})
    found = annual_plans(made, table("budget", YEARLY), table("targets", GOALS)).set_index(["year", "quantity"])
    for year in ("2022", "2024"):
        assert np.isnan(found.loc[(year, "intensity_balance"), "value"])
        assert found.loc[(year, "intensity_balance"), "withheld"] == "noise"
    assert found.loc[("2022", "carried_in"), "withheld"] == ""
    assert found.loc[("2023", "carried_in"), "withheld"] == "noise"


def test_annual_plans_of_both_levels() -> None:
    plan = [*YEARLY, *(("150700", *row[1:]) for row in YEARLY), ("150000", "2022", "new_projects", 100, "t CO2", "")]
    found = annual_plans(two_leagues(), table("budget", plan), table("targets", GOALS))
    value = found.set_index(["region_code", "year", "quantity"])["value"]
    assert value["150000", "2022", "leagues_planned"] == pytest.approx(80)
    assert value["150000", "2022", "level_gap"] == pytest.approx(20)


def test_an_annual_plan_needs_a_year_before_it() -> None:
    plan = table("budget", [("150600", "2025", "new_projects", 1, "t CO2", "")])
    with pytest.raises(AssessmentError) as caught:
        annual_plans(league(gdp_growth=0.05), plan, table("targets", GOALS))
    assert [problem.id for problem in caught.value.problems] == ["assessment.plan_gap"]


def test_budget_without_growth_or_plan_or_for_a_stranger_is_refused() -> None:
    plan, goals = table("budget", PLAN), table("targets", GOALS)
    with pytest.raises(AssessmentError) as caught:
        five_year(league(), plan, "2021-2025", goals)
    assert [p.id for p in caught.value.problems] == ["assessment.no_growth"]
    with pytest.raises(AssessmentError) as caught:
        five_year(league(), plan, "2026-2030", goals)
    assert [p.id for p in caught.value.problems] == ["assessment.no_plan"]
    with pytest.raises(AssessmentError) as caught:
        five_year(league(gdp_growth=0.05), plan.assign(region_code="150100"), "2021-2025", goals)
    assert [p.id for p in caught.value.problems] == ["assessment.plan_region"]


def test_a_plan_of_the_region_alone_has_no_level_below() -> None:
    plan = [("150000", "2022", "new_projects", 100, "t CO2", "")]
    found = annual_plans(two_leagues(), table("budget", plan), table("targets", GOALS))
    assert "leagues_planned" not in set(found["quantity"])
    opening = found.set_index(["region_code", "year", "quantity"])["value"]
    assert opening["150000", "2022", "planned_emissions"] == pytest.approx(850 + 100)
