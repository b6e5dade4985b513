"""User-facing text: one language setting, and the catalogues behind it.

Every sentence a user can read lives in a CSV (``messages/*.csv`` for errors and notes, ``vocabulary/*.csv`` for names
of things), with one column per language, Chinese first.  Code holds only the identifiers, so the two languages can be
read side by side, and a test can check that both say the same things about the same placeholders.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Literal, NamedTuple
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
def messages() -> dict[str, Text]:
    """Every message template by id, from all ``sinks/messages/*.csv``; an id given twice is a programming error."""
    found: dict[str, Text] = {}
    for table in sorted(files("sinks").joinpath("messages").iterdir(), key=lambda p: p.name):
        if not table.name.endswith(".csv"):
            continue
        for row in table_rows("sinks", f"messages/{table.name}"):
            if row["id"] in found:
                raise ValueError(f"message id {row['id']!r} stands twice (again in {table.name})")
            found[row["id"]] = Text(row["zh"], row["en"])
    return found


def table_rows(package: str, name: str) -> list[dict[str, str]]:
    """Rows of a CSV table that is part of this package."""
    return list(csv.DictReader(StringIO(files(package).joinpath(name).read_text(encoding="utf-8-sig"), newline="")))


def texts(package: str, name: str) -> dict[str, Text]:
    """Words by key from a table with the columns ``key, zh, en``; a key given twice is a programming error."""
    found: dict[str, Text] = {}
    for row in table_rows(package, name):
        if row["key"] in found:
            raise ValueError(f"{name}: key {row['key']!r} stands twice")
        found[row["key"]] = Text(row["zh"], row["en"])
    return found


def display_width(text: str) -> int:
    """Columns of a terminal or a table that a text takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


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
    template = messages()[id]
    return str(template).format(**{name: _show(_unended(name, value)) for name, value in values.items()})


def _unended(name: str, value: object) -> object:
    """What a library says of a failure without its full stop: the sentence that it stands in has its own."""
    return value.rstrip(" .。") if name == "reason" and isinstance(value, str) else value


def _show(value: object) -> object:
    """Values as a reader expects them: lists joined, not with Python's brackets and quotes."""
    if isinstance(value, list | tuple | set | frozenset) and not isinstance(value, Text):
        items = sorted(map(str, value)) if isinstance(value, set | frozenset) else [str(v) for v in value]
        return ("、" if language() == "zh" else ", ").join(items)
    return value
