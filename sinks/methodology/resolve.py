"""Look up what a methodology needs for activity rows, and compute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks import units
from sinks.errors import MethodologyError, ParameterError, Problem, Problems
from sinks.methodology.dependence import parameters_asked
from sinks.methodology.history import stretches, years_between
from sinks.methodology.lookup import call, look_up, series
from sinks.methodology.spec import SUFFIXES, Floats, Methodology, Monthly, arguments
from sinks.parameters import FoundRows, ParameterTable
from sinks.vocabulary import quantities

# The inputs that are not layers: a column of the activity table under another name, or made from several.
_AREA, _PERIOD, _CONVERTED = "area", "period", "converted"
_MADE_FROM = {_PERIOD: {"date_from", "date_to"}, _CONVERTED: {"ecosystem_from", "ecosystem_to"}}

_MOVE = 1e-3
"""Part by which a parameter is moved to see what depends on it; one that is zero is moved by it as it is."""

Supply = Callable[["Resolved"], tuple[dict[str, Floats], dict[str, Floats]]]
"""Inputs and parameters of rows, as central values or as draws."""


@dataclass(frozen=True)
class Step:
    """A stretch of the history of some rows (:class:`sinks.methodology.history.Stretch`), looked up."""

    places: NDArray[np.intp]
    share: Floats
    resolved: Resolved

    def take(self, places: NDArray[np.intp], n: int, *, bare: bool = False) -> Step:
        """The same for some of the ``n`` rows of the whole, numbered anew."""
        number = np.full(n, -1, dtype=np.intp)
        number[self.places] = np.arange(len(self.places))
        own = number[places]
        kept = own[own >= 0]
        return Step(np.flatnonzero(own >= 0), self.share[kept], self.resolved.take(kept, bare=bare))


@dataclass(frozen=True)
class Resolved:
    """Inputs and parameters of a methodology for ``n`` activity rows.

    Parameters
    ----------
    inputs : mapping of str to array (n,)
        In declared units, each month of a series by itself; NaN where not observed.
    found_rows : mapping of str to FoundRows
        By parameter: values, and the table's rows they come from.
    inactive : mapping of str to array of bool (n,)
        Rows in which a parameter takes no part, because of an option.
    steps : tuple of Step
        The history of the rows in order of time, of a methodology that carries something on; their sum over the years
        of a row stands for the row.  Empty where there is no history.
    """

    methodology: Methodology
    rows: pd.DataFrame
    inputs: Mapping[str, Floats]
    found_rows: Mapping[str, FoundRows]
    inactive: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    _moved: dict[str, dict[str, NDArray[np.bool_]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def moved_by(self, parameter: str) -> dict[str, NDArray[np.bool_]]:
        """By output, the rows (n,) that another value of a parameter changes.

        Along a history every parameter may have played a part: then they are all rows.
        """
        if parameter not in self._moved:
            looked_up, central = self.found_rows[parameter], self.outputs()
            other = np.where(looked_up.values == 0, _MOVE, looked_up.values * (1 + _MOVE))
            changed = {**self.found_rows, parameter: looked_up._replace(values=other)}
            outputs = replace(self, found_rows=changed).outputs()
            self._moved[parameter] = {
                name: ~np.isclose(values, central[name], rtol=1e-12, atol=0) | bool(self.steps)
                for name, values in outputs.items()
            }
        return self._moved[parameter]

    def pools(self) -> dict[str, Floats]:
        """Outputs by pool, shape (n,); NaN where an input was not observed or a pool is not estimated.

        Raises
        ------
        MethodologyError
            A density is not plausible: the equation does not hold for the row.
        """
        outputs = self.outputs()
        self._check_densities(outputs)
        return outputs

    def outputs(self) -> dict[str, Floats]:
        """The same, plausible or not."""
        return self._central(self.methodology.outputs)

    def other_gases(self) -> dict[str, Floats]:
        """What the equation gives beside carbon (gases), by name, shape (n,); in the units of ``other_gases``."""
        return self._central(self.methodology.other_gases)

    def pools_from_draws(self, table_draws: Floats, input_factors: Mapping[str, Floats]) -> dict[str, Floats]:
        """Outputs by pool for draws, shape (draws, n).

        A parameter that depends on the size of an intermediate value comes from the row that the central value finds.

        Parameters
        ----------
        table_draws : array (draws, n_rows of the table)
            From :meth:`ParameterTable.draw`.
        input_factors : mapping of str to array (draws,) or (draws, n)
            Factors by which inputs are off, by input.
        """
        # Computed with draws along the last axis, so that the draws of a row are copied and multiplied as one block.
        draws = len(table_draws)
        padded = np.full((table_draws.shape[1] + 1, draws), np.nan)
        padded[:-1] = table_draws.T

        def given(part: Resolved) -> tuple[dict[str, Floats], dict[str, Floats]]:
            values = {name: padded[found.rows] for name, found in part.found_rows.items()}
            for name, inactive in part.inactive.items():
                values[name][inactive] = self.methodology.only_if[name][2]
            inputs = {name: column[:, None] for name, column in part.inputs.items()}
            for name, factor in input_factors.items():
                inputs[name] = inputs[name] * factor.T
            return inputs, values

        outputs = self._outputs(given, (draws,))
        return {pool: outputs[pool].T for pool in self.methodology.outputs}

    def take(self, places: NDArray[np.intp], *, bare: bool = False) -> Resolved:
        """The same for some of the rows, so that draws can be made for a part without looking up again.

        ``bare`` leaves out the columns of the rows, which draws do not need.
        """
        return replace(
            self,
            rows=pd.DataFrame(index=range(len(places))) if bare else self.rows.iloc[places],
            inputs={name: values[places] for name, values in self.inputs.items()},
            found_rows={name: found.take(places) for name, found in self.found_rows.items()},
            inactive={name: rows[places] for name, rows in self.inactive.items()},
            steps=tuple(step.take(places, len(self.rows), bare=bare) for step in self.steps),
        )

    def used_rows(self) -> dict[str, Any]:
        """Indices of the table's rows that any activity row took, by parameter of ``compute``."""
        parts = (self, *(step.resolved for step in self.steps))
        return {
            name: np.unique(np.concatenate([part.found_rows[name].known() for part in parts]))
            for name in self.found_rows
        }

    def distinct(self) -> tuple[Resolved, NDArray[np.intp]]:
        """One row for all that have the same parameters and inputs, and for each row the number of that one."""
        every = np.arange(len(self.rows))
        if self.steps or len(every) < 2:
            return self, every
        # Inputs are told apart by their bits, so that rows that were not observed are alike too.
        columns = [found.rows.astype(np.int64) for found in self.found_rows.values()]
        columns += [np.ascontiguousarray(values, np.float64).view(np.int64) for values in self.inputs.values()]
        columns += [np.asarray(inactive).astype(np.int64) for inactive in self.inactive.values()]
        if not columns:
            return self.take(every[:1], bare=True), np.zeros_like(every)
        _, first, same = np.unique(np.column_stack(columns), axis=0, return_index=True, return_inverse=True)
        return self.take(first, bare=True), same.reshape(-1)

    def compact(self) -> tuple[Resolved, NDArray[np.int64]]:
        """The same with only the rows of the parameter table that take part, and their places in the whole table."""
        used = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *self.used_rows().values()]))
        return self._renumbered(used), used

    def _renumbered(self, used: NDArray[np.int64]) -> Resolved:
        found_rows = {
            name: found._replace(rows=np.where(found.rows >= 0, np.searchsorted(used, found.rows), -1))
            for name, found in self.found_rows.items()
        }
        steps = tuple(replace(step, resolved=step.resolved._renumbered(used)) for step in self.steps)
        return replace(self, found_rows=found_rows, steps=steps)

    def _central(self, wanted: Iterable[str]) -> dict[str, Floats]:
        def given(part: Resolved) -> tuple[dict[str, Floats], dict[str, Floats]]:
            return dict(part.inputs), {name: found.values for name, found in part.found_rows.items()}

        outputs = self._outputs(given, ())
        return {name: outputs[name] for name in wanted}

    def _outputs(self, given: Supply, tail: tuple[int, ...]) -> dict[str, Floats]:
        """Outputs of all rows, shape (n, *tail); along the history of each where there is one."""
        n = len(self.rows)
        carried = {name: np.zeros((n, *tail)) for name in self.methodology.carried}
        if not self.steps:
            inputs, values = given(self)
            return self._compute({**inputs, **carried}, values, (n, *tail))
        total = {name: np.zeros((n, *tail)) for name in (*self.methodology.outputs, *self.methodology.other_gases)}
        for step in self.steps:
            inputs, values = given(step.resolved)
            brought = {name: amount[step.places] for name, amount in carried.items()}
            found = step.resolved._compute({**inputs, **brought}, values, (len(step.places), *tail))
            for name, amount in carried.items():
                amount[step.places] = found[name]
            own = step.share > 0
            for name, amount in total.items():
                amount[step.places[own]] += (found[name].T * step.share).T[own]
        return total

    def _compute(
        self, inputs: dict[str, Floats], values: dict[str, Floats], shape: tuple[int, ...]
    ) -> dict[str, Floats]:
        known: dict[str, Any] = {**inputs, **series(self.methodology, inputs), **values}
        needed = arguments(self.methodology.compute)
        for name, intermediate in self.methodology.intermediates.items():
            if name in needed:
                known[name] = call(intermediate.compute, known)
        taken = [value for value in known.values() if isinstance(value, np.ndarray)]
        outputs: dict[str, Floats] = {}
        for pool, output in call(self.methodology.compute, known).items():
            outputs[pool] = _own(output, shape, taken)
            taken.append(outputs[pool])
        unobserved = np.zeros(len(self.rows), dtype=bool)
        for column in self.inputs.values():
            unobserved |= np.isnan(column)
        for output in outputs.values():
            output[unobserved] = np.nan
        return outputs

    def _check_densities(self, outputs: Mapping[str, Floats]) -> None:
        limits, problems = quantities()["carbon_density"], Problems()
        for pool, values in outputs.items():
            outside = np.flatnonzero((values < limits.low) | (values > limits.high))
            if len(outside) and self.methodology.kind(pool) == "density":
                first = int(outside[0])
                found = {"pool": pool, "value": f"{values[first]:g}", "low": limits.low, "high": limits.high}
                given = [f"{name} = {column[first]:g}" for name, column in self.inputs.items()]
                where = f"{self.methodology.id}: {_label(self.rows, first)}"
                problems.add("methodology.implausible_density", where, count=len(outside), inputs=given, **found)
        problems.raise_as(MethodologyError)


def _own(output: Any, shape: tuple[int, ...], taken: Sequence[NDArray[Any]]) -> Floats:
    """An output in its shape, as an array of its own; copied only where it is not one already."""
    array = np.asarray(output, dtype=np.float64)
    if array.shape == shape and array.flags.writeable and not any(np.may_share_memory(array, one) for one in taken):
        return array
    return np.array(np.broadcast_to(array, shape))


def resolve(
    methodology: Methodology,
    table: ParameterTable,
    rows: pd.DataFrame,
    constants: Mapping[str, str],
    pools: Collection[str] | None = None,
    *,
    probing: bool = False,
) -> Resolved:
    """Check activity rows against a methodology and look its parameters up.

    Parameters
    ----------
    methodology : Methodology
    table : ParameterTable
        Of this methodology.
    rows : DataFrame
        Rows of ``Activity.states`` or ``Activity.changes``.
    constants : mapping of str to str
        Strata that are the same for all rows, options among them.
    pools : collection of str, optional
        Outputs that are wanted; by default all.  Parameters that only others depend on are not looked up: they are NaN
        and so is what depends on them.
    probing : bool
        Where the table has no row, or none that can be told, the parameter is NaN, and no error.

    Raises
    ------
    MethodologyError
        The rows do not suit: ecosystem, missing or implausible input, option not chosen.
    ParameterError
        A stratum has no parameter, or several; everything that is missing at once.
    """
    strata, problems = _strata(methodology, rows, constants), Problems()
    asked = parameters_asked(methodology, table, pools)
    _check_options(methodology, strata, problems, None if pools is None else asked)
    _check_ecosystems(methodology, rows, problems)
    layers = methodology.layers.items()
    inputs = {layer: _input(methodology, name, layer, rows, problems) for name, parts in layers for layer in parts}
    problems.raise_as(MethodologyError)
    # What the table lacks for the ends of the rows and for their history is asked for at once.
    found_rows, inactive = dict[str, FoundRows](), dict[str, Any]()
    try:
        found_rows, inactive = look_up(methodology, table, strata, inputs, asked, len(rows), probing)
    except ParameterError as error:
        problems.extend(error)
    steps = []
    for stretch in stretches(rows, methodology.ecosystems) if methodology.carried else ():
        try:
            resolved = resolve(methodology, table, stretch.rows, constants, pools)
            steps.append(Step(stretch.places, stretch.share, resolved))
        except ParameterError as error:
            problems.extend(ParameterError(*(problem for problem in error.problems if problem not in list(problems))))
    problems.raise_as(ParameterError)
    return Resolved(methodology, rows, inputs, found_rows, inactive, tuple(steps))


def _strata(methodology: Methodology, rows: pd.DataFrame, constants: Mapping[str, str]) -> dict[str, Any]:
    """Columns of the rows, and the constants; the two must not contradict each other."""
    strata: dict[str, Any] = {str(name): rows[name].to_numpy() for name in rows.columns}
    if twice := sorted(c for c in constants if any(f"{c}{suffix}" in strata for suffix in ("", *SUFFIXES))):
        raise MethodologyError(Problem("methodology.stratum_twice", methodology.id, {"strata": twice}))
    for name, value in constants.items():
        strata[name] = np.full(len(rows), str(value), dtype=object)
    return strata


def _check_options(
    methodology: Methodology, strata: Mapping[str, Any], problems: Problems, asked: Mapping[str, set[str]] | None
) -> None:
    """Every option is chosen; where only some parameters are asked for, those on which one of them depends."""
    needed = set(methodology.options)
    if asked is not None:
        needed = {methodology.only_if[name][0] for name in asked if name in methodology.only_if}.union(*asked.values())
    for option, choices in methodology.options.items():
        if option not in strata and option not in needed:
            continue
        if option not in strata:
            problems.add("methodology.no_choice", methodology.id, option=option, choices=choices)
        elif unknown := sorted({str(value) for value in pd.unique(strata[option])} - set(choices)):
            problems.add("methodology.bad_choice", methodology.id, option=option, found=unknown, choices=choices)


def _check_ecosystems(methodology: Methodology, rows: pd.DataFrame, problems: Problems) -> None:
    columns = ("ecosystem",) if methodology.acts_on == "state" else ("ecosystem_from", "ecosystem_to")
    found = {str(value) for name in columns if name in rows.columns for value in rows[name].unique()}
    if foreign := sorted(found - set(methodology.ecosystems)):
        values = {"found": foreign, "ecosystems": methodology.ecosystems}
        problems.add("methodology.wrong_ecosystem", methodology.id, **values)


def _input(methodology: Methodology, declared: str, name: str, rows: pd.DataFrame, problems: Problems) -> Floats:
    """A layer of a declared input in its declared unit, within its bounds; NaN where it was not observed."""
    base, nothing = methodology.base_name(name), np.full(len(rows), np.nan)
    column, unit = "area_ha" if name == _AREA else name, methodology.inputs[declared]
    made = column not in rows.columns and name in _MADE_FROM and _MADE_FROM[name] <= set(rows.columns)
    if column not in rows.columns and not made:
        missing = [layer for layer in methodology.layers[declared] if layer not in rows.columns]
        if not isinstance(unit, Monthly):
            problems.add("methodology.no_input", methodology.id, input=name, unit=unit)
        elif name == missing[0]:
            problems.add("methodology.no_months", methodology.id, input=declared, layers=missing, unit=unit)
        return nothing
    try:
        values = _made(name, rows) if made else rows[column].to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        problems.add("methodology.input_not_a_number", methodology.id, input=name, reason=str(error))
        return nothing
    quantity = quantities().get(base)
    low, high = methodology.bounds.get(declared, (0.0, np.inf))
    known = str(unit)
    if quantity is not None:
        known, low, high = quantity.unit, np.nan_to_num(quantity.low), np.nan_to_num(quantity.high, nan=np.inf)
    # Nothing happens in no time, and no quantity is infinite.
    impossible = np.isinf(values) | ((values <= 0) if name == _PERIOD else False)
    outside = np.flatnonzero((values < low) | (values > high) | impossible)
    if len(outside):
        first = int(outside[0])
        where = f"{methodology.id}: {_label(rows, first)}"
        found = {"value": f"{values[first]:g}", "low": low, "high": high, "unit": known, "count": len(outside)}
        problems.add("methodology.implausible_input", where, input=name, **found)
    return units.convert(values, known, unit)


def _made(name: str, rows: pd.DataFrame) -> Floats:
    """An input of the row itself: the years between its dates, or whether its land was converted."""
    if name == _PERIOD:
        return years_between(rows)
    converted: Floats = (rows["ecosystem_from"] != rows["ecosystem_to"]).to_numpy().astype(np.float64)
    return converted


def _label(rows: pd.DataFrame, number: int) -> str:
    """How a row is named in a message: its region, date and classes."""
    names = ("source", "region_code", "date", "date_from", "date_to", "class", "class_from", "class_to")
    words = [str(rows[name].iloc[number]) for name in names if name in rows.columns]
    return " ".join(words) or str(rows.index[number])
