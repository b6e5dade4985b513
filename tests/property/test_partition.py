"""A figure does not depend on the regions asked for, and is that of the cells: curves, power laws, CASA.

Inputs vary from cell to cell and the territory is cut into random halves, each a scatter of cells.  The whole and its
halves are those of the cells, evaluated one by one with numpy, to 1e-3 of the change (a half: 2e-3 of the whole's).
Equations and parameters are written out here a second time; steps by class are tests/property/test_true_change.py's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

import sinks

Array = np.ndarray[Any, Any]

ROWS, COLUMNS, STEP, WEST, NORTH = 12, 16, 0.01, 118.0, 45.0
DATES = ("2020", "2023")
FOREST, SHRUB, GRASS = 2, 3, 4
HEAD = "parameter,{strata}value,unit,low,high,interval,distribution,basis,source,locator,note\n"
BOREAL = {"climate_domain": "boreal", "forest_type": "larch", "origin": "natural"}

# Larch, boreal (IPCC 2006, vol. 4, Tables 4.3 and 4.4): carbon fraction, roots below and above 75 t DM/ha.
CARBON_FRACTION, ROOTS_BELOW_75, ROOTS_ABOVE_75 = 0.51, 0.39, 0.24


@dataclass(frozen=True)
class Kind:
    """A methodology, the land that it is for, what varies, and its equation. [t C/ha, or t C/ha/yr]"""

    id: str
    cover: int
    ecosystem: str
    inputs: dict[str, tuple[float, float]]
    equation: Callable[[dict[str, Array]], Array]
    parameters: dict[str, tuple[float, str]]
    strata: dict[str, str]


def with_roots(above: Array) -> Array:
    return above * (1 + np.where(above <= 75, ROOTS_BELOW_75, ROOTS_ABOVE_75)) * CARBON_FRACTION


def logistic(found: dict[str, Array]) -> Array:
    return with_roots(160 / (1 + 20 * np.exp(-0.06 * found["stand_age"])))


def schumacher(found: dict[str, Array]) -> Array:
    return with_roots(180 * np.exp(-22 / found["stand_age"]))


def ndvi(found: dict[str, Array]) -> Array:
    return 3.1 * found["ndvi_max"] ** 1.7 * (1 + 4.25)


def shrubs(found: dict[str, Array]) -> Array:
    plant = 0.00107 * (found["shrub_height"] * found["crown_area"]) ** 0.9
    return found["plant_density"] * plant * 0.47


def production(found: dict[str, Array]) -> Array:
    """NPP less respiration; the law is for months, in g C/m2."""
    respired = [
        0.22 * (np.exp(0.0913 * found["temperature"][month]) + np.log(0.3145 * found["precipitation"][month] + 1))
        for month in range(12)
    ]
    return found["npp"] - sum(respired) * 30 * 0.465 / 100


SHRUB_MODEL = {
    "coefficient": (0.00107, "t DM/plant"),
    "height_exponent": (0.9, "1"),
    "area_exponent": (0.9, "1"),
    "intercept": (0.0, "t DM/plant"),
    "carbon_fraction": (0.47, "t C/(t DM)"),
}
KINDS = [
    Kind(
        "forest_growth_logistic", FOREST, "forest", {"stand_age": (1, 120)}, logistic,
        {"asymptote": (160, "t DM/ha"), "growth_rate": (0.06, "1/yr"), "shape": (20, "1")}, BOREAL,
    ),
    Kind(
        "forest_growth_schumacher", FOREST, "forest", {"stand_age": (1, 120)}, schumacher,
        {"asymptote": (180, "t DM/ha"), "time_scale": (22, "yr")}, BOREAL,
    ),
    Kind(
        "grassland_ndvi", GRASS, "grassland", {"ndvi_max": (0.05, 0.9)}, ndvi,
        {"carbon_at_full_ndvi": (3.1, "t C/ha"), "exponent": (1.7, "1"), "root_to_shoot": (4.25, "t DM/t DM")},
        {"curve_set": "local", "grassland_type": "typical_steppe"},
    ),
    Kind(
        "shrub_allometry_total", SHRUB, "shrub",
        {"shrub_height": (0.4, 1.4), "crown_area": (0.2, 0.5), "plant_density": (300, 3000)}, shrubs, SHRUB_MODEL,
        {"species": "own"},
    ),
]  # fmt: skip


def hectares() -> Array:
    """Areas of the cells, (rows, columns), on the ellipsoid of CGCS2000 by the closed formula of a zone."""
    a, f = 6378137.0, 1 / 298.257222101
    e2 = f * (2 - f)
    e = math.sqrt(e2)
    s = np.sin(np.radians(NORTH - STEP * np.arange(ROWS + 1)))
    q = s / (1 - e2 * s * s) + np.log((1 + e * s) / (1 - e * s)) / (2 * e)
    zone = a * a * (1 - e2) / 2 * (q[:-1] - q[1:]) * math.radians(STEP) / 1e4
    return np.repeat(zone[:, None], COLUMNS, axis=1)


def write(path: Path, bands: Array) -> None:
    bands = bands if bands.ndim == 3 else bands[None]
    with rasterio.open(
        path, "w", driver="GTiff", height=ROWS, width=COLUMNS, count=len(bands), dtype=bands.dtype, crs="EPSG:4490",
        transform=Affine(STEP, 0, WEST, 0, -STEP, NORTH),
    ) as dataset:  # fmt: skip
        dataset.write(bands)


def values(rng: np.random.Generator, inputs: dict[str, tuple[float, float]]) -> list[dict[str, Array]]:
    """Values of both dates: skewed, and later those of the first moved by some tenths."""
    first = {name: low + (high - low) * rng.random((ROWS, COLUMNS)) ** 2 for name, (low, high) in inputs.items()}
    later = {name: np.clip(value * rng.uniform(0.85, 1.3, value.shape), *inputs[name]) for name, value in first.items()}
    return [{name: value.astype(np.float32) for name, value in one.items()} for one in (first, later)]


def regions(folder: Path, half: Array) -> None:
    """The whole, and a random half of the cells with its complement."""
    west, south = np.meshgrid(WEST + STEP * np.arange(COLUMNS), NORTH - STEP * (np.arange(ROWS) + 1))
    cells = shapely.box(west, south, west + STEP, south + STEP)
    for name, parts in (("whole", [np.ones_like(half)]), ("halves", [half, ~half])):
        shapes = [shapely.union_all(cells[part], grid_size=1e-9) for part in parts]
        codes = [str(n) for n in range(1, len(parts) + 1)]
        frame = gpd.GeoDataFrame({"code": codes, "name": codes, "level": "x"}, geometry=shapes, crs=4490)
        frame.to_file(folder / f"{name}.gpkg")


def project(folder: Path, regions: str, **sections: Any) -> pd.DataFrame:
    content: dict[str, Any] = {
        "project": {"name": "t", "title": "t", "dates": [2020, 2023], "draws": 0, "cells_min": 1, "coverage_min": 0},
        "regions": {"file": f"{regions}.gpkg", "code": "code", "name": "name", "level": "level"},
        "land_cover": {"legend": "clcd", "files": {date: "cover.tif" for date in DATES}},
        **sections,
    }
    table = sinks.run(sinks.Project.from_dict(content, folder=folder)).account
    return table[(table["ecosystem"] == "all") & (table["stratum"] == "all") & (table["pool"] == "all")]


def figure(sums: pd.DataFrame, quantity: str, period: str) -> Array:
    found = sums[(sums["quantity"] == quantity) & (sums["period"] == period)].sort_values("region_code")
    return found["value"].to_numpy(float)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_whole_halves_and_cells_agree(tmp_path: Path, kind: Kind) -> None:
    rng = np.random.default_rng(len(kind.id))
    half, area = rng.random((ROWS, COLUMNS)) < 0.5, hectares()
    regions(tmp_path, half)
    write(tmp_path / "cover.tif", np.full((ROWS, COLUMNS), kind.cover, np.uint8))
    found = values(rng, kind.inputs)
    for date, of in zip(DATES, found, strict=True):
        for name, value in of.items():
            write(tmp_path / f"{name}_{date}.tif", value)
    rows = "".join(f"{name},{value},{unit},,,,,user,t,t,\n" for name, (value, unit) in kind.parameters.items())
    # Shrubs and grass have rows of their own for every parameter; forests take roots and fractions from the IPCC.
    extends = f"# extends: {kind.id}\n" if kind.ecosystem == "forest" else ""
    (tmp_path / "own.csv").write_text(extends + HEAD.format(strata="") + rows, encoding="utf-8")
    method = {"id": kind.id, "ecosystems": [kind.ecosystem], "strata": kind.strata, "parameters": "own.csv"}
    inputs = {name: {"files": {date: f"{name}_{date}.tif" for date in DATES}} for name in kind.inputs}
    whole, parts = (project(tmp_path, name, inputs=inputs, methodologies=[method]) for name in ("whole", "halves"))
    carbon = [kind.equation({name: value.astype(float) for name, value in of.items()}) for of in found]
    stock, change = float((carbon[0] * area).sum()), float(((carbon[1] - carbon[0]) * area).sum())
    assert figure(whole, "carbon_stock", "2020") == pytest.approx([stock], rel=1e-3)
    assert figure(whole, "stock_change", "2020-2023") == pytest.approx([change], rel=1e-3)
    assert figure(parts, "stock_change", "2020-2023").sum() == pytest.approx(change, rel=1e-3)
    assert figure(parts, "stock_change", "2020-2023").sum() == pytest.approx(
        figure(whole, "stock_change", "2020-2023")[0], abs=1e-3 * abs(change)
    )
    for at, inside in enumerate((half, ~half)):
        right = float(((carbon[1] - carbon[0]) * area * inside).sum())
        assert figure(parts, "stock_change", "2020-2023")[at] == pytest.approx(right, abs=2e-3 * abs(change))


def test_casa_is_that_of_the_cells(tmp_path: Path) -> None:
    """Respiration by month is exponential in temperature and a logarithm of rain."""
    rng = np.random.default_rng(8)
    half, area = rng.random((ROWS, COLUMNS)) < 0.5, hectares()
    regions(tmp_path, half)
    write(tmp_path / "cover.tif", np.full((ROWS, COLUMNS), GRASS, np.uint8))
    fluxes = []
    season = -np.cos(np.arange(12) * np.pi / 6)[:, None, None]
    for date in DATES:
        cold = 16 * season + rng.normal(2, 4, (ROWS, COLUMNS))
        rain = np.maximum(40 * (1 + season) * rng.uniform(0.3, 2.0, (ROWS, COLUMNS)), 0)
        found = {"npp": rng.uniform(1, 4, (ROWS, COLUMNS)), "temperature": cold, "precipitation": rain}
        for name, value in found.items():
            write(tmp_path / f"{name}_{date}.tif", value.astype(np.float32))
        fluxes.append(production({name: value.astype(np.float32).astype(float) for name, value in found.items()}))
    units = {"temperature": "degC", "precipitation": "mm/month"}
    monthly = {
        name: {"files": {date: f"{name}_{date}.tif" for date in DATES}, "unit": unit} for name, unit in units.items()
    }
    sections: dict[str, Any] = {
        "inputs": {"npp": {"files": {date: f"npp_{date}.tif" for date in DATES}}},
        "monthly_inputs": monthly,
        "methodologies": [{"id": "nep_casa", "ecosystems": ["grassland"], "strata": {"winter": "formula"}}],
    }
    flux = sum(fluxes) / 2 * area * 44 / 12
    right = [float((flux * inside).sum()) for inside in (half, ~half)]
    parts = figure(project(tmp_path, "halves", **sections), "net_removals", "2020-2023")
    assert parts == pytest.approx(right, abs=1e-3 * abs(sum(right)))
