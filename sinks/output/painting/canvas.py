"""The grid that is painted, and the painting of one window of it.

A cell of the canvas is a square of ``factor`` x ``factor`` cells of the land cover.  Its density is the mean over the
part of it that is estimated, each cell by its true area inside the regions; the area of that part goes beside it, so
that density times area, summed, is the account at any resolution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from affine import Affine
from numba import njit

from sinks.errors import Problem, RunError
from sinks.geo.grid import Bounds, CellAreas, Grid
from sinks.layers.rasters.reader import RasterReader
from sinks.output.painting.palette import Palette
from sinks.tabulation.blocks import Block, block_shape
from sinks.tabulation.coverage import Coverage, Runs
from sinks.tabulation.crosstab import Axis
from sinks.tabulation.division import divide
from sinks.tabulation.kernels import find_slot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Cells = npt.NDArray[np.float32]

DEFAULT_CELLS = 4_000_000
"""Cells of a painting whose resolution nobody chose: a sharp printed page, some megabytes."""

TILE = 512
"""Side of the tiles of the file; windows are made of whole tiles, so that none is written twice."""

_WINDOW_CELLS = 1 << 20
_SAME = 1e-6


@dataclass(frozen=True)
class Canvas:
    """Where is painted.

    Attributes
    ----------
    reference : Grid
        Of the land cover.
    factor : int
        Cells of the reference along a side of a cell of the canvas.
    row, column : int
        First cell of the canvas, counted in cells of the canvas from the reference's corner.
    rows, columns : int
    """

    reference: Grid
    factor: int
    row: int
    column: int
    rows: int
    columns: int

    @classmethod
    def of(cls, reference: Grid, bounds: Bounds, resolution: float | None) -> Canvas:
        """The canvas that covers ``bounds``.

        Parameters
        ----------
        reference : Grid
        bounds : tuple of float
            Of the regions, in the reference's CRS.
        resolution : float, optional
            Width of a cell in units of the CRS, a multiple of the reference's; by default the finest with at most
            :data:`DEFAULT_CELLS` cells.

        Raises
        ------
        RunError
            The resolution is not such a multiple.
        """
        columns, rows = reference.to_pixel(np.array([bounds[0], bounds[2]]), np.array([bounds[3], bounds[1]]))
        top, bottom = max(0, math.floor(rows[0])), min(reference.height, math.ceil(rows[1]))
        left, right = max(0, math.floor(columns[0])), min(reference.width, math.ceil(columns[1]))
        factor = _factor(reference, resolution)
        if resolution is None:
            factor = max(1, math.isqrt((bottom - top) * (right - left) // DEFAULT_CELLS))
            while _size(top, bottom, factor) * _size(left, right, factor) > DEFAULT_CELLS:
                factor += 1
        row, column = top // factor, left // factor
        return cls(reference, factor, row, column, _size(top, bottom, factor), _size(left, right, factor))

    @property
    def transform(self) -> Affine:
        t, f = self.reference.transform, self.factor
        return Affine(t.a * f, 0.0, t.c + t.a * f * self.column, 0.0, t.e * f, t.f + t.e * f * self.row)

    @property
    def resolution(self) -> float:
        """Width of a cell in units of the CRS."""
        return self.reference.transform.a * self.factor

    def windows(self) -> list[Block]:
        """Windows of whole tiles of the file, in cells of the canvas from its own corner."""
        across = TILE * max(1, _WINDOW_CELLS // TILE // TILE)
        return [
            Block(row, column, min(TILE, self.rows - row), min(across, self.columns - column))
            for row in range(0, self.rows, TILE)
            for column in range(0, self.columns, across)
        ]

    def beneath(self, window: Block) -> Block:
        """The cells of the reference under a window; those beyond its margin do not exist."""
        row, column = (self.row + window.row) * self.factor, (self.column + window.column) * self.factor
        rows, columns = window.rows * self.factor, window.columns * self.factor
        return Block(row, column, min(rows, self.reference.height - row), min(columns, self.reference.width - column))


def _size(first: int, last: int, factor: int) -> int:
    return max(1, -(-last // factor) - first // factor)


def _factor(reference: Grid, resolution: float | None) -> int:
    if resolution is None:
        return 1
    cell = reference.transform.a
    factor = round(resolution / cell)
    if factor < 1 or abs(factor * cell - resolution) > _SAME * cell:
        nearest = max(1, factor) * cell
        values = {"found": f"{resolution:.10g}", "cell": f"{cell:.10g}", "nearest": f"{nearest:.10g}"}
        raise RunError(Problem("painting.bad_resolution", "resolution", values))
    return factor


@dataclass(frozen=True)
class Scene:
    """Everything that a window is painted from; shared by threads, which open their own files."""

    canvas: Canvas
    palette: Palette
    coverage: Coverage
    regions: int
    areas: CellAreas

    def sums(self, window: Block) -> tuple[Floats, Floats]:
        """Amount in each cell of a window, and the estimated area [ha] that it lies on, each [rows, columns]."""
        amount, weight = self._sums(window)
        to_ha = float(self.areas.to_ha(1))
        return amount * to_ha, weight * to_ha

    def paint(self, window: Block) -> tuple[Cells, float]:
        """A window of the canvas, and the amount that lies in it.

        Returns
        -------
        cells : float32, [2, rows, columns]
            Density, and estimated area [ha]; NaN where nothing is estimated.
        amount : float
            Sum of density times area, before they are rounded to what the file holds.
        """
        amount, weight = self._sums(window)
        return self._cells(amount, weight), float(amount.sum()) * float(self.areas.to_ha(1))

    def _sums(self, window: Block) -> tuple[Floats, Floats]:
        """Density times area, and area, of each cell in units of the areas."""
        canvas = self.canvas
        amount, weight = np.zeros((window.rows, window.columns)), np.zeros((window.rows, window.columns))
        origin = ((canvas.row + window.row) * canvas.factor, (canvas.column + window.column) * canvas.factor)
        touched = np.zeros(self.regions, np.int64)
        known = Densities(self.palette.joints, self.palette.keys, self.palette.densities)
        with ExitStack() as stack:
            readers = [stack.enter_context(RasterReader(axis.source, canvas.reference)) for axis in self.palette.axes]
            for band in self._bands(canvas.beneath(window)):
                rows = (band[0].row, band[0].row + band[0].rows)
                weights = self.areas.weights(*rows)
                for block, runs in zip(band, divide(self.coverage.rows(*rows), band, touched), strict=True):
                    if not runs.start.size:
                        continue
                    codes = _joint_codes(self.palette.axes, self.palette.strides, readers, block)
                    beneath = Beneath(block.row, block.column, block.columns, codes, weights, self.areas.group_width)
                    _lay_on(runs, beneath, known, Above(*origin, canvas.factor, amount, weight))
        return amount, weight

    def _cells(self, amount: Floats, weight: Floats) -> Cells:
        """As the file holds them; rounded here, so that what waits to be written takes half the room."""
        cells = np.full((2, *amount.shape), np.nan, np.float32)
        estimated = weight > 0
        np.divide(amount, weight, out=cells[0], where=estimated, casting="same_kind")
        np.multiply(weight, float(self.areas.to_ha(1)), out=cells[1], where=estimated, casting="same_kind")
        return cells

    def _bands(self, area: Block) -> Iterator[list[Block]]:
        """Blocks of the reference that follow the files' own tiles, band by band."""
        tilings = [axis.source.block_shape for axis in self.palette.axes if axis.source.mode == "direct"]
        rows, columns = block_shape(self.canvas.reference, tilings)
        bottom, right = area.row + area.rows, area.column + area.columns
        for top, next_row in _steps(area.row, bottom, rows):
            yield [Block(top, left, next_row - top, stop - left) for left, stop in _steps(area.column, right, columns)]


def _steps(first: int, last: int, step: int) -> Iterator[tuple[int, int]]:
    """Stretches of ``first..last`` that end at multiples of ``step``."""
    while first < last:
        stop = min(last, (first // step + 1) * step)
        yield first, stop
        first = stop


def _joint_codes(axes: Sequence[Axis], strides: Sequence[int], readers: Sequence[RasterReader], block: Block) -> Ints:
    """Joint code of every cell of a block, [rows * columns]."""
    joint = np.zeros((block.rows, block.columns), np.int64)
    for axis, stride, reader in zip(axes, strides, readers, strict=True):
        raw = np.empty((block.rows, block.columns), axis.source.dtype)
        reader.read(block.row, block.column, raw)
        if axis.direct:
            joint += axis.lut(axis.bits, stride).view(np.int64)[raw.view(f"uint{axis.bits}")]
        else:
            joint += axis.map(raw).astype(np.int64) * stride
    return joint.ravel()


class Beneath(NamedTuple):
    """A block of the reference: first cell, width, joint code of each cell, and areas by group of columns."""

    row: int
    column: int
    columns: int
    codes: Ints
    weights: Ints
    group_width: int


class Densities(NamedTuple):
    """Density by region and joint code: an open-addressing table (:mod:`sinks.output.painting.palette`)."""

    joints: int
    keys: Ints
    values: Floats


class Above(NamedTuple):
    """A window of the canvas: the first cell of the reference under it, cells along a side, and what is summed."""

    row: int
    column: int
    factor: int
    amount: Floats
    weight: Floats


@njit(nogil=True, cache=True)
def _lay_on(runs: Runs, beneath: Beneath, known: Densities, above: Above) -> None:
    """Add density times area, and area, of the cells of a block to the cells of the canvas that they lie in."""
    ptr, start, stop, region, fraction = runs
    top, left, width, codes, weights, group_width = beneath
    joints, keys, densities = known
    first_row, first_column, factor, amount, weight = above
    for row in range(ptr.shape[0] - 1):
        to_row = (top + row - first_row) // factor
        for run in range(ptr[row], ptr[row + 1]):
            last_key, density = np.int64(-1), np.nan
            for column in range(start[run], stop[run]):
                key = region[run] * joints + codes[row * width + column - left]
                if key != last_key:
                    # Land cover comes in patches, so most cells repeat the one before and need no look-up.
                    density, last_key = densities[find_slot(keys, key)], key
                if density == density:
                    area = np.rint(fraction[run] * weights[row, column // group_width])
                    to_column = (column - first_column) // factor
                    amount[to_row, to_column] += density * area
                    weight[to_row, to_column] += area
