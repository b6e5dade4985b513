"""Record and the methodologies beside it: the same carbon, its spread, and contradictions."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.account.findings import Findings
from sinks.account.totals import COLUMNS as ACCOUNT
from sinks.analysis.spread import COLUMNS, PAIR_COLUMNS, note_differences, pairs, same_pools, spread

NAN = float("nan")
PARTS = ("above_ground_biomass", "below_ground_biomass")
UNITS = {"carbon_stock": "t C", "net_removals": "t CO2/yr"}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    """Rows of an account; what is not said is forest biomass of one region over 2020-2023 on 100 ha."""
    usual = {"region_code": "1", "region_name": "A", "level": "league", "ecosystem": "forest", "stratum": "all"}
    usual |= {"quantity": "net_removals", "period": "2020-2023", "low": NAN, "high": NAN, "area_ha": 100.0}
    usual |= {"coverage": 1.0, "uncertain_share": 1.0, "pool": "all", "methodology": "ours"}
    filled = [{**usual, "unit": UNITS[str(row.get("quantity", "net_removals"))], **row} for row in rows]
    return pd.DataFrame(filled, columns=list(ACCOUNT))


def account(pool: str, value: float, **other: object) -> list[dict[str, object]]:
    """A pool, and the sum over pools that is the same."""
    return [{"pool": name, "value": value, **other} for name in (pool, "all")]


def check(record: pd.DataFrame, comparison: pd.DataFrame) -> pd.DataFrame:
    findings = Findings()
    note_differences(pairs(record, comparison), findings)
    return findings.table()


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (["biomass"], ["biomass"], (("biomass",), ("biomass",))),
        (["biomass", "litter"], ["litter", "soil_organic_carbon"], (("litter",), ("litter",))),
        ([*PARTS, "litter"], ["biomass"], (PARTS, ("biomass",))),
        (["above_ground_biomass"], ["biomass"], ((), ())),
        (["biomass"], ["soil_organic_carbon"], ((), ())),
        (["biomass", "soil_organic_carbon"], ["ecosystem"], ((), ())),
        (["ecosystem"], ["ecosystem"], (("ecosystem",), ("ecosystem",))),
    ],
)
def test_like_is_compared_with_like(ours: list[str], theirs: list[str], expected: tuple[tuple[str, ...], ...]) -> None:
    assert same_pools(ours, theirs) == expected
    assert same_pools(theirs, ours) == expected[::-1]


@pytest.mark.parametrize(
    ("record", "other", "failed"),
    [
        ((-100, NAN, NAN), (300, NAN, NAN), "one is a sink"),
        ((-100, -400, 200), (300, -100, 500), "one is a sink"),
        ((100, 90, 110), (300, 250, 350), "both 95% intervals"),
        ((100, 90, 260), (300, 250, 350), ""),
        ((100, NAN, NAN), (300, 250, 350), ""),
        ((100, 90, 110), (300, NAN, NAN), ""),
        ((0, NAN, NAN), (300, NAN, NAN), ""),
        # Sums that cancel leave a rounding, which is neither a sink nor a source.
        ((-1e-12, NAN, NAN), (300, NAN, NAN), ""),
        ((NAN, NAN, NAN), (300, NAN, NAN), ""),
    ],
)
def test_a_contradiction_fails(
    record: tuple[float, float, float], other: tuple[float, float, float], failed: str
) -> None:
    ours, theirs = (
        table(*account("biomass", value, low=low, high=high, methodology=name))
        for name, (value, low, high) in (("ours", record), ("theirs", other))
    )
    found = check(ours, theirs)
    assert len(found) == bool(failed)
    if failed:
        row = found.iloc[0]
        assert (row["check"], row["status"], row["region_code"]) == ("record_differs", "failed", "1")
        assert failed in row["detail_en"]
        assert "theirs" in row["detail_zh"]


def test_figures_on_other_land_are_compared_by_the_hectare() -> None:
    ours = table(*account("biomass", 100.0, low=90.0, high=110.0))
    part = account("biomass", 48.0, low=40.0, high=56.0, methodology="theirs", area_ha=50.0)
    assert check(ours, table(*part)).empty
    assert len(check(ours, table(*({**row, "area_ha": 100.0} for row in part)))) == 1


def test_other_carbon_is_not_compared() -> None:
    soil = table(*account("soil_organic_carbon", -300.0, methodology="theirs"))
    assert check(table(*account("biomass", 100.0)), soil).empty
    grass = table(*account("biomass", -300.0, methodology="theirs", ecosystem="grassland"))
    assert check(table(*account("biomass", 100.0)), grass).empty
    longer = table(*account("biomass", -300.0, methodology="theirs", period="2010-2023"))
    assert check(table(*account("biomass", 100.0)), longer).empty


def test_some_of_several_pools_are_added_as_if_off_together() -> None:
    parts = {"above_ground_biomass": (60, 50, 70), "below_ground_biomass": (20, 15, 25), "litter": (5, 1, 9)}
    rows = [{"pool": pool, "value": v, "low": low, "high": high} for pool, (v, low, high) in parts.items()]
    ours = table(*rows, {"pool": "all", "value": 85, "low": 75, "high": 95})
    found = pairs(ours, table(*account("biomass", 82.0, low=70.0, high=94.0, methodology="theirs")))
    assert tuple(found.columns) == PAIR_COLUMNS
    row = found.iloc[0]
    assert row["pools"] == "above_ground_biomass+below_ground_biomass"
    assert (row["record"], row["record_low"], row["record_high"], row["record_area_ha"]) == (80, 65, 95, 100)


def test_only_regions_inside_differ_are_told_by_the_worst() -> None:
    def regions(*values: float, name: str) -> pd.DataFrame:
        places = [("1", "A", "league"), ("11", "B", "banner"), ("12", "C", "banner")]
        rows: list[dict[str, object]] = []
        for (code, region, level), value in zip(places, values, strict=True):
            keys: dict[str, object] = {"region_code": code, "region_name": region, "level": level}
            rows += account("biomass", value, methodology=name, **keys)
        return table(*rows)

    found = check(regions(100, 60, 40, name="ours"), regions(100, -10, -500, name="theirs"))
    assert list(found["region_code"]) == ["12"]
    assert "in 2 regions of 3" in found["detail_en"].iloc[0]
    found = check(regions(100, 60, 40, name="ours"), regions(-50, 10, -60, name="theirs"))
    assert list(found["region_code"]) == ["1"]


def test_the_spread_has_every_methodology_and_the_account() -> None:
    beside = [
        row
        for name, value in (("low", 20.0), ("middle", 90.0), ("middle", 130.0))
        for row in account("biomass", value, methodology=name, area_ha=value)
    ]
    ours = account("biomass", 100.0)
    total = {
        "ecosystem": "all",
        "value": 150.0,
        "low": 140.0,
        "high": 160.0,
        "methodology": "ours+soil",
        "area_ha": 300.0,
    }
    record = table(*ours, total)
    found = spread(pairs(record, table(*beside)), record)
    assert tuple(found.columns) == COLUMNS
    assert list(found["ecosystem"]) == ["all", "forest"]
    row = found.iloc[1]
    assert (row["record"], row["lowest"], row["highest"]) == (100, 20, 130)
    assert (row["lowest_methodology"], row["highest_methodology"]) == ("low", "middle")
    assert (row["record_area_ha"], row["lowest_area_ha"], row["highest_area_ha"]) == (100, 20, 130)
    assert row["methodologies"] == "low+middle"

    # The total keeps what no other methodology speaks of.
    row = found.iloc[0]
    assert (row["record"], row["record_low"], row["lowest"], row["highest"]) == (150, 140, 70, 180)
    assert (row["record_area_ha"], row["lowest_area_ha"], row["highest_area_ha"]) == (300, 220, 330)

    between = spread(pairs(record, table(*beside[:2])), record)
    assert list(between["highest_methodology"]) == ["ours", "ours"]
    assert list(between["highest"]) == [150, 100]
    assert list(between["lowest"]) == [70, 20]


def test_carbon_is_in_the_spread_of_the_total_once() -> None:
    """One methodology speaks of biomass alone, another of biomass and litter: the wider of the two counts."""
    record = table(
        *({"pool": pool, "value": value} for pool, value in (("biomass", 100.0), ("litter", 10.0), ("all", 110.0))),
        {"ecosystem": "all", "value": 110.0},
    )
    both = [
        {"pool": pool, "value": value, "methodology": "both"}
        for pool, value in (("biomass", 190.0), ("litter", 10.0), ("all", 200.0))
    ]
    found = spread(pairs(record, table(*account("biomass", 150.0, methodology="one"), *both)), record)
    assert list(found["pools"]) == ["all", "biomass", "biomass+litter"]
    assert (found["highest"].iloc[0], found["lowest"].iloc[0]) == (200, 110)


def test_nothing_beside_the_account_is_no_spread() -> None:
    found = pairs(table(*account("biomass", 100.0)), table())
    assert found.empty
    assert tuple(spread(found, table()).columns) == COLUMNS
    assert check(table(*account("biomass", 100.0)), table()).empty
