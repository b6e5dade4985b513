"""Chapters 6 and 8 and the annex of checks: how sure the figures are, what was found wrong, and what to do about it."""

from __future__ import annotations

from math import isfinite

from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.chapters.overview import own_checks
from sinks.output.report.page import Page, headers, partial_items
from sinks.output.report.words import ABSENT, amount, known_word, percent, sentences, word
from sinks.results.in_words import said_without_ids
from sinks.results.labels import label, term
from sinks.vocabulary import ALL

QUANTITIES = ("carbon_stock", "net_removals")

MOST_ADVICE = 4
"""Recommendations of a report, the gravest first and the one that always holds among them."""

_ENDS = ("approach_1_low", "approach_1_high", "approach_2_low", "approach_2_high")


def blocks(page: Page) -> Chapters:
    """Tags ``quality_text``, ``table_intervals``, ``table_approaches``,
    ``checks_text``, ``table_checks``, ``advice_text``."""
    return {
        "quality_text": tuple(Paragraph(text) for text in _text(page)),
        "table_intervals": _intervals(page),
        "table_approaches": _approaches(page),
        "checks_text": () if len(own_checks(page)) else (Paragraph(word("checks.none")),),
        "table_checks": _checks(page),
        "advice_text": tuple(Paragraph(text) for text in _advice(page)),
    }


def _text(page: Page) -> list[str]:
    coverage = page.facts.coverage(page.code)
    found = [word("quality.coverage", coverage=percent(coverage))] if isfinite(coverage) else []
    intervals = _intervals(page)
    if intervals:
        found.append(sentences(word("quality.intervals"), page.see("table_intervals")))
    partial = partial_items(page)
    if partial:
        found.append(word("quality.partial", items=partial))
    elif not intervals:
        found.append(word("quality.no_intervals"))
    passed = int((page.facts.contents.checks["status"] == "passed").sum())
    shown = len(own_checks(page))
    checks = sentences(
        word("quality.passed", count=passed) if passed else "",
        sentences(word("quality.open", count=shown), page.see("table_checks")) if shown else "",
    )
    compared = page.facts.has_comparison(page.code)
    beside = sentences(word("quality.comparison"), page.see("table_comparison")) if compared else ""
    return [*found, *(text for text in (sentences(checks, beside),) if text)]


def _intervals(page: Page) -> tuple[Block, ...]:
    """Interval and relative half width of stock and removals, by ecosystem."""
    rows: list[list[str]] = []
    totals: set[int] = set()
    for quantity in QUANTITIES:
        period = page.facts.last_stock_date if quantity == "carbon_stock" else page.facts.main_period
        if period is None:
            continue
        for land in [*page.facts.ecosystems(page.code, quantity, period), ALL]:
            figure = page.facts.amount(page.code, quantity, period, land)
            if not figure.has_interval:
                continue
            if land == ALL:
                totals.add(len(rows))
            half = figure.relative_half_width
            rows.append(
                [
                    f"{term('quantity', quantity)} ({word(f'unit.{quantity}')})",
                    term("ecosystem", land),
                    amount(figure.value),
                    amount(figure.low),
                    amount(figure.high),
                    percent(half) if figure.low < figure.high else ABSENT,
                ]
            )
    if not rows:
        return ()
    table = Table(
        "table_intervals",
        word("caption.table_intervals", region=page.region.name),
        headers("quantity", "ecosystem", "value", "low", "high", "half_width"),
        rows,
        text_columns=2,
        widths=(2.4, 1.5, 1.3, 1.3, 1.3, 1.2),
        totals=frozenset(totals),
        notes=[word("note.interval"), word("note.half_width")],
    )
    return (table,)


def _approaches(page: Page) -> tuple[Block, ...]:
    """The totals' intervals by error propagation beside those of the account."""
    both = page.facts.contents.tables.get("uncertainty")
    if both is None:
        return ()
    last = {"carbon_stock": page.facts.last_stock_date, "net_removals": page.facts.main_period}
    here = both[both["region_code"] == page.code]
    rows = [
        [f"{term('quantity', quantity)} ({word(f'unit.{quantity}')})", *map(amount, ends), term("agreement", agreement)]
        for quantity, period, *ends, agreement in here[["quantity", "period", *_ENDS, "agreement"]].to_numpy().tolist()
        if period == last.get(quantity)
    ]
    if not rows:
        return ()
    table = Table(
        "table_approaches",
        word("caption.table_approaches", region=page.region.name),
        [*headers("quantity"), *(label(f"column.{name}") for name in (*_ENDS, "agreement"))],
        rows,
        widths=(2.4, 1.3, 1.3, 1.3, 1.3, 1.6),
        notes=[label("note.uncertainty")],
    )
    return (table,)


def _checks(page: Page) -> tuple[Block, ...]:
    shown = own_checks(page)
    if shown.empty:
        return ()
    rows = [
        [term("status", str(status)), str(where), said_without_ids(str(detail))]
        for status, where, detail in shown[["status", "where", "detail"]].itertuples(index=False)
    ]
    caption = word("caption.table_checks", region=page.region.name)
    head = headers("status", "where", "detail")
    return (Table("table_checks", caption, head, rows, text_columns=3, widths=(0.7, 1.4, 4.4)),)


def _advice(page: Page) -> list[str]:
    """One recommendation for each kind of open check, in the order of gravity, then those that always hold."""
    found: list[str] = []
    for check in dict.fromkeys(own_checks(page)["check"]):
        if (text := known_word(f"advice.{check}")) is not None:
            found.append(text)
    if not _intervals(page):
        found.append(word("advice.no_intervals"))
    if page.assessment is None:
        found.append(word("advice.no_assessment"))
    found.insert(MOST_ADVICE - 1, word("advice.repeat"))
    return [word("advice.item", number=number, text=text) for number, text in enumerate(found[:MOST_ADVICE], 1)]
