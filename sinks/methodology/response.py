"""How a methodology answers to its continuous inputs: found by evaluating it, not by what it says of itself.

Carbon per hectare that is linear in an input may be computed from the input's mean; what steps, bends or multiplies
two inputs may not.  For every stratum that a project can have, the methodology is evaluated over the plausible range of
each input.  Inputs on which it is not linear are grouped with those they act on, and each gets edges between which a
parabola meets the methodology: the steps of its parameters first, then as many edges more as its curve needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.errors import SinksError
from sinks.input_sets import InputGroup, InputSet
from sinks.methodology.bound import Bound
from sinks.methodology.resolve import resolve
from sinks.methodology.spec import Floats
from sinks.parameters.table import UNDECIDED
from sinks.vocabulary import MID_YEAR, of_time

NODE = float(np.cos(np.pi / 6))
"""Where a parabola is laid through a function on an interval from -1 to 1: at its middle and at plus and minus this,
the Chebyshev points, which keep the error between them least."""

TOLERANCE = 2e-5
"""Error of the parabola in a bin, as a part of the largest value there, that asks for no further edge."""

_FLOOR = 1e-6
"""The same as a part of the largest value at all: what is smaller decides nothing."""

_LINEAR = 1e-9
"""Departure from a line, as a part of the largest value, that is rounding."""

_GRID = 96
_STRATA = 512
_SPLITS = 7
_MOST_EDGES = 96
_BASES = 4
_POINTS = 100_000
"""Rows that are evaluated in one call."""

_TOGETHER = 3
"""Inputs that act on each other all together: their cubes are not counted, so that each of them is cut finer."""

_FINE = np.geomspace(1 / 4096, 1, 21)
"""Edges of each of these, as parts of its range: steps of one half more, down to what no quantity is small against."""


@dataclass(frozen=True)
class _Probe:
    """A methodology at points of its inputs, in every stratum there may be.

    Attributes
    ----------
    bound : Bound
    pools : tuple of str
    inputs : tuple of str
    limits : array (inputs, 2)
        Plausible bounds.
    strata : DataFrame
        Combinations of strata, one row each.
    years : int
        Years for which land goes on through the ages from those that are counted; zero where the figure is of a date.
    """

    bound: Bound
    pools: tuple[str, ...]
    inputs: tuple[str, ...]
    limits: Floats
    strata: pd.DataFrame
    years: int = 0

    @cached_property
    def bases(self) -> list[Floats]:
        """Points from which one or two of the inputs are moved."""
        return _bases(self)

    def at(self, points: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Outputs and rows of the table that were found at points (n, inputs), in every stratum.

        Returns
        -------
        array (pools, strata, n)
            NaN where there is no parameter.
        array (parameters, strata, n)
        """
        n, s = len(points), len(self.strata)
        rows = self.strata.loc[np.repeat(self.strata.index, n)].reset_index(drop=True)
        values = {name: np.tile(points[:, i], s) for i, name in enumerate(self.inputs)}
        method = self.bound.methodology
        given = (self.bound.table, rows.assign(**values), self.bound.constants, self.pools)
        found = resolve(method, *given, probing=True)
        outputs = found.outputs()
        table = np.array([one.rows for one in found.found_rows.values()] or [np.zeros(len(rows), np.int64)])
        return np.array([outputs[pool] for pool in self.pools]).reshape(-1, s, n), table.reshape(-1, s, n)


def input_set(
    bound: Bound,
    ecosystems: Sequence[str],
    pools: Sequence[str],
    limits: Mapping[str, tuple[float, float]],
    classes: Mapping[str, Sequence[str]],
    years: int = 0,
) -> InputSet | None:
    """The layers that a methodology takes together, and the bins that it needs of them.

    Parameters
    ----------
    bound : Bound
        Acts on states.
    ecosystems, pools : sequence of str
        What it accounts for.
    limits : mapping of str to (float, float)
        Plausible bounds of each continuous layer of the project.
    classes : mapping of str to sequence of str
        Values that each stratum, and the land cover, may have.
    years : int
        The longest step between dates: over it a flux that depends on an age is looked up at later ages too.

    Returns
    -------
    InputSet or None
        None when it takes none of the layers.  Without groups when it is linear in all of them, or cannot be evaluated
        (what is wrong with it is then said when it is looked up for the land itself).
    """
    method = bound.methodology
    taken = sorted(name for name in limits if name in bound.inputs or name in bound.strata)
    if not taken or method.acts_on != "state":
        return None
    ranges = np.array([limits[name] for name in taken], np.float64)
    of_a_date = all(bound.kind(pool) == "density" for pool in pools)
    strata = _strata(bound, taken, ecosystems, classes)
    probe = _Probe(bound, tuple(pools), tuple(taken), ranges, strata, 0 if of_a_date else years)
    try:
        possible = _possible(probe)
        groups = tuple(_groups(_without_repeats(possible))) if len(possible.strata) else ()
    except SinksError:
        groups = ()
    return InputSet(tuple(taken), tuple(ecosystems), groups)


def _strata(
    bound: Bound, inputs: Sequence[str], ecosystems: Sequence[str], classes: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Combinations of the strata that the parameters depend on; of very many, a part."""
    names = [name for name in bound.strata if name not in (*inputs, *bound.constants, "ecosystem") and name in classes]
    combined = list(product(ecosystems, *(dict.fromkeys(classes[name]) for name in names)))
    if len(combined) > _STRATA:
        places = np.random.default_rng(0).choice(len(combined), _STRATA, replace=False)
        combined = [combined[place] for place in sorted(places)]
    return pd.DataFrame(combined, columns=["ecosystem", *names], dtype=object)


def _possible(probe: _Probe) -> _Probe:
    """The same with the strata of which the table can say which row they have: others the land must not have."""
    _, rows = probe.at(_middle(probe)[None, :])
    told = (rows != UNDECIDED).all(axis=(0, 2))
    return probe if told.all() else replace(probe, strata=probe.strata[told].reset_index(drop=True))


def _without_repeats(probe: _Probe) -> _Probe:
    """The same with one stratum of those for which the table has the same rows."""
    found = []
    for i, limits in enumerate(probe.limits):
        _, rows = probe.at(_moved(_middle(probe), i, _points(limits, 5)))
        found.append(rows.transpose(1, 0, 2).reshape(len(probe.strata), -1))
    _, first = np.unique(np.concatenate(found, axis=1), axis=0, return_index=True)
    return replace(probe, strata=probe.strata.iloc[np.sort(first)].reset_index(drop=True))


def _groups(probe: _Probe) -> Iterator[InputGroup]:
    """Inputs that need bins, together where they act on each other."""
    count = len(probe.inputs)
    together = [{i} for i in range(count)]
    for i, j in _acting_on_each_other(probe):
        one, other = (next(group for group in together if k in group) for k in (i, j))
        if one is not other:
            together.remove(other)
            one |= other
    for group in together:
        members = sorted(group)
        if len(members) == 1 and _is_linear(probe, members[0]):
            continue
        edges = [_edges(probe, i, members) for i in members]
        yield InputGroup(tuple(probe.inputs[i] for i in members), tuple(edges))


def _points(limits: Floats, n: int) -> Floats:
    """Points over a range, dense where it begins: many quantities are small on most land."""
    low, high = limits
    even = np.linspace(low, high, n)
    if low < 0:
        return np.asarray(even)
    return np.unique(np.concatenate([even, low + np.geomspace(1e-4, 1, n) * (high - low)]))


def _middle(probe: _Probe) -> Floats:
    """A point inside the range of every input."""
    low, high = probe.limits.T
    return np.asarray(np.where(low < 0, (low + high) / 2, low + 0.1 * (high - low)))


def _random(probe: _Probe, i: int, n: int, rng: np.random.Generator) -> Floats:
    """Points over the range of an input, as many small ones as large ones."""
    low, high = probe.limits[i]
    if low < 0:
        return rng.uniform(low, high, n)
    return np.asarray(low + (high - low) * np.exp(rng.uniform(np.log(1e-4), 0, n)))


def _bases(probe: _Probe) -> list[Floats]:
    """Values that the other inputs have while one of them is moved, such that every stratum has a figure at one."""
    if len(probe.inputs) == 1:
        return [_middle(probe)]
    rng = np.random.default_rng(len(probe.inputs))
    points = np.stack([_random(probe, i, _GRID, rng) for i in range(len(probe.inputs))], axis=1)
    points = np.concatenate([_middle(probe)[None, :], points])
    known = np.asarray(np.isfinite(probe.at(points)[0]).all(axis=0))
    chosen: list[int] = []
    left = known.any(axis=1)
    while left.any() and len(chosen) < _BASES:
        best = int(known[left].sum(axis=0).argmax())
        chosen.append(best)
        left = left & ~known[:, best]
    # A second one, since a step may lie where the others are small.
    chosen.append(int(known.sum(axis=0)[1:].argmax()) + 1)
    return [points[at] for at in dict.fromkeys(chosen)]


def _moved(base: Floats, i: int, values: Floats) -> Floats:
    points = np.tile(base, (len(values), 1))
    points[:, i] = values
    return points


def _is_linear(probe: _Probe, i: int) -> bool:
    values = _points(probe.limits[i], _GRID)
    for base in probe.bases:
        found, _ = probe.at(_moved(base, i, values))
        known = np.isfinite(found)
        if (known.any(axis=-1) & ~known.all(axis=-1)).any():
            return False
        share = (values - values[0]) / (values[-1] - values[0])
        line = found[..., :1] + share * (found[..., -1:] - found[..., :1])
        scale = np.nanmax(np.abs(found), axis=-1, keepdims=True, initial=0.0)
        if (np.abs(found - line) > _LINEAR * scale).any():
            return False
    return True


def _acting_on_each_other(probe: _Probe) -> list[tuple[int, int]]:
    """Pairs of inputs of which one does another thing where the other is another.

    Many pairs are evaluated at once: what a call costs is the look-up of its table, and hardly the number of points.
    """
    draws = {pair: np.random.default_rng(pair) for pair in combinations(range(len(probe.inputs)), 2)}
    found: list[tuple[int, int]] = []
    for base in probe.bases:
        alone = probe.at(base[None, :])[0][:, :, None, :]
        left = [pair for pair in draws if pair not in found]
        most = max(_POINTS // (3 * _GRID * len(probe.strata)), 1)
        for pairs in (left[at : at + most] for at in range(0, len(left), most)):
            points = np.concatenate([_corners(probe, base, pair, draws[pair]) for pair in pairs])
            values = probe.at(points)[0].reshape(len(probe.pools), len(probe.strata), len(pairs), 3, _GRID)
            mixed = values[..., 0, :] - values[..., 1, :] - values[..., 2, :] + alone
            scale = np.nanmax(np.abs(values), axis=-2, initial=0.0)
            acting = (np.abs(mixed) > _LINEAR * scale).any(axis=(0, 1, 3))
            found += [pair for pair, acts in zip(pairs, acting, strict=True) if acts]
    return found


def _corners(probe: _Probe, base: Floats, pair: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Points where both inputs are moved, then the first alone, then the second alone."""
    i, j = pair
    x, y = (_random(probe, k, _GRID, rng) for k in pair)
    points = np.tile(base, (3 * _GRID, 1))
    points[: 2 * _GRID, i] = np.tile(x, 2)
    points[:_GRID, j], points[2 * _GRID :, j] = y, y
    return points


def _edges(probe: _Probe, i: int, members: Sequence[int]) -> tuple[float, ...]:
    """Edges of the bins of an input: steps of parameters, then as many as the curve between them needs."""
    low, high = (float(limit) for limit in probe.limits[i])
    edges = {low, high, *_steps_of_table(probe, i, low, high)}
    edges |= {step for step in _steps_found(probe, i) if not any(np.isclose(step, edge, rtol=1e-9) for edge in edges)}
    if of_time([probe.inputs[i]], "age"):
        edges |= set(_steps_ahead(edges - {low, high}, low, high, probe.years))
    if len(members) >= _TOGETHER:
        edges |= set(low + _FINE * (high - low) if low >= 0 else np.linspace(low, high, 17))
    ordered = np.array(sorted(edges))
    for _ in range(_SPLITS):
        bad = _badly_met(probe, i, ordered)
        if not bad.any() or len(ordered) + bad.sum() > _MOST_EDGES:
            break
        ordered = np.sort(np.concatenate([ordered, _split(ordered[:-1][bad], ordered[1:][bad])]))
    return tuple(float(edge) for edge in ordered)


def _steps_ahead(steps: Iterable[float], low: float, high: float, years: int) -> Iterator[float]:
    """Ages from which a step is reached in the middle of a later year."""
    for step, year in product(steps, range(1, years + 1)):
        if low < step - year + MID_YEAR < high:
            yield step - year + MID_YEAR


def _split(low: Floats, high: Floats) -> Floats:
    """A point within each interval: by ratio, and where the interval begins at zero well below its middle."""
    return np.where(low > 0, np.sqrt(np.abs(low * high)), np.where(low == 0, high / 8, (low + high) / 2))


def _steps_of_table(probe: _Probe, i: int, low: float, high: float) -> Iterator[float]:
    """Ends of the ranges by which the table tells the input apart.

    A value on an edge belongs to the bin above it; where the range below includes its end, the edge is the next number.
    """
    for cell_low, cell_high in probe.bound.table.range_edges(probe.inputs[i]):
        for edge in (cell_low, cell_high):
            if low < edge < high:
                yield float(edge)


def _steps_found(probe: _Probe, i: int) -> Iterator[float]:
    """Where another row of the table is found although the table does not tell the input itself apart."""
    grid = _points(probe.limits[i], _GRID)
    for base in probe.bases:
        _, rows = probe.at(_moved(base, i, grid))
        changes = (rows[..., 1:] != rows[..., :-1]).any(axis=0)
        strata, places = np.nonzero(changes)
        if not len(places):
            continue
        yield from _bisected(probe, i, base, strata, grid[places], grid[places + 1])


def _bisected(
    probe: _Probe, i: int, base: Floats, strata: NDArray[np.intp], low: Floats, high: Floats
) -> Iterator[float]:
    """The steps inside intervals, one each, to the last digit that matters."""
    ends = np.unique(np.stack([low, high], axis=1), axis=0)
    numbers = {(a, b): at for at, (a, b) in enumerate(map(tuple, ends))}
    which = np.array([numbers[pair] for pair in zip(low, high, strict=True)])
    low, high = low.copy(), high.copy()
    _, first = probe.at(_moved(base, i, ends[:, 0]))
    before = first[:, strata, which]
    for _ in range(48):
        middle = (low + high) / 2
        _, rows = probe.at(_moved(base, i, middle))
        same = (rows[:, strata, np.arange(len(middle))] == before).all(axis=0)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    # Strata step at the same place but for rounding.
    steps = np.sort(high)
    distinct = np.concatenate([[True], np.diff(steps) > 1e-9 * np.abs(steps[1:])])
    yield from (float(step) for step in steps[distinct])


def _badly_met(probe: _Probe, i: int, edges: Floats) -> NDArray[np.bool_]:
    """Bins in which a parabola does not meet the methodology."""
    centre, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    bad = np.zeros(len(centre), bool)
    places = np.array([0.0, -NODE, NODE, -0.97, -0.5, 0.5, 0.97])
    for base in probe.bases:
        points = (centre[:, None] + half[:, None] * places).ravel()
        found = probe.at(_moved(base, i, points))[0].reshape(*(-1, len(probe.strata)), len(centre), len(places))
        met = parabola(found[..., :3], places[3:] / NODE)
        scale = np.nanmax(np.abs(found), axis=-1, initial=0.0)
        least = _FLOOR * scale.max(axis=-1, keepdims=True)
        error = np.nan_to_num(np.abs(met - found[..., 3:])).max(axis=-1)
        bad |= (error > np.maximum(TOLERANCE * scale, least)).any(axis=(0, 1))
    return bad


def parabola(nodes: Floats, at: Floats) -> Floats:
    """Values at points of the parabola through values at 0, -1 and 1 (the last axis of ``nodes``)."""
    middle, left, right = (nodes[..., k, None] for k in range(3))
    return np.asarray(middle + (right - left) / 2 * at + ((right + left) / 2 - middle) * at**2)
