"""Annual plans of the carbon budget, rolled from year to year, for the leagues and for the region above them.

Document 94 of 2023 of Inner Mongolia asks for plans of five years and of each year in both levels.  A plan of a year
says by how much yearly emissions change in it.  It opens with the emissions of the year before: those that were
assessed, or where that year is still to come, those that its own plan ends with.  Room that was left under the path is
rolled over; room that was overdrawn is owed.  The intensity is rigid and is held against the allowance of the year
itself; what was rolled over stands beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sinks.assessment.budget import (
    COLUMNS,
    DEDUCTIONS,
    RESTING,
    Values,
    allowed_at,
    base_emissions,
    deducted,
    level_rows,
)
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import measures
from sinks.assessment.result import Assessment
from sinks.assessment.withheld import Reason, by_noise, graver
from sinks.errors import Problems

BALANCES = ("intensity_balance", "deviation", "carried_in", "rolled_balance")
"""Quantities that judge a plan."""

QUANTITIES = ("opening", *DEDUCTIONS, "planned_emissions", "allowed", *BALANCES, "leagues_planned", "level_gap")
"""Quantities beside the kinds of the table and the emissions that came."""


def is_annual(period: str) -> bool:
    """Whether a row of the table ``budget`` is of one year."""
    return "-" not in period


def plan_gaps(plan: pd.DataFrame, years: Collection[int]) -> list[tuple[str, int]]:
    """Annual plans that have no year before them to open with: region and year.

    Parameters
    ----------
    plan : DataFrame
        The parsed table ``budget``.
    years : collection of int
        The base year and the assessed years.
    """
    rows, found = plan[plan["year"].map(is_annual)], []
    for code, own in rows.groupby("region_code"):
        planned = {int(year) for year in own["year"]}
        found += [(str(code), year) for year in sorted(planned) if year - 1 not in planned | set(years)]
    return found


def annual_plans(assessment: Assessment, plan: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The annual plans of every region that has some, and in both levels the leagues' against the region's.

    Parameters
    ----------
    assessment : Assessment
    plan : DataFrame
        The parsed table ``budget``.
    targets : DataFrame
        The parsed table ``targets``.

    Returns
    -------
    DataFrame
        :data:`sinks.assessment.budget.COLUMNS` [t CO2]: ``opening``, one row for each kind, ``abatement_projects``,
        ``ecosystem_sink`` and ``credits_used`` (changes since the year before; none after the last assessed year, an
        assumption), ``planned_emissions``; ``adjusted_emissions`` and ``deviation`` of a year that was assessed;
        ``allowed``, ``intensity_balance``, ``carried_in`` and ``rolled_balance`` where there is a target. The region
        above has ``leagues_planned``, the sum of their planned changes, and ``level_gap``, its own less that sum.
        Balances are blank, and ``withheld`` says why, where a year that they rest on has no verdict.

    Raises
    ------
    AssessmentError
        A plan has no year before it, or its year lies beyond the GDP figures without a growth rate in the rule.
    """
    problems = Problems()
    for code, year in plan_gaps(plan, assessment.rule.all_years):
        problems.add("assessment.plan_gap", "budget", region=code, year=year, before=year - 1)
    problems.raise_as(AssessmentError)
    rows = plan[plan["year"].map(is_annual)]
    kinds = rows.pivot_table(index=["region_code", "year"], columns="quantity", values="value", aggfunc="sum")
    kinds = kinds.reindex(columns=list(measures("budget"))).fillna(0.0)
    found: list[tuple[object, ...]] = []
    values, names = assessment.values(), assessment.names()
    for code in dict.fromkeys(rows["region_code"]):
        years = sorted(int(year) for year in kinds.loc[code].index)
        league = _League(assessment, values, str(code), targets)
        for row in league.rows({year: kinds.loc[(code, str(year))].to_dict() for year in years}, problems):
            found.append((code, names[str(code)], *row))
    problems.raise_as(AssessmentError)
    if assessment.whole is not None:
        found += _levels(kinds.sum(axis=1), assessment.whole, names)
    return pd.DataFrame(found, columns=list(COLUMNS))


def planned_increment(plan: pd.DataFrame | None, code: str, year: int) -> float:
    """Increment by new projects that the annual plan of a region has for a year [t CO2]; NaN without a plan."""
    if plan is None:
        return float("nan")
    own = plan[(plan["region_code"] == code) & (plan["year"] == str(year))]
    return float(own.loc[own["quantity"] == "new_projects", "value"].sum()) if len(own) else float("nan")


Row = tuple[str, str, float, str, str, Reason]
"""Year, quantity, value, unit, basis, withheld."""


_SAID: Reason = ""
"""Nothing is withheld."""


@dataclass(frozen=True)
class _League:
    """A region whose plans are rolled on."""

    assessment: Assessment
    values: Values
    code: str
    targets: pd.DataFrame

    def rows(self, plans: Mapping[int, Mapping[str, float]], problems: Problems) -> list[Row]:
        """Rows of all years, in order."""
        rule, found = self.assessment.rule, list[Row]()
        closing: dict[int, float] = {}
        carried, last, rolled = 0.0, max(rule.years), _SAID
        for year in range(rule.base_year, max(plans) + 1):
            actual = self._actual(year)
            opening = self._actual(year - 1)
            opening = closing.get(year - 1, np.nan) if opening is None else opening
            # The sink of the last assessed year is assumed to last, with what is not known of it.
            reason = graver(*(self._why(min(one, last)) for one in (year, year - 1)))
            allowed = np.nan
            if year > rule.base_year:
                allowed = allowed_at(self.assessment, self.values, self.code, year, self.targets, problems)
            if year in plans:
                terms = {**plans[year], **deducted(self.assessment, self.values, self.code, year - 1, year)}
                closing[year] = opening + sum(terms.values())
                amounts: dict[str, float] = {"opening": opening, **terms, "planned_emissions": closing[year]}
                if actual is not None:
                    amounts |= {"adjusted_emissions": actual, "deviation": actual - closing[year]}
                if np.isfinite(allowed):
                    balance = allowed - closing[year]
                    amounts |= {"allowed": allowed, "intensity_balance": balance, "carried_in": carried}
                    amounts["rolled_balance"] = balance + carried
                found += [self._row(year, name, value, reason, rolled) for name, value in amounts.items()]
            ended = actual if actual is not None else closing.get(year, np.nan)
            if year > rule.base_year and np.isfinite(allowed - ended):
                carried, rolled = carried + allowed - ended, graver(rolled, reason)
        return found

    def _why(self, year: int) -> Reason:
        return self.assessment.withheld.get((self.code, year), "")

    def _row(self, year: int, name: str, value: float, reason: Reason, rolled: Reason) -> Row:
        mark: Reason = ""
        if name in ("intensity_balance", "deviation"):
            mark = reason
        elif name in ("carried_in", "rolled_balance"):
            mark = graver(reason, rolled) if name == "rolled_balance" else rolled
        elif name in (*RESTING, "opening", "adjusted_emissions"):
            mark = by_noise([reason])[0]
        blank = mark and name in BALANCES
        basis = "given" if name in measures("budget") else "computed"
        if name in DEDUCTIONS and year > max(self.assessment.rule.years):
            basis = "assumed"
        return (str(year), name, float("nan") if blank else float(value), "t CO2", basis, mark)

    def _actual(self, year: int) -> float | None:
        """Emissions after deductions of an assessed year; of the base year those that the rule compares with."""
        if year == self.assessment.rule.base_year:
            return base_emissions(self.assessment, self.values, self.code)
        return self.values.get((self.code, year, "adjusted_emissions"))


def _levels(net: pd.Series[float], whole: str, names: Mapping[str, str]) -> list[tuple[object, ...]]:
    """Of every year that the region has a plan for: the leagues' changes, and what the region has beyond them."""
    found: list[tuple[object, ...]] = []
    codes = net.index.get_level_values("region_code")
    for year in sorted({year for code, year in net.index if code == whole}):
        leagues = net[(codes != whole) & (net.index.get_level_values("year") == year)]
        if leagues.empty:
            continue
        found += level_rows(float(net[whole, year]), leagues.to_numpy(np.float64), str(year), whole, names)
    return found
