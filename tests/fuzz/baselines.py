"""Small projects that pass, each with files of text that can be spoilt."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.transform import Affine
from shapely.geometry import box

LEGEND = """code,name_zh,name_en,class,ecosystem,basis,source,note
1,林地,forest,forest,forest,own,test,
2,草地,grassland,grassland,grassland,own,test,
3,水体,water,water,water,own,test,
0,无数据,no data,nodata,nodata,own,test,
"""
SPECIES = """code,name_zh,name_en,class,ecosystem,basis,source,note
150,落叶松,larch,larch,,own,test,
550,杨树,poplar,poplar,,own,test,
"""
LAND = """code,name_zh,name_en,class,ecosystem,basis,source,note
111,乔木林,forest,forest,forest,own,test,
410,草地,grassland,grassland,grassland,own,test,
"""
DENSITIES = """parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note
biomass,forest,40,t C/ha,36,44,95%,,user,test,x,
biomass,grassland,4,t C/ha,3.6,4.4,95%,,user,test,y,
"""
EMISSIONS = "region_code,year,quantity,value,unit,source\n" + "".join(
    f"{code},{year},{quantity},{value},10^4 t CO2,test\n"
    for code in ("150100", "150200")
    for year in (2020, 2021, 2022, 2023)
    for quantity, value in (("energy", 5000), ("process", 400), ("net_imported_power", -200))
)
GDP = "region_code,year,quantity,value,unit,price_base,source\n" + "".join(
    f"{code},{year},gdp,{800 + 20 * (year - 2020)},10^8 CNY,2020 constant,test\n"
    for code in ("150100", "150200")
    for year in (2020, 2021, 2022, 2023)
)
TARGETS = """region_code,indicator,definition,base_year,target_year,value,unit,source
150100,intensity_reduction,test definition,2020,2025,0.12,1,test
"""
STATISTICS = """name,year,forest_area,density
呼和浩特市,2020,1000,20
包头市,2020,2000,30
呼和浩特市,2023,1100,21
包头市,2023,2100,30
"""
HEAD = """[project]
name = "t"
title = "t"
dates = [2020, 2023]
draws = 20
cells_min = 1
coverage_min = 0.0
[regions]
file = "regions.geojson"
code = "code"
name = "name"
"""
RASTERS = (
    HEAD
    + """[land_cover]
legend = "legend.csv"
files = { 2020 = "lc_2020.tif", 2023 = "lc_2023.tif" }
[[methodologies]]
id = "lookup_density"
ecosystems = ["forest", "grassland"]
pools = ["biomass"]
parameters = "densities.csv"
[assessment]
emissions = "emissions.csv"
gdp = "gdp.csv"
targets = "targets.csv"
[assessment.rule]
base_year = 2020
years = [2021, 2022, 2023]
base_period = "2020-2023"
ecosystems = ["forest", "grassland"]
"""
)
TABLES = (
    HEAD
    + """[tables.yearbook]
file = "statistics.csv"
ecosystem = "forest"
columns.region = "name"
columns.date = "year"
columns.area = { field = "forest_area", unit = "ha" }
[[methodologies]]
id = "lookup_density"
ecosystems = ["forest"]
pools = ["biomass"]
parameters = "densities.csv"
"""
)
STANDS = (
    HEAD
    + """[vectors.stands]
files = { 2020 = "stands_2020.geojson", 2023 = "stands_2023.geojson" }
fields.stand_id = "id"
fields.species_group = { field = "species", codes = "species.csv" }
fields.growing_stock = { field = "volume", unit = "m3/ha" }
fields.land_cover = { field = "land", codes = "land.csv" }
zero_volume = "observed"
[[methodologies]]
id = "growing_stock_bef"
ecosystems = ["forest"]
"""
)

PROJECTS = {"rasters": RASTERS, "tables": TABLES, "stands": STANDS}
"""Project file by the kind of its layers."""

FILES = {
    "rasters": (
        "project.toml",
        "legend.csv",
        "densities.csv",
        "emissions.csv",
        "gdp.csv",
        "targets.csv",
        "regions.geojson",
    ),
    "tables": ("project.toml", "densities.csv", "statistics.csv", "regions.geojson"),
    "stands": (
        "project.toml",
        "species.csv",
        "land.csv",
        "stands_2020.geojson",
        "stands_2023.geojson",
        "regions.geojson",
    ),
}
"""Files that can be spoilt, by the same."""


def write_baseline(kind: str, folder: Path) -> Path:
    """A project that passes; its file is returned."""
    texts = {
        "project.toml": PROJECTS[kind],
        "legend.csv": LEGEND,
        "species.csv": SPECIES,
        "land.csv": LAND,
        "densities.csv": DENSITIES,
        "emissions.csv": EMISSIONS,
        "gdp.csv": GDP,
        "targets.csv": TARGETS,
        "statistics.csv": STATISTICS,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    _write_regions(folder / "regions.geojson")
    if kind == "rasters":
        _write_rasters(folder)
    if kind == "stands":
        for year, volume in ((2020, 80.0), (2023, 95.0)):
            _write_stands(folder / f"stands_{year}.geojson", volume)
    return folder / "project.toml"


def _write_regions(path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["150100", "150200"], "name": ["呼和浩特市", "包头市"]},
        geometry=[box(110.0, 40.0, 110.2, 40.2), box(110.2, 40.0, 110.4, 40.2)],
        crs="EPSG:4490",
    )
    frame.to_file(path, driver="GeoJSON")
    _plain(path)


def _write_stands(path: Path, volume: float) -> None:
    cells = [
        box(110 + 0.05 * x, 40 + 0.05 * y, 110.05 + 0.05 * x, 40.05 + 0.05 * y) for x in range(8) for y in range(4)
    ]
    count = len(cells)
    frame = gpd.GeoDataFrame(
        {
            "id": [f"s{n}" for n in range(count)],
            "species": ["150" if n % 2 else "550" for n in range(count)],
            "volume": [volume + n for n in range(count)],
            "land": ["111" if n % 5 else "410" for n in range(count)],
        },
        geometry=cells,
        crs="EPSG:4490",
    )
    frame.to_file(path, driver="GeoJSON")
    _plain(path)


def _plain(path: Path) -> None:
    """One feature to a line, as people edit them."""
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _write_rasters(folder: Path) -> None:
    rng = np.random.default_rng(5)
    first = rng.choice(np.array([1, 1, 2, 2, 3], np.uint8), (20, 40))
    for year, data in ((2020, first), (2023, np.where(rng.random(first.shape) < 0.1, 1, first).astype(np.uint8))):
        profile = {"driver": "GTiff", "height": 20, "width": 40, "count": 1, "dtype": "uint8", "crs": "EPSG:4490"}
        with rasterio.open(
            folder / f"lc_{year}.tif", "w", **profile, nodata=0, transform=Affine(0.01, 0, 110, 0, -0.01, 40.2)
        ) as dataset:
            dataset.write(data, 1)
