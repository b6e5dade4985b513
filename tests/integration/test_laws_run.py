"""The laws of an account on finished runs, recomputed here from its rows and not by the package's own checks."""

from __future__ import annotations

import shutil
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sinks

TOLERANCE = 1e-9
KEYS = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period"]
AMOUNTS = ("carbon_stock", "stock_change", "net_removals")


def run(world: Any, **sections: Any) -> sinks.Run:
    return sinks.run(sinks.Project.from_dict(world.project(**sections), folder=world.folder))


def with_years(world: Any, *files: tuple[int, int]) -> dict[str, Any]:
    """Sections in which each year is read from the files of another one: (year of the account, year of the file)."""
    land = {str(year): copied(world, "cover", year, stored) for year, stored in files}
    stock = {str(year): copied(world, "stock", year, stored) for year, stored in files}
    return {
        "project": world.content["project"] | {"dates": [year for year, _ in files]},
        "land_cover": world.content["land_cover"] | {"files": land},
        "inputs": {"growing_stock": world.content["inputs"]["growing_stock"] | {"files": stock}},
    }


def copied(world: Any, name: str, year: int, stored: int) -> str:
    """A copy under the year of the account: a name that says another year is refused, one file for two years too."""
    copy = world.folder / f"as_{stored - 2000}_{name}_{year}.tif"
    return str(shutil.copy(world.folder / f"{name}_{stored}.tif", copy))


def by_banner(world: Any) -> dict[str, Any]:
    banners = {"file": str(world.folder / "banners.gpkg"), "level": "banner"}
    return {"regions": world.content["regions"] | banners}


@pytest.fixture(scope="module")
def leagues(world: Any) -> sinks.Run:
    return run(world)


@pytest.fixture(scope="module")
def banners(world: Any) -> sinks.Run:
    return run(world, **by_banner(world))


@pytest.fixture(scope="module")
def three_dates(world: Any) -> sinks.Run:
    return run(world, **with_years(world, (2017, 2017), (2020, 2020), (2023, 2023)))


@pytest.fixture(params=["leagues", "banners", "three_dates"])
def finished(request: pytest.FixtureRequest) -> sinks.Run:
    found: sinks.Run = request.getfixturevalue(request.param)
    return found


def add_up(parts: pd.DataFrame, whole: pd.DataFrame, keys: list[str]) -> None:
    """Every figure of ``whole`` is the sum of its parts; a sum that cancels is measured against what it sums."""
    # Where nothing is known of a figure it is empty, and so are all its parts.
    parts, whole = parts[parts["value"].notna()], whole[whole["value"].notna()]
    assert len(whole) > 0
    groups = parts.assign(size=parts["value"].abs()).groupby(keys)
    pair = pd.concat(
        [groups["value"].sum(), groups["size"].sum(), whole.set_index(keys)["value"].rename("whole")], axis=1
    )
    assert not pair.isna().any(axis=None), "every sum has parts and every part a sum"
    assert ((pair["value"] - pair["whole"]).abs() <= TOLERANCE * pair["size"]).all()


def without(*names: str) -> list[str]:
    return [key for key in KEYS if key not in names]


# ---- sums ----------------------------------------------------------------------------------------------------------


def test_leagues_sum_to_the_region(finished: sinks.Run) -> None:
    account = finished.account
    leagues = account[account["level"] == "league"]
    assert leagues["region_code"].nunique() == 3
    assert {"area", *AMOUNTS} <= set(leagues["quantity"])
    add_up(leagues, account[account["level"] == "region"], without("region_code"))


def test_banners_sum_to_leagues(world: Any, banners: sinks.Run) -> None:
    parents = gpd.read_file(world.folder / "banners.gpkg").set_index("code")["parent"]
    account = banners.account
    parts = account[account["level"] == "banner"]
    assert parts["region_code"].nunique() == 21
    above = parts.assign(region_code=parts["region_code"].map(parents))
    for _, group in above.groupby("region_code"):
        whole = account[account["region_code"] == group["region_code"].iloc[0]]
        add_up(group, whole, KEYS)


def test_by_league_and_by_banner_are_one_account(leagues: sinks.Run, banners: sinks.Run) -> None:
    coarse = leagues.account.set_index(KEYS)
    fine = banners.account.query("level != 'banner'").set_index(KEYS)
    assert set(fine.index) == set(coarse.index)
    fine = fine.loc[coarse.index]
    size = coarse["value"].abs().where(coarse.index.get_level_values("quantity").isin(["area", "carbon_stock"]))
    np.testing.assert_allclose(fine["value"], coarse["value"], rtol=TOLERANCE, atol=TOLERANCE * size.max())
    # Draws are of the same parameters, and the same for every region, so that the intervals agree as well.
    bounded = coarse["low"].notna()
    assert bounded.any()
    for bound in ("low", "high"):
        np.testing.assert_allclose(fine[bound][bounded], coarse[bound][bounded], rtol=1e-6, atol=TOLERANCE * size.max())


def test_pools_sum(finished: sinks.Run) -> None:
    carbon = finished.account[finished.account["quantity"].isin(AMOUNTS)]
    parts = carbon[(carbon["pool"] != "all") & (carbon["stratum"] == "all")]
    whole = carbon[(carbon["pool"] == "all") & (carbon["stratum"] == "all")]
    add_up(parts, whole, without("pool"))


def test_ecosystems_sum(finished: sinks.Run) -> None:
    sums = finished.account[finished.account["stratum"] == "all"]
    add_up(sums[sums["ecosystem"] != "all"], sums[sums["ecosystem"] == "all"], without("ecosystem"))


def test_strata_sum(finished: sinks.Run) -> None:
    account = finished.account[finished.account["ecosystem"] != "all"]
    leaves = account[account["stratum"] != "all"]
    whole = account[(account["stratum"] == "all") & ((account["pool"] != "all") | (account["quantity"] == "area"))]
    add_up(leaves, whole, without("stratum"))


def test_areas_are_those_of_the_activity_and_of_the_polygons(finished: sinks.Run) -> None:
    account, activity = finished.account, finished.activity
    area = account[(account["quantity"] == "area") & (account["stratum"] == "all") & (account["ecosystem"] != "all")]
    units = area[area["region_code"].isin(activity.units["region_code"])]
    states = activity.states[activity.states["ecosystem"] != "nodata"].rename(
        columns={"date": "period", "area_ha": "value"}
    )
    add_up(states, units, ["region_code", "ecosystem", "period"])
    # The rasters reach beyond the regions, so that observed and unobserved land together is the polygon.
    mapped = activity.states.groupby(["region_code", "date"])["area_ha"].sum().unstack()
    polygons = activity.units.set_index("region_code")["area_ha"]
    assert np.abs(mapped.div(polygons, axis=0) - 1).max(axis=None) < 1e-12


# ---- time ----------------------------------------------------------------------------------------------------------


def test_transitions_join_the_states(finished: sinks.Run) -> None:
    """Rows of the transition table sum to the land of its first date, columns to that of its last."""
    activity = finished.activity
    pairs = activity.changes[["date_from", "date_to"]].drop_duplicates()
    assert len(pairs) == len(finished.account.query("quantity == 'stock_change'")["period"].unique())
    for first, last in pairs.itertuples(index=False):
        changes = activity.changes.query("date_from == @first and date_to == @last").rename(
            columns={"area_ha": "value"}
        )
        for end, date in (("from", first), ("to", last)):
            keys = ["region_code", f"ecosystem_{end}", f"class_{end}"]
            land = activity.states[activity.states["date"] == date]
            land = land.rename(columns={"ecosystem": keys[1], "class": keys[2], "area_ha": "value"})
            add_up(changes, land.groupby(keys, as_index=False)["value"].sum(), keys)


def test_stocks_differ_by_the_change_and_by_what_is_known_once(finished: sinks.Run) -> None:
    """stock(t1) - stock(t0) = stock_change + newly_known - no_longer_known, row by row."""
    account = finished.account
    stock = account[account["quantity"] == "carbon_stock"].set_index(KEYS)["value"]
    for period in account.query("quantity == 'stock_change'")["period"].unique():
        first, last = period.split("-")
        change = account.query("quantity == 'stock_change' and period == @period").set_index(
            without("quantity", "period")
        )
        flux = account.query("quantity == 'net_removals' and period == @period")
        removals = flux.set_index(without("quantity", "period"))["value"]
        before, after = (
            stock.xs(date, level="period").droplevel("quantity").reindex(change.index).fillna(0.0)
            for date in (first, last)
        )
        of_period = account[account["period"] == period].set_index(without("quantity", "period"))
        newly, gone = (
            of_period.loc[of_period["quantity"] == name, "value"].reindex(change.index).fillna(0.0)
            for name in ("newly_known", "no_longer_known")
        )
        scale = np.maximum(before, after)
        known = change["value"].fillna(0.0)
        assert ((known + newly - gone - (after - before)).abs() <= TOLERANCE * scale).all()
        # Half of a percent of the land is not observed at either date, in other places at each.
        assert 0 < newly.abs().sum() < known.abs().sum() * 5
        # 44/12 t CO2 per t C, a gain of carbon being positive.
        yearly = change["value"] * 44 / 12 / (int(last) - int(first))
        np.testing.assert_allclose(removals.reindex(change.index), yearly, rtol=TOLERANCE)


def test_time_reversed_is_the_opposite(world: Any, leagues: sinks.Run) -> None:
    reversed_ = run(world, **with_years(world, (2020, 2023), (2023, 2020))).account.set_index(KEYS)["value"]
    account = leagues.account.set_index(KEYS)["value"]
    quantity = account.index.get_level_values("quantity")
    size = account[quantity == "carbon_stock"].max()
    for name, opposite, sign in (
        ("stock_change", "stock_change", -1),
        ("net_removals", "net_removals", -1),
        ("newly_known", "no_longer_known", 1),
    ):
        forward = account[quantity == name]
        assert forward.abs().max() > 1e-5 * size
        there = forward.rename(index={name: opposite}, level="quantity").index
        back = reversed_.reindex(there).to_numpy()
        np.testing.assert_allclose(back, sign * forward.to_numpy(), rtol=1e-7, atol=TOLERANCE * size)


def test_periods_follow_one_another(three_dates: sinks.Run) -> None:
    account = three_dates.account
    changes = account[account["quantity"] == "stock_change"]
    assert set(changes["period"]) == {"2017-2020", "2020-2023", "2017-2023"}
    keys = without("period", "quantity")
    wide = changes.pivot(index=keys, columns="period", values="value").fillna(0.0)
    stock = account[account["quantity"] == "carbon_stock"].groupby(keys)["value"].max().reindex(wide.index)
    assert ((wide["2017-2020"] + wide["2020-2023"] - wide["2017-2023"]).abs() <= TOLERANCE * stock).all()


def test_no_change_is_no_sink(world: Any) -> None:
    account = run(world, **with_years(world, (2020, 2020), (2023, 2020))).account
    changes = account[account["quantity"].isin(["stock_change", "net_removals"])]
    assert len(changes) > 50
    assert (changes["value"] == 0).all()


# ---- any partition -------------------------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slope=st.floats(-0.4, 0.4), offset=st.floats(-0.8, 0.8))
def test_a_league_cut_in_two_is_the_same_land(
    world: Any, leagues: sinks.Run, tmp_path_factory: pytest.TempPathFactory, slope: float, offset: float
) -> None:
    """Ordos cut by any line: the two parts sum to what the whole has in the account."""
    rows = gpd.read_file(world.folder / "leagues.gpkg").query("code == '150600'")
    line = [(109.2 + offset - 4 * slope, 35.0), (109.2 + offset + 4 * slope, 43.0)]
    west = shapely.Polygon([*line, (100, 43), (100, 35)])
    ordos = rows.geometry.iloc[0]
    parts = gpd.GeoDataFrame(
        {"code": ["990001", "990002"], "name": ["西", "东"], "parent": "990000"},
        geometry=[ordos.intersection(west), ordos.difference(west)],
        crs=rows.crs,
    )
    file = tmp_path_factory.mktemp("cut") / "cut.gpkg"
    parts.to_file(file)
    account = run(
        world,
        project=world.content["project"] | {"draws": 0},
        regions=world.content["regions"] | {"file": str(file)},
    ).account
    ordos_rows = leagues.account[leagues.account["region_code"] == "150600"]
    both = account[account["level"] == "league"]
    assert both["region_code"].nunique() == 2
    totals = (both[["stratum", "ecosystem", "pool"]] == "all").all(axis=1)
    whole = ordos_rows[(ordos_rows[["stratum", "ecosystem", "pool"]] == "all").all(axis=1)]
    expected = whole.set_index(["quantity", "period"])["value"]
    found = both[totals].groupby(["quantity", "period"])["value"].sum()
    scale = expected.abs().max()
    # The cut adds vertices that are rounded to the last bit of a coordinate, hence the parts move by nanometres.
    assert ((found - expected).abs() <= 1e-9 * scale).all()
