"""The land survey of a project: its check before the pass, the factors of densities, and the table of areas."""

from __future__ import annotations

import pandas as pd

from sinks.account.account import Entry
from sinks.account.density_scale import check_scalable
from sinks.activity import LAND_COVER, Activity
from sinks.analysis.land_survey import compared_areas, density_factors, survey_notes
from sinks.errors import Gather, LayerError, Problem
from sinks.workflow.prepare import Prepared


def check_land_survey(prepared: Prepared) -> None:
    """Refuse a land survey whose regions, classes and years do not fit, or a scale that cannot reach all densities.

    Raises
    ------
    LayerError, AssessmentError, AccountError
    """
    gather, section = Gather(), prepared.project.land_survey
    gather(lambda: prepared.land_survey)
    if section is not None and section.scale_densities is not None:
        wrong = sorted({entry.method.id for entry in _on_the_map(prepared) if not _on_densities(entry)})
        adjusted = prepared.project.accuracy is not None and prepared.project.accuracy.adjust
        gather(check_scalable, wrong, adjusted=adjusted)
    gather.problems.raise_as(LayerError)


def project_factors(prepared: Prepared, activity: Activity) -> pd.DataFrame | None:
    """What densities are scaled by, where the project asks for it; areas are never scaled.

    Raises
    ------
    AccountError
        As of :func:`sinks.analysis.land_survey.density_factors`.
    """
    section, survey = prepared.project.land_survey, prepared.land_survey
    if section is None or survey is None or section.scale_densities is None:
        return None
    states = activity.states
    mapped = states[(states["source"] == LAND_COVER) & (states["date"] == section.scale_densities)]
    lands = sorted({land for entry in _on_the_map(prepared) for land in entry.ecosystems})
    return density_factors(survey, section.scale_densities, mapped, lands)


def survey_beside(
    prepared: Prepared, account: pd.DataFrame, factors: pd.DataFrame | None
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """The table ``land_survey`` of a run, and what a reader must know of it; nothing without a survey."""
    section, survey = prepared.project.land_survey, prepared.land_survey
    if section is None or survey is None:
        return {}, []
    table = compared_areas(survey, account, factors)
    return {"land_survey": table}, survey_notes(table, section.scale_densities)


def _on_the_map(prepared: Prepared) -> list[Entry]:
    return [entry for entry in prepared.entries if entry.role == "record" and entry.source == LAND_COVER]


def _on_densities(entry: Entry) -> bool:
    kinds = {entry.method.kind(pool) for pool in entry.pools}
    return entry.method.acts_on == "state" and kinds <= {"density", "flux"}
