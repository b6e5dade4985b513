"""Blocks of local GeoTIFF files, tiles or strips, decoded straight into place.

GDAL keeps every block in a cache of its own and copies it from there; a pass that reads each block once pays for both
and uses neither.  Here the file's own directory says where a block lies and how it is packed, and many blocks are
unpacked in one go into the array where they are wanted, without the interpreter's lock.

What this reads is what GDAL reads, bit for bit.  Whatever is out of the ordinary, a file of another kind, a window that
cuts through blocks, a block that is missing or broken, is left to GDAL.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader

from sinks.layers.rasters import predictors, unpackers
from sinks.layers.rasters.tiff_directory import Directory, read_directory

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

Unpack = Callable[[Bytes, Ints, Ints, Bytes, int], bool]
"""From packed bytes, where blocks begin in them and how long they are, into room for all of them of so many bytes each;
whether every block could be unpacked and has that size."""

_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")

_LEAST_CELLS = {8: 1 << 14, 32946: 1 << 14, 50000: 1 << 14}
"""Cells of a block below which a call for each costs more than GDAL's cache, by compression."""

_NOT_PACKED = 1

_GAP = 1 << 12
"""Bytes between two blocks of a file that are rather read than sought over."""

_MOST_PACKED = 2
"""Times its size that a packed block can have: what needs more room than this is no block."""


class TileDecoder:
    """Tiles (or strips) of one band of an open GeoTIFF; not to be shared between threads.

    Use :meth:`of`, which tells whether a file is fit.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of a tile.
    """

    def __init__(self, dataset: Any, band: int, file: FileIO, directory: Directory, unpack: Unpack) -> None:
        self.shape = directory.block
        self._file = file
        self._directory = directory
        self._unpack = unpack
        self._size: tuple[int, int] = dataset.shape
        self._dtype = np.dtype(dataset.dtypes[band - 1])
        self._across = -(-self._size[1] // self.shape[1])
        down = -(-self._size[0] // self.shape[0])
        self._first = (band - 1) * self._across * down
        self._length = file.seek(0, 2)
        self._stored = np.empty(0, np.uint8)
        self._unpacked = np.empty(0, np.uint8)
        # The tiles one below the other that were decoded last for windows that cut through tiles.
        self._column: npt.NDArray[Any] = np.empty((0, 0), self._dtype)
        self._column_at: tuple[int, int, int] | None = None

    @classmethod
    def of(cls, dataset: Any, band: int) -> TileDecoder | None:
        """A decoder for a band of an open dataset, or None where GDAL has to read it.

        Parameters
        ----------
        dataset : rasterio dataset
            Or anything that stands in its place.
        band : int
        """
        if not isinstance(dataset, DatasetReader) or dataset.driver != "GTiff":
            return None
        path = Path(dataset.name)
        if dataset.dtypes[band - 1] not in _TYPES or not path.is_file():
            return None
        file = FileIO(path)
        directory = read_directory(file)
        unpack = _unpacker(directory.compression) if directory is not None else None
        if directory is None or unpack is None or not _ordinary(dataset, band, directory):
            file.close()
            return None
        return cls(dataset, band, file, directory, unpack)

    def close(self) -> None:
        self._file.close()

    def read(self, row: int, column: int, out: npt.NDArray[Any]) -> bool:
        """Fill ``out`` [rows, columns] with the window at ``row``, ``column``; False where GDAL has to do it.

        ``out`` may then hold anything.
        """
        if not self._whole(row, column, out.shape[0], out.shape[1]):
            return False
        in_place = out.dtype == self._dtype and out.flags.c_contiguous and out.shape[1] == self.shape[1]
        if in_place:
            return self._read_column(row, column, out)
        rows, columns = out.shape
        tall, wide = self.shape
        # As many tiles at a time as lie side by side.
        for top in range(0, rows, tall):
            tiles = self._tiles(row + top, column, 1, -(-columns // wide))
            if tiles is None:
                return False
            for at, cells in enumerate(tiles):
                part = out[top : top + tall, at * wide : (at + 1) * wide]
                part[...] = cells[: part.shape[0], : part.shape[1]]
        return True

    def read_tiles(self, row: int, column: int, shape: tuple[int, int], out: npt.NDArray[Any]) -> bool:
        """Fill ``out`` [cells] with a window of ``shape``, tile by tile from west to east, each row after row.

        False where GDAL has to do it; ``out`` may then hold anything.
        """
        (rows, columns), wide = shape, self.shape[1]
        if not self._whole(row, column, rows, columns):
            return False
        done = 0
        if out.dtype == self._dtype and rows % self.shape[0] == 0:
            # Tiles that are not cut by the margin of the grid follow each other as they do in the file, all in one go.
            done = columns // wide
            numbers = self._numbers(row, column, rows // self.shape[0], done).T.ravel()
            if not self._fill(numbers, out[: rows * done * wide].reshape(-1, wide)):
                return False
        for left in range(done * wide, columns, wide):
            width = min(wide, columns - left)
            if not self.read(row, column + left, out[left * rows : (left + width) * rows].reshape(rows, width)):
                return False
        return True

    def read_part(self, row: int, column: int, out: npt.NDArray[Any]) -> bool:
        """Fill ``out`` with a window that may cut through tiles; False where GDAL has to do it.

        The tiles on its eastern side are kept for the window that goes on there.
        """
        (rows, columns), (tall, wide) = out.shape, self.shape
        first, last = row // tall, -(-(row + rows) // tall)
        across, beyond = column // wide, -(-(column + columns) // wide)
        above = row - first * tall
        kept = self._column_at == (first, last, across)
        found = [self._column] if kept else []
        if across + kept < beyond:
            cells = self._tile_columns(first, last, across + kept, beyond)
            if cells is None:
                return False
            found.extend(cells)
        for west, tiles in zip(range(across * wide, beyond * wide, wide), found, strict=True):
            left, right = max(column, west), min(column + columns, west + wide)
            out[:, left - column : right - column] = tiles[above : above + rows, left - west : right - west]
        if across + kept < beyond:
            # A copy, so that the others are not held as long as the file is open.
            self._column, self._column_at = found[-1].copy(), (first, last, beyond - 1)
        return True

    def _tile_columns(self, first: int, last: int, across: int, beyond: int) -> npt.NDArray[Any] | None:
        """Tiles one below the other, [column of tiles, rows, columns], as they are stored; all in one go."""
        tall, wide = self.shape
        if not self._directory.tiled:
            # One strip is as wide as the file, and the last may be lower than the others.
            cells = np.empty((1, min(last * tall, self._size[0]) - first * tall, wide), self._dtype)
            return cells if self._read_column(first * tall, 0, cells[0]) else None
        cells = np.empty((beyond - across, (last - first) * tall, wide), self._dtype)
        numbers = self._numbers(first * tall, across * wide, last - first, beyond - across).T.ravel()
        return cells if self._fill(numbers, cells.reshape(-1, wide)) else None

    def _whole(self, row: int, column: int, rows: int, columns: int) -> bool:
        """Whether a window cuts through no tile."""
        (tall, wide), (height, width) = self.shape, self._size
        cut_below = (row + rows) % tall and row + rows != height
        cut_right = (column + columns) % wide and column + columns != width
        return not (row % tall or column % wide or cut_below or cut_right)

    def _numbers(self, row: int, column: int, down: int, across: int) -> Ints:
        """Numbers [down, across] of the tiles from the one at ``row``, ``column``."""
        tall, wide = self.shape
        first = self._first + row // tall * self._across + column // wide
        numbers: Ints = first + np.arange(down)[:, None] * self._across + np.arange(across)
        return numbers

    def _read_column(self, row: int, column: int, out: npt.NDArray[Any]) -> bool:
        """Fill ``out``, as wide as a tile, with tiles one below the other."""
        tall = self.shape[0]
        whole = out.shape[0] // tall
        if not self._fill(self._numbers(row, column, whole, 1).ravel(), out[: whole * tall]):
            return False
        rest = out[whole * tall :]
        if rest.shape[0]:
            tiles = self._tiles(row + whole * tall, column, 1, 1)
            if tiles is None:
                return False
            rest[...] = tiles[0, : rest.shape[0]]
        return True

    def _tiles(self, row: int, column: int, down: int, across: int) -> npt.NDArray[Any] | None:
        """Whole tiles [number, rows, columns]; a strip at the lower margin only as far as the grid goes."""
        tall, wide = self.shape
        rows = tall if self._directory.tiled else min(tall, self._size[0] - row)
        cells = np.empty((down * across, rows, wide), self._dtype)
        done = self._fill(self._numbers(row, column, down, across).ravel(), cells.reshape(-1, wide), rows)
        return cells if done else None

    def _fill(self, numbers: Ints, out: npt.NDArray[Any], rows: int | None = None) -> bool:
        """Fill ``out`` with tiles, each ``rows`` high and as wide as ``out``; False where GDAL has to do it."""
        if numbers.size == 0:
            return True
        if numbers[-1] >= self._directory.offsets.size:
            return False
        directory, rows = self._directory, rows or self.shape[0]
        room = rows * -(-out.shape[1] * directory.bits // 8)
        in_place = directory.bits == 8 * out.itemsize and directory.predictor != predictors.FLOATING
        if in_place:
            target = out.reshape(-1).view(np.uint8)
        else:
            if self._unpacked.size < room * numbers.size:
                self._unpacked = np.empty(room * numbers.size, np.uint8)
            target = self._unpacked[: room * numbers.size]
        if not self._load(numbers, target, room):
            return False
        if directory.bits < 8:
            predictors.spread(target.reshape(out.shape[0], -1), directory.bits, out.view(np.uint8))
        elif directory.predictor != predictors.NONE:
            predictors.undo(directory.predictor, target, out)
        return True

    def _load(self, numbers: Ints, target: Bytes, room: int) -> bool:
        """Fill ``target`` with tiles unpacked, ``room`` bytes each."""
        offsets, sizes = self._directory.offsets[numbers], self._directory.sizes[numbers]
        packed = self._directory.compression != _NOT_PACKED
        if min(offsets.min(), sizes.min()) <= 0 or max(offsets.max(), sizes.max()) > self._length:
            return False
        if sizes.max() > _MOST_PACKED * room + _GAP:
            return False
        if not packed:
            return bool((sizes == room).all()) and all(
                self._take(place, target[first * room : last * room])
                for place, first, last in _stretches(offsets, sizes)
            )
        # In the order of the file, and what lies close together at once.
        order = np.argsort(offsets, kind="stable")
        starts, begin = np.empty_like(offsets), offsets[order]
        end = begin + sizes[order]
        breaks = np.flatnonzero((begin[1:] < end[:-1]) | (begin[1:] > end[:-1] + _GAP)) + 1
        heads, tails = np.r_[0, breaks], np.r_[breaks, order.size]
        lengths = end[tails - 1] - begin[heads]
        bases = np.cumsum(lengths) - lengths
        starts[order] = begin - np.repeat(begin[heads] - bases, tails - heads)
        total = int(lengths.sum())
        if self._stored.size < total + unpackers.SLACK:
            self._stored = np.zeros(2 * total + unpackers.SLACK, np.uint8)
        taken = all(
            self._take(int(place), self._stored[base : base + length])
            for place, base, length in zip(begin[heads], bases.tolist(), lengths.tolist(), strict=True)
        )
        return taken and self._unpack(self._stored[: total + unpackers.SLACK], starts, sizes, target, room)

    def _take(self, place: int, into: Bytes) -> bool:
        """Fill ``into`` with bytes of the file; False where the file ends before."""
        self._file.seek(place)
        return self._file.readinto(into.data) == into.size


def _stretches(offsets: Ints, sizes: Ints) -> Iterator[tuple[int, int, int]]:
    """Place, first and last of the blocks that lie one after the other in a file."""
    breaks = (np.flatnonzero(offsets[1:] != offsets[:-1] + sizes[:-1]) + 1).tolist()
    for first, last in zip([0, *breaks], [*breaks, offsets.size], strict=True):
        yield int(offsets[first]), first, last


def _ordinary(dataset: Any, band: int, directory: Directory) -> bool:
    """Whether the file's directory says what GDAL says, and nothing that is undone nowhere here."""
    dtype = np.dtype(dataset.dtypes[band - 1])
    few = directory.bits in predictors.FEW and dtype == np.uint8 and directory.predictor == predictors.NONE
    own_order = directory.little == (sys.byteorder == "little") or directory.bits <= 8
    return (
        directory.block == tuple(dataset.block_shapes[band - 1])
        and directory.samples == dataset.count
        and (directory.samples == 1 or directory.planar == 2)
        and (directory.bits == 8 * dtype.itemsize or few)
        and directory.fill_order == 1
        and own_order
        and directory.block[0] * directory.block[1] >= _LEAST_CELLS.get(directory.compression, 1)
        and predictors.known(directory.predictor, str(dtype))
    )


def _unpacker(compression: int) -> Unpack | None:
    """How blocks of a compression are unpacked, loaded only where a file has it."""
    if compression == _NOT_PACKED:
        return lambda *_: True
    if compression in (8, 32946, 50000):
        import imagecodecs

        if compression == 50000:
            return _one_by_one(imagecodecs.zstd_decode)
        return _one_by_one(partial(imagecodecs.deflate_decode, raw=False))
    if compression in (5, 32773):
        return unpackers.lzw() if compression == 5 else unpackers.packbits()
    return None


def _one_by_one(decode: Callable[..., Any]) -> Unpack:
    """Blocks by a codec that takes one."""

    def unpack(packed: Bytes, starts: Ints, sizes: Ints, out: Bytes, size: int) -> bool:
        try:
            return all(
                len(decode(packed[start : start + length], out=out[at : at + size])) == size
                for start, length, at in zip(starts.tolist(), sizes.tolist(), range(0, out.size, size), strict=True)
            )
        except (RuntimeError, ValueError):  # every codec has its own kind of RuntimeError
            return False

    return unpack
