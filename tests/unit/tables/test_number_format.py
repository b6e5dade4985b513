"""What a sheet shows of a number, by every kind of number format, and what the tables make of it.

Texts are those of a spreadsheet program; whether a text is the number is judged here by a parser of its own.
"""

from __future__ import annotations

import datetime
import re
from itertools import product
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from sinks.errors import SinksError
from sinks.layers.fields import FieldSpec
from sinks.layers.tables.plan import TableLayer
from sinks.layers.tables.table import table_states
from sinks.tables.number_format import around_year, shown
from sinks.tables.sheet import read_sheet
from sinks.text import using_language

ACCOUNTING = '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ '

# Format, and what is shown of 0, 15, -5, 3.25 and 15000, blanks and commas of thousands left out.
TEXTS: dict[str, tuple[str, str, str, str, str]] = {
    "#": ("", "15", "-5", "3", "15000"),
    ".00": (".00", "15.00", "-5.00", "3.25", "15000.00"),
    "0.##": ("0.", "15.", "-5.", "3.25", "15000."),
    "0000": ("0000", "0015", "-0005", "0003", "15000"),
    "00.00": ("00.00", "15.00", "-05.00", "03.25", "15000.00"),
    '0"020"': ("0020", "15020", "-5020", "3020", "15000020"),
    '"1"0': ("10", "115", "-15", "13", "115000"),
    "0\\0": ("00", "150", "-50", "30", "150000"),
    '0.0"5"': ("0.05", "15.05", "-5.05", "3.35", "15000.05"),
    '0" 020"': ("0020", "15020", "-5020", "3020", "15000020"),
    '"DB"0000': ("DB0000", "DB0015", "-DB0005", "DB0003", "DB15000"),
    "000-0000": ("000-0000", "000-0015", "-000-0005", "000-0003", "001-5000"),
    "0.0,": ("0.0", "0.0", "-0.0", "0.0", "15.0"),
    "#,##0,,": ("0", "0", "-0", "0", "0"),
    "0!.0,": ("0.0", "0.0", "-0.0", "0.0", "1.5"),
    '0"万"': ("0万", "15万", "-5万", "3万", "15000万"),
    '0!.0,"万"': ("0.0万", "0.0万", "-0.0万", "0.0万", "1.5万"),
    '0.00"公顷"': ("0.00公顷", "15.00公顷", "-5.00公顷", "3.25公顷", "15000.00公顷"),
    '0.00"hm2"': ("0.00hm2", "15.00hm2", "-5.00hm2", "3.25hm2", "15000.00hm2"),
    ";;;": ("", "", "", "", ""),
    "0;;": ("", "15", "", "3", "15000"),
    "0;-0;": ("", "15", "-5", "3", "15000"),
    "0;0": ("0", "15", "5", "3", "15000"),
    "0;(0)": ("0", "15", "(5)", "3", "15000"),
    "#,##0_);[Red](#,##0)": ("0", "15", "(5)", "3", "15000"),
    '"-"0': ("-0", "-15", "--5", "-3", "-15000"),
    ACCOUNTING: ("-", "15.00", "-5.00", "3.25", "15000.00"),
    '[>=10000]0!.0,"万";0': ("0", "15", "-5", "3", "1.5万"),
    "[$¥-804]#,##0.00": ("¥0.00", "¥15.00", "-¥5.00", "¥3.25", "¥15000.00"),
    'G/通用格式"亩"': ("0亩", "15亩", "-5亩", "3.25亩", "15000亩"),
    "@": ("0", "15", "-5", "3.25", "15000"),
    "0%%": ("0%%", "150000%%", "-50000%%", "32500%%", "150000000%%"),
}
VALUES = (0, 15, -5, 3.25, 15000)

WORDS = {"万": 10_000.0, "公顷": 1.0, "hm2": 1.0, "亩": 1.0, "": 1.0}


def reads_as(text: str, value: float) -> bool:
    """Whether a person who reads a text reads this number, rounded as the text shows it."""
    if value == 0 and text in ("", "-"):
        return True
    brackets = re.fullmatch(r"\((.*)\)", text)
    found = re.fullmatch(r"(-?)(?:DB|¥)?(\d*\.?\d*)(万|公顷|hm2|亩|)", f"-{brackets[1]}" if brackets else text)
    if found is None or not any(sign.isdigit() for sign in found[2]):
        return False
    step = 0.5 / 10 ** len(found[2].partition(".")[2]) * WORDS[found[3]]
    read = float(f"{found[1]}{found[2]}") * WORDS[found[3]]
    # A number that is rounded to nought has kept its sign.
    return abs(read - value) <= step and (value == 0 or (found[1] == "-") == (value < 0))


@pytest.mark.parametrize("number_format", TEXTS)
def test_what_is_shown_and_whether_it_is_the_number(number_format: str) -> None:
    for value, text in zip(VALUES, TEXTS[number_format], strict=True):
        found = shown(value, number_format)
        assert (found.text, found.is_same) == (text, reads_as(text, value)), value


@pytest.mark.parametrize("number_format", ["General", "0", "#,##0.00", "0.00E+00", "# ?/?", "# ?/8", "[DBNum1]General"])
def test_other_ways_of_writing_the_same_number(number_format: str) -> None:
    assert all(shown(value, number_format).is_same for value in VALUES)


@pytest.mark.parametrize(
    ("number_format", "around"),
    [
        ("yyyy", "{}"),
        ('yyyy"年"', "{}年"),
        ("yyyy年", "{}年"),
        ("yyyy\\年", "{}年"),
        ("yyyy-mm", None),
        ('yyyy"年"m"月"', None),
        ("yy", None),
    ],
)
def test_dates_shown_as_years(number_format: str, around: str | None) -> None:
    assert around_year(number_format) == around


REGIONS = pd.DataFrame({"code": ["0301", "DB0302"], "name": ["甲区", "乙区"]})
HEAD = ["地区", "年份", "面积", "郁闭度"]


def book(path: Path, rows: list[list[Any]], formats: dict[str, str]) -> TableLayer:
    made = openpyxl.Workbook()
    sheet = made.active
    for row in [HEAD, *rows]:
        sheet.append(row)
    for cell, number_format in formats.items():
        sheet[cell].number_format = number_format
    made.save(path)
    columns = {
        "region": FieldSpec("地区"),
        "date": FieldSpec("年份"),
        "area": FieldSpec("面积", "ha"),
        "canopy_cover": FieldSpec("郁闭度", "%"),
    }
    return TableLayer("s", path, columns, ecosystem="forest")


def test_codes_and_years_are_what_the_sheet_shows(tmp_path: Path) -> None:
    day = datetime.date(2020, 12, 31)
    rows: list[list[Any]] = [[301, 2020, 5, 70], [302, day, 0, 60]]
    formats = {"A2": "0000", "A3": '"DB"0000', "B2": '0"年"', "B3": 'yyyy"年"', "C3": ACCOUNTING, "C2": '0.00"公顷"'}
    found = table_states(book(tmp_path / "t.xlsx", rows, formats), REGIONS)
    assert found.states[["region_code", "date", "area_ha"]].to_numpy().tolist() == [
        ["0301", "2020", 5.0],
        ["DB0302", "2020", 0.0],
    ]
    said = {note.id: note for note in found.notes}
    assert {"table.shown_taken", "table.zeros_hidden"} <= set(said)
    assert said["table.shown_taken"].values["shown"] == "DB0302"
    for language, note in product(("zh", "en"), found.notes):
        with using_language(language):
            assert str(note)


@pytest.mark.parametrize(
    ("number_format", "factor"), [('0.00"亩"', "15"), ('0.00" 万公顷"', "10000"), ('0"km2"', "100")]
)
def test_a_unit_shown_behind_the_numbers_has_to_be_the_declared_one(
    tmp_path: Path, number_format: str, factor: str
) -> None:
    layer = book(tmp_path / "t.xlsx", [["0301", 2020, 15, 70], ["DB0302", 2020, 5, 60]], {"C3": number_format})
    with pytest.raises(SinksError) as caught:
        table_states(layer, REGIONS)
    (problem,) = caught.value.problems
    assert (problem.id, problem.values["cell"], problem.values["factor"]) == ("table.shown_unit", "C3", factor)


@pytest.mark.parametrize("number_format", [";;;", '"无"', "[<3]0", "0.0,"])
def test_a_code_that_the_sheet_does_not_show_is_refused(tmp_path: Path, number_format: str) -> None:
    book(tmp_path / "t.xlsx", [[301.5 if number_format == "0.0," else 301, 2020, 15, 70]], {"A2": number_format})
    with pytest.raises(SinksError) as caught:
        read_sheet(tmp_path / "t.xlsx", HEAD, numeric=HEAD[2:])
    assert [problem.id for problem in caught.value.problems] == ["table.shown_otherwise"]


def test_rows_that_a_filter_hides_are_named(tmp_path: Path) -> None:
    layer = book(tmp_path / "t.xlsx", [["0301", 2020, 15, 70], ["DB0302", 2020, 5, 60]], {})
    made = openpyxl.load_workbook(tmp_path / "t.xlsx")
    made.active.row_dimensions[3].hidden = True
    made.save(tmp_path / "t.xlsx")
    found = table_states(layer, REGIONS)
    assert found.states["area_ha"].tolist() == [15.0, 5.0]
    assert [note.values["rows"] for note in found.notes if note.id == "table.rows_hidden"] == [[3]]
