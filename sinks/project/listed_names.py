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
    """Note names, years and entries that stand twice in a list: no list of a project says more by saying a thing again.

    Figures may be alike.
    """
    for place, values in _lists(project, ""):
        if all(type(one) in (str, int) for one in values):
            # The years of the account have a message of their own.
            if place != "project.dates" and (twice := sorted({one for one in values if values.count(one) > 1})):
                problems.add("project.name_twice", f"{where}: {place}", names=twice)
            continue
        for number, one in enumerate(values):
            if isinstance(one, BaseModel) and (first := values.index(one)) < number:
                problems.add("project.entry_twice", f"{where}: {place}[{number + 1}]", first=f"{place}[{first + 1}]")


def _lists(value: object, place: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every list below a value, with its place."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            # A value of a rule stands in its place, whether its source is written beside it or not.
            yield from _lists(getattr(value, name), place if name == "value" else f"{place}.{name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _lists(one, f"{place}.{key}")
    elif isinstance(value, tuple):
        yield place, value
        for number, one in enumerate(value, 1):
            yield from _lists(one, f"{place}[{number}]")
