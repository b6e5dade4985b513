"""Every table of the user in every form that its file may have: the same content, read alike or refused by name.

The forms are written here byte by byte (openpyxl and the zip of a workbook), the right values stand in this file.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sinks.assessment.input_tables import read_table
from sinks.errors import SinksError
from sinks.geo.legends import load_legend
from sinks.layers.fields import FieldSpec
from sinks.layers.tables.plan import TableLayer
from sinks.layers.tables.table import table_states
from sinks.parameters import Crosswalk, ParameterTable, extended_id
from sinks.provenance import read_sources
from sinks.text import using_language
from sinks.uncertainty.confusion_matrix import read_matrix
from sinks.workflow.derived_strata import read_map

Grid = list[list[Any]]

REGIONS = pd.DataFrame({"code": ["150201", "150202"], "name": ["甲区", "乙区"]})


def statistics(path: Path) -> Any:
    columns = {
        "region": FieldSpec("地区"),
        "date": FieldSpec("年份"),
        "area": FieldSpec("面积", "ha"),
        "canopy_cover": FieldSpec("郁闭度", "%"),
    }
    states = table_states(TableLayer("s", path, columns, ecosystem="forest"), REGIONS).states
    return states[["region_code", "date", "area_ha", "canopy_cover"]].to_numpy().tolist()


def legend(path: Path) -> Any:
    return [(c.text, c.name.zh, c.cls, c.ecosystem) for c in load_legend(path)]


def matrix(path: Path) -> Any:
    found = read_matrix(path, ("forest", "grassland"))
    return found.classes, found.counts.tolist()


def strata_map(path: Path) -> Any:
    return read_map(path, "树种", "森林类型")


def parameters(path: Path) -> Any:
    units = {"bcef": "t DM/m3", "cover": "1"}
    assert extended_id(path) == "base"
    table = ParameterTable.read(path, parameters=units, sources={}, strata=("species",))
    return [(row.parameter, row.cells["species"], row.value, row.note, row.line) for row in table.rows]


def crosswalk(path: Path) -> Any:
    return dict(Crosswalk.read(path, "森林类型").values)


def sources(path: Path) -> Any:
    return {key: (source.kind, source.title_zh) for key, source in read_sources(path).items()}


def emissions(path: Path) -> Any:
    found = read_table("emissions", path)
    return found[["region_code", "year", "value", "unit", "source"]].to_numpy().tolist()


MAP: Grid = [["树种", "森林类型"], ["落叶松", "针叶林"], ["白桦", "阔叶林"]]
NEEDED = ["value", "unit", "low", "high", "interval", "distribution", "basis", "source", "locator", "note"]
LONG: Grid = [
    ["map_class", "reference_class", "count", "备注"],
    ["forest", "forest", 1200, "森林"],
    ["forest", "grassland", 3, None],
    ["grassland", "forest", 5, None],
    ["grassland", "grassland", 40, "草地"],
]
COUNTS = (("forest", "grassland"), [[1200.0, 3.0], [5.0, 40.0]])

TABLES: dict[str, tuple[Callable[[Path], Any], Grid, Any]] = {
    "statistics": (
        statistics,
        [
            ["地区", "年份", "面积", "郁闭度"],
            ["甲区", 2020, 1000.5, 70.25],
            ["乙区", 2020, 2000, 60],
        ],
        # By code: 150201 is 甲区.
        [["150201", "2020", 1000.5, 0.7025], ["150202", "2020", 2000.0, 0.6]],
    ),
    "legend": (
        legend,
        [
            ["code", "name_zh", "class", "ecosystem"],
            ["0301", "乔木林地", "forest", "forest"],
            [11, "水域", "water", "water"],
        ],
        [("0301", "乔木林地", "forest", "forest"), ("11", "水域", "water", "water")],
    ),
    "matrix, long": (matrix, LONG, COUNTS),
    "matrix, wide": (
        matrix,
        [["图上类别", "forest", "grassland"], ["forest", 1200, 3], ["grassland", 5, 40]],
        COUNTS,
    ),
    "map of strata": (strata_map, MAP, {"落叶松": "针叶林", "白桦": "阔叶林"}),
    "crosswalk": (crosswalk, MAP, {"落叶松": "针叶林", "白桦": "阔叶林"}),
    "parameters": (
        parameters,
        [
            ["# extends: base"],
            ["parameter", "species", *NEEDED],
            ["bcef", "落叶松", 0.875, "t DM/m3", None, None, None, None, "user", "调查", "第 3 页", "样地"],
            ["cover", None, 0.5, "1", 0.25, 0.75, "95%", None, "user", "调查", "第 3 页", None],
        ],
        [("bcef", "落叶松", 0.875, "样地", 3), ("cover", None, 0.5, "", 4)],
    ),
    "sources": (
        sources,
        [["key", "kind", "title", "title_zh"], ["survey", "user", "Survey", "森林资源调查"]],
        {"survey": ("user", "森林资源调查")},
    ),
    "assessment": (
        emissions,
        [
            ["region_code", "year", "quantity", "value", "unit", "source"],
            [150201, 2020, "energy", 12.5, "10^4 t CO2", "统计局"],
        ],
        [["150201", 2020, 125_000.0, "t CO2", "统计局"]],
    ),
}

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"]
DELIMITERS = [",", ";", "\t", "|", "，", "；"]


def text_of(grid: Grid, delimiter: str, decimal: str = ".") -> str:
    def shown(cell: Any) -> str:
        if cell is None:
            return ""
        text = str(cell).replace(".", decimal) if isinstance(cell, float) else str(cell)
        return f'"{text}"' if delimiter in text else text

    return "\n".join(delimiter.join(map(shown, row)) for row in grid) + "\n"


def save(grid: Grid, path: Path) -> Any:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in grid:
        book.active.append(row)
    book.save(path)
    return book


def edit(path: Path, change: Callable[[str], str]) -> None:
    """Write a workbook anew with the XML of its sheet changed."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    before = parts[sheet].decode()
    after = change(before)
    assert after != before
    parts[sheet] = after.encode()
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(("encoding", "name"), list(product(ENCODINGS, TABLES)))
def test_every_table_in_every_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    read, grid, expected = TABLES[name]
    path = tmp_path / "t.csv"
    path.write_bytes(text_of(grid, ",").encode(encoding))
    assert read(path) == expected


@pytest.mark.parametrize(("delimiter", "name"), list(product(DELIMITERS, TABLES)))
def test_every_table_with_every_delimiter(tmp_path: Path, delimiter: str, name: str) -> None:
    read, grid, expected = TABLES[name]
    path = tmp_path / "t.csv"
    path.write_text(text_of(grid, delimiter), encoding="utf-8")
    assert read(path) == expected


@pytest.mark.parametrize("name", TABLES)
def test_every_table_as_excel_writes_it_where_commas_are_decimals(tmp_path: Path, name: str) -> None:
    read, grid, expected = TABLES[name]
    path = tmp_path / "t.csv"
    path.write_text("sep=;\r\n" + text_of(grid, ";", ",").replace("\n", "\r\n"), encoding="utf-8-sig")
    assert read(path) == expected


def _plain(grid: Grid, path: Path) -> None:
    save(grid, path)


def _without_dimension(grid: Grid, path: Path) -> None:
    save(grid, path)
    edit(path, lambda xml: re.sub(r"<dimension[^>]*/>", "", xml))


def _dimension_short(grid: Grid, path: Path) -> None:
    save(grid, path)
    edit(path, lambda xml: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:B1"', xml))


def _dimension_long(grid: Grid, path: Path) -> None:
    save(grid, path)
    edit(path, lambda xml: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:Z900"', xml))


def _cells_without_references(grid: Grid, path: Path) -> None:
    """As some programs write them: the place of a cell follows from its order."""
    save([[cell if cell is not None else "" for cell in row] for row in grid], path)
    edit(path, lambda xml: re.sub(r'<c r="[A-Z]+\d+"', "<c", xml))


def _formulas_with_values(grid: Grid, path: Path) -> None:
    save(grid, path)
    edit(path, lambda xml: re.sub(r' t="n"><v>([\d.]+)</v>', r"><f>0+\1</f><v>\1</v>", xml) + " ")


def _beside_hidden_and_empty_sheets(grid: Grid, path: Path) -> None:
    book = save(grid, path)
    hidden = book.create_sheet("旧表", 0)
    hidden.append(["别的"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Sheet2")
    book.active = 1
    book.save(path)


def _numbers_as_text(grid: Grid, path: Path) -> None:
    save([[str(cell) if isinstance(cell, float | int) else cell for cell in row] for row in grid], path)


def _merged_title_beside(grid: Grid, path: Path) -> None:
    """A merged cell in a column that the table does not have."""
    book = save(grid, path)
    book.active.merge_cells("N1:N3")
    book.save(path)


def _rows_far_below(grid: Grid, path: Path) -> None:
    """Borders were drawn down to a row far below."""
    book = save(grid, path)
    book.active.cell(400, 2).number_format = "0.00"
    book.save(path)


FORMS = [
    _plain,
    _without_dimension,
    _dimension_short,
    _dimension_long,
    _cells_without_references,
    _formulas_with_values,
    _beside_hidden_and_empty_sheets,
    _numbers_as_text,
    _merged_title_beside,
    _rows_far_below,
]


def has_numbers(name: str) -> bool:
    return any(isinstance(cell, float | int) for row in TABLES[name][1] for cell in row)


@pytest.mark.parametrize(
    ("form", "name"),
    [pair for pair in product(FORMS, TABLES) if pair[0] is not _formulas_with_values or has_numbers(pair[1])],
)
@pytest.mark.parametrize("suffix", [".xlsx", ".xlsm"])
def test_every_table_in_every_form_of_a_workbook(
    tmp_path: Path, form: Callable[[Grid, Path], None], name: str, suffix: str
) -> None:
    read, grid, expected = TABLES[name]
    path = tmp_path / f"t{suffix}"
    form(grid, path)
    assert read(path) == expected


def refused(read: Callable[[Path], Any], path: Path) -> set[str]:
    with pytest.raises(SinksError) as caught:
        read(path)
    for language in ("zh", "en"):
        with using_language(language):
            assert str(caught.value)
    return {problem.id for problem in caught.value.problems}


@pytest.mark.parametrize(("suffix", "name"), list(product([".xls", ".xlsb", ".ods", ".et"], TABLES)))
def test_workbooks_of_other_programs_are_refused_by_name(tmp_path: Path, suffix: str, name: str) -> None:
    """Excel 97, binary Excel, OpenDocument and WPS."""
    path = tmp_path / f"t{suffix}"
    path.write_bytes(b"\xd0\xcf\x11\xe0" if suffix in (".xls", ".et") else b"PK\x03\x04")
    assert refused(TABLES[name][0], path) == {"table.unknown_format"}


def place_of_number(grid: Grid) -> tuple[int, int]:
    """Row and column of the last number (or word) of the last row, counted from 1."""
    row = grid[-1]
    numbers = [place for place, cell in enumerate(row, 1) if isinstance(cell, float | int)]
    return len(grid), (numbers or [2])[-1]


@pytest.mark.parametrize("name", TABLES)
def test_a_formula_without_a_value_is_named_in_every_table(tmp_path: Path, name: str) -> None:
    read, grid, _ = TABLES[name]
    path, (row, column) = tmp_path / "t.xlsx", place_of_number(grid)
    book = save(grid, path)
    book.active.cell(row, column).value = "=1+1"
    book.save(path)
    with pytest.raises(SinksError) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert problem.id == "table.formula_without_value"
    assert problem.values["cells"] == [f"{openpyxl.utils.get_column_letter(column)}{row}"]


def test_formulas_are_named_where_a_row_has_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    save([MAP[0], ["=A9", "=B9"], *MAP[1:]], path)
    with pytest.raises(SinksError) as caught:
        strata_map(path)
    assert caught.value.problems[0].values["cells"] == ["A2", "B2"]


@pytest.mark.parametrize("name", [name for name, (_, grid, _) in TABLES.items() if len(grid) > 2])
def test_merged_cells_are_named_in_every_table(tmp_path: Path, name: str) -> None:
    read, grid, _ = TABLES[name]
    path, (row, _) = tmp_path / "t.xlsx", place_of_number(grid)
    book = save(grid, path)
    column = 1 if name != "sources" else 2
    book.active.merge_cells(start_row=row - 1, end_row=row, start_column=column, end_column=column)
    book.save(path)
    # A table whose last row is its only one has its header above it.
    if read is emissions:
        assert refused(read, path)
    else:
        assert "table.merged" in refused(read, path)


@pytest.mark.parametrize(
    ("number_format", "stored"),
    [("0%", 0.6), ("0.00%", 0.6), ("[Red]0.0%;-0.0%", 0.6), ('0"%"', 60), ("0\\%", 60), ('0.0"‰"', 600)],
)
@pytest.mark.parametrize("unit", ["%", "1", "‰"])
def test_a_share_is_what_the_sheet_shows(tmp_path: Path, number_format: str, stored: float, unit: str) -> None:
    _, grid, _ = TABLES["statistics"]
    path = tmp_path / "t.xlsx"
    book = save(grid, path)
    for row in (2, 3):
        cell = book.active.cell(row, 4)
        cell.value, cell.number_format = stored, number_format
    book.save(path)
    columns = {
        "region": FieldSpec("地区"),
        "date": FieldSpec("年份"),
        "area": FieldSpec("面积", "ha"),
        "canopy_cover": FieldSpec("郁闭度", unit),
    }
    found = table_states(TableLayer("s", path, columns, ecosystem="forest"), REGIONS)
    np.testing.assert_allclose(found.states["canopy_cover"], 0.6, rtol=1e-15)
    assert [(note.id, note.values["rows"]) for note in found.notes] == [("table.percent_cells", [2, 3])]


@pytest.mark.parametrize(
    ("number_format", "shown"),
    [
        ("0.0,", "2.0"),
        ("#,##0,,", "0"),
        ("0!.0,", "0.2"),
        ("0\\.0,", "0.2"),
        ('0"020"', "2000020"),
        (";;;", ""),
        ('"缺"', "缺"),
        ("yyyy-mm-dd", "1905-06-22"),
        ("[<10]0", "####"),
    ],
)
def test_a_number_shown_otherwise_than_it_is_stored(tmp_path: Path, number_format: str, shown: str) -> None:
    _, grid, _ = TABLES["statistics"]
    path = tmp_path / "t.xlsx"
    book = save(grid, path)
    book.active.cell(3, 3).number_format = number_format
    book.save(path)
    with pytest.raises(SinksError) as caught:
        statistics(path)
    (problem,) = caught.value.problems
    assert problem.id == "table.shown_otherwise"
    assert [str(problem.values[name]) for name in ("cell", "shown", "stored")] == ["C3", shown, "2000"]


@pytest.mark.parametrize(
    "number_format", ["General", "0.00", "#,##0", "#,##0.00", '0.00"公顷"', "0.00E+00", "_ * #,##0_ "]
)
def test_a_format_that_changes_no_number(tmp_path: Path, number_format: str) -> None:
    _, grid, expected = TABLES["statistics"]
    path = tmp_path / "t.xlsx"
    book = save(grid, path)
    for row, column in product((2, 3), (3, 4)):
        book.active.cell(row, column).number_format = number_format
    book.save(path)
    assert statistics(path) == expected


def test_percent_in_a_column_of_areas_is_no_number(tmp_path: Path) -> None:
    _, grid, _ = TABLES["statistics"]
    path = tmp_path / "t.xlsx"
    book = save(grid, path)
    book.active.cell(2, 3).number_format = "0%"
    book.save(path)
    assert refused(statistics, path) == {"table.not_a_number"}


@pytest.mark.parametrize(("unit", "number_format"), [("%", "0.0%"), ("1", "0.0%"), ("1", "0.000")])
def test_percent_in_a_table_of_the_assessment(tmp_path: Path, unit: str, number_format: str) -> None:
    row = ["150100", "intensity_reduction", "单位地区生产总值二氧化碳排放", 2020, 2025, 0.175, unit, "规划"]
    head = ["region_code", "indicator", "definition", "base_year", "target_year", "value", "unit", "source"]
    book = save([head, row], tmp_path / "t.xlsx")
    book.active["F2"].number_format = number_format
    book.save(tmp_path / "t.xlsx")
    assert read_table("targets", tmp_path / "t.xlsx")["value"].tolist() == pytest.approx([0.175], rel=1e-15)


def test_a_note_below_the_table_is_not_called_merged(tmp_path: Path) -> None:
    _, grid, _ = TABLES["statistics"]
    path = tmp_path / "t.xlsx"
    book = save([*grid, ["注：数据来自统计年鉴"]], path)
    book.active.merge_cells("A4:D4")
    book.save(path)
    assert refused(statistics, path) == {"table.stray_row"}


def test_a_date_is_shown_as_one_where_a_year_is_meant(tmp_path: Path) -> None:
    _, grid, _ = TABLES["statistics"]
    save([grid[0], ["甲区", datetime.date(2020, 12, 31), 5, 70]], tmp_path / "t.xlsx")
    with pytest.raises(SinksError) as caught:
        statistics(tmp_path / "t.xlsx")
    (problem,) = caught.value.problems
    assert (problem.id, problem.values["found"]) == ("table.bad_date", "2020-12-31")


def test_a_workbook_that_openpyxl_stumbles_over_is_named(tmp_path: Path) -> None:
    _, grid, _ = TABLES["statistics"]
    book = save(grid, tmp_path / "t.xlsx")
    # A sheet of charts without a chart.
    book.create_chartsheet("图")
    book.save(tmp_path / "t.xlsx")
    assert refused(statistics, tmp_path / "t.xlsx") == {"table.unreadable"}


def test_several_sheets_with_cells_are_asked_about(tmp_path: Path) -> None:
    read, grid, _ = TABLES["statistics"]
    path = tmp_path / "t.xlsx"
    book = save(grid, path)
    book.create_sheet("另一张").append(["别的"])
    book.save(path)
    assert refused(read, path) == {"table.several_sheets"}


def test_names_that_begin_with_a_sign_of_formulas(tmp_path: Path) -> None:
    """In a CSV they are names; ="0301" is how a code is kept as text; in a workbook text is no formula."""
    grid: Grid = [["树种", "森林类型"], ["=甲", "+乙"], ["0301", "@丙"]]
    path = tmp_path / "t.csv"
    path.write_text('树种,森林类型\n=甲,+乙\n"=""0301""",@丙\n', encoding="utf-8")
    assert strata_map(path) == {"=甲": "+乙", "0301": "@丙"}
    book = save(grid, tmp_path / "t.xlsx")
    for cell in (book.active["A2"], book.active["B2"]):
        cell.data_type = "s"
    book.save(tmp_path / "t.xlsx")
    assert strata_map(tmp_path / "t.xlsx") == {"=甲": "+乙", "0301": "@丙"}


@pytest.mark.parametrize("mark", ["<Null>", "<空>", "<null>", ""])
def test_a_mark_for_no_value_is_none_in_text_and_in_numbers(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"地区,年份,面积,郁闭度\n甲区,2020,5,{mark}\n乙区,2020,{mark},50\n", encoding="utf-8")
    with pytest.raises(SinksError) as caught:
        statistics(path)
    assert [(p.id, p.where.rpartition(":")[2]) for p in caught.value.problems] == [("table.empty_number", "3")]
    path.write_text(f"树种,森林类型\n落叶松,针叶林\n白桦,{mark}\n", encoding="utf-8")
    assert refused(strata_map, path) == {"derive.empty"}


@pytest.mark.parametrize(
    ("lines", "id", "said"),
    [
        # Nothing tells 1.5 from 1500.
        (["地区;年份;面积;郁闭度", "甲区;2020;1,500;70", "乙区;2020;2,500;60"], "table.decimal_open", "1,500"),
        (["地区;年份;面积;郁闭度", "甲区;2020;1.500;70", "乙区;2020;2.500;60"], "table.decimal_open", "1.500"),
        (["地区;年份;面积;郁闭度", "甲区;2020;12,5;70", "乙区;2020;12.5;60"], "table.decimal_open", "12,5"),
        # The names are wrong and the delimiter is not the usual one.
        (["region;year;area;cover", "甲区;2020;1;70"], "table.delimiter_fails", ";"),
        (["地区;年份;面积;盖度", "甲区;2020;1;70"], "table.no_column", "郁闭度"),
    ],
)
def test_what_cannot_be_told_is_asked(tmp_path: Path, lines: list[str], id: str, said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SinksError) as caught:
        statistics(path)
    (problem,) = caught.value.problems
    assert problem.id == id
    assert said in str(problem)


@pytest.mark.parametrize(
    ("rows", "moved"),
    [
        (["甲区,2020,1,000,70", "乙区,2020,2000,60"], [2]),
        (["甲区,2020,1000,70", "乙区,2020,2,000,"], [3]),
        (["甲区,2020,1,000,70", "乙区,2020,2,000,60"], [2, 3]),
    ],
)
def test_a_comma_too_many_moves_cells(tmp_path: Path, rows: list[str], moved: list[int]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["地区,年份,面积,郁闭度", *rows]), encoding="utf-8")
    with pytest.raises(SinksError) as caught:
        statistics(path)
    (problem,) = caught.value.problems
    assert (problem.id, problem.values["rows"]) == ("table.too_many_cells", moved)


def test_a_comma_at_the_end_of_every_row_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("地区,年份,面积,郁闭度,\n甲区,2020,1000,70,\n乙区,2020,2000,60\n", encoding="utf-8")
    assert [row[2] for row in statistics(path)] == [1000.0, 2000.0]


def test_a_comma_too_many_in_a_matrix(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("map,forest,grassland\nforest,1,200,3\ngrassland,5,40\n", encoding="utf-8")
    assert refused(matrix, path) == {"table.too_many_cells"}


def test_declared_delimiter_and_decimal_hold(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("地区;年份;面积\n甲区;2020;1,500\n乙区;2020;2.500,5\n", encoding="utf-8")
    columns = {"region": FieldSpec("地区"), "date": FieldSpec("年份"), "area": FieldSpec("面积", "ha")}

    def areas(**said: str) -> list[float]:
        layer = TableLayer("s", path, columns, ecosystem="forest", **said)
        return [float(area) for area in table_states(layer, REGIONS).states["area_ha"]]

    # 2.500,5 shows what the comma is, for 1,500 too.
    assert areas() == areas(delimiter=";", decimal=",") == [1.5, 2500.5]
    path.write_text("地区\t年份\t面积\n甲区\t2020\t1,500\n乙区\t2020\t2,500.5\n", encoding="utf-8")
    assert areas() == areas(delimiter="tab", decimal=".") == [1500.0, 2500.5]
    with pytest.raises(SinksError) as caught:
        areas(delimiter="::")
    assert caught.value.problems[0].id == "table.bad_delimiter"
