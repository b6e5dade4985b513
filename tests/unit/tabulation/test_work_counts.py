"""How much work a pass does, counted: a slow-down shows on a busy machine too, where seconds would tell nothing."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from sinks.geo.grid import Grid
from sinks.geo.legends import load_legend
from sinks.layers.rasters import derived
from sinks.layers.rasters.derived import derived_layer
from sinks.layers.rasters.geotiff_tiles import TileDecoder
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
from sinks.layers.rasters.reader import RasterReader
from sinks.tabulation import kernels, tabulate
from sinks.tabulation.blocks import Block, plan
from sinks.tabulation.coverage import Coverage
from sinks.tabulation.division import divide
from sinks.tabulation.scanline import Runs
from sinks.tabulation.tabulator import Tabulator

LEGEND = load_legend("clcd")
CELL = 0.001


def write(path: Path, data: np.ndarray, nodata: float, tile: int = 64, compress: str = "deflate") -> Path:
    profile = {"driver": "GTiff", "count": 1, "dtype": data.dtype, "crs": "EPSG:4490", "nodata": nodata}
    profile |= {"transform": Affine(CELL, 0, 110, 0, -CELL, 45), "tiled": True, "blockxsize": tile, "blockysize": tile}
    with rasterio.open(path, "w", height=data.shape[0], width=data.shape[1], compress=compress, **profile) as file:
        file.write(data, 1)
    return path


def patches(rows: int, columns: int, seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(1, 10, (-(-rows // 8), -(-columns // 8)), np.uint8)
    return np.kron(coarse, np.ones((8, 8), np.uint8))[:rows, :columns]


def layers(folder: Path, rows: int, columns: int) -> dict[str, Any]:
    files = {str(2020 + i): write(folder / f"{i}.tif", patches(rows, columns, i), 0) for i in range(2)}
    stock = np.full((rows, columns), 50.0, np.float32)
    paths = {"static": write(folder / "stock.tif", stock, np.nan)}
    cover = CategoricalLayer("land_cover", files, LEGEND)
    return {"land_cover": cover, "inputs": [ContinuousLayer("stock", "growing_stock", paths, 0.0, 1500.0)]}


def units(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """Regions from bounds in cells: west, north, east, south."""
    shapes = [shapely.box(110 + w * CELL, 45 - s * CELL, 110 + e * CELL, 45 - n * CELL) for w, n, e, s in boxes]
    return gpd.GeoDataFrame({"code": [str(i) for i in range(len(boxes))]}, geometry=shapes, crs=4490)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int, int]]:
    """Cells that readers delivered, one count per file and cell block of 64."""
    seen: Counter[tuple[str, int, int]] = Counter()
    read = RasterReader.read_tiles

    def counted(self: RasterReader, row: int, column: int, shape: tuple[int, int], *rest: Any) -> None:
        for y in range(row // 64, -(-(row + shape[0]) // 64)):
            for x in range(column // 64, -(-(column + shape[1]) // 64)):
                seen[self.source.name, y, x] += 1
        read(self, row, column, shape, *rest)

    monkeypatch.setattr(RasterReader, "read_tiles", counted)
    return seen


@pytest.mark.parametrize("threads", [1, 2])
def test_every_tile_of_every_file_is_read_once(
    tmp_path: Path, reads: Counter[tuple[str, int, int]], threads: int
) -> None:
    tabulate(units((0, 0, 300, 640), (300, 0, 700, 640)), **layers(tmp_path, 640, 704), threads=threads)
    assert len(reads) == 3 * 10 * 11
    assert set(reads.values()) == {1}


def test_tiles_without_a_region_are_never_read(tmp_path: Path, reads: Counter[tuple[str, int, int]]) -> None:
    far_apart = units((70.5, 70.5, 100, 100), (500, 500, 510, 510))
    tabulate(far_apart, **layers(tmp_path, 640, 704), block_size=64)
    assert set(reads.values()) == {1}
    assert {(y, x) for _, y, x in reads} == {(1, 1), (7, 7)}


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each tile of each file was decoded without GDAL."""
    seen: Counter[str] = Counter()
    load = TileDecoder._load

    def counted(self: TileDecoder, numbers: np.ndarray, *rest: Any) -> bool:
        seen.update(f"{self._file.name} {number}" for number in numbers.tolist())
        return load(self, numbers, *rest)

    monkeypatch.setattr(TileDecoder, "_load", counted)
    return seen


@pytest.mark.parametrize("compress", ["deflate", "lzw"])
def test_whole_tiles_are_decoded_once_and_without_gdal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unpacked: Counter[str], compress: str
) -> None:
    files = {
        str(2020 + i): write(tmp_path / f"{i}.tif", patches(512, 700, i), 0, tile=256, compress=compress)
        for i in range(2)
    }

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("read through GDAL")

    monkeypatch.setattr(RasterReader, "_read_by_gdal", refuse)
    tabulate(units((0, 0, 700, 512)), CategoricalLayer("land_cover", files, LEGEND))
    assert len(unpacked) == 2 * 2 * 3
    assert set(unpacked.values()) == {1}


def test_tiles_under_a_derived_layer_are_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unpacked: Counter[str]
) -> None:
    """Where a block is too large for all inputs at once, it is cut between tiles and not through them."""
    job = layers(tmp_path, 256, 1024)
    stock = np.full((256, 1024), 50.0, np.float32)
    stocks = [
        replace(job["inputs"][0], name=name, files={"static": write(tmp_path / f"{name}.tif", stock, np.nan, tile=256)})
        for name in ("one", "two")
    ]
    both = derived_layer("growing_stock", "one + two", stocks)
    monkeypatch.setattr(derived, "_MOST_VALUES", 2 * 256 * 300)
    tabulate(units((0, 0, 1024, 256)), job["land_cover"], inputs=[both], threads=1)
    of_inputs = {tile: count for tile, count in unpacked.items() if Path(tile.split()[0]).stem in ("one", "two")}
    assert len(of_inputs) == 2 * 4
    assert set(of_inputs.values()) == {1}


def test_the_cover_of_a_row_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Counter[int] = Counter()
    rows = Coverage.rows

    def counted(self: Coverage, r0: int, r1: int) -> Runs:
        found.update(range(r0, r1))
        return rows(self, r0, r1)

    monkeypatch.setattr(Coverage, "rows", counted)
    tabulate(units((0, 0, 704, 640)), **layers(tmp_path, 640, 704), block_size=64)
    assert found == Counter(range(640))


def test_files_are_opened_once_for_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    start = RasterReader.__init__

    def counted(self: RasterReader, source: Any, reference: Grid) -> None:
        opened.append(source.name)
        start(self, source, reference)

    monkeypatch.setattr(RasterReader, "__init__", counted)
    tabulate(units((0, 0, 704, 640)), **layers(tmp_path, 640, 704), block_size=64, threads=1)
    assert sorted(opened) == ["land_cover@2020", "land_cover@2021", "stock"]


def test_bytes_read_are_those_of_the_files(tmp_path: Path) -> None:
    """Each compressed byte is fetched once, headers and a little reading ahead aside."""
    io = Path("/proc/self/io")
    if not io.exists():
        pytest.skip("the system does not count bytes read")
    job = layers(tmp_path, 2048, 2048)
    area = units((0, 0, 2048, 2048))
    tabulate(area, **job, threads=1)  # compiled code is read from disk the first time

    def fetched() -> int:
        return int(io.read_text().split("rchar:")[1].split()[0])

    before = fetched()
    tabulate(area, **job, threads=1)
    size = sum(path.stat().st_size for path in tmp_path.glob("*.tif"))
    assert fetched() - before < 1.3 * size + (1 << 20)


def test_memory_does_not_grow_with_the_raster(tmp_path: Path) -> None:
    """Sixteen times the cells in blocks of the same size: the same peak, to a few rows of bookkeeping."""
    peaks = []
    for size in (1024, 4096):
        folder = tmp_path / str(size)
        folder.mkdir()
        job = layers(folder, size, size)
        area = units((0, 0, size, size))
        tabulate(area, **job, threads=1, block_size=256)
        tracemalloc.start()
        tabulate(area, **job, threads=1, block_size=256)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2_000_000
    # Buffers of a block: two classes and one float32 value a cell; nothing of eight bytes a cell.
    assert peaks[0] < 256 * 256 * 8 + 3_000_000


def test_buffers_are_kept_from_block_to_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffers = set()
    read = Tabulator._read_codes

    def watched(self: Any, block: Block, tile_width: int) -> Any:
        found = read(self, block, tile_width)
        buffers.add(found.ctypes.data)
        return found

    monkeypatch.setattr(Tabulator, "_read_codes", watched)
    tabulate(units((0, 0, 650, 64)), **layers(tmp_path, 64, 650), block_size=64, threads=1)
    assert len(buffers) == 1  # the last block is narrower


def test_patches_cost_one_addition_each() -> None:
    """The kernel walks from change to change: as many ends as patches, not as cells."""
    codes = np.repeat(np.array([[1, 1, 2, 2], [5, 6, 6, 6]], np.uint8), 50, axis=1)
    ends = np.zeros(200, np.uint64)
    assert kernels.find_ends(codes, 0, 200, ends) == 3
    assert ends[:3].tolist() == [50, 100, 200]
    assert kernels.find_ends(codes, 60, 90, ends) == 1
    assert ends[0] == 90


@pytest.mark.parametrize("cells", [1, 2, 63, 64, 65, 66, 129, 3 * 4096 + 77])
@pytest.mark.parametrize("share", [0.0, 0.03, 1.0])
def test_changes_are_found_wherever_they_lie(share: float, cells: int) -> None:
    """Against NumPy, across the borders of words and at both ends of an array, which is not read beyond."""
    rng = np.random.default_rng(3)
    # What stands behind the pixels changes everywhere and must not be seen.
    room = np.cumsum(rng.random((3, cells + 200)) < share, axis=1).astype(np.uint16)
    room[:, cells:] = np.arange(200)
    codes = room[:, :cells].copy()
    expected = (np.diff(codes.astype(int), axis=1) != 0).any(axis=0).nonzero()[0] + 1
    ends = np.zeros(cells, np.uint64)
    for first, last in ((0, cells), (1, cells - 1), (63, 129), (64, 128), (4095, 4097), (500, 501), (4096, 8192)):
        if not first < last <= cells:
            continue
        inside = [*expected[(expected > first) & (expected < last)].tolist(), last]
        for held in (codes, room):
            assert ends[: kernels.find_ends(held, first, last, ends)].tolist() == inside


def test_runs_are_divided_among_blocks_without_loss() -> None:
    runs = Runs(
        np.array([0, 3, 3, 4]),
        np.array([0, 4, 12, 3], np.int32),
        np.array([2, 11, 13, 16], np.int32),
        np.array([0, 1, 2, 1], np.int32),
        np.array([1.0, 1.0, 0.25, 1.0]),
    )
    cells = np.zeros(3, np.int64)
    west, east = divide(runs, [Block(0, 0, 3, 5), Block(0, 8, 3, 6)], cells)
    assert west.ptr.tolist() == [0, 2, 2, 3]
    assert (west.start.tolist(), west.stop.tolist(), west.region.tolist()) == ([0, 4, 3], [2, 5, 5], [0, 1, 1])
    assert east.ptr.tolist() == [0, 2, 2, 3]
    assert (east.start.tolist(), east.stop.tolist()) == ([8, 12, 8], [11, 13, 14])
    assert east.fraction.tolist() == [1.0, 0.25, 1.0]
    assert cells.tolist() == [2, 1 + 3 + 2 + 6, 1]


def test_a_task_is_a_band_of_rows() -> None:
    grid = Grid(rasterio.crs.CRS.from_epsg(4490), Affine(0.0001, 0, 70, 0, -0.0001, 50), 120_000, 30_000)
    tasks = plan(grid, (512, 4096), np.ones((59, 30), bool))
    assert len(tasks) == 59
    assert all({block.row for block in task} == {task[0].row} for task in tasks)
