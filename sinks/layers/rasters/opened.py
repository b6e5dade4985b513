"""Opening raster files: in words that say what to do when it fails, and inside a zip as beside it."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from sinks.errors import LayerError, Problem
from sinks.geo.zipped import files_inside, within
from sinks.layers.rasters.arrays import open_array
from sinks.objects import is_object

_RASTERS = (".tif", ".tiff", ".img", ".vrt", ".nc", ".hdf", ".h5", ".asc", ".jp2", ".bil", ".dat", ".grd")


def unzipped(path: str, where: str) -> str:
    """What GDAL opens for ``path``: the one raster inside, where it is a zip; the path itself otherwise.

    Raises
    ------
    LayerError
        A zip with no raster or with several, which are listed as they are to be written.
    """
    if not path.lower().endswith(".zip") or not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        everything = files_inside(archive.namelist())
        inside = [name for name in everything if name.lower().endswith(_RASTERS)]
    if len(inside) == 1:
        return within(path, inside[0])
    if not inside:
        raise LayerError(Problem("raster.zip_without", where, {"found": everything[:10]}))
    raise LayerError(Problem("raster.zip_several", where, {"paths": [within(path, name) for name in inside[:20]]}))


def file_on_disk(path: str) -> Path:
    """The file that holds ``path``: the zip of a raster inside one, otherwise the file itself."""
    if path.startswith("/vsizip/"):
        outer, dot, _ = path.removeprefix("/vsizip/").partition(".zip/")
        return Path(outer + dot.removesuffix("/"))
    return Path(path)


def open_dataset(path: str, where: str) -> Any:
    """Open a file with rasterio; what cannot be opened is a :class:`LayerError` in words that say what to do.

    The name of an object gives the array that goes by it.
    """
    if is_object(path):
        return open_array(path, where)
    try:
        return rasterio.open(path)
    except RasterioError as error:
        plain = not path.startswith("/vsi") and ("://" not in path) and path.count(":") < 2
        id = "raster.unreadable"
        if plain and not Path(path).exists():
            id = "raster.missing_file"
        elif plain and Path(path).is_file() and Path(path).stat().st_size == 0:
            id = "raster.empty_file"
        raise LayerError(Problem(id, where, {"reason": gdal_reason(error)})) from error


def forget_failure(dataset: Any) -> None:
    """Take back what GDAL keeps of a failed read; rasterio would raise it at a later question, of any dataset."""
    with suppress(CPLE_BaseError):
        _ = dataset.colorinterp


def gdal_reason(error: Exception) -> str:
    """GDAL's own words, which rasterio often keeps one exception further down."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return str(error)


def stamp(path: str) -> tuple[int, ...]:
    """Size and time of change of a local file, by which a checkpoint knows it again; empty for anything else.

    Files beside it that say which cells were observed (``.msk``, ``.aux.xml``) are part of it.
    """
    file, found = file_on_disk(path), []
    for one in (file, file.with_name(f"{file.name}.msk"), file.with_name(f"{file.name}.aux.xml")):
        try:
            stat = one.stat()
        except OSError:
            continue
        found += [stat.st_size, stat.st_mtime_ns]
    return tuple(found)


def check_variables(dataset: Any, where: str) -> None:
    """Refuse a file of several variables, which has no band of its own, and say how one of them becomes a raster.

    Raises
    ------
    LayerError
    """
    if dataset.count or not dataset.subdatasets:
        return
    names = [name.rsplit(":", 1)[-1].lstrip("/") for name in dataset.subdatasets]
    values = {"count": len(names), "names": names, "source": dataset.subdatasets[0], "first": names[0]}
    raise LayerError(Problem("raster.several_variables", where, values))
