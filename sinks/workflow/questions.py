"""What a finished run is asked: each question finds its inputs in the project and hands them to its room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from sinks.account.account import AccountInputs
from sinks.account.amounts import latest
from sinks.account.totals import whole_of
from sinks.activity import LAND_COVER, Activity
from sinks.analysis.comparison import Comparison
from sinks.analysis.comparison import compare as compare_entries
from sinks.analysis.reconciliation import reconciliation
from sinks.analysis.sensitivity import Sensitivity, compare_approaches, sensitivity
from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem, Problems, ProjectError, RunError, SinksError
from sinks.objects import Held
from sinks.project.project import Project
from sinks.results.contents import RunContents
from sinks.results.withheld import withheld
from sinks.trust.consent import trusting
from sinks.uncertainty.draws import Draws
from sinks.workflow.check import check_potential, check_projection, check_restoration
from sinks.workflow.consent import check_consent
from sinks.workflow.make_account import ProjectInputs, account_inputs, adjusted_areas_beside
from sinks.workflow.make_account import assess as assess_account
from sinks.workflow.map_noise import table_of_noise
from sinks.workflow.prepare import Prepared, prepare
from sinks.workflow.tabulate_layers import tabulate_rasters

if TYPE_CHECKING:
    from sinks.analysis.decomposition import Difference
    from sinks.analysis.inventory import Inventory
    from sinks.analysis.quick_estimate import QuickEstimate
    from sinks.assessment.admission import Admission
    from sinks.assessment.alternatives import Alternatives
    from sinks.assessment.evaluate import Evaluation
    from sinks.assessment.indicators import Progress
    from sinks.assessment.inputs import Inputs
    from sinks.assessment.valuation import SinkValue
    from sinks.geo.regions import Regions
    from sinks.output.painting import Layers, Painting
    from sinks.planning.prospects import Prospects
    from sinks.planning.sites import Effects
    from sinks.project.planning import PotentialSection, RestorationSection
    from sinks.project.projection import ProjectionSection
    from sinks.project.rules import Rule
    from sinks.projection.projection import Projection
    from sinks.results.shown_intervals import Intervals

S = TypeVar("S")


def prepared_again(record: Mapping[str, Any], objects: Mapping[str, Held], *, trust: bool) -> Prepared:
    """The project of a run from its record, with the objects that stood in the place of files."""
    with trusting(trust):
        return prepare(Project.from_record(dict(record), Path("run.json"), objects))


def inputs_again(prepared: Prepared, activity: Activity) -> ProjectInputs:
    """What the account of a run was made from."""
    return account_inputs(prepared, activity)


def adjusted_areas(prepared: Prepared, given: ProjectInputs) -> pd.DataFrame:
    """Error-adjusted areas beside those of the map."""
    return adjusted_areas_beside(prepared, given)


def reconciled(account: pd.DataFrame) -> pd.DataFrame:
    """From the stocks of the account to its sink, line by line."""
    return reconciliation(account)


def compare(prepared: Prepared, given: ProjectInputs, *, every: bool) -> Comparison:
    """Every methodology of the project by itself; with ``every``, those of the registry too."""
    registry = prepared.registry if every else None
    return compare_entries(given.inputs, prepared.entries, given.draws, registry)


def rank_sources(prepared: Prepared, given: ProjectInputs) -> Sensitivity:
    """Which uncertain things the intervals come from."""
    return sensitivity(given.inputs, prepared.entries, _declared(prepared, given))


def approaches(prepared: Prepared, given: ProjectInputs, account: pd.DataFrame) -> pd.DataFrame:
    """Intervals by error propagation and by draws, side by side."""
    both = compare_approaches(rank_sources(prepared, given), account, _declared(prepared, given))
    return _covered(both, account, prepared.project.project.interval_share)


def uncertainty(
    prepared: Prepared, given: ProjectInputs, account: pd.DataFrame, region: str | None, top: int
) -> Intervals:
    """Where the intervals come from: the sources ranked, and both approaches side by side."""
    from sinks.results.shown_intervals import Intervals, region_code

    found = rank_sources(prepared, given)
    both = compare_approaches(found, account, _declared(prepared, given))
    both = _covered(both, account, prepared.project.project.interval_share)
    return Intervals(found.table, both, None if both.empty else region_code(both, region), top)


def _covered(both: pd.DataFrame, account: pd.DataFrame, least: float) -> pd.DataFrame:
    """The same without intervals of figures of which an uncertainty is stated for less than the least share."""
    keys = ["region_code", "quantity", "period"]
    sums = whole_of(account)
    share = both[keys].merge(sums[[*keys, "uncertain_share"]], on=keys, how="left")["uncertain_share"].to_numpy()
    ends = [name for name in both.columns if name.startswith("approach_")]
    return both.assign(**{name: both[name].mask(share < least) for name in ends})


def noise(prepared: Prepared, given: ProjectInputs, account: pd.DataFrame) -> pd.DataFrame:
    """The sink by class densities beside the noise of the land-cover maps."""
    return table_of_noise(prepared, given, account)


def other_project(project: Project | str | Path) -> Project:
    """A project whose ``[assessment]`` is taken for a run of another one, once its user has agreed to what it does."""
    read = project if isinstance(project, Project) else Project.read(project)
    check_consent(read)
    return read


def assess(prepared: Prepared, given: ProjectInputs, account: pd.DataFrame, other: Project | None) -> Evaluation:
    """Dual control by the ``[assessment]`` of the run's project, or of another one."""
    evaluation = assess_account(prepared, given, account, table_of_noise(prepared, given, account), other)
    if evaluation is None:
        raise ProjectError(Problem("project.no_assessment", (other or prepared.project).project.name))
    return evaluation


def alternatives(
    prepared: Prepared, given: ProjectInputs, account: pd.DataFrame, other: Project | None
) -> Alternatives:
    """The verdict under rules that differ in one thing from that of the project, or of another one."""
    from sinks.assessment import alternatives as ways
    from sinks.assessment.evaluation_indicators import counted_by_document, evaluation_indicators

    project, noise = other or prepared.project, table_of_noise(prepared, given, account)
    section = _section(project, "assessment", project.assessment)
    own, drawn = prepared.assessment_inputs if other is None else None, dict[object, Any]()

    def again(rule: Rule) -> Evaluation:
        # Draws differ by what of the account counts, and by nothing else of a rule.
        scope = rule.ecosystems.value, rule.pools.value
        if given.draws is not None and scope not in drawn:
            drawn[scope] = given.inputs.removals(prepared.entries, given.draws, *scope)
        changed = project.model_copy(update={"assessment": section.model_copy(update={"rule": rule})})
        found = assess_account(prepared, given, account, noise, changed, drawn.get(scope), own)
        assert found is not None
        return found

    first = again(section.rule)
    rules = ways.alternatives(section.rule, account)
    table = ways.verdict_alternatives(
        rules, lambda rule: first.assessment if rule == section.rule else again(rule).assessment
    )
    return ways.Alternatives(table, counted_by_document(), evaluation_indicators(first))


def admit(prepared: Prepared, given: ProjectInputs, account: pd.DataFrame, projects: str | Path) -> Admission:
    """What new projects would do to the intensity of their leagues and of the region."""
    from sinks.assessment.admission import admit as admit_projects
    from sinks.assessment.admission import read_projects
    from sinks.assessment.dual_control import assessed_regions
    from sinks.assessment.input_tables import read_table

    section = _section(prepared.project, "assessment", prepared.project.assessment)
    codes, _ = assessed_regions(account, section.rule)
    new = read_projects(read_table("admission", projects, encoding=section.encoding), codes)
    inputs, noise = prepared.assessment_inputs, table_of_noise(prepared, given, account)
    scope = section.rule.ecosystems.value, section.rule.pools.value
    counted = None if given.draws is None else given.inputs.removals(prepared.entries, given.draws, *scope)
    # A project may be as large as its league: its figures were checked by themselves.
    waived = tuple(dict.fromkeys((*section.waived, "magnitude")))
    changed = prepared.project.model_copy(update={"assessment": section.model_copy(update={"waived": waived})})
    assert inputs is not None

    def again(others: Inputs) -> Evaluation:
        found = assess_account(prepared, given, account, noise, changed, counted, others)
        assert found is not None
        return found

    return admit_projects(new, inputs, again(inputs), again)


def diff(before: RunContents, after: RunContents, quantity: str, periods: tuple[str, str] | None) -> Difference:
    """Why the figures of two runs differ: area, density, method, parameters and data; unlike periods are refused."""
    from sinks.analysis.decomposition import Difference, compared_periods, explain
    from sinks.analysis.unlike import unlike

    last = (_last(before.account, quantity), _last(after.account, quantity))
    compared = compared_periods(before.account, after.account, quantity, periods)
    used = before.parameters_used, after.parameters_used
    effects = explain(before.account, after.account, quantity, compared, used)
    old, new = (run.activity.units.set_index("region_code")["area_ha"] for run in (before, after))
    return Difference(effects, quantity, compared, last, unlike((old, new), (before.record, after.record)))


def inventory(prepared: Prepared, given: ProjectInputs, account: pd.DataFrame, period: str | None) -> Inventory:
    """Inventory tables of a period, the last by default."""
    from sinks.analysis.inventory import inventory as inventory_of

    return inventory_of(given.inputs, prepared.entries, account, period)


def restoration(prepared: Prepared, given: ProjectInputs, section: RestorationSection | None) -> Effects:
    """Effect of restoration projects, by ``[restoration]``: their sites and surroundings are tabulated anew."""
    from sinks.planning.sites import Sites, measure

    project = prepared.project
    wanted = _section(project, "restoration", section or project.restoration)
    check_restoration(prepared, wanted)
    sites = Sites.read(wanted, project.path(wanted.file))
    activity = _over(prepared, sites.regions)
    return measure(activity, prepared.entries, project.periods, wanted, sites.start, given.draws, project.no_carbon)


def potential(
    prepared: Prepared, given: ProjectInputs, account: pd.DataFrame, section: PotentialSection | None
) -> Prospects:
    """Suited land and what plans for it would hold, by ``[potential]``; zones are cut out of the regions first."""
    from sinks.planning.prospects import cut_by_zones, prospects, with_zones

    project, regions = prepared.project, prepared.regions
    wanted = _section(project, "potential", section or project.potential)
    check_potential(prepared, wanted)
    paths = {key: project.path(path) for key, path in wanted.files()}
    states = given.mapped.states
    if wanted.zones:
        cut = cut_by_zones(regions.units, [(zone, paths[f"zones.{zone.name}"]) for zone in wanted.zones])
        states = with_zones(_over(prepared, replace(regions, frame=cut)).states, wanted.zones)
    states = states[(states["date"] == project.dates[-1]) & (states["source"] == LAND_COVER)]
    return prospects(wanted, states, account, given.hierarchy, paths)


def projection(
    prepared: Prepared, given: ProjectInputs, account: pd.DataFrame, section: ProjectionSection | None
) -> Projection:
    """Stands grown to years to come, by ``[projection]``, with the account's parameters and draws."""
    from sinks.projection.projection import projection as grow

    wanted = _section(prepared.project, "projection", section or prepared.project.projection)
    plans, draws = check_projection(prepared, wanted), given.draws
    drawn = {} if draws is None or plans.limits is None else given.inputs.by_ecosystem(prepared.entries, draws)
    return grow(wanted, plans, account, given.hierarchy, draws, drawn)


def targets(
    prepared: Prepared, given: ProjectInputs, definitions: Mapping[str, str] | None, *, published: bool
) -> Progress:
    """Progress of ecosystem targets, those of published documents or of the project's own tables."""
    from sinks.assessment.indicators import Progress, follow_run, published_observations, published_targets
    from sinks.assessment.input_tables import read_table

    project = prepared.project
    wanted, observations = published_targets(), published_observations()
    if not published:
        section = _section(project, "assessment", project.assessment)
        wanted = read_table("targets", project.path(section.targets), encoding=section.encoding)
        observations = observations.iloc[:0]
        if section.observations:
            path = project.path(section.observations)
            observations = read_table("observations", path, encoding=section.encoding)
    return Progress(follow_run(given.inputs, wanted, observations, definitions or {}))


def value(contents: RunContents, prices: str | Path, discount_rate: float, base_year: int) -> SinkValue:
    """Value of the sink by year, and its present value."""
    from sinks.assessment.input_tables import read_table
    from sinks.assessment.valuation import SinkValue, value_of_account

    table = read_table("prices", prices)
    return SinkValue(*value_of_account(contents.account, table, discount_rate, base_year, withheld(contents)))


def estimate(account: pd.DataFrame, early: str | Path, record: str | Path | None) -> QuickEstimate:
    """Quick estimate of a year that has no account yet, beside what became of earlier ones."""
    from sinks.analysis.quick_estimate import estimate_account
    from sinks.assessment.input_tables import read_table

    problems, tables = Problems(), {}
    for name, path in {"early": early, **({} if record is None else {"estimate_record": record})}.items():
        try:
            tables[name] = read_table(name, path)
        except SinksError as error:
            problems.extend(error)
    # What one table holds is judged even where the other cannot be read: all that is wrong is told in one pass.
    if "early" not in tables:
        problems.raise_as(AssessmentError)
    try:
        found = estimate_account(account, tables["early"], tables.get("estimate_record"))
    except AssessmentError as error:
        problems.extend(error)
    problems.raise_as(AssessmentError)
    return found


def paint(
    contents: RunContents, prepared: Prepared, given: ProjectInputs, out: Path, *, link: bool, **options: Any
) -> Painting:
    """A raster of densities, or with ``link`` a look-up table over the land cover."""
    from sinks.output import painting

    layers = painted_layers(prepared, given.inputs)
    if link:
        return painting.link(contents, layers, out, **options)
    names = [field.name for field in fields(painting.Request) if field.name in options]
    request = painting.Request(**{name: options.pop(name) for name in names})
    return painting.paint(contents, layers, out, request, **options)


def painted_layers(prepared: Prepared, inputs: AccountInputs) -> Layers:
    """The layers that a raster of densities is painted from.

    Raises
    ------
    RunError
        The run has no rasters.
    """
    from sinks.output.painting import Layers

    if prepared.land_cover is None:
        others = [f"{entry.method.id} ({entry.source})" for entry in prepared.entries]
        raise RunError(Problem("painting.not_on_raster", "run", {"left_out": others, "source": LAND_COVER}))
    return Layers(prepared.regions.units, prepared.land_cover, prepared.strata, prepared.entries, inputs)


def _declared(prepared: Prepared, given: ProjectInputs) -> Draws:
    """The account's draws; what is declared of inputs and correlations is needed without draws too."""
    return given.draws or Draws(1, prepared.project.project.seed)


def _section(project: Project, name: str, section: S | None) -> S:
    if section is None:
        raise ProjectError(Problem("assessment.no_section", project.project.name, {"section": name}))
    return section


def _over(prepared: Prepared, regions: Regions) -> Activity:
    """The rasters of the project over other regions."""
    if prepared.land_cover is None:
        raise ProjectError(Problem("assessment.no_land_cover", prepared.project.project.name))
    return tabulate_rasters(prepared, regions)


def _last(account: pd.DataFrame, quantity: str) -> str:
    return latest(account.loc[account["quantity"] == quantity, "period"].unique())
