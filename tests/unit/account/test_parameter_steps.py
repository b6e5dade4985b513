"""Steps of parameters that stand for ranges: the jump by hand, and what is no step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import AccountInputs, Entry
from sinks.account.findings import Findings, Least, note_findings
from sinks.account.hierarchy import Hierarchy
from sinks.account.parameter_steps import step_changes, stepped_parameters
from sinks.activity import Activity
from sinks.methodology import Bound, Registry

POOLS = ("above_ground_biomass", "below_ground_biomass")
PERIODS = (("2020", "2023"),)
REGIONS = pd.DataFrame([("15", "Region", "region", None)], columns=["code", "name", "level", "parent"])


@pytest.fixture
def method(tmp_path: Path) -> Bound:
    """One t DM/m3 up to 50 m3/ha and half of it beyond; a fifth of it below ground; half of it carbon."""
    head = "parameter,growing_stock,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
    rows = [
        '"bcef","(,50]",1.0,t DM/m3',
        '"bcef","(50,)",0.5,t DM/m3',
        "root_to_shoot,,0.2,t DM/t DM",
        "carbon_fraction,,0.5,t C/(t DM)",
    ]
    path = tmp_path / "bcef.csv"
    path.write_text(head + "".join(f"{row},,,,,user,ipcc_2006_v4,by hand,\n" for row in rows), encoding="utf-8")
    return Registry().get("growing_stock_bcef").with_parameters(path)


def states(before: float, after: float, area: float = 100.0) -> pd.DataFrame:
    rows = [
        {"source": "land_cover", "region_code": "15", "date": date, "land_cover": "forest", "class": "forest"}
        | {"ecosystem": "forest", "area_ha": area, "growing_stock": stock, "growing_stock_observed_ha": area}
        for date, stock in (("2020", before), ("2023", after))
    ]
    return pd.DataFrame(rows)


def steps(method: Bound, rows: pd.DataFrame) -> pd.DataFrame:
    return step_changes(method, method.resolve(rows), rows["area_ha"].to_numpy(float), POOLS, PERIODS)


def test_only_parameters_by_size_can_step(method: Bound) -> None:
    assert stepped_parameters(method) == ("bcef",)


def test_the_jump_is_what_the_earlier_parameter_would_have_given(method: Bound) -> None:
    found = steps(method, states(40, 60)).iloc[0]
    # 100 ha x 60 m3/ha x (0.5 - 1.0) t DM/m3 x 0.5 t C/t DM x 1.2.
    assert found["jump"] == pytest.approx(-1800)
    assert found["area_ha"] == 100
    assert (found["period"], found["parameters"]) == ("2020-2023", "bcef")


@pytest.mark.parametrize(("before", "after"), [(40, 45), (60, 70), (40, np.nan), (np.nan, 60)])
def test_growth_inside_a_range_and_what_was_not_observed_are_no_step(
    method: Bound, before: float, after: float
) -> None:
    assert steps(method, states(before, after)).empty


def test_a_stratum_that_is_there_at_one_date_only_has_crossed_nothing(method: Bound) -> None:
    rows = states(40, 60)
    rows.loc[1, "class"] = "planted"
    assert steps(method, rows).empty


def test_the_step_is_a_finding_with_its_share_of_the_change(method: Bound) -> None:
    units = pd.DataFrame({"region_code": ["15"], "area_ha": [100.0], "cells": [1000]})
    given, hierarchy = Activity(states=states(40, 60), units=units), Hierarchy.of(REGIONS)
    basis = AccountInputs(given, hierarchy, ("2020", "2023"), PERIODS, {"forest": "land_cover"})
    result = basis.account([Entry(method, ("forest",), POOLS, ("stock", "sink"), "land_cover")])
    findings = Findings()
    note_findings(result, given, hierarchy, findings, least=Least(0.9, 1))
    row = findings.table().query("check == 'parameter_step'").iloc[0]
    assert row["status"] == "warning"
    # The stock falls from 2400 to 1800 t C although the volume grows: the step is three times the change.
    for word in ("-1,800", "-600", "300.0%", "bcef"):
        assert word in row["detail"]
