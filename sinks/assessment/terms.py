"""The terms of one year, region by region: emissions, reductions, sink and GDP, each as an array.

Arrays have one row for each region and one column, or 1 + n where draws stand behind the central value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.assessment.equations import Floats, counted_sink
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import measures
from sinks.assessment.inputs import Inputs, constant_gdp
from sinks.assessment.sink import Sink, period_of
from sinks.errors import Problems
from sinks.project.rules import Rule, RuleValue


@dataclass(frozen=True)
class Terms:
    """Terms of one year [t CO2, 10^4 CNY], shape (regions, 1) or (regions, 1 + n).

    Attributes
    ----------
    energy, process, net_imported_power : array
        The parts of the emissions.
    abatement : array
        Reductions by projects.
    sink : array
        Sink within the rule's scope; NaN in a base year whose sink is not known.
    uncertainty, reference, ccer : array
        What is taken off the sink before the coefficient.
    cap : array
        Most that may be counted; infinite without a cap.
    counted : array
        The counted sink.
    received : array
        Credited tonnes used for projects of the region.
    gdp : array
        At constant prices.
    covered : array of bool (regions, 1)
        Whether the uncertainty of the sink is known, so that its draws say something of probability.
    told : array of bool (regions, 1)
        Whether the sink can be told from the noise of the land-cover maps, which only the maps can say.
    """

    energy: Floats
    process: Floats
    net_imported_power: Floats
    abatement: Floats
    sink: Floats
    uncertainty: Floats
    reference: Floats
    ccer: Floats
    cap: Floats
    counted: Floats
    received: Floats
    gdp: Floats
    covered: NDArray[np.bool_]
    told: NDArray[np.bool_]

    @property
    def emissions(self) -> Floats:
        """Emissions before any deduction, E."""
        return self.energy + self.process + self.net_imported_power

    @property
    def before_sink(self) -> Floats:
        """Emissions less abatement projects, E - R."""
        return self.emissions - self.abatement

    @property
    def before_counted(self) -> Floats:
        """Emissions less everything but the counted sink."""
        return self.before_sink - self.received

    @property
    def adjusted(self) -> Floats:
        """Emissions after all deductions, A."""
        return self.before_counted - self.counted

    @property
    def countable(self) -> Floats:
        """Sink less everything that is taken off before the coefficient."""
        return self.sink - self.uncertainty - self.reference - self.ccer

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Regions, shape (regions, 1), whose sink counts for anything, so that what is not known of it matters."""
        return np.asarray((self.counted != 0).any(axis=1, keepdims=True))

    def with_sum(self) -> Terms:
        """The same terms with one more row, the sum over the regions.

        The sum of draws some of which are central values alone would have an interval that is too narrow: it has none.
        """
        covered, told = (np.vstack((known, known.all(axis=0))) for known in (self.covered, self.told))
        parts = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("covered", "told")}
        sums = {name: a.sum(axis=0) for name, a in parts.items()}
        if not covered[-1, 0]:
            sums = {name: np.full_like(total, total[0]) for name, total in sums.items()}
        grown = {name: np.vstack((a, sums[name])) for name, a in parts.items()}
        return replace(self, covered=covered, told=told, **grown)


def years_and_periods(rule: Rule, account: pd.DataFrame) -> dict[int, str | None]:
    """The account period that gives the sink of each year; None for a base year without one.

    Raises
    ------
    AssessmentError
        No period covers an assessed year, or a net-net rule has no sink for its base year.
    """
    return periods_of_years(rule, sorted(account.loc[account["quantity"] == "net_removals", "period"].unique()))


def periods_of_years(rule: Rule, found: Sequence[str]) -> dict[int, str | None]:
    """The same from the periods that have a sink, which are known before there is an account."""
    problems = Problems()
    chosen = {year: period_of(year, rule, found) for year in rule.all_years}
    for year, period in chosen.items():
        if period is not None:
            continue
        if year != rule.base_year:
            problems.add("assessment.year_without_sink", "account", year=year, found=found)
        elif rule.baseline.value == "net_net":
            problems.add("assessment.base_without_sink", "account", year=year, found=found)
    problems.raise_as(AssessmentError)
    return chosen


def terms_of(
    year: int,
    codes: Sequence[str],
    inputs: Inputs,
    rule: Rule,
    sink: Sink,
    period: str | None,
    ccer: pd.DataFrame | None,
) -> Terms:
    """The terms of one year.

    Parameters
    ----------
    year : int
    codes : sequence of str
        Regions, in the order of the arrays.
    inputs : Inputs
        Checked (:func:`sinks.assessment.inputs.check_inputs`).
    rule : Rule
    sink : Sink
    period : str or None
        Account period that gives the sink; without one the sink is NaN and nothing is counted.
    ccer : DataFrame or None
        ``region_code, year, value``: credited tonnes that leave the sink [t CO2].
    """
    emissions = inputs.emissions[inputs.emissions["year"] == year]
    part = {kind: _by_region(emissions[emissions["quantity"] == kind], codes) for kind in measures("emissions")}
    total = sum(part.values(), np.zeros((len(codes), 1)))
    gdp = constant_gdp(inputs.gdp)
    cap = _ruled(rule.cap, codes, np.inf)
    if rule.cap_share is not None:
        cap = np.minimum(cap, rule.cap_share.value * total)
    # The reference level applies to the report years; the base year is what they are compared with.
    level = rule.reference_level if rule.baseline.value == "reference_level" and year != rule.base_year else None
    blank = np.full((len(codes), 1), np.nan)
    central = sink.values[period] if period else blank
    low = sink.low[period][:, None] if period else blank
    share = rule.uncertainty_deduction.value
    terms = Terms(
        **part,
        abatement=_by_region(_in_year(inputs.abatement, year), codes),
        sink=central,
        uncertainty=share * (central[:, :1] - low) if share else np.zeros((len(codes), 1)),
        reference=_ruled(level, codes, 0.0),
        ccer=_by_region(_in_year(ccer, year), codes),
        cap=cap,
        counted=np.zeros((len(codes), 1)),
        received=_by_region(_in_year(inputs.received if rule.credits_at_buyer.value else None, year), codes),
        gdp=_by_region(gdp[gdp["year"] == year], codes),
        covered=sink.covered[period][:, None] if period else np.ones((len(codes), 1), dtype=bool),
        told=np.ones((len(codes), 1), dtype=bool),
    )
    if period is None or (year == rule.base_year and rule.baseline.value == "reference_level"):
        return terms
    return replace(terms, counted=counted_sink(terms.countable, rule.k.value, cap))


def _in_year(table: pd.DataFrame | None, year: int) -> pd.DataFrame:
    if table is None:
        return pd.DataFrame({"region_code": pd.Series(dtype=object), "value": pd.Series(dtype=float)})
    return table[table["year"] == year]


def _by_region(rows: pd.DataFrame, codes: Sequence[str]) -> Floats:
    """Sums by region, (regions, 1); a region without rows has none of it."""
    total = rows.groupby("region_code")["value"].sum().reindex(list(codes), fill_value=0.0)
    return total.to_numpy(dtype=np.float64)[:, None]


def _ruled(ruled: RuleValue[dict[str, float]] | None, codes: Sequence[str], otherwise: float) -> Floats:
    values = {} if ruled is None else ruled.value
    return np.array([[values.get(code, otherwise)] for code in codes], dtype=np.float64)
