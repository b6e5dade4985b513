"""The same digits however files are stored, work is divided, and a pass is taken up again."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from pandas.testing import assert_frame_equal
from pyproj import CRS, Transformer
from rasterio.transform import Affine

from sinks.geo.grid import Grid
from sinks.tabulation import Joint, crosstab, tabulate, tabulator
from sinks.tabulation import tabulation as pass_module
from sinks.tabulation.blocks import TASK_CELLS, block_shape, plan
from support.small_layers import ALBERS, cover, regions, same, stock, write


@pytest.mark.parametrize(("size", "threads"), [(16, 1), (16, 2), (17, 2), (32, 2), (1000, 1), (None, 2)])
def test_blocks_and_threads_change_no_digit(
    world: dict[str, Any], joint: Joint, size: int | None, threads: int
) -> None:
    found = tabulate(world["units"], world["cover"], inputs=[world["stock"]], block_size=size, threads=threads)
    same(found, joint)


LAYOUTS: dict[str, dict[str, Any]] = {
    "deflate tiles": {"compress": "deflate", "tiled": True, "blockxsize": 32, "blockysize": 16},
    "zstd tiles": {"compress": "zstd", "tiled": True, "blockxsize": 16, "blockysize": 32},
    "zstd stripes": {"compress": "zstd", "blockysize": 1},
    "one stripe": {"compress": "deflate", "blockysize": 70},
    "int16": {"dtype": np.int16},
    "int32": {"dtype": np.int32},
    "float64": {"dtype": np.float64},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_storage_changes_no_digit(world: dict[str, Any], joint: Joint, tmp_path: Path, layout: str) -> None:
    options = dict(LAYOUTS[layout])
    dtype = options.pop("dtype", np.uint8)
    files = {
        f"y{date}": write(tmp_path / f"{date}.tif", world[name].astype(dtype), nodata=0, **options)
        for date, name in (("2020", "first"), ("2023", "second"))
    }
    same(tabulate(world["units"], cover(**files), inputs=[world["stock"]], block_size=20), joint)


def test_south_up_changes_no_digit(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    turned = Affine(0.1, 0, 110, 0, 0.1, 38)
    a, b, v = (
        write(tmp_path / f"{name}.tif", world[name][::-1], transform=turned, **options)
        for name, options in (("first", {"nodata": 0}), ("second", {"nodata": 0}), ("volume", {}))
    )
    same(tabulate(world["units"], cover(y2020=a, y2023=b), inputs=[stock(static=v)], block_size=16), joint)


def test_a_vrt_of_four_files_changes_no_digit(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    data, parts = world["first"], []
    for row, column in product((0, 40), (0, 50)):
        piece = data[row : row + 40, column : column + 50]
        corner = Affine(0.1, 0, 110 + column / 10, 0, -0.1, 45 - row / 10)
        name = write(tmp_path / f"{row}_{column}.tif", piece.copy(), nodata=0, transform=corner).name
        size = f'xSize="{piece.shape[1]}" ySize="{piece.shape[0]}"'
        parts.append(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
            f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="{column}" yOff="{row}" {size}/></SimpleSource>'
        )
    vrt = tmp_path / "four.vrt"
    vrt.write_text(
        '<VRTDataset rasterXSize="90" rasterYSize="70"><SRS>EPSG:4490</SRS>'
        "<GeoTransform>110, 0.1, 0, 45, 0, -0.1</GeoTransform>"
        f'<VRTRasterBand dataType="Byte" band="1"><NoDataValue>0</NoDataValue>{"".join(parts)}</VRTRasterBand>'
        "</VRTDataset>"
    )
    files = world["cover"].files
    same(tabulate(world["units"], cover(y2020=vrt, y2023=files["2023"]), inputs=[world["stock"]]), joint)


def test_a_sparse_table_holds_the_same_sums(
    world: dict[str, Any], joint: Joint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crosstab, "DENSE_LIMIT", 0)
    monkeypatch.setattr(tabulator, "_HASH_START", 2)
    same(tabulate(world["units"], world["cover"], inputs=[world["stock"]], block_size=16), joint)
    area = tabulate(world["units"], world["cover"], block_size=32).table
    assert_frame_equal(area, joint.table[area.columns], check_exact=True)


def test_warped_layers_do_not_depend_on_blocks(world: dict[str, Any], tmp_path: Path) -> None:
    x, y = Transformer.from_crs("EPSG:4490", ALBERS, always_xy=True).transform(109.0, 46.0)
    field = (np.random.default_rng(2).random((120, 120)) * 100).astype(np.float32)
    path = write(tmp_path / "w.tif", field, crs=ALBERS, transform=Affine(9000, 0, x, 0, -9000, y))
    layer = replace(stock(static=path), resampling="bilinear")
    one, *others = (tabulate(world["units"], world["cover"], inputs=[layer], block_size=n) for n in (None, 16, 33))
    for other in others:
        same(one, other)


def test_blocks_that_no_region_touches_are_not_read(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[int, int]] = []
    original = pass_module.run_tasks

    def spy(spec: Any, tasks: Any, *rest: Any) -> Any:
        read.extend((block.row, block.column) for task in tasks for block in task)
        return original(spec, tasks, *rest)

    monkeypatch.setattr(pass_module, "run_tasks", spy)
    tabulate(regions(shapely.box(110.15, 44.65, 110.25, 44.75)), world["cover"], block_size=16)
    assert read == [(0, 0)]


class _Elsewhere:
    """Runs tasks as another process would get them, last one first."""

    def results(self, open_worker: Any, spec: Any, tasks: Any) -> Any:
        for number in sorted(tasks, reverse=True):
            open_there, spec_there, task = pickle.loads(pickle.dumps((open_worker, spec, tasks[number])))
            with open_there(spec_there) as worker:
                yield number, pickle.loads(pickle.dumps(worker(task)))


def test_another_scheduler_changes_no_digit(world: dict[str, Any], joint: Joint) -> None:
    found = tabulate(world["units"], world["cover"], inputs=[world["stock"]], block_size=16, scheduler=_Elsewhere())
    same(found, joint)


def test_progress_reaches_the_end(world: dict[str, Any]) -> None:
    seen: list[tuple[int, int]] = []
    tabulate(world["units"], world["cover"], block_size=16, progress=lambda done, total: seen.append((done, total)))
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] > 0
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_block_shapes_follow_the_tiling() -> None:
    grid = Grid(rasterio.crs.CRS.from_epsg(4490), Affine(0.001, 0, 70, 0, -0.001, 50), 40_000, 30_000)
    assert block_shape(grid, [(512, 512)]) == (512, 4096)
    assert block_shape(grid, [(256, 256), (512, 512)]) == (512, 4096)
    assert block_shape(grid, [(1, 40_000)]) == (52, 40_000)
    assert block_shape(grid, [(512, 512)], 256) == (256, 256)
    tasks = plan(grid, (512, 4096), np.ones((59, 10), bool))
    cells = [block.cells for task in tasks for block in task]
    assert sum(cells) == 40_000 * 30_000
    assert max(sum(block.cells for block in task) for task in tasks) <= TASK_CELLS


def test_tasks_hold_every_touched_block_once_and_no_more_than_a_task_may() -> None:
    """A row of eight blocks of 2^24 cells: four fit a task, and those that no region touches are in none."""
    side = 1 << 12
    grid = Grid(CRS.from_epsg(32650), Affine(10, 0, 0, 0, -10, 0), 8 * side, 2 * side)
    touched = np.array([[True] * 8, [False, True, False, True, True, False, False, True]])
    tasks = plan(grid, (side, side), touched)
    found = [(block.row // side, block.column // side) for task in tasks for block in task]
    assert found == [tuple(place) for place in np.argwhere(touched).tolist()]
    sizes = [sum(block.cells for block in task) for task in tasks]
    assert sizes == [TASK_CELLS, TASK_CELLS, TASK_CELLS]
    assert all(len({block.row for block in task}) == 1 for task in tasks)
