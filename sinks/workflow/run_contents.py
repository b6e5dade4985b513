"""What the folder of a run holds besides the account: checks, parameters and documents used, the record of the run."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinks.account.account import Account
from sinks.account.findings import Findings, Least, note_findings
from sinks.account.hierarchy import Hierarchy
from sinks.account.laws import check_laws
from sinks.account.other_gases import POTENTIALS, Potentials, other_gases
from sinks.account.unlikely_dates import note_alike, note_area_jumps, own_files
from sinks.activity import LAND_COVER, Activity
from sinks.analysis.noise_findings import note_noise
from sinks.analysis.other_assumption import note_assumptions, other_assumption
from sinks.analysis.reconciliation import reconciliation
from sinks.analysis.sensitivity import compare_approaches, sensitivity
from sinks.analysis.spread import note_differences, pairs, spread
from sinks.errors import Problem
from sinks.layers.held import described, digest_of, size_of
from sinks.layers.rasters.derived import DerivedLayer
from sinks.methodology import Bound
from sinks.methodology.describe import formulas
from sinks.objects import find, is_object
from sinks.project.base import STATIC
from sinks.project.project import Project
from sinks.provenance import InputFile
from sinks.results.contents import RunContents
from sinks.vocabulary import ecosystems, pools
from sinks.workflow.consent import legend_files
from sinks.workflow.land_survey import survey_beside
from sinks.workflow.make_account import ProjectInputs, adjusted_areas_beside
from sinks.workflow.map_noise import map_knowledge
from sinks.workflow.official import IN_DOUBT
from sinks.workflow.prepare import Prepared
from sinks.workflow.production import TABLE
from sinks.workflow.run_time import now

if TYPE_CHECKING:
    from sinks.assessment.evaluate import Evaluation

_PACKAGES = ("sinks", "numpy", "pandas", "numba", "rasterio", "pyproj", "shapely", "pyogrio", "geopandas", "frykit")


def gather_contents(
    prepared: Prepared,
    given: ProjectInputs,
    account: Account,
    noise: pd.DataFrame,
    assessed: Evaluation | None,
    files: Sequence[InputFile],
) -> RunContents:
    """Everything that a finished run is.

    Parameters
    ----------
    prepared : Prepared
        With what was noted of regions and layers.
    given : ProjectInputs
        What the account was made from.
    account : Account
    noise : DataFrame
        The sink by class densities beside the noise of the maps.
    assessed : Evaluation or None
        Dual control, where the project has it.
    files : sequence of InputFile
        The input files as they were read.

    Raises
    ------
    SinksError
        The account breaks a law.
    """
    emitted = other_gases(given.mapped, prepared.entries, given.hierarchy, prepared.project.dates)
    potentials = _potentials(prepared, emitted)
    used = _parameters_used(prepared, account, potentials)
    further = {**_uncertainty(prepared, given, account), **(assessed.tables() if assessed else {})}
    if potentials is not None:
        emitted = potentials.weigh(emitted)
    further |= {"noise": noise} if len(noise) else {}
    beside = pairs(account.table, account.comparison)
    further |= {"spread": spread(beside, account.table)} if len(beside) else {}
    reconciled = reconciliation(account.table)
    further |= {"reconciliation": reconciled} if len(reconciled) else {}
    surveyed, said = survey_beside(prepared, account.table, given.survey)
    further |= surveyed | ({"basis": account.basis} if len(account.basis) else {})
    said += [*_held_in_memory(prepared.project), *(assessed.assessment.notes if assessed else ())]
    return RunContents(
        account=account.table,
        comparison=account.comparison,
        regions=prepared.regions,
        activity=given.mapped,
        parameters_used=used,
        sources=_sources(prepared, used, potentials),
        checks=_checks(
            prepared,
            given,
            account,
            {**further, "noise": noise, "pairs": beside},
            [*prepared.notes, *said, *_changed_inputs(prepared.project, files)],
        ),
        tables=further if emitted.empty else {**further, "gases": emitted},
        record=_record(prepared, files),
    )


def input_files(project: Project) -> list[InputFile]:
    """Checksums of the local input files, each file once."""
    names = dict.fromkeys(name for _, name in (*project.files(), *legend_files(project)))
    return [_noted(name) for name in names if is_object(name) or Path(name).is_file()]


def _noted(name: str) -> InputFile:
    """A file or an object by its content."""
    held = find(name)
    return InputFile.of(name) if held is None else InputFile(name, size_of(held), digest_of(held))


def _uncertainty(prepared: Prepared, given: ProjectInputs, account: Account) -> dict[str, pd.DataFrame]:
    """Intervals by both approaches of the guidelines and under other assumptions, where the account has any."""
    if given.draws is None:
        return {}
    found = sensitivity(given.inputs, prepared.entries, given.draws)
    both = compare_approaches(found, account.table, given.draws)
    other = other_assumption(given.hierarchy.regions, given.draws, found, account.table)
    tables = {"uncertainty": both[both["agreement"] != ""].reset_index(drop=True), "other_assumption": other}
    return {name: table for name, table in tables.items() if len(table)}


def _held_in_memory(project: Project) -> list[Problem]:
    """That the run cannot be repeated from its record where inputs were objects of the caller's."""
    if not project.objects:
        return []
    return [Problem("checks.objects", project.project.name, {"names": sorted(project.objects)})]


def _changed_inputs(project: Project, files: Sequence[InputFile]) -> list[Problem]:
    """Input files that are not those of the run that this one repeats."""
    present = {file.path: file for file in files}
    return [
        Problem("checks.input_changed", Path(file.path).name, {"path": file.path, "sha256": file.sha256[:12]})
        for file in project.recorded
        if not present[file.path].same_content(file)
    ]


def _checks(
    prepared: Prepared,
    given: ProjectInputs,
    account: Account,
    tables: Mapping[str, pd.DataFrame],
    notes: Sequence[Problem],
) -> pd.DataFrame:
    findings, hierarchy, areas = Findings(), given.hierarchy, given.areas
    note_differences(tables["pairs"], findings)
    if "other_assumption" in tables:
        note_assumptions(tables["other_assumption"], hierarchy.regions["level"].iloc[0], findings)
    for lost in areas.unplaced(hierarchy) if areas else ():
        findings.add(lost.id, "warning", lost.where, **lost.values)
    for note in notes:
        findings.add(note.id, "warning" if note.id in IN_DOUBT else "note", note.where, **note.values)
    for ecosystem, without in prepared.project.no_carbon.items():
        named = [pools()[pool].label for pool in without]
        findings.add("checks.no_carbon", "warning", ecosystem, ecosystem=ecosystems()[ecosystem].label, pools=named)
    check_laws(account.table, given.mapped, hierarchy, findings)
    section = prepared.project.project
    note_findings(
        account,
        given.mapped,
        hierarchy,
        findings,
        least=Least(section.coverage_min, section.cells_min, section.interval_share if given.draws else None),
        adjusted=adjusted_areas_beside(prepared, given),
        used=areas is not None,
    )
    project = prepared.project
    _note_dates(prepared, given.mapped, hierarchy, findings)
    note_noise(tables["noise"], given.mapped, map_knowledge(project), project.periods, findings)
    return findings.table()


def _note_dates(prepared: Prepared, mapped: Activity, hierarchy: Hierarchy, findings: Findings) -> None:
    """What is the same at two dates although each has a file of its own, and areas that are far from those before."""
    cover = prepared.land_cover
    own = cover is not None and own_files(cover.files, STATIC)
    layers = [one.name for one in prepared.inputs if not isinstance(one, DerivedLayer) and own_files(one.files, STATIC)]
    note_alike(mapped, LAND_COVER if own else "", layers, findings)
    note_area_jumps(mapped, LAND_COVER, dict(hierarchy.regions[["code", "name"]].itertuples(index=False)), findings)


def _potentials(prepared: Prepared, emitted: pd.DataFrame) -> Potentials | None:
    """Warming potentials, where the project names an assessment and there are gases to weigh."""
    assessment = prepared.project.project.gwp
    return None if assessment is None or emitted.empty else Potentials.of(prepared.registry, assessment)


def _parameters_used(prepared: Prepared, result: Account, potentials: Potentials | None) -> pd.DataFrame:
    """The rows of the parameter tables that the account stands on, each with its methodology and role."""
    # Models make layers for whatever is accounted for.
    parts = [model.used.assign(methodology=TABLE, role="record") for model in prepared.models]
    if potentials is not None:
        parts.append(potentials.used.assign(methodology=POTENTIALS, role="record"))
    for entry, rows in result.used:
        frame = entry.method.table.frame.iloc[rows]
        parts.append(frame.assign(methodology=entry.method.id, role=entry.role))
    if not parts:
        return pd.DataFrame(columns=["methodology", "role", "parameter"])
    used = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    first = ["methodology", "role", "parameter"]
    return used[[*first, *(column for column in used.columns if column not in first)]]


def _sources(prepared: Prepared, used: pd.DataFrame, potentials: Potentials | None) -> pd.DataFrame:
    """The documents that parameters and equations come from, each once."""
    known: dict[str, Any] = {}
    for part in (*prepared.models, *((potentials,) if potentials else ())):
        known |= part.sources
    for entry in prepared.entries:
        known |= entry.method.table.sources
    keys = {entry.method.methodology.source for entry in prepared.entries}
    keys |= set(used["source"]) if "source" in used else set()
    return pd.DataFrame([known[key].to_json() for key in sorted(keys) if key in known])


def _described(bound: Bound) -> dict[str, Any]:
    """What a methodology is, for readers who do not have the library at hand."""
    method = bound.methodology
    return {
        "id": method.id,
        "title": {"zh": method.title.zh, "en": method.title.en},
        "approach": method.approach,
        "tier": method.tier,
        "edition": bound.edition,
        "source": method.source,
        "locator": method.locator,
        "equations": formulas(method),
    }


def _record(prepared: Prepared, files: Sequence[InputFile]) -> dict[str, Any]:
    project = prepared.project
    objects = {"objects": described(project.objects)} if project.objects else {}
    return {
        **objects,
        "title": project.project.title,
        **({"title_en": project.project.title_en} if project.project.title_en else {}),
        "demonstration": project.project.demonstration,
        "created": now().isoformat(timespec="seconds"),
        "project": project.record(),
        "methodologies": [_described(bound) for bound in {e.method.id: e.method for e in prepared.entries}.values()],
        "folder": str(project.folder),
        "inputs": [file.to_json() for file in files],
        "versions": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "regions": {"source": prepared.regions.source},
    }
