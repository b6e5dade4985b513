"""What is beyond a bound is not plausible, and what lies within is: for every bound, at random numbers around it."""

from __future__ import annotations

import csv
import math
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.vocabulary.bounds import Bound, every_bound

ROWS = {
    (row["of"], row["quantity"]): row
    for row in csv.DictReader(
        files("sinks.vocabulary").joinpath("plausible_bounds.csv").read_text(encoding="utf-8-sig").splitlines()
    )
}


@pytest.mark.parametrize("bound", every_bound(), ids=lambda bound: f"{bound.of}.{bound.quantity}")
@settings(max_examples=20)
@given(st.floats(allow_nan=False), st.floats(-2, 3))
def test_plausible_is_what_lies_between_the_ends_of_the_table(bound: Bound, anywhere: float, near: float) -> None:
    row = ROWS[bound.of, bound.quantity]
    low, high = (float(row[end] or limit) for end, limit in (("low", -math.inf), ("high", math.inf)))
    width = high - low if math.isfinite(high - low) else 1.0
    start = low if math.isfinite(low) else high if math.isfinite(high) else 0.0
    shut = {end: row["open"] not in (end, "both") for end in ("low", "high")}
    for value in (anywhere, start + near * width, low, high):
        if math.isinf(value):
            continue
        above = value > low or (shut["low"] and value == low)
        below = value < high or (shut["high"] and value == high)
        assert bool(bound.outside(value)) is not (above and below), (value, str(bound))
    assert not bound.outside(np.nan)
