"""What can be wrong with the user's input, and how it is said.

A :class:`Problem` names where it is, what was found, what was expected and what to do; its words come from the message
catalogue (:mod:`sinks.text`), so it can be shown in either language after the fact.  Validators *collect* problems in a
:class:`Problems` list and raise once, so that a user sees everything in one pass; computations raise at once.

``SinksError`` and its children are the user's to solve and make the command line exit with code 2.  Anything else that
escapes is a defect of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sinks.text import message

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    id : str
        Message id in ``sinks/messages/*.csv``, for example ``"raster.no_crs"``.
    where : str
        File, layer, row or region the problem sits in, as the user would look for it.
    values : dict
        Values for the placeholders of the message.
    """

    id: str
    where: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.where}: {message(self.id, **self.values)}"


class SinksError(Exception):
    """Root of every error that the user can solve; carries one or more problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        head = message("errors.several", count=len(self.problems))
        return "\n".join([head, *(f"  {number}. {problem}" for number, problem in enumerate(self.problems, 1))])


class ProjectError(SinksError):
    """The project file says something that cannot be: unknown key, missing file, wrong type, contradiction.

    Attributes
    ----------
    rest : object
        The project without what is wrong, where that leaves one whose files can be looked at in the same pass.
    """

    rest: object = None


class RegionError(SinksError):
    """Region geometry or codes cannot be used: overlap, gap, invalid geometry, code twice, missing field."""


class CRSError(SinksError):
    """A coordinate reference system is missing, unknown, unfit or in doubt."""


class LayerError(SinksError):
    """A layer's file cannot be read or does not hold what it is declared to hold."""


class LegendError(SinksError):
    """A class code is in the data but not in the legend, or the legend itself is faulty."""


class ParameterError(SinksError):
    """A parameter table is faulty, or has no row, or more than one, for a stratum."""


class MethodologyError(SinksError):
    """A methodology breaks its contract, is unknown, or is used where it does not apply."""


class UnitError(SinksError):
    """A unit is unknown, or two that do not mix were mixed."""


class AccountError(SinksError):
    """The account contradicts itself or a law of accounting."""


class RunError(SinksError):
    """A run folder is missing, incomplete, already there, or does not fit the project."""


def path_of(value: object, kind: type[SinksError]) -> Path:
    """A path that a caller gave.

    Raises
    ------
    SinksError
        Of the given kind: it is neither text nor a path.
    """
    if isinstance(value, str | PathLike):
        try:
            path = Path(value)
            path.exists()
            return path
        except PermissionError:
            return path  # whoever reads it says more
        except (TypeError, ValueError, OSError):
            pass  # a path of bytes, with a zero byte, or longer than a path can be
    raise kind(Problem("errors.not_a_path", type(value).__name__, {"found": repr(value)[:80]}))


class Gather:
    """Calls what may fail and keeps the problems, so that the next thing is tried too.

    >>> gather = Gather()
    >>> gather(len, "abc")
    3
    """

    def __init__(self) -> None:
        self.problems = Problems()

    def __call__(self, make: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T | None:
        """What ``make`` gives of the arguments, or None when they are at fault."""
        try:
            return make(*arguments, **named)
        except SinksError as error:
            self.problems.extend(error)
            return None


class Problems:
    """A growing list of problems that is raised once, at the end of a validation.

    >>> problems = Problems()
    >>> problems.add("errors.several", "project.toml", count=2)
    >>> len(problems)
    1
    """

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, id: str, where: object, /, **values: Any) -> None:
        self._found.append(Problem(id, str(where), values))

    def extend(self, error: SinksError) -> None:
        """Take over the problems of an error that was caught; what was met on two ways is told once."""
        known = {(problem.id, problem.where, repr(problem.values)) for problem in self._found}
        self._found += [one for one in error.problems if (one.id, one.where, repr(one.values)) not in known]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def raise_as(self, kind: type[SinksError]) -> None:
        """Raise everything found as one error of ``kind``; do nothing when nothing was found."""
        if self._found:
            raise kind(*self._found)
