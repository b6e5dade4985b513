"""Polygon files with attributes, in batches: Shapefile, GeoPackage, File Geodatabase, GeoJSON, GeoParquet, also zipped.

:func:`inspect` looks at a file once and says what it is, or everything that is wrong with it; :func:`read_batches` then
yields its features, so that memory does not grow with the file.
"""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely

from sinks.errors import CRSError, LayerError, Problem, Problems
from sinks.geo import gcj02
from sinks.geo.crs import Bounds, UserCRS, check_bounds, parse_crs
from sinks.geo.dbf import check_dbf
from sinks.geo.region_reading import nested_fields
from sinks.geo.wkb import shapes
from sinks.geo.zipped import vector_source
from sinks.layers.fields import FieldSpec
from sinks.layers.stands.condition import Condition
from sinks.layers.stands.equal_area import Geometries
from sinks.objects import find

BATCH = 65_536
"""Features read at a time."""

_TYPES_READ = ("Polygon", "MultiPolygon", "Unknown", "GeometryCollection")
"""Declared types that may hold polygons; what the features really are is checked when they are read."""


@dataclass(frozen=True)
class VectorLayer:
    """Polygons of one date, such as forest sub-compartments (小班).

    Parameters
    ----------
    name : str
        Source that rows of the activity table are marked with.
    path : str or Path
        The file, or a folder ending in .gdb; .zip is read as it is.
    date : str
        For example ``"2020"``.
    layer : str, optional
        Layer inside the file; needed when there are several.
    encoding : str, optional
        Encoding of a Shapefile's text; needed when the file does not say.
    crs : str, optional
        CRS; needed when the file does not say.
    fields : mapping of str to FieldSpec
        By role: ``stand_id``, ``land_cover``, a stratum, an input quantity, ``declared_area``, ``total_volume``.
    where : str, optional
        Only the features for which this SQL condition (of SQLite, whatever the file) holds.
    repair : bool
        Repair invalid geometry; what that changes is reported.
    """

    name: str
    path: str | Path
    date: str
    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    fields: Mapping[str, FieldSpec] = dataclasses.field(default_factory=dict)
    where: str | None = None
    repair: bool = False

    @property
    def file(self) -> str | Path:
        """The file that is read: of polygons in memory, one that was made of them."""
        held = find(self.path)
        return self.path if held is None else held.parquet()

    @property
    def source(self) -> str | Path:
        """What GDAL opens: the file, or the one inside a zip."""
        return vector_source(self.path)

    @property
    def place(self) -> str:
        """The file, and its layer, as named in messages."""
        return f"{self.path}[{self.layer}]" if self.layer else str(self.path)


@dataclass(frozen=True)
class VectorInfo:
    """What :func:`inspect` found."""

    crs: UserCRS
    layer: str | None
    columns: tuple[str, ...]
    features: int
    bounds: Bounds | None
    nested: frozenset[str] = frozenset()
    """Columns that hold lists or more, of which no single text or number can be taken."""


@dataclass(frozen=True)
class Batch:
    """Some features of a file.

    Attributes
    ----------
    fid : int64[n]
        Feature ids as GIS software shows them (row numbers from 0 for Parquet).
    attributes : pyarrow.Table
        The fields asked for.
    geometry : array of shapely geometries [n]
        Two-dimensional; None where a feature has no geometry, or none that can be built.
    faults : mapping of int to str
        Why the geometry of a position cannot be built.
    """

    fid: npt.NDArray[np.int64]
    attributes: pa.Table
    geometry: Geometries
    faults: Mapping[int, str] = dataclasses.field(default_factory=dict)


def inspect(layer: VectorLayer) -> VectorInfo:
    """Open the layer's file, look at it without reading its features, and close it.

    Raises
    ------
    LayerError
        With everything that is wrong: no such file or layer, no CRS, not polygons, encoding in doubt.
    """
    problems = Problems()
    info: VectorInfo | None = None
    if not Path(layer.file).exists():
        problems.add("vector.no_file", layer.place)
    else:
        encoding = check_dbf(layer.file, layer.encoding)
        if encoding is not None:
            problems.add(encoding.id, encoding.where, **encoding.values)
        info = _inspect_parquet(layer, problems) if _is_parquet(layer) else _inspect_ogr(layer, problems)
    problems.raise_as(LayerError)
    assert info is not None
    return info


def read_batches(layer: VectorLayer, info: VectorInfo, columns: Sequence[str], size: int = BATCH) -> Iterator[Batch]:
    """The features of the layer, ``size`` at a time, with the ``columns`` asked for.

    Raises
    ------
    LayerError
        If the file breaks off, a column holds lists, or the condition ``where`` cannot be understood.
    """
    wanted = list(dict.fromkeys(columns))
    if nested := sorted(info.nested & set(wanted)):
        raise LayerError(Problem("vector.nested", layer.place, {"fields": nested}))
    condition = Condition(layer.where, info.columns, layer.place) if layer.where is not None else None
    read = list(dict.fromkeys([*wanted, *(condition.columns if condition else ())]))
    parts = _read_parquet(layer, read, size) if _is_parquet(layer) else _read_ogr(layer, info, read, size)
    for fid, table, content in parts:
        if condition is not None:
            kept = condition.kept(fid, table)
            fid, table, content = fid[kept], table.take(kept), content[kept]
        geometry, faults = shapes(content)
        if faults and not _is_parquet(layer):
            faults = _without_arcs(layer, info, fid, geometry, faults)
        yield _undisplaced(Batch(fid, table.select(wanted), geometry, faults), info.crs)


def _is_parquet(layer: VectorLayer) -> bool:
    return Path(layer.file).suffix.lower() in (".parquet", ".geoparquet")


def _inspect_ogr(layer: VectorLayer, problems: Problems) -> VectorInfo | None:
    try:
        with warnings.catch_warnings():
            # Z and M values play no part here, so that they are dropped is nobody's concern.
            warnings.simplefilter("ignore")
            layers = pyogrio.list_layers(layer.source)
            name = _choose_layer(layer, layers, problems)
            if name is None:
                return None
            found = pyogrio.read_info(layer.source, layer=name, encoding=layer.encoding, force_total_bounds=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        problems.add("vector.unreadable", layer.place, reason=str(error))
        return None
    kind = (found["geometry_type"] or "").split(" ")[0]
    if kind not in _TYPES_READ:
        problems.add("vector.not_polygons", layer.place, found=kind or "–")
    bounds: Bounds | None = None
    if found["total_bounds"] is not None:
        left, bottom, right, top = map(float, found["total_bounds"])
        bounds = left, bottom, right, top
    crs = _declared_crs(layer, name, found["crs"], bounds, problems)
    if crs is None:
        return None
    columns = tuple(str(column) for column in found["fields"])
    _check_condition(layer, columns, problems)
    return VectorInfo(crs, name, columns, int(found["features"]), bounds, nested_fields(found))


def _choose_layer(layer: VectorLayer, layers: Any, problems: Problems) -> str | None:
    """The layer asked for, or the only one with geometry."""
    names = [str(name) for name, _ in layers]
    spatial = [str(name) for name, kind in layers if kind is not None]
    if layer.layer is not None:
        if layer.layer in names:
            return layer.layer
        problems.add("vector.no_layer", layer.place, name=layer.layer, layers=names)
        return None
    if len(spatial) == 1:
        return spatial[0]
    problems.add("vector.several_layers" if spatial else "vector.no_geometry", layer.place, layers=spatial or names)
    return None


def _eastings(layer: VectorLayer, inside: str | None) -> npt.NDArray[np.float64]:
    """The middle of every feature along x."""
    if _is_parquet(layer):
        file = pq.ParquetFile(layer.file)
        box = shapely.bounds(shapes(file.read([inside]).column(0).to_numpy())[0]).T
    else:
        box = pyogrio.read_bounds(layer.source, layer=inside)[1]
    middle = (box[0] + box[2]) / 2.0
    return np.asarray(middle[np.isfinite(middle)], dtype=np.float64)


def _declared_crs(
    layer: VectorLayer, inside: str | None, found: str | None, bounds: Bounds | None, problems: Problems
) -> UserCRS | None:
    """The CRS that is stated, by the user or else by the file; ``inside`` is the layer, or the column of shapes."""
    declared = layer.crs if layer.crs is not None else found
    if declared is None:
        problems.add("vector.no_crs", layer.place, bounds=_show_bounds(bounds))
        return None
    try:
        crs = parse_crs(declared, layer.place)
    except CRSError as error:
        problems.extend(error)
        return None
    if bounds is not None:
        check_bounds(crs.crs, bounds, layer.place, problems, lambda: _eastings(layer, inside))
    return crs


def _show_bounds(bounds: Bounds | None) -> str:
    return "–" if bounds is None else ", ".join(f"{value:.6g}" for value in bounds)


def _check_condition(layer: VectorLayer, columns: tuple[str, ...], problems: Problems) -> None:
    """Whether the condition can be carried out at all, before any feature is read."""
    if layer.where is not None:
        try:
            Condition(layer.where, columns, layer.place)
        except LayerError as error:
            problems.extend(error)


def _inspect_parquet(layer: VectorLayer, problems: Problems) -> VectorInfo | None:
    try:
        file = pq.ParquetFile(layer.file)
    except (pa.ArrowException, OSError) as error:
        problems.add("vector.unreadable", layer.place, reason=str(error))
        return None
    geo = _geo(file)
    if geo is None:
        problems.add("vector.no_geometry", layer.place, layers=file.schema_arrow.names)
        return None
    kinds = {str(kind).split(" ")[0] for kind in geo.get("geometry_types", [])}
    if kinds - set(_TYPES_READ):
        problems.add("vector.not_polygons", layer.place, found=sorted(kinds))
    # GeoParquet 1.1: no "crs" means longitude and latitude on WGS 84; null means that it is not known.
    stated = geo.get("crs", "OGC:CRS84")
    bounds = tuple(geo["bbox"]) if len(geo.get("bbox", ())) == 4 else None
    own = pyproj.CRS.from_user_input(stated).to_wkt() if stated else None
    crs = _declared_crs(layer, geo["column"], own, bounds, problems)
    if crs is None:
        return None
    columns = tuple(name for name in file.schema_arrow.names if name != geo["column"])
    _check_condition(layer, columns, problems)
    nested = frozenset(field.name for field in file.schema_arrow if pa.types.is_nested(field.type))
    return VectorInfo(crs, None, columns, file.metadata.num_rows, bounds, nested)


def _geo(file: pq.ParquetFile) -> dict[str, Any] | None:
    """Metadata of the primary geometry column, with its name as ``column``; None when there is none in WKB."""
    content = (file.schema_arrow.metadata or {}).get(b"geo")
    if content is None:
        return None
    geo = json.loads(content)
    column = geo["primary_column"]
    described = dict(geo["columns"][column])
    return {**described, "column": column} if described.get("encoding") == "WKB" else None


Part = tuple[npt.NDArray[np.int64], pa.Table, npt.NDArray[Any]]
"""Feature ids, attributes and well-known binary of some features."""


def _read_parquet(layer: VectorLayer, columns: list[str], size: int) -> Iterator[Part]:
    file = pq.ParquetFile(layer.file)
    geo = _geo(file)
    assert geo is not None  # inspected before
    start = 0
    for part in file.iter_batches(batch_size=size, columns=[*columns, geo["column"]]):
        table = pa.Table.from_batches([part])
        fid = np.arange(start, start + part.num_rows, dtype=np.int64)
        start += part.num_rows
        yield fid, table.select(columns), table.column(geo["column"]).to_numpy()


def _read_ogr(layer: VectorLayer, info: VectorInfo, columns: list[str], size: int) -> Iterator[Part]:
    options: dict[str, Any] = {"layer": info.layer, "encoding": layer.encoding, "columns": columns}
    try:
        with ExitStack() as stack:
            with warnings.catch_warnings():
                # M values are dropped with the Z values later, so that GDAL announces it is nobody's concern.
                warnings.simplefilter("ignore")
                opened = pyogrio.open_arrow(
                    layer.source, use_pyarrow=True, return_fids=True, batch_size=size, **options
                )
                meta, reader = stack.enter_context(opened)
            for part in reader:
                table = pa.Table.from_batches([part])
                fid = table.column(meta["fid_column"]).to_numpy().astype(np.int64)
                yield fid, table.select(columns), table.column(meta["geometry_name"] or "wkb_geometry").to_numpy()
    except (pa.ArrowException, ValueError, RuntimeError, OSError) as error:
        raise LayerError(Problem("vector.unreadable", layer.place, {"reason": str(error)})) from error


def _without_arcs(
    layer: VectorLayer, info: VectorInfo, fid: npt.NDArray[np.int64], geometry: Geometries, faults: Mapping[int, str]
) -> dict[int, str]:
    """Read features again whose geometry could not be built, arcs as chords; says what is still wrong.

    ``geometry`` is completed in place.
    """
    wanted = np.array(sorted(faults))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options: dict[str, Any] = {"layer": info.layer, "columns": [], "fids": fid[wanted], "return_fids": True}
        try:
            _, found, content, _ = pyogrio.raw.read(layer.source, **options)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, ValueError, RuntimeError):
            return dict(faults)
    again, left = shapes(content)
    place = {int(one): int(at) for one, at in zip(fid[wanted], wanted, strict=True)}
    for one, shape in zip(found.tolist(), again, strict=True):
        geometry[place[one]] = shape
    return {place[int(found[at])]: reason for at, reason in left.items()}


def _undisplaced(batch: Batch, crs: UserCRS) -> Batch:
    """Take the official displacement of Chinese web maps out of the coordinates, where the user declared it."""
    if not crs.displacement:
        return batch
    inverse = gcj02.gcj02_to_wgs84 if crs.displacement == "GCJ-02" else gcj02.bd09_to_wgs84

    def back(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(inverse(coordinates[:, 0], coordinates[:, 1]))

    return dataclasses.replace(batch, geometry=np.asarray(shapely.transform(batch.geometry, back), dtype=object))
