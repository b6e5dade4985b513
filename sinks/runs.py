"""The whole path in one place: project -> regions and layers -> activity -> account -> checks -> run."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinks.account import Account, Basis
from sinks.accuracy import ConfusionMatrix, adjusted_areas, read_matrix
from sinks.activity import STATE_KEYS, Activity, concat
from sinks.adjust import AdjustedAreas, check_adjustable
from sinks.beside import gases
from sinks.book import Hierarchy
from sinks.checks import Findings, check_laws, note_findings
from sinks.compare import Comparison
from sinks.compare import compare as compare_entries
from sinks.derive import derive, read_map
from sinks.errors import LayerError, MethodologyError, Problem, ProjectError, RunError
from sinks.geo.regions import Regions
from sinks.layers.states import LayerStates
from sinks.prepare import Gather, Prepared, later, prepare
from sinks.project import LAND_COVER, STATIC, Project
from sinks.provenance import InputFile
from sinks.sensitivity import Sensitivity, sensitivity
from sinks.uncertainty import Correlation, Draws, InputUncertainty, check_correlations
from sinks.vocabulary import ecosystems

if TYPE_CHECKING:
    import folium

    from sinks.assessment.evaluate import Evaluation
    from sinks.layers.raster import CategoricalLayer
    from sinks.layers.vector import VectorLayer
    from sinks.output.folder import RunContents
    from sinks.output.painting import Layers, Painting

Progress = bool | Callable[[int, int], None]

_IN_DOUBT = ("regions.displaced", "regions.builtin_overlap")
"""Notes of the layers that put figures in doubt, and so are warnings."""

_PACKAGES = ("sinks", "numpy", "pandas", "numba", "rasterio", "pyproj", "shapely", "pyogrio", "geopandas", "frykit")


@dataclass(frozen=True)
class Run:
    """A finished account with everything it came from.

    Attributes
    ----------
    contents : RunContents
        What the run folder holds.
    """

    contents: RunContents

    @property
    def account(self) -> pd.DataFrame:
        """The account, a tidy table."""
        return self.contents.account

    @property
    def comparison(self) -> pd.DataFrame:
        """The methodologies beside the account; never to be added to it."""
        return self.contents.comparison

    @property
    def activity(self) -> Any:
        """Activity data: ``states``, ``changes``, ``units``."""
        return self.contents.activity

    @property
    def checks(self) -> pd.DataFrame:
        """Laws that hold and findings that a reader must know, failures first."""
        return self.contents.checks

    @property
    def assessment(self) -> pd.DataFrame | None:
        """Dual control by region, year and quantity; None when the project has no ``[assessment]``."""
        return self.contents.tables.get("assessment")

    @property
    def record(self) -> dict[str, Any]:
        """The project with every default, versions and checksums: what ``run.json`` holds."""
        return self.contents.record

    def write(self, out: str | Path, *, force: bool = False) -> Path:
        """Write the run folder; see :func:`sinks.output.folder.write_run`."""
        from sinks.output.folder import write_run

        return write_run(self.contents, Path(out), force=force)

    def compare(self, *, every: bool = False) -> Comparison:
        """Every methodology of the project by itself, side by side; see :func:`sinks.compare.compare`.

        Parameters
        ----------
        every : bool
            Try every methodology of the registry on the data at hand, and say why those that cannot run cannot.
        """
        prepared = _prepared_again(self.record)
        registry = prepared.registry if every else None
        basis, draws = _basis(prepared, self.activity)
        return compare_entries(basis, prepared.entries, draws, registry)

    def sensitivity(self) -> Sensitivity:
        """Which uncertain things the intervals come from, ranked by region; see :mod:`sinks.sensitivity`."""
        prepared = _prepared_again(self.record)
        basis, draws = _basis(prepared, self.activity)
        return sensitivity(basis, prepared.entries, draws or Draws(1, prepared.project.project.seed))

    def adjusted_areas(self) -> pd.DataFrame:
        """Error-adjusted areas beside those of the map; see :func:`sinks.accuracy.adjusted_areas`."""
        prepared = _prepared_again(self.record)
        return adjusted_areas(_map_areas(prepared, self.activity), _matrices(prepared.project))

    def assess(self, project: Project | str | Path | None = None) -> Evaluation:
        """Dual control anew, by the ``[assessment]`` of this run's project or of another one.

        Raises
        ------
        SinksError
            The project has no such section, or its inputs are at fault.
        """
        prepared = _prepared_again(self.record)
        if project is not None:
            other = project if isinstance(project, Project) else Project.read(project)
            prepared = replace(prepared, project=prepared.project.model_copy(update=_assessed(other)))
        evaluation = _assess(prepared, self.activity, self.account)
        if evaluation is None:
            raise ProjectError(Problem("project.no_assessment", prepared.project.project.name))
        return evaluation

    def diff(self, other: Run, quantity: str = "net_removals") -> pd.DataFrame:
        """Why another run's figures differ: area, density, method, parameters and data; the effects add up exactly."""
        from sinks.assessment.decomposition import explain

        periods = (_last(self.account, quantity), _last(other.account, quantity))
        used = (self.contents.parameters_used, other.contents.parameters_used)
        return explain(self.account, other.account, quantity, periods, used)

    def map(self, **options: Any) -> folium.Map:
        """The interactive map, one page that needs no network; see :func:`sinks.output.map.draw_map`."""
        from sinks.output.map import draw_map

        return draw_map(self.contents, **{"assessment": self.assessment, **options})

    def report(self, *regions: str, out: str | Path, **options: Any) -> list[Path]:
        """Word reports of the regions named, or of all; see :func:`sinks.output.report.write_reports`."""
        from sinks.output.report import write_reports

        options = {"assessment": self.assessment, **options}
        return write_reports(self.contents, Path(out), regions=regions or None, **options)

    def html(self, path: str | Path, **options: Any) -> Path:
        """One self-contained page of the whole run; see :func:`sinks.output.report.write_html`."""
        from sinks.output.report import write_html

        return write_html(self.contents, Path(path), **{"assessment": self.assessment, **options})

    def paint(self, out: str | Path, *, link: bool = False, **options: Any) -> Painting:
        """A raster of densities; see :func:`sinks.output.painting.paint`.

        Parameters
        ----------
        link : bool
            Write no cells but a look-up table over the land cover; see :func:`sinks.output.painting.link`.
        """
        from sinks.output import painting

        layers = _painted_layers(_prepared_again(self.record))
        return (painting.link if link else painting.paint)(self.contents, layers, Path(out), **options)

    def __str__(self) -> str:
        from sinks.output.summary import as_text

        return as_text(self.contents)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from sinks.output.summary import as_html

        return as_html(self.contents)


def run(
    project: Project | str | Path,
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> Run:
    """Make the account of a project.

    Parameters
    ----------
    project : Project or path
        A project file, or the ``run.json`` of an earlier run.
    threads, block_size, progress, checkpoint
        See :func:`sinks.tabulate.tabulate`.
    resume : bool
        Go on from ``checkpoint``; without it an old checkpoint is thrown away.

    Returns
    -------
    Run

    Raises
    ------
    SinksError
        The input is at fault; everything that can be known before the pass is said before it, all at once.
    """
    prepared = _prepared(project)
    # What the account will need besides the pass fails before it.
    _check_accuracy(prepared)
    _correlations(prepared)
    if checkpoint is not None and not resume:
        shutil.rmtree(checkpoint, ignore_errors=True)
    # Checksums read every file once more; they run beside the pass, which leaves the disk idle while it counts.
    with ThreadPoolExecutor(max_workers=1) as beside:
        checksums = beside.submit(_checksums, prepared.project)
        activity, notes = _activity(prepared, threads, block_size, progress, checkpoint)
        result = _account(prepared, activity)
        return Run(_contents(prepared, activity, result, [*prepared.regions.notes, *notes], checksums.result()))


def tabulate(
    project: Project | str | Path,
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
) -> Activity:
    """Only the activity table of a project; see :func:`run`."""
    return _activity(_prepared(project), threads, block_size, progress, checkpoint)[0]


def check(project: Project | str | Path) -> Prepared:
    """Check a project, its layers and its methodologies without running it.

    Raises
    ------
    SinksError
        With every problem found.
    """
    prepared, gather = _prepared(project), Gather()
    if prepared.land_cover is not None:
        gather(later(_check_rasters, prepared, prepared.land_cover))
    gather(later(_layer_states, prepared))
    gather(later(_check_accuracy, prepared))
    gather(later(_correlations, prepared))
    gather.problems.raise_as(ProjectError)
    return prepared


def open_run(folder: str | Path) -> Run:
    """Read a run folder back.

    Raises
    ------
    RunError
        The folder is no run, or is damaged.
    """
    from sinks.output.folder import read_run

    return Run(read_run(Path(folder)))


def ensure_writable(folder: Path, *, force: bool = False) -> None:
    """Refuse a destination before the work is done and not after it.

    Raises
    ------
    RunError
        The folder is there and may not be replaced.
    """
    from sinks.output.folder import check_destination

    check_destination(Path(folder), force=force)


def _prepared(project: Project | str | Path) -> Prepared:
    prepared = prepare(project if isinstance(project, Project) else Project.read(project))
    _check_needs(prepared)
    return prepared


def _check_needs(prepared: Prepared) -> None:
    """Strata, inputs and choices that a methodology needs and no raster layer gives: known before there are any rows.

    Stands and statistics bring columns that their own files decide, so projects with them are checked by the account.
    """
    if prepared.land_cover is None or prepared.vectors or prepared.tables:
        return
    from sinks.tabulate import Joint

    activity = _derived(Joint.blank(prepared.land_cover, prepared.strata, prepared.inputs).activity(), prepared)
    gather = Gather()
    for entry in prepared.entries:
        rows = activity.states if entry.method.acts_on == "state" else activity.changes
        if len(rows.columns):
            gather(later(entry.method.resolve, rows))
    gather.problems.raise_as(MethodologyError)


def _activity(
    prepared: Prepared, threads: int | None, block_size: int | None, progress: Progress, checkpoint: Path | None
) -> tuple[Activity, list[Problem]]:
    """Tabulate every layer of the project once; what was noted on the way comes with it."""
    parts: list[Activity] = []
    layers = _layer_states(prepared)
    if layers:
        parts.append(_from_states(prepared.regions, layers))
    if prepared.land_cover is not None:
        from sinks.tabulate.tabulation import tabulate as tabulate_rasters

        joint = tabulate_rasters(
            prepared.regions.units,
            prepared.land_cover,
            strata=prepared.strata,
            inputs=prepared.inputs,
            threads=threads,
            block_size=block_size,
            progress=progress,
            checkpoint=checkpoint,
        )
        parts.append(joint.activity())
    activity = _derived(concat(parts), prepared)
    return activity, [note for layer in layers for note in layer.notes]


def _derived(activity: Activity, prepared: Prepared) -> Activity:
    """The activity with the strata that follow from others."""
    for target, section in prepared.project.derive.items():
        mapping = section.map
        if mapping is None:
            mapping = read_map(Path(prepared.project.path(str(section.table))), section.from_, target)
        activity = derive(activity, target, section.from_, mapping)
    return activity


def _check_rasters(prepared: Prepared, land_cover: CategoricalLayer) -> None:
    from sinks.tabulate import check_layers

    check_layers(prepared.regions.units, land_cover, strata=prepared.strata, inputs=prepared.inputs)


def _layer_states(prepared: Prepared) -> list[LayerStates]:
    """Stands and statistics as rows of the activity table; what is wrong with any of them is said at once."""
    from sinks.layers.table import table_states

    gather = Gather()
    found = [gather(later(_stand_states, prepared, layer)) for layer in prepared.vectors]
    found += [gather(later(table_states, layer, prepared.regions.frame)) for layer in prepared.tables]
    gather.problems.raise_as(LayerError)
    return [layer for layer in found if layer is not None]


def _stand_states(prepared: Prepared, layer: VectorLayer) -> LayerStates:
    from sinks.layers.stands import stand_states

    section = prepared.project.vectors[layer.name]
    return stand_states(
        layer,
        prepared.regions.units,
        group=not section.each_stand,
        area=section.area,
        zero_volume=section.zero_volume,
        accept=section.accept,
    )


def _from_states(regions: Regions, layers: list[LayerStates]) -> Activity:
    """An activity without transitions: stands and statistics know states only."""
    states = pd.concat([layer.states for layer in layers], ignore_index=True)
    areas = regions.area_ha.reindex(regions.units["code"])
    units = pd.DataFrame({"region_code": areas.index, "area_ha": areas.to_numpy(float), "cells": 0})
    inputs = tuple(name.removesuffix("_observed_ha") for name in states.columns if name.endswith("_observed_ha"))
    fixed = {*STATE_KEYS, "area_ha", "stand", *(name + end for name in inputs for end in ("", "_sd", "_observed_ha"))}
    strata = tuple(name for name in states.columns if name not in fixed)
    return Activity(states=states, units=units, strata=strata, inputs=inputs)


def _project_again(record: dict[str, Any]) -> Project:
    """The project of a run, which may have been read back from its folder."""
    return Project.from_dict(record["project"], folder=Path(record["folder"]))


def _prepared_again(record: dict[str, Any]) -> Prepared:
    return prepare(_project_again(record))


def _painted_layers(prepared: Prepared) -> Layers:
    from sinks.output.painting import Layers

    if prepared.land_cover is None:
        others = [f"{entry.method.id} ({entry.source})" for entry in prepared.entries]
        raise RunError(Problem("painting.not_on_raster", "run", {"left_out": others, "source": LAND_COVER}))
    return Layers(prepared.regions.units, prepared.land_cover, prepared.strata, prepared.entries)


def _basis(prepared: Prepared, activity: Activity) -> tuple[Basis, Draws | None]:
    """What accounts are made from, and the draws for their intervals; areas adjusted where the project asks for it."""
    project, hierarchy = prepared.project, Hierarchy.of(prepared.regions.frame)
    areas = _adjustment(prepared, activity, hierarchy)
    if areas is not None:
        activity = areas.apply(activity, hierarchy)
    basis = Basis(activity, hierarchy, project.dates, project.periods, project.area_source)
    return basis, _draws(prepared, areas)


def _adjustment(prepared: Prepared, activity: Activity, hierarchy: Hierarchy) -> AdjustedAreas | None:
    accuracy = prepared.project.accuracy
    if accuracy is None or not accuracy.adjust:
        return None
    return AdjustedAreas.of(activity, hierarchy, _matrices(prepared.project))


def _account(prepared: Prepared, activity: Activity) -> Account:
    basis, draws = _basis(prepared, activity)
    return basis.account(prepared.entries, draws)


def _map_areas(prepared: Prepared, activity: Activity) -> pd.DataFrame:
    """An account of areas alone, those of the map."""
    project, hierarchy = prepared.project, Hierarchy.of(prepared.regions.frame)
    return Basis(activity, hierarchy, project.dates, project.periods, project.area_source).account(()).table


def _draws(prepared: Prepared, areas: AdjustedAreas | None) -> Draws | None:
    project = prepared.project
    if not project.project.draws:
        return None
    inputs = {
        name: InputUncertainty(section.uncertainty, section.dates_correlated)
        for name, section in project.inputs.items()
        if section.uncertainty is not None
    }
    return Draws(project.project.draws, project.project.seed, inputs, _correlations(prepared), areas)


def _correlations(prepared: Prepared) -> list[Correlation]:
    """Declared correlations, checked against the tables that the project uses."""
    sections = prepared.project.correlations
    found = [Correlation(section.methodology, section.parameters, section.coefficient) for section in sections]
    check_correlations(found, [entry.method for entry in prepared.entries])
    return found


def _contents(
    prepared: Prepared, activity: Activity, result: Account, notes: list[Problem], files: list[InputFile]
) -> RunContents:
    from sinks.output.folder import RunContents

    used = _parameters_used(result)
    evaluation = _assess(prepared, activity, result.table)
    return RunContents(
        account=result.table,
        comparison=result.comparison,
        regions=prepared.regions,
        activity=activity,
        parameters_used=used,
        sources=_sources(prepared, used),
        checks=_checks(prepared, activity, result, [*notes, *(evaluation.assessment.notes if evaluation else ())]),
        tables=_further(prepared, activity, evaluation),
        record=_record(prepared, files),
    )


def _further(prepared: Prepared, activity: Activity, evaluation: Evaluation | None) -> dict[str, pd.DataFrame]:
    """Tables beside the account: the assessment, and gases that are reported and never added."""
    tables = evaluation.tables() if evaluation else {}
    emitted = gases(activity, prepared.entries, Hierarchy.of(prepared.regions.frame), prepared.project.dates)
    return tables if emitted.empty else {**tables, "gases": emitted}


def _assessed(project: Project) -> dict[str, Any]:
    """The section of another project, whose paths start at that project's folder."""
    return {"assessment": project.assessment, "folder": project.folder}


def _last(account: pd.DataFrame, quantity: str) -> str:
    """The latest date or, of the periods, the latest and longest."""
    found = account.loc[account["quantity"] == quantity, "period"].unique()
    return str(max(found, key=lambda period: (period[-4:], -int(period[:4]))))


def _assess(prepared: Prepared, activity: Activity, table: pd.DataFrame) -> Evaluation | None:
    """Dual control with the account's own draws of the sink that the rule counts."""
    project, section = prepared.project, prepared.project.assessment
    if section is None:
        return None
    from sinks.assessment.dual_control import assessed_regions
    from sinks.assessment.evaluate import evaluate

    (basis, draws), drawn = _basis(prepared, activity), None
    if draws is not None:
        codes, _ = assessed_regions(table, section.rule)
        places = pd.Index(basis.hierarchy.regions["code"]).get_indexer(pd.Index(codes))
        counted = section.rule.ecosystems.value, section.rule.pools.value
        drawn = {p: d[:, places] for p, d in basis.removals(prepared.entries, draws, *counted).items()}
    return evaluate(section, table, prepared.regions.frame, project.path, draws=drawn)


def _matrices(project: Project) -> dict[str, ConfusionMatrix]:
    """The confusion matrix of the land-cover map at each date for which there is one."""
    if project.accuracy is None:
        return {}
    gather, by_date = Gather(), project.accuracy.by_date
    read = {name: gather(later(read_matrix, project.path(name), tuple(ecosystems()))) for name in by_date.values()}
    gather.problems.raise_as(LayerError)
    names = {date: by_date.get(date, by_date.get(STATIC)) for date in project.dates}
    return {date: matrix for date, name in names.items() if name and (matrix := read[name]) is not None}


def _check_accuracy(prepared: Prepared) -> None:
    """What the accuracy assessment is wrong in, known before the pass."""
    matrices, accuracy = _matrices(prepared.project), prepared.project.accuracy
    if accuracy is not None and accuracy.adjust:
        check_adjustable(prepared.entries, prepared.project.dates, matrices)


def _checks(prepared: Prepared, activity: Activity, result: Account, notes: list[Problem]) -> pd.DataFrame:
    findings, hierarchy = Findings(), Hierarchy.of(prepared.regions.frame)
    areas = _adjustment(prepared, activity, hierarchy)
    for lost in areas.unplaced(hierarchy) if areas else ():
        findings.add(lost.id, "warning", lost.where, **lost.values)
    for note in notes:
        findings.add(note.id, "warning" if note.id in _IN_DOUBT else "note", note.where, **note.values)
    check_laws(result.table, activity, hierarchy, findings)
    note_findings(
        result,
        activity,
        hierarchy,
        findings,
        coverage_min=prepared.project.project.coverage_min,
        cells_min=prepared.project.project.cells_min,
        adjusted=adjusted_areas(_map_areas(prepared, activity), _matrices(prepared.project)),
        used=areas is not None,
    )
    return findings.table()


def _parameters_used(result: Account) -> pd.DataFrame:
    """The rows of the parameter tables that the account stands on, each with its methodology and role."""
    parts = []
    for entry, rows in result.used:
        frame = entry.method.table.frame.iloc[rows]
        parts.append(frame.assign(methodology=entry.method.id, role=entry.role))
    if not parts:
        return pd.DataFrame(columns=["methodology", "role", "parameter"])
    used = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    first = ["methodology", "role", "parameter"]
    return used[[*first, *(column for column in used.columns if column not in first)]]


def _sources(prepared: Prepared, used: pd.DataFrame) -> pd.DataFrame:
    """The documents that parameters and equations come from, each once."""
    known: dict[str, Any] = {}
    for entry in prepared.entries:
        known |= entry.method.table.sources
    keys = {entry.method.methodology.source for entry in prepared.entries}
    keys |= set(used["source"]) if "source" in used else set()
    return pd.DataFrame([known[key].to_json() for key in sorted(keys) if key in known])


def _record(prepared: Prepared, files: list[InputFile]) -> dict[str, Any]:
    project = prepared.project
    return {
        "title": project.project.title,
        "demonstration": project.project.demonstration,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "project": project.record(),
        "folder": str(project.folder),
        "inputs": [file.to_json() for file in files],
        "versions": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "regions": {"source": prepared.regions.source},
    }


def _checksums(project: Project) -> list[InputFile]:
    """Checksums of the local input files, each file once."""
    names = dict.fromkeys(name for _, name in project.files())
    return [InputFile.of(name) for name in names if Path(name).is_file()]
