"""What a chapter consists of, before it is Word or HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from sinks.text import display_width

Kind = Literal["body", "caveat", "note", "item", "summary", "notice", "formula", "red_issuer", "red_number"]

REFERENCE = re.compile("\ue000([a-z0-9_]+)\ue001")
"""A cross-reference inside a text: the key of a table or figure between two characters that no font and no name has."""


def reference(key: str) -> str:
    """Stands in a text for the number of the table or figure ``key``."""
    return f"\ue000{key}\ue001"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text, which may hold :func:`reference` marks."""

    text: str
    kind: Kind = "body"


@dataclass(frozen=True)
class Table:
    """A table as it is printed.

    Attributes
    ----------
    key : str
        Name that references use.
    caption : str
        Caption without its number.
    unit : str
        Unit of all numbers, printed above the table; empty when the columns differ.
    header : sequence of str
        One row.
    rows : sequence of sequence of str
        Cells as printed.
    totals : set of int
        Places of the rows that are sums.
    notes : sequence of str
        Lines under the table.
    text_columns : int
        Columns from the left that hold text; the others hold numbers.
    widths : sequence of float
        Relative widths; equal numbers after a wider first column when empty.
    """

    key: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    unit: str = ""
    totals: frozenset[int] = frozenset()
    notes: Sequence[str] = ()
    text_columns: int = 1
    widths: Sequence[float] = field(default_factory=tuple)

    def relative_widths(self) -> list[float]:
        """Widths of the columns as shares of the table's, such that no number breaks."""
        raw = list(self.widths) or self._needed()
        shares = [width / sum(raw) for width in raw]
        # Where a number would not fit into the width that was meant for it, columns with room to spare give way.
        numbers = [max((_longest_number(row[place]) for row in self.rows), default=0) for place in range(len(shares))]
        spare = [share - (1.15 * long + _PADDING) / _ROOM for share, long in zip(shares, numbers, strict=True)]
        lacking, given = -sum(min(one, 0.0) for one in spare), sum(max(one, 0.0) for one in spare)
        if not self.widths or lacking > given / 2:
            return shares
        return [share - (one * lacking / given if one > 0 else one) for share, one in zip(shares, spare, strict=True)]

    def _needed(self) -> list[float]:
        """What the cells of each column need, and an equal part of the room that is left."""
        needed = []
        for place, head in enumerate(self.header):
            cells = [row[place] for row in self.rows]
            longest = max((_unbroken(cell) for cell in cells), default=0)
            if place < self.text_columns:
                longest = max(longest, min(max(map(display_width, cells), default=0), _LONG_NAME))
            # Heads and totals are bold.
            needed.append(1.15 * max(longest, _unbroken(head), display_width(head) / 2) + _PADDING)
        left = max(_ROOM - sum(needed), 0.0) / max(len(needed), 1)
        return [width + left for width in needed]

    def crowding(self) -> float:
        """How often the cells, unbroken, would fill a line: above 1 the type has to be smaller."""
        return 1.0 if self.widths else max(sum(self._needed()) / _ROOM, 1.0)


_ROOM, _PADDING, _LONG_NAME = 92, 2, 16
"""Narrow characters of a line of a table, those that go into a cell's margins, and of a name that is not broken."""


def _unbroken(text: str) -> int:
    """Narrow characters of the longest piece of a text that is not broken over lines."""
    pieces = (part for word in text.split() for part in _PIECES.findall(word))
    return max((display_width(piece) for piece in pieces), default=0)


def _longest_number(text: str) -> int:
    """Narrow characters of the longest number in a cell, with its sign and separators."""
    return max(map(len, _NUMBERS.findall(text)), default=0)


_NUMBERS = re.compile(r"[+\-−]?\d[\d.,]*")
_PIECES = re.compile("[\u2e80-\uffef]|[^\u2e80-\uffef]+")


@dataclass(frozen=True)
class Picture:
    """A figure: caption without number, words for those who cannot see it, PNG that may be in the making."""

    key: str
    caption: str
    made: Future[bytes]
    description: str

    @property
    def png(self) -> bytes:
        """The PNG, as soon as it is made."""
        return self.made.result()


@dataclass(frozen=True)
class KeyFigure:
    """A figure set large: what it is, the figure with its unit, and what must be known with it."""

    title: str
    figure: str
    remark: str


@dataclass(frozen=True)
class KeyFigures:
    """Key figures side by side."""

    figures: Sequence[KeyFigure]


Block = Paragraph | Table | Picture | KeyFigures
Chapters = dict[str, tuple[Block, ...]]
"""Blocks by the tag that stands for them in the template."""
