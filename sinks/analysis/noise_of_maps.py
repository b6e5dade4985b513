"""Whether the sink by class densities can be told from the noise of the land-cover maps, by region and period.

The equations are those of :mod:`sinks.uncertainty.map_noise`; here they meet the transitions of an activity table, the
densities of the account's methodologies and what is known of the errors of the maps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.hierarchy import Hierarchy
from sinks.activity import LAND_COVER, Activity
from sinks.analysis.class_densities import ClassDensities, lives_on_class
from sinks.uncertainty.confusion_matrix import ConfusionMatrix
from sinks.uncertainty.draws import Floats
from sinks.uncertainty.map_accuracy import ClassAccuracy
from sinks.uncertainty.map_noise import MapNoise, map_errors, map_noise, only, spread_errors
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL, ecosystems

if TYPE_CHECKING:
    from sinks.account.account import AccountInputs, Entry

COLUMNS = (
    *("region_code", "region_name", "level", "period", "ecosystem_from", "ecosystem_to"),
    *("map_observed_share", "map_expected_share"),
    *("area_ha", "gross_ha", "net_ha", "expected_ha", "observed_share", "expected_share", "correlation"),
    *("change_t_c", "gross_t_c", "random_t_c", "drift_t_c", "noise_t_c", "signal_to_noise"),
    *("verdict", "account_t_c", "other_t_c", "withheld", "accuracy_basis", "accuracy_source"),
)
"""Columns of the table of noise, see :func:`noise_of_maps`."""

VERDICTS = ("map_worse", "not_told", "doubtful", "told", "no_carbon", "unknown")
"""What comes of a signal-to-noise ratio, the worst first."""

WITHHELD = ("map_worse", "not_told")
"""Verdicts under which a sink is no headline."""

DRIFT = 0.1
"""Relative difference of error rates between two maps of one product: those published of GlobeLand30 are 16.5 % (2010)
and 14.3 % (2020), whose relative difference over the square root of two is 0.10."""

DRIFT_OTHER_PRODUCT = 0.2
"""The same between different products or versions: twice that of one product, by judgement."""

PATCH_HA = 100.0
"""Area within which the cells of a map are wrong together, by judgement; never less than a cell."""

MOST_CHANGE = 0.02
"""Share of a region that may change its ecosystem in a year before the maps, and not the land, must be at fault."""

_TOLD = 2.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class MapKnowledge:
    """What is known of the errors of the maps of a project, and how they are taken to behave.

    Attributes
    ----------
    matrices : mapping of str to ConfusionMatrix
        By date; they go before everything else.
    accuracies : mapping of str to ClassAccuracy
        By date, where there is no matrix.
    basis : {"matrix", "stated", "published", "none"}
        Which of them holds.
    drift : float or None
        None for :data:`DRIFT`, or :data:`DRIFT_OTHER_PRODUCT` where the two dates are of different versions.
    patch_ha : float or None
        None for :data:`PATCH_HA`.
    reasons : mapping of str to str
        Where ``drift`` and ``patch_ha`` are from, where the project says it.
    """

    matrices: Mapping[str, ConfusionMatrix] = field(default_factory=dict)
    accuracies: Mapping[str, ClassAccuracy] = field(default_factory=dict)
    basis: str = "none"
    drift: float | None = None
    patch_ha: float | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

    def drift_between(self, first: str, last: str) -> float:
        """The relative difference of error rates between the maps of two dates."""
        if self.drift is not None:
            return self.drift
        versions = {self.accuracies[date].version for date in (first, last) if date in self.accuracies}
        return DRIFT_OTHER_PRODUCT if len(versions) > 1 else DRIFT

    def patch_of(self, mapped: Activity) -> float:
        """Area [ha] within which cells are wrong together; at least a cell: that of all regions over their cells."""
        units = mapped.units[mapped.units["cells"] > 0]
        cell = float(units["area_ha"].sum() / units["cells"].sum()) if len(units) else 0.0
        return max(PATCH_HA if self.patch_ha is None else self.patch_ha, cell)

    def source(self, first: str, last: str) -> str:
        """Documents of the accuracies of two dates; empty for matrices, which are the project's own."""
        found = (self.accuracies[date].source for date in (first, last) if date in self.accuracies)
        return "; ".join(dict.fromkeys(found))

    def shares(self, dates: tuple[str, str], transitions: Floats, mapped: Floats) -> list[Floats] | None:
        """Share of each true class in each class of the map at two dates, each (k, k); None where nothing is known.

        A date of which nothing is known is taken to err as the other one does.
        """
        if self.matrices:
            given = [self.matrices[date] for date in dates if date in self.matrices]
            return [_on_classes(given[0], given[-1]), _on_classes(given[-1], given[0])] if given else None
        known = [self.accuracies[date] for date in dates if date in self.accuracies]
        if not known:
            return None
        names = list(ecosystems())
        return [spread_errors(one.of(names), transitions, mapped) for one in (known[0], known[-1])]


def _on_classes(matrix: ConfusionMatrix, other: ConfusionMatrix) -> Floats:
    """Shares of a matrix for every ecosystem; a class without a sample errs as in the matrix of the other date."""
    names = list(ecosystems())
    found = np.eye(len(names))
    for one in (other, matrix):
        places = [names.index(name) for name in one.classes]
        found[places] = 0.0
        found[np.ix_(places, places)] = one.shares
    return found


def noise_of_maps(
    inputs: AccountInputs, mapped: Activity, entries: Sequence[Entry], account: pd.DataFrame, knowledge: MapKnowledge
) -> pd.DataFrame:
    """Change of carbon by class densities beside what errors of the maps would show, for every region and period.

    Parameters
    ----------
    inputs : AccountInputs
        What the account is made from.
    mapped : Activity
        Areas as the maps have them.
    entries : sequence of Entry
        The methodologies; only sinks that live on the class of the land are looked at.
    account : DataFrame
        The account, for the sinks that do not.
    knowledge : MapKnowledge

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; a row for all land of each region and period (``all`` in both ecosystems), and one for each
        pair of ecosystems taken both ways.  Areas [ha] are of land whose carbon is known at both dates: ``gross_ha``
        changed, ``net_ha`` of it remains (of a pair: the surplus from the first to the second), ``expected_ha`` is
        the change that errors alone make.  ``observed_share`` and ``expected_share`` are G and G0 of
        :mod:`sinks.uncertainty.map_noise`, those with ``map_`` before them of all land of the map.  Carbon [t C] is
        over the whole period; ``account_t_c`` is what the account has of the same sinks, ``other_t_c`` of those that
        do not live on the class.  ``withheld`` where the sink of the region is no headline.  Empty where nothing
        lives on the class of the land, or the land is known at one date only.
    """
    mapped_twice = (mapped.changes["source"] == LAND_COVER).any()
    if not any(lives_on_class(entry) for entry in entries) or not mapped_twice:
        return pd.DataFrame(columns=list(COLUMNS))
    sinks = _sinks(account, entries, (ALL,), (ALL,))
    rows = [
        row
        for dates in inputs.periods
        for region, found in _by_region(inputs, mapped, entries, knowledge, dates)
        for row in _lines(inputs.hierarchy.regions.iloc[region], found, knowledge, dates, sinks)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True)
class _Found:
    """The noise of one region: its ecosystems, and whether the errors are known."""

    kept: NDArray[np.intp]
    noise: MapNoise
    known: bool
    map_observed_share: float
    map_expected_share: float


def _by_region(
    inputs: AccountInputs,
    mapped: Activity,
    entries: Sequence[Entry],
    knowledge: MapKnowledge,
    dates: tuple[str, str],
) -> Iterator[tuple[int, _Found]]:
    densities = ClassDensities.of(inputs, entries, dates)
    patch = knowledge.patch_of(mapped)
    for region, whole in enumerate(_transitions(mapped, inputs.hierarchy, dates)):
        difference = densities.differences(region)
        # Classes without density leave before everything else: as zeros they would make signal and noise.
        apart = ~np.isnan(difference) & ~np.eye(len(whole), dtype=bool)
        kept = np.flatnonzero(apart.any(axis=1))
        land = whole[np.ix_(kept, kept)]
        if land.sum() <= 0:
            continue
        of_all = (whole.sum(axis=0) + whole.sum(axis=1)) / 2
        shares = knowledge.shares(dates, whole, of_all)
        areas = (land.sum(axis=0) + land.sum(axis=1)) / 2
        first, last = [np.eye(len(kept))] * 2 if shares is None else [only(one, kept) for one in shares]
        step = np.nan_to_num(difference[np.ix_(kept, kept)])
        noise = map_noise(land, step, map_errors(areas, first, last), knowledge.drift_between(*dates), patch)
        # Whether the map is as good as it is said to be shows on all its land, not only on that whose carbon is known.
        false = np.nan if shares is None else map_errors(of_all, *shares).false_gross.sum() / of_all.sum()
        yield region, _Found(kept, noise, shares is not None, 1 - np.trace(whole) / whole.sum(), float(false))


def _transitions(mapped: Activity, hierarchy: Hierarchy, dates: tuple[str, str]) -> Floats:
    """Land by ecosystem at both dates in every region, unchanged land included, shape (regions, k, k) [ha]."""
    numbers = {name: number for number, name in enumerate(ecosystems())}
    rows = mapped.changes[mapped.changes["source"] == LAND_COVER]
    rows = rows[(rows["date_from"] == dates[0]) & (rows["date_to"] == dates[1])]
    before, after = (rows[f"ecosystem_{end}"].map(numbers) for end in ("from", "to"))
    seen = (before.notna() & after.notna()).to_numpy()
    by_unit = np.zeros((len(hierarchy.units), len(numbers), len(numbers)))
    at = (hierarchy.numbers(rows["region_code"])[seen], before[seen].to_numpy(int), after[seen].to_numpy(int))
    np.add.at(by_unit, at, rows["area_ha"].to_numpy(float)[seen])
    return hierarchy.total(by_unit)


def _sinks(
    account: pd.DataFrame, entries: Sequence[Entry], lands: Collection[str], counted: Collection[str]
) -> pd.DataFrame:
    """Net removals [t CO2/yr] by region and period: those that live on the class of the land, and the others.

    Of the ecosystems and pools that are named, ``all`` for every one.
    """
    own = pd.DataFrame(
        [
            (entry.method.id, ecosystem, pool)
            for entry in entries
            if lives_on_class(entry)
            for ecosystem in entry.ecosystems
            for pool in entry.pools
        ],
        columns=["methodology", "ecosystem", "pool"],
    ).drop_duplicates()
    leaves = account[(account["quantity"] == "net_removals") & (account["stratum"] != ALL)]
    leaves = leaves[(leaves["ecosystem"] != ALL) & (leaves["pool"] != ALL)]
    for column, names in (("ecosystem", lands), ("pool", counted)):
        leaves = leaves if ALL in names else leaves[leaves[column].isin(names)]
    marked = leaves.merge(own, how="left", on=list(own.columns), indicator="whose")
    marked["whose"] = np.where(marked["whose"] == "both", "account", "other")
    found = marked.pivot_table(index=["region_code", "period"], columns="whose", values="value", aggfunc="sum")
    return found.reindex(columns=["account", "other"]).fillna(0.0)


def _lines(
    place: pd.Series[Any],
    found: _Found,
    knowledge: MapKnowledge,
    dates: tuple[str, str],
    sinks: pd.DataFrame,
) -> Iterator[dict[str, Any]]:
    """The line of all land and those of pairs of ecosystems."""
    period, years = f"{dates[0]}-{dates[1]}", int(dates[1]) - int(dates[0])
    common = {
        "region_code": place["code"],
        "region_name": place["name"],
        "level": place["level"],
        "period": period,
        "area_ha": found.noise.area,
        "withheld": False,
        "accuracy_basis": knowledge.basis if found.known else "none",
        "accuracy_source": knowledge.source(*dates) if found.known else "",
    }
    line = common | _whole(found)
    line["verdict"] = _verdict(line, years)
    for whose, rate in sinks.loc[(place["code"], period)].items() if (place["code"], period) in sinks.index else ():
        line[f"{whose}_t_c"] = rate / CO2_PER_C * years
    yield line | {"withheld": _no_headline(line)}
    for pair in _pairs(found):
        yield common | pair | {"verdict": _by_ratio(pair)}


def _whole(found: _Found) -> dict[str, Any]:
    noise = found.noise
    change, most, random, drift, total = noise.total
    line = {
        "ecosystem_from": ALL,
        "ecosystem_to": ALL,
        "gross_ha": noise.gross.sum(),
        "net_ha": np.abs(noise.gross.sum(axis=0) - noise.gross.sum(axis=1)).sum() / 2,
        "map_observed_share": found.map_observed_share,
        "map_expected_share": found.map_expected_share,
        "observed_share": noise.observed_share,
        "change_t_c": change,
        "gross_t_c": most,
    }
    if found.known:
        line |= {"expected_ha": noise.false.sum(), "expected_share": noise.expected_share}
        line |= {"correlation": 1 - noise.independent, "random_t_c": random, "drift_t_c": drift, "noise_t_c": total}
        line |= {"signal_to_noise": _ratio(change, total)}
    return line


def _pairs(found: _Found) -> Iterator[dict[str, Any]]:
    """What goes both ways between two ecosystems, where anything does or is expected to."""
    noise, names, pair_noise = found.noise, list(ecosystems()), found.noise.pair_noise
    for j, k in zip(*np.triu_indices(len(found.kept), 1), strict=True):
        gross, false = noise.gross[j, k] + noise.gross[k, j], noise.false[j, k] + noise.false[k, j]
        if gross == 0 and false == 0:
            continue
        pair = {
            "ecosystem_from": names[found.kept[j]],
            "ecosystem_to": names[found.kept[k]],
            "gross_ha": gross,
            "net_ha": noise.gross[j, k] - noise.gross[k, j],
            "change_t_c": noise.change[j, k],
            "gross_t_c": noise.most[j, k],
        }
        if found.known:
            pair |= {"expected_ha": false, "random_t_c": noise.random[j, k], "drift_t_c": noise.drift[j, k]}
            pair |= {"noise_t_c": pair_noise[j, k], "signal_to_noise": _ratio(noise.change[j, k], pair_noise[j, k])}
        yield pair


def _ratio(change: float, noise: float) -> float:
    if noise == 0:
        return float("nan") if change == 0 else float("inf")
    return abs(change) / noise


def _verdict(line: Mapping[str, Any], years: int) -> str:
    """Of all land together: a map that shows more change than land makes, or its errors at all, is not believed.

    A confusion matrix is of this map, so that change beyond its errors is change; a published accuracy is of the
    whole product, so that change beyond its errors may well be a map that is worse here.
    """
    beyond = line["accuracy_basis"] != "matrix" and line["map_expected_share"] < line["map_observed_share"]
    if beyond or line["map_observed_share"] / years > MOST_CHANGE:
        return "map_worse"
    return _by_ratio(line)


def _by_ratio(line: Mapping[str, Any]) -> str:
    if line["gross_t_c"] == 0:
        return "no_carbon"
    if "signal_to_noise" not in line:
        return "unknown"
    # Where all change goes one way and all of it may be noise the ratio is 1, but for the rounding of its sums.
    ratio = line["signal_to_noise"] + _ROUNDING
    return "not_told" if ratio < 1 else "doubtful" if ratio < _TOLD else "told"


def _no_headline(line: Mapping[str, Any]) -> bool:
    """Whether the sink of a region may be the noise of its maps.

    It may not where other sinks are more than the noise, and no class change takes the whole below it.
    """
    if line["verdict"] not in WITHHELD:
        return False
    noise = line["gross_t_c"] if line["verdict"] == "map_worse" else line["noise_t_c"]
    other = line.get("other_t_c", 0.0)
    return bool(min(abs(other), abs(other + line.get("account_t_c", 0.0))) <= noise)


def withheld(noise: pd.DataFrame) -> frozenset[tuple[str, str]]:
    """Regions and periods whose sink is no headline: it cannot be told from the noise of the maps.

    Parameters
    ----------
    noise : DataFrame
        From :func:`noise_of_maps`.

    Returns
    -------
    frozenset of (region_code, period)
    """
    rows = noise[noise["withheld"].astype(bool)]
    return frozenset(zip(rows["region_code"].astype(str), rows["period"].astype(str), strict=True))


def withheld_of(
    noise: pd.DataFrame,
    account: pd.DataFrame,
    entries: Sequence[Entry],
    lands: Collection[str],
    counted: Collection[str],
) -> frozenset[tuple[str, str]]:
    """:func:`withheld` for a part of the sink: what some ecosystems and pools have, beside the noise of all land.

    Parameters
    ----------
    noise, account, entries
        See :func:`noise_of_maps`.
    lands, counted : collection of str
        Ecosystems and pools; ``all`` for every one.

    Returns
    -------
    frozenset of (region_code, period)
        Nothing where no part of the sink lives on the class of the land.
    """
    if noise.empty:
        return frozenset()
    sinks = _sinks(account, entries, lands, counted)
    rates = dict(zip(sinks.index, sinks.to_numpy().tolist(), strict=True))
    found = set()
    for line in noise[noise["ecosystem_from"] == ALL].to_dict("records"):
        place = str(line["region_code"]), str(line["period"])
        own, other = (rate / CO2_PER_C * _years(place[1]) for rate in rates.get(place, (0.0, 0.0)))
        parts = {str(name): value for name, value in line.items()} | {"account_t_c": own, "other_t_c": other}
        if own and _no_headline(parts):
            found.add(place)
    return frozenset(found)


def _years(period: str) -> int:
    first, last = period.split("-")
    return int(last) - int(first)
