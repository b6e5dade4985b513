"""Open-addressing tables of sums, for compiled loops, and how a moment is kept in integers."""

from __future__ import annotations

import numpy as np
from numba import njit

LOW_BITS = 32
"""A moment is kept in two limbs, ``high * 2**32 + low``: its sum can outgrow 63 bits while each limb stays exact."""

LOW_MASK = np.int64((1 << LOW_BITS) - 1)


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
