"""Sentences that agree with their numbers: signs, intervals, order and rank.

A source is never called a sink, an interval across zero never decides between them, and what prints as zero is neither.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from sinks.output.report.facts import Amount, Direction, Facts
from sinks.output.report.words import (
    in_print,
    joined,
    ordinal,
    percent,
    rounded,
    said,
    said_range,
    sentences,
    share,
    word,
    words,
)
from sinks.results.labels import label, term
from sinks.results.level_names import level_by_names
from sinks.results.partial_intervals import covered_share
from sinks.text import language
from sinks.vocabulary import ALL, NODATA

MOST_REGIONS = 3
"""Regions that a sentence names."""

MOST_LISTED = 5
"""Items that a sentence lists; the table has all of them."""


def interval(figure: Amount, kind: str, *, flipped: bool = False) -> str:
    """The bracketed 95 % interval, or what is missing for one; nothing when there is none or it has no width."""
    if figure.partial:
        return word("interval.partial", share=covered_share(figure.uncertain_share))
    if not figure.has_interval or figure.low == figure.high:
        return ""
    low, high = (-figure.high, -figure.low) if flipped else (figure.low, figure.high)
    return word("interval", range=said_range(kind, low, high, figure.value))


def stock(facts: Facts, code: str, date: str) -> str:
    """How much carbon there is, and in which ecosystems."""
    total = facts.amount(code, "carbon_stock", date)
    if not total.known:
        return ""
    text = word("stock.total", date=date, value=said("carbon", total.value), interval=interval(total, "carbon"))
    parts = _largest(facts, code, "carbon_stock", date)
    listed = ""
    if parts:
        listed = joined(
            word(
                "stock.part",
                ecosystem=in_text(land),
                value=said("carbon", figure.value),
                share=share(figure.value, total.value),
            )
            for land, figure in parts
        )
    return sentences(text, word("stock.parts", parts=listed) if listed else "")


def stock_change(facts: Facts, code: str) -> str:
    """How the stock moved on land whose carbon is known at both dates, and what of the land is not in that."""
    dates = facts.dates("carbon_stock")
    if len(dates) < 2:
        return ""
    period = f"{dates[0]}-{dates[-1]}"
    change = facts.amount(code, "stock_change", period)
    if not change.known:
        return ""
    text = word(
        f"stock_change.{_way(change.value)}",
        first=dates[0],
        last=dates[-1],
        value=said("carbon", abs(change.value)),
        interval=interval(change, "carbon", flipped=change.value < 0),
        unsure=word("stock_change.unsure") if change.direction.endswith("_unsure") else "",
    )
    land = word("stock_change.land", area=said("area", change.area_ha), coverage=percent(change.coverage))
    apart = [(name, facts.amount(code, name, period)) for name in ("newly_known", "no_longer_known", "not_estimated")]
    others = (
        word(f"stock_change.{name}", area=said("area", figure.area_ha), value=said("carbon", figure.value))
        for name, figure in apart
        if figure.known
    )
    return sentences(text, land, *others)


def removals(figure: Amount, period: str, subject: str, *, withheld: bool = False) -> str:
    """Whether ``subject`` is a sink or a source, and how strong; no number where it may be noise of the maps."""
    direction = figure.direction
    if direction == "unknown":
        return ""
    if withheld:
        headline = label("withheld.headline")
        return word("removals.withheld", subject=subject, period=spoken_period(period), headline=headline)
    key = "unsure" if direction.endswith("_unsure") else direction
    return word(
        f"removals.{key}",
        subject=subject,
        period=spoken_period(period),
        value=said("uptake", figure.value if key == "unsure" else abs(figure.value)),
        range=said_range("uptake", figure.low, figure.high, figure.value),
        interval=interval(figure, "uptake", flipped=direction == "source"),
    )


def removals_of(facts: Facts, code: str, period: str, subject: str) -> str:
    """:func:`removals` of a region: no number where it may be noise, no balance where nothing that counts changed."""
    if facts.unmoved(code, period):
        return word("removals.unmoved", subject=subject, period=spoken_period(period))
    figure, doubt = facts.amount(code, "net_removals", period), facts.doubt(code, period)
    text = removals(figure, period, subject, withheld=facts.withheld(code, period))
    if doubt is None:
        return text
    return sentences(text, word("removals.noise", noise=said("uptake", doubt.noise), ratio=f"{doubt.ratio:.1f}"))


def removals_parts(facts: Facts, code: str, period: str) -> str:
    """Which ecosystems are sinks, which are sources, which cannot be told, which are neither."""
    groups: dict[str, list[str]] = {"sink": [], "source": [], "unsure": [], "balanced": []}
    for land, figure in _ordered(facts, code, "net_removals", period):
        direction: Direction = figure.direction
        key = "unsure" if direction.endswith("_unsure") else direction
        size = said("uptake", figure.value if key == "unsure" else abs(figure.value))
        item = in_text(land) if key == "balanced" else word("removals.part", ecosystem=in_text(land), value=size)
        groups[key].append(item)
    clauses = [
        word(f"removals.parts_{key}", count=len(items), items=joined(items)) for key, items in groups.items() if items
    ]
    if not clauses:
        return ""
    return word("removals.parts", clauses=word("clause.separator").join(clauses))


def ranks(facts: Facts, code: str) -> str:
    """Places of stock and sink among the regions of the same level; a source is ranked among sources."""
    found: list[str] = []
    date, period = facts.last_stock_date, facts.main_period
    level = facts.regions[code].level
    if date is not None and (place := facts.rank(code, "carbon_stock", date)):
        found.append(_rank(facts, "stock", place[0], place[1], level))
    told = period is not None and not facts.withheld(code, period)
    if told and (place := facts.rank(code, "net_removals", period)):
        direction = facts.amount(code, "net_removals", period).direction
        if direction == "sink":
            found.append(_rank(facts, "sink", place[0], place[1], level))
        elif direction == "source":
            found.append(_rank(facts, "source", place[1] - place[0] + 1, place[1], level))
    return sentences(*found)


def regions_by_sign(facts: Facts, code: str, period: str) -> str:
    """How many of the regions below are sinks and how many sources, and the strongest of each."""
    children = facts.children(code)
    figures = [(child, facts.amount(child.code, "net_removals", period)) for child in children]
    known = [(child, figure) for child, figure in figures if figure.known]
    if len(known) < 2:
        return ""
    count, level = len(figures), known[0][0].level
    unknown = count - len(known)
    doubted = [child for child, _ in known if facts.withheld(child.code, period)]
    still = [child for child, _ in known if facts.unmoved(child.code, period)]
    known = [(child, figure) for child, figure in known if child not in (*doubted, *still)]
    sinks = sorted((f for f in known if f[1].direction == "sink"), key=lambda f: -f[1].value)
    sources = sorted((f for f in known if f[1].direction == "source"), key=lambda f: f[1].value)
    unsure = [f for f in known if f[1].direction.endswith("_unsure")]
    balanced = [f for f in known if f[1].direction == "balanced"]
    said_of: dict[str, dict[str, Any]] = {}
    for key, group in (("sink", sinks), ("source", sources)):
        if group:
            region, figure = group[0]
            strongest = word("regions.strongest", region=region.name, value=said("rate", abs(figure.value)))
            said_of[key] = {"count": len(group), "strongest": strongest}
    bare = {"unsure": len(unsure), "balanced": len(balanced), "unmoved": len(still), "withheld": len(doubted)}
    bare["unknown"] = unknown
    said_of |= {key: {"count": number} for key, number in bare.items() if number}
    if len(said_of) == 1:
        ((key, values),) = said_of.items()
        return word(f"regions.all_{key}", **values, level=level_name(facts, level, count))
    clauses = [word(f"regions.{key}", **values) for key, values in said_of.items()]
    head = word("regions.head", count=count, level=level_name(facts, level, count))
    return word("regions.signs", head=head, clauses=word("clause.separator").join(clauses))


def area_changes(facts: Facts, code: str, first: str, last: str) -> str:
    """Which ecosystems grew and which shrank."""
    moved: list[tuple[float, str]] = []
    for land in facts.observed_lands(code, [first, last]):
        before, after = (facts.amount(code, "area", date, land).value for date in (first, last))
        change = (after if isfinite(after) else 0.0) - (before if isfinite(before) else 0.0)
        if land != NODATA and rounded(in_print(change)) != 0:
            moved.append((change, land))
    if not moved:
        return word("area.unchanged", first=first, last=last)
    clauses = []
    grew = sorted((item for item in moved if item[0] > 0), reverse=True)
    shrank = sorted(item for item in moved if item[0] < 0)
    for key, side in (("grew", grew), ("shrank", shrank)):
        if side:
            items = (word("area.part", ecosystem=in_text(land), value=said("area", abs(size))) for size, land in side)
            clauses.append(word(f"area.{key}", items=joined(items)))
    return word("area.changed", first=first, last=last, clauses=word("clause.separator").join(clauses))


def spoken_period(period: str) -> str:
    """A period as it is read: 2020—2023年."""
    first, _, last = period.partition("-")
    return word("period.span", first=first, last=last) if last else word("period.date", date=first)


def level_name(facts: Facts, level: str, count: int) -> str:
    """A level's name as its regions are called there, in the plural where English has one."""
    level = level_by_names(level, [region.given for region in facts.regions.values() if region.level == level])
    key = f"levels.{level}"
    return word(key, count=count) if key in words() else term("level", level)


def _way(change: float) -> str:
    if rounded(in_print(change)) == 0:
        return "none"
    return "up" if change > 0 else "down"


def in_text(ecosystem: str) -> str:
    """An ecosystem's name inside a sentence: English names lose their capital."""
    name = term("ecosystem", ecosystem)
    return name[:1].lower() + name[1:] if language() == "en" else name


def _ordered(facts: Facts, code: str, quantity: str, period: str) -> list[tuple[str, Amount]]:
    lands = [land for land in facts.ecosystems(code, quantity, period) if land not in (ALL, NODATA)]
    figures = [(land, facts.amount(code, quantity, period, land)) for land in lands]
    return sorted(((land, f) for land, f in figures if f.known), key=lambda item: -item[1].value)


def _largest(facts: Facts, code: str, quantity: str, period: str) -> list[tuple[str, Amount]]:
    return [(land, f) for land, f in _ordered(facts, code, quantity, period) if rounded(in_print(f.value)) != 0][
        :MOST_LISTED
    ]


def _rank(facts: Facts, what: str, place: int, count: int, level: str) -> str:
    return word(f"rank.{what}", count=count, level=level_name(facts, level, count), place=ordinal(place))


def regions_by_size(facts: Facts, code: str, quantity: str, period: str) -> str:
    """The regions below that hold most of a quantity, with their shares."""
    figures = [(child, facts.amount(child.code, quantity, period)) for child in facts.children(code)]
    known = sorted(((c, f) for c, f in figures if f.known), key=lambda item: -item[1].value)
    total = facts.amount(code, quantity, period)
    if len(known) < 2 or not total.known:
        return ""
    listed = joined(
        word(
            "regions.part",
            region=child.name,
            value=said("carbon", figure.value),
            share=share(figure.value, total.value),
        )
        for child, figure in known[:MOST_REGIONS]
    )
    return word(
        "regions.largest", count=len(figures), level=level_name(facts, known[0][0].level, len(figures)), items=listed
    )
