"""Amounts: sums, means over time and differences, and intervals that are none."""

from __future__ import annotations

import numpy as np
import pytest

from sinks.account.amounts import (
    Amount,
    Figures,
    latest,
    no_point,
    per_year,
    steps_of,
    weights_of_dates,
)


def amount(value: float, *, size: float, land: float) -> Amount:
    """Of one region, without draws; a tenth of it has no stated uncertainty, a fifth of its land is not known."""
    one = np.ones(1)
    return Amount(value * one, None, 0.8 * land * one, land * one, size * one, 0.9 * size * one, land * one)


def said(one: Amount) -> dict[str, float]:
    return {name: float(getattr(one, name)[0]) for name in ("value", "size", "stated", "valued_ha", "area_ha", "land_ha")}


def test_ends_that_meet_are_no_interval() -> None:
    """Nothing uncertain took part: the ends are the same but for the rounding of the sums behind them."""
    low = np.array([5.0, 5.0, 0.0, -5.0, 5.0])
    high = np.array([5.0, 5.0 + 1e-13, 0.0, -5.0 + 1e-13, 5.0 + 1e-9])
    assert np.isnan(no_point(low, high)).tolist() == [[True, True, True, True, False]] * 2
    assert no_point(low, high)[1][-1] == high[-1]


def test_ends_are_measured_against_what_was_added_and_subtracted() -> None:
    """A change of 1e-3 between two stocks of 1e9 may be rounding, and is no interval."""
    low, high = np.array([0.0, 0.0]), np.array([1e-3, 1e-1])
    assert np.isnan(no_point(low, high, np.full(2, 2e9))[0]).tolist() == [True, False]
    assert not np.isnan(no_point(low, high)[0]).any()


def test_a_change_is_the_later_less_the_earlier_on_the_land_between() -> None:
    change = amount(30, size=30, land=120).minus(amount(10, size=12, land=100))
    assert said(change) == pytest.approx(
        {"value": 20, "size": 42, "stated": 37.8, "valued_ha": 88, "area_ha": 110, "land_ha": 110}
    )
    assert change.draws is None


def test_parts_add_up() -> None:
    total = amount(30, size=30, land=120)
    total.add(amount(-10, size=10, land=30))
    assert said(total) == pytest.approx(
        {"value": 20, "size": 40, "stated": 36, "valued_ha": 120, "area_ha": 150, "land_ha": 150}
    )


def test_a_copy_is_not_changed_with_its_original() -> None:
    original = amount(30, size=30, land=120)
    copy = original.copy()
    original.add(amount(10, size=10, land=10))
    assert said(copy) == said(amount(30, size=30, land=120))


def test_a_flux_is_the_mean_over_its_dates() -> None:
    mean = Amount.mean(
        {"2020": amount(10, size=10, land=100), "2023": amount(40, size=40, land=160)}, {"2020": 1 / 3, "2023": 2 / 3}
    )
    assert said(mean) == pytest.approx(
        {"value": 30, "size": 30, "stated": 27, "valued_ha": 112, "area_ha": 140, "land_ha": 140}
    )


def test_a_chain_adds_changes_and_takes_the_mean_of_the_land() -> None:
    """Two years on 100 ha and one year on 160 ha are three years on 120 ha."""
    chain = Amount.chained({"2020-2022": amount(10, size=10, land=100), "2022-2023": amount(-4, size=4, land=160)})
    assert said(chain) == pytest.approx(
        {"value": 6, "size": 14, "stated": 12.6, "valued_ha": 96, "area_ha": 120, "land_ha": 120}
    )


def test_a_sign_turns_the_value_and_not_its_size() -> None:
    turned = amount(10, size=12, land=100).times(-44 / 12)
    assert said(turned) == pytest.approx(
        {"value": -110 / 3, "size": 44, "stated": 39.6, "valued_ha": 80, "area_ha": 100, "land_ha": 100}
    )


def test_another_area_changes_only_what_is_known_of_it() -> None:
    assert said(amount(10, size=12, land=100).on_area(np.array([300.0])))["area_ha"] == 300
    assert said(amount(10, size=12, land=100).on_area(np.array([300.0])))["valued_ha"] == 80


def test_another_unit_scales_value_and_ends() -> None:
    one = np.ones(1)
    scaled = Figures(2 * one, 1 * one, 4 * one, 80 * one, 100 * one, 100 * one, 0.5 * one).times(1000)
    assert [float(x[0]) for x in (scaled.value, scaled.low, scaled.high)] == [2000, 1000, 4000]
    assert [float(x[0]) for x in (scaled.valued_ha, scaled.uncertain_share)] == [80, 0.5]


@pytest.mark.parametrize(
    ("dates", "period", "steps"),
    [
        (["2017", "2020", "2023"], "2017-2023", ["2017-2020", "2020-2023"]),
        (["2023", "2017", "2020"], "2017-2020", ["2017-2020"]),
        (["2015", "2017", "2020", "2023", "2024"], "2017-2023", ["2017-2020", "2020-2023"]),
    ],
)
def test_steps_are_those_between_the_dates_inside(dates: list[str], period: str, steps: list[str]) -> None:
    assert steps_of(dates, period) == steps


def test_weights_are_those_of_a_line_through_the_dates() -> None:
    """The mean of a broken line over 2017-2023, by adding up ten thousand of its points."""
    dates, values = ["2023", "2016", "2017", "2020", "2024"], {"2017": 1.0, "2020": 5.0, "2023": 2.0}
    weights = weights_of_dates(dates, "2017-2023")
    points = (np.arange(60_000) + 0.5) / 10_000 + 2017
    line = np.interp(points, [2017, 2020, 2023], list(values.values()))
    assert sum(weights[date] * values[date] for date in values) == pytest.approx(line.mean(), rel=1e-8)
    assert weights.keys() == values.keys()


@pytest.mark.parametrize("period", ["2020", "2020-2020"])
def test_one_date_stands_for_itself(period: str) -> None:
    assert weights_of_dates(["2017", "2020", "2023"], period) == {"2020": 1.0}


def test_removals_a_year_are_carbon_times_44_over_12_by_years() -> None:
    assert per_year("2020-2023") == pytest.approx(44 / 12 / 3)


def test_the_last_is_the_one_that_ends_last_and_of_those_the_longest() -> None:
    assert latest(["2017-2020", "2020-2023", "2017-2023"]) == "2017-2023"
    assert latest(["2017", "2023", "2020"]) == "2023"
    assert latest([]) == ""
