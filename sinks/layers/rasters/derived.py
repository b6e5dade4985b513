"""Layers that follow from other layers cell by cell: net ecosystem production, biomass from a vegetation index.

A derived layer goes through the pass like any other: its cells are computed block by block, in double precision, from
the cells of its inputs on the reference grid, and are then summed as integers.  Nothing is written to disk.  Each tile
of an input is decoded once, however many layers are derived from it.

How a cell follows from others is a :class:`Rule`: an expression that the user writes, or a model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from rasterio.windows import Window

from sinks.errors import LayerError, Problem, Problems, SinksError
from sinks.geo.grid import Grid
from sinks.layers.rasters.expression import Coefficient, Floats, parse
from sinks.layers.rasters.raster import STATIC, CategoricalLayer, ContinuousLayer, Layer, RasterSource, inspect
from sinks.layers.rasters.reader import RasterReader
from sinks.vocabulary import quantities

__all__ = [
    "Coefficient",
    "DerivedLayer",
    "DerivedSource",
    "Rule",
    "derived_layer",
    "ruled_layer",
    "with_causes",
    "with_derived",
]

_MOST_VALUES = 1 << 24
"""Values of all inputs that are held at once: a model of sixty layers takes a block tile by tile."""


class Rule(Protocol):
    """How cells of a layer follow from cells of others (picklable; its ``repr`` says all that they depend on)."""

    @property
    def text(self) -> str:
        """The rule in one line, for messages."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the layers it takes."""

    def cells(self, values: Mapping[str, Floats]) -> Floats:
        """The quantity, in its unit; NaN where it was not observed, infinite where it cannot be what was observed."""

    def causes(self, values: Mapping[str, float], where: str) -> list[Problem]:
        """What a reader should know of a cell whose result is out of bounds."""


@dataclass(frozen=True, kw_only=True)
class DerivedLayer(ContinuousLayer):
    """A quantity computed from others.

    Parameters
    ----------
    rule : Rule
        In the unit of the quantity.
    parts : tuple of layers
        Its inputs, in the order of ``rule.inputs``; of a categorical one the codes.
    """

    rule: Rule
    parts: tuple[Layer, ...]


def derived_layer(
    name: str,
    text: str,
    inputs: Sequence[ContinuousLayer],
    coefficients: Mapping[str, Coefficient] | None = None,
    *,
    quantity: str | None = None,
) -> DerivedLayer:
    """Declare a layer that follows from others.

    Parameters
    ----------
    name : str
    text : str
        For example ``"npp - heterotrophic_respiration"``; see :mod:`sinks.layers.rasters.expression`.
    inputs : sequence of ContinuousLayer
        Layers that may stand in it, by name, each in the unit of its quantity.
    coefficients : mapping of str to Coefficient, optional
    quantity : str, optional
        What it is, of :func:`sinks.vocabulary.quantities`, with its unit and plausible bounds; by default the name.

    Returns
    -------
    DerivedLayer
        Static where all of its inputs are; else with the dates that all of the others have.

    Raises
    ------
    LayerError
        Everything that is wrong with the expression, at once.

    Examples
    --------
    >>> derived_layer("nep", "npp - heterotrophic_respiration", [npp, respiration])  # doctest: +SKIP
    """
    known = quantities()
    if (quantity or name) not in known:
        raise LayerError(Problem("derived.quantity", name, {"found": quantity or name}))
    result = known[quantity or name]
    units = {layer.name: known[layer.quantity].unit for layer in inputs}
    expression = parse(text, name, units, coefficients or {}, result.unit)
    by_name = {layer.name: layer for layer in inputs}
    return ruled_layer(name, result.id, expression, by_name)


def ruled_layer(name: str, quantity: str, rule: Rule, layers: Mapping[str, Layer]) -> DerivedLayer:
    """Declare a layer that follows from others by a rule.

    Parameters
    ----------
    name : str
    quantity : str
        Of :func:`sinks.vocabulary.quantities`; the rule gives it in its unit.
    rule : Rule
    layers : mapping of str to layer
        At least those of ``rule.inputs``, by name.
    """
    return _layer(name, quantity, rule, tuple(layers[part] for part in rule.inputs))


def with_derived(inputs: Sequence[ContinuousLayer], derived: Sequence[DerivedLayer]) -> tuple[ContinuousLayer, ...]:
    """The layers of a pass: the inputs, then what is derived from them, no file decoded twice.

    Parameters
    ----------
    inputs : sequence of ContinuousLayer
        Tabulated as well.
    derived : sequence of DerivedLayer
    """
    shared = {part.name for layer in derived for part in layer.parts}
    # An input that others follow from is read through the same windows as they are.
    return (*(_itself(layer) if layer.name in shared else layer for layer in inputs), *derived)


def _itself(layer: ContinuousLayer) -> DerivedLayer:
    unit = quantities()[layer.quantity].unit
    expression = parse(layer.name, layer.name, {layer.name: unit}, {}, unit)
    return _layer(layer.name, layer.quantity, expression, (layer,), low=layer.low, high=layer.high)


def _layer(name: str, quantity: str, rule: Rule, parts: tuple[Layer, ...], **bounds: float) -> DerivedLayer:
    dated = [set(layer.files) for layer in parts if STATIC not in layer.files]
    dates = sorted(set.intersection(*dated)) if dated else [STATIC]
    low, high = quantities()[quantity].low, quantities()[quantity].high
    return DerivedLayer(
        name=name,
        quantity=quantity,
        files=dict.fromkeys(dates, rule.text),
        low=bounds.get("low", low),
        high=bounds.get("high", high),
        rule=rule,
        parts=parts,
    )


@dataclass(frozen=True, kw_only=True)
class DerivedSource(RasterSource):
    """A derived layer at a date: the sources it is computed from (picklable).

    Attributes
    ----------
    rule : Rule
    parts : tuple of RasterSource
        In the order of ``rule.inputs``.
    resamplings : tuple of str or None
        How each part is brought onto another grid.
    """

    rule: Rule
    parts: tuple[RasterSource, ...]
    resamplings: tuple[str | None, ...]

    def on(self, reference: Grid, resampling: str | None) -> DerivedSource:
        """The same on the reference grid; every part is brought there as its own layer says.

        Raises
        ------
        LayerError
            With the problems of all parts.
        """
        problems, parts = Problems(), []
        for part, how in zip(self.parts, self.resamplings, strict=True):
            try:
                parts.append(part.on(reference, how))
            except SinksError as error:
                problems.extend(error)
        problems.raise_as(LayerError)
        direct = [part.block_shape for part in parts if part.mode == "direct"]
        blocks = tuple(max(sizes) for sizes in zip(*direct, strict=True)) if direct else (1, 1)
        return replace(
            self, parts=tuple(parts), grid=reference, path=_description(self.rule, parts), block_shape=blocks
        )

    def open(self) -> Any:
        """What a reader takes the place of a file with."""
        return _Computed(self)


@inspect.register
def _(layer: DerivedLayer, date: str) -> DerivedSource:
    """What the files under a derived layer hold at a date, or everything that is wrong with them."""
    problems, parts = Problems(), []
    for part in layer.parts:
        try:
            parts.append(inspect(part, date))
        except SinksError as error:
            problems.extend(error)
    problems.raise_as(LayerError)
    name = layer.name if STATIC in layer.files else f"{layer.name}@{date}"
    return DerivedSource(
        name=name,
        where=f"{name} ({layer.rule.text})",
        path=_description(layer.rule, parts),
        band=1,
        categorical=False,
        grid=parts[0].grid,
        south_up=False,
        dtype="float64",
        nodata=None,
        scale=1.0,
        offset=0.0,
        block_shape=parts[0].block_shape,
        size=tuple(number for part in parts for number in part.size),
        rule=layer.rule,
        parts=tuple(parts),
        resamplings=tuple(part.resampling for part in layer.parts),
    )


def _description(rule: Rule, parts: Sequence[RasterSource]) -> str:
    """Everything that the cells depend on, by which an interrupted pass knows them again."""
    files = [(p.path, p.band, p.nodata, p.scale, p.offset, p.mode, p.resampling, p.crs) for p in parts]
    return f"{rule!r} {files}"


def with_causes(error: SinksError, layers: Sequence[ContinuousLayer], land_cover: CategoricalLayer) -> LayerError:
    """The error of a pass, with what the implausible cells of derived layers were computed from.

    The pass sees results only; which of sixty inputs made one impossible is read from the files again.

    Parameters
    ----------
    error : SinksError
    layers : sequence of ContinuousLayer
        Of the pass.
    land_cover : CategoricalLayer
        Whose grid at its first date is the reference grid.
    """
    found: list[Problem] = []
    derived = [(layer, date) for layer in layers if isinstance(layer, DerivedLayer) for date in layer.files]
    for problem in error.problems:
        found.append(problem)
        if problem.id == "raster.out_of_bounds":
            for layer, date in derived:
                source = inspect(layer, date)
                if isinstance(source, DerivedSource) and source.where == problem.where:
                    reference = inspect(land_cover, min(land_cover.files)).grid
                    found += _causes(source.on(reference, None), problem)
    return LayerError(*found)


def _causes(source: DerivedSource, problem: Problem) -> list[Problem]:
    """Of the first cell that a problem of bounds names."""
    x, y = problem.values["x"], problem.values["y"]
    columns, rows = source.grid.to_pixel([float(x)], [float(y)])
    computed = source.open()
    try:
        values = computed.inputs(int(rows[0]), int(columns[0]), (1, 1))
    finally:
        computed.close()
    return source.rule.causes({name: float(found[0, 0]) for name, found in values.items()}, f"{source.name} ({x}, {y})")


class _Computed:
    """Stands where a reader has an open file: windows are computed from windows of the parts."""

    def __init__(self, source: DerivedSource) -> None:
        self._source = source
        self._parts: list[_Part] = []
        try:
            for part in source.parts:
                self._parts.append(_open_parts.take(part, source.grid))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for part in self._parts:
            _open_parts.give_back(part)
        self._parts = []

    def read(self, band: int, *, window: Window, out: npt.NDArray[Any]) -> None:
        """Compute a window of the reference grid into ``out``."""
        row, column = int(window.row_off), int(window.col_off)
        for place in self._pieces(*out.shape):
            piece = out[place]
            values = self.inputs(row + place[0].start, column + place[1].start, piece.shape)
            piece[...] = self._source.rule.cells(values)

    def _pieces(self, rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
        """Parts of a window that are not too large, cut between tiles of the files as far as that goes.

        A cut through tiles would have every file's tile decoded again for the part on the other side.
        """
        most = _MOST_VALUES // len(self._parts)
        tile = min(self._source.block_shape[1], columns)
        wide = max(1, most // (rows * tile)) * tile
        tall = min(rows, max(1, most // wide))
        for top in range(0, rows, tall):
            for left in range(0, columns, wide):
                yield slice(top, min(top + tall, rows)), slice(left, min(left + wide, columns))

    def inputs(self, row: int, column: int, shape: tuple[int, ...]) -> dict[str, Floats]:
        """The layers of the rule in a window of the reference grid, by name."""
        pairs = zip(self._source.rule.inputs, self._parts, strict=True)
        return {name: part.values(row, column, shape) for name, part in pairs}


class _Part:
    """One file under derived layers, with the window that was read last."""

    def __init__(self, source: RasterSource, reference: Grid) -> None:
        self.key = (source, reference)
        self.users = 0
        self._reader = RasterReader(source, reference)
        self._window: tuple[int, int, tuple[int, ...]] | None = None
        self._values: Floats = np.empty((0, 0))

    def values(self, row: int, column: int, shape: tuple[int, ...]) -> Floats:
        """The quantity in a window; NaN where it was not observed."""
        window = (row, column, shape)
        if window != self._window:
            source = self.key[0]
            raw = np.empty(shape, source.dtype)
            self._reader.read(row, column, raw)
            # The same operations as in the pass, so that a layer and itself as a derived one agree in every digit.
            found = raw.astype(np.float64) * source.scale + source.offset
            if source.nodata is not None:
                found[raw == np.asarray(source.nodata, raw.dtype)] = np.nan
            found.flags.writeable = False
            self._window, self._values = window, found
        return self._values

    def close(self) -> None:
        self._reader.close()


class _OpenParts(threading.local):
    """Files that are open under the derived layers of one thread, each once."""

    def __init__(self) -> None:
        self._open: dict[tuple[RasterSource, Grid], _Part] = {}

    def take(self, source: RasterSource, reference: Grid) -> _Part:
        part = self._open.get((source, reference))
        if part is None:
            part = self._open[source, reference] = _Part(source, reference)
        part.users += 1
        return part

    def give_back(self, part: _Part) -> None:
        part.users -= 1
        if not part.users:
            part.close()
            self._open.pop(part.key, None)


_open_parts = _OpenParts()
