"""The potential of a project in one call: suited land, plantings in 2030 and 2060, present land up to saturation.

Zones (red lines, the 400 mm line) cut the regions themselves, so that suited land is exact to the polygon; conditions
on layers hold or fail for a whole row of the activity table, that is for a stratum of a region by its mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sinks.account.hierarchy import Hierarchy
from sinks.assessment.answer import Answer, Origin
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, read_table, records
from sinks.assessment.inputs import Places, check_areas, check_codes
from sinks.errors import Gather, Problem, Problems, SinksError
from sinks.parameters.growth_curves import CURVES
from sinks.planning.polygons import read_polygons
from sinks.planning.potential import SUITED, Condition, NamedCurve, candidates, scaled_to, trajectory
from sinks.planning.present import carry_present_on
from sinks.project.explain import near
from sinks.project.planning import ConditionSection, PotentialSection, ZoneSection
from sinks.vocabulary import ALL, ecosystems

MARK = "@"
INSIDE, OUTSIDE = "inside", "outside"
EXISTING = "existing"
"""Scenario of the land as it is, carried on to its saturation."""


@dataclass(frozen=True, repr=False)
class Prospects(Answer):
    """The potential of a project.

    Attributes
    ----------
    land : DataFrame
        ``region_code, reason, area_ha``; see :func:`sinks.planning.potential.candidates`.
    trajectory : DataFrame or None
        ``scenario, region_code, year, area_ha, stock`` [t C], ``removals`` [t CO2/yr].
    needed : DataFrame or None
        What it takes to reach the target; see :func:`sinks.planning.potential.scaled_to`.
    notes : tuple of Problem
    """

    land: pd.DataFrame
    trajectory: pd.DataFrame | None
    needed: pd.DataFrame | None
    notes: tuple[Problem, ...]

    NAMED = ("reason", "feasible")

    def glance(self) -> list[pd.DataFrame]:
        """Land and trajectory of the outermost regions, and of all plantings together."""
        found = [self._of(self.land, Origin.outermost)]
        if self.trajectory is not None:
            whole = self.trajectory["region_code"] == ALL
            parts = [self.trajectory[whole], self._of(self.trajectory[~whole], Origin.outermost)]
            found.append(pd.concat(parts).sort_index().rename(columns={"removals": "sink"}))
        if self.needed is not None:
            found.append(self.needed)
        return found

    def remarks(self) -> list[str]:
        return [*map(str, self.notes), *self._left_out(self.land, Origin.outermost)]

    def data(self) -> dict[str, pd.DataFrame]:
        found = {
            "potential_land": self.land,
            "potential_trajectory": self.trajectory,
            "potential_needed": self.needed,
        }
        return {name: table for name, table in found.items() if table is not None}


def cut_by_zones(units: gpd.GeoDataFrame, zones: Sequence[tuple[ZoneSection, str]]) -> gpd.GeoDataFrame:
    """Regions cut by every zone; codes become ``<code>@<i or o of each zone>``.

    Parameters
    ----------
    units : GeoDataFrame
        ``code, name, level, parent`` and polygons.
    zones : sequence of (ZoneSection, str)
        Each with the path of its polygons.
    """
    pieces = [(code, "", shape) for code, shape in zip(units["code"], units.geometry, strict=True)]
    for zone, path in zones:
        covered = shapely.union_all(read_polygons(path, encoding=zone.encoding).to_crs(units.crs).geometry.to_numpy())
        split = []
        for code, marks, shape in pieces:
            for mark, part in (("i", shapely.intersection(shape, covered)), ("o", shapely.difference(shape, covered))):
                areal = [one for one in shapely.get_parts(part) if shapely.area(one) > 0]
                if areal:
                    split.append((code, marks + mark, shapely.union_all(areal)))
        pieces = split
    codes = [f"{code}{MARK}{marks}" for code, marks, _ in pieces]
    columns = {"code": codes, "name": codes, "level": "zone", "parent": ""}
    return gpd.GeoDataFrame(columns, geometry=[shape for *_, shape in pieces], crs=units.crs)


def with_zones(states: pd.DataFrame, zones: Sequence[ZoneSection]) -> pd.DataFrame:
    """States of regions cut by :func:`cut_by_zones`: their own region codes again, and a column for each zone."""
    parts = states["region_code"].str.split(MARK, n=1)
    marks = parts.str[1]
    columns = {_column(zone): np.where(marks.str[place] == "i", INSIDE, OUTSIDE) for place, zone in enumerate(zones)}
    return states.assign(region_code=parts.str[0], **columns)


def prospects(
    section: PotentialSection,
    states: pd.DataFrame,
    account: pd.DataFrame,
    hierarchy: Hierarchy,
    paths: Mapping[str, str],
) -> Prospects:
    """Suited land, what plans for it would hold, and what is there up to its saturation.

    Parameters
    ----------
    section : PotentialSection
    states : DataFrame
        Activity states of the land cover at the last date, with a column for each zone.
    account : DataFrame
        The run's account, for the present land.
    hierarchy : Hierarchy
        Regions of every level.
    paths : mapping of str to str
        Absolute path of each file of the section, by key.

    Raises
    ------
    AssessmentError, LayerError
        A layer is not there, tables do not fit; everything that can be known is said at once.
    """
    conditions = [_zone(zone) for zone in section.zones] + [_condition(one) for one in section.conditions]
    land = _every_region(candidates(states, conditions), hierarchy)
    notes: list[Problem] = []
    if any(np.isfinite([one.low, one.high]).any() for one in conditions):
        notes.append(Problem("assessment.potential_mean", "potential.conditions"))
    parts, needed = [], None
    if section.planting is not None:
        names = dict(zip(hierarchy.regions["code"], hierarchy.regions["name"], strict=True))
        planting, curves = _plans(paths, Places(names, {}))
        parts.append(_planted(planting, curves, section.years))
        notes += _too_much(planting, land)
        if section.target is not None and section.target_year is not None:
            units = land[land["region_code"].isin(hierarchy.units) & (land["reason"] == SUITED)]
            suited = float(units["area_ha"].sum())
            needed = _needed(planting, curves, section.target_year, section.target, suited)
    if section.limits is not None:
        parts.append(_existing(account, hierarchy, read_limits(paths["limits"]), section.years))
        notes.append(Problem("assessment.potential_saturation", "potential.limits"))
    found = pd.concat(parts, ignore_index=True) if parts else None
    return Prospects(land, found, needed, tuple(notes))


def _every_region(land: pd.DataFrame, hierarchy: Hierarchy) -> pd.DataFrame:
    """Areas of units summed to regions of every level."""
    parts = []
    for reason, rows in land.groupby("reason", sort=True):
        units = np.zeros(len(hierarchy.units))
        np.add.at(units, hierarchy.numbers(rows["region_code"]), rows["area_ha"].to_numpy(np.float64))
        columns = {"region_code": hierarchy.regions["code"], "reason": str(reason), "area_ha": hierarchy.total(units)}
        parts.append(pd.DataFrame(columns))
    every = pd.concat(parts, ignore_index=True)
    return every[every["area_ha"] > 0].reset_index(drop=True)


def _column(zone: ZoneSection) -> str:
    return f"zone {zone.name}"


def _zone(zone: ZoneSection) -> Condition:
    return Condition(zone.name, _column(zone), allowed=(INSIDE if zone.inside else OUTSIDE,))


def _condition(one: ConditionSection) -> Condition:
    low = -np.inf if one.low is None else one.low
    high = np.inf if one.high is None else one.high
    return Condition(one.name, one.layer, one.allowed, one.excluded, low, high)


def check_files(section: PotentialSection, paths: Mapping[str, str], places: Places) -> None:
    """Refuse polygons and tables of a section that cannot be used.

    Parameters
    ----------
    section : PotentialSection
    paths : mapping of str to str
        Absolute path of each file of the section, by key.
    places : Places
        Of the regions.

    Raises
    ------
    AssessmentError, LayerError
        With the problems of all files.
    """
    gather = Gather()
    for zone in section.zones:
        gather(read_polygons, paths[f"zones.{zone.name}"], encoding=zone.encoding)
    if section.planting is not None and section.curves is not None:
        gather(_plans, paths, places)
    if section.limits is not None:
        gather(read_limits, paths["limits"])
    gather.problems.raise_as(AssessmentError)


def _plans(paths: Mapping[str, str], places: Places) -> tuple[pd.DataFrame, dict[str, NamedCurve]]:
    """Planting by single years, and the curves it names; all that is wrong with both tables at once."""
    problems, tables = Problems(), {}
    for name in ("planting", "curves"):
        try:
            tables[name] = read_table(name, paths[name])
        except SinksError as error:
            problems.extend(error)
    problems.raise_as(AssessmentError)
    curves = read_curves(tables["curves"], problems)
    check_codes("planting", tables["planting"], list(places.names), problems, places.names)
    check_areas("planting", tables["planting"], places, problems)
    for row in records(tables["planting"]):
        if row["curve"] not in curves:
            problems.add("assessment.no_curve", row[WHERE], found=row["curve"], known=near(row["curve"], [*curves]))
    problems.raise_as(AssessmentError)
    return by_year(tables["planting"]), curves


def read_curves(table: pd.DataFrame, problems: Problems) -> dict[str, NamedCurve]:
    found = {}
    for name, rows in table.groupby("curve", sort=True):
        function = str(rows["function"].iloc[0])
        given = dict(zip(rows["quantity"], rows["value"], strict=True))
        wanted = CURVES[function].parameters
        if set(given) != set(wanted) or len(rows) != len(wanted) or rows["function"].nunique() > 1:
            values = {"curve": name, "function": function, "expected": wanted, "found": sorted(rows["quantity"])}
            problems.add("assessment.curve_parameters", rows[WHERE].iloc[0], **values)
        found[str(name)] = NamedCurve(
            function, tuple(float(given.get(one, np.nan)) for one in wanted), str(rows["source"].iloc[0])
        )
    return found


def by_year(planting: pd.DataFrame) -> pd.DataFrame:
    """Spans such as 2025-2030 as single years, their area spread evenly."""
    rows = []
    for row in records(planting):
        first, _, last = row["year"].partition("-")
        years = range(int(first), int(last or first) + 1)
        rows += [{**row, "year": year, "area_ha": row["value"] / len(years)} for year in years]
    return pd.DataFrame(rows, columns=["scenario", "region_code", "curve", "year", "area_ha"])


def _planted(planting: pd.DataFrame, curves: Mapping[str, NamedCurve], years: Sequence[int]) -> pd.DataFrame:
    parts = []
    for key, rows in planting.groupby(["region_code", "curve"], sort=True):
        code, name = cast(tuple[str, str], key)
        parts.append(trajectory(rows, curves[name], years).assign(region_code=code))
    every = pd.concat(parts, ignore_index=True)
    every = pd.concat([every, every.assign(region_code=ALL)], ignore_index=True)
    keys = ["scenario", "region_code", "year"]
    return every.groupby(keys, sort=True)[["area_ha", "stock", "removals"]].sum().reset_index()


def _needed(
    planting: pd.DataFrame, curves: Mapping[str, NamedCurve], year: int, removals: float, suited: float
) -> pd.DataFrame:
    """What it takes: every scenario scaled as a whole, whatever curves it mixes."""
    of_regions = _planted(planting, curves, [year])
    reached = of_regions[of_regions["region_code"] == ALL].set_index("scenario")["removals"]
    planted = planting[planting["year"] <= year].groupby("scenario")["area_ha"].sum()
    found = scaled_to(reached, planted.reindex(reached.index, fill_value=0.0), removals, suited)
    return found.assign(year=year, removals=removals)


def _too_much(planting: pd.DataFrame, land: pd.DataFrame) -> list[Problem]:
    """Scenarios that plant more in a region than there is suited land."""
    suited = land[land["reason"] == SUITED].set_index("region_code")["area_ha"]
    wanted = planting.groupby(["scenario", "region_code"])["area_ha"].sum()
    notes = []
    for key, area in wanted.items():
        scenario, code = cast(tuple[str, str], key)
        have = float(suited.get(code, 0.0))
        if area > have:
            values = {"scenario": scenario, "area": f"{area:,.0f}", "suited": f"{have:,.0f}"}
            notes.append(Problem("assessment.more_than_suited", code, values))
    return notes


def read_limits(path: str) -> pd.DataFrame:
    """Densities at saturation, each of a known ecosystem and once."""
    table, problems = read_table("limits", path), Problems()
    for row in records(table[~table["ecosystem"].isin(set(ecosystems()))]):
        expected = near(row["ecosystem"], list(ecosystems()))
        values = {"column": "ecosystem", "found": row["ecosystem"], "expected": expected}
        problems.add("assessment.not_allowed", row[WHERE], **values)
    for row in records(table[table.duplicated("ecosystem")]):
        problems.add("assessment.limit_twice", row[WHERE], ecosystem=row["ecosystem"])
    problems.raise_as(AssessmentError)
    return table


def _existing(account: pd.DataFrame, hierarchy: Hierarchy, limits: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """Present ecosystems that have a limit, in every region."""
    codes, parts = hierarchy.regions["code"].to_numpy(object), []
    for one in carry_present_on(account, hierarchy, limits, years, {}, 0):
        at = {"region_code": np.repeat(codes, len(years)), "year": np.tile(list(years), len(codes))}
        course = {"area_ha": np.repeat(one.area_ha, len(years)), "stock": one.stock.ravel()}
        found = {"scenario": f"{EXISTING} {one.ecosystem}", **at, **course, "removals": one.removals.ravel()}
        parts.append(pd.DataFrame(found))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
