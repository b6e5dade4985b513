"""Laws of cutting: nothing is lost, nothing is counted twice, and it agrees with a plain overlay."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.layers.stands.cut import Cutter
from sinks.layers.stands.equal_area import Projector

EXTENT = shapely.box(110.0, 40.0, 112.0, 42.0)


def partition(seed: int, count: int) -> gpd.GeoDataFrame:
    """Voronoi cells that fill the extent without overlap."""
    points = np.random.default_rng(seed).uniform([110.0, 40.0], [112.0, 42.0], (count, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=EXTENT))
    return gpd.GeoDataFrame(
        {"code": [str(i) for i in range(count)]}, geometry=shapely.intersection(cells, EXTENT), crs=4490
    )


def polygons(seed: int, count: int) -> np.ndarray:
    """Stars of all sizes, some with a hole, some of two parts, some beyond the extent."""
    random = np.random.default_rng(seed)
    centres = random.uniform([109.8, 39.8], [112.2, 42.2], (count, 1, 2))
    radii = 10.0 ** random.uniform(-4.0, 0.0, (count, 1)) * random.uniform(0.5, 1.0, (count, 12))
    angles = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    stars = shapely.polygons(centres + radii[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    stars[::3] = shapely.difference(stars[::3], shapely.buffer(shapely.centroid(stars[::3]), 1e-5))
    stars[1::3] = shapely.union(stars[1::3], shapely.transform(stars[1::3], lambda xy: np.add(xy, [0.7, 0.1])))
    return np.asarray(stars, dtype=object)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), regions=st.integers(2, 12))
def test_pieces_agree_with_an_overlay(seed: int, regions: int) -> None:
    cutter = Cutter(partition(seed, regions))
    stands = polygons(seed, 60)
    pieces = cutter.cut(stands, 4490)
    projector = Projector(pyproj.CRS(4490), cutter.plane)
    planar = projector.geometries(stands)
    units = projector.geometries(partition(seed, regions).geometry.array)
    expected = shapely.area(shapely.intersection(planar[:, None], units[None, :])) / 1e4
    found = np.zeros_like(expected)
    found[pieces.stand, pieces.region] = pieces.area_ha
    scale = pieces.stand_area_ha[:, None]
    assert (np.abs(found - expected) <= 1e-9 * scale).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), regions=st.integers(1, 12))
def test_nothing_is_lost(seed: int, regions: int) -> None:
    pieces = Cutter(partition(seed, regions)).cut(polygons(seed, 60), 4490)
    together = pd.Series(pieces.area_ha).groupby(pieces.stand).sum().reindex(range(60), fill_value=0.0)
    assert together.to_numpy() + pieces.outside_ha == pytest.approx(pieces.stand_area_ha, rel=2e-9)
    assert (pieces.outside_ha >= 0.0).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_finer_regions_change_no_total(seed: int) -> None:
    stands = polygons(seed, 60)
    whole = gpd.GeoDataFrame({"code": ["all"]}, geometry=[EXTENT], crs=4490)
    # Edges are straight in the plane, so the outline has to be the same line whoever holds it.
    fine = gpd.GeoDataFrame(
        {"code": ["w", "e"]}, geometry=[shapely.box(110, 40, 111, 42), shapely.box(111, 40, 112, 42)], crs=4490
    )
    by_two = Cutter(fine).cut(stands, 4490)
    by_one = Cutter(whole).cut(stands, 4490)
    assert by_two.outside_ha == pytest.approx(by_one.outside_ha, rel=1e-7, abs=1e-7)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_slivers_are_as_finely_drawn_as_the_stand_that_they_are_of(seed: int) -> None:
    """Hairs across borders, a micrometre to a decimetre wide: their rounding is a share of the stand."""
    cutter = Cutter(partition(seed, 12))
    random = np.random.default_rng(seed)
    start = random.uniform([110.1, 40.1], [111.9, 41.9], (200, 2))
    along = start + random.uniform(-0.02, 0.02, (200, 2))
    beside = along + random.uniform(-1.0, 1.0, (200, 2)) * 10.0 ** random.uniform(-11.0, -6.0, (200, 1))
    projector = Projector(pyproj.CRS(4490), cutter.plane)
    hairs = projector.geometries(shapely.polygons(np.stack([start, along, beside], axis=1)))
    hectare = np.full(200, 1e4)
    pieces = cutter.cut_projected(hairs, Projector(cutter.plane, cutter.plane), hectare)
    together = np.bincount(pieces.stand, pieces.area_ha, minlength=200)
    assert np.abs(together + pieces.outside_ha - pieces.stand_area_ha).max() <= 2e-9
