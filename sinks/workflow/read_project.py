"""A project file read, and where it is at fault its regions and legends looked at all the same."""

from __future__ import annotations

from pathlib import Path

from sinks.errors import Problem, ProjectError, SinksError
from sinks.project.project import Project

_MISSING = "raster.missing_file"
"""The project file's own fault, told already."""

_PLACES = ("regions", "legends", "crs", "dbf", "raster")
"""What is said of files that stand by themselves; anything else may follow from the fault of the project file."""


def read_project(path: str | Path) -> Project:
    """The project of a file.

    Raises
    ------
    ProjectError
        With everything that is wrong in it, and with regions and legends of what is left of it: a slip in one key does
        not hide a code that stands twice.
    """
    try:
        return Project.read(path)
    except ProjectError as error:
        if not isinstance(error.rest, Project):
            raise
        raise ProjectError(*error.problems, *_problems_of_places(error.rest)) from error


def _problems_of_places(project: Project) -> list[Problem]:
    from sinks.workflow.prepare import prepare

    try:
        prepare(project)
    except SinksError as error:
        of_places = [problem for problem in error.problems if problem.id.partition(".")[0] in _PLACES]
        return [problem for problem in of_places if problem.id != _MISSING]
    except (LookupError, ValueError, AssertionError, OSError):
        # What is left of a project at fault may fail in ways of its own; then its own faults are all that can be said.
        return []
    return []
