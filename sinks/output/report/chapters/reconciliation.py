"""Of chapter 4: from the stock at the first date to that at the last, and to the sink, line by line."""

from __future__ import annotations

from sinks.analysis.reconciliation import OF_SINK, OF_STOCK
from sinks.output.report.blocks import Block, Chapters, Table
from sinks.output.report.grammar import spoken_period
from sinks.output.report.page import Page, headers
from sinks.output.report.words import amount, word
from sinks.results.labels import term
from sinks.vocabulary import ALL


def blocks(page: Page) -> Chapters:
    """Tag ``table_reconciliation``."""
    return {"table_reconciliation": _statements(page)}


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
    for line, methodology, pool, value in lines[["line", "methodology", "pool", "value"]].itertuples(index=False):
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
