"""Coordinates in every format of vectors: zones right, missing or mixed, axes swapped; in regions and in stands.

Right areas are those of pyproj's geodesic on the same squares; coordinates are made by pyproj.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from sinks.errors import SinksError
from sinks.geo.region_file import load_file
from sinks.layers.fields import FieldSpec
from sinks.layers.stands.states import stand_states
from sinks.layers.stands.vector import VectorLayer

FORMATS = ["r.shp", "r.gpkg", "r.geojson", "r.gdb", "r.parquet"]
DRIVERS = {"r.gdb": "OpenFileGDB"}
SQUARES = [shapely.segmentize(shapely.box(111.2 + k / 10, 40.0, 111.3 + k / 10, 40.1), 0.005) for k in range(2)]
GEOD = pyproj.Geod(ellps="GRS80")
AREAS = [abs(GEOD.geometry_area_perimeter(square)[0]) / 1e4 for square in SQUARES]
UNITS = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(100.0, 35.0, 125.0, 50.0)], crs=4490)

Shapes = list[Any]


def projected(code: int, shapes: Shapes = SQUARES) -> Shapes:
    to = pyproj.Transformer.from_crs(4490, code, always_xy=True)
    return [shapely.transform(shape, lambda x: np.column_stack(to.transform(x[:, 0], x[:, 1]))) for shape in shapes]


def moved(shapes: Shapes, east: float) -> Shapes:
    return [shapely.transform(shape, lambda x: np.add(x, (east, 0.0))) for shape in shapes]


def swapped(shapes: Shapes) -> Shapes:
    return [shapely.transform(shape, lambda x: x[:, ::-1]) for shape in shapes]


def two_zones() -> Shapes:
    west = projected(4525, SQUARES[:1])
    return west + moved(projected(4549, SQUARES[1:]), 39e6)


# Form: coordinates, CRS that the file states (or none), CRS that the project states, and what is said (None: read).
FORMS: dict[str, tuple[Callable[[], Shapes], int | None, str | None, str | None]] = {
    "3 degrees, prefix": (lambda: projected(4525), 4525, None, None),
    "3 degrees, no prefix": (lambda: projected(4546), 4546, None, None),
    "6 degrees, prefix": (lambda: projected(4497), 4497, None, None),
    "6 degrees, no prefix": (lambda: projected(4508), 4508, None, None),
    "3 degrees in words": (lambda: projected(4525), None, "CGCS2000 3度带 37", None),
    "6 degrees in words": (lambda: projected(4497), None, "CGCS2000 6度带 19", None),
    "6 degrees by meridian in words": (lambda: projected(4508), None, "国家2000 6度带 中央经线 111度", None),
    "degrees": (lambda: SQUARES, 4490, None, None),
    "3 degrees, prefix in data only": (lambda: projected(4525), 4546, None, "crs.prefix_in_data"),
    "6 degrees, prefix in data only": (lambda: projected(4497), 4508, None, "crs.prefix_in_data"),
    "3 degrees, prefix missing": (lambda: projected(4546), 4525, None, "crs.prefix_missing"),
    "6 degrees, prefix missing": (lambda: projected(4508), 4497, None, "crs.prefix_missing"),
    "prefix of another width": (lambda: projected(4497), 4525, None, "crs.prefix_other"),
    "two zones": (two_zones, 4525, None, "crs.two_zones"),
    "metres swapped": (lambda: swapped(projected(4525)), 4525, None, "crs.swapped_metres"),
    "degrees swapped": (lambda: swapped(SQUARES), 4490, None, "crs.swapped"),
    "metres as degrees": (lambda: projected(4525), 4490, None, "crs.not_degrees"),
    "degrees as metres": (lambda: SQUARES, 4546, None, "crs.degrees"),
    "impossible": (lambda: moved(projected(4546), 2e7 * 3), 4546, None, "crs.beyond_zone"),
    "no CRS": (lambda: projected(4525), None, None, ".no_crs"),
    "words of no zone": (lambda: projected(4525), None, "CGCS2000 6度带 37", "crs.zone_range"),
}


def saved(path: Path, shapes: Shapes, code: int | None) -> Path:
    columns = {"code": ["1", "2"], "name": ["甲", "乙"], "DLBM": ["0301", "0301"]}
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=code)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
        return path
    options: dict[str, Any] = {"driver": DRIVERS[path.name]} if path.name in DRIVERS else {}
    if path.suffix == ".shp":
        options["encoding"] = "UTF-8"
    with warnings.catch_warnings():
        # That a file has no CRS is what is tried.
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, path, **options)
    return path


def regions(path: Path, crs: str | None) -> list[float]:
    found = load_file(path, "code", "name", crs=crs)
    return [float(found.area_ha[code]) for code in ("1", "2")]


def stands(path: Path, crs: str | None) -> list[float]:
    layer = VectorLayer("s", path, "2020", crs=crs, fields={"land_cover": FieldSpec("DLBM", codes="sandiao")})
    return [float(stand_states(layer, UNITS).states["area_ha"].sum())]


def cannot_be(name: str, form: str) -> bool:
    """A GeoJSON without a CRS is in degrees by its standard, and says so."""
    return name == "r.geojson" and FORMS[form][1] is None


@pytest.mark.parametrize(("name", "form"), [pair for pair in product(FORMATS, FORMS) if not cannot_be(*pair)])
def test_where_the_land_lies(tmp_path: Path, name: str, form: str) -> None:
    shapes, code, said, outcome = FORMS[form]
    path = saved(tmp_path / name, shapes(), code)
    for reader, right in ((regions, AREAS), (stands, [sum(AREAS)])):
        if outcome is None:
            assert reader(path, said) == pytest.approx(right, rel=2e-6)
            continue
        with pytest.raises(SinksError) as error:
            reader(path, said)
        found = {problem.id: problem.values for problem in error.value.problems}
        assert any(id.endswith(outcome) for id in found), found
        guess = next((values["guess"] for values in found.values() if "guess" in values), "?")
        if guess != "?":
            # The advice, followed, is right; a geodatabase rounded degrees as if they were metres.
            assert reader(path, guess) == pytest.approx(right, rel=1e-5)
