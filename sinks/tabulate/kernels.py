"""The compiled inner loops of the pass: joint histograms of classes, and exact moments of continuous layers.

Everything is added as ``int64``.  Integer sums do not depend on the order of addition, so whatever cuts the territory
into blocks cannot change a result.  The loops hold no Python object and release the interpreter's lock.

Shared arguments
----------------
codes : uint8 or uint16, [n_layers, n_pixels_padded]
    Raw values of the categorical layers in a block, row after row without gaps.
words : uint64, [n_layers, n_pixels_padded / lanes]
    The same memory, eight bytes at a time.
luts : uint64, [n_layers, 256 or 65536]
    From raw value to the layer's contribution to the joint code (dense code times its place value).  Unsigned:
    an index that cannot be negative needs no check for it.
ptr, start, stop, region, fraction
    Runs of the row band (see :class:`sinks.tabulate.coverage.Runs`), in columns of the whole grid.
column, width : int
    First column and number of columns of the block.
weights : int64, [rows, n_groups]
    Fixed-point area of one cell by row and column group of ``group_width`` columns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]

LOW_BITS = 32
"""A moment is kept in two limbs, ``high * 2**32 + low``: its sum can outgrow 63 bits while each limb stays exact."""

_LOW_MASK = np.int64((1 << LOW_BITS) - 1)

FLAWS = 3
"""Columns of the record of implausible values: how many, row and column of the first."""


@njit(nogil=True, cache=True)
def _add_cells(codes, luts, first, last, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for pixels ``first..last``, one by one."""
    spread = sums.shape[0] - 1
    for i in range(first, last):
        joint = base
        for layer in range(codes.shape[0]):
            joint += luts[layer, codes[layer, i]]
        sums[i & spread, joint] += weight


@njit(nogil=True, cache=True)
def _add_words_of_one(codes, words, luts, first, last, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for every pixel of the words ``first..last`` of a single layer."""
    # From the type and not from an argument: constants let the compiler unroll the loop over lanes.
    lanes = 8 // codes.itemsize
    bits = np.uint64(8 * codes.itemsize)
    mask = (np.uint64(1) << bits) - np.uint64(1)
    ones = np.uint64(0xFFFFFFFFFFFFFFFF) // mask
    spread = np.uint64(sums.shape[0] - 1)
    # Rows by name: indexing two dimensions in the loop would read the array's shape and strides again each time.
    lut, row = luts[0], words[0]
    for word in range(first, last):
        a = row[word]
        if a == (a & mask) * ones:
            sums[0, base + lut[a & mask]] += weight * lanes
        else:
            for lane in range(lanes):
                sums[np.uint64(lane) & spread, base + lut[a & mask]] += weight
                a >>= bits


@njit(nogil=True, cache=True)
def _add_words_of_two(codes, words, luts, first, last, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for every pixel of the words ``first..last`` of two layers."""
    # From the type and not from an argument: constants let the compiler unroll the loop over lanes.
    lanes = 8 // codes.itemsize
    bits = np.uint64(8 * codes.itemsize)
    mask = (np.uint64(1) << bits) - np.uint64(1)
    ones = np.uint64(0xFFFFFFFFFFFFFFFF) // mask
    spread = np.uint64(sums.shape[0] - 1)
    lut_a, lut_b, row_a, row_b = luts[0], luts[1], words[0], words[1]
    for word in range(first, last):
        a, b = row_a[word], row_b[word]
        if a == (a & mask) * ones and b == (b & mask) * ones:
            sums[0, base + lut_a[a & mask] + lut_b[b & mask]] += weight * lanes
        else:
            for lane in range(lanes):
                sums[np.uint64(lane) & spread, base + lut_a[a & mask] + lut_b[b & mask]] += weight
                a >>= bits
                b >>= bits


@njit(nogil=True, cache=True)
def _add_stretch(codes, words, luts, first, last, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for pixels ``first..last``, a machine word of pixels at a time.

    Land cover is patchy: most words hold one class only, and cost one addition.  Mixed words spread over several
    sub-histograms, so that an addition need not wait for the one before it to reach memory.
    """
    layers = codes.shape[0]
    if layers > 2:
        _add_cells(codes, luts, first, last, base, weight, sums)
        return
    lanes = 8 // codes.itemsize
    head = min(last, (first + lanes - 1) // lanes * lanes)
    tail = max(head, last // lanes * lanes)
    _add_cells(codes, luts, first, head, base, weight, sums)
    if layers == 1:
        _add_words_of_one(codes, words, luts, head // lanes, tail // lanes, base, weight, sums)
    else:
        _add_words_of_two(codes, words, luts, head // lanes, tail // lanes, base, weight, sums)
    _add_cells(codes, luts, tail, last, base, weight, sums)


@njit(nogil=True, cache=True)
def count_joint(  # type: ignore[no-untyped-def]
    codes, words, luts, joints, ptr, start, stop, region, fraction, column, width, weights, group_width, sums
):
    """Area by region and joint code of one block, added into ``sums`` [sub-histogram, region * joints + joint]."""
    for row in range(ptr.shape[0] - 1):
        # Where the block's row begins, in pixels, as seen from column 0 of the whole grid.
        origin = row * width - column
        for run in range(ptr[row], ptr[row + 1]):
            first = max(np.int64(start[run]), column)
            last = min(np.int64(stop[run]), column + width)
            base = np.uint64(region[run] * np.int64(joints))
            while first < last:
                group = first // group_width
                end = min(last, (group + 1) * group_width)
                weight = weights[row, group]
                if fraction[run] == 1.0:
                    _add_stretch(codes, words, luts, origin + first, origin + end, base, weight, sums)
                else:
                    part = np.int64(np.rint(fraction[run] * weight))
                    _add_cells(codes, luts, origin + first, origin + end, base, part, sums)
                first = end


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
def rehash(old_keys, old_sums, keys, sums):  # type: ignore[no-untyped-def]
    """Move every entry of one table into a larger, empty one."""
    for i in range(old_keys.shape[0]):
        if old_keys[i] >= 0:
            slot = find_slot(keys, old_keys[i])
            keys[slot] = old_keys[i]
            sums[slot] = old_sums[i]


@njit(nogil=True, cache=True)
def _find_keys(codes, luts, first, count, base, slots):  # type: ignore[no-untyped-def]
    """Keys of ``count`` pixels from ``first``, into ``slots``."""
    for j in range(count):
        slots[j] = np.int64(base + luts[0, codes[0, first + j]])
    for layer in range(1, codes.shape[0]):
        for j in range(count):
            slots[j] += np.int64(luts[layer, codes[layer, first + j]])


@njit(nogil=True, cache=True)
def _find_slots(keys, count, used, slots):  # type: ignore[no-untyped-def]
    """Replace keys by their slots in the hash table, entering new ones; returns the number of entries."""
    last_key = np.int64(-1)
    slot = np.int64(-1)
    for j in range(count):
        key = slots[j]
        if key != last_key:
            last_key = key
            slot = find_slot(keys, key)
            if keys[slot] < 0:
                keys[slot] = key
                used += 1
        slots[j] = slot
    return used


@njit(nogil=True, cache=True)
def _add_moments_of_one(  # type: ignore[no-untyped-def]
    raw, first, count, slots, weight, absent, scale, offset, low, high, unit, unit_squares, place, sums
):
    """Add the moments of one input over a stretch of pixels; returns how many values were out of bounds."""
    broken = 0
    for j in range(count):
        found = raw[first + j]
        if found == absent or found != found:
            continue
        value = np.float64(found) * scale + offset
        if value < low or value > high:
            broken += 1
            continue
        product = value * weight
        moment = np.int64(np.rint(product * unit))
        squares = np.int64(np.rint(value * product * unit_squares))
        slot = slots[j]
        sums[slot, place] += weight
        sums[slot, place + 1] += moment & _LOW_MASK
        sums[slot, place + 2] += moment >> LOW_BITS
        sums[slot, place + 3] += squares & _LOW_MASK
        sums[slot, place + 4] += squares >> LOW_BITS
    return broken


@njit(nogil=True, cache=True)
def _note_flaws(  # type: ignore[no-untyped-def]
    raw, first, count, absent, scale, offset, low, high, row, column, flaws, extremes
):
    """Count the values of a stretch that are out of bounds; remember the extremes and the first in reading order."""
    for j in range(count):
        found = raw[first + j]
        if found == absent or found != found:
            continue
        value = np.float64(found) * scale + offset
        if low <= value <= high:
            continue
        at = column + j
        if flaws[0] == 0 or row < flaws[1] or (row == flaws[1] and at < flaws[2]):
            flaws[1] = row
            flaws[2] = at
        flaws[0] += 1
        extremes[0] = min(extremes[0], value)
        extremes[1] = max(extremes[1], value)


@njit(nogil=True, cache=True)
def _cells_of_row(start, stop, first_run, last_run, column, width):  # type: ignore[no-untyped-def]
    """Cells of a block's row that lie in a region, counted once for each region."""
    cells = np.int64(0)
    for run in range(first_run, last_run):
        cells += max(np.int64(0), min(np.int64(stop[run]), column + width) - max(np.int64(start[run]), column))
    return cells


@njit(nogil=True, cache=True)
def add_moments(  # type: ignore[no-untyped-def]
    codes,
    luts,
    joints,
    values,
    absent,
    scaling,
    bounds,
    units,
    ptr,
    start,
    stop,
    region,
    fraction,
    top,
    column,
    width,
    weights,
    group_width,
    first_row,
    keys,
    used,
    sums,
    flaws,
    extremes,
):
    """Area and moments by region and joint code of one block; returns (next row, entries used).

    ``sums`` [slot, 1 + 5 * n_inputs] holds the area and, for each input, the observed area and two limbs each of the
    weighted sum and of the weighted sum of squares.  With an empty ``keys`` the slot is the key itself (dense);
    otherwise ``keys`` is a hash table, and the function returns early, before a row that might overfill it, so that
    the caller can enlarge it and call again.

    Parameters
    ----------
    values : float32 or float64, [n_inputs, n_pixels]
        Raw values; NaN or equal to ``absent`` means not observed.
    scaling : float64, [n_inputs, 2]
        Scale and offset from raw value to quantity.
    bounds : float64, [n_inputs, 2]
        Plausible bounds; a value outside is recorded in ``flaws`` and ``extremes`` and not added.
    units : float64, [n_inputs, 2]
        Powers of two by which value times area, and squared value times area, are multiplied before rounding.
    top : int
        First row of the band in the whole grid.
    """
    hashed = keys.shape[0] > 0
    slots = np.empty(width, np.int64)
    for row in range(first_row, ptr.shape[0] - 1):
        # Where the block's row begins, in pixels, as seen from column 0 of the whole grid.
        origin = row * width - column
        if hashed and 2 * (used + _cells_of_row(start, stop, ptr[row], ptr[row + 1], column, width)) > keys.shape[0]:
            return row, used
        for run in range(ptr[row], ptr[row + 1]):
            first = max(np.int64(start[run]), column)
            last = min(np.int64(stop[run]), column + width)
            while first < last:
                group = first // group_width
                count = min(last, (group + 1) * group_width) - first
                weight = np.int64(np.rint(fraction[run] * weights[row, group]))
                if fraction[run] == 1.0:
                    weight = weights[row, group]
                base = np.uint64(region[run] * np.int64(joints))
                _find_keys(codes, luts, origin + first, count, base, slots)
                if hashed:
                    used = _find_slots(keys, count, used, slots)
                for j in range(count):
                    sums[slots[j], 0] += weight
                for item in range(values.shape[0]):
                    scale, offset = scaling[item, 0], scaling[item, 1]
                    low, high = bounds[item, 0], bounds[item, 1]
                    broken = _add_moments_of_one(
                        values[item],
                        origin + first,
                        count,
                        slots,
                        weight,
                        absent[item],
                        scale,
                        offset,
                        low,
                        high,
                        units[item, 0],
                        units[item, 1],
                        1 + 5 * item,
                        sums,
                    )
                    if broken:
                        _note_flaws(
                            values[item],
                            origin + first,
                            count,
                            absent[item],
                            scale,
                            offset,
                            low,
                            high,
                            top + row,
                            first,
                            flaws[item],
                            extremes[item],
                        )
                first += count
    return ptr.shape[0] - 1, used


@njit(nogil=True, cache=True)
def paint_weights(ptr, start, stop, fraction, column, width, weights, group_width, painted):  # type: ignore[no-untyped-def]
    """Area inside any region of each pixel of a block, into ``painted`` [rows * width]."""
    for row in range(ptr.shape[0] - 1):
        origin = row * width - column
        for run in range(ptr[row], ptr[row + 1]):
            for at in range(max(np.int64(start[run]), column), min(np.int64(stop[run]), column + width)):
                painted[origin + at] += np.int64(np.rint(fraction[run] * weights[row, at // group_width]))


@njit(nogil=True, cache=True)
def count_cells(ptr, start, stop, region, column, width, cells):  # type: ignore[no-untyped-def]
    """Number of cells of a block that each region touches, added into ``cells`` [region]."""
    for run in range(ptr[0], ptr[-1]):
        touched = min(np.int64(stop[run]), column + width) - max(np.int64(start[run]), column)
        cells[region[run]] += max(touched, np.int64(0))
