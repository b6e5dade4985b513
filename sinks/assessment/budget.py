"""Carbon budget of the region and its leagues: what is allowed, what is planned, what is left.

Increments are positive and reductions negative. The intensity balance is rigid: emissions after deductions may not
exceed what the target allows. The balance of totals is elastic: it is shown against the expected total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sinks.assessment.equations import allowed_emissions, reduction, required_reduction
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import measures, records
from sinks.assessment.result import Assessment
from sinks.assessment.withheld import Reason, by_noise, graver
from sinks.errors import Problem, Problems
from sinks.vocabulary import ALL

COLUMNS = ("region_code", "region_name", "year", "quantity", "value", "unit", "basis", "withheld")

Values = Mapping[tuple[str, int, str], float]
"""Values of an assessment by region, year and quantity."""

DEDUCTIONS = {"abatement_projects": "abatement", "ecosystem_sink": "sink_counted", "credits_used": "ccer_received"}
"""What is taken off emissions, by the term of the assessment: more of it is a reduction."""

ANNUAL = ("allowed", "adjusted_emissions", "room", "carried_over")


@dataclass(frozen=True)
class Position:
    """A league in a year: its base, its target and where it stands.

    Attributes
    ----------
    base_emissions, base_gdp : float
        Of the base year under the rule [t CO2, 10^4 CNY].
    emissions, gdp : float
        After deductions, of the year.
    required : float
        Reduction of the intensity that the path requires.
    """

    base_emissions: float
    base_gdp: float
    emissions: float
    gdp: float
    required: float

    @property
    def allowed(self) -> float:
        """Emissions after deductions that the path allows [t CO2]."""
        return allowed_emissions(self.base_emissions / self.base_gdp, self.required, self.gdp)

    @property
    def room(self) -> float:
        """What is left under the path [t CO2]; negative when it is exceeded."""
        return self.allowed - self.emissions

    @property
    def change(self) -> float:
        """Reduction of the intensity, a fraction."""
        values = (np.asarray(v) for v in (self.emissions, self.gdp, self.base_emissions, self.base_gdp))
        return float(reduction(*values))

    def with_project(self, emissions: float, value_added: float) -> Position:
        """The same league with a new project of the given yearly emissions [t CO2] and value added [10^4 CNY]."""
        return Position(
            self.base_emissions, self.base_gdp, self.emissions + emissions, self.gdp + value_added, self.required
        )


def positions(assessment: Assessment) -> dict[tuple[str, int], Position]:
    """Positions of every region that has a target, by region and year."""
    values, base_year = assessment.values(), assessment.rule.base_year
    found = {}
    for code, year, quantity in values:
        if quantity == "required_change":
            found[code, year] = Position(
                base_emissions(assessment, values, code),
                values[code, base_year, "gdp"],
                values[code, year, "adjusted_emissions"],
                values[code, year, "gdp"],
                values[code, year, quantity],
            )
    return found


def base_emissions(assessment: Assessment, values: Values, code: str) -> float:
    """Emissions of the base year that the rule compares with: net of the sink only under a net-net rule [t CO2]."""
    year = assessment.rule.base_year
    if assessment.rule.baseline.value == "net_net":
        return values[code, year, "adjusted_emissions"]
    return values[code, year, "emissions"] - values[code, year, "abatement"]


def annual(assessment: Assessment) -> pd.DataFrame:
    """The yearly budget: allowed and actual emissions after deductions, room, and room carried over.

    Room carried over at the end of a plan is the sum of what was allowed less the sum of what was emitted.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, quantities :data:`ANNUAL` [t CO2].  Room is blank, and ``withheld`` says why, in years whose
        verdict is withheld, and so is the room carried over from them.
    """
    names = assessment.names()
    rows: list[tuple[object, ...]] = []
    carried: dict[str, float] = {}
    whole: dict[str, Reason] = {}
    for (code, year), at in sorted(positions(assessment).items()):
        why = assessment.withheld.get((code, year), "")
        carried[code] = carried.get(code, 0.0) + at.room
        whole[code] = graver(whole.get(code, ""), why)
        judged = {"room": why, "carried_over": whole[code]}
        for quantity, value in zip(ANNUAL, (at.allowed, at.emissions, at.room, carried[code]), strict=True):
            reason = judged.get(quantity, _noise(why))
            shown = np.nan if reason and quantity in judged else value
            rows.append((code, names[code], str(year), quantity, shown, "t CO2", "computed", reason))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _noise(reason: Reason) -> Reason:
    """Why an amount is no result, where it is none: one without an interval is still an amount."""
    return by_noise([reason])[0]


def five_year(assessment: Assessment, plan: pd.DataFrame, period: str, targets: pd.DataFrame) -> pd.DataFrame:
    """The budget of a plan period, league by league and for their sum.

    Emissions at the end of the plan are those of the base year, plus the planned increments and reductions, less what
    abatement projects, the counted sink and credits used for new projects have gained by the last assessed year, which
    is assumed to last.  Credits count as in the assessment: document 94 of 2023 puts all reductions, those of certified
    ecosystem projects that serve new projects included, into one budget.

    Parameters
    ----------
    assessment : Assessment
    plan : DataFrame
        The parsed table ``budget``: change of yearly emissions by kind.
    period : str
        For example ``"2021-2025"``.
    targets : DataFrame
        The parsed table ``targets``.

    Returns
    -------
    DataFrame
        :data:`COLUMNS` [t CO2]: base, one row for each kind, planned, ``allowed`` and ``intensity_balance`` where the
        region has a target, ``expected_total`` and ``elastic_balance`` where it has one. Where the region above the
        leagues has a plan of its own, ``leagues_planned`` and ``level_gap``: what it has beyond the sum of theirs. Sums
        over the leagues stand under the region ``all``, for what every one of them has: the allowance of some less the
        plans of all would be no balance.  Balances are blank, and ``withheld`` says why, where the verdict of the last
        year is withheld.

    Raises
    ------
    AssessmentError
        No plan for the period, or a target year beyond the GDP figures without a growth rate in the rule.
    """
    rows = plan[plan["year"] == period]
    if rows.empty:
        raise AssessmentError(
            Problem("assessment.no_plan", "budget", {"period": period, "found": sorted(set(plan["year"]))})
        )
    end, names, values = int(period[-4:]), assessment.names(), assessment.values()
    planned = rows.pivot_table(index="region_code", columns="quantity", values="value", aggfunc="sum", fill_value=0.0)
    problems, found = Problems(), []
    if strange := sorted(set(planned.index) - set(names)):
        raise AssessmentError(Problem("assessment.plan_region", "budget", {"regions": strange}))
    for code in planned.index:
        kinds = {kind: float(planned.loc[code].get(kind, 0.0)) for kind in measures("budget")}
        found += _league(assessment, values, str(code), kinds, end, targets, problems)
    problems.raise_as(AssessmentError)
    table = pd.DataFrame(found, columns=["region_code", "quantity", "value", "basis"])
    last = max(assessment.rule.years)
    table = _without_balance(table, [assessment.withheld.get((code, last), "") for code in table["region_code"]])
    # A plan of the region stands beside those of its leagues and is no part of their sum.
    levels = assessment.whole in planned.index and len(planned) > 1
    total = _sum_of(table[table["region_code"] != assessment.whole] if levels else table, len(planned) - levels)
    table = pd.concat([table, total], ignore_index=True)
    table = table.assign(region_name=table["region_code"].map(names).fillna(""), year=period, unit="t CO2")
    if levels and assessment.whole is not None:
        net = planned.sum(axis=1)
        two = level_rows(float(net[assessment.whole]), net.drop(assessment.whole), period, assessment.whole, names)
        table = pd.concat([table, pd.DataFrame(two, columns=list(COLUMNS))], ignore_index=True)
    return table[list(COLUMNS)]


def _sum_of(leagues: pd.DataFrame, count: int) -> pd.DataFrame:
    """Sums of what all ``count`` regions have; what is withheld of one is not known of the sum."""
    groups = leagues.groupby("quantity", sort=False)
    sums = groups["value"].agg(["sum", "size", "count"]).assign(withheld=groups["withheld"].agg(lambda r: graver(*r)))
    sums["value"] = sums["sum"].where(sums["count"] == sums["size"])
    total = sums.loc[sums["size"] == count, ["value", "withheld"]].reset_index()
    return total.assign(region_code=ALL, basis="computed")


def level_rows(
    own: float, leagues: Sequence[float] | pd.Series[float], period: str, whole: str, names: Mapping[str, str]
) -> list[tuple[object, ...]]:
    """Rows of the region above, in :data:`COLUMNS`: its leagues' planned changes, and its own less their sum."""
    total, name = float(np.sum(leagues)), names.get(whole, "")
    return [
        (whole, name, period, "leagues_planned", total, "t CO2", "computed", ""),
        (whole, name, period, "level_gap", own - total, "t CO2", "computed", ""),
    ]


RESTING = ("ecosystem_sink", "planned_emissions", "elastic_balance", "intensity_balance")
"""Quantities of a plan period that rest on the sink of the last year."""


def _without_balance(table: pd.DataFrame, reasons: list[Reason]) -> pd.DataFrame:
    """The rows with why each is no result; balances that are none are blank.

    The balance of totals is elastic and judges nothing, so that it stands without an interval.
    """
    both = zip(table["quantity"], reasons, strict=True)
    marks: list[Reason] = [
        reason if quantity == "intensity_balance" else _noise(reason) if quantity in RESTING else ""
        for quantity, reason in both
    ]
    blank = table["quantity"].isin(["intensity_balance", "elastic_balance"]) & (pd.Series(marks, table.index) != "")
    return table.assign(value=table["value"].mask(blank), withheld=marks)


def _league(
    assessment: Assessment,
    values: Values,
    code: str,
    kinds: dict[str, float],
    end: int,
    targets: pd.DataFrame,
    problems: Problems,
) -> list[tuple[str, str, float, str]]:
    base_year, last = assessment.rule.base_year, max(assessment.rule.years)
    start = base_emissions(assessment, values, code)
    kinds = kinds | deducted(assessment, values, code, base_year, last)
    planned = start + sum(kinds.values())
    rows = [(code, "base_emissions", start, "computed")]
    rows += [(code, kind, value, "computed" if kind not in measures("budget") else "given")
             for kind, value in kinds.items()]  # fmt: skip
    rows.append((code, "planned_emissions", planned, "computed"))
    allowed = allowed_at(assessment, values, code, end, targets, problems)
    if target_of(targets, code, "intensity_reduction") is not None:
        rows += [(code, "allowed", allowed, "computed"), (code, "intensity_balance", allowed - planned, "computed")]
    expected = target_of(targets, code, "expected_total")
    if expected is not None:
        rows += [(code, "expected_total", float(expected["value"]), "given"),
                 (code, "elastic_balance", float(expected["value"]) - planned, "computed")]  # fmt: skip
    return rows


def deducted(assessment: Assessment, values: Values, code: str, first: int, year: int) -> dict[str, float]:
    """Changes of what is taken off emissions between two years [t CO2]; a deduction that grows is a reduction."""
    rule, found = assessment.rule, {}
    gross = rule.baseline.value != "net_net"
    for name, term in DEDUCTIONS.items():
        now = values.get((code, year, term))
        before = values.get((code, first, term), 0.0)
        # What the base year is compared without begins in the year after it.
        if gross and first == rule.base_year and name != "abatement_projects":
            before = 0.0
        if now is not None and np.isfinite(now - before):
            found[name] = before - now
        elif name != "credits_used":
            found[name] = 0.0
    return found


def allowed_at(
    assessment: Assessment, values: Values, code: str, year: int, targets: pd.DataFrame, problems: Problems
) -> float:
    """Emissions after deductions that the path of the intensity allows in a year [t CO2]; NaN without a target."""
    target = target_of(targets, code, "intensity_reduction")
    if target is None:
        return float("nan")
    base = assessment.rule.base_year
    gdp = gdp_at(assessment, values, year, code, problems)
    span = float(target["target_year"] - target["base_year"])
    required = float(required_reduction(target["value"], min(float(year - base), span), span))
    return allowed_emissions(base_emissions(assessment, values, code) / values[code, base, "gdp"], required, gdp)


def gdp_at(assessment: Assessment, values: Values, end: int, code: str, problems: Problems) -> float:
    """GDP of the last year of the plan, carried on by the rule's growth rate where there is no figure yet."""
    gdp = {year: value for (region, year, quantity), value in values.items() if (region, quantity) == (code, "gdp")}
    if end in gdp:
        return gdp[end]
    last = max(gdp)
    growth = assessment.rule.gdp_growth
    if growth is None:
        problems.add("assessment.no_growth", code, year=end, last=last)
        return float("nan")
    return float(gdp[last]) * (1 + growth.value) ** (end - last)


def target_of(targets: pd.DataFrame, code: str, indicator: str) -> dict[str, Any] | None:
    rows = targets[(targets["region_code"] == code) & (targets["indicator"] == indicator)]
    return records(rows)[0] if len(rows) else None
