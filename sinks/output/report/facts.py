"""What the account says about one region, ready for sentences and tables; nothing here adds anything up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from math import isclose, isfinite, nan
from typing import Any, Literal, TypeVar

import geopandas as gpd
import pandas as pd

from sinks.account.amounts import per_year, span_of
from sinks.output.report.in_print import PrintedAccount
from sinks.output.report.words import in_print, rounded
from sinks.results.contents import RunContents
from sinks.results.leading_checks import leading_first
from sinks.results.partial_intervals import is_partial, least_share
from sinks.results.region_names import english_names, region_name
from sinks.results.shown_tables import methodology_titles, ordered_ecosystems, ordered_periods, shown_checks, units_of
from sinks.results.withheld import Doubt, doubts, unmoved, withheld
from sinks.text import language
from sinks.vocabulary import ALL, pools

T = TypeVar("T")

Direction = Literal["sink", "source", "sink_unsure", "source_unsure", "balanced", "unknown"]


@dataclass(frozen=True)
class Amount:
    """A figure of the account with its 95 % interval, in the account's units; NaN where there is none.

    ``partial`` where it has none because the uncertainty of too little of it, ``uncertain_share``, is stated.
    ``exact`` is the account's value, where ``value`` is the number that is printed, such that parts add up.
    """

    value: float = nan
    low: float = nan
    high: float = nan
    coverage: float = nan
    area_ha: float = nan
    uncertain_share: float = nan
    partial: bool = False
    exact: float = nan

    @property
    def known(self) -> bool:
        return isfinite(self.value)

    @property
    def has_interval(self) -> bool:
        return isfinite(self.low) and isfinite(self.high)

    @property
    def relative_half_width(self) -> float:
        """Half the interval's width as a share of the value's size; NaN where it cannot be said."""
        value = self.exact if isfinite(self.exact) else self.value
        if not self.has_interval or value == 0:
            return nan
        return (self.high - self.low) / 2 / abs(value)

    @property
    def direction(self) -> Direction:
        """Sink or source, as printed: what prints as zero is neither, and an interval across zero decides nothing."""
        if not self.known:
            return "unknown"
        if rounded(in_print(self.value)) == 0:
            return "balanced"
        side: Literal["sink", "source"] = "sink" if self.value > 0 else "source"
        if self.has_interval and self.low <= 0 <= self.high:
            return "sink_unsure" if side == "sink" else "source_unsure"
        return side


@dataclass(frozen=True)
class Region:
    """A region by code, name in the present language, level, and the name that the regions' table has."""

    code: str
    name: str
    level: str
    parent: str
    given: str


_NUMBERS = ("value", "low", "high", "coverage", "area_ha", "uncertain_share")


class Facts:
    """The account of a run, looked up by region, ecosystem, pool, quantity and period.

    Parameters
    ----------
    contents : RunContents
        The run.
    """

    def __init__(self, contents: RunContents) -> None:
        self.contents = contents
        self.tags_of: dict[str, frozenset[str]] = {}
        """Tags that each chapter fills, as far as one was made."""
        self.assessed: dict[tuple[int, str], Any] = {}
        """Assessments of regions, see :func:`sinks.output.report.assessed.assessed`."""
        self._once: dict[tuple[str, str], Any] = {}
        self._dates: dict[str, list[str]] = {}
        self._checks: dict[tuple[str, str], pd.DataFrame] = {}
        account = contents.account
        self._rows = account[account["stratum"] == ALL]
        keys = [self._rows[name] for name in ("region_code", "ecosystem", "pool", "quantity", "period")]
        numbers = [self._rows[name].astype(float) for name in _NUMBERS]
        least = least_share(contents.record)
        self._amounts = {
            # Areas are those of the layers: no parameter is in them whose uncertainty could be stated.
            key: Amount(
                value,
                low,
                high,
                coverage,
                area,
                share,
                key[3] != "area" and is_partial(value, low, share, least),
                value,
            )
            for key, (value, low, high, coverage, area, share) in zip(
                zip(*keys, strict=True), zip(*numbers, strict=True), strict=True
            )
        }

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What is the same for every region, made for the first of them in each language."""
        place = (name, language())
        if place not in self._once:
            self._once[place] = make()
        found: T = self._once[place]
        return found

    @property
    def regions(self) -> dict[str, Region]:
        """Regions of the account in the order of the regions' table."""
        return self.once("regions", self._named_regions)

    def _named_regions(self) -> dict[str, Region]:
        frame = self.contents.regions.frame
        there = set(self._rows["region_code"])
        # The root's parent is empty or missing, depending on the file the regions came from.
        return {
            str(code): Region(
                code=str(code),
                name=region_name(str(name), english),
                level=str(level),
                parent=str(parent) if isinstance(parent, str) else "",
                given=str(name),
            )
            for (code, name, level, parent), english in zip(
                frame[["code", "name", "level", "parent"]].itertuples(index=False), english_names(frame), strict=True
            )
            if code in there
        }

    @cached_property
    def packer(self) -> ThreadPoolExecutor:
        """Another core for what needs nothing of matplotlib; it goes with the facts, and no process inherits it."""
        return ThreadPoolExecutor(1, "figures")

    @cached_property
    def geometry(self) -> gpd.GeoDataFrame:
        """Outlines for drawing: thinned together, so that neighbours still meet."""
        frame = self.contents.regions.frame[["code", "level", "parent", "geometry"]].copy()
        west, south, east, north = frame.total_bounds
        # A tenth of a printed millimetre on a page 156 mm wide is the finest line a reader could see.
        tolerance = max(east - west, north - south) / 1560
        for _, rows in frame.groupby("level", sort=False):
            frame.loc[rows.index, "geometry"] = rows.geometry.simplify_coverage(tolerance)
        return frame

    def amount(self, region: str, quantity: str, period: str | None, ecosystem: str = ALL, pool: str = ALL) -> Amount:
        """One figure, its value as it is printed; unknown when the account has no such row."""
        found = self._amounts.get((region, ecosystem, pool, quantity, period), _UNKNOWN)
        if period is None or not found.known:
            return found
        return replace(found, value=self._printed.value(region, ecosystem, pool, quantity, period))

    @cached_property
    def _printed(self) -> PrintedAccount:
        values = {key: amount.value for key, amount in self._amounts.items()}
        return PrintedAccount(values, {code: region.parent for code, region in self.regions.items()})

    @cached_property
    def _withheld(self) -> frozenset[tuple[str, str]]:
        return withheld(self.contents)

    def withheld(self, code: str, period: str | None) -> bool:
        """Whether a region's sink cannot be told from the noise of the maps, so that it is no headline."""
        return (code, period) in self._withheld

    @cached_property
    def _unmoved(self) -> frozenset[tuple[str, str]]:
        return unmoved(self.contents)

    def unmoved(self, code: str, period: str | None) -> bool:
        """Whether a sink is zero because nothing that changed has a density before and after."""
        return (code, period) in self._unmoved

    @cached_property
    def _doubts(self) -> dict[tuple[str, str], Doubt]:
        return doubts(self.contents)

    def doubt(self, code: str, period: str | None) -> Doubt | None:
        """How much of a sink may be noise of the maps; None where the ratio is two or more, or not known."""
        return None if period is None else self._doubts.get((code, period))

    def is_sink(self, code: str, quantity: str, period: str) -> bool:
        """Whether a figure is the region's sink: net removals, or a change of stock that is the same as they."""
        if quantity != "stock_change":
            return quantity == "net_removals"
        change, sink = (self.amount(code, name, period).exact for name in ("stock_change", "net_removals"))
        return isclose(change * per_year(period), sink, rel_tol=1e-9)

    def children(self, code: str) -> list[Region]:
        """The regions right below."""
        return [region for region in self.regions.values() if region.parent == code]

    def peers(self, code: str) -> list[Region]:
        """The regions of the same level below the same parent, itself included."""
        here = self.regions[code]
        return [
            region for region in self.regions.values() if (region.level, region.parent) == (here.level, here.parent)
        ]

    def units(self, code: str) -> tuple[str, ...]:
        """The finest regions inside."""
        return units_of(self.contents.regions.frame, code)

    def dates(self, quantity: str) -> list[str]:
        """Periods of a quantity, in order."""
        if quantity not in self._dates:
            self._dates[quantity] = ordered_periods(self._rows.loc[self._rows["quantity"] == quantity, "period"])
        return self._dates[quantity]

    @cached_property
    def last_stock_date(self) -> str | None:
        dates = self.dates("carbon_stock")
        return dates[-1] if dates else None

    @cached_property
    def main_period(self) -> str | None:
        """The longest period with net removals; of equally long ones the last."""
        periods = self.dates("net_removals")
        return max(periods, key=lambda period: (span_of(period), period)) if periods else None

    @cached_property
    def _places(self) -> dict[tuple[str, str], dict[str, tuple[list[str], set[str]]]]:
        """Ecosystems and pools by region and quantity, then by period."""
        found: dict[tuple[str, str], dict[str, tuple[list[str], set[str]]]] = {}
        for region, land, pool, quantity, period in self._amounts:
            lands, there = found.setdefault((region, quantity), {}).setdefault(period, ([], set()))
            lands.append(land)
            there.add(pool)
        return found

    def ecosystems(self, code: str, quantity: str, period: str | None = None) -> list[str]:
        """Ecosystems for which the region has the quantity, without their total."""
        by_period = self._places.get((code, quantity), {})
        lands = {land for name, found in by_period.items() if period in (None, name) for land in found[0]}
        return [name for name in ordered_ecosystems(lands) if name != ALL]

    def pools(self, code: str, quantity: str, period: str | None) -> list[str]:
        """Pools for which the region has the quantity, without their total."""
        there = self._places.get((code, quantity), {}).get(str(period), ([], set[str]()))[1]
        return [name for name in pools() if name in there]

    def open_checks(self, region: str, codes: Callable[[], set[str]]) -> pd.DataFrame:
        """Open checks of the regions ``codes`` and of the run, put together once for each region and language."""
        for place in (("", language()), (region, language())):
            if place not in self._checks:
                every = self._checks.get(("", language()))
                found = open_checks(self.contents) if every is None else every
                self._checks[place] = found if every is None else every[every["region_code"].isin({"", *codes()})]
        return self._checks[region, language()]

    def rank(self, code: str, quantity: str, period: str | None) -> tuple[int, int] | None:
        """Place among the peers, the largest first, and their number; None without peers or without a figure."""
        known = {
            peer.code: figure.exact
            for peer in self.peers(code)
            if (figure := self.amount(peer.code, quantity, period)).known
        }
        if code not in known or len(known) < 2:
            return None
        return 1 + sum(value > known[code] for value in known.values()), len(known)

    def has_comparison(self, code: str) -> bool:
        """Whether methodologies beside the account say anything about the region."""
        return bool((self.contents.comparison["region_code"] == code).any())

    def coverage(self, code: str) -> float:
        """Observed share of the region's area at the last date."""
        dates = self.dates("area")
        return self.amount(code, "area", dates[-1]).coverage if dates else nan

    def observed_lands(self, code: str, dates: list[str]) -> list[str]:
        """Ecosystems with an area at any of the dates, land not observed included."""
        found = {
            land
            for land in self.ecosystems(code, "area")
            if any(self.amount(code, "area", d, land).known for d in dates)
        }
        return [name for name in ordered_ecosystems(found) if name not in (ALL,)]


_UNKNOWN = Amount()


def open_checks(contents: RunContents) -> pd.DataFrame:
    """Checks that did not simply pass in the present language, those that bear on every figure first, then failures."""
    checks = shown_checks(contents.checks, methodology_titles(contents.record), contents.regions.frame)
    order = {"failed": 0, "warning": 1, "note": 2}
    shown = checks[checks["status"].isin(order)]
    by_status = shown.assign(order=shown["status"].map(order)).sort_values("order", kind="stable")
    return leading_first(by_status.drop(columns="order"))
