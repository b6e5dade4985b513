"""Two surveys whose boundaries moved: a change is counted on land that both have, piece by piece.

Stands are drawn anew between the surveys: some keep their outline, others are divided otherwise, some are found in one
survey only.  What the account has to say follows from the intersections of every stand of the one with every stand of
the other, by shapely in an equal-area projection of the same ellipsoid; densities are written out a second time.
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
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import sinks
from support.examples import costly

Array = np.ndarray[Any, Any]

WEST, SOUTH, EAST, NORTH = 118.0, 45.0, 118.06, 45.06
EXTENT = shapely.box(WEST, SOUTH, EAST, NORTH)
DATES = ("2020", "2023")
STANDS = 24

# Boreal larch of the IPCC's tables (2006, vol. 4, Tables 4.3-4.5), and densities of grassland made up for the test.
BCEF = ((20, 1.22), (50, 0.78), (100, 0.77), (math.inf, 0.77))
CARBON_FRACTION, ROOTS_BELOW_75, ROOTS_ABOVE_75 = 0.51, 0.39, 0.24
GRASS = {"above_ground_biomass": 0.6, "below_ground_biomass": 3.1}
HEAD = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"


def density(volume: Array) -> Array:
    """Carbon of the biomass of larch. [t C/ha]"""
    above = volume * np.select([volume <= end for end, _ in BCEF], [factor for _, factor in BCEF])
    return above * (1 + np.where(above <= 75, ROOTS_BELOW_75, ROOTS_ABOVE_75)) * CARBON_FRACTION


@dataclass(frozen=True)
class Survey:
    """Outlines, class codes and volumes (NaN where not measured, or no forest) of the stands of one date."""

    outlines: Array
    codes: Array
    volumes: Array

    def carbon(self) -> Array:
        """Density of each stand, NaN where it is not known. [t C/ha]"""
        return np.where(self.codes == "0401", sum(GRASS.values()), density(self.volumes))


def cells(points: Array) -> Array:
    """Voronoi cells, in the order of their points."""
    found = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=EXTENT))
    cut = shapely.intersection(found, EXTENT)
    order = shapely.STRtree(cut).query(shapely.points(points), predicate="within")
    return np.asarray(cut[order[1][np.argsort(order[0])]], dtype=object)


def surveys(seed: int, moved: float, gaps: float) -> list[Survey]:
    rng = np.random.default_rng(seed)
    points = rng.uniform([WEST, SOUTH], [EAST, NORTH], (STANDS, 2))
    later = np.where(rng.random((STANDS, 1)) < moved, rng.uniform([WEST, SOUTH], [EAST, NORTH], (STANDS, 2)), points)
    made = []
    for place in (points, later):
        kept = rng.random(STANDS) >= gaps
        codes = np.where(rng.random(STANDS) < 0.25, "0401", "0301")
        volume = 260 * rng.random(STANDS) ** 2 + 0.5
        volume = np.where((rng.random(STANDS) < gaps) | (codes == "0401"), np.nan, volume)
        made.append(Survey(cells(place)[kept], codes[kept], volume[kept]))
    return made


def plane(outlines: Array) -> Array:
    """The outlines in an equal-area projection of the ellipsoid of CGCS2000, their edges divided first."""
    dense = shapely.segmentize(outlines, 0.0005)
    return gpd.GeoSeries(list(dense), crs=4490).to_crs("+proj=cea +lat_ts=45 +ellps=GRS80").to_numpy()


def by_pieces(found: list[Survey], inside: shapely.Polygon) -> dict[str, float]:
    """The account of the land inside, by intersection of every stand with every other. [t C, ha]"""
    here = plane(np.array([inside], dtype=object))[0]
    first, last = (shapely.intersection(plane(one.outlines), here) for one in found)
    before, after = (one.carbon() for one in found)
    shared = shapely.area(shapely.intersection(first[:, None], last[None, :])) / 1e4
    area = [shapely.area(one) / 1e4 for one in (first, last)]
    known = np.isfinite(before)[:, None] & np.isfinite(after)[None, :]
    change = np.where(known, after[None, :] - before[:, None], 0.0)
    stocks = [float(np.nansum(carbon * hectares)) for carbon, hectares in zip((before, after), area, strict=True)]
    both = [(np.where(known, shared, 0.0)).sum(axis=axis) for axis in (1, 0)]
    return {
        "carbon_stock 2020": stocks[0],
        "carbon_stock 2023": stocks[1],
        "stock_change 2020-2023": float((change * shared).sum()),
        "newly_known 2020-2023": float(np.nansum(after * (area[1] - both[1]))),
        "no_longer_known 2020-2023": float(np.nansum(before * (area[0] - both[0]))),
    }


def write(folder: Path, found: list[Survey]) -> None:
    for date, one in zip(DATES, found, strict=True):
        columns = {"XBH": [f"s{n}" for n in range(len(one.codes))], "DLBM": one.codes, "XJ": one.volumes}
        gpd.GeoDataFrame(columns, geometry=list(one.outlines), crs=4490).to_file(folder / f"stands_{date}.gpkg")
    rows = "".join(f"{pool},grassland,{value},t C/ha,,,,,user,t,t,\n" for pool, value in GRASS.items())
    (folder / "grass.csv").write_text(HEAD + rows, encoding="utf-8")


def halves(cut: float) -> list[shapely.Polygon]:
    ends = [WEST, WEST + cut * (EAST - WEST), EAST] if cut else [WEST, EAST]
    return [shapely.box(a, SOUTH, b, NORTH) for a, b in pairwise(ends)]


def run(folder: Path, cut: float, **survey: Any) -> Any:
    boxes = halves(cut)
    codes = [str(n) for n in range(1, len(boxes) + 1)]
    path = folder / f"regions_{len(boxes)}.gpkg"
    gpd.GeoDataFrame({"code": codes, "name": codes, "level": "x"}, geometry=boxes, crs=4490).to_file(path)
    fields = {"stand_id": "XBH", "land_cover": "DLBM", "growing_stock": {"field": "XJ", "unit": "m3/ha"}}
    layer = {"preset": "lincaoshi", "files": {date: f"stands_{date}.gpkg" for date in DATES}, "fields": fields}
    larch = {"climate_domain": "boreal", "forest_type": "larch"}
    forest = {"id": "growing_stock_bcef", "ecosystems": ["forest"], "source": "survey", "strata": larch}
    grass = {"id": "lookup_density", "ecosystems": ["grassland"], "source": "survey", "pools": list(GRASS)}
    content = {
        "project": {"name": "t", "title": "t", "dates": [2020, 2023], "draws": 0, "cells_min": 1, "coverage_min": 0},
        "regions": {"file": str(path), "code": "code", "name": "name", "level": "level"},
        "vectors": {"survey": {**layer, "zero_volume": "missing", **survey}},
        "areas": {"forest": "survey", "grassland": "survey"},
        "methodologies": [forest, {**grass, "parameters": str(folder / "grass.csv")}],
    }
    return sinks.run(sinks.Project.from_dict(content, folder=folder))


def figures(table: pd.DataFrame, code: str) -> dict[str, float]:
    sums = table[(table["ecosystem"] == "all") & (table["stratum"] == "all") & (table["pool"] == "all")]
    sums = sums[sums["region_code"] == code].fillna({"value": 0.0})
    return {f"{row.quantity} {row.period}": float(row.value) for row in sums.itertuples()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("surveys")


@costly(3)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0]), st.sampled_from([0.0, 0.3]), st.sampled_from([0, 0.4]))
@example(seed=1, moved=0.2, gaps=0.2, cut=0.4)
def test_the_account_is_that_of_the_pieces(folder: Path, seed: int, moved: float, gaps: float, cut: float) -> None:
    found = surveys(seed, moved, gaps)
    write(folder, found)
    account = run(folder, cut).account
    for number, inside in enumerate(halves(cut), 1):
        expected, got = by_pieces(found, inside), figures(account, str(number))
        size = expected["carbon_stock 2020"] + expected["carbon_stock 2023"]
        for name, right in expected.items():
            # Edges shorter than 0.01 degree are straight in the plane for the program: some centimetres.
            assert got.get(name, 0.0) == pytest.approx(right, abs=1e-5 * size), name
        made = got["stock_change 2020-2023"] + got.get("newly_known 2020-2023", 0.0)
        made -= got.get("no_longer_known 2020-2023", 0.0)
        assert made == pytest.approx(got["carbon_stock 2023"] - got["carbon_stock 2020"], abs=1e-9 * size)


def test_unchanged_land_drawn_otherwise_is_no_sink(folder: Path) -> None:
    """Every stand is cut in two along a meridian, and a strip of some metres is drawn to the neighbour."""
    (still, _) = surveys(3, 0.0, 0.0)
    volume = np.full(STANDS, 80.0)
    parts = [shapely.intersection(still.outlines, half) for half in halves(0.4)]
    outlines = np.concatenate(parts)
    kept = ~shapely.is_empty(outlines)
    forest = np.array(["0301"] * STANDS)
    again = Survey(outlines[kept], np.tile(forest, 2)[kept], np.tile(volume, 2)[kept])
    write(folder, [Survey(still.outlines, forest, volume), again])
    made = run(folder, 0)
    got = figures(made.account, "1")
    assert abs(got["stock_change 2020-2023"]) < 1e-9 * got["carbon_stock 2020"]
    assert "newly_known 2020-2023" not in got
    assert "no_longer_known 2020-2023" not in got
    assert "vector.overlaid" in set(made.checks["check"])


def test_slivers_are_counted_and_named(folder: Path) -> None:
    """A boundary between forest and grass moves by 3 m: the strip counts, and is named with its area."""
    strip, middle = 3e-5, (WEST + EAST) / 2
    made = []
    for at in (middle, middle + strip):
        boxes = np.array([shapely.box(WEST, SOUTH, at, NORTH), shapely.box(at, SOUTH, EAST, NORTH)], dtype=object)
        made.append(Survey(boxes, np.array(["0301", "0401"]), np.array([80.0, np.nan])))
    write(folder, made)
    result = run(folder, 0)
    got = figures(result.account, "1")
    right = by_pieces(made, EXTENT)
    assert got["stock_change 2020-2023"] == pytest.approx(right["stock_change 2020-2023"], rel=1e-5)
    assert right["stock_change 2020-2023"] > 0
    hectares = shapely.area(plane(np.array([shapely.box(middle, SOUTH, middle + strip, NORTH)], dtype=object))[0]) / 1e4
    (said,) = result.checks.loc[result.checks["check"] == "vector.overlaid", "detail_en"]
    assert f"1 piece narrower than 10 m, {hectares:,.4f} ha in all" in said
    assert f"{hectares:,.4f} ha of them changed class" in said


def test_stands_that_keep_their_outlines_are_matched_by_them(folder: Path) -> None:
    found = surveys(7, 0.0, 0.2)
    write(folder, found)
    said = run(folder, 0).checks
    assert "vector.same_outlines" in set(said["check"])
    assert "vector.overlaid" not in set(said["check"])
