"""Whole runs on real layers, their areas recomputed by other means.

The layers lie beside the repository, or where ``SINKS_REAL_DATA`` says; without them these tests are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Geod, Transformer

import sinks

DATA = Path(os.environ.get("SINKS_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
MODIS = DATA / "landcover_modis_5min_2001_2010"
MCD12C1 = DATA / "landcover_mcd12c1_2019" / "mcd12c1_igbp_2019_clip.tif"
SOIL = DATA / "soil_organic_carbon_2017_10km"
CLIMATE = DATA / "climate_zones_5min" / "ipcc_cz_5min_clip.tif"
GBK = DATA / "boundaries_gbk_shapefile" / "nmg_nx_leagues_gbk.shp"
GCJ02 = DATA / "boundaries_datav_gcj02" / "im_nx_leagues_gcj02.geojson"

AGREEMENT = 1e-4
"""0.01 %: by how much areas may differ from those of another program."""

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not MODIS.exists(), reason=f"no real layers at {DATA}"),
]

KEYS = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period"]

Array = np.ndarray[Any, Any]

TERRITORIES: dict[str, dict[str, Any]] = {
    "leagues of Inner Mongolia": {"builtin": "150000", "levels": ["league"]},
    "banners of Ordos": {"builtin": "150000", "within": "150600", "levels": ["banner"]},
    "cities of Ningxia": {"builtin": "640000", "levels": ["league"]},
}


# These maps know neither species nor types of grassland: a species without a row of its own, and one type everywhere.
DENSITIES = {
    "id": "lookup_density",
    "ecosystems": ["forest", "grassland", "wetland"],
    "strata": {"species_group": "any", "grassland_type": "typical_steppe"},
}


def modis(regions: Mapping[str, Any], **sections: Any) -> dict[str, Any]:
    """Two real dates, climate zones as a stratum, and soil carbon on a grid of its own."""
    return {
        "project": {"name": "modis", "title": "MODIS 2001-2010", "dates": [2001, 2010], "draws": 0},
        "regions": dict(regions),
        "land_cover": {
            "legend": "igbp_0_16",
            "files": {str(year): str(MODIS / f"lc_5min_{year}_clip.tif") for year in (2001, 2010)},
        },
        "strata": {"climate_zone": {"file": str(CLIMATE), "legend": "ipcc_climate_zone"}},
        "inputs": {
            "soil": {
                "quantity": "soil_organic_carbon_density",
                "files": {
                    "2001": str(SOIL / "socs_0_100cm_1990AD_clip.tif"),
                    "2010": str(SOIL / "socs_0_100cm_2010AD_clip.tif"),
                },
                "resampling": "nearest",
                # The first of the two is modelled for 1990, the map nearest to it is of 2001.
                "accept": ["other_year"],
            }
        },
        "methodologies": [DENSITIES],
    } | sections


def mcd12c1(regions: Mapping[str, Any]) -> dict[str, Any]:
    """One date of another product, whose file names no datum."""
    return {
        "project": {"name": "mcd12c1", "title": "MCD12C1 2019", "dates": [2019], "draws": 0},
        "regions": dict(regions),
        "land_cover": {"legend": "igbp_0_16", "files": {"2019": str(MCD12C1)}, "crs": "EPSG:4326"},
        "methodologies": [DENSITIES],
    }


@cache
def finished(product: str, territory: str) -> sinks.Run:
    content = {"modis": modis, "mcd12c1": mcd12c1}[product](TERRITORIES[territory])
    return sinks.run(sinks.Project.from_dict(content, folder=DATA))


@cache
def units(territory: str) -> gpd.GeoDataFrame:
    run = finished("modis", territory)
    frame = run.contents.regions.frame
    return frame[frame["code"].isin(run.activity.units["region_code"])].reset_index(drop=True)


# ---- areas by other means ------------------------------------------------------------------------------------------


def read(path: Path) -> tuple[Array, Any]:
    with rasterio.open(path) as dataset:
        return dataset.read(1), dataset.transform


@cache
def pieces(path: Path, territory: str) -> pd.DataFrame:
    """Every piece of a cell in a region: ``region_code, row, column, area_ha``, by shapely in an equal-area projection.

    In a cylindrical equal-area projection of the ellipsoid cells of longitude and latitude are rectangles and areas are
    true, also those of parts of a cell.  Nothing of the package takes part.
    """
    cover, t = read(path)
    flat = Transformer.from_crs("EPSG:4326", "EPSG:6933", always_xy=True)
    x = np.array(flat.transform(t.c + t.a * np.arange(cover.shape[1] + 1), np.zeros(cover.shape[1] + 1))[0])
    y = np.array(flat.transform(np.full(cover.shape[0] + 1, t.c), t.f + t.e * np.arange(cover.shape[0] + 1))[1])
    found = []
    for code, shape in zip(units(territory)["code"], units(territory).geometry, strict=True):
        # Straight in degrees is not quite straight here; divided edges follow.
        polygon = shapely.transform(
            shapely.segmentize(shape, 0.005), lambda xy: np.column_stack(flat.transform(xy[:, 0], xy[:, 1]))
        )
        west, south, east, north = polygon.bounds
        columns = np.arange(np.searchsorted(x, west, "right") - 1, np.searchsorted(x, east))
        rows = np.flatnonzero((y[:-1] > south) & (y[1:] < north))
        for row in rows:
            strip = shapely.intersection(polygon, shapely.box(west - 1, y[row + 1], east + 1, y[row]))
            cells = shapely.box(x[columns], y[row + 1], x[columns + 1], y[row])
            area = shapely.area(shapely.intersection(strip, cells)) / 1e4
            inside = area > 0
            found.append(
                pd.DataFrame({"region_code": code, "row": row, "column": columns[inside], "area_ha": area[inside]})
            )
    return pd.concat(found, ignore_index=True)


def geodesic_cells(path: Path) -> Array:
    """Area of each row's cells [ha], as polygons on the ellipsoid whose parallels are followed by short edges."""
    cover, t = read(path)
    geod = Geod(ellps="WGS84")
    edge = np.linspace(t.c, t.c + t.a, 101)
    areas = []
    for row in range(cover.shape[0]):
        north, south = t.f + t.e * row, t.f + t.e * (row + 1)
        lon = np.concatenate([edge, edge[::-1]])
        lat = np.concatenate([np.full(101, south), np.full(101, north)])
        areas.append(abs(geod.polygon_area_perimeter(lon, lat)[0]) / 1e4)
    return np.repeat(np.array(areas)[:, None], cover.shape[1], axis=1)


def area_by_class(parts: pd.DataFrame, cover: Array) -> pd.Series[float]:
    codes = cover[parts["row"], parts["column"]]
    return parts.assign(land_cover=codes.astype(str)).groupby(["region_code", "land_cover"])["area_ha"].sum()


def deviations(run: sinks.Run, date: str, expected: pd.Series[float]) -> pd.DataFrame:
    """Areas of the run beside the expected ones, by region and class of the file; codes of no observation apart."""
    states = run.activity.states
    found = states[states["date"] == date].groupby(["region_code", "land_cover"])["area_ha"].sum()
    table = pd.concat({"found": found, "expected": expected}, axis=1)
    return table.assign(relative=(table["found"] / table["expected"] - 1).abs())


PRODUCTS = [
    ("modis", "2001", MODIS / "lc_5min_2001_clip.tif"),
    ("modis", "2010", MODIS / "lc_5min_2010_clip.tif"),
    ("mcd12c1", "2019", MCD12C1),
]


@pytest.mark.parametrize("territory", TERRITORIES)
@pytest.mark.parametrize(("product", "date", "path"), PRODUCTS, ids=["modis-2001", "modis-2010", "mcd12c1-2019"])
def test_areas_agree_with_shapely(product: str, date: str, path: Path, territory: str) -> None:
    parts = pieces(path, territory)
    found = deviations(finished(product, territory), date, area_by_class(parts, read(path)[0]))
    assert not found.isna().any(axis=None), "the same classes in the same regions"
    regions = found[["found", "expected"]].groupby("region_code").sum()
    region = (regions["found"] / regions["expected"] - 1).abs().max()
    print(f"\n{product} {date}, {territory}: {len(found)} class areas, greatest relative deviation "
          f"{found['relative'].max():.1e} of a class, {region:.1e} of a region")  # fmt: skip
    assert found["relative"].max() < AGREEMENT
    assert region < AGREEMENT


@pytest.mark.parametrize("territory", TERRITORIES)
def test_areas_agree_with_exactextract(territory: str) -> None:
    """Fractions of cells by another program, cells by geodesic polygons.

    It shares a boundary cell by degrees and not by area, so that classes of a few cells deviate by more than here;
    they are held to the area of ten cells.
    """
    exactextract = pytest.importorskip("exactextract", reason="exactextract comes with the extra `bench`")
    path = MODIS / "lc_5min_2001_clip.tif"
    cover = read(path)[0]
    frame = units(territory)
    rows = exactextract.exact_extract(
        str(path), frame.to_crs(4326), ["cell_id", "coverage"], include_cols=["code"], output="pandas"
    )
    area = geodesic_cells(path).ravel()
    expected: dict[tuple[str, str], float] = {}
    for code, cells, coverage in zip(rows["code"], rows["cell_id"], rows["coverage"], strict=True):
        cells = np.asarray(cells, np.int64)
        for value in np.unique(cover.ravel()[cells]):
            here = cover.ravel()[cells] == value
            expected[code, str(value)] = float((np.asarray(coverage)[here] * area[cells[here]]).sum())
    index = pd.MultiIndex.from_tuples(expected, names=["region_code", "land_cover"])
    found = deviations(finished("modis", territory), "2001", pd.Series(list(expected.values()), index=index))
    assert not found.isna().any(axis=None)
    deviation = (found["found"] - found["expected"]).abs() / found["expected"].clip(lower=10 * area.max())
    regions = found[["found", "expected"]].groupby("region_code").sum()
    region = (regions["found"] / regions["expected"] - 1).abs().max()
    print(
        f"\nexactextract, {territory}: greatest relative deviation {deviation.max():.1e} of a class, "
        f"{region:.1e} of a region"
    )
    assert deviation.max() < AGREEMENT
    assert region < AGREEMENT


@pytest.mark.parametrize("territory", TERRITORIES)
def test_transitions_agree(territory: str) -> None:
    """The matrix of 2001 to 2010 from the pieces of cells."""
    before, after = (read(MODIS / f"lc_5min_{year}_clip.tif")[0] for year in (2001, 2010))
    parts = pieces(MODIS / "lc_5min_2001_clip.tif", territory)
    at = (parts["row"], parts["column"])
    keys = ["region_code", "land_cover_from", "land_cover_to"]
    named = parts.assign(land_cover_from=before[at].astype(str), land_cover_to=after[at].astype(str))
    expected = named.groupby(keys)["area_ha"].sum()
    found = finished("modis", territory).activity.changes.groupby(keys)["area_ha"].sum()
    assert set(found.index) == set(expected.index)
    difference = (found - expected).abs()
    # A transition of a sliver of one cell is held to the area of a cell, some 6,000 ha.
    assert (difference / expected.clip(lower=1.0)).max() < AGREEMENT


def test_soil_carbon_agrees() -> None:
    """Means over regions of a layer on a grid of its own, whose nearest cells are found here by their centres."""
    run = finished("modis", "leagues of Inner Mongolia")
    parts = pieces(MODIS / "lc_5min_2001_clip.tif", "leagues of Inner Mongolia")
    cover, t = read(MODIS / "lc_5min_2001_clip.tif")
    for date, name in (("2001", "socs_0_100cm_1990AD_clip.tif"), ("2010", "socs_0_100cm_2010AD_clip.tif")):
        soil, s = read(SOIL / name)
        column = np.floor((t.c + t.a * (np.arange(cover.shape[1]) + 0.5) - s.c) / s.a).astype(int)
        row = np.floor((t.f + t.e * (np.arange(cover.shape[0]) + 0.5) - s.f) / s.e).astype(int)
        values = soil[row[parts["row"]], column[parts["column"]]].astype(float)
        seen = values != -32767
        weighted = parts[seen].assign(total=parts["area_ha"][seen] * values[seen])
        sums = weighted.groupby("region_code")[["total", "area_ha"]].sum()
        states = run.activity.states[run.activity.states["date"] == date]
        states = states.assign(total=(states["soil"] * states["soil_observed_ha"]).fillna(0.0))
        own = states.groupby("region_code")[["total", "soil_observed_ha"]].sum()
        assert len(own) == 12
        np.testing.assert_allclose(own["soil_observed_ha"], sums["area_ha"], rtol=AGREEMENT)
        np.testing.assert_allclose(
            own["total"] / own["soil_observed_ha"], sums["total"] / sums["area_ha"], rtol=AGREEMENT
        )


def test_carbon_agrees_with_a_sum_over_pieces() -> None:
    """Litter of forest, one density for all of it: area by shapely times the printed value."""
    run = finished("modis", "leagues of Inner Mongolia")
    parts = pieces(MODIS / "lc_5min_2010_clip.tif", "leagues of Inner Mongolia")
    areas = area_by_class(parts, read(MODIS / "lc_5min_2010_clip.tif")[0]).groupby("land_cover").sum()
    forest = areas[[code for code in ("1", "2", "3", "4", "5", "8") if code in areas.index]].sum()
    used = run.contents.parameters_used.query("parameter == 'litter'")
    (density,) = used["value"].astype(float).unique()
    account = run.account.query(
        "level == 'region' and ecosystem == 'forest' and stratum == 'all' and pool == 'litter'"
        " and quantity == 'carbon_stock' and period == '2010'"
    )
    assert account["value"].item() == pytest.approx(forest * density, rel=AGREEMENT)


# ---- boundaries as they come ---------------------------------------------------------------------------------------


def test_displaced_boundaries_once_declared(tmp_path: Path) -> None:
    """Amap's leagues: their areas come out as those of the official ones, which their outlines follow coarsely."""
    # Of the other province some overlap their neighbours here, which would be refused.
    leagues = gpd.read_file(GCJ02)[["adcode", "name", "geometry"]]
    leagues[leagues["adcode"] // 10000 == 15].to_file(tmp_path / "amap.gpkg")
    regions = {"file": str(tmp_path / "amap.gpkg"), "code": "adcode", "name": "name", "level": "league"}
    runs = {
        crs: sinks.run(sinks.Project.from_dict(modis(regions | {"crs": crs} if crs else regions), folder=DATA))
        for crs in ("GCJ-02", None)
    }
    assert "regions.displaced" not in set(runs["GCJ-02"].checks["check"])
    (doubt,) = runs[None].checks.query("check == 'regions.displaced'").to_dict("records")
    assert doubt["status"] == "warning"
    official = finished("modis", "leagues of Inner Mongolia").activity.units.set_index("region_code")["area_ha"]
    undone = runs["GCJ-02"].activity.units.set_index("region_code")["area_ha"].reindex(official.index)
    assert (undone / official - 1).abs().max() < 0.01


def test_levels_agree_on_real_land() -> None:
    """Ordos from its banners is Ordos as a league."""
    league = finished("modis", "leagues of Inner Mongolia").account.query("region_code == '150600'")
    banners = finished("modis", "banners of Ordos").account.query("region_code == '150600'")
    keys = ["ecosystem", "stratum", "pool", "quantity", "period"]
    pair = league.set_index(keys)["value"].to_frame("league").join(banners.set_index(keys)["value"].rename("banners"))
    kept = pair.dropna()
    assert len(kept) > 20
    stock = kept["league"].abs().max()
    assert ((kept["league"] - kept["banners"]).abs() < 1e-9 * stock).all()


def test_chinese_shapefile_without_its_code_page() -> None:
    """The official boundaries as GBK attributes: refused with both readings, and the same account once declared."""
    regions = {"file": str(GBK), "code": "区划代码", "name": "名称"}
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(sinks.Project.from_dict(modis(regions), folder=DATA))
    (problem,) = error.value.problems
    assert problem.id == "dbf.no_encoding"
    run = sinks.run(sinks.Project.from_dict(modis(regions | {"encoding": "GBK"}), folder=DATA))
    built_in = finished("modis", "leagues of Inner Mongolia").account.query("level == 'league'")
    pair = built_in.merge(run.account, on=[*KEYS, "region_name"], suffixes=("", "_gbk"))
    assert len(pair) == len(built_in)
    assert (pair["value"] - pair["value_gbk"]).abs().max() <= 1e-9 * built_in["value"].abs().max()


# ---- files with real faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "around", "expected"),
    [
        ("rotated.tif", None, ["grid.no_crs", "grid.rotated"]),
        ("float.tif", None, ["grid.no_crs"]),
        ("float_nan.tif", None, ["grid.no_crs"]),
        ("all-nodata.tif", (341970.0, 1603902.0 - 7425.0, 342183.0, 1603902.0, 32628), ["raster.all_nodata"]),
        ("corrupt.tif", (14321853.2, 4533021.5 - 611.0, 14322464.0, 4533021.5, 3857), ["raster.rendering"]),
    ],
)
def test_awkward_rasters(tmp_path: Path, name: str, around: tuple[float, ...] | None, expected: list[str]) -> None:
    regions: dict[str, Any] = TERRITORIES["cities of Ningxia"]
    if around is not None:
        *bounds, epsg = around
        frame = gpd.GeoDataFrame({"code": ["990101"], "name": ["框"]}, geometry=[shapely.box(*bounds)], crs=int(epsg))
        frame.to_crs(4490).to_file(tmp_path / "box.gpkg")
        regions = {"file": str(tmp_path / "box.gpkg"), "code": "code", "name": "name"}
    content = mcd12c1(regions)
    content["land_cover"] = {"legend": "clcd", "band": 1, "files": {"2019": str(DATA / "awkward" / name)}}
    with pytest.raises(sinks.SinksError) as error:
        sinks.run(sinks.Project.from_dict(content, folder=DATA))
    assert sorted(problem.id for problem in error.value.problems) == expected
    assert all(name in problem.where for problem in error.value.problems)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("points_noproj.shp", "regions.not_polygons"), ("polygons_partial_overlap.shp", "regions.overlap")],
)
def test_awkward_regions(name: str, expected: str) -> None:
    fields = [field for field in gpd.read_file(DATA / "awkward" / name).columns if field != "geometry"]
    regions = {"file": str(DATA / "awkward" / name), "code": fields[0], "name": fields[0]}
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(sinks.Project.from_dict(modis(regions), folder=DATA))
    assert expected in {problem.id for problem in error.value.problems}
