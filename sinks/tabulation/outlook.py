"""What a pass would ask of this machine, before it is made.

A few tiles spread over the grid are read and counted by the very code of the pass, on one thread and by the clock; the
rest is taken to be like them.  So the estimate knows the disk, the compression, the borders and whatever else the
machine is busy with; it does not know what changes until the pass is run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import psutil
import rasterio

from sinks.input_sets import InputSet
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
from sinks.tabulation.blocks import Block, Task
from sinks.tabulation.crosstab import Spec
from sinks.tabulation.pass_layers import PassLayers
from sinks.tabulation.scheduler import GDAL_CACHE_BYTES, Threads
from sinks.tabulation.tabulation import planned, specified
from sinks.tabulation.tabulator import Tabulator

SECONDS = 0.5
"""How long tiles are read and counted by the clock."""

SAMPLES = 32
"""Most tiles that are."""

_PLAIN = (512, 512)
"""Rows and columns of a tile where no file is read as it lies."""


@dataclass(frozen=True)
class Outlook:
    """What a pass would ask of this machine.

    Attributes
    ----------
    cells : int
        Cells of the blocks that a region touches.
    files : int
        Layers that are read of each of these blocks, every date counted.
    threads : int
    measured : int
        Cells that were read and counted by the clock.
    seconds : float
        Time of the pass, if all cells take what the measured ones took and threads do not wait for each other. [s]
    memory : int
        Most memory of the process during the pass. [bytes]
    """

    cells: int
    files: int
    threads: int
    measured: int
    seconds: float
    memory: int


def outlook(
    units: gpd.GeoDataFrame,
    land_cover: CategoricalLayer,
    *,
    strata: Sequence[CategoricalLayer] = (),
    inputs: Sequence[ContinuousLayer] = (),
    watched: Sequence[InputSet] = (),
    threads: int | None = None,
) -> Outlook:
    """Measure a part of a pass; parameters and errors as of :func:`sinks.tabulation.tabulate`.

    Raises
    ------
    LayerError
        A tile cannot be read.
    """
    _, spec = specified(units, PassLayers(land_cover, tuple(strata), tuple(inputs), tuple(watched)))
    (rows, columns), tasks = planned(spec)
    count = min(Threads(threads).count, len(tasks))
    cells = sum(block.cells for task in tasks for block in task)
    measured, seconds = _measured(spec, list(_tiles(tasks, spec)))
    memory = psutil.Process().memory_info().rss + GDAL_CACHE_BYTES + count * _buffers(spec, rows * columns)
    return Outlook(cells, len(spec.sources), count, measured, seconds / measured * cells / count, memory)


def _tiles(tasks: Sequence[Task], spec: Spec) -> Iterator[Block]:
    """Tiles spread evenly over the blocks, in an order that spreads the first few too; no tile is decoded in part."""
    blocks = [block for task in tasks for block in task]
    own = [source.block_shape for source in spec.sources if source.mode == "direct"] or [_PLAIN]
    height, width = (max(sides) for sides in zip(*own, strict=True))
    count = min(len(blocks), SAMPLES)
    for number in range(count):
        # Halves of the golden section never meet, so that any first few of them lie apart.
        block = blocks[int((0.5 + number * 0.6180339887498949) % 1.0 * len(blocks))]
        row, column = block.rows // 2 // height * height, block.columns // 2 // width * width
        yield Block(
            block.row + row,
            block.column + column,
            min(height, block.rows - row),
            min(width, block.columns - column),
        )


def _measured(spec: Spec, tiles: Sequence[Block]) -> tuple[int, float]:
    """Cells that were read and counted, and how long it took [s]; the first tile loads compiled code and is none."""
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES), Tabulator(spec) as work:
        work([tiles[0]])
        cells, began = 0, time.perf_counter()
        for tile in tiles[1:] or tiles:
            work([tile])
            cells += tile.cells
            if time.perf_counter() - began > SECONDS:
                break
        return cells, time.perf_counter() - began


def _buffers(spec: Spec, cells: int) -> int:
    """Memory of one thread for a block of so many cells: codes, values, and the sums it adds to. [bytes]"""
    codes = len(spec.axes) * max(axis.bits for axis in spec.axes) // 8
    wide = max(np.dtype(source.dtype).itemsize for source in spec.sources)
    values = len(spec.inputs) * max(wide, 4)
    # What is resampled or hidden by a mask is read into a place of its own first.
    aside = 2 * wide
    sums = spec.regions * spec.joints * spec.columns * 8 if spec.dense else 0
    return cells * (codes + values + aside) + sums
