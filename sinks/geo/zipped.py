"""What lies inside a zip: the files that count, and how GDAL is told to open one in a folder."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

_VECTORS = (".shp", ".gpkg", ".geojson", ".fgb")


def files_inside(names: Iterable[str]) -> list[str]:
    """Names in a zip without the shadows (``__MACOSX/._NAME``) that macOS adds to every file."""
    return [name for name in names if not name.startswith("__MACOSX/") and not Path(name).name.startswith("._")]


def within(path: str | Path, name: str) -> str:
    """A file of a zip, as GDAL opens it."""
    return f"/vsizip/{Path(path).absolute()}/{name}"


def vector_source(path: str | Path) -> str | Path:
    """What GDAL opens for a file of vectors: the one file in a folder of a zip, which it does not look into itself."""
    lower = str(path).lower()
    if not lower.endswith(".zip") or lower.endswith(".gdb.zip") or not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        inside = [name for name in files_inside(archive.namelist()) if name.lower().endswith(_VECTORS)]
    return within(path, inside[0]) if len(inside) == 1 else path
