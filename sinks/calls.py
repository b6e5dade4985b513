"""Arguments of public functions held against their annotations, so that a wrong kind is an error in words.

A notebook hands in whatever a variable holds: a frame where a name belongs, a number where a period does.  What an
annotation says is read as it is written, so nothing is imported for it: ``xr.DataArray`` is any object of a class that
is called so.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache, wraps
from numbers import Integral, Real
from os import PathLike
from typing import Any, ParamSpec, TypeVar, get_args

from sinks.errors import Problems, SinksError

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=type)

_PLAIN: Mapping[str, Callable[[Any], bool]] = {
    "Any": lambda value: True,
    "object": lambda value: True,
    "None": lambda value: value is None,
    "bool": lambda value: type(value).__name__ in ("bool", "bool_"),
    "int": lambda value: isinstance(value, Integral) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, Real) and not isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "Path": lambda value: isinstance(value, str | PathLike),
    "Progress": lambda value: isinstance(value, bool) or callable(value),
    "Callable": callable,
    "Mapping": lambda value: isinstance(value, Mapping),
}
_LISTS = ("Sequence", "Collection", "Iterable", "list", "tuple")
_SERIAL = ("list", "tuple", "ndarray", "Index", "Series", "dict_keys", "dict_values", "set", "frozenset", "range")
"""Classes whose objects are taken for several values."""
_TOLD = ("return", "project")
"""Names passed over: what is no project is told where it is read, in words that say how one is made."""


def spoken(function: Callable[P, T]) -> Callable[P, T]:
    """A public function that refuses arguments of a wrong kind or name in words, all of them at once.

    Raises
    ------
    SinksError
        By the function that is returned: an argument is not of a kind that its annotation names, is unknown, missing
        or given twice.
    """

    @wraps(function)
    def called(*arguments: P.args, **named: P.kwargs) -> T:
        problems = Problems()
        for name, value in _bound(function, arguments, named, problems):
            written = _annotations(function).get(name)
            if written is not None and not _fits(_parsed(written), value):
                found = f"{type(value).__name__} {_short(value)}".strip()
                problems.add("errors.wrong_kind", function.__qualname__, name=name, found=found, expected=written)
        problems.raise_as(SinksError)
        return function(*arguments, **named)

    return called


def all_spoken(cls: C) -> C:
    """A class whose public methods are :func:`spoken`."""
    for name, member in list(vars(cls).items()):
        if inspect.isfunction(member) and (not name.startswith("_") or name == "__call__"):
            setattr(cls, name, spoken(member))
    return cls


def _bound(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any], problems: Problems
) -> Iterable[tuple[str, Any]]:
    """Names and values of what was handed in; of a call that cannot be made, why."""
    signature = _signature(function)
    try:
        bound = signature.bind(*arguments, **named).arguments
    except TypeError:
        _note_misfits(function, arguments, named, problems)
        return
    for name, value in bound.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            yield from ((name, one) for one in value)
        elif kind is not inspect.Parameter.VAR_KEYWORD:
            yield name, value


def _note_misfits(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any], problems: Problems
) -> None:
    """Names that there are not, that are given twice or that are missing, and more values than there are places."""
    where, taken = function.__qualname__, _signature(function).parameters
    kinds: defaultdict[object, list[str]] = defaultdict(list)
    for name, one in taken.items():
        kinds[one.kind].append(name)
    places = kinds[inspect.Parameter.POSITIONAL_ONLY] + kinds[inspect.Parameter.POSITIONAL_OR_KEYWORD]
    names = kinds[inspect.Parameter.POSITIONAL_OR_KEYWORD] + kinds[inspect.Parameter.KEYWORD_ONLY]
    own = int(places[:1] == ["self"])
    for name in named:
        if name in places[: len(arguments)]:
            problems.add("errors.argument_twice", where, name=name)
        elif name not in names and not kinds[inspect.Parameter.VAR_KEYWORD]:
            said = names[own:]
            problems.add("errors.unknown_argument", where, name=name, known=get_close_matches(name, said) or said)
    if len(arguments) > len(places) and not kinds[inspect.Parameter.VAR_POSITIONAL]:
        problems.add("errors.too_many_values", where, found=len(arguments) - own, most=len(places) - own)
    open_names = (*places[len(arguments) :], *kinds[inspect.Parameter.KEYWORD_ONLY])
    if missing := [n for n in open_names if n not in named and taken[n].default is inspect.Parameter.empty]:
        problems.add("errors.missing_arguments", where, names=missing)


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


@cache
def _annotations(function: Callable[..., Any]) -> Mapping[str, str]:
    """Annotations as they are written, names of unions such as ``Progress`` replaced by what they stand for."""
    known = getattr(function, "__globals__", {})

    def meant(word: re.Match[str]) -> str:
        value = known.get(word[0])
        return str(value) if get_args(value) else word[0]

    written = {name: str(text) for name, text in function.__annotations__.items() if name not in _TOLD}
    return {name: re.sub(r"\b[A-Z]\w+", meant, text) for name, text in written.items()}


@cache
def _parsed(written: str) -> ast.expr:
    return ast.parse(written, mode="eval").body


def _fits(kind: ast.expr, value: object) -> bool:
    """Whether a value is of a kind as an annotation writes it."""
    match kind:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _fits(left, value) or _fits(right, value)
        case ast.Constant(value=None):
            return value is None
        case ast.Subscript(value=ast.Name(id="Literal"), slice=said):
            allowed = [one.value for one in ast.walk(said) if isinstance(one, ast.Constant)]
            return isinstance(value, str | int) and value in allowed
        case ast.Subscript(value=outer, slice=inner):
            return _fits_several(_name(outer), inner, value)
    name = _name(kind)
    if name in _PLAIN:
        return _PLAIN[name](value)
    return any(parent.__name__ == name for parent in type(value).__mro__)


def _fits_several(name: str, inner: ast.expr, value: Any) -> bool:
    if name == "Iterable" and isinstance(value, Iterator):
        return True  # what is looked at once cannot be looked at here
    if name in _LISTS:
        several = any(parent.__name__ in _SERIAL for parent in type(value).__mro__)
        return several and all(_fits(inner, one) for one in getattr(value, "ravel", lambda: value)())
    if name == "Mapping" and isinstance(inner, ast.Tuple):
        key, held = inner.elts
        return isinstance(value, Mapping) and all(_fits(key, a) and _fits(held, b) for a, b in value.items())
    return _PLAIN[name](value) if name in _PLAIN else any(one.__name__ == name for one in type(value).__mro__)


def _name(kind: ast.expr) -> str:
    return kind.attr if isinstance(kind, ast.Attribute) else kind.id if isinstance(kind, ast.Name) else "Any"


def _short(value: object) -> str:
    """A few words of a value that fits into a line; none of an array or a table."""
    text = repr(value) if isinstance(value, str | bytes | int | float | list | tuple | dict | set) else ""
    return text if len(text) <= 60 else text[:57] + "..."
