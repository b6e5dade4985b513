"""What every chapter of one report is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sinks.output.figures.style import packed, painted
from sinks.output.report.blocks import Block, Picture, Table, reference
from sinks.output.report.facts import Amount, Facts, Region
from sinks.output.report.words import amount, in_print, joined, rounded, word
from sinks.results.labels import label, term
from sinks.results.partial_intervals import covered_share
from sinks.text import language
from sinks.vocabulary import ALL

Made = Future[bytes]

_kept: ContextVar[dict[tuple[int, int, str, str], Made]] = ContextVar("kept")


@contextmanager
def figures_kept() -> Iterator[dict[tuple[int, int, str, str], Made]]:
    """Draw the figures of a run's first region once for all documents that are written inside."""
    token = _kept.set({})
    try:
        yield _kept.get()
    finally:
        _kept.reset(token)


@dataclass(frozen=True)
class Page:
    """One region's report in the making.

    Attributes
    ----------
    facts : Facts
        The run's account.
    code : str
        The region.
    tags : frozenset of str, optional
        Tags that the template has; a table or figure without its tag is neither made nor referred to.  None: all.
    assessment : DataFrame, optional
        Dual-control assessment of the run, one row per region, year and quantity.
    approval : str, optional
        Approval number of the maps (审图号); without one they are marked for internal use.
    """

    facts: Facts
    code: str
    tags: frozenset[str] | None = None
    assessment: pd.DataFrame | None = None
    approval: str | None = None

    def drawn(self, key: str, caption: str, draw: Callable[[], Figure]) -> tuple[Block, ...]:
        """A figure as a block, with words for those who cannot see it."""
        # Of the others no second document tells, so that what is kept does not grow with the number of regions.
        kept = _kept.get({}) if self.code == next(iter(self.facts.regions)) else {}
        place = (id(self.facts.contents), id(self.assessment), key, language())
        if place not in kept:
            # Packed on another core, while the next figure is drawn.
            kept[place] = self.facts.packer.submit(packed, painted(draw()))
        return (Picture(key, caption, kept[place], word("alt.table", key=caption)),)

    @property
    def region(self) -> Region:
        return self.facts.regions[self.code]

    @property
    def children(self) -> list[Region]:
        return self.facts.children(self.code)

    @property
    def boundary_source(self) -> str:
        """Where the boundaries are from, as the run recorded it."""
        found = self.facts.contents.record.get("regions")
        return term("boundaries", str((found.get("source") if isinstance(found, Mapping) else found) or ""))

    def methodology(self, id: str) -> str:
        """A methodology's title as the run recorded it; the id when it did not."""
        for found in self.facts.contents.record.get("methodologies") or ():
            if found["id"] == id:
                return str(found["title"][language()])
        return id

    def wanted(self, *tags: str) -> bool:
        """Whether the template has any of the tags."""
        return self.tags is None or any(tag in self.tags for tag in tags)

    def see(self, *keys: str) -> str:
        """A bracketed reference to those of the tables and figures that the template has; nothing when it has none."""
        there = [reference(key) for key in keys if self.wanted(key)]
        return word("see", items=joined(there)) if there else ""


def red_head(record: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Issuer, number and date of the red head, when the project has one."""
    project = record.get("project")
    section = project.get("project") if isinstance(project, Mapping) else None
    found = section.get("red_head") if isinstance(section, Mapping) else None
    return {key: str(text) for key, text in found.items()} if isinstance(found, Mapping) else None


def headers(*keys: str) -> list[str]:
    """Column headers from the labels."""
    return [word(f"column.{key}") for key in keys]


def partial_items(page: Page, figures: Iterable[tuple[str, str]] | None = None) -> str:
    """Totals of the region that have no interval since too little of them is covered, each with what is.

    Parameters
    ----------
    page : Page
    figures : iterable of (quantity, period), optional
        By default stocks and removals of every date and period.
    """
    facts = page.facts
    if figures is None:
        figures = [(name, period) for name in ("carbon_stock", "net_removals") for period in facts.dates(name)]
    found = {place: figure for place in figures if (figure := facts.amount(page.code, *place)).partial}
    return joined(
        word(
            "partial.item",
            quantity=term("quantity", quantity),
            period=period,
            share=covered_share(figure.uncertain_share),
        )
        for (quantity, period), figure in found.items()
    )


def partial_notes(page: Page, figures: Iterable[tuple[str, str]]) -> list[str]:
    """The note under a table of totals, some of which have no interval since too little of them is covered."""
    items = partial_items(page, figures)
    return [word("note.partial", items=items)] if items else []


def withheld_note() -> str:
    """The note under a table with a sink that may be noise of the maps."""
    return word("note.withheld", headline=label("withheld.headline"))


def amounts_note(figures: Iterable[Amount]) -> list[str]:
    """The note under a table some of whose numbers were moved by a unit of the last digit, so that parts add up."""
    moved = any(f.known and isfinite(f.exact) and amount(f.value) != amount(f.exact) for f in figures)
    return [word("note.adjusted")] if moved else []


def missed_note(missed: bool) -> list[str]:
    """The note under a table whose printed parts miss a printed total all the same."""
    return [word("note.rounding")] if missed else []


def misses(parts: list[Amount], total: Amount) -> bool:
    """Whether the printed parts miss their printed total."""
    known = [part.value for part in parts if part.known]
    if not total.known or not known:
        return False
    return sum(rounded(in_print(value)) for value in known) != rounded(in_print(total.value))


def cross_table(
    key: str,
    caption: str,
    unit: str,
    corner: str,
    rows: list[tuple[str, str]],
    columns: list[tuple[str, str]],
    figure: Callable[[str, str], Amount],
    notes: list[str] | None = None,
) -> Table:
    """A table of amounts in ten thousands, rows by columns; a row or column ``all`` is the account's own total.

    Parameters
    ----------
    rows, columns : list of (id, name)
        What stands at the side and on top.
    figure : callable
        The amount at (row id, column id).
    """
    cells = {(r, c): figure(r, c) for r, _ in rows for c, _ in columns}
    column_parts = [c for c, _ in columns if c != ALL]
    row_parts = [r for r, _ in rows if r != ALL]
    missed = any(
        misses([cells[r, c] for c in column_parts], cells[r, ALL]) for r, _ in rows if (r, ALL) in cells
    ) or any(misses([cells[r, c] for r in row_parts], cells[ALL, c]) for c, _ in columns if (ALL, c) in cells)
    return Table(
        key,
        caption,
        [corner, *(name for _, name in columns)],
        [[name, *(amount(cells[r, c].value) for c, _ in columns)] for r, name in rows],
        unit=unit,
        totals=frozenset(place for place, (r, _) in enumerate(rows) if r == ALL),
        notes=[*(notes or []), *amounts_note(cells.values()), *missed_note(missed)],
    )


def named(kind: str, ids: list[str], *, total: bool = True) -> list[tuple[str, str]]:
    """Words of the account with their names, the total last."""
    return [(id, term(kind, id)) for id in [*ids, *([ALL] if total else [])]]
