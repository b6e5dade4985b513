"""Layers that follow from other layers cell by cell: net ecosystem production, biomass from a vegetation index.

A derived layer goes through the pass like any other: its cells are computed block by block, in double precision, from
the cells of its inputs on the reference grid, and are then summed as integers.  Nothing is written to disk.  Each tile
of an input is decoded once, however many layers are derived from it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.windows import Window

from sinks.errors import LayerError, Problem, Problems, SinksError
from sinks.geo.grid import Grid
from sinks.layers.expression import Coefficient, Expression, Floats, defined, parse
from sinks.layers.raster import STATIC, ContinuousLayer, RasterSource, inspect
from sinks.layers.raster_reader import RasterReader
from sinks.vocabulary import quantities

__all__ = ["Coefficient", "DerivedLayer", "DerivedSource", "derived_layer", "with_derived"]


@dataclass(frozen=True, kw_only=True)
class DerivedLayer(ContinuousLayer):
    """A quantity computed from others.

    Parameters
    ----------
    expression : Expression
        In the unit of the quantity.
    parts : tuple of ContinuousLayer
        Its inputs, in the order of ``expression.inputs``.
    """

    expression: Expression
    parts: tuple[ContinuousLayer, ...]


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
        For example ``"npp - heterotrophic_respiration"``; see :mod:`sinks.layers.expression`.
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
    return _layer(name, result.id, expression, tuple(by_name[part] for part in expression.inputs))


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


def _layer(
    name: str, quantity: str, expression: Expression, parts: tuple[ContinuousLayer, ...], **bounds: float
) -> DerivedLayer:
    dated = [set(layer.files) for layer in parts if STATIC not in layer.files]
    dates = sorted(set.intersection(*dated)) if dated else [STATIC]
    low, high = quantities()[quantity].low, quantities()[quantity].high
    return DerivedLayer(
        name=name,
        quantity=quantity,
        files=dict.fromkeys(dates, expression.text),
        low=bounds.get("low", low),
        high=bounds.get("high", high),
        expression=expression,
        parts=parts,
    )


@dataclass(frozen=True, kw_only=True)
class DerivedSource(RasterSource):
    """A derived layer at a date: the sources it is computed from (picklable).

    Attributes
    ----------
    expression : Expression
    parts : tuple of RasterSource
        In the order of ``expression.inputs``.
    resamplings : tuple of str or None
        How each part is brought onto another grid.
    """

    expression: Expression
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
            self, parts=tuple(parts), grid=reference, path=_description(self.expression, parts), block_shape=blocks
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
        where=f"{name} ({layer.expression.text})",
        path=_description(layer.expression, parts),
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
        expression=layer.expression,
        parts=tuple(parts),
        resamplings=tuple(part.resampling for part in layer.parts),
    )


def _description(expression: Expression, parts: Sequence[RasterSource]) -> str:
    """Everything that the cells depend on, by which an interrupted pass knows them again."""
    files = [(p.path, p.band, p.nodata, p.scale, p.offset, p.mode, p.resampling, p.crs) for p in parts]
    return f"{expression.root} {files}"


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
        """Compute a window of the reference grid into ``out``.

        Where the inputs were observed and the expression still has no value (a logarithm of zero), the cell becomes
        infinite: out of every bound, so that the pass names it if it lies in a region, and not taken for unobserved.
        """
        row, column = int(window.row_off), int(window.col_off)
        source = self._source
        names = source.expression.inputs
        values = {name: part.values(row, column, out.shape) for name, part in zip(names, self._parts, strict=True)}
        result = source.expression(values)
        out[...] = np.where(np.isnan(result) & defined(values), np.inf, result)


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
