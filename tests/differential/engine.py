"""The compiled pass beside a plain reference, on random small rasters, polygons, layouts and kinds of nodata.

``python tests/differential/engine.py --cases 10000 --seed 1`` says what differs; ``--case N`` repeats one.  The
reference cuts every cell with every polygon by shapely, weighs it by the ground area of a unit of map area, from the
ellipsoid's radii or PROJ's own scale, and adds up with numpy and pandas.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import CRS, Proj
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
from sinks.tabulation import tabulate
from sinks.tabulation.joint import OBSERVED, SQUARES, SUM

CLCD = load_legend("clcd")
BAR = 2e-6
"""Of the area of a region: cells of a projected grid share their area in groups to within a millionth, and a sliver of
a cell has the scale of the whole cell, which in UTM is up to half a millionth off."""

PLACES = {
    "geographic": ("EPSG:4490", 110.0, 42.0, 0.02),
    "albers": (
        "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=GRS80 +datum=WGS84 +units=m",
        400_000.0,
        4_500_000.0,
        500.0,
    ),
    "utm": ("EPSG:32649", 400_000.0, 4_600_000.0, 300.0),
}
CLASSES = ("uint8", "int16", "uint16", "int32", "float32", "float64")
VALUES = ("float32", "float64", "int16", "uint16")
COMPRESSIONS = ("none", "deflate", "lzw", "zstd", "packbits")


@dataclass(frozen=True)
class Layout:
    """How a file is written."""

    dtype: str
    options: dict[str, Any]
    missing: str
    south_up: bool


@dataclass(frozen=True)
class World:
    """Arrays as they should be read, not a number where nothing was observed, and where they are."""

    cover: dict[str, np.ndarray]
    value: np.ndarray
    units: gpd.GeoDataFrame
    transform: Affine
    crs: CRS
    layers: tuple[CategoricalLayer, ContinuousLayer]
    told: str


def make(seed: int, number: int, folder: Path) -> World:
    """The world of a case, the same every time."""
    rng = random.Random(f"{seed}-{number}")
    numbers = np.random.default_rng([seed, number])
    place = rng.choice(list(PLACES))
    text, west, north, cell = PLACES[place]
    width, height = rng.randint(3, 40), rng.randint(3, 40)
    transform = Affine(cell, 0, west, 0, -cell, north)
    told, cover, files = [f"{place} {width}x{height}"], {}, {}
    for date in ("2020", "2023"):
        layout = _layout(rng, CLASSES, float_nodata=False)
        codes = numbers.integers(1, 10, (height, width)).astype(float)
        cover[date], files[date] = _written(folder / f"{date}.tif", codes, layout, transform, text, numbers)
        told.append(f"{date}: {layout}")
    layout = _layout(rng, VALUES, float_nodata=True)
    field = np.round(numbers.normal(0, 6, (height, width)).clip(-39, 39), 2)
    if layout.dtype == "uint16":
        field = np.abs(field)
    scale = 0.01 if layout.dtype in ("int16", "uint16") else 1.0
    stored, path = _written(folder / "value.tif", field / scale, layout, transform, text, numbers)
    told.append(f"value: {layout}")
    crs = CRS.from_user_input(text)
    units = _polygons(numbers, transform, width, height, text)
    layers = (
        CategoricalLayer("land_cover", files, CLCD),
        ContinuousLayer("nep", "nep", {"static": path}, -40.0, 40.0, scale=scale, offset=0.0),
    )
    return World(cover, stored * scale, units, transform, crs, layers, "; ".join(told))


def _layout(rng: random.Random, dtypes: tuple[str, ...], *, float_nodata: bool) -> Layout:
    dtype, compress = rng.choice(dtypes), rng.choice(COMPRESSIONS)
    options: dict[str, Any] = {"compress": compress}
    if rng.random() < 0.5:
        options |= {"tiled": True, "blockxsize": 16 * rng.randint(1, 2), "blockysize": 16 * rng.randint(1, 2)}
    else:
        options["blockysize"] = rng.randint(1, 9)
    if compress in ("deflate", "lzw", "zstd"):
        options["predictor"] = rng.choice([1, 2, 3] if dtype.startswith("float") else [1, 2])
    if rng.random() < 0.2:
        options["endianness"] = "BIG"
    missing = ["none", "value", "mask", "alpha", "sidecar"] + (
        ["nan", "nan_declared"] if dtype.startswith("float") and float_nodata else []
    )
    return Layout(dtype, options, rng.choice(missing), rng.random() < 0.25)


def _written(
    path: Path, data: np.ndarray, layout: Layout, transform: Affine, crs: str, numbers: np.random.Generator
) -> tuple[np.ndarray, Path]:
    """A file, and what a reader must find in it."""
    hidden = numbers.random(data.shape) < 0.2 if layout.missing != "none" else np.zeros(data.shape, bool)
    stored = np.round(data) if layout.dtype.startswith(("u", "i")) else data
    stored = stored.astype(layout.dtype)
    nodata = {"value": 0.0 if layout.dtype == "uint8" else 250.0, "nan_declared": np.nan}.get(layout.missing)
    if layout.missing in ("value", "nan", "nan_declared"):
        stored[hidden] = np.nan if layout.missing.startswith("nan") else nodata
        if layout.missing == "value":
            hidden = hidden | (stored == nodata)
    found = np.where(hidden, np.nan, stored.astype(float))
    turn = slice(None, None, -1) if layout.south_up else slice(None)
    there = Affine(transform.a, 0, transform.c, 0, -transform.e, transform.f + transform.e * data.shape[0])
    profile = {"driver": "GTiff", "dtype": layout.dtype, "height": data.shape[0], "width": data.shape[1], "crs": crs}
    count = 2 if layout.missing == "alpha" else 1
    profile |= {"count": count, "nodata": nodata, "transform": there if layout.south_up else transform}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=layout.missing == "mask"),
        rasterio.open(path, "w", **profile, **layout.options) as dataset,
    ):
        dataset.write(stored[turn], 1)
        if layout.missing in ("mask", "sidecar"):
            dataset.write_mask(~hidden[turn])
        if layout.missing == "alpha":
            dataset.colorinterp = (ColorInterp.gray, ColorInterp.alpha)
            opaque = np.iinfo(layout.dtype).max if not layout.dtype.startswith("float") else 1.0
            dataset.write(np.where(hidden, 0, opaque).astype(layout.dtype)[turn], 2)
    return found, path


def _polygons(numbers: np.random.Generator, transform: Affine, width: int, height: int, crs: str) -> gpd.GeoDataFrame:
    """Stars with and without holes, boxes on cell borders, slivers; some reach beyond the grid."""
    shapes = []
    for _ in range(int(numbers.integers(1, 4))):
        centre = numbers.uniform([0, 0], [width, height])
        kind = numbers.integers(0, 4)
        if kind == 0:
            low = np.floor(centre)
            shape = shapely.box(*low, *(low + numbers.integers(1, 9, 2)))
        elif kind == 1:
            far = centre + numbers.uniform(-15, 15, 2)
            shape = shapely.LineString([centre, far]).buffer(float(numbers.uniform(0.01, 0.4)), quad_segs=2)
        else:
            angles = np.sort(numbers.uniform(0, 2 * np.pi, int(numbers.integers(5, 14))))
            radii = numbers.uniform(1, 12, len(angles))
            ring = centre + np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
            shape = shapely.make_valid(shapely.Polygon(ring))
            if kind == 3:
                shape = shape.difference(shapely.Point(centre).buffer(float(numbers.uniform(0.2, 2)), quad_segs=3))
        shapes.append(shape)
    on_map = [
        shapely.transform(
            shape,
            lambda xy: np.column_stack([transform.c + transform.a * xy[:, 0], transform.f + transform.e * xy[:, 1]]),
        )
        for shape in shapes
    ]
    kept = [_solid(shape) for shape in on_map]
    kept = [shape for shape in kept if shape.area > 0]
    if not kept:
        kept = [shapely.box(transform.c, transform.f + 2 * transform.e, transform.c + 2 * transform.a, transform.f)]
    return gpd.GeoDataFrame({"code": [str(n) for n in range(len(kept))]}, geometry=kept, crs=crs)


def _solid(shape: Any) -> Any:
    parts = [p for p in shapely.get_parts(shape) if p.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def reference(world: World) -> pd.DataFrame:
    """Sums by region and classes of both dates, cell by cell."""
    height, width = world.value.shape
    cols, rows = np.meshgrid(np.arange(width), np.arange(height))
    t = world.transform
    left, top = t.c + t.a * cols, t.f + t.e * rows
    cells = shapely.box(left, top + t.e, left + t.a, top)
    found = []
    for code, shape in zip(world.units["code"], world.units.geometry, strict=True):
        pieces = shapely.intersection(shape, cells)
        centres = shapely.centroid(pieces)
        there = shapely.area(pieces) > 0
        weight = np.zeros(cells.shape)
        x, y = shapely.get_x(centres[there]), shapely.get_y(centres[there])
        weight[there] = shapely.area(pieces[there]) * _ground(world.crs, x, y) / 10_000.0
        value = np.where(np.isnan(world.value), 0.0, world.value)
        seen = ~np.isnan(world.value)
        found.append(
            pd.DataFrame(
                {
                    "region_code": code,
                    **{date: world.cover[date][there] for date in world.cover},
                    "area_ha": weight[there],
                    "sum": (weight * value)[there],
                    "squares": (weight * value**2)[there],
                    "observed": (weight * seen)[there],
                }
            )
        )
    return pd.concat(found).groupby(["region_code", "2020", "2023"], dropna=False).sum()


def _ground(crs: CRS, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ground area of a unit of map area [m2]."""
    assert crs.ellipsoid is not None
    if not len(x):
        return np.zeros(0)
    if crs.is_geographic:
        a, b = crs.ellipsoid.semi_major_metre, crs.ellipsoid.semi_minor_metre
        e2, latitude = 1 - (b / a) ** 2, np.radians(y)
        w2 = 1 - e2 * np.sin(latitude) ** 2
        meridian, normal = a * (1 - e2) / w2**1.5, a / np.sqrt(w2)
        return np.asarray(meridian * normal * np.cos(latitude) * np.radians(1.0) ** 2)
    projection = Proj(crs)
    longitude, latitude = map(np.atleast_1d, projection(x, y, inverse=True))
    return np.asarray(1.0 / projection.get_factors(longitude, latitude).areal_scale)


def differs(world: World, expected: pd.DataFrame, rng: random.Random) -> str | None:
    """What is off by more than the bar, if anything is."""
    cover, value = world.layers
    joint = tabulate(
        world.units, cover, inputs=[value], threads=rng.choice([1, 2]), block_size=rng.choice([None, 3, 7, 16, 64])
    )
    names = {"area_ha": "area_ha", "nep" + SUM: "sum", "nep" + SQUARES: "squares", "nep" + OBSERVED: "observed"}
    table = joint.table.rename(columns={**names, "land_cover@2020": "2020", "land_cover@2023": "2023"})
    table = table.astype({"2020": "float64", "2023": "float64"})
    made = table.groupby(["region_code", "2020", "2023"], dropna=False)[list(names.values())].sum()
    both = _side_by_side(made, expected)
    area = expected["area_ha"].groupby("region_code").sum()
    per_row = both.index.get_level_values(0).map(area).to_numpy(float)
    greatest = {"area_ha": 1.0, "sum": 40.0, "squares": 1600.0, "observed": 1.0}
    for name, size in greatest.items():
        off = np.abs(both["made", name] - both["expected", name]).to_numpy() / np.maximum(per_row * size, 1e-9)
        if off.size and off.max() > BAR:
            place = int(off.argmax())
            found, sought = (float(both[side, name].iloc[place]) for side in ("made", "expected"))
            return f"{name} of {both.index[place]}: {found!r}, expected {sought!r}"
    return None


def _side_by_side(made: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    return pd.concat({"made": made, "expected": expected}, axis=1).fillna(0.0)


def check(seed: int, number: int, folder: Path) -> tuple[str, str | None]:
    """One case: what became of it, and what is wrong."""
    from sinks.errors import SinksError

    world = make(seed, number, folder)
    covered = reference(world)
    # A border of a box on a border of cells is off by a rounding of its coordinates: that is no land.
    land = covered[covered["area_ha"] > 1e-9 * covered["area_ha"].sum()]
    known = [land.index.get_level_values(n).notna() for n in (1, 2)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong = differs(world, covered, random.Random(number))
    except SinksError as error:
        ids = {problem.id for problem in error.problems}
        # Nothing to count is refused, and so is a region beside the grid.
        beside = len(set(land.index.get_level_values(0))) < len(world.units)
        unseen = any(not date.any() for date in known) or not (land["observed"] > 0).any()
        return "refused", None if beside or unseen else f"refused: {sorted(ids)}: {str(error)[:300]}\n    {world.told}"
    except Exception:
        return "broken", f"{traceback.format_exc(limit=-4)}\n    {world.told}"
    return ("differs", f"{wrong}\n    {world.told}") if wrong else ("same", None)


def compare(seed: int, cases: int, *, first: int = 0, minutes: float | None = None) -> tuple[Counter[str], list[str]]:
    """Cases one after the other; how many came out how, and what is wrong."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    end = time.monotonic() + 60 * (minutes or 1e9)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(first, first + cases):
            for left in folder.iterdir():
                left.unlink()
            outcome, wrong = check(seed, number, folder)
            outcomes[outcome] += 1
            if wrong:
                findings.append(f"seed {seed} case {number}: {wrong}")
                print(findings[-1], flush=True)
            if time.monotonic() > end:
                break
    return outcomes, findings


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--case", type=int)
    parser.add_argument("--minutes", type=float)
    given = parser.parse_args()
    first, cases = (0, given.cases) if given.case is None else (given.case, 1)
    outcomes, findings = compare(given.seed, cases, first=first, minutes=given.minutes)
    print(f"seed {given.seed}: {sum(outcomes.values())} cases, {dict(outcomes)}, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
