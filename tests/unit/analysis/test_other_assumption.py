"""The interval under the other assumption on an input's dates is that of an account made under it."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.account.account import AccountInputs, Entry
from sinks.account.findings import Findings
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.other_assumption import COLUMNS, note_assumptions, other_assumption
from sinks.analysis.sensitivity import sensitivity
from sinks.methodology import Registry
from sinks.uncertainty.draws import Draws, InputUncertainty

REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
    columns=["code", "name", "level", "parent"],
)
VOLUMES = {"2018": 95.0, "2020": 100.0, "2023": 110.0}
AREAS = {"1501": 1000.0, "1502": 400.0}


def basis(dates: tuple[str, ...]) -> AccountInputs:
    rows = [
        {"source": "land_cover", "region_code": code, "date": date, "land_cover": "2", "class": "forest"}
        | {"ecosystem": "forest", "area_ha": area, "growing_stock": VOLUMES[date], "growing_stock_observed_ha": area}
        for date in dates
        for code, area in AREAS.items()
    ]
    units = pd.DataFrame({"region_code": list(AREAS), "area_ha": list(AREAS.values()), "cells": 1000})
    periods = tuple((one, other) for one in dates for other in dates if one < other)
    activity = Activity(states=pd.DataFrame(rows), units=units)
    return AccountInputs(activity, Hierarchy.of(REGIONS), dates, periods, {"forest": "land_cover"})


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """Linear in growing stock, root to shoot among its parameters, which have no interval."""
    method = Registry().get("growing_stock_fang")
    method = method.with_constants({"parameter_set": "fang_v1", "roots": "included", "species_group": "larch"})
    return [Entry(method, ("forest",), ("biomass",), ("stock", "sink"), "land_cover")]


@pytest.mark.parametrize("dates", [("2020", "2023"), ("2018", "2020", "2023")])
@pytest.mark.parametrize("correlated", [True, False])
def test_it_is_the_interval_of_an_account_made_so(
    entries: list[Entry], dates: tuple[str, ...], correlated: bool
) -> None:
    given = basis(dates)
    stated, flipped = (
        Draws(20_000, 4, {"growing_stock": InputUncertainty(8, dates_correlated=one)})
        for one in (correlated, not correlated)
    )
    account = given.account(entries, stated).table
    found = other_assumption(given.hierarchy.regions, stated, sensitivity(given, entries, stated), account)
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 3 * len(given.periods)
    assert set(found["dates_correlated"]) == {correlated}

    keys = ["region_code", "quantity", "period"]
    other = given.account(entries, flipped).table
    other = other[(other["ecosystem"] == "all") & (other["pool"] == "all") & (other["stratum"] == "all")]
    both = found.merge(other[[*keys, "low", "high"]], on=keys, suffixes=("", "_made"))
    half = (both["high_made"] - both["low_made"]) / 2
    for end in ("low", "high"):
        assert ((both[f"other_{end}"] - both[f"{end}_made"]).abs() < 0.03 * half).all()
    wider = (both["other_high"] - both["other_low"]) / (both["high"] - both["low"])
    assert ((wider > 5) == correlated).all()


def test_no_input_of_the_account_has_an_error_no_table(entries: list[Entry]) -> None:
    given, draws = basis(("2020", "2023")), Draws(100, 4, {"stand_age": InputUncertainty(8)})
    account = given.account(entries, draws).table
    assert other_assumption(given.hierarchy.regions, draws, sensitivity(given, entries, draws), account).empty


def test_a_sign_that_hangs_on_the_assumption_is_a_warning() -> None:
    usual = {"region_code": "15", "region_name": "Region", "level": "region", "quantity": "net_removals"}
    usual |= {"period": "2020-2023", "unit": "t CO2/yr", "value": 600.0, "low": 560.0, "high": 640.0}
    usual |= {"input": "growing_stock", "dates_correlated": True}
    for ends, status in (((-10.0, 1210.0), "warning"), ((300.0, 900.0), "note")):
        findings = Findings()
        rows = [{**usual, "other_low": ends[0], "other_high": ends[1]}, {**usual, "level": "league"}]
        note_assumptions(pd.DataFrame(rows, columns=list(COLUMNS)), "region", findings)
        table = findings.table()
        assert list(table["status"]) == [status]
        assert f"{ends[0]:,.0f} to {ends[1]:,.0f}" in table["detail_en"].iloc[0]
        assert "按相同处理" in table["detail_zh"].iloc[0]
