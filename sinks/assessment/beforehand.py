"""What the parts of an assessment need of each other, as far as it is known before there is an account.

An account is a long way to find out that a plan names a league that there is not, or that no period has the sink of an
assessed year.  All of it follows from the tables, the rule, the regions and the dates.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sinks.assessment import targets
from sinks.assessment.annual_plan import plan_gaps
from sinks.assessment.errors import AssessmentError
from sinks.assessment.inputs import Inputs
from sinks.assessment.terms import periods_of_years
from sinks.errors import Gather, Problem, Problems
from sinks.project.rules import Rule


def check_beforehand(
    inputs: Inputs, rule: Rule, codes: Collection[str], whole: str | None, periods: Sequence[str], *, draws: bool
) -> None:
    """Check rule, plans, targets and observations against each other and against the periods of the account.

    Parameters
    ----------
    inputs : Inputs
    rule : Rule
    codes : collection of str
        Regions that are assessed.
    whole : str or None
        The region that is the sum of them.
    periods : sequence of str
        Periods for which the account will have a sink.
    draws : bool
        Whether the account will have intervals.

    Raises
    ------
    AssessmentError
        With everything found.
    """
    gather = Gather()
    gather(periods_of_years, rule, periods)
    if rule.uncertainty_deduction.value and not draws:
        values = {"period": "-", "regions": sorted(codes)}
        gather.problems.add("assessment.no_interval", "project.draws", **values)
    if inputs.budget is not None:
        gather(_check_budget, inputs, rule, codes, whole)
    if inputs.observations is not None:
        gather(targets.follow, inputs.targets, inputs.observations)
    gather.problems.raise_as(AssessmentError)


def _check_budget(inputs: Inputs, rule: Rule, codes: Collection[str], whole: str | None) -> None:
    """Plans are of assessed regions, follow on a known year, and reach no further than GDP is known."""
    assert inputs.budget is not None
    problems, planned = Problems(), set(inputs.budget["region_code"])
    known = {*codes, *([whole] if whole else [])}
    if strange := sorted(planned - known):
        problems.add("assessment.plan_region", "budget", regions=strange)
    for code, first in plan_gaps(inputs.budget, rule.all_years):
        problems.add("assessment.plan_gap", "budget", region=code, year=first, before=first - 1)
    aimed = set(inputs.targets.loc[inputs.targets["indicator"] == "intensity_reduction", "region_code"])
    gdp = inputs.gdp[inputs.gdp["quantity"] == "gdp"]
    last = gdp.groupby("region_code")["year"].max()
    for code in sorted(planned & aimed & known) if rule.gdp_growth is None else ():
        own = inputs.budget[inputs.budget["region_code"] == code]
        end = max(int(period[-4:]) for period in own["year"])
        year = last.min() if code == whole else last.get(code)
        # Figures of assessed years may still be missing, which is said of them and not of the plan.
        reached = max(int(year), *rule.all_years) if year is not None else end
        if end > reached:
            problems.add("assessment.no_growth", code, year=end, last=reached)
    problems.raise_as(AssessmentError)


def missing_assessment(error: AssessmentError) -> list[Problem]:
    """Why an account has no assessment, as notes of its checks: one for each thing that stood in its way."""
    # The problem itself is kept and not its words, which are read in either language later.
    return [Problem("checks.no_assessment", "assessment", {"reason": problem}) for problem in error.problems]
