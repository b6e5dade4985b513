"""Carbon of land whose inputs are spread out, without evaluating every cell.

The activity table has, for each row and bin of its inputs, the area and the first and second moments.  In a bin a
methodology is taken for a parabola through a few nodes (:mod:`sinks.methodology.response` cuts the bins so that it
is one).  What a bin holds is then a sum over its nodes, whose weights follow from the moments alone::

    integral of f over the bin  =  w_0 f(centre) + sum_i (w_i+ f(centre + h_i) + w_i- f(centre - h_i)) + ...

Weights add as moments do, so that a figure does not depend on how land is divided into regions; and nodes are the same
for all regions, so that draws are made for nodes and not for rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sinks.input_sets import InputGroup, InputSet, moment_columns
from sinks.methodology import Bound
from sinks.methodology.response import NODE
from sinks.uncertainty.draws import Floats

_FLAT = 1e-9
"""Bins narrower than this part of their place are one point: a single class of a table."""


@dataclass(frozen=True)
class Parts:
    """Land as it is evaluated: whole rows at their means, or bins of rows by nodes.

    Attributes
    ----------
    rows : DataFrame
        The land of each part: columns of the activity's states.
    origin : array (parts,) of int
        Place of each part's row among the rows that were given.
    area, known : array (parts,)
        Hectares of the part, and those of them on which all inputs were observed.
    nodes : DataFrame
        What the methodology is evaluated at.
    weights : sparse array (parts, nodes)
        Hectares of each node in each part.
    """

    rows: pd.DataFrame
    origin: NDArray[np.intp]
    area: Floats
    known: Floats
    nodes: pd.DataFrame
    weights: csr_array


def parts_of(rows: pd.DataFrame, bins: pd.DataFrame, method: Bound, sets: Sequence[InputSet], known: Floats) -> Parts:
    """Cut rows into what can be evaluated.

    Parameters
    ----------
    rows : DataFrame
        States of one entry, numbered from 0.
    bins : DataFrame
        Their bins, ``row`` by that number.
    method : Bound
    sets : sequence of InputSet
        Those of the activity.
    known : array (rows,)
        Hectares on which all inputs of the methodology were observed.
    """
    whole = _whole(rows, known)
    watched = set_of(method, rows, sets)
    if watched is None or not watched.groups or bins.empty:
        return whole
    own = bins[bins["set"] == watched.id]
    binned = np.zeros(len(rows), bool)
    binned[own["row"].to_numpy()] = True
    binned &= known > 0
    if not binned.any():
        return whole
    own = own[binned[own["row"].to_numpy()]]
    make = _by_bin if len(watched.groups) == 1 and watched.groups[0].inputs == watched.inputs else _composed
    return _joined(_taken(whole, np.flatnonzero(~binned)), make(rows, own, method, watched, known))


def set_of(method: Bound, rows: pd.DataFrame, sets: Sequence[InputSet]) -> InputSet | None:
    """The set of the activity's inputs that a methodology takes together; None where it takes none that is watched."""
    names = {name for one in sets for name in one.inputs if name in method.inputs or name in method.strata}
    found = (one for one in sets if set(one.inputs) == names and one.column in rows.columns)
    return next(found, None)


def _whole(rows: pd.DataFrame, known: Floats) -> Parts:
    n = len(rows)
    return Parts(
        rows,
        np.arange(n),
        rows["area_ha"].to_numpy(float),
        known,
        rows,
        csr_array((known, (range(n), range(n))), (n, n)),
    )


def _taken(parts: Parts, places: NDArray[np.intp]) -> Parts:
    """Some of the whole rows."""
    return Parts(
        parts.rows.iloc[places],
        parts.origin[places],
        parts.area[places],
        parts.known[places],
        parts.nodes.iloc[places],
        parts.weights[places][:, places],
    )


def _joined(one: Parts, other: Parts) -> Parts:
    from scipy.sparse import block_diag

    order = np.argsort(np.concatenate([one.origin, other.origin]), kind="stable")
    return Parts(
        pd.concat([one.rows, other.rows], ignore_index=True).iloc[order].reset_index(drop=True),
        np.concatenate([one.origin, other.origin])[order],
        np.concatenate([one.area, other.area])[order],
        np.concatenate([one.known, other.known])[order],
        pd.concat([one.nodes, other.nodes], ignore_index=True),
        csr_array(block_diag([one.weights, other.weights], format="csr"))[order],
    )


def _by_bin(rows: pd.DataFrame, bins: pd.DataFrame, method: Bound, watched: InputSet, known: Floats) -> Parts:
    """A part for each bin: where a table has no parameter for some values, the rest of the row is still known."""
    group = watched.groups[0]
    origin = bins["row"].to_numpy()
    strata = _strata(rows, method, watched)
    nodes, cell = _cells(strata.numbers[origin], bins["bin"].to_numpy(), group)
    weights = _weights(bins, group)
    columns = cell[:, None] * weights.shape[1] + np.arange(weights.shape[1])
    places = np.repeat(np.arange(len(bins)), weights.shape[1])
    frame = strata.frame(nodes.strata).assign(**dict(zip(group.inputs, nodes.points.T, strict=True)))
    table = csr_array((weights.ravel(), (places, columns.ravel())), (len(bins), len(frame)))
    area = bins["area_ha"].to_numpy(float)
    return Parts(rows.iloc[origin].reset_index(drop=True), origin, area, area, frame, table)


def _composed(rows: pd.DataFrame, bins: pd.DataFrame, method: Bound, watched: InputSet, known: Floats) -> Parts:
    """A part for each row: inputs that do not act on each other, each spread out while the others stand still.

    With the others at a base, f(x, y) = f(base) + [f(x, base) - f(base)] + [f(base, y) - f(base)].
    """
    origin = np.unique(bins["row"].to_numpy())
    number = np.full(len(rows), -1)
    number[origin] = np.arange(len(origin))
    own, hectares = rows.iloc[origin].reset_index(drop=True), known[origin]
    strata = _strata(own, method, watched)
    base = {name: float(np.average(own[name], weights=hectares)) for name in watched.inputs}
    count = strata.numbers.max() + 1
    frames = [strata.frame(np.arange(count)).assign(**base)]
    places, columns, weights = [np.arange(len(own))], [strata.numbers], [hectares.copy()]
    begin = count
    for at, group in enumerate(watched.groups):
        part = bins[bins["group"] == at]
        rows_of = number[part["row"].to_numpy()]
        nodes, cell = _cells(strata.numbers[rows_of], part["bin"].to_numpy(), group)
        found = _weights(part, group)
        frames.append(
            strata.frame(nodes.strata).assign(**base).assign(**dict(zip(group.inputs, nodes.points.T, strict=True)))
        )
        places.append(np.repeat(rows_of, found.shape[1]))
        columns.append((begin + cell[:, None] * found.shape[1] + np.arange(found.shape[1])).ravel())
        weights.append(found.ravel())
        weights[0] -= np.bincount(rows_of, part["area_ha"], len(own))
        begin += len(nodes.strata)
    for name in watched.inputs:
        if any(name in group.inputs for group in watched.groups):
            continue
        step = max(float(np.ptp(own[name])), abs(base[name]) * 0.1, 1e-6)
        frames.append(strata.frame(np.arange(count)).assign(**{**base, name: base[name] + step}))
        share = hectares * (own[name].to_numpy(float) - base[name]) / step
        places.append(np.arange(len(own)))
        columns.append(begin + strata.numbers)
        weights.append(share)
        weights[0] -= share
        begin += count
    table = csr_array((np.concatenate(weights), (np.concatenate(places), np.concatenate(columns))), (len(own), begin))
    area = own["area_ha"].to_numpy(float)
    return Parts(own, origin, area, hectares, pd.concat(frames, ignore_index=True), table)


@dataclass(frozen=True)
class _Strata:
    """What of rows a methodology can tell apart, besides the inputs that are spread out."""

    numbers: NDArray[Any]
    examples: pd.DataFrame

    def frame(self, numbers: NDArray[np.intp]) -> pd.DataFrame:
        """An example row for each number."""
        return self.examples.iloc[numbers].reset_index(drop=True)


def _strata(rows: pd.DataFrame, method: Bound, watched: InputSet) -> _Strata:
    asked = [*method.strata, "ecosystem", *method.inputs]
    columns = [name for name in dict.fromkeys(asked) if name in rows.columns and name not in watched.inputs]
    groups = rows.groupby(columns, sort=True, dropna=False)
    numbers = groups.ngroup().to_numpy()
    return _Strata(numbers, rows.iloc[np.unique(numbers, return_index=True)[1]])


@dataclass(frozen=True)
class _Cells:
    """Nodes of bins in strata: the stratum of each, and its point (nodes, inputs)."""

    strata: NDArray[np.intp]
    points: Floats


def _cells(strata: NDArray[np.intp], bins: NDArray[np.int64], group: InputGroup) -> tuple[_Cells, NDArray[np.intp]]:
    """The nodes of every bin that occurs in a stratum, and which bin of those each of the given ones is."""
    pairs, cell = np.unique(np.stack([strata, bins], axis=1), axis=0, return_inverse=True)
    centre, half = _places(pairs[:, 1], group)
    offsets = _offsets(len(group.inputs))
    points = centre[:, None, :] + NODE * half[:, None, :] * offsets
    return _Cells(np.repeat(pairs[:, 0], len(offsets)), points.reshape(-1, len(group.inputs))), cell.ravel()


def _places(bins: NDArray[np.int64], group: InputGroup) -> tuple[Floats, Floats]:
    """Middle and half width of bins by input; a bin that is one point has no width."""
    low, high = group.limits(bins)
    centre, half = (low + high) / 2, (high - low) / 2
    return centre, np.where(half > _FLAT * np.abs(centre), half, 0.0)


def _offsets(inputs: int) -> Floats:
    """Nodes in units of a bin: its middle, both sides by input, and the corner of each pair of inputs."""
    one = np.eye(inputs)
    corners = [one[i] + one[j] for i, j in combinations(range(inputs), 2)]
    return np.concatenate([np.zeros((1, inputs)), one, -one, np.array(corners).reshape(-1, inputs)])


def _weights(bins: pd.DataFrame, group: InputGroup) -> Floats:
    """Hectares of the nodes of each bin (bins, nodes), in the order of :func:`_offsets`."""
    inputs = len(group.inputs)
    centre, half = _places(bins["bin"].to_numpy(), group)
    area = bins["area_ha"].to_numpy(float)
    with np.errstate(divide="ignore"):
        scale = np.where(half > 0, 1 / (NODE * half), 0.0)
    moments = {name: bins[name].to_numpy(float) for name in moment_columns(inputs)}
    first = np.stack([(moments[f"sum_{i}"] - centre[:, i] * area) * scale[:, i] for i in range(inputs)], axis=1)
    second = {}
    for i, j in group.pairs:
        cross = moments[f"sum_{i}{j}"] - centre[:, i] * moments[f"sum_{j}"] - centre[:, j] * moments[f"sum_{i}"]
        second[i, j] = (cross + centre[:, i] * centre[:, j] * area) * scale[:, i] * scale[:, j]
    squares = np.stack([second[i, i] for i in range(inputs)], axis=1)
    corners = {pair: second[pair] for pair in combinations(range(inputs), 2)}
    beside = np.zeros_like(first)
    for (i, j), value in corners.items():
        beside[:, i] += value
        beside[:, j] += value
    middle = area - squares.sum(axis=1) + sum(corners.values(), start=np.zeros(len(bins)))
    sides = (first / 2 + squares / 2 - beside, -first / 2 + squares / 2)
    return np.concatenate([middle[:, None], *sides, *(value[:, None] for value in corners.values())], axis=1)
