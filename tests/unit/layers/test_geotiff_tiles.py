"""Tiles decoded without GDAL hold, bit for bit, what GDAL reads; whatever is out of the ordinary is left to GDAL."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import shapely
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine
from rasterio.windows import Window

from sinks.errors import LayerError
from sinks.geo.legends import load_legend
from sinks.layers.rasters.geotiff_tiles import TileDecoder
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer, inspect
from sinks.layers.rasters.reader import RasterReader
from sinks.tabulation import tabulate

HEIGHT, WIDTH = 300, 410
TILES = {"tiled": True, "blockxsize": 128, "blockysize": 144}
STRIPS = {"tiled": False, "blockysize": 64}
LEGEND = load_legend("clcd")


def values(dtype: str, rows: int = HEIGHT, columns: int = WIDTH) -> np.ndarray:
    """Patches of equal cells and cells of any bits at all, the lowest and highest of the type among them."""
    rng = np.random.default_rng(7)
    kind = np.dtype(dtype)
    noise = np.frombuffer(rng.bytes(rows * columns * kind.itemsize), kind).reshape(rows, columns).copy()
    noise[:200, :300] = noise[:20, :30].repeat(10, 0).repeat(10, 1)
    return noise


def write(path: Path, data: np.ndarray, **options: Any) -> Path:
    bands = data if data.ndim == 3 else data[None]
    profile = {"driver": "GTiff", "count": len(bands), "dtype": data.dtype, "crs": "EPSG:4490", "compress": "deflate"}
    profile |= {"transform": Affine(0.001, 0, 110, 0, -0.001, 45), **TILES, **options}
    with rasterio.open(path, "w", height=bands.shape[1], width=bands.shape[2], **profile) as file:
        file.write(bands)
    return path


def bits(cells: np.ndarray) -> bytes:
    return cells.tobytes()


PACKED = ("deflate", "zstd", "lzw")
LAYOUTS = [
    *product(("uint8", "int8", "uint16", "int16", "uint32", "int32"), (1, 2), PACKED),
    *product(("float32",), (1, 3), PACKED),
    *product(("float64",), (1,), PACKED),
    *product(("uint8", "int16", "float32", "float64"), (1,), ("packbits", None)),
]


@pytest.mark.parametrize("layout", [TILES, STRIPS], ids=["tiles", "strips"])
@pytest.mark.parametrize(("dtype", "predictor", "compress"), LAYOUTS)
def test_what_gdal_reads_bit_for_bit(
    tmp_path: Path, dtype: str, predictor: int, layout: dict[str, Any], compress: str | None
) -> None:
    data = values(dtype)
    options = {"compress": compress, **({"predictor": predictor} if predictor > 1 else {})}
    bigtiff = "yes" if predictor == 1 else "no"
    path = write(tmp_path / "a.tif", data, **options, **layout, bigtiff=bigtiff)
    with rasterio.open(path) as dataset:
        tiles = TileDecoder.of(dataset, 1)
        assert tiles is not None
        rows, columns = tiles.shape
        for row, column in product(range(0, HEIGHT, rows), range(0, WIDTH, columns)):
            window = Window(column, row, min(columns, WIDTH - column), min(rows, HEIGHT - row))
            found = np.zeros((window.height, window.width), dtype)
            assert tiles.read(row, column, found)
            assert bits(found) == bits(dataset.read(1, window=window))
        whole = np.zeros(data.shape, dtype)
        assert tiles.read(0, 0, whole)
        assert bits(whole) == bits(data)
        flat = np.zeros(data.size, dtype)
        assert tiles.read_tiles(0, 0, data.shape, flat)
        assert bits(flat) == b"".join(bits(data[:, left : left + columns]) for left in range(0, WIDTH, columns))
        tiles.close()


@pytest.mark.parametrize("window", [(1, 0, 144, 128), (0, 0, 143, 128), (144, 128, 144, 127), (0, 64, 144, 128)])
def test_windows_that_cut_through_tiles_are_left_to_gdal(tmp_path: Path, window: tuple[int, int, int, int]) -> None:
    row, column, rows, columns = window
    with rasterio.open(write(tmp_path / "a.tif", values("uint8"))) as dataset:
        tiles = TileDecoder.of(dataset, 1)
        assert tiles is not None
        assert not tiles.read(row, column, np.zeros((rows, columns), np.uint8))
        tiles.close()


def test_a_wider_type_gets_the_same_numbers(tmp_path: Path) -> None:
    data = values("int16")
    with rasterio.open(write(tmp_path / "a.tif", data, predictor=2)) as dataset:
        tiles = TileDecoder.of(dataset, 1)
        assert tiles is not None
        found = np.zeros(data.shape, np.float32)
        assert tiles.read(0, 0, found)
        assert np.array_equal(found, data)
        tiles.close()


def test_a_band_of_several_in_planes(tmp_path: Path) -> None:
    data = np.stack([values("uint8"), values("uint8")[::-1]])
    with rasterio.open(write(tmp_path / "a.tif", data, interleave="band")) as dataset:
        tiles = TileDecoder.of(dataset, 2)
        assert tiles is not None
        found = np.zeros(data.shape[1:], np.uint8)
        assert tiles.read(0, 0, found)
        assert np.array_equal(found, data[1])
        tiles.close()


@pytest.mark.parametrize("layout", [TILES, STRIPS], ids=["tiles", "strips"])
@pytest.mark.parametrize("nbits", [1, 2, 4])
def test_cells_of_few_bits(tmp_path: Path, nbits: int, layout: dict[str, Any]) -> None:
    data = values("uint8") % (1 << nbits)
    with rasterio.open(write(tmp_path / "a.tif", data, compress="lzw", nbits=nbits, **layout)) as dataset:
        tiles = TileDecoder.of(dataset, 1)
        assert tiles is not None
        found = np.zeros(data.shape, np.uint8)
        assert tiles.read(0, 0, found)
        assert np.array_equal(found, data)
        tiles.close()


@pytest.mark.parametrize("compress", ["lzw", "packbits", None])
def test_directories_in_either_byte_order(tmp_path: Path, compress: str | None) -> None:
    """A byte is a byte in both; wider cells of the other order are left to GDAL."""
    data = values("uint8")
    for bigtiff in ("no", "yes"):
        with rasterio.open(
            write(tmp_path / "a.tif", data, compress=compress, endianness="big", bigtiff=bigtiff)
        ) as dataset:
            tiles = TileDecoder.of(dataset, 1)
            assert tiles is not None
            found = np.zeros(data.shape, np.uint8)
            assert tiles.read(0, 0, found)
            assert np.array_equal(found, data)
            tiles.close()


@pytest.mark.parametrize("window", [(1, 0, 144, 128), (0, 64, 300, 300), (299, 409, 1, 1), (100, 3, 200, 407)])
@pytest.mark.parametrize("layout", [TILES, STRIPS], ids=["tiles", "strips"])
def test_parts_of_tiles(tmp_path: Path, layout: dict[str, Any], window: tuple[int, int, int, int]) -> None:
    row, column, rows, columns = window
    data = values("int16")
    with rasterio.open(write(tmp_path / "a.tif", data, compress="lzw", **layout)) as dataset:
        tiles = TileDecoder.of(dataset, 1)
        assert tiles is not None
        for _ in range(2):
            found = np.zeros((rows, columns), np.int16)
            assert tiles.read_part(row, column, found)
            assert np.array_equal(found, data[row : row + rows, column : column + columns])
        tiles.close()


UNFIT: dict[str, tuple[Any, dict[str, Any]]] = {
    "interleaved by pixel": (np.stack([values("uint8")] * 2), {"interleave": "pixel"}),
    "seven bits a cell": (values("uint8") % 128, {"nbits": 7}),
    "half a float": (values("uint8").astype(np.float32), {"nbits": 16}),
    "packed for pictures": (values("uint8"), {"compress": "lzma"}),
    "a predictor of floats": (values("float32"), {"predictor": 2}),
    "float64 with a predictor": (values("float64"), {"predictor": 3}),
    "the other byte order": (values("uint16"), {"endianness": "big"}),
    "tiles of few cells": (values("uint8"), {"blockxsize": 16, "blockysize": 16}),
    "complex numbers": (values("float32").astype(np.complex64), {}),
}


@pytest.mark.parametrize("case", UNFIT)
def test_files_out_of_the_ordinary_are_left_to_gdal(tmp_path: Path, case: str) -> None:
    data, options = UNFIT[case]
    with rasterio.open(write(tmp_path / "a.tif", data, **options)) as dataset:
        assert TileDecoder.of(dataset, 1) is None


def test_anything_but_a_local_geotiff_is_left_to_gdal(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", values("uint8"))
    with rasterio.open(path) as dataset:
        rasterio.shutil.copy(dataset, tmp_path / "a.vrt", driver="VRT")
    for name in (str(tmp_path / "a.vrt"), f"GTIFF_DIR:1:{path}", f"/vsisubfile/0,{path}"):
        with rasterio.open(name) as dataset:
            assert TileDecoder.of(dataset, 1) is None
    assert TileDecoder.of(object(), 1) is None


def test_a_tile_that_was_never_written_holds_what_gdal_says(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": "EPSG:4490", "nodata": 99, **TILES}
    profile |= {"transform": Affine(0.001, 0, 110, 0, -0.001, 45), "compress": "deflate", "sparse_ok": True}
    with rasterio.open(path, "w", height=HEIGHT, width=WIDTH, **profile) as file:
        file.write(np.full((144, 128), 3, np.uint8), 1, window=Window(128, 144, 128, 144))
    source = inspect(CategoricalLayer("land_cover", {"2020": path}, LEGEND), "2020")
    with RasterReader(source, source.grid) as reader, rasterio.open(path) as dataset:
        found = np.zeros((HEIGHT, WIDTH), np.uint8)
        reader.read(0, 0, found)
        assert np.array_equal(found, dataset.read(1))
    assert set(np.unique(found)) == {3, 99}


def test_a_broken_tile_is_reported_as_gdal_reports_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", values("uint8"))
    with rasterio.open(path) as dataset:
        place = int(dataset.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
    with path.open("r+b") as file:
        file.seek(place + 40)
        file.write(bytes(range(200)))
    source = inspect(CategoricalLayer("land_cover", {"2020": path}, LEGEND), "2020")
    with RasterReader(source, source.grid) as reader, pytest.raises(LayerError) as raised:
        reader.read(144, 128, np.zeros((144, 128), np.uint8))
    assert [problem.id for problem in raised.value.problems] == ["raster.corrupt_block"]


@pytest.mark.parametrize("layout", [TILES, STRIPS], ids=["tiles", "strips"])
@pytest.mark.parametrize("inputs", [False, True])
def test_a_pass_finds_the_same_whoever_decodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: dict[str, Any], inputs: bool
) -> None:
    """Tiles lie one after the other in memory where they are decoded into place, and rows do where GDAL reads."""
    rng = np.random.default_rng(3)
    shapes = [shapely.Point(110.13 + 0.15 * i, 44.85).buffer(0.14 - 0.03 * i, 7) for i in range(2)]
    units = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=shapes, crs=4490)
    files = {
        str(2020 + i): write(tmp_path / f"{i}.tif", rng.integers(1, 10, (HEIGHT, WIDTH), np.uint8), nodata=0, **layout)
        for i in range(2)
    }
    stock = write(tmp_path / "stock.tif", rng.random((HEIGHT, WIDTH), np.float32) * 300, predictor=3, **layout)
    layers = [ContinuousLayer("stock", "growing_stock", {"static": stock}, 0.0, 1500.0)] if inputs else []
    cover = CategoricalLayer("land_cover", files, LEGEND)
    decoded = tabulate(units, cover, inputs=layers)
    monkeypatch.setattr(TileDecoder, "of", lambda *_: None)
    assert_frame_equal(decoded.table, tabulate(units, cover, inputs=layers).table, check_exact=True)
