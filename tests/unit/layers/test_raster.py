"""Raster layers: every fault of a file is named, and windows come out the same however the file is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from sinks.errors import LayerError, Problems, SinksError
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import (
    CategoricalLayer,
    ContinuousLayer,
    RasterSource,
    check_declaration,
    inspect,
)
from sinks.layers.rasters.reader import RasterReader
from sinks.layers.rasters.sample import distinct_values

# Grids are filled with numbers that tell every cell apart, so the legend has a class for each.
CLCD = load_legend("clcd", {code: {"class": "barren", "ecosystem": "bare", "add": True} for code in range(10, 200)})


def write(path: Path, data: np.ndarray, *, origin=(110.0, 45.0), cell=0.1, crs="EPSG:4490", **options: Any) -> Path:
    transform = options.pop("transform", Affine(cell, 0, origin[0], 0, -cell, origin[1]))
    profile = {"driver": "GTiff", "count": 1, "dtype": data.dtype, "width": data.shape[1], "height": data.shape[0]}
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform, **options) as dataset:
        dataset.write(data, 1)
    return path


def layer(path: Path | str, **options: Any) -> CategoricalLayer:
    return CategoricalLayer("land_cover", {"2020": path}, CLCD, **options)


def amount(path: Path | str, **options: Any) -> ContinuousLayer:
    return ContinuousLayer("growing_stock", "growing_stock", {"2020": path}, 0.0, 1500.0, **options)


def ids(error: pytest.ExceptionInfo[SinksError]) -> list[str]:
    return [problem.id for problem in error.value.problems]


def read(source: RasterSource, reference: RasterSource, row: int, column: int, rows: int, columns: int) -> np.ndarray:
    out = np.zeros((rows, columns), source.dtype)
    with RasterReader(source, reference.grid) as reader:
        reader.read(row, column, out)
    return out


CELLS = np.arange(48, dtype=np.uint8).reshape(6, 8)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(LayerError) as error:
        inspect(layer(tmp_path / "none.tif"), "2020")
    assert ids(error) == ["raster.missing_file"]
    assert "none.tif" in str(error.value)


def test_a_file_that_is_no_raster(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(LayerError) as error:
        inspect(layer(tmp_path / "text.tif"), "2020")
    assert ids(error) == ["raster.unreadable"]


def test_a_file_for_every_date_goes_by_the_name_of_the_layer(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CELLS)
    static = ContinuousLayer("elevation", "elevation", {"static": path}, -500, 9000)
    assert inspect(static, "static").name == inspect(static, "2020").name == "elevation"
    assert inspect(layer(path), "2020").name == "land_cover@2020"


def test_no_crs_names_the_file_and_an_assumed_one_helps(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CELLS, crs=None)
    with pytest.raises(SinksError) as error:
        inspect(layer(path), "2020")
    assert ids(error) == ["grid.no_crs"]
    assert inspect(layer(path, assume_crs="CGCS2000"), "2020").grid.crs.to_epsg() == 4490


def test_no_georeference_at_all_is_an_error_and_no_warning(tmp_path: Path) -> None:
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        path = write(tmp_path / "a.tif", CELLS, crs=None, transform=Affine.identity())
    with pytest.raises(SinksError):
        inspect(layer(path), "2020")


def test_rotated_grid(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CELLS, transform=Affine(0.1, 0.02, 110, 0.02, -0.1, 45))
    with pytest.raises(SinksError) as error:
        inspect(layer(path), "2020")
    assert len(error.value.problems) == 1


def test_missing_band_and_complex_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CELLS)
    with pytest.raises(LayerError) as error:
        inspect(layer(path, band=2), "2020")
    assert ids(error) == ["raster.no_band"]
    with pytest.raises(LayerError) as error:
        inspect(amount(write(tmp_path / "c.tif", CELLS.astype("complex64"))), "2020")
    assert ids(error) == ["raster.wrong_type"]


def test_nodata_that_cannot_occur(tmp_path: Path) -> None:
    with pytest.raises(LayerError) as error:
        inspect(layer(write(tmp_path / "a.tif", CELLS), nodata=-9999), "2020")
    assert ids(error) == ["raster.impossible_nodata"]


def test_nodata_of_the_file_that_is_a_class(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CELLS, nodata=2)
    with pytest.raises(LayerError) as error:
        inspect(layer(path), "2020")
    assert ids(error) == ["raster.nodata_is_class"]
    assert inspect(layer(path, nodata=2), "2020").nodata == 2
    assert inspect(layer(path, nodata=255), "2020").nodata == 255


def test_scale_of_the_file_is_taken_and_another_one_is_a_contradiction(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CELLS)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1,), (5.0,)
    assert (inspect(amount(path), "2020").scale, inspect(amount(path), "2020").offset) == (0.1, 5.0)
    per_hectare = inspect(amount(path, factor=0.01), "2020")
    assert (per_hectare.scale, per_hectare.offset) == pytest.approx((0.001, 0.05))
    with pytest.raises(LayerError) as error:
        inspect(amount(path, scale=1.0), "2020")
    assert ids(error) == ["raster.scale_conflict"]


def test_faults_of_one_file_come_together(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CELLS, crs=None)
    with pytest.raises(LayerError) as error:
        inspect(layer(path, nodata=300), "2020")
    assert sorted(ids(error)) == ["grid.no_crs", "raster.impossible_nodata"]


def test_declarations_are_checked_before_any_file_is_opened() -> None:
    problems = Problems()
    check_declaration(layer("a.tif", resampling="bilinear"), ("2020", "2023"), problems)
    check_declaration(ContinuousLayer("npp", "npp", {"static": "a", "2020": "b"}, 1, 1), ("2020",), problems)
    found = [(problem.id, problem.where) for problem in problems]
    assert found == [
        ("raster.missing_date", "land_cover"),
        ("raster.wrong_resampling", "land_cover"),
        ("raster.static_and_dated", "npp"),
        ("raster.wrong_bounds", "npp"),
    ]


def test_south_up_reads_like_north_up(tmp_path: Path) -> None:
    north = inspect(layer(write(tmp_path / "n.tif", CELLS)), "2020")
    turned = Affine(0.1, 0, 110, 0, 0.1, 45 - 0.6)
    south = inspect(layer(write(tmp_path / "s.tif", CELLS[::-1], transform=turned)), "2020")
    assert south.south_up
    assert south.grid == north.grid
    for window in [(0, 0, 6, 8), (1, 2, 3, 5)]:
        assert np.array_equal(read(south, south, *window), read(north, north, *window))


def test_another_grid_needs_a_declaration(tmp_path: Path) -> None:
    reference = inspect(layer(write(tmp_path / "a.tif", CELLS)), "2020")
    other = inspect(layer(write(tmp_path / "b.tif", CELLS, cell=0.05)), "2020")
    with pytest.raises(LayerError) as error:
        other.on(reference.grid, None)
    assert ids(error) == ["raster.other_grid"]
    assert "0.05" in str(error.value)
    assert other.on(reference.grid, "nearest").mode == "indexed"
    assert other.on(reference.grid, "mode").mode == "warped"


def test_another_datum_is_not_guessed(tmp_path: Path) -> None:
    reference = inspect(layer(write(tmp_path / "a.tif", CELLS)), "2020")
    other = inspect(layer(write(tmp_path / "b.tif", CELLS, crs="EPSG:4214")), "2020")
    with pytest.raises(SinksError) as error:
        other.on(reference.grid, "nearest")
    assert ids(error) == ["raster.other_datum"]


def test_same_cells_with_another_extent_need_no_declaration(tmp_path: Path) -> None:
    reference = inspect(layer(write(tmp_path / "a.tif", CELLS)), "2020")
    part = write(tmp_path / "b.tif", CELLS[2:5, 3:9].copy(), origin=(110.3, 44.8), crs="EPSG:4326")
    shifted = inspect(layer(part), "2020").on(reference.grid, None)
    found = read(shifted, reference, 0, 0, 6, 8)
    expected = np.full((6, 8), shifted.fill)
    expected[2:5, 3:8] = CELLS[2:5, 3:8]
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("cell", "factor"), [(0.05, 2), (0.02, 5)])
def test_nearest_of_a_finer_grid_takes_the_cell_at_the_centre(tmp_path: Path, cell: float, factor: int) -> None:
    rng = np.random.default_rng(3)
    fine = rng.integers(0, 200, (6 * factor, 8 * factor)).astype(np.uint8)
    reference = inspect(layer(write(tmp_path / "a.tif", CELLS)), "2020")
    source = inspect(layer(write(tmp_path / "b.tif", fine, cell=cell)), "2020").on(reference.grid, "nearest")
    # With an even factor the centre is a corner of four cells; the one to the south-east is taken, always.
    assert np.array_equal(read(source, reference, 0, 0, 6, 8), fine[factor // 2 :: factor, factor // 2 :: factor])


def test_nearest_does_not_depend_on_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 200, (5, 5)).astype(np.uint8)
    big = np.zeros((30, 40), np.uint8)
    reference = inspect(layer(write(tmp_path / "a.tif", big, cell=0.017)), "2020")
    source = inspect(layer(write(tmp_path / "b.tif", coarse, cell=0.11)), "2020").on(reference.grid, "nearest")
    whole = read(source, reference, 0, 0, 30, 40)
    monkeypatch.setattr("sinks.layers.rasters.reader._WINDOW_CELLS", 3)
    for row, column in [(0, 0), (7, 11), (29, 39)]:
        part = read(source, reference, row, column, 30 - row, 40 - column)
        assert np.array_equal(part, whole[row:, column:])


def test_warped_cells_outside_the_file_are_not_zero(tmp_path: Path) -> None:
    reference = inspect(layer(write(tmp_path / "a.tif", CELLS)), "2020")
    albers = "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=GRS80 +datum=WGS84"
    x, y = Transformer.from_crs("EPSG:4490", albers, always_xy=True).transform(110.4, 44.7)
    path = write(tmp_path / "b.tif", np.full((2, 2), 7, np.uint8), origin=(x, y), cell=9000.0, crs=albers)
    source = inspect(layer(path), "2020").on(reference.grid, "nearest")
    found = read(source, reference, 0, 0, 6, 8)
    assert source.mode == "warped"
    assert set(np.unique(found)) == {source.fill, 7}
    stock = inspect(amount(path), "2020").on(reference.grid, "bilinear")
    values = read(stock, reference, 0, 0, 6, 8)
    assert np.isnan(values).any()
    assert np.all(values[~np.isnan(values)] == 7)


def test_a_corrupt_block_names_file_and_window(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    data = rng.integers(0, 255, (64, 64)).astype(np.uint8)
    path = write(tmp_path / "a.tif", data, compress="deflate", tiled=True, blockxsize=32, blockysize=32)
    broken = bytearray(path.read_bytes())
    broken[-600:-100] = bytes(500)
    path.write_bytes(broken)
    source = inspect(layer(path), "2020")
    with pytest.raises(LayerError) as error:
        read(source, source, 32, 32, 32, 32)
    assert ids(error) == ["raster.corrupt_block"]
    assert "a.tif" in str(error.value)
    assert error.value.problems[0].values["row"] == 32


def test_a_failed_read_is_not_raised_again(tmp_path: Path) -> None:
    """GDAL keeps its last failure for the thread; what is asked of the file next must not end with it."""
    data = np.random.default_rng(5).integers(0, 255, (64, 64)).astype(np.uint8)
    path = write(tmp_path / "broken.tif", data, compress="jpeg", tiled=True, blockxsize=32, blockysize=32)
    path.write_bytes(path.read_bytes()[:-700])
    with rasterio.open(path) as dataset:
        assert distinct_values(dataset, 1).size == 0
        assert len(dataset.colorinterp) == 1
        source = inspect(layer(path), "2020")
        with pytest.raises(LayerError):
            read(source, source, 0, 0, 64, 64)
        assert len(dataset.colorinterp) == 1
