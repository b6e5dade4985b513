"""Formulas of derived rows: arithmetic only, done again at every load, and of the library by other means too."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from sinks.errors import ParameterError
from sinks.parameters.formula import gives, result_of
from sinks.parameters.read import Expected, read_rows

LIBRARY = sorted(Path("methodologies").glob("*.csv"))


def derived() -> list[tuple[str, int, dict[str, str]]]:
    found = []
    for path in LIBRARY:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        found += [(path.name, line, row) for line, row in enumerate(rows, 2) if row.get("basis") == "derived"]
    return found


def by_fractions(text: str) -> Fraction:
    """The same by another path: a shunting yard over exact fractions, without Python's own parser."""
    binds = {"+": 1, "-": 1, "x": 2, "/": 2, "^": 3}
    values: list[Fraction] = []
    waiting: list[str] = []

    def work() -> None:
        sign, right, left = waiting.pop(), values.pop(), values.pop()
        one = {"+": left + right, "-": left - right, "x": left * right}
        values.append(one[sign] if sign in one else left / right if sign == "/" else left ** int(right))

    for word in text.replace("(", " ( ").replace(")", " ) ").replace("^", " ^ ").split():
        if word == "(":
            waiting.append(word)
        elif word == ")":
            while waiting[-1] != "(":
                work()
            waiting.pop()
        elif word in binds:
            while waiting and waiting[-1] != "(" and binds[waiting[-1]] >= binds[word]:
                work()
            waiting.append(word)
        else:
            values.append(Fraction(word))
    while waiting:
        work()
    return values.pop()


def test_every_derived_row_of_the_library_has_a_formula_that_gives_its_value() -> None:
    rows = derived()
    assert len(rows) > 150
    for name, line, row in rows:
        assert row["formula"], f"{name}:{line} has no formula"
        exact = by_fractions(row["formula"])
        assert gives(row["formula"], row["value"]), f"{name}:{line}: {row['formula']} is {float(exact):g}"
        assert abs(exact - Fraction(row["value"])) <= Fraction(1, 2) / 10 ** len(row["value"].partition(".")[2])


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("(1786 - 822) / 13", 74.15384615384616),
        ("2.86 × 10^4 ÷ 100", 286.0),
        ("-(3 - 5) x 2", 4.0),
        ("2 ^ 3 ^ 2", 512.0),
    ],
)
def test_arithmetic(formula: str, value: float) -> None:
    assert result_of(formula) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        *("", "two", "1 +", "1 / 0", "abs(1)", "a.b", "[1]", "1 if 1 else 2", "True", "'1'", "1 < 2", "(-8) ^ 0.5"),
        *("9 ^ 9 ^ 9", "1 + " * 200 + "1", "1e308 x 10"),
    ],
)
def test_what_is_no_formula(formula: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        result_of(formula)


def test_digits_decide() -> None:
    assert gives("1 / 3", "0.3333")
    assert not gives("1 / 3", "0.33334")
    assert gives("2 / 3 x 1000", "6.7e2")


@pytest.mark.parametrize(
    ("formula", "id"), [("2 x 3", "parameters.formula_differs"), ("two threes", "parameters.bad_formula")]
)
def test_a_row_whose_formula_says_otherwise(tmp_path: Path, formula: str, id: str) -> None:
    path = tmp_path / "own.csv"
    head = "parameter,value,unit,low,high,interval,distribution,basis,source,locator,note,formula"
    path.write_text(f"{head}\nbcef,7,1,,,,,user,survey,p. 1,,{formula}\n", encoding="utf-8")
    with pytest.raises(ParameterError) as caught:
        read_rows(path, Expected({"bcef": "1"}, None, {}, {}))
    assert [problem.id for problem in caught.value.problems] == [id]


def test_a_derived_row_without_a_formula_stays_unverified(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    head = "parameter,value,unit,low,high,interval,distribution,basis,source,locator,note,formula"
    path.write_text(f"{head}\nbcef,6,1,,,,,derived,doc,p. 1,twice three,{{}}\n".format("2 x 3"), encoding="utf-8")
    expected = Expected({"bcef": "1"}, None, {"doc": None}, {})  # type: ignore[dict-item]
    (row,) = read_rows(path, expected)[1]
    assert not row.unverified
    path.write_text(path.read_text(encoding="utf-8").replace("2 x 3", ""), encoding="utf-8")
    (row,) = read_rows(path, expected)[1]
    assert row.unverified
