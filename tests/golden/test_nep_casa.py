"""Net ecosystem production: the monthly law 0.22 (exp(0.0913 T) + ln(0.3145 P + 1)) 30 x 0.465 g C/m2."""

from __future__ import annotations

from collections.abc import Sequence
from math import e, log

import numpy as np
import pandas as pd
import pytest

from sinks import units
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("nep_casa")
# What a month at freezing respires without rain, in g C/m2: 0.22 x (1 + 0) x 30 x 0.465, by hand.
MONTH = 3.069
# The temperature at which the first term of the law is 2, and the rain at which the second is 1.
TWICE = log(2) / 0.0913
ONE_MORE = (e - 1) / 0.3145
NOTHING = (0.0,) * 12


def rows(temperature: Sequence[float], precipitation: Sequence[float] = NOTHING, npp: float = 3.0) -> pd.DataFrame:
    row = {"ecosystem": "grassland", "npp": npp}
    row |= {f"temperature_{month:02d}": value for month, value in enumerate(temperature, 1)}
    row |= {f"precipitation_{month:02d}": value for month, value in enumerate(precipitation, 1)}
    return pd.DataFrame([row])


def respired(temperature: Sequence[float], precipitation: Sequence[float] = NOTHING, winter: str = "none") -> float:
    """g C/m2 in the year, from what is left of a production of 3 t C/ha."""
    found = BOUND.with_constants({"winter": winter}).evaluate(rows(temperature, precipitation))
    return float(3.0 - found["ecosystem"][0]) * 100


def test_a_year_at_freezing_without_rain() -> None:
    assert respired(NOTHING) == pytest.approx(12 * MONTH)


def test_warmth_multiplies_and_rain_adds() -> None:
    """Three months in which the first term doubles, two with rain, one with both: 12 + 3 + 2 + 2 times the month."""
    warm = [TWICE] * 3 + [0.0] * 2 + [TWICE] + [0.0] * 6
    rain = [0.0] * 3 + [ONE_MORE] * 2 + [ONE_MORE] + [0.0] * 6
    assert respired(warm, rain) == pytest.approx(19 * MONTH)
    # Which month is which does not matter.
    assert respired(warm[::-1], rain[::-1]) == pytest.approx(19 * MONTH)


@pytest.mark.parametrize(("winter", "months"), [("formula", 8 + 4 / 2), ("none", 8)])
def test_frozen_months_by_the_choice_made_for_them(winter: str, months: float) -> None:
    """As far below freezing as ``TWICE`` is above, the law gives half of the month."""
    assert respired([-TWICE] * 2 + [0.0] * 8 + [-TWICE] * 2, winter=winter) == pytest.approx(months * MONTH)


def test_a_month_that_was_not_observed_leaves_the_year_unknown() -> None:
    found = BOUND.with_constants({"winter": "none"}).evaluate(rows(NOTHING).assign(temperature_07=np.nan))
    assert np.isnan(found["ecosystem"][0])


def test_the_law_as_two_papers_print_it() -> None:
    """ChinaXiv 202106.00081 and 202209.00152: 0.22 [exp(0.0912 T) + ln(0.3145 P + 1)] x 30 x 46.5 %.

    The temperature is left out: the papers have 0.0912, the script from which the table is taken 0.0913.
    """
    printed = {"rh_scale": (0.22, "g C/m2/month"), "rh_precipitation": (0.3145, "1"), "rh_days": (30, "1")}
    for name, (number, unit) in {**printed, "rh_carbon": (0.465, "1")}.items():
        (row,) = (row for row in BOUND.table.rows if row.parameter == name)
        assert row.value == pytest.approx(units.convert(number, unit, row.unit)), name
