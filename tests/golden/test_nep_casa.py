"""Net ecosystem production: the monthly law 0.22 (exp(0.0913 T) + ln(0.3145 P + 1)) 30 x 0.465 g C/m2."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pandas as pd
import pytest

from sinks import units
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("nep_casa")
# A steppe: cold winters, rain in July.
TEMPERATURE = (-20.0, -16, -6, 4, 12, 18, 21, 19, 12, 3, -8, -17)
PRECIPITATION = (2.0, 3, 6, 12, 25, 50, 90, 70, 30, 14, 5, 3)


def law(celsius: float, millimetres: float) -> float:
    return 0.22 * (exp(0.0913 * celsius) + log(0.3145 * millimetres + 1)) * 30 * 0.465


def rows(temperature: tuple[float, ...] = TEMPERATURE, npp: float = 3.0) -> pd.DataFrame:
    row = {"ecosystem": "grassland", "npp": npp}
    row |= {f"temperature_{month:02d}": value for month, value in enumerate(temperature, 1)}
    row |= {f"precipitation_{month:02d}": value for month, value in enumerate(PRECIPITATION, 1)}
    return pd.DataFrame([row])


@pytest.mark.parametrize("winter", ["formula", "none"])
def test_the_year_is_the_sum_of_its_months(winter: str) -> None:
    pairs = zip(TEMPERATURE, PRECIPITATION, strict=True)
    months = [law(t, p) for t, p in pairs if t >= 0 or winter == "formula"]
    found = BOUND.with_constants({"winter": winter}).evaluate(rows())["ecosystem"][0]
    assert found == pytest.approx(3.0 - sum(months) / 100)


def test_the_law_respires_at_twenty_below_when_told_to() -> None:
    cold = rows(temperature=(-20.0,) * 12, npp=0.0)
    formula, nothing = (
        BOUND.with_constants({"winter": winter}).evaluate(cold)["ecosystem"][0] for winter in ("formula", "none")
    )
    assert nothing == 0
    assert formula < -0.3


def test_a_month_that_was_not_observed_leaves_the_year_unknown() -> None:
    found = BOUND.with_constants({"winter": "none"}).evaluate(rows().assign(temperature_07=np.nan))
    assert np.isnan(found["ecosystem"][0])


def test_the_law_as_two_papers_print_it() -> None:
    """ChinaXiv 202106.00081 and 202209.00152: 0.22 [exp(0.0912 T) + ln(0.3145 P + 1)] x 30 x 46.5 %.

    The temperature is left out: the papers have 0.0912, the script from which the table is taken 0.0913.
    """
    printed = {"rh_scale": (0.22, "g C/m2/month"), "rh_precipitation": (0.3145, "1"), "rh_days": (30, "1")}
    for name, (number, unit) in {**printed, "rh_carbon": (0.465, "1")}.items():
        (row,) = (row for row in BOUND.table.rows if row.parameter == name)
        assert row.value == pytest.approx(units.convert(number, unit, row.unit)), name
