"""Where the blocks of a TIFF file lie and how they are packed, from the file's own directory.

To ask GDAL costs two calls for each block, which for small tiles and strips is as much as it takes to unpack them.

Source: TIFF 6.0, section 2 (file, header and directory); BigTIFF Design (Library of Congress, fdd000328).
"""

from __future__ import annotations

import struct
from io import FileIO
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_TYPES = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}
"""Types of whole numbers: BYTE, SHORT, LONG, LONG8."""

_MOST_ENTRIES = 4096


class Directory(NamedTuple):
    """The first image of a file.

    Attributes
    ----------
    little : bool
        Whether numbers begin with their lowest byte.
    offsets, sizes : int64, [blocks]
        Where each tile or strip lies in the file and how many bytes it has there, row after row, plane after plane; 0
        where the file leaves one out.
    tiled : bool
    block : tuple of int
        Rows and columns of a tile, or of a strip.
    compression, predictor, bits, fill_order, samples, planar : int
        Tags of the same names.
    """

    little: bool
    offsets: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    tiled: bool
    block: tuple[int, int]
    compression: int
    predictor: int
    bits: int
    fill_order: int
    samples: int
    planar: int


def read_directory(file: FileIO) -> Directory | None:
    """The first directory of an open file; None where there is none that could be understood."""
    try:
        tags, little = _tags(file)
        tiled = 324 in tags
        offsets, sizes = (tags[324], tags[325]) if tiled else (tags[273], tags[279])
        width, height = int(tags[256][0]), int(tags[257][0])
        rows = min(int(tags[278][0]), height) if 278 in tags else height
        block = (int(tags[323][0]), int(tags[322][0])) if tiled else (rows, width)
        bits = set(tags[258].tolist()) if 258 in tags else {1}
        if len(bits) != 1 or offsets.size != sizes.size:
            return None
        numbers = {tag: int(tags[tag][0]) if tag in tags else 1 for tag in (259, 317, 266, 277, 284)}
        return Directory(
            little, offsets, sizes, tiled, block, numbers[259], numbers[317], bits.pop(), numbers[266], numbers[277],
            numbers[284],
        )  # fmt: skip
    except (KeyError, IndexError, ValueError, OSError, struct.error):
        return None


def _tags(file: FileIO) -> tuple[dict[int, npt.NDArray[np.int64]], bool]:
    """Every tag of whole numbers of the first directory, and the order of bytes."""
    head = _bytes(file, 0, 16)
    order = {b"II": "<", b"MM": ">"}[head[:2]]
    (version,) = struct.unpack(order + "H", head[2:4])
    # How numbers of entries and places are written, bytes of an entry, and of what it holds itself.
    number, place, length, room = {42: ("H", "I", 12, 4), 43: ("Q", "Q", 20, 8)}[version]
    (start,) = struct.unpack_from(order + place, head, 4 if version == 42 else 8)
    first = start + struct.calcsize(number)
    (count,) = struct.unpack(order + number, _bytes(file, start, struct.calcsize(number)))
    if count > _MOST_ENTRIES:
        raise ValueError(count)
    tags: dict[int, npt.NDArray[np.int64]] = {}
    entries = _bytes(file, first, count * length)
    for at in range(0, len(entries), length):
        tag, kind = struct.unpack_from(order + "HH", entries, at)
        (values,) = struct.unpack_from(order + place, entries, at + 4)
        if kind not in _TYPES:
            continue
        dtype = np.dtype(order + _TYPES[kind])
        held = entries[at + length - room : at + length]
        if values * dtype.itemsize > room:
            (beyond,) = struct.unpack(order + place, held)
            held = _bytes(file, beyond, values * dtype.itemsize)
        # Places beyond what a signed number holds come out negative and are no place in a file.
        tags[tag] = np.frombuffer(held, dtype, values).astype(np.int64)
    return tags, order == "<"


def _bytes(file: FileIO, place: int, size: int) -> bytes:
    """Bytes of a file; refused where it has fewer, before they are asked for."""
    if place < 0 or place + size > file.seek(0, 2):
        raise ValueError(place)
    file.seek(place)
    found = file.read(size)
    if len(found) < size:
        raise ValueError(size)
    return found
