"""From a project's words to the objects they name, every problem in one pass and nothing long begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sinks.account.account import Entry, Measure
from sinks.account.laws import check_entries
from sinks.activity import LAND_COVER, at_date
from sinks.errors import Gather, Problem, Problems, ProjectError, RegionError, UnitError
from sinks.geo.legends import Legend, available_legends, load_legend
from sinks.geo.region_file import load_file
from sinks.geo.regions import Regions, load_builtin
from sinks.input_sets import InputSet, merged
from sinks.layers.codes import fields_from
from sinks.layers.rasters import casa
from sinks.layers.rasters.derived import Coefficient, DerivedLayer, derived_layer, ruled_layer, with_derived
from sinks.layers.rasters.monthly import check_bands
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer, Layer
from sinks.layers.stands.vector import VectorLayer
from sinks.layers.tables.plan import TableLayer
from sinks.methodology import Registry
from sinks.methodology.response import input_set
from sinks.parameters.nominal import nominal_errors, with_nominal_errors
from sinks.project.base import STATIC
from sinks.project.methods import MethodologySection
from sinks.project.project import Project
from sinks.project.rasters import InputSection, RasterSection
from sinks.project.regions import BuiltinRegions
from sinks.units import factor
from sinks.vocabulary import ALL, MONTHS, month_id, quantities
from sinks.workflow.consent import check_consent, with_own_lists
from sinks.workflow.derived_strata import derived_values
from sinks.workflow.prepared_view import PreparedView
from sinks.workflow.production import Production, production, production_table

if TYPE_CHECKING:
    from sinks.assessment.inputs import Inputs

T = TypeVar("T")

_DEGREES = "degC"

_SLIP = 0.85
"""Likeness, as difflib has it, from which a word is taken for a misspelt one."""


@dataclass(frozen=True, repr=False)
class Prepared(PreparedView):
    """A project whose inputs are found and checked, before anything long has run.

    Land cover, strata and inputs have the dates of the account; ``history`` is land cover and strata at each earlier
    date, a layer of its own that is read for its classes only; ``notes`` are for the reader.
    """

    project: Project
    regions: Regions
    land_cover: CategoricalLayer | None
    strata: tuple[CategoricalLayer, ...]
    history: tuple[CategoricalLayer, ...]
    inputs: tuple[ContinuousLayer, ...]
    vectors: tuple[VectorLayer, ...]
    tables: tuple[TableLayer, ...]
    entries: tuple[Entry, ...]
    registry: Registry
    models: tuple[Production, ...]
    notes: tuple[Problem, ...] = ()

    @cached_property
    def watched(self) -> tuple[InputSet, ...]:
        """The inputs that methodologies take together, found by evaluating them: only a pass needs to know."""
        if self.land_cover is None:
            return ()
        return _watched(self.project, self.entries, self.land_cover, self.strata, self.inputs)

    @cached_property
    def assessment_inputs(self) -> Inputs | None:
        """The tables of the assessment, read once for all that is checked of them and for the assessment itself.

        Raises
        ------
        AssessmentError
            With the problems of all tables.
        """
        from sinks.assessment.evaluate import read_section

        section = self.project.assessment
        return None if section is None else read_section(section, self.project.path)


def prepare(project: Project) -> Prepared:
    """Find and check everything that the project names.

    Raises
    ------
    ProjectError
        With everything that the user has to agree to first (:func:`sinks.workflow.consent.check_consent`), before any
        file is read; then with every problem of regions, legends, methodologies, and of the files of raster layers.
    """
    check_consent(project)
    gather = Gather()
    regions = gather(_regions, project)
    land_cover = gather(_land_cover, project)
    strata = [gather(_stratum, project, name) for name in project.strata]
    dated = [layer for layer in (land_cover, *strata) if layer is not None and STATIC not in layer.files]
    history = tuple(past for layer in dated for past in _history(project, layer))
    given = [gather(_input, project, name) for name in project.inputs]
    monthly = [gather(_months, project, name) for name in project.monthly_inputs]
    registry = gather(Registry, [project.path(name) for name in project.methodology_files])
    models: dict[str, Production] = {}
    derived: list[DerivedLayer | None] = []
    months = tuple(layer for layers in _all(monthly) for layer in layers)
    # A layer that is at fault would be missed in all that follows from it.
    if all((*given, *monthly)):
        classified = (*_all([land_cover]), *_all(strata))
        found: dict[str, Layer] = {layer.name: layer for layer in classified}
        found |= {layer.name: layer for layer in (*_all(given), *months)}
        for name in project.derived_inputs:
            derived.append(gather(_derived_input, project, name, found, registry, models))
    vectors = [gather(_vectors, project, name) for name in project.vectors]
    tables = [gather(_table, project, name) for name in project.tables]
    entries: list[Entry | None] = []
    if registry is not None:
        numbered = enumerate(project.methodologies, 1)
        entries = [gather(_entry, project, registry, section, number) for number, section in numbered]
        gather(check_entries, _all(entries))
    gather(_check_nominal_kinds, project)
    asked = tuple(layer for layer in months if layer.name in _asked(_all(entries)))
    inputs = with_derived((*_all(given), *asked), _all(derived))
    if land_cover is not None:
        gather(_check_files, land_cover, (*_all(strata), *history), inputs)
    if not len(gather.problems):
        gather(_check_months, project, inputs)
    gather.problems.raise_as(ProjectError)
    assert regions is not None
    assert registry is not None
    return Prepared(
        project,
        regions,
        land_cover,
        _all(strata),
        history,
        inputs,
        tuple(layer for layers in _all(vectors) for layer in layers),
        _all(tables),
        _all(entries),
        registry,
        tuple(models.values()),
    )


def _all(made: list[T | None]) -> tuple[T, ...]:
    return tuple(one for one in made if one is not None)


def _regions(project: Project) -> Regions:
    section = project.regions
    if isinstance(section, BuiltinRegions):
        try:
            return load_builtin(section.builtin, section.within, section.levels, set_aside=section.set_aside)
        except RegionError as error:
            keys = {"province": "regions.builtin", "within": "regions.within", "levels": "regions.levels"}
            said = (replace(problem, where=keys.get(problem.where, problem.where)) for problem in error.problems)
            raise RegionError(*said) from error
    return load_file(
        project.path(section.file),
        section.code,
        section.name,
        section.parent,
        parent_name=section.parent_name,
        english_field=section.name_en,
        set_aside=section.set_aside,
        level=section.level,
        layer=section.layer,
        encoding=section.encoding,
        crs=section.crs,
        datum_shift=section.datum_shift,
        repair=section.repair,
        allow_gaps=section.allow_gaps,
    )


def _legend(project: Project, name: str, overrides: dict[str, object] | None = None, stratum: str = "") -> Legend:
    known = name in available_legends()
    return load_legend(name if known else project.path(name), overrides, stratum=None if known else stratum)


def _files(project: Project, section: RasterSection) -> dict[str, Path | str]:
    dates = (*project.dates, STATIC)
    return {date: project.path(name) for date, name in section.by_date.items() if date in dates}


def _categorical(project: Project, name: str, section: RasterSection, legend: Legend) -> CategoricalLayer:
    return CategoricalLayer(
        name,
        _files(project, section),
        legend,
        resampling=section.resampling,
        band=section.band,
        bands=section.bands,
        accept=section.accept,
        nodata=section.nodata,
        assume_crs=section.crs,
    )


def _land_cover(project: Project) -> CategoricalLayer | None:
    section = project.land_cover
    if section is None:
        return None
    return _categorical(project, "land_cover", section, _legend(project, section.legend, section.legend_overrides))


def _stratum(project: Project, name: str) -> CategoricalLayer:
    section = project.strata[name]
    layer = _categorical(project, name, section, _legend(project, section.legend, stratum=name))
    return replace(layer, ecosystems=section.ecosystems)


def _history(project: Project, layer: CategoricalLayer) -> list[CategoricalLayer]:
    """The land cover or a stratum at each date that is history only."""
    section = project.strata.get(layer.name, project.land_cover)
    assert section is not None
    return [
        replace(
            layer,
            name=at_date(layer.name, date),
            files={STATIC: project.path(section.by_date[date])},
            of_date=date,
            band=section.bands.get(date, section.band),
            bands={},
        )
        for date in project.history
    ]


def _derived_input(
    project: Project, name: str, layers: dict[str, Layer], registry: Registry | None, models: dict[str, Production]
) -> DerivedLayer | None:
    """A layer by its expression or model; None where what it follows from is at fault, and said to be."""
    section = project.derived_inputs[name]
    if section.expression is not None:
        coefficients = {key: Coefficient(c.value, c.unit, c.source) for key, c in section.coefficients.items()}
        inputs = [layer for layer in layers.values() if isinstance(layer, ContinuousLayer)]
        return derived_layer(name, section.expression, inputs, coefficients, quantity=section.quantity)
    problems, where = Problems(), f"derived_inputs.{name}"
    if (section.quantity or name) != casa.QUANTITY:
        problems.add("derived.model_quantity", where, found=section.quantity or name, expected=casa.QUANTITY)
    if missing := [series for series in casa.SERIES if series not in project.monthly_inputs]:
        problems.add("derived.model_series", where, missing=missing)
    problems.raise_as(ProjectError)
    vegetation = layers.get(str(section.vegetation))
    if registry is None or not isinstance(vegetation, CategoricalLayer):
        return None
    table = production_table(registry, project.path(section.parameters) if section.parameters else None)
    models[name] = production(where, vegetation.name, vegetation.legend, section.classes, table)
    return ruled_layer(name, casa.QUANTITY, models[name].rule, layers)


def _months(project: Project, name: str) -> tuple[ContinuousLayer, ...]:
    """A layer for each month of a series."""
    section = project.monthly_inputs[name]
    layers = tuple(
        replace(
            _continuous(project, month_id(name, month), month_id(section.quantity or name, month), section),
            files={date: project.path(path) for date, path in section.of_month(month).items()},
            band=section.band if section.by_month else month,
        )
        for month in MONTHS
    )
    if not section.by_month:
        check_bands(layers, name)
    return layers


def _asked(entries: tuple[Entry, ...]) -> set[str]:
    """Names of the layers that methodologies take."""
    return {e.method.methodology.base_name(name) for e in entries for name in e.method.inputs}


def _check_months(project: Project, inputs: tuple[ContinuousLayer, ...]) -> None:
    """Refuse monthly layers that nothing takes, which are most likely misnamed."""
    parts = (part for layer in inputs if isinstance(layer, DerivedLayer) for part in layer.parts)
    taken = {layer.name for layer in (*inputs, *parts)}
    problems = Problems()
    for name in project.monthly_inputs:
        if taken.isdisjoint(month_id(name, month) for month in MONTHS):
            problems.add("project.months_unused", f"monthly_inputs.{name}", name=name)
    problems.raise_as(ProjectError)


def _input(project: Project, name: str) -> ContinuousLayer:
    section = project.inputs[name]
    return _continuous(project, name, section.quantity or name, section)


def _continuous(project: Project, name: str, measured: str, section: InputSection) -> ContinuousLayer:
    quantity = quantities()[measured]
    if section.uncertainty is not None and quantity.unit == _DEGREES:
        found = {"quantity": str(quantity.label), "found": section.uncertainty}
        raise ProjectError(Problem("uncertainty.degrees", f"inputs.{name}.uncertainty", found))
    return ContinuousLayer(
        name,
        quantity.id,
        _files(project, section),
        quantity.low,
        quantity.high,
        scale=section.scale,
        offset=section.offset,
        factor=_factor(name, section.unit, quantity.unit),
        resampling=section.resampling,
        band=section.band,
        bands=section.bands,
        accept=section.accept,
        nodata=section.nodata,
        assume_crs=section.crs,
    )


def _factor(name: str, unit: str | None, wanted: str) -> float:
    """From the unit of the project to the quantity's; a unit that is none is said of the layer that states it."""
    if unit is None:
        return 1.0
    try:
        return float(factor(unit, wanted))
    except UnitError as error:
        raise UnitError(*(replace(problem, where=f"inputs.{name}.unit") for problem in error.problems)) from error


def _watched(
    project: Project,
    entries: Sequence[Entry],
    land_cover: CategoricalLayer,
    strata: Sequence[CategoricalLayer],
    inputs: Sequence[ContinuousLayer],
) -> tuple[InputSet, ...]:
    """The inputs that methodologies of the rasters take together, and how they answer to them."""
    classes = {layer.name: [entry.cls for entry in layer.legend] for layer in strata}
    classes |= {target: derived_values(project, target) for target in project.derive}
    limits = {layer.name: (layer.low, layer.high) for layer in inputs}
    years = max((int(last) - int(first) for first, last in pairwise(sorted(project.dates))), default=0)
    found = []
    for entry in entries:
        if entry.source == LAND_COVER:
            lands = [one for one in land_cover.legend if one.ecosystem in entry.ecosystems]
            own = {"class": [one.cls for one in lands], "land_cover": [one.text for one in lands]}
            found.append(input_set(entry.method, entry.ecosystems, entry.pools, limits, {**classes, **own}, years))
    return merged(one for one in found if one is not None)


def _check_files(
    land_cover: CategoricalLayer, strata: tuple[CategoricalLayer, ...], inputs: tuple[ContinuousLayer, ...]
) -> None:
    from sinks.tabulation import check_files

    check_files(land_cover, strata=strata, inputs=inputs)


def _vectors(project: Project, name: str) -> list[VectorLayer]:
    """A layer for each date."""
    section = project.vectors[name]
    fields = fields_from(section.preset, with_own_lists(project, section.fields))
    return [
        VectorLayer(
            name,
            project.path(file),
            date,
            layer=section.layer,
            encoding=section.encoding,
            crs=section.crs,
            fields=fields,
            where=section.where,
            repair=section.repair,
        )
        for date, file in sorted(section.files.items())
    ]


def _table(project: Project, name: str) -> TableLayer:
    section = project.tables[name]
    return TableLayer(
        name,
        project.path(section.file),
        fields_from(None, with_own_lists(project, section.columns)),
        date=section.date,
        ecosystem=section.ecosystem,
        sheet=section.sheet,
        encoding=section.encoding,
        delimiter=section.delimiter,
        decimal=section.decimal,
        header=section.header,
    )


def _nominal_kinds(project: Project) -> tuple[str, ...]:
    """Kinds of parameters that are given a nominal error."""
    kinds = project.nominal_errors.kinds if project.nominal_errors else ()
    return tuple(nominal_errors()) if ALL in kinds else kinds


def _check_nominal_kinds(project: Project) -> None:
    known, problems = (*nominal_errors(), ALL), Problems()
    if unknown := [kind for kind in _nominal_kinds(project) if kind not in known]:
        problems.add("project.nominal_kind", "nominal_errors.kinds", found=unknown, known=known)
    problems.raise_as(ProjectError)


def _entry(project: Project, registry: Registry, section: MethodologySection, number: int) -> Entry:
    where, problems = f"methodologies[{number}] ({section.id})", Problems()
    bound = registry.get(section.id)
    if section.parameters:
        bound = bound.with_parameters(project.path(section.parameters))
    bound = replace(bound, table=with_nominal_errors(bound.table, bound.id, _nominal_kinds(project)))
    bound = bound.with_constants(section.strata)
    for name, value in section.strata.items():
        known = {str(row.cells[name]) for row in bound.table.rows if row.cells.get(name)}
        # A value of one's own may be meant for rows that match anything; one that is nearly a known one is a slip.
        if value not in known and (near := get_close_matches(value, known, cutoff=_SLIP)):
            problems.add("project.stratum_value", where, stratum=name, found=value, near=near)
    foreign = sorted(set(section.ecosystems) - set(bound.methodology.ecosystems))
    if foreign:
        problems.add("project.not_for", where, found=foreign, possible=bound.methodology.ecosystems)
    pools = section.pools or bound.pools
    unknown = [pool for pool in pools if pool not in bound.pools]
    if unknown:
        problems.add("project.no_pool", where, found=unknown, possible=bound.pools)
    problems.raise_as(ProjectError)
    possible: tuple[Measure, ...] = ("sink",)
    if all(bound.kind(pool) in ("density", "stock_total") for pool in pools):
        possible = ("stock", "sink")
    wanted = section.accounts_for or possible
    if set(wanted) - set(possible):
        problems.add("project.no_measure", where, found=sorted(set(wanted) - set(possible)), possible=possible)
    sources = {project.area_source[name] for name in section.ecosystems}
    if section.source is None and len(sources) > 1:
        problems.add("project.sources_differ", where, sources=sorted(sources))
    problems.raise_as(ProjectError)
    return Entry(bound, section.ecosystems, tuple(pools), wanted, section.source or sources.pop(), section.role)
