"""What a methodology declares about itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sinks.folds import Fold, folded, items, nouns, pairs, part
from sinks.methodology.docstring import sections
from sinks.text import Text, message
from sinks.vocabulary import MONTHS, month_id

Approach = Literal["stock_difference", "gain_loss", "rate", "nep"]
Kind = Literal["density", "flux", "stock_total", "flux_total"]
Floats = NDArray[np.float64]
Compute = Callable[..., Mapping[str, Any]]

KIND_OF_UNIT: Mapping[str, Kind] = {
    "t C/ha": "density",
    "t C/ha/yr": "flux",
    "t C": "stock_total",
    "t C/yr": "flux_total",
}
"""An output's unit says what it is; only these four are outputs."""

SUFFIXES = ("_from", "_to")

OF_THE_ROW: Mapping[str, str] = {"area": "ha", "period": "yr", "converted": "1"}
"""Unit by name of the inputs that are no layers: see :class:`Methodology`."""


class Monthly(str):
    """Unit of an input that is a series of months: ``Monthly("degC")``.

    The equation takes it as one array with the months January to December on its first axis; a project has a layer for
    each, ``temperature_01`` to ``temperature_12``.
    """

    __slots__ = ()


@dataclass(frozen=True)
class Example:
    """A calculation published elsewhere, which the methodology must reproduce.

    Parameters
    ----------
    inputs, parameters : mapping of str to float
        As published, in the declared units; a monthly input has the twelve numbers of its months.
    outputs : mapping of str to str
        By pool, as printed: the number of digits says how exactly they must be met.
    source, locator : str
        Key in ``sources.csv``, and the page.
    """

    inputs: Mapping[str, float | Sequence[float]]
    parameters: Mapping[str, float]
    outputs: Mapping[str, str]
    source: str
    locator: str


@dataclass(frozen=True)
class Intermediate:
    """A value on the way, by whose size a later parameter is looked up (root-to-shoot ratio by biomass)."""

    unit: str
    compute: Callable[..., Any]


@dataclass(frozen=True, eq=False, repr=False)
class Methodology:
    """The specification of a methodology, and its equation.

    Parameters
    ----------
    id : str
        Name of its file, too.
    title : Text
        In Chinese and English.
    source, locator : str
        Document (key in ``sources.csv``) and the place in it that has the equation.
    approach : str
        ``stock_difference``, ``gain_loss``, ``rate`` or ``nep``: sinks of different approach are not additive.
    tier : int
        IPCC tier, 1 to 3.
    acts_on : str
        ``state`` (land at a date) or ``change`` (land between two dates).
    ecosystems : tuple of str
        Where it applies.
    inputs, parameters : mapping of str to str
        Unit by name; that of a series of months is :class:`Monthly`.  On change rows a name may end in ``_from`` or
        ``_to``: it is then taken from the row's state before or after.  The input ``area`` is the row's area,
        ``period`` the years between its dates, ``converted`` 1 on land whose ecosystem changed between them and 0
        elsewhere.
    outputs : mapping of str to str
        Unit by pool: ``t C/ha``, ``t C/ha/yr``, ``t C`` or ``t C/yr``.
    compute : function
        Inputs and parameters in; outputs by pool, and ``other_gases``, out; elementwise, so that draws broadcast.
    valid_for : Text
        Where the method holds.
    strata : tuple of str, optional
        Columns by which its table may tell parameters apart; any, when None.
    soil_depth_cm : (int, int), optional
        Depth of its soil pool.
    edition : str, optional
        IPCC edition ("2006", "2019") of its defaults.
    options : mapping of str to tuple of str
        Choices without a default, each a stratum that the project must give.
    only_if : mapping of str to (str, str, float)
        Parameters that take part only under a choice of an option: option, choice, and the neutral element (0 of a
        sum, 1 of a product) that stands for them otherwise.
    intermediates : mapping of str to Intermediate
        By name, usable as a stratum and as an argument of ``compute``.
    crosswalks : mapping of str to str
        Strata that follow from others: CSV (beside the module) by stratum.
    bounds : mapping of str to (float, float)
        Least and greatest possible value of parameters, and of inputs the vocabulary does not have.
    other_gases : mapping of str to str
        Unit by name of what ``compute`` gives beside carbon: methane, nitrous oxide, the carbon dioxide of fires whose
        carbon another methodology counts.  Reported beside the account, never in it.
    documents : mapping of str to Text
        By parameter, the document that has the numbers the table lacks; a look-up that fails names it.
    carried : mapping of str to str
        Unit by name of what goes on from one date of the land's history to the next, of a methodology on change rows
        whose land changes for longer than a period.  ``compute`` takes it as it is at the start of a period and returns
        it, under the same name, for the end.  Where no history is known it is zero.
    partial : bool
        Parameters are pools of which a stratum may lack some, but not all; a pool without a row is NaN: not estimated.
    examples : tuple of Example
        Published calculations that it must reproduce.
    """

    id: str
    title: Text
    source: str
    locator: str
    approach: Approach
    tier: int
    acts_on: Literal["state", "change"]
    ecosystems: tuple[str, ...]
    inputs: Mapping[str, str]
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    compute: Compute
    valid_for: Text
    strata: tuple[str, ...] | None = None
    soil_depth_cm: tuple[int, int] | None = None
    edition: str | None = None
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_if: Mapping[str, tuple[str, str, float]] = field(default_factory=dict)
    intermediates: Mapping[str, Intermediate] = field(default_factory=dict)
    crosswalks: Mapping[str, str] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    other_gases: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Text] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    examples: tuple[Example, ...] = ()

    @property
    def pools(self) -> tuple[str, ...]:
        """Carbon pools that it gives."""
        return tuple(self.outputs)

    @property
    def table_parameters(self) -> dict[str, str]:
        """Unit by parameter as tables have them: one row serves ``f_lu_from`` and ``f_lu_to``."""
        return {self.base_name(name): unit for name, unit in self.parameters.items()}

    @property
    def table_bounds(self) -> dict[str, tuple[float, float]]:
        """Bounds by parameter as tables have them."""
        return {self.base_name(name): limits for name, limits in self.bounds.items()}

    @property
    def layers(self) -> dict[str, tuple[str, ...]]:
        """By input the columns of the activity that it is made of: twelve of a series of months, else one."""
        return {name: self._layers_of(name, unit) for name, unit in self.inputs.items()}

    def _layers_of(self, name: str, unit: str) -> tuple[str, ...]:
        if not isinstance(unit, Monthly):
            return (name,)
        base = self.base_name(name)
        return tuple(month_id(base, month) + name.removeprefix(base) for month in MONTHS)

    def base_name(self, name: str) -> str:
        """A name without the ``_from`` or ``_to`` that it has on change rows."""
        return name.removesuffix("_from").removesuffix("_to") if self.acts_on == "change" else name

    def kind(self, pool: str) -> Kind:
        """What the output of a pool is: a density, a flux, or a total of either."""
        return KIND_OF_UNIT[self.outputs[pool]]

    def __repr__(self) -> str:
        return message("folds.method_head", id=self.id, title=self.title, tier=self.tier)

    def _repr_html_(self) -> str:
        return folded(repr(self), self._parts())

    def _parts(self) -> list[Fold]:
        """The specification part by part, for a notebook."""
        said = sections(self.compute).get("Notes", "")
        known = {one.source: one.locator for one in self.examples}
        return [
            part("folds.equation", f"<pre>{escape(said)}</pre>" if said else "", opened=True),
            part("folds.inputs", pairs(self.inputs), len(self.inputs), opened=True),
            part("folds.parameters", pairs(self.parameters), len(self.parameters), opened=True),
            part("folds.outputs", pairs({**self.outputs, **self.other_gases}), len(self.outputs), opened=True),
            part("folds.documents", pairs({self.source: self.locator})),
            part("folds.notes", items([str(self.valid_for)])),
            part("folds.examples", pairs(known), len(known)),
        ]

    def __dir__(self) -> list[str]:
        return nouns(self)


def arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the arguments of a function."""
    return tuple(inspect.signature(function).parameters)
