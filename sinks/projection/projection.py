"""The projection of a project in one call: stands, plantings and present land to the years asked for.

Every scenario is grown with the same draws, so that the interval of what a project brings is that of the difference
and not of two courses apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sinks.account.hierarchy import Hierarchy
from sinks.assessment.answer import Answer, Origin
from sinks.assessment.errors import AssessmentError
from sinks.errors import Gather, Problem, Problems
from sinks.planning.present import Drawn, Present, carry_present_on
from sinks.project.projection import ProjectionSection
from sinks.projection.engine import Course, Growth, carry_on
from sinks.projection.growth import of_carbon, of_curve, of_methodology
from sinks.projection.tables import Key, Plans, needed_age
from sinks.uncertainty.draws import Draws, Floats, interval
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL

STANDS = "stands"
"""Part of the land: stands that are given, and plantings."""

COLUMNS = ("scenario", "region_code", "part", "quantity", "pool", "year", "value", "low", "high", "unit")

UNITS = {"area": "ha", "carbon_stock": "t C", "net_removals": "t CO2/yr", "released": "t CO2/yr"}


@dataclass(frozen=True, repr=False)
class Projection(Answer):
    """Stock and sink of years to come.

    Attributes
    ----------
    table : DataFrame
        :data:`COLUMNS`, every year; ``part`` is :data:`STANDS`, an ecosystem that is carried on, or ``all``. ``low``
        and ``high`` are the 95 % interval, blank where the uncertainty of some part is not known.
    balance : DataFrame
        ``scenario, region_code, year, with_project, without_project, difference, low, high`` [t CO2 since the first
        year] and ``per_year`` [t CO2/yr]: what a scenario removes more than the one without a project.
    struck : DataFrame
        ``scenario, region_code, event, year, area_ha``.
    years : tuple of int
        Years that are read at a glance.
    notes : tuple of Problem
    """

    table: pd.DataFrame
    balance: pd.DataFrame
    struck: pd.DataFrame
    years: tuple[int, ...]
    notes: tuple[Problem, ...] = field(default=())

    NAMED = ("part", "quantity", "pool")

    def glance(self) -> list[pd.DataFrame]:
        """Stock and sink of the outermost regions in the years asked for, and what the project brings."""
        rows = self._of(self.table, Origin.outermost)
        shown = rows[(rows["pool"] == ALL) & rows["year"].isin(self.years) & rows["quantity"].isin(UNITS)]
        return [shown, self._of(self.balance, Origin.outermost)] if len(self.balance) else [shown]

    def remarks(self) -> list[str]:
        return [*map(str, self.notes), *self._left_out(self.table, Origin.outermost)]

    def data(self) -> dict[str, pd.DataFrame]:
        return {"projection": self.table, "projection_balance": self.balance, "projection_events": self.struck}


def growths(plans: Plans, section: ProjectionSection, draws: Draws | None) -> dict[str, Growth]:
    """Every growth that some stand has, to the age that its oldest one reaches.

    Raises
    ------
    AssessmentError, MethodologyError, ParameterError
        With every growth whose strata find no parameters.
    """
    found, gather, n = {}, Gather(), 0 if draws is None else draws.n
    for name in sorted({growth for _, growth in plans.regions_and_growths()}):
        oldest, points = needed_age(plans, name, section), plans.points.get(name)
        if name in plans.methods:
            one, method = plans.methods[name]
            made = gather(of_methodology, method, one.strata, points, oldest, draws)
        elif points is not None:
            made = of_carbon(points, oldest, n)
        else:
            made = of_curve(plans.curves[name], oldest, n)
        if made is not None:
            found[name] = made
    gather.problems.raise_as(AssessmentError)
    return found


def project_stands(
    plans: Plans, section: ProjectionSection, grown: Mapping[str, Growth]
) -> dict[str, dict[Key, Course]]:
    """The course of the stands of every region and growth, by scenario.

    Raises
    ------
    AssessmentError
        Plans that want more land of their ages than there is, each with its first year.
    """
    end, problems, found = max(section.years), Problems(), {}
    every_year = plans.events[section.every_year] if section.every_year else None
    for scenario in plans.scenarios:
        found[scenario] = {
            key: carry_on(
                grown[key[1]],
                plans.area_ha.get(key, np.zeros(1)),
                section.start,
                end,
                planting=plans.planted(scenario, key),
                plan=plans.planned(scenario, key),
                every_year=every_year,
            )
            for key in plans.regions_and_growths()
        }
        said: set[str] = set()
        for short in (short for course in found[scenario].values() for short in course.shortfalls):
            if short.where not in said:
                amounts = {"wanted": f"{short.wanted_ha:,.1f}", "there": f"{short.there_ha:,.1f}"}
                problems.add("projection.too_little_land", short.where, scenario=scenario, year=short.year, **amounts)
            said.add(short.where)
    problems.raise_as(AssessmentError)
    return found


def projection(
    section: ProjectionSection,
    plans: Plans,
    account: pd.DataFrame,
    hierarchy: Hierarchy,
    draws: Draws | None,
    drawn: Drawn,
) -> Projection:
    """Grow the stands of every scenario, carry the other land on, and compare.

    Parameters
    ----------
    section : ProjectionSection
    plans : Plans
        Checked tables.
    account : DataFrame
        The run's account.
    hierarchy : Hierarchy
    draws : Draws or None
        Those of the account.
    drawn : mapping
        Draws of the account's stock and sink, by ecosystem, quantity and period.

    Raises
    ------
    AssessmentError, MethodologyError, ParameterError
    """
    years = range(section.start, max(section.years) + 1)
    grown = growths(plans, section, draws)
    courses = project_stands(plans, section, grown)
    n = 0 if draws is None else draws.n
    present: list[Present] = []
    if plans.limits is not None:
        present = carry_present_on(account, hierarchy, plans.limits, years, drawn, n)
    rows, struck, totals = [], [], {}
    for scenario, of_keys in courses.items():
        for number, (code, keys) in enumerate(_inside(hierarchy, list(of_keys))):
            lands = [one for one in present if one.area_ha[number]]
            if not keys and not lands:
                continue
            certain = all(grown[growth].uncertain for _, growth in keys)
            stands = _Sum.of([of_keys[key] for key in keys], len(years), 1 + n)
            totals[scenario, code] = stands.stock, certain
            parts = _parts(stands, lands, number, certain)
            rows += [(scenario, code, *row) for row in _rows(parts, stands, years)]
            struck += [(scenario, code, *row) for row in _struck([of_keys[key] for key in keys], years)]
    notes = [Problem("projection.dead_from_nothing", "projection", {"start": section.start})]
    if present:
        notes.append(Problem("assessment.potential_saturation", "projection.limits"))
    return Projection(
        pd.DataFrame(rows, columns=list(COLUMNS)),
        _balance(totals, plans.scenarios, section),
        pd.DataFrame(struck, columns=["scenario", "region_code", "event", "year", "area_ha"]),
        tuple(sorted({section.start, *section.years})),
        tuple(notes),
    )


@dataclass(frozen=True)
class _Sum:
    """Stands of a region together; arrays (years, 1 + n), area (years,)."""

    area_ha: Floats
    pools: Mapping[str, Floats]
    released: Floats

    @property
    def stock(self) -> Floats:
        return np.asarray(np.sum(list(self.pools.values()), axis=0))

    @classmethod
    def of(cls, courses: Sequence[Course], years: int, width: int) -> _Sum:
        area, released = np.zeros(years), np.zeros((years, width))
        pools: dict[str, Floats] = {}
        for course in courses:
            area += course.area_ha
            released += course.released
            for place, pool in enumerate(course.pools):
                pools[pool] = pools.get(pool, np.zeros((years, width))) + course.stock[:, place]
        return cls(area, pools or {ALL: np.zeros((years, width))}, released)


_Part = tuple[str, Floats, Floats, Floats, bool]
"""Name, area (years,), stock and removals (years, 1 + n), whether an interval may be made."""


def _parts(stands: _Sum, lands: Sequence[Present], number: int, certain: bool) -> list[_Part]:
    stock, years = stands.stock, len(stands.area_ha)
    parts: list[_Part] = [(STANDS, stands.area_ha, stock, _removals(stock), certain)]
    for one in lands:
        area = np.full(years, one.area_ha[number])
        parts.append((one.ecosystem, area, one.stock[number], one.removals[number], bool(one.known[number])))
    if len(parts) > 1:
        area = np.sum([part[1] for part in parts], axis=0)
        stock, removals = (np.sum([each[place] for each in _amounts(parts)], axis=0) for place in (0, 1))
        parts.append((ALL, area, stock, removals, all(part[4] for part in parts)))
    return parts


def _amounts(parts: Sequence[_Part]) -> list[tuple[Floats, Floats]]:
    return [(stock, removals) for _, _, stock, removals, _ in parts]


def _removals(stock: Floats) -> Floats:
    """What was taken up in each year [t CO2/yr]; not known of the first."""
    return np.vstack((np.full((1, stock.shape[1]), np.nan), np.diff(stock, axis=0))) * CO2_PER_C


def _rows(parts: Sequence[_Part], stands: _Sum, years: Sequence[int]) -> list[tuple[object, ...]]:
    """Rows of a region from ``part`` on."""
    rows: list[tuple[object, ...]] = []
    for name, area, stock, removals, certain in parts:
        rows += _series(name, "area", ALL, area[:, None], years, certain=False)
        rows += _series(name, "carbon_stock", ALL, stock, years, certain=certain)
        rows += _series(name, "net_removals", ALL, removals, years, certain=certain)
    for pool, stock in stands.pools.items():
        if pool != ALL and stock[:, 0].any():
            rows += _series(STANDS, "carbon_stock", pool, stock, years, certain=parts[0][4])
    released = stands.released * CO2_PER_C
    released[0] = np.nan
    rows += _series(STANDS, "released", ALL, released, years, certain=parts[0][4])
    return rows


def _series(
    part: str, quantity: str, pool: str, values: Floats, years: Sequence[int], *, certain: bool
) -> list[tuple[object, ...]]:
    low, high = np.full((2, len(years)), np.nan)
    if certain and values.shape[1] > 1:
        low, high = interval(values[:, 1:])
    unit, central = UNITS[quantity], values[:, 0]
    columns = zip(years, central, low, high, strict=True)
    return [
        (part, quantity, pool, year, float(value), float(least), float(most), unit)
        for year, value, least, most in columns
        if np.isfinite(value)
    ]


def _struck(courses: Sequence[Course], years: Sequence[int]) -> list[tuple[object, ...]]:
    """Land struck by each event in each year."""
    total: dict[str, Floats] = {}
    for course in courses:
        for name, area in course.struck_ha.items():
            total[name] = total.get(name, np.zeros(len(years))) + area
    return [
        (name, year, float(area))
        for name in sorted(total)
        for year, area in zip(years, total[name], strict=True)
        if area
    ]


def _inside(hierarchy: Hierarchy, keys: Sequence[Key]) -> list[tuple[str, list[Key]]]:
    """Every region with the stands inside it."""
    members = dict(zip(hierarchy.regions["code"], map(frozenset, hierarchy.members), strict=True))
    return [(code, [key for key in keys if members[key[0]] <= own]) for code, own in members.items()]


def _balance(
    totals: Mapping[tuple[str, str], tuple[Floats, bool]], scenarios: Sequence[str], section: ProjectionSection
) -> pd.DataFrame:
    """What every scenario removes more than the one without a project, from the first year on."""
    rows = []
    for scenario in scenarios[1:]:
        for (name, code), (stock, certain) in totals.items():
            if name != scenario:
                continue
            without = totals[section.without, code][0]
            for year in sorted(section.years):
                place = year - section.start
                ends = [(one[place] - one[0]) * CO2_PER_C for one in (stock, without)]
                more = ends[0] - ends[1]
                low, high = (np.nan, np.nan)
                if certain and len(more) > 1:
                    low, high = (float(end[0]) for end in interval(more[None, 1:]))
                figures = (float(ends[0][0]), float(ends[1][0]), float(more[0]), low, high, float(more[0]) / place)
                rows.append((scenario, code, year, *figures))
    head = [
        "scenario",
        "region_code",
        "year",
        "with_project",
        "without_project",
        "difference",
        "low",
        "high",
        "per_year",
    ]
    return pd.DataFrame(rows, columns=head)
