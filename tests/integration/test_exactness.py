"""The same account to the last digit, however files are stored and however the work is divided.

The account is made of the activity data and of nothing else that is in the layers: most ways to store and to divide
are held to the activity data, and one that has all of them at once to the account.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
from pandas.testing import assert_frame_equal
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject, transform_bounds

import sinks
from sinks.activity import Activity

ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m"
# Nearest cells of 400 m stand for cells of 0.9 x 1.1 km, of which 7 % change one by one: classes keep their areas to
# the square root of their numbers of cells, in the smallest league (1,650 cells) to a few thousandths.
ALBERS_CELL = 400.0
ALBERS_TOLERANCE = 4e-3

Writer = Callable[[Path, Any], Path]


def account_of(content: dict[str, Any], folder: Path, **options: Any) -> sinks.Run:
    return sinks.run(sinks.Project.from_dict(content, folder=folder), **options)


def activity_of(content: dict[str, Any], folder: Path, **options: Any) -> Activity:
    return sinks.tabulate(sinks.Project.from_dict(content, folder=folder), **options)


def assert_same(found: Activity, other: Activity) -> None:
    """Every figure, bit for bit."""
    for name in ("states", "changes", "units", "bins"):
        assert_frame_equal(getattr(found, name), getattr(other, name), check_exact=True)


@pytest.fixture(scope="module")
def reference(world: Any) -> sinks.Run:
    run = account_of(world.project(), world.folder, threads=1)
    figures = run.account[["value", "low", "high"]]
    assert len(figures) > 500
    assert np.isfinite(run.account["value"]).all()
    assert (run.account["low"] < run.account["high"]).any()
    return run


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("block_size", [97, 256, 512, 4096])
def test_blocks_and_threads(world: Any, reference: sinks.Run, block_size: int, threads: int) -> None:
    found = activity_of(world.project(), world.folder, block_size=block_size, threads=threads)
    assert_same(found, reference.activity)


STORED: dict[str, dict[str, Any]] = {
    "deflate, tiled 128": {"compress": "deflate", "tiled": True, "blockxsize": 128, "blockysize": 128},
    "deflate with predictor, striped": {"compress": "deflate", "predictor": 2, "tiled": False},
    "zstd, tiled 256": {"compress": "zstd", "tiled": True, "blockxsize": 256, "blockysize": 256},
    "zstd, one strip per row": {"compress": "zstd", "tiled": False, "blockysize": 1},
    "not compressed": {"compress": "none"},
}


@pytest.mark.parametrize("options", STORED.values(), ids=STORED.keys())
def test_storage(world: Any, reference: sinks.Run, tmp_path: Path, options: dict[str, Any]) -> None:
    def stored(path: Path, array: Any) -> Path:
        predictor = {"predictor": 3} if options.get("predictor") and array.dtype == np.float32 else {}
        return Path(world.write(path, array, **options | predictor))

    assert_same(activity_of(rewritten(world, tmp_path, stored), tmp_path, threads=2), reference.activity)


def test_south_up(world: Any, reference: sinks.Run, tmp_path: Path) -> None:
    def flipped(path: Path, array: Any) -> Path:
        with rasterio.open(world.folder / path.name) as dataset:
            t = dataset.transform
        south_up = Affine(t.a, 0, t.c, 0, -t.e, t.f + t.e * array.shape[0])
        return Path(world.write(path, array[::-1], transform=south_up))

    assert_same(activity_of(rewritten(world, tmp_path, flipped), tmp_path, block_size=100), reference.activity)


def test_vrt_of_four(world: Any, reference: sinks.Run, tmp_path: Path) -> None:
    """Four files whose borders fit no block, one of them striped, put together by a VRT."""

    def quartered(path: Path, array: Any) -> Path:
        return mosaic(world, path.with_suffix(".vrt"), array)

    found = account_of(rewritten(world, tmp_path, quartered), tmp_path, block_size=97, threads=2)
    assert_same(found.activity, reference.activity)
    assert_frame_equal(found.account, reference.account, check_exact=True)
    assert_frame_equal(found.comparison, reference.comparison, check_exact=True)


def test_a_larger_file_on_the_same_lattice(world: Any, reference: sinks.Run, tmp_path: Path) -> None:
    """A margin of cells around the territory changes the grid, but no cell in it."""
    with rasterio.open(world.folder / "cover_2020.tif") as dataset:
        t = dataset.transform

    def padded(path: Path, array: Any) -> Path:
        wide = np.pad(array, ((30, 11), (7, 50)), constant_values=1)
        return Path(world.write(path, wide, transform=t @ Affine.translation(-7, -30)))

    found = account_of(rewritten(world, tmp_path, padded), tmp_path)
    # Rows of another grid begin at another latitude in binary; areas agree to a unit of the integers they are kept in.
    assert_close(found, reference, 1e-11)


def test_cells_of_albers(world: Any, reference: sinks.Run, tmp_path: Path) -> None:
    def projected(path: Path, array: Any) -> Path:
        cells, grid = albers(world, array)
        return Path(world.write(path, cells, **grid))

    found = account_of(rewritten(world, tmp_path, projected), tmp_path)
    assert_close(found, reference, ALBERS_TOLERANCE, totals_only=True)
    # The territory itself is the same to far better than its classes, since boundary cells are covered exactly.
    whole, expected = (run.activity.states.groupby("region_code")["area_ha"].sum() for run in (found, reference))
    assert np.abs(whole / expected - 1).max() < 1e-5


# ---- helpers -------------------------------------------------------------------------------------------------------


def rewritten(world: Any, folder: Path, write: Writer) -> dict[str, Any]:
    """The project on copies of all its rasters that ``write`` makes."""
    made = {f"{name}.tif": str(write(folder / f"{name}.tif", array)) for name, array in world.arrays.items()}

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        if isinstance(value, str) and Path(value).name in made:
            return made[Path(value).name]
        return value

    sections = {name: replaced(world.content[name]) for name in ("land_cover", "strata", "inputs")}
    return dict(world.project(**sections))


def mosaic(world: Any, path: Path, array: Any) -> Path:
    """A VRT over four GeoTIFFs; written by hand, since rasterio does not write any."""
    rows, columns = array.shape
    row, column = 231, 187
    with rasterio.open(world.folder / f"{path.stem}.tif") as whole:
        t, wkt, nodata = whole.transform, whole.crs.to_wkt(), whole.nodata
    kind = {"uint8": "Byte", "float32": "Float32"}[str(array.dtype)]
    parts = []
    for number, (r0, r1, c0, c1) in enumerate(
        [(0, row, 0, column), (0, row, column, columns), (row, rows, 0, column), (row, rows, column, columns)]
    ):
        name = f"{path.stem}_{number}.tif"
        tiled = {"tiled": True, "blockxsize": 64, "blockysize": 64} if number else {}
        world.write(path.parent / name, array[r0:r1, c0:c1], transform=t @ Affine.translation(c0, r0), **tiled)
        size = f'xSize="{c1 - c0}" ySize="{r1 - r0}"'
        parts.append(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
            f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="{c0}" yOff="{r0}" {size}/></SimpleSource>'
        )
    geo = ", ".join(repr(float(v)) for v in (t.c, t.a, 0, t.f, 0, t.e))
    escaped = wkt.replace("&", "&amp;").replace('"', "&quot;")
    path.write_text(
        f'<VRTDataset rasterXSize="{columns}" rasterYSize="{rows}"><SRS>{escaped}</SRS>'
        f"<GeoTransform>{geo}</GeoTransform>"
        f'<VRTRasterBand dataType="{kind}" band="1"><NoDataValue>{nodata}</NoDataValue>{"".join(parts)}'
        "</VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )
    return path


def albers(world: Any, array: Any) -> tuple[Any, dict[str, Any]]:
    """Nearest cells of the array on an equal-area grid, and the options to write them with."""
    crs = CRS.from_string(ALBERS)
    with rasterio.open(world.folder / "cover_2020.tif") as whole:
        source = {"src_crs": whole.crs, "src_transform": whole.transform}
        west, south, east, north = transform_bounds(whole.crs, crs, *whole.bounds)
    transform = Affine(ALBERS_CELL, 0, west, 0, -ALBERS_CELL, north)
    width, height = math.ceil((east - west) / ALBERS_CELL), math.ceil((north - south) / ALBERS_CELL)
    nodata = 0 if array.dtype == np.uint8 else np.nan
    out = np.full((height, width), nodata, array.dtype)
    reproject(
        array, out, **source, dst_crs=crs, dst_transform=transform, src_nodata=nodata, dst_nodata=nodata,
        resampling=Resampling.nearest,
    )  # fmt: skip
    return out, {"crs": crs, "transform": transform}


def is_total(account: pd.DataFrame) -> Any:
    return (account["stratum"] == "all") & (account["ecosystem"] == "all") & (account["pool"] == "all")


def by_key(account: pd.DataFrame) -> pd.Series[float]:
    keys = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period"]
    return account.set_index(keys)["value"]


def assert_close(found: sinks.Run, expected: sinks.Run, tolerance: float, *, totals_only: bool = False) -> None:
    """Stocks and areas agree within ``tolerance`` of themselves; their changes within ``tolerance`` of the stock."""
    one, other = found.account, expected.account
    if totals_only:
        one, other = one[is_total(one)], other[is_total(other)]
    pair = pd.DataFrame({"found": by_key(one), "expected": by_key(other)})
    assert not pair.isna().any(axis=None), "the same rows"
    quantity = pair.index.get_level_values("quantity")
    sizes = pair["expected"].abs().where(quantity.isin(["area", "carbon_stock"]))
    region = pair.index.get_level_values("region_code")
    stock = sizes[quantity == "carbon_stock"].groupby(level="region_code").max()
    scale = sizes.fillna(pd.Series(stock.reindex(region).to_numpy(), index=pair.index))
    assert ((pair["found"] - pair["expected"]).abs() / scale).max() < tolerance
