"""Carbon densities that follow from the class of the land alone, and the differences that a change of class makes.

A methodology that takes no layer gives the same density to all land of a class.  A sink that is the difference of two
such stocks lives on land that changes its class, and so on every error of the two maps; a sink of measured layers or
of yearly fluxes does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sinks.account.hierarchy import Hierarchy
from sinks.activity import LAND_COVER
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ecosystems, pools

if TYPE_CHECKING:
    from sinks.account.account import AccountInputs, Entry

_WHOLE = "ecosystem"
"""The pool, and its group, that holds all carbon of an ecosystem."""


def lives_on_class(entry: Entry) -> bool:
    """Whether a methodology's sink is the difference of densities that are looked up by class on the land cover."""
    densities = all(entry.method.kind(pool) == "density" for pool in entry.pools)
    looked_up = entry.method.acts_on == "state" and densities and not entry.method.inputs
    return looked_up and entry.source == LAND_COVER and entry.role == "record" and "sink" in entry.accounts_for


def groups() -> tuple[str, ...]:
    """Groups of pools that hold different carbon; the last is that of the whole ecosystem."""
    found = dict.fromkeys(pool.group for pool in pools().values())
    return (*(group for group in found if group != _WHOLE), _WHOLE)


@dataclass(frozen=True)
class ClassDensities:
    """Densities by class of the regions of a hierarchy.

    Attributes
    ----------
    density : array (regions, groups, k)
        By group of pools and ecosystem [t C/ha]; NaN where no class density is known.
    elsewhere : array (groups, k) of bool
        Carbon whose sink is known by other means than its class: it has its part of the sink elsewhere.
    """

    density: Floats
    elsewhere: NDArray[np.bool_]

    @classmethod
    def of(cls, inputs: AccountInputs, entries: Sequence[Entry], dates: Sequence[str]) -> ClassDensities:
        """Mean density of each ecosystem in each region.

        Parameters
        ----------
        inputs : AccountInputs
        entries : sequence of Entry
        dates : sequence of str
            Whose land to average: that of the first on which the region, or else the nearest region around it, has
            the ecosystem.
        """
        hierarchy, names = inputs.hierarchy, list(ecosystems())
        shape = (len(hierarchy.members), len(groups()), len(names))
        density = np.full(shape, np.nan)
        # Pools of a group add, each over the land that it is known for.
        for place, by_date in _sums(inputs, [entry for entry in entries if lives_on_class(entry)], dates):
            found = _means(hierarchy, by_date)
            kept = density[:, *place]
            density[:, *place] = np.where(np.isnan(kept), found, kept + np.nan_to_num(found))
        elsewhere = np.zeros(shape[1:], dtype=bool)
        for entry in entries:
            if entry.role == "record" and "sink" in entry.accounts_for and not lives_on_class(entry):
                for pool in entry.pools:
                    elsewhere[groups().index(pools()[pool].group), [names.index(e) for e in entry.ecosystems]] = True
        return cls(density, elsewhere)

    def differences(self, region: int) -> Floats:
        """Density of the ecosystem of the column less that of the row, shape (k, k) [t C/ha].

        Only carbon that is known of both: where one of them has no estimate of a group of pools, a change between
        them is none of that group.  What is estimated by other means counts nothing here.  NaN for pairs of which no
        class density is compared.
        """
        by_class = ~np.isnan(self.density[region])
        known = np.where(~by_class & self.elsewhere, 0.0, self.density[region])
        apart = known[:-1, None, :] - known[:-1, :, None]
        compared = ~np.isnan(apart) & (by_class[:-1, None, :] | by_class[:-1, :, None])
        found = np.where(compared.any(axis=0), np.where(compared, apart, 0.0).sum(axis=0), np.nan)
        # Where one of the two knows its carbon only as a whole, the other's is taken as a whole too.
        as_whole = ~np.isnan(known[-1])
        total = np.where(np.isnan(known).all(axis=0), np.nan, np.nansum(known, axis=0))
        any_class = by_class.any(axis=0)
        wholes = np.where(any_class[:, None] | any_class[None, :], total[None, :] - total[:, None], np.nan)
        return np.where(as_whole[:, None] | as_whole[None, :], wholes, found)


Sums = tuple[tuple[int, int], list[tuple[Floats, Floats]]]


def _sums(inputs: AccountInputs, entries: Sequence[Entry], dates: Sequence[str]) -> Iterator[Sums]:
    """For each pool of each ecosystem its place, and by date t C and the hectares they stand for, by unit."""
    states, names = inputs.activity.states, list(ecosystems())
    size = len(inputs.hierarchy.units)
    present = {*zip(states["source"], states["ecosystem"], strict=True)}
    with_land = [one for one in entries if any((one.source, name) in present for name in one.ecosystems)]
    for found in inputs.entry_rows(with_land):
        land = found.parts.rows["ecosystem"].to_numpy(object)
        for ecosystem in sorted(set(land)):
            for pool in found.entry.pools:
                value = found.central[pool]
                by_date = []
                for date in dates:
                    own = found.on_dates & (found.dates == date) & (land == ecosystem) & ~np.isnan(value)
                    at = np.flatnonzero(own)
                    hectares, units = found.parts.known[at], found.units[at]
                    by_date.append((_by_unit(units, value[at], size), _by_unit(units, hectares, size)))
                yield (groups().index(pools()[pool].group), names.index(ecosystem)), by_date


def _by_unit(units: NDArray[np.intp], amounts: Floats, size: int) -> Floats:
    """Amounts summed by unit, shape (size,)."""
    return np.bincount(units, amounts, size).astype(np.float64)


def _means(hierarchy: Hierarchy, by_date: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Mean density of every region; that of the nearest region around it where it has none of the land."""
    found = np.full(len(hierarchy.members), np.nan)
    around = _around(hierarchy)
    for carbon, hectares in by_date:
        total, land = hierarchy.total(carbon), hierarchy.total(hectares)
        mean = np.divide(total, land, out=np.full(len(total), np.nan), where=land > 0)
        for region in np.flatnonzero(np.isnan(found)):
            found[region] = next((mean[one] for one in around[region] if not np.isnan(mean[one])), np.nan)
    return found


def _around(hierarchy: Hierarchy) -> list[list[int]]:
    """For each region the regions that it is in, itself first and the widest last."""
    inside = [frozenset(members.tolist()) for members in hierarchy.members]
    with_unit: dict[int, list[int]] = {}
    # Regions are listed coarsest first, so that of any two that share a unit the later one is inside the other.
    for region in reversed(range(len(inside))):
        for unit in inside[region]:
            with_unit.setdefault(unit, []).append(region)
    return [[one for one in with_unit[next(iter(units))] if units <= inside[one]] for units in inside]
