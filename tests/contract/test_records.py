"""What the records say of what was read: sources, tables and documentation say the same."""

from __future__ import annotations

import csv
import re
from pathlib import Path

LIBRARY = Path("methodologies")
MOST_FROM_MEMORY = 100


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


SOURCES = {row["key"]: row for row in rows_of(LIBRARY / "sources.csv")}
ROWS = [(path.name, row) for path in sorted(LIBRARY.glob("*.csv")) for row in rows_of(path) if "basis" in row]


def test_a_document_that_was_not_read_has_no_row_that_was() -> None:
    unread = {key for key, row in SOURCES.items() if row["note"].startswith("not read") or not row["retrieved"]}
    assert unread
    assert [(name, row["locator"]) for name, row in ROWS if row["source"] in unread and row["basis"] == "read"] == []


def test_what_was_recalled_names_the_document_that_would_settle_it() -> None:
    recalled = [(name, row) for name, row in ROWS if row["basis"] == "memory"]
    assert len(recalled) <= MOST_FROM_MEMORY
    for name, row in recalled:
        where = f"{name}: {row['parameter']}"
        assert row["locator"].strip(), where
        assert SOURCES[row["source"]]["title"] or SOURCES[row["source"]]["title_zh"], where
        assert "memory" in row["note"], where


def test_notes_say_what_the_basis_says() -> None:
    for name, row in ROWS:
        where = f"{name}: {row['parameter']} {row['locator']}"
        if row["basis"] == "read":
            assert not re.search(r"from memory; the document|document itself could not be read", row["note"]), where
        if row["basis"] == "assumed":
            assert row["note"].strip(), where
