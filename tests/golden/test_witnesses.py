"""Who else says so: for every methodology what was published and checked, and what only hand calculation supports.

``witnesses.csv`` names, for the equation and for the parameters of a methodology, each document that a test holds it
against; ``typical_figures.csv`` has land of the region for each that gives a figure without numbers of the user's.  The
table in docs/verification.md is made from both: ``python tests/golden/test_witnesses.py``.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from sinks.account.basis import ORDER, weakest
from sinks.methodology import Registry

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "verification.md"
HEAD = (
    "| methodology | equation | parameters | rows: read + computed from what was read, of all "
    "| a typical figure: read + computed, % |"
)
BASES = ("read", "derived")
ALL_BASES = (*BASES, "transcribed", "memory", "assumed")
COUNTED = re.compile(r"^Of [\d,]+ rows: .*\.$", re.MULTILINE)
with (HERE / "witnesses.csv").open(encoding="utf-8", newline="") as handle:
    WITNESSES = list(csv.DictReader(handle))
with (HERE / "typical_figures.csv").open(encoding="utf-8", newline="") as handle:
    TYPICAL = {row["methodology"]: row for row in csv.DictReader(handle)}
REGISTRY = Registry((), ("methodologies",))
# Two tables are no methodology's: what makes inputs, and what weighs gases.
IDS = (*REGISTRY.ids, "casa_npp", "gwp")
UNTYPICAL = {
    "casa_npp": "makes an input",
    "gwp": "weighs gases",
    "fire": "gases only",
    "measured_density": "the layer's",
}
MONTHLY = ("temperature", "precipitation")
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


def pairs(text: str) -> dict[str, str]:
    return dict(pair.strip().split("=", 1) for pair in text.split(";") if pair)


def by_basis(typical: dict[str, str]) -> dict[str, float]:
    """Shares of a typical figure, pools together, by the weakest of what each rests on."""
    bound = REGISTRY.get(typical["methodology"]).with_constants(pairs(typical["strata"]))
    ends = typical["land"].split(">")
    row: dict[str, object] = {"area_ha": 1.0, "date_from": "2020", "date_to": "2023", "class": ""}
    names = ("ecosystem",) if len(ends) == 1 else ("ecosystem_from", "ecosystem_to")
    row |= dict(zip(names, ends, strict=True)) | {name: "" for name in ("class_from", "class_to")}
    for name, value in pairs(typical["inputs"]).items():
        # A monthly input is the same in each month.
        months = [f"{name}_{month:02d}" for month in range(1, 13)] if name in MONTHLY else [name]
        row |= dict.fromkeys(months, float(value))
    resolved = bound.resolve(pd.DataFrame([row]))
    sizes = {pool: abs(float(values[0])) for pool, values in resolved.pools().items() if values[0] == values[0]}
    ranks = weakest(bound, resolved, tuple(sizes))
    shares = Counter({word: 0.0 for word in ORDER})
    for pool, size in sizes.items():
        shares[ORDER[ranks[pool][0]]] += size / sum(sizes.values())
    return dict(shares)


def figure_seen(id: str) -> str:
    """How much of a typical figure was read or follows from what was read, and what the rest rests on."""
    if id not in TYPICAL:
        return UNTYPICAL.get(id, "asked of the user")
    shares = by_basis(TYPICAL[id])
    rest = {word: share for word, share in shares.items() if word not in BASES and share > 0}
    words = "".join(f"; {share:.0%} {word}" for word, share in rest.items())
    return f"{shares['read']:.0%} + {shares['derived']:.0%}{words}"


def table() -> str:
    lines = [
        f"| `{id}` | {said(id, 'equation')} | {said(id, 'parameters')} | {rows_seen(id)} | {figure_seen(id)} |"
        for id in IDS
    ]
    return "\n".join([HEAD, "|---|---|---|---|---|", *lines])


def counted() -> str:
    """How many rows of all tables rest on what; the library's tables are read as files here."""
    bases: Counter[str] = Counter()
    for path in sorted((HERE.parents[1] / "methodologies").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            bases.update(row["basis"] for row in csv.DictReader(handle) if "basis" in row)
    said = ", ".join(f"{bases[word]:,} {word}" for word in ALL_BASES)
    return f"Of {bases.total():,} rows: {said}."


def test_what_has_no_typical_figure_asks_for_numbers() -> None:
    """A methodology is left out of the typical figures only where it gives none without the user."""
    for id in set(REGISTRY.ids) - set(TYPICAL) - set(UNTYPICAL):
        bound = REGISTRY.get(id)
        asked = set(bound.methodology.parameters) - {row.parameter for row in bound.table.rows}
        assert asked, id


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
