"""Faults that users of other programs reported, rebuilt small: each is read right here, or refused with its reason.

Every test names the report.  Right values are NumPy's and pandas', never the program's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from sinks.errors import SinksError
from sinks.geo.legends import load_legend
from sinks.geo.region_file import load_file
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
from sinks.tabulation import tabulate
from support.small_layers import cover, regions, stock, write

ROWS, COLUMNS = 40, 50
WHOLE = shapely.box(110.0, 41.0, 115.0, 45.0)
"""Exactly the raster: whole cells, so that NumPy needs no shares of cells."""

Array = np.ndarray[Any, Any]


@pytest.fixture
def land(tmp_path: Path) -> CategoricalLayer:
    """Grassland everywhere."""
    return cover(y2020=write(tmp_path / "land.tif", np.full((ROWS, COLUMNS), 4, np.uint8), nodata=0))


def mean(land: CategoricalLayer, layer: ContinuousLayer) -> tuple[float, float]:
    """Mean over the observed land and observed area, as the pass has them."""
    states = tabulate(regions(WHOLE), land, inputs=[layer], threads=1).activity().states
    name = layer.name
    observed = states[f"{name}_observed_ha"]
    return float((states[name] * observed).sum() / observed.sum()), float(observed.sum())


def weights() -> Array:
    """Areas of the rows of cells [ha], by pyproj."""
    import pyproj

    geod = pyproj.Geod(ellps="GRS80")
    rows = []
    for row in range(ROWS):
        cell = shapely.segmentize(shapely.box(110.0, 45.0 - 0.1 * (row + 1), 110.1, 45.0 - 0.1 * row), 0.001)
        rows.append(abs(geod.geometry_area_perimeter(cell)[0]) / 1e4)
    return np.repeat(np.array(rows)[:, None], COLUMNS, axis=1)


def ids(error: pytest.ExceptionInfo[SinksError]) -> set[str]:
    return {problem.id for problem in error.value.problems}


def test_sums_of_wide_integers_do_not_overflow(tmp_path: Path, land: CategoricalLayer) -> None:
    """perrygeo/python-rasterstats 129, 177: means and sums of 16-bit bands wrong by powers of two."""
    data = np.random.default_rng(1).integers(50_000, 65_535, (ROWS, COLUMNS)).astype(np.uint16)
    path = write(tmp_path / "wide.tif", data, nodata=0)
    layer = ContinuousLayer("stock", "growing_stock", {"2020": path}, 0.0, 70_000.0)
    found, observed = mean(land, layer)
    assert found == pytest.approx(float((data * weights()).sum() / weights().sum()), rel=1e-6)
    assert observed == pytest.approx(float(weights().sum()), rel=1e-6)


def test_nodata_is_compared_before_scale_and_offset(tmp_path: Path, land: CategoricalLayer) -> None:
    """isciences/exactextract 138: scale and offset were applied to the value of no data, which then counted."""
    import rasterio

    rng = np.random.default_rng(2)
    data = rng.integers(20, 250, (ROWS, COLUMNS)).astype(np.uint8)
    data[rng.random(data.shape) < 0.2] = 255
    path = write(tmp_path / "scaled.tif", data, nodata=255)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.004,), (-0.08,)
    layer = ContinuousLayer("stock", "growing_stock", {"2020": path}, -1.0, 10.0)
    found, observed = mean(land, layer)
    seen = data != 255
    area = weights()
    expected = float(((data * 0.004 - 0.08) * area)[seen].sum() / area[seen].sum())
    assert found == pytest.approx(expected, rel=1e-6)
    assert observed == pytest.approx(float(area[seen].sum()), rel=1e-6)


def test_a_filling_value_nobody_declared_is_refused(tmp_path: Path, land: CategoricalLayer) -> None:
    """thinkingmachines/geowrangler 163: -99999 without a declaration made sums negative."""
    data = np.full((ROWS, COLUMNS), 80, np.float32)
    data[3:5] = -99999
    with pytest.raises(SinksError) as error:
        mean(land, stock(y2020=write(tmp_path / "filled.tif", data)))
    assert ids(error) == {"raster.out_of_bounds"}
    assert "-99999" in str(error.value)


def test_zero_is_a_value(tmp_path: Path, land: CategoricalLayer) -> None:
    """geotools GEOT-5933: cells of zero or less were not counted."""
    rng = np.random.default_rng(3)
    data = np.where(rng.random((ROWS, COLUMNS)) < 0.5, 0, rng.random((ROWS, COLUMNS)) * 90).astype(np.float32)
    path = write(tmp_path / "zeros.tif", data, nodata=np.nan)
    found, observed = mean(land, stock(y2020=path))
    assert found == pytest.approx(float((data * weights()).sum() / weights().sum()), rel=1e-6)
    assert observed == pytest.approx(float(weights().sum()), rel=1e-6)


def test_a_code_that_may_be_no_data_is_said_to_be_one(tmp_path: Path) -> None:
    """natcap/invest 495: "values are not in the table: [0]" left users alone with an undeclared no data."""
    data = np.full((ROWS, COLUMNS), 4, np.uint8)
    data[:7] = 77
    land = cover(y2020=write(tmp_path / "land.tif", data))
    with pytest.raises(SinksError) as error:
        tabulate(regions(WHOLE), land, threads=1)
    assert ids(error) == {"tabulate.unknown_codes"}
    assert "77" in str(error.value)
    assert "nodata" in str(error.value)


def test_a_code_twice_in_a_legend_is_refused(tmp_path: Path) -> None:
    """natcap/invest 1077: a code that stands twice in a table of classes took one of two meanings."""
    path = tmp_path / "own.csv"
    head = "code,name_zh,name_en,class,ecosystem\n"
    path.write_text(head + "1,林地,forest,forest,forest\n1,草地,grass,grassland,grassland\n", encoding="utf-8")
    with pytest.raises(SinksError) as error:
        load_legend(path)
    assert "1" in str(error.value)


def test_declared_no_data_that_never_occurs_is_no_matter(tmp_path: Path) -> None:
    """oneenergy-software/Continuum 24: 255, declared as no data, was refused as a code of no class."""
    data = np.full((ROWS, COLUMNS), 4, np.uint8)
    land = cover(y2020=write(tmp_path / "land.tif", data, nodata=255))
    states = tabulate(regions(WHOLE), land, threads=1).activity().states
    assert set(states["class"]) == {"grassland"}
    assert states["area_ha"].sum() == pytest.approx(float(weights().sum()), rel=1e-6)


def squares(**columns: list[Any]) -> gpd.GeoDataFrame:
    count = len(next(iter(columns.values())))
    shapes = [shapely.box(110 + at, 41, 111 + at, 42) for at in range(count)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4490)


def test_a_text_is_no_name_of_a_region(tmp_path: Path) -> None:
    """Two hundred letters are the most: longer ones are named by row and length, before anything is laid out."""
    for length in (200, 201, 40_000):
        squares(code=["990101", "990102"], name=["甲", "乙" * length]).to_file(tmp_path / f"{length}.gpkg")
    assert len(load_file(tmp_path / "200.gpkg", "code", "name").frame) == 2
    for length, shown in ((201, "201"), (40_000, "40,000")):
        with pytest.raises(SinksError) as error:
            load_file(tmp_path / f"{length}.gpkg", "code", "name")
        (problem,) = error.value.problems
        assert (problem.id, problem.values["rows"]) == ("regions.name_too_long", [f"#2 990102: {shown}"])
        assert len(str(problem)) < 500


def test_names_that_were_lost_on_writing(tmp_path: Path) -> None:
    """ProjectSidewalk 5276: a file written as Latin-1 holds a question mark for every Chinese sign, in every name."""
    squares(code=["150100", "150200"], name=["?????", "???"]).to_file(tmp_path / "lost.shp", encoding="ISO-8859-1")
    with pytest.raises(SinksError) as error:
        load_file(tmp_path / "lost.shp", "code", "name")
    assert ids(error) == {"regions.name_lost"}
    assert "#1" in str(error.value)
    assert "#2" in str(error.value)


def test_a_field_name_that_the_format_cut(tmp_path: Path) -> None:
    """kikitte/GDAL4Android 7: ten bytes end in the middle of a fourth Chinese sign, and no reader decodes the name."""
    with pytest.warns(RuntimeWarning, match="field name"):
        squares(code=["150100", "150200"], 行政区名称=["甲", "乙"]).to_file(tmp_path / "cut.shp", encoding="UTF-8")
    with pytest.raises(SinksError) as error:
        load_file(tmp_path / "cut.shp", "code", "行政区名称")
    assert ids(error) == {"regions.unreadable"}
    assert "encoding" in str(error.value)


def test_utf8_without_a_word_of_it_and_gbk_declared(tmp_path: Path) -> None:
    """geopandas/pyogrio 380: files said to be GBK were UTF-8; names came garbled without an error."""
    squares(code=["150100", "150200"], name=["呼和浩特市", "包头市"]).to_file(tmp_path / "u.shp", encoding="UTF-8")
    (tmp_path / "u.cpg").unlink()
    with pytest.raises(SinksError) as error:
        load_file(tmp_path / "u.shp", "code", "name", encoding="GBK")
    assert {problem.id.split(".")[0] for problem in error.value.problems} == {"dbf"}
