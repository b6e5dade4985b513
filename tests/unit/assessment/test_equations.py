"""The equations of dual control against sums done by hand, and the break-even coefficient against a search."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from sinks.assessment.equations import (
    allowed_emissions,
    break_even_k,
    break_even_sink,
    counted_sink,
    is_met,
    reduction,
    required_reduction,
)
from sinks.assessment.result import rule_rows
from sinks.assessment.words import word_of
from sinks.project.rules import Rule

ONE = np.ones(1)


@pytest.mark.parametrize(
    ("countable", "k", "cap", "counted"),
    [(100, 1, math.inf, 100), (100, 0.5, 80, 50), (100, 1, 80, 80), (100, 1, 0, 0), (-100, 0.5, 80, -50)],
)
def test_the_smaller_of_cap_and_share_counts(countable: float, k: float, cap: float, counted: float) -> None:
    assert counted_sink(np.array([countable]), k, np.array([cap])) == counted


def test_reduction_by_hand() -> None:
    """120 t over 200 against 100 t over 100: 0.6 against 1.0."""
    assert reduction(120 * ONE, 200 * ONE, 100 * ONE, 100 * ONE) == pytest.approx(0.4)


@pytest.mark.parametrize("base", [0.0, -5.0])
def test_no_intensity_of_the_base_year_no_reduction_and_no_verdict(base: float) -> None:
    assert np.isnan(reduction(120 * ONE, 200 * ONE, base * ONE, 100 * ONE))
    assert not is_met(-1e9 * ONE, 200 * ONE, base * ONE, 100 * ONE, 0 * ONE)


@pytest.mark.parametrize(("emissions", "met"), [(159.0, True), (160.0, True), (161.0, False)])
def test_what_the_path_allows_is_met_and_a_tonne_more_is_not(emissions: float, met: bool) -> None:
    """A fifth less than 1 t per unit on an output of 200 leaves 160 t."""
    assert allowed_emissions(1.0, 0.2, 200.0) == 160.0
    assert bool(is_met(emissions * ONE, 200 * ONE, 100 * ONE, 100 * ONE, 0.2 * ONE)) is met


def test_the_missing_sink_is_what_is_emitted_beyond_the_path() -> None:
    args = (200 * ONE, 100 * ONE, 100 * ONE, 0.2 * ONE)
    assert break_even_sink(175 * ONE, *args) == pytest.approx(15)
    assert break_even_sink(150 * ONE, *args) == pytest.approx(-10)


def test_an_even_path_falls_by_the_same_part_every_year() -> None:
    left = 1 - required_reduction(0.175, np.arange(6), 5)
    assert left[1:] / left[:-1] == pytest.approx(np.full(5, 0.825 ** (1 / 5)), rel=1e-12)
    assert left[[0, -1]] == pytest.approx([1, 0.825], rel=1e-12)


def searched(report: tuple[float, float, float], base: tuple[float, float, float], growth: float) -> float:
    """The first coefficient at which the room under the path changes its sign, by halving a fine grid's step."""

    def room(k: float) -> float:
        after, before = (e - min(cap, k * sink) for e, sink, cap in (report, base))
        return growth * before - after

    grid = np.linspace(0, 20, 4001)
    for low, high in itertools.pairwise(grid):
        if room(low) * room(high) <= 0:
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if room(low) * room(middle) > 0 else (low, middle)
            return float(high)
    return math.nan


@pytest.mark.parametrize(
    ("report", "base"),
    [
        # Emissions before the sink, sink, cap: the year that is judged, and the base year.
        ((110.0, 50.0, math.inf), (100.0, 0.0, math.inf)),
        ((110.0, 50.0, 5.0), (100.0, 0.0, math.inf)),
        ((110.0, 50.0, 20.0), (100.0, 30.0, math.inf)),
        ((110.0, 50.0, 20.0), (100.0, 30.0, 2.0)),
        ((110.0, 10.0, math.inf), (100.0, 60.0, 12.0)),
        ((90.0, -20.0, math.inf), (100.0, 0.0, math.inf)),
        ((90.0, -20.0, 30.0), (100.0, 40.0, 60.0)),
        ((110.0, 0.0, 10.0), (100.0, 0.0, 10.0)),
        ((110.0, 50.0, 0.0), (100.0, 0.0, math.inf)),
        ((95.0, 30.0, 25.0), (100.0, 90.0, 80.0)),
        ((100.0, 30.0, 25.0), (100.0, 0.0, math.inf)),
    ],
)
@pytest.mark.parametrize("growth", [0.85, 0.97, 1.0, 1.05])
def test_the_coefficient_at_which_the_verdict_turns(
    report: tuple[float, float, float], base: tuple[float, float, float], growth: float
) -> None:
    assert break_even_k(report, base, growth) == pytest.approx(searched(report, base, growth), rel=1e-9, nan_ok=True)


def test_a_rule_and_its_pools_are_said_in_words() -> None:
    """Values of a rule that are ids of the vocabulary stand as a reader knows them."""
    made = Rule.model_validate({"base_year": 2020, "years": [2023], "pools": ["litter", "soil_organic_carbon"]})
    notes = rule_rows(made).set_index("quantity")["note"]
    assert notes["rule.pools"].startswith("枯落物、土壤有机碳")
    assert [word_of("pool", one) for one in ("litter", "no_pool")] == ["枯落物", "no_pool"]
