"""Undoing the predictors of TIFF files: cells stored as differences from those before them, which pack better.

TIFF 6.0, section 14 (horizontal differencing); Adobe Photoshop TIFF Technical Note 3 (floating point).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sinks.layers.rasters.memory import address, load_byte, store_byte, sum_vector

_VECTOR = np.uint64(16)

NONE, HORIZONTAL, FLOATING = 1, 2, 3

FEW = (1, 2, 4)
"""Bits of a cell of which a byte holds several."""


def known(predictor: int, dtype: str) -> bool:
    """Whether a predictor can be undone here for cells of a type."""
    kind = np.dtype(dtype)
    if predictor == HORIZONTAL:
        return kind.kind in "ui"
    return predictor == NONE or (predictor == FLOATING and kind == np.float32)


def undo(predictor: int, unpacked: npt.NDArray[np.uint8], out: npt.NDArray[Any]) -> None:
    """Cells of a tile from their differences.

    Parameters
    ----------
    predictor : int
        One that is :func:`known` for ``out.dtype``, and not :data:`NONE`.
    unpacked : uint8, [bytes of out]
        Is overwritten.  Differences of cells may lie in ``out`` itself.
    out : array, [rows, columns]
        In one piece, row after row.
    """
    if predictor == HORIZONTAL:
        # Unsigned, so that sums wrap around as the differences did.
        cells = unpacked.view(f"u{out.itemsize}").reshape(out.shape)
        if out.itemsize > 1:
            _sum_rows(cells, out.view(cells.dtype))
        else:
            _sum_rows_of_bytes(cells)
            if cells.ctypes.data != out.ctypes.data:
                out.view(cells.dtype)[...] = cells
    else:
        _sum_planes(unpacked.reshape(out.shape[0], out.itemsize, out.shape[1]), out.view(np.uint32))


def spread(packed: npt.NDArray[np.uint8], bits: int, out: npt.NDArray[np.uint8]) -> None:
    """Cells of one, two or four bits, a byte each.

    Parameters
    ----------
    packed : uint8, [rows, bytes of a row]
        The first cell in the highest bits of the first byte; every row begins with a byte of its own.
    bits : int
        One of :data:`FEW`.
    out : uint8, [rows, columns]
    """
    if bits == 1:
        out[...] = np.unpackbits(packed, axis=1, count=out.shape[1])
        return
    cells = 8 // bits
    for place in range(cells):
        part = out[:, place::cells]
        np.right_shift(packed[:, : part.shape[1]], 8 - bits * (place + 1), out=part)
    np.bitwise_and(out, (1 << bits) - 1, out=out)


@njit(nogil=True, cache=True)
def _sum_rows(differences: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Running sums along every row."""
    for row in range(out.shape[0]):
        total = differences[row, 0]
        out[row, 0] = total
        for column in range(1, out.shape[1]):
            total += differences[row, column]
            out[row, column] = total


@njit(nogil=True, cache=True)
def _sum_rows_of_bytes(cells):  # type: ignore[no-untyped-def]
    """Running sums along every row, in place."""
    start, columns = address(cells), np.uint64(cells.shape[1])
    for row in range(cells.shape[0]):
        at = start + np.uint64(row) * columns
        end, total = at + columns, np.uint8(0)
        while at + _VECTOR <= end:
            total = sum_vector(at, total)
            at += _VECTOR
        while at < end:
            total = np.uint8(total + load_byte(at))
            store_byte(at, total)
            at += np.uint64(1)


@njit(nogil=True, cache=True)
def _sum_planes(planes: npt.NDArray[np.uint8], out: npt.NDArray[np.uint32]) -> None:
    """Cells of four bytes from planes [row, 4, column] of differences, the highest byte first.

    Differences run on from one plane of a row into the next.  Each plane is summed by itself, the four at once, so that
    no sum waits for another, and what the planes before it come to is added when the bytes are put together.
    """
    columns = out.shape[1]
    for row in range(out.shape[0]):
        first, second, third, fourth = planes[row, 0], planes[row, 1], planes[row, 2], planes[row, 3]
        a = b = c = d = np.uint8(0)
        for at in range(columns):
            a = np.uint8(a + first[at])
            b = np.uint8(b + second[at])
            c = np.uint8(c + third[at])
            d = np.uint8(d + fourth[at])
            first[at], second[at], third[at], fourth[at] = a, b, c, d
        b = np.uint8(a + b)
        c = np.uint8(b + c)
        cells = out[row]
        for at in range(columns):
            high = np.uint32(first[at]) << np.uint32(24) | np.uint32(np.uint8(second[at] + a)) << np.uint32(16)
            low = np.uint32(np.uint8(third[at] + b)) << np.uint32(8) | np.uint32(np.uint8(fourth[at] + c))
            cells[at] = high | low
