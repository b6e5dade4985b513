"""Rates that depend on an age: maps of ages through the program, and cell by cell with loops over the years."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from shapely.geometry import box

import sinks

Array = np.ndarray[Any, Any]

DATES = (2015, 2018, 2023)
GRASS, CROP, NOTHING = 4, 1, 0
SHAPE, STEP, WEST, NORTH = (10, 12), 0.01, 118.0, 45.0
CLASSES = ((3, 2.0), (7, 6.4), (8, 12.0), (20, 4.5), (40, 1.0))
"""Upper end of each class of ages, and its rate. [yr, g C/m2/yr]"""

CO2 = 44 / 12


def rate(age: float) -> float:
    """t C/ha/yr"""
    return next(value for end, value in CLASSES if age <= end) / 100


def write(path: Path, values: Array, nodata: float) -> str:
    transform = Affine(STEP, 0, WEST, 0, -STEP, NORTH)
    profile = {"driver": "GTiff", "height": SHAPE[0], "width": SHAPE[1], "count": 1, "crs": "EPSG:4490"}
    with rasterio.open(path, "w", dtype=values.dtype, nodata=nodata, transform=transform, **profile) as target:
        target.write(values, 1)
    return path.name


def project(folder: Path, covers: list[Array], ages: list[Array], table: str) -> Path:
    """A project of maps of grassland and of its ages (-1 where there is none)."""
    cells = [(str(i), box(WEST + i * 6 * STEP, NORTH - 10 * STEP, WEST + (i + 1) * 6 * STEP, NORTH)) for i in range(2)]
    frame = {"code": [c for c, _ in cells], "name": [c for c, _ in cells]}
    gpd.GeoDataFrame(frame, geometry=[g for _, g in cells], crs=4490).to_file(folder / "r.geojson")
    names = [write(folder / f"lc_{d}.tif", one.astype("uint8"), NOTHING) for d, one in zip(DATES, covers, strict=True)]
    old = [write(folder / f"age_{d}.tif", one.astype("float32"), -1) for d, one in zip(DATES, ages, strict=True)]
    (folder / "own.csv").write_text(table, encoding="utf-8")
    files = [", ".join(f'{d} = "{n}"' for d, n in zip(DATES, one, strict=True)) for one in (names, old)]
    path = folder / "p.toml"
    path.write_text(
        f"""[project]
name = "ages"
title = "ages"
dates = [{", ".join(map(str, DATES))}]
draws = 0
cells_min = 1
[regions]
file = "r.geojson"
code = "code"
name = "name"
[land_cover]
legend = "clcd"
files = {{ {files[0]} }}
[inputs.restoration_age]
files = {{ {files[1]} }}
[[methodologies]]
id = "grassland_restoration"
ecosystems = ["grassland"]
pools = ["soil_organic_carbon"]
parameters = "own.csv"
strata = {{ restoration = "grazing_exclusion", depth = "0-15" }}
""",
        encoding="utf-8",
    )
    return path


def classes() -> str:
    lines = [
        "parameter,restoration,depth,restoration_age,value,unit,low,high,interval,distribution,basis,source,locator,note"
    ]
    low = ""
    for end, value in CLASSES:
        lines.append(
            f'soil_organic_carbon,grazing_exclusion,0-15,"({low},{end}]",{value},g C/m2/yr,,,,,user,test,{end},'
        )
        low = str(end)
    return "\n".join(lines) + "\n"


def cell_by_cell(covers: list[Array], ages: list[Array], step: int) -> Array:
    """Mean yearly flux of every cell between two dates. [t C/ha/yr]"""
    years = DATES[step + 1] - DATES[step]
    found = np.zeros(SHAPE)
    for at in np.ndindex(SHAPE):
        here = [covers[step + k][at] == GRASS and ages[step + k][at] >= 0 for k in (0, 1)]
        if here[0] and covers[step + 1][at] == GRASS:
            found[at] = sum(rate(ages[step][at] + k - 0.5) for k in range(1, years + 1)) / years
        else:
            found[at] = sum(rate(ages[step + k][at]) / 2 for k in (0, 1) if here[k])
    return found


def sink(run: sinks.Run, region: str, period: str, column: str = "value") -> float:
    table = run.account
    rows = table[(table["quantity"] == "net_removals") & (table["ecosystem"] == "grassland") & (table["pool"] != "all")]
    rows = rows[(rows["stratum"] == "all") & (rows["region_code"] == region) & (rows["period"] == period)]
    return float(rows[column].iloc[0])


@pytest.fixture(scope="module")
def land() -> tuple[list[Array], list[Array]]:
    """Ages that advance, some of them restored anew, on land some of which comes, goes, or was not seen."""
    rng = np.random.default_rng(7)
    covers = [rng.choice([GRASS, GRASS, GRASS, CROP], SHAPE) for _ in DATES]
    ages = [rng.integers(1, 12, SHAPE)]
    for first, last in pairwise(DATES):
        ages.append(np.where(rng.random(SHAPE) < 0.1, 1, ages[-1] + last - first))
    return covers, [np.where(rng.random(SHAPE) < 0.15, -1, one) for one in ages]


@pytest.fixture(scope="module")
def run(land: tuple[list[Array], list[Array]], tmp_path_factory: pytest.TempPathFactory) -> sinks.Run:
    return sinks.run(project(tmp_path_factory.mktemp("ages"), *land, classes()))


def hectares(run: sinks.Run) -> float:
    """Of a cell; the rows of the grid differ by a thousandth, which the comparison leaves room for."""
    units = run.activity.units
    return float(units["area_ha"].sum()) / (SHAPE[0] * SHAPE[1])


def band_weights() -> Array:
    """Areas of the rows of cells beside their mean, on the sphere."""
    edges = np.sin(np.radians(NORTH - STEP * np.arange(SHAPE[0] + 1)))
    bands = edges[:-1] - edges[1:]
    return (bands / bands.mean())[:, None]


def test_land_passes_through_its_ages(land: tuple[list[Array], list[Array]], run: sinks.Run) -> None:
    parts = []
    for step, (first, last) in enumerate(pairwise(DATES)):
        flux = cell_by_cell(*land, step) * band_weights() * hectares(run) * CO2
        for code, columns in (("0", slice(0, 6)), ("1", slice(6, 12))):
            assert sink(run, code, f"{first}-{last}") == pytest.approx(flux[:, columns].sum(), rel=1e-6)
        parts.append((flux[:, :6].sum(), last - first))
    long = sum(flux * years for flux, years in parts) / (DATES[-1] - DATES[0])
    assert sink(run, "0", "2015-2023") == pytest.approx(long, rel=1e-6)


def test_coverage_is_the_land_whose_age_is_known_half_at_each_date(
    land: tuple[list[Array], list[Array]], run: sinks.Run
) -> None:
    """Land that stays counts wholly where its age was known at the beginning."""
    covers, ages = land
    whole = known = 0.0
    for at in np.ndindex(SHAPE):
        if at[1] >= 6:
            continue
        grass = [covers[k][at] == GRASS for k in (0, 1)]
        seen = [grass[k] and ages[k][at] >= 0 for k in (0, 1)]
        weight = float(band_weights()[at[0], 0])
        whole += sum(grass) / 2 * weight
        known += weight if seen[0] and grass[1] else sum(seen) / 2 * weight
    assert sink(run, "0", "2015-2018", "coverage") == pytest.approx(known / whole, rel=1e-6)


def test_an_age_on_an_edge_goes_into_the_next_class(tmp_path: Path) -> None:
    """From the 3rd to the 6th year all is of the class above 3; from the 6th to the 11th it passes two edges."""
    cover = np.full(SHAPE, GRASS)
    ages = [np.full(SHAPE, age) for age in (3, 6, 11)]
    run = sinks.run(project(tmp_path, [cover] * 3, ages, classes()))
    units = run.activity.units.set_index("region_code")["area_ha"]
    assert sink(run, "0", "2015-2018") == pytest.approx(6.4 / 100 * units["0"] * CO2, rel=1e-9)
    mean = (6.4 + 12.0 + 3 * 4.5) / 5
    assert sink(run, "0", "2018-2023") == pytest.approx(mean / 100 * units["0"] * CO2, rel=1e-9)
