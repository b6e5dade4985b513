"""The workbook: what it says is what the account says, and text stays text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.results.contents import RunContents
from sinks.results.run_folder import write_run
from sinks.results.workbook import write_workbook
from sinks.results.workbook_sheets import sheet_name
from sinks.text import using_language
from support.finished_run import EVIL, make_contents


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(run: Path) -> None:
    book = openpyxl.load_workbook(run / "account.xlsx")
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type in ("s", "n") and cell.hyperlink is None for cell in found)
    assert any(cell.value == EVIL for cell in found)


@given(st.lists(st.text(), max_size=6))
def test_sheet_names_are_legal_and_unique(wanted: list[str]) -> None:
    names: list[str] = []
    for text in wanted:
        names.append(sheet_name(text, names))
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'")
        assert not name.endswith("'")
        assert name.casefold() != "history"


def rows_of(run: Path, sheet: str) -> pd.DataFrame:
    return pd.read_excel(run / "account.xlsx", sheet_name=sheet, dtype={"地区代码": str})


def test_the_summary_sheet_says_what_the_account_says(run: Path) -> None:
    summary = rows_of(run, "汇总").set_index(["地区代码", "生态系统"])
    account = make_contents().account.set_index(["region_code", "ecosystem", "stratum", "pool", "quantity", "period"])
    removals = "2020-2023 年碳汇量（万吨CO2/年）"
    total = account.loc[("150700", "all", "all", "all", "net_removals", "2020-2023"), "value"]
    assert total < 0
    assert summary.loc[("150700", "合计"), removals] == pytest.approx(total / 1e4, rel=1e-12)
    leagues = summary.loc["150600"].loc["合计"], summary.loc["150700"].loc["合计"]
    region = summary.loc["150000"].loc["合计"]
    for column in ("2020 面积（万公顷）", "2023 碳储量（万吨碳）", removals):
        assert leagues[0][column] + leagues[1][column] == pytest.approx(region[column], rel=1e-9)
    low = summary.loc[("150600", "森林"), "2020 碳储量 95%区间下限（万吨碳）"]
    assert low == pytest.approx(90.0, rel=1e-12)
    assert ("150700", "湿地") not in summary.index


def test_methodologies_beside_the_account_stand_apart(run: Path) -> None:
    sheet = openpyxl.load_workbook(run / "account.xlsx")["方法对比"]
    rows = list(sheet.iter_rows(values_only=True))
    assert "不得与核算表的数值相加" in rows[0][0]
    assert {row[rows[1].index("方法学")] for row in rows[2:]} == {"another"}
    assert sheet.freeze_panes == "A3"


def test_a_region_has_its_pools_and_its_strata(run: Path) -> None:
    sheet = openpyxl.load_workbook(run / "account.xlsx")["鄂尔多斯市"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(n for n, row in enumerate(cells) if row[0] == "2020 碳储量（万吨碳）") + 1
    assert cells[header][:4] == ["生态系统", "生物量（地上与地下未分）", "土壤有机碳", "合计"]
    assert cells[header + 1][:4] == ["森林", 25.0, 75.0, 100.0]
    assert [row[0] for row in cells[header + 1 : header + 4]] == ["森林", "湿地", "合计"]
    assert any(row[0] == "分层明细" for row in cells)


def test_the_transition_sheet_has_row_and_column_totals(run: Path) -> None:
    table = rows_of(run, "转移矩阵")
    whole = table[table["地区代码"] == "150000"].set_index("期初生态系统")
    assert whole.loc["合计", "转为 合计（ha）"] == 126.0
    assert whole.loc["草原", "转为 森林（ha）"] == 20.0
    assert whole.loc["合计", "转为 森林（ha）"] == 120.0
    assert whole.loc["森林", "转为 合计（ha）"] == 105.0


def test_the_first_sheet_has_the_figures_of_the_whole_and_a_line_for_each_region(run: Path) -> None:
    rows = [list(row) for row in openpyxl.load_workbook(run / "account.xlsx").worksheets[0].iter_rows(values_only=True)]
    account = make_contents().account
    total = account[(account[["ecosystem", "stratum", "pool"]] == "all").all(axis=1)]
    total = total.set_index(["region_code", "quantity", "period"])["value"]
    said = {row[0]: row for row in rows if row[0]}
    stock, sink = said["碳储量"], said["年碳汇量"]
    assert stock[1:4] == ["2023", pytest.approx(total["150000", "carbon_stock", "2023"] / 1e4), "万吨碳"]
    assert sink[1:4] == ["2020-2023", pytest.approx(total["150000", "net_removals", "2020-2023"] / 1e4), "万吨CO2/年"]
    assert said["碳排放双控判定"][2] == "未评估"
    assert said["鄂尔多斯市"][1] == pytest.approx(total["150600", "carbon_stock", "2023"] / 1e4)
    assert "“汇总”" in "".join(str(row[0]) for row in rows)


def test_the_verdicts_of_regions_are_counted_on_the_first_sheet(tmp_path: Path) -> None:
    verdicts = pd.DataFrame(
        {
            "region_code": ["150600", "150700", "150600"],
            "year": [2023, 2023, 2022],
            "quantity": "verdict",
            "value": [1.0, -1.0, -1.0],
            "basis": "computed",
            "withheld": ["", "noise", ""],
        }
    )
    rows = cells_of(make_contents(tables={"assessment": verdicts}), "结论", tmp_path / "account.xlsx")
    said = {row[0]: row for row in rows if row[0]}
    assert said["碳排放双控判定"][1:3] == ["2023", "2个地区中完成1个"]
    assert said["鄂尔多斯市"][3] == "完成"
    frame = make_contents().regions.frame
    assert said[frame.loc[frame["code"] == "150700", "name"].iloc[0]][3] == "不作判定"


@pytest.mark.parametrize(("lang", "first", "summary"), [("zh", "说明", "汇总"), ("en", "Read me", "Summary")])
def test_the_second_sheet_warns_in_either_language(tmp_path: Path, lang: str, first: str, summary: str) -> None:
    with using_language(lang):
        out = write_run(make_contents(), tmp_path / "run")
    book = openpyxl.load_workbook(out / "account.xlsx")
    assert book.sheetnames[1:3] == [first, summary]
    text = "\n".join(str(cell.value) for row in book[first].iter_rows() for cell in row)
    assert "示范数据" in text
    assert "Hulunbuir" in text
    assert ("1 行未经原文核实" if lang == "zh" else "1 of which is not verified") in text
    assert book[summary].freeze_panes == "E2"
    assert book[summary].auto_filter.ref is not None


def cells_of(contents: RunContents, sheet: str, path: Path) -> list[list[Any]]:
    write_workbook(contents, path)
    return [list(row) for row in openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)]


def test_the_workbook_calls_things_by_name_and_not_by_id(tmp_path: Path) -> None:
    parameters = pd.DataFrame(
        {
            "methodology": "growing_stock_bef",
            "role": "record",
            "parameter": ["bef", "soil_organic_carbon"],
            "species_group": ["larch", ""],
            "distribution": ["", ""],
            "value": [1.5, 90.0],
            "interval": ["sd", "+-%"],
            "basis": ["memory", "user"],
            "unverified": [True, False],
        }
    )
    budget = pd.DataFrame(
        {
            "region_code": ["150600", "all"],
            "region_name": ["鄂尔多斯市", ""],
            "year": [2023, 2023],
            "quantity": ["room", "rule.k"],
            "value": [1234567.8, 0.5],
            "basis": ["computed", "assumed"],
        }
    )
    record = make_contents().record | {
        "methodologies": [{"id": "growing_stock_bef", "title": {"zh": "扩展因子法", "en": "Expansion factors"}}]
    }
    contents = make_contents(parameters_used=parameters, tables={"budget_annual": budget}, record=record)
    head, *rows = cells_of(contents, "采用参数", tmp_path / "account.xlsx")
    assert head == ["方法学", "用途", "参数", "树种组", "数值", "区间类型", "依据", "核实情况"]
    assert rows == [
        ["扩展因子法", "正式核算", "生物量扩展因子", "落叶松", 1.5, "标准差", "凭记忆", "未核实"],
        # A figure of one's own is called neither verified nor unverified.
        ["扩展因子法", "正式核算", "土壤有机碳", "", 90, "相对误差", "本单位数据", "本单位数据"],
    ]
    _, room, rule = cells_of(contents, "年度碳预算", tmp_path / "account.xlsx")
    assert room[3:6] == ["余量", 1234567.8, "核算"]
    assert rule == ["", "合计", 2023, "抵扣系数 k", 0.5, "假定"]


def test_broken_text_has_room_whatever_program_opens_the_sheet(run: Path) -> None:
    """LibreOffice and WPS leave a row as high as the file says; a character of Chinese is two wide."""

    def lines(text: str, width: float) -> int:
        return -(-sum(2 if ord(letter) > 0x2E7F else 1 for letter in text) // int(width))

    book = openpyxl.load_workbook(run / "account.xlsx")
    tall = 0
    for sheet in (book["说明"], book["汇总"], book.worksheets[0]):
        dimensions = sheet.column_dimensions.values()
        widths = {place: found.width for found in dimensions for place in range(found.min, found.max + 1)}
        for row in sheet.iter_rows():
            for cell in row:
                if not (cell.value and cell.alignment.wrap_text):
                    continue
                needed = lines(str(cell.value), widths[cell.column])
                if cell.column == 1 or sheet.title == "汇总":
                    assert (sheet.row_dimensions[cell.row].height or 15) >= 15 * needed, cell.value
                    tall += needed > 1
    assert tall > 2


def test_a_warning_stands_on_one_line_with_its_ground(run: Path) -> None:
    first = openpyxl.load_workbook(run / "account.xlsx").worksheets[0]
    red = [cell.coordinate for row in first.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFC00000"]
    assert len(red) == 8
    assert not first[red[0]].alignment.wrap_text
    assert "示范" in str(first[red[0]].value)


def test_levels_are_called_as_their_regions_are_called_there(tmp_path: Path) -> None:
    """No league has 盟 in its name here, so they are 地级市 in every sheet."""
    contents = make_contents()
    names = set(contents.regions.frame.loc[contents.regions.frame["level"] == "league", "name"])
    assert not {name for name in names if name.endswith("盟")}
    write_workbook(contents, tmp_path / "account.xlsx")
    cells = {
        str(cell)
        for sheet in openpyxl.load_workbook(tmp_path / "account.xlsx")
        for row in sheet.iter_rows(values_only=True)
        for cell in row
        if cell
    }
    assert "地级市" in cells
    assert "盟市" not in cells
