"""Chapter 3: areas, and what became of the land between two dates."""

from __future__ import annotations

from math import isclose, isfinite

import numpy as np
import pandas as pd

from sinks.output.figures import Flow, flow_diagram, transition_heatmap
from sinks.output.report import grammar
from sinks.output.report.adding import STEP, crossed, nearest, parts_of
from sinks.output.report.blocks import Block, Chapters, Paragraph
from sinks.output.report.facts import Amount
from sinks.output.report.page import Page, cross_table, named
from sinks.output.report.words import amount, in_print, joined, printed, rounded, said, sentences, word
from sinks.results.labels import term
from sinks.results.shown_tables import transition_keys, transition_matrix
from sinks.vocabulary import ALL, NODATA

MOST_TRANSITIONS = 3
"""Transitions that the text names."""


def blocks(page: Page) -> Chapters:
    """Tags ``area_text``, ``table_area``, ``transition_text``, ``table_transition``, ``figure_transition`` and
    ``figure_flows``.
    """
    matrix = _matrix(page)
    moved = (
        [_largest_transitions(page, matrix), word("area.noise")]
        if matrix is not None
        else [word("area.no_moves_known")]
    )
    return {
        "area_text": (Paragraph(_text(page)),),
        "table_area": _areas(page),
        "transition_text": tuple(Paragraph(text) for text in moved),
        "table_transition": _transitions(matrix) if matrix is not None else (),
        "figure_transition": _heatmap(page, matrix) if matrix is not None else (),
        "figure_flows": _flows(page, matrix) if matrix is not None else (),
    }


def _dates(page: Page) -> list[str]:
    return page.facts.dates("area")


def _text(page: Page) -> str:
    dates = _dates(page)
    if not dates:
        return word("area.none")
    see = page.see("table_area")
    if len(dates) == 1:
        return sentences(word("area.one_date", date=dates[0]), see)
    return sentences(grammar.area_changes(page.facts, page.code, dates[0], dates[-1]), see)


def _areas(page: Page) -> tuple[Block, ...]:
    dates = _dates(page)
    if not dates:
        return ()
    columns = [(date, grammar.spoken_period(date)) for date in dates]
    if len(dates) > 1:
        columns.append(("change", word("column.change", first=dates[0], last=dates[-1])))

    def figure(land: str, column: str) -> Amount:
        if column != "change":
            return page.facts.amount(page.code, "area", column, land)
        before, after = (page.facts.amount(page.code, "area", date, land) for date in (dates[0], dates[-1]))
        if not (before.known or after.known):
            return Amount()
        # An ecosystem that a date does not have covered no land then.
        return Amount((after.value if after.known else 0.0) - (before.value if before.known else 0.0))

    lands = page.facts.observed_lands(page.code, dates)
    return (
        cross_table(
            "table_area",
            word("caption.table_area", region=page.region.name),
            word("unit.area"),
            word("column.ecosystem"),
            named("ecosystem", lands),
            columns,
            figure,
        ),
    )


class _Matrix:
    """Transitions of one layer between the first and the last date that it has, as they are printed."""

    def __init__(self, source: str, first: str, last: str, areas: pd.DataFrame) -> None:
        self.source, self.first, self.last, self.areas = source, first, last, areas
        self.lands = [name for name in areas.index.union(areas.columns, sort=False) if name != ALL]

    def area(self, before: str, after: str) -> float:
        if before in self.areas.index and after in self.areas.columns:
            return float(self.areas[after][before])
        return 0.0

    def moves(self) -> list[Flow]:
        """Land [ha] that changed between two observed ecosystems, the most first; none when print would show none."""
        pairs = [(a, b) for a in self.lands for b in self.lands if a != b and NODATA not in (a, b)]
        found = [Flow(a, b, self.area(a, b)) for a, b in pairs if self.area(a, b) > 0]
        found.sort(key=lambda flow: (flow.area, flow.before, flow.after), reverse=True)
        return found if any(map(_seen, found)) else []


def _seen(flow: Flow) -> bool:
    return rounded(in_print(flow.area)) != 0


def _matrix(page: Page) -> _Matrix | None:
    units = page.facts.units(page.code)
    changes = page.facts.contents.activity.changes
    if changes.empty:
        return None
    here = changes[changes["region_code"].isin(units)]
    keys = transition_keys(here)
    if not keys:
        return None
    # Layers may cover parts of the region only; the one that covers most land is shown.
    sizes = here.groupby("source")["area_ha"].sum()
    source = str(sizes.idxmax())
    pairs = [(first, last) for name, first, last in keys if name == source]
    first, last = max(pairs, key=lambda pair: (_years(pair), pair))
    exact = transition_matrix(here, units, first, last, source)
    return _Matrix(source, first, last, _adding_up(page, exact, first, last))


def _adding_up(page: Page, exact: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """The matrix in printed numbers, whose sums are the areas that the table of areas has."""
    befores, afters = [n for n in exact.index if n != ALL], [n for n in exact.columns if n != ALL]
    cells = exact.loc[befores, afters].to_numpy(dtype=float)
    whole = float(cells.sum())
    total = float(nearest(np.array(whole)))
    sides, below = list(map(float, cells.sum(axis=1))), list(map(float, cells.sum(axis=0)))
    rows = _as_areas(page, befores, first, sides) or parts_of(sides, whole, total)
    columns = _as_areas(page, afters, last, below) or parts_of(below, whole, total)
    if sum(rows) != sum(columns):
        rows, columns = parts_of(sides, whole, total), parts_of(below, whole, total)
    settled = exact.copy()
    settled.loc[befores, afters] = crossed(cells, sides, below, rows, columns) * STEP
    settled.loc[befores, ALL], settled.loc[ALL, afters] = np.array(rows) * STEP, np.array(columns) * STEP
    settled.loc[ALL, ALL] = sum(rows) * STEP
    return settled


def _as_areas(page: Page, lands: list[str], date: str, sums: list[float]) -> list[float] | None:
    """The printed areas of ecosystems at a date, where the sums of the matrix are those areas."""
    figures = [page.facts.amount(page.code, "area", date, land) for land in lands]
    if not all(isclose(f.exact, value, rel_tol=1e-6, abs_tol=0.01) for f, value in zip(figures, sums, strict=True)):
        return None
    return [round(figure.value / STEP) for figure in figures]


def _years(pair: tuple[str, str]) -> int:
    first, last = pair
    return int(last) - int(first) if first.isdigit() and last.isdigit() else 0


def _largest_transitions(page: Page, matrix: _Matrix) -> str:
    moves = matrix.moves()
    if not moves:
        see = page.see("table_transition", "figure_transition")
        return sentences(word("area.no_moves", first=matrix.first, last=matrix.last), see)
    items = joined(
        word(
            "area.move",
            before=grammar.in_text(move.before),
            after=grammar.in_text(move.after),
            value=said("area", move.area),
        )
        for move in moves[:MOST_TRANSITIONS]
        if _seen(move)
    )
    total = sum(move.area for move in moves)
    text = word("area.moves", first=matrix.first, last=matrix.last, total=said("area", total), items=items)
    return sentences(text, page.see("table_transition", "figure_transition", "figure_flows"))


def _transitions(matrix: _Matrix) -> tuple[Block, ...]:
    lands = named("ecosystem", matrix.lands)
    return (
        cross_table(
            "table_transition",
            word("caption.table_transition", first=matrix.first, last=matrix.last),
            word("unit.area"),
            word("column.from_to", first=matrix.first, last=matrix.last),
            lands,
            lands,
            lambda before, after: Amount(matrix.area(before, after)),
            notes=[word("note.transition", first=matrix.first, last=matrix.last)],
        ),
    )


def _heatmap(page: Page, matrix: _Matrix) -> tuple[Block, ...]:
    if not page.wanted("figure_transition"):
        return ()
    areas = np.array([[in_print(matrix.area(a, b)) for b in matrix.lands] for a in matrix.lands])
    cells = [[printed(value) if isfinite(value) and value else "" for value in row] for row in areas.tolist()]
    caption = word("caption.figure_transition", first=matrix.first, last=matrix.last)
    names = [term("ecosystem", land) for land in matrix.lands]
    axes = (word("axis.before", date=matrix.first), word("axis.after", date=matrix.last))
    return page.drawn("figure_transition", caption, lambda: transition_heatmap(areas, names, *axes, cells))


def _flows(page: Page, matrix: _Matrix) -> tuple[Block, ...]:
    if not page.wanted("figure_flows"):
        return ()
    figure = flow_diagram(
        matrix.moves(),
        matrix.lands,
        lambda land, area: word("area.part", ecosystem=term("ecosystem", land), value=said("area", area)),
        amount,
        (word("axis.before", date=matrix.first), word("axis.after", date=matrix.last)),
    )
    if figure is None:
        return ()
    caption = word("caption.figure_flows", first=matrix.first, last=matrix.last)
    return page.drawn("figure_flows", caption, lambda: figure)
