"""The work of one thread: read blocks of the layers, add them up by region and joint class code.

A :class:`Tabulator` holds what it costs to make anew, open files and buffers, and keeps them from task to task.  What a
task finds depends on nothing but the task.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from sinks.layers.rasters.reader import RasterReader
from sinks.tabulation import kernels, moments
from sinks.tabulation.blocks import Block
from sinks.tabulation.coverage import Runs
from sinks.tabulation.crosstab import Ints, Partial, Spec, carry, carry_bins
from sinks.tabulation.division import divide

_HASH_START = 1 << 14


class Tabulator:
    """Tabulates blocks of a pass; a context manager, to be used by the thread that made it.

    Parameters
    ----------
    spec : Spec

    Raises
    ------
    LayerError
        A file cannot be opened.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        with ExitStack() as opened:
            self._readers = [opened.enter_context(RasterReader(s, spec.areas.grid)) for s in spec.sources]
            self._opened = opened.pop_all()
        self._tile = self._shared_tile()
        self._bits = max(axis.bits for axis in spec.axes)
        self._luts = np.stack(
            [axis.lut(self._bits, stride) for axis, stride in zip(spec.axes, spec.strides, strict=True)]
        )
        self._codes = np.zeros((len(spec.axes), 0), f"uint{self._bits}")
        self._values = np.zeros((len(spec.inputs), 0), self._value_type())
        self._moments = bool(spec.inputs) or not spec.dense
        self._set_scaling()
        self._keys = np.full(0 if spec.dense else _HASH_START, -1, np.int64)
        size = spec.regions * spec.joints if spec.dense else _HASH_START
        self._sums = np.zeros((size, spec.columns) if self._moments else (size,), np.int64)
        self._used = 0
        self._watches = _as_arrays(spec, self._bits)
        slots = _HASH_START if spec.groups else 1
        self._bin_keys = np.full(slots, -1, np.int64)
        self._bin_sums = np.zeros((slots, spec.bin_columns), np.int64)
        self._bins_used = 0
        self._result = Partial.empty(spec)

    def __enter__(self) -> Tabulator:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __call__(self, blocks: Sequence[Block]) -> Partial:
        """Read blocks and tabulate them; after an error there is no use in going on.

        Raises
        ------
        LayerError
            A block cannot be read, or holds a class code that is not a whole number.
        """
        spec = self._spec
        for rows, band in _bands(blocks):
            weights = spec.areas.weights(*rows)
            for block, runs in zip(band, divide(spec.coverage.rows(*rows), band, self._result.cells), strict=True):
                self._add(block, runs, weights)
        partial = self._take()
        for at in _axes_with_unknown(spec, partial):
            _look_again(spec, at, self._readers[at], blocks, partial)
        return partial

    def _shared_tile(self) -> tuple[int, int] | None:
        """Rows and columns of the tiles of all layers, where they are the same and need no GDAL."""
        shapes = {reader.own_tile for reader in self._readers}
        return shapes.pop() if len(shapes) == 1 else None

    def _set_scaling(self) -> None:
        inputs = self._spec.inputs
        count = len(inputs)
        self._absent = np.array(
            [np.nan if i.source.nodata is None else i.source.nodata for i in inputs], self._value_type()
        )
        self._scaling = np.array([(i.source.scale, i.source.offset) for i in inputs], np.float64).reshape(count, 2)
        self._bounds = np.array([(i.low, i.high) for i in inputs], np.float64).reshape(count, 2)
        self._units = np.exp2(np.array([i.exponents for i in inputs], np.float64)).reshape(count, 2)

    def _value_type(self) -> Any:
        return np.result_type("float32", *(item.source.dtype for item in self._spec.inputs))

    def _add(self, block: Block, runs: Runs, weights: Ints) -> None:
        """Read one block and add it."""
        spec = self._spec
        tile_width = self._tile_width(block)
        codes = self._read_codes(block, tile_width)
        if not self._moments:
            kernels.count_joint(
                codes, self._luts, spec.joints, runs, block.column, block.columns, tile_width, weights,
                spec.areas.group_width, self._sums,
            )  # fmt: skip
            return
        values = self._read_values(block, tile_width)
        row = 0
        while True:
            row, self._used, self._bins_used = moments.add_moments(
                codes, self._luts, spec.joints, values, self._absent, self._scaling, self._bounds,
                self._units, runs, block.row, block.column, block.columns, tile_width, weights, spec.areas.group_width,
                row, self._keys, self._used, self._sums, self._result.flaws, self._result.extremes, self._watches,
                self._bin_keys, self._bins_used, self._bin_sums,
            )  # fmt: skip
            if row == block.rows:
                return
            self._enlarge()

    def _enlarge(self) -> None:
        if not self._spec.dense:
            self._keys, self._sums = _doubled(self._keys, self._sums)
        if self._spec.groups:
            self._bin_keys, self._bin_sums = _doubled(self._bin_keys, self._bin_sums)

    def _tile_width(self, block: Block) -> int:
        """Width of the tiles in which a block lies in memory: the files' own where they are decoded into place."""
        if self._tile is None or block.row % self._tile[0] or block.column % self._tile[1]:
            return block.columns
        return min(self._tile[1], block.columns)

    def _read_codes(self, block: Block, tile_width: int) -> npt.NDArray[Any]:
        """Raw codes of the categorical layers, [layer, pixel]."""
        if self._codes.shape[1] < block.cells:
            # Only ever larger: fresh memory costs as much as decoding, and blocks at the margin are smaller.
            self._codes = np.empty((len(self._spec.axes), block.cells), f"uint{self._bits}")
        codes = self._codes
        for reader, axis, row in zip(self._readers[: len(codes)], self._spec.axes, codes, strict=True):
            # Signed codes are kept as the unsigned ones of the same bits.
            kept = row.view(f"int{self._bits}") if axis.source.dtype.startswith("int") and axis.direct else row
            out = kept[: block.cells]
            raw = out if axis.direct else np.empty(block.cells, axis.source.dtype)
            reader.read_tiles(block.row, block.column, (block.rows, block.columns), tile_width, raw)
            if not axis.direct:
                out[...] = axis.map(raw)
        return codes

    def _read_values(self, block: Block, tile_width: int) -> npt.NDArray[Any]:
        """Raw values of the continuous layers, [layer, pixel]."""
        if self._values.shape[1] < block.cells:
            self._values = np.empty((len(self._spec.inputs), block.cells), self._value_type())
        for reader, row in zip(self._readers[len(self._spec.axes) :], self._values, strict=True):
            shape = (block.rows, block.columns)
            reader.read_tiles(block.row, block.column, shape, tile_width, row[: block.cells])
        return self._values

    def _take(self) -> Partial:
        """What was added, without the entries that never occurred; leaves nothing behind for the next task."""
        result = self._result
        if self._moments:
            occurring = np.flatnonzero(self._sums[:, 0])
            keys = occurring if self._spec.dense else self._keys[occurring]
            order = np.argsort(keys)
            result.keys, result.sums = keys[order], self._sums[occurring[order]]
            carry(result.sums)
            self._keys.fill(-1)
        else:
            result.keys = occurring = np.flatnonzero(self._sums)
            result.sums = self._sums[occurring, None]
        self._sums[occurring] = 0
        result.bin_keys, result.bin_sums = self._take_bins()
        self._used, self._bins_used, self._result = 0, 0, Partial.empty(self._spec)
        return result

    def _take_bins(self) -> tuple[Ints, Ints]:
        occurring = np.flatnonzero(self._bin_keys >= 0)
        keys = self._bin_keys[occurring]
        order = np.argsort(keys)
        keys, sums = keys[order], self._bin_sums[occurring[order]]
        carry_bins(sums)
        self._bin_keys[occurring] = -1
        self._bin_sums[occurring] = 0
        return keys, sums


def _doubled(old_keys: Ints, old_sums: Ints) -> tuple[Ints, Ints]:
    """A hash table of twice the size with the same entries."""
    keys = np.full(2 * old_keys.size, -1, np.int64)
    sums = np.zeros((keys.size, old_sums.shape[1]), np.int64)
    kernels.rehash(old_keys, old_sums, keys, sums)
    return keys, sums


def _as_arrays(spec: Spec, bits: int) -> moments.Watches:
    """What is watched, as the kernel reads it; ``asked`` by raw (or mapped) value, as the look-up tables are."""
    asked = np.zeros((len(spec.watches), 1 << bits), bool)
    for at, watch in enumerate(spec.watches):
        digits = spec.axes[watch.axis].lut(bits, 1).astype(np.int64)
        asked[at] = np.array(watch.asked, bool)[digits]
    groups, edges = spec.groups, [inner for group in spec.groups for inner in group.edges]
    strides = [math.prod(group.shape[at + 1 :]) for group in groups for at in range(len(group.shape))]
    units = np.ones((len(groups), max((len(group.exponents) for group in groups), default=1)))
    for at, group in enumerate(groups):
        units[at, : len(group.exponents)] = np.exp2(np.array(group.exponents, np.float64))
    return moments.Watches(
        stride=np.array(spec.flag_strides, np.uint64),
        axis=np.array([watch.axis for watch in spec.watches], np.int64),
        asked=asked,
        first_input=_begins([len(watch.inputs) for watch in spec.watches]),
        inputs=np.array([item for watch in spec.watches for item in watch.inputs], np.int64),
        first_group=_begins([len(watch.groups) for watch in spec.watches]),
        first_member=_begins([len(group.inputs) for group in groups]),
        members=np.array([item for group in groups for item in group.inputs], np.int64),
        first_edge=_begins([len(inner) for inner in edges]),
        edges=np.array([edge for inner in edges for edge in inner], np.float64),
        bin_stride=np.array(strides, np.int64),
        offset=_begins([group.bins for group in groups])[:-1],
        units=units,
        bins=np.int64(spec.bins),
    )


def _begins(sizes: Sequence[int]) -> Ints:
    """Where each of several lists begins when they stand one after the other, and where the last one ends."""
    return np.cumsum([0, *sizes], dtype=np.int64)


def _bands(blocks: Sequence[Block]) -> Iterator[tuple[tuple[int, int], list[Block]]]:
    """Blocks that share their rows, and those rows."""
    for rows, band in groupby(blocks, key=lambda block: (block.row, block.row + block.rows)):
        yield rows, list(band)


def _axes_with_unknown(spec: Spec, partial: Partial) -> list[int]:
    _, digits = spec.digits(partial.keys)
    return [at for at, axis in enumerate(spec.axes) if (digits[at] == axis.unknown).any()]


def _look_again(spec: Spec, at: int, reader: RasterReader, blocks: Sequence[Block], partial: Partial) -> None:
    """Read a layer again that holds codes its legend lacks, to name each with its area; rare, so not in the kernel."""
    axis = spec.axes[at]
    for block in blocks:
        raw = np.empty((block.rows, block.columns), axis.source.dtype)
        reader.read(block.row, block.column, raw)
        rows = (block.row, block.row + block.rows)
        (runs,) = divide(spec.coverage.rows(*rows), [block], np.zeros(spec.regions, np.int64))
        area = np.zeros(block.cells, np.int64)
        weights = spec.areas.weights(*rows)
        kernels.paint_weights(runs, block.column, block.columns, weights, spec.areas.group_width, area)
        flat = raw.ravel()
        known = np.isin(flat, [*axis.codes, *axis.absent_values]) | (flat != flat)
        codes, which = np.unique(flat[~known & (area > 0)], return_inverse=True)
        totals = np.zeros(codes.size, np.int64)
        np.add.at(totals, which, area[~known & (area > 0)])
        for code, total in zip(codes.tolist(), totals.tolist(), strict=True):
            partial.unknown[at, code] = partial.unknown.get((at, code), 0) + total
