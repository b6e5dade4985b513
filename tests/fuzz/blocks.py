"""Spoilt blocks of GeoTIFF files: what is decoded here is what GDAL reads, or left to it, and stays within its buffer.

    python tests/fuzz/blocks.py --count 100000 --seed 1

Each file holds tiles or strips of which every one is spoilt in a way of its own: bits turned, bytes replaced, cut off,
swapped with another block, lengths and places in the directory changed.  GDAL reads the same file beside it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from sinks.layers.rasters.geotiff_tiles import TileDecoder

GUARD = 64
SIDE = 128
TILES = 8
FILL = 0xA5

KINDS: tuple[tuple[str, dict[str, Any]], ...] = tuple(
    (dtype, {"compress": compress, **predictor, **layout})
    for compress in ("lzw", "packbits", "deflate", "zstd", None)
    for dtype, predictor in (("uint8", {}), ("uint8", {"predictor": 2}), ("int16", {}), ("float32", {"predictor": 3}))
    for layout in (
        {"tiled": True, "blockxsize": SIDE, "blockysize": SIDE},
        {"tiled": False, "blockysize": SIDE // 4},
    )
    if not predictor or compress in ("lzw", "deflate", "zstd")
)


def run(count: int, seed: int, folder: Path) -> Counter[str]:
    """Spoil ``count`` blocks; how many were decoded here, and how many left to GDAL.

    Raises
    ------
    AssertionError
        A block came out otherwise than GDAL reads it, or a byte beside its buffer was written.
    """
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    path = folder / "spoilt.tif"
    while found.total() < count:
        number = int(rng.integers(len(KINDS)))
        dtype, options = KINDS[number]
        _write(path, _cells(rng, dtype), options)
        _spoil(path, rng)
        try:
            dataset = rasterio.open(path)
        except RasterioError:
            found["not opened"] += 1
            continue
        with dataset:
            for what in _compared(dataset, f"{dtype} {options} seed {seed} after {found.total()}"):
                found[f"{options['compress']}: {what}"] += 1
    return found


def _cells(rng: np.random.Generator, dtype: str) -> np.ndarray:
    """Long runs, texture and noise."""
    rows, columns = SIDE * 2, SIDE * TILES // 2
    size = int(rng.choice([1, 4, 64]))
    coarse = rng.integers(0, int(rng.choice([2, 10, 250])), (rows // size + 1, columns // size + 1))
    return coarse.repeat(size, 0).repeat(size, 1)[:rows, :columns].astype(dtype)


def _write(path: Path, cells: np.ndarray, options: dict[str, Any]) -> None:
    height, width = cells.shape
    profile = {"driver": "GTiff", "count": 1, "dtype": cells.dtype, "height": height, "width": width, **options}
    profile |= {"crs": "EPSG:4490", "transform": Affine(0.001, 0, 110, 0, -0.001, 45)}
    with rasterio.open(path, "w", **profile) as file:
        file.write(cells, 1)


def _spoil(path: Path, rng: np.random.Generator) -> None:
    with rasterio.open(path) as dataset:
        decoder = TileDecoder.of(dataset, 1)
        assert decoder is not None
        offsets, sizes = decoder._directory.offsets, decoder._directory.sizes
        decoder.close()
    data = bytearray(path.read_bytes())
    for place, size in zip(offsets.tolist(), sizes.tolist(), strict=True):
        block = np.frombuffer(data, np.uint8)[place : place + size].copy()
        data[place : place + size] = _spoilt(block, rng).tobytes()
    if rng.random() < 0.4:
        _spoil_directory(data, offsets, sizes, rng)
    if rng.random() < 0.1:
        data = data[: int(offsets[0] + rng.integers(len(data) - offsets[0]))]
    path.write_bytes(data)


def _spoilt(block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A block of the same length that is spoilt in one of several ways, or in none."""
    way = int(rng.integers(6))
    at = int(rng.integers(block.size))
    if way == 0:
        block[at] ^= 1 << int(rng.integers(8))
    elif way == 1:
        block[rng.integers(block.size, size=8)] = rng.integers(0, 256, 8)
    elif way == 2:
        block[at:] = rng.integers(0, 256, block.size - at)
    elif way == 3:
        block[at:] = int(rng.choice([0, 255, 128]))
    elif way == 4:
        # What stands somewhere else, so that codes are of the right width at the wrong place.
        block[at:] = np.roll(block, int(rng.integers(block.size)))[at:]
    return block


def _spoil_directory(data: bytearray, offsets: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> None:
    """Change some lengths or places where they stand in the file, in whichever type they are written."""
    values = sizes if rng.random() < 0.7 else offsets
    wrong = values.copy()
    for at in rng.integers(values.size, size=3):
        step = int(rng.choice([-1, 1, 7, -40, 3000]))
        wrong[at] = int(rng.choice([0, 1, max(0, int(values[at]) + step), 60_000]))
    for kind in ("<u2", "<u4"):
        if values.max() < 1 << 8 * np.dtype(kind).itemsize:
            at = data.find(values.astype(kind).tobytes())
            if at > 0:
                data[at : at + values.size * np.dtype(kind).itemsize] = wrong.astype(kind).tobytes()
                return


def _compared(dataset: Any, case: str) -> Iterator[str]:
    """Every block of a file read both ways."""
    decoder = TileDecoder.of(dataset, 1)
    if decoder is None:
        yield "out of the ordinary"
        return
    with closing(decoder):
        rows, columns = decoder.shape
        for row in range(0, dataset.height, rows):
            for column in range(0, dataset.width, columns):
                window = Window(column, row, columns, rows)
                yield _block(dataset, decoder, window, f"{case}, block at {row}, {column}")


def _block(dataset: Any, decoder: TileDecoder, window: Window, case: str) -> str:
    """One block read both ways."""
    kind = np.dtype(dataset.dtypes[0])
    guarded = np.full(window.height * window.width * kind.itemsize + 2 * GUARD, FILL, np.uint8)
    cells = guarded[GUARD:-GUARD].view(kind).reshape(window.height, window.width)
    decoded = decoder.read(window.row_off, window.col_off, cells)
    beside = np.concatenate([guarded[:GUARD], guarded[-GUARD:]])
    assert (beside == FILL).all(), f"written beside the buffer: {case}"
    if not decoded:
        return "left to GDAL"
    try:
        read = dataset.read(1, window=window)
    except RasterioError as error:
        raise AssertionError(f"decoded what GDAL refuses: {case}: {error}") from error
    assert read.tobytes() == cells.tobytes(), f"not what GDAL reads: {case}"
    return "as GDAL"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for what, number in sorted(run(arguments.count, arguments.seed, Path(folder)).items()):
            print(f"{what}: {number:,}")


if __name__ == "__main__":
    main()
