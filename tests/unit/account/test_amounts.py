"""Amounts: sums, means over time and differences, and intervals that are none."""

from __future__ import annotations

import numpy as np
import pytest

from sinks.account.amounts import (
    Amount,
    Figures,
    Posting,
    latest,
    no_point,
    per_year,
    steps_of,
    weights_of_dates,
)
from sinks.account.hierarchy import Hierarchy
from sinks.account.totals import Totals
from sinks.account.unit_draws import UnitDraws
from sinks.uncertainty.draws import Draws


def amount(value: float, *, size: float, land: float) -> Amount:
    """Of one region, without draws; a tenth of it has no stated uncertainty, a fifth of its land is not known."""
    one = np.ones(1)
    return Amount(value * one, None, 0.8 * land * one, land * one, size * one, 0.9 * size * one, land * one)


def drawn(value: float, *draws: float) -> Amount:
    """With draws of its one region."""
    one = amount(value, size=abs(value), land=100)
    one.draws = UnitDraws.of(np.array([draws]))
    return one


def draws_of(one: Amount) -> list[float] | None:
    return None if one.draws is None else one.draws.dense()[0].tolist()


def said(one: Amount) -> dict[str, float]:
    names = ("value", "size", "stated", "valued_ha", "area_ha", "land_ha")
    return {name: float(getattr(one, name)[0]) for name in names}


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


def test_draws_take_part_in_everything_in_pairs() -> None:
    one, other = drawn(10, 8.0, 12.0), drawn(4, 5.0, 3.0)
    assert draws_of(one.minus(other)) == [3.0, 9.0]
    assert draws_of(one.times(-2)) == [-16.0, -24.0]
    assert draws_of(Amount.mean({"a": one, "b": other}, {"a": 0.25, "b": 0.75})) == [5.75, 5.25]
    assert draws_of(Amount.chained({"2020-2021": one, "2021-2023": other})) == [13.0, 15.0]
    total = one.copy()
    total.add(other)
    assert draws_of(total) == [13.0, 15.0]
    assert draws_of(one) == [8.0, 12.0]


def test_what_has_no_draws_leaves_a_sum_those_that_it_has() -> None:
    """Land that a part does not have is added as nothing, and nothing has no draws."""
    total, without = drawn(10, 8.0, 12.0), amount(0, size=0, land=0)
    total.add(without)
    assert draws_of(total) == [8.0, 12.0]
    without.add(drawn(10, 8.0, 12.0))
    assert draws_of(without) is None
    both = amount(1, size=1, land=1)
    both.add(amount(2, size=2, land=2))
    assert draws_of(both) is None


def test_a_difference_or_mean_has_draws_only_where_all_its_parts_have() -> None:
    one, without = drawn(10, 8.0, 12.0), amount(4, size=4, land=100)
    assert draws_of(one.minus(without)) is None
    assert draws_of(without.minus(one)) is None
    assert draws_of(without.minus(without)) is None
    assert draws_of(without.times(2)) is None
    assert draws_of(Amount.mean({"a": one, "b": without}, {"a": 0.5, "b": 0.5})) is None
    assert draws_of(Amount.chained({"2020-2021": one, "2021-2023": without})) is None


def test_removals_of_a_change_and_of_a_flux_are_added() -> None:
    """A change of 30 t C in three years is 10 x 44/12 t CO2 a year; beside it a flux of 6 of the same pool."""
    totals = Totals(Hierarchy.flat(["1"]), {}, Draws(2, 1), only_sums=True)
    period, removals = "2020-2023", ("forest", "litter", "net_removals", "2020-2023")
    change, flux, other = drawn(30, 29, 31), drawn(6, 5, 7), drawn(2, 1, 3)
    none = totals.figures(change)
    totals.post(Posting("forest", "", "litter", "stock_change", period, none, change, "a"))
    totals.post(Posting("forest", "", "litter", "net_removals", period, none, None, "a"))
    rate = 44 / 12 / 3
    assert dict(totals.totals())[removals].value[0] == pytest.approx(30 * rate)
    totals.post(Posting("forest", "x", "litter", "net_removals", period, none, flux, "b"))
    totals.post(Posting("grassland", "", "litter", "net_removals", period, none, other, "b"))
    assert dict(totals.totals())[removals].value[0] == pytest.approx(30 * rate + 6)
    found = [(name, draws[0].tolist()) for name, draws in totals.removals(["forest", "grassland"], ["all"])]
    assert found == [(period, pytest.approx([29 * rate + 5, 31 * rate + 7])), (period, [1.0, 3.0])]
