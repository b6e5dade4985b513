"""From a project's words to the objects they name, every problem in one pass and nothing long begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from sinks.account import Entry, Measure
from sinks.checks import check_entries
from sinks.errors import Problem, Problems, ProjectError, RegionError, SinksError, UnitError
from sinks.geo.legends import Legend, available_legends, load_legend
from sinks.geo.region_file import load_file
from sinks.geo.regions import Regions, load_builtin
from sinks.layers.codes import fields_from
from sinks.layers.derived import Coefficient, DerivedLayer, derived_layer, with_derived
from sinks.layers.raster import CategoricalLayer, ContinuousLayer
from sinks.layers.table import TableLayer
from sinks.layers.vector import VectorLayer
from sinks.methodology import Registry
from sinks.project import Project
from sinks.sections import BuiltinRegions, InputSection, MethodologySection, RasterSection
from sinks.units import factor
from sinks.vocabulary import quantities

Made = TypeVar("Made")

_SLIP = 0.85
"""Likeness, as difflib has it, from which a word is taken for a misspelt one."""


@dataclass(frozen=True)
class Prepared:
    """A project whose inputs are found and checked, before anything long has run; ``notes`` are for its reader."""

    project: Project
    regions: Regions
    land_cover: CategoricalLayer | None
    strata: tuple[CategoricalLayer, ...]
    inputs: tuple[ContinuousLayer, ...]
    vectors: tuple[VectorLayer, ...]
    tables: tuple[TableLayer, ...]
    entries: tuple[Entry, ...]
    registry: Registry
    notes: tuple[Problem, ...] = ()


def prepare(project: Project) -> Prepared:
    """Find and check everything that the project names.

    Raises
    ------
    ProjectError
        With every problem of regions, legends, methodologies, and of the files of raster layers.
    """
    gather = Gather()
    regions = gather(lambda: _regions(project))
    land_cover = gather(lambda: _land_cover(project))
    strata = [gather(later(_stratum, project, name)) for name in project.strata]
    given = [gather(later(_input, project, name)) for name in project.inputs]
    # An input that is at fault would be missed in every expression that it stands in.
    names = project.derived_inputs if all(given) else ()
    derived = [gather(later(_derived_input, project, name, _all(given))) for name in names]
    inputs = with_derived(_all(given), _all(derived))
    vectors = [gather(later(_vectors, project, name)) for name in project.vectors]
    tables = [gather(later(_table, project, name)) for name in project.tables]
    if land_cover is not None:
        gather(later(_check_files, land_cover, _all(strata), inputs))
    registry = gather(lambda: Registry([project.path(name) for name in project.methodology_files]))
    entries: list[Entry | None] = []
    if registry is not None:
        numbered = enumerate(project.methodologies, 1)
        entries = [gather(later(_entry, project, registry, section, number)) for number, section in numbered]
        gather(lambda: check_entries([entry for entry in entries if entry is not None]))
    gather.problems.raise_as(ProjectError)
    assert regions is not None
    assert registry is not None
    return Prepared(
        project,
        regions,
        land_cover,
        _all(strata),
        inputs,
        tuple(layer for layers in _all(vectors) for layer in layers),
        _all(tables),
        _all(entries),
        registry,
    )


class Gather:
    """Calls what may fail and keeps the problems, so that the next thing is tried too."""

    def __init__(self) -> None:
        self.problems = Problems()

    def __call__(self, make: Callable[[], Made]) -> Made | None:
        try:
            return make()
        except SinksError as error:
            self.problems.extend(error)
            return None


def later(make: Callable[..., Made], *arguments: object) -> Callable[[], Made]:
    """A call for :class:`Gather`, with its arguments as they are now."""
    return lambda: make(*arguments)


def _all(made: list[Made | None]) -> tuple[Made, ...]:
    return tuple(one for one in made if one is not None)


def _regions(project: Project) -> Regions:
    section = project.regions
    if isinstance(section, BuiltinRegions):
        try:
            return load_builtin(section.builtin, section.within, section.levels)
        except RegionError as error:
            keys = {"province": "regions.builtin", "within": "regions.within", "levels": "regions.levels"}
            said = (replace(problem, where=keys.get(problem.where, problem.where)) for problem in error.problems)
            raise RegionError(*said) from error
    return load_file(
        project.path(section.file),
        section.code,
        section.name,
        section.parent,
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
    return {date: project.path(name) for date, name in section.by_date.items()}


def _categorical(project: Project, name: str, section: RasterSection, legend: Legend) -> CategoricalLayer:
    if section.nodata is not None and not float(section.nodata).is_integer():
        raise ProjectError(Problem("project.class_nodata", name, {"found": section.nodata}))
    return CategoricalLayer(
        name,
        _files(project, section),
        legend,
        resampling=section.resampling,
        band=section.band,
        nodata=None if section.nodata is None else int(section.nodata),
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


def _derived_input(project: Project, name: str, inputs: tuple[ContinuousLayer, ...]) -> DerivedLayer:
    section = project.derived_inputs[name]
    coefficients = {key: Coefficient(c.value, c.unit, c.source) for key, c in section.coefficients.items()}
    return derived_layer(name, section.expression, inputs, coefficients, quantity=section.quantity)


def _input(project: Project, name: str) -> ContinuousLayer:
    section: InputSection = project.inputs[name]
    quantity = quantities()[section.quantity or name]
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


def _check_files(
    land_cover: CategoricalLayer, strata: tuple[CategoricalLayer, ...], inputs: tuple[ContinuousLayer, ...]
) -> None:
    from sinks.tabulate import check_files

    check_files(land_cover, strata=strata, inputs=inputs)


def _vectors(project: Project, name: str) -> list[VectorLayer]:
    """A layer for each date."""
    section = project.vectors[name]
    fields = fields_from(section.preset, section.fields)
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
        fields_from(None, section.columns),
        date=section.date,
        ecosystem=section.ecosystem,
        sheet=section.sheet,
        encoding=section.encoding,
        header=section.header,
    )


def _entry(project: Project, registry: Registry, section: MethodologySection, number: int) -> Entry:
    where, problems = f"methodologies[{number}] ({section.id})", Problems()
    bound = registry.get(section.id)
    if section.parameters:
        bound = bound.with_parameters(project.path(section.parameters))
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
