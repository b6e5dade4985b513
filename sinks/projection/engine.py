"""Stands of one region and one growth, year by year: events, growth, decay, planting.

What is kept is amounts and not densities: hectares and tonnes of carbon by whole year of age.  Every process is linear
in them, so that stands of one age may be added up whatever has happened to them, and a part of a stand may burn.

Within a year the order is: planned events (harvest, fire), growth by a year of age, the flows of every year (decay),
planting.  A stand that is cut in a year therefore is one year old at its end, and one that is planted is of age zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sinks.uncertainty.draws import Floats

ATMOSPHERE = "atmosphere"
"""Where carbon goes that leaves the land and its products."""

DEAD = ("dead_wood", "litter", "soil_organic_carbon", "harvested_wood_products")
"""Pools beside the living ones that events and decay may fill."""


@dataclass(frozen=True)
class Growth:
    """Living biomass by age.

    Attributes
    ----------
    pools : tuple of str
        Living pools.
    density : array (ages, pools, 1 + n)
        Carbon at the ages 0, 1, 2, ... [t C/ha]; the central value, then draws.
    uncertain : bool
        Whether the draws say what is uncertain, so that an interval may be made of them.
    """

    pools: tuple[str, ...]
    density: Floats
    uncertain: bool


@dataclass(frozen=True)
class Matrix:
    """What an event does to the carbon of the land it strikes.

    Attributes
    ----------
    name : str
    shares : mapping of (str, str) to float
        Part of a pool (first) that moves to another or to :data:`ATMOSPHERE`; the rest stays.
    renews : bool
        Whether the stand begins anew, at age zero.
    """

    name: str
    shares: Mapping[tuple[str, str], float]
    renews: bool

    def applied(self, carbon: Floats, pools: Sequence[str]) -> tuple[Floats, Floats]:
        """Carbon after the event, and what went to the atmosphere of each age.

        Parameters
        ----------
        carbon : array (ages, pools, 1 + n)
        pools : sequence of str
            Names along the second axis.
        """
        after, released = carbon.copy(), np.zeros((carbon.shape[0], carbon.shape[2]))
        for (source, target), share in self.shares.items():
            if source not in pools or source == target:
                continue
            moved = share * carbon[:, pools.index(source)]
            after[:, pools.index(source)] -= moved
            if target == ATMOSPHERE:
                released += moved
            else:
                after[:, pools.index(target)] += moved
        return after, released


@dataclass(frozen=True)
class Planned:
    """An event of a plan.

    Attributes
    ----------
    matrix : Matrix
    years : (int, int)
        First and last year.
    ages : (int, int)
        Least and greatest age of the stands that it may strike.
    area_ha : float
        Land that it strikes in a year, taken evenly from the land of these ages; NaN where a probability is given.
    probability : float
        Part of the land of these ages that it strikes in a year; NaN where an area is given.
    where : str
        Row of the plan, for messages.
    """

    matrix: Matrix
    years: tuple[int, int]
    ages: tuple[int, int]
    area_ha: float
    probability: float
    where: str


@dataclass(frozen=True)
class Shortfall:
    """A plan that wants more land than there is."""

    where: str
    year: int
    wanted_ha: float
    there_ha: float


@dataclass(frozen=True)
class Course:
    """What becomes of stands, at the end of the first year and of each one after it.

    Attributes
    ----------
    pools : tuple of str
    area_ha : array (years,)
    stock : array (years, pools, 1 + n)
        [t C]
    grown, released : array (years, 1 + n)
        Growth of the year, and what went to the atmosphere [t C/yr]; zero in the first year.
    struck_ha : mapping of str to array (years,)
        Land struck in the year, by event.
    shortfalls : tuple of Shortfall
    """

    pools: tuple[str, ...]
    area_ha: Floats
    stock: Floats
    grown: Floats
    released: Floats
    struck_ha: Mapping[str, Floats]
    shortfalls: tuple[Shortfall, ...]


def carry_on(
    growth: Growth,
    area_ha: Floats,
    start: int,
    end: int,
    *,
    planting: Mapping[int, float] | None = None,
    plan: Sequence[Planned] = (),
    every_year: Matrix | None = None,
) -> Course:
    """Carry stands on, year by year.

    Parameters
    ----------
    growth : Growth
        To an age of at least that of the oldest stand plus ``end - start``.
    area_ha : array (ages,)
        Land by age at the end of ``start``.
    start, end : int
    planting : mapping of int to float, optional
        Land planted in a year [ha].
    plan : sequence of Planned, optional
        Carried out in this order within a year.
    every_year : Matrix, optional
        Flows over all land, such as decay.

    Returns
    -------
    Course
        Living pools begin at the density of their age, all others at nothing: what they held before is not known here.
    """
    pools = (*growth.pools, *DEAD)
    living, oldest = len(growth.pools), len(area_ha) + end - start
    area, years = np.zeros(oldest), end - start + 1
    area[: len(area_ha)] = area_ha
    density = growth.density[:oldest]
    carbon = np.zeros((oldest, len(pools), density.shape[2]))
    carbon[:, :living] = density * area[:, None, None]
    grown, released = np.zeros((2, years, density.shape[2]))
    stock, areas = np.zeros((years, len(pools), density.shape[2])), np.zeros(years)
    struck, short = {one.matrix.name: np.zeros(years) for one in plan}, list[Shortfall]()
    stock[0], areas[0] = carbon.sum(axis=0), area.sum()
    for number, year in enumerate(range(start + 1, end + 1), start=1):
        for one in plan:
            if one.years[0] <= year <= one.years[1]:
                hit, lost = _strike(one, area, carbon, pools, year, short)
                struck[one.matrix.name][number] += hit
                released[number] += lost
        added = area[:-1, None, None] * (density[1:] - density[:-1])
        carbon[:-1, :living] += added
        grown[number] = added.sum(axis=(0, 1))
        # The last place is empty until the last year, so that nothing falls off the end.
        area[1:], carbon[1:] = area[:-1].copy(), carbon[:-1].copy()
        area[0], carbon[0] = 0.0, 0.0
        if every_year is not None:
            carbon, lost_of_age = every_year.applied(carbon, pools)
            released[number] += lost_of_age.sum(axis=0)
        area[0] += (planting or {}).get(year, 0.0)
        stock[number], areas[number] = carbon.sum(axis=0), area.sum()
    return Course(pools, areas, stock, grown, released, struck, tuple(short))


def _strike(
    one: Planned, area: Floats, carbon: Floats, pools: Sequence[str], year: int, short: list[Shortfall]
) -> tuple[float, Floats]:
    """Carry an event out on the arrays; land that it struck, and carbon that went to the atmosphere."""
    at = slice(one.ages[0], one.ages[1] + 1)
    there = float(area[at].sum())
    if np.isnan(one.area_ha):
        share = one.probability
    else:
        if one.area_ha > there * (1 + 1e-9):
            short.append(Shortfall(one.where, year, one.area_ha, there))
        share = min(1.0, one.area_ha / there) if there else 0.0
    hit, taken = share * area[at], share * carbon[at]
    after, lost = one.matrix.applied(taken, pools)
    if one.matrix.renews:
        area[at] -= hit
        carbon[at] -= taken
        area[0] += hit.sum()
        carbon[0] += after.sum(axis=0)
    else:
        carbon[at] += after - taken
    return float(hit.sum()), lost.sum(axis=0)
