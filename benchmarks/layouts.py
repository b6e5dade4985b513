"""The layouts in which products come: the same land as LZW tiles and strips, uncompressed, a mosaic and more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.windows import Window

from benchmarks import territory

_TILES = {"tiled": "yes", "blockxsize": 512, "blockysize": 512}
_STRIPS = {"tiled": "no", "blockysize": 1}


def _tiles(side: int) -> dict[str, Any]:
    return {"tiled": "yes", "blockxsize": side, "blockysize": side}


LAYOUTS: dict[str, dict[str, Any]] = {
    "DEFLATE tiles 512": {"compress": "deflate", **_TILES},
    "COG, DEFLATE": {"driver": "COG", "compress": "deflate", "overviews": "none"},
    "LZW tiles 256": {"compress": "lzw", **_tiles(256)},
    "LZW tiles 128": {"compress": "lzw", **_tiles(128)},
    "LZW strips": {"compress": "lzw", **_STRIPS},
    "DEFLATE strips": {"compress": "deflate", **_STRIPS},
    "uncompressed strips": _STRIPS,
    "PackBits tiles 256": {"compress": "packbits", **_tiles(256)},
    "DEFLATE tiles, predictor 2": {"compress": "deflate", "predictor": 2, **_TILES},
    "LZW tiles 256, predictor 2": {"compress": "lzw", "predictor": 2, **_tiles(256)},
    "mosaic of 16 DEFLATE files": {"mosaic": 4, "compress": "deflate", **_TILES},
    "mosaic of 16 LZW files": {"mosaic": 4, "compress": "lzw", **_tiles(256)},
    "uint16, LZW tiles 256": {"dtype": "uint16", "compress": "lzw", **_tiles(256)},
    "int32, LZW strips": {"dtype": "int32", "compress": "lzw", **_STRIPS},
    "float32, LZW tiles 256, predictor 3": {"dtype": "float32", "compress": "lzw", "predictor": 3, **_tiles(256)},
    "4 bits, LZW tiles 256": {"nbits": 4, "compress": "lzw", **_tiles(256)},
    "1 bit, LZW strips": {"nbits": 1, "compress": "lzw", **_STRIPS},
}
"""How GDAL writes each; ``dtype`` and ``nbits`` change the cells, ``mosaic`` is files along a side."""


def files(work: Path, kind: str, size: int, layout: str) -> list[Path]:
    """Both dates in a layout, made from the tiles of DEFLATE where they are missing."""
    found = []
    folder = work / "layouts" / f"{kind}_{size}"
    folder.mkdir(parents=True, exist_ok=True)
    options = dict(LAYOUTS[layout])
    for source, date in zip(territory.files(work, kind, size, "deflate"), territory.DATES, strict=True):
        target = folder / f"{layout.replace(' ', '_').replace(',', '')}_{date}.tif"
        if "mosaic" in options:
            target = target.with_suffix(".vrt")
        if not target.exists():
            _write(source, target, dict(options))
        found.append(target)
    return found


def legend(layout: str) -> str:
    """The legend that has the codes of a layout: in few bits those of CLCD."""
    return "clcd" if "nbits" in LAYOUTS[layout] else "globeland30"


def _write(source: Path, target: Path, options: dict[str, Any]) -> None:
    part = target.with_suffix(".part")
    if "mosaic" in options:
        part.write_text(_mosaic(source, target, options), encoding="utf-8")
    elif "dtype" in options or "nbits" in options:
        _recoded(source, part, options)
    else:
        rasterio.shutil.copy(source, part, **{"driver": "GTiff", "num_threads": "all_cpus", **options})
    part.rename(target)


def _recoded(source: Path, target: Path, options: dict[str, Any]) -> None:
    """The classes in another type, or in few bits: the tens of a class's code, or whether it is cropland."""
    with rasterio.open(source) as dataset:
        profile = {**dataset.profile, "tiled": False, "blockxsize": None, "nodata": None, "num_threads": "all_cpus"}
        with rasterio.open(target, "w", **{**profile, **options}) as written:
            for window in _bands(dataset.width, dataset.height):
                cells = dataset.read(1, window=window)
                cells = cells // 10 % 10 if options.get("nbits") == 4 else cells
                cells = (cells == 10).astype(np.uint8) if options.get("nbits") == 1 else cells
                written.write(cells.astype(options.get("dtype", "uint8")), 1, window=window)


def _bands(width: int, height: int) -> Iterator[Window]:
    for row in range(0, height, 512):
        yield Window(0, row, width, min(512, height - row))


def _mosaic(source: Path, target: Path, options: dict[str, Any]) -> str:
    """Text of a mosaic of files that are written beside it, each a square of the territory."""
    parts = options.pop("mosaic")
    with rasterio.open(source) as dataset:
        size = dataset.width
        side = -(-size // parts)
        geo = ", ".join(repr(value) for value in dataset.transform.to_gdal())
        sources = []
        for number in range(parts * parts):
            x, y = number % parts * side, number // parts * side
            window = Window(x, y, min(side, size - x), min(side, size - y))
            path = target.with_name(f"{target.stem}_{number}.tif")
            place = {"width": window.width, "height": window.height, "transform": dataset.window_transform(window)}
            with rasterio.open(path, "w", **{**dataset.profile, **options, **place, "tiled": True}) as written:
                written.write(dataset.read(1, window=window), 1)
            rect = f"xSize='{window.width}' ySize='{window.height}'"
            sources.append(
                f"<SimpleSource><SourceFilename relativeToVRT='1'>{path.name}</SourceFilename>"
                f"<SourceBand>1</SourceBand>"
                f"<SrcRect xOff='0' yOff='0' {rect}/><DstRect xOff='{x}' yOff='{y}' {rect}/></SimpleSource>"
            )
        return (
            f"<VRTDataset rasterXSize='{size}' rasterYSize='{size}'><SRS>{dataset.crs.to_wkt()}</SRS><GeoTransform>"
            f"{geo}</GeoTransform><VRTRasterBand dataType='Byte' band='1'><NoDataValue>255</NoDataValue>"
            f"{''.join(sources)}</VRTRasterBand></VRTDataset>"
        )
