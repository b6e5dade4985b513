"""What a pass tabulates and what comes of it: integer sums by region and joint class code.

A :class:`Spec` is all that a worker has to know and can be sent to another machine; what a worker returns for some
blocks, a :class:`Partial`, adds.  Threads, other machines and interrupted runs all come down to adding partials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sinks.errors import LayerError, Problem
from sinks.geo.grid import CellAreas
from sinks.layers.rasters.raster import RasterSource
from sinks.tabulation import moments
from sinks.tabulation.coverage import Coverage

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DENSE_LIMIT = 4_000_000
"""Entries of the largest table of sums that is held in full; beyond, only what occurs is held."""

_KEY_LIMIT = 1 << 62
_MOMENT_BITS = 62
_LUT_TYPES = ("uint8", "int8", "uint16", "int16")


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
        flat = values.ravel()
        # Land is patchy: one look-up for each run of equal cells.
        changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        if 2 * changes.size >= flat.size:
            return self._digits(values)
        begins = np.concatenate([[0], changes])
        lengths = np.diff(begins, append=flat.size)
        return np.repeat(self._digits(flat[begins]), lengths).reshape(values.shape)

    def _digits(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
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


def exponent_of(bound: float, largest_weight: int, cells: int) -> int:
    """The finest power of two for which no sum of values up to ``bound`` times areas can outgrow its limbs.

    One cell's moment stays below 2**61, and the high limbs of all cells of the grid together below 2**62, which
    matters from 2**33 cells on.
    """
    room = 61 - max(0, cells.bit_length() - (_MOMENT_BITS - 61 + moments.LOW_BITS))
    return room - math.frexp(bound * largest_weight)[1]


@dataclass(frozen=True)
class Input:
    """A continuous layer at a date, with the powers of two that make its moments integers."""

    source: RasterSource
    low: float
    high: float
    exponents: tuple[int, int]

    @classmethod
    def of(cls, source: RasterSource, low: float, high: float, largest_weight: int, cells: int) -> Input:
        """With the finest powers of two (:func:`exponent_of`)."""
        bound = max(abs(low), abs(high))
        first, second = (exponent_of(part, largest_weight, cells) for part in (bound, bound * bound))
        return cls(source, low, high, (first, second))


@dataclass(frozen=True)
class BinnedGroup:
    """Inputs at one date whose values are counted by bins of all of them together.

    Parameters
    ----------
    inputs : tuple of int
        Places in :attr:`Spec.inputs`.
    edges : tuple of tuple of float
        Inner edges of the bins of each input, ascending.
    exponents : tuple of int
        Powers of two that make the moments integers: sums of each input, then of each pair of inputs.
    """

    inputs: tuple[int, ...]
    edges: tuple[tuple[float, ...], ...]
    exponents: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(inner) + 1 for inner in self.edges)

    @property
    def bins(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Watch:
    """Inputs that are asked for together at one date: land on which one of them is missing is counted apart.

    Parameters
    ----------
    axis : int
        Place in :attr:`Spec.axes` of the land cover at that date.
    asked : tuple of bool
        By digit of that axis, whether the inputs are asked for.
    inputs : tuple of int
        Places in :attr:`Spec.inputs`.
    groups : tuple of BinnedGroup
    """

    axis: int
    asked: tuple[bool, ...]
    inputs: tuple[int, ...]
    groups: tuple[BinnedGroup, ...] = ()


@dataclass(frozen=True)
class Spec:
    """Everything a worker needs to know: regions, areas, layers, and what is watched of them."""

    coverage: Coverage
    areas: CellAreas
    regions: int
    axes: tuple[Axis, ...]
    inputs: tuple[Input, ...]
    watches: tuple[Watch, ...] = ()

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """Place value of each axis in the joint code."""
        return tuple(math.prod(axis.size for axis in self.axes[:at]) for at in range(len(self.axes)))

    @cached_property
    def joints(self) -> int:
        """Number of joint codes there could be in a region: of the axes, and a bit for each watch."""
        return math.prod(axis.size for axis in self.axes) << len(self.watches)

    @cached_property
    def flag_strides(self) -> tuple[int, ...]:
        """Place value of the bit of each watch in the joint code."""
        whole = math.prod(axis.size for axis in self.axes)
        return tuple(whole << at for at in range(len(self.watches)))

    @property
    def groups(self) -> list[BinnedGroup]:
        """Every group of binned inputs, watch by watch."""
        return [group for watch in self.watches for group in watch.groups]

    @cached_property
    def bins(self) -> int:
        """Number of bins of all groups: the place value of a key in the table of bins."""
        return sum(group.bins for group in self.groups)

    @property
    def bin_columns(self) -> int:
        """Sums per bin: the area, and two limbs for each moment of the largest group."""
        return 1 + 2 * max((len(group.exponents) for group in self.groups), default=0)

    @property
    def columns(self) -> int:
        """Sums per key: the area, and five for each input (see :func:`sinks.tabulation.moments.add_moments`)."""
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
        return self.regions * self.joints * max(1, self.bins) < _KEY_LIMIT

    def digits(self, keys: Ints) -> tuple[Ints, list[Ints]]:
        """Region index, and each axis' digit, of every key."""
        joint = keys % self.joints
        strided = zip(self.axes, self.strides, strict=True)
        return keys // self.joints, [joint // stride % axis.size for axis, stride in strided]

    def lacking(self, keys: Ints) -> list[npt.NDArray[np.bool_]]:
        """For each watch, whether the land of every key was asked for inputs of which one was not observed."""
        return [keys % self.joints // stride % 2 == 1 for stride in self.flag_strides]


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
    bin_keys : int64, [m]
        ``key * bins + bin``, the bins of all groups one after the other, ascending.
    bin_sums : int64, [m, bin columns]
    """

    keys: Ints
    sums: Ints
    cells: Ints
    flaws: Ints
    extremes: Floats
    unknown: dict[tuple[int, float], int]
    bin_keys: Ints
    bin_sums: Ints

    @classmethod
    def empty(cls, spec: Spec) -> Partial:
        inputs = len(spec.inputs)
        extremes = np.tile([np.inf, -np.inf], (inputs, 1))
        return cls(
            np.zeros(0, np.int64),
            np.zeros((0, spec.columns), np.int64),
            np.zeros(spec.regions, np.int64),
            np.zeros((inputs, moments.FLAWS), np.int64),
            extremes,
            {},
            np.zeros(0, np.int64),
            np.zeros((0, spec.bin_columns), np.int64),
        )


def add(partials: Sequence[Partial]) -> Partial:
    """The sum of partials."""
    keys, sums = _add_keyed([(p.keys, p.sums) for p in partials])
    carry(sums)
    bin_keys, bin_sums = _add_keyed([(p.bin_keys, p.bin_sums) for p in partials])
    carry_bins(bin_sums)
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
    cells = np.sum([p.cells for p in partials], axis=0)
    return Partial(keys, sums, cells, flaws, extremes, unknown, bin_keys, bin_sums)


def _add_keyed(tables: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """The sum of tables of integer sums by key."""
    keys, where = np.unique(np.concatenate([keys for keys, _ in tables]), return_inverse=True)
    sums = np.zeros((keys.size, tables[0][1].shape[1]), np.int64)
    np.add.at(sums, where, np.concatenate([sums for _, sums in tables]))
    return keys, sums


def carry(sums: Ints) -> None:
    """Move what has outgrown the low limbs of the moments into the high ones, in place."""
    for low in range(2, sums.shape[1]):
        if (low - 2) % 5 in (0, 2):
            _carry(sums, low)


def carry_bins(sums: Ints) -> None:
    """The same for the table of bins, whose columns after the area are limbs in pairs."""
    for low in range(1, sums.shape[1], 2):
        _carry(sums, low)


def _carry(sums: Ints, low: int) -> None:
    sums[:, low + 1] += sums[:, low] >> moments.LOW_BITS
    sums[:, low] &= (1 << moments.LOW_BITS) - 1
