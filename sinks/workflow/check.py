"""What is checked of a project before its pass: one list, for ``sinks check`` and for ``sinks run`` alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sinks.account.adjusted_areas import check_adjustable
from sinks.account.hierarchy import Hierarchy
from sinks.assessment.errors import AssessmentError
from sinks.assessment.inputs import Places
from sinks.errors import Gather, LayerError, MethodologyError, Problem, Problems, ProjectError
from sinks.layers.layer_states import LayerStates
from sinks.project.base import STATIC
from sinks.project.planning import PotentialSection, RestorationSection
from sinks.project.project import Project
from sinks.project.projection import ProjectionSection
from sinks.uncertainty.confusion_matrix import ConfusionMatrix, read_matrix
from sinks.uncertainty.correlations import Correlation, check_correlations
from sinks.vocabulary import ecosystems
from sinks.workflow.derived_strata import mapping_of
from sinks.workflow.given_once import check_ages, notes_of_dates, sources_without_dates
from sinks.workflow.land_survey import check_land_survey
from sinks.workflow.prepare import Prepared
from sinks.workflow.tabulate_layers import blank_activity, layer_states, strata_maps
from sinks.workflow.undeclared_zeros import notes_of_zeros

if TYPE_CHECKING:
    from sinks.methodology import Bound
    from sinks.projection.tables import Plans


def check(prepared: Prepared, *, to_run: bool = False) -> list[LayerStates]:
    """Check everything that can be known before the rasters are read through.

    Parameters
    ----------
    prepared : Prepared
    to_run : bool
        Whether the account is made right after: then the assessment must have all of its figures.

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
    if to_run and not len(gather.problems):
        gather(check_figures, prepared)
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

    Stands and statistics bring columns that their own files decide, so projects with them are checked by the account;
    the tables of derived strata are read all the same.

    Raises
    ------
    MethodologyError
        With what every methodology lacks.
    ProjectError
        With what is wrong with a table of derived strata.
    """
    if prepared.land_cover is None or prepared.vectors or prepared.tables:
        strata_maps(prepared)
        return
    activity = blank_activity(prepared)
    gather = Gather()
    for entry in prepared.entries:
        rows = activity.states if entry.method.acts_on == "state" else activity.changes
        if len(rows.columns):
            gather(entry.method.check_columns, rows, entry.ecosystems, entry.pools)
    gather.problems.raise_as(MethodologyError)


def check_history(prepared: Prepared) -> None:
    """Refuse methodologies that carry something on from earlier dates where the project does without those.

    Raises
    ------
    MethodologyError
    """
    if prepared.project.project.land_history:
        return
    carrying = {entry.method.id for entry in prepared.entries if entry.method.methodology.carried}
    problems = (Problem("methodology.needs_history", name) for name in sorted(carrying))
    if found := tuple(problems):
        raise MethodologyError(*found)


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
    """Refuse an assessment whose rule, tables and regions do not go together.

    Raises
    ------
    AssessmentError, LayerError
        What only an account can show, such as a year without a sink, is left to the assessment itself.
    """
    from sinks.assessment.evaluate import check_section

    section, regions = prepared.project.assessment, prepared.regions
    if section is not None:
        read = lambda: prepared.assessment_inputs  # noqa: E731  # read within, so that its problems join the others
        check_section(section, regions.frame, _areas(prepared), prepared.project.path, read)


def check_needs_of_assessment(prepared: Prepared) -> None:
    """Refuse an assessment whose parts lack what they need of each other, of the dates and of the draws.

    Raises
    ------
    AssessmentError
    """
    from sinks.assessment.beforehand import check_beforehand
    from sinks.assessment.evaluate import whole_region

    section, project = prepared.project.assessment, prepared.project
    gather = Gather()
    # What is wrong with the tables themselves is said by the check of the section.
    inputs = gather(lambda: prepared.assessment_inputs)
    if section is None or inputs is None:
        return
    frame, rule = prepared.regions.frame, section.rule
    codes = sorted(frame.loc[frame["level"] == rule.level, "code"])
    whole = whole_region(frame, codes) if codes else None
    periods = [f"{first}-{last}" for first, last in project.periods]
    if any(not entry.is_difference for entry in prepared.entries if entry.role == "record"):
        periods += project.dates
    own, draws = None if whole is None else whole[0], project.project.draws > 0
    check_beforehand(inputs, rule, codes, own, sorted(periods), draws=draws)


def check_plans(prepared: Prepared) -> None:
    """Refuse plans and derived strata whose words no layer has, or whose files cannot be used.

    Raises
    ------
    AssessmentError, LayerError
    """
    from sinks.planning.words import check_map
    from sinks.workflow.known_layers import known_layers

    project, gather = prepared.project, Gather()
    for target, section in project.derive.items():
        mapping = gather(mapping_of, project, target)
        gather(check_map, target, section.from_, mapping or (), known_layers(prepared))
    if project.potential is not None:
        gather(check_potential, prepared, project.potential)
    if project.restoration is not None:
        gather(check_restoration, prepared, project.restoration)
    if project.projection is not None:
        gather(check_projection, prepared, project.projection)
    gather.problems.raise_as(AssessmentError)


def check_potential(prepared: Prepared, section: PotentialSection) -> None:
    """Refuse a ``[potential]`` that the project's layers and regions cannot answer.

    Raises
    ------
    AssessmentError, LayerError
    """
    from sinks.planning import prospects, words
    from sinks.workflow.known_layers import known_layers

    gather, regions = Gather(), prepared.regions
    if prepared.land_cover is None:
        raise AssessmentError(Problem("assessment.no_land_cover", "potential"))
    gather(words.check_potential, section, known_layers(prepared))
    paths = {key: prepared.project.path(path) for key, path in section.files()}
    names = dict(zip(regions.frame["code"], regions.frame["name"], strict=True))
    gather(prospects.check_files, section, paths, Places(names, _areas(prepared)))
    gather.problems.raise_as(AssessmentError)


def _areas(prepared: Prepared) -> dict[str, float]:
    """Area of each region's polygon, by code. [ha]"""
    return {str(code): float(area) for code, area in prepared.regions.area_ha.items()}


def check_restoration(prepared: Prepared, section: RestorationSection) -> None:
    """Refuse a ``[restoration]`` that the project's layers cannot answer, or whose sites cannot be read.

    Raises
    ------
    AssessmentError
    """
    from sinks.planning import words
    from sinks.planning.sites import Sites
    from sinks.workflow.known_layers import known_layers

    gather = Gather()
    if prepared.land_cover is None:
        raise AssessmentError(Problem("assessment.no_land_cover", "restoration"))
    gather(words.check_strata, section, known_layers(prepared))
    gather(Sites.read, section, prepared.project.path(section.file))
    gather.problems.raise_as(AssessmentError)


def check_projection(prepared: Prepared, section: ProjectionSection) -> Plans:
    """Refuse a ``[projection]`` whose tables do not fit each other, the regions or the methodologies; read them.

    Raises
    ------
    AssessmentError, LayerError, MethodologyError, ParameterError
    """
    from sinks.projection.projection import growths
    from sinks.projection.tables import read_plans

    project, regions = prepared.project, prepared.regions
    if section.limits is not None and section.start < int(project.dates[-1]):
        found = {"start": section.start, "date": project.dates[-1]}
        raise AssessmentError(Problem("projection.start_before", "projection.start", found))
    paths = {key: project.path(path) for key, path in section.files()}
    names = dict(zip(regions.frame["code"], regions.frame["name"], strict=True))
    methods = _methods_of(prepared, {one.methodology for one in section.growth})
    places = Places(names, _areas(prepared))
    plans = read_plans(section, paths, places, Hierarchy.of(regions.frame), methods)
    growths(plans, section, None)
    return plans


def _methods_of(prepared: Prepared, wanted: Collection[str]) -> dict[str, Bound]:
    """The methodologies of the entries by id; one that is wanted must not stand with two tables of parameters."""
    problems = Problems()
    found: dict[str, Bound] = {}
    for entry in prepared.entries:
        first = found.setdefault(entry.method.id, entry.method)
        if first.table is not entry.method.table and entry.method.id in wanted:
            problems.add("projection.methodology_twice", "projection.growth", found=entry.method.id)
    problems.raise_as(AssessmentError)
    return found


def check_figures(prepared: Prepared) -> None:
    """Refuse an assessment that lacks figures, of a project that :func:`check` has passed.

    Raises
    ------
    AssessmentError
        With every region, quantity and year without a figure.
    """
    from sinks.assessment.evaluate import check_figures

    section, inputs = prepared.project.assessment, prepared.assessment_inputs
    if section is not None and inputs is not None:
        check_figures(section, prepared.regions.frame, inputs)


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


def with_notes(prepared: Prepared, states: list[LayerStates], further: Sequence[Problem] = ()) -> Prepared:
    """The project with all that was noted of its regions and layers, what its assessment still lacks, and more."""
    missing = Gather()
    missing(check_figures, prepared)
    layers = (note for layer in states for note in layer.notes)
    dates = (*notes_of_dates(prepared), *sources_without_dates(prepared, states))
    zeros = notes_of_zeros(prepared)
    noted = (*prepared.regions.notes, *dates, *zeros, *layers, *missing.problems, *further)
    return replace(prepared, notes=noted)


CHECKS: tuple[Callable[[Prepared], object], ...] = (
    check_needs,
    check_history,
    check_rasters,
    check_ages,
    check_accuracy,
    declared_correlations,
    check_assessment,
    check_needs_of_assessment,
    check_plans,
    check_land_survey,
)
