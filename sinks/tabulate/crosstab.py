"""The joint tabulation of blocks: from windows of the layers to integer sums by region and joint class code.

:func:`tabulate_blocks` is a pure function of a picklable :class:`Spec` and a few blocks; what it returns, a
:class:`Partial`, adds.  Threads, other machines and interrupted runs all come down to adding partials.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from sinks.errors import LayerError, Problem
from sinks.geo.grid import CellAreas
from sinks.layers.raster import RasterSource
from sinks.layers.raster_reader import RasterReader
from sinks.tabulate import kernels
from sinks.tabulate.blocks import Block
from sinks.tabulate.coverage import Coverage, Runs
from sinks.tabulate.division import divide

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DENSE_LIMIT = 4_000_000
"""Entries of the largest table of sums that is held in full; beyond, only what occurs is held."""

_KEY_LIMIT = 1 << 62
_MOMENT_BITS = 62
_LUT_TYPES = ("uint8", "int8", "uint16", "int16")
_HASH_START = 1 << 14


@dataclass(frozen=True)
class Axis:
    """A categorical layer at a date, as one digit of the joint code.

    ``codes`` are the legend's, ascending; digit ``len(codes)`` stands for "not observed", the one after it for a code
    that the legend does not have.
    """

    source: RasterSource
    codes: tuple[int, ...]

    @property
    def size(self) -> int:
        return len(self.codes) + 2

    @property
    def absent(self) -> int:
        """Digit of cells that were not observed."""
        return len(self.codes)

    @property
    def unknown(self) -> int:
        """Digit of codes that the legend does not have."""
        return len(self.codes) + 1

    @property
    def direct(self) -> bool:
        """Whether raw values index a look-up table as they are."""
        return self.source.dtype in _LUT_TYPES

    @property
    def bits(self) -> int:
        """Bits of a pixel in the kernel."""
        return 8 * np.dtype(self.source.dtype).itemsize if self.direct else (8 if self.size <= 256 else 16)

    @property
    def absent_values(self) -> list[float]:
        return [value for value in (self.source.nodata, self.source.fill) if value is not None]

    def lut(self, bits: int, stride: int) -> npt.NDArray[np.uint64]:
        """From raw (or mapped) value, taken as unsigned, to this layer's part of the joint code."""
        digits = np.full(1 << bits, self.unknown, np.int64)
        if self.direct:
            # Negative codes are found at their two's complement, which is how the kernel sees them.
            limits = np.iinfo(self.source.dtype)
            for digit, code in enumerate(self.codes):
                if limits.min <= code <= limits.max:
                    digits[code % (1 << bits)] = digit
            for value in self.absent_values:
                digits[int(value) % (1 << bits)] = self.absent
        else:
            digits[: self.size] = np.arange(self.size)
        return (digits * stride).astype(np.uint64)

    def map(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
        """Digits of raw values of a type that has no look-up table.

        Raises
        ------
        LayerError
            When a class code is not a whole number.
        """
        if np.issubdtype(values.dtype, np.floating):
            broken = ~np.isnan(values) & (values != np.floor(values))
            if broken.any():
                example = float(values[broken][0])
                raise LayerError(Problem("raster.not_whole", self.source.where, {"example": example}))
        codes = np.array(self.codes)
        found = np.minimum(np.searchsorted(codes, values), len(codes) - 1)
        digits = np.where(codes[found] == values, found, self.unknown)
        digits[np.isin(values, self.absent_values) | (values != values)] = self.absent
        return digits.astype(np.uint16)


@dataclass(frozen=True)
class Input:
    """A continuous layer at a date, with the powers of two that make its moments integers."""

    source: RasterSource
    low: float
    high: float
    exponents: tuple[int, int]

    @classmethod
    def of(cls, source: RasterSource, low: float, high: float, largest_weight: int, cells: int) -> Input:
        """Choose the finest powers of two for which no sum can outgrow its limbs.

        One cell's moment stays below 2**61, and the high limbs of all cells of the grid together below 2**62, which
        matters from 2**33 cells on.
        """
        bound = max(abs(low), abs(high))
        room = 61 - max(0, cells.bit_length() - (_MOMENT_BITS - 61 + kernels.LOW_BITS))
        exponents = (room - math.frexp(part * largest_weight)[1] for part in (bound, bound * bound))
        return cls(source, low, high, tuple(exponents))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Spec:
    """Everything a worker needs to know: regions, areas, layers."""

    coverage: Coverage
    areas: CellAreas
    regions: int
    axes: tuple[Axis, ...]
    inputs: tuple[Input, ...]

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """Place value of each axis in the joint code."""
        return tuple(math.prod(axis.size for axis in self.axes[:at]) for at in range(len(self.axes)))

    @cached_property
    def joints(self) -> int:
        """Number of joint codes there could be in a region."""
        return math.prod(axis.size for axis in self.axes)

    @property
    def columns(self) -> int:
        """Sums per key: the area, and five for each input (see :func:`sinks.tabulate.kernels.add_moments`)."""
        return 1 + 5 * len(self.inputs)

    @property
    def sources(self) -> list[RasterSource]:
        """Every file of the pass, categorical ones first."""
        return [*(axis.source for axis in self.axes), *(item.source for item in self.inputs)]

    @property
    def dense(self) -> bool:
        return self.regions * self.joints * self.columns <= DENSE_LIMIT

    @property
    def fits(self) -> bool:
        """Whether region and joint code together fit a 63-bit key."""
        return self.regions * self.joints < _KEY_LIMIT

    def digits(self, keys: Ints) -> tuple[Ints, list[Ints]]:
        """Region index, and each axis' digit, of every key."""
        joint = keys % self.joints
        strided = zip(self.axes, self.strides, strict=True)
        return keys // self.joints, [joint // stride % axis.size for axis, stride in strided]


@dataclass
class Partial:
    """Integer sums of some blocks; partials of disjoint blocks add, in any order.

    Attributes
    ----------
    keys : int64, [n]
        ``region * joints + joint code``, ascending.
    sums : int64, [n, columns]
    cells : int64, [regions]
        Cells touched.
    flaws, extremes : int64 [inputs, 3] and float64 [inputs, 2]
        Implausible values: how many, row and column of the first; lowest and highest.
    unknown : dict
        (axis, raw code) to area, for codes that the legend does not have.
    """

    keys: Ints
    sums: Ints
    cells: Ints
    flaws: Ints
    extremes: Floats
    unknown: dict[tuple[int, float], int]

    @classmethod
    def empty(cls, spec: Spec) -> Partial:
        inputs = len(spec.inputs)
        extremes = np.tile([np.inf, -np.inf], (inputs, 1))
        return cls(
            np.zeros(0, np.int64),
            np.zeros((0, spec.columns), np.int64),
            np.zeros(spec.regions, np.int64),
            np.zeros((inputs, kernels.FLAWS), np.int64),
            extremes,
            {},
        )


def add(partials: Sequence[Partial]) -> Partial:
    """The sum of partials."""
    keys, where = np.unique(np.concatenate([p.keys for p in partials]), return_inverse=True)
    sums = np.zeros((keys.size, partials[0].sums.shape[1]), np.int64)
    np.add.at(sums, where, np.concatenate([p.sums for p in partials]))
    _carry(sums)
    flaws = partials[0].flaws.copy()
    unknown: dict[tuple[int, float], int] = {}
    for partial in partials:
        for key, area in partial.unknown.items():
            unknown[key] = unknown.get(key, 0) + area
    for partial in partials[1:]:
        for mine, other in zip(flaws, partial.flaws, strict=True):
            if other[0] and (not mine[0] or tuple(other[1:3]) < tuple(mine[1:3])):
                mine[1:3] = other[1:3]
            mine[0] += other[0]
    extremes = np.stack(
        [np.min([p.extremes[:, 0] for p in partials], axis=0), np.max([p.extremes[:, 1] for p in partials], axis=0)], 1
    )
    return Partial(keys, sums, np.sum([p.cells for p in partials], axis=0), flaws, extremes, unknown)


def _carry(sums: Ints) -> None:
    """Move what has outgrown the low limbs of the moments into the high ones, in place."""
    for low in range(2, sums.shape[1]):
        if (low - 2) % 5 in (0, 2):
            sums[:, low + 1] += sums[:, low] >> kernels.LOW_BITS
            sums[:, low] &= (1 << kernels.LOW_BITS) - 1


def tabulate_blocks(spec: Spec, blocks: Sequence[Block]) -> Partial:
    """Read blocks of one band of rows and tabulate them.

    Opens its own file handles, so that it can run in any thread or process.

    Raises
    ------
    LayerError
        A block cannot be read, or holds a class code that is not a whole number.
    """
    with ExitStack() as stack:
        grid = spec.areas.grid
        readers = [stack.enter_context(RasterReader(axis.source, grid)) for axis in spec.axes]
        readers += [stack.enter_context(RasterReader(item.source, grid)) for item in spec.inputs]
        work = _Work(spec, readers)
        for rows, band in _bands(blocks):
            weights = spec.areas.weights(*rows)
            for block, runs in zip(band, divide(spec.coverage.rows(*rows), band, work.cells), strict=True):
                work.do(block, runs, weights)
        partial = work.partial()
        for at in _axes_with_unknown(spec, partial):
            _look_again(spec, at, readers[at], blocks, partial)
        return partial


def _bands(blocks: Sequence[Block]) -> Iterator[tuple[tuple[int, int], list[Block]]]:
    """Blocks that share their rows, and those rows."""
    for rows, band in groupby(blocks, key=lambda block: (block.row, block.row + block.rows)):
        yield rows, list(band)


class _Work:
    """Buffers and sums of one call; buffers are reused from block to block."""

    def __init__(self, spec: Spec, readers: Sequence[RasterReader]) -> None:
        self._spec = spec
        self._readers = readers
        self._bits = max(axis.bits for axis in spec.axes)
        self._luts = np.stack(
            [axis.lut(self._bits, stride) for axis, stride in zip(spec.axes, spec.strides, strict=True)]
        )
        self._codes = np.zeros((len(spec.axes), 0), f"uint{self._bits}")
        self._marks = np.zeros(0, np.uint64)
        self._values = np.zeros((len(spec.inputs), 0), self._value_type())
        self._result = Partial.empty(spec)
        self._moments = bool(spec.inputs) or not spec.dense
        self._used = 0
        size = spec.regions * spec.joints
        self._keys = np.zeros(0, np.int64) if spec.dense else np.full(_HASH_START, -1, np.int64)
        shape = (size if spec.dense else _HASH_START, spec.columns) if self._moments else (size,)
        self._sums = np.zeros(shape, np.int64)
        self._set_scaling()

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

    @property
    def cells(self) -> Ints:
        """Cells touched, by region."""
        return self._result.cells

    def do(self, block: Block, runs: Runs, weights: Ints) -> None:
        """Read one block and add it."""
        spec = self._spec
        codes = self._read_codes(block)
        if not self._moments:
            kernels.count_joint(
                codes, self._luts, self._marks, spec.joints, runs, block.column, block.columns, weights,
                spec.areas.group_width, self._sums,
            )  # fmt: skip
            return
        values = self._read_values(block)
        row = 0
        while True:
            row, self._used = kernels.add_moments(
                codes, self._luts, self._marks, spec.joints, values, self._absent, self._scaling, self._bounds,
                self._units, runs, block.row, block.column, block.columns, weights, spec.areas.group_width, row,
                self._keys, self._used, self._sums, self._result.flaws, self._result.extremes,
            )  # fmt: skip
            if row == block.rows:
                return
            self._enlarge()

    def _enlarge(self) -> None:
        keys = np.full(2 * self._keys.size, -1, np.int64)
        sums = np.zeros((keys.size, self._sums.shape[1]), np.int64)
        kernels.rehash(self._keys, self._sums, keys, sums)
        self._keys, self._sums = keys, sums

    def _read_codes(self, block: Block) -> npt.NDArray[Any]:
        """Raw codes of the categorical layers, [layer, pixel], and where they change along the block."""
        if self._codes.shape[1] < block.cells:
            # Only ever larger: fresh memory costs as much as decoding, and blocks at the margin are smaller.
            self._codes = np.empty((len(self._spec.axes), block.cells), f"uint{self._bits}")
            self._marks = np.empty(-(-block.cells // 64), np.uint64)
        codes = self._codes
        for at, axis in enumerate(self._spec.axes):
            out = codes[at, : block.cells].reshape(block.rows, block.columns)
            if axis.direct:
                signed = axis.source.dtype.startswith("int")
                self._readers[at].read(block.row, block.column, out.view(f"int{self._bits}") if signed else out)
            else:
                raw = np.empty(out.shape, axis.source.dtype)
                self._readers[at].read(block.row, block.column, raw)
                out[...] = axis.map(raw)
        kernels.mark_changes(codes, block.cells, self._marks)
        return codes

    def _read_values(self, block: Block) -> npt.NDArray[Any]:
        count = len(self._spec.inputs)
        if self._values.shape[1] < block.cells:
            self._values = np.empty((count, block.cells), self._value_type())
        for at, reader in enumerate(self._readers[len(self._spec.axes) :]):
            reader.read(block.row, block.column, self._values[at, : block.cells].reshape(block.rows, block.columns))
        return self._values

    def partial(self) -> Partial:
        """What was added, without the entries that never occurred."""
        result = self._result
        if not self._moments:
            result.keys = np.flatnonzero(self._sums)
            result.sums = self._sums[result.keys, None]
            return result
        occurring = np.flatnonzero(self._sums[:, 0])
        keys = occurring if self._spec.dense else self._keys[occurring]
        order = np.argsort(keys)
        result.keys, result.sums = keys[order], self._sums[occurring[order]]
        _carry(result.sums)
        return result


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
