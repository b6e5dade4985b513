"""The areas of the account beside those of an official land survey: by how much they differ, and what may explain it.

A survey and a map draw the borders of classes in different places.  Forest swamp is wetland in the third national land
survey and forest in inventories and on maps.  A table of classes (``land_survey_classes.csv``, or one of the user's)
says of each class of the survey what it is in the account, and what a map may take it for.  All of that land may stand
on the other side, or none of it, so that the definitions leave a range open::

    least    = survey - land of its own classes that may be something else
    greatest = survey + land of other classes that may be this one

An area of the map inside the range may differ by definition alone; what lies beyond it is a difference of the maps, of
the years or of the borders, and stays unexplained.  Nothing is corrected here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.hierarchy import Hierarchy
from sinks.assessment.input_tables import WHERE, read_table
from sinks.errors import AccountError, LayerError, Problem, Problems
from sinks.geo.legends import load_legend
from sinks.project.land_survey import LandSurveySection
from sinks.tables.sheet import read_sheet
from sinks.text import language, table_rows
from sinks.vocabulary import ALL, ecosystems

Floats = NDArray[np.float64]

COLUMNS = (
    *("region_code", "region_name", "level", "period", "survey_year", "ecosystem", "map_ha", "survey_ha"),
    *("difference_ha", "difference_percent", "least_ha", "greatest_ha", "unexplained_ha", "explained_by", "classes"),
    *("reason", "factor"),
)

EXPLAINED_BY = ("equal", "definition", "partly", "not", "territory")
"""Words of ``explained_by``; the last is of the sum over all classes, whose difference is one of borders."""

_LEGEND = "sandiao"
_EQUAL = 1e-9
"""Part of an area below which a difference is rounding."""


@dataclass(frozen=True)
class SurveyClass:
    """A class of a survey: what it is in the account, what maps may take it for and why, and the class above it."""

    code: str
    name: str
    ecosystem: str
    may_be: tuple[str, ...] = ()
    reason: str = ""
    above: str = ""

    def is_part_of(self, outer: str) -> bool:
        """Whether the sum of a first-level class has this one: by its first digits, unless the table says otherwise."""
        if self.above:
            return self.above == outer
        return len(outer) < len(self.code) and len(outer) < 3 and self.code.startswith(outer)


@dataclass(frozen=True)
class LandSurvey:
    """An official survey, read and checked.

    Attributes
    ----------
    areas : DataFrame
        ``region_code, year, class, value``, hectares; regions whose finer regions the table has in full are added.
    classes : mapping of str to SurveyClass
    years : mapping of str to int
        Year of the survey by date of the account, of the dates that it has.
    """

    areas: pd.DataFrame
    classes: Mapping[str, SurveyClass]
    years: Mapping[str, int]

    def by_ecosystem(self, code: str, year: int) -> tuple[dict[str, float], pd.DataFrame]:
        """Hectares of a region by ecosystem, and its rows by class."""
        rows = self.areas[(self.areas["region_code"] == code) & (self.areas["year"] == year)]
        lands = rows["class"].map(lambda one: self.classes[one].ecosystem)
        return {str(k): float(v) for k, v in rows["value"].groupby(lands).sum().items()}, rows


def survey_classes(path: str | None) -> dict[str, SurveyClass]:
    """Classes by code: of a user's table, or of the third national land survey.

    Parameters
    ----------
    path : str or None
        A table ``class, name, ecosystem, may_be, reason, source``; ``may_be`` has ecosystems separated by blanks.

    Raises
    ------
    LayerError
        The table cannot be read, an ecosystem in it is none, or a class stands in it twice.
    """
    zh = language() == "zh"
    if path is None:
        found = {
            one.text: SurveyClass(one.text, str(one.name), one.ecosystem)
            for one in load_legend(_LEGEND)
            if one.ecosystem in ecosystems()
        }
        for row in table_rows("sinks.analysis", "land_survey_classes.csv"):
            name, reason = (row["name_zh"], row["reason_zh"]) if zh else (row["name_en"], row["reason_en"])
            code, lands = row["class"], tuple(row["may_be"].split())
            found[code] = SurveyClass(code, name, row["ecosystem"], lands, reason, row["part_of"])
        return found
    sheet, problems = read_sheet(path, ["class", "name", "ecosystem", "may_be", "reason", "source"]), Problems()
    own: dict[str, SurveyClass] = {}
    for number, row in sheet.records():
        where, lands = f"{Path(path).name}:{number}", tuple(row["may_be"].replace("、", " ").replace(",", " ").split())
        if wrong := [land for land in (row["ecosystem"], *lands) if land not in ecosystems()]:
            problems.add("survey.no_ecosystem", where, found=wrong, known=list(ecosystems()))
        if row["class"] in own:
            problems.add("survey.class_again", where, code=row["class"])
        if not row["source"]:
            problems.add("survey.no_source", where, code=row["class"])
        own[row["class"]] = SurveyClass(row["class"], row["name"], row["ecosystem"], lands, row["reason"])
    problems.raise_as(LayerError)
    return own


def read_survey(
    section: LandSurveySection, path: Callable[[str], str], dates: Sequence[str], frame: pd.DataFrame
) -> LandSurvey:
    """Read a survey and hold it against the regions and dates of a project.

    Parameters
    ----------
    section : LandSurveySection
    path : callable
        From a path of the project to an absolute one.
    dates : sequence of str
        Dates of the account.
    frame : DataFrame
        ``code, name, level, parent`` of the regions.

    Raises
    ------
    LayerError, AssessmentError
        A table cannot be read, or with every code, region, year and class that does not fit.
    """
    classes = survey_classes(path(section.classes) if section.classes else None)
    table = read_table("land_survey", path(section.file))
    years = {date: section.years.get(date, int(date)) for date in dates if date.isdecimal()}
    problems = Problems()
    _check_words(section, table, classes, dates, frame, problems)
    have = sorted({int(year) for year in table["year"]})
    if not any(year in have for year in years.values()):
        problems.add("survey.no_year", section.file, found=have, dates=list(dates))
    for key, rows in table.groupby(["region_code", "year"]):
        code, year = cast(tuple[str, int], key)
        codes = sorted(rows["class"])
        for twice in sorted({one for one in codes if codes.count(one) > 1}):
            problems.add("survey.twice", code, code=twice, year=int(year))
        for outer in sorted(set(codes)):
            # A class that the table does not know has its own problem.
            if parts := [one for one in codes if one in classes and classes[one].is_part_of(outer)]:
                problems.add("survey.part_and_whole", code, whole=outer, parts=parts, year=int(year))
    problems.raise_as(LayerError)
    used = {date: year for date, year in years.items() if year in have}
    return LandSurvey(_with_sums(table, frame), classes, used)


def _check_words(
    section: LandSurveySection,
    table: pd.DataFrame,
    classes: Mapping[str, SurveyClass],
    dates: Sequence[str],
    frame: pd.DataFrame,
    problems: Problems,
) -> None:
    """Regions, classes and dates that are not known."""
    regions = set(frame["code"])
    asked = (("region_code", regions, "survey.no_region"), ("class", set(classes), "survey.no_class"))
    for column, known, id in asked:
        wrong = table[~table[column].isin(list(known))]
        for word, rows in wrong.groupby(column):
            problems.add(id, str(rows[WHERE].iloc[0]), found=word, count=len(rows), known=sorted(known)[:12])
    for date in sorted(set(section.years) - set(dates)):
        problems.add("survey.no_date", "land_survey.years", found=date, dates=list(dates))
    if section.scale_densities is not None and section.scale_densities not in dates:
        found = section.scale_densities
        problems.add("survey.no_date", "land_survey.scale_densities", found=found, dates=list(dates))


def _with_sums(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with the regions that it does not name, where it has all of the finest regions inside them."""
    areas = table[["region_code", "year", "class", "value"]]
    hierarchy, found = Hierarchy.of(frame), [areas]
    units = np.array(hierarchy.units, object)
    for year, rows in areas.groupby("year"):
        named = set(rows["region_code"])
        for code, members in zip(hierarchy.regions["code"], hierarchy.members, strict=True):
            if code not in named and named >= set(units[members]):
                inside = rows[rows["region_code"].isin(units[members])]
                summed = inside.groupby("class", as_index=False)["value"].sum()
                found.append(summed.assign(region_code=code, year=year)[list(areas.columns)])
    return pd.concat(found, ignore_index=True)


def compared_areas(survey: LandSurvey, account: pd.DataFrame, factors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Areas of the account beside those of the survey.

    Parameters
    ----------
    survey : LandSurvey
    account : DataFrame
        The account, or its rows of ``area``.
    factors : DataFrame, optional
        ``region_code, ecosystem, period, factor``: what densities were scaled by (:func:`density_factors`).

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, hectares; for each region and date that both have, a row for each ecosystem and ``all``.
    """
    whole = account[(account["quantity"] == "area") & (account["stratum"] == ALL)]
    found = []
    for (code, period), rows in whole.groupby(["region_code", "period"], sort=False):
        year = survey.years.get(str(period))
        official, detail = survey.by_ecosystem(str(code), year) if year is not None else ({}, pd.DataFrame())
        if not official:
            continue
        mapped = dict(zip(rows["ecosystem"], rows["value"], strict=True))
        head = [code, rows["region_name"].iloc[0], rows["level"].iloc[0], period, year]
        for land in (*ecosystems(), ALL):
            if mapped.get(land) or official.get(land) or land == ALL:
                own = sum(official.values()) if land == ALL else official.get(land, 0.0)
                found.append([*head, land, *_row(survey, detail, land, mapped.get(land, 0.0), own)])
    table = pd.DataFrame(found, columns=list(COLUMNS[:-1]))
    if factors is None:
        return table.assign(factor=np.nan)
    return table.merge(factors, how="left", on=["region_code", "ecosystem", "period"])


def _row(survey: LandSurvey, detail: pd.DataFrame, land: str, mapped: float, own: float) -> Iterator[object]:
    """From the area of the map to the reason: the cells of a row after its ecosystem."""
    leaving = joining = 0.0
    involved: list[SurveyClass] = []
    for code, area in zip(detail["class"], detail["value"], strict=True):
        one = survey.classes[code]
        others = [other for other in one.may_be if other != one.ecosystem]
        if land != ALL and others and (one.ecosystem == land or land in others):
            leaving += area if one.ecosystem == land else 0.0
            joining += area if one.ecosystem != land else 0.0
            involved.append(one)
    least, greatest, difference = own - leaving, own + joining, mapped - own
    beyond = mapped - min(max(mapped, least), greatest)
    if abs(difference) <= _EQUAL * max(mapped, own):
        kind, beyond = "equal", 0.0
    elif land == ALL:
        kind = "territory"
    else:
        within = abs(beyond) <= _EQUAL * max(mapped, own)
        kind = "definition" if within else "partly" if abs(beyond) < abs(difference) else "not"
    # Classes on the other side of the difference explain nothing.
    side = [one for one in involved if (one.ecosystem == land) == (difference < 0)]
    shown = side if kind in ("definition", "partly") else []
    percent = difference / own * 100 if own > 0 else np.nan
    yield from (mapped, own, difference, percent, least, greatest, beyond, kind)
    yield "; ".join(f"{one.code} {one.name}" for one in shown)
    yield "; ".join(dict.fromkeys(one.reason for one in shown if one.reason))


def density_factors(survey: LandSurvey, date: str, mapped: pd.DataFrame, lands: Sequence[str]) -> pd.DataFrame:
    """What carbon densities are multiplied by, so that density times mapped area is density times official area.

    Parameters
    ----------
    survey : LandSurvey
    date : str
        The date whose survey and map make the factors, which hold for all dates.
    mapped : DataFrame
        ``region_code, ecosystem, area_ha`` of the finest regions at that date.
    lands : sequence of str
        Ecosystems whose carbon stands on the map.

    Returns
    -------
    DataFrame
        ``region_code, ecosystem, period, factor``.

    Raises
    ------
    AccountError
        The survey lacks a region or an ecosystem that the map has there: no factor is guessed.
    """
    problems, found = Problems(), []
    year = survey.years.get(date)
    for code, rows in mapped.groupby("region_code", sort=True):
        official, _ = survey.by_ecosystem(str(code), year) if year is not None else ({}, None)
        areas = rows.groupby("ecosystem")["area_ha"].sum()
        for land in (land for land in lands if areas.get(land, 0.0) > 0):
            if land not in official:
                problems.add("survey.no_factor", str(code), ecosystem=ecosystems()[land].label, date=date, year=year)
            else:
                found.append([code, land, date, official[land] / float(areas[land])])
    problems.raise_as(AccountError)
    return pd.DataFrame(found, columns=["region_code", "ecosystem", "period", "factor"])


def survey_notes(table: pd.DataFrame, scaled: str | None) -> list[Problem]:
    """What a reader of the account must know of a comparison with a survey."""
    notes = []
    whole = table[table["ecosystem"] == ALL]
    if len(whole):
        beyond = table[(table["ecosystem"] != ALL) & table["explained_by"].isin(["partly", "not"])]
        counts = {"count": len(table) - len(whole), "beyond": len(beyond)}
        notes.append(Problem("checks.land_survey", "land_survey", counts))
    if scaled is not None:
        factors = table["factor"].dropna()
        values = {"date": scaled, "low": f"{factors.min():.4g}", "high": f"{factors.max():.4g}"}
        notes.append(Problem("checks.densities_scaled", "land_survey.scale_densities", values))
    return notes
