"""Chapters of a report: what they say is what the account says, in words that agree with the signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.analysis.sensitivity import APPROACH_COLUMNS
from sinks.assessment.result import rule_rows
from sinks.assessment.withheld import JUDGED
from sinks.output.report import grammar, mapping
from sinks.output.report.blocks import KeyFigures, Paragraph, Picture, Table, reference
from sinks.output.report.chapters import chapters
from sinks.output.report.facts import Amount, Facts
from sinks.output.report.words import ABSENT, amount, joined, ordinal, percent, printed
from sinks.project.rules import Rule
from sinks.text import LANGUAGES, message, table_rows, using_language
from sinks.vocabulary import ALL
from support.reported_run import (
    EVIL,
    REGIONS,
    make_account,
    make_contents,
    page,
    table_after,
    text,
)


def test_stock_table_equals_the_account(ordos: Any) -> None:
    # Ordos 2023: forest biomass 1,300,000 + 66,666, soil 50,005, grassland 600,000 t C, in 10^4 t C.
    assert table_after(ordos, "各生态系统分碳库碳储量") == [
        ["生态系统", "生物量（地上与地下未分）", "土壤有机碳", "合计"],
        ["森林", "136.67", "5.00", "141.67"],
        ["草原", "60.00", ABSENT, "60.00"],
        ["合计", "196.67", "5.00", "201.67"],
    ]


def test_removals_table_equals_the_account(ordos: Any) -> None:
    # Forest (300,000 + 33,333) / 3 * 44/12 = 407,407 t CO2/yr; grassland -300,000 / 3 * 44/12 = -366,667 t CO2/yr.
    rows = {row[0]: row[1:] for row in table_after(ordos, "各生态系统分碳库年碳汇量")}
    assert rows["森林"][2:] == ["40.74", "36.67", "44.81"]
    assert rows["草原"][2:] == ["-36.67", "-40.33", "-33.00"]
    assert rows["合计"][2] == "4.07"


def test_tables_by_region_sum_to_their_region(ordos: Any) -> None:
    head, *rows = table_after(ordos, "分地区碳储量")
    total = rows[-1]
    assert total[0] == "鄂尔多斯市"
    for column in range(1, len(head)):
        parts = [Decimal(row[column]) for row in rows[:-1] if row[column] != ABSENT]
        assert abs(sum(parts) - Decimal(total[column])) <= Decimal("0.01") * len(parts)


def test_transition_matrix_is_in_the_report(ordos: Any) -> None:
    rows = {row[0]: row[1:] for row in table_after(ordos, "生态系统类型转移矩阵")}
    assert rows["草原"] == ["0.08", "0.00", "0.08"]
    assert rows["合计"][0] == "0.38"


def test_flows_are_drawn_and_named_where_land_changed() -> None:
    """770 ha of grassland became forest in Ordos; in Hulun Buir wetland was only not seen again."""
    both = frozenset({"transition_text", "table_transition", "figure_flows"})
    ordos, hulun = (chapters(page(code, tags=both)) for code in ("150600", "150700"))
    (picture,) = ordos["figure_flows"]
    assert isinstance(picture, Picture)
    assert picture.png.startswith(b"\x89PNG")
    assert "未变化" in picture.caption
    assert hulun["figure_flows"] == ()
    for found, referred in ((ordos, True), (hulun, False)):
        assert (reference("figure_flows") in text({"": found["transition_text"]})) is referred


@pytest.mark.parametrize("code", ["150000", "150600", "150700"])
def test_every_printed_amount_is_the_account_rounded(code: str) -> None:
    contents = make_contents()
    account = contents.account
    known = {printed(value / 1e4) for name in ("value", "low", "high") for value in account[name]}
    blocks = chapters(page(code, contents))
    for tag in ("table_stock_pools", "table_stock_regions", "table_removals", "table_removals_regions"):
        for table in blocks[tag]:
            assert isinstance(table, Table)
            assert {cell for row in table.rows for cell in row[1:]} <= known


def said(value: float, low: float = float("nan"), high: float = float("nan")) -> str:
    return grammar.removals(Amount(value, low, high), "2020-2023", "生态系统")


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_a_source_is_never_called_a_sink(value: float, spread: float) -> None:
    sentence = said(value, value - spread, value + spread)
    sink, source = "表现为碳汇" in sentence, "表现为碳源" in sentence
    assert not (sink and source)
    if sink:
        assert value > 0
    if source:
        assert value < 0
    if spread > abs(value):
        assert not sink
        assert not source


def test_sentences_agree_with_sign_interval_and_zero() -> None:
    assert "净吸收二氧化碳4.00万吨（95%置信区间3.00～5.00万吨），表现为碳汇" in said(40_000, 30_000, 50_000)
    # A release is told as a positive amount, its interval turned round.
    assert "净排放二氧化碳4.00万吨（95%置信区间3.00～5.00万吨），表现为碳源" in said(-40_000, -50_000, -30_000)
    assert "尚不能判定" in said(40_000, -1, 90_000)
    assert "基本持平" in said(-49.0)
    assert said(float("nan")) == ""


def test_ranks_are_among_regions_of_one_level() -> None:
    facts = Facts(make_contents())
    with using_language("en"):
        assert "ranks 1st among 2 cities" in grammar.ranks(facts, "150600")
        # Hulunbuir is a source: it is ranked by its release, not as the smallest sink.
        assert "net release ranks 1st among 2 cities" in grammar.ranks(facts, "150700")
    assert grammar.ranks(facts, "150000") == ""
    assert grammar.ranks(facts, "150702") == ""


@pytest.mark.parametrize(
    ("sign", "zh", "en"),
    [
        (1, "2个地级市均为碳汇，最强的是", "All 2 cities are sinks, the strongest"),
        (-1, "2个地级市均为碳源", "All 2 cities are sources"),
    ],
)
def test_what_holds_for_every_region_is_said_once(sign: int, zh: str, en: str) -> None:
    account = make_account()
    sums = account[(account[["ecosystem", "stratum", "pool"]] == ALL).all(axis=1)]
    sums = sums.assign(value=sign * sums["value"].abs(), low=float("nan"), high=float("nan"))
    facts = Facts(make_contents(account=sums))
    (period,) = facts.dates("net_removals")
    assert zh in grammar.regions_by_sign(facts, "150000", period)
    with using_language("en"):
        assert en in grammar.regions_by_sign(facts, "150000", period)


def test_regions_without_a_figure_are_counted_and_said() -> None:
    account = make_account()
    gone = account["region_code"].eq("150700") & account["quantity"].isin(["net_removals", "carbon_stock"])
    more = account[account["region_code"] == "150600"].assign(region_code="150200")
    frame = pd.concat([account[~gone], more], ignore_index=True)
    contents = make_contents(account=frame)
    land = contents.regions.frame
    third = land[land["code"] == "150600"].assign(code="150200", name="包头市")
    contents = replace(contents, regions=SimpleNamespace(frame=pd.concat([land, third], ignore_index=True)))
    facts = Facts(contents)
    (period,) = facts.dates("net_removals")
    assert "在3个" in (told := grammar.regions_by_sign(facts, "150000", period))
    assert "1个没有估算" in told
    assert "在3个" in grammar.regions_by_size(facts, "150000", "carbon_stock", "2020")


@pytest.mark.parametrize(("removals", "decimals"), [(-2_800.0, 3), (-28_000.0, 2), (-49.0, 2)])
def test_a_density_has_the_decimals_that_its_sign_needs(removals: float, decimals: int) -> None:
    """Over 2 million ha -0.0014 t/ha is told from nothing by the third decimal; what is nothing in print needs none."""
    account = make_account()
    sums = (account[["ecosystem", "stratum", "pool"]] == ALL).all(axis=1) & account["region_code"].eq("150600")
    found = account["value"].mask(sums & account["quantity"].eq("net_removals"), removals)
    one = page("150000", make_contents(account.assign(value=found)))
    (period,) = one.facts.dates("net_removals")
    assert mapping._decimals(one, {"150600": removals / 2e6}, "net_removals", period) == decimals


def test_english_agrees_in_number() -> None:
    with using_language("en"):
        assert "forest (407.4 kt CO₂) is a sink" in text(chapters(page()))
        assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
        )
        assert joined(["a", "b", "c"]) == "a, b and c"


def test_printing() -> None:
    assert [printed(x) for x in (0.125, 0.135, -0.001, float("nan"), 1234.5)] == [
        "0.12",
        "0.14",
        "0.00",
        "—",
        "1234.50",
    ]
    assert [percent(x) for x in (0.9999, 1.0, 0.5)] == [">99.9%", "100.0%", "50.0%"]
    with using_language("en"):
        assert printed(1234.5) == "1,234.5"


@given(st.lists(st.floats(-1e8, 1e8), min_size=2, max_size=6))
def test_a_number_prints_the_same_everywhere(values: list[float]) -> None:
    assert [amount(value) for value in values] == [printed(value / 1e4) for value in values]


def both_approaches(agreement: str) -> pd.DataFrame:
    """Of Ordos, by hand; other dates and quantities are not for this chapter."""
    ends = (1.8e6, 2.2e6, 1.7e6, 2.4e6)
    rows = [
        ("150600", "鄂尔多斯市", "league", quantity, period, "t C", 2e6, *ends, agreement)
        for quantity, period in (("carbon_stock", "2020"), ("carbon_stock", "2023"), ("stock_change", "2020-2023"))
    ]
    return pd.DataFrame(rows, columns=list(APPROACH_COLUMNS))


@pytest.mark.parametrize(("lang", "said"), [("zh", "不一致：分布偏斜"), ("en", "differ: skewed")])
def test_both_approaches_stand_below_the_intervals(lang: str, said: str) -> None:
    contents = replace(make_contents(), tables={"uncertainty": both_approaches("skewed")})
    with using_language(lang):
        (table,) = chapters(page("150600", contents, tags=None))["table_approaches"]
        assert isinstance(table, Table)
        ((_quantity, *ends, agreement),) = table.rows
        assert ends == [amount(x) for x in (1.8e6, 2.2e6, 1.7e6, 2.4e6)]
        assert agreement == said
        assert any("Monte Carlo" in note or "蒙特卡洛" in note for note in table.notes)
        # Nothing is said of a region without them, or of a run without the table.
        assert chapters(page("150700", contents))["table_approaches"] == ()
        assert chapters(page("150600"))["table_approaches"] == ()


def test_comparison_stands_beside_the_account_and_not_in_it() -> None:
    other = make_account().assign(methodology="other", value=lambda table: table["value"] * 2)
    contents = replace(make_contents(), comparison=other)
    found = chapters(page(contents=contents))
    (table,) = found["table_comparison"]
    assert isinstance(table, Table)
    stock = next(row for row in table.rows if row[1].startswith("森林·生物量") and row[2].startswith("碳储量"))
    # Forest biomass of Ordos in 2023 is 1,366,666 t C in the account, and twice that beside it.
    assert stock[4:] == ["273.33", "136.67"]
    alone = chapters(page())
    assert alone["table_comparison"] == ()
    assert found["table_stock_pools"] == alone["table_stock_pools"]


def test_caveats_come_first() -> None:
    caveats = [block.text for block in chapters(page("150700"))["caveats"] if isinstance(block, Paragraph)]
    assert "示范数据" in caveats[0]
    assert any("海拉尔区" in line and "12 个栅格" in line for line in caveats)
    assert any("未核实参数" in line for line in caveats)
    assert any("90.0%" in line for line in caveats)


def test_checks_of_other_leagues_are_left_out() -> None:
    assert "海拉尔区" not in text(chapters(page("150600")))


def test_checks_are_in_the_language_of_the_report_and_not_of_the_run() -> None:
    with using_language("en"):
        found = text(chapters(page("150700")))
    assert "only 12 cells" in found
    assert "个栅格" not in found


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("account", "codes"),
    [
        (lambda: make_account(dates=("2020",)), tuple(REGIONS)),
        (lambda: make_account(intervals=False), tuple(REGIONS)),
        (lambda: make_account(codes=("150000", "150600", "150700")), ("150000", "150600", "150700")),
        (lambda: make_account(codes=("150600",)), ("150600",)),
        (lambda: make_account().assign(value=0.0, low=0.0, high=0.0), tuple(REGIONS)),
        (lambda: make_account().query("quantity == 'area'"), tuple(REGIONS)),
        (lambda: make_account().iloc[:0], tuple(REGIONS)),
    ],
    ids=["one date", "no intervals", "no banners", "one league", "zeros", "areas only", "nothing"],
)
def test_a_poor_run_still_gives_chapters(
    account: Callable[[], pd.DataFrame], codes: tuple[str, ...], lang: str
) -> None:
    contents = make_contents(account(), codes)
    with using_language(lang):
        for code in Facts(contents).regions:
            found = chapters(page(code, contents))
            assert found["advice_text"]
            shown = text(found)
            assert "nan" not in shown.casefold().replace("finance", "")
            assert "{" not in shown.replace(EVIL, "")


def test_one_date_says_that_there_is_no_sink_to_tell() -> None:
    found = text(chapters(page(contents=make_contents(make_account(dates=("2020",))))))
    assert "没有年碳汇量" in found
    assert "表现为碳汇" not in found


def assessment(verdict: float, counted: float = 50_000.0, withheld: str = "") -> pd.DataFrame:
    figures = {
        "emissions_energy": 900_000.0,
        "emissions_process": 100_000.0,
        "emissions": 1_000_000.0,
        "sink_counted": counted,
        "adjusted_emissions": 1_000_000.0 - counted,
        "change_gross": 0.09,
        "change_net_net": 0.10,
        "change_net_report_year": 0.13,
        "change": 0.10,
        "required_change": 0.109,
        "probability_met": 0.4,
        "verdict": verdict,
        "gap_net": 20_000.0,
    }
    rest = {"sink_counted", "adjusted_emissions", "change_net_net", "change_net_report_year", "change", "gap_net"}
    why = dict.fromkeys(rest, withheld if withheld == "noise" else "") | dict.fromkeys(JUDGED, withheld)
    if withheld:
        figures |= dict.fromkeys(("verdict", "probability_met"), np.nan) | {"verdict_without_sink": -1.0}
    rows = [
        ("150600", "鄂尔多斯市", 2023, name, value, np.nan, np.nan, "", "computed", "", why.get(name, ""))
        for name, value in figures.items()
    ]
    rows.append((ALL, "", None, "rule.k", 1.0, np.nan, np.nan, "", "assumed", "假定值", ""))  # type: ignore[arg-type]
    columns = [*("region_code", "region_name", "year", "quantity", "value", "low", "high", "unit", "basis", "note")]
    columns += ["withheld"]
    return pd.DataFrame(rows, columns=columns).astype({"year": "Int64"})


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(1.0, "判定为完成"), (0.0, "尚不能判定"), (-1.0, "判定为未完成"), (np.nan, "不作完成情况判定")],
)
def test_verdict_is_told_as_it_is(verdict: float, expected: str) -> None:
    found = text({"dual_text": chapters(page(assessment=assessment(verdict)))["dual_text"]})
    assert expected in found
    # The total is elastic: a gap and no verdict.
    assert "总量为弹性指标，只报差值：抵扣后排放量高于总量预期值2.00万吨二氧化碳" in found
    assert "1项没有公开文件规定" in found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_verdict_that_is_withheld_has_words_and_no_number_in_its_place(lang: str) -> None:
    with using_language(lang):
        noise, part = (chapters(page(assessment=assessment(np.nan, withheld=why))) for why in ("noise", "interval"))
        told, covered = (text({"dual_text": found["dual_text"]}) for found in (noise, part))
    reasons = {
        "zh": ("分不清是变化还是分类误差", "没有给出或只覆盖一部分"),
        "en": ("classification noise", "for a part of it only"),
    }
    assert reasons[lang][0] in told
    assert reasons[lang][1] in covered
    for found in (told, covered):
        assert {"zh": "不给完成概率", "en": "no probability"}[lang] in found
        assert {"zh": "不计碳汇时为未完成", "en": "Without the sink it is not met"}[lang] in found
    # What may be noise is nowhere in the text: 5 x 10^4 t counted, 95 after deductions, 10 % of change, a gap of 2.
    numbers = {"zh": ("5.00", "95.00", "10.0%", "2.00"), "en": ("50.0 kt", "950.0 kt", "10.0%", "20.0 kt")}[lang]
    assert [number for number in numbers if number in told] == []
    assert [number for number in numbers if number not in covered] == []
    cells = {row[0]: row[1] for block in noise["table_dual"] for row in block.rows}  # type: ignore[union-attr]
    headline = {"zh": "分不清是变化还是分类误差", "en": "cannot be told from classification noise"}[lang]
    known = {"zh": ["90.00", "10.00", "100.00"], "en": ["900.0", "100.0", "1,000.0"]}[lang]
    assert list(cells.values()) == [*known, headline, headline, headline]


@pytest.mark.parametrize(
    ("reason", "cells", "note"),
    [
        (
            "noise",
            ["分不清", "分不清", "分不清", "10.9%", "不作判定"],
            "鄂尔多斯市：碳汇分不清是变化还是分类误差，不作判定。",
        ),
        (
            "interval",
            ["5.00", "95.00", "10.0%", "10.9%", "不作判定"],
            "鄂尔多斯市：碳汇的不确定度没有给出或只覆盖一部分，不作判定。",
        ),
    ],
)
def test_the_table_of_leagues_says_whose_verdict_is_withheld(reason: str, cells: list[str], note: str) -> None:
    found = chapters(page("150000", assessment=assessment(np.nan, withheld=reason)))
    (table,) = found["table_dual_regions"]
    assert isinstance(table, Table)
    assert (table.rows, list(table.notes)) == ([["鄂尔多斯市", "100.00", *cells]], [note])
    assert "不作判定1个" in text({"dual_text": found["dual_text"]})


def test_a_counted_source_is_not_called_a_sink() -> None:
    found = text({"dual_text": chapters(page(assessment=assessment(1.0, -50_000.0)))["dual_text"]})
    assert "生态系统为碳源，计入净排放5.00万吨二氧化碳" in found


def test_without_assessment_the_chapter_says_what_is_needed() -> None:
    assert "评估需要" in text({"t": chapters(page())["dual_text"]})


def test_region_lists_the_verdicts_of_its_leagues() -> None:
    (table,) = chapters(page("150000", assessment=assessment(-1.0)))["table_dual_regions"]
    assert isinstance(table, Table)
    assert table.rows == [["鄂尔多斯市", "100.00", "5.00", "95.00", "10.0%", "10.9%", "未完成"]]


def test_page_one_of_the_region_counts_its_leagues_and_a_verdict_has_telling_decimals() -> None:
    """Reached 10.881 % against 10.901 %: one decimal would print 10.9 % twice and contradict the verdict."""
    table = assessment(-1.0)
    table.loc[table["quantity"] == "change", "value"] = 0.10881
    table.loc[table["quantity"] == "required_change", "value"] = 0.10901
    (key,) = chapters(page("150000", assessment=table))["key_figures"]
    assert isinstance(key, KeyFigures)
    assert (key.figures[2].figure, key.figures[2].remark) == ("1个中完成0个", "未完成1个")
    league = chapters(page(assessment=table))
    (own,) = league["key_figures"]
    assert isinstance(own, KeyFigures)
    assert own.figures[2].figure == "未完成"
    assert own.figures[2].remark.startswith("强度下降10.88%，进度要求10.90%")
    assert "10.88%，进度要求为10.90%" in text({"dual_text": league["dual_text"]})


def test_notes_of_the_rule_are_in_the_language_of_the_document() -> None:
    """Of a run made in either language; what the user names as a source stays as it is."""
    rule = Rule.model_validate({
        "base_year": 2020, "years": [2021], "ecosystems": ["forest", "grassland"], "baseline": "gross_net",
        "k": {"value": 0.5, "source": "内政办发〔2024〕1号"},
        "base_period": "2019-2020", "periods": {"2021": "2020-2021"},
    })  # fmt: skip
    for before, after in (("zh", "en"), ("en", "zh"), ("zh", "zh")):
        with using_language(before):
            table = pd.concat([assessment(1.0), rule_rows(rule)], ignore_index=True)
            expected_total = message("assessment.note_expected", year="2025")
        given = {"region_code": "150600", "year": 2023, "basis": "given", "value": 1.0, "unit": "t CO2"}
        rows = pd.DataFrame([given | {"quantity": "expected_total", "note": expected_total},
                             *(given | {"quantity": "emissions", "note": "统计公报", "year": year}
                               for year in (2019, 2023, 2022, 2021))])  # fmt: skip
        made = page("150600", assessment=pd.concat([table, rows], ignore_index=True))
        record = {**made.facts.contents.record, "project": {"assessment": {"rule": rule.model_dump(mode="json")}}}
        contents = replace(made.facts.contents, record=record)
        made = replace(made, facts=Facts(contents))
        with using_language(after):
            found = chapters(made)
            (rules,), (documents,) = found["table_rules"], found["table_documents"]
            wanted = list(rule_rows(rule)["note"])
            assert isinstance(rules, Table)
            assert isinstance(documents, Table)
            shown = [row[-1] for row in rules.rows][-len(wanted) :]
            assert shown == wanted
            assert {row[-1] for row in documents.rows} >= {message("assessment.note_expected", year="2025"), "统计公报"}
            (years,) = (row[1] for row in documents.rows if row[-1] == "统计公报")
            assert years == {"zh": "2019年和2021—2023年", "en": "2019 and 2021–2023"}[after]
        own = "".join(shown).replace("内政办发〔2024〕1号", "")
        assert bool(re.search("[\u4e00-\u9fff]", own)) == (after == "zh")


def test_english_reports_have_english_names_and_levels_stay() -> None:
    facts, both = Facts(make_contents()), ("150600", "150700")
    assert [facts.regions[code].name for code in both] == ["鄂尔多斯市", "呼伦贝尔市"]
    with using_language("en"):
        assert [facts.regions[code].name for code in both] == ["Ordos", "Hulunbuir"]
        assert grammar.level_name(facts, "league", 2) == "cities"
        # A name that the table does not know stays as it is.
        assert facts.regions["150621"].name == facts.regions["150621"].given


def test_each_english_name_is_there_once_with_its_page() -> None:
    rows = table_rows("sinks.vocabulary", "region_names.csv")
    assert len({row["id"] for row in rows}) == len({row["zh"] for row in rows}) == len(rows)
    for row in rows:
        assert row["en"].isascii()
        assert row["source"].startswith("http")
