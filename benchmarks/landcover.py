"""Synthetic land cover with the texture of the real one: seeded, patchy, of any size, made block by block.

Two smooth random fields (sums of interpolated lattice noise at several scales) are cut at their quantiles into classes,
which gives patches from kilometres down to a few cells; a third field marks the patches that change until the second
date; a little salt stands for classification noise.  Every cell is a function of its position and the seed alone, so a
layer does not depend on how it is cut into blocks, and a part of it can be made again for comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from numba import njit
from rasterio.transform import Affine
from rasterio.windows import Window

SEED = 20_230_715
TILE = 512
CODES = np.array([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], np.uint8)
"""The ten land classes of GlobeLand30."""

SCALES = np.array([384, 96, 24, 8])
"""Cells between lattice points of the noise, coarse to fine."""

AMPLITUDES = np.array([1.0, 0.7, 0.45, 0.25])

CHANGED = 0.04
"""Share of the area that lies in patches of change."""

SALT = 0.004
"""Share of single cells with a random class."""

# Ten classes from the ranks of two fields: grassland rules, as in the region that the project was made for.
_TABLE = np.array(
    [[30, 30, 30, 10, 10], [30, 30, 20, 20, 10], [30, 30, 20, 40, 80], [90, 30, 50, 60, 10], [90, 90, 70, 100, 20]],
    np.uint8,
)

Bytes = npt.NDArray[np.uint8]


@njit(nogil=True, cache=True)
def _hash(x: int, y: int, seed: int) -> float:
    """A number in [0, 1) for a lattice point: the mixing steps of splitmix64."""
    h = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(x) * np.uint64(0xBF58476D1CE4E5B9)
    h ^= (h >> np.uint64(30)) + np.uint64(y) * np.uint64(0x94D049BB133111EB)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
    return float((h ^ (h >> np.uint64(31))) >> np.uint64(11)) / 9007199254740992.0


@njit(nogil=True, cache=True)
def _field(row: int, first: int, seed: int, scales: Any, amplitudes: Any, out: Any) -> None:
    """One row of a smooth field, into ``out``; standard normal to within a few per cent."""
    out[:] = 0.0
    for octave in range(scales.size):
        scale, salt, amplitude = scales[octave], seed * 16 + octave, amplitudes[octave]
        y = row // scale
        v = (row - y * scale) / scale
        v = v * v * (3.0 - 2.0 * v)
        j = 0
        while j < out.size:
            x = (first + j) // scale
            west = np.float32(amplitude * ((1.0 - v) * _hash(x, y, salt) + v * _hash(x, y + 1, salt) - 0.5))
            east = np.float32(amplitude * ((1.0 - v) * _hash(x + 1, y, salt) + v * _hash(x + 1, y + 1, salt) - 0.5))
            start = first + j - x * scale
            count = min(scale - start, out.size - j)
            for k in range(count):
                u = np.float32(start + k) / np.float32(scale)
                u = u * u * (np.float32(3.0) - np.float32(2.0) * u)
                out[j + k] += west + u * (east - west)
            j += count


@njit(nogil=True, cache=True)
def _rank(value: Any, cuts: Any) -> int:
    """Between which cuts a value lies; without a branch that would be mispredicted."""
    return int(value > cuts[0]) + int(value > cuts[1]) + int(value > cuts[2]) + int(value > cuts[3])


@njit(nogil=True, cache=True)
def _classes(top: int, left: int, seed: int, scales: Any, amplitudes: Any, cuts: Any, table: Any, codes: Any,
             limit: float, salt: float, before: Any, after: Any) -> None:  # fmt: skip
    """Both dates of a block."""
    rows, columns = before.shape
    one, two, change = np.empty(columns, np.float32), np.empty(columns, np.float32), np.empty(columns, np.float32)
    for i in range(rows):
        _field(top + i, left, seed, scales, amplitudes, one)
        _field(top + i, left, seed + 1, scales, amplitudes, two)
        _field(top + i, left, seed + 2, scales, amplitudes, change)
        for j in range(columns):
            a, b = _rank(one[j], cuts), _rank(two[j], cuts)
            before[i, j] = table[a, b]
            after[i, j] = table[b, (a + 2) % 5] if change[j] > limit else before[i, j]
            noise = _hash(left + j, top + i, seed + 3)
            if noise < salt:
                before[i, j] = codes[int(noise / salt * codes.size)]
            elif noise > 1.0 - salt:
                after[i, j] = codes[int((1.0 - noise) / salt * codes.size) % codes.size]


@njit(nogil=True, cache=True)
def _stock(top: int, left: int, seed: int, scales: Any, amplitudes: Any, out: Any) -> None:
    """Growing stock [m3/ha] in steps of 0.1, from a smooth field and cell-wise noise; NaN off the forest."""
    rows, columns = out.shape
    smooth, wooded = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for i in range(rows):
        _field(top + i, left, seed + 4, scales, amplitudes, smooth)
        _field(top + i, left, seed, scales, amplitudes, wooded)
        for j in range(columns):
            noise = _hash(left + j, top + i, seed + 5) - 0.5
            value = 120.0 + 90.0 * smooth[j] + 20.0 * noise
            out[i, j] = np.float32(np.round(10.0 * max(0.0, value)) / 10.0) if wooded[j] > 0.0 else np.float32(np.nan)


@dataclass(frozen=True)
class Landscape:
    """A square territory of ``size`` cells a side.

    Parameters
    ----------
    size : int
    seed : int
    """

    size: int
    seed: int = SEED
    _cuts: npt.NDArray[np.float64] = field(init=False, repr=False)
    _limit: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sample = np.empty(1 << 16, np.float32)
        rows = []
        for row in range(0, 1 << 20, 1 << 13):
            _field(row, 0, self.seed + 9, SCALES, AMPLITUDES, sample)
            rows.append(sample[::16].copy())
        pooled = np.concatenate(rows)
        object.__setattr__(self, "_cuts", np.quantile(pooled, [0.2, 0.4, 0.6, 0.8]).astype(np.float32))
        object.__setattr__(self, "_limit", float(np.quantile(pooled, 1.0 - CHANGED)))

    def classes(self, row: int, column: int, rows: int, columns: int) -> tuple[Bytes, Bytes]:
        """Classes of a window at both dates, (rows, columns)."""
        before, after = np.empty((rows, columns), np.uint8), np.empty((rows, columns), np.uint8)
        _classes(row, column, self.seed, SCALES, AMPLITUDES, self._cuts, _TABLE, CODES, self._limit, SALT,
                 before, after)  # fmt: skip
        return before, after

    def stock(self, row: int, column: int, rows: int, columns: int) -> npt.NDArray[np.float32]:
        """Growing stock of a window [m3/ha], (rows, columns); NaN where there is no forest."""
        out = np.empty((rows, columns), np.float32)
        _stock(row, column, self.seed, SCALES, AMPLITUDES, out)
        return out

    def noise(self, row: int, column: int, rows: int, columns: int) -> tuple[Bytes, Bytes]:
        """The hardest case: every cell of a window of a random class, at both dates."""
        rng = np.random.default_rng((self.seed, row, column))
        before, after = CODES[rng.integers(0, CODES.size, (2, rows, columns), np.uint8)]
        return before, after


@dataclass(frozen=True)
class Place:
    """Where the cells lie."""

    crs: str
    transform: Affine


def write_classes(
    landscape: Landscape, place: Place, paths: tuple[Path, Path], compress: str, noise: bool = False
) -> None:
    """Both dates as tiled GeoTIFFs; what is there is kept."""
    if all(path.exists() for path in paths):
        return
    make = landscape.noise if noise else landscape.classes
    options = {"dtype": "uint8", "nodata": 255, "compress": compress}
    _write(landscape.size, place, paths, make, options)


def write_stock(landscape: Landscape, place: Place, path: Path, compress: str) -> None:
    """Growing stock as float32 with the floating-point predictor; what is there is kept."""
    if path.exists():
        return
    options = {"dtype": "float32", "nodata": math.nan, "compress": compress, "predictor": 3}
    _write(landscape.size, place, (path,), lambda *window: (landscape.stock(*window),), options)


def _write(size: int, place: Place, paths: tuple[Path, ...], make: Any, options: dict[str, Any]) -> None:
    profile = {"driver": "GTiff", "count": 1, "width": size, "height": size, "crs": place.crs} | options
    profile |= {"transform": place.transform, "tiled": True, "blockxsize": TILE, "blockysize": TILE}
    partial = [path.with_suffix(".part") for path in paths]
    with ThreadPoolExecutor(2) as pool:
        files = [rasterio.open(p, "w", **profile, NUM_THREADS="ALL_CPUS", BIGTIFF="IF_SAFER") for p in partial]
        for window, arrays in _ahead(pool, make, list(_windows(size))):
            for file, array in zip(files, arrays, strict=True):
                file.write(array, 1, window=window)
        for file in files:
            file.close()
    for source, path in zip(partial, paths, strict=True):
        source.rename(path)


def _windows(size: int) -> Iterator[Window]:
    for row in range(0, size, TILE):
        for column in range(0, size, 16 * TILE):
            yield Window(column, row, min(16 * TILE, size - column), min(TILE, size - row))


def _ahead(pool: ThreadPoolExecutor, make: Any, windows: list[Window], depth: int = 4) -> Iterator[tuple[Window, Any]]:
    """Results in order, a few windows ahead."""
    pending: list[Any] = []
    for at, window in enumerate(windows):
        pending.append(pool.submit(make, window.row_off, window.col_off, window.height, window.width))
        if len(pending) == depth:
            yield windows[at - depth + 1], pending.pop(0).result()
    for window, future in zip(windows[len(windows) - len(pending) :], pending, strict=True):
        yield window, future.result()
