"""How long the last year of a series takes, against one run over all of its years.

Seconds are those of the processor, of all threads together.  A vintage is added as a draft, with its tables; the time
of its workbook and GeoPackage, which come when it is handed in, stands apart.

::

    python -m benchmarks.series [--rows 2372] [--years 6]

Maps of land cover and growing stock are made for each year, the series is begun with all years but the last, the last
one is added, and all of them are run at once.  The figures of both are compared bit for bit.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import geopandas as gpd
import numpy as np
import rasterio
from rasterio.transform import Affine
from shapely.geometry import box

import sinks
from sinks.series import Series

CELL = 0.001


@click.command()
@click.option("--rows", default=2372, help="Rows of each map; it has a third more columns.")
@click.option("--years", default=6)
def main(rows: int, years: int) -> None:
    """Print seconds of both, and their ratio."""
    dates = [str(2020 + number) for number in range(years)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_maps(folder, dates, rows, rows * 4 // 3)
        series = Series.open(folder / "archive", new=True).add(project(folder, dates[:-1]))
        sinks.run(project(folder, dates[:2]))  # compiled and read once, so that neither side pays for it
        series, seconds = timed(lambda: series.add(project(folder, dates[-2:])))
        # A run that is written has its workbook; so that nothing is hidden, both ratios are said.
        _, exported = timed(series.export)
        whole, all_seconds = timed(lambda: written(project(folder, dates), folder / "whole"))
        same = series.run().account.equals(whole.account)
        click.echo(f"{years} maps of {rows} x {rows * 4 // 3} cells")
        click.echo(f"last year added: {seconds:.1f} s; all years at once: {all_seconds:.1f} s")
        click.echo(f"workbook and GeoPackage of the vintage, when they are asked for: {exported:.1f} s")
        ratios = [f"{part / all_seconds:.2f}" for part in (seconds, seconds + exported)]
        click.echo(f"ratio: {ratios[0]}, with exports {ratios[1]}; same account to the last digit: {same}")


def written(given: sinks.Project, out: Path) -> sinks.Run:
    """A run, written to its folder."""
    run = sinks.run(given)
    run.write(out)
    return run


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What some work gives, and its seconds of the processor."""
    begin = time.process_time()
    found = work()
    return found, time.process_time() - begin


def make_maps(folder: Path, dates: list[str], rows: int, columns: int) -> None:
    """Patches of land that change by a few percent a year, with growing stock, over twelve square regions."""
    rng = np.random.default_rng(2025)
    coarse = rng.choice(np.array([1, 2, 4, 4, 7], np.uint8), (rows // 10 + 1, columns // 10 + 1))
    land = np.kron(coarse, np.ones((10, 10), np.uint8))[:rows, :columns]
    for date in dates:
        changed = rng.random((rows, columns)) < 0.03
        land = np.where(changed, rng.choice(np.array([2, 4, 7], np.uint8), land.shape), land).astype(np.uint8)
        write(folder / f"cover_{date}.tif", land, 0)
        write(folder / f"stock_{date}.tif", (rng.random((rows, columns)) * 150).astype(np.float32), np.nan)
    write(folder / "species.tif", np.full((rows, columns), 2, np.uint8), 0)
    write(folder / "grass.tif", np.full((rows, columns), 2, np.uint8), 0)
    edges = np.linspace(110, 110 + columns * CELL, 13)
    shapes = [box(a, 45 - rows * CELL, b, 45) for a, b in itertools.pairwise(edges)]
    codes = [f"15{number:02d}00" for number in range(1, 13)]
    table = {"code": codes, "name": codes, "parent": ["150000"] * 12}
    gpd.GeoDataFrame(table, geometry=shapes, crs=4490).to_file(folder / "regions.gpkg")


def write(path: Path, array: np.ndarray, nodata: float) -> None:
    """A tiled GeoTIFF."""
    profile = {"driver": "GTiff", "count": 1, "dtype": array.dtype, "crs": "EPSG:4490", "nodata": nodata}
    profile |= {"transform": Affine(CELL, 0, 110, 0, -CELL, 45), "compress": "deflate", "tiled": True}
    with rasterio.open(path, "w", height=array.shape[0], width=array.shape[1], **profile) as dataset:
        dataset.write(array, 1)


def project(folder: Path, dates: list[str]) -> sinks.Project:
    """A project over some of the years."""

    def files(name: str) -> dict[str, str]:
        return {date: f"{name}_{date}.tif" for date in dates}

    content: dict[str, Any] = {
        "project": {"name": "series", "title": "series", "dates": dates, "draws": 200, "land_history": False},
        "regions": {"file": "regions.gpkg", "code": "code", "name": "name", "parent": "parent"},
        "land_cover": {"legend": "clcd", "files": files("cover")},
        "strata": {
            "species_group": {"file": "species.tif", "legend": "species_group", "ecosystems": ["forest"]},
            "grassland_type": {"file": "grass.tif", "legend": "grassland_type", "ecosystems": ["grassland"]},
        },
        "inputs": {"growing_stock": {"files": files("stock")}},
        "methodologies": [
            {"id": "growing_stock_bef", "ecosystems": ["forest"]},
            {"id": "lookup_density", "ecosystems": ["grassland"]},
        ],
    }
    return sinks.Project.from_dict(content, folder=folder)


if __name__ == "__main__":
    main()
