"""From a project's activity table to its account, and from the account to dual control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from sinks.account.account import Account, AccountInputs
from sinks.account.adjusted_areas import AdjustedAreas
from sinks.account.density_scale import with_density_scale
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.noise_of_maps import withheld_of
from sinks.errors import Problem
from sinks.project.project import Project
from sinks.uncertainty.confusion_matrix import adjusted_areas
from sinks.uncertainty.draws import Draws, Floats, InputUncertainty
from sinks.vocabulary import MONTHS, month_id
from sinks.workflow.check import confusion_matrices, declared_correlations
from sinks.workflow.land_survey import project_factors
from sinks.workflow.prepare import Prepared

if TYPE_CHECKING:
    from sinks.assessment.evaluate import Evaluation
    from sinks.assessment.inputs import Inputs


@dataclass(frozen=True)
class ProjectInputs:
    """What the accounts of a project are made from.

    Attributes
    ----------
    mapped : Activity
        Areas as the layers have them.
    inputs : AccountInputs
        The same on the areas that the project asks for.
    survey : DataFrame or None
        What densities were scaled by, to the areas of a land survey; None where they are those of the parameters.
    areas : AdjustedAreas or None
        Areas corrected by the confusion matrices; None where the project keeps those of the map.
    draws : Draws or None
        Draws for the intervals; None when the project wants none.
    """

    mapped: Activity
    inputs: AccountInputs
    areas: AdjustedAreas | None
    draws: Draws | None
    survey: pd.DataFrame | None = None

    @property
    def hierarchy(self) -> Hierarchy:
        """Regions and the units inside them."""
        return self.inputs.hierarchy


def account_inputs(prepared: Prepared, activity: Activity) -> ProjectInputs:
    """Adjust the areas where the project asks for it, and declare what is uncertain."""
    hierarchy = Hierarchy.of(prepared.regions.frame)
    project, accuracy = prepared.project, prepared.project.accuracy
    areas, used = None, activity
    if accuracy is not None and accuracy.adjust:
        areas = AdjustedAreas.of(activity, hierarchy, confusion_matrices(project))
        used = areas.apply(activity, hierarchy)
    factors = project_factors(prepared, activity)
    if factors is not None:
        used = with_density_scale(used, factors)
    inputs = _inputs(prepared, used, hierarchy)
    return ProjectInputs(activity, inputs, areas, _draws(prepared, areas), factors)


def make_account(prepared: Prepared, given: ProjectInputs) -> Account:
    """The account of record, and the methodologies beside it; with the draws of the sink that the rule counts.

    Raises
    ------
    AccountError
        With every gap of every parameter table.
    """
    section = prepared.project.assessment
    counted = None if section is None else (section.rule.ecosystems.value, section.rule.pools.value)
    return given.inputs.account(prepared.entries, given.draws, counted)


def assess(
    prepared: Prepared,
    given: ProjectInputs,
    table: pd.DataFrame,
    noise: pd.DataFrame,
    project: Project | None = None,
    counted: Mapping[str, Floats] | None = None,
    inputs: Inputs | None = None,
) -> Evaluation | None:
    """Dual control of an account, with the account's own draws of the sink that the rule counts.

    Parameters
    ----------
    prepared : Prepared
    given : ProjectInputs
        What the account was made from.
    table : DataFrame
        The account.
    noise : DataFrame
        The sink by class densities beside the noise of the maps, of the same account.
    project : Project, optional
        Whose ``[assessment]`` to take, with the files it names; that of this account when left out.
    counted : mapping of period to array (n, regions), optional
        Draws of the sink that the rule counts, which :func:`make_account` keeps; they are made again when left out.
    inputs : Inputs, optional
        Other tables than those of the project's own assessment.

    Returns
    -------
    Evaluation or None
        None when the project has no ``[assessment]``.

    Raises
    ------
    SinksError
        Its tables are at fault, or do not fit the account.
    """
    own = inputs or (prepared.assessment_inputs if project is None else None)
    project = project or prepared.project
    section = project.assessment
    if section is None:
        return None
    from sinks.assessment.dual_control import assessed_regions
    from sinks.assessment.evaluate import evaluate

    drawn, scope = None, (section.rule.ecosystems.value, section.rule.pools.value)
    if given.draws is not None:
        codes, _ = assessed_regions(table, section.rule)
        places = pd.Index(given.hierarchy.regions["code"]).get_indexer(pd.Index(codes))
        if counted is None:
            counted = given.inputs.removals(prepared.entries, given.draws, *scope)
        drawn = {period: draws[:, places] for period, draws in counted.items()}
    doubted = withheld_of(noise, table, prepared.entries, *scope)
    frame = prepared.regions.frame
    return evaluate(section, table, frame, project.path, draws=drawn, doubted=doubted, inputs=own)


def assess_or_say(
    prepared: Prepared, given: ProjectInputs, account: Account, noise: pd.DataFrame
) -> tuple[Evaluation | None, list[Problem]]:
    """Dual control of an account, or why there is none: what an account says is not lost over a table beside it."""
    from sinks.assessment.beforehand import missing_assessment
    from sinks.assessment.errors import AssessmentError

    counted = account.counted if given.draws else None
    try:
        return assess(prepared, given, account.table, noise, counted=counted), []
    except AssessmentError as error:
        return None, missing_assessment(error)


def adjusted_areas_beside(prepared: Prepared, given: ProjectInputs) -> pd.DataFrame:
    """Error-adjusted areas beside those of the map (:func:`sinks.uncertainty.confusion_matrix.adjusted_areas`)."""
    mapped = _inputs(prepared, given.mapped, given.hierarchy)
    return adjusted_areas(mapped.account(()).table, confusion_matrices(prepared.project))


def _inputs(prepared: Prepared, activity: Activity, hierarchy: Hierarchy) -> AccountInputs:
    project = prepared.project
    return AccountInputs(
        activity,
        hierarchy,
        project.dates,
        project.periods,
        project.area_source,
        project.no_carbon,
        project.project.interval_share,
    )


def _draws(prepared: Prepared, areas: AdjustedAreas | None) -> Draws | None:
    project = prepared.project
    if not project.project.draws:
        return None
    months = [(month_id(name, m), section) for name, section in project.monthly_inputs.items() for m in MONTHS]
    inputs = {
        name: InputUncertainty(section.uncertainty, section.dates_correlated)
        for name, section in (*project.inputs.items(), *months, *project.derived_inputs.items())
        if section.uncertainty is not None
    }
    methods = [entry.method for entry in prepared.entries]
    return Draws(project.project.draws, project.project.seed, inputs, declared_correlations(prepared), areas, methods)
