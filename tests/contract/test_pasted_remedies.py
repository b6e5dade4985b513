"""What a message tells to write into the project file can be pasted: it is TOML, in both languages."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

MESSAGES = Path(__file__).parents[2] / "sinks" / "messages"

_KEY = re.compile(r"(?<![\w.\"'$])((?:[a-z_][a-z_0-9]*\.)*[a-z_][a-z_0-9]*) = ")
_FIELD = re.compile(r"\{[a-z_0-9]+(?:![a-z])?(?::[^{}]*)?\}")
_SIMPLE = re.compile(r'"[^"]*"|-?\d[\d.]*\d|\d|true|false')

NOT_FOR_PASTING = {
    # Formulas, coordinates and rows of a table, and three or seven numbers that only the user has.
    *("verification.stocks_and_change", "verification.change_and_sink", "raster.scale_conflict", "map.no_sums"),
    *("raster.out_of_bounds", "crs.datum_unnamed"),
}


def remedies() -> Iterator[tuple[str, str]]:
    """Every "key = value" of the messages: id with language, and the line."""
    for path in sorted(MESSAGES.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            for language in ("zh", "en"):
                text = _FIELD.sub("1", row[language].replace("{{", "\1").replace("}}", "\2"))
                text = text.replace("\1", "{").replace("\2", "}")
                for found in _KEY.finditer(text):
                    if row["id"] not in NOT_FOR_PASTING and not _is_inside(text, found.start()):
                        yield f"{row['id']} {language}", f"{found[1]} = {value(text[found.end() :])}"


def _is_inside(text: str, place: int) -> bool:
    """Whether a key stands in an inline table, which is tried as a whole."""
    return text[:place].count("{") > text[:place].count("}")


def value(text: str) -> str:
    """The value that a text begins with, up to the bracket that closes it; nothing where it begins with none."""
    if text[:1] not in ("[", "{"):
        found = _SIMPLE.match(text)
        return found[0] if found else ""
    depth, quoted = 0, False
    for place, sign in enumerate(text):
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign in "[{") - (sign in "]}")
        if depth == 0:
            return text[: place + 1]
    return ""


REMEDIES = list(remedies())


def test_there_are_remedies() -> None:
    assert len(REMEDIES) > 100


@pytest.mark.parametrize(("id", "line"), REMEDIES)
def test_a_remedy_is_toml(id: str, line: str) -> None:
    assert tomllib.loads(line), id
