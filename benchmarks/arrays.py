"""Time and peak memory of the pass over a pair of Zarr stores: ``python -m benchmarks.arrays FOLDER [--side 40000]``.

The stores are written once: patches of four classes over the leagues of Inner Mongolia, one byte a cell, chunks of 2000
cells a side.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import rioxarray  # noqa: F401  # gives arrays their .rio
import xarray as xr
import zarr

import sinks
from sinks.geo.regions import load_builtin

CHUNK, PATCH = 2000, 50
WEST, NORTH, WIDE, TALL = 97.0, 53.4, 29.0, 16.2
YEARS = (2020, 2023)


def write(store: Path, side: int, rng: np.random.Generator) -> None:
    group = zarr.open_group(store, mode="w")
    options = {"chunks": (CHUNK, CHUNK), "dtype": "uint8", "dimension_names": ("y", "x"), "fill_value": 0}
    array = group.create_array("class", shape=(side, side), **options)
    for row in range(0, side, CHUNK):
        for column in range(0, side, CHUNK):
            coarse = rng.choice(np.array([1, 2, 4, 7], np.uint8), (CHUNK // PATCH, CHUNK // PATCH))
            array[row : row + CHUNK, column : column + CHUNK] = np.kron(coarse, np.ones((PATCH, PATCH), np.uint8))
    places = (np.arange(side) + 0.5) / side
    group.create_array("x", data=WEST + places * WIDE, dimension_names=("x",))
    group.create_array("y", data=NORTH - places * TALL, dimension_names=("y",))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=40_000)
    options = parser.parse_args()
    land, rng = {}, np.random.default_rng(1)
    for year in YEARS:
        store = options.folder / f"class_{year}_{options.side}.zarr"
        if not store.exists():
            write(store, options.side, rng)
        whole = xr.open_dataset(store, engine="zarr", consolidated=False, mask_and_scale=False)
        land[year] = whole["class"].rio.write_crs(4490)
    leagues = load_builtin("150000").units
    before, started = _peak(), time.perf_counter()
    found = sinks.tabulate(land, leagues, legend="clcd", name="name")
    seconds = time.perf_counter() - started
    print(f"{len(YEARS) * options.side**2:.3g} cells, {seconds:.0f} s, peak {_peak():.0f} MB ({before:.0f} MB before)")
    print(f"{found.transitions['area_ha'].sum():.6f} ha")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
