"""Of chapter 4: from the stock at the first date to that at the last, and to the sink, line by line."""

from __future__ import annotations

from math import isclose

import numpy as np
import pandas as pd

from sinks.analysis.reconciliation import OF_SINK, OF_STOCK
from sinks.output.report.adding import STEP, nearest, parts_of
from sinks.output.report.blocks import Block, Chapters, Table
from sinks.output.report.grammar import spoken_period
from sinks.output.report.page import Page, headers
from sinks.output.report.words import amount, word
from sinks.results.labels import term
from sinks.vocabulary import ALL


def blocks(page: Page) -> Chapters:
    """Tag ``table_reconciliation``."""
    return {"table_reconciliation": _statements(page)}


def _adding_up(page: Page, lines: pd.DataFrame, period: str) -> list[float]:
    """The lines of both statements as printed: stocks as in their table, the others adding up to the end."""
    exact = dict(zip(range(len(lines)), lines["value"].astype(float), strict=True))
    settled = {place: float(nearest(np.array(value))) for place, value in exact.items()}
    dates = dict(zip(("stock_first", "stock_last"), period.split("-"), strict=False))
    for place, date in enumerate(map(dates.get, lines["line"])):
        figure = page.facts.amount(page.code, "carbon_stock", date)
        if date is not None and figure.known and isclose(figure.exact, exact[place], rel_tol=1e-9):
            settled[place] = round(figure.value / STEP)
    for statement in (OF_STOCK, OF_SINK):
        places = [place for place, line in enumerate(lines["line"]) if line in statement]
        if not places or lines["line"].iloc[places[-1]] != statement[-1]:
            continue
        *parts, end = places
        fixed = [place for place in parts if lines["line"].iloc[place] == "stock_first"]
        free = [place for place in parts if place not in fixed]
        left = exact[end] - sum(exact[place] for place in fixed)
        total = settled[end] - sum(settled[place] for place in fixed)
        settled |= dict(zip(free, parts_of([exact[place] for place in free], left, total), strict=True))
    return [settled[place] * STEP for place in range(len(lines))]


def _statements(page: Page) -> tuple[Block, ...]:
    """Both statements of all ecosystems of the region over its main period; nothing without two dates."""
    table = page.facts.contents.tables.get("reconciliation")
    if table is None:
        return ()
    here = table[(table["region_code"] == page.code) & (table["ecosystem"] == ALL)]
    periods = list(dict.fromkeys(here["period"]))
    if not periods:
        return ()
    main = page.facts.main_period
    period = main if main is not None and main in periods else str(periods[-1])
    rows: list[list[str]] = []
    totals: set[int] = set()
    lines = here[here["period"] == period]
    settled = _adding_up(page, lines, period)
    columns = lines[["line", "methodology", "pool"]].itertuples(index=False)
    for (line, methodology, pool), value in zip(columns, settled, strict=True):
        if line in (OF_STOCK[-1], OF_SINK[-1]):
            totals.add(len(rows))
        rows.append(
            [
                term("line", line),
                page.methodology(methodology) if methodology else "",
                term("pool", pool) if pool != ALL else "",
                amount(value),
            ]
        )
    return (
        Table(
            "table_reconciliation",
            word("caption.table_reconciliation", region=page.region.name, period=spoken_period(period)),
            headers("line", "methodology", "pool", "value"),
            rows,
            unit=word("unit.carbon_stock"),
            totals=frozenset(totals),
            notes=[word("note.reconciliation"), word("note.common_land")],
            text_columns=3,
            widths=(2.6, 2.4, 1.2, 1.2),
        ),
    )
