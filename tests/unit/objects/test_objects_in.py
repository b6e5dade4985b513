"""Objects in the place of files: the same account bit for bit, the same words where they are at fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rioxarray
import shapely
import xarray as xr
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine

import sinks
from sinks.errors import LayerError, ProjectError, SinksError
from sinks.objects import digest_of_table, find, hold, kind_of
from sinks.tabulation import tabulate
from support.small_layers import cover, regions, same, stock, write

SIDE = 60
UNITS = regions(shapely.box(110.03, 39.5, 113.17, 44.9), shapely.box(113.17, 39.1, 115.9, 44.77))


def codes(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([1, 2, 4, 5], np.uint8), (SIDE, SIDE))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Land cover of two years with holes, and a stock in 16 bits."""
    rng = np.random.default_rng(7)
    volume = rng.integers(0, 300, (SIDE, SIDE)).astype(np.int16)
    volume[:5] = -1
    holes = codes(2)
    holes[10:20, 10:20] = 0
    return {
        "2020": write(tmp_path / "land_2020.tif", codes(1), nodata=0),
        "2023": write(tmp_path / "land_2023.tif", holes, nodata=0),
        "stock": write(tmp_path / "stock.tif", volume, nodata=-1),
    }


def opened(files: dict[str, Path], **options: Any) -> dict[str, xr.DataArray]:
    return {name: rioxarray.open_rasterio(path, **options) for name, path in files.items()}  # type: ignore[misc]


def cube(files: dict[str, Path]) -> xr.DataArray:
    """Both years along ``time``, without a band."""
    parts = [opened(files)[year].squeeze("band", drop=True) for year in ("2020", "2023")]
    return xr.concat(parts, xr.DataArray(np.array(["2020-07-01", "2023-07-01"], "M8[ns]"), dims="time"))


def held(arrays: dict[str, xr.DataArray]) -> dict[str, Any]:
    """Objects under names, and the layers that are read by these names."""
    return {name: hold(array, f"test.{name}", "DataArray") for name, array in arrays.items()}


def counted(names: dict[str, Any], units: gpd.GeoDataFrame = UNITS) -> Any:
    return tabulate(units, cover(y2020=names["2020"], y2023=names["2023"]), inputs=[stock(static=names["stock"])])


@pytest.mark.parametrize("way", ["numpy", "lazy", "masked", "dask", "transposed", "south_up", "netcdf", "zarr"])
def test_arrays_give_what_their_files_give(way: str, files: dict[str, Path], tmp_path: Path) -> None:
    arrays = opened(files, masked=way == "masked", chunks={"x": 17, "y": 23} if way == "dask" else None)
    if way == "numpy":
        arrays = {name: array.load() for name, array in arrays.items()}
    if way == "transposed":
        arrays = {name: array.transpose("x", "band", "y") for name, array in arrays.items()}
    if way == "south_up":
        arrays = {name: array.isel(y=slice(None, None, -1)) for name, array in arrays.items()}
    if way in ("netcdf", "zarr"):
        arrays = {name: stored(array, tmp_path / f"{name}.{way}", way) for name, array in arrays.items()}
    objects = held(arrays)
    same(counted({name: one.name for name, one in objects.items()}), counted(files))


def stored(array: xr.DataArray, path: Path, way: str) -> xr.DataArray:
    """Written by xarray and opened lazily again, with values decoded as xarray does it unasked."""
    whole = array.rename("values").to_dataset()
    if way == "netcdf":
        whole.to_netcdf(path)
    else:
        whole.to_zarr(
            path, encoding={"values": {"chunks": (1, 25, 31), "grid_mapping": "spatial_ref"}}, consolidated=False
        )
    options: dict[str, Any] = {"engine": "zarr", "consolidated": False} if way == "zarr" else {}
    return xr.open_dataset(path, decode_coords="all", **options)["values"]


def test_a_part_cut_out_lies_on_the_lattice_of_its_file(files: dict[str, Path]) -> None:
    """xarray keeps the georeference of the whole; the part lies elsewhere, and on the very cells."""
    part = opened(files)["2020"].isel(x=slice(7, 50), y=slice(11, 44))
    one = hold(part, "test.part", "DataArray")
    unit = regions(shapely.box(111.0, 41.0, 114.5, 43.5))
    found, expected = (tabulate(unit, cover(y2020=path)).table for path in (one.name, files["2020"]))
    # The unit of the sums depends on the rows of the grid, so that the last digits of areas differ.
    assert_frame_equal(found, expected, rtol=1e-12)


def test_coordinates_alone_give_the_grid(files: dict[str, Path]) -> None:
    array = opened(files)["2020"].squeeze("band", drop=True).load()
    del array["spatial_ref"].attrs["GeoTransform"]
    one = hold(array, "test.bare", "DataArray")
    same(tabulate(UNITS, cover(y2020=one.name)), tabulate(UNITS, cover(y2020=files["2020"])))


def test_another_grid_is_warped_as_its_file_is(files: dict[str, Path], tmp_path: Path) -> None:
    fine = np.random.default_rng(3).integers(0, 300, (77, 83)).astype(np.float32)
    path = write(tmp_path / "fine.tif", fine, transform=Affine(0.073, 0, 109.9, 0, -0.081, 45.2), nodata=-1)
    one = hold(rioxarray.open_rasterio(path, chunks={"x": 20, "y": 20}), "test.fine", "DataArray")

    def warped(name: Path | str) -> Any:
        from dataclasses import replace

        layer = replace(stock(static=name), resampling="bilinear")
        return tabulate(UNITS, cover(y2020=files["2020"]), inputs=[layer])

    same(warped(one.name), warped(path))


def sections(files: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "project": {"name": "small", "title": "小", "dates": [2020, 2023], "draws": 50},
        "regions": {"file": more.pop("regions"), "code": "code", "name": "name"},
        "land_cover": {"files": {2020: files["2020"], 2023: files["2023"]}, "legend": "clcd"},
        "methodologies": [
            {"id": "grassland_tier1", "ecosystems": ["grassland"], "strata": {"climate_zone": "cool_temperate_dry"}}
        ],
        **more,
    }


@pytest.fixture
def leagues(tmp_path: Path) -> gpd.GeoDataFrame:
    return UNITS.assign(code=["150100", "150200"], name=["甲", "乙"])


def test_a_project_of_objects_is_the_project_of_files(
    files: dict[str, Path], leagues: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    leagues.to_file(tmp_path / "leagues.gpkg")
    by_path = sinks.Project.build(folder=tmp_path, **sections(files, regions="leagues.gpkg"))
    one = sinks.run(by_path)
    years = {"files": cube(files), "legend": "clcd"}
    other = sinks.run(sinks.Project.build(**{**sections(files, regions=leagues), "land_cover": years}))
    assert_frame_equal(other.account, one.account, check_exact=True)
    assert "objects" not in one.record
    noted = {entry["name"]: entry for entry in other.record["objects"]}
    assert sorted(noted) == ["object:land_cover.2020", "object:land_cover.2023", "object:regions.file"]
    assert noted["object:land_cover.2020"]["shape"] == [SIDE, SIDE]
    assert noted["object:land_cover.2020"]["replay"] is False
    assert {file["sha256"] for file in other.record["inputs"]} >= {entry["sha256"] for entry in noted.values()}
    assert "objects" in set(other.checks["check"])
    other.compare()  # asks for the layers once more

    other.write(tmp_path / "out")
    with pytest.raises(ProjectError, match=r"object:land_cover\.2020"):
        sinks.run(tmp_path / "out" / "run.json")


def test_the_digest_is_of_the_content_and_not_of_the_chunks(files: dict[str, Path]) -> None:
    from sinks.layers.held import digest_of

    plain, cut = opened(files)["2020"], opened(files, chunks={"x": 7, "y": 13})["2020"]
    changed = plain.copy(data=np.where(plain.values == 1, np.uint8(2), plain.values))
    one, two, three = (hold(array, "test.digest", "DataArray") for array in (plain, cut, changed))
    assert digest_of(one) == digest_of(two) != digest_of(three)
    table = pd.DataFrame({"a": [1, 2]})
    tables = [hold(frame, "test.table", "DataFrame") for frame in (table, table.copy(), table + 1)]
    first, again, third = map(digest_of_table, tables)
    assert first == again != third


def test_a_name_leads_nowhere_once_its_object_is_gone(files: dict[str, Path]) -> None:
    one = hold(opened(files)["2020"], "test.gone", "DataArray")
    name = one.name
    assert find(name) is one
    del one
    assert find(name) is None
    with pytest.raises(LayerError, match=r"test\.gone"):
        tabulate(UNITS, cover(y2020=name))


FAULTS: dict[str, tuple[Any, str]] = {
    "two_a_year": (lambda c: {"files": xr.concat([c, c], "time")}, "objects.several_a_year"),
    "no_coordinates": (lambda c: {"files": c.drop_vars("time")}, "objects.no_dates"),
    "polygons": (lambda c: {"file": UNITS}, "objects.not_dataarray"),
    "table": (lambda c: {"file": pd.DataFrame({"a": [1]})}, "objects.not_dataarray"),
    "numbers": (lambda c: {"file": c.values}, "objects.not_dataarray"),
    "two_variables": (lambda c: {"file": xr.Dataset({"a": c[0], "b": c[0]})}, "objects.which_variable"),
    "other_year": (lambda c: {"files": {2020: c.isel(time=1), 2023: c.isel(time=1)}}, "objects.other_year"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_object_out_of_place_is_named_by_its_argument(
    fault: str, files: dict[str, Path], leagues: gpd.GeoDataFrame
) -> None:
    make, id = FAULTS[fault]
    given = sections(files, regions=leagues)
    given["land_cover"] = {"legend": "clcd", **make(cube(files))}
    with pytest.raises(ProjectError) as raised:
        sinks.Project.build(**given)
    assert [problem.id for problem in raised.value.problems] == [id]
    assert "land_cover" in raised.value.problems[0].where


ARRAYS: dict[str, tuple[Any, str]] = {
    "no_crs": (lambda a: a.drop_vars("spatial_ref"), "grid.no_crs"),
    "no_axes": (lambda a: a.rename(x="a", y="b"), "objects.no_axes"),
    "other_axis": (lambda a: a.expand_dims(model=[1, 2]), "objects.other_axes"),
    "uneven": (lambda a: a.isel(x=[*range(30), *range(31, 60)]), "objects.uneven"),
    "text": (lambda a: a.astype(str), "raster.wrong_type"),
}


@pytest.mark.parametrize("fault", ARRAYS)
def test_an_array_at_fault_is_said_in_the_words_for_files(fault: str, files: dict[str, Path]) -> None:
    make, id = ARRAYS[fault]
    one = hold(make(opened(files)["2020"].load()), "test.fault", "DataArray")
    with pytest.raises(SinksError) as raised:
        tabulate(UNITS, cover(y2020=one.name))
    assert id in [problem.id for problem in raised.value.problems]


@pytest.mark.parametrize("bands", [False, True])
def test_no_more_than_a_window_is_ever_loaded(bands: bool) -> None:
    """An array as xarray opens it from a store: what is asked of the store is counted."""
    from xarray.backends import BackendArray
    from xarray.core import indexing

    cells, asked = np.tile(codes(1), (20, 20)), []

    class Store(BackendArray):  # type: ignore[misc]
        shape = (1, *cells.shape) if bands else cells.shape
        dtype = cells.dtype

        def __getitem__(self, key: Any) -> np.ndarray:
            return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

        def _read(self, key: Any) -> np.ndarray:
            found = np.asarray(cells.reshape(self.shape)[key])
            asked.append(found.size)
            return found

    lazy = indexing.MemoryCachedArray(indexing.CopyOnWriteArray(indexing.LazilyIndexedArray(Store())))
    step = 0.1 / 20
    coords = {"y": 45 - step * (np.arange(1200) + 0.5), "x": 110 + step * (np.arange(1200) + 0.5)}
    variable = xr.Variable(("band", "y", "x") if bands else ("y", "x"), lazy)
    variable.encoding["preferred_chunks"] = {"y": 100, "x": 100}
    one = hold(xr.DataArray(variable, coords=coords).rio.write_crs(4490), "test.store", "DataArray")
    found = tabulate(UNITS, cover(y2020=one.name), block_size=200)
    assert found.table["area_ha"].sum() == pytest.approx(found.units["area_ha"].sum(), rel=1e-6)
    # A sample of codes is looked at first, by windows of 256 cells a side.
    assert max(asked) <= 256**2
    assert not isinstance(one.value.variable._data, np.ndarray)


def test_a_mask_that_was_left_behind_is_refused(tmp_path: Path) -> None:
    import rasterio

    path = write(tmp_path / "masked.tif", codes(1))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 2 == 0)
    raw = hold(rioxarray.open_rasterio(path), "test.raw", "DataArray")
    with pytest.raises(LayerError, match="masked=True"):
        tabulate(UNITS, cover(y2020=raw.name))
    seen = hold(rioxarray.open_rasterio(path, masked=True), "test.seen", "DataArray")
    same(tabulate(UNITS, cover(y2020=seen.name)), tabulate(UNITS, cover(y2020=path)))


def test_a_block_that_cannot_be_computed_is_named(files: dict[str, Path]) -> None:
    import dask.array

    def fail(block: np.ndarray) -> np.ndarray:
        raise ValueError("no such scene")

    array = opened(files)["2020"]
    lazy = dask.array.from_array(codes(1)[None], chunks=(1, 30, 30)).map_blocks(fail, dtype=np.uint8)
    one = hold(array.copy(data=lazy), "test.failing", "DataArray")
    with pytest.raises(LayerError, match="no such scene"):
        tabulate(UNITS, cover(y2020=one.name))


def test_kinds_are_told_without_an_import() -> None:
    assert kind_of(UNITS) == "GeoDataFrame"
    assert kind_of(pd.DataFrame()) == "DataFrame"
    assert kind_of(xr.DataArray(1)) == "DataArray"
    assert [kind_of(value) for value in (None, "a.tif", {}, np.zeros(2))] == [None] * 4


def test_neither_the_package_nor_its_command_line_loads_xarray() -> None:
    code = "import sys, sinks, sinks.cli, sinks.workflow.verbs; sys.exit('xarray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
