"""Chapter 5: the annual sink, or source, by ecosystem, pool and region below."""

from __future__ import annotations

from math import nan

from sinks.output.figures import Bar, bar_chart
from sinks.output.report import grammar, mapping
from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.chapters.stock import by_region, figure_caption
from sinks.output.report.facts import Amount, Facts
from sinks.output.report.page import Page, amounts_note, headers, missed_note, misses, partial_notes, withheld_note
from sinks.output.report.words import amount, in_print, sentences, word
from sinks.results.labels import term
from sinks.vocabulary import ALL

QUANTITY = "net_removals"
TAGS = (
    "removals_regions_text",
    "table_removals",
    "table_removals_regions",
    "figure_removals",
    "figure_removals_regions",
    "figure_removals_map",
)


def blocks(page: Page) -> Chapters:
    """Tags ``removals_text`` and :data:`TAGS`."""
    period = page.facts.main_period
    if period is None or not page.facts.amount(page.code, QUANTITY, period).known:
        nothing = (Paragraph(word("removals.none")),)
        return {"removals_text": nothing} | dict.fromkeys(TAGS, ())
    lands = [(term("ecosystem", land), land) for land in page.facts.ecosystems(page.code, QUANTITY, period)]
    regions = [(child.name, child.code) for child in page.children]
    return {
        "removals_text": tuple(Paragraph(text) for text in _text(page, period) if text),
        "removals_regions_text": (Paragraph(_regions_text(page, period)),),
        "table_removals": _by_pool(page, period),
        "table_removals_regions": by_region(page, QUANTITY, period, "table_removals_regions"),
        "figure_removals": _bars(
            page,
            "figure_removals",
            period,
            [(name, page.facts.amount(page.code, QUANTITY, period, land)) for name, land in lands],
        ),
        "figure_removals_regions": _bars(
            page,
            "figure_removals_regions",
            period,
            [(name, page.facts.amount(code, QUANTITY, period)) for name, code in regions],
        ),
        "figure_removals_map": mapping.density_map(page, QUANTITY, period, "figure_removals_map"),
    }


def _text(page: Page, period: str) -> list[str]:
    facts, code = page.facts, page.code
    found = [
        sentences(
            _whole(page, period),
            "" if _says_nothing(facts, code, period) else grammar.removals_parts(facts, code, period),
            page.see("table_removals", "figure_removals"),
        )
    ]
    return found + [_whole(page, other) for other in facts.dates(QUANTITY) if other != period]


def _whole(page: Page, period: str) -> str:
    """All ecosystems together."""
    return grammar.removals_of(page.facts, page.code, period, word("subject.all"))


def _says_nothing(facts: Facts, code: str, period: str) -> bool:
    return facts.withheld(code, period) or facts.unmoved(code, period)


def _regions_text(page: Page, period: str) -> str:
    if not page.children:
        return word("regions.none")
    see = page.see("table_removals_regions", "figure_removals_regions", "figure_removals_map")
    return sentences(grammar.regions_by_sign(page.facts, page.code, period), see)


def _by_pool(page: Page, period: str) -> tuple[Block, ...]:
    """Ecosystem by pool, and the interval of each ecosystem's total."""
    facts = page.facts
    pools = facts.pools(page.code, QUANTITY, period)
    lands = facts.ecosystems(page.code, QUANTITY, period)

    def figure(land: str, pool: str = ALL) -> Amount:
        return facts.amount(page.code, QUANTITY, period, land, pool)

    lines = [*lands, ALL]
    with_interval = any(figure(land).has_interval for land in lines)
    missed = any(misses([figure(land, pool) for pool in pools], figure(land)) for land in lines) or any(
        misses([figure(land, pool) for land in lands], figure(ALL, pool)) for pool in [*pools, ALL]
    )
    rows = []
    for land in lines:
        cells = [amount(figure(land, pool).value) for pool in [*pools, ALL]]
        bounds = [amount(figure(land).low), amount(figure(land).high)] if with_interval else []
        rows.append([term("ecosystem", land), *cells, *bounds])
    header = [word("column.ecosystem"), *(term("pool", pool) for pool in pools), term("pool", ALL)]
    header += headers("low", "high") if with_interval else []
    table = Table(
        "table_removals",
        word("caption.table_removals", region=page.region.name, period=grammar.spoken_period(period)),
        header,
        rows,
        unit=word(f"unit.{QUANTITY}"),
        totals=frozenset({len(lands)}),
        notes=[
            word("note.sign"),
            *([word("note.interval")] if with_interval else []),
            *partial_notes(page, [(QUANTITY, period)]),
            *([withheld_note()] if facts.withheld(page.code, period) else []),
            word("note.absent"),
            *amounts_note(figure(land, pool) for land in lines for pool in [*pools, ALL]),
            *missed_note(missed),
        ],
    )
    return (table,)


def _bars(page: Page, key: str, period: str, figures: list[tuple[str, Amount]]) -> tuple[Block, ...]:
    known = [(name, figure) for name, figure in figures if figure.known]
    if not known or not page.wanted(key):
        return ()
    bars = []
    for name, figure in known:
        # An interval of width zero means that no uncertainty was given.  Drawn, it would look like certainty.
        low, high = (in_print(figure.low), in_print(figure.high)) if figure.low < figure.high else (nan, nan)
        bars.append(Bar(name, in_print(figure.value), amount(figure.value), low, high))
    caption = figure_caption(page, key, period, bars)
    axis = word("axis.amount", quantity=term("quantity", QUANTITY), unit=word(f"unit.{QUANTITY}"))
    axis = word("axis.signed", axis=axis)
    return page.drawn(key, caption, lambda: bar_chart(bars, axis, signed=True))
