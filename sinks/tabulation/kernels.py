"""The compiled inner loops of the pass: joint histograms of classes, and exact moments of continuous layers.

Everything is added as ``int64``.  Integer sums do not depend on the order of addition, so whatever cuts the territory
into blocks cannot change a result.  The loops hold no Python object and release the interpreter's lock.

Shared arguments
----------------
codes : uint8 or uint16, [n_layers, n_pixels_padded]
    Raw values of the categorical layers in a block, tile by tile from west to east, each row after row without gaps.
marks : uint64, [ceil(n_pixels / 64)]
    Where a pixel differs from the one before; see :func:`mark_changes`.
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

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit
from numba.extending import intrinsic

from sinks.tabulation.bins import add_to_bins, asking_of, cut_where_missing, flags_of
from sinks.tabulation.slots import LOW_BITS, LOW_MASK, claim_slot

Ints = npt.NDArray[np.int64]

FLAWS = 3
"""Columns of the record of implausible values: how many, row and column of the first."""


_CHUNK = 4096
_STRETCHES = 1024
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)
_SIX = np.uint64(6)
_LAST = np.uint64(63)
_GATHER = np.uint64(0x0102040810204080)
"""Multiplied with eight bytes of 0 or 1, leaves them as the bits of the highest byte."""


@njit(nogil=True, cache=True)
def _flag_changes(row, begin, count, flags, first_layer):  # type: ignore[no-untyped-def]
    """Flags, as bytes, of the pixels ``begin..begin + count`` of one layer that differ from the one before."""
    # Slices and byte results, so that the compiler compares many pixels in one instruction.
    skip = 1 if begin == 0 else 0
    before, after, found = row[begin - 1 + skip : begin + count - 1], row[begin + skip : begin + count], flags[skip:]
    if first_layer:
        flags[0] = 1
        for j in range(after.size):
            found[j] = before[j] != after[j]
    else:
        for j in range(after.size):
            found[j] |= before[j] != after[j]


@njit(nogil=True, cache=True)
def mark_changes(codes, cells, marks):  # type: ignore[no-untyped-def]
    """Bit ``i % 64`` of ``marks[i // 64]`` tells whether pixel ``i`` differs from the one before in any layer.

    Land cover is patchy: the pass walks from change to change and adds whole runs of equal pixels.
    """
    scratch = np.empty(_CHUNK // 8, np.uint64)
    flags = scratch.view(np.uint8)
    for begin in range(0, cells, _CHUNK):
        count = min(_CHUNK, cells - begin)
        words = (count + 63) // 64
        for layer in range(codes.shape[0]):
            _flag_changes(codes[layer], begin, count, flags, layer == 0)
        flags[count : 64 * words] = 0
        for word in range(words):
            bits = np.uint64(0)
            for eight in range(8):
                bits |= (scratch[8 * word + eight] * _GATHER) >> np.uint64(56) << np.uint64(8 * eight)
            marks[begin // 64 + word] = bits


@intrinsic
def _count_ones(context, word):  # type: ignore[no-untyped-def]
    """Number of bits set: one instruction, for which numba has no name."""
    return word(word), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])


@intrinsic
def _lowest_bit(context, word):  # type: ignore[no-untyped-def]
    """Place of the lowest bit set; 64 where there is none."""
    defined_for_zero = ir.Constant(ir.IntType(1), 0)
    return word(word), lambda context, builder, signature, arguments: builder.cttz(arguments[0], defined_for_zero)


@njit(nogil=True, cache=True)
def _find_ends(marks, first, last, ends):  # type: ignore[no-untyped-def]
    """Where the runs of equal pixels within ``first..last`` end, into ``ends``; returns how many there are.

    ``ends`` has room for ``last - first + 8``: places are written eight at a time, needed or not, since a loop whose
    length the processor cannot guess would cost more than the writes.
    """
    # Unsigned throughout: an index that cannot be negative needs no check for it.
    start, stop = np.uint64(first), np.uint64(last)
    word, last_word = start >> _SIX, (stop - _ONE) >> _SIX
    bits = marks[word] & (_ALL << (start & _LAST) << _ONE)
    found = np.uint64(0)
    while True:
        if word == last_word:
            bits &= _ALL >> (_LAST - ((stop - _ONE) & _LAST))
        count, at = _count_ones(bits), found  # type: ignore[call-arg,var-annotated]  # numba hands over the context
        while bits != 0:
            for _ in range(8):
                ends[at] = (word << _SIX) + _lowest_bit(bits)
                bits &= bits - _ONE
                at += _ONE
        found += count
        if word == last_word:
            ends[found] = stop
            return found + _ONE
        word += _ONE
        bits = marks[word]


@njit(nogil=True, cache=True)
def _places(column, width, tile_width, group_width):  # type: ignore[no-untyped-def]
    """Tile and column group of every column of a block: most runs are single cells, and to look up is to not divide."""
    tile, group = np.empty(width, np.int32), np.empty(width, np.int32)
    for at in range(width):
        tile[at], group[at] = at // tile_width, (column + at) // group_width
    return tile, group


@njit(nogil=True, cache=True)
def _row_origin(tile, row, rows, column, width, tile_width):  # type: ignore[no-untyped-def]
    """Where the row of a tile begins, in pixels, as seen from column 0 of the whole grid."""
    west = tile * tile_width
    return west * rows + row * min(tile_width, width - west) - west - column


@njit(nogil=True, cache=True)
def _joint(codes, luts, i):  # type: ignore[no-untyped-def]
    """Joint code of pixel ``i``."""
    joint = luts[0, codes[0, i]]
    for layer in range(1, codes.shape[0]):
        joint += luts[layer, codes[layer, i]]
    return joint


@njit(nogil=True, cache=True)
def _add_runs_of_two(codes, luts, first, ends, count, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for every pixel of the runs of two layers."""
    # Rows by name: indexing two dimensions in the loop would read the array's shape and strides again each time.
    lut_a, lut_b, row_a, row_b = luts[0], luts[1], codes[0], codes[1]
    start = np.uint64(first)
    for run in range(count):
        end = ends[run]
        sums[base + lut_a[row_a[start]] + lut_b[row_b[start]]] += np.int64(end - start) * weight
        start = end


@njit(nogil=True, cache=True)
def _add_runs(codes, luts, first, ends, count, base, weight, sums):  # type: ignore[no-untyped-def]
    """Add ``weight`` for every pixel of the runs."""
    start = np.uint64(first)
    for run in range(count):
        end = ends[run]
        sums[base + _joint(codes, luts, start)] += np.int64(end - start) * weight
        start = end


@njit(nogil=True, cache=True)
def _add_stretches(codes, luts, marks, stretches, found, sums):  # type: ignore[no-untyped-def]
    """Add the weight of every pixel of the stretches [first, last, base, weight]."""
    ends = np.empty(_CHUNK + 8, np.uint64)
    for at in range(found):
        first, last, base, weight = stretches[at]
        while first < last:
            end = min(last, first + _CHUNK)
            count = _find_ends(marks, first, end, ends)
            if codes.shape[0] == 2:
                _add_runs_of_two(codes, luts, first, ends, count, np.uint64(base), weight, sums)
            else:
                _add_runs(codes, luts, first, ends, count, np.uint64(base), weight, sums)
            first = end


@njit(nogil=True, cache=True, inline="always")
def _join_stretch(stretches, at, first, last, base, weight):  # type: ignore[no-untyped-def]
    """Lengthen a stretch if the pixels ``first..last`` go on where it ends; whether they do."""
    if at < 0 or stretches[at, 1] != first or stretches[at, 2] != base or stretches[at, 3] != weight:
        return False
    stretches[at, 1] = last
    return True


@njit(nogil=True, cache=True)
def count_joint(  # type: ignore[no-untyped-def]
    codes, luts, marks, joints, runs, column, width, tile_width, weights, group_width, sums
):
    """Area by region and joint code of one block, added into ``sums`` [region * joints + joint]."""
    ptr, start, stop, region, fraction = runs
    rows = ptr.shape[0] - 1
    tile_of, group_of = _places(column, width, tile_width, group_width)
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
                pixel = _row_origin(tile, row, rows, column, width, tile_width) + first
                part = np.int64(np.rint(fraction[run] * weights[row, group]))
                sums[np.uint64(base) + _joint(codes, luts, np.uint64(pixel))] += part
                continue
            # More than one cell: all of them whole.
            while first < last:
                tile_end, group_end = column + (tile + 1) * tile_width, (group + 1) * group_width
                end = min(last, tile_end, group_end)
                weight = weights[row, group]
                origin = _row_origin(tile, row, rows, column, width, tile_width)
                if not _join_stretch(stretches, latest[tile], origin + first, origin + end, base, weight):
                    if found == _STRETCHES:
                        _add_stretches(codes, luts, marks, stretches, found, sums)
                        latest[:] = -1
                        found = 0
                    stretches[found, 0], stretches[found, 1] = origin + first, origin + end
                    stretches[found, 2], stretches[found, 3] = base, weight
                    latest[tile] = found
                    found += 1
                tile += end == tile_end
                group += end == group_end
                first = end
    _add_stretches(codes, luts, marks, stretches, found, sums)


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
        moment_low += moment & LOW_MASK
        moment_high += moment >> LOW_BITS
        squares_low += squares & LOW_MASK
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


@njit(nogil=True, cache=True)
def add_moments(  # type: ignore[no-untyped-def]
    codes, luts, marks, joints, values, absent, scaling, bounds, units, runs, top, column, width, tile_width, weights,
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
    # Two layers are the common case; rows by name, as in _add_stretch_of_two.
    two = codes.shape[0] == 2
    second = 1 if two else 0
    lut_a, lut_b, row_a, row_b = luts[0], luts[second], codes[0], codes[second]
    ends = np.empty(tile_width + 8, np.uint64)
    tile_of, group_of = _places(column, width, tile_width, group_width)
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
                origin = _row_origin(tile, row, rows, column, width, tile_width)
                tile_end, group_end = column + (tile + 1) * tile_width, (group + 1) * group_width
                end = min(last, tile_end, group_end)
                weight = weights[row, group]
                if fraction[run] != 1.0:
                    weight = np.int64(np.rint(fraction[run] * weight))
                begin = origin + first
                for equal in range(_find_ends(marks, origin + first, origin + end, ends)):
                    stop_here = np.int64(ends[equal])
                    at = np.uint64(begin)
                    classes = base + (lut_a[row_a[at]] + lut_b[row_b[at]] if two else _joint(codes, luts, at))
                    asking = asking_of(watches, codes, at)
                    # Land on which inputs are asked for is cut where one of them begins or ends to be missing.
                    while begin < stop_here:
                        cut, missing = cut_where_missing(watches, asking, values, absent, begin, stop_here)
                        slot = classes + flags_of(watches, missing)
                        key = np.int64(slot)
                        if hashed:
                            slot, used = claim_slot(keys, key, used)
                        sums[slot, 0] += (cut - begin) * weight
                        _add_moments_of_all(
                            values, begin, cut, weight, absent, scaling, bounds, units, sums, slot, top + row,
                            begin - origin, flaws, extremes,
                        )  # fmt: skip
                        if groups and asking & ~missing:
                            bins_used = add_to_bins(
                                watches, asking & ~missing, values, scaling, begin, cut, weight, key, bin_keys,
                                bins_used, bin_sums,
                            )  # fmt: skip
                        begin = cut
                tile += end == tile_end
                group += end == group_end
                first = end
    return rows, used, bins_used


@njit(nogil=True, cache=True)
def paint_weights(runs, column, width, weights, group_width, painted):  # type: ignore[no-untyped-def]
    """Area inside any region of each pixel of a block, into ``painted`` [rows * width]."""
    ptr, start, stop, _, fraction = runs
    for row in range(ptr.shape[0] - 1):
        origin = row * width - column
        for run in range(ptr[row], ptr[row + 1]):
            for at in range(start[run], stop[run]):
                painted[origin + at] += np.int64(np.rint(fraction[run] * weights[row, at // group_width]))
