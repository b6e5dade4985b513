"""Every number of the parameter tables a second time.

Most of the numbers have a test of their own, from a published calculation or a second transcription.  The ledger
guards the rest: a digit that slips changes two files or fails here.  Whoever corrects a number after its document
writes the ledger anew (``python tests/golden/test_ledger.py``) and shows both in one change.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

LEDGER = Path(__file__).with_name("ledger.csv")
FOLDER = Path(__file__).parents[2] / "methodologies"
TABLES = sorted(path.stem for path in FOLDER.glob("*.csv") if path.stem != "sources")
NUMBERS = ("value", "unit", "low", "high", "interval", "distribution")
SAID = (*NUMBERS, "basis", "source", "locator", "note", "correlation", "same_as")


def rows(table: str) -> Iterator[tuple[str, str, str]]:
    """Table, what a row is about, and its numbers as written."""
    with (FOLDER / f"{table}.csv").open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            about = " ".join(f"{name}={cell}" for name, cell in row.items() if cell and name not in SAID)
            yield table, about, " ".join(row[name] for name in NUMBERS if row.get(name))


def ledger() -> list[tuple[str, str, str]]:
    with LEDGER.open(encoding="utf-8", newline="") as handle:
        return [(row[0], row[1], row[2]) for row in csv.reader(handle)]


@pytest.mark.parametrize("table", TABLES)
def test_no_number_has_slipped(table: str) -> None:
    written = [row for row in ledger() if row[0] == table]
    found = list(rows(table))
    assert [row for row in found if row not in written] == []
    assert [row for row in written if row not in found] == []


def test_the_ledger_has_no_table_that_is_gone() -> None:
    assert {row[0] for row in ledger()} == set(TABLES)


if __name__ == "__main__":
    with LEDGER.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows(row for table in TABLES for row in rows(table))
