"""Flows of calendar years, against loops over the years."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import Account, AccountInputs, Entry
from sinks.account.findings import Findings, Least, note_findings
from sinks.account.hierarchy import Hierarchy
from sinks.account.other_gases import other_gases
from sinks.activity import Activity
from sinks.methodology import Bound, Registry
from sinks.uncertainty.draws import Draws
from sinks.vocabulary import quantities

DATES = ("2017", "2020", "2023")
YEARS = range(2016, 2025)
REGISTRY = Registry((), ("methodologies",))
UNITS = ("01", "02")
HIERARCHY = Hierarchy.of(
    pd.DataFrame(
        [("0", "Region", "region", None), ("01", "A", "unit", "0"), ("02", "B", "unit", "0")],
        columns=["code", "name", "level", "parent"],
    )
)
GROWTH, ROOTS, CARBON, EXPANSION = 4.0, 0.25, 0.5, 0.75
CO2 = 44 / 12

PARAMETERS = f"""parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
above_ground_growth,{GROWTH},t DM/ha/yr,3.5,4.5,95%,normal,user,ipcc_2006_v4,by hand,
root_to_shoot,{ROOTS},t DM/t DM,,,,,user,ipcc_2006_v4,by hand,
carbon_fraction,{CARBON},t C/(t DM),,,,,user,ipcc_2006_v4,by hand,
bcef_r,{EXPANSION},t DM/m3,,,,,user,ipcc_2006_v4,by hand,
basic_wood_density,0.5,t DM/m3,,,,,user,ipcc_2006_v4,by hand,
disturbed_biomass,50,t DM/ha,,,,,user,ipcc_2006_v4,by hand,
disturbance_fraction,0.3,1,,,,,user,ipcc_2006_v4,by hand,
"""

Harvest = dict[tuple[str, int], tuple[float, float]]
"""Area [ha] and harvest [m3] by unit and year."""


@pytest.fixture
def method(tmp_path: Path) -> Bound:
    path = tmp_path / "own.csv"
    path.write_text(PARAMETERS, encoding="utf-8")
    choices = {"edition": "2006", "growth": "biomass", "bark": "over_bark"}
    return REGISTRY.get("gain_loss").with_parameters(path).with_constants(choices)


def statistics(seed: int, units: Iterable[str] = UNITS) -> Harvest:
    rng = np.random.default_rng(seed)
    return {(code, year): (rng.uniform(500, 900), rng.uniform(0, 3000)) for code in units for year in YEARS}


def activity(found: Harvest) -> Activity:
    named = {"source": "t", "land_cover": "forest", "class": "forest", "ecosystem": "forest"}
    none = dict.fromkeys(("fuelwood_removal", "fuelwood_parts", "disturbed_area"), 0.0)
    rows = [
        {"region_code": code, "date": str(year), "area_ha": area, "wood_removal": harvest, **none, **named}
        | {"wood_removal_observed_ha": area if np.isfinite(harvest) else 0.0}
        for (code, year), (area, harvest) in found.items()
    ]
    units = pd.DataFrame({"region_code": list(UNITS), "area_ha": 1000.0, "cells": 0})
    return Activity(pd.DataFrame(rows), units, inputs=("wood_removal", *none))


def flux(area: float, harvest: float) -> float:
    """Net removals of a year. [t CO2/yr]"""
    return (area * GROWTH - harvest * EXPANSION) * (1 + ROOTS) * CARBON * CO2


def account(method: Bound, found: Harvest, dates: tuple[str, ...] = DATES, draws: Draws | None = None) -> Account:
    entry = Entry(method, ("forest",), ("biomass",), ("sink",), "t")
    periods = tuple(combinations(dates, 2))
    return AccountInputs(activity(found), HIERARCHY, dates, periods, {"forest": "t"}).account([entry], draws)


def figure(made: Account, code: str, period: str, column: str = "value") -> float:
    rows = made.table[(made.table["quantity"] == "net_removals") & (made.table["stratum"] == "all")]
    rows = rows[(rows["pool"] == "all") & (rows["ecosystem"] == "all")]
    return float(rows[(rows["region_code"] == code) & (rows["period"] == period)][column].iloc[0])


def said(made: Account, found: Harvest) -> pd.DataFrame:
    """The checks of an account."""
    findings = Findings()
    note_findings(made, activity(found), HIERARCHY, findings, least=Least(0, 0))
    return findings.table()


def known_share(made: Account, whole: Account, code: str, period: str) -> float:
    """Coverage beside that of statistics without gaps: the rest of it is land that has no statistics at all."""
    return figure(made, code, period, "coverage") / figure(whole, code, period, "coverage")


def test_a_period_has_the_flows_of_its_years(method: Bound) -> None:
    found = statistics(1)
    made = account(method, found)
    for code in UNITS:
        for first, last in combinations(DATES, 2):
            years = range(int(first) + 1, int(last) + 1)
            mean = sum(flux(*found[code, year]) for year in years) / len(years)
            assert figure(made, code, f"{first}-{last}") == pytest.approx(mean, rel=1e-12)
            # Of the 1000 ha of the unit, those that the statistics have at the thinner date.
            seen = min(found[code, int(first)][0], found[code, int(last)][0]) / 1000
            assert figure(made, code, f"{first}-{last}", "coverage") == pytest.approx(seen)
    assert made.missing_years.empty


def test_years_outside_the_account_and_its_first_date_do_not_matter(method: Bound) -> None:
    found = statistics(1)
    changed = found | {(code, year): (700.0, 9000.0) for code in UNITS for year in (2016, 2017, 2024)}
    one, other = account(method, found), account(method, changed)
    assert figure(one, "01", "2017-2023") == figure(other, "01", "2017-2023")


def test_an_account_of_one_date_has_the_flow_of_its_year(method: Bound) -> None:
    found = statistics(2)
    made = account(method, found, ("2020",))
    assert figure(made, "01", "2020") == pytest.approx(flux(*found["01", 2020]), rel=1e-12)


@pytest.mark.parametrize("empty", [False, True], ids=["no row", "empty cell"])
def test_a_missing_year_is_named_and_not_filled(method: Bound, empty: bool) -> None:
    """Whether the row or only its figure is missing; of the region B nothing is missing."""
    found = statistics(3)
    for year in (2018, 2022):
        found["01", year] = (found["01", year][0], np.nan)
        if not empty:
            del found["01", year]
    made = account(method, found)
    early = (flux(*found["01", 2019]) + flux(*found["01", 2020])) / 2
    late = (flux(*found["01", 2021]) + flux(*found["01", 2023])) / 2
    assert figure(made, "01", "2017-2020") == pytest.approx(early, rel=1e-12)
    assert figure(made, "01", "2020-2023") == pytest.approx(late, rel=1e-12)
    assert figure(made, "01", "2017-2023") == pytest.approx((early + late) / 2, rel=1e-12)
    whole = account(method, statistics(3))
    assert known_share(made, whole, "01", "2017-2020") == pytest.approx(2 / 3)
    assert known_share(made, whole, "02", "2017-2020") == pytest.approx(1)
    missing = made.missing_years[["region_code", "period", "year"]].to_numpy().tolist()
    assert missing == [["01", "2017-2020", "2018"], ["01", "2020-2023", "2022"]]
    checks = said(made, found)
    rows = checks[checks["check"] == "flow_years_missing"]
    assert rows["status"].tolist() == ["warning"] * 2
    for text, period, year in zip(rows["detail_en"], ("2017-2020", "2020-2023"), ("2018", "2022"), strict=True):
        assert period in text
        assert year in text.replace(period, "")
        assert "A" in text


def test_only_the_ends_are_not_their_mean(method: Bound) -> None:
    found = {key: value for key, value in statistics(4).items() if str(key[1]) in DATES}
    made = account(method, found)
    assert figure(made, "01", "2020-2023") == pytest.approx(flux(*found["01", 2023]), rel=1e-12)
    assert known_share(made, account(method, statistics(4)), "01", "2020-2023") == pytest.approx(1 / 3)


def test_a_period_without_any_year_has_no_figure(method: Bound) -> None:
    found = {key: value for key, value in statistics(5).items() if key[1] not in (2021, 2022, 2023) or key[0] == "02"}
    made = account(method, found)
    assert np.isnan(figure(made, "01", "2020-2023"))
    assert figure(made, "01", "2017-2023") == pytest.approx(figure(made, "01", "2017-2020") / 2, rel=1e-12)
    checks = said(made, found)
    rows = checks[checks["check"] == "flow_period_missing"]
    assert rows["status"].tolist() == ["failed"]
    assert "2020-2023" in rows["detail_en"].iloc[0]
    assert "2021, 2022 and 2023" in rows["detail_en"].iloc[0] or "2021, 2022, 2023" in rows["detail_en"].iloc[0]


def test_draws_are_of_the_same_years(method: Bound) -> None:
    """Growth is uncertain by a normal distribution whose interval is known, harvest is not."""
    found = statistics(6)
    made = account(method, found, draws=Draws(4000, 1))
    areas = [found["01", year][0] for year in (2018, 2019, 2020)]
    half = sum(areas) / 3 * 0.5 * (1 + ROOTS) * CARBON * CO2
    middle = figure(made, "01", "2017-2020")
    assert figure(made, "01", "2017-2020", "low") == pytest.approx(middle - half, abs=0.05 * half)
    assert figure(made, "01", "2017-2020", "high") == pytest.approx(middle + half, abs=0.05 * half)


def test_gases_of_fires_have_every_year() -> None:
    named = {"source": "t", "land_cover": "forest", "class": "forest", "ecosystem": "forest", "fire_type": ""}
    rows = [
        {"region_code": "01", "date": str(year), "area_ha": 50.0, "burnt_area": float(year - 2010), **named}
        for year in YEARS
    ]
    states = pd.DataFrame(rows).assign(vegetation="boreal_forest")
    units = pd.DataFrame({"region_code": list(UNITS), "area_ha": 1000.0, "cells": 0})
    method = REGISTRY.get("fire").with_constants({"fuel": "consumption"})
    entry = Entry(method, ("forest",), method.pools, ("sink",), "t")
    table = other_gases(Activity(states, units), [entry], HIERARCHY, DATES)
    methane = table[(table["gas"] == "ch4") & (table["region_code"] == "01")].set_index("date")["value"]
    assert list(methane.index) == [str(year) for year in range(2017, 2024)]
    assert methane.tolist() == pytest.approx([(year - 2010) * 41 * 4.7e-3 for year in range(2017, 2024)])


def test_every_input_says_what_time_it_is_of() -> None:
    """What is measured per year is a flow; ages and what stands on the land are not."""
    for quantity in quantities().values():
        if quantity.kind != "input":
            assert quantity.time == ""
        elif quantity.unit.endswith(("/yr", "/month")):
            assert quantity.time == "flow", quantity.id
        elif quantity.unit == "yr":
            assert quantity.time == "age", quantity.id
        else:
            assert quantity.time == "flow" if quantity.id == "straw_share" else quantity.time == "state", quantity.id


def test_maps_have_no_years_between_their_dates_which_is_said(method: Bound) -> None:
    """A source that knows transitions is a map: its flows change evenly between its dates."""
    found = {key: value for key, value in statistics(8).items() if str(key[1]) in DATES}
    land = {f"{name}_{end}": "forest" for name in ("land_cover", "class", "ecosystem") for end in ("from", "to")}
    change = {"source": "t", "region_code": "01", "date_from": "2017", "date_to": "2020", "area_ha": 1.0, **land}
    mapped = replace(activity(found), changes=pd.DataFrame([change]))
    entry = Entry(method, ("forest",), ("biomass",), ("sink",), "t")
    inputs = AccountInputs(mapped, HIERARCHY, DATES, tuple(combinations(DATES, 2)), {"forest": "t"})
    made = inputs.account([entry])
    ends = [flux(*found["01", year]) for year in (2020, 2023)]
    assert figure(made, "01", "2020-2023") == pytest.approx(sum(ends) / 2, rel=1e-12)
    assert made.missing_years.empty
    checks = said(made, found)
    rows = checks[checks["check"] == "flow_years_between"]
    assert rows["status"].tolist() == ["note"]
    assert all(year in rows["detail_en"].iloc[0] for year in ("2018", "2019", "2021", "2022"))
