"""Page one and chapter 1: what must be known before the figures are used, and the figures that matter most."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import pandas as pd

from sinks.output.report import grammar
from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.page import Page, headers, partial_items, partial_notes
from sinks.output.report.words import ABSENT, amount, percent, said, sentences, word
from sinks.results.in_words import said_without_ids
from sinks.results.labels import label, term
from sinks.results.leading_checks import LEADING

MOST_CAVEATS = 8
"""Failed checks spelled out on page one; the annex has them all."""


def blocks(page: Page) -> Chapters:
    """Tags ``caveats``, ``overview_text``, ``table_overview``."""
    return {
        "caveats": tuple(Paragraph(said_without_ids(text), "caveat") for text in caveats(page)),
        "overview_text": tuple(Paragraph(text) for text in _text(page) if text),
        "table_overview": _table(page),
    }


def caveats(page: Page) -> list[str]:
    """Everything that limits the use of the figures, the gravest first."""
    contents = page.facts.contents
    found: list[str] = []
    if contents.record.get("demonstration"):
        found.append(word("caveat.demonstration"))
    found += verified(contents.record)
    found += [str(text) for text in contents.record.get("caveats", [])]
    found += _check_caveats(page)
    found += _assumed(page)
    used = contents.parameters_used
    unverified = int(used["unverified"].fillna(True).astype(bool).sum()) if "unverified" in used else 0
    if unverified:
        found.append(word("caveat.unverified", count=unverified, all=len(used)))
    coverage = page.facts.coverage(page.code)
    if isfinite(coverage):
        found.append(word("caveat.coverage", coverage=percent(coverage)))
    partial = partial_items(page)
    own = own_checks(page)
    if partial and "interval_partial" not in set(own.loc[own["region_code"] == page.code, "check"]):
        found.append(word("caveat.partial", items=partial))
    elif not partial and not _any_interval(page):
        found.append(word("caveat.no_interval"))
    return found


def verified(record: Mapping[str, Any]) -> list[str]:
    """What a second path found, where the run was verified."""
    said = record.get("verification")
    if not isinstance(said, Mapping):
        return []
    id = "caveat.verified" if said["verdict"] == "passed" else "caveat.not_verified"
    counts = {name: said[name] for name in ("passed", "failed", "not_tested")}
    return [word(id, **counts, count=said["passed"] + said["failed"], tested=f"{said['tested']:,}")]


def own_checks(page: Page) -> pd.DataFrame:
    """Open checks that concern this region: its own, those of the regions inside and around it, and the run's."""
    return page.facts.open_checks(page.code, lambda: _inside(page) | _around(page))


def _inside(page: Page) -> set[str]:
    found, waiting = set(), [page.code]
    while waiting:
        code = waiting.pop()
        found.add(code)
        waiting += [child.code for child in page.facts.children(code)]
    return found


def _around(page: Page) -> set[str]:
    found, code = set(), page.region.parent
    while code in page.facts.regions and code not in found:
        found.add(code)
        code = page.facts.regions[code].parent
    return found


def _check_caveats(page: Page) -> list[str]:
    checks = own_checks(page)
    failed = checks[checks["status"] == "failed"]
    if checks.empty:
        return []
    counts = {status: int((checks["status"] == status).sum()) for status in ("failed", "warning", "note")}
    found = [*_leading(page, checks), sentences(word("caveat.checks", **counts), page.see("table_checks"))]
    failed = failed[~failed["check"].isin(LEADING)]
    listed = failed.head(MOST_CAVEATS)
    found += [
        word("caveat.failed", where=where, detail=detail)
        for where, detail in listed[["where", "detail"]].itertuples(index=False)
    ]
    if len(failed) > len(listed):
        found.append(word("caveat.more_failed", count=len(failed) - len(listed)))
    return found


def _leading(page: Page, checks: pd.DataFrame) -> list[str]:
    """Of each check that bears on every figure one line, the region's own where it has one."""
    found = []
    for _, alike in checks[checks["check"].isin(LEADING)].groupby("check", sort=False):
        own = alike[alike["region_code"] == page.code]
        first = (own if len(own) else alike).iloc[0]
        key = "caveat.failed" if first["status"] == "failed" else "caveat.leading"
        more = word("caveat.more_alike", count=len(alike) - 1) if len(alike) > 1 else ""
        found.append(sentences(word(key, where=first["where"], detail=first["detail"]), more))
    return found


def _assumed(page: Page) -> list[str]:
    """How many rules of the assessment no public text fixes."""
    table = page.assessment
    if table is None or "basis" not in table:
        return []
    rules = table.loc[table["basis"] == "assumed", "quantity"].nunique()
    return [word("caveat.assumed", count=int(rules))] if rules else []


def _any_interval(page: Page) -> bool:
    facts = page.facts
    return any(
        facts.amount(page.code, quantity, period).has_interval
        for quantity in ("carbon_stock", "net_removals")
        for period in facts.dates(quantity)
    )


def _text(page: Page) -> list[str]:
    facts, code = page.facts, page.code
    dates = facts.dates("area")
    date, period = facts.last_stock_date, facts.main_period
    area = ""
    if dates:
        land = facts.amount(code, "area", dates[-1])
        area = word(
            "overview.area", region=page.region.name, value=said("area", land.value), coverage=percent(land.coverage)
        )
    stock = grammar.stock(facts, code, date) if date is not None else ""
    sink = ""
    if period:
        sink = grammar.removals_of(facts, code, period, word("subject.all"))
    second = sentences(sink or word("overview.no_removals"), grammar.ranks(facts, code), page.see("table_overview"))
    return [sentences(area, stock), second]


def _table(page: Page) -> tuple[Block, ...]:
    """The key figures with their intervals; words in place of a sink that may be noise of the maps."""
    facts = page.facts
    # The area of a region is the same at every date.
    wanted = [("area", period) for period in facts.dates("area")[-1:]]
    wanted += [("carbon_stock", period) for period in facts.dates("carbon_stock")]
    wanted += [(quantity, p) for quantity in ("stock_change", "net_removals") for p in facts.dates(quantity)]
    wanted = [place for place in wanted if facts.amount(page.code, *place).known]
    if not wanted:
        return ()
    with_interval = any(facts.amount(page.code, *place).has_interval for place in wanted)
    rows = []
    for quantity, period in wanted:
        figure = facts.amount(page.code, quantity, period)
        mute = facts.withheld(page.code, period) and facts.is_sink(page.code, quantity, period)
        number = label("withheld.headline") if mute else amount(figure.value)
        bounds = [ABSENT, ABSENT] if mute else [amount(figure.low), amount(figure.high)]
        names = [term("quantity", quantity), grammar.spoken_period(period), word(f"unit.{quantity}")]
        rows.append([*names, number, *(bounds if with_interval else [])])
    table = Table(
        "table_overview",
        word("caption.table_overview", region=page.region.name),
        headers("quantity", "period", "unit", "value", *(("low", "high") if with_interval else ())),
        rows,
        text_columns=3,
        widths=(2.2, 1.8, 1.8, 1.4, *((1.4, 1.4) if with_interval else ())),
        notes=[
            word("note.sign"),
            *([word("note.interval")] if with_interval else []),
            *partial_notes(page, wanted),
        ],
    )
    return (table,)
