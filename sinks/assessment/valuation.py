"""What the sink is worth at a carbon price, year by year and as a present value.

Only carbon has a price here.  Oxygen and other services of an ecosystem may be listed beside it, but are never added to
an offset or to the value of carbon.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem

# Photosynthesis gives off one O2 for each CO2 it takes up: 32 g/mol over 44 g/mol, molar masses rounded as in the
# inventory guidelines (IPCC 2006, vol. 4, ch. 2, section 2.2.3).
_O2, _CO2 = 32, 44


def value_of_sink(sink: pd.DataFrame, prices: pd.DataFrame, discount_rate: float, base_year: int) -> pd.DataFrame:
    """Value of a sink in every price scenario.

    Parameters
    ----------
    sink : DataFrame
        ``region_code, year, value`` [t CO2/yr]; a source has a negative value.
    prices : DataFrame
        ``scenario, year, price`` [CNY/t CO2] in constant prices.
    discount_rate : float
        Real rate per year, a fraction.
    base_year : int
        Year that values are discounted to.

    Returns
    -------
    DataFrame
        ``scenario, region_code, year, tonnes, price, value, present_value`` [CNY].

    Raises
    ------
    AssessmentError
        A scenario has no price for a year of the sink.
    """
    scenarios = prices["scenario"].drop_duplicates().to_frame()
    rows = scenarios.merge(sink.rename(columns={"value": "tonnes"}), how="cross")
    rows = rows.merge(prices, on=["scenario", "year"], how="left", validate="many_to_one")
    gaps = rows[rows["price"].isna()]
    if len(gaps):
        missing = sorted({f"{s} {y}" for s, y in zip(gaps["scenario"], gaps["year"], strict=True)})
        raise AssessmentError(Problem("assessment.no_price", "prices", {"missing": missing}))
    value = rows["tonnes"] * rows["price"]
    years = rows["year"].to_numpy(dtype=np.float64) - base_year
    present = value / np.power(1 + discount_rate, years)
    columns = ["scenario", "region_code", "year", "tonnes", "price", "value", "present_value"]
    return rows.assign(value=value, present_value=present)[columns]


def net_present_value(values: pd.DataFrame) -> pd.DataFrame:
    """Net present value by scenario and region, of :func:`value_of_sink`: ``scenario, region_code, value`` [CNY]."""
    total = values.groupby(["scenario", "region_code"])["present_value"].sum()
    return total.rename("value").reset_index()


def oxygen_release(sink: pd.Series[float]) -> pd.Series[float]:
    """Oxygen [t O2/yr] given off for a sink [t CO2/yr]: a service beside the offset, never part of it."""
    return sink * _O2 / _CO2
