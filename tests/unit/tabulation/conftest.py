"""Two dates of land cover and a growing stock over four regions, and what their tabulation gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from sinks.tabulation import Joint, tabulate
from support.small_layers import cover, regions, stock, write


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two patchy dates, growing stock with gaps, and four regions that share a crooked border, on 70 x 90 cells."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(42)
    first = np.kron(rng.integers(1, 10, (14, 18)), np.ones((5, 5), int)).astype(np.uint8)
    second = np.where(rng.random(first.shape) < 0.1, rng.integers(1, 10, first.shape), first).astype(np.uint8)
    first[rng.random(first.shape) < 0.02] = 0
    volume = (rng.random(first.shape) * 300).astype(np.float32)
    volume[rng.random(first.shape) < 0.3] = np.nan
    middle = shapely.Point(114.4537, 41.4711)
    ring = [(110.41, 38.32), (114.2, 38.05), (118.77, 38.9), (118.1, 42.3), (118.9, 44.81), (113.3, 44.93), (110.2, 43)]
    slices = [
        shapely.Polygon([middle.coords[0], *ring[0:3]]),
        shapely.Polygon([middle.coords[0], *ring[2:5]]),
        shapely.Polygon([middle.coords[0], *ring[4:7]]),
        shapely.Polygon([middle.coords[0], ring[6], ring[0]]),
    ]
    return {
        "folder": folder,
        "first": first,
        "second": second,
        "volume": volume,
        "units": regions(*slices),
        "cover": cover(y2020=write(folder / "a.tif", first, nodata=0), y2023=write(folder / "b.tif", second, nodata=0)),
        "stock": stock(static=write(folder / "v.tif", volume)),
    }


@pytest.fixture(scope="module")
def joint(world: dict[str, Any]) -> Joint:
    return tabulate(world["units"], world["cover"], inputs=[world["stock"]], threads=1)
