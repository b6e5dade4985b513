"""Names in a project file: known ones, and each once in a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from sinks.errors import Problems
from sinks.project.explain import near


def known(name: str, names: Mapping[str, Any] | list[str], where: str, id: str, problems: Problems) -> None:
    """Note a name that is not among those there are."""
    if name not in names:
        problems.add(id, where, found=name, near=near(name, list(names)))


def note_repeats(project: BaseModel, where: str, problems: Problems) -> None:
    """Note the names that stand twice in any list of a project: no list of it says more by saying a thing again."""
    for place, names in _lists(project, ""):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            problems.add("project.name_twice", f"{where}: {place}", names=twice)


def _lists(value: object, place: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every list of names below a value, with its place."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            # A value of a rule stands in its place, whether its source is written beside it or not.
            yield from _lists(getattr(value, name), place if name == "value" else f"{place}.{name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _lists(one, f"{place}.{key}")
    elif isinstance(value, tuple) and value and all(isinstance(one, str) for one in value):
        yield place, value
    elif isinstance(value, tuple):
        for number, one in enumerate(value, 1):
            yield from _lists(one, f"{place}[{number}]")
