"""Features as files hold them: one condition, one geometry, whatever the driver."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from sinks.errors import LayerError
from sinks.layers.fields import FieldSpec
from sinks.layers.stands.states import stand_states
from sinks.layers.stands.vector import VectorLayer, inspect, read_batches

FORMATS = ["s.shp", "s.gpkg", "s.gdb", "s.geojson", "s.fgb", "s.parquet"]
DRIVERS = {"s.gdb": "OpenFileGDB"}
FRAME = gpd.GeoDataFrame(
    {
        "DLBM": ["0301", "0301", "0305", "0401", "0301", None],
        "BZ": ["Old", None, "old", "新造", None, "x'y"],
        "NL": pd.array([5, 40, None, 12, 80, 33], dtype="Int32"),
        "XJ": [0.0, 120.5, 33.25, np.nan, 7.5, 88.0],
    },
    geometry=[shapely.box(110 + k / 100, 40, 110 + (k + 1) / 100, 40.01) for k in range(6)],
    crs="EPSG:4490",
)
CONDITIONS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "BZ IS NULL": lambda f: f.BZ.isna(),
    "BZ IS NOT NULL AND XJ > 10": lambda f: f.BZ.notna() & (f.XJ > 10),
    "BZ = 'old'": lambda f: f.BZ == "old",
    "bz = 'Old'": lambda f: f.BZ == "Old",
    "\"BZ\" = '新造'": lambda f: f.BZ == "新造",
    "BZ = 'x''y'": lambda f: f.BZ == "x'y",
    "BZ LIKE 'o%'": lambda f: f.BZ.str.lower().str.startswith("o", na=False),
    "DLBM IN ('0301', '0305')": lambda f: f.DLBM.isin(["0301", "0305"]),
    "DLBM LIKE '03%' AND NL BETWEEN 10 AND 60": lambda f: f.DLBM.str.startswith("03", na=False) & f.NL.between(10, 60),
    "NL IS NULL OR NL < 20 -- young": lambda f: f.NL.isna() | (f.NL < 20).fillna(False),
    "XJ IS NULL": lambda f: f.XJ.isna(),
    "XJ = 120.5": lambda f: f.XJ == 120.5,
    "NOT (NL >= 40)": lambda f: (f.NL < 40).fillna(False),
    "1 = 1": lambda f: pd.Series(True, f.index),
    "NL > 1000": lambda f: pd.Series(False, f.index),
}


def saved(folder: Path, name: str, frame: gpd.GeoDataFrame = FRAME) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        options = {"driver": DRIVERS[name]} if name in DRIVERS else {}
        encoding = {"encoding": "UTF-8"} if name.endswith(".shp") else {}
        pyogrio.write_dataframe(frame, path, **options, **encoding)
    return path


def place(shape: shapely.Geometry) -> int:
    """Number of the stand that stands at a place, since drivers keep no order."""
    return round((shape.bounds[0] - 110) * 100)


@pytest.mark.parametrize("name", FORMATS)
def test_a_condition_gives_the_same_features_whatever_the_driver(name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, name)
    for where, expected in CONDITIONS.items():
        layer = VectorLayer("s", path, "2020", where=where)
        info = inspect(layer)
        # Only one field is read for the account, whichever the condition names.
        batches = list(read_batches(layer, info, ["DLBM"], size=4))
        pairs = [pair for b in batches for pair in zip(b.geometry, b.attributes["DLBM"].to_pylist(), strict=True)]
        found = {place(shape): code for shape, code in pairs}
        kept = FRAME[np.asarray(expected(FRAME).fillna(False), dtype=bool)]
        assert found == {index: code for index, code in kept["DLBM"].replace({np.nan: None}).items()}, where
        assert all(batch.attributes.column_names == ["DLBM"] for batch in batches)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("where", ['"BZZ" IS NULL', "BZZ IS NULL", "BZ = ", "DLBM = '0301'; DROP TABLE features"])
def test_a_condition_that_cannot_be_carried_out_is_said_before_reading(name: str, where: str, tmp_path: Path) -> None:
    with pytest.raises(LayerError) as error:
        inspect(VectorLayer("s", saved(tmp_path, name), "2020", where=where))
    (problem,) = error.value.problems
    assert problem.id == "vector.bad_where"
    assert {"DLBM", "BZ", "NL", "XJ"} <= set(problem.values["fields"])


@pytest.mark.parametrize("name", ["s.shp", "s.gpkg", "s.geojson", "s.parquet"])
def test_no_check_is_skipped_because_of_a_condition(name: str, tmp_path: Path) -> None:
    """Stands that overlap are found among those that are kept, and only there."""
    frame = FRAME.copy()
    frame.loc[1, "geometry"] = frame.geometry[0]
    frame["DLBM"] = "0301"
    path = saved(tmp_path, name, frame)
    units = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(109, 39, 111, 41)], crs="EPSG:4490")
    fields = {"land_cover": FieldSpec("DLBM", codes="sandiao")}
    for where, ids in (("XJ >= 0", ["vector.overlap"]), ("XJ > 100 OR XJ < 100 AND XJ > 0", [])):
        try:
            stand_states(VectorLayer("s", path, "2020", fields=fields, where=where), units)
            found = []
        except LayerError as error:
            found = [problem.id for problem in error.problems]
        assert found == ids, where


# ---- shapes --------------------------------------------------------------------------------------------------------


def ring(*points: tuple[float, ...]) -> bytes:
    return struct.pack("<I", len(points)) + b"".join(struct.pack(f"<{len(p)}d", *p) for p in points)


def polygon(*rings: bytes) -> bytes:
    return struct.pack("<BII", 1, 3, len(rings)) + b"".join(rings)


def circle(x: float, y: float, radius: float, kind: str) -> bytes:
    """A circle as true arcs: a curve polygon, or a multi-surface around one."""
    arcs = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius), (x - radius, y)]
    curve = struct.pack("<BII", 1, 10, 1) + struct.pack("<BI", 1, 8) + ring(*arcs)
    return curve if kind == "CurvePolygon" else struct.pack("<BII", 1, 12, 1) + curve


SQUARE = ring((110.0, 40.0), (110.1, 40.0), (110.1, 40.1), (110.0, 40.1), (110.0, 40.0))


def written(path: Path, shapes: list[bytes | None], kind: str) -> Path:
    """A GeoPackage or GeoParquet of bytes as they are, which no library would write of its own accord."""
    table = pa.table({"DLBM": ["0301"] * len(shapes), "geometry": pa.array(shapes, pa.binary())})
    if path.suffix == ".parquet":
        column = {"encoding": "WKB", "geometry_types": []}
        geo = json.dumps({"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}})
        pq.write_table(table.replace_schema_metadata({"geo": geo}), path)
    else:
        with warnings.catch_warnings():
            # GDAL says that the layer holds other types than it declares, which is what is tried here.
            warnings.simplefilter("ignore")
            pyogrio.write_arrow(
                table, path, geometry_name="geometry", geometry_type=kind, crs="EPSG:4490", driver="GPKG"
            )
    return path


@pytest.mark.parametrize("declared", ["MultiPolygon", "Unknown"])
@pytest.mark.parametrize("kind", ["CurvePolygon", "MultiSurface"])
def test_arcs_become_chords(declared: str, kind: str, tmp_path: Path) -> None:
    path = written(tmp_path / "s.gpkg", [circle(110.0, 40.0, 0.05, kind), polygon(SQUARE), None], declared)
    layer = VectorLayer("s", path, "2020")
    (batch,) = read_batches(layer, inspect(layer), [])
    assert not batch.faults
    assert shapely.area(batch.geometry[0]) == pytest.approx(np.pi * 0.05**2, rel=1e-5)
    assert shapely.area(batch.geometry[1]) == pytest.approx(0.01, rel=1e-9)
    assert batch.geometry[2] is None


DEGENERATE = {
    "points": polygon(ring((110.0, 40.0), (110.1, 40.0), (110.0, 40.0))),
    "hole": polygon(SQUARE, ring((110.02, 40.02), (110.03, 40.02), (110.02, 40.02))),
    "unclosed": polygon(ring((110.0, 40.0), (110.1, 40.0), (110.1, 40.1), (110.0, 40.1))),
}


@pytest.mark.parametrize("form", DEGENERATE)
def test_rings_that_are_none_are_named_with_their_cause(form: str, tmp_path: Path) -> None:
    path = written(tmp_path / "s.parquet", [polygon(SQUARE), DEGENERATE[form], None], "Polygon")
    units = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(109, 39, 111, 41)], crs="EPSG:4490")
    fields = {"land_cover": FieldSpec("DLBM", codes="sandiao")}
    layer = VectorLayer("s", path, "2020", crs="EPSG:4490", fields=fields)
    with pytest.raises(LayerError) as error:
        stand_states(layer, units)
    found = {problem.id: problem.values for problem in error.value.problems}
    id = "vector.broken_geometry" if form == "unclosed" else "vector.invalid_geometry"
    assert set(found) == {id, "vector.null_geometry"}
    assert found[id]["count"] == 1
    (said,) = found[id]["features"]
    assert said.startswith("1: ")
    assert ("closed" if form == "unclosed" else "Too few points") in said


def test_a_ring_without_area_is_not_repaired(tmp_path: Path) -> None:
    path = written(tmp_path / "s.parquet", [polygon(SQUARE), DEGENERATE["points"], DEGENERATE["hole"]], "Polygon")
    units = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(109, 39, 111, 41)], crs="EPSG:4490")
    fields = {"land_cover": FieldSpec("DLBM", codes="sandiao")}
    layer = VectorLayer("s", path, "2020", crs="EPSG:4490", fields=fields, repair=True, where="fid <> 2")
    with pytest.raises(LayerError) as error:
        stand_states(layer, units)
    (problem,) = error.value.problems
    assert problem.id == "vector.broken_geometry"
    assert problem.values["features"][0].startswith("1: Too few points")
    # A hole of no area goes, and the land around it stays.
    layer = VectorLayer("s", path, "2020", crs="EPSG:4490", fields=fields, repair=True, where="fid = 2")
    states = stand_states(layer, units).states
    assert states["area_ha"].sum() == pytest.approx(np.cos(np.radians(40.05)) * 0.01 * 111.1**2 * 100, rel=0.01)


@pytest.mark.parametrize("name", ["s.shp", "s.gpkg", "s.geojson", "s.gdb", "s.parquet"])
def test_heights_play_no_part(name: str, tmp_path: Path) -> None:
    high = FRAME.set_geometry(shapely.force_3d(FRAME.geometry.to_numpy(), 1200.0), crs=FRAME.crs)
    layer = VectorLayer("s", saved(tmp_path, name, high), "2020")
    (batch,) = read_batches(layer, inspect(layer), [])
    assert not shapely.has_z(batch.geometry).any()
    assert shapely.area(batch.geometry).sum() == pytest.approx(shapely.area(FRAME.geometry.to_numpy()).sum(), rel=1e-9)
