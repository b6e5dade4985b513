"""Writing the painting: a Cloud-Optimised GeoTIFF, whole or not at all, with what it shows written into it."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.windows import Window

from sinks.errors import Problem, RunError
from sinks.output.painting.canvas import TILE, Canvas, Cells
from sinks.results import atomic
from sinks.tabulation.blocks import Block

_SCRATCH, _FINAL = "scratch.tif", "painting.tif"
_CACHE_BYTES = 64 << 20
_BANDS = 2


class WindowWriter:
    """A file that is being painted, window by window."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._written: dict[Window, str] = {}

    def write(self, window: Block, cells: Cells) -> None:
        """Put a finished window in its place."""
        if np.isnan(cells[0]).all():
            # A tile that is not written takes no room and reads as nodata.
            return
        place = Window(window.column, window.row, window.columns, window.rows)
        with _gdal():
            self._dataset.write(cells, window=place)
        self._written[place] = _digest(cells)

    def check(self, path: Path) -> None:
        """Read back what was written: of some writes that the disk refused GDAL says nothing.

        Raises
        ------
        OSError
            The file cannot be read, or a window is not as it was handed over.
        """
        with _gdal(), rasterio.open(path) as dataset:
            lost = [place for place, digest in self._written.items() if _digest(dataset.read(window=place)) != digest]
        if lost:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def _digest(cells: Cells) -> str:
    return hashlib.sha256(np.where(np.isnan(cells), np.float32("nan"), cells).tobytes()).hexdigest()


@contextmanager
def _gdal() -> Iterator[None]:
    """Failures of GDAL on a disk that fails; some come without a kind of their own."""
    try:
        yield
    except (CPLE_BaseError, RasterioError, SystemError, TypeError) as error:
        raise OSError(errno.EIO, str(error)) from error


@contextmanager
def window_writer(
    out: Path, canvas: Canvas, *, units: tuple[str, str], names: tuple[str, str], tags: Mapping[str, str], threads: int
) -> Iterator[WindowWriter]:
    """Writes windows into what becomes the file ``out`` at the end; an unfinished one leaves nothing behind.

    A COG keeps its overviews in front of its tiles and can only be written when all are known, so the windows go to a
    lightly compressed file beside it first.

    Raises
    ------
    RunError
        The disk is full, or the file cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        atomic.recover(out)
        with atomic.temporary(out) as folder, rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES, GDAL_NUM_THREADS=threads):
            with _gdal(), rasterio.open(folder / _SCRATCH, "w", **_profile(canvas)):
                # The head of the file is on the disk before a window is: GDAL crashes where it cannot be written then.
                pass
            with _gdal():
                dataset = rasterio.open(folder / _SCRATCH, "r+")
            with dataset:
                dataset.update_tags(**tags)
                dataset.descriptions, dataset.units = names, units
                yield (writer := WindowWriter(dataset))
            with _gdal():
                rasterio.shutil.copy(folder / _SCRATCH, folder / _FINAL, **_cog(threads))
            writer.check(folder / _FINAL)
            (folder / _SCRATCH).unlink()
            atomic.sync(folder)
            os.replace(folder / _FINAL, out)
    except (OSError, RasterioError, CPLE_BaseError) as error:
        raise atomic.explained(error, out) from error


def check_free(out: Path, force: bool) -> None:
    """Refuse before the work is done to replace a file that nobody offered.

    Raises
    ------
    RunError
    """
    if out.is_dir() or (out.exists() and not force):
        raise RunError(Problem("painting.exists", str(out)))


def _profile(canvas: Canvas) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "width": canvas.columns,
        "height": canvas.rows,
        "count": _BANDS,
        "dtype": "float32",
        "nodata": float("nan"),
        "crs": canvas.reference.crs.to_wkt(),
        "transform": canvas.transform,
        "tiled": True,
        "blockxsize": TILE,
        "blockysize": TILE,
        "interleave": "band",
        "compress": "zstd",
        "zstd_level": 1,
        "sparse_ok": True,
        "bigtiff": "if_safer",
    }


def _cog(threads: int) -> dict[str, Any]:
    # No predictor: a painting repeats few values over whole patches, which compress to half the size as they are.
    return {
        "driver": "COG",
        "compress": "deflate",
        "blocksize": TILE,
        "overview_resampling": "average",
        "bigtiff": "if_safer",
        "num_threads": threads,
    }
