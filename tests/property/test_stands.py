"""Stands of two surveys: a change is counted on stands that both have, and each is evaluated by itself.

Boundaries do not move between the surveys and every stand has its number.  Some stands are found in one survey only,
some were not measured.  What the account has to say follows stand by stand: areas by an equal-area projection, the rest
with numpy.
"""

from __future__ import annotations

import math
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import sinks
from support.examples import costly

Array = np.ndarray[Any, Any]

WEST, SOUTH, STEP, SIDE = 118.0, 45.0, 0.01, 6
DATES = ("2020", "2023")

# Boreal larch of the IPCC's tables (2006, vol. 4, Tables 4.3-4.5).
BCEF = ((20, 1.22), (50, 0.78), (100, 0.77), (math.inf, 0.77))
CARBON_FRACTION, ROOTS_BELOW_75, ROOTS_ABOVE_75 = 0.51, 0.39, 0.24


def density(volume: Array) -> Array:
    """Carbon of the biomass of larch. [t C/ha]"""
    above = volume * np.select([volume <= end for end, _ in BCEF], [factor for _, factor in BCEF])
    return above * (1 + np.where(above <= 75, ROOTS_BELOW_75, ROOTS_ABOVE_75)) * CARBON_FRACTION


def squares() -> list[shapely.Polygon]:
    return [
        shapely.box(WEST + x * STEP, SOUTH + y * STEP, WEST + (x + 1) * STEP, SOUTH + (y + 1) * STEP)
        for y, x in product(range(SIDE), range(SIDE))
    ]


def hectares() -> Array:
    """Areas of the squares in an equal-area projection of the same ellipsoid."""
    dense = shapely.segmentize(np.array(squares(), dtype=object), STEP / 50)
    plane = gpd.GeoSeries(list(dense), crs=4490).to_crs("+proj=cea +lat_ts=45 +ellps=GRS80")
    return plane.area.to_numpy() / 1e4


def surveys(seed: int, gaps: float) -> tuple[Array, Array, Array, Array]:
    """Whether each stand is found, and its volume (NaN where it was not measured), at both dates. [m3/ha]"""
    rng = np.random.default_rng(seed)
    n = SIDE * SIDE
    found = [rng.random(n) >= gaps for _ in DATES]
    first = 260 * rng.random(n) ** 2 + 0.5
    last = np.minimum(first * rng.uniform(0.8, 1.4, n) + 1, 260)
    volumes = [np.where(rng.random(n) < gaps, np.nan, one) for one in (first, last)]
    return found[0], found[1], volumes[0], volumes[1]


def write(folder: Path, seed: int, gaps: float) -> None:
    found = surveys(seed, gaps)
    for date, there, volume in zip(DATES, found[:2], found[2:], strict=True):
        numbers = np.flatnonzero(there)
        columns = {"XBH": [f"s{n}" for n in numbers], "DLBM": "0301", "XJ": volume[there], "MJ": hectares()[there]}
        shapes = np.array(squares(), dtype=object)[there]
        gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4490).to_file(folder / f"stands_{date}.gpkg")


def regions(folder: Path, cut: int) -> Path:
    """One region, or two that no stand crosses."""
    path = folder / f"regions_{cut}.gpkg"
    if not path.exists():
        ends = [0, cut, SIDE] if cut else [0, SIDE]
        boxes = [shapely.box(WEST + a * STEP, SOUTH, WEST + b * STEP, SOUTH + SIDE * STEP) for a, b in pairwise(ends)]
        codes = [str(n) for n in range(1, len(boxes) + 1)]
        gpd.GeoDataFrame({"code": codes, "name": codes, "level": "x"}, geometry=boxes, crs=4490).to_file(path)
    return path


def account(folder: Path, cut: int, area: str) -> pd.DataFrame:
    fields = {"stand_id": "XBH", "land_cover": "DLBM", "growing_stock": {"field": "XJ", "unit": "m3/ha"}}
    fields |= {"declared_area": {"field": "MJ", "unit": "ha"}}
    survey = {
        "preset": "lincaoshi",
        "files": {date: f"stands_{date}.gpkg" for date in DATES},
        "fields": fields,
        "each_stand": True,
        "area": area,
        "zero_volume": "missing",
    }
    method = {"id": "growing_stock_bcef", "ecosystems": ["forest"], "source": "survey"}
    method |= {"strata": {"climate_domain": "boreal", "forest_type": "larch"}}
    content = {
        "project": {"name": "t", "title": "t", "dates": [2020, 2023], "draws": 0, "cells_min": 1, "coverage_min": 0},
        "regions": {"file": str(regions(folder, cut)), "code": "code", "name": "name", "level": "level"},
        "vectors": {"survey": survey},
        "areas": {"forest": "survey"},
        "methodologies": [method],
    }
    return sinks.run(sinks.Project.from_dict(content, folder=folder)).account


def figures(table: pd.DataFrame) -> dict[str, float]:
    sums = table[(table["ecosystem"] == "all") & (table["stratum"] == "all") & (table["pool"] == "all")]
    names = ("carbon_stock", "stock_change", "newly_known", "no_longer_known")
    sums = sums[sums["quantity"].isin(names)]
    found = sums.fillna({"value": 0.0}).groupby(["quantity", "period"])["value"].sum()
    return {f"{quantity} {period}": float(value) for (quantity, period), value in found.items()}


def by_stand(seed: int, gaps: float) -> dict[str, float]:
    """The same, one stand after the other. [t C]"""
    there_first, there_last, first, last = surveys(seed, gaps)
    area = hectares()
    before, after = (
        np.where(there, density(volume), np.nan) * area for there, volume in ((there_first, first), (there_last, last))
    )
    both = np.isfinite(before) & np.isfinite(after)
    return {
        "carbon_stock 2020": float(np.nansum(before)),
        "carbon_stock 2023": float(np.nansum(after)),
        "stock_change 2020-2023": float((after - before)[both].sum()),
        "newly_known 2020-2023": float(np.nansum(after[~both])),
        "no_longer_known 2020-2023": float(np.nansum(before[~both])),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stands")


@costly(2)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.4]), st.sampled_from([0, 2]))
@example(seed=1, gaps=0.4, cut=2)
@pytest.mark.parametrize("area", ["geometry", "declared"])
def test_the_account_is_that_of_the_stands(folder: Path, area: str, seed: int, gaps: float, cut: int) -> None:
    """Surveys are laid upon each other; where recorded areas hold, which have no place, stands go by their numbers."""
    write(folder, seed, gaps)
    expected = by_stand(seed, gaps)
    found = figures(account(folder, cut, area))
    size = expected["carbon_stock 2020"]
    for name, right in expected.items():
        assert found.get(name, 0.0) == pytest.approx(right, rel=1e-6, abs=1e-6 * size), name
    made = found["stock_change 2020-2023"] + found.get("newly_known 2020-2023", 0.0)
    made -= found.get("no_longer_known 2020-2023", 0.0)
    assert made == pytest.approx(found["carbon_stock 2023"] - found["carbon_stock 2020"], abs=1e-9 * size)
