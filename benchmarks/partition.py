"""One figure however the land is divided: a project run whole, by league, by banner and by random halves.

    python -m benchmarks.partition                                   # the demonstration
    python -m benchmarks.partition --project data/projects/ordos.toml --seeds 3

Every run evaluates its methodologies on the land of its own regions, without draws.  The figures of the whole are set
against the sums of each division, by methodology, pool and quantity; printed is the largest difference of each
methodology, of a change as a part of that change, of a stock as a part of the stock.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import sinks

QUANTITIES = ("area", "carbon_stock", "stock_change", "net_removals", "newly_known", "no_longer_known")


def content(project: sinks.Project, regions: dict[str, Any]) -> sinks.Project:
    """The project over other regions, without draws and without what needs the regions that it had."""
    given = project.record()
    for name in ("assessment", "restoration", "potential"):
        given.pop(name, None)
    given["project"] = {**given["project"], "draws": 0}
    given["regions"] = regions
    return sinks.Project.from_dict(given, folder=project.folder)


def units_of(run: sinks.Run) -> gpd.GeoDataFrame:
    """The finest regions of a run, which its land was counted by."""
    return run.regions[run.regions["code"].isin(run.activity.units["region_code"])]


def sums(run: sinks.Run) -> pd.Series[float]:
    """Figures of all land, by methodology, ecosystem and pool, of regions added up."""
    codes = units_of(run)["code"]
    table = pd.concat([run.account, run.comparison])
    own = table[(table["stratum"] != "all") & table["region_code"].isin(codes) & table["quantity"].isin(QUANTITIES)]
    return own.groupby(["methodology", "ecosystem", "pool", "quantity", "period"])["value"].sum()


def halves(outline: Any, seed: int, folder: Path, pieces: int = 40) -> Path:
    """The outline in two: Voronoi cells of random points, each given to one side or the other."""
    rng = np.random.default_rng(seed)
    west, south, east, north = outline.bounds
    points = rng.uniform([west, south], [east, north], (pieces, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=outline.envelope))
    side = rng.random(len(cells)) < 0.5
    shapes = [shapely.intersection(shapely.union_all(cells[part]), outline) for part in (side, ~side)]
    path = folder / f"halves_{seed}.gpkg"
    frame = gpd.GeoDataFrame({"code": ["1", "2"], "name": ["1", "2"], "level": ["x"] * 2}, geometry=shapes, crs=4490)
    frame.to_file(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", default="data/projects/demo.toml")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    project = sinks.Project.read(options.project)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        base = {key: value for key, value in project.record()["regions"].items() if key != "levels" and value}
        runs: dict[str, pd.Series[float]] = {}
        banner = sinks.run(content(project, {**base, "levels": ["banner"]}))
        outline = shapely.union_all(units_of(banner).geometry.to_numpy(), grid_size=1e-9)
        whole = folder / "whole.gpkg"
        gpd.GeoDataFrame({"code": ["1"], "name": ["1"], "level": ["x"]}, geometry=[outline], crs=4490).to_file(whole)
        keys = {"code": "code", "name": "name", "level": "level"}
        files = {"region": whole, **{f"halves {n}": halves(outline, n, folder) for n in range(options.seeds)}}
        for name, path in files.items():
            run = sinks.run(content(project, {"file": str(path), **keys}))
            runs[name] = sums(run)
        league = sinks.run(content(project, {**base, "levels": ["league"]}))
        runs["league"] = sums(league)
        runs["banner"] = sums(banner)
    table = pd.DataFrame(runs)
    size = table["region"].abs().where(table["region"].abs() > 0)
    far = table.drop(columns="region").sub(table["region"], axis=0).abs().div(size, axis=0)
    print(far.groupby(["methodology", "quantity"]).max().to_string(float_format=lambda x: f"{x:.1e}"))


if __name__ == "__main__":
    main()
