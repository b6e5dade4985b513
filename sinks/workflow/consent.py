"""What a project wants that its user has to agree to, asked before any of its files is read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sinks.errors import Problem, Problems, ProjectError
from sinks.geo.legends import available_legends
from sinks.layers.codes import is_own_list
from sinks.objects import is_object
from sinks.project.project import Project
from sinks.trust.consent import Ask, refused
from sinks.trust.territory import Territory, first_of_each

_MOST_BYTES = 16 << 20
_LISTED = frozenset({"trust.outside", "trust.remote"})


def check_consent(project: Project) -> None:
    """Refuse what nobody has agreed to: Python of the project, and files that reach beyond it.

    A project that was put together in Python, and not read from a file, is its caller's own words.

    Raises
    ------
    ProjectError
        With everything that has to be agreed to, each named, and files that are no files (pipes, devices).
    """
    problems = Problems()
    asks, faults = first_of_each(list(_wanted(project)))
    for fault in faults:
        problems.add(fault.id, fault.where, **fault.values)
    if project.file is not None:
        for problem in _together(refused(asks)):
            problems.add(problem.id, problem.where, **problem.values)
    problems.raise_as(ProjectError)


def _together(found: list[Problem]) -> list[Problem]:
    """Problems of one kind as one that names every file: what to do about them is the same for all."""
    kinds = dict.fromkeys(problem.id for problem in found if problem.id in _LISTED)
    listed = []
    for kind in kinds:
        same = [problem for problem in found if problem.id == kind]
        where, _, _ = same[0].where.partition(": ")
        named = [f"{problem.where.removeprefix(f'{where}: ')} = {problem.values['file']}" for problem in same]
        listed.append(Problem(kind, where, {"file": named}))
    return [*(problem for problem in found if problem.id not in _LISTED), *listed]


def check_code(path: Path) -> None:
    """Refuse a methodology's Python, or that beside its table, before it runs.

    Raises
    ------
    ProjectError
        Nobody has agreed to it.
    """
    module = path.with_suffix(".py")
    asks, _ = first_of_each(list(Territory.of(path.parent).code(str(path), str(module))))
    if problems := refused(asks):
        raise ProjectError(*problems)


def _wanted(project: Project) -> Iterator[Ask | Problem]:
    where = str(project.file or project.project.name)
    own = project.file is None or project.file.suffix != ".json" or _holds_project(project)
    territory = Territory.of(project.folder, frozenset(file.sha256 for file in project.recorded), own=own)
    for place, path in (*project.files(), *legend_files(project)):
        if is_object(path):
            continue  # the caller's own, and in no file
        if place == "methodology_files" and path.endswith(".py"):
            yield from territory.code(f"{where}: {place}", path)
        else:
            yield from territory.asks(f"{where}: {place}", path)


def legend_files(project: Project) -> Iterator[tuple[str, str]]:
    """Legends of the project's own as (place in the project, absolute path)."""
    sections = {"land_cover": project.land_cover} if project.land_cover else {}
    named = [(place, section.legend) for place, section in sections.items()]
    named += [(f"strata.{name}", section.legend) for name, section in project.strata.items()]
    for place, legend in named:
        if legend not in available_legends():
            yield f"{place}.legend", project.path(legend)
    for place, entries in _entries(project).items():
        for role, entry in entries.items():
            if isinstance(entry, Mapping) and is_own_list(entry.get("codes")):
                yield f"{place}.{role}.codes", project.path(entry["codes"])


def _entries(project: Project) -> dict[str, Mapping[str, Any]]:
    """What is said of attributes of stands and columns of statistics, by its place in the project."""
    found = {f"vectors.{name}.fields": section.fields for name, section in project.vectors.items()}
    return found | {f"tables.{name}.columns": section.columns for name, section in project.tables.items()}


def with_own_lists(project: Project, entries: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of attributes or columns, code lists of the user's own by their absolute path."""
    return {
        role: {**entry, "codes": project.path(entry["codes"])}
        if isinstance(entry, Mapping) and is_own_list(entry.get("codes"))
        else entry
        for role, entry in entries.items()
    }


def _holds_project(project: Project) -> bool:
    """Whether the folder that a run's record names has a project of the same name.

    The record may come from anybody and name any folder as the project's; the project's own file can only be where its
    user put it.
    """
    with suppress(OSError):
        for path in sorted(project.folder.glob("*.toml")):
            if path.is_file() and path.stat().st_size <= _MOST_BYTES and _name(path) == project.project.name:
                return True
    return False


def _name(path: Path) -> object:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    section = content.get("project")
    return section.get("name") if isinstance(section, dict) else None
