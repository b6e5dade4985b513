"""Objects in memory that stand where a path may stand: arrays, tables and polygons that a caller holds.

A project names its inputs by text.  An object gets a name of its own, ``object:land_cover.2020`` after the place where
it was handed in, and whoever reads that input asks here for the object behind the name.  The object lives as long as
the project or the run that was made of it; after that its name leads nowhere and is refused, like a file that is gone.

Nothing here knows what is in an object: arrays are read by :mod:`sinks.layers.rasters.arrays`, tables and polygons by
the readers of tables and polygons.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

PREFIX = "object:"
"""Beginning of the name of an object, which no file has."""

Kind = Literal["DataArray", "Dataset", "GeoDataFrame", "DataFrame"]

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("xarray", "DataArray"),
    ("xarray", "Dataset"),
    ("geopandas", "GeoDataFrame"),
    ("pandas", "DataFrame"),
)

_lock = threading.Lock()
_held: weakref.WeakValueDictionary[str, Held] = weakref.WeakValueDictionary()


@dataclass(eq=False)
class Held:
    """An object and the name that it goes by.

    Attributes
    ----------
    name : str
        ``object:`` and the place where it was handed in.
    value : DataArray, DataFrame or GeoDataFrame
    kind : str
    kept : dict
        What readers keep of it, so that it is found out once.
    """

    name: str
    value: Any
    kind: Kind
    kept: dict[Any, Any] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)

    def folder(self) -> Path:
        """A folder of its own for files that are made of it; it goes when the object goes."""
        with self.lock:
            if "folder" not in self.kept:
                self.kept["folder"] = mkdtemp(prefix="sinks-")
                weakref.finalize(self, shutil.rmtree, self.kept["folder"], ignore_errors=True)
            return Path(self.kept["folder"])

    def parquet(self) -> Path:
        """Polygons as a GeoParquet file, for a reader that takes them in batches."""
        with self.lock:
            path = self.folder() / "polygons.parquet"
            if not path.exists():
                self.value.to_parquet(path, index=False)
            return path


def kind_of(value: object) -> Kind | None:
    """What kind of object a value is; None for anything that cannot stand where a path may stand.

    Nothing is imported: whoever has such an object has imported its package.

    >>> kind_of("land_cover.tif")
    """
    for parent in type(value).__mro__:
        for package, name in _KINDS:
            if parent.__name__ == name and parent.__module__.split(".")[0] == package:
                return name
    return None


def hold(value: object, place: str, kind: Kind) -> Held:
    """Give an object a name after its place; it is known by it as long as the result is kept."""
    with _lock:
        name, number = PREFIX + place, 1
        while name in _held:
            number += 1
            name = f"{PREFIX}{place}#{number}"
        held = _held[name] = Held(name, value, kind)
    return held


def is_object(name: object) -> bool:
    """Whether a path is the name of an object."""
    return str(name).startswith(PREFIX)


def find(name: object) -> Held | None:
    """The object of a name, while it is held; None for a path too."""
    return _held.get(str(name)) if is_object(name) else None


def digest_of_table(held: Held) -> str:
    """SHA-256 of the columns, cells and shapes of a table, in the order in which they stand."""
    table = held.value
    digest = hashlib.sha256(repr(list(map(str, table.columns))).encode())
    for name in table.columns:
        column = table[name]
        cells = column.to_wkb() if hasattr(column, "to_wkb") else column
        for cell in cells.tolist():
            digest.update(cell if isinstance(cell, bytes) else repr(cell).encode())
            digest.update(b"\0")
    if held.kind == "GeoDataFrame" and table.crs is not None:
        digest.update(table.crs.to_wkt().encode())
    return digest.hexdigest()


def facts_of_table(held: Held) -> Mapping[str, Any]:
    """What the record of a run says of a table: JSON values only."""
    table = held.value
    crs = table.crs.to_string() if held.kind == "GeoDataFrame" and table.crs is not None else None
    return {"kind": held.kind, "shape": list(table.shape), "columns": list(map(str, table.columns)), "crs": crs}
