"""From stocks to the sink: both statements add up, and every difference has its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sinks
from sinks.account.totals import COLUMNS as ACCOUNT_COLUMNS
from sinks.analysis.reconciliation import COLUMNS, OF_SINK, OF_STOCK, reconciliation
from sinks.project.project import Project
from support.examples import costly

PERIOD, YEARS = "2020-2023", 3
STOCKS = {
    "forest": [("lookup_density", "biomass"), ("soils", "soil_organic_carbon")],
    "grassland": [("other", "litter")],
}
SINKS = {"forest": [("fixed_rate", "ecosystem")], "wetland": [("fluxes", "soil_organic_carbon")]}
REGIONS = ("1", "2")


def leaf(code: str, land: str, method: str, pool: str, quantity: str, period: str, value: float) -> dict[str, Any]:
    unit = "t CO2/yr" if quantity == "net_removals" else "t C"
    keys = {"region_code": code, "region_name": f"r{code}", "level": "league", "ecosystem": land, "stratum": land}
    row = {"pool": pool, "quantity": quantity, "period": period, "value": value, "unit": unit, "methodology": method}
    return dict.fromkeys(ACCOUNT_COLUMNS, np.nan) | keys | row


def with_totals(leaves: list[dict[str, Any]]) -> pd.DataFrame:
    """The leaves and the sums over pools and ecosystems, by pandas alone."""
    table = pd.DataFrame(leaves)
    of_land = table.assign(stratum="all", pool="all")
    tables = [table, of_land, of_land.assign(ecosystem="all")]
    keys = ["region_code", "region_name", "level", "ecosystem", "stratum", "pool", "quantity", "period", "unit"]
    summed = [part.groupby(keys, as_index=False, sort=False)["value"].sum() for part in tables[1:]]
    return pd.concat([table, *summed], ignore_index=True)[list(ACCOUNT_COLUMNS)]


@st.composite
def accounts(draw: st.DrawFn) -> pd.DataFrame:
    """Any mix of pools with a stock, a sink, both by one methodology, or both by two."""
    amount = st.floats(-1e7, 1e7).map(lambda value: round(value, 3))
    parts = [("a", "biomass"), ("b", "soil_organic_carbon"), ("c", "litter"), ("d", "ecosystem")]
    leaves = []
    for land in ("forest", "grassland"):
        stocked = draw(st.lists(st.sampled_from(parts), unique=True))
        counted = draw(st.lists(st.sampled_from(parts), unique=True))
        for code in REGIONS:
            change = {part: draw(amount) for part in stocked}
            for method, pool in stocked:
                first, new, gone = (abs(draw(amount)) for _ in range(3))
                given = {"stock_change": change[method, pool], "newly_known": new, "no_longer_known": gone}
                last = first + given["stock_change"] + new - gone
                leaves.append(leaf(code, land, method, pool, "carbon_stock", "2020", first))
                leaves.append(leaf(code, land, method, pool, "carbon_stock", "2023", last))
                leaves += [leaf(code, land, method, pool, name, PERIOD, value) for name, value in given.items()]
            for method, pool in counted:
                rate = change[method, pool] / YEARS * 44 / 12 if (method, pool) in change else draw(amount)
                leaves.append(leaf(code, land, method, pool, "net_removals", PERIOD, rate))
    return with_totals(leaves) if leaves else pd.DataFrame(columns=list(ACCOUNT_COLUMNS))


def check_statements(table: pd.DataFrame, account: pd.DataFrame) -> None:
    """Lines but the last add up to the last, and both ends are those of the account."""
    sums = account[(account["stratum"] == "all") & (account["pool"] == "all")]
    at = sums.set_index(["region_code", "ecosystem", "quantity", "period"])["value"].to_dict()
    for (code, land, period), rows in table.groupby(["region_code", "ecosystem", "period"]):
        first, last = period.split("-")
        for names in (OF_STOCK, OF_SINK):
            statement = rows[rows["line"].isin(names)]
            whole = statement.loc[statement["line"] == names[-1], "value"]
            parts = statement.loc[statement["line"] != names[-1], "value"]
            if len(statement):
                size = max(parts.abs().sum(), whole.abs().sum())
                assert abs(parts.sum() - whole.sum()) <= 1e-9 * size, (code, land, period, names)
        ends = rows.set_index("line")["value"]
        if "stock_first" in ends:
            assert ends["stock_first"] == pytest.approx(at.get((code, land, "carbon_stock", first), 0.0), rel=1e-12)
            assert ends["stock_last"] == pytest.approx(at.get((code, land, "carbon_stock", last), 0.0), rel=1e-12)
        if "sink_of_record" in ends:
            carbon = at[code, land, "net_removals", period] * (int(last) - int(first)) * 12 / 44
            assert ends["sink_of_record"] == pytest.approx(carbon, rel=1e-12)


@given(accounts())
@costly(10)
def test_both_statements_close_for_any_account(account: pd.DataFrame) -> None:
    if account.empty:
        assert reconciliation(account.astype({"period": str})).empty
        return
    table = reconciliation(account)
    assert tuple(table.columns) == COLUMNS
    check_statements(table, account)
    for quantity, line in (("carbon_stock", "stock_last"), ("net_removals", "sink_of_record")):
        there = account[account["quantity"] == quantity].groupby(["region_code", "ecosystem"]).size()
        shown = table[table["line"] == line].groupby(["region_code", "ecosystem"]).size()
        assert set(there.index) == set(shown.index)


def two_ways() -> pd.DataFrame:
    """Forest: stocks by two methodologies, the sink of all of it by a third; wetland: a sink alone."""
    values = {"carbon_stock": 100.0, "stock_change": 30.0, "newly_known": 8.0, "no_longer_known": 3.0}
    leaves = []
    for land, parts in STOCKS.items():
        for method, pool in parts:
            leaves += [
                leaf("1", land, method, pool, name, "2020" if name == "carbon_stock" else PERIOD, value)
                for name, value in values.items()
            ]
            leaves.append(leaf("1", land, method, pool, "carbon_stock", "2023", 135.0))
    for land, parts in SINKS.items():
        leaves += [leaf("1", land, method, pool, "net_removals", PERIOD, 11.0) for method, pool in parts]
    return with_totals(leaves)


def lines(table: pd.DataFrame, land: str) -> list[tuple[str, str, str, float]]:
    rows = table[table["ecosystem"] == land]
    columns = ["line", "methodology", "pool", "value"]
    return [(a, b, c, round(d, 9)) for a, b, c, d in rows[columns].itertuples(index=False)]


def test_each_reason_has_its_line() -> None:
    table = reconciliation(two_ways())
    assert lines(table, "forest") == [
        ("stock_first", "", "all", 200.0),
        ("stock_change", "lookup_density", "biomass", 30.0),
        ("stock_change", "soils", "soil_organic_carbon", 30.0),
        ("newly_known", "", "all", 16.0),
        ("no_longer_known", "", "all", -6.0),
        ("stock_last", "", "all", 270.0),
        ("common_change", "", "all", 60.0),
        ("sink_elsewhere", "lookup_density", "biomass", -30.0),
        ("sink_elsewhere", "soils", "soil_organic_carbon", -30.0),
        ("other_sink", "fixed_rate", "ecosystem", 9.0),
        ("sink_of_record", "", "all", 9.0),
    ]
    # Of grassland the account has a stock and nobody counts the sink, of wetland the sink only.
    assert [line for line, *_ in lines(table, "grassland")] == list(OF_STOCK)
    assert lines(table, "wetland") == [
        ("no_stock", "fluxes", "soil_organic_carbon", 9.0),
        ("sink_of_record", "", "all", 9.0),
    ]
    above = {(line, method): value for line, method, _, value in lines(table, "all")}
    assert above["no_sink", "other"] == -30.0
    assert above["sink_of_record", ""] == 18.0
    check_statements(table, two_ways())


def test_one_date_has_nothing_to_lead_from() -> None:
    account = two_ways()
    assert reconciliation(account[account["period"] == "2020"]).empty


@pytest.fixture(scope="module")
def run(world: Any) -> Any:
    """Three dates with holes, the forest's sink by another methodology than its stock, grassland without a sink."""
    content = world.project()
    content["project"] = content["project"] | {"draws": 0, "dates": [2017, 2020, 2023]}
    content["land_cover"] = content["land_cover"] | {"files": {str(y): f"cover_{y}.tif" for y in (2017, 2020, 2023)}}
    content["methodologies"] = [
        {"id": "lookup_density", "ecosystems": ["grassland"], "accounts_for": ["stock"]},
        {
            "id": "lookup_density",
            "ecosystems": ["forest"],
            "accounts_for": ["stock"],
            "strata": {"species_group": "larch"},
        },
        {"id": "fixed_rate", "ecosystems": ["forest"], "accounts_for": ["sink"], "strata": RATE},
    ]
    content.pop("inputs")
    content["strata"] = {"grassland_type": content["strata"]["grassland_type"]}
    return sinks.run(Project.from_dict(content, folder=world.folder))


RATE = {"species_group": "elm", "type": "sandy_land"}


def test_a_run_closes_for_every_region_ecosystem_and_period(run: Any, tmp_path: Path) -> None:
    table = run.reconciliation()
    check_statements(table, run.account)
    assert set(table["period"]) == {"2017-2020", "2020-2023", "2017-2023"}
    assert set(table["region_code"]) == set(run.account["region_code"])
    assert {"newly_known", "no_longer_known", "sink_elsewhere", "other_sink"} <= set(table["line"])
    pd.testing.assert_frame_equal(run.contents.tables["reconciliation"], table)
    folder = run.write(tmp_path / "run")
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "reconciliation.parquet"), table)
    assert (folder / "reconciliation.csv").is_file()


def of_one_pool(sink: float) -> dict[str, float]:
    """Lines of forest whose one pool gains 30 t C, by the account, and whose sink of record is ``sink`` [t C]."""
    values = {"stock_change": 30.0, "net_removals": sink / YEARS * 44 / 12}
    leaves = [leaf("1", "forest", "m", "biomass", name, PERIOD, value) for name, value in values.items()]
    stocks = {"2020": 100.0, "2023": 130.0}
    leaves += [leaf("1", "forest", "m", "biomass", "carbon_stock", date, value) for date, value in stocks.items()]
    return {line: value for line, _, _, value in lines(reconciliation(with_totals(leaves)), "forest")}


def test_a_pool_whose_stock_and_sink_are_one_needs_no_line_between() -> None:
    """The same gain written twice differs by nothing."""
    expected = {"stock_first": 100, "stock_change": 30, "stock_last": 130, "common_change": 30, "sink_of_record": 30}
    assert of_one_pool(30) == expected


def test_a_sink_beside_another_change_of_the_pool_has_both_lines() -> None:
    """The sink of record is 20 t C and the change on common land 30: 30 taken off, 20 added."""
    found = of_one_pool(20)
    assert (found["sink_elsewhere"], found["other_sink"], found["sink_of_record"]) == (-30, 20, 20)
