"""Kernels as the Python that they are written in, so that their branches can be counted: a plugin of pytest.

Used with ``NUMBA_DISABLE_JIT=1``.  Two functions are single instructions of the processor, which only the compiler can
give; here they are Python.  Compiled integers wrap round in silence, where numpy warns.  Blocks of files are unpacked
by addresses, which Python has not: GDAL reads all files here.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest

from sinks.layers.rasters.geotiff_tiles import TileDecoder
from sinks.tabulation import kernels


def _changes(row: np.ndarray, at: np.uint64) -> np.uint64:
    """Which of 64 pixels differ from the one before, a bit for each."""
    here = int(at)
    differ = row[here : here + 64] != row[here - 1 : here + 63]
    return np.uint64(int.from_bytes(np.packbits(differ, bitorder="little").tobytes(), "little"))


def pytest_configure(config: pytest.Config) -> None:
    assert numba.config.DISABLE_JIT, "NUMBA_DISABLE_JIT=1"
    kernels._lowest_bit = lambda word: np.uint64((int(word) & -int(word)).bit_length() - 1 if word else 64)
    kernels._changes = _changes
    TileDecoder.of = lambda dataset, band: None
    config.addinivalue_line("filterwarnings", "ignore:overflow encountered in scalar:RuntimeWarning")
