"""Tables of a projection, read and held against each other, before anything is grown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from sinks.account.hierarchy import Hierarchy
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, read_table, records
from sinks.assessment.inputs import Places, check_areas, check_codes
from sinks.errors import Gather, Problems
from sinks.methodology import Bound
from sinks.planning.potential import NamedCurve
from sinks.planning.prospects import by_year, read_curves, read_limits
from sinks.project.explain import near
from sinks.project.projection import GrowthSection, ProjectionSection
from sinks.projection.engine import ATMOSPHERE, DEAD, Matrix, Planned
from sinks.projection.growth import AGE, BIOMASS, VOLUME, Points, check_reach, points_of
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ALL, pools

_WHOLE = 1 + 1e-9

Key = tuple[str, str]
"""Region and growth."""


@dataclass(frozen=True)
class Plans:
    """Everything that a projection is made from, checked.

    Attributes
    ----------
    area_ha : mapping of (region, growth) to array (ages,)
        Land by whole age at the end of the first year.
    methods : mapping of str to (GrowthSection, Bound)
        Growths by methodologies.
    curves, points : mapping of str
        Growths by curves and by yield tables.
    planting : DataFrame
        ``scenario, region_code, curve, year, area_ha``.
    events : mapping of str to Matrix
    plan : DataFrame
        The parsed table ``events`` or an empty one.
    limits : DataFrame or None
    scenarios : tuple of str
        The one without a project first.
    """

    area_ha: Mapping[Key, Floats]
    methods: Mapping[str, tuple[GrowthSection, Bound]]
    curves: Mapping[str, NamedCurve]
    points: Mapping[str, Points]
    planting: pd.DataFrame
    events: Mapping[str, Matrix]
    plan: pd.DataFrame
    limits: pd.DataFrame | None
    scenarios: tuple[str, ...]

    def planned(self, scenario: str, key: Key) -> list[Planned]:
        """Events of a scenario on the stands of a region and growth, in the order of their rows.

        Only probabilities may say ``all``: an area for all growths or regions would have to be divided.
        """
        table = self.plan
        own = table["scenario"].isin([scenario, ALL]) & table["region_code"].isin([key[0], ALL])
        rows = table[own & table["curve"].isin([key[1], ALL])]
        return [_planned(row, self.events) for row in records(rows)]

    def planted(self, scenario: str, key: Key) -> dict[int, float]:
        """Land planted by year [ha]."""
        table = self.planting
        own = table[table["scenario"].isin([scenario, ALL])]
        own = own[(own["region_code"] == key[0]) & (own["curve"] == key[1])]
        return {int(str(year)): float(area) for year, area in own.groupby("year")["area_ha"].sum().items()}

    def regions_and_growths(self) -> list[Key]:
        """Regions and growths that have stands or get some."""
        planted = zip(self.planting["region_code"], self.planting["curve"], strict=True)
        return sorted({*self.area_ha, *planted})


def read_plans(
    section: ProjectionSection,
    paths: Mapping[str, str],
    places: Places,
    hierarchy: Hierarchy,
    methods: Mapping[str, Bound],
) -> Plans:
    """Read the tables of a section and hold them against each other.

    Parameters
    ----------
    section : ProjectionSection
    paths : mapping of str to str
        Absolute path of each file, by key.
    places : Places
        Names and areas of the regions.
    hierarchy : Hierarchy
    methods : mapping of str to Bound
        Methodologies of the project, by id.

    Raises
    ------
    AssessmentError, LayerError
        With everything that is wrong with any table.
    """
    tables, limits = _read_all(paths)
    problems = Problems()
    for name in ("stands", "planting", "events"):
        if name in tables:
            check_codes(name, tables[name][tables[name]["region_code"] != ALL], [*places.names], problems, places.names)
            tables[name] = tables[name][tables[name]["region_code"].isin({*places.names, ALL})]
    curves = read_curves(tables["curves"], problems) if "curves" in tables else {}
    points = points_of(tables["yields"], problems) if "yields" in tables else {}
    bound = _methods(section, methods, points, problems)
    _check_names(section, curves, points, bound, problems)
    events = _matrices(section, tables.get("disturbances"), problems)
    grown = {*curves, *bound, *(name for name in points if name not in bound)}
    for name in ("stands", "planting"):
        if name in tables:
            _check_rows(name, tables[name], grown, places, problems)
    plan = tables.get("events", _no_rows("events"))
    _check_plan(plan, section, events, grown, problems)
    _check_regions(tables["stands"], tables.get("planting"), hierarchy, problems)
    for row in () if limits is None else records(limits[limits["ecosystem"] == "forest"]):
        problems.add("projection.forest_twice", row[WHERE])
    problems.raise_as(AssessmentError)
    area = _areas_by_age(tables["stands"])
    plans = Plans(
        area, bound, curves, points, _planting(tables.get("planting")), events, plan, limits,
        _scenarios(section, plan, tables.get("planting")),
    )  # fmt: skip
    _check_reach(plans, section, problems)
    _check_planting(tables.get("planting"), section, problems)
    _check_pools(plans, section, problems)
    problems.raise_as(AssessmentError)
    return plans


def _read_all(paths: Mapping[str, str]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame | None]:
    """Every table by name, and the limits; all that cannot be read is said at once."""
    gather = Gather()
    names = [name for name in ("stands", "curves", "yields", "planting", "disturbances", "events") if name in paths]
    found = {name: gather(read_table, name, paths[name]) for name in names}
    limits = gather(read_limits, paths["limits"]) if "limits" in paths else None
    gather.problems.raise_as(AssessmentError)
    return {name: table for name, table in found.items() if table is not None}, limits


def needed_age(plans: Plans, name: str, section: ProjectionSection) -> int:
    """Age to which a growth is needed: that of its oldest stand at the end of the last year."""
    ahead = max(section.years) - section.start
    own = [len(ages) - 1 for (_, growth), ages in plans.area_ha.items() if growth == name]
    return max(own, default=0) + ahead


def _methods(
    section: ProjectionSection, methods: Mapping[str, Bound], points: Mapping[str, Points], problems: Problems
) -> dict[str, tuple[GrowthSection, Bound]]:
    found = {}
    for one in section.growth:
        where = f"projection.growth {one.name}"
        if one.name in found:
            problems.add("projection.growth_twice", where, curve=one.name)
        if one.methodology not in methods:
            known = near(one.methodology, list(methods))
            problems.add("projection.no_methodology", where, found=one.methodology, known=known)
            continue
        method = methods[one.methodology]
        for name in sorted(set(one.strata) - set(method.strata)):
            values = {"methodology": one.methodology, "found": name, "known": near(name, list(method.strata))}
            problems.add("projection.no_stratum", where, **values)
        inputs, table = set(method.methodology.inputs), points.get(one.name)
        wanted = {VOLUME} if table is not None else {AGE}
        if inputs != wanted or (table is not None and table.of != "volume"):
            values = {"methodology": one.methodology, "inputs": sorted(inputs), "expected": sorted(wanted)}
            problems.add("projection.growth_inputs", where, **values)
            continue
        found[one.name] = (one, method)
    return found


def _check_names(
    section: ProjectionSection,
    curves: Collection[str],
    points: Mapping[str, Points],
    bound: Collection[str],
    problems: Problems,
) -> None:
    """A name stands for one growth, and volume becomes carbon by a methodology only."""
    declared = {one.name for one in section.growth}
    for name in sorted({*curves} & ({*points} | declared)):
        problems.add("projection.growth_twice", "projection", curve=name)
    for name, table in points.items():
        if table.of == "volume" and name not in declared:
            problems.add("projection.volume_alone", table.where, curve=name)
    if section.start >= min(section.years):
        problems.add("projection.years", "projection.years", start=section.start, found=min(section.years))


def _check_rows(name: str, table: pd.DataFrame, grown: Collection[str], places: Places, problems: Problems) -> None:
    check_areas(name, table, places, problems)
    for row in records(table[~table["curve"].isin(set(grown))]):
        problems.add("projection.no_growth", row[WHERE], found=row["curve"], known=near(row["curve"], sorted(grown)))


def _check_plan(
    plan: pd.DataFrame,
    section: ProjectionSection,
    events: Mapping[str, Matrix],
    grown: Collection[str],
    problems: Problems,
) -> None:
    """Events are known, and an area is of one region and one growth."""
    for row in records(plan):
        if row["event"] not in events:
            known = near(row["event"], sorted(events))
            problems.add("projection.no_event", row[WHERE], found=row["event"], known=known)
        if row["curve"] not in (*grown, ALL):
            problems.add(
                "projection.no_growth", row[WHERE], found=row["curve"], known=near(row["curve"], sorted(grown))
            )
        if row["quantity"] == "area" and ALL in (row["region_code"], row["curve"]):
            problems.add("projection.area_of_all", row[WHERE])
        first = int(row["year"][:4])
        if first <= section.start:
            problems.add("projection.too_early", row[WHERE], found=row["year"], start=section.start)


def _check_planting(table: pd.DataFrame | None, section: ProjectionSection, problems: Problems) -> None:
    for row in records(table) if table is not None else ():
        if int(row["year"][:4]) <= section.start:
            problems.add("projection.too_early", row[WHERE], found=row["year"], start=section.start)


def _check_regions(
    stands: pd.DataFrame, planting: pd.DataFrame | None, hierarchy: Hierarchy, problems: Problems
) -> None:
    """Stands of a region and of a part of it would be counted twice above them."""
    parts = dict(zip(hierarchy.regions["code"], map(set, hierarchy.members), strict=True))
    codes = sorted({*stands["region_code"], *(() if planting is None else planting["region_code"])} & set(parts))
    for place, one in enumerate(codes):
        for other in codes[place + 1 :]:
            if parts[one] & parts[other]:
                problems.add("projection.region_and_part", "stands", one=one, other=other)


def _check_reach(plans: Plans, section: ProjectionSection, problems: Problems) -> None:
    used = {growth for _, growth in plans.regions_and_growths()}
    for name, table in plans.points.items():
        if name in used:
            check_reach(name, table, needed_age(plans, name, section), problems)


def _check_pools(plans: Plans, section: ProjectionSection, problems: Problems) -> None:
    """A matrix that says nothing of a living pool would leave it as it is without anybody having said so."""
    own = plans.plan["event"].unique()
    for name in sorted(set(own) & set(plans.events)):
        said = {source for source, _ in plans.events[name].shares}
        rows = plans.plan[plans.plan["event"] == name]
        struck = {growth for _, growth in plans.regions_and_growths() if set(rows["curve"]) & {growth, ALL}}
        for growth in sorted(struck):
            living = plans.methods[growth][1].methodology.outputs if growth in plans.methods else (BIOMASS,)
            if silent := sorted(set(living) - said):
                problems.add("projection.matrix_silent", "disturbances", event=name, pools=silent, curve=growth)


def _matrices(section: ProjectionSection, table: pd.DataFrame | None, problems: Problems) -> dict[str, Matrix]:
    """Events by name; shares that leave a pool are not more than all of it."""
    found: dict[str, Matrix] = {}
    known = list(pools())
    if table is None:
        table = _no_rows("disturbances")
    for row in records(table):
        for column, allowed in (("from_pool", known), ("to_pool", [*DEAD, ATMOSPHERE, row["from_pool"]])):
            if row[column] not in allowed:
                values = {"column": column, "found": row[column], "known": near(row[column], allowed)}
                problems.add("projection.pool", row[WHERE], **values)
    for row in records(table[table.duplicated(["event", "from_pool", "to_pool"])]):
        problems.add("projection.matrix_twice", row[WHERE], event=row["event"], source=row["from_pool"])
    for (event, source), rows in table.groupby(["event", "from_pool"], sort=True):
        total = float(rows["value"].sum())
        if total > _WHOLE:
            values = {"event": event, "source": source, "found": f"{total:.4g}"}
            problems.add("projection.matrix_beyond", rows[WHERE].iloc[0], **values)
    for name, rows in table.groupby("event", sort=True):
        shares = {(row["from_pool"], row["to_pool"]): float(row["value"]) for row in records(rows)}
        if name not in section.ages and name != section.every_year:
            problems.add("projection.ages_unsaid", f"projection.ages {name}", event=name)
        found[str(name)] = Matrix(str(name), shares, section.ages.get(str(name)) == "zero")
    for name in (*section.ages, *((section.every_year,) if section.every_year else ())):
        if name not in found:
            problems.add("projection.no_event", "projection", found=name, known=near(name, sorted(found)))
    return found


def _scenarios(section: ProjectionSection, plan: pd.DataFrame, planting: pd.DataFrame | None) -> tuple[str, ...]:
    named: Iterable[str] = [*plan["scenario"], *(() if planting is None else planting["scenario"])]
    return tuple(dict.fromkeys([section.without, *(name for name in named if name != ALL)]))


def _areas_by_age(stands: pd.DataFrame) -> dict[Key, Floats]:
    """Land by whole age; that of a class such as 21-40 is spread evenly over its ages."""
    found: dict[Key, Floats] = {}
    for row in records(stands):
        first, last = span(row["age"])
        key = (row["region_code"], row["curve"])
        ages = found.get(key, np.zeros(0))
        if len(ages) <= last:
            ages = np.concatenate((ages, np.zeros(last + 1 - len(ages))))
        ages[first : last + 1] += row["value"] / (last - first + 1)
        found[key] = ages
    return found


def _planting(table: pd.DataFrame | None) -> pd.DataFrame:
    return by_year(_no_rows("planting") if table is None else table)


def _planned(row: Mapping[str, Any], events: Mapping[str, Matrix]) -> Planned:
    first, _, last = row["year"].partition("-")
    years = int(first), int(last or first)
    by_area = row["quantity"] == "area"
    area = row["value"] / (years[1] - years[0] + 1) if by_area else nan
    return Planned(events[row["event"]], years, span(row["ages"]), area, nan if by_area else row["value"], row[WHERE])


def span(ages: str) -> tuple[int, int]:
    """The least and greatest age of a class such as ``21-40``, or of one age."""
    first, _, last = ages.partition("-")
    return int(first), int(last or first)


def _no_rows(table: str) -> pd.DataFrame:
    from sinks.assessment.input_tables import columns

    names: Sequence[str] = [*(column.name for column in columns(table)), WHERE]
    return pd.DataFrame({name: pd.Series(dtype=object) for name in names})
