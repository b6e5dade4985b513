"""Who else says so: for every methodology what was published and checked, and what only hand calculation supports.

``witnesses.csv`` names, for the equation and for the parameters of a methodology, each document that a test holds it
against.  The table in docs/verification.md is made from it: ``python tests/golden/test_witnesses.py``.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from sinks.methodology import Registry

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "verification.md"
HEAD = "| methodology | equation | parameters | rows: read + computed from what was read, of all |"
BASES = ("read", "derived")
ALL_BASES = (*BASES, "transcribed", "memory", "assumed")
COUNTED = re.compile(r"^Of [\d,]+ rows: .*\.$", re.MULTILINE)
with (HERE / "witnesses.csv").open(encoding="utf-8", newline="") as handle:
    WITNESSES = list(csv.DictReader(handle))
# Two tables are no methodology's: what makes inputs, and what weighs gases.
IDS = (*Registry((), ("methodologies",)).ids, "casa_npp", "gwp")
NAMED = ("published", "transcribed")
WORDS = {
    "recalled": "recalled",
    "user": "asked of the user",
    "through": "none: hands its number through",
    "table": "none: a table",
}
NOTHING = {"equation": "hand calculation only", "parameters": "none of its own"}


def said(methodology: str, of: str) -> str:
    """A cell of the table: documents with their pages; what is only transcribed in italics."""
    rows = [row for row in WITNESSES if (row["methodology"], row["of"]) == (methodology, of)]
    cells = []
    for row in rows:
        text = f"{row['document']}, {row['where']}"
        cells.append(
            WORDS[row["kind"]] if row["kind"] in WORDS else f"*{text}*" if row["kind"] == "transcribed" else text
        )
    return "; ".join(cells) or NOTHING[of]


def rows_seen(id: str) -> str:
    """How many rows of a table were read or follow from what was read; the library's tables are read as files here."""
    path = HERE.parents[1] / "methodologies" / f"{id}.csv"
    if not path.exists():
        return "none of its own"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        bases = [row["basis"] for row in csv.DictReader(handle)]
    return f"{bases.count(BASES[0])} + {bases.count(BASES[1])} of {len(bases)}"


def table() -> str:
    lines = [f"| `{id}` | {said(id, 'equation')} | {said(id, 'parameters')} | {rows_seen(id)} |" for id in IDS]
    return "\n".join([HEAD, "|---|---|---|---|", *lines])


def counted() -> str:
    """How many rows of all tables rest on what; the library's tables are read as files here."""
    bases: Counter[str] = Counter()
    for path in sorted((HERE.parents[1] / "methodologies").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            bases.update(row["basis"] for row in csv.DictReader(handle) if "basis" in row)
    said = ", ".join(f"{bases[word]:,} {word}" for word in ALL_BASES)
    return f"Of {bases.total():,} rows: {said}."


def test_every_methodology_is_listed() -> None:
    assert {row["methodology"] for row in WITNESSES} == set(IDS)
    assert {row["of"] for row in WITNESSES} == {"equation", "parameters"}
    assert {row["kind"] for row in WITNESSES} == {*NAMED, *WORDS}


@pytest.mark.parametrize("row", WITNESSES, ids=lambda row: f"{row['methodology']}-{row['of']}-{row['document']}")
def test_a_witness_names_document_place_and_test(row: dict[str, str]) -> None:
    given = [bool(row[name]) for name in ("document", "where", "test")]
    assert given == [row["kind"] in NAMED] * 3
    if row["test"]:
        file, _, function = row["test"].partition("::")
        text = (HERE / file).read_text(encoding="utf-8")
        assert not function or re.search(rf"^\s*def {function}\(", text, re.MULTILINE)


def test_the_page_has_this_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert table() in text, "run `python tests/golden/test_witnesses.py`"
    assert COUNTED.findall(text) == [counted()], "run `python tests/golden/test_witnesses.py`"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(HEAD)
    written = before + table() + "\n\n" + rest.partition("\n\n")[2]
    PAGE.write_text(COUNTED.sub(counted(), written), encoding="utf-8")
