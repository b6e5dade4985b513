"""Draws that are kept for some units are those of all units, whatever is done with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from sinks.account.drawing import Mix, _Filled
from sinks.account.hierarchy import Hierarchy
from sinks.account.unit_draws import UnitDraws

UNITS, N = 7, 5


def some(seed: int, share: float) -> tuple[UnitDraws, np.ndarray]:
    """Draws of some units, and the same as an array of all."""
    rng = np.random.default_rng(seed)
    places = np.flatnonzero(rng.random(UNITS) < share)
    values = rng.normal(size=(len(places), N))
    dense = np.zeros((UNITS, N))
    dense[places] = values
    return UnitDraws(UNITS, places, values.copy()), dense


PAIRS = [(0.0, 0.0), (0.0, 0.5), (0.5, 0.0), (0.5, 0.5), (1.0, 0.4), (0.4, 1.0), (1.0, 1.0)]


@pytest.mark.parametrize("shares", PAIRS)
@pytest.mark.parametrize("seed", range(4))
def test_sums_and_differences_are_those_of_arrays(shares: tuple[float, float], seed: int) -> None:
    (one, a), (other, b) = some(seed, shares[0]), some(seed + 100, shares[1])
    kept = other.values.copy()
    np.testing.assert_array_equal(one.minus(other).dense(), a - b)
    np.testing.assert_array_equal(one.times(3.7).dense(), a * 3.7)
    np.testing.assert_array_equal(one.copy().plus(other).dense(), a + b)
    np.testing.assert_array_equal(other.values, kept)
    np.testing.assert_array_equal(one.dense(), a)


@pytest.mark.parametrize("shares", PAIRS)
def test_a_combination_weighs_each_part_by_unit(shares: tuple[float, float]) -> None:
    (one, a), (other, b), (third, c) = some(1, shares[0]), some(2, shares[1]), some(3, 0.3)
    weight = np.random.default_rng(9).random(UNITS)
    found = UnitDraws.combined([(one, 1.0), (other, weight), (third, 0.25)])
    np.testing.assert_array_equal(found.dense(), a + weight[:, None] * b + 0.25 * c)


def test_a_copy_is_not_changed_by_a_sum() -> None:
    one, a = some(1, 1.0)
    copied = one.copy()
    one.plus(UnitDraws.of(np.ones((UNITS, N))))
    np.testing.assert_array_equal(copied.dense(), a)
    nothing = UnitDraws.nothing(UNITS, N)
    total = nothing.plus(copied)
    total.plus(copied)
    np.testing.assert_array_equal(copied.dense(), a)


def test_rows_of_units() -> None:
    draws = UnitDraws(4, np.array([1, 3]), np.zeros((2, N)))
    assert draws.rows(np.array([0, 1, 2, 3])).tolist() == [-1, 0, -1, 1]


def test_a_region_whose_parts_have_no_draws_has_no_width() -> None:
    """Two leagues of two banners: only the second has draws; what is not wanted is not known."""
    frame = pd.DataFrame(
        {"code": list("ABCDEF"), "name": list("ABCDEF"), "level": [*["league"] * 2, *["banner"] * 4]}
    ).assign(parent=["", "", "A", "A", "B", "B"])
    hierarchy = Hierarchy.of(frame)
    assert hierarchy.units == ("C", "D", "E", "F")
    values = np.random.default_rng(5).normal(size=(2, 400))
    low, high = hierarchy.intervals(UnitDraws(4, np.array([2, 3]), values), np.array([True] * 5 + [False]))
    of = dict(zip(hierarchy.regions["code"], zip(low, high, strict=True), strict=True))
    assert of["A"] == of["C"] == of["D"] == (0.0, 0.0)
    assert np.isnan(of["F"]).all()
    for code, own in (("B", values.sum(axis=0)), ("E", values[0])):
        np.testing.assert_allclose(of[code], np.quantile(own, [0.025, 0.975]), rtol=1e-12)


def test_hectares_of_nodes_that_are_left_out_go_to_nobody() -> None:
    """Numbers that nodes share are added up; a node without a number is left out, and so is an empty row."""
    hectares = csr_array(np.array([[1.0, 2.0, 4.0], [0.0, 0.0, 0.0], [8.0, 0.0, 16.0]]))
    filled = _Filled.of(Mix("key", "litter", "2020", hectares))
    np.testing.assert_array_equal(filled.take(np.array([0, 1, 0]), 2).toarray(), [[5.0, 2.0], [24.0, 0.0]])
    np.testing.assert_array_equal(filled.take(np.array([-1, 1, 0]), 2).toarray(), [[4.0, 2.0], [16.0, 0.0]])
    np.testing.assert_array_equal(filled.take(np.array([-1, -1, -1]), 1).toarray(), [[0.0], [0.0]])
