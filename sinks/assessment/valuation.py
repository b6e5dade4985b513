"""What the sink is worth at a carbon price, year by year and as a present value.

Only carbon has a price here.  Oxygen and other services of an ecosystem are never added to an offset or to the value of
carbon.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sinks.assessment.answer import Answer, Origin
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, records
from sinks.assessment.withheld import NOISE, graver, said
from sinks.assessment.words import word
from sinks.errors import Problem, Problems
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ALL
from sinks.vocabulary.bounds import bounds


@dataclass(frozen=True, repr=False)
class SinkValue(Answer):
    """What the sink is worth.

    Attributes
    ----------
    yearly, net : DataFrame
        As :func:`value_of_account` has them.
    """

    yearly: pd.DataFrame
    net: pd.DataFrame

    def data(self) -> dict[str, pd.DataFrame]:
        return {"value": self.yearly, "value_net_present": self.net}

    def glance(self) -> list[pd.DataFrame]:
        """Present values in 10^4 CNY; words where the sink may be noise."""
        rows = self._of(self.net, Origin.inner)
        scaled = {name: rows[name] / 1e4 for name in ("value", "low", "high")}
        shown = rows.assign(**scaled).rename(columns={"value": "value_yuan"})
        reasons = [said(reason, how="amount") for reason in rows["withheld"]]
        return [shown.drop(columns="withheld").assign(note=reasons) if any(reasons) else shown.drop(columns="withheld")]

    def remarks(self) -> list[str]:
        return [word("note.value"), *self._left_out(self.net, Origin.inner)]


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
        A scenario has no price for a year of the sink, or the rate is no fraction.
    """
    scenarios = prices["scenario"].drop_duplicates().to_frame()
    rows = scenarios.merge(sink.rename(columns={"value": "tonnes"}), how="cross")
    rows = rows.merge(prices, on=["scenario", "year"], how="left", validate="many_to_one")
    gaps = rows[rows["price"].isna()]
    if len(gaps):
        missing = sorted({f"{s} {y}" for s, y in zip(gaps["scenario"], gaps["year"], strict=True)})
        raise AssessmentError(Problem("assessment.no_price", "prices", {"missing": missing}))
    value = rows["tonnes"] * rows["price"]
    present = value * _discount(rows["year"], discount_rate, base_year)
    columns = ["scenario", "region_code", "year", "tonnes", "price", "value", "present_value"]
    return rows.assign(value=value, present_value=present)[columns]


def _discount(years: pd.Series[int], rate: float, base_year: int) -> Floats:
    """What a yuan of each year is worth in the base year.

    Raises
    ------
    AssessmentError
        The rate is beyond its bounds: five percent are 0.05.
    """
    limit = bounds("value")["discount_rate"]
    if not math.isfinite(rate) or limit.outside(rate):
        values = {"found": rate, "expected": str(limit), "reason": limit.reason}
        raise AssessmentError(Problem("assessment.discount_rate", "discount_rate", values))
    return np.asarray(np.power(1 + rate, base_year - years.to_numpy(np.float64)))


def sink_of_years(account: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """The sink of every region in the years asked for, from the account.

    Returns
    -------
    DataFrame
        ``region_code, year, value, low, high`` [t CO2/yr], ``basis``: ``computed`` in a year of the account,
        ``assumed`` after it, when the last period's sink is carried on; and ``period``, that of the account.

    Raises
    ------
    AssessmentError
        A year lies before the account.
    """
    rows = account[(account["quantity"] == "net_removals") & account["period"].str.contains("-")]
    whole = (rows["ecosystem"] == ALL) & (rows["stratum"] == ALL) & (rows["pool"] == ALL)
    rows, problems, parts = rows[whole], Problems(), []
    # Of several periods that contain the year the shortest is taken, since its mean is closest to the year.
    periods = sorted(rows["period"].unique(), key=lambda one: (int(one[-4:]) - int(one[:4]), one))
    for year in years:
        inside = [one for one in periods if int(one[:4]) < year <= int(one[-4:])]
        later = [one for one in periods if year > int(one[-4:])]
        if not inside and (not later or any(year <= int(one[-4:]) for one in periods)):
            problems.add("assessment.year_without_sink", "prices", year=year, found=periods)
            continue
        period = inside[0] if inside else max(later, key=lambda one: (one[-4:], one[:4]))
        part = rows.loc[rows["period"] == period, ["region_code", "value", "low", "high"]]
        parts.append(part.assign(year=year, period=period, basis="computed" if inside else "assumed"))
    problems.raise_as(AssessmentError)
    columns = ["region_code", "year", "value", "low", "high", "basis", "period"]
    found: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns]
    return found


def value_of_account(
    account: pd.DataFrame,
    prices: pd.DataFrame,
    discount_rate: float,
    base_year: int,
    doubted: Collection[tuple[str, str]] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Value of every region's sink in every scenario, with the interval of the sink; prices are taken as given.

    Parameters
    ----------
    account : DataFrame
    prices : DataFrame
        The parsed table ``prices``; a span of years has one price. A scenario has to cover its years without a gap:
        a present value would leave years out.
    discount_rate, base_year
        See :func:`value_of_sink`.
    doubted : collection of (region_code, period)
        Where the sink cannot be told from the noise of the land-cover maps; it has no value.

    Returns
    -------
    yearly : DataFrame
        As :func:`value_of_sink`, with ``low, high`` of the value [CNY], ``basis``, and ``withheld``: ``noise`` where
        the sink may be noise, else empty.
    net : DataFrame
        ``scenario, region_code, value, low, high, withheld`` [CNY]; ends are sums of the years' ends, for an error of
        the sink meets every year.

    Raises
    ------
    AssessmentError
        A year lies before the account, a price is given twice, or as :func:`value_of_sink`.
    """
    prices = _each_year(prices)
    again = prices[prices.duplicated(["scenario", "year"])]
    if len(again):
        key = [f"{scenario} {year}" for scenario, year in zip(again["scenario"], again["year"], strict=True)]
        values = {"table": "prices", "key": key, "first": str(again[WHERE].iloc[0])}
        raise AssessmentError(Problem("assessment.row_twice", str(again[WHERE].iloc[0]), values))
    parts, figures = [], ["value", "low", "high"]
    for scenario, rows in prices.groupby("scenario", sort=False):
        given = rows.rename(columns={"value": "price"})[["scenario", "year", "price"]]
        sink = sink_of_years(account, [int(year) for year in sorted(rows["year"])])
        places = zip(sink["region_code"], sink.pop("period"), strict=True)
        sink["withheld"] = [NOISE if place in doubted else "" for place in places]
        worth = value_of_sink(sink[["region_code", "year", "value"]], given, discount_rate, base_year)
        both = worth.merge(sink.drop(columns="value"), on=["region_code", "year"], validate="one_to_one")
        both = both.assign(low=both["low"] * both["price"], high=both["high"] * both["price"], scenario=str(scenario))
        worthless = both["withheld"] != ""
        both[[*figures, "present_value"]] = both[[*figures, "present_value"]].mask(worthless)
        parts.append(both)
    yearly = pd.concat(parts, ignore_index=True)
    now = yearly[figures].mul(_discount(yearly["year"], discount_rate, base_year), axis=0)
    groups = yearly[["scenario", "region_code", "withheld"]].join(now).groupby(["scenario", "region_code"], sort=False)
    # Where a year has no interval, neither has the sum; nor has it a value where a year has none.
    net = groups[figures].sum().where(groups[figures].count().eq(groups.size(), axis=0))
    return yearly, net.assign(withheld=groups["withheld"].agg(lambda reasons: graver(*reasons))).reset_index()


def _each_year(prices: pd.DataFrame) -> pd.DataFrame:
    """Prices by single years; a gap is named."""
    rows = []
    for row in records(prices):
        first, _, last = str(row["year"]).partition("-")
        rows += [{**row, "year": year} for year in range(int(first), int(last or first) + 1)]
    table = pd.DataFrame(rows, columns=prices.columns)
    missing = []
    for scenario, years in table.groupby("scenario", sort=False)["year"]:
        missing += [f"{scenario} {year}" for year in sorted(set(range(years.min(), years.max() + 1)) - set(years))]
    if missing:
        raise AssessmentError(Problem("assessment.no_price", "prices", {"missing": missing}))
    return table
