"""Strata that follow from other strata: ``[derive.<name>]`` in the project file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from sinks.activity import Activity, at_date, past_dates
from sinks.errors import LayerError, Problems, ProjectError
from sinks.project.project import Project
from sinks.tables.sheet import read_sheet

_ENDS = ("", "_from", "_to")


def read_map(path: Path, source: str, target: str) -> dict[str, str]:
    """The map from one stratum to another, from a CSV or a workbook with a column for each.

    Raises
    ------
    ProjectError
        The file cannot be read, a column is missing, a row has no value to derive, or a value of the first
        stratum stands twice with different results.
    """
    problems, found = Problems(), dict[str, str]()
    try:
        sheet = read_sheet(path, (source, target))
    except LayerError as error:
        raise ProjectError(*error.problems) from error
    for row, cells in sheet.records():
        old, new = cells[source], cells[target]
        if not new:
            problems.add("derive.empty", f"{path}:{row}", column=target)
        elif found.setdefault(old, new) != new:
            problems.add("derive.twice", f"{path}:{row}", value=old)
    problems.raise_as(ProjectError)
    return found


def derived_values(project: Project, target: str) -> list[str]:
    """Values that a derived stratum may have."""
    return list(dict.fromkeys(mapping_of(project, target).values()))


def mapping_of(project: Project, target: str) -> Mapping[str, str]:
    """The map of a derived stratum, from the project file or from the table that it names.

    Raises
    ------
    ProjectError
        The table is at fault.
    """
    section = project.derive[target]
    if section.map is not None:
        return section.map
    return read_map(Path(project.path(str(section.table))), section.from_, target)


def derive(activity: Activity, target: str, source: str, mapping: Mapping[str, str]) -> Activity:
    """Add the stratum ``target`` to states and changes, wherever ``source`` is known.

    Raises
    ------
    ProjectError
        ``source`` is no stratum, ``target`` is one already, or a value of ``source`` has no counterpart; all at once.
    """
    problems = Problems()
    states = _mapped(activity.states, target, source, mapping, problems)
    changes = _mapped(activity.changes, target, source, mapping, problems)
    problems.raise_as(ProjectError)
    return replace(activity, states=states, changes=changes, strata=(*activity.strata, target))


def _mapped(
    frame: pd.DataFrame, target: str, source: str, mapping: Mapping[str, str], problems: Problems
) -> pd.DataFrame:
    where = f"derive.{target}"
    ends = [*_ENDS, *(at_date("", date) for date in past_dates(frame))]
    present = [end for end in ends if source + end in frame.columns]
    if not present and not frame.empty:
        problems.add("derive.no_stratum", where, source=source, columns=sorted(map(str, frame.columns)))
    added = {}
    for end in present:
        if target + end in frame.columns:
            problems.add("derive.exists", where, target=target)
        values = frame[source + end]
        unknown = sorted(set(values.dropna().astype(str)) - set(mapping) - {""})
        if unknown:
            problems.add("derive.unmapped", where, source=source, values=unknown)
        added[target + end] = values.map(dict(mapping))
    return frame.assign(**added)
