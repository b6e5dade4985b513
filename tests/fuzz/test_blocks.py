"""A small slice of ``make fuzz-blocks``: spoilt blocks come out as GDAL reads them or are left to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fuzz import blocks
from sinks.layers.rasters import unpackers


def test_spoilt_blocks_are_read_as_by_gdal_or_left_to_it(tmp_path: Path) -> None:
    found = blocks.run(600, 11, tmp_path)
    for compress in ("lzw", "packbits", "deflate", "zstd", None):
        assert found[f"{compress}: as GDAL"] > 5
        assert found[f"{compress}: left to GDAL"] > 5


def test_a_decoder_that_writes_beside_its_buffer_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search itself: a block that is filled one byte too far."""

    def careless(packed: np.ndarray, starts: np.ndarray, sizes: np.ndarray, out: np.ndarray, size: int) -> bool:
        behind = np.lib.stride_tricks.as_strided(out, (out.size + 1,))[-1:]
        # Only where the search keeps a guard, and not in memory of somebody else.
        behind[behind == blocks.FILL] = 0
        return False

    monkeypatch.setattr(unpackers, "lzw", lambda: careless)
    with pytest.raises(AssertionError, match="beside"):
        blocks.run(800, 11, tmp_path)
