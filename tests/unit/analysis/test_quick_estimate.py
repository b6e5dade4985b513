"""Quick estimates against their equation written out for each row, and the errors that make intervals wider."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from sinks.analysis.quick_estimate import QuickEstimate, estimate_account, quick_estimate
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import parse_table

LAST = [
    ("1506", "forest", 100.0, 80.0, 130.0),
    ("1506", "grassland", -50.0, -80.0, -30.0),
    ("1506", "wetland", 20.0, -10.0, 50.0),
]


def account(*more: tuple[str, str, float, float, float], period: str = "2020-2023") -> pd.DataFrame:
    frame = pd.DataFrame([*LAST, *more], columns=["region_code", "ecosystem", "value", "low", "high"])
    return frame.assign(stratum="all", pool="all", quantity="net_removals", period=period)


def early(*rows: tuple[Any, ...], name: str = "early") -> pd.DataFrame:
    """Rows of ecosystem, year, quantity, value, and perhaps unit, driver and source."""
    units = {"change": "t CO2", "gain": "t CO2/yr", "early": "t CO2/yr", "came": "t CO2/yr"}
    cells = [
        ("1506", land, year, what, value, *more, *(units.get(what, "1"), "a driver", "a document")[len(more) :])
        for land, year, what, value, *more in rows
    ]
    names = ["region_code", "ecosystem", "year", "quantity", "value", "unit", "driver", "source"]
    return parse_table(name, pd.DataFrame(cells, columns=names, dtype=object))


def still(*lands: str, year: str = "2024") -> list[tuple[Any, ...]]:
    return [(land, year, "ratio", 1) for land in lands]


def rows_of(found: QuickEstimate, span: str = "year") -> pd.DataFrame:
    return found.table[found.table["span"] == span].set_index("ecosystem")


def problems_of(*arguments: Any) -> set[str]:
    with pytest.raises(AssessmentError) as caught:
        estimate_account(*arguments)
    return {problem.id.removeprefix("assessment.") for problem in caught.value.problems}


def test_gain_loss_and_change_move_what_they_are_of() -> None:
    given = early(
        ("forest", "2024", "ratio", 1.1), ("forest", "2024", "gain", 140), ("forest", "2024", "loss_ratio", 1.5),
        ("forest", "2024", "change", -7), ("forest", "2024", "change", 2.5, "t CO2", "another cause", "x"),
        ("grassland", "2024", "loss_ratio", 90, "%"), ("wetland", "2024", "change", 3),
    )  # fmt: skip
    rows = rows_of(estimate_account(account(), given))
    # Forest: a gain of 140 and a loss of 40. Grassland is all loss, wetland gets its tonnes.
    forest = 1.1 * 140 - 1.5 * 40 - 7 + 2.5
    assert rows["value"].to_dict() == pytest.approx(
        {"forest": forest, "grassland": -45, "wetland": 23, "all": forest - 45 + 23}
    )
    assert rows.loc["forest", "drivers"] == "a driver; another cause"
    assert set(rows["basis"]) == {"assumed"}


@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.0, 1.1, 2.0])
@pytest.mark.parametrize("error", [None, 0.2])
def test_a_ratio_of_gains_never_improves_a_loss(ratio: float, error: float | None) -> None:
    """A source without its gross gain has no figure unless all stays as it was; with it, less gain is a larger loss."""
    last = account().iloc[:, :5]
    given = pd.DataFrame({"region_code": "1506", "ecosystem": last["ecosystem"], "ratio": ratio, "error": error})
    rows = quick_estimate(last, given, 2025).set_index("ecosystem")
    assert rows.loc["forest", "value"] == pytest.approx(100 * ratio)
    if ratio == 1:
        assert rows.loc["grassland", "value"] == -50
    else:
        assert rows.loc["grassland", "basis"] == "not_estimated"
        assert rows.loc["grassland", ["value", "low", "high"]].isna().all()
    known = quick_estimate(last, given.assign(gain=[200.0, 30.0, 20.0]), 2025).set_index("ecosystem")
    assert known.loc["grassland", "value"] == pytest.approx(30 * ratio - 80)
    assert ratio >= 1 or known.loc["grassland", "value"] < -50
    if error is not None:
        # An end that is a source does not improve either, and the interval is wider than that of the year.
        assert known.loc["wetland", "low"] < -10
        assert ((known["high"] - known["low"]).to_numpy() > (last["high"] - last["low"]).to_numpy()).all()


def test_no_interval_without_an_error_and_a_word_why() -> None:
    found = estimate_account(account(), early(*still("forest", "grassland", "wetland")))
    assert found.table[["low", "high"]].isna().all(axis=None)
    assert set(found.table["widened"]) == {"no_error"}
    assert any("--record" in said for said in found.remarks())


def test_an_error_given_is_joined_with_the_interval() -> None:
    given = early(
        ("forest", "2024", "ratio", 1.2), ("forest", "2024", "error", 15, "%"),
        *still("grassland", "wetland"), ("grassland", "2024", "error", 0.4), ("wetland", "2024", "error", 0.1),
    )  # fmt: skip
    rows = rows_of(estimate_account(account(), given))
    low, high = (
        {
            "forest": 120 + sign * math.hypot(1.2 * forest, 0.15 * 120),
            "grassland": -50 + sign * math.hypot(grass, 0.4 * 50),
            "wetland": 20 + sign * math.hypot(30, 0.1 * 20),
        }
        for sign, forest, grass in ((-1, 20, 30), (1, 30, 20))
    )
    assert rows["low"].to_dict() == pytest.approx(low | {"all": sum(low.values())})
    assert rows["high"].to_dict() == pytest.approx(high | {"all": sum(high.values())})
    assert set(rows["widened"]) == {"given"}


def test_a_sum_has_an_interval_only_where_its_parts_have() -> None:
    lands = ("forest", "grassland", "wetland")
    given = early(*still(*lands, "shrub"), *[(land, "2024", "error", 0.1) for land in (*lands, "shrub")])
    for value, widened in ((5.0, "no_account_interval"), (0.0, "given")):
        found = estimate_account(account(("1506", "shrub", value, math.nan, math.nan)), given)
        rows = rows_of(found)
        assert rows.loc["all", "widened"] == widened
        assert rows.loc["shrub", "widened"] == "no_account_interval"
        assert np.isnan(rows.loc["all", "low"]) == (value != 0)
        assert rows.loc["all", "value"] == 70 + value


def test_an_estimate_near_zero_keeps_the_error_of_the_last_account() -> None:
    given = early(("forest", "2024", "change", -100), ("forest", "2024", "error", 0.1), *still("grassland", "wetland"))
    row = rows_of(estimate_account(account(), given)).loc["forest"]
    assert (row["value"], row["low"], row["high"]) == pytest.approx((0, -math.hypot(20, 10), math.hypot(30, 10)))


def test_a_quarter_has_tonnes_only_where_its_share_is_given() -> None:
    lands = ("forest", "grassland", "wetland")
    given = [*still(*lands, year="2024Q1"), *[(land, "2024Q1", "error", 0.1) for land in lands], *still(*lands)]
    found = estimate_account(account(), early(*given))
    assert set(found.table["span"]) == {"year"}
    assert found.table.groupby("as_of")["year"].unique().to_dict() == {"2024": [2024], "2024Q1": [2024]}
    some = [("forest", "2024Q1", "quarter_share", 5, "%"), ("grassland", "2024Q1", "quarter_share", -0.2)]
    found = estimate_account(account(), early(*given, *some))
    year, quarter = rows_of(found), rows_of(found, "quarter")
    year = year[year["as_of"] == "2024Q1"]
    assert quarter.loc["forest", ["value", "low", "high"]].tolist() == pytest.approx(
        [0.05 * year.loc["forest", name] for name in ("value", "low", "high")]
    )
    # A loss of a year whose quarter gains: the ends change places.
    ends = [-0.2 * year.loc["grassland", name] for name in ("value", "high", "low")]
    assert quarter.loc["grassland", ["value", "low", "high"]].tolist() == pytest.approx(ends)
    assert set(quarter["unit"]) == {"t CO2"}
    # Wetland has no share: the region has no sum of the quarter.
    assert quarter.loc["all", "basis"] == "not_estimated"
    assert np.isnan(quarter.loc["all", "value"])
    whole = estimate_account(account(), early(*given, *some, ("wetland", "2024Q1", "quarter_share", 0.25)))
    expected = 0.05 * 100 - 0.2 * -50 + 0.25 * 20
    assert rows_of(whole, "quarter").loc["all", "value"] == pytest.approx(expected)


def test_the_record_says_how_earlier_estimates_compare_and_widens() -> None:
    record = early(
        ("forest", "2021", "early", 90), ("forest", "2021", "came", 100),
        ("forest", "2022", "early", 0.0104, "10^4 t CO2/yr"), ("forest", "2023", "early", 93),
        ("forest", "2022Q1", "early", 400), ("wetland", "2024", "early", 5), name="estimate_record",
    )  # fmt: skip
    sums = pd.concat([account(), account(period="2022-2023").assign(value=110.0)], ignore_index=True)
    sums = sums[(sums["period"] == "2020-2023") | (sums["ecosystem"] == "forest")]
    given = early(
        ("forest", "2024", "ratio", 1), ("forest", "2024", "error", 0.01),
        *still("grassland", "wetland"), ("forest", "2024Q3", "ratio", 1), *still("grassland", "wetland", year="2024Q3"),
    )  # fmt: skip
    sums = pd.concat([sums, *[account().iloc[1:].assign(period="2022-2023")]], ignore_index=True)
    found = estimate_account(sums, given, record)
    seen = found.record.set_index(["ecosystem", "as_of"])
    assert seen["came_from"].to_dict() == {
        ("forest", "2021"): "given", ("forest", "2022"): "2020-2023", ("forest", "2023"): "2022-2023",
        ("forest", "2022Q1"): "2020-2023", ("wetland", "2024"): "",
    }  # fmt: skip
    assert seen["early_less_came"].dropna().tolist() == pytest.approx([-10, 4, 300, -17])
    assert seen.loc[("forest", "2023"), "relative"] == pytest.approx(-17 / 110)
    rows = rows_of(found)
    forest = rows[rows["as_of"] == "2024"].loc["forest"]
    off = [-10, 4, -17]
    half = scipy.stats.t.ppf(0.975, len(off)) * math.sqrt(sum(d * d for d in off) / len(off))
    assert half > 0.01 * 110
    assert forest["widened"] == "record"
    assert (forest["low"], forest["high"]) == pytest.approx((110 - math.hypot(30, half), 110 + math.hypot(20, half)))
    # The record of a first quarter says nothing of a third.
    assert rows[rows["as_of"] == "2024Q3"].loc["forest", "widened"] == "no_error"
    assert {"quick_estimate", "quick_estimate_record"} == set(found.data())


def test_everything_wrong_is_named_at_once() -> None:
    given = early(
        ("forest", "2023", "ratio", 1), ("forest", "2024", "loss_ratio", 2, "1", "", "x"),
        ("forest", "2024", "ratio", 1, "1", "a", ""), ("forest", "2024", "quarter_share", 0.2),
        ("forest", "2024", "gain", 99), ("cropland", "2024", "change", 5), ("forrest", "2024", "ratio", 1),
        ("wetland", "2024", "ratio", 1), ("wetland", "2024", "ratio", 2), ("grassland", "2024", "change", 5),
        ("grassland", "2024", "change", 6),
    )  # fmt: skip
    record = early(("forest", "2021", "came", 90), name="estimate_record")
    assert problems_of(account(), given, record) == {
        "early_year", "early_lacks", "early_quarter", "early_gain", "early_land", "not_allowed", "row_twice",
        "record_alone",
    }  # fmt: skip
    assert problems_of(account(), early(("forest", "2024", "ratio", 1))) == {"no_ratio"}


@pytest.mark.parametrize("year", ["2024Q5", "2024Q", "Q1", "2024-2025", "24Q1"])
def test_a_quarter_is_written_in_one_way(year: str) -> None:
    with pytest.raises(AssessmentError) as caught:
        early(("forest", year, "ratio", 1))
    assert [problem.id for problem in caught.value.problems] == ["assessment.not_allowed"]


def test_the_driver_is_needed_only_where_it_says_what_moves() -> None:
    cells = pd.DataFrame([("1506", land, "2024", "ratio", 1.1, "1", "x") for land in ("forest", "wetland")])
    cells.columns = ["region_code", "ecosystem", "year", "quantity", "value", "unit", "source"]
    given = parse_table("early", cells.astype(object))
    known = account().iloc[[0, 2]]
    assert rows_of(estimate_account(known, given))["value"].to_dict() == pytest.approx(
        {"forest": 110, "wetland": 22, "all": 132}
    )
