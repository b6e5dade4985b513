"""A figure and the limit that it is judged by never read the same where a verdict tells them apart."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.assessment.decimals import deciding_decimals, deciding_percents
from sinks.assessment.result import _in_words

FRACTIONS = st.floats(min_value=-0.9, max_value=0.9, allow_nan=False)


@given(FRACTIONS, FRACTIONS)
def test_what_differs_reads_differently_and_in_order(value: float, limit: float) -> None:
    one, other = (float(text.replace(",", "")) for text in deciding_percents(value, limit))
    if abs(value - limit) > 1e-13:
        assert (one < other) == (value < limit)
        assert one != other


@given(FRACTIONS, st.floats(min_value=1e-13, max_value=1e-3))
def test_near_misses_too(limit: float, gap: float) -> None:
    one, other = (float(text) for text in deciding_percents(limit - gap, limit))
    assert one < other


def test_one_decimal_is_enough_where_it_tells_them_apart() -> None:
    assert deciding_percents(0.12, 0.109011) == ("12.0", "10.9")
    assert deciding_decimals(0.2, 0.2) == 1
    assert deciding_percents(float("nan"), 0.2) == ("", "20.0")


def test_a_near_miss_of_an_assessment_at_a_glance() -> None:
    row = {"region_code": "150600", "region_name": "鄂尔多斯市", "year": 2023, "emissions": 1e8, "sink_counted": 1e6}
    row |= {"change": 0.10897, "required_change": 0.109011, "probability_met": 0.4}
    row |= {"verdict": -1.0, "verdict_without_sink": -1.0}
    shown = _in_words(pd.DataFrame([row]), {}).iloc[0].astype(str).tolist()
    assert "10.897" in shown
    assert "10.901" in shown
    assert "10.9" not in shown


@pytest.mark.parametrize(("value", "limit"), [(0.1089, 0.109), (0.10899999, 0.109)])
def test_the_report_says_the_same(value: float, limit: float) -> None:
    from sinks.output.report.words import percent

    decimals = deciding_decimals(value, limit)
    assert percent(value, decimals) != percent(limit, decimals)
