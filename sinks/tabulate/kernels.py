"""The compiled inner loops of the pass: joint histograms of classes, and exact moments of continuous layers.

Everything is added as ``int64``.  Integer sums do not depend on the order of addition, so whatever cuts the territory
into blocks cannot change a result.  The loops hold no Python object and release the interpreter's lock.

Shared arguments
----------------
codes : uint8 or uint16, [n_layers, n_pixels_padded]
    Raw values of the categorical layers in a block, row after row without gaps.
words : uint64, [n_layers, n_pixels_padded / lanes]
    The same memory, eight bytes at a time.
luts : int64, [n_layers, 256 or 65536]
    From raw value to the layer's contribution to the joint code (dense code times its place value).
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

FLAWS = 6
"""Columns of the record of implausible values: count, row and column of the first, low, high, (spare)."""


@njit(nogil=True, cache=True)
def _add_scalar(codes, luts, first, last, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for pixels ``first..last`` one by one."""
    layers = codes.shape[0]
    for i in range(first, last):
        joint = base
        for layer in range(layers):
            joint += luts[layer, codes[layer, i]]
        sums[0, joint] += weight


@njit(nogil=True, cache=True)
def _add_stretch(codes, words, luts, first, last, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for pixels ``first..last``, a machine word of pixels at a time.

    Land cover is patchy: most words hold one class only, and cost one addition.  Mixed words spread over several
    sub-histograms, so that an addition need not wait for the one before it to reach memory.
    """
    layers = codes.shape[0]
    bits = np.uint64(8 * codes.itemsize)
    lanes = 8 // codes.itemsize
    mask = np.uint64((1 << (8 * codes.itemsize)) - 1)
    ones = np.uint64(0xFFFFFFFFFFFFFFFF) // mask
    spread = sums.shape[0] - 1
    head = min(last, (first + lanes - 1) // lanes * lanes)
    tail = max(head, last // lanes * lanes)
    _add_scalar(codes, luts, first, head, base, weight, sums)
    whole = weight * lanes
    if layers == 1:
        for word in range(head // lanes, tail // lanes):
            a = words[0, word]
            if a == (a & mask) * ones:
                sums[0, base + luts[0, a & mask]] += whole
            else:
                for lane in range(lanes):
                    sums[lane & spread, base + luts[0, a & mask]] += weight
                    a >>= bits
    elif layers == 2:
        for word in range(head // lanes, tail // lanes):
            a = words[0, word]
            b = words[1, word]
            if a == (a & mask) * ones and b == (b & mask) * ones:
                sums[0, base + luts[0, a & mask] + luts[1, b & mask]] += whole
            else:
                for lane in range(lanes):
                    sums[lane & spread, base + luts[0, a & mask] + luts[1, b & mask]] += weight
                    a >>= bits
                    b >>= bits
    else:
        for word in range(head // lanes, tail // lanes):
            uniform = True
            joint = base
            for layer in range(layers):
                a = words[layer, word]
                uniform = uniform and a == (a & mask) * ones
                joint += luts[layer, a & mask]
            if uniform:
                sums[0, joint] += whole
            else:
                for lane in range(lanes):
                    i = word * lanes + lane
                    joint = base
                    for layer in range(layers):
                        joint += luts[layer, codes[layer, i]]
                    sums[lane & spread, joint] += weight
    _add_scalar(codes, luts, tail, last, base, weight, sums)


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
            base = np.int64(region[run]) * joints
            while first < last:
                group = first // group_width
                end = min(last, (group + 1) * group_width)
                weight = weights[row, group]
                if fraction[run] == 1.0:
                    _add_stretch(codes, words, luts, origin + first, origin + end, base, weight, sums)
                else:
                    part = np.int64(np.rint(fraction[run] * weight))
                    _add_scalar(codes, luts, origin + first, origin + end, base, part, sums)
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
def _note_flaw(flaws, extremes, layer, value, row, column):  # type: ignore[no-untyped-def]
    """Count a value outside its layer's bounds; remember the extremes and the first place in reading order."""
    if flaws[layer, 0] == 0 or row < flaws[layer, 1] or (row == flaws[layer, 1] and column < flaws[layer, 2]):
        flaws[layer, 1] = row
        flaws[layer, 2] = column
    flaws[layer, 0] += 1
    extremes[layer, 0] = min(extremes[layer, 0], value)
    extremes[layer, 1] = max(extremes[layer, 1], value)


@njit(nogil=True, cache=True)
def _add_moment(sums, slot, place, moment):  # type: ignore[no-untyped-def]
    sums[slot, place] += moment & _LOW_MASK
    sums[slot, place + 1] += moment >> LOW_BITS


@njit(nogil=True, cache=True)
def add_moments(  # type: ignore[no-untyped-def]
    codes,
    luts,
    joints,
    values,
    absent,
    factors,
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
    factors : float64, [n_inputs, 2]
        Scale and offset from raw value to quantity.
    bounds : float64, [n_inputs, 2]
        Plausible bounds; a value outside is recorded in ``flaws`` and not added.
    units : float64, [n_inputs, 2]
        Powers of two by which value times area, and squared value times area, are multiplied before rounding.
    top : int
        First row of the band in the whole grid.
    """
    hashed = keys.shape[0] > 0
    inputs = values.shape[0]
    for row in range(first_row, ptr.shape[0] - 1):
        origin = row * width - column
        if hashed:
            cells = np.int64(0)
            for run in range(ptr[row], ptr[row + 1]):
                cells += max(np.int64(0), min(np.int64(stop[run]), column + width) - max(np.int64(start[run]), column))
            if 2 * (used + cells) > keys.shape[0]:
                return row, used
        for run in range(ptr[row], ptr[row + 1]):
            base = np.int64(region[run]) * joints
            last_key = np.int64(-1)
            slot = np.int64(-1)
            for at in range(max(np.int64(start[run]), column), min(np.int64(stop[run]), column + width)):
                weight = weights[row, at // group_width]
                if fraction[run] != 1.0:
                    weight = np.int64(np.rint(fraction[run] * weight))
                i = origin + at
                key = base
                for layer in range(codes.shape[0]):
                    key += luts[layer, codes[layer, i]]
                if not hashed:
                    slot = key
                elif key != last_key:
                    last_key = key
                    slot = find_slot(keys, key)
                    if keys[slot] < 0:
                        keys[slot] = key
                        used += 1
                sums[slot, 0] += weight
                for layer in range(inputs):
                    raw = values[layer, i]
                    if raw != raw or raw == absent[layer]:
                        continue
                    value = np.float64(raw) * factors[layer, 0] + factors[layer, 1]
                    if value < bounds[layer, 0] or value > bounds[layer, 1]:
                        _note_flaw(flaws, extremes, layer, value, top + row, at)
                        continue
                    place = 1 + 5 * layer
                    product = value * weight
                    sums[slot, place] += weight
                    _add_moment(sums, slot, place + 1, np.int64(np.rint(product * units[layer, 0])))
                    _add_moment(sums, slot, place + 3, np.int64(np.rint(value * product * units[layer, 1])))
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
