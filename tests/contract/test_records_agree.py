"""Records of the same thing in two places say the same: rows and their documents, tables and their logs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.vocabulary.bounds import every_bound

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "methodologies"

_NUMBER = r"\d+"
_SPAN = re.compile(rf"({_NUMBER})(?: to ({_NUMBER}))?")


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


SOURCES = {row["key"]: row for row in records(FOLDER / "sources.csv")}
ROWS = [
    (f"{path.stem}.csv:{line}", row)
    for path in sorted(FOLDER.glob("*.csv"))
    if path.stem != "sources"
    for line, row in enumerate(records(path), 2)
    if row.get("basis")
]


def numbers(words: str) -> set[int]:
    """Numbers of a list such as "2, 4, 5 and 9" or "2 to 8"."""
    found: set[int] = set()
    for first, last in _SPAN.findall(words):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def chapters(note: str, said: str) -> set[int]:
    """The chapters of which a note of sources.csv says so: "Chapters 2, 4 and 9 read as PDF"."""
    listed = re.findall(rf"[Cc]hapters? ([\d, ]*(?:(?:and|to) \d+)?|\d+) {said}", note)
    return {number for words in listed for number in numbers(words)}


def chapter_rows() -> Iterator[tuple[str, dict[str, str], set[int]]]:
    """Rows that cite a chapter of a document whose note says which chapters were read."""
    for where, row in ROWS:
        if chapters(SOURCES[row["source"]]["note"], "read"):
            yield where, row, {int(number) for number in re.findall(r"\bch\. (\d+)", row["locator"])}


def test_notes_of_documents_are_understood() -> None:
    assert chapters("Chapters 2, 4, 5, 7 and 9 read as PDF (x). Chapters 6 and 8 could not be read", "read") == {
        *(2, 4, 5, 7, 9)
    }
    assert chapters(SOURCES["ipcc_2006_v4"]["note"], "could not be read") == {6, 8}
    assert chapters(SOURCES["ipcc_2019_v4"]["note"], "read") == set(range(2, 9))
    assert len(list(chapter_rows())) > 300


def test_a_row_from_memory_cites_no_chapter_that_was_read() -> None:
    """Whoever has read the chapter has read the number, or has seen that it is not there."""
    wrong = [
        where
        for where, row, cited in chapter_rows()
        if row["basis"] == "memory" and (not cited or cited & chapters(SOURCES[row["source"]]["note"], "read"))
    ]
    assert wrong == []


def test_a_row_that_was_read_cites_a_chapter_that_was_read() -> None:
    wrong = [
        where
        for where, row, cited in chapter_rows()
        if row["basis"] == "read" and not cited <= chapters(SOURCES[row["source"]]["note"], "read")
    ]
    assert wrong == []


def test_no_chapter_is_both_read_and_not() -> None:
    for key, row in SOURCES.items():
        assert not chapters(row["note"], "read") & chapters(row["note"], "could not be read"), key


def test_a_row_says_of_itself_what_its_basis_says() -> None:
    """A number that was read is not "from memory" of a document that could not be read, and a recalled one says so."""
    for where, row in ROWS:
        if row["basis"] == "read":
            assert "from memory" not in row["note"], where
            assert "the document could not be read" not in row["note"], where
        if row["basis"] == "memory":
            assert "memory" in row["note"], where


@pytest.mark.parametrize("key", SOURCES)
def test_a_document_that_was_not_read_has_no_row_that_was(key: str) -> None:
    """Nor one that was read has rows from memory only, without a word on why."""
    mine = {row["basis"] for _, row in ROWS if row["source"] == key}
    note = SOURCES[key]["note"]
    if note.startswith("not read"):
        assert "read" not in mine
    if mine == {"memory"}:
        assert "memory" in note or "not read" in note


@pytest.mark.parametrize("log", sorted((ROOT / "docs" / "methods" / "log").glob("*.md")), ids=lambda path: path.name)
def test_logs_and_documents_agree_on_what_could_not_be_read(log: Path) -> None:
    unread = set[int]().union(*(chapters(row["note"], "could not be read") for row in SOURCES.values()))
    assert chapters(" ".join(log.read_text(encoding="utf-8").split()), "could not be read") <= unread


def test_the_log_of_parameters_names_every_chapter_that_could_not_be_read() -> None:
    log = " ".join((ROOT / "docs" / "methods" / "log" / "parameters.md").read_text(encoding="utf-8").split())
    cited = {number for _, row, found in chapter_rows() if row["basis"] != "read" for number in found}
    unread = set[int]().union(*(chapters(row["note"], "could not be read") for row in SOURCES.values()))
    assert chapters(log, "could not be read") == cited & unread


def test_bounds_cite_documents_that_are_listed() -> None:
    """A key of sources.csv in the table of bounds is one of those there are."""
    keys = {bound.source for bound in every_bound() if re.fullmatch(r"[a-z]+_[a-z0-9_]+", bound.source)}
    assert keys
    assert keys <= set(SOURCES)
