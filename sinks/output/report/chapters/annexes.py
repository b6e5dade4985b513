"""Annexes: parameters with their sources, and the lineage of the figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import pandas as pd

from sinks.account.basis import ORDER as BASES
from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.page import Page, headers
from sinks.output.report.words import known_word, sentences, word
from sinks.results.in_words import bin_in_words, place_in_words, share_in_words, unit_in_words
from sinks.results.labels import label, stratum_name, term
from sinks.results.shown_tables import verification
from sinks.text import language
from sinks.vocabulary import ALL

# What every parameter row has; the other columns of the table are the strata that it holds for.
_FIXED = {
    *("methodology", "role", "parameter", "value", "unit", "low", "high", "interval", "distribution", "basis"),
    *("source", "locator", "note", "unverified", "file", "row"),
}


def blocks(page: Page) -> Chapters:
    """Tags ``table_parameters``, ``sources_text``, ``table_inputs``, ``lineage_text``."""
    return {
        "table_parameters": (*_basis(page), *page.facts.once("parameters", lambda: _parameters(page))),
        "sources_text": tuple(Paragraph(text, "item") for text in _sources(page.facts.contents.sources)),
        "table_inputs": _inputs(page),
        "lineage_text": (Paragraph(_lineage(page)),),
    }


def _basis(page: Page) -> tuple[Block, ...]:
    """What stock and removals of the region rest on, each ecosystem and all together."""
    shares = page.facts.contents.tables.get("basis")
    if shares is None:
        return ()
    here = shares[shares["region_code"] == page.code]
    last = {"carbon_stock": page.facts.last_stock_date, "net_removals": page.facts.main_period}
    rows, totals = list[list[str]](), set[int]()
    for row in here.to_dict("records"):
        if row["period"] != last.get(row["quantity"]) or not row["size"] > 0:
            continue
        if row["ecosystem"] == ALL:
            totals.add(len(rows))
        named = [f"{term('quantity', row['quantity'])} {row['period']}", term("ecosystem", row["ecosystem"])]
        rows.append([*named, *(share_in_words(row[basis]) for basis in BASES)])
    if not rows:
        return ()
    table = Table(
        "table_basis",
        word("caption.table_basis", region=page.region.name),
        [*headers("quantity", "ecosystem"), *(term("column", basis) for basis in BASES)],
        rows,
        text_columns=2,
        widths=(2.4, 1.5, *(1.1 for _ in BASES)),
        totals=frozenset(totals),
        notes=[label("note.basis")],
    )
    return (table,)


def _parameters(page: Page) -> tuple[Block, ...]:
    """One table for each methodology, the same for every region."""
    used = page.facts.contents.parameters_used
    if used.empty or "value" not in used:
        return ()
    strata = [name for name in used.columns if name not in _FIXED]
    numbers = reference_numbers(page.facts.contents.sources)
    tables = []
    for number, (methodology, rows) in enumerate(used.groupby("methodology", sort=False), 1):
        tables.append(
            Table(
                f"table_parameters_{number}",
                word("caption.table_parameters", methodology=page.methodology(str(methodology))),
                headers("parameter", "strata", "value", "unit", "bounds", "basis", "source"),
                [_parameter_row(row, strata, numbers) for row in rows.to_dict("records")],
                text_columns=7,
                widths=(1.5, 2.4, 0.8, 1.5, 2.0, 1.1, 3.4),
                notes=[word("note.parameters")],
            )
        )
    return tuple(tables)


def reference_numbers(sources: pd.DataFrame) -> dict[str, int]:
    """Number of each document in the list of references, by its key."""
    return {str(key): number for number, key in enumerate(sources["key"], 1)} if "key" in sources else {}


def _document(row: Mapping[Any, Any], numbers: dict[str, int]) -> str:
    """The number of a row's document in the list of references, and the place in it."""
    key, place = _cell(row.get("source")), place_in_words(_cell(row.get("locator")))
    named = f"[{numbers[key]}]" if key in numbers else key
    return " ".join(part for part in (named, place) if part)


def _parameter_row(row: Mapping[Any, Any], strata: list[str], numbers: dict[str, int]) -> list[str]:
    return [
        _parameter(row),
        _strata(row, strata),
        _cell(row.get("value")),
        unit_in_words(_cell(row.get("unit"))),
        _interval(row),
        term("unverified", verification(row)),
        _document(row, numbers),
    ]


def _parameter(row: Mapping[Any, Any]) -> str:
    """A parameter by its label: that of its pool, or its own."""
    name = str(row.get("parameter", ""))
    return known_word(f"parameter.{name}") or term("pool", name)


def _strata(row: Mapping[Any, Any], strata: list[str]) -> str:
    """The strata that a row holds for; an empty one holds for all."""
    shown = []
    for name in strata:
        if value := _cell(row.get(name)):
            label = known_word(f"strata.{name}") or name
            said = bin_in_words(stratum_name(value))
            shown.append(said if name == "ecosystem" else word("stratum", name=label, value=said))
    return word("list.separator").join(shown)


def _interval(row: Mapping[Any, Any]) -> str:
    low, high = (_cell(_short(row.get(end))) for end in ("low", "high"))
    kind = term("interval", _cell(row.get("interval")))
    return word("bounds", low=low, high=high, kind=kind) if low or high else ""


def _short(end: object) -> object:
    """The end of an interval, where it was worked out from a standard error without digits that mean nothing."""
    return float(f"{end:.5g}") if isinstance(end, float) else end


def _cell(value: object) -> str:
    """A cell as text: missing values empty, numbers as they would be typed."""
    if value is None or value is pd.NA or value != value:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sources(sources: pd.DataFrame) -> list[str]:
    """One line for each document, in the manner of a list of references."""
    found = []
    for number, row in enumerate(sources.to_dict("records"), 1):
        title = _cell(row.get("title_zh")) if language() == "zh" else ""
        title = title or _cell(row.get("title"))
        parts = [_cell(row.get("issuer")), title, _cell(row.get("year")), _cell(row.get("identifier"))]
        parts.append(_cell(row.get("url")))
        text = word("source.separator").join(part for part in parts if part)
        found.append(word("source.line", number=number, text=text))
    return found


def _inputs(page: Page) -> tuple[Block, ...]:
    inputs = page.facts.contents.record.get("inputs") or []
    rows = [
        [PurePath(str(item.get("path", ""))).name, f"{int(item.get('size', 0)):,}", str(item.get("sha256", ""))]
        for item in inputs
    ]
    if not rows:
        return ()
    table = Table(
        "table_inputs",
        word("caption.table_inputs"),
        headers("file", "bytes", "sha256"),
        rows,
        text_columns=3,
        widths=(2.0, 0.8, 5.4),
    )
    return (table,)


def _lineage(page: Page) -> str:
    record = page.facts.contents.record
    versions = record.get("versions") or {}
    listed = word("list.separator").join(f"{name} {number}" for name, number in versions.items())
    return sentences(
        word("lineage.created", created=page.facts.contents.time),
        word("lineage.versions", versions=listed) if listed else "",
        word("lineage.again"),
    )
