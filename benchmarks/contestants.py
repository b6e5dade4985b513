"""Ways to find the area of every class in every region at two dates, each run in a process of its own.

    python -m benchmarks.contestants '{"name": "sinks", "regions": "full", "files": [...], "repeats": 2}'

Prints one line of JSON: wall and processor seconds of the last repetition, peak memory of the process, and where the
areas were left (a table of region, date, class and hectares) for comparison.  Peers do what they can do in one call:
areas by class at each date, without the transitions between dates that ``sinks`` finds as well.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.windows import Window

from benchmarks import territory

GDAL_CACHE_BYTES = 64 << 20
_ROWS, _COLUMNS = 512, 4096


def floor(job: dict[str, Any], units: gpd.GeoDataFrame) -> None:
    """Read and decompress every file whole, each thread its own windows into its own buffers."""
    _read(job, lambda window: True)


def floor_touched(job: dict[str, Any], units: gpd.GeoDataFrame) -> None:
    """The same for the windows that a region touches."""
    from shapely import STRtree, box

    with rasterio.open(job["files"][0]) as dataset:
        transform = dataset.transform
    tree = STRtree(territory.on_grid(units, Path(job["files"][0])).geometry.to_numpy())

    def touched(window: Window) -> bool:
        return len(tree.query(box(*rasterio.windows.bounds(window, transform)), predicate="intersects")) > 0

    _read(job, touched)


def _read(job: dict[str, Any], wanted: Callable[[Window], bool]) -> None:
    paths, threads = [*job["files"], *job.get("inputs", [])], job.get("threads", 2)
    with rasterio.open(paths[0]) as dataset:
        width, height = dataset.width, dataset.height
        striped = dataset.block_shapes[0][1] == width
    # Strips are read whole: for windows that cut them each would be decoded again.
    rows, columns = (_ROWS * _COLUMNS // width, width) if striped else (_ROWS, _COLUMNS)
    windows = [
        Window(column, row, min(columns, width - column), min(rows, height - row))
        for row in range(0, height, rows)
        for column in range(0, width, columns)
    ]
    windows = [window for window in windows if wanted(window)]

    def work(first: int) -> None:
        datasets = [rasterio.open(path) for path in paths]
        buffers = [np.empty(_ROWS * _COLUMNS, dataset.dtypes[0]) for dataset in datasets]
        for window in windows[first::threads]:
            for dataset, buffer in zip(datasets, buffers, strict=True):
                out = buffer[: window.height * window.width].reshape(window.height, window.width)
                dataset.read(1, window=window, out=out)
        for dataset in datasets:
            dataset.close()

    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES), ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


def sinks(job: dict[str, Any], units: gpd.GeoDataFrame, scheduler: Any = None) -> pd.DataFrame:
    """This project's pass: exact boundary cells, transitions between the dates."""
    from sinks.geo.legends import load_legend
    from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
    from sinks.tabulation import tabulate

    files = dict(zip(territory.DATES, job["files"], strict=True))
    cover = CategoricalLayer("land_cover", files, load_legend(job.get("legend", "globeland30")))
    stocks = [{"static": path} for path in job.get("inputs", [])]
    inputs = [ContinuousLayer("stock", "growing_stock", files, 0.0, 1500.0) for files in stocks]
    threads = job.get("threads", 2)
    joint = tabulate(units, cover, inputs=inputs, threads=threads, block_size=None, scheduler=scheduler)
    parts = []
    for date in territory.DATES:
        areas = joint.table.groupby(["region_code", f"land_cover@{date}"], as_index=False)["area_ha"].sum()
        areas.columns = ["region", "class", "ha"]
        parts.append(areas.assign(date=date))
    return pd.concat(parts)


def beside_floor(job: dict[str, Any], units: gpd.GeoDataFrame) -> dict[str, list[float]]:
    """Processor seconds of the floor and of the pass in turn, in one process; the first round is not counted."""
    found: dict[str, list[float]] = {"floor": [], "cpu": []}
    for at in range(job.get("rounds", 3) + 1):
        for name, run in (("floor", floor), ("cpu", sinks)):
            used = time.process_time()
            run(job, units)
            if at:
                found[name].append(time.process_time() - used)
    return found


def dask(job: dict[str, Any], units: gpd.GeoDataFrame) -> pd.DataFrame:
    """The same on a local dask cluster of one-thread workers; starting the cluster is not counted."""
    return sinks(job, units, scheduler=job["client"])


def exactextract(job: dict[str, Any], units: gpd.GeoDataFrame) -> pd.DataFrame:
    """exactextract, exact boundary cells, one pass per date, the raster read once in sequence."""
    from exactextract import exact_extract

    zones = territory.on_grid(units, Path(job["files"][0]))
    parts = []
    for date, path in zip(territory.DATES, job["files"], strict=True):
        found = exact_extract(
            path, zones, ["unique", "frac", "count"], include_cols=["code"], output="pandas",
            strategy="raster-sequential",
        )  # fmt: skip
        rows = [
            (code, int(value), share * count)
            for code, values, shares, count in found[["code", "unique", "frac", "count"]].itertuples(index=False)
            for value, share in zip(values, shares, strict=True)
        ]
        parts.append(_hectares(rows, path, date))
    return pd.concat(parts)


def rasterstats(job: dict[str, Any], units: gpd.GeoDataFrame) -> pd.DataFrame:
    """rasterstats, cells by their centres, one pass per date."""
    from rasterstats import zonal_stats

    zones = territory.on_grid(units, Path(job["files"][0]))
    parts = []
    for date, path in zip(territory.DATES, job["files"], strict=True):
        found = zonal_stats(zones.geometry, str(path), categorical=True, nodata=255)
        rows = [
            (code, int(value), count)
            for code, counts in zip(zones["code"], found, strict=True)
            for value, count in counts.items()
        ]
        parts.append(_hectares(rows, path, date))
    return pd.concat(parts)


def flox(job: dict[str, Any], units: gpd.GeoDataFrame) -> pd.DataFrame:
    """flox on arrays in memory, cells by their centres; the regions are burnt into a raster first."""
    from flox import groupby_reduce
    from rasterio.features import rasterize

    zones = territory.on_grid(units, Path(job["files"][0]))
    with rasterio.open(job["files"][0]) as dataset:
        shape, transform = dataset.shape, dataset.transform
    burnt = rasterize(zip(zones.geometry, range(len(zones)), strict=True), shape, fill=-1, transform=transform,
                      dtype="int16").ravel()  # fmt: skip
    codes = zones["code"].to_numpy()
    parts = []
    for date, path in zip(territory.DATES, job["files"], strict=True):
        with rasterio.open(path) as dataset:
            values = dataset.read(1).ravel()
        count, region, value = groupby_reduce(
            np.ones(values.size, np.uint8), burnt, values, func="sum", fill_value=0, dtype=np.int64,
            expected_groups=(np.arange(len(zones)), np.arange(10, 101, 10)),
        )  # fmt: skip
        rows = [(codes[r], int(v), count[i, j]) for i, r in enumerate(region) for j, v in enumerate(value)]
        parts.append(_hectares(rows, path, date))
    return pd.concat(parts)


def _hectares(rows: list[tuple[str, int, float]], path: str, date: str) -> pd.DataFrame:
    """Cells as hectares, on an equal-area grid."""
    with rasterio.open(path) as dataset:
        cell = abs(dataset.transform.a * dataset.transform.e) / 1e4
    frame = pd.DataFrame(rows, columns=["region", "class", "ha"])
    return frame.assign(ha=frame["ha"] * cell, date=date)


def peak_megabytes() -> float:
    """Most memory that this process ever held; not that of the process it was forked from."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell peak memory")


def main() -> None:
    """Run the job of the command line."""
    job = json.loads(sys.argv[1])
    units = territory.regions(job["regions"])
    if job["name"] == "beside_floor":
        print(json.dumps({**beside_floor(job, units), "peak": peak_megabytes()}))
        return
    run = {f.__name__: f for f in (floor, floor_touched, sinks, dask, exactextract, rasterstats, flox)}[job["name"]]
    cluster = None
    if job["name"] == "dask":
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=job["workers"], threads_per_worker=1, dashboard_address=None)
        job["client"] = Client(cluster)
    wall: list[float] = []
    cpu: list[float] = []
    for _ in range(job.get("repeats", 1)):
        started, used = time.perf_counter(), time.process_time()
        found = run(job, units)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    if cluster is not None:
        job["client"].close()
        cluster.close()
    if found is not None and job.get("areas"):
        found.to_csv(job["areas"], index=False)
    print(json.dumps({"wall": wall[-1], "cpu": cpu[-1], "first": wall[0], "peak": peak_megabytes()}))


if __name__ == "__main__":
    main()
