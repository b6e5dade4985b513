"""Mosaics of local GeoTIFF files on one grid (VRT), read from their files without GDAL.

GDAL reads a mosaic through its files' block cache and copies twice.  Here every file that a window meets is decoded by
:class:`~sinks.layers.rasters.geotiff_tiles.TileDecoder`.  A mosaic that does more than set files side by side (scaling,
resampling, masks, functions, files that overlap) is left to GDAL, and so is a window that meets a file which is out of
the ordinary.

Source: GDAL's documentation of the virtual format (VRT driver).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from sinks.layers.rasters.geotiff_tiles import TileDecoder

_MOST_FILES = 2048
_MOST_OPEN = 8
"""Files of a mosaic that are open at once: those that a block meets, and a few beside it."""

_TALL = 512
_TILES_HIGH = 4
"""Tiles of a file that a block of the pass is high: they need not line up with blocks, and of four few are cut."""

_PLAIN_BAND = {
    "NoDataValue", "ColorInterp", "ColorTable", "Description", "Metadata", "CategoryNames", "UnitType", "Offset",
    "Scale", "Histograms", "SimpleSource", "ComplexSource",
}  # fmt: skip
_PLAIN_SOURCE = {"SourceFilename", "SourceBand", "SourceProperties", "SrcRect", "DstRect"}


class _Part(NamedTuple):
    """A file of a mosaic: which of its cells stand where."""

    path: Path
    band: int
    row: int
    column: int
    top: int
    left: int
    rows: int
    columns: int


class Mosaic:
    """One band of an open mosaic; not to be shared between threads.

    Use :meth:`of`, which tells whether a mosaic is fit.
    """

    def __init__(self, dataset: Any, band: int, parts: list[_Part]) -> None:
        self._parts = parts
        self._dtype = np.dtype(dataset.dtypes[band - 1])
        nodata = dataset.nodatavals[band - 1]
        self._empty = self._dtype.type(0 if nodata is None else nodata)
        self._places = np.array([(p.top, p.left, p.top + p.rows, p.left + p.columns) for p in parts])
        self._open: dict[int, TileDecoder | None] = {}

    @classmethod
    def of(cls, dataset: Any, band: int) -> Mosaic | None:
        """A reader for a band of an open dataset, or None where GDAL has to read it.

        Parameters
        ----------
        dataset : rasterio dataset
            Or anything that stands in its place.
        band : int
        """
        parts = _parts(dataset, band)
        return cls(dataset, band, parts) if parts else None

    def close(self) -> None:
        for number in list(self._open):
            self._forget(number)

    def _forget(self, number: int) -> None:
        decoder = self._open.pop(number)
        if decoder is not None:
            decoder.close()

    def read(self, row: int, column: int, out: npt.NDArray[Any]) -> bool:
        """Fill ``out`` [rows, columns] with the window at ``row``, ``column``; False where GDAL has to do it.

        ``out`` may then hold anything.
        """
        rows, columns = out.shape
        top, left = np.maximum(self._places[:, :2], (row, column)).T
        bottom, right = np.minimum(self._places[:, 2:], (row + rows, column + columns)).T
        met = np.flatnonzero((top < bottom) & (left < right))
        if ((bottom - top)[met] * (right - left)[met]).sum() < out.size:
            out[...] = self._empty
        for number in met.tolist():
            part, decoder = self._parts[number], self._decoder(number)
            north, south, west, east = (int(edge[number]) for edge in (top, bottom, left, right))
            target = out[north - row : south - row, west - column : east - column]
            place = (part.row + north - part.top, part.column + west - part.left)
            if decoder is None or not decoder.read_part(*place, target):
                return False
        return True

    def _decoder(self, number: int) -> TileDecoder | None:
        """The decoder of a file; None where it is no file that fits here."""
        if number in self._open:
            return self._open[number]
        while len(self._open) >= _MOST_OPEN:
            self._forget(next(iter(self._open)))
        part, decoder = self._parts[number], None
        try:
            with rasterio.open(part.path) as dataset:
                height, width = dataset.shape
                inside = part.row + part.rows <= height and part.column + part.columns <= width
                if inside and part.band <= dataset.count and dataset.dtypes[part.band - 1] == self._dtype:
                    decoder = TileDecoder.of(dataset, part.band)
        except RasterioError:
            pass
        self._open[number] = decoder
        return decoder


def block_shape(dataset: Any, band: int) -> tuple[int, int]:
    """Rows and columns that blocks of the pass should be multiples of: those of a file, or of a mosaic's files."""
    own: tuple[int, int] = tuple(dataset.block_shapes[band - 1])
    parts = _parts(dataset, band)
    if not parts:
        return own
    try:
        with rasterio.open(parts[0].path) as first:
            tall, wide = first.block_shapes[min(parts[0].band, first.count) - 1]
    except RasterioError:
        return own
    return max(_TALL, _TILES_HIGH * tall if tall > 1 else _TALL), wide


def _parts(dataset: Any, band: int) -> list[_Part]:
    """The files of a mosaic that does nothing but set them side by side; none where it does more."""
    if not isinstance(dataset, DatasetReader) or dataset.driver != "VRT":
        return []
    path = Path(dataset.name)
    try:
        root = ET.fromstring(path.read_bytes())
        (found,) = (b for b in root.findall("VRTRasterBand") if int(b.get("band", "0")) == band)
        if "subClass" in root.attrib or "subClass" in found.attrib or {one.tag for one in found} - _PLAIN_BAND:
            return []
        sources = [one for one in found if one.tag in ("SimpleSource", "ComplexSource")]
        # GDAL takes cells of a complex source through floating-point numbers, which not all of four bytes survive.
        exact = np.dtype(dataset.dtypes[band - 1]).itemsize <= 2 or all(one.tag == "SimpleSource" for one in sources)
        if not exact or not 0 < len(sources) <= _MOST_FILES:
            return []
        parts = [_part(one, path.parent, found.findtext("NoDataValue")) for one in sources]
    except (ET.ParseError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return []
    inside = all(p.top + p.rows <= dataset.height and p.left + p.columns <= dataset.width for p in parts)
    return parts if inside and not _overlap(parts) else []


def _part(source: ET.Element, folder: Path, nodata: str | None) -> _Part:
    """A file of a mosaic.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        Where it is not copied cell by cell.
    """
    name, origin, target = source.find("SourceFilename"), source.find("SrcRect"), source.find("DstRect")
    # Cells of no data are not copied; where that is the mosaic's own value too, it makes no difference.
    further = {one.tag for one in source} - _PLAIN_SOURCE
    if further - {"NODATA"} or (further and float(source.findtext("NODATA", "")) != float(nodata or "")):
        raise ValueError(further)
    column, row, columns, rows = _rectangle(origin)
    left, top, wide, tall = _rectangle(target)
    if (wide, tall) != (columns, rows) or min(column, row, left, top) < 0 or min(columns, rows) < 1:
        raise ValueError(source)
    path = Path(name.text)  # type: ignore[union-attr,arg-type]  # a source without a file is caught above
    path = folder / path if name.get("relativeToVRT") == "1" else path  # type: ignore[union-attr]
    return _Part(path, int(source.findtext("SourceBand", "1")), row, column, top, left, rows, columns)


def _rectangle(element: ET.Element | None) -> tuple[int, int, int, int]:
    numbers = [float(element.attrib[name]) for name in ("xOff", "yOff", "xSize", "ySize")]  # type: ignore[union-attr]
    if any(number != int(number) for number in numbers):
        raise ValueError(numbers)
    column, row, columns, rows = map(int, numbers)
    return column, row, columns, rows


def _overlap(parts: list[_Part]) -> bool:
    """Whether two files claim a cell; the later one would be seen there."""
    top, left = np.array([p.top for p in parts]), np.array([p.left for p in parts])
    bottom, right = top + [p.rows for p in parts], left + [p.columns for p in parts]
    down = np.minimum(bottom[:, None], bottom) > np.maximum(top[:, None], top)
    across = np.minimum(right[:, None], right) > np.maximum(left[:, None], left)
    return bool((down & across).sum() > len(parts))
