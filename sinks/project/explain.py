"""What is wrong with the values of a project file, in the words of this package and not of its validator."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from reprlib import Repr
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from sinks.errors import Problems, ProjectError
from sinks.project.regions import BuiltinRegions, FileRegions
from sinks.text import brief, message, text_of

_REGIONS = (BuiltinRegions.__name__, FileRegions.__name__)


class _Short(Repr):
    def repr_int(self, x: int, level: int) -> str:
        try:
            return super().repr_int(x, level)
        except ValueError:
            return text_of(x)


_SHORT = _Short()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother, _SHORT.maxlong = 3, 80, 80, 40


def near(name: str, names: list[str]) -> list[str]:
    """The names the user most likely meant, or all of them."""
    return difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names


def explain(
    detail: ErrorDetails, content: Mapping[str, Any], model: type[BaseModel], where: str, problems: Problems
) -> None:
    """Add one of pydantic's errors to the problems, in the words of this package.

    Parameters
    ----------
    detail : ErrorDetails
    content : mapping
        What the user wrote.
    model : model
        Of the whole project.
    where : str
        The file.
    problems : Problems
    """
    # The two kinds of [regions] are tried in turn; only the errors of the kind the user wrote are of use to him.
    loc = list(detail["loc"])
    if loc[:1] == ["regions"] and len(loc) > 1 and loc[1] in _REGIONS:
        if loc[1] != _kind_of_regions(content).__name__:
            return
        loc.pop(1)
    place = f"{where}: " + "".join(f"[{p + 1}]" if isinstance(p, int) else f".{brief(str(p))}" for p in loc).lstrip(".")
    kind, found = detail["type"], detail.get("input")
    if kind == "too_short" and found:
        return  # its items are wrong, and each of them is reported by itself
    if loc[:2] == ["project", "dates"] and kind not in ("extra_forbidden", "missing"):
        problems.add("project.bad_date", place, found=_as_written(found))
        return
    if kind == "extra_forbidden":
        problems.add(
            "project.unknown_key", place, found=loc[-1], near=near(brief(str(loc[-1])), _siblings(loc, content, model))
        )
    elif kind == "missing":
        problems.add("project.missing_key", place, key=loc[-1])
    elif kind == "value_error":
        problems.add(f"project.{detail['msg'].removeprefix('Value error, ')}", place)
    else:
        problems.add("project.bad_value", place, found=_as_written(found), expected=_expected(detail))


_EXPECTED = {
    "less_than_equal": "project.at_most",
    "greater_than_equal": "project.at_least",
    "greater_than": "project.above",
    "less_than": "project.below",
    "literal_error": "project.one_of",
    "string_type": "project.text",
    "bool_type": "project.true_or_false",
    "bool_parsing": "project.true_or_false",
    "tuple_type": "project.list",
    "dict_type": "project.table",
    "model_type": "project.table",
    "int_type": "project.integer",
    "int_parsing": "project.integer",
    "int_from_float": "project.integer",
    "float_type": "project.number",
    "float_parsing": "project.number",
}


def _expected(detail: ErrorDetails) -> str:
    """What pydantic expected, in the user's language; its own words where it says something rare."""
    id = _EXPECTED.get(detail["type"])
    values = {name: str(value).replace(" or ", ", ") for name, value in detail.get("ctx", {}).items()}
    return message(id, **values) if id else detail["msg"]


def _as_written(value: object) -> str:
    """A value as it stands in TOML; of a long one the beginning, of a deep one the upper part."""
    return str(value).lower() if isinstance(value, bool) else _SHORT.repr(value).replace("'", '"')


def _kind_of_regions(content: Mapping[str, Any]) -> type[BaseModel]:
    """The kind of [regions] that the user meant."""
    given = content.get("regions")
    return FileRegions if isinstance(given, Mapping) and "file" in given else BuiltinRegions


def _siblings(loc: list[int | str], content: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    """Keys that may stand where an unknown one stood."""
    if len(loc) == 1:
        return [name for name, field in model.model_fields.items() if not field.exclude]
    models = _models_in(model.model_fields[str(loc[0])].annotation)
    if loc[0] == "regions":
        models = iter([_kind_of_regions(content)])
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The sections that an annotation such as ``dict[str, InputSection]`` allows."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def with_rest(problems: Problems, rest: object) -> ProjectError:
    """Everything that is wrong, and the project that is left of the file."""
    error = ProjectError(*problems)
    error.rest = rest
    return error
