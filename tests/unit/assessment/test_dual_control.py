"""Dual control by hand: small leagues whose arithmetic stands beside each number."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.assessment.dual_control import assess
from sinks.assessment.equations import break_even_k, required_reduction
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import parse_table
from sinks.assessment.inputs import Inputs
from sinks.assessment.result import COLUMNS, MET, NOT_MET, UNDECIDED, Assessment
from sinks.assessment.withheld import JUDGED
from sinks.project.rules import Rule

LEAGUE = "150600"


def account(sinks: dict[str, tuple[float, float, float]], *, code: str = LEAGUE) -> pd.DataFrame:
    """An account whose forest has the sink (value, low, high) in each period, and whose other land has none."""
    rows = [
        {
            "region_code": code,
            "region_name": "鄂尔多斯市",
            "level": "league",
            "ecosystem": land,
            "stratum": "all",
            "pool": "all",
            "quantity": "net_removals",
            "period": period,
            **dict(zip(("value", "low", "high"), found if land in ("forest", "all") else (0.0, 0.0, 0.0), strict=True)),
            "unit": "t CO2/yr",
        }
        for period, found in sinks.items()
        for land in ("forest", "grassland", "wetland", "all")
    ]
    return pd.DataFrame(rows)


def certain(value: float) -> tuple[float, float, float]:
    """A sink whose uncertainty is stated, and is none."""
    return value, value, value


def bare(value: float) -> tuple[float, float, float]:
    """A sink without an interval."""
    return value, float("nan"), float("nan")


def inputs(
    *,
    emissions: tuple[float, float] = (1000, 1000),
    gdp: tuple[float, float] = (1000, 1100),
    target: float = 15,
    abatement: float = 0,
    expected: float | None = None,
    code: str = LEAGUE,
) -> Inputs:
    """Emissions [t CO2] and GDP [10^4 CNY] of 2020 and 2023; process and power are zero."""
    years = (2020, 2023)
    energy = [
        (code, year, kind, value if kind == "energy" else 0, "t CO2", "统计局")
        for year, value in zip(years, emissions, strict=True)
        for kind in ("energy", "process", "net_imported_power")
    ]
    money = [(code, y, "gdp", v, "万元", "2020 constant", "公报") for y, v in zip(years, gdp, strict=True)]
    goals = [(code, "intensity_reduction", "较基年下降", 2020, 2025, target, "%", "方案")]
    if expected is not None:
        goals.append((code, "expected_total", "预期", 2020, 2025, expected, "t CO2", "方案"))
    return Inputs(
        emissions=table("emissions", energy),
        gdp=table("gdp", money),
        targets=table("targets", goals),
        abatement=table("abatement", [(code, 2023, "A1", "abatement", abatement, "t CO2", "申报")]),
    )


def table(name: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    from sinks.assessment.input_tables import columns

    return parse_table(name, pd.DataFrame(rows, columns=[c.name for c in columns(name)], dtype=object))


def rule(**values: Any) -> Rule:
    return Rule.model_validate({"base_year": 2020, "years": [2023], "base_period": "2017-2020", **values})


def value(result: Assessment, quantity: str, year: int = 2023) -> float:
    return result.values()[LEAGUE, year, quantity]


TWO = {"2017-2020": certain(100), "2020-2023": certain(150)}


def test_league_that_meets_its_target_only_with_the_offset() -> None:
    result = assess(account(TWO), inputs(), rule())
    # Without the sink: 1 - (1000/1100)/(1000/1000) = 1/11 = 0.0909; required 1 - 0.85^(3/5) = 0.0929.
    assert value(result, "change_gross") == pytest.approx(1 / 11)
    assert value(result, "required_change") == pytest.approx(1 - 0.85**0.6)
    assert value(result, "verdict_without_sink") == NOT_MET
    # With it: (1000 - 150)/1100 against (1000 - 100)/1000: 1 - 0.772727/0.9 = 0.141414.
    assert value(result, "change") == pytest.approx(1 - (850 / 1100) / 0.9)
    assert value(result, "verdict") == MET
    assert value(result, "probability_met") == 1
    assert (result.withheld, result.unjudged()) == ({}, {})
    assert (result.table["withheld"] == "").all()


def with_unknown(*lands: str) -> pd.DataFrame:
    """An account in which the sink of some ecosystems of the report period could not be estimated."""
    table = account(TWO)
    gap = (table["period"] == "2020-2023") & table["ecosystem"].isin([*lands, *(["all"] if "forest" in lands else [])])
    return table.assign(value=table["value"].mask(gap))


def test_a_sink_that_is_not_known_is_not_zero() -> None:
    with pytest.raises(AssessmentError) as caught:
        assess(with_unknown("forest", "grassland", "wetland"), inputs(), rule())
    problem = caught.value.problems[0]
    assert (problem.id, problem.values["regions"]) == ("assessment.no_sink", [LEAGUE])
    # A part of it that is not known is said, and the rest counts.
    result = assess(with_unknown("wetland"), inputs(), rule())
    note = next(note for note in result.notes if note.id == "assessment.note_unknown")
    assert note.values["land"] == [f"{LEAGUE} wetland"]
    assert value(result, "sink_counted") == 150
    assert "assessment.note_unknown" not in {note.id for note in assess(account(TWO), inputs(), rule()).notes}


def test_three_presentations_of_one_change() -> None:
    result = assess(account(TWO), inputs(), rule())
    assert value(result, "change_gross") == pytest.approx(1 - 1000 / 1100)
    assert value(result, "change_net_net") == pytest.approx(1 - (850 / 1100) / (900 / 1000))
    assert value(result, "change_net_report_year") == pytest.approx(1 - (850 / 1100) / (1000 / 1000))
    notes = result.table.set_index("quantity")["note"]
    assert "高估" in notes["change_net_report_year"]


def test_sink_of_the_base_year_makes_the_offset_smaller() -> None:
    """The same sink in both years changes the relative reduction hardly; counted once it looks like a great success."""
    same = {"2017-2020": certain(150), "2020-2023": certain(150)}
    both = assess(account(same), inputs(), rule())
    once = assess(account(same), inputs(), rule(baseline="gross_net"))
    # 1 - (850/1100)/(850/1000) = 1 - 1000/1100: exactly the gross change, since emissions did not change.
    assert value(both, "change") == pytest.approx(1 / 11)
    assert value(once, "change") == pytest.approx(1 - 850 / 1100)
    assert value(once, "change") == value(once, "change_net_report_year")


def test_negative_sink_is_counted_as_it_is() -> None:
    fire = {"2017-2020": certain(0), "2020-2023": certain(-200)}
    result = assess(account(fire), inputs(), rule(k=0.5))
    assert value(result, "sink_counted") == -100
    assert value(result, "adjusted_emissions") == 1100
    assert value(result, "change") == pytest.approx(0, abs=1e-12)
    assert value(result, "verdict") == NOT_MET


def test_cap_binds() -> None:
    result = assess(account(TWO), inputs(), rule(cap={LEAGUE: 60}))
    assert value(result, "sink_counted", 2020) == 60
    assert value(result, "sink_counted") == 60
    assert value(result, "change") == pytest.approx(1 - (940 / 1100) / (940 / 1000))
    notes = result.table.set_index(["quantity", "year"])["note"]
    assert "上限起作用" in notes["sink_counted", 2023]


def test_cap_as_a_share_of_the_years_own_emissions() -> None:
    result = assess(account(TWO), inputs(emissions=(1000, 2000)), rule(cap_share=0.05))
    assert (value(result, "cap", 2020), value(result, "cap")) == (50, 100)
    assert (value(result, "sink_counted", 2020), value(result, "sink_counted")) == (50, 100)


def test_reference_level_counts_only_what_is_beyond_it() -> None:
    result = assess(account(TWO), inputs(), rule(baseline="reference_level", reference_level={LEAGUE: 120}))
    assert value(result, "sink_counted", 2020) == 0
    assert value(result, "sink_counted") == 30
    assert value(result, "change") == pytest.approx(1 - (970 / 1100) / 1)


def test_credits_transferred_outside_leave_the_sink_before_the_coefficient() -> None:
    ccer = pd.DataFrame({"region_code": [LEAGUE], "year": [2023], "value": [30.0]})
    result = assess(account(TWO), inputs(), rule(k=0.5), ccer=ccer)
    assert value(result, "sink") == 150
    assert value(result, "ccer_deducted") == 30
    assert value(result, "sink_counted") == 0.5 * (150 - 30)


def test_deduction_for_uncertainty_is_a_share_of_the_way_to_the_lower_end() -> None:
    wide = {"2017-2020": (100.0, 60.0, 140.0), "2020-2023": (150.0, 110.0, 190.0)}
    result = assess(account(wide), inputs(), rule(uncertainty_deduction=0.25))
    assert value(result, "uncertainty_deducted") == 10
    assert value(result, "sink_counted") == 140


def test_abatement_and_expected_total() -> None:
    result = assess(account(TWO), inputs(abatement=40, expected=980), rule())
    assert value(result, "adjusted_emissions") == 1000 - 40 - 150
    # The gap is shown with and without deductions, and nowhere is there a verdict on totals.
    assert value(result, "gap_gross") == 20
    assert value(result, "gap_net") == 810 - 980
    assert not any("total" in q and "verdict" in q for q in result.table["quantity"])


def test_five_year_path_of_ordos() -> None:
    """X = 17.5 % by 2025: year by year 1 - 0.825^(n/5)."""
    path = [float(required_reduction(0.175, n, 5)) for n in range(6)]
    assert path == pytest.approx([0.0, 0.037744, 0.074063, 0.109011, 0.142641, 0.175], abs=2e-5)
    # Equal yearly rates: what remains shrinks by the same factor every year.
    remaining = 1 - np.array(path)
    assert remaining[1:] / remaining[:-1] == pytest.approx(0.825 ** (1 / 5))


def test_not_decided_within_the_uncertainty_of_the_sink() -> None:
    """A central value exactly at the break-even sink leaves the verdict open: probability one half."""
    gross = rule(baseline="gross_net")
    exact = value(assess(account(TWO), inputs(), gross), "break_even_sink")
    # E - (1 - required) I_base GDP = 1000 - 0.85^0.6 x 1100.
    assert exact == pytest.approx(1000 - 0.85**0.6 * 1100)
    open_ = {"2017-2020": certain(0), "2020-2023": (exact, exact - 50, exact + 50)}
    result = assess(account(open_), inputs(), gross)
    assert value(result, "probability_met") == pytest.approx(0.5, abs=1e-3)
    assert value(result, "verdict") == UNDECIDED
    # One and a half standard deviations (50/1.96) above: 93 % is not yet 95 %.
    near = exact + 1.5 * 50 / 1.959964
    result = assess(account({**open_, "2020-2023": (near, near - 50, near + 50)}), inputs(), gross)
    assert value(result, "probability_met") == pytest.approx(0.9332, abs=1e-3)
    assert value(result, "verdict") == UNDECIDED
    far = exact + 60
    result = assess(account({**open_, "2020-2023": (far, far - 50, far + 50)}), inputs(), gross)
    assert value(result, "verdict") == MET


def test_draws_of_the_account_decide_when_they_are_handed_over() -> None:
    draws = {"2017-2020": np.full((4, 1), 100.0), "2020-2023": np.array([[0.0], [0.0], [0.0], [200.0]])}
    result = assess(account(TWO), inputs(), rule(), draws=draws)
    assert value(result, "probability_met") == 0.25
    assert [note.id for note in result.notes] == ["assessment.note_draws", "assessment.note_draws"]


def partly(value: float, share: float, low: float = np.nan, high: float = np.nan) -> pd.DataFrame:
    """An account whose totals say for how much of them an uncertainty is stated."""
    frame = account({"2017-2020": (100.0, 80.0, 120.0), "2020-2023": (value, low, high)})
    return frame.assign(uncertain_share=np.where(frame["low"].isna(), share, 1.0))


def test_draws_that_leave_out_too_much_give_neither_interval_nor_probability() -> None:
    """Three quarters of the figure are covered: its draws are too narrow, whatever they say."""
    draws = {"2017-2020": np.array([[90.0], [110.0]]), "2020-2023": np.array([[149.0], [151.0]])}
    found = assess(partly(150, 0.74), inputs(), rule(), draws=draws)
    rows = found.table[(found.table["year"] == 2023) & found.table["quantity"].isin(["sink", "sink_counted"])]
    assert rows["low"].isna().all()
    # So there is no verdict either, nor anything else that judges, and each says why; amounts stay.
    judged = found.table[(found.table["year"] == 2023) & found.table["quantity"].isin(JUDGED)].set_index("quantity")
    assert set(judged.index) == set(JUDGED)
    assert judged["value"].isna().all()
    assert set(judged["withheld"]) == {"interval"}
    assert judged["note"].str.startswith("不作判定：碳汇的不确定度").all()
    assert value(found, "sink_counted") == 150
    assert value(found, "verdict_without_sink") == NOT_MET
    assert (found.withheld, found.unjudged()) == ({(LEAGUE, 2023): "interval"}, {"interval": ["鄂尔多斯市"]})
    assert {"assessment.note_no_interval", "assessment.withheld_interval"} <= {note.id for note in found.notes}
    # The same draws of an account that covers all of it.
    whole = assess(partly(150, 1.0, 149, 151), inputs(), rule(), draws=draws)
    assert (value(whole, "probability_met"), value(whole, "verdict")) == (1, MET)
    assert whole.table[whole.table["quantity"] == "sink"]["low"].notna().all()


WIDE = {"2017-2020": (100.0, 90.0, 110.0), "2020-2023": (150.0, 130.0, 170.0)}


@pytest.mark.parametrize(
    ("period", "given", "base_rests", "withheld"),
    [
        ("2020-2023", {}, False, True),
        # The base year counts a sink too, unless the rule takes the base year without it.
        ("2017-2020", {}, True, True),
        ("2017-2020", {"baseline": "gross_net"}, True, False),
        ("2020-2023", {"k": 0}, False, False),
    ],
)
def test_a_sink_that_may_be_noise_gives_no_verdict(
    period: str, given: dict[str, Any], base_rests: bool, withheld: bool
) -> None:
    plain = assess(account(WIDE), inputs(expected=900), rule(**given))
    result = assess(account(WIDE), inputs(expected=900), rule(**given), doubted={(LEAGUE, period), ("150100", "x")})
    assert result.withheld == ({(LEAGUE, 2023): "noise"} if withheld else {})
    rows, same = (one.table.set_index(["quantity", "year"]) for one in (result, plain))
    assert rows.index.equals(same.index)
    for name in JUDGED:
        assert np.isnan(rows.loc[(name, 2023), "value"]) == (withheld or np.isnan(same.loc[(name, 2023), "value"]))
        assert rows.loc[(name, 2023), "withheld"] == ("noise" if withheld else "")
    assert "分类误差" in rows.loc[("verdict", 2023), "note"] if withheld else rows["value"].equals(same["value"])
    # Amounts stay what they are and say it; those without the sink are sure whatever it is.
    amounts = ["sink", "sink_counted", "adjusted_emissions", "intensity_net"]
    for name in (*amounts, "emissions", "change_gross", "verdict_without_sink", "required_change"):
        assert rows.loc[(name, 2023), "value"] == same.loc[(name, 2023), "value"]
        marked = withheld and not base_rests and name in amounts
        assert rows.loc[(name, 2023), "withheld"] == ("noise" if marked else "")
    assert rows.loc[("adjusted_emissions", 2020), "withheld"] == ("noise" if base_rests else "")
    assert rows.loc[("change", 2023), "withheld"] == ("noise" if withheld else "")


def test_where_a_verdict_is_withheld_the_last_year_has_words_for_it() -> None:
    joined = Inputs(*(pd.concat([getattr(i, n) for i in (inputs(), inputs(code="150100"))]) for n in TABLES))
    two = pd.concat([account(WIDE), account(WIDE, code="150100")])
    result = assess(two, joined, rule(), whole=("150000", "全区"), doubted={(LEAGUE, "2020-2023")})
    shown = result.last_year().set_index("代码")
    assert shown["判定"].to_dict() == {"150000": "无", "150100": "完成", LEAGUE: "不作判定（分类误差）"}
    assert shown["计入碳汇（万 t CO2）"].isna().to_dict() == {"150000": False, "150100": False, LEAGUE: True}
    assert shown["不计碳汇"].tolist()[1:] == ["未完成", "未完成"]
    # The sum is told by its own ratio: errors of many leagues are no error of their sum.
    assert result.unjudged() == {"noise": ["鄂尔多斯市"]}
    both = assess(two, joined, rule(), whole=("150000", "全区"), doubted={("150000", "2020-2023")})
    marked = both.table[both.table["withheld"] == "noise"]
    assert set(marked["region_code"]) == {"150000"}


TABLES = ("emissions", "gdp", "targets", "abatement")


def test_a_sum_of_regions_has_no_interval_where_one_of_them_has_none() -> None:
    two = pd.concat([partly(150, 0.74), partly(150, 1.0, 149, 151).assign(region_code="150700", region_name="乙")])
    given = [inputs(), inputs(code="150700")]
    both = replace(given[0], **{f.name: _joined([getattr(one, f.name) for one in given]) for f in fields(Inputs)})
    draws = {
        period: np.array([[low, low], [low + 2, low + 2]])
        for period, low in (("2017-2020", 99.0), ("2020-2023", 149.0))
    }
    found = assess(two, both, rule(), draws=draws, whole=("150000", "全区"))
    sinks = found.table[(found.table["quantity"] == "sink") & (found.table["year"] == 2023)].set_index("region_code")
    assert sinks["low"].notna().to_dict() == {"150600": False, "150700": True, "150000": False}
    assert sinks.loc["150000", "value"] == 300


def _joined(parts: list[Any]) -> Any:
    return pd.concat(parts, ignore_index=True) if isinstance(parts[0], pd.DataFrame) else parts[0]


def test_normal_approximation_says_so_and_keeps_the_interval() -> None:
    wide = {"2017-2020": (100.0, 60.0, 140.0), "2020-2023": (150.0, 110.0, 190.0)}
    result = assess(account(wide), inputs(), rule())
    row = result.table[(result.table["quantity"] == "sink") & (result.table["year"] == 2023)].iloc[0]
    assert (row["value"], row["low"], row["high"]) == pytest.approx((150, 110, 190), abs=0.1)
    assert {note.id for note in result.notes} == {"assessment.note_normal"}


def test_sink_larger_than_the_emissions_of_the_base_year_gives_no_verdict() -> None:
    forest = {"2017-2020": certain(1500), "2020-2023": certain(1600)}
    result = assess(account(forest), inputs(), rule())
    assert (LEAGUE, 2023, "change_gross") in result.values()
    row = result.table[result.table["quantity"] == "verdict"].iloc[0]
    assert np.isnan(row["value"])
    assert row["note"].startswith("不能判定")


@pytest.mark.parametrize("baseline", ["net_net", "gross_net"])
@pytest.mark.parametrize("cap", [None, 120.0])
def test_break_even_k_is_where_the_verdict_changes(baseline: str, cap: float | None) -> None:
    sinks = {"2017-2020": certain(20), "2020-2023": certain(150)}
    given = {"baseline": baseline} | ({"cap": {LEAGUE: cap}} if cap else {})
    k = value(assess(account(sinks), inputs(), rule(**given)), "break_even_k")
    assert 0 < k < 1
    below, above = (
        value(assess(account(sinks), inputs(), rule(**given, k=k + step)), "verdict") for step in (-1e-6, 1e-6)
    )
    assert (below, above) == (NOT_MET, MET)


def test_break_even_k_by_hand() -> None:
    # 0.9 x (100 - 10 k) = 100 - 30 k  =>  21 k = 10.
    assert break_even_k((100, 30, np.inf), (100, 10, np.inf), 0.9) == pytest.approx(10 / 21)
    # The cap of 5 stops the offset before it is enough.
    assert np.isnan(break_even_k((100, 30, 5), (100, 0, np.inf), 0.9))


def test_coefficient_moves_exactly_the_terms_it_should() -> None:
    base, full = (assess(account(TWO), inputs(expected=900), rule(k=k)) for k in (0, 1))
    one, other = base.values(), full.values()
    assert one.keys() == other.keys()
    moved = {quantity for (*key, quantity), v in one.items() if v != other[(*key, quantity)]}  # type: ignore[index]
    assert moved == {
        *("sink_counted", "adjusted_emissions", "intensity_net", "gap_net"),
        *("change_net_net", "change_net_report_year", "change", "margin", "verdict", "probability_met"),
        # The base year is net of its own sink, so what would be enough depends on k too.
        "break_even_sink",
    }


def test_rule_is_printed_with_its_basis() -> None:
    result = assess(account(TWO), inputs(), rule(k={"value": 0.5, "source": "内政办发〔2023〕94号"}))
    rows = result.table[result.table["region_code"] == "all"].set_index("quantity")
    assert rows.loc["rule.k", "basis"] == "given"
    assert rows.loc["rule.k", "note"] == "内政办发〔2023〕94号"
    assert rows.loc["rule.baseline", "basis"] == "assumed"
    assert list(result.table.columns) == list(COLUMNS)
    note = str(result.table.set_index("quantity").loc["verdict", "note"])
    assert "基准口径" in note
    assert "k、" not in note


def test_draws_that_do_not_differ_are_no_interval_to_deduct() -> None:
    """Parameters without intervals draw the same sink every time: that is not known to be certain."""
    same = {period: np.full((50, 1), sink[0]) for period, sink in TWO.items()}
    with pytest.raises(AssessmentError) as caught:
        assess(account(TWO), inputs(), rule(uncertainty_deduction=0.5), draws=same)
    assert {problem.id for problem in caught.value.problems} == {"assessment.no_interval"}
    shifted = assess(account(TWO), inputs(), rule(), draws={p: draws * (1 + 1e-15) for p, draws in same.items()})
    assert shifted.table["low"].isna().all()
    spread = {period: sink[0] + np.linspace(-40, 40, 41)[:, None] for period, sink in TWO.items()}
    result = assess(account(TWO), inputs(), rule(uncertainty_deduction=0.5), draws=spread)
    # The lower end is 38 below the sink, half of which is taken off.
    assert value(result, "uncertainty_deducted") == pytest.approx(19)
    assert value(result, "sink_counted") == pytest.approx(131)


def test_sum_row_is_the_sum_of_the_leagues() -> None:
    two = pd.concat([account(TWO), account(TWO, code="150100")])
    both = (inputs(), inputs(code="150100", emissions=(500, 400), gdp=(700, 900)))
    joined = Inputs(*(pd.concat([getattr(i, n) for i in both]) for n in ("emissions", "gdp", "targets", "abatement")))
    result = assess(two, joined, rule(), whole=("150000", "内蒙古自治区")).values()
    for quantity in ("emissions", "sink_counted", "adjusted_emissions", "gdp"):
        parts = [result[code, 2023, quantity] for code in (LEAGUE, "150100")]
        assert result["150000", 2023, quantity] == pytest.approx(sum(parts))
    assert result["150000", 2023, "intensity_net"] == pytest.approx((1400 - 300) / 2000)
    assert ("150000", 2023, "verdict") not in result


def test_part_of_the_ecosystems_adds_half_widths() -> None:
    frame = account({"2017-2020": certain(0), "2020-2023": (150.0, 110.0, 190.0)})
    frame.loc[(frame["ecosystem"] == "grassland") & (frame["period"] == "2020-2023"), ["value", "low", "high"]] = [
        30.0,
        20.0,
        40.0,
    ]
    result = assess(frame, inputs(), rule(ecosystems=["forest", "grassland"]))
    row = result.table[(result.table["quantity"] == "sink") & (result.table["year"] == 2023)].iloc[0]
    assert (row["value"], row["low"], row["high"]) == pytest.approx((180, 130, 230), abs=0.1)
    assert "assessment.note_sum" in {note.id for note in result.notes}


def test_league_without_an_interval_is_named_and_one_without_a_sink_is_certain() -> None:
    none = account(dict.fromkeys(TWO, certain(0)), code="150300")
    without = account({period: bare(found[0]) for period, found in TWO.items()})
    both = (inputs(), inputs(code="150300"))
    joined = Inputs(*(pd.concat([getattr(i, n) for i in both]) for n in ("emissions", "gdp", "targets", "abatement")))
    result = assess(pd.concat([none, without]), joined, rule())
    period = ["assessment.note_no_interval", "assessment.note_normal"]
    assert [note.id for note in result.notes] == [*period, *period, "assessment.withheld_interval"]
    assert [note.values.get("regions") for note in result.notes[:4:2]] == [[LEAGUE]] * 2
    assert result.withheld == {(LEAGUE, 2023): "interval"}
    # A sink of which nothing counts leaves nothing open, whatever is not known of it.
    assert assess(without, inputs(), rule(k=0)).withheld == {}


@pytest.mark.parametrize(
    ("given", "id"),
    [
        ({"base_period": None}, "assessment.base_without_sink"),
        ({"years": [2024]}, "assessment.year_without_sink"),
        ({"base_period": "2010-2015"}, "assessment.no_period"),
        ({"ecosystems": ["forest", "cropland"]}, "assessment.not_accounted"),
        ({"uncertainty_deduction": 1.0}, "assessment.no_interval"),
        ({"level": "banner"}, "assessment.no_level"),
        ({"pools": ["all", "litter"]}, "assessment.scope_overlap"),
        ({"cap": {"159900": 5}}, "assessment.rule_regions"),
        ({"baseline": "reference_level"}, "assessment.no_reference"),
        ({"reference_level": {LEAGUE: 5}}, "assessment.unused_reference"),
    ],
)
def test_what_the_account_cannot_answer_is_refused(given: dict[str, Any], id: str) -> None:
    sinks = {"2020-2023": certain(1)} if "base_period" in given else {period: bare(1) for period in TWO}
    frame = account(sinks)
    data = inputs()
    if "years" in given:
        late = {"year": 2024}
        data = Inputs(
            pd.concat([data.emissions, data.emissions[data.emissions["year"] == 2023].assign(**late)]),
            pd.concat([data.gdp, data.gdp[data.gdp["year"] == 2023].assign(**late)]),
            data.targets,
        )
    with pytest.raises(AssessmentError) as caught:
        assess(frame, data, rule(**given))
    assert id in {p.id for p in caught.value.problems}
    assert str(caught.value)


def test_a_base_year_without_a_sink_compares_emissions_alone() -> None:
    """Both ways of comparing that need the sink of the base year are left out; the other is 1 - (850/1100)/1."""
    result = assess(account({"2020-2023": certain(150)}), inputs(), rule(base_period=None, baseline="gross_net"))
    assert "change_net_net" not in set(result.table["quantity"])
    assert value(result, "change_net_report_year") == pytest.approx(1 - 850 / 1100)
    assert value(result, "change") == pytest.approx(1 - 850 / 1100)


@pytest.mark.parametrize("others", [[], [("150700", "intensity_reduction", "较基年下降", 2020, 2025, 15, "%", "方案")]])
def test_what_has_no_target_has_no_verdict(others: list[tuple[Any, ...]]) -> None:
    """Neither alone nor beside a league that has one: what was emitted stands, and nothing is required."""
    two = pd.concat([account(TWO), account(TWO, code="150700")])
    one, other = inputs(), inputs(code="150700")
    both = {
        name: pd.concat([getattr(one, name), getattr(other, name)], ignore_index=True)
        for name in ("emissions", "gdp", "abatement")
    }
    result = assess(two, Inputs(**both, targets=table("targets", others)), rule())
    judged = {"required_change", "verdict", "probability_met", "break_even_k", "margin"}
    here = result.table[result.table["year"].notna()]
    of = {code: set(rows.loc[rows["value"].notna(), "quantity"]) for code, rows in here.groupby("region_code")}
    assert not judged & of[LEAGUE]
    assert "adjusted_emissions" in of[LEAGUE]
    assert ({"required_change", "verdict"} <= of["150700"]) == bool(others)
