"""Numbers of the production model CASA for every class of a vegetation layer, from its sourced table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sinks.errors import LayerError, MethodologyError, ParameterError, Problem, Problems
from sinks.geo.legends import Legend
from sinks.layers.rasters.casa import BOUNDS, PARAMETERS, SERIES, Casa, Coefficients
from sinks.methodology import Registry
from sinks.parameters import ParameterTable, extended_id
from sinks.provenance import Source

TABLE = "casa_npp"
"""The model's table, which a user's own may extend."""

STRATUM = "vegetation"
"""Column by which the table tells parameters apart."""

NONE = "none"
"""Vegetation of classes on which nothing grows; their cells have no value."""


@dataclass(frozen=True)
class Production:
    """The model as a project uses it.

    Attributes
    ----------
    rule : Casa
    used : DataFrame
        Rows of the table that it takes, as ``ParameterTable.frame`` has them.
    sources : mapping of str to Source
        Documents by key.
    """

    rule: Casa
    used: pd.DataFrame
    sources: Mapping[str, Source]


def production_table(registry: Registry, extension: Path | str | None = None) -> ParameterTable:
    """The model's table, with the rows of a user before it.

    Raises
    ------
    MethodologyError
        The extension does not say that it extends this table.
    ParameterError
        With every fault of either.
    """
    table = registry.table(TABLE, PARAMETERS, (STRATUM,), BOUNDS)
    if extension is None:
        return table
    if (base := extended_id(extension)) != TABLE:
        values = {"found": base or "", "expected": TABLE}
        raise MethodologyError(Problem("methodology.extends_other", str(extension), values))
    return table.extended(extension)


def production(name: str, layer: str, legend: Legend, classes: Mapping[str, str], table: ParameterTable) -> Production:
    """Take the model's numbers for every class of a legend.

    Parameters
    ----------
    name : str
        Of the derived layer, for messages.
    layer : str
        Name of the vegetation's layer.
    legend : Legend
        Of that layer.
    classes : mapping of str to str
        Vegetation of the table for each class of the legend, or :data:`NONE`.
    table : ParameterTable

    Raises
    ------
    LayerError
        With classes that are not mapped or not in the legend, and every number that the table lacks.
    """
    problems = Problems()
    wanted = {one.cls for one in legend if not one.is_nodata}
    if missing := sorted(wanted - set(classes)):
        problems.add("derived.casa_classes", name, missing=missing, layer=layer, none=NONE, known=_known(table))
    if unknown := sorted(set(classes) - wanted):
        problems.add("derived.casa_unknown", name, found=unknown, layer=layer, known=sorted(wanted))
    kinds = sorted({kind for kind in classes.values() if kind != NONE})
    numbers = np.full((len(PARAMETERS), len(kinds)), np.nan)
    rows: set[int] = set()
    for place, parameter in enumerate(PARAMETERS):
        try:
            found = table.lookup(parameter, {STRATUM: np.array(kinds, object)}, len(kinds))
        except ParameterError as error:
            problems.extend(error)
        else:
            numbers[place] = found.values
            rows |= set(found.rows.tolist())
    problems.raise_as(LayerError)
    of_kind = {kind: Coefficients(*numbers[:, at].tolist()) for at, kind in enumerate(kinds)}
    codes = ((one.number, classes[one.cls]) for one in legend if not one.is_nodata)
    by_code = tuple((number, of_kind[kind]) for number, kind in codes if kind != NONE and number is not None)
    rule = Casa(layer, f"casa({layer}, {', '.join(SERIES)})", by_code)
    return Production(rule, table.frame.iloc[sorted(rows)], table.sources)


def _known(table: ParameterTable) -> Sequence[str]:
    return sorted({str(row.cells[STRATUM]) for row in table.rows if row.cells[STRATUM] is not None})
