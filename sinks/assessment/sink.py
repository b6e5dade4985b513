"""The sink of each region and year as the account has it, central value and draws together.

Arrays have the shape (regions, 1 + n): column 0 is the central value and the others are draws, so that every equation
is written, and evaluated, once for both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.amounts import no_point
from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem, Problems
from sinks.parameters.draws import Z95
from sinks.project.rules import Rule
from sinks.uncertainty.draws import Draws, Floats, interval
from sinks.vocabulary import ALL


@dataclass(frozen=True)
class Sink:
    """Sink within the rule's scope by account period.

    Attributes
    ----------
    values : mapping of period to array (regions, 1 + n)
        [t CO2/yr]; column 0 is the central value.  Where too little of it has a stated uncertainty for an interval
        every draw is the central value, and nothing may be said of probability.
    low : mapping of period to array (regions,)
        Lower end of the 95 % interval [t CO2/yr]; NaN where the account has no interval.
    covered : mapping of period to array of bool (regions,)
        Whether draws say something of probability.
    notes : tuple of Problem
        How the draws came about, for the reader.
    """

    values: Mapping[str, Floats]
    low: Mapping[str, Floats]
    covered: Mapping[str, NDArray[np.bool_]]
    notes: tuple[Problem, ...]


def period_of(year: int, rule: Rule, periods: Sequence[str]) -> str | None:
    """The account period that gives the sink of a year: the declared one, else the shortest that the year lies in.

    A period 2020-2023 gives the mean sink of the years 2021, 2022 and 2023.
    """
    if rule.periods is not None and year in rule.periods.value:
        return rule.periods.value[year]
    if year == rule.base_year and rule.base_period is not None:
        return rule.base_period.value
    spans = [(int(last) - int(first), f"{first}-{last}") for first, last in map(_ends, periods) if first < last]
    inside = [(length, name) for length, name in spans if int(name[:4]) < year <= int(name[5:])]
    if inside:
        return min(inside)[1]
    return str(year) if str(year) in periods else None


def _ends(period: str) -> tuple[str, str]:
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", period)
    if found is None:
        raise AssessmentError(Problem("assessment.period", "account", {"period": period}))
    return found[1], found[2] or found[1]


def sink_of(
    account: pd.DataFrame,
    codes: Sequence[str],
    periods: Sequence[str],
    rule: Rule,
    draws: Mapping[str, Floats] | None = None,
    *,
    n: int = 10_000,
    seed: int = 0,
) -> Sink:
    """The sink within the rule's scope.

    Parameters
    ----------
    account : DataFrame
        The account table.
    codes : sequence of str
        Regions, in the order of the result.
    periods : sequence of str
        Account periods.
    rule : Rule
        Gives the ecosystems and pools that count.
    draws : mapping of period to array (n, regions), optional
        Draws of the sink within the scope, from the account's own Monte Carlo run. Without them a normal distribution
        with the account's interval stands in, the same draw for all regions, for they share their parameters.
    n, seed : int
        Number and seed of the draws of the approximation.

    Raises
    ------
    AssessmentError
        A period, an ecosystem or a pool of the rule is not in the account, or a region whose sink is not known.
    """
    rows = account[(account["quantity"] == "net_removals") & (account["stratum"] == ALL)]
    _check(rows, codes, periods, rule)
    values: dict[str, Floats] = {}
    lows: dict[str, Floats] = {}
    covered: dict[str, NDArray[np.bool_]] = {}
    notes: list[Problem] = []
    for period in periods:
        unknown = _unknown(rows[rows["period"] == period], codes, rule)
        if unknown:
            notes.append(Problem("assessment.note_unknown", period, {"land": [" ".join(one) for one in unknown]}))
        central, low, high, whole = _scope(rows[rows["period"] == period], codes, rule)
        without = np.isnan(low)
        if draws is not None:
            # The account's own draws stand for themselves but where it says that they leave out too much.
            without &= _says_partial(rows[rows["period"] == period], codes, rule)
            drawn = np.where(without[:, None], central[:, None], _given(draws, period, codes))
            notes.append(Problem("assessment.note_draws", period, {"n": drawn.shape[1]}))
            notes += _without_interval(without, codes, period)
            low, _ = no_point(*interval(drawn))
            # A sink of zero without an interval means that the region has none of this land: the interval is 0 to 0.
            low = np.where((central == 0) & np.isnan(low), 0.0, low)
        else:
            drawn = _approximate(central, low, high, n, seed, period)
            notes += _notes(without, codes, period, whole)
        values[period] = np.column_stack((central, drawn))
        lows[period], covered[period] = low, ~without
    return Sink(values, lows, covered, tuple(notes))


def _check(rows: pd.DataFrame, codes: Sequence[str], periods: Sequence[str], rule: Rule) -> None:
    problems = Problems()
    there = set(rows["period"])
    for period in dict.fromkeys(periods):
        if period not in there:
            problems.add("assessment.no_period", "account", period=period, found=sorted(there))
            continue
        here = rows[rows["period"] == period]
        counted = _counted(here, rule)
        # A region without any of the counted land has a sink of zero.  One whose land could not be
        # estimated has an unknown sink, which is a problem.
        blind = set(counted["region_code"]) - set(counted.loc[counted["value"].notna(), "region_code"])
        missing = [code for code in codes if code in blind or code not in set(here["region_code"])]
        if missing:
            problems.add("assessment.no_sink", "account", period=period, regions=missing)
    for column, wanted in (("ecosystem", rule.ecosystems.value), ("pool", rule.pools.value)):
        if ALL in wanted and len(wanted) > 1:
            problems.add("assessment.scope_overlap", f"rule.{column}s", names=wanted)
        for name in wanted:
            if name not in set(rows[column]):
                problems.add("assessment.not_accounted", "account", name=name, found=sorted(set(rows[column]) - {ALL}))
    problems.raise_as(AssessmentError)


def _counted(rows: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Sums of single ecosystems within the rule's scope, each over the pools that the rule names."""
    lands = rule.ecosystems.value
    land = rows["ecosystem"] != ALL if ALL in lands else rows["ecosystem"].isin(lands)
    return rows[land & rows["pool"].isin(rule.pools.value)]


def _unknown(rows: pd.DataFrame, codes: Sequence[str], rule: Rule) -> list[tuple[str, str]]:
    """Regions and ecosystems that count and of which nothing could be estimated."""
    counted = _counted(rows[rows["region_code"].isin(set(codes))], rule)
    estimated = counted.groupby(["region_code", "ecosystem"])["value"].count()
    return [(str(code), str(land)) for code, land in estimated.index[estimated == 0]]


def _scope(rows: pd.DataFrame, codes: Sequence[str], rule: Rule) -> tuple[Floats, Floats, Floats, bool]:
    """Central value, low and high of what counts, and whether the interval is the account's own.

    When everything that the account has counts, its total has an interval of its own. Otherwise half widths are added,
    as if all parts erred together: the widest interval the parts allow.
    """
    chosen, whole = _chosen(rows, rule)
    by_region = chosen.assign(down=chosen["value"] - chosen["low"], up=chosen["high"] - chosen["value"])
    total = by_region.groupby("region_code")[["value", "down", "up"]].sum(min_count=1)
    # The width of a sum is not known where that of a part is not: it would be too narrow.
    bare = by_region[by_region["down"].isna() & (by_region["value"].fillna(0.0) != 0)]
    total.loc[total.index.isin(bare["region_code"]), ["down", "up"]] = np.nan
    total = total.reindex(list(codes))
    central, down, up = (total[name].to_numpy(np.float64) for name in ("value", "down", "up"))
    # No row means that the region has none of this land: a sink of zero, which is certain.
    central = np.nan_to_num(central)
    down, up = (np.where((central == 0) & np.isnan(part), 0.0, part) for part in (down, up))
    single = len(set(zip(chosen["ecosystem"], chosen["pool"], strict=True))) == 1
    return central, central - down, central + up, whole or single


def _says_partial(rows: pd.DataFrame, codes: Sequence[str], rule: Rule) -> NDArray[np.bool_]:
    """Regions, of which a part of what counts has no interval since its uncertainty is stated in part only."""
    if "uncertain_share" not in rows:
        return np.zeros(len(codes), dtype=bool)
    chosen, _ = _chosen(rows, rule)
    partial = chosen["low"].isna() & (chosen["value"].fillna(0.0) != 0) & (chosen["uncertain_share"] < 1)
    return np.isin(list(codes), chosen.loc[partial, "region_code"].to_numpy(dtype=object))


def _chosen(rows: pd.DataFrame, rule: Rule) -> tuple[pd.DataFrame, bool]:
    """Rows that make up what counts, and whether they are the account's total, which has an interval of its own."""
    pools, lands = rule.pools.value, rule.ecosystems.value
    whole = ALL in pools and set(rows["ecosystem"]) - {ALL} <= set(lands)
    if whole:
        return rows[(rows["ecosystem"] == ALL) & (rows["pool"] == ALL)], True
    return rows[rows["ecosystem"].isin(lands) & rows["pool"].isin(pools)], False


def _given(draws: Mapping[str, Floats], period: str, codes: Sequence[str]) -> Floats:
    if period not in draws:
        raise AssessmentError(Problem("assessment.no_draws", "draws", {"period": period, "found": sorted(draws)}))
    drawn = np.asarray(draws[period], dtype=float)
    if drawn.ndim != 2 or drawn.shape[1] != len(codes):
        values = {"found": drawn.shape, "regions": len(codes)}
        raise AssessmentError(Problem("assessment.draws_shape", f"draws[{period}]", values))
    return drawn.T


def _approximate(central: Floats, low: Floats, high: Floats, n: int, seed: int, period: str) -> Floats:
    """Normal draws (regions, n) with the interval's width; without an interval every draw is the central value."""
    half = np.nan_to_num((high - low) / 2)
    return np.asarray(central[:, None] + half[:, None] / Z95 * _normal(n, seed, period)[None, :])


def _notes(bare: NDArray[np.bool_], codes: Sequence[str], period: str, whole: bool) -> list[Problem]:
    """How the draws of a period came about; ``bare`` are the regions without an interval."""
    notes = _without_interval(bare, codes, period)
    if not bare.all():
        notes.append(Problem("assessment.note_normal", period))
        if not whole:
            notes.append(Problem("assessment.note_sum", period))
    return notes


def _without_interval(bare: NDArray[np.bool_], codes: Sequence[str], period: str) -> list[Problem]:
    without = [code for code, none in zip(codes, bare, strict=True) if none]
    return [Problem("assessment.note_no_interval", period, {"regions": without})] if without else []


def _normal(n: int, seed: int, period: str) -> NDArray[np.float64]:
    """The ``n`` evenly spaced quantiles of a standard normal distribution, in an order of the period's own.

    Evenly spaced, they have the mean and the interval of the distribution without sampling noise; the order makes the
    draws of different periods independent.
    """
    return Draws(n, seed).generator(f"assessment:{period}").permutation(_quantiles(n))


@cache
def _quantiles(n: int) -> NDArray[np.float64]:
    inverse = NormalDist().inv_cdf
    return np.array([inverse((i + 0.5) / n) for i in range(n)])
