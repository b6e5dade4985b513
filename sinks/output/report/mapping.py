"""Maps of a report: the regions below, or, where there are none, the place of this region among its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, nan
from textwrap import fill

from matplotlib.figure import Figure

from sinks.output.figures import MapText, region_map
from sinks.output.report import grammar
from sinks.output.report.blocks import Block
from sinks.output.report.facts import Region
from sinks.output.report.page import Page
from sinks.output.report.words import in_print, printed, rounded, word
from sinks.results.shown_tables import ordered_ecosystems

_DECIMALS = 2
"""Decimals of a density on a map."""

_LINE = 12
"""Characters after which a name of several words goes on in the next line."""


def density_map(page: Page, quantity: str, period: str, key: str) -> tuple[Block, ...]:
    """A quantity per hectare, coloured by region, each region labelled with what its colour stands for.

    A total grows with a region's size, so that a coloured total would only show which regions are large.
    """
    shown = page.children or page.facts.peers(page.code)
    if not page.wanted(key) or page.facts.contents.regions.frame.empty:
        return ()
    exact = {region.code: _density(page, region, quantity, period) for region in shown}
    decimals = _decimals(page, exact, quantity, period)
    densities = {code: _as_printed(density, decimals) for code, density in exact.items()}
    caption = _caption(page, key, period)
    geometry = page.facts.geometry
    own = None if page.children else geometry[geometry["code"] == page.code]
    neighbours = {peer.code for peer in page.facts.peers(page.code)} - {*densities, page.code}

    def draw() -> Figure:
        return region_map(
            geometry[geometry["code"].isin(densities)],
            densities,
            _text(page, quantity),
            signed=quantity == "net_removals",
            names={
                region.code: _label(page, region, quantity, period, densities[region.code], decimals)
                for region in shown
            },
            frame=own,
            around=geometry[geometry["code"].isin(neighbours)],
        )

    return page.drawn(key, caption, draw)


def in_order(lands: list[str]) -> list[str]:
    """Ecosystems in the order of the vocabulary."""
    return [land for land in ordered_ecosystems(lands) if land in set(lands)]


def _caption(page: Page, key: str, period: str) -> str:
    where = page.region.name if page.children else word("caption.among_peers", region=page.region.name)
    return word(f"caption.{key}", region=where, period=grammar.spoken_period(period))


def _density(page: Page, region: Region, quantity: str, period: str) -> float:
    """Amount over the region's area at the end of the period; none where the sink may be noise of the maps."""
    if quantity == "net_removals" and page.facts.withheld(region.code, period):
        return nan
    figure = page.facts.amount(region.code, quantity, period)
    dates = page.facts.dates("area")
    end = period.rpartition("-")[2]
    area = page.facts.amount(region.code, "area", end if end in dates else (dates[-1] if dates else None)).exact
    return figure.exact / area if figure.known and isfinite(area) and area > 0 else nan


def _decimals(page: Page, densities: Mapping[str, float], quantity: str, period: str) -> int:
    """Two, or three where a region whose total is printed as a sink or a source would have a density of zero."""
    for code, density in densities.items():
        total = page.facts.amount(code, quantity, period).value
        if isfinite(density) and rounded(in_print(total)) and not rounded(density, _DECIMALS):
            return _DECIMALS + 1
    return _DECIMALS


def _as_printed(density: float, decimals: int) -> float:
    """What prints as zero is coloured as zero, and is no source."""
    return density if not isfinite(density) or rounded(density, decimals) else 0.0


def _label(page: Page, region: Region, quantity: str, period: str, density: float, decimals: int) -> str:
    name = fill(region.name, _LINE, break_long_words=False)
    if quantity == "net_removals" and page.facts.withheld(region.code, period):
        return f"{name}\n{word('map.withheld')}"
    return f"{name}\n{printed(density, decimals)}" if isfinite(density) else name


def _text(page: Page, quantity: str) -> MapText:
    record = page.facts.contents.record
    source = page.boundary_source
    approval = word("map.approval", number=page.approval) if page.approval else word("map.internal")
    footer = [approval + (word("map.source", source=source) if source else "")]
    if record.get("demonstration"):
        footer.append(word("caveat.demonstration"))
    return MapText(
        scale=word(f"map.scale.{quantity}"),
        missing=word("map.missing"),
        negative=word("map.negative"),
        kilometres="km",
        north=word("map.north"),
        footer=tuple(footer),
    )
