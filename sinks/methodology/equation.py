"""An equation whose arguments and documentation come from tables, where several methodologies share one body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, Signature
from typing import Any


def with_arguments(body: Callable[..., Any], names: Iterable[str]) -> Callable[..., Any]:
    """The function ``body`` with named arguments in place of ``**``: by them a registry knows what it takes."""

    def compute(**given: Any) -> Any:
        return body(**given)

    compute.__name__ = compute.__qualname__ = body.__name__
    compute.__signature__ = Signature([Parameter(name, Parameter.KEYWORD_ONLY) for name in names])  # type: ignore[attr-defined]  # inspect reads it
    return compute


def equation(
    body: Callable[..., Mapping[str, Any]],
    summary: str,
    *,
    arguments: Mapping[str, str],
    returns: Mapping[str, str],
    notes: str,
    references: str,
) -> Callable[..., Mapping[str, Any]]:
    """A function for :class:`sinks.methodology.Methodology` with a signature and a docstring of its own.

    Parameters
    ----------
    body : function
        Takes the arguments by name and gives outputs by pool.
    summary : str
        First line of the docstring.
    arguments, returns : mapping of str to str
        What each argument and each output is, with its unit.
    notes, references : str
        Text of these sections; the equation stands in the notes.
    """
    compute = with_arguments(body, arguments)
    sections = {
        "Parameters": "\n".join(f"{name} : array\n    {text}" for name, text in arguments.items()),
        "Returns": "dict of array\n" + "\n".join(f"    ``{name}``: {text}" for name, text in returns.items()),
        "Notes": notes.strip(),
        "References": references.strip(),
    }
    compute.__doc__ = "\n\n".join([summary, *(f"{name}\n{'-' * len(name)}\n{text}" for name, text in sections.items())])
    return compute
