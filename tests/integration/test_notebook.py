"""What an analyst does in a notebook: objects in, frames and arrays out, and the pass as a tool."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import rioxarray
import shapely
import xarray as xr
from exactextract import exact_extract
from pandas.testing import assert_frame_equal

import sinks
from sinks.errors import RunError, SinksError
from sinks.workflow.finished_run import Run

LEAGUES = ["150200", "150300", "150600"]


@pytest.fixture(scope="module")
def of_files(world: Any) -> Run:
    return sinks.run(sinks.Project.from_dict(world.content, folder=world.folder))


def lazily(content: dict[str, Any], way: str, folder: Path) -> dict[str, Any]:
    """The project with an array in the place of every raster, a GeoDataFrame in that of the regions."""

    def opened(path: str) -> xr.DataArray:
        chunks = {"x": 200, "y": 150} if way == "dask" else None
        array = rioxarray.open_rasterio(path, chunks=chunks, masked=way == "masked")
        assert isinstance(array, xr.DataArray)
        if way != "zarr":
            return array
        store = folder / f"{Path(path).stem}.zarr"
        if not store.exists():
            encoding = {"values": {"chunks": (1, 128, 128), "grid_mapping": "spatial_ref"}}
            array.rename("values").to_dataset().to_zarr(store, encoding=encoding, consolidated=False)
        return xr.open_dataset(store, engine="zarr", consolidated=False, decode_coords="all")["values"]

    def held(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: held(one) for key, one in value.items()}
        if isinstance(value, list):
            return [held(one) for one in value]
        if isinstance(value, str) and value.endswith(".tif"):
            return opened(value)
        return gpd.read_file(value) if isinstance(value, str) and value.endswith(".gpkg") else value

    made: dict[str, Any] = held(content)
    return made


@pytest.mark.parametrize("way", ["lazy", "masked", "dask", "zarr"])
def test_the_account_of_arrays_is_that_of_their_files(way: str, world: Any, of_files: Run, tmp_path: Path) -> None:
    project = sinks.Project.build(**lazily(world.project(), way, tmp_path))
    run = sinks.run(project)
    assert_frame_equal(run.account, of_files.account, check_exact=True)
    assert_frame_equal(run.activity.states, of_files.activity.states, check_exact=True)
    assert_frame_equal(run.activity.changes, of_files.activity.changes, check_exact=True)


def of_account(run: Run, quantity: str, period: str, pool: str) -> pd.Series:
    rows = run.account[(run.account["quantity"] == quantity) & (run.account["period"] == period)]
    rows = rows[(rows["ecosystem"] == "all") & (rows["stratum"] == "all") & (rows["pool"] == pool)]
    return rows.set_index("region_code")["value"]


def test_density_times_its_area_is_the_account_of_every_league(of_files: Run) -> None:
    """Each league by itself, cells on boundaries included."""
    density, area = of_files.density(level="league"), of_files.coverage("league")
    assert density.dims == ("region", "date", "pool", "y", "x")
    summed = (density * area).sum(("y", "x"))
    for date in ("2020", "2023"):
        for pool in density["pool"].values:
            found = summed.sel(date=date, pool=pool).to_series()
            expected = of_account(of_files, "carbon_stock", date, str(pool))
            np.testing.assert_allclose(found[LEAGUES], expected[LEAGUES], rtol=1e-9)
    whole = summed.sum("pool").sel(date="2023").to_series()
    np.testing.assert_allclose(whole[LEAGUES], of_account(of_files, "carbon_stock", "2023", "all")[LEAGUES], rtol=1e-9)


def test_away_from_boundaries_density_times_cell_area_is_enough(of_files: Run) -> None:
    density = of_files.density("2023", "litter").squeeze(drop=True)
    coverage, cell = of_files.coverage("league"), of_files.cell_area
    area = coverage.sum("region")
    inside = (coverage.max("region") > cell * (1 - 1e-9)) & density.notnull()
    assert int(inside.sum()) > 10_000
    np.testing.assert_allclose(area.where(inside).sum(), cell.where(inside).sum(), rtol=1e-12)
    by_league = (density * cell).where(inside).groupby(coverage.argmax("region").rename("at")).sum()
    exact = (density * area).where(inside).groupby(coverage.argmax("region").rename("at")).sum()
    np.testing.assert_allclose(by_league, exact, rtol=1e-9)


def test_a_cell_of_which_only_a_part_is_estimated_adds_up_too() -> None:
    """Two banners share a column of cells; growing stock is known in one of them alone, so half of the column is."""

    def raster(values: Any) -> xr.DataArray:
        y, x = 45 - 0.01 * np.arange(12), 110 + 0.01 * np.arange(12)
        return xr.DataArray(values, {"y": y, "x": x}, ("y", "x")).rio.write_crs(4490)

    west = np.broadcast_to(np.arange(12) < 5, (12, 12))
    stock = raster(np.where(west, 80.0, np.nan).astype(np.float32)).rio.write_nodata(np.nan)
    species = raster(np.full((12, 12), 1, np.uint8))
    forest = raster(np.full((12, 12), 2, np.uint8))
    shapes = [shapely.box(110, 44.9, edge, 45) for edge in (110.1, 110.0512)]
    shapes += [shapely.box(110.0512, 44.9, 110.1, 45)]
    frame = {"code": ["9", "1", "2"], "name": ["盟", "西旗", "东旗"], "parent": ["150000", "9", "9"]}
    regions = gpd.GeoDataFrame(frame, geometry=shapes, crs=4490)
    project = sinks.Project.build(
        project={"name": "halves", "title": "halves", "dates": [2020], "draws": 0},
        regions={"file": regions, "code": "code", "name": "name", "parent": "parent", "level": "banner"},
        land_cover={"files": {2020: forest}, "legend": "clcd"},
        strata={"species_group": {"file": species, "legend": "species_group", "ecosystems": ["forest"]}},
        inputs={"growing_stock": {"files": {2020: stock}}},
        methodologies=[{"id": "growing_stock_bef", "ecosystems": ["forest"], "accounts_for": ["stock"]}],
    )
    run = sinks.run(project)
    (level,) = run.regions.loc[run.regions["code"] == "9", "level"]
    found = (run.density(level=level) * run.coverage(level)).sel(region="9").sum().item()
    shared = run.coverage("banner").sel(y=44.95, x=110.05, method="nearest")
    assert (shared > 0).all()
    # By label, without a method: an array's own labels are kept, which its transform does not give again.
    forest.sel(x=run.cell_area["x"], y=run.cell_area["y"])
    assert found > 0
    assert found == pytest.approx(of_account(run, "carbon_stock", "2020", "all")["9"], rel=1e-12)


@pytest.mark.parametrize("quantity", ["stock_change", "net_removals"])
def test_changes_add_up_too(quantity: str, of_files: Run) -> None:
    change = of_files.change(quantity, level="league")  # type: ignore[arg-type]
    area = of_files.coverage("league")
    found = (change * area).sum(("y", "x", "pool")).squeeze("period", drop=True).to_series()
    expected = of_account(of_files, quantity, "2020-2023", "all")
    size = of_account(of_files, "carbon_stock", "2023", "all")[LEAGUES].abs()
    assert ((found[LEAGUES] - expected[LEAGUES]).abs() < 1e-9 * size * (44 / 12)).all()


def test_cell_areas_are_true_and_coverage_fills_the_leagues(of_files: Run) -> None:
    from pyproj import Geod

    cell = of_files.cell_area
    x, y = float(cell["x"][7]), float(cell["y"][9])
    half = 0.005
    ring = shapely.segmentize(shapely.box(x - half, y - half, x + half, y + half), 1e-4)
    square, _ = Geod(ellps="GRS80").geometry_area_perimeter(ring)
    assert float(cell[9, 7]) == pytest.approx(abs(square) / 1e4, rel=1e-6)
    covered = of_files.coverage("league").sum(("y", "x")).to_series()
    regions = of_files.regions.set_index("code")
    for code in LEAGUES:
        shape = shapely.segmentize(regions.geometry[code], 0.01)
        area, _ = Geod(ellps="GRS80").geometry_area_perimeter(shapely.orient_polygons(shape))
        assert covered[code] == pytest.approx(area / 1e4, rel=1e-5)


def test_windows_chunks_and_files_show_the_same_cells(of_files: Run, tmp_path: Path) -> None:
    lazy = of_files.density("2020", "litter")
    whole = lazy.load()
    again = of_files.density("2020", "litter", chunks={"y": 97, "x": 101})
    assert again.chunks is not None
    np.testing.assert_array_equal(again.compute(), whole)
    part = of_files.density("2020", "litter").isel(y=slice(40, 10, -3), x=[5, 9, 200])
    np.testing.assert_array_equal(part, whole.isel(y=slice(40, 10, -3), x=[5, 9, 200]))
    assert whole.rio.crs.to_epsg() == 4490
    assert whole.attrs["units"] == "t ha-1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rioxarray, on multiplying transforms
        whole.squeeze(drop=True).rio.to_raster(tmp_path / "litter.tif", driver="COG")
    with rasterio.open(tmp_path / "litter.tif") as file:
        np.testing.assert_array_equal(file.read(1), whole.squeeze())
        assert file.transform.almost_equals(whole.rio.transform())
    of_files.density(chunks={}).to_dataset(name="density").to_zarr(tmp_path / "density.zarr", consolidated=False)
    kept = xr.open_dataset(tmp_path / "density.zarr", engine="zarr", consolidated=False)["density"]
    np.testing.assert_array_equal(kept.sel(date="2020", pool="litter"), whole.squeeze())


def test_totals_and_parts_are_rows_of_the_account(of_files: Run) -> None:
    found = of_files.totals("net_removals", level="league")
    assert found.attrs["unit"] == "t CO2/yr"
    np.testing.assert_array_equal(
        found.set_index("region_code")["value"][LEAGUES],
        of_account(of_files, "net_removals", "2020-2023", "all")[LEAGUES],
    )
    for part in ("ecosystem", "pool"):
        divided = of_files.by(part, "carbon_stock", level="league", period="2023")
        np.testing.assert_allclose(
            divided.groupby("region_code")["value"].sum()[LEAGUES],
            of_account(of_files, "carbon_stock", "2023", "all")[LEAGUES],
            rtol=1e-12,
        )
    assert set(of_files.by("stratum", "carbon_stock")["stratum"]) > {"larch"}


def test_the_transition_matrix_is_that_of_the_cells(world: Any, of_files: Run) -> None:
    matrix = of_files.transitions("鄂尔多斯市")
    assert list(matrix.index) == list(matrix.columns)
    changes = of_files.activity.changes
    own = changes[changes["region_code"] == "150600"]
    assert matrix.to_numpy().sum() == pytest.approx(own["area_ha"].sum())
    both = own[(own["ecosystem_from"] == "grassland") & (own["ecosystem_to"] == "forest")]
    assert matrix.loc["grassland", "forest"] == pytest.approx(both["area_ha"].sum())
    assert_frame_equal(matrix, of_files.transitions("150600", "2020-2023"))


def test_figures_come_with_the_outlines_of_their_regions(of_files: Run, tmp_path: Path) -> None:
    long = of_files.to_geodataframe(["carbon_stock", "net_removals"], level="league")
    assert len(long) == len(LEAGUES) * 3
    wide = of_files.to_geodataframe(["carbon_stock", "net_removals"], level="league", shape="wide")
    assert isinstance(wide, gpd.GeoDataFrame)
    assert len(wide) == len(LEAGUES)
    assert wide.crs == of_files.regions.crs
    at = wide.set_index("region_code")["carbon_stock_2023"]
    np.testing.assert_array_equal(at[LEAGUES], of_account(of_files, "carbon_stock", "2023", "all")[LEAGUES])
    wide.to_file(tmp_path / "wide.gpkg")


@pytest.mark.parametrize(
    ("question", "word"),
    [
        (lambda run: run.totals("sink"), "net_removals"),
        (lambda run: run.totals("area", level="county"), "league"),
        (lambda run: run.totals("net_removals", period="2020"), "2020-2023"),
        (lambda run: run.by("species", "area"), "ecosystem"),
        (lambda run: run.transitions("呼伦贝尔市"), "150600"),
        (lambda run: run.transitions("150600", "2017-2020"), "2020-2023"),
        (lambda run: run.density("2021"), "2023"),
        (lambda run: run.density(pools="roots"), "litter"),
        (lambda run: run.density(level="county"), "league"),
    ],
)
def test_a_question_for_what_is_not_there_says_what_is(question: Any, word: str, of_files: Run) -> None:
    with pytest.raises(RunError, match=word):
        question(of_files)


def square_grid(world: Any) -> tuple[xr.DataArray, xr.DataArray, gpd.GeoDataFrame]:
    land = rioxarray.open_rasterio(world.folder / "cover_2020.tif")
    stock = rioxarray.open_rasterio(world.folder / "stock_2020.tif", masked=True)
    assert isinstance(land, xr.DataArray)
    assert isinstance(stock, xr.DataArray)
    return land, stock, gpd.read_file(world.folder / "leagues.gpkg")


def test_the_pass_by_itself_is_the_pass_of_a_project(world: Any, of_files: Run) -> None:
    years = {year: world.folder / f"cover_{year}.tif" for year in (2020, 2023)}
    found = sinks.tabulate(years, world.folder / "leagues.gpkg", legend="clcd", name="name")
    states = of_files.activity.states.groupby(["region_code", "date", "ecosystem"])["area_ha"].sum()
    areas = found.areas.groupby(["region_code", "date", "ecosystem"])["area_ha"].sum()
    pd.testing.assert_series_equal(areas, states, rtol=1e-12, check_index_type=False)
    assert found.transitions["area_ha"].sum() == pytest.approx(found.areas["area_ha"].sum() / 2)
    assert set(found.areas["region_name"]) >= {"包头市"}


def test_many_years_are_counted_in_runs_and_each_once(world: Any) -> None:
    """Fourteen years between two maps: areas and transitions as from pairs of years by themselves."""
    land, _, leagues = square_grid(world)
    first = land.squeeze("band", drop=True).load()
    last = rioxarray.open_rasterio(world.folder / "cover_2023.tif").squeeze("band", drop=True)  # type: ignore[union-attr]
    when = np.random.default_rng(4).integers(2001, 2014, first.shape)
    years = list(range(2000, 2014))
    parts = [first.where(when > year, last).astype("uint8").assign_attrs(first.attrs) for year in years]
    cube = xr.concat(parts, pd.Index(years, name="year"), combine_attrs="override")
    found = sinks.tabulate(cube, leagues)
    assert sorted(set(found.areas["date"])) == [str(year) for year in years]
    pair = sinks.tabulate(cube.sel(year=[2007, 2008]), leagues)
    own = found.areas[found.areas["date"].isin(["2007", "2008"])].reset_index(drop=True)
    assert_frame_equal(own, pair.areas, rtol=1e-12)
    steps = found.transitions.groupby(["date_from", "date_to"])["area_ha"].sum()
    assert len(steps) == len(years) - 1
    np.testing.assert_allclose(steps, pair.transitions["area_ha"].sum(), rtol=1e-12)
    told = found.transitions[found.transitions["date_from"] == "2007"].reset_index(drop=True)
    assert_frame_equal(told, pair.transitions, rtol=1e-12)


def test_means_by_polygon_are_those_of_an_independent_program(world: Any) -> None:
    """exactextract weights cells by the share inside; areas of cells differ little over the latitudes of a league."""
    _, stock, leagues = square_grid(world)
    found = sinks.tabulate(None, leagues, means={"stock": stock}).means.set_index("region_code")
    with rasterio.open(world.folder / "stock_2020.tif") as file:
        expected = exact_extract(file, leagues, ["mean"], output="pandas")["mean"].to_numpy()
    np.testing.assert_allclose(found.loc[leagues["code"], "mean"], expected, rtol=2e-3)


def test_the_accessor_counts_classes_and_means(world: Any) -> None:
    import sinks.accessor

    land, stock, leagues = square_grid(world)
    plain = land.sinks.tabulate(leagues)
    named = land.sinks.tabulate(leagues, legend="clcd")
    assert_frame_equal(plain.areas, named.areas[plain.areas.columns])
    assert list(plain.areas.columns) == ["region_code", "region_name", "code", "area_ha"]
    means = stock.sinks.tabulate(leagues).means
    assert list(means["layer"].unique()) == ["value"]
    both = sinks.tabulate(land, leagues, means={"growing_stock": stock}).means_by_class
    assert both["observed_ha"].sum() == pytest.approx(means["observed_ha"].sum())
    assert "<table" in plain._repr_html_()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda land, leagues: sinks.tabulate(None, leagues),
        lambda land, leagues: sinks.tabulate(leagues, leagues),
        lambda land, leagues: sinks.tabulate(land, land),
        lambda land, leagues: sinks.tabulate(land, {"a": 1}),
        lambda land, leagues: sinks.tabulate(7, leagues),
        lambda land, leagues: sinks.tabulate({("a", 1): land}, leagues),
        lambda land, leagues: sinks.tabulate({"2020-13": land, "２０２３": land}, leagues),
        lambda land, leagues: sinks.tabulate({2020.0: land, "next year": land}, leagues),
        lambda land, leagues: sinks.tabulate(None, leagues, means={"stock": {None: land}}),
        lambda land, leagues: sinks.tabulate(land, leagues, code="nothing"),
        lambda land, leagues: sinks.tabulate(land, leagues.set_crs(None, allow_override=True)),
        lambda land, leagues: sinks.tabulate(land * 0.37, leagues),
        lambda land, leagues: sinks.run(None),  # type: ignore[arg-type]
        lambda land, leagues: sinks.run({"project": {}}),  # type: ignore[arg-type]
        lambda land, leagues: sinks.run(leagues),
        lambda land, leagues: sinks.run(land),
        lambda land, leagues: sinks.check(leagues),
        lambda land, leagues: sinks.Project.read(leagues),
        lambda land, leagues: sinks.open_run(land),
        lambda land, leagues: sinks.Project.build(regions=leagues, land_cover=land),
        lambda land, leagues: sinks.Project.build(project=None, regions=None, land_cover=None),
        lambda land, leagues: sinks.Project.build(folder=None, project=7),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_meant_is_an_error_of_this_package(wrong: Any, world: Any) -> None:
    land, _, leagues = square_grid(world)
    with pytest.raises(SinksError) as raised:
        wrong(land, leagues)
    assert str(raised.value)
