"""The compiled inner loop of the pass with continuous layers: exact moments, what is missing, and bins of values.

Arguments are those of :mod:`sinks.tabulation.kernels`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from sinks.tabulation.kernels import claim_slot, find_ends, joint_code, places, row_origin

Ints = npt.NDArray[np.int64]

LOW_BITS = 32
"""A moment is kept in two limbs, ``high * 2**32 + low``: its sum can outgrow 63 bits while each limb stays exact."""

_LOW_MASK = np.int64((1 << LOW_BITS) - 1)

FLAWS = 3
"""Columns of the record of implausible values: how many, row and column of the first."""

_ONE = np.uint64(1)


@njit(nogil=True, cache=True)
def _add_moments_of_one(  # type: ignore[no-untyped-def]
    values, item, first, last, weight, absent, scale, offset, low, high, unit, unit_squares, sums, slot, place
):
    """Add the moments of one input over a run of pixels; returns how many values were out of bounds.

    Nothing branches within the loop, so that the compiler works on several pixels in one instruction.
    """
    observed = broken = moment_low = moment_high = squares_low = squares_high = np.int64(0)
    for i in range(np.uint64(first), np.uint64(last)):
        found = values[item, i]
        value = np.float64(found) * scale + offset
        seen = (found == found) & (found != absent)
        fit = seen & (value >= low) & (value <= high)
        broken += np.int64(seen) - np.int64(fit)
        observed += np.int64(fit)
        value = value if fit else 0.0
        product = value * weight
        moment = np.int64(np.rint(product * unit))
        squares = np.int64(np.rint(value * product * unit_squares))
        moment_low += moment & _LOW_MASK
        moment_high += moment >> LOW_BITS
        squares_low += squares & _LOW_MASK
        squares_high += squares >> LOW_BITS
    sums[slot, place] += observed * weight
    sums[slot, place + 1] += moment_low
    sums[slot, place + 2] += moment_high
    sums[slot, place + 3] += squares_low
    sums[slot, place + 4] += squares_high
    return broken


@njit(nogil=True, cache=True)
def _note_flaws(  # type: ignore[no-untyped-def]
    raw, first, last, absent, scale, offset, low, high, row, column, flaws, extremes
):
    """Count the values of a run that are out of bounds; remember the extremes and the first in reading order."""
    for i in range(first, last):
        found = raw[i]
        if found == absent or found != found:
            continue
        value = np.float64(found) * scale + offset
        if low <= value <= high:
            continue
        at = column + i - first
        if flaws[0] == 0 or row < flaws[1] or (row == flaws[1] and at < flaws[2]):
            flaws[1] = row
            flaws[2] = at
        flaws[0] += 1
        extremes[0] = min(extremes[0], value)
        extremes[1] = max(extremes[1], value)


@njit(nogil=True, cache=True)
def _add_moments_of_all(  # type: ignore[no-untyped-def]
    values, first, last, weight, absent, scaling, bounds, units, sums, slot, row, column, flaws, extremes
):
    """Add the moments of every input over a run of pixels of one key; note values that are out of bounds."""
    for item in range(values.shape[0]):
        scale, offset = scaling[item, 0], scaling[item, 1]
        low, high = bounds[item, 0], bounds[item, 1]
        broken = _add_moments_of_one(
            values, item, first, last, weight, absent[item], scale, offset, low, high,
            units[item, 0], units[item, 1], sums, slot, 1 + 5 * item,
        )  # fmt: skip
        if broken:
            _note_flaws(
                values[item], first, last, absent[item], scale, offset, low, high,
                row, column, flaws[item], extremes[item],
            )  # fmt: skip


class Watches(NamedTuple):
    """What is watched, as arrays; see :class:`sinks.tabulation.crosstab.Watch`.

    ``axis`` [w] and ``asked`` [w, raw values] say on which land cover each watch asks; ``first_input`` [w + 1] and
    ``inputs`` list its inputs, ``first_group`` [w + 1] its groups.  Of each group, ``first_member`` [g + 1] and
    ``members`` list the inputs, ``first_edge`` [members + 1] and ``edges`` the inner edges of each member's bins,
    ``bin_stride`` [members] its place value among the group's bins, ``offset`` [g] where the group's bins begin,
    ``units`` [g, moments] the powers of two of its moments.
    """

    stride: npt.NDArray[np.uint64]
    axis: Ints
    asked: npt.NDArray[np.bool_]
    first_input: Ints
    inputs: Ints
    first_group: Ints
    first_member: Ints
    members: Ints
    first_edge: Ints
    edges: npt.NDArray[np.float64]
    bin_stride: Ints
    offset: Ints
    units: npt.NDArray[np.float64]
    bins: np.int64


@njit(nogil=True, cache=True)
def _asking(watches, codes, at):  # type: ignore[no-untyped-def]
    """Bits of the watches that ask for their inputs on the land cover of pixel ``at``."""
    asking = np.uint64(0)
    for watch in range(watches.axis.shape[0]):
        if watches.asked[watch, codes[watches.axis[watch], at]]:
            asking |= _ONE << np.uint64(watch)
    return asking


@njit(nogil=True, cache=True)
def _missing(watches, asking, values, absent, at):  # type: ignore[no-untyped-def]
    """Bits of the asking watches of which an input was not observed at pixel ``at``."""
    missing = np.uint64(0)
    for watch in range(watches.axis.shape[0]):
        bit = _ONE << np.uint64(watch)
        if asking & bit:
            for place in range(watches.first_input[watch], watches.first_input[watch + 1]):
                item = watches.inputs[place]
                found = values[item, at]
                if found != found or found == absent[item]:
                    missing |= bit
                    break
    return missing


@njit(nogil=True, cache=True)
def _cut(watches, asking, values, absent, first, last):  # type: ignore[no-untyped-def]
    """Where among the pixels ``first..last`` other inputs are missing than at the first, and which are there."""
    if not asking:
        return last, np.uint64(0)
    missing = _missing(watches, asking, values, absent, first)
    at = first + 1
    while at < last and _missing(watches, asking, values, absent, at) == missing:
        at += 1
    return at, missing


@njit(nogil=True, cache=True)
def _flags(watches, missing):  # type: ignore[no-untyped-def]
    """Part of the joint code that says of which watches inputs are missing."""
    part = np.uint64(0)
    if not missing:
        return part
    for watch in range(watches.axis.shape[0]):
        if missing >> np.uint64(watch) & _ONE:
            part += watches.stride[watch]
    return part


@njit(nogil=True, cache=True)
def _add_to_bins(  # type: ignore[no-untyped-def]
    watches, seen, values, scaling, first, last, weight, key, keys, used, sums
):
    """Add a run of pixels of one key to the bins of the groups of the watches ``seen``; returns the entries used."""
    point = np.empty(8, np.float64)
    for watch in range(watches.axis.shape[0]):
        if not seen >> np.uint64(watch) & _ONE:
            continue
        for group in range(watches.first_group[watch], watches.first_group[watch + 1]):
            begin, end = watches.first_member[group], watches.first_member[group + 1]
            for at in range(first, last):
                place = watches.offset[group]
                for member in range(begin, end):
                    item = watches.members[member]
                    value = np.float64(values[item, at]) * scaling[item, 0] + scaling[item, 1]
                    point[member - begin] = value
                    low, high = watches.first_edge[member], watches.first_edge[member + 1]
                    start = low
                    while low < high:
                        middle = (low + high) // 2
                        if watches.edges[middle] <= value:
                            low = middle + 1
                        else:
                            high = middle
                    place += (low - start) * watches.bin_stride[member]
                full = key * watches.bins + place
                slot, used = claim_slot(keys, full, used)
                sums[slot, 0] += weight
                column = 0
                for one in range(end - begin):
                    moment = np.int64(np.rint(point[one] * weight * watches.units[group, column]))
                    sums[slot, 1 + 2 * column] += moment & _LOW_MASK
                    sums[slot, 2 + 2 * column] += moment >> LOW_BITS
                    column += 1
                for one in range(end - begin):
                    for other in range(one, end - begin):
                        product = point[one] * point[other] * weight
                        moment = np.int64(np.rint(product * watches.units[group, column]))
                        sums[slot, 1 + 2 * column] += moment & _LOW_MASK
                        sums[slot, 2 + 2 * column] += moment >> LOW_BITS
                        column += 1
    return used


@njit(nogil=True, cache=True)
def add_moments(  # type: ignore[no-untyped-def]
    codes, luts, joints, values, absent, scaling, bounds, units, runs, top, column, width, tile_width, weights,
    group_width, first_row, keys, used, sums, flaws, extremes, watches, bin_keys, bins_used, bin_sums,
):  # fmt: skip
    """Area and moments by region and joint code of one block; returns (next row, entries used, entries of bins used).

    ``sums`` [slot, 1 + 5 * n_inputs] holds the area and, for each input, the observed area and two limbs each of the
    weighted sum and of the weighted sum of squares.  With an empty ``keys`` the slot is the key itself (dense);
    otherwise ``keys`` is a hash table, and the function returns early, before a row that might overfill it, so that
    the caller can enlarge it and call again.

    Parameters
    ----------
    values : float32 or float64, [n_inputs, n_pixels]
        Raw values, in the order of ``codes``; NaN or equal to ``absent`` means not observed.
    scaling : float64, [n_inputs, 2]
        Scale and offset from raw value to quantity.
    bounds : float64, [n_inputs, 2]
        Plausible bounds; a value outside is recorded in ``flaws`` and ``extremes`` and not added.
    units : float64, [n_inputs, 2]
        Powers of two by which value times area, and squared value times area, are multiplied before rounding.
    top : int
        First row of the band in the whole grid.
    watches : Watches
    bin_keys, bin_sums : int64, [slots] and [slots, bin columns]
        Table of the bins, always hashed.
    """
    ptr, start, stop, region, fraction = runs
    rows = ptr.shape[0] - 1
    hashed = keys.shape[0] > 0
    groups = watches.offset.shape[0]
    # Two layers are the common case; rows by name, as in the kernel of areas.
    two = codes.shape[0] == 2
    second = 1 if two else 0
    lut_a, lut_b, row_a, row_b = luts[0], luts[second], codes[0], codes[second]
    ends = np.empty(tile_width, np.uint64)
    tile_of, group_of = places(column, width, tile_width, group_width)
    for row in range(first_row, rows):
        cells = (stop[ptr[row] : ptr[row + 1]] - start[ptr[row] : ptr[row + 1]]).sum()
        if hashed and 2 * (used + cells) > keys.shape[0]:
            return row, used, bins_used
        if groups and 2 * (bins_used + groups * cells) > bin_keys.shape[0]:
            return row, used, bins_used
        for run in range(ptr[row], ptr[row + 1]):
            first, last = np.int64(start[run]), np.int64(stop[run])
            base = np.uint64(region[run] * np.int64(joints))
            tile, group = tile_of[first - column], group_of[first - column]
            while first < last:
                origin = row_origin(tile, row, rows, column, width, tile_width)
                tile_end, group_end = column + (tile + 1) * tile_width, (group + 1) * group_width
                end = min(last, tile_end, group_end)
                weight = weights[row, group]
                if fraction[run] != 1.0:
                    weight = np.int64(np.rint(fraction[run] * weight))
                begin = origin + first
                for equal in range(find_ends(codes, origin + first, origin + end, ends)):
                    stop_here = np.int64(ends[equal])
                    at = np.uint64(begin)
                    classes = base + (lut_a[row_a[at]] + lut_b[row_b[at]] if two else joint_code(codes, luts, at))
                    asking = _asking(watches, codes, at)
                    # Land on which inputs are asked for is cut where one of them begins or ends to be missing.
                    while begin < stop_here:
                        cut, missing = _cut(watches, asking, values, absent, begin, stop_here)
                        slot = classes + _flags(watches, missing)
                        key = np.int64(slot)
                        if hashed:
                            slot, used = claim_slot(keys, key, used)
                        sums[slot, 0] += (cut - begin) * weight
                        _add_moments_of_all(
                            values, begin, cut, weight, absent, scaling, bounds, units, sums, slot, top + row,
                            begin - origin, flaws, extremes,
                        )  # fmt: skip
                        if groups and asking & ~missing:
                            bins_used = _add_to_bins(
                                watches, asking & ~missing, values, scaling, begin, cut, weight, key, bin_keys,
                                bins_used, bin_sums,
                            )  # fmt: skip
                        begin = cut
                tile += end == tile_end
                group += end == group_end
                first = end
    return rows, used, bins_used
