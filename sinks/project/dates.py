"""A project for some of its dates only, and two projects of different dates as one.

Nothing but dates and the files that belong to them is touched; what else the two say is for others to compare.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sinks.project.base import STATIC
from sinks.project.project import Project
from sinks.project.rasters import RasterSection

_RASTERS = ("strata", "inputs", "monthly_inputs")
_LATER = ("assessment", "restoration", "potential", "land_survey")
"""Sections that speak of the whole account, and are of no use to a part of its dates."""


def for_dates(project: Project, dates: Collection[str]) -> Project:
    """The project for some of its dates.

    Where it wants the history of its land, the land cover and the strata of all earlier years stay with it.

    Parameters
    ----------
    project : Project
    dates : collection of str

    Returns
    -------
    Project
        Without assessment and plans, which speak of the whole.

    Raises
    ------
    ProjectError
        A file of these dates is missing.
    """
    content, wanted = project.record(), {*dates, STATIC}
    known = set(project.land_cover.by_date) if project.land_cover else set()
    past = {date for date in known if date != STATIC and date < max(dates)} if project.project.land_history else set()
    content["project"]["dates"] = sorted(dates)
    if project.land_cover is not None:
        _keep(content["land_cover"], wanted | past)
    for kind in _RASTERS:
        for name in getattr(project, kind):
            _keep(content[kind][name], wanted | (past if kind == "strata" else set()))
    for name in project.vectors:
        _keep(content["vectors"][name], wanted)
    if project.accuracy is not None and isinstance(project.accuracy.matrix, dict):
        content["accuracy"]["matrix"] = _only(project.accuracy.matrix, wanted)
    content |= dict.fromkeys(_LATER)
    return Project.from_dict(
        content, folder=project.folder, where=str(project.file or "project"), objects=project.objects
    )


def joined(earlier: Project, later: Project) -> Project:
    """What ``later`` says, for the dates of both; files of dates that only ``earlier`` has are found where they were.

    Those files need not be there any more: nothing opens them.
    """
    content = later.record()
    content["project"]["dates"] = sorted({*earlier.dates, *later.dates})
    if earlier.land_cover is not None and later.land_cover is not None:
        _join(content["land_cover"], earlier, earlier.land_cover, later.land_cover)
    for kind in _RASTERS:
        for name, section in getattr(later, kind).items():
            if name in (before := getattr(earlier, kind)):
                _join(content[kind][name], earlier, before[name], section)
    for name, vector in later.vectors.items():
        if name in earlier.vectors:
            old = {date: earlier.path(file) for date, file in earlier.vectors[name].files.items()}
            content["vectors"][name]["files"] = old | vector.files
    matrices = [one.accuracy.matrix if one.accuracy else None for one in (earlier, later)]
    if isinstance(matrices[0], dict) and isinstance(matrices[1], dict):
        old = {date: earlier.path(file) for date, file in matrices[0].items()}
        content["accuracy"]["matrix"] = old | matrices[1]
    found = Project.model_validate({**content, "folder": later.folder})
    return found


def stored(record: Mapping[str, Any]) -> Project:
    """The project of the record of a run, whose files need not be there any more: nothing opens them."""
    return Project.model_validate({**record["project"], "folder": Path(record["folder"])})


def _keep(section: dict[str, Any], dates: Collection[str]) -> None:
    for key in ("files", "bands"):
        if section.get(key):
            section[key] = _only(section[key], dates)


def _only(files: Mapping[str, Any], dates: Collection[str]) -> dict[str, Any]:
    return {date: file for date, file in files.items() if date in dates}


def _join(content: dict[str, Any], project: Project, earlier: RasterSection, later: RasterSection) -> None:
    """Files and bands of the dates of both, in place."""
    if STATIC in later.by_date or STATIC in earlier.by_date:
        return
    old = {date: project.path(file) for date, file in earlier.by_date.items() if date not in later.by_date}
    bands = {date: section.bands.get(date, section.band) for section in (earlier, later) for date in section.by_date}
    content |= {"files": old | later.by_date, "file": None, "bands": {}, "band": None}
    if set(bands.values()) != {None}:
        content["bands"] = {date: band or 1 for date, band in bands.items()}
