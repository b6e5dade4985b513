"""Of chapter 5: year by year, with the breaks that no line may cross; in the annex, what recalculations changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sinks.output.figures import YearPoint, year_lines
from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.page import Page, headers, withheld_note
from sinks.output.report.words import ABSENT, amount, in_print, joined, sentences, word
from sinks.results.labels import label, term
from sinks.results.years import years_in
from sinks.vocabulary import ALL


def blocks(page: Page) -> Chapters:
    """Tags ``years_text``, ``figure_years``, ``table_years`` and ``table_recalculation``."""
    table = years_in(page.facts.contents)
    here = table[(table["region_code"] == page.code) & (table["ecosystem"] == ALL)]
    stocks = here[here["quantity"] == "carbon_stock"].sort_values(["segment", "period"], kind="stable")
    found: Chapters = {"table_recalculation": _recalculated(page)}
    if stocks.empty:
        return found | {"years_text": (), "figure_years": (), "table_years": ()}
    return found | {
        "years_text": (Paragraph(_text(page, here, stocks)),),
        "figure_years": _figure(page, here, stocks),
        "table_years": _table(page, here, stocks),
    }


def _text(page: Page, here: pd.DataFrame, stocks: pd.DataFrame) -> str:
    years = list(stocks["period"].astype(str))
    said = word("years.text", first=min(years), last=max(years))
    breaks = here[here["break"] != ""].drop_duplicates("segment")
    pairs = zip(breaks["period"].astype(str).str[:4], breaks["break"].astype(str), strict=True)
    items = joined(word("years.break", year=year, what=what) for year, what in pairs)
    apart = word("years.breaks", items=items) if items else ""
    return sentences(said, apart, page.see("table_years", "figure_years"))


def _points(rows: pd.DataFrame) -> list[YearPoint]:
    found = []
    for row in rows.to_dict("records"):
        first, _, last = str(row["period"]).partition("-")
        value, low, high = (in_print(float(row[name])) for name in ("value", "low", "high"))
        doubted = row["withheld"] != ""
        found.append(YearPoint(int(first), int(last or first), value, low, high, int(row["segment"]), doubted))
    return found


def _sinks(here: pd.DataFrame) -> pd.DataFrame:
    """Sinks over steps; a year's own sink, where an account has one date only, is no step."""
    return here[(here["quantity"] == "net_removals") & here["period"].astype(str).str.contains("-")]


def _figure(page: Page, here: pd.DataFrame, stocks: pd.DataFrame) -> tuple[Block, ...]:
    if not page.wanted("figure_years"):
        return ()
    words = tuple(f"{term('quantity', name)} ({word(f'unit.{name}')})" for name in ("carbon_stock", "net_removals"))
    points = (_points(stocks), _points(_sinks(here)))
    caption = word("caption.figure_years", region=page.region.name)
    return page.drawn("figure_years", caption, lambda: year_lines(*points, (words[0], words[1]), word("years.broken")))


def _table(page: Page, here: pd.DataFrame, stocks: pd.DataFrame) -> tuple[Block, ...]:
    areas = here[here["quantity"] == "area"].set_index(["segment", "period"])["value"]
    flows = _sinks(here)
    ends = {(row["segment"], str(row["period"]).split("-")[1]): row for row in flows.to_dict("records")}
    rows = []
    for row in stocks.to_dict("records"):
        place = (row["segment"], str(row["period"]))
        flow = ends.get(place)
        headline = ABSENT if flow is None else amount(float(flow["value"]))
        if flow is not None and flow["withheld"]:
            headline = label("withheld.headline")
        spans = [ABSENT if one is None else _span(one) for one in (row, flow)]
        area = amount(float(areas.get(place, float("nan"))))
        rows.append(
            [str(row["period"]), row["break"] or "", area, amount(float(row["value"])), spans[0], headline, spans[1]]
        )
    header = headers(
        "year", "years_break", "years_area", "years_stock", "years_interval", "years_sink", "years_interval"
    )
    notes = [word("note.years"), word("note.sign")]
    if len(set(stocks["segment"])) > 1:
        notes.append(word("note.years_break"))
    if (flows["withheld"] != "").any():
        notes.append(withheld_note())
    caption = word("caption.table_years", region=page.region.name)
    widths = (0.8, 1.6, 1.0, 1.1, 1.6, 1.1, 1.6)
    return (Table("table_years", caption, header, rows, notes=notes, text_columns=2, widths=widths),)


def _span(row: Mapping[Any, Any]) -> str:
    """An interval; nothing of a sink that is withheld."""
    low, high = (float(row[name]) for name in ("low", "high"))
    return ABSENT if row["withheld"] or low != low else f"{amount(low)} ~ {amount(high)}"


def _recalculated(page: Page) -> tuple[Block, ...]:
    """Old figure, new figure and the parts of the difference, of every year of the region."""
    table = page.facts.contents.tables.get("recalculation")
    if table is None:
        return ()
    here = table[table["region_code"] == page.code]
    rows: list[list[str]] = []
    totals: set[int] = set()
    for row in here.to_dict("records"):
        if row["cause"] == ALL:
            totals.add(len(rows))
        figures = [amount(float(row[name])) for name in ("old", "new", "difference")]
        rows.append([str(row["period"]), term("quantity", row["quantity"]), term("cause", row["cause"]), *figures])
    if not rows:
        return ()
    said = sorted({str(one) for one in here["changed"] if one})
    notes = [word("note.recalculation"), *([word("note.changed", what="; ".join(said))] if said else [])]
    header = headers("period", "quantity", "cause", "old", "new", "difference")
    caption = word("caption.table_recalculation", region=page.region.name)
    units = word("unit.recalculation")
    return (
        Table("table_recalculation", caption, header, rows, unit=units, totals=frozenset(totals), notes=notes,
              text_columns=3, widths=(1.1, 1.3, 1.4, 1.2, 1.2, 1.2)),
    )  # fmt: skip
