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
    """Note the names and years that stand twice in any list: no list of a project says more by saying a thing again."""
    for place, names in _lists(project, ""):
        # The years of the account have a message of their own.
        if place != "project.dates" and (twice := sorted({name for name in names if names.count(name) > 1})):
            problems.add("project.name_twice", f"{where}: {place}", names=twice)
    for place, entries in _entries(project, ""):
        for number, one in enumerate(entries):
            if (first := entries.index(one)) < number:
                problems.add("project.entry_twice", f"{where}: {place}[{number + 1}]", first=f"{place}[{first + 1}]")


def _lists(value: object, place: str) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every list of names or years below a value, with its place; figures may be alike."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            # A value of a rule stands in its place, whether its source is written beside it or not.
            yield from _lists(getattr(value, name), place if name == "value" else f"{place}.{name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _lists(one, f"{place}.{key}")
    elif isinstance(value, tuple) and value and all(type(one) in (str, int) for one in value):
        yield place, value
    elif isinstance(value, tuple):
        for number, one in enumerate(value, 1):
            yield from _lists(one, f"{place}[{number}]")


def _entries(value: object, place: str) -> Iterator[tuple[str, tuple[BaseModel, ...]]]:
    """Every list of tables below a value, with its place: two that say the same are one too many."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _entries(getattr(value, name), f"{place}.{name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _entries(one, f"{place}.{key}")
    elif isinstance(value, tuple):
        if entries := tuple(one for one in value if isinstance(one, BaseModel)):
            yield place, entries
        for number, one in enumerate(value, 1):
            yield from _entries(one, f"{place}[{number}]")
