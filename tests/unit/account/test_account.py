"""The account on a few rows that can be added up by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import Account, AccountInputs, Entry
from sinks.account.amounts import Amount
from sinks.account.density_scale import check_scalable
from sinks.account.findings import Findings, Least, _note_growth, note_findings
from sinks.account.hierarchy import Hierarchy
from sinks.account.laws import check_entries, check_laws
from sinks.account.unlikely_dates import note_alike
from sinks.activity import Activity
from sinks.errors import AccountError
from sinks.methodology import Bound, Registry
from sinks.text import language
from sinks.uncertainty.draws import Draws, InputUncertainty

DATES = ("2020", "2023")
PERIODS = (("2020", "2023"),)
SOURCES = dict.fromkeys(("forest", "grassland", "wetland", "bare"), "land_cover")
HEAD = "parameter,ecosystem,class,value,unit,low,high,interval,distribution,basis,source,locator,note\n"

# A region of one league that has no banners (1000 ha) and one of two banners (300 + 700 ha).
REGIONS = pd.DataFrame(
    [
        ("15", "Region", "region", None),
        ("1501", "League A", "league", "15"),
        ("1502", "League B", "league", "15"),
        ("150201", "Banner B1", "banner", "1502"),
        ("150202", "Banner B2", "banner", "1502"),
    ],
    columns=["code", "name", "level", "parent"],
)
AREAS = {"1501": 1000.0, "150201": 300.0, "150202": 700.0}


def state(code: str, date: str, ecosystem: str, area: float, stock: float = float("nan"), seen: float | None = None):  # type: ignore[no-untyped-def]
    return {
        "source": "land_cover",
        "region_code": code,
        "date": date,
        "land_cover": ecosystem,
        "class": ecosystem,
        "ecosystem": ecosystem,
        "area_ha": area,
        "growing_stock": stock,
        "growing_stock_observed_ha": area if seen is None else seen,
    }


def change(code: str, before: str, after: str, area: float):  # type: ignore[no-untyped-def]
    ends = {f"{k}_{e}": v for e, v in (("from", before), ("to", after)) for k in ("land_cover", "class", "ecosystem")}
    return {
        "source": "land_cover",
        "region_code": code,
        "date_from": "2020",
        "date_to": "2023",
        **ends,
        "area_ha": area,
    }


# League A gains 100 ha of forest from grassland; B1 loses its forest altogether; B2 is grassland.
STATES = [
    state("1501", "2020", "forest", 200, 50),
    state("1501", "2020", "grassland", 800),
    state("1501", "2023", "forest", 300, 60),
    state("1501", "2023", "grassland", 700),
    state("150201", "2020", "forest", 100, 10),
    state("150201", "2020", "grassland", 200),
    state("150201", "2023", "grassland", 300),
    state("150202", "2020", "grassland", 700),
    state("150202", "2023", "grassland", 700),
]
CHANGES = [
    change("1501", "forest", "forest", 200),
    change("1501", "grassland", "forest", 100),
    change("1501", "grassland", "grassland", 700),
    change("150201", "forest", "grassland", 100),
    change("150201", "grassland", "grassland", 200),
    change("150202", "grassland", "grassland", 700),
]


def activity(
    states: Sequence[Mapping[str, object]] = STATES, changes: Sequence[Mapping[str, object]] = CHANGES
) -> Activity:
    return Activity(
        states=pd.DataFrame(states),
        changes=pd.DataFrame(changes),
        units=pd.DataFrame({"region_code": list(AREAS), "area_ha": list(AREAS.values()), "cells": [1000, 300, 700]}),
        inputs=("growing_stock",),
    )


@pytest.fixture
def densities(tmp_path: Path) -> Bound:
    """Forest 10 t C/ha of biomass and 100 of soil (interval 80 to 120), grassland 1 and 50."""
    path = tmp_path / "densities.csv"
    path.write_text(
        HEAD
        + "biomass,forest,,10,t C/ha,8,12,95%,,user,ipcc_2006_v4,by hand,\n"
        + "soil_organic_carbon,forest,,100,t C/ha,80,120,95%,,user,ipcc_2006_v4,by hand,\n"
        + "biomass,grassland,,1,t C/ha,,,,,user,ipcc_2006_v4,by hand,\n"
        + "soil_organic_carbon,grassland,,50,t C/ha,,,,,user,ipcc_2006_v4,by hand,\n",
        encoding="utf-8",
    )
    return Registry().get("lookup_density").with_parameters(path)


@pytest.fixture
def rates(tmp_path: Path) -> Bound:
    """Grassland takes up 0.3 t C/ha/yr."""
    path = tmp_path / "rates.csv"
    path.write_text(
        HEAD + "sequestration_rate,grassland,,0.3,t C/ha/yr,,,,,user,ipcc_2006_v4,by hand,\n", encoding="utf-8"
    )
    return Registry().get("fixed_rate").with_parameters(path)


def entry(method: Bound, ecosystems: Sequence[str] = ("forest", "grassland"), **kwargs: object) -> Entry:
    pools = kwargs.pop("pools", ("biomass", "soil_organic_carbon"))
    measures = kwargs.pop("accounts_for", ("stock", "sink"))
    return Entry(method, tuple(ecosystems), pools, measures, "land_cover", **kwargs)  # type: ignore[arg-type]


def make(*entries: Entry, given: Activity | None = None, draws: Draws | None = None) -> Account:
    return AccountInputs(given or activity(), Hierarchy.of(REGIONS), DATES, PERIODS, SOURCES).account(entries, draws)


def value(table: pd.DataFrame, code: str, quantity: str, period: str, **where: str) -> float:
    where = {"ecosystem": "all", "stratum": "all", "pool": "all"} | where
    rows = table[(table["region_code"] == code) & (table["quantity"] == quantity) & (table["period"] == period)]
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    assert len(rows) == 1, rows
    return float(rows["value"].iloc[0])


def test_hierarchy_knows_the_units_of_every_region() -> None:
    hierarchy = Hierarchy.of(REGIONS)
    assert hierarchy.units == ("1501", "150201", "150202")
    assert list(hierarchy.regions["code"]) == ["15", "1501", "1502", "150201", "150202"]
    assert [list(m) for m in hierarchy.members] == [[0, 1, 2], [0], [1, 2], [1], [2]]


def test_a_region_that_is_no_unit_is_not_taken_for_the_last_one() -> None:
    hierarchy = Hierarchy.of(REGIONS)
    assert list(hierarchy.numbers(pd.Series(["150202", "1501"]))) == [2, 0]
    with pytest.raises(KeyError, match="9999"):
        hierarchy.numbers(pd.Series(["1501", "9999"]))


def test_an_amount_in_another_unit_has_land_of_its_own() -> None:
    """What is added to one of the two must not reach the other."""
    one, other = (Amount(np.ones(2), None, *(np.ones(2) for _ in range(5))) for _ in range(2))
    removals = one.times(2.0)
    removals.add(other)
    assert (list(one.valued_ha), list(one.area_ha)) == ([1, 1], [1, 1])


def test_stocks_are_density_times_area(densities: Bound) -> None:
    table = make(entry(densities)).table
    # League A in 2020: 200 ha x (10 + 100) + 800 ha x (1 + 50) = 22 000 + 40 800.
    assert value(table, "1501", "carbon_stock", "2020") == pytest.approx(62_800, rel=1e-12)
    assert value(table, "1501", "carbon_stock", "2020", ecosystem="forest") == pytest.approx(22_000, rel=1e-12)
    assert value(table, "1501", "carbon_stock", "2020", pool="soil_organic_carbon") == pytest.approx(60_000, rel=1e-12)
    # The region in 2023: 300 ha forest, 1700 ha grassland.
    assert value(table, "15", "carbon_stock", "2023") == pytest.approx(300 * 110 + 1700 * 51, rel=1e-12)


def test_changes_and_removals_have_the_sign_of_the_gain(densities: Bound) -> None:
    table = make(entry(densities)).table
    # League A: 100 ha from 51 to 110 t C/ha.
    assert value(table, "1501", "stock_change", "2020-2023") == pytest.approx(5_900, rel=1e-9)
    assert value(table, "1501", "net_removals", "2020-2023") == pytest.approx(5_900 / 3 * 44 / 12, rel=1e-9)
    # B1 loses 100 ha of forest to grassland: a source, and nothing clips it.
    assert value(table, "150201", "net_removals", "2020-2023") == pytest.approx(-5_900 / 3 * 44 / 12, rel=1e-9)
    assert value(table, "15", "net_removals", "2020-2023") == pytest.approx(0, abs=1e-6)


def test_stock_and_sink_may_come_from_different_methodologies(densities: Bound, rates: Bound) -> None:
    stock = entry(densities, ("grassland",), accounts_for=("stock",))
    sink = entry(rates, ("grassland",), pools=("ecosystem",), accounts_for=("sink",))
    table = make(stock, sink).table
    # The change of stock is that of the stock, and is not the sink: 150201 has 100 ha more of 51 t C/ha, but what that
    # land held as forest is not known, so that it is no change.
    assert value(table, "150201", "stock_change", "2020-2023") == 0
    assert value(table, "150201", "newly_known", "2020-2023") == pytest.approx(5_100, rel=1e-12)
    assert value(table, "150201", "net_removals", "2020-2023") == pytest.approx(250 * 0.3 * 44 / 12, rel=1e-12)
    only = make(entry(densities, accounts_for=("sink",))).table
    assert set(only["quantity"]) == {"area", "net_removals"}
    # 100 ha of grassland (51 t C/ha) became forest (110 t C/ha).
    assert value(only, "1501", "net_removals", "2020-2023") == pytest.approx(100 * 59 / 3 * 44 / 12, rel=1e-12)


def test_a_leaf_that_vanishes_still_has_its_change(densities: Bound) -> None:
    table = make(entry(densities)).table
    gone = value(table, "150201", "stock_change", "2020-2023", ecosystem="forest")
    assert gone == pytest.approx(-100 * 110, rel=1e-12)


def test_a_fixed_rate_is_a_flux_over_the_mean_area(rates: Bound) -> None:
    table = make(entry(rates, ("grassland",), pools=("ecosystem",), accounts_for=("sink",))).table
    # B1: grassland of 200 ha, then 300 ha: 250 ha x 0.3 t C/ha/yr.
    found = value(table, "150201", "net_removals", "2020-2023", ecosystem="grassland", pool="ecosystem")
    assert found == pytest.approx(250 * 0.3 * 44 / 12, rel=1e-12)
    assert "carbon_stock" not in set(table["quantity"])


def test_a_flux_of_a_long_period_is_that_of_the_periods_inside(rates: Bound) -> None:
    """Grassland of 100, 400 and 200 ha in 2017, 2020 and 2025: what the year in between had counts too."""
    areas = {"2017": 100.0, "2020": 400.0, "2025": 200.0}
    states = [state("1501", date, "grassland", area) for date, area in areas.items()]
    periods = (("2017", "2020"), ("2020", "2025"), ("2017", "2025"))
    sink = entry(rates, ("grassland",), pools=("ecosystem",), accounts_for=("sink",))
    basis = AccountInputs(activity(states, CHANGES[:1]), Hierarchy.of(REGIONS), tuple(areas), periods, SOURCES)
    table = basis.account([sink], Draws(10, 1)).table
    per_ha = 0.3 * 44 / 12
    yearly = {f"{a}-{b}": value(table, "1501", "net_removals", f"{a}-{b}") for a, b in periods}
    assert yearly["2017-2020"] == pytest.approx(250 * per_ha, rel=1e-12)
    assert yearly["2020-2025"] == pytest.approx(300 * per_ha, rel=1e-12)
    assert 8 * yearly["2017-2025"] == pytest.approx(3 * yearly["2017-2020"] + 5 * yearly["2020-2025"], rel=1e-12)


def test_intervals_come_from_the_parameters_and_do_not_average_out(densities: Bound) -> None:
    table = make(entry(densities), draws=Draws(4000, seed=1)).table
    rows = table[(table["quantity"] == "carbon_stock") & (table["period"] == "2020") & (table["stratum"] == "all")]
    rows = rows[(rows["ecosystem"] == "forest") & (rows["pool"] == "soil_organic_carbon")].set_index("region_code")
    for code, area in (("1501", 200), ("1502", 100), ("15", 300)):
        # One draw of the parameter serves all regions, so each interval is +-20 % of its own value.
        assert rows.loc[code, "low"] == pytest.approx(area * 80, rel=0.02)
        assert rows.loc[code, "high"] == pytest.approx(area * 120, rel=0.02)


def test_the_same_parameter_at_both_dates_narrows_the_change(densities: Bound) -> None:
    table = make(entry(densities), draws=Draws(4000, seed=1)).table
    rows = table[(table["quantity"] == "stock_change") & (table["stratum"] == "all") & (table["region_code"] == "1501")]
    row = rows[(rows["pool"] == "soil_organic_carbon") & (rows["ecosystem"] == "forest")].iloc[0]
    # 100 ha more at 100 t C/ha +-20: not the +-6 000 that independent stocks of 200 and 300 ha would give.
    assert (row["low"], row["high"]) == (pytest.approx(8_000, rel=0.02), pytest.approx(12_000, rel=0.02))


def test_draws_are_reproducible_and_depend_on_the_seed(densities: Bound) -> None:
    one, same, other = (make(entry(densities), draws=Draws(50, seed)).table for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one["low"].equals(other["low"])
    assert one["value"].equals(other["value"])


@pytest.mark.parametrize("pools", [("all",), ("biomass", "soil_organic_carbon")])
def test_draws_of_the_counted_sink_are_those_of_the_account(densities: Bound, pools: tuple[str, ...]) -> None:
    """Whichever way a rule says that everything counts, its draws have the interval of the account."""
    basis = AccountInputs(activity(), Hierarchy.of(REGIONS), DATES, PERIODS, SOURCES)
    draws = Draws(400, seed=1)
    table = basis.account([entry(densities)], draws).table
    whole = table[
        (table["quantity"] == "net_removals") & (table[["ecosystem", "stratum", "pool"]] == "all").all(axis=1)
    ]
    for ecosystems in (("all",), ("forest", "grassland")):
        drawn = basis.removals([entry(densities)], draws, ecosystems, pools)["2020-2023"]
        for code, low, high in zip(whole["region_code"], whole["low"], whole["high"], strict=True):
            place = list(basis.hierarchy.regions["code"]).index(code)
            if math.isfinite(low):
                ends = np.quantile(drawn[:, place], (0.025, 0.975))
                np.testing.assert_allclose(ends, (low, high), rtol=1e-9, atol=1e-9)
    assert whole["low"].notna().sum() >= 3


def test_draws_do_not_depend_on_what_else_is_accounted(densities: Bound, rates: Bound) -> None:
    """Neither another methodology nor the order of entries nor an input that nothing uses moves an interval."""
    forest, grass = entry(densities, ("forest",)), entry(rates, ("grassland",), pools=("ecosystem",))
    grass = replace(grass, accounts_for=("sink",))
    other = {"canopy_cover": InputUncertainty(20)}
    made = [
        make(*entries, draws=Draws(300, 5, inputs)).table.query("ecosystem == 'forest'").reset_index(drop=True)
        for entries, inputs in (((forest,), {}), ((forest, grass), {}), ((grass, forest), {}), ((forest,), other))
    ]
    keys = ["region_code", "stratum", "pool", "quantity", "period"]
    first, *rest = (table.set_index(keys).sort_index()[["value", "low", "high"]] for table in made)
    assert first["low"].notna().any()
    for table in rest:
        pd.testing.assert_frame_equal(table, first, check_exact=True)


def test_what_was_not_observed_is_not_filled() -> None:
    method = (
        Registry()
        .get("growing_stock_fang")
        .with_constants({"parameter_set": "fang_v1", "roots": "included", "species_group": "larch"})
    )
    states = [dict(row) for row in STATES]
    states[0]["growing_stock_observed_ha"] = 150.0
    part = Entry(method, ("forest",), ("biomass",), ("stock",), "land_cover")
    whole, thin = make(part).table, make(part, given=activity(states)).table
    full = value(whole, "1501", "carbon_stock", "2020")
    assert value(thin, "1501", "carbon_stock", "2020") == pytest.approx(full * 150 / 200, rel=1e-12)
    row = thin[(thin["region_code"] == "1501") & (thin["quantity"] == "carbon_stock") & (thin["period"] == "2020")]
    assert set(row["coverage"].round(12)) == {0.75}


def without_stock_in_2023(code: str) -> Activity:
    """The growing stock of one region's forest was not observed in 2023."""
    gap = {"growing_stock": math.nan, "growing_stock_observed_ha": 0.0}
    place = {"region_code": code, "date": "2023", "ecosystem": "forest"}
    states = [row | (gap if place.items() <= row.items() else {}) for row in STATES]
    return activity(states, [with_stock(row, states) for row in CHANGES])


def with_stock(row: Mapping[str, Any], states: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """A transition with the growing stock that its land has in the states at both dates."""
    found = dict(row)
    for end in ("from", "to"):
        key = (row["region_code"], row[f"date_{end}"], row[f"ecosystem_{end}"])
        state = next(s for s in states if (s["region_code"], s["date"], s["ecosystem"]) == key)
        seen = state["growing_stock_observed_ha"] > 0
        found |= {
            f"growing_stock_{end}": state["growing_stock"],
            f"growing_stock_{end}_observed_ha": row["area_ha"] * seen,
        }
    return found


def test_a_stock_that_nothing_was_observed_of_is_not_zero() -> None:
    method = (
        Registry()
        .get("growing_stock_fang")
        .with_constants({"parameter_set": "fang_v1", "roots": "included", "species_group": "larch"})
    )
    part = Entry(method, ("forest",), ("biomass",), ("stock", "sink"), "land_cover")
    given, findings = without_stock_in_2023("1501"), Findings()
    result = make(part, given=given, draws=Draws(20, 1))
    for where in ({}, {"ecosystem": "forest"}, {"ecosystem": "forest", "pool": "biomass"}):
        assert math.isnan(value(result.table, "1501", "carbon_stock", "2023", **where))
    check_laws(result.table, given, Hierarchy.of(REGIONS), Findings())
    # A gap of the layer is no felling: the stock of that land is no longer known, and is no change.
    assert math.isnan(value(result.table, "1501", "stock_change", "2020-2023"))
    lost = value(result.table, "15", "carbon_stock", "2020")
    assert value(result.table, "15", "no_longer_known", "2020-2023") == pytest.approx(lost, rel=1e-12)
    note_findings(result, given, Hierarchy.of(REGIONS), findings, least=Least(0.9, 1))
    table = findings.table().set_index("check")
    assert f"{lost:,.0f} t C" in table.loc["no_longer_known", "detail_en"]


def test_draws_follow_the_shares_of_the_land(densities: Bound) -> None:
    """Of land that is common, newly or no longer known each has its own hectares in its draws too."""
    # Grassland has no parameters here: what was forest at one date only is no change of the land.
    table = make(entry(densities, ("forest",), pools=("soil_organic_carbon",)), draws=Draws(4000, seed=1)).table
    rows = table[(table["ecosystem"] == "forest") & (table["stratum"] == "all") & (table["pool"] != "all")]
    rows = rows.set_index(["region_code", "quantity"])
    # Nothing changes on the 200 ha of common land, whatever is drawn: a point, which has no interval.
    still = rows.loc[("1501", "stock_change")]
    assert still["value"] == 0
    assert math.isnan(still["low"])
    for code, quantity, area in (("1501", "newly_known", 100), ("1502", "no_longer_known", 100)):
        row = rows.loc[(code, quantity)]
        assert (row["value"], row["low"], row["high"]) == (
            pytest.approx(area * 100),
            pytest.approx(area * 80, rel=0.02),
            pytest.approx(area * 120, rel=0.02),
        )


def test_draws_follow_a_share_that_is_a_part_of_a_row() -> None:
    """A stock that a third of the land is no longer known of has the interval of a third."""
    method = (
        Registry()
        .get("growing_stock_fang")
        .with_constants({"parameter_set": "fang_v1", "roots": "included", "species_group": "larch"})
    )
    states = [state("1501", "2020", "forest", 300, 50), state("1501", "2023", "forest", 300, 50, seen=200)]
    row = with_stock(change("1501", "forest", "forest", 300), states) | {"growing_stock_to_observed_ha": 200.0}
    part = Entry(method, ("forest",), ("biomass",), ("stock",), "land_cover")
    draws = Draws(500, 1, {"growing_stock": InputUncertainty(10)})
    table = make(part, given=activity(states, [row]), draws=draws).table
    whole, third = (
        table[(table["region_code"] == "1501") & (table["quantity"] == name) & (table["period"] == period)].iloc[0]
        for name, period in (("carbon_stock", "2020"), ("no_longer_known", "2020-2023"))
    )
    assert whole["low"] < whole["value"] < whole["high"]
    for column in ("value", "low", "high"):
        assert third[column] == pytest.approx(whole[column] / 3, rel=1e-9)


def test_a_flux_on_a_part_of_the_land_is_said(rates: Bound) -> None:
    """A methodology of rates has no stock whose coverage would be looked at."""
    states = [dict(row) for row in STATES]
    states[1]["area_ha"], nodata = 400.0, state("1501", "2020", "nodata", 400)
    given, findings = activity([*states, nodata]), Findings()
    result = make(entry(rates, ("grassland",), pools=("ecosystem",), accounts_for=("sink",)), given=given)
    note_findings(result, given, Hierarchy.of(REGIONS), findings, least=Least(0.9, 1))
    assert "coverage_pool" in set(findings.table()["check"])


def test_uncertainty_of_an_input_reaches_the_interval() -> None:
    method = (
        Registry()
        .get("growing_stock_fang")
        .with_constants({"parameter_set": "fang_v1", "roots": "included", "species_group": "larch"})
    )
    part = Entry(method, ("forest",), ("biomass",), ("stock",), "land_cover")
    certain = make(part, draws=Draws(500, 1)).table
    uncertain = make(part, draws=Draws(500, 1, {"growing_stock": InputUncertainty(10)})).table

    def width(table: pd.DataFrame) -> float:
        row = table[
            (table["region_code"] == "15") & (table["quantity"] == "carbon_stock") & (table["period"] == "2020")
        ]
        return float((row["high"] - row["low"]).iloc[0])

    # Fang's coefficients have no published interval: without that of the input, none is known.
    assert math.isnan(width(certain))
    assert width(uncertain) > 0


def test_comparisons_stand_beside_the_account(densities: Bound, rates: Bound) -> None:
    beside = entry(rates, ("grassland",), pools=("ecosystem",), accounts_for=("sink",), role="comparison")
    result = make(entry(densities), beside)
    assert set(result.table["methodology"]) == {"", "lookup_density"}
    assert set(result.comparison["methodology"]) == {"fixed_rate"}
    assert result.table.equals(make(entry(densities)).table)


def test_the_same_carbon_is_not_counted_twice(densities: Bound, rates: Bound) -> None:
    check_entries([entry(densities, ("forest",)), entry(densities, ("grassland",))])
    with pytest.raises(AccountError, match="lookup_density"):
        check_entries([entry(densities), entry(densities, ("forest",), pools=("biomass",))])
    # "ecosystem" holds every pool: a rate for all of it beside a stock difference counts the sink twice.
    sink = entry(rates, ("grassland",), pools=("ecosystem",), accounts_for=("sink",))
    with pytest.raises(AccountError):
        check_entries([entry(densities), sink])
    check_entries([entry(densities, accounts_for=("stock",)), sink])


def test_editions_do_not_mix() -> None:
    method = Registry().get("soil_transition")
    one, other = (
        Entry(method.with_constants({"edition": e}), (land,), ("soil_organic_carbon",), ("sink",), "land_cover")
        for e, land in (("2006", "forest"), ("2019", "grassland"))
    )
    check_entries([one])
    with pytest.raises(AccountError) as caught:
        check_entries([one, other])
    assert caught.value.problems[0].id == "checks.editions"


def test_laws_hold_and_a_broken_sum_is_found(densities: Bound) -> None:
    result, findings = make(entry(densities), draws=Draws(20, 1)), Findings()
    check_laws(result.table, activity(), Hierarchy.of(REGIONS), findings)
    assert set(findings.table()["status"]) == {"passed"}
    # Each figure that is a sum, or part of one, is off by a millionth in turn.
    for row in result.table.index[result.table["value"].abs() > 0][::9]:
        broken = result.table.copy()
        broken.loc[row, "value"] *= 1 + 1e-6
        with pytest.raises(AccountError):
            check_laws(broken, activity(), Hierarchy.of(REGIONS), Findings())


def test_transitions_that_do_not_fit_the_areas_are_found(densities: Bound) -> None:
    changes = [dict(row) for row in CHANGES]
    changes[0]["area_ha"] = 190.0
    with pytest.raises(AccountError):
        check_laws(make(entry(densities)).table, activity(changes=changes), Hierarchy.of(REGIONS), Findings())


@pytest.mark.parametrize(
    ("scale", "id"),
    [({"2020": 2, "2023": 2}, "account.area_beyond_region"), ({"2023": 0.5}, "account.area_of_dates_differs")],
)
def test_land_that_is_counted_twice_or_lost_is_found(densities: Bound, scale: dict[str, float], id: str) -> None:
    """Sums of a damaged checkpoint may be anything; the area of the regions is known from elsewhere."""
    states = [{**row, "area_ha": row["area_ha"] * scale.get(str(row["date"]), 1)} for row in STATES]
    with pytest.raises(AccountError) as caught:
        check_laws(make(entry(densities)).table, activity(states), Hierarchy.of(REGIONS), Findings())
    assert id in {problem.id for problem in caught.value.problems}


def test_findings_name_thin_coverage_few_cells_and_odd_transitions(densities: Bound) -> None:
    states = [row for row in STATES if not (row["region_code"] == "150202" and row["date"] == "2023")]
    states.append(state("150202", "2023", "nodata", 600))
    states.append(state("150202", "2023", "forest", 100, 5))
    changes = [*CHANGES[:-1], change("150202", "bare", "forest", 100), change("150202", "grassland", "nodata", 600)]
    given, findings = activity(states, changes), Findings()
    result = make(entry(densities), given=given)
    note_findings(result, given, Hierarchy.of(REGIONS), findings, least=Least(0.9, 400))
    table = findings.table()
    failed = table[table["status"] == "failed"]
    assert set(failed["check"]) == {"coverage", "cells"}
    # What was grassland in 2020 and is not observed in 2023 is no loss.
    assert "no_longer_known" in set(table["check"])
    assert "Banner B2" in set(failed[failed["check"] == "coverage"]["where"])
    assert list(failed[failed["check"] == "cells"]["where"]) == ["Banner B1"]
    assert list(failed[failed["check"] == "cells"]["region_code"]) == ["150201"]
    implausible = table[table["check"] == "implausible"].iloc[0]
    assert "裸地" in implausible["detail_zh"]
    assert "Desert" in implausible["detail_en"]
    assert implausible["detail"] == implausible[f"detail_{language()}"]
    assert "implausible" in set(table["check"])
    assert table[table["check"] == "no_interval"]["detail"].str.contains("2").all()


def test_an_entry_without_land_is_noted_and_no_land_at_all_is_an_error(densities: Bound) -> None:
    wetland = entry(densities, ("wetland",))
    result, findings = make(entry(densities), wetland), Findings()
    assert result.without_land == (wetland,)
    note_findings(result, activity(), Hierarchy.of(REGIONS), findings, least=Least(0.9, 1))
    assert "no_land" in set(findings.table()["check"])
    with pytest.raises(AccountError) as caught:
        make(wetland)
    assert caught.value.problems[0].id == "account.no_activity"


def test_a_word_of_ones_own_rows_that_the_library_lacks_is_noted(tmp_path: Path) -> None:
    """A slip in a species takes no part, and nobody would notice."""
    path = tmp_path / "own.csv"
    head = HEAD.replace("ecosystem,class", "species_group")
    rows = [f"intercept,{name},0.5,t DM/ha,,,,,user,ipcc_2006_v4,by hand,\n" for name in ("larch", "larhc")]
    path.write_text("# extends: growing_stock_linear\n" + head + "".join(rows), encoding="utf-8")
    method = Registry().get("growing_stock_linear").with_parameters(path)
    assert method.table.strangers().keys() == {"species_group"}
    (own, known) = method.table.strangers()["species_group"]
    assert own == ["larhc"]
    assert "larch" in known
    findings = Findings()
    result = make(entry(method, ("forest",), pools=("above_ground_biomass",)), given=of_larch())
    note_findings(result, activity(), Hierarchy.of(REGIONS), findings, least=Least(0.0, 1))
    rows_of = findings.table().set_index("check")
    assert "larhc" in rows_of.loc["strangers", "detail_en"]


def of_larch() -> Activity:
    """The forest of the states, all larch."""
    states = pd.DataFrame([row | {"species_group": "larch"} for row in STATES if row["ecosystem"] == "forest"])
    ends = pd.DataFrame(CHANGES).assign(species_group_from="larch", species_group_to="larch")
    return Activity(
        states=states, changes=ends, units=activity().units, strata=("species_group",), inputs=("growing_stock",)
    )


@pytest.mark.parametrize(("area", "noted"), [(0.05, False), (0.2, True)])
def test_growth_beyond_belief_is_noted_from_a_ten_thousandth_of_a_region(area: float, noted: bool) -> None:
    """League A has 1000 ha; growing stock that goes from 10 to 500 m3/ha in three years is no growth."""
    states = [
        state("1501", date, "forest", area, stock) | {"source": "survey"}
        for date, stock in (("2020", 10.0), ("2023", 500.0))
    ]
    findings = Findings()
    _note_growth(activity(states), {"1501": "League A"}, findings)
    assert findings.table()["check"].tolist() == (["implausible_growth"] if noted else [])


def test_only_layers_of_the_transitions_can_be_alike() -> None:
    """Of two inputs with a file for each date one has no ends on the transitions, so that nothing is said of it."""
    ends = {"growing_stock_from": 5.0, "growing_stock_to": 5.0}
    seen = {f"{name}_observed_ha": 100.0 for name in ends}
    rows = [row | ends | seen for row in CHANGES[:1]]
    findings = Findings()
    note_alike(activity(STATES, rows), "", ["canopy_cover", "growing_stock"], findings)
    assert findings.table()[["check", "where"]].to_numpy().tolist() == [["layers_alike", "growing_stock"]]


@pytest.mark.parametrize(
    ("wrong", "adjusted", "found"),
    [
        ([], False, []),
        (["fixed_rate"], False, ["survey.no_densities"]),
        ([], True, ["survey.adjusted_too"]),
        (["fixed_rate"], True, ["survey.no_densities", "survey.adjusted_too"]),
    ],
)
def test_densities_are_scaled_only_where_all_that_counts_are_densities(
    wrong: list[str], adjusted: bool, found: list[str]
) -> None:
    if not found:
        check_scalable(wrong, adjusted=adjusted)
        return
    with pytest.raises(AccountError) as caught:
        check_scalable(wrong, adjusted=adjusted)
    assert [problem.id for problem in caught.value.problems] == found
