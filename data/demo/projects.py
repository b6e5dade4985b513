"""Restoration and CCER project areas: modelled outlines around hand-set centres; no real project is drawn."""

from __future__ import annotations

from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from rasterio.features import rasterize

from demo.frame import CRS_NAME, frame
from demo.terrain import INPUTS, KM_PER_DEGREE, SEED


@cache
def restoration() -> gpd.GeoDataFrame:
    """Restoration projects with start year."""
    return _projects("restoration_projects.csv")


@cache
def ccer() -> gpd.GeoDataFrame:
    """CCER projects with crediting period; their tonnes stand in the table ``ccer_ledger.csv``."""
    return _projects("ccer_projects.csv")


@cache
def restored() -> NDArray[np.bool_]:
    """Observed cells whose centre lies in a restoration project: the modelled change concentrates there."""
    on = frame()
    mask = rasterize(
        restoration().geometry, out_shape=(on.height, on.width), transform=on.transform, dtype="uint8"
    )  # fmt: skip
    return np.asarray(mask.ravel()[on.cell], dtype=bool)


def ledger() -> pd.DataFrame:
    """Tonnes of each CCER project by year and state; every tonne is in exactly one state (illustrative)."""
    rows = []
    for project in ccer().to_dict("records"):
        first = int(project["crediting_start"][:4])
        for year in range(2020, 2024):
            # Young plantations: the modelled credits rise evenly to their full rate within four years.
            share = min(max(year - first + 1, 0), 4) / 4
            if share == 0:
                continue
            # The last year is not yet certified, whatever state the earlier ones are in.
            state = "unregistered" if year == 2023 else project["state"]
            rows.append({
                "project_id": project["project_id"], "region_code": project["region_code"], "year": year,
                "state": state, "value": round(project["area_ha"] * project["t_co2_per_ha_yr"] * share),
                "unit": "t CO2",
                "basis": "illustrative", "source": "示范数据（示意）", "note": "",
            })  # fmt: skip
    return pd.DataFrame(rows)


def _projects(name: str) -> gpd.GeoDataFrame:
    table = pd.read_csv(INPUTS / name, dtype={"region_code": str})
    outlines = [
        _outline(row["project_id"], row["lon"], row["lat"], row["radius_km"]) for row in table.to_dict("records")
    ]
    for code, outline in zip(table["region_code"], outlines, strict=True):
        league = frame().leagues[frame().index(code)]
        if not shapely.contains(league.polygon, outline):
            raise ValueError(f"{name}: a project of {league.name} reaches beyond it; move its centre or shrink it")
    geod = Geod(ellps="GRS80")
    area = [abs(geod.geometry_area_perimeter(outline)[0]) / 1e4 for outline in outlines]
    table = table.drop(columns=["lon", "lat", "radius_km"])
    table["area_ha"] = np.round(area, 2)
    table["basis"] = "illustrative"
    return gpd.GeoDataFrame(table, geometry=outlines, crs=CRS_NAME)


def _outline(name: str, lon: float, lat: float, radius_km: float) -> shapely.Polygon:
    """A round outline with a few bays: low harmonics of the radius, drawn once per project name."""
    rng = np.random.default_rng([SEED, *name.encode()])
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    wave = sum(rng.normal(0, 0.10 / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 4, 5))
    radius = radius_km / KM_PER_DEGREE * (1 + wave)
    x = lon + radius * np.cos(angle) / np.cos(np.radians(lat))
    return shapely.Polygon(np.round(np.column_stack([x, lat + radius * np.sin(angle)]), 6))
