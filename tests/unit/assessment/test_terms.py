"""The terms of a year, by names: what is added, what is taken off, and what their sum over regions says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sinks.assessment.terms import Terms


def column(*values: float) -> np.ndarray:  # type: ignore[type-arg]
    return np.array(values, dtype=float)[:, None]


TERMS = Terms(
    energy=column(1000, 500),
    process=column(200, 40),
    net_imported_power=column(-300, 60),
    abatement=column(50, 0),
    sink=column(150, -20),
    uncertainty=column(30, 5),
    reference=column(20, 1),
    ccer=column(7, 0),
    cap=column(math.inf, 10),
    counted=column(90, -26),
    received=column(11, 3),
    gdp=column(800, 900),
    covered=np.array([[True], [True]]),
    told=np.array([[True], [False]]),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("emissions", [900, 600]),
        ("before_sink", [850, 600]),
        ("before_counted", [839, 597]),
        ("adjusted", [749, 623]),
        ("countable", [93, -26]),
    ],
)
def test_terms_by_hand(name: str, expected: list[float]) -> None:
    assert getattr(TERMS, name)[:, 0].tolist() == expected


def test_a_sink_counts_when_any_of_its_draws_does() -> None:
    drawn = replace(TERMS, counted=np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 4.0]]))
    assert drawn.counts.tolist() == [[False], [True]]


def test_the_sum_is_that_of_every_term() -> None:
    total = TERMS.with_sum()
    for name in ("emissions", "before_sink", "before_counted", "adjusted", "countable", "gdp", "received"):
        own = getattr(TERMS, name)[:, 0]
        assert getattr(total, name)[:, 0].tolist() == [*own, own.sum()]


def test_what_is_not_known_of_one_is_not_known_of_the_sum() -> None:
    total = replace(TERMS, covered=np.array([[True], [True]])).with_sum()
    assert total.covered[:, 0].tolist() == [True, True, True]
    assert total.told[:, 0].tolist() == [True, False, False]


def test_the_sum_with_a_region_without_draws_has_none() -> None:
    """The draws of one and the central value of the other would make an interval that is too narrow."""
    drawn = np.array([[90.0, 80.0, 100.0], [-26.0, -26.0, -26.0]])
    whole = replace(TERMS, counted=drawn).with_sum()
    part = replace(TERMS, counted=drawn, covered=np.array([[True], [False]])).with_sum()
    assert whole.counted[-1].tolist() == [64, 54, 74]
    assert part.counted[-1].tolist() == [64, 64, 64]
    assert part.counted[0].tolist() == [90, 80, 100]
