"""Two maps with unequal no-data, by the arithmetic of InVEST's carbon model and by the account.

InVEST's model (natcap/invest, src/natcap/invest/carbon.py) gives each cell the density of its class, pool by pool, sums
the cells that are valid in each map, and subtracts the two rasters where both are valid.  Areas are those of its square
cells.  Here that is written with numpy alone, on an equal-area grid, on which cells are as large for both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

import sinks

Array = np.ndarray[Any, Any]

SIDE, CELL = 40, 1000.0
WEST, NORTH = 11_000_000.0, 5_200_000.0
NOTHING, FOREST, SHRUB, GRASS = 0, 2, 3, 4
HECTARES = CELL * CELL / 1e4

# A table as users of the model write it, made up for the test. [t C/ha]
POOLS = {
    "above_ground_biomass": {FOREST: 40.0, GRASS: 0.6},
    "below_ground_biomass": {FOREST: 10.0, GRASS: 3.1},
    "soil_organic_carbon": {FOREST: 90.0, GRASS: 60.0},
    "litter": {FOREST: 6.0, GRASS: 1.0},
}
HEAD = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
NAMES = {FOREST: "forest", GRASS: "grassland"}

# What the guide and docs/verification.md print of the first case. [t C]
PRINTED = {"first": 13_999_090, "last": 13_110_020, "difference": -889_070, "change": 0}


def maps(leaves: float, becomes: int) -> tuple[Array, Array]:
    """Forest and grass, a part of the grass turned to something else; 3 % and 9 % not seen, in other places."""
    rng = np.random.default_rng(11)
    land = rng.choice([FOREST, GRASS], (SIDE, SIDE), p=[0.3, 0.7])
    later = np.where((land == GRASS) & (rng.random(land.shape) < leaves), becomes, land)
    gaps = rng.random((2, SIDE, SIDE))
    first, last = np.where(gaps[0] < 0.03, NOTHING, land), np.where(gaps[1] < 0.09, NOTHING, later)
    return first.astype(np.uint8), last.astype(np.uint8)


def as_invest(first: Array, last: Array, other: float | None = None) -> dict[str, float]:
    """Totals of both maps, and the sum of the raster of differences. [t C]

    ``other`` is the density that the user writes for a class of which the table has none.
    """
    rasters = []
    for cover in (first, last):
        density = np.full(cover.shape, np.nan)
        for code in np.unique(cover[cover != NOTHING]):
            rows = [pool.get(int(code), other) for pool in POOLS.values()]
            if None in rows:
                raise ValueError(f"class {code} has no row in the table of carbon pools")
            density[cover == code] = sum(row for row in rows if row is not None)
        rasters.append(density)
    cur, fut = rasters
    delta = fut - cur
    first_sum, last_sum, change = (float(np.nansum(raster)) * HECTARES for raster in (cur, fut, delta))
    return {"first": first_sum, "last": last_sum, "difference": last_sum - first_sum, "change": change}


def account(folder: Path, first: Array, last: Array) -> dict[str, float]:
    for date, cover in (("2020", first), ("2023", last)):
        with rasterio.open(
            folder / f"cover_{date}.tif", "w", driver="GTiff", height=SIDE, width=SIDE, count=1, dtype="uint8",
            crs="EPSG:6933", transform=Affine(CELL, 0, WEST, 0, -CELL, NORTH), nodata=NOTHING,
        ) as dataset:  # fmt: skip
            dataset.write(cover, 1)
    # Denser than its corners, so that the outline keeps to the edge of the grid in degrees too.
    outline = shapely.segmentize(shapely.box(WEST, NORTH - SIDE * CELL, WEST + SIDE * CELL, NORTH), CELL)
    frame = gpd.GeoDataFrame({"code": ["1"], "name": ["x"], "level": ["x"]}, geometry=[outline], crs=6933)
    frame.to_file(folder / "r.gpkg")
    rows = [
        f"{pool},{NAMES[code]},{value},t C/ha,,,,,user,t,t,\n"
        for pool, densities in POOLS.items()
        for code, value in densities.items()
    ]
    (folder / "pools.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    method = {"id": "lookup_density", "ecosystems": list(NAMES.values()), "pools": list(POOLS)}
    content = {
        "project": {"name": "t", "title": "t", "dates": [2020, 2023], "draws": 0, "cells_min": 1, "coverage_min": 0},
        "regions": {"file": "r.gpkg", "code": "code", "name": "name", "level": "level"},
        "land_cover": {"legend": "clcd", "files": {date: f"cover_{date}.tif" for date in ("2020", "2023")}},
        "methodologies": [{**method, "parameters": str(folder / "pools.csv")}],
    }
    table = sinks.run(sinks.Project.from_dict(content, folder=folder)).account
    sums = table[(table["ecosystem"] == "all") & (table["stratum"] == "all") & (table["pool"] == "all")]
    return {f"{row.quantity} {row.period}": float(row.value) for row in sums.itertuples()}


def test_unchanged_land_with_unequal_gaps(tmp_path: Path) -> None:
    first, last = maps(0.0, GRASS)
    theirs, ours = as_invest(first, last), account(tmp_path, first, last)
    assert theirs == pytest.approx(PRINTED, abs=0.5)
    assert ours["carbon_stock 2020"] == pytest.approx(theirs["first"], rel=1e-6)
    assert ours["carbon_stock 2023"] == pytest.approx(theirs["last"], rel=1e-6)
    # The raster of differences is on common land, as the account is; what most people print is not.
    assert ours["stock_change 2020-2023"] == pytest.approx(theirs["change"], abs=1e-6)
    apart = ours["newly_known 2020-2023"] - ours["no_longer_known 2020-2023"]
    assert apart == pytest.approx(theirs["difference"] - theirs["change"], rel=1e-6)


def test_change_on_common_land_is_that_of_the_raster_of_differences(tmp_path: Path) -> None:
    first, last = maps(0.1, FOREST)
    theirs, ours = as_invest(first, last), account(tmp_path, first, last)
    assert ours["stock_change 2020-2023"] == pytest.approx(theirs["change"], rel=1e-6)
    assert theirs["change"] > 0 > theirs["difference"]


def test_a_class_without_density(tmp_path: Path) -> None:
    """The model refuses it; with the zeros that users then write, the soil of the land is lost whole."""
    first, last = maps(0.1, SHRUB)
    with pytest.raises(ValueError, match="class 3"):
        as_invest(first, last)
    theirs, ours = as_invest(first, last, other=0.0), account(tmp_path, first, last)
    assert theirs["change"] < -0.04 * theirs["first"]
    assert ours["stock_change 2020-2023"] == pytest.approx(0.0, abs=1e-6)
    assert ours["not_estimated 2020-2023"] == pytest.approx(-theirs["change"], rel=1e-6)
