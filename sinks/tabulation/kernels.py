"""The compiled inner loops of the pass: joint histograms of classes, and exact moments of continuous layers.

Everything is added as ``int64``.  Integer sums do not depend on the order of addition, so whatever cuts the territory
into blocks cannot change a result.  The loops hold no Python object and release the interpreter's lock.

Shared arguments
----------------
codes : uint8 or uint16, [n_layers, n_pixels_padded]
    Raw values of the categorical layers in a block, tile by tile from west to east, each row after row without gaps.
luts : uint64, [n_layers, 256 or 65536]
    From raw value to the layer's contribution to the joint code (dense code times its place value).  Unsigned:
    an index that cannot be negative needs no check for it.
runs : Runs
    Runs of the block's rows that lie within the block (:mod:`sinks.tabulation.division`), in columns of the whole grid.
column, width, tile_width : int
    First column and number of columns of the block, and of its tiles; the last tile may be narrower.  A block that was
    read as a whole is one tile.
weights : int64, [rows, n_groups]
    Fixed-point area of one cell by row and column group of ``group_width`` columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

Ints = npt.NDArray[np.int64]

_STRETCHES = 1024
_AT_A_TIME = 4
_ONE = np.uint64(1)
_WORD = np.uint64(64)

# numba hands over the context itself, which its type does not say.
_intrinsic: Any = intrinsic


@_intrinsic
def _lowest_bit(context, word):  # type: ignore[no-untyped-def]
    """Place of the lowest bit set; 64 where there is none."""
    defined_for_zero = ir.Constant(ir.IntType(1), 0)
    return word(word), lambda context, builder, signature, arguments: builder.cttz(arguments[0], defined_for_zero)


@_intrinsic
def _changes(context, row, at):  # type: ignore[no-untyped-def]
    """Bit ``i`` tells whether pixel ``at + i`` of a layer differs from the one before; 64 of them at once.

    Reads the pixels ``at - 1 .. at + 63``, which have to be there.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        codes = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        vector = ir.VectorType(context.get_data_type(signature.args[0].dtype), int(_WORD))
        before = builder.gep(codes, [builder.sub(arguments[1], ir.Constant(ir.IntType(64), 1))])
        here, there = (
            builder.load(builder.bitcast(place, vector.as_pointer()), align=1)
            for place in (before, builder.gep(codes, [arguments[1]]))
        )
        return builder.bitcast(builder.icmp_unsigned("!=", here, there), ir.IntType(64))

    return types.uint64(row, types.uint64), generate


@njit(nogil=True, cache=True)
def _changes_before(row, at, last):  # type: ignore[no-untyped-def]
    """Bit ``i`` tells whether pixel ``at + i`` of a layer differs from the one before; of those before ``last``.

    ``at`` is 1 or more, and less than ``last``.
    """
    if at + _WORD <= last:
        return _changes(row, at)
    if last > _WORD:
        # The last 64 pixels of all, so that nothing behind them is read; those before ``at`` are shifted out.
        return _changes(row, last - _WORD) >> (at + _WORD - last)
    bits = np.uint64(0)
    for pixel in range(at, last):
        if row[pixel] != row[np.uint64(pixel) - _ONE]:
            bits |= _ONE << (np.uint64(pixel) - at)
    return bits


@njit(nogil=True, cache=True)
def changes_of_all(codes, at, last):  # type: ignore[no-untyped-def]
    """The same where any of the layers differs.

    Land cover is patchy: the pass walks from change to change and adds whole runs of equal pixels.
    """
    bits = _changes_before(codes[0], at, last)
    for layer in range(1, codes.shape[0]):
        bits |= _changes_before(codes[layer], at, last)
    return bits


@njit(nogil=True, cache=True)
def find_ends(codes, first, last, ends):  # type: ignore[no-untyped-def]
    """Where the runs of equal pixels within ``first..last`` end, into ``ends``; returns how many there are."""
    # Unsigned throughout: an index that cannot be negative needs no check for it.
    at, stop, found = np.uint64(first) + _ONE, np.uint64(last), np.uint64(0)
    while at < stop:
        bits = changes_of_all(codes, at, stop)
        while bits != 0:
            ends[found] = at + _lowest_bit(bits)
            bits &= bits - _ONE
            found += _ONE
        at += _WORD
    ends[found] = stop
    return found + _ONE


@njit(nogil=True, cache=True)
def places(column, width, tile_width, group_width):  # type: ignore[no-untyped-def]
    """Tile and column group of every column of a block: most runs are single cells, and to look up is to not divide."""
    tile, group = np.empty(width, np.int32), np.empty(width, np.int32)
    for at in range(width):
        tile[at], group[at] = at // tile_width, (column + at) // group_width
    return tile, group


@njit(nogil=True, cache=True)
def row_origin(tile, row, rows, column, width, tile_width):  # type: ignore[no-untyped-def]
    """Where the row of a tile begins, in pixels, as seen from column 0 of the whole grid."""
    west = tile * tile_width
    return west * rows + row * min(tile_width, width - west) - west - column


@njit(nogil=True, cache=True)
def joint_code(codes, luts, i):  # type: ignore[no-untyped-def]
    """Joint code of pixel ``i``."""
    joint = luts[0, codes[0, i]]
    for layer in range(1, codes.shape[0]):
        joint += luts[layer, codes[layer, i]]
    return joint


@njit(nogil=True, cache=True)
def _add_stretches_of_two(codes, luts, stretches, found, sums):  # type: ignore[no-untyped-def]
    """Add the weight of every pixel of the stretches [first, last, base, weight] of two layers."""
    # Rows by name: indexing two dimensions in the loop would read the array's shape and strides again each time.
    lut_a, lut_b, row_a, row_b = luts[0], luts[1], codes[0], codes[1]
    for number in range(found):
        first, stop, key, weight = stretches[number]
        start, last, base = np.uint64(first), np.uint64(stop), np.uint64(key)
        at = start + _ONE
        while at < last:
            if at + _WORD <= last:
                bits = _changes(row_a, at) | _changes(row_b, at)
            else:
                bits = _changes_before(row_a, at, last) | _changes_before(row_b, at, last)
            while bits != 0:
                # Four at a time, there or not: a run of no pixels adds nothing, and a loop whose length the processor
                # cannot guess would cost more.
                for _ in range(_AT_A_TIME):
                    end = at + _lowest_bit(bits) if bits != 0 else start
                    bits &= bits - _ONE
                    sums[base + lut_a[row_a[start]] + lut_b[row_b[start]]] += np.int64(end - start) * weight
                    start = end
            at += _WORD
        sums[base + lut_a[row_a[start]] + lut_b[row_b[start]]] += np.int64(last - start) * weight


@njit(nogil=True, cache=True)
def _add_stretches(codes, luts, stretches, found, sums):  # type: ignore[no-untyped-def]
    """The same for any number of layers."""
    if codes.shape[0] == 2:
        _add_stretches_of_two(codes, luts, stretches, found, sums)
        return
    for number in range(found):
        first, stop, key, weight = stretches[number]
        start, last, base = np.uint64(first), np.uint64(stop), np.uint64(key)
        at = start + _ONE
        while at < last:
            bits = changes_of_all(codes, at, last)
            while bits != 0:
                end = at + _lowest_bit(bits)
                bits &= bits - _ONE
                sums[base + joint_code(codes, luts, start)] += np.int64(end - start) * weight
                start = end
            at += _WORD
        sums[base + joint_code(codes, luts, start)] += np.int64(last - start) * weight


@njit(nogil=True, cache=True, inline="always")
def _join_stretch(stretches, at, first, last, base, weight):  # type: ignore[no-untyped-def]
    """Lengthen a stretch if the pixels ``first..last`` go on where it ends; whether they do."""
    if at < 0 or stretches[at, 1] != first or stretches[at, 2] != base or stretches[at, 3] != weight:
        return False
    stretches[at, 1] = last
    return True


@njit(nogil=True, cache=True)
def count_joint(  # type: ignore[no-untyped-def]
    codes, luts, joints, runs, column, width, tile_width, weights, group_width, sums
):
    """Area by region and joint code of one block, added into ``sums`` [region * joints + joint]."""
    ptr, start, stop, region, fraction = runs
    rows = ptr.shape[0] - 1
    tile_of, group_of = places(column, width, tile_width, group_width)
    # Pixels of one region and weight that lie together in memory, within a row or over rows of a tile.  They are added
    # many at a time: called for each of them, a function of so many arrays would cost more than what it does.
    stretches = np.empty((_STRETCHES, 4), np.int64)
    found = 0
    latest = np.full(tile_of[width - 1] + 1, -1, np.int64)
    for row in range(rows):
        for run in range(ptr[row], ptr[row + 1]):
            first, last = np.int64(start[run]), np.int64(stop[run])
            base = region[run] * np.int64(joints)
            tile, group = np.int64(tile_of[first - column]), np.int64(group_of[first - column])
            if last == first + 1:
                pixel = row_origin(tile, row, rows, column, width, tile_width) + first
                part = np.int64(np.rint(fraction[run] * weights[row, group]))
                sums[np.uint64(base) + joint_code(codes, luts, np.uint64(pixel))] += part
                continue
            # More than one cell: all of them whole.
            while first < last:
                tile_end, group_end = column + (tile + 1) * tile_width, (group + 1) * group_width
                end = min(last, tile_end, group_end)
                weight = weights[row, group]
                origin = row_origin(tile, row, rows, column, width, tile_width)
                if not _join_stretch(stretches, latest[tile], origin + first, origin + end, base, weight):
                    if found == _STRETCHES:
                        _add_stretches(codes, luts, stretches, found, sums)
                        latest[:] = -1
                        found = 0
                    stretches[found, 0], stretches[found, 1] = origin + first, origin + end
                    stretches[found, 2], stretches[found, 3] = base, weight
                    latest[tile] = found
                    found += 1
                tile += end == tile_end
                group += end == group_end
                first = end
    _add_stretches(codes, luts, stretches, found, sums)


@njit(nogil=True, cache=True)
def find_slot(keys, key):  # type: ignore[no-untyped-def]
    """Slot of ``key`` in an open-addressing table whose size is a power of two, or the free slot where it belongs."""
    mask = np.uint64(keys.shape[0] - 1)
    # Fibonacci hashing: neighbouring joint codes are spread over the whole table.
    slot = (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
    while keys[slot] != key and keys[slot] != -1:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@njit(nogil=True, cache=True)
def claim_slot(keys, key, used):  # type: ignore[no-untyped-def]
    """Slot of ``key``, taken for it where it is new; and the entries used then."""
    slot = np.uint64(find_slot(keys, key))
    if keys[slot] < 0:
        keys[slot] = key
        used += 1
    return slot, used


@njit(nogil=True, cache=True)
def rehash(old_keys, old_sums, keys, sums):  # type: ignore[no-untyped-def]
    """Move every entry of one table into a larger, empty one."""
    for i in range(old_keys.shape[0]):
        if old_keys[i] >= 0:
            slot = find_slot(keys, old_keys[i])
            keys[slot] = old_keys[i]
            sums[slot] = old_sums[i]


@njit(nogil=True, cache=True)
def paint_weights(runs, column, width, weights, group_width, painted):  # type: ignore[no-untyped-def]
    """Area inside any region of each pixel of a block, into ``painted`` [rows * width]."""
    ptr, start, stop, _, fraction = runs
    for row in range(ptr.shape[0] - 1):
        origin = row * width - column
        for run in range(ptr[row], ptr[row + 1]):
            for at in range(start[run], stop[run]):
                painted[origin + at] += np.int64(np.rint(fraction[run] * weights[row, at // group_width]))
