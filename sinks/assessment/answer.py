"""What a run answers to a question: the same tables and notices in a notebook, on the command line and in files.

Every room that answers questions (dual control and what stands beside it, planning, analysis) has a class of its own
for each; it holds the tables and says which of them, which columns and which regions are read at a glance.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any, ClassVar

import pandas as pd

from sinks.assessment.words import readable
from sinks.folds import Fold, folded, nouns, table
from sinks.text import aligned, at_a_glance, message


@dataclass(frozen=True)
class Origin:
    """The run that an answer is from.

    Attributes
    ----------
    regions : DataFrame
        ``code, name, level, parent``, coarsest first.
    demonstration : bool
        Whether the run is of demonstration data, which every table has to say.
    created : datetime
        Time of the run.
    """

    regions: pd.DataFrame
    demonstration: bool
    created: datetime

    def outermost(self) -> list[str]:
        """Codes of the regions that have none above them, as far as they can be read at a glance."""
        codes = self._outermost()
        return codes[: at_a_glance([len(codes)])]

    def inner(self) -> list[str]:
        """Codes of the outermost regions and of those right below them, as far as they can be read at a glance."""
        outer = self._outermost()
        below = list(self.regions.loc[self.regions["parent"].isin(outer), "code"])
        return [*outer, *below][: at_a_glance([len(outer), len(below)])]

    def _outermost(self) -> list[str]:
        return list(self.regions.loc[~self.regions["parent"].isin(set(self.regions["code"])), "code"])


@dataclass(frozen=True, repr=False)
class Answer:
    """An answer; see the module.

    Attributes
    ----------
    origin : Origin or None
        The run that was asked; None where a room was called by itself: then every region is shown, without a notice.
    """

    origin: Origin | None = field(default=None, kw_only=True)

    NAMED: ClassVar[tuple[str, ...]] = ()
    """Columns whose cells are words of the kind that the column is called after."""

    WORKBOOK: ClassVar[str] = ""
    """Name of a workbook of all tables, where people want one beside the CSV files."""

    @abstractmethod
    def data(self) -> dict[str, pd.DataFrame]:
        """Every table by the name of its file, as it is computed with."""

    @abstractmethod
    def glance(self) -> Sequence[pd.DataFrame]:
        """What is read first: the columns and regions that matter, in the units of print."""

    def remarks(self) -> list[str]:
        """Sentences that belong to the answer, in the present language."""
        return []

    @property
    def notice(self) -> str:
        """The sentence that demonstration data have to carry, else nothing."""
        return message("output.demonstration") if self.origin is not None and self.origin.demonstration else ""

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by the name of its file; those of demonstration data say so in the column ``notice``."""
        notice = self.notice
        return {name: table.assign(notice=notice) if notice else table for name, table in self.data().items()}

    def shown(self) -> list[pd.DataFrame]:
        """What is read at a glance, with headers and words in the present language."""
        return [readable(table, named={name: name for name in self.NAMED if name in table}) for table in self.glance()]

    def said(self) -> list[str]:
        """The notice of demonstration data and all remarks, in the present language."""
        return [*filter(None, [self.notice]), *self.remarks()]

    def __str__(self) -> str:
        blocks = ["\n".join(self._lines(table)) for table in self.shown()]
        return "\n\n".join(filter(None, [*blocks, "\n".join(self.said())]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        glance = "".join(table(self._cells(one)) for one in self.shown())
        said = "".join(f"<p>{escape(line)}</p>" for line in self.said())
        return f"{glance}{said}{self._unfolding()}"

    def _unfolding(self) -> str:
        """Every table of the answer, behind its name: what the glance is taken from."""
        held = [Fold(f"{name} ({len(frame):,})", table(frame, _FEW)) for name, frame in self.data().items()]
        return folded(message("folds.further"), held, opened=False) if any(one.body for one in held) else ""

    def __dir__(self) -> list[str]:
        return nouns(self, _MACHINERY)

    def printed(self, number: float) -> str:
        """A number as it is printed at a glance."""
        return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"

    def _cells(self, table: pd.DataFrame) -> pd.DataFrame:
        """Every cell as text."""
        return pd.DataFrame({name: [self._cell(cell) for cell in table[name].tolist()] for name in table.columns})

    def _cell(self, cell: Any) -> str:
        """What is missing stays blank; years and counts are whole numbers and stay as they are."""
        if pd.isna(cell):
            return ""
        return self.printed(cell) if isinstance(cell, float) else str(cell)

    def _lines(self, table: pd.DataFrame) -> list[str]:
        """Words flush left, figures flush right."""
        words = [place for place, name in enumerate(table.columns) if not _is_figures(table[name])]
        cells = self._cells(table)
        return aligned([list(map(str, table.columns)), *cells.to_numpy().tolist()], words)

    def _of(self, table: pd.DataFrame, codes: Callable[[Origin], list[str]]) -> pd.DataFrame:
        """The rows of the regions that are shown; of every region where the run is not known."""
        return table if self.origin is None else table[table["region_code"].isin(codes(self.origin))]

    def _left_out(self, table: pd.DataFrame, codes: Callable[[Origin], list[str]]) -> list[str]:
        """How many regions of a table are not shown."""
        more = table["region_code"].nunique() - self._of(table, codes)["region_code"].nunique()
        return [message("output.more_regions", count=more)] if more else []


_MACHINERY = ("NAMED", "WORKBOOK", "printed")
_FEW = 10
"""Rows that show what a table holds."""


def _is_figures(column: pd.Series[Any]) -> bool:
    known = column.dropna()
    return pd.api.types.is_numeric_dtype(column) or (
        bool(len(known)) and all(isinstance(cell, int | float) for cell in known)
    )
