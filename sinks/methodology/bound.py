"""A methodology with the parameter table and the constants that a project uses it with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from sinks.errors import MethodologyError, ParameterError, Problem, Problems
from sinks.folds import folded, nouns, of_frame
from sinks.methodology.dependence import parameters_asked
from sinks.methodology.resolve import Resolved, resolve
from sinks.methodology.spec import OF_THE_ROW, SUFFIXES, Floats, Kind, Methodology
from sinks.parameters import ParameterTable, extended_id


@dataclass(frozen=True, eq=False, repr=False)
class Bound:
    """A methodology ready to run.

    Parameters
    ----------
    methodology : Methodology
    table : ParameterTable
    origin : str
        Where the methodology was found.
    constants : mapping of str to str
        Strata that are the same everywhere, options among them.
    """

    methodology: Methodology
    table: ParameterTable
    origin: str
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Name of the methodology."""
        return self.methodology.id

    def __repr__(self) -> str:
        return repr(self.methodology)

    def _repr_html_(self) -> str:
        """The methodology with the rows of its table."""
        return folded(repr(self), [*self.methodology._parts(), of_frame("folds.parameters", self.table.frame)])

    def __dir__(self) -> list[str]:
        return nouns(self)

    @property
    def acts_on(self) -> Literal["state", "change"]:
        """Whether it takes land at a date, or land between two."""
        return self.methodology.acts_on

    @property
    def pools(self) -> tuple[str, ...]:
        """Pools it gives; of a methodology that takes pools from a table, those that the table has."""
        method = self.methodology
        return tuple(p for p in method.pools if not method.partial or self.table.has(p))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Layers it needs, without the ``_from`` and ``_to`` of change rows."""
        names = (self.methodology.base_name(name) for layers in self.methodology.layers.values() for name in layers)
        return tuple(dict.fromkeys(name for name in names if name not in OF_THE_ROW))

    @property
    def strata(self) -> tuple[str, ...]:
        """Activity columns that its parameters depend on, and those they follow from."""
        intermediate = self.methodology.intermediates
        asked = {name for p in self.methodology.table_parameters for name in self.table.strata_of(p)}
        asked |= set(self.methodology.options)
        columns = [name for name in (*self.table.strata, *self.methodology.options) if name in asked]
        sources = [crosswalk.source for crosswalk in self.table.crosswalks if crosswalk.target in asked]
        return tuple(dict.fromkeys(name for name in (*columns, *sources) if name not in intermediate))

    @property
    def edition(self) -> str | None:
        """IPCC edition of its defaults, for the rule of one edition per run."""
        return self.methodology.edition or self.constants.get("edition")

    def kind(self, pool: str) -> Kind:
        """What the output of a pool is, from its unit."""
        return self.methodology.kind(pool)

    def with_constants(self, constants: Mapping[str, str]) -> Bound:
        """The same with strata that are the same everywhere; a choice that an option does not have is an error."""
        for option, choices in self.methodology.options.items():
            if constants.get(option, choices[0]) not in choices:
                values = {"option": option, "found": constants[option], "choices": choices}
                raise MethodologyError(Problem("methodology.bad_choice", self.id, values))
        return replace(self, constants={**self.constants, **constants})

    def with_parameters(self, path: Path | str) -> Bound:
        """The same with another CSV: one that says ``# extends: ID`` goes before the table, another replaces it."""
        base = extended_id(path)
        if base is not None and base != self.id:
            values = {"found": base, "expected": self.id}
            raise MethodologyError(Problem("methodology.extends_other", str(path), values))
        if base is not None:
            return replace(self, table=self.table.extended(path))
        method = self.methodology
        table = ParameterTable.read(
            path,
            parameters=method.table_parameters,
            sources=self.table.sources,
            strata=method.strata,
            bounds=method.table_bounds,
        )
        return replace(self, table=replace(table, crosswalks=self.table.crosswalks))

    def resolve(self, rows: pd.DataFrame, pools: Collection[str] | None = None) -> Resolved:
        """Inputs and parameters for activity rows, with the table's rows they come from; for some pools or for all."""
        return resolve(self.methodology, self.table, rows, self.constants, pools)

    def check_columns(self, rows: pd.DataFrame, ecosystems: Iterable[str], pools: Collection[str]) -> None:
        """Refuse activity that cannot suffice, by its columns alone: ``rows`` has none.

        Raises
        ------
        MethodologyError
            An input or a choice is missing.
        ParameterError
            Some pool of some ecosystem needs a stratum that the activity will not have.
        """
        self.resolve(rows, pools)
        method, problems = self.methodology, Problems()
        given = [*map(str, rows.columns), *self.constants, *method.intermediates]
        for name in parameters_asked(method, self.table, pools):
            base = method.base_name(name)
            suffix = name.removeprefix(base)
            columns = dict.fromkeys([*given, *(one.removesuffix(suffix) for one in given if suffix)])
            # What land was before its change may be of any ecosystem.
            for ecosystem in (None,) if suffix == SUFFIXES[0] else tuple(ecosystems):
                found = self.table.never_found(base, columns, ecosystem)
                problems.extend(ParameterError(*(problem for problem in found if problem not in list(problems))))
        problems.raise_as(ParameterError)

    def evaluate(self, rows: pd.DataFrame) -> dict[str, Floats]:
        """Central values by pool, shape (n,); NaN where an input was not observed or a pool is not estimated."""
        return self.resolve(rows).pools()

    def other_gases(self, rows: pd.DataFrame) -> dict[str, Floats]:
        """What the equation gives beside carbon (gases), by name, shape (n,); in the units of ``other_gases``."""
        return self.resolve(rows, ()).other_gases()
