"""How long it takes to find what every banner has of a million sub-compartments, against geopandas.overlay.

    python -m benchmarks.polygons [--side 1850] [--rounds 1]

Of a lattice of ``side`` x ``side`` polygons that share their crooked edges those are taken that meet Inner Mongolia, a
million by default; the regions are its 103 banners.  Both contestants get the same geometries in the same equal-area
plane and give hectares by polygon and banner, which are compared.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from statistics import median

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from sinks.geo.regions import load_builtin
from sinks.layers.stands.cut import M2_PER_HA, Cutter, cut
from sinks.layers.stands.equal_area import Projector

POINTS = 4
"""Pieces of an edge between two corners."""

KEYS = ["stand", "code"]


def banners() -> gpd.GeoDataFrame:
    """``code`` and ``geometry`` of the banners of Inner Mongolia, in the plane in which stands are cut."""
    units = load_builtin("150000", levels="banner").units
    plane = Cutter(units).plane
    planar = Projector(pyproj.CRS.from_user_input(units.crs), plane).geometries(units.geometry.array)
    return gpd.GeoDataFrame({"code": units["code"].to_numpy()}, geometry=planar, crs=plane)


def lattice(regions: gpd.GeoDataFrame, side: int, seed: int = 1) -> gpd.GeoDataFrame:
    """``stand`` and ``geometry``: polygons that cover the regions without gap or overlap."""
    rng = np.random.default_rng(seed)
    west, south, east, north = regions.total_bounds
    step = np.array([(east - west) / side, (north - south) / side])
    corner = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), axis=-1) * step + (west, south)
    corner += rng.uniform(-0.3, 0.3, corner.shape) * step
    share = np.arange(POINTS)[:, None] / POINTS

    def edges(first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """The points of edges but their last one, those between the corners a little off the straight line."""
        points = first[..., None, :] * (1 - share) + last[..., None, :] * share
        points[..., 1:, :] += rng.uniform(-0.05, 0.05, points[..., 1:, :].shape) * step
        return points

    across, up = edges(corner[:, :-1], corner[:, 1:]), edges(corner[:-1], corner[1:])

    def backwards(forward: np.ndarray, last: np.ndarray) -> np.ndarray:
        return np.concatenate([last[..., None, :], forward[..., :0:-1, :]], axis=-2)

    rings = np.concatenate(
        [across[:-1], up[:, 1:], backwards(across[1:], corner[1:, 1:]), backwards(up[:, :-1], corner[1:, :-1])], axis=-2
    ).reshape(side * side, 4 * POINTS, 2)
    polygons = shapely.polygons(rings)
    shapely.prepare(shapes := regions.geometry.to_numpy())
    meeting = np.unique(shapely.STRtree(polygons).query(shapes, predicate="intersects")[1])
    return gpd.GeoDataFrame({"stand": np.arange(len(meeting))}, geometry=polygons[meeting], crs=regions.crs)


def by_sinks(stands: gpd.GeoDataFrame, regions: gpd.GeoDataFrame) -> pd.DataFrame:
    pieces = cut(stands.geometry.to_numpy(), stands.crs, regions)
    codes = regions["code"].to_numpy()
    return pd.DataFrame({"stand": pieces.stand, "code": codes[pieces.region], "ha": pieces.area_ha})


def by_overlay(stands: gpd.GeoDataFrame, regions: gpd.GeoDataFrame) -> pd.DataFrame:
    pieces = gpd.overlay(stands, regions, how="intersection")
    return pd.DataFrame({"stand": pieces["stand"], "code": pieces["code"], "ha": pieces.area / M2_PER_HA})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=1850, help="polygons along either side of the lattice")
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    regions = banners()
    stands = lattice(regions, asked.side)
    assert shapely.is_valid(stands.geometry.to_numpy()).all()
    found: dict[str, pd.DataFrame] = {}
    took: dict[str, list[float]] = {"sinks": [], "overlay": []}
    ways: dict[str, Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], pd.DataFrame]]
    ways = {"sinks": by_sinks, "overlay": by_overlay}
    for _ in range(asked.rounds):
        for name, way in ways.items():
            start = time.process_time()
            found[name] = way(stands, regions)
            took[name].append(time.process_time() - start)
    both = found["sinks"].merge(found["overlay"], on=KEYS, how="outer", suffixes=("", "_overlay")).fillna(0.0)
    share = (both["ha"] - both["ha_overlay"]).abs() / both.groupby("stand")["ha"].transform("sum")
    by_banner = both.groupby("code")[["ha", "ha_overlay"]].sum()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    ours, theirs = median(took["sinks"]), median(took["overlay"])
    print(f"{len(stands):,} polygons, {len(regions)} banners, {len(found['sinks']):,} pieces; peak {peak:.1f} GB")
    print(f"sinks {ours:.2f} s, geopandas.overlay {theirs:.2f} s of processor: {theirs / ours:.1f} times")
    print(f"largest difference: {share.max():.1e} of a polygon, "
          f"{(by_banner['ha'] / by_banner['ha_overlay'] - 1).abs().max():.1e} of a banner")  # fmt: skip


if __name__ == "__main__":
    main()
