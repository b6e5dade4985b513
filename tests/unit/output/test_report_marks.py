"""What a report prints in place of a number or an interval, and the way from stock to sink."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lxml import etree

from sinks.analysis.reconciliation import reconciliation
from sinks.output.report.blocks import Paragraph, Picture, Table
from sinks.output.report.chapters import chapters
from sinks.output.report.facts import Facts
from sinks.output.report.page import Page
from sinks.output.report.word.xml import block_xml
from sinks.output.report.words import known_word
from sinks.results.contents import RunContents
from sinks.results.leading_checks import LEADING
from sinks.text import using_language
from support.reported_run import make_account, make_contents

PERIOD, REGION, DOUBTED, PARTLY = "2020-2023", "150000", "150700", "150600"

NOISE = {"region_code": DOUBTED, "period": PERIOD, "ecosystem_from": "all", "ecosystem_to": "all"}
NOISE |= {"verdict": "not_told", "withheld": True, "map_observed_share": 0.05, "noise_t_c": 9e5, "signal_to_noise": 0.7}
NOISE |= {"other_t_c": 0.0}


def contents() -> RunContents:
    """One league whose sink may be noise, one whose sink is covered in part, land that is known once."""
    account = make_account()
    part = (account["region_code"] == PARTLY) & (account["quantity"] == "net_removals")
    account.loc[part, ["low", "high", "uncertain_share"]] = [np.nan, np.nan, 0.7499]
    # No parameter is in an area: nothing of it has a stated uncertainty.
    account.loc[account["quantity"] == "area", "uncertain_share"] = 0.0
    change = account[account["quantity"] == "stock_change"]
    apart = [
        change.assign(quantity=name, value=value, low=np.nan, high=np.nan, area_ha=area)
        for name, value, area in (("newly_known", 7e4, 3e4), ("no_longer_known", 5e4, 2e4), ("not_estimated", 4e4, 1e4))
    ]
    account = pd.concat([account, *apart], ignore_index=True)
    noise = pd.DataFrame(NOISE, index=[0])
    leaves = account.assign(stratum=account["ecosystem"])
    leaves = leaves[(leaves["ecosystem"] != "all") & (leaves["pool"] != "all")]
    tables = {"noise": noise, "reconciliation": reconciliation(pd.concat([account, leaves]))}
    return replace(make_contents(account), tables=tables)


def found(code: str, **changed: Any) -> dict[str, Any]:
    return chapters(Page(Facts(replace(contents(), **changed)), code, None, None, None))


def text(blocks: tuple[Any, ...]) -> str:
    return "".join(block.text for block in blocks if isinstance(block, Paragraph))


def table(blocks: tuple[Any, ...], key: str) -> Table:
    return next(block for block in blocks if isinstance(block, Table) and block.key == key)


@pytest.mark.parametrize(
    ("lang", "headline"), [("zh", "分不清是变化还是分类误差"), ("en", "cannot be told from classification noise")]
)
def test_a_sink_that_may_be_noise_has_no_number_on_page_one(lang: str, headline: str) -> None:
    with using_language(lang):
        report = found(DOUBTED)
        # The sink: -600,000 t C in three years, -73.33 x 10^4 t CO2/yr.
        assert not re.search(r"73\.?3", text(report["overview_text"]))
        assert not re.search(r"73\.?3", text(report["removals_text"]))
        assert headline in text(report["overview_text"])
        assert headline in text(report["removals_text"])
        rows = table(report["table_overview"], "table_overview").rows
        # Both the sink and the change of stock, which is the same figure in another unit.
        assert [row[4:] for row in rows if headline in row] == [["—", "—"], ["—", "—"]]
        # The figure stays in the table of chapter 5, with the mark.
        removals = table(report["table_removals"], "table_removals")
        assert removals.rows[-1][-3] == {"zh": "-73.33", "en": "-733.3"}[lang]
        assert any(headline in note for note in removals.notes)
        assert headline in text(found(REGION)["removals_regions_text"])


def test_no_sentence_ranks_a_sink_that_may_be_noise() -> None:
    assert "居第" in text(found(PARTLY)["overview_text"])
    doubted = text(found(DOUBTED)["overview_text"])
    assert "净排放居第" not in doubted
    assert "年碳汇量在" not in doubted


@pytest.mark.parametrize(("lang", "said"), [("zh", "不确定度只覆盖74%"), ("en", "uncertainty stated for 74% only")])
def test_an_interval_that_is_missing_says_what_it_would_leave_out(lang: str, said: str) -> None:
    with using_language(lang):
        report = found(PARTLY)
        assert said in text(report["overview_text"])
        notes = "".join(table(report["table_overview"], "table_overview").notes)
        assert "74%" in notes
        assert "面积" not in notes
        assert "Area" not in notes
        assert "74%" in text(report["caveats"])
        assert "74%" in text(report["quality_text"])
        assert any("74%" in note for note in table(report["table_removals"], "table_removals").notes)
        captions = [block.caption for block in report["figure_removals"] if isinstance(block, Picture)]
        assert captions
        assert not any("95" in caption for caption in captions)
        drawn = [block.caption for block in report["figure_stock"] if isinstance(block, Picture)]
        assert all("95" in caption for caption in drawn)


def test_the_change_of_stock_is_that_of_common_land_and_names_the_rest() -> None:
    said = text(found(REGION)["stock_text"])
    assert "在两期碳储量都已知的土地上，2023年碳储量比2020年减少" in said
    for sentence in (
        "新获知7.00万吨碳",
        "不再获知5.00万吨碳",
        "其中1.00万公顷转为本核算没有参数的类型",
        "原有4.00万吨碳",
    ):
        assert sentence in said, sentence
    # The observed share of a change is the share of land whose change is known.
    assert "变化已知的面积占90.0%" in said


def test_the_way_from_stock_to_sink_is_a_table() -> None:
    report = found(REGION)
    statements = table(report["table_reconciliation"], "table_reconciliation")
    names = [row[0] for row in statements.rows]
    assert names[0] == "期初储量"
    assert names[-1].startswith("正式核算的碳汇")
    ends = {names.index("期末储量"), len(names) - 1}
    assert statements.totals == ends
    assert all(len(row) == len(statements.header) for row in statements.rows)
    assert found(REGION, tables={})["table_reconciliation"] == ()


def test_page_one_begins_with_what_bears_on_every_figure() -> None:
    rows = [
        ("cells", "failed", "海拉尔区", "150702", "该地区只有 12 个栅格。", "only 12 cells."),
        ("newly_known", "note", "内蒙古自治区", REGION, "新获知。", "newly known."),
        ("classification_noise", "failed", "呼伦贝尔市", DOUBTED, "信噪比低于 1。", "ratio below 1."),
        ("classification_noise", "failed", "内蒙古自治区", REGION, "信噪比 0.5。", "ratio 0.5."),
    ]
    checks = pd.DataFrame(rows, columns=["check", "status", "where", "region_code", "detail_zh", "detail_en"])
    said = [block.text for block in found(REGION, checks=checks)["caveats"]]
    places = [
        next(i for i, line in enumerate(said) if part in line) for part in ("信噪比 0.5", "新获知", "质量检查", "12 个")
    ]
    assert places == sorted(places)
    # One line for the kind, that of the region itself, with how many more there are.
    assert sum("信噪比" in line for line in said) == 1
    assert "同类另有1项" in said[places[0]]


def test_what_a_reader_meets_first_is_short() -> None:
    """Page one has one line for each kind of check that bears on every figure."""
    for check in LEADING:
        assert known_word(f"brief.{check}"), check


def test_formulas_have_low_indices_and_high_exponents() -> None:
    block = Paragraph("ΔC = (SOC_0 - SOC[0-T]) / max(D, T) m^3 e^(-k t) < 1", "formula")
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    written = etree.fromstring(f'<w:body xmlns:w="{namespace}">{block_xml(block, str)}</w:body>')
    places: dict[str, list[str]] = {"subscript": [], "superscript": []}
    for height in written.iter(f"{{{namespace}}}vertAlign"):
        run = height.getparent().getparent()
        places[height.get(f"{{{namespace}}}val")].append("".join(run.itertext()))
    assert places == {"subscript": ["0", "0-T"], "superscript": ["3", "-k t"]}
    assert "".join(written.itertext()) == "ΔC = (SOC0 - SOC0-T) / max(D, T) m3 e-k t < 1"


def test_words_give_way_to_numbers_that_would_break() -> None:
    narrow = Table("t", "", ["a", "b"], [["forest", "9,191,653.7"]], widths=(5.0, 0.5))
    wide = Table("t", "", ["a", "b"], [["forest", "1.0"]], widths=(5.0, 0.5))
    words, numbers = narrow.relative_widths()
    # Of the 92 narrow characters of a line.
    assert numbers * 92 >= len("9,191,653.7") + 2
    assert words + numbers == pytest.approx(1.0)
    assert wide.relative_widths() == pytest.approx([10 / 11, 1 / 11])
    # A number between words, in a table of text: 0.6986 in a column of five hundredths.
    cells = ["a0", "larch, northern", "0.6986", "Table 2"]
    table = Table("t", "", list("abcd"), [cells], text_columns=4, widths=(2.0, 2.0, 0.2, 4.0))
    shares = table.relative_widths()
    assert shares[2] * 92 >= len("0.6986") + 2
    assert sum(shares) == pytest.approx(1.0)
    assert shares[3] > shares[0] > shares[2]
