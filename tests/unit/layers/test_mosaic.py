"""Mosaics read from their files hold what GDAL reads; those that do more than set files side by side are left to it."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine

from sinks.errors import LayerError
from sinks.geo.legends import load_legend
from sinks.layers.rasters.geotiff_tiles import TileDecoder
from sinks.layers.rasters.mosaic import Mosaic, block_shape
from sinks.layers.rasters.raster import CategoricalLayer, inspect
from sinks.layers.rasters.reader import RasterReader
from sinks.tabulation import tabulate

SIDE, ACROSS = 150, 3
SIZE = SIDE * ACROSS
TILES = {"tiled": True, "blockxsize": 64, "blockysize": 64}
SOURCE = (
    "<{kind}><SourceFilename relativeToVRT='1'>{name}</SourceFilename><SourceBand>1</SourceBand>{rects}{more}</{kind}>"
)


def cells(dtype: str = "uint8") -> np.ndarray:
    coarse = np.random.default_rng(5).integers(1, 10, (SIZE // 3, SIZE // 3))
    return coarse.repeat(3, 0).repeat(3, 1).astype(dtype)


def mosaic(
    folder: Path, data: np.ndarray, change: Any = None, left_out: tuple[int, ...] = (4,), **options: Any
) -> Path:
    """Squares of ``data`` in files of their own; ``change`` has a say in the words of each source."""
    sources = []
    for number, (y, x) in enumerate(product(range(0, SIZE, SIDE), range(0, SIZE, SIDE))):
        if number in left_out:
            continue
        transform = Affine(0.001, 0, 110 + 0.001 * x, 0, -0.001, 45 - 0.001 * y)
        profile = {"driver": "GTiff", "count": 1, "dtype": data.dtype, "crs": "EPSG:4490", "transform": transform}
        profile |= {"compress": "lzw", **TILES, **options}
        with rasterio.open(folder / f"{number}.tif", "w", height=SIDE, width=SIDE, **profile) as file:
            file.write(data[y : y + SIDE, x : x + SIDE], 1)
        rect = f"xSize='{SIDE}' ySize='{SIDE}'"
        rects = f"<SrcRect xOff='0' yOff='0' {rect}/><DstRect xOff='{x}' yOff='{y}' {rect}/>"
        words = {"kind": "SimpleSource", "name": f"{number}.tif", "rects": rects, "more": ""}
        sources.append(SOURCE.format(**(change(number, words) if change else words)))
    kind = {"uint8": "Byte", "int16": "Int16", "float32": "Float32", "int32": "Int32"}[str(data.dtype)]
    text = (
        f"<VRTDataset rasterXSize='{SIZE}' rasterYSize='{SIZE}'><SRS>EPSG:4490</SRS>"
        f"<GeoTransform>110, 0.001, 0, 45, 0, -0.001</GeoTransform><VRTRasterBand dataType='{kind}' band='1'>"
        f"<NoDataValue>0</NoDataValue>{''.join(sources)}</VRTRasterBand></VRTDataset>"
    )
    path = folder / "mosaic.vrt"
    path.write_text(text, encoding="utf-8")
    return path


def without_nodata(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "kind": "ComplexSource", "more": "<NODATA>0</NODATA>"}


FORMS: dict[str, dict[str, Any]] = {
    "LZW tiles": {},
    "DEFLATE strips": {"compress": "deflate", "tiled": False, "blockysize": SIDE},
    "uncompressed strips": {"compress": None, "tiled": False, "blockysize": 1},
    "predictor": {"predictor": 2},
    "as gdalbuildvrt writes them with no data": {"change": without_nodata},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", ["uint8", "int16"])
def test_what_gdal_reads_cell_by_cell(tmp_path: Path, form: str, dtype: str) -> None:
    path = mosaic(tmp_path, cells(dtype), **FORMS[form])
    with rasterio.open(path) as dataset:
        expected = dataset.read(1)
        own = Mosaic.of(dataset, 1)
        assert own is not None
        for tall, wide in ((SIZE, SIZE), (128, 70), (1, SIZE), (33, 151)):
            for row, column in product(range(0, SIZE, tall), range(0, SIZE, wide)):
                found = np.full((min(tall, SIZE - row), min(wide, SIZE - column)), 77, dtype)
                assert own.read(row, column, found)
                assert np.array_equal(found, expected[row : row + tall, column : column + wide])
        own.close()
    assert (expected[SIDE : 2 * SIDE, SIDE : 2 * SIDE] == 0).all()


def scaled(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "kind": "ComplexSource", "more": "<ScaleRatio>2</ScaleRatio>"}


def masked(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "kind": "ComplexSource", "more": "<UseMaskBand>true</UseMaskBand>"}


def of_other_nodata(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "kind": "ComplexSource", "more": "<NODATA>3</NODATA>"}


def overlapping(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "rects": words["rects"].replace(f"DstRect xOff='{SIDE}'", f"DstRect xOff='{SIDE - 1}'")}


def half_a_cell_off(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "rects": words["rects"].replace("SrcRect xOff='0'", "SrcRect xOff='0.5'")}


def enlarged(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "rects": words["rects"].replace(f"xSize='{SIDE}'", f"xSize='{SIDE // 2}'", 1)}


def averaged(number: int, words: dict[str, str]) -> dict[str, str]:
    return {**words, "kind": "AveragedSource"}


@pytest.mark.parametrize("change", [scaled, masked, of_other_nodata, overlapping, half_a_cell_off, enlarged, averaged])
def test_a_mosaic_that_does_more_is_left_to_gdal(tmp_path: Path, change: Any) -> None:
    path = mosaic(tmp_path, cells(), change)
    with rasterio.open(path) as dataset:
        assert Mosaic.of(dataset, 1) is None
        assert block_shape(dataset, 1) == dataset.block_shapes[0]


def test_a_file_out_of_the_ordinary_is_left_to_gdal(tmp_path: Path) -> None:
    """One file among the others has another type: GDAL reads the windows that meet it."""
    path = mosaic(tmp_path, cells())
    with rasterio.open(tmp_path / "0.tif") as file:
        data, profile = file.read(), {**file.profile, "dtype": "int16"}
    with rasterio.open(tmp_path / "0.tif", "w", **profile) as file:
        file.write(data.astype(np.int16))
    with rasterio.open(path) as dataset:
        own = Mosaic.of(dataset, 1)
        assert own is not None
        assert not own.read(0, 0, np.zeros((10, 10), np.uint8))
        assert own.read(0, SIDE, np.zeros((10, 10), np.uint8))
        own.close()


def test_a_file_that_is_missing_is_reported(tmp_path: Path) -> None:
    source = inspect(CategoricalLayer("land_cover", {"2020": mosaic(tmp_path, cells())}, load_legend("clcd")), "2020")
    (tmp_path / "8.tif").unlink()
    with RasterReader(source, source.grid) as reader:
        reader.read(0, 0, np.zeros((SIDE, SIDE), np.uint8))
        with pytest.raises(LayerError) as raised:
            reader.read(SIZE - 9, SIZE - 9, np.zeros((9, 9), np.uint8))
    assert [problem.id for problem in raised.value.problems] == ["raster.corrupt_block"]


def test_a_pass_finds_the_same_whoever_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {}
    for date, data in (("2020", cells()), ("2021", cells()[::-1])):
        (tmp_path / date).mkdir()
        files[date] = mosaic(tmp_path / date, data, left_out=())
    units = gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.Point(110.2, 44.8).buffer(0.19, 7)], crs=4490)
    cover = CategoricalLayer("land_cover", files, load_legend("clcd"))
    own = tabulate(units, cover)
    monkeypatch.setattr(Mosaic, "of", lambda *_: None)
    assert_frame_equal(own.table, tabulate(units, cover).table, check_exact=True)


def test_tiles_of_a_window_are_unpacked_in_one_call_and_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of 3 x 3 tiles, by windows that cut its tiles; the column that two windows share is kept."""
    data = cells()
    calls: list[int] = []
    fill = TileDecoder._fill

    def counted(self: TileDecoder, numbers: Any, *rest: Any) -> bool:
        calls.append(numbers.size)
        return fill(self, numbers, *rest)

    monkeypatch.setattr(TileDecoder, "_fill", counted)
    with rasterio.open(mosaic(tmp_path, data)) as dataset:
        own = Mosaic.of(dataset, 1)
        assert own is not None
        for column, columns in ((0, 100), (100, 50)):
            found = np.empty((70, columns), np.uint8)
            assert own.read(0, column, found)
            assert (found == data[:70, column : column + columns]).all()
        own.close()
    assert calls == [4, 2]
