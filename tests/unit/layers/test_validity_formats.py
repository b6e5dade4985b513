"""Every way in which a file says that a cell was not observed, in every format of rasters, by every reader.

What is right is known here before anything is written: the cells in ``SEEN`` hold ``CLASSES``, the others nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.transform import Affine

from sinks.errors import LayerError
from sinks.geo.grid import Grid
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer, inspect
from sinks.layers.rasters.reader import RasterReader

SIDE = 64
CLASSES = np.random.default_rng(7).integers(2, 9, (SIDE, SIDE)).astype(np.uint8)
SEEN = np.ones((SIDE, SIDE), bool)
SEEN[10:30, 21:50] = False
SEEN[40:, :7] = False
MASK = np.where(SEEN, 255, 0).astype(np.uint8)
NOTHING = np.where(SEEN, CLASSES, 0).astype(np.uint8)
PLACE = {"crs": "EPSG:4490", "transform": Affine(0.01, 0, 110, 0, -0.01, 45)}
SIZE = {"width": SIDE, "height": SIDE}

# Format: suffix, driver, options of creation.
FORMATS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "tiled": (".tif", "GTiff", {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}),
    "striped": (".tif", "GTiff", {"compress": "lzw"}),
    "plain": (".tif", "GTiff", {}),
    "cog": (".tif", "COG", {"blocksize": 128}),
    "vrt": (".vrt", "VRT", {}),
    "img": (".img", "HFA", {}),
    "png": (".png", "PNG", {"worldfile": "yes"}),
    "netcdf": (".nc", "netCDF", {}),
    "envi": (".dat", "ENVI", {}),
    "asc": (".asc", "AAIGrid", {"force_cellsize": "true"}),
}
Data = np.ndarray[Any, Any]


def put(path: Path, name: str, bands: list[Data], **said: Any) -> None:
    """A file of these bands in a format, by way of a GeoTIFF where the driver only copies."""
    _, driver, options = FORMATS[name]
    first = path.with_name("first.tif")
    options = {key: value for key, value in options.items() if not (name == "plain" and key == "tiled")}
    straight = driver == "GTiff"
    made = {**SIZE, **PLACE, "count": len(bands), "dtype": bands[0].dtype, **said}
    with rasterio.open(
        path if straight else first, "w", driver="GTiff", **(options if straight else {}), **made
    ) as out:
        out.write(np.stack(bands))
    if not straight:
        rasterio.shutil.copy(first, path, driver=driver, **options)


def with_nodata(path: Path, name: str) -> None:
    put(path, name, [NOTHING], nodata=0)


def with_float_nodata(path: Path, name: str) -> None:
    put(path, name, [np.where(SEEN, CLASSES, -9999.9).astype(np.float32)], nodata=-9999.9)


def with_nan(path: Path, name: str) -> None:
    put(path, name, [np.where(SEEN, CLASSES, np.nan).astype(np.float32)], nodata=np.nan)


def with_internal_mask(path: Path, name: str) -> None:
    first = path.with_name("first.tif")
    target = path if FORMATS[name][1] == "GTiff" else first
    options = FORMATS[name][2] if target is path else {}
    made: dict[str, Any] = {**SIZE, **PLACE, "count": 1, "dtype": "uint8", **options}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(target, "w", driver="GTiff", **made) as out:
        out.write(CLASSES, 1)
        out.write_mask(MASK)
    if target is first:
        rasterio.shutil.copy(first, path, driver=FORMATS[name][1], **FORMATS[name][2])


def with_msk(path: Path, name: str) -> None:
    """A mask beside the file, which is a GeoTIFF of its own name, whatever the file is."""
    put(path, name, [CLASSES])
    beside = path.with_name(path.name + ".msk")
    with rasterio.open(beside, "w", driver="GTiff", **SIZE, **PLACE, count=1, dtype="uint8") as out:
        out.write(MASK, 1)
        # 2: one mask for all bands of the dataset.
        out.update_tags(INTERNAL_MASK_FLAGS_1=2)


def with_alpha(path: Path, name: str) -> None:
    put(path, name, [CLASSES, MASK], alpha="yes")


def beside(path: Path, name: str, bands: list[Data], said: str) -> None:
    """A file, and a record beside it; where a VRT stands for the file, beside the file itself."""
    put(path, name, bands)
    target = path.with_name("first.tif") if name == "vrt" else path
    place = f"<SRS>{rasterio.CRS.from_epsg(4490).to_wkt()}</SRS>"
    target.with_name(target.name + ".aux.xml").write_text(f"<PAMDataset>{place}{said}</PAMDataset>")
    if name == "vrt":
        rasterio.shutil.copy(target, path, driver="VRT")


def with_nodata_beside(path: Path, name: str) -> None:
    beside(path, name, [NOTHING], '<PAMRasterBand band="1"><NoDataValue>0</NoDataValue></PAMRasterBand>')


def with_nodata_values(path: Path, name: str) -> None:
    """A list of values over all bands, kept in the tags."""
    bands = [np.where(SEEN, CLASSES, 1).astype(np.uint8)] * 2
    beside(path, name, bands, '<Metadata><MDI key="NODATA_VALUES">1 1</MDI></Metadata>')


FORMS: dict[str, Callable[[Path, str], None]] = {
    "nodata": with_nodata,
    "float nodata": with_float_nodata,
    "nan": with_nan,
    "internal mask": with_internal_mask,
    ".msk": with_msk,
    "alpha": with_alpha,
    ".aux.xml": with_nodata_beside,
    "NODATA_VALUES": with_nodata_values,
}

CANNOT = {
    # Pair: what happens to it, a reason why it cannot be written or the id of the message by which it is refused.
    ("netcdf", "internal mask"): "lost",
    ("asc", ".aux.xml"): "lost",
    ("png", "float nodata"): "not written",
    ("png", "nan"): "not written",
    ("asc", "alpha"): "not written",
    ("asc", "NODATA_VALUES"): "not written",
    ("netcdf", "alpha"): "raster.several_variables",
    ("netcdf", "NODATA_VALUES"): "raster.several_variables",
    # The mark of the alpha band was lost on the way; a second band of a PNG is always alpha.
    ("img", "alpha"): "raster.unmarked_mask",
    ("envi", "alpha"): "raster.unmarked_mask",
    ("png", "NODATA_VALUES"): "raster.doubtful_alpha",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Every pair, written once."""
    made: dict[tuple[str, str], Path] = {}

    def file(name: str, form: str) -> Path:
        if (name, form) not in made:
            path = tmp_path_factory.mktemp("f") / f"map{FORMATS[name][0]}"
            FORMS[form](path, name)
            made[name, form] = path
        return made[name, form]

    return file


READERS = ["direct", "gdal", "picked", "warped"]
PAIRS = [pair for pair in product(FORMATS, FORMS) if pair not in CANNOT]


def cells(source: Any, reference: Grid, reader: str) -> tuple[Data, Data]:
    """Values, and which of them the pass takes for observed."""
    out = np.zeros((reference.height, reference.width), source.dtype)
    with RasterReader(source, reference) as opened:
        if reader == "gdal":
            for own in (opened._tiles, opened._mosaic):
                if own is not None:
                    own.close()
            opened._tiles = opened._mosaic = None
        opened.read(0, 0, out)
    absent = [value for value in (source.nodata, source.fill) if value is not None]
    return out, np.asarray(~np.isin(out, absent) & (out == out))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("name", "form"), PAIRS)
def test_the_cells_that_were_observed(name: str, form: str, reader: str, files: Callable[[str, str], Path]) -> None:
    path = files(name, form)
    layer = CategoricalLayer("land_cover", {"2020": path}, load_legend("clcd"), band=1)
    source = inspect(layer, "2020")
    reference, repeat = source.grid, 1
    if reader in ("picked", "warped"):
        # Cells half as large: each is the one that it lies in.
        transform = source.grid.transform * Affine.scale(0.5)
        reference, repeat = Grid(source.grid.crs, transform, 2 * SIDE, 2 * SIDE), 2
    source = source.on(reference, {"picked": "nearest", "warped": "mode"}.get(reader))
    values, observed = cells(source, reference, reader)
    block = np.ones((repeat, repeat), np.uint8)
    assert np.array_equal(observed, np.kron(SEEN, block).astype(bool))
    assert np.array_equal(values[observed], np.kron(CLASSES, block)[observed])


@pytest.mark.parametrize(("name", "form"), PAIRS)
def test_the_mean_of_the_cells_that_were_observed(name: str, form: str, files: Callable[[str, str], Path]) -> None:
    """A quantity on a grid four times as coarse: the mean of what was observed in each cell."""
    layer = ContinuousLayer("growing_stock", "growing_stock", {"2020": files(name, form)}, 0.0, 1500.0, band=1)
    source = inspect(layer, "2020")
    reference = Grid(source.grid.crs, source.grid.transform * Affine.scale(4), SIDE // 4, SIDE // 4)
    values, observed = cells(source.on(reference, "average"), reference, "warped")
    parts = np.where(SEEN, CLASSES, np.nan).astype(float).reshape(SIDE // 4, 4, SIDE // 4, 4)
    seen = np.isfinite(parts).any(axis=(1, 3))
    counts = np.maximum(np.isfinite(parts).sum(axis=(1, 3)), 1)
    assert np.array_equal(observed, seen)
    assert values[seen] == pytest.approx((np.nansum(parts, axis=(1, 3)) / counts)[seen], rel=1e-6)


@pytest.mark.parametrize(("name", "form"), CANNOT)
def test_what_a_format_cannot_say_is_no_pair(name: str, form: str, files: Callable[[str, str], Path]) -> None:
    """Each pair that is left out is tried: it cannot be written, is refused, or every reader sees values only."""
    outcome = CANNOT[name, form]
    if outcome == "not written":
        with pytest.raises((rasterio.errors.RasterioError, CPLE_BaseError)):
            files(name, form)
        return
    path = files(name, form)
    layer = CategoricalLayer("land_cover", {"2020": path}, load_legend("clcd"), band=1)
    if outcome != "lost":
        with pytest.raises(LayerError) as error:
            inspect(layer, "2020")
        assert outcome in {problem.id for problem in error.value.problems}
        return
    with rasterio.open(path) as dataset:
        assert (dataset.count, bool(dataset.dataset_mask().all())) == (1, True)
