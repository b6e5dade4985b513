"""A sink is a change of the land and not of what was seen, and a figure does not depend on the regions asked for.

Random maps with gaps at either date, land that leaves for what has no parameters, and growing stock or age that varies
from cell to cell are accounted for by the program, and cell by cell with numpy alone: areas from the ellipsoid's
formula, parameters written out here a second time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import Affine
from shapely.geometry import box

import sinks
from support.examples import costly

Array = np.ndarray[Any, Any]

ROWS, COLUMNS, STEP, WEST, NORTH = 12, 16, 0.01, 118.0, 45.0
FOREST, SHRUB, GRASS, NOTHING = 2, 3, 4, 0
DATES = ("2020", "2023")
C_PER_CO2 = 44 / 12

# Boreal larch of the IPCC's tables (2006, vol. 4, Tables 4.3-4.5), and densities of grassland made up for the test.
BCEF = ((20, 1.22), (50, 0.78), (100, 0.77), (math.inf, 0.77))
CARBON_FRACTION, ROOTS_BELOW_75, ROOTS_ABOVE_75 = 0.51, 0.39, 0.24
GRASS_DENSITIES = {"above_ground_biomass": 0.6, "below_ground_biomass": 3.1}

# Richards: asymptote, rate, shape, roots, carbon fraction.
CURVE = {"asymptote": 150.0, "growth_rate": 0.045, "shape": 1.7}


def cell_areas() -> Array:
    """Hectares of the cells of each row, (rows, 1), on the ellipsoid of CGCS2000 by the closed formula of a zone."""
    a, f = 6378137.0, 1 / 298.257222101
    e2 = f * (2 - f)
    e = math.sqrt(e2)

    def q(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return s / (1 - e2 * s * s) + math.log((1 + e * s) / (1 - e * s)) / (2 * e)

    bands = [q(NORTH - r * STEP) - q(NORTH - (r + 1) * STEP) for r in range(ROWS)]
    return np.array([[a * a * (1 - e2) / 2 * band * math.radians(STEP) / 1e4] for band in bands])


@dataclass(frozen=True)
class Land:
    """Two dates of land cover and of an input, NaN where it was not observed."""

    cover: tuple[Array, Array]
    value: tuple[Array, Array]

    @classmethod
    def random(cls, seed: int, low: float, high: float, gaps: float) -> Land:
        rng = np.random.default_rng(seed)
        shape = (ROWS, COLUMNS)
        first = rng.choice([FOREST, SHRUB, GRASS], shape, p=[0.5, 0.1, 0.4])
        moved = rng.random(shape) < 0.15
        second = np.where(moved, rng.choice([FOREST, SHRUB, GRASS], shape), first)
        covers = [np.where(rng.random(shape) < gaps, NOTHING, one).astype(np.uint8) for one in (first, second)]
        before = low + (high - low) * rng.random(shape) ** 2
        after = np.minimum(before * rng.uniform(0.9, 1.3, shape) + rng.uniform(0, 2, shape), high)
        values = [np.where(rng.random(shape) < gaps, np.nan, one).astype(np.float32) for one in (before, after)]
        return cls((covers[0], covers[1]), (values[0], values[1]))


def steps(value: Array) -> tuple[Array, Array]:
    """Carbon of larch by growing stock, above and below ground. [t C/ha]"""
    above = value.astype(float) * np.select([value <= end for end, _ in BCEF], [factor for _, factor in BCEF])
    roots = np.where(above <= 75, ROOTS_BELOW_75, ROOTS_ABOVE_75)
    return above * CARBON_FRACTION, above * roots * CARBON_FRACTION


def curve(value: Array) -> tuple[Array, Array]:
    """Carbon of larch by age. [t C/ha]"""
    age = value.astype(float)
    above = CURVE["asymptote"] * (1 - np.exp(-CURVE["growth_rate"] * age)) ** CURVE["shape"]
    roots = np.where(above <= 75, ROOTS_BELOW_75, ROOTS_ABOVE_75)
    return above * CARBON_FRACTION, above * roots * CARBON_FRACTION


def by_cells(land: Land, density: Any, inside: Array) -> dict[str, float]:
    """The account of some cells, both pools of biomass together. [t C]"""
    area = np.broadcast_to(cell_areas(), (ROWS, COLUMNS)) * inside
    carbon = []
    for cover, value in zip(land.cover, land.value, strict=True):
        forest = np.sum(density(value), axis=0)
        carbon.append(
            np.where(cover == FOREST, forest, np.where(cover == GRASS, sum(GRASS_DENSITIES.values()), np.nan))
        )
    first, last = carbon
    both = np.isfinite(first) & np.isfinite(last)
    seen = land.cover[1] != NOTHING

    def total(values: Array, where: Array) -> float:
        return float((np.where(where, values, 0.0) * area).sum())

    return {
        "stock_2020": total(first, np.isfinite(first)),
        "stock_2023": total(last, np.isfinite(last)),
        "stock_change": total(last - first, both),
        "newly_known": total(last, np.isfinite(last) & ~both),
        "no_longer_known": total(first, np.isfinite(first) & ~both),
        "not_estimated": total(first, np.isfinite(first) & ~both & seen),
        "common_ha": total(np.ones_like(area), both),
    }


def write(path: Path, array: Array, nodata: float) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=ROWS, width=COLUMNS, count=1, dtype=array.dtype, crs="EPSG:4490",
        transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH), nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(array, 1)


def regions(folder: Path, cuts: list[int]) -> Path:
    """Regions between columns, numbered from west to east."""
    ends = [0, *cuts, COLUMNS]
    frame = gpd.GeoDataFrame(
        {"code": [str(n) for n in range(1, len(ends))], "name": [f"甲{n}" for n in range(1, len(ends))]},
        geometry=[box(WEST + a * STEP, NORTH - ROWS * STEP, WEST + b * STEP, NORTH) for a, b in pairwise(ends)],
        crs=4490,
    )
    path = folder / f"regions_{'_'.join(map(str, cuts))}.geojson"
    frame.to_file(path)
    return path


HEAD = "parameter,{strata}value,unit,low,high,interval,distribution,basis,source,locator,note\n"


def tables(folder: Path) -> None:
    rows = "".join(f"{pool},grassland,{value},t C/ha,,,,,user,t,t,\n" for pool, value in GRASS_DENSITIES.items())
    (folder / "grass.csv").write_text(HEAD.format(strata="ecosystem,") + rows, encoding="utf-8")
    units = {"asymptote": "t DM/ha", "growth_rate": "1/yr", "shape": "1"}
    rows = "".join(f"{name},{value},{units[name]},,,,,user,t,t,\n" for name, value in CURVE.items())
    (folder / "curve.csv").write_text(
        "# extends: forest_growth_richards\n" + HEAD.format(strata="") + rows, encoding="utf-8"
    )


KINDS = {
    "growing_stock": ("growing_stock_bcef", steps, 0.5, 260.0, None),
    "stand_age": ("forest_growth_richards", curve, 1.0, 120.0, "curve.csv"),
}


def account(folder: Path, kind: str, cuts: list[int]) -> pd.DataFrame:
    method, _, _, _, parameters = KINDS[kind]
    strata = {"climate_domain": "boreal", "forest_type": "larch"}
    if kind == "stand_age":
        strata |= {"origin": "natural"}
    forest: dict[str, Any] = {"id": method, "ecosystems": ["forest"], "strata": strata}
    if parameters:
        forest["parameters"] = str(folder / parameters)
    grass = {"id": "lookup_density", "ecosystems": ["grassland"], "pools": list(GRASS_DENSITIES)}
    content = {
        "project": {"name": "t", "title": "t", "dates": [2020, 2023], "draws": 0, "cells_min": 1, "coverage_min": 0},
        "regions": {"file": str(regions(folder, cuts)), "code": "code", "name": "name"},
        "land_cover": {"legend": "clcd", "files": {d: str(folder / f"cover_{d}.tif") for d in DATES}},
        "inputs": {kind: {"files": {d: str(folder / f"value_{d}.tif") for d in DATES}}},
        "methodologies": [forest, {**grass, "parameters": str(folder / "grass.csv")}],
    }
    return sinks.run(sinks.Project.from_dict(content, folder=folder)).account


def figures(table: pd.DataFrame, codes: list[str]) -> dict[str, float]:
    """The same of the program, regions summed."""
    sums = table[(table["ecosystem"] == "all") & (table["stratum"] == "all") & (table["pool"] == "all")]
    sums = sums[sums["region_code"].isin(codes)]

    def value(quantity: str, period: str, column: str = "value") -> float:
        rows = sums[(sums["quantity"] == quantity) & (sums["period"] == period)]
        return float(rows[column].fillna(0.0).sum())

    found = {f"stock_{date}": value("carbon_stock", date) for date in DATES}
    names = ("stock_change", "newly_known", "no_longer_known", "not_estimated")
    return (
        found
        | {name: value(name, "2020-2023") for name in names}
        | {"common_ha": value("stock_change", "2020-2023", "area_ha")}
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("true_change")
    tables(made)
    return made


seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("kind", list(KINDS))
@costly(2)
@given(seeds, st.sampled_from([0.0, 0.03, 0.3]), st.sampled_from([[8], [3, 9], [1, 2, 15]]))
def test_the_account_is_that_of_the_cells(folder: Path, kind: str, seed: int, gaps: float, cuts: list[int]) -> None:
    _, density, low, high, _ = KINDS[kind]
    land = Land.random(seed, low, high, gaps)
    for date, cover, value in zip(DATES, land.cover, land.value, strict=True):
        write(folder / f"cover_{date}.tif", cover, NOTHING)
        write(folder / f"value_{date}.tif", value, math.nan)
    whole, parts = account(folder, kind, []), account(folder, kind, cuts)
    expected = by_cells(land, density, np.ones((ROWS, COLUMNS)))
    one, several = figures(whole, ["1"]), figures(parts, [str(n) for n in range(1, len(cuts) + 2)])
    size = abs(expected["stock_change"])
    for name, right in expected.items():
        # One figure however the land is divided, and that of the cells.
        assert several[name] == pytest.approx(one[name], rel=1e-9, abs=1e-9 * expected["stock_2020"])
        allowed = 1e-3 * size if name == "stock_change" else 1e-4 * max(abs(right), expected["stock_2020"])
        assert one[name] == pytest.approx(right, abs=allowed)
    ends = [0, *cuts, COLUMNS]
    for number, (west, east) in enumerate(pairwise(ends), 1):
        inside = np.zeros((ROWS, COLUMNS))
        inside[:, west:east] = 1
        right = by_cells(land, density, inside)
        found = figures(parts, [str(number)])
        assert found["stock_change"] == pytest.approx(right["stock_change"], abs=2e-3 * max(size, 1.0))
        assert found["common_ha"] == pytest.approx(right["common_ha"], rel=1e-9, abs=1e-6)


def test_unchanged_land_seen_otherwise_is_no_sink(folder: Path) -> None:
    """The same land at both dates, with gaps in other places at each."""
    rng = np.random.default_rng(5)
    still = Land.random(5, 0.5, 260.0, 0.0)
    for date in DATES:
        gaps = rng.random((2, ROWS, COLUMNS)) < 0.2
        write(folder / f"cover_{date}.tif", np.where(gaps[0], NOTHING, still.cover[0]).astype(np.uint8), NOTHING)
        write(folder / f"value_{date}.tif", np.where(gaps[1], np.nan, still.value[0]).astype(np.float32), math.nan)
    found = figures(account(folder, "growing_stock", [8]), ["1", "2"])
    assert abs(found["stock_change"]) < 1e-9 * found["stock_2020"]
    assert abs(found["stock_2023"] - found["stock_2020"]) > 1e-3 * found["stock_2020"]
