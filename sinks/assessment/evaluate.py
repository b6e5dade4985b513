"""The whole assessment of a project in one call: everything that its section asks for, checked together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd

from sinks.assessment import budget, targets
from sinks.assessment.annual_plan import annual_plans, is_annual
from sinks.assessment.answer import Answer
from sinks.assessment.credit_register import follow_register
from sinks.assessment.dual_control import assess, assessed_regions
from sinks.assessment.errors import AssessmentError
from sinks.assessment.inputs import Inputs, Places, check_complete, check_inputs, read_credit_projects, read_inputs
from sinks.assessment.ledger import audit, check_ledger, deductions
from sinks.assessment.result import Assessment
from sinks.assessment.sink import sink_of
from sinks.assessment.terms import years_and_periods
from sinks.errors import Gather, Problem, Problems, SinksError
from sinks.project.assessment import AssessmentSection
from sinks.project.explain import near
from sinks.project.rules import Rule
from sinks.text import message
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ALL, ecosystems, pools


@dataclass(frozen=True, repr=False)
class Evaluation(Answer):
    """The assessment of a project and the tables beside it; None where the project has no such input.

    Attributes
    ----------
    assessment : Assessment
        Dual control.
    annual_budget : DataFrame
        :func:`sinks.assessment.budget.annual`.
    five_year_budget : DataFrame or None
        :func:`sinks.assessment.budget.five_year`, one block for each plan period.
    ledger : DataFrame or None
        :func:`sinks.assessment.ledger.audit`.
    indicators : DataFrame or None
        :func:`sinks.assessment.targets.follow`.
    credits : DataFrame or None
        Where every credited tonne is (:func:`sinks.assessment.credit_register.follow_register`).
    annual_plans : DataFrame or None
        :func:`sinks.assessment.annual_plan.annual_plans`.
    """

    assessment: Assessment
    annual_budget: pd.DataFrame
    five_year_budget: pd.DataFrame | None = None
    ledger: pd.DataFrame | None = None
    indicators: pd.DataFrame | None = None
    credits: pd.DataFrame | None = None
    annual_plans: pd.DataFrame | None = None

    def glance(self) -> list[pd.DataFrame]:
        """The last year of every region."""
        return [self.assessment.last_year()]

    def printed(self, number: float) -> str:
        return f"{number:,.1f}"

    def remarks(self) -> list[str]:
        near_zero, unjudged = self.assessment.near_zero(), self.assessment.unjudged()
        found = [message("assessment.near_zero", names=near_zero)] if near_zero else []
        return found + [message(f"assessment.withheld_{why}", regions=names) for why, names in unjudged.items()]

    def data(self) -> dict[str, pd.DataFrame]:
        found = {
            "assessment": self.assessment.table,
            "budget_annual": self.annual_budget,
            "budget_five_year": self.five_year_budget,
            "budget_plan": self.annual_plans,
            "ccer_audit": self.ledger,
            "indicators": self.indicators,
            "ccer_holdings": self.credits,
        }
        return {name: table for name, table in found.items() if table is not None}


def evaluate(
    section: AssessmentSection,
    account: pd.DataFrame,
    regions: gpd.GeoDataFrame,
    resolve: Callable[[str], str],
    *,
    draws: Mapping[str, Floats] | None = None,
    doubted: Collection[tuple[str, str]] = (),
    inputs: Inputs | None = None,
) -> Evaluation:
    """Read, check and evaluate everything that the section names.

    Parameters
    ----------
    section : AssessmentSection
    account : DataFrame
        The account table.
    regions : GeoDataFrame
        ``code, name, level, parent`` and polygons.
    resolve : callable
        Makes a path of the section absolute.
    draws : mapping of period to array (n, regions), optional
    doubted : collection of (region_code, period)
        See :func:`sinks.assessment.dual_control.assess`.
    inputs : Inputs, optional
        The tables of the section, where they are read already.

    Raises
    ------
    AssessmentError
        With the problems of all inputs together.
    """
    inputs, rule = inputs or read_section(section, resolve), section.rule
    codes, _ = assessed_regions(account, rule)
    whole = whole_region(regions, codes)
    known = {*account["region_code"], *([] if whole is None else [whole[0]])}
    problems = Problems()
    code = None if whole is None else whole[0]
    _collect(problems, lambda: check_inputs(inputs, codes, known, rule, whole=code, waived=section.waived))
    _collect(problems, lambda: _check_credits(section, inputs, account, regions, resolve, doubted))
    problems.raise_as(AssessmentError)
    ccer = None if inputs.ledger is None else deductions(inputs.ledger, cancelled_returns=rule.cancelled_returns.value)
    result = assess(account, inputs, rule, ccer=ccer, draws=draws, whole=whole, waived=section.waived, doubted=doubted)
    result = _with_open_credits(result, inputs, doubted)
    return Evaluation(
        result,
        budget.annual(result),
        _five_year(result, inputs),
        None if inputs.ledger is None else audit(inputs.ledger, cancelled_returns=rule.cancelled_returns.value),
        None if inputs.observations is None else targets.follow(inputs.targets, inputs.observations),
        None if inputs.credit_register is None else follow_register(inputs.credit_register).holdings,
        _annual_plans(result, inputs),
    )


def check_section(
    section: AssessmentSection,
    regions: gpd.GeoDataFrame,
    area_ha: Mapping[str, float],
    resolve: Callable[[str], str],
    read: Callable[[], Inputs | None],
) -> None:
    """Check all of a section that can be known before there is an account.

    Parameters
    ----------
    section : AssessmentSection
    regions : GeoDataFrame
        ``code, name, level, parent`` and polygons.
    area_ha : mapping of str to float
        Area of each region's polygon, by code. [ha]
    resolve : callable
        Makes a path of the section absolute.
    read : callable
        Gives the tables of the section (:func:`read_section`).

    Raises
    ------
    AssessmentError, LayerError
        With the problems of the rule's words, of all tables, and of tables and regions against each other.
    """
    rule, gather = section.rule, Gather()
    gather(_check_words, rule, regions)
    inputs = gather(read)
    codes = sorted(regions.loc[regions["level"] == rule.level, "code"])
    if inputs is not None and codes:
        whole = whole_region(regions, codes)
        places = Places(dict(zip(regions["code"], regions["name"], strict=True)), area_ha)
        code = None if whole is None else whole[0]
        known = list(regions["code"])
        # Figures may still be missing while an account is made; the assessment asks for all of them.
        gather(
            check_inputs,
            inputs,
            codes,
            known,
            rule,
            whole=code,
            waived=section.waived,
            places=places,
            complete=False,
        )
        if inputs.ledger is not None:
            path = None if section.credit_projects is None else resolve(section.credit_projects)
            projects = gather(read_credit_projects, path)
            if projects is not None:
                gather(check_ledger, projects, inputs.ledger, regions)
    gather.problems.raise_as(AssessmentError)


def check_figures(section: AssessmentSection, regions: gpd.GeoDataFrame, inputs: Inputs) -> None:
    """Refuse a section whose tables lack figures of a region or year that is assessed; see :func:`check_section`."""
    problems = Problems()
    codes = sorted(regions.loc[regions["level"] == section.rule.level, "code"])
    check_complete(inputs, codes, section.rule, problems)
    problems.raise_as(AssessmentError)


def _check_words(rule: Rule, regions: gpd.GeoDataFrame) -> None:
    """Refuse a rule that names a level, an ecosystem or a pool that there is not."""
    problems, levels = Problems(), list(dict.fromkeys(regions["level"]))
    if rule.level not in levels:
        found = {"found": rule.level, "near": near(rule.level, levels)}
        problems.add("assessment.unknown_level", "assessment.rule.level", **found)
    for key, words, known in (
        ("ecosystem", rule.ecosystems.value, ecosystems()),
        ("pool", rule.pools.value, pools()),
    ):
        for one in words:
            if one not in (ALL, *known):
                found = {"found": one, "near": near(one, [ALL, *known])}
                problems.add(f"project.{key}", f"assessment.rule.{key}s", **found)
    problems.raise_as(AssessmentError)


def read_section(section: AssessmentSection, resolve: Callable[[str], str]) -> Inputs:
    """The tables that the section names, read by themselves: what is wrong in them is known before any account is.

    Raises
    ------
    AssessmentError
        With the problems of all tables.
    """
    names = ("emissions", "gdp", "targets", "abatement", "budget", "observations", "ledger", "credit_register")
    paths = {name: resolve(file) for name in names if (file := getattr(section, name)) is not None}
    if section.ledger is not None and section.credit_register is not None:
        raise AssessmentError(Problem("assessment.register_and_ledger", "assessment.credit_register"))
    inputs = read_inputs(paths, encoding=section.encoding)
    if inputs.credit_register is None:
        return inputs
    both = follow_register(inputs.credit_register)
    return replace(inputs, ledger=both.ledger, received=both.received)


def sink_by_year(account: pd.DataFrame, rule: Rule, doubted: Collection[tuple[str, str]] = ()) -> pd.DataFrame:
    """The sink within the rule's scope: ``region_code, year, value`` [t CO2], for the years that have one.

    Regions and years whose sink may be the noise of the maps (``doubted``: code and account period) are left out.
    """
    codes, _ = assessed_regions(account, rule)
    periods = {year: period for year, period in years_and_periods(rule, account).items() if period is not None}
    sink = sink_of(account, codes, sorted(set(periods.values())), rule, n=0)
    rows = [
        pd.DataFrame({"region_code": codes, "year": year, "value": sink.values[period][:, 0]})
        for year, period in periods.items()
    ]
    table = pd.concat(rows, ignore_index=True)
    told = [
        (code, periods[year]) not in doubted for code, year in zip(table["region_code"], table["year"], strict=True)
    ]
    return table[told].reset_index(drop=True)


def _with_open_credits(result: Assessment, inputs: Inputs, doubted: Collection[tuple[str, str]]) -> Assessment:
    """With a note of the regions whose credited tonnes were not held against the sink, which may be noise."""
    places = {code for code, _ in doubted} & set([] if inputs.ledger is None else inputs.ledger["region_code"])
    if not places:
        return result
    regions = [name for code, name in result.names().items() if code in places]
    return replace(
        result, notes=(*result.notes, Problem("assessment.note_credits_open", "ledger", {"regions": regions}))
    )


def _collect(problems: Problems, check: Callable[[], None]) -> None:
    try:
        check()
    except SinksError as error:
        problems.extend(error)


def _check_credits(
    section: AssessmentSection,
    inputs: Inputs,
    account: pd.DataFrame,
    regions: gpd.GeoDataFrame,
    resolve: Callable[[str], str],
    doubted: Collection[tuple[str, str]],
) -> None:
    """Credited tonnes need the polygons of their projects, else nobody can see whether two of them overlap.

    A sink that may be noise shows neither that they are too many nor that they are not.
    """
    if inputs.ledger is None:
        return
    projects = read_credit_projects(None if section.credit_projects is None else resolve(section.credit_projects))
    sink = sink_by_year(account, section.rule, doubted)
    check_ledger(projects, inputs.ledger, regions, sink, waived=section.waived)


def whole_region(regions: gpd.GeoDataFrame, codes: Sequence[str]) -> tuple[str, str] | None:
    """The region that consists of exactly the assessed ones, if there is one."""
    for code, children in regions.groupby("parent")["code"]:
        if code and set(children) == set(codes) and len(codes) > 1:
            found = regions.loc[regions["code"] == code, "name"]
            return (str(code), str(found.iloc[0])) if len(found) else None
    return None


def _five_year(result: Assessment, inputs: Inputs) -> pd.DataFrame | None:
    if inputs.budget is None:
        return None
    periods = sorted(year for year in set(inputs.budget["year"]) if not is_annual(year))
    blocks = [budget.five_year(result, inputs.budget, period, inputs.targets) for period in periods]
    return pd.concat(blocks, ignore_index=True) if blocks else None


def _annual_plans(result: Assessment, inputs: Inputs) -> pd.DataFrame | None:
    if inputs.budget is None or not inputs.budget["year"].map(is_annual).any():
        return None
    return annual_plans(result, inputs.budget, inputs.targets)
