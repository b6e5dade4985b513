"""Tiles of local GeoTIFF files, decoded straight into place.

GDAL keeps every tile in a cache of its own and copies it from there; a pass that reads each tile once pays for both and
uses neither.  Here GDAL says where a tile lies in the file and how it is packed, and the tile is unpacked by the codecs
of imagecodecs into the array where it is wanted, without the interpreter's lock.

What this reads is what GDAL reads, bit for bit.  Whatever is out of the ordinary, a file of another kind, a window that
cuts through tiles, a tile that is missing or broken, is left to GDAL.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetReader

from sinks.layers.rasters import predictors

Bytes = npt.NDArray[np.uint8]

_CODECS: dict[str, Callable[..., Any]] = {
    "DEFLATE": partial(imagecodecs.deflate_decode, raw=False),
    "ZSTD": imagecodecs.zstd_decode,
}
"""Those that are faster than in GDAL; its LZW is twice as fast."""

_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")

_LEAST_CELLS = 1 << 14
"""Cells of a tile below which asking for its place costs more than GDAL's cache."""


class TileDecoder:
    """Tiles (or strips) of one band of an open GeoTIFF; not to be shared between threads.

    Use :meth:`of`, which tells whether a file is fit.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of a tile.
    """

    def __init__(self, dataset: Any, band: int, file: FileIO, decode: Callable[..., Any], predictor: int) -> None:
        self.shape: tuple[int, int] = tuple(dataset.block_shapes[band - 1])
        self._dataset = dataset
        self._band = band
        self._file = file
        self._decode = decode
        self._predictor = predictor
        self._size: tuple[int, int] = dataset.shape
        self._dtype = np.dtype(dataset.dtypes[band - 1])
        # At the margin of the grid a tile is stored in full, a strip only as far as the grid goes.
        self._padded = bool(dataset.profile["tiled"])
        self._stored = np.empty(0, np.uint8)
        self._unpacked = np.empty(self.shape[0] * self.shape[1] * self._dtype.itemsize, np.uint8)

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
        structure = dataset.tags(ns="IMAGE_STRUCTURE") | dataset.tags(ns="IMAGE_STRUCTURE", bidx=band)
        dtype = dataset.dtypes[band - 1]
        rows, columns = dataset.block_shapes[band - 1]
        decode = _CODECS.get(structure.get("COMPRESSION", ""))
        predictor = int(structure.get("PREDICTOR", predictors.NONE))
        path = Path(dataset.name)
        ordinary = (
            dtype in _TYPES
            and "NBITS" not in structure
            and (dataset.count == 1 or structure.get("INTERLEAVE") == "BAND")
            and rows * columns >= _LEAST_CELLS
            and predictors.known(predictor, dtype)
            and path.is_file()
        )
        if decode is None or not ordinary:
            return None
        file = FileIO(path)
        if file.read(2) != (b"II" if sys.byteorder == "little" else b"MM"):
            file.close()
            return None
        return cls(dataset, band, file, decode, predictor)

    def close(self) -> None:
        self._file.close()

    def read(self, row: int, column: int, out: npt.NDArray[Any]) -> bool:
        """Fill ``out`` [rows, columns] with the window at ``row``, ``column``; False where GDAL has to do it.

        ``out`` may then hold anything.
        """
        (rows, columns), (tall, wide), (height, width) = out.shape, self.shape, self._size
        cut_above, cut_below = row % tall, (row + rows) % tall and row + rows != height
        cut_left, cut_right = column % wide, (column + columns) % wide and column + columns != width
        if cut_above or cut_below or cut_left or cut_right:
            return False
        return all(
            self._read_tile((row + top) // tall, (column + left) // wide, out[top : top + tall, left : left + wide])
            for top in range(0, rows, tall)
            for left in range(0, columns, wide)
        )

    def _read_tile(self, down: int, across: int, out: npt.NDArray[Any]) -> bool:
        """Fill ``out`` with the part of a tile that lies on the grid."""
        stored = self._load(down, across)
        if stored is None:
            return False
        tall, wide = self.shape
        shape = (tall if self._padded else min(tall, self._size[0] - down * tall), wide)
        in_place = out.shape == shape and out.dtype == self._dtype and out.flags.c_contiguous
        if in_place and self._predictor == predictors.NONE:
            return self._unpack(stored, out.reshape(-1).view(np.uint8))
        unpacked = self._unpacked[: shape[0] * shape[1] * self._dtype.itemsize]
        if not self._unpack(stored, unpacked):
            return False
        cells = out if in_place else np.empty(shape, self._dtype)
        predictors.undo(self._predictor, unpacked, cells)
        if not in_place:
            out[...] = cells[: out.shape[0], : out.shape[1]]
        return True

    def _load(self, down: int, across: int) -> Bytes | None:
        """A tile as it is stored; None where the file leaves it out, or ends before the tile does."""
        tag = f"{across}_{down}"
        place = int(self._dataset.get_tag_item(f"BLOCK_OFFSET_{tag}", "TIFF", bidx=self._band) or 0)
        size = int(self._dataset.get_tag_item(f"BLOCK_SIZE_{tag}", "TIFF", bidx=self._band) or 0)
        if not place or not size:
            return None
        if self._stored.size < size:
            self._stored = np.empty(2 * size, np.uint8)
        stored = self._stored[:size]
        self._file.seek(place)
        return stored if self._file.readinto(stored.data) == size else None

    def _unpack(self, stored: Bytes, out: Bytes) -> bool:
        """Whether a tile could be unpacked and has the size it should have."""
        try:
            return len(self._decode(stored, out=out)) == out.size
        except (RuntimeError, ValueError):  # every codec has its own kind of RuntimeError
            return False
