"""Page one: three figures, what they mean, what they rest on, and what is still open, for a reader with one minute."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import pandas as pd

from sinks.output.report import grammar
from sinks.output.report.assessed import VERDICTS, RegionAssessment, assessed, below, counts
from sinks.output.report.blocks import Block, Chapters, KeyFigure, KeyFigures, Paragraph
from sinks.output.report.chapters.overview import own_checks, verified
from sinks.output.report.facts import Amount, Region
from sinks.output.report.page import Page, red_head
from sinks.output.report.words import (
    ABSENT,
    joined,
    known_word,
    percent,
    said,
    said_range,
    sentences,
    share,
    word,
)
from sinks.results.labels import label
from sinks.results.partial_intervals import covered_share
from sinks.vocabulary import ALL, NODATA

MOST_WARNINGS = 5
"""Kinds of findings that page one names; the annex has every one in full."""

MOST_LANDS = 3


def blocks(page: Page) -> Chapters:
    """Tags ``red_head``, ``summary_notice``, ``key_figures``, ``meaning_text``, ``assumed_text``, ``warnings_text``."""
    notice = [word("caveat.demonstration")] if page.facts.contents.record.get("demonstration") else []
    return {
        "red_head": _red_head(page),
        "summary_notice": tuple(Paragraph(text, "notice") for text in notice),
        "key_figures": (KeyFigures((_stock(page), _sink(page), _dual(page))),),
        "meaning_text": tuple(Paragraph(text, "summary") for text in _meaning(page) if text),
        "assumed_text": _numbered([text for text in _assumed(page) if text]),
        "warnings_text": _numbered(_warnings(page)),
    }


def _red_head(page: Page) -> tuple[Block, ...]:
    """Issuer and number of a formal document, where the project has them; nothing is made up."""
    head = red_head(page.facts.contents.record)
    if head is None:
        return ()
    return Paragraph(head["issuer"], "red_issuer"), Paragraph(head["number"], "red_number")


def _numbered(texts: list[str]) -> tuple[Block, ...]:
    return tuple(
        Paragraph(word("advice.item", number=number, text=text), "summary") for number, text in enumerate(texts, 1)
    )


def _stock(page: Page) -> KeyFigure:
    date = page.facts.last_stock_date
    figure = page.facts.amount(page.code, "carbon_stock", date)
    title = word("summary.stock", period=grammar.spoken_period(date) if date else "")
    if not figure.known:
        return KeyFigure(title, ABSENT, word("summary.no_stock"))
    return KeyFigure(title, said("carbon", figure.value), _certainty(figure, "carbon"))


def _sink(page: Page) -> KeyFigure:
    period = page.facts.main_period
    figure = page.facts.amount(page.code, "net_removals", period)
    title = word("summary.sink", period=grammar.spoken_period(period) if period else "")
    if not figure.known:
        return KeyFigure(title, ABSENT, word("summary.no_sink"))
    if page.facts.withheld(page.code, period):
        return KeyFigure(title, word("summary.withheld"), word("summary.withheld_why"))
    if page.facts.unmoved(page.code, period):
        return KeyFigure(title, said("rate", figure.value), word("summary.unmoved"))
    doubt = page.facts.doubt(page.code, period)
    doubted = (
        "" if doubt is None else word("summary.noise", noise=said("rate", doubt.noise), ratio=f"{doubt.ratio:.1f}")
    )
    # A source is printed with its sign: the word that names it stands below.
    return KeyFigure(
        title,
        said("rate", figure.value),
        sentences(word(f"direction.{figure.direction}"), _certainty(figure, "rate"), doubted),
    )


def _certainty(figure: Amount, kind: str) -> str:
    """The interval, or why there is none."""
    if figure.partial:
        return word("summary.partial", share=covered_share(figure.uncertain_share))
    if not figure.has_interval or figure.low == figure.high:
        return word("summary.no_interval")
    return word("summary.interval", range=said_range(kind, figure.low, figure.high, figure.value))


def _dual(page: Page) -> KeyFigure:
    table, lower = assessed(page), below(page)
    # A region without a target of its own is told by those of the regions inside.
    if lower and table.verdict is None:
        year = grammar.spoken_period(str(lower[0][1].year))
        return KeyFigure(word("summary.dual", year=year), *_counts(lower))
    if table.year is None:
        key = "summary.dual_none" if page.assessment is None else "summary.dual_not_here"
        return KeyFigure(word("summary.dual", year=""), word("summary.not_assessed"), word(key))
    title = word("summary.dual", year=grammar.spoken_period(str(table.year)))
    if table.verdict is None:
        return KeyFigure(title, word("summary.no_verdict"), word("dual.no_verdict"))
    if table.verdict == "withheld":
        return KeyFigure(title, word("summary.no_verdict"), word(f"summary.dual_{table.why('verdict')}"))
    return KeyFigure(title, word(f"verdict.{table.verdict}"), _reached(table))


def _counts(lower: list[tuple[Region, RegionAssessment]]) -> tuple[str, str]:
    """How many of the regions below met the target, and what became of the others."""
    found = counts(lower)
    for verdict, key in (("met", "met_all"), ("not_met", "met_none")):
        if found[verdict] == len(lower) > 1:
            return word(f"summary.{key}", all=len(lower)), ""
    met = word("summary.met_of", count=found.pop("met"), all=len(lower))
    others = (word(f"dual.count_{key}", count=count) for key, count in found.items() if count)
    return met, word("clause.separator").join(others)


def _reached(table: RegionAssessment) -> str:
    change, required = (table.percent(table.get(name).value) for name in ("change", "required_change"))
    probability = table.get("probability_met").value
    return sentences(
        word("summary.reached", change=change, required=required),
        word("summary.probability", probability=percent(probability)) if isfinite(probability) else "",
    )


def _meaning(page: Page) -> list[str]:
    facts, code = page.facts, page.code
    date, period = facts.last_stock_date, facts.main_period
    stock = _shares(page, "carbon_stock", date) if date else ""
    sink = ""
    if period is not None and facts.amount(code, "net_removals", period).known:
        doubted, still = facts.withheld(code, period), facts.unmoved(code, period)
        told = "" if still else grammar.removals_parts(facts, code, period)
        sink = word("summary.doubted") if doubted else told
    return [sentences(stock, sink), _dual_meaning(page)]


def _shares(page: Page, quantity: str, date: str) -> str:
    """Where the carbon is: the ecosystems that hold most of it."""
    total = page.facts.amount(page.code, quantity, date)
    lands = [land for land in page.facts.ecosystems(page.code, quantity, date) if land not in (ALL, NODATA)]
    parts = sorted(((page.facts.amount(page.code, quantity, date, land).value, land) for land in lands), reverse=True)[
        :MOST_LANDS
    ]
    items = [
        word("summary.part", ecosystem=grammar.in_text(land), share=share(value, total.value))
        for value, land in parts
        if isfinite(value)
    ]
    return word("summary.holds", items=joined(items)) if items and total.known else ""


def _dual_meaning(page: Page) -> str:
    """What the sink changes for dual control."""
    table = assessed(page)
    counted, emissions = table.get("sink_counted"), table.get("emissions")
    if table.why("sink_counted"):
        return word("dual.counted_withheld", headline=label("withheld.headline"))
    if not (counted.known and emissions.known and emissions.value > 0):
        return word("summary.dual_needed") if page.assessment is None else ""
    first = word(
        "summary.offset" if counted.value >= 0 else "summary.offset_source",
        value=said("emission", abs(counted.value)),
        share=percent(abs(counted.value) / emissions.value),
    )
    verdict, without = table.get("verdict").value, table.get("verdict_without_sink").value
    if not (isfinite(verdict) and isfinite(without)):
        return first
    key = "summary.same_without" if verdict == without else "summary.other_without"
    return sentences(first, word(key, verdict=word(f"verdict.{VERDICTS[without]}")))


def _assumed(page: Page) -> list[str]:
    """A line each: the parameters, the map, the rule, and what a second path found where the run was verified."""
    record = page.facts.contents.record
    return [_of_parameters(page), _of_map(record.get("project") or {}), _of_rule(page), *verified(record)]


def _of_parameters(page: Page) -> str:
    used = page.facts.contents.parameters_used
    if used.empty or "unverified" not in used:
        return ""
    doubted = int(used["unverified"].fillna(True).astype(bool).sum())
    return word("summary.parameters" if doubted else "summary.parameters_read", count=doubted, all=len(used))


def _of_map(project: Mapping[str, object]) -> str:
    if not project.get("land_cover"):
        return ""
    return word("summary.map_assessed" if project.get("accuracy") else "summary.map")


def _of_rule(page: Page) -> str:
    table = page.assessment
    rules = table.loc[table["basis"] == "assumed", "quantity"].nunique() if table is not None else 0
    if rules:
        return word("summary.rules", count=int(rules))
    coverage = page.facts.coverage(page.code)
    return word("summary.coverage", coverage=percent(coverage)) if isfinite(coverage) else ""


def _warnings(page: Page) -> list[str]:
    """Failed checks and warnings by kind, one short line for each; the project's own caveats before them."""
    found = [str(text) for text in page.facts.contents.record.get("caveats", [])]
    checks = own_checks(page)
    serious = checks[checks["status"].isin(("failed", "warning"))]
    kinds = [_warning(page, rows) for _, rows in serious.groupby("check", sort=False)]
    found += kinds[:MOST_WARNINGS]
    if len(kinds) > MOST_WARNINGS:
        found.append(word("summary.more", count=len(kinds) - MOST_WARNINGS))
    elif kinds:
        found.append(word("summary.all"))
    return found or [word("checks.none")]


def _warning(page: Page, rows: pd.DataFrame) -> str:
    check, count = str(rows["check"].iloc[0]), len(rows)
    failed = bool((rows["status"] == "failed").any())
    first = rows.iloc[0]
    # A check that nobody has given a short form says what it says in full.
    text = known_word(f"brief.{check}") or word("caveat.leading", where=first["where"], detail=first["detail"])
    text = text[:1].upper() + text[1:]
    many = word("summary.many", count=count) if count > 1 else ""
    return (word("summary.failed") if failed else "") + text + many
