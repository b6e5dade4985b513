"""Parameter tables and the look-up of their values by stratum."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sinks.errors import ParameterError, Problem
from sinks.parameters.cells import Range
from sinks.parameters.correlation import Group, groups
from sinks.parameters.crosswalk import Crosswalk
from sinks.parameters.draws import Spread, spread
from sinks.parameters.estimates import Estimates, Part
from sinks.parameters.match import Matcher, Stratum
from sinks.parameters.read import COLUMNS, UNBOUNDED, Expected, read_rows
from sinks.parameters.row import Row
from sinks.provenance import Source

_NO_STRATA = ("source", "region_code", "date", "area_ha")
_STATISTICS = ("_sd", "_observed_ha")
"""Columns and ends of columns of the activity that no parameter depends on."""


UNDECIDED = -2
"""In place of a row's index, where it depends on a stratum that is not known or several rows are equally specific."""


class FoundRows(NamedTuple):
    """What a look-up found for each activity row."""

    values: NDArray[np.float64]
    """Value of the parameter, in its declared unit; NaN where ``rows`` is negative."""

    rows: NDArray[np.int64]
    """Index of the table's row; -1 where a number that the stratum depends on was not observed; :data:`UNDECIDED`."""

    def take(self, places: NDArray[np.intp]) -> FoundRows:
        """What was found for some of the activity rows."""
        return FoundRows(self.values[places], self.rows[places])

    def known(self) -> NDArray[np.int64]:
        """Rows of the table that were found, once for each activity row."""
        return self.rows[self.rows >= 0]


@dataclass(frozen=True, eq=False)
class ParameterTable:
    """The parameters of one methodology, each number with its unit, interval and source.

    Parameters
    ----------
    name : str
        File or methodology that the table belongs to, for messages.
    strata : tuple of str
        Columns that distinguish rows.
    parameters : mapping of str to str
        Unit in which the methodology takes each parameter.
    rows : tuple of Row
        The checked rows, their numbers in those units.
    sources : mapping of str to Source
        The documents that rows refer to.
    bounds : mapping of str to (float, float)
        What is physically possible, by parameter.
    crosswalks : tuple of Crosswalk
        Strata that can be told from others when the activity does not have them.
    """

    name: str
    strata: tuple[str, ...]
    parameters: Mapping[str, str]
    rows: tuple[Row, ...]
    sources: Mapping[str, Source]
    bounds: Mapping[str, tuple[float, float]]
    crosswalks: tuple[Crosswalk, ...] = ()

    @classmethod
    def read(
        cls,
        path: Path | str,
        *,
        parameters: Mapping[str, str],
        sources: Mapping[str, Source],
        strata: Sequence[str] | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        where: str = "",
    ) -> ParameterTable:
        """Read a table and check all of it.

        Parameters
        ----------
        path : path
            CSV or workbook; see :func:`sinks.tables.sheet.read_rows`.
        parameters : mapping of str to str
            Unit by parameter; a row of another unit is converted, of another dimension refused.
        sources : mapping of str to Source
            Documents by key.
        strata : sequence of str, optional
            Columns that the table may distinguish rows by; by default any.
        bounds : mapping of str to (float, float), optional
            Least and greatest possible value by parameter, in its unit.
        where : str, optional
            Name for messages; by default that of the file.

        Raises
        ------
        ParameterError
            With every fault of the table, as ``file:row``.
        """
        path, bounds = Path(path), dict(bounds or {})
        spec = Expected(parameters, None if strata is None else tuple(strata), sources, bounds)
        columns, rows = read_rows(path, spec)
        return cls(where or path.name, columns, dict(parameters), rows, dict(sources), bounds)

    @classmethod
    def empty(cls, name: str, parameters: Mapping[str, str]) -> ParameterTable:
        """A table without rows, for a methodology that has no parameters or leaves them all to the user."""
        return cls(name, (), dict(parameters), (), {}, {})

    def extended(self, path: Path | str) -> ParameterTable:
        """This table with the rows of another CSV before it.

        A row of the extension wins wherever it matches, however specific the base is: whoever writes a row for all
        larch means all larch.  Where no row of the extension matches, the base answers.

        Raises
        ------
        ParameterError
            With every fault of the extension, as ``file:row``.
        """
        path = Path(path)
        sizes = {name for row in self.rows for name, cell in row.cells.items() if isinstance(cell, Range)}
        spec = Expected(self.parameters, self.strata, self.sources, self.bounds, True, frozenset(sizes))
        columns, rows = read_rows(path, spec)
        layer = 1 + max((row.layer for row in self.rows), default=-1)
        strata = (*self.strata, *(name for name in columns if name not in self.strata))
        layered = tuple(replace(row, layer=layer) for row in rows)
        return replace(
            self, name=path.name, strata=strata, rows=tuple(_widened(row, strata) for row in (*self.rows, *layered))
        )

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a table, numbers in declared units, with ``unverified`` and the file (``file``) and ``row``."""
        records = [
            {
                "parameter": row.parameter,
                **{name: "" if row.cells[name] is None else str(row.cells[name]) for name in self.strata},
                **{name: getattr(row, name) for name in COLUMNS if name != "parameter"},
                "unverified": row.unverified,
                "file": row.origin,
                "row": row.line,
            }
            for row in self.rows
        ]
        columns = ["parameter", *self.strata, *COLUMNS[1:], "unverified", "file", "row"]
        return pd.DataFrame(records, columns=columns)

    def strata_of(self, parameter: str) -> tuple[str, ...]:
        """The strata that rows of ``parameter`` ask for; others need not be known to look it up."""
        asked = {name for row in self.rows if row.parameter == parameter for name in row.asks_for}
        return tuple(name for name in self.strata if name in asked)

    def range_edges(self, stratum: str) -> Iterator[tuple[float, float]]:
        """Ends of the ranges in a column: the first number that belongs to each, and the first that no longer does."""
        for cell in (row.cells.get(stratum) for row in self.rows):
            if isinstance(cell, Range):
                low = cell.low if cell.with_low else math.nextafter(cell.low, math.inf)
                yield low, math.nextafter(cell.high, math.inf) if cell.with_high else cell.high

    def has(self, parameter: str) -> bool:
        """Whether any row gives ``parameter``."""
        return any(row.parameter == parameter for row in self.rows)

    def lookup(
        self,
        parameter: str,
        strata: Mapping[str, ArrayLike],
        size: int | None = None,
        *,
        gaps_are_nan: bool = False,
        undecided_are_nan: bool = False,
    ) -> FoundRows:
        """The value of a parameter for each activity row.

        The most specific row wins, that is the one with the fewest empty stratum cells; rows of an extension come
        before all others.

        Parameters
        ----------
        parameter : str
            A declared parameter.
        strata : mapping of str to array of str or float
            Columns of the activity rows, all of one length; those that no row of the parameter asks for are ignored.
        size : int, optional
            Number of activity rows; needed when no stratum is given.
        gaps_are_nan : bool
            Give NaN and -1 where no row matches instead of raising.
        undecided_are_nan : bool
            Give NaN and :data:`UNDECIDED` where no row can be told instead of raising.

        Returns
        -------
        FoundRows
            Values and row indices, shape (n,).

        Raises
        ------
        ParameterError
            A stratum has no row (one problem each, with the CSV row to add) or several equally specific ones, or which
            row it has depends on a column that is not given.
        """
        n = size if size is not None else len(np.asarray(next(iter(strata.values()))))
        matcher = self._matcher(parameter)
        derived = self._derived(strata, matcher.columns)
        match = matcher.match({**strata, **{one.target: column for one, column in derived}}, n, self.name)
        if undecided_are_nan:
            open_rows = match.undecided | match.tied
            return FoundRows(self._values_at(match.rows), np.where(open_rows, UNDECIDED, match.rows))
        problems = [self._tie(parameter, stratum, rows) for stratum, rows in match.ties]
        lacking = {one.target: one.lacking(np.asarray(strata[one.source])[match.undecided]) for one, _ in derived}
        problems += [lacking[name] for name in matcher.columns if name in match.asked & set(lacking)]
        if missing := [name for name in matcher.columns if name in match.asked - set(lacking)]:
            problems.append(self._no_stratum(parameter, missing, strata))
        if not gaps_are_nan:
            # Numbers that fall into one range lack the same row.
            gaps = [{c: matcher.suggest(c, value) for c, value in stratum.items()} for stratum in match.gaps]
            problems += [self._gap(parameter, gap) for i, gap in enumerate(gaps) if gap not in gaps[:i]]
        if problems:
            raise ParameterError(*problems)
        return FoundRows(self._values_at(match.rows), match.rows)

    def _values_at(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.append(self.values, math.nan)[rows]

    def never_found(self, parameter: str, columns: Collection[str], ecosystem: str | None = None) -> list[Problem]:
        """Strata without which no row of a parameter can be found, whatever the activity rows will hold.

        Parameters
        ----------
        parameter : str
            A declared parameter.
        columns : collection of str
            Strata that the activity rows will have.
        ecosystem : str, optional
            Of the activity rows; rows of the table for others are left out.
        """
        known = {*columns, *(one.target for one in self.crosswalks if one.source in columns)}
        rows = [row for row in self.rows if row.parameter == parameter]
        if ecosystem is not None:
            rows = [row for row in rows if row.cells.get("ecosystem") in (None, ecosystem)]
        missing = [set(row.asks_for) - known for row in rows]
        if not rows or not all(missing):
            return []
        named = set().union(*missing)
        return [self._no_stratum(parameter, [name for name in self.strata if name in named], columns)]

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Value of every row, shape (n_rows,)."""
        return np.array([row.value for row in self.rows], dtype=np.float64)

    @cached_property
    def spreads(self) -> tuple[Spread, ...]:
        """The probability distribution of every row."""
        return tuple(
            spread(r.value, r.low, r.high, r.interval, r.distribution, self.bounds.get(r.parameter, UNBOUNDED))
            for r in self.rows
        )

    @cached_property
    def correlated(self) -> tuple[Group, ...]:
        """Groups of rows that the table says are wrong together."""
        return groups(self.rows)

    def part(self, owner: str = "", declared: Sequence[Group] = ()) -> Part:
        """The table as one of several whose estimates are drawn once (:class:`sinks.parameters.estimates.Estimates`).

        Parameters
        ----------
        owner : str
            Name of the table among the others.
        declared : sequence of Group
            Rows that are correlated besides those that the table says are.
        """
        return Part(owner, self.rows, self.spreads, self.correlated, declared)

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """``n`` draws of every row, for Monte Carlo: one draw of a row serves all regions and dates.

        Copies of one published estimate are drawn once, and rows with a correlation together.  Each estimate has a
        stream of its own: a row added elsewhere in the table changes no other draw.

        Returns
        -------
        array (n, n_rows)
            In the declared units; constant where a row has no interval.
        """
        part = self.part()
        return Estimates.of([part]).draw(0, part, [int(rng.integers(2**63))], n).T

    def strangers(self) -> dict[str, tuple[list[str], list[str]]]:
        """Words of extensions that the base does not have in the same stratum, and the words that it has, by stratum.

        They are either classes of the user's own, or slips: a row for ``larhc`` takes no part and nobody notices.
        """
        found = {}
        for name in self.strata:
            words: dict[bool, set[str]] = {True: set(), False: set()}
            for row in self.rows:
                if isinstance(cell := row.cells[name], str):
                    words[row.layer > 0].add(cell)
            own, known = words[True], words[False]
            known |= {word for one in self.crosswalks if one.source == name for word in one.values}
            if known and own - known:
                found[name] = sorted(own - known), sorted(known)
        return found

    def _derived(
        self, strata: Mapping[str, ArrayLike], needed: Sequence[str]
    ) -> list[tuple[Crosswalk, NDArray[np.object_]]]:
        """Strata that are needed and follow from those given; what the activity says itself has precedence."""
        return [
            (one, one(strata[one.source]))
            for one in self.crosswalks
            if one.target in needed and one.target not in strata and one.source in strata
        ]

    def _matcher(self, parameter: str) -> Matcher:
        numbers = [i for i, row in enumerate(self.rows) if row.parameter == parameter]
        return Matcher([self.rows[i] for i in numbers], numbers, self.strata_of(parameter))

    def _tie(self, parameter: str, stratum: Stratum, rows: Sequence[int]) -> Problem:
        places = [f"{self.rows[i].origin}:{self.rows[i].line}" for i in rows]
        return Problem(
            "parameters.tie", self.name, {"parameter": parameter, "stratum": _named(stratum), "rows": places}
        )

    def _no_stratum(self, parameter: str, missing: Sequence[str], strata: Iterable[str]) -> Problem:
        given = [name for name in strata if name not in _NO_STRATA and not name.endswith(_STATISTICS)]
        return Problem("parameters.no_stratum", self.name, {"parameter": parameter, "columns": missing, "given": given})

    def _gap(self, parameter: str, stratum: Stratum) -> Problem:
        """The row to add, with its strata as cells of the table."""
        cells: dict[str, Any] = {"parameter": parameter, "unit": self.parameters[parameter], "basis": "user"}
        cells |= stratum
        columns = ["parameter", *self.strata, *COLUMNS[1:]]
        to_fill = {"value": "?", "source": "?", "locator": "?"}
        row = ",".join(_quoted(str(cells.get(name, to_fill.get(name, "")))) for name in columns)
        values = {"parameter": parameter, "stratum": _named(stratum), "row": row}
        return Problem("parameters.gap", self.name, values)


def _widened(row: Row, strata: Sequence[str]) -> Row:
    return replace(row, cells={name: row.cells.get(name) for name in strata})


def _named(stratum: Stratum) -> str:
    return ", ".join(f"{name} = {value}" for name, value in stratum.items()) or "-"


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell
