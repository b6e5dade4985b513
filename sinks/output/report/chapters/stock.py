"""Chapter 4: carbon stock by ecosystem, pool and region below."""

from __future__ import annotations

from math import isfinite, nan

from sinks.output.figures import ECOSYSTEM_COLOURS, Bar, bar_chart
from sinks.output.report import grammar, mapping
from sinks.output.report.blocks import Block, Chapters, Paragraph
from sinks.output.report.facts import Amount
from sinks.output.report.page import Page, cross_table, named
from sinks.output.report.words import amount, in_print, sentences, word
from sinks.results.labels import term
from sinks.vocabulary import ALL

QUANTITY = "carbon_stock"


def blocks(page: Page) -> Chapters:
    """Tags ``stock_text`` and :data:`TAGS`."""
    date = page.facts.last_stock_date
    if date is None or not page.facts.amount(page.code, QUANTITY, date).known:
        nothing = (Paragraph(word("stock.none")),)
        return {"stock_text": nothing} | dict.fromkeys(TAGS, ())
    return {
        "stock_text": tuple(Paragraph(text) for text in _text(page, date) if text),
        "stock_regions_text": (Paragraph(_regions_text(page, date)),),
        "table_stock": _by_date(page),
        "table_stock_pools": _by_pool(page, date),
        "table_stock_regions": by_region(page, QUANTITY, date, "table_stock_regions"),
        "figure_stock": _bars(page, date),
        "figure_stock_map": mapping.density_map(page, QUANTITY, date, "figure_stock_map"),
    }


TAGS = (
    "stock_regions_text",
    "table_stock",
    "table_stock_pools",
    "table_stock_regions",
    "figure_stock",
    "figure_stock_map",
)


def by_region(page: Page, quantity: str, period: str, key: str) -> tuple[Block, ...]:
    """A quantity by region below (rows) and ecosystem (columns); nothing when there is no region below."""
    children = page.children
    lands = [land for land in page.facts.ecosystems(page.code, quantity, period) if land != ALL]
    if not children or not lands:
        return ()
    rows = [*((child.code, child.name) for child in children), (ALL, page.region.name)]

    def figure(region: str, land: str) -> Amount:
        return page.facts.amount(page.code if region == ALL else region, quantity, period, land)

    return (
        cross_table(
            key,
            word(f"caption.{key}", region=page.region.name, period=grammar.spoken_period(period)),
            word(f"unit.{quantity}"),
            word("column.region"),
            rows,
            named("ecosystem", lands),
            figure,
            notes=[word("note.sign")] if quantity == "net_removals" else [],
        ),
    )


def _text(page: Page, date: str) -> list[str]:
    see = page.see("table_stock", "table_stock_pools")
    change = grammar.stock_change(page.facts, page.code)
    led = page.see("table_reconciliation") if change and "reconciliation" in page.facts.contents.tables else ""
    return [sentences(grammar.stock(page.facts, page.code, date), see), sentences(change, led)]


def _regions_text(page: Page, date: str) -> str:
    """Where most of it is; without regions below, that nothing can be said of them."""
    if not page.children:
        return word("regions.none")
    see = page.see("table_stock_regions", "figure_stock_map")
    return sentences(grammar.regions_by_size(page.facts, page.code, QUANTITY, date), see)


def _by_date(page: Page) -> tuple[Block, ...]:
    dates = page.facts.dates(QUANTITY)
    lands = sorted({land for date in dates for land in page.facts.ecosystems(page.code, QUANTITY, date)})
    rows = [pair for pair in named("ecosystem", mapping.in_order(lands))]
    columns = [(date, grammar.spoken_period(date)) for date in dates]
    if len(dates) > 1:
        columns.append(("change", word("column.change_common", first=dates[0], last=dates[-1])))

    def figure(land: str, column: str) -> Amount:
        if column == "change":
            return page.facts.amount(page.code, "stock_change", f"{dates[0]}-{dates[-1]}", land)
        return page.facts.amount(page.code, QUANTITY, column, land)

    caption = word("caption.table_stock", region=page.region.name)
    corner = word("column.ecosystem")
    notes = [word("note.common_land")] if len(dates) > 1 else []
    return (cross_table("table_stock", caption, word(f"unit.{QUANTITY}"), corner, rows, columns, figure, notes),)


def _by_pool(page: Page, date: str) -> tuple[Block, ...]:
    lands = page.facts.ecosystems(page.code, QUANTITY, date)
    pools = page.facts.pools(page.code, QUANTITY, date)
    return (
        cross_table(
            "table_stock_pools",
            word("caption.table_stock_pools", region=page.region.name, period=grammar.spoken_period(date)),
            word(f"unit.{QUANTITY}"),
            word("column.ecosystem"),
            named("ecosystem", lands),
            named("pool", pools),
            lambda land, pool: page.facts.amount(page.code, QUANTITY, date, land, pool),
            notes=[word("note.absent")],
        ),
    )


def figure_caption(page: Page, key: str, period: str, bars: list[Bar]) -> str:
    """The caption of a figure of bars; where no bar has an interval it speaks of none."""
    drawn = any(isfinite(bar.low) for bar in bars)
    id = f"caption.{key}" if drawn else f"caption.{key}.bare"
    return word(id, region=page.region.name, period=grammar.spoken_period(period))


def _bars(page: Page, date: str) -> tuple[Block, ...]:
    if not page.wanted("figure_stock"):
        return ()
    bars = []
    for land in page.facts.ecosystems(page.code, QUANTITY, date):
        f = page.facts.amount(page.code, QUANTITY, date, land)
        low, high = (in_print(f.low), in_print(f.high)) if f.low < f.high else (nan, nan)
        bars.append(
            Bar(term("ecosystem", land), in_print(f.value), amount(f.value), low, high, ECOSYSTEM_COLOURS.get(land))
        )
    if not bars:
        return ()
    caption = figure_caption(page, "figure_stock", date, bars)
    axis = word("axis.amount", quantity=term("quantity", QUANTITY), unit=word(f"unit.{QUANTITY}"))
    return page.drawn("figure_stock", caption, lambda: bar_chart(bars, axis, signed=False))
