"""Which cells were observed: every way in which a file says so, in every way of reading, gives the same cells."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

from sinks.errors import LayerError
from sinks.geo.grid import Grid
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer, RasterSource, inspect
from sinks.layers.rasters.reader import RasterReader

CLCD = load_legend("clcd")
ROWS, COLUMNS = 256, 384
CLASSES = np.random.default_rng(3).integers(2, 9, (ROWS, COLUMNS)).astype(np.uint8)
SEEN = np.ones((ROWS, COLUMNS), bool)
SEEN[40:90, 100:300] = False
SEEN[200:, :17] = False
MASK = np.where(SEEN, 255, 0).astype(np.uint8)

Profile = dict[str, Any]
Writer = Callable[[Path, np.ndarray], None]


def profile(data: np.ndarray, **options: Any) -> Profile:
    place = {"crs": "EPSG:4490", "transform": Affine(0.01, 0, 110, 0, -0.01, 45)}
    size = {"width": COLUMNS, "height": ROWS, "count": 1, "dtype": data.dtype}
    tiles = {"driver": "GTiff", "tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
    return {**tiles, **size, **place, **options}


def nodata(path: Path, data: np.ndarray) -> None:
    with rasterio.open(path, "w", **profile(data, nodata=0)) as out:
        out.write(np.where(SEEN, data, 0).astype(data.dtype), 1)


def internal_mask(path: Path, data: np.ndarray) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **profile(data)) as out:
        out.write(data, 1)
        out.write_mask(MASK)


def external_mask(path: Path, data: np.ndarray) -> None:
    with rasterio.open(path, "w", **profile(data)) as out:
        out.write(data, 1)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as out:
        out.write_mask(MASK)
    assert path.with_name(path.name + ".msk").is_file()


def mask_and_nodata(path: Path, data: np.ndarray) -> None:
    """Either says so: the left part by the mask, the rest by the value."""
    left = np.arange(COLUMNS) < 150
    cells = np.where(SEEN | left, data, 0).astype(data.dtype)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **profile(data, nodata=0)) as out:
        out.write(cells, 1)
        out.write_mask(np.where(SEEN | ~left, 255, 0).astype(np.uint8))


def alpha(path: Path, data: np.ndarray) -> None:
    opaque = np.iinfo(data.dtype).max if data.dtype.kind in "ui" else 1
    with rasterio.open(path, "w", **profile(data, count=2, alpha="yes")) as out:
        out.write(data, 1)
        out.write((SEEN * opaque).astype(data.dtype), 2)


def alpha_and_nodata(path: Path, data: np.ndarray) -> None:
    opaque = np.iinfo(data.dtype).max if data.dtype.kind in "ui" else 1
    left = np.arange(COLUMNS) < 150
    with rasterio.open(path, "w", **profile(data, count=2, alpha="yes", nodata=0)) as out:
        out.write(np.where(SEEN | left, data, 0).astype(data.dtype), 1)
        out.write(((SEEN | ~left) * opaque).astype(data.dtype), 2)


def nodata_beside(path: Path, data: np.ndarray) -> None:
    with rasterio.open(path, "w", **profile(data)) as out:
        out.write(np.where(SEEN, data, 0).astype(data.dtype), 1)
    said = '<PAMDataset><PAMRasterBand band="1"><NoDataValue>0</NoDataValue></PAMRasterBand></PAMDataset>'
    path.with_name(path.name + ".aux.xml").write_text(said)


def nodata_over_all_bands(path: Path, data: np.ndarray) -> None:
    with rasterio.open(path, "w", **profile(data, count=2)) as out:
        for band in (1, 2):
            out.write(np.where(SEEN, data, 9).astype(data.dtype), band)
        out.update_tags(NODATA_VALUES="9 9")


def masked_vrt(path: Path, data: np.ndarray) -> None:
    """A mask of another file, tied to the band by a VRT."""
    for name, cells in (("cells", data), ("seen", MASK)):
        with rasterio.open(path.with_name(f"{name}.tif"), "w", **profile(cells)) as out:
            out.write(cells, 1)
    kind = {
        "uint8": "Byte",
        "int16": "Int16",
        "uint16": "UInt16",
        "int32": "Int32",
        "uint32": "UInt32",
        "float32": "Float32",
        "float64": "Float64",
    }

    def band(name: str, dtype: str) -> str:
        source = f"<SourceFilename>{path.with_name(name)}</SourceFilename><SourceBand>1</SourceBand>"
        return f'<VRTRasterBand dataType="{kind[dtype]}" band="1"><SimpleSource>{source}</SimpleSource></VRTRasterBand>'

    path.write_text(
        f'<VRTDataset rasterXSize="{COLUMNS}" rasterYSize="{ROWS}"><SRS>EPSG:4490</SRS>'
        f"<GeoTransform>110, 0.01, 0, 45, 0, -0.01</GeoTransform>{band('cells.tif', str(data.dtype))}"
        f"<MaskBand>{band('seen.tif', 'uint8')}</MaskBand></VRTDataset>"
    )


FORMS = [
    nodata, internal_mask, external_mask, mask_and_nodata, alpha, alpha_and_nodata, nodata_beside,
    nodata_over_all_bands, masked_vrt,
]  # fmt: skip


def read(source: RasterSource, reference: Grid) -> np.ndarray:
    out = np.zeros((reference.height, reference.width), source.dtype)
    with RasterReader(source, reference) as reader:
        reader.read(0, 0, out)
    return out


def observed(source: RasterSource, values: np.ndarray) -> np.ndarray:
    """As the pass tells it: neither the source's nodata nor its fill, nor NaN."""
    absent = [value for value in (source.nodata, source.fill) if value is not None]
    return np.asarray(~np.isin(values, absent) & (values == values))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("way", ["direct", "aligned", "nearest", "mode"])
def test_every_form_of_a_class_map_in_every_way_of_reading(form: Writer, dtype: str, way: str, tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    form(path, CLASSES.astype(dtype))
    source = inspect(CategoricalLayer("land_cover", {"2020": path}, CLCD, band=1), "2020")
    if way == "direct":
        reference, rows, columns = source.grid, slice(None), slice(None)
    elif way == "aligned":
        # A window of the file that reaches beyond it to the south.
        reference = Grid(source.grid.crs, Affine(0.01, 0, 110.5, 0, -0.01, 44.5), 200, 250)
        rows, columns = slice(50, 300), slice(50, 250)
    else:
        # Cells a third as large: each takes, or is, the one cell that it lies in.  Tiles and the gap end within.
        reference = Grid(source.grid.crs, Affine(0.01 / 3, 0, 110.8, 0, -0.01 / 3, 44.4), 3 * 60, 3 * 80)
        rows, columns = slice(3 * 60, 3 * 140), slice(3 * 80, 3 * 140)
    source = source.on(reference, None if way in ("direct", "aligned") else way)
    values = read(source, reference)
    repeat = 3 if way in ("nearest", "mode") else 1
    seen = np.kron(SEEN, np.ones((repeat, repeat), bool))[rows, columns]
    classes = np.kron(CLASSES, np.ones((repeat, repeat), np.uint8))[rows, columns]
    beyond = reference.height - seen.shape[0]
    seen = np.pad(seen, ((0, beyond), (0, 0)))
    classes = np.pad(classes, ((0, beyond), (0, 0)))
    assert np.array_equal(observed(source, values), seen)
    assert np.array_equal(values[seen], classes[seen])


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("resampling", [None, "nearest", "average"])
def test_every_form_of_a_quantity(form: Writer, dtype: str, resampling: str | None, tmp_path: Path) -> None:
    path = tmp_path / "stock.tif"
    form(path, CLASSES.astype(dtype))
    source = inspect(ContinuousLayer("growing_stock", "growing_stock", {"2020": path}, 0.0, 1500.0, band=1), "2020")
    reference = source.grid
    if resampling is not None:
        reference = Grid(source.grid.crs, Affine(0.04, 0, 110, 0, -0.04, 45), COLUMNS // 4, ROWS // 4)
    source = source.on(reference, resampling)
    values = read(source, reference)
    if resampling is None:
        seen, expected = SEEN, CLASSES.astype(float)
    elif resampling == "nearest":
        seen, expected = SEEN[2::4, 2::4], CLASSES[2::4, 2::4].astype(float)
    else:
        cells = np.where(SEEN, CLASSES, np.nan).astype(float).reshape(ROWS // 4, 4, COLUMNS // 4, 4)
        seen = np.isfinite(cells).any(axis=(1, 3))
        expected = np.where(seen, np.nansum(cells, (1, 3)) / np.maximum(np.isfinite(cells).sum((1, 3)), 1), 0)
    assert np.array_equal(observed(source, values), seen)
    np.testing.assert_allclose(values[seen], expected[seen], rtol=1e-6)


@pytest.mark.parametrize("value", [-9999.9, 0.1, -3.4028235e38, 1e20, float("nan"), -1.0])
@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("resampling", [None, "nearest", "mode"])
def test_nodata_is_compared_as_it_is_stored(
    value: float, declared: bool, resampling: str | None, tmp_path: Path
) -> None:
    """A file of single precision holds -9999.900390625 where -9999.9 was meant."""
    cells = np.where(SEEN, CLASSES, value).astype(np.float32)
    said = {} if declared else {"nodata": value}
    with rasterio.open(tmp_path / "map.tif", "w", **profile(cells, **said)) as out:
        out.write(cells, 1)
    layer = CategoricalLayer("land_cover", {"2020": tmp_path / "map.tif"}, CLCD, nodata=value if declared else None)
    source = inspect(layer, "2020")
    reference = source.grid
    if resampling is not None:
        reference = Grid(source.grid.crs, Affine(0.005, 0, 110, 0, -0.005, 45), 2 * COLUMNS, 2 * ROWS)
    source = source.on(reference, resampling)
    values = read(source, reference)
    seen = SEEN if resampling is None else np.kron(SEEN, np.ones((2, 2), bool))
    assert np.array_equal(observed(source, values), seen)
    # What is left are whole numbers, so that no class is taken for one that was interpolated.
    assert np.array_equal(values[seen], np.floor(values[seen]))


def test_the_fourth_band_of_a_stack_is_no_alpha(tmp_path: Path) -> None:
    """Four bands of bytes are called red, green, blue and alpha by default; read as a year, the last is data."""
    stack = np.stack([CLASSES, CLASSES[::-1], CLASSES[:, ::-1], np.where(SEEN, CLASSES, 0)]).astype(np.uint8)
    path = tmp_path / "stack.tif"
    with rasterio.open(path, "w", **profile(CLASSES, count=4)) as out:
        out.write(stack)
        assert out.colorinterp[3] == ColorInterp.alpha
    bands = {"2020": 1, "2023": 4}
    both = CategoricalLayer("land_cover", {"2020": path, "2023": path}, CLCD, bands=bands)
    for date, band in bands.items():
        source = inspect(both, date)
        finer = Grid(source.grid.crs, Affine(0.005, 0, 110.8, 0, -0.005, 44.4), 2 * 60, 2 * 80)
        for reference, how in ((source.grid, None), (finer, "mode")):
            values = read(source.on(reference, how), reference)
            inside = stack[band - 1][60:140, 80:140]
            wanted = stack[band - 1] if how is None else np.kron(inside, np.ones((2, 2), np.uint8))
            assert np.array_equal(values, wanted)
    alone = CategoricalLayer("land_cover", {"2020": path}, CLCD)
    with pytest.raises(LayerError) as error:
        inspect(alone, "2020")
    assert [problem.id for problem in error.value.problems] == ["raster.doubtful_alpha"]


def test_a_mask_that_lost_its_mark_is_doubted(tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    with rasterio.open(path, "w", **profile(CLASSES, count=2)) as out:
        out.write(CLASSES, 1)
        out.write(MASK, 2)
    layer = CategoricalLayer("land_cover", {"2020": path}, CLCD)
    with pytest.raises(LayerError) as error:
        inspect(layer, "2020")
    assert [problem.id for problem in error.value.problems] == ["raster.unmarked_mask"]
    settled = CategoricalLayer("land_cover", {"2020": path}, CLCD, band=1, accept=("mask_band",))
    source = inspect(settled, "2020")
    assert np.array_equal(read(source, source.grid), CLASSES)


def test_a_picture_is_called_one(tmp_path: Path) -> None:
    colours = np.random.default_rng(5).integers(20, 250, (3, ROWS, COLUMNS)).astype(np.uint8)
    with rasterio.open(tmp_path / "map.tif", "w", **profile(colours, count=4, photometric="RGB", alpha="yes")) as out:
        out.write(np.concatenate([colours, MASK[None]]))
    with pytest.raises(LayerError) as error:
        inspect(CategoricalLayer("land_cover", {"2020": tmp_path / "map.tif"}, CLCD), "2020")
    assert [problem.id for problem in error.value.problems] == ["raster.rendering"]


def test_a_mask_beside_the_file_is_part_of_it(tmp_path: Path) -> None:
    """An interrupted pass does not go on with sums of another mask."""
    path = tmp_path / "map.tif"
    external_mask(path, CLASSES)
    layer = CategoricalLayer("land_cover", {"2020": path}, CLCD)
    stat = path.stat()
    before = inspect(layer, "2020").size
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as out:
        out.write_mask(np.full((ROWS, COLUMNS), 255, np.uint8))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.utime(path.with_name("map.tif.msk"), ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    assert inspect(layer, "2020").size != before


@pytest.mark.parametrize("form", [nodata, internal_mask, alpha], ids=lambda form: form.__name__)
def test_a_zip_around_a_raster(form: Writer, tmp_path: Path) -> None:
    form(tmp_path / "map.tif", CLASSES)
    with zipfile.ZipFile(tmp_path / "map.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "map.tif", "folder/map.tif")
        archive.writestr("readme.txt", "about")
        # What macOS adds to every file.
        archive.writestr("__MACOSX/folder/._map.tif", b"no raster")
    source = inspect(CategoricalLayer("land_cover", {"2020": tmp_path / "map.zip"}, CLCD), "2020")
    values = read(source, source.grid)
    assert np.array_equal(observed(source, values), SEEN)
    assert np.array_equal(values[SEEN], CLASSES[SEEN])
    assert source.size[0] == (tmp_path / "map.zip").stat().st_size


def test_a_zip_with_none_or_several_names_them(tmp_path: Path) -> None:
    nodata(tmp_path / "map.tif", CLASSES)
    for names, id in (((), "raster.zip_without"), (("a.tif", "b.tif"), "raster.zip_several")):
        with zipfile.ZipFile(tmp_path / "map.zip", "w") as archive:
            archive.writestr("readme.txt", "about")
            for name in names:
                archive.write(tmp_path / "map.tif", name)
        with pytest.raises(LayerError) as error:
            inspect(CategoricalLayer("land_cover", {"2020": tmp_path / "map.zip"}, CLCD), "2020")
        (problem,) = error.value.problems
        assert problem.id == id
    # What the message says to write is what works.
    source = inspect(CategoricalLayer("land_cover", {"2020": problem.values["paths"][1]}, CLCD), "2020")
    assert np.array_equal(observed(source, read(source, source.grid)), SEEN)
