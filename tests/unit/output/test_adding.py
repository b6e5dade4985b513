"""Printed numbers add up to printed totals, and each is a neighbour of its value."""

from __future__ import annotations

import numpy as np
import pytest

from sinks.output.report.adding import STEP, crossed, parts_of


def test_parts_of_a_third_each() -> None:
    assert sorted(parts_of([100 / 3] * 3, 100.0, 1.0)) == [0, 0, 1]


def test_a_total_that_is_not_the_sum_moves_nothing() -> None:
    assert parts_of([140.0, 140.0], 500.0, 5.0) == [1, 1]


def test_what_is_not_there_stays_away_and_a_zero_stays_zero() -> None:
    found = parts_of([float("nan"), 0.0, 149.0, 149.0], 298.0, 3.0)
    assert np.isnan(found[0])
    assert found[1] == 0
    assert sum(found[2:]) == 3


@pytest.mark.parametrize("seed", range(60))
def test_rows_and_columns_of_any_table_add_up(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    cells = drawn.lognormal(6, 3, (drawn.integers(1, 14), drawn.integers(1, 7)))
    cells *= drawn.choice([1, -1], cells.shape, p=[0.8, 0.2])
    cells[drawn.random(cells.shape) < 0.15] = np.nan
    sides, below, whole = np.nansum(cells, axis=1), np.nansum(cells, axis=0), float(np.nansum(cells))
    total = float(np.round(whole / STEP))
    rows, columns = parts_of(list(sides), whole, total), parts_of(list(below), whole, total)
    settled = crossed(cells, list(sides), list(below), rows, columns)
    assert (np.nansum(settled, axis=1) == rows).all()
    assert (np.nansum(settled, axis=0) == columns).all()
    assert sum(rows) == sum(columns) == total
    assert np.nanmax(np.abs(settled - cells / STEP), initial=0.0) <= 1
    assert (np.isnan(settled) == np.isnan(cells)).all()
