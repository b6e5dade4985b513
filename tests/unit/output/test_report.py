"""League reports: what they say is what the account says, in words that agree with the signs."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from sinks.account.totals import COLUMNS
from sinks.activity import AREA, STATE_KEYS, UNIT_COLUMNS, Activity
from sinks.analysis.sensitivity import APPROACH_COLUMNS
from sinks.errors import RunError
from sinks.output.report import grammar, write_html, write_reports, write_template
from sinks.output.report.blocks import Paragraph, Picture, Table, reference
from sinks.output.report.chapters import chapters
from sinks.output.report.facts import Amount, Facts, Region
from sinks.output.report.page import Page
from sinks.output.report.word.document import Template
from sinks.output.report.word.make_template import make_template
from sinks.output.report.words import ABSENT, amount, joined, ordinal, percent, printed, words
from sinks.output.report.write import VALUES, file_name
from sinks.results.contents import RunContents, StoredRegions
from sinks.text import LANGUAGES, using_language
from sinks.vocabulary import ALL

EVIL = "{{ 7*7 }}<b>&\x07很长的名字" + "长" * 80
REGIONS = {
    "150000": ("内蒙古自治区", "region", ""),
    "150600": ("鄂尔多斯市", "league", "150000"),
    "150700": ("呼伦贝尔市", "league", "150000"),
    "150602": ("东胜区", "banner", "150600"),
    "150621": (EVIL, "banner", "150600"),
    "150702": ("海拉尔区", "banner", "150700"),
}
# Stock [t C] of the banners by ecosystem and pool, 2020 and 2023.  Ordos has no wetland; Hailar loses forest.
STOCK = {
    ("150602", "forest", "biomass"): (1_000_000.0, 1_300_000.0),
    ("150602", "grassland", "biomass"): (900_000.0, 600_000.0),
    ("150621", "forest", "biomass"): (33_333.0, 66_666.0),
    ("150621", "forest", "soil_organic_carbon"): (50_005.0, 50_005.0),
    ("150702", "forest", "biomass"): (2_000_000.0, 1_400_000.0),
    ("150702", "wetland", "soil_organic_carbon"): (80_000.0, 80_000.0),
}
DATES = ("2020", "2023")


def inside(code: str) -> set[str]:
    found = {code}
    while True:
        more = found | {c for c, (_, _, parent) in REGIONS.items() if parent in found}
        if more == found:
            return found
        found = more


def make_account(dates: Iterable[str] = DATES, intervals: bool = True, codes: Iterable[str] = REGIONS) -> pd.DataFrame:
    dates = tuple(dates)
    rows: list[tuple[Any, ...]] = []

    def add(code: str, eco: str, pool: str, quantity: str, period: str, value: float, unit: str) -> None:
        name, level, _ = REGIONS[code]
        spread = abs(value) * 0.1 if intervals and quantity != "area" else float("nan")
        low, high = value - spread, value + spread
        rows.append((code, name, level, eco, ALL, pool, quantity, period, value, low, high, unit, "m", 0.9))

    for code in codes:
        mine = {key: pair for key, pair in STOCK.items() if key[0] in inside(code)}
        for eco in [*{key[1] for key in mine}, ALL]:
            of_eco = {key: pair for key, pair in mine.items() if eco in (key[1], ALL)}
            for date in dates:
                add(code, eco, ALL, "area", date, 1000.0 * len(of_eco), "ha")
            for pool in [*{key[2] for key in of_eco}, ALL]:
                pairs = [pair for key, pair in of_eco.items() if pool in (key[2], ALL)]
                first, last = (sum(pair[end] for pair in pairs) for end in (0, 1))
                for date, value in zip(DATES, (first, last), strict=True):
                    if date in dates:
                        add(code, eco, pool, "carbon_stock", date, value, "t C")
                if len(dates) == 2:
                    add(code, eco, pool, "stock_change", "2020-2023", last - first, "t C")
                    removals = (last - first) / 3 * 44 / 12
                    add(code, eco, pool, "net_removals", "2020-2023", removals, "t CO2/yr")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def make_contents(account: pd.DataFrame | None = None, codes: Iterable[str] = REGIONS, **record: Any) -> RunContents:
    codes = list(codes)
    shapes = {c: box(110 + i, 40, 111 + i, 41) for i, c in enumerate(("150602", "150621", "150702"))}
    union = {c: gpd.GeoSeries([s for b, s in shapes.items() if b in inside(c)]).union_all() for c in REGIONS}
    frame = gpd.GeoDataFrame(
        {
            "code": codes,
            "name": [REGIONS[c][0] for c in codes],
            "level": [REGIONS[c][1] for c in codes],
            "parent": [REGIONS[c][2] for c in codes],
        },
        geometry=[union[c] for c in codes],
        crs="EPSG:4490",
    )
    changes = pd.DataFrame(
        {
            "source": "land_cover",
            "region_code": ["150602", "150602", "150621", "150702"],
            "date_from": "2020",
            "date_to": "2023",
            **dict.fromkeys(("land_cover_from", "class_from", "land_cover_to", "class_to"), ""),
            "ecosystem_from": ["forest", "grassland", "forest", "wetland"],
            "ecosystem_to": ["forest", "forest", "forest", "nodata"],
            "area_ha": [1000.0, 770.0, 2000.0, 55.0],
        }
    )
    parameters = pd.DataFrame(
        {
            "methodology": "m",
            "parameter": ["bcef", "carbon_fraction"],
            "value": [0.5, 0.47],
            "unit": ["t DM/m3", "1"],
            "low": [0.4, np.nan],
            "high": [0.6, np.nan],
            "interval": ["range", ""],
            "basis": ["read", "memory"],
            "unverified": [False, True],
            "source": "ipcc_2006_v4",
            "locator": "Table 4.5",
        }
    )
    checks = pd.DataFrame(
        [
            ("cells", "failed", "海拉尔区", "150702", "该地区只有 12 个栅格。", "only 12 cells."),
            ("unverified", "warning", "m", "", "有 1 个参数未核实。", "1 parameter is not verified."),
            ("pools_sum", "passed", ALL, "", "各碳库之和等于合计。", "pools sum to the total."),
        ],
        columns=["check", "status", "where", "region_code", "detail_zh", "detail_en"],
    )
    return RunContents(
        account=make_account(codes=codes) if account is None else account,
        regions=StoredRegions(frame),
        activity=Activity(
            states=pd.DataFrame(columns=[*STATE_KEYS, AREA]),
            changes=changes,
            units=pd.DataFrame(columns=list(UNIT_COLUMNS)),
        ),
        parameters_used=parameters,
        sources=pd.DataFrame({"key": ["ipcc_2006_v4"], "title": ["Guidelines"], "issuer": ["IPCC"], "year": ["2006"]}),
        checks=checks,
        record={"created": "2026-01-31T08:00:00+00:00", "demonstration": True, "title": "试算", **record},
    )


@pytest.fixture(scope="module")
def ordos(tmp_path_factory: pytest.TempPathFactory) -> Any:
    (path,) = write_reports(make_contents(), tmp_path_factory.mktemp("reports"), regions=["150600"])
    return Document(str(path))


def table_after(document: Any, caption: str) -> list[list[str]]:
    """Cells of the table that follows the caption."""
    body = list(document.element.body)
    start = next(i for i, node in enumerate(body) if node.tag == qn("w:p") and caption in text_of(node))
    node = next(node for node in body[start:] if node.tag == qn("w:tbl"))
    return [[text_of(cell) for cell in row.iter(qn("w:tc"))] for row in node.iter(qn("w:tr"))]


def text_of(node: Any) -> str:
    return "".join(text.text or "" for text in node.iter(qn("w:t")))


def page(code: str = "150600", contents: RunContents | None = None, **given: Any) -> Page:
    """A page without figures, which are slow to draw and have tests of their own."""
    given.setdefault("tags", frozenset(tag for tag in Template().tags if "figure" not in tag))
    return Page(Facts(contents or make_contents()), code, **given)


def text(found: Any) -> str:
    return "\n".join(block.text for blocks in found.values() for block in blocks if isinstance(block, Paragraph))


# ----- what the document says is what the account says


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


# ----- sentences


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
    assert "净吸收二氧化碳4.00万tCO2（95%置信区间3.00～5.00万tCO2/年），表现为碳汇" in said(40_000, 30_000, 50_000)
    # A release is told as a positive amount, its interval turned round.
    assert "净排放二氧化碳4.00万tCO2（95%置信区间3.00～5.00万tCO2/年），表现为碳源" in said(-40_000, -50_000, -30_000)
    assert "尚不能判定" in said(40_000, -1, 90_000)
    assert "基本持平" in said(-49.0)
    assert said(float("nan")) == ""


def test_ranks_are_among_regions_of_one_level() -> None:
    facts = Facts(make_contents())
    with using_language("en"):
        assert "ranks 1st among 2 leagues" in grammar.ranks(facts, "150600")
        # Hulunbuir is a source: it is ranked by its release, not as the smallest sink.
        assert "net release ranks 1st among 2 leagues" in grammar.ranks(facts, "150700")
    assert grammar.ranks(facts, "150000") == ""
    assert grammar.ranks(facts, "150702") == ""


def test_english_agrees_in_number() -> None:
    with using_language("en"):
        assert "forest (40.74 × 10⁴ t CO2/yr) is a sink" in text(chapters(page()))
        assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
        )
        assert joined(["a", "b", "c"]) == "a, b and c"


# ----- numbers


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
        assert printed(1234.5) == "1,234.50"


@given(st.lists(st.floats(-1e8, 1e8), min_size=2, max_size=6))
def test_a_number_prints_the_same_everywhere(values: list[float]) -> None:
    assert [amount(value) for value in values] == [printed(value / 1e4) for value in values]


# ----- beside the account


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
        _, table = chapters(page("150600", contents))["table_intervals"]
        assert isinstance(table, Table)
        ((_quantity, *ends, agreement),) = table.rows
        assert ends == [amount(x) for x in (1.8e6, 2.2e6, 1.7e6, 2.4e6)]
        assert agreement == said
        assert any("Monte Carlo" in note or "蒙特卡洛" in note for note in table.notes)
        # Nothing is said of a region without them, or of a run without the table.
        assert len(chapters(page("150700", contents))["table_intervals"]) == 1
        assert len(chapters(page("150600"))["table_intervals"]) == 1


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


# ----- page one


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


# ----- incomplete runs


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


# ----- the assessment


def assessment(verdict: float, counted: float = 50_000.0) -> pd.DataFrame:
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
    rows = [
        ("150600", "鄂尔多斯市", 2023, name, value, np.nan, np.nan, "", "computed", "")
        for name, value in figures.items()
    ]
    rows.append((ALL, "", None, "rule.k", 1.0, np.nan, np.nan, "", "assumed", "假定值"))  # type: ignore[arg-type]
    columns = ["region_code", "region_name", "year", "quantity", "value", "low", "high", "unit", "basis", "note"]
    return pd.DataFrame(rows, columns=columns).astype({"year": "Int64"})


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(1.0, "判定为完成"), (0.0, "尚不能判定"), (-1.0, "判定为未完成"), (np.nan, "不作完成情况判定")],
)
def test_verdict_is_told_as_it_is(verdict: float, expected: str) -> None:
    found = text({"dual_text": chapters(page(assessment=assessment(verdict)))["dual_text"]})
    assert expected in found
    # The total is elastic: a gap and no verdict.
    assert "总量为弹性指标，只报差值：抵扣后排放量高于总量预期值2.00万tCO2" in found
    assert "1项没有公开文件规定" in found


def test_a_counted_source_is_not_called_a_sink() -> None:
    found = text({"dual_text": chapters(page(assessment=assessment(1.0, -50_000.0)))["dual_text"]})
    assert "生态系统为碳源，计入净排放5.00万tCO2" in found


def test_without_assessment_the_chapter_says_what_is_needed() -> None:
    assert "评估需要" in text({"t": chapters(page())["dual_text"]})


def test_region_lists_the_verdicts_of_its_leagues() -> None:
    (table,) = chapters(page("150000", assessment=assessment(-1.0)))["table_dual_regions"]
    assert isinstance(table, Table)
    assert table.rows == [["鄂尔多斯市", "100.00", "5.00", "95.00", "10.0%", "10.9%", "未完成"]]


# ----- the Word document


def test_numbers_references_and_contents_are_settled(ordos: Any) -> None:
    body = ordos.element.body
    fields = [(f.get(qn("w:instr")).split(), text_of(f)) for f in body.iter(qn("w:fldSimple"))]
    tables = [shown for code, shown in fields if code[:2] == ["SEQ", "表"]]
    assert tables == [str(number) for number in range(1, len(tables) + 1)]
    captions = {
        start.get(qn("w:name")): text_of(start.getparent())
        for start in body.iter(qn("w:bookmarkStart"))
        if start.get(qn("w:name")).startswith("_Ref_")
    }
    references = [(code[1], shown) for code, shown in fields if code[0] == "REF"]
    assert len(references) > 8
    for name, shown in references:
        assert captions[name].startswith(shown + "　")
    headings = [p.text for p in ordos.paragraphs if p.style.name == "Heading 1"]
    listed = [text_of(p._p) for p in ordos.paragraphs if p.style.name.lower() == "toc 1"]
    assert listed == headings
    ids = [start.get(qn("w:id")) for start in body.iter(qn("w:bookmarkStart"))]
    assert len(set(ids)) == len(ids)


def test_names_from_data_are_text_and_nothing_else(ordos: Any) -> None:
    names = [row[0] for row in table_after(ordos, "分地区碳储量")]
    assert any(name.startswith("{{ 7*7 }}<b>&很长的名字") for name in names)


def test_page_and_type_follow_the_standard(ordos: Any) -> None:
    section = ordos.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(m.mm) for m in margins] == [37, 35, 28, 26]
    faces = {
        n: ordos.styles[n].element.rPr.rFonts.get(qn("w:eastAsia"))
        for n in ("Title", "Body Text", "Heading 1", "Heading 2")
    }
    assert list(faces.values()) == ["方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"]
    assert ordos.styles["Body Text"].font.size.pt == 16
    assert 28 <= ordos.styles["Body Text"].paragraph_format.line_spacing.pt <= 29


@pytest.mark.parametrize("lang", LANGUAGES)
def test_committed_template_is_what_the_script_makes(lang: str) -> None:
    with using_language(lang):
        import sinks.output.report.word as room

        committed = Path(next(iter(room.__path__))) / f"template_{lang}.docx"
        made = make_template()
    with ZipFile(BytesIO(made)) as new, ZipFile(committed) as old:
        assert new.namelist() == old.namelist()
        differing = [name for name in new.namelist() if new.read(name) != old.read(name)]
    assert not differing, "run python -m sinks.output.report.word.make_template"


def test_every_tag_of_the_template_is_filled_and_every_block_has_one() -> None:
    tags = Template().tags
    assert tags - VALUES == set(chapters(page(tags=frozenset())))


def edited(tmp_path: Path, change: Callable[[Any], None]) -> Path:
    document = Document(BytesIO(make_template()))
    change(document)
    path = tmp_path / "own.docx"
    document.save(str(path))
    return path


def test_a_bureau_may_move_and_delete_blocks(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for paragraph in document.paragraphs:
            if "table_overview" in paragraph.text or "figure" in paragraph.text:
                paragraph._p.getparent().remove(paragraph._p)

    path = edited(tmp_path, change)
    (report,) = write_reports(make_contents(), tmp_path / "out", regions=["150600"], template=path)
    body = Document(str(report)).element.body
    numbers = [text_of(f) for f in body.iter(qn("w:fldSimple")) if "SEQ 表" in f.get(qn("w:instr"))]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    # Nothing refers to what is not there.
    assert "_Ref_table_overview" not in {f.get(qn("w:instr")).split()[1] for f in body.iter(qn("w:fldSimple"))}


def test_a_copy_of_the_template_can_be_had_and_is_never_overwritten(tmp_path: Path) -> None:
    path = write_template(tmp_path / "own.docx", lang="en")
    assert Template(path).tags == Template().tags
    with pytest.raises(RunError, match=r"own\.docx"):
        write_template(path)


def test_unknown_tag_is_named(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda document: document.add_paragraph("{{p table_of_wishes }}"))
    with pytest.raises(RunError, match="table_of_wishes"):
        write_reports(make_contents(), tmp_path / "out", template=path)


FOREIGN = [
    "{{ cycler.__init__.__globals__.os.popen('touch CANARY').read() }}",
    "{{ title.__class__.__mro__ }}",
    "{{ title | attr('format_map') }}",
    "{{ 'x' * 10**9 }}",
    "{{ range(10) }}",
    "{% for one in range(10) %}{{ title }}{% endfor %}",
    "{% if title %}x{% endif %}",
    "{% set title = joiner %}",
    "{% include 'C:/secret.txt' %}",
    "{# note #}",
    "{% raw %}{{ title }}{% endraw %}",
]


@pytest.mark.parametrize("place", ["body", "head", "foot", "property"])
@pytest.mark.parametrize("words", FOREIGN)
def test_a_template_holds_tags_and_nothing_else(
    tmp_path: Path, words: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jinja's language reaches the operating system from any object, so nothing of it is carried out."""

    def change(document: Any) -> None:
        section = document.sections[0]
        if place == "property":
            document.core_properties.comments = words
        else:
            {"body": document, "head": section.header, "foot": section.footer}[place].add_paragraph(words)

    monkeypatch.chdir(tmp_path)
    path = edited(tmp_path, change)
    with pytest.raises(RunError) as caught:
        write_reports(make_contents(), tmp_path / "out", template=path)
    assert [problem.id for problem in caught.value.problems] == ["report.template_not_a_tag"]
    assert {path.name for path in tmp_path.iterdir()} == {"own.docx"}


def test_a_tag_that_word_has_cut_into_runs_is_read_whole(tmp_path: Path) -> None:
    """What a person sees as one word may lie in many runs; the check sees what the renderer would see."""

    def change(document: Any) -> None:
        paragraph = document.add_paragraph("{{ cycler.__init")
        paragraph.add_run("__.__globals__ }}").bold = True

    with pytest.raises(RunError) as caught:
        Template(edited(tmp_path, change))
    assert [problem.id for problem in caught.value.problems] == ["report.template_not_a_tag"]


def test_a_template_that_unpacks_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "own.docx"
    with ZipFile(path, "w", ZIP_DEFLATED) as package, package.open("word/document.xml", "w") as part:
        for _ in range(300):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(RunError) as caught:
        Template(path)
    assert [problem.id for problem in caught.value.problems] == ["report.template_too_large"]


def test_a_reference_to_nothing_stays_as_the_template_has_it(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for paragraph in document.paragraphs:
            if "figure" in paragraph.text:
                paragraph._p.getparent().remove(paragraph._p)
        for instruction in (" REF _nowhere ", " REF ", ""):
            field = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), instruction)
            document.add_paragraph()._p.append(field)

    (report,) = write_reports(make_contents(), tmp_path / "out", regions=["150600"], template=edited(tmp_path, change))
    assert Document(str(report)).paragraphs


@pytest.mark.parametrize("content", [b"not a document", None])
def test_template_that_cannot_be_used(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.docx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=r"own\.docx"):
        write_reports(make_contents(), tmp_path / "out", template=path)


def test_a_region_may_be_called_by_its_name(tmp_path: Path) -> None:
    contents = make_contents()
    name = contents.regions.frame.set_index("code")["name"]["150700"]
    (report,) = write_reports(contents, tmp_path, regions=[name])
    assert report.name.startswith("150700")
    with pytest.raises(RunError) as caught:
        write_reports(contents, tmp_path, regions=[name[:3]])
    (problem,) = caught.value.problems
    assert problem.values["known"] == [f"150700 {name}"]


def test_a_finished_report_is_no_template(tmp_path: Path) -> None:
    (finished,) = write_reports(make_contents(), tmp_path / "out", regions=["150600"])
    with pytest.raises(RunError) as caught:
        write_reports(make_contents(), tmp_path / "again", template=finished)
    assert [problem.id for problem in caught.value.problems] == ["report.template_no_tags"]
    assert not (tmp_path / "again").exists()


def test_a_template_whose_contents_word_has_filled(tmp_path: Path) -> None:
    """Word spreads the contents over as many paragraphs as there are headings, so that its end stands elsewhere."""

    def spread(document: Any) -> None:
        place = next(
            p for p in document.paragraphs if any("TOC" in (t.text or "") for t in p._p.iter(qn("w:instrText")))
        )
        end = next(run for run in place.runs if run._r.find(qn("w:fldChar")) is not None and "end" in run._r.xml)
        place.insert_paragraph_before()
        following = document.add_paragraph()
        place._p.addnext(following._p)
        following._p.append(end._r)

    (report,) = write_reports(make_contents(), tmp_path / "out", regions=["150600"], template=edited(tmp_path, spread))
    assert Document(str(report)).paragraphs


def test_same_run_same_bytes(tmp_path: Path) -> None:
    first, second = (
        write_reports(make_contents(), tmp_path / name, regions=["150700"], lang="en")[0].read_bytes() for name in "ab"
    )
    assert first == second


def test_one_report_for_each_league_and_the_region(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    written = write_reports(make_contents(), tmp_path, progress=lambda done, all: steps.append((done, all)))
    assert [path.name for path in written] == [
        "150000 内蒙古自治区.docx",
        "150600 鄂尔多斯市.docx",
        "150700 呼伦贝尔市.docx",
    ]
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_code_is_no_path() -> None:
    region = Region("15/06..", "鄂尔多斯市: 东", "league", "")
    assert file_name(region) == "15_06 鄂尔多斯市_ 东.docx"


def test_unknown_region_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="999999"):
        write_reports(make_contents(), tmp_path, regions=["999999"])


# ----- HTML


def test_html_is_self_contained_and_escaped(tmp_path: Path) -> None:
    source = write_html(make_contents(), tmp_path / "summary.html", region="150600").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:|#)', source)
    assert "<script" not in source
    assert "\ue000" not in source
    targets = set(re.findall(r'href="#([^"]+)"', source))
    assert targets <= set(re.findall(r'id="([^"]+)"', source))
    assert "{{ 7*7 }}&lt;b&gt;&amp;" in source
    assert "<b>" not in source
    # Forest of Ordos in 2023, as in the Word table.
    assert ">141.67<" in source


# ----- words


@pytest.mark.parametrize("key", sorted(words()))
def test_both_languages_say_the_same_about_the_same(key: str) -> None:
    def places(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    both = words()[key]
    if key != "subtitle":  # the date is spelled out in Chinese and written as ISO 8601 in English
        assert places(both.zh) == places(both.en)
    assert both.en.isascii() or not re.search(r"[\u4e00-\u9fff]", re.sub(r"\(.*?\)", "", both.en))
