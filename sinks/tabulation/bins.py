"""The compiled loops that watch inputs: land without one of them, and land with all of them by bins of their values.

Arguments of the same name are those of :mod:`sinks.tabulation.kernels`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from sinks.tabulation.slots import LOW_BITS, LOW_MASK, claim_slot

Ints = npt.NDArray[np.int64]

_ONE = np.uint64(1)


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
def asking_of(watches, codes, at):  # type: ignore[no-untyped-def]
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
def cut_where_missing(watches, asking, values, absent, first, last):  # type: ignore[no-untyped-def]
    """Where among the pixels ``first..last`` other inputs are missing than at the first, and which are there."""
    if not asking:
        return last, np.uint64(0)
    missing = _missing(watches, asking, values, absent, first)
    at = first + 1
    while at < last and _missing(watches, asking, values, absent, at) == missing:
        at += 1
    return at, missing


@njit(nogil=True, cache=True)
def flags_of(watches, missing):  # type: ignore[no-untyped-def]
    """Part of the joint code that says of which watches inputs are missing."""
    part = np.uint64(0)
    if not missing:
        return part
    for watch in range(watches.axis.shape[0]):
        if missing >> np.uint64(watch) & _ONE:
            part += watches.stride[watch]
    return part


@njit(nogil=True, cache=True)
def add_to_bins(  # type: ignore[no-untyped-def]
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
                    sums[slot, 1 + 2 * column] += moment & LOW_MASK
                    sums[slot, 2 + 2 * column] += moment >> LOW_BITS
                    column += 1
                for one in range(end - begin):
                    for other in range(one, end - begin):
                        product = point[one] * point[other] * weight
                        moment = np.int64(np.rint(product * watches.units[group, column]))
                        sums[slot, 1 + 2 * column] += moment & LOW_MASK
                        sums[slot, 2 + 2 * column] += moment >> LOW_BITS
                        column += 1
    return used
