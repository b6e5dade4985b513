"""Units in every kind of file: the same land and the same shares, whatever they are counted in.

Right values stand here as hectares and fractions; factors are those of the units' definitions, typed in.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from sinks.errors import LayerError, SinksError
from sinks.layers.fields import FieldSpec
from sinks.layers.rasters.raster import ContinuousLayer, inspect
from sinks.layers.rasters.reader import RasterReader
from sinks.layers.stands.states import stand_states
from sinks.layers.stands.vector import VectorLayer
from sinks.layers.tables.plan import TableLayer
from sinks.layers.tables.table import table_states
from sinks.units import factor

SHARES = {"%": 100.0, "1": 1.0, "‰": 1000.0}
"""How many of the unit are one whole."""

HECTARES = {
    "ha": 1.0,
    "公顷": 1.0,
    "mu": 1 / 15,
    "亩": 1 / 15,
    "m2": 1e-4,
    "平方米": 1e-4,
    "km2": 100.0,
    "平方公里": 100.0,
    "10^4 ha": 1e4,
    "万公顷": 1e4,
    "10^4 mu": 1e4 / 15,
    "万亩": 1e4 / 15,
    "千公顷": 1e3,
}

UNITS = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(110.0, 40.0, 110.2, 40.2)], crs=4490)
REGIONS = pd.DataFrame({"code": ["1", "2"], "name": ["甲区", "乙区"]})
TRUE = (0.75, 0.5)
AREAS = (1234.5, 30.0)


def table(path: Path, areas: Any, covers: Any, area_unit: str, cover_unit: str) -> Any:
    rows = [["地区", "面积", "郁闭度"], ["甲区", areas[0], covers[0]], ["乙区", areas[1], covers[1]]]
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        path.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    columns = {
        "region": FieldSpec("地区"),
        "area": FieldSpec("面积", area_unit),
        "canopy_cover": FieldSpec("郁闭度", cover_unit),
    }
    return table_states(TableLayer("s", path, columns, date="2020", ecosystem="forest"), REGIONS)


SQUARES = [shapely.box(110 + k / 100, 40.1, 110 + (k + 1) / 100, 40.11) for k in range(2)]


def true_areas() -> list[float]:
    import pyproj

    geod = pyproj.Geod(ellps="GRS80")
    return [abs(geod.geometry_area_perimeter(shapely.segmentize(one, 1e-4))[0]) / 1e4 for one in SQUARES]


def stands(path: Path, areas: Any, covers: Any, area_unit: str, cover_unit: str, **options: Any) -> Any:
    columns = {"DLBM": ["0301", "0301"], "MJ": list(areas), "YBD": list(covers)}
    frame = gpd.GeoDataFrame(columns, geometry=SQUARES, crs=4490)
    frame.to_file(path, encoding="UTF-8")
    fields = {
        "land_cover": FieldSpec("DLBM", codes="sandiao"),
        "declared_area": FieldSpec("MJ", area_unit),
        "canopy_cover": FieldSpec("YBD", cover_unit),
    }
    return stand_states(VectorLayer("s", path, "2020", fields=fields), UNITS, **options)


FILES = {"t.csv": table, "t.xlsx": table, "s.gpkg": stands, "s.shp": stands}


@pytest.mark.parametrize(("name", "unit"), list(product(FILES, HECTARES)))
def test_areas_in_every_unit(tmp_path: Path, name: str, unit: str) -> None:
    areas = AREAS if FILES[name] is table else true_areas()
    options = {} if FILES[name] is table else {"area": "declared"}
    written = [area / HECTARES[unit] for area in areas]
    found = FILES[name](tmp_path / name, written, TRUE, unit, "1", **options)
    assert found.states["area_ha"].sum() == pytest.approx(sum(areas), rel=1e-6)


@pytest.mark.parametrize(("name", "declared", "stored"), list(product(["s.gpkg"], ["ha", "mu", "m2"], HECTARES)))
def test_an_area_recorded_in_another_unit_is_refused(tmp_path: Path, name: str, declared: str, stored: str) -> None:
    """The outlines know the land: what is not in the unit that was declared is told from its size."""
    if np.isclose(HECTARES[declared], HECTARES[stored]):
        return
    written = [area / HECTARES[stored] for area in true_areas()]
    with pytest.raises(LayerError) as error:
        stands(tmp_path / name, written, TRUE, declared, "1", area="declared")
    (problem,) = error.value.problems
    assert problem.id == "vector.area_wrong_unit"
    # What is advised has the size of what is stored, where it is a unit of surveys.
    if HECTARES[stored] <= 1.0:
        assert np.isclose(factor(problem.values["guess"], "ha"), HECTARES[stored])


def outcome(name: str, path: Path, declared: str, stored: str) -> tuple[list[float], set[str]]:
    """Shares as read, and what was said of them; no shares where they were refused."""
    covers = [share * SHARES[stored] for share in TRUE]
    areas = AREAS if FILES[name] is table else true_areas()
    try:
        found = FILES[name](path, areas, covers, "ha", declared)
    except SinksError as error:
        return [], {problem.id.partition(".")[2] for problem in error.problems}
    rows = found.states.groupby("canopy_cover")["area_ha"].sum()
    mean = (rows.index.to_numpy() * rows.to_numpy()).sum() / rows.sum() if FILES[name] is stands else 0.0
    values = [float(mean)] if FILES[name] is stands else found.states["canopy_cover"].tolist()
    return values, {note.id.partition(".")[2] for note in found.notes}


@pytest.mark.parametrize(("name", "declared", "stored"), list(product(FILES, SHARES, SHARES)))
def test_shares_in_every_unit(tmp_path: Path, name: str, declared: str, stored: str) -> None:
    values, said = outcome(name, tmp_path / name, declared, stored)
    if declared == stored:
        wanted = list(TRUE) if FILES[name] is table else [np.average(TRUE, weights=true_areas())]
        assert values == pytest.approx(wanted, rel=1e-9)
        assert not said & {"looks_like_fraction", "looks_like_percent"}
    elif declared == "1" or stored == "‰":
        # More than the whole.
        assert not values
        assert said & {"looks_like_percent", "out_of_bounds"}
    elif stored == "1":
        assert "looks_like_fraction" in said
    else:
        # Percent where per mille is declared: 75 of a thousand are a share like any other.
        assert (declared, stored) == ("‰", "%")
        assert values


@pytest.mark.parametrize(
    ("declared", "stored", "dtype"), list(product(SHARES, SHARES, ["float32", "float64", "int16"]))
)
def test_shares_of_rasters(tmp_path: Path, declared: str, stored: str, dtype: str) -> None:
    if dtype == "int16" and stored == "1":
        return
    cells = (np.linspace(0.25, 0.75, 64).reshape(8, 8) * SHARES[stored]).astype(dtype)
    place = {"crs": "EPSG:4490", "transform": Affine(0.01, 0, 110, 0, -0.01, 45), "nodata": -1}
    path = tmp_path / "cover.tif"
    with rasterio.open(path, "w", driver="GTiff", width=8, height=8, count=1, dtype=dtype, **place) as out:
        out.write(cells, 1)
    layer = ContinuousLayer("cover", "canopy_cover", {"2020": path}, 0.0, 1.0, factor=factor(declared, "1"))
    if declared != "1" and stored == "1":
        with pytest.raises(LayerError) as error:
            inspect(layer, "2020")
        assert [problem.id for problem in error.value.problems] == ["raster.looks_like_fraction"]
        inspect(
            ContinuousLayer("cover", "canopy_cover", {"2020": path}, 0.0, 1.0, factor=0.01, accept=("fraction",)),
            "2020",
        )
        return
    source = inspect(layer, "2020")
    out = np.zeros((8, 8), source.dtype)
    with RasterReader(source.on(source.grid, None), source.grid) as reader:
        reader.read(0, 0, out)
    read = out * layer.factor
    # In the unit that was declared; what is more than the whole the pass refuses.
    assert read == pytest.approx(cells / SHARES[declared], rel=1e-6)
    assert (read.max() > 1.0) == (SHARES[stored] > SHARES[declared])
