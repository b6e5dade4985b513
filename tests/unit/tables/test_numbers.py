"""Numbers as people write them, and what is none."""

from __future__ import annotations

import math
import unicodedata

import numpy as np
import pandas as pd
import pytest

from sinks.tables.numbers import as_numbers, decimals_of, is_open, read_number

# Every kind of blank that may group thousands: plain, no-break, thin, narrow no-break, ideographic.
BLANKS = [" ", "\u00a0", "\u2009", "\u202f", "\u3000"]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize(("groups", "value"), [(("1", "234"), 1234.0), (("12", "345", "678.5"), 12345678.5)])
def test_thousands_may_be_grouped_by_blanks(blank: str, groups: tuple[str, ...], value: float) -> None:
    number = read_number(blank.join(groups))
    assert (number.value, number.mended) == (value, True)


@pytest.mark.parametrize("blank", [*BLANKS, "\n", "\t", "  "])
@pytest.mark.parametrize("parts", [("8", "5"), ("1", "23"), ("1", "2345"), ("0", "123"), ("-", "5"), ("1,234", "567")])
def test_two_numbers_in_a_cell_are_none(blank: str, parts: tuple[str, str]) -> None:
    assert read_number(blank.join(parts)).unreadable


@pytest.mark.parametrize(
    "text", ["<Null>", "<空>", "NULL", "NaN", "n/a", "－", "—", "…", "/", "无", "缺", "暂无", "", "  "]
)
def test_marks_that_there_is_no_figure(text: str) -> None:
    number = read_number(text)
    assert math.isnan(number.value)
    assert not number.unreadable


@pytest.mark.parametrize(
    "text", ["0,123", "12,34", "1,2345", "八", "3ha", "(5)", "#N/A", "=5", "1.2.3", "1..2", True, "١٢", "१२", "1٫5"]
)
def test_what_is_no_number(text: object) -> None:
    assert read_number(text).unreadable


def test_full_width_signs_and_the_minus_of_print() -> None:
    plain = "-1,234.50"
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in plain)
    assert unicodedata.normalize("NFKC", wide) == plain
    assert read_number(wide).value == read_number("−1,234.50").value == -1234.5


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("70%", "%", 70.0),
        ("70%", "1", 0.7),
        ("７０％", "1", 0.7),
        ("7 ‰", "%", 0.7),
        ("0.5%", "‰", 5.0),
        ("7%", "1", 0.07),
    ],
)
def test_a_sign_of_percent_is_the_unit_of_its_number(text: str, unit: str, value: float) -> None:
    number = read_number(text, unit)
    assert (number.value, number.marked) == (value, True)


@pytest.mark.parametrize("unit", [None, "ha", "m3/ha"])
def test_percent_of_nothing_is_no_number(unit: str | None) -> None:
    assert read_number("70%", unit).unreadable


def test_the_decimal_comma() -> None:
    found = as_numbers(["1.234,5", "12,5", "7", "1 234,25", "1,234.5"], decimal=",")
    np.testing.assert_array_equal(found.values, [1234.5, 12.5, 7.0, 1234.25, np.nan])
    assert found.unreadable.tolist() == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["12.5", "1,234"], "."),
        (["12,5", "1.234"], ","),
        (["12.5", "12,5"], "?"),
        (["1,500", "1.500", "7"], None),
        (["0.500"], "."),
        (["1.234.567"], ","),
        ([7, 1.5, None, "2020"], None),
    ],
)
def test_numbers_may_show_their_decimal_sign(cells: list[object], sign: str | None) -> None:
    assert decimals_of(cells) == sign


def test_one_number_with_a_point_and_another_with_a_comma() -> None:
    assert [text for text in ("1,500", "1.500", "0,500", "12,5", "1500") if is_open(text)] == ["1,500", "1.500"]


def test_numbers_as_they_are_written() -> None:
    found = as_numbers(["1,234.5", "１２", "12,34", None, "—", 3, " 4 "])
    assert found.values == pytest.approx([1234.5, 12, np.nan, np.nan, np.nan, 3, 4], nan_ok=True)
    assert found.unreadable.tolist() == [False, False, True, False, False, False, False]
    assert found.mended.tolist() == [True, True, False, False, False, False, False]


@pytest.mark.parametrize("text", ["12①", "12²", "12₂", "12⑴", "12½", "①", "5⒈", "1,234②"])
def test_the_mark_of_a_footnote_is_no_digit(text: str) -> None:
    """Yearbooks mark their figures so: 12① is no 121."""
    assert as_numbers([text]).unreadable.tolist() == [True]


def test_a_list_in_a_cell_is_no_number() -> None:
    """As a GeoJSON may hold one: named as what it is, beside cells that are read."""
    found = as_numbers(pd.Series([np.array([1]), 2.0, "3", None, [1, 2]], dtype=object))
    assert found.unreadable.tolist() == [True, False, False, False, True]
    assert found.values[1:3].tolist() == [2.0, 3.0]
