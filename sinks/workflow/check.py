"""What is checked of a project before its pass: one list, for ``sinks check`` and for ``sinks run`` alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sinks.account.adjusted_areas import check_adjustable
from sinks.errors import Gather, LayerError, MethodologyError, ProjectError
from sinks.layers.layer_states import LayerStates
from sinks.project.base import STATIC
from sinks.project.project import Project
from sinks.uncertainty.confusion_matrix import ConfusionMatrix, read_matrix
from sinks.uncertainty.correlations import Correlation, check_correlations
from sinks.vocabulary import ecosystems
from sinks.workflow.prepare import Prepared
from sinks.workflow.tabulate_layers import blank_activity, layer_states


def check(prepared: Prepared) -> list[LayerStates]:
    """Check everything that can be known before the rasters are read through.

    Returns
    -------
    list of LayerStates
        Stands and statistics, which are read in whole.

    Raises
    ------
    ProjectError
        With every problem found.
    """
    gather = Gather()
    states = gather(layer_states, prepared)
    for one in CHECKS:
        gather(one, prepared)
    gather.problems.raise_as(ProjectError)
    return states or []


def check_layers(prepared: Prepared) -> list[LayerStates]:
    """The part of :func:`check` that an activity table needs."""
    gather = Gather()
    states = gather(layer_states, prepared)
    gather(check_needs, prepared)
    gather.problems.raise_as(ProjectError)
    return states or []


def check_needs(prepared: Prepared) -> None:
    """Refuse methodologies that need strata, inputs or choices that no raster layer gives, before there are any rows.

    Stands and statistics bring columns that their own files decide, so projects with them are checked by the account.

    Raises
    ------
    MethodologyError
        With what every methodology lacks.
    """
    if prepared.land_cover is None or prepared.vectors or prepared.tables:
        return
    activity = blank_activity(prepared)
    gather = Gather()
    for entry in prepared.entries:
        rows = activity.states if entry.method.acts_on == "state" else activity.changes
        if len(rows.columns):
            gather(entry.method.check_columns, rows, entry.ecosystems, entry.pools)
    gather.problems.raise_as(MethodologyError)


def check_rasters(prepared: Prepared) -> None:
    """Refuse rasters that do not fit the regions or each other, without reading them through.

    Raises
    ------
    LayerError
    """
    from sinks.tabulation import check_layers

    if prepared.land_cover is not None:
        strata = (*prepared.strata, *prepared.history)
        check_layers(prepared.regions.units, prepared.land_cover, strata=strata, inputs=prepared.inputs)


def check_accuracy(prepared: Prepared) -> None:
    """Refuse an accuracy assessment that cannot be used.

    Raises
    ------
    LayerError
        A confusion matrix is at fault, or is missing where the account is to be made of adjusted areas.
    """
    matrices, accuracy = confusion_matrices(prepared.project), prepared.project.accuracy
    if accuracy is not None and accuracy.adjust:
        check_adjustable(prepared.entries, prepared.project.dates, matrices)


def check_assessment(prepared: Prepared) -> None:
    """Read the tables of the assessment; whether they fit the account is known when there is one."""
    from sinks.assessment.evaluate import read_section

    if prepared.project.assessment is not None:
        read_section(prepared.project.assessment, prepared.project.path)


def declared_correlations(prepared: Prepared) -> list[Correlation]:
    """Correlations that the project declares between parameters.

    Raises
    ------
    ParameterError
        They do not fit the parameter tables that the project uses.
    """
    sections = prepared.project.correlations
    found = [Correlation(section.methodology, section.parameters, section.coefficient) for section in sections]
    check_correlations(found, [entry.method for entry in prepared.entries])
    return found


def confusion_matrices(project: Project) -> dict[str, ConfusionMatrix]:
    """The confusion matrix of the land-cover map at each date for which there is one.

    Raises
    ------
    LayerError
        With what is wrong with any of them.
    """
    if project.accuracy is None:
        return {}
    gather, by_date = Gather(), project.accuracy.by_date
    read = {name: gather(read_matrix, project.path(name), tuple(ecosystems())) for name in by_date.values()}
    gather.problems.raise_as(LayerError)
    names = {date: by_date.get(date, by_date.get(STATIC)) for date in project.dates}
    return {date: matrix for date, name in names.items() if name and (matrix := read[name]) is not None}


def with_notes(prepared: Prepared, states: list[LayerStates]) -> Prepared:
    """The project with all that was noted of its regions and layers."""
    return replace(prepared, notes=(*prepared.regions.notes, *(note for layer in states for note in layer.notes)))


CHECKS: tuple[Callable[[Prepared], object], ...] = (
    check_needs,
    check_rasters,
    check_accuracy,
    declared_correlations,
    check_assessment,
)
