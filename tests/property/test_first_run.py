"""A first run is safe, and land is neither lost nor made: laws for any maps, legends, gaps and regions."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import sinks
from sinks.account.findings import Findings
from sinks.account.hierarchy import Hierarchy
from sinks.account.laws import check_laws
from sinks.cli.first_project import write_project
from sinks.errors import AccountError
from sinks.geo.legends import load_legend
from support.examples import costly
from support.small_layers import write

ROWS, COLUMNS, STEP, WEST, NORTH = 8, 10, 0.1, 110.0, 45.0
DATES = ("2020", "2023")
PRODUCTS = ["clcd", "glc_fcs30d", "globeland30", "esa_worldcover", "esri_lulc", "dynamic_world", "cnlucc"]
seeds = st.integers(0, 2**32 - 1)


def hectares() -> np.ndarray:
    """Areas of the cells of each row on the ellipsoid of CGCS2000, by the closed formula of a zone."""
    a, f = 6378137.0, 1 / 298.257222101
    e2 = f * (2 - f)
    e = math.sqrt(e2)
    s = np.sin(np.radians(NORTH - STEP * np.arange(ROWS + 1)))
    q = s / (1 - e2 * s * s) + np.log((1 + e * s) / (1 - e * s)) / (2 * e)
    return np.asarray(a * a * (1 - e2) / 2 * (q[:-1] - q[1:]) * math.radians(STEP) / 1e4)


def maps(folder: Path, legend: str, seed: int, gaps: float) -> np.ndarray:
    """Two random maps of a product, some cells of each not seen; shape (dates, rows, columns), true where seen."""
    rng = np.random.default_rng(seed)
    codes = np.array([int(entry.code) for entry in load_legend(legend) if entry.ecosystem != "nodata"])
    unused = next(code for code in range(255, 0, -1) if code not in codes)
    first = rng.choice(codes, (ROWS, COLUMNS))
    later = np.where(rng.random(first.shape) < 0.2, rng.choice(codes, first.shape), first)
    seen = rng.random((2, ROWS, COLUMNS)) >= gaps
    for date, land, known in zip(DATES, (first, later), seen, strict=True):
        write(folder / f"cover_{date}.tif", np.where(known, land, unused).astype(np.uint8), nodata=unused)
    return seen


def first_project(folder: Path, legend: str, title: str, cuts: list[int]) -> sinks.Project:
    """What ``sinks init`` writes, over regions between columns; without draws, which have no part in the laws."""
    path = folder / "first.toml"
    answers = {"name": "first", "title": title, "province": "150000", "level": "league", "legend": legend}
    files = {date: f"cover_{date}.tif" for date in DATES}
    write_project(path, {**answers, "land_cover": files}, force=True)
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    assert content["project"]["title"] == title
    ends = [0, *cuts, COLUMNS]
    boxes = [shapely.box(WEST + a * STEP, NORTH - ROWS * STEP, WEST + b * STEP, NORTH) for a, b in pairwise(ends)]
    codes = [str(n) for n in range(1, len(boxes) + 1)]
    frame = gpd.GeoDataFrame({"code": codes, "name": codes, "level": "x"}, geometry=boxes, crs=4490)
    frame.to_file(folder / f"regions_{len(boxes)}.gpkg")
    content["regions"] = {"file": f"regions_{len(boxes)}.gpkg", "code": "code", "name": "name", "level": "level"}
    content["project"] |= {"draws": 0, "cells_min": 1, "coverage_min": 0}
    return sinks.Project.from_dict(content, folder=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first")


@costly(2)
@given(st.sampled_from(PRODUCTS), seeds, st.sampled_from([0.0, 0.2]), st.text(max_size=20), st.sampled_from([[], [4]]))
@example(legend="clcd", seed=1, gaps=0.2, title="x", cuts=[4])
def test_a_first_run_has_stocks_and_no_sink(
    folder: Path, legend: str, seed: int, gaps: float, title: str, cuts: list[int]
) -> None:
    seen = maps(folder, legend, seed, gaps)
    run = sinks.run(first_project(folder, legend, title or "x", cuts))
    table = run.account
    assert not table.loc[table["quantity"] == "net_removals", "value"].notna().any()
    assert (table.loc[table["quantity"] == "carbon_stock", "value"].fillna(0.0) > 0).any()
    assert len(run.activity.changes)
    # Land is neither lost nor made: what was seen of each region at each date, and of its land what was not.
    ends = [0, *cuts, COLUMNS]
    areas = table[(table["quantity"] == "area") & (table["ecosystem"] == "all") & (table["stratum"] == "all")]
    tabulated = run.activity.states.groupby(["region_code", "date"])["area_ha"].sum()
    for number, (west, east) in enumerate(pairwise(ends), 1):
        whole = hectares().sum() * (east - west)
        for date, known in zip(DATES, seen, strict=True):
            right = float((hectares()[:, None] * known[:, west:east]).sum())
            (found,) = areas.loc[(areas["region_code"] == str(number)) & (areas["period"] == date), "value"]
            assert found == pytest.approx(right, rel=1e-9)
            assert tabulated[str(number), date] == pytest.approx(whole, rel=1e-9)


@costly(3)
@given(seeds, st.sampled_from([0.0, 0.2]), st.floats(1e-6, 1.0))
def test_land_that_is_lost_between_dates_is_refused(folder: Path, seed: int, gaps: float, lost: float) -> None:
    """Any share of any row of any date, however small beside its region."""
    maps(folder, "clcd", seed, gaps)
    run = sinks.run(first_project(folder, "clcd", "x", [4]))
    hierarchy = Hierarchy.flat(run.activity.units["region_code"].tolist())
    check_laws(run.account, run.activity, hierarchy, Findings())
    states = run.activity.states.copy()
    states.loc[np.random.default_rng(seed).integers(len(states)), "area_ha"] *= 1 - lost
    # Transitions would tell too; that land is the same at every date has to be seen without them.
    spoilt = replace(run.activity, states=states, changes=run.activity.changes.iloc[:0])
    with pytest.raises(AccountError) as caught:
        check_laws(run.account, spoilt, hierarchy, Findings())
    assert {problem.id for problem in caught.value.problems} == {"account.area_of_dates_differs"}
