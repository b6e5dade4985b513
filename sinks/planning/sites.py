"""Restoration projects measured on a project's own layers: inside and around them, on the same strata.

Projects and the rings around them become the regions of one pass over the layers of the account.  Every transition
then belongs to a project or its surroundings, to a stratum that does not change (land cover before the start is one),
and has removals with the account's own draws.  Both sides share the draws: an error of a parameter or of a layer
that meets both drops out of the effect as it does in the world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from sinks.account.account import AccountInputs
from sinks.account.entries import Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import FROM, Activity
from sinks.assessment.answer import Answer
from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem, Problems
from sinks.geo.regions import Regions
from sinks.planning.land import can_be_split, counts_for_sink, row_removals
from sinks.planning.polygons import read_polygons
from sinks.planning.restoration import (
    COLUMNS,
    CONTROL,
    CONTROL_SUFFIX,
    PROJECT,
    as_regions,
    surroundings,
    warnings_on,
)
from sinks.project.planning import RestorationSection
from sinks.uncertainty.draws import Draws, Floats, interval
from sinks.vocabulary import ecosystems


@dataclass(frozen=True, repr=False)
class Effects(Answer):
    """What restoration did.

    Attributes
    ----------
    table : DataFrame
        :data:`sinks.planning.restoration.COLUMNS` with ``period`` and ``phase``: ``after`` the start, or ``before``
        it, where an effect would mean that project and surroundings differed without the project.
    strata : DataFrame
        ``project_id, period, stratum, area_ha, control_ha, removals, removals_control`` [t CO2/ha/yr].
    notes : tuple of Problem
    """

    table: pd.DataFrame
    strata: pd.DataFrame
    notes: tuple[Problem, ...]

    NAMED = ("phase", "detected")

    def data(self) -> dict[str, pd.DataFrame]:
        return {"restoration": self.table, "restoration_strata": self.strata}

    def glance(self) -> list[pd.DataFrame]:
        columns = ["project_id", "period", "phase", "effect", "low", "high", "matched_share", "detected"]
        return [self.table[columns]]

    def remarks(self) -> list[str]:
        return list(map(str, self.notes))


@dataclass(frozen=True)
class Sites:
    """Projects and their surroundings as regions, and when each project began."""

    regions: Regions
    start: pd.Series[int]

    @classmethod
    def read(cls, section: RestorationSection, path: str) -> Sites:
        """Read the projects and draw the rings around them.

        Raises
        ------
        AssessmentError
            Fields or geometry are missing, an id stands twice, a year is none.
        """
        frame = read_polygons(path, (section.id, section.start), encoding=section.encoding)
        ids, years = frame[section.id].astype(str), pd.to_numeric(frame[section.start], errors="coerce")
        problems = Problems()
        for id in sorted(set(ids[ids.duplicated()])):
            problems.add("assessment.project_twice", path, project=id)
        for id in ids[years.isna()]:
            problems.add("assessment.start_year", path, project=id, field=section.start)
        problems.raise_as(AssessmentError)
        projects = gpd.GeoDataFrame({"project_id": ids.to_numpy()}, geometry=frame.geometry.to_numpy(), crs=frame.crs)
        regions = as_regions(projects, surroundings(projects, section.ring)).to_crs(4490)
        return cls(Regions(regions, CRS(4490), path), pd.Series(years.astype(int).to_numpy(), index=ids.to_numpy()))


def measure(
    activity: Activity,
    entries: Sequence[Entry],
    periods: Sequence[tuple[str, str]],
    section: RestorationSection,
    start: pd.Series[int],
    draws: Draws | None,
    no_carbon: Mapping[str, Sequence[str]] | None = None,
) -> Effects:
    """Effect of every project in every period.

    Parameters
    ----------
    activity : Activity
        Of a pass over :class:`Sites`.
    entries : sequence of Entry
        Those of record whose source knows transitions count; the others are named in the notes.
    periods : sequence of (str, str)
    section : RestorationSection
    start : Series
        Year of the start by project id.
    draws : Draws or None
        The account's; nothing can be told from noise without them.
    no_carbon : mapping of str to sequence of str, optional
        Pools that the project file states to hold no carbon, by ecosystem.

    Raises
    ------
    AssessmentError
        There are no draws, one date only, a stratum that is not in the data, or a project without anything to be
        compared with.
    """
    if draws is None:
        raise AssessmentError(Problem("assessment.removals_without_interval", "project.draws", {"period": periods}))
    if not periods:
        raise AssessmentError(Problem("assessment.effect_without_period", "project.dates", {"dates": activity.dates}))
    _check_strata(activity, section)
    counted = [one for one in entries if counts_for_sink(one)]
    left_out = [one.method.id for one in counted if not can_be_split(one, activity)]
    counted = [one for one in counted if can_be_split(one, activity)]
    problems, rows, cells, unknown = Problems(), list[dict[str, object]](), list[pd.DataFrame](), list[Problem]()
    for first, last in periods:
        period = f"{first}-{last}"
        land, removals = _land(activity, counted, period, draws, no_carbon or {})
        unknown += _unknown(land, start, period)
        for id, began in start.items():
            own = _cells(land, removals, str(id), section)
            if not own.matched.any():
                problems.add("assessment.no_control", str(id), strata=list(own.names))
                continue
            phase = "before" if int(began) >= int(last) else "after"
            years = int(last) - (max(int(began), int(first)) if phase == "after" else int(first))
            rows.append({**_effect(str(id), own, years), "period": period, "phase": phase})
            cells.append(own.table().assign(project_id=str(id), period=period))
    problems.raise_as(AssessmentError)
    table = pd.DataFrame(rows)[["project_id", "period", "phase", *COLUMNS[1:]]]
    notes = [*_notes(table, left_out), *unknown]
    order = ["project_id", "period", "stratum", "area_ha", "control_ha", "removals", "removals_control"]
    return Effects(table, pd.concat(cells, ignore_index=True)[order], tuple(notes))


@dataclass(frozen=True)
class _Cells:
    """Strata of a project: area [ha] and removals [t CO2/yr] of both sides, (strata,) and (strata, 1 + n).

    ``known`` tells whether removals of any land of theirs are.
    """

    names: Sequence[str]
    area: Floats
    control_area: Floats
    removals: Floats
    control: Floats
    known: bool

    @property
    def matched(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return (self.area > 0) & (self.control_area > 0)

    def table(self) -> pd.DataFrame:
        with np.errstate(divide="ignore", invalid="ignore"):
            inside, outside = self.removals[:, 0] / self.area, self.control[:, 0] / self.control_area
        columns = {"area_ha": self.area, "control_ha": self.control_area}
        found = pd.DataFrame({"stratum": self.names, **columns, "removals": inside, "removals_control": outside})
        return found[self.area > 0]


def _check_strata(activity: Activity, section: RestorationSection) -> None:
    columns = activity.changes.columns
    problems = Problems()
    for name in section.strata:
        if name not in columns and name + FROM not in columns:
            problems.add("assessment.no_stratum", "restoration.strata", column=name, found=list(activity.strata))
    problems.raise_as(AssessmentError)


def _land(
    activity: Activity,
    entries: Sequence[Entry],
    period: str,
    draws: Draws,
    no_carbon: Mapping[str, Sequence[str]],
) -> tuple[pd.DataFrame, Floats]:
    """Transitions of a period, of every source once, and the removals on them (rows, 1 + n).

    Column ``known`` tells land with removals of some pool, ``unknown`` land of a methodology that has none for it.
    """
    first, last = period.split("-")
    sources = {entry.source for entry in entries}
    changes = activity.changes
    wanted = changes["source"].isin(sources) & (changes["date_from"] == first) & (changes["date_to"] == last)
    land = changes[wanted].reset_index(drop=True)
    total = np.zeros((len(land), 1 + draws.n))
    hierarchy = Hierarchy.flat(activity.units["region_code"].tolist())
    stated = {name: tuple(named) for name, named in no_carbon.items()}
    inputs = AccountInputs(activity, hierarchy, (first, last), ((first, last),), {}, stated)
    known, unknown = np.zeros(len(land), dtype=bool), np.zeros(len(land), dtype=bool)
    for rows in inputs.entry_rows(entries, draws):
        own = (land["source"] == rows.entry.source).to_numpy()
        found = row_removals(activity, rows, period, draws)
        total[own] += found.total()
        known[own] |= found.known
        unknown[own] |= found.spoken_of & ~found.known
    return land.assign(known=known, unknown=unknown), total


def _unknown(land: pd.DataFrame, start: pd.Series[int], period: str) -> list[Problem]:
    """Projects with land that counts for nothing, since its carbon is not known at both dates."""
    notes, names = [], ecosystems()
    # Land that a date did not see is no matter of parameters.
    seen = land["ecosystem_from"].isin(names) & land["ecosystem_to"].isin(names)
    for id in map(str, start.index):
        here = land[land["region_code"] == id]
        lost = here[here["unknown"] & seen[here.index]]
        if len(lost):
            by_area = lost.groupby(["ecosystem_from", "ecosystem_to"])["area_ha"].sum().sort_values(ascending=False)
            values = {
                "period": period,
                "share": f"{100 * lost['area_ha'].sum() / here['area_ha'].sum():.1f}",
                "lands": [f"{names[a].label} → {names[b].label}" for a, b in by_area.index],
            }
            notes.append(Problem("assessment.effect_not_estimated", id, values))
    return notes


def _cells(land: pd.DataFrame, removals: Floats, id: str, section: RestorationSection) -> _Cells:
    sides = {PROJECT: id, CONTROL: id + CONTROL_SUFFIX}
    columns = [name if name in land.columns else name + FROM for name in section.strata]
    label = land[columns].astype(str).agg(" / ".join, axis=1)
    names = sorted(set(label[land["region_code"].isin(sides.values())]))
    areas, sums = {}, {}
    for side, code in sides.items():
        here = np.flatnonzero(land["region_code"] == code)
        places = pd.Index(names).get_indexer(pd.Index(label.iloc[here]))
        areas[side], sums[side] = np.zeros(len(names)), np.zeros((len(names), removals.shape[1]))
        np.add.at(areas[side], places, land["area_ha"].to_numpy(np.float64)[here])
        np.add.at(sums[side], places, removals[here])
    known = bool(land["known"][land["region_code"].isin(sides.values())].any())
    return _Cells(names, areas[PROJECT], areas[CONTROL], sums[PROJECT], sums[CONTROL], known)


def _effect(id: str, cells: _Cells, years: int) -> dict[str, object]:
    at = cells.matched
    share = (cells.area[at] / cells.control_area[at])[:, None]
    effect = (cells.removals[at] - cells.control[at] * share).sum(axis=0)
    # Nothing known of any land is no effect of zero.
    effect = effect if cells.known else np.full_like(effect, np.nan)
    low, high = (float(end) for end in interval(effect[1:]))
    whole = float(cells.area.sum())
    return {
        "project_id": id,
        "effect": float(effect[0]),
        "low": low,
        "high": high,
        "unit": "t CO2/yr",
        "area_ha": whole,
        "matched_share": float(cells.area[at].sum()) / whole,
        "years": years,
        "total": float(effect[0]) * years,
        # An effect counts as seen when its interval lies on one side of zero.
        "detected": low > 0 or high < 0,
    }


def _notes(table: pd.DataFrame, left_out: Sequence[str]) -> list[Problem]:
    """What a reader of the effects must know."""
    notes = [*warnings_on(table[table["phase"] == "after"]), *_earlier(table)]
    notes.append(Problem("assessment.effect_of_map", "restoration"))
    if left_out:
        notes.append(Problem("assessment.effect_without", "restoration", {"methods": sorted(set(left_out))}))
    return notes


def _earlier(table: pd.DataFrame) -> list[Problem]:
    """Projects that differed from their surroundings before they began, so that the comparison is in doubt."""
    early = table[(table["phase"] == "before") & table["detected"]]
    pairs = zip(early["project_id"], early["period"], strict=True)
    return [Problem("assessment.effect_before_start", str(id), {"period": period}) for id, period in pairs]
