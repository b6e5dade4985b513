"""The rows of a file of regions: fields and shapes, or why they cannot be read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely
from pandas.api.types import is_list_like

from sinks.errors import Problems
from sinks.geo.dbf import check_dbf
from sinks.geo.wkb import shapes
from sinks.geo.zipped import vector_source
from sinks.objects import find

if TYPE_CHECKING:
    import geopandas as gpd

Rows = tuple["gpd.GeoDataFrame", dict[int, str]]
"""The rows, and by position why a shape could not be built."""


def read_rows(
    path: Path, fields: list[str], layer: str | None, encoding: str | None, problems: Problems
) -> Rows | None:
    """The rows of a file with the fields asked for, or None with the reason noted."""
    import geopandas as gpd
    import pyogrio

    held = find(path)
    if held is not None:
        return _as_it_is(path, held.value.reset_index(drop=True), fields, problems)
    if not path.exists():
        problems.add("regions.no_file", path)
        return None
    doubt = check_dbf(path, encoding)
    if doubt is not None:
        problems.add(doubt.id, doubt.where, **doubt.values)
        return None
    try:
        if path.suffix.lower() in {".parquet", ".geoparquet"}:
            return _as_it_is(path, gpd.read_parquet(path), fields, problems)
        with warnings.catch_warnings():
            # Measures (M) are dropped on reading; areas do not need them. A layer that holds curves says other types
            # than it has; they come as chords.
            warnings.filterwarnings("ignore", message="Measured")
            warnings.filterwarnings("ignore", message="geometry column type")
            source = vector_source(path)
            chosen = _layer(path, layer, pyogrio.list_layers(source), problems)
            if chosen is None:
                return None
            info = pyogrio.read_info(source, layer=chosen, encoding=encoding)
            if not _has_fields(path, fields, list(info["fields"]), problems):
                return None
            if not _are_single(path, nested_fields(info) & set(fields), problems):
                return None
            options: dict[str, Any] = {"layer": chosen, "encoding": encoding}
            table = pyogrio.read_dataframe(source, columns=fields, read_geometry=False, **options)
            _, _, content, _ = pyogrio.raw.read(source, columns=[], **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError, ValueError, LookupError) as error:
        # GDAL's own words are the best there are on what is wrong inside a file; UnicodeDecodeError is a ValueError.
        problems.add("regions.unreadable", path, reason=error)
        return None
    except shapely.errors.ShapelyError as error:
        problems.add("regions.unreadable", path, reason=error)
        return None
    geometry, faults = shapes(content)
    return gpd.GeoDataFrame(table, geometry=geometry, crs=info["crs"]), faults


def _as_it_is(path: Path, frame: gpd.GeoDataFrame, fields: list[str], problems: Problems) -> Rows | None:
    """A frame that has its shapes already, if it has the fields and a single value in each."""
    names = [str(name) for name in frame.columns if name != frame.geometry.name]
    if not _has_fields(path, fields, names, problems):
        return None
    return (frame, {}) if _are_single(path, nested_columns(frame[fields]), problems) else None


def nested_fields(info: Mapping[str, Any]) -> frozenset[str]:
    """Fields of :func:`pyogrio.read_info` that hold lists or JSON, as a GeoJSON may where a single value is meant."""
    kinds = zip(info["fields"], info["ogr_types"], info["ogr_subtypes"], strict=True)
    return frozenset(str(name) for name, kind, form in kinds if kind.endswith("List") or form == "OFSTJSON")


def nested_columns(table: pd.DataFrame) -> list[str]:
    """Columns of a table in memory, or of Parquet, that hold lists or more."""
    return [str(name) for name in table.columns if table[name].dtype == object and table[name].map(is_list_like).any()]


def _are_single(path: Path, nested: Iterable[str], problems: Problems) -> bool:
    found = sorted(nested)
    if found:
        problems.add("vector.nested", path, fields=found)
    return not found


def _layer(path: Path, layer: str | None, found: Any, problems: Problems) -> str | None:
    """The layer to read: the one named, or the only one with geometry."""
    spatial = [str(name) for name, kind in found if kind is not None]
    if layer is not None:
        if layer in spatial:
            return layer
        problems.add("regions.no_layer", path, layer=layer, layers=spatial)
    elif len(spatial) == 1:
        return spatial[0]
    elif spatial:
        problems.add("regions.which_layer", path, layers=spatial)
    else:
        problems.add("regions.no_geometry", path)
    return None


def _has_fields(path: Path, wanted: list[str], found: list[str], problems: Problems) -> bool:
    missing = [name for name in wanted if name not in found]
    if missing:
        problems.add("regions.no_field", path, missing=missing, fields=[f for f in found if f != "geometry"])
    return not missing
