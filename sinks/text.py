"""User-facing text: one language setting, and the catalogues behind it.

Every sentence a user can read lives in a CSV with the columns ``id, zh, en`` (``messages/*.csv`` for errors and notes,
``labels.csv`` and ``words.csv`` of the rooms for names of things).  Code holds only the identifiers, so the two
languages can be read side by side, and a test can check that both say the same things about the same placeholders.

A template is filled by :func:`filled`.  Its placeholders are those of :meth:`str.format`, and one more kind for words
that go with a number: ``{count} {count:row|rows}`` reads "1 row" and "2 rows".  The first word stands for exactly one,
the second for any other number; of a list the number of its items counts, so that
``{columns:column|columns} {columns}`` reads "column area" and "columns area, year".  The words may have placeholders
of their own.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from io import StringIO
from string import Formatter
from typing import Any, Literal, NamedTuple
from unicodedata import east_asian_width

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

_language: ContextVar[Language] = ContextVar("sinks_language", default="zh")


class Text(NamedTuple):
    """The same words in Chinese and in English."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en


def language() -> Language:
    """The language in which messages, labels and reprs are written now."""
    return _language.get()


def set_language(lang: str) -> None:
    """Write messages, labels and reprs in ``lang`` ("zh" or "en") from here on."""
    for known in LANGUAGES:
        if lang == known:
            _language.set(known)
            return
    raise ValueError(f"language must be one of {LANGUAGES}, got {lang!r}")


@contextmanager
def using_language(lang: str) -> Iterator[None]:
    """Like :func:`set_language`, but only inside a ``with`` block."""
    before = language()
    set_language(lang)
    try:
        yield
    finally:
        set_language(before)


@cache
def words_of(package: str, name: str) -> Mapping[str, Text]:
    """Words by id from a table with the columns ``id, zh, en``, or from all such tables of a folder.

    Parameters
    ----------
    package : str
        Package that the table is part of, such as ``"sinks.results"``.
    name : str
        File, such as ``"labels.csv"``, or folder.

    Raises
    ------
    ValueError
        An id stands twice, which is a programming error.
    """
    place = files(package).joinpath(name)
    tables = [name] if place.is_file() else sorted(f"{name}/{table.name}" for table in place.iterdir())
    found: dict[str, Text] = {}
    for table in tables:
        for row in table_rows(package, table):
            if row["id"] in found:
                raise ValueError(f"{package}, {table}: id {row['id']!r} stands twice")
            found[row["id"]] = Text(row["zh"], row["en"])
    return found


def messages() -> Mapping[str, Text]:
    """Every message template by id, from all ``sinks/messages/*.csv``."""
    return words_of("sinks", "messages")


def table_rows(package: str, name: str) -> list[dict[str, str]]:
    """Rows of a CSV table that is part of this package."""
    return list(csv.DictReader(StringIO(files(package).joinpath(name).read_text(encoding="utf-8-sig"), newline="")))


def display_width(text: str) -> int:
    """Columns of a terminal or a table that a text takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


MOST_ROWS = 40
"""Most rows of a table that is read at a glance, in a terminal or a notebook."""


def at_a_glance(groups: Iterable[int], most: int = MOST_ROWS) -> int:
    """How many rows are shown of a table whose rows come in groups, such as the levels of regions.

    A group is shown whole or not at all; only of a first one that is larger than the whole are as many shown as fit.

    >>> at_a_glance([1, 12, 103]), at_a_glance([125])
    (13, 40)
    """
    shown = 0
    for size in groups:
        if shown and shown + size > most:
            break
        shown += size
    return min(shown, most)


def aligned(rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> list[str]:
    """Rows of cells as lines of a terminal: the columns ``left`` flush left and all others flush right."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        padded = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * (width - display_width(cell))
            padded.append(cell + blank if place in left else blank + cell)
        lines.append("  ".join(padded).rstrip())
    return lines


def message(id: str, /, **values: object) -> str:
    """The message ``id`` in the present language, its ``{placeholders}`` filled with ``values``."""
    return filled(messages()[id], **values)


def filled(template: Text | str, /, **values: object) -> str:
    """A template in the present language with its placeholders filled; words agree with their numbers.

    >>> filled("{count} {count:row|rows}", count=1)
    '1 row'
    >>> filled("{columns:column|columns} {columns}", columns=["area", "year"])[:7]
    'columns'
    """
    return _FILLER.vformat(str(template), (), {name: _unended(name, value) for name, value in values.items()})


class _Filler(Formatter):
    """Fills templates; see the module's description."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, other = format_spec.partition("|")
        if bar:
            return one if _is_one(value) else other
        return str(super().format_field(_show(value), format_spec))


_FILLER = _Filler()


def _is_one(value: object) -> bool:
    """Whether a number, perhaps printed, is one, or a collection has one item."""
    if isinstance(value, list | tuple | set | frozenset | dict):
        return len(value) == 1
    return str(value) in ("1", "1.0")


def _unended(name: str, value: object) -> object:
    """What a library says of a failure without its full stop: the sentence that it stands in has its own."""
    return value.rstrip(" .。") if name == "reason" and isinstance(value, str) else value


_WRITTEN_BITS = 4096


def text_of(value: object) -> str:
    """A value or key as text; an integer of thousands of digits, which Python refuses to write, by its size."""
    try:
        return str(value)
    except ValueError:
        if not isinstance(value, int):
            return type(value).__name__
        return f"{'-' if value < 0 else ''}2^{value.bit_length() - 1}..."


def brief(text: str) -> str:
    """A text as far as anybody reads it: longer than every path and list that means something."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LONGEST = 5000


def _show(value: object) -> object:
    """Values as a reader expects them: lists joined, not with Python's brackets and quotes."""
    if isinstance(value, list | tuple | set | frozenset) and not isinstance(value, Text):
        items = sorted(map(text_of, value)) if isinstance(value, set | frozenset) else [text_of(v) for v in value]
        return brief(("、" if language() == "zh" else ", ").join(items))
    if isinstance(value, str):
        return brief(value)
    return text_of(value) if type(value) is int and value.bit_length() > _WRITTEN_BITS else value
