"""Compiled decoders of LZW and PackBits, many blocks in one call.

Both write through addresses, many bytes at once.  What keeps them within their buffers: a copy of whole vectors is made
only where the block that is being filled has room for one vector more than the string; what is read behind a string, or
behind the packed bytes, lies in the block or in the :data:`SLACK` that the caller leaves.  A block that does not come
out exactly as it should (a code that is not in the table, a string that reaches beyond the block, packed bytes that end
too early) is refused, and GDAL then says what it holds.

Source: TIFF 6.0, sections 9 (PackBits) and 13 (LZW).

Shared arguments
----------------
packed : uint8, [bytes + SLACK]
    Packed blocks, and bytes behind them that may hold anything.
starts, sizes : int64, [blocks]
    Where each of them begins in ``packed`` and how long it is.
out : uint8, [blocks * size]
    Room for all of them unpacked, one after the other.
size : int
    Bytes of a block, unpacked.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numba import njit

from sinks.layers.rasters.memory import address, copy_vector, fill_vector, load_byte, load_word, store_byte

SLACK = 64
"""Bytes behind packed blocks that may be read: a vector and a word."""

_CLEAR, _END, _FIRST, _FULL = np.uint64(256), np.uint64(257), np.uint64(258), np.uint64(4096)
_VECTOR = np.uint64(32)
_ONE, _TWO, _THREE, _SEVEN, _EIGHT = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(7), np.uint64(8)
_LEAST_WIDTH, _MOST_WIDTH, _WORD = np.uint64(9), np.uint64(12), np.uint64(64)

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


class Strings:
    """The table of LZW's strings, each an address and a length; those of one byte are made once.

    Attributes
    ----------
    table : uint64, [2 * 4096]
    """

    def __init__(self) -> None:
        self._bytes = np.zeros(256 + SLACK, np.uint8)
        self._bytes[:256] = np.arange(256)
        self.table = np.zeros(2 * int(_FULL), np.uint64)
        self.table[:512:2] = self._bytes.ctypes.data + np.arange(256, dtype=np.uint64)
        self.table[1:512:2] = 1


def lzw() -> Callable[[Bytes, Ints, Ints, Bytes, int], bool]:
    """Whether every block could be unpacked from LZW; a decoder of its own for each thread, since it has a table."""
    strings = Strings()

    def unpack(packed: Bytes, starts: Ints, sizes: Ints, out: Bytes, size: int) -> bool:
        return bool(unpack_lzw(packed, starts, sizes, out, size, strings.table) == starts.size)

    return unpack


def packbits() -> Callable[[Bytes, Ints, Ints, Bytes, int], bool]:
    """Whether every block could be unpacked from PackBits."""
    return lambda packed, starts, *rest: bool(unpack_packbits(packed, starts, *rest) == starts.size)


@njit(nogil=True, cache=True)
def _copy_string(target, source, length, end):  # type: ignore[no-untyped-def]
    """Copy ``length`` bytes that lie before ``target``; a few more where there is room for them before ``end``."""
    at = np.uint64(0)
    if target + length + _VECTOR <= end:
        while at < length:
            copy_vector(target + at, source + at)
            at += _VECTOR
        return
    while at + _VECTOR <= length:
        copy_vector(target + at, source + at)
        at += _VECTOR
    while at < length:
        store_byte(target + at, load_byte(source + at))
        at += _ONE


@njit(nogil=True, cache=True)
def _code_at(source, position, width):  # type: ignore[no-untyped-def]
    """The code that begins at a bit."""
    word = load_word(source + (position >> _THREE))
    return (word << (position & _SEVEN)) >> (_WORD - width)


@njit(nogil=True, cache=True)
def _first_code(source, position, bits):  # type: ignore[no-untyped-def]
    """The code after a clear code, or after several, and where the next begins; the end where there is none."""
    code = _CLEAR
    while code == _CLEAR:
        if position + _LEAST_WIDTH > bits:
            return _END, position
        code = _code_at(source, position, _LEAST_WIDTH)
        position += _LEAST_WIDTH
    return code, position


@njit(nogil=True, cache=True)
def _unpack_lzw(source, size, target, end, table):  # type: ignore[no-untyped-def]
    """Fill ``target..end`` from ``size`` packed bytes; whether that came out even."""
    bits, position = _EIGHT * size, np.uint64(0)
    # A table that is full takes no code but the one that clears it; such is the state before the first code too.
    width, following = _LEAST_WIDTH, _FULL
    before, length = np.uint64(0), np.uint64(0)
    while target < end:
        # As many codes as have one width.
        limit = _FULL if width == _MOST_WIDTH else (_ONE << width) - _ONE
        code = _FIRST
        while following < limit or following == _FULL:
            if position + width > bits:
                return False
            code = _code_at(source, position, width)
            position += width
            if code == _CLEAR:
                break
            if following == _FULL or code == _END or code > following:
                return False
            new = code == following
            string = before if new else table[_TWO * code]
            wanted = length + _ONE if new else table[_TWO * code + _ONE]
            if wanted > end - target:
                return False
            if new:
                # The string before, and its first byte once more, which stands behind it only when this is written.
                _copy_string(target, string, length, end)
                store_byte(target + length, load_byte(string))
            else:
                _copy_string(target, string, wanted, end)
            table[_TWO * following], table[_TWO * following + _ONE] = before, length + _ONE
            following += _ONE
            before, length = target, wanted
            target += wanted
            if target == end:
                return True
        if code != _CLEAR:
            width += _ONE
            continue
        # The code after a clear code is a byte and makes no string.
        width, following = _LEAST_WIDTH, _FIRST
        code, position = _first_code(source, position, bits)
        if code > _CLEAR:
            return False
        store_byte(target, np.uint8(code))
        before, length = target, _ONE
        target += _ONE
    return True


@njit(nogil=True, cache=True)
def unpack_lzw(packed, starts, sizes, out, size, table):  # type: ignore[no-untyped-def]
    """Number of blocks that could be unpacked before one that could not; ``table`` is that of :class:`Strings`."""
    source, target = address(packed), address(out)
    for block in range(starts.size):
        begin = target + np.uint64(block * size)
        packed_size, end = np.uint64(sizes[block]), begin + np.uint64(size)
        if not _unpack_lzw(source + np.uint64(starts[block]), packed_size, begin, end, table):
            return block
    return starts.size


@njit(nogil=True, cache=True)
def _unpack_packbits(source, last, target, end):  # type: ignore[no-untyped-def]
    """Fill ``target..end`` from the packed bytes ``source..last``; whether that came out even."""
    while target < end:
        if source >= last:
            return False
        head = np.int64(load_byte(source))
        source += _ONE
        if head < 128:
            length = np.uint64(head + 1)
            if source + length > last or target + length > end:
                return False
            _copy_string(target, source, length, end)
            source += length
            target += length
        elif head > 128:
            length = np.uint64(257 - head)
            if source >= last or target + length > end:
                return False
            value = load_byte(source)
            source += _ONE
            if target + length + _VECTOR <= end:
                at = np.uint64(0)
                while at < length:
                    fill_vector(target + at, value)
                    at += _VECTOR
                target += length
            else:
                last_of_run = target + length
                while target < last_of_run:
                    store_byte(target, value)
                    target += _ONE
    return True


@njit(nogil=True, cache=True)
def unpack_packbits(packed, starts, sizes, out, size):  # type: ignore[no-untyped-def]
    """Number of blocks that could be unpacked before one that could not."""
    source, target = address(packed), address(out)
    for block in range(starts.size):
        begin, first = target + np.uint64(block * size), source + np.uint64(starts[block])
        if not _unpack_packbits(first, first + np.uint64(sizes[block]), begin, begin + np.uint64(size)):
            return block
    return starts.size
