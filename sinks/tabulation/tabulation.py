"""The pass as one function: check everything, cut the grid into blocks, run them, say what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS, Transformer

from sinks.errors import CRSError, LayerError, LegendError, Problem, Problems, RegionError, SinksError
from sinks.geo.crs import densify_to
from sinks.geo.grid import CellAreas, Grid
from sinks.geo.polygon_area import polygon_areas
from sinks.geo.topology import M2_PER_HA
from sinks.input_sets import InputGroup, InputSet
from sinks.layers.rasters.content import content_of
from sinks.layers.rasters.raster import (
    STATIC,
    CategoricalLayer,
    ContinuousLayer,
    RasterSource,
)
from sinks.tabulation.blocks import Task, block_shape, plan
from sinks.tabulation.checkpoint import Checkpoint, Fingerprint, Later, digest
from sinks.tabulation.cluster import scheduler_of
from sinks.tabulation.coverage import Coverage
from sinks.tabulation.crosstab import Axis, BinnedGroup, Input, Ints, Partial, Spec, Watch, exponent_of
from sinks.tabulation.found_tables import bins_table, sums_table
from sinks.tabulation.joint import Joint, column
from sinks.tabulation.pass_layers import PassLayers
from sinks.tabulation.scheduler import Progress, Scheduler, run_tasks
from sinks.tabulation.unread import check_readable, with_codes_of_others

if TYPE_CHECKING:
    from distributed import Client

Floats = npt.NDArray[np.float64]

_MANY = 30
"""Unknown codes that a message lists."""


def tabulate(
    units: gpd.GeoDataFrame,
    land_cover: CategoricalLayer,
    *,
    strata: Sequence[CategoricalLayer] = (),
    inputs: Sequence[ContinuousLayer] = (),
    watched: Sequence[InputSet] = (),
    block_size: int | None = None,
    threads: int | None = None,
    progress: Progress | bool = False,
    checkpoint: Path | None = None,
    scheduler: Scheduler | Client | str | None = None,
) -> Joint:
    """Area by region and class at every date, and moments of continuous layers, in one pass over the files.

    The grid of the land cover's first date is the reference grid.  A cell on a boundary belongs to each region by the
    fraction of its area that the region covers.  All sums are integers: block size, threads, file layout and
    resumption cannot change a digit.

    Parameters
    ----------
    units : GeoDataFrame
        ``code`` (text) and ``geometry`` of the finest regions, with a CRS.
    land_cover : CategoricalLayer
        With one file per date.
    strata : sequence of CategoricalLayer
        Further classes; static, or with the land cover's dates.
    inputs : sequence of ContinuousLayer
        Quantities; static, or with the land cover's dates.
    watched : sequence of InputSet
        Inputs that methodologies take together: land without one of them is counted apart, and land with all of them
        by bins of their values.
    block_size : int, optional
        Side of a block in cells; by default it follows the files' own tiling.
    threads : int, optional
        By default the number of processors, at most eight.
    progress : bool or callable
        True draws a bar; a callable gets (cells done, cells in all).
    checkpoint : Path, optional
        Folder in which the pass leaves its sums, and from which an interrupted one goes on; whoever has made a result
        of them throws it away (:func:`sinks.tabulation.checkpoint.forget`).
    scheduler : str, distributed.Client or Scheduler, optional
        A dask cluster to run the blocks, by its address (``"tcp://host:8786"``) or client; by default threads.

    Returns
    -------
    Joint

    Raises
    ------
    LayerError, CRSError, RegionError
        Everything found wrong before the pass, at once; a corrupt block, values out of bounds or nothing observed.
    LegendError
        Codes in the data that a legend lacks, with their areas.
    RunError
        A checkpoint of another pass.
    """
    layers = PassLayers(land_cover, tuple(strata), tuple(inputs), tuple(watched))
    regions, spec = specified(units, layers)
    shape, tasks = planned(spec, block_size)
    kept = Checkpoint(checkpoint, _fingerprint(spec, regions, shape)) if checkpoint is not None else None
    try:
        total = run_tasks(spec, tasks, scheduler_of(scheduler, threads), progress, kept)
    except LayerError as error:
        raise with_codes_of_others(error, layers, spec) from error
    _check_result(layers, spec, total)
    table, exact = sums_table(layers, spec, regions.codes, total)
    bins, exact_bins = bins_table(layers, spec, total)
    return Joint(
        table=table,
        units=regions.table(total.cells),
        dates=layers.dates,
        land_cover=land_cover,
        strata=layers.strata,
        inputs=layers.inputs,
        watched=layers.watched,
        bins=bins,
        exact=exact,
        exact_bins=exact_bins,
    )


def check_files(
    land_cover: CategoricalLayer,
    *,
    strata: Sequence[CategoricalLayer] = (),
    inputs: Sequence[ContinuousLayer] = (),
) -> None:
    """Check what the files say of themselves, whatever the regions; this costs no more than to open them.

    Raises
    ------
    LayerError
        With every problem of every file.
    """
    PassLayers(land_cover, tuple(strata), tuple(inputs)).inspect()


def check_layers(
    units: gpd.GeoDataFrame,
    land_cover: CategoricalLayer,
    *,
    strata: Sequence[CategoricalLayer] = (),
    inputs: Sequence[ContinuousLayer] = (),
) -> Grid:
    """Check all that can be checked without reading more than samples; parameters and errors as of :func:`tabulate`.

    Returns
    -------
    Grid
        The reference grid.
    """
    layers = PassLayers(land_cover, tuple(strata), tuple(inputs))
    _, spec = specified(units, layers)
    check_readable(layers, spec, planned(spec)[1])
    return spec.areas.grid


def planned(spec: Spec, block_size: int | None = None) -> tuple[tuple[int, int], list[Task]]:
    """Rows and columns of a block, and the tasks of a pass."""
    grid = spec.areas.grid
    shape = block_shape(grid, [source.block_shape for source in spec.sources if source.mode == "direct"], block_size)
    return shape, plan(grid, shape, spec.coverage.block_mask(*shape))


def specified(units: gpd.GeoDataFrame, layers: PassLayers) -> tuple[_Regions, Spec]:
    """Regions and specification of a pass, or everything that is wrong with them."""
    _check_units(units)
    sources = layers.inspect()
    reference = next(iter(sources.values())).grid
    regions = _Regions.of(units, reference)
    return regions, _spec(layers, sources, regions, reference)


@dataclass(frozen=True)
class _Regions:
    """Units on the reference grid."""

    codes: tuple[str, ...]
    polygons: npt.NDArray[np.object_]
    coverage: Coverage
    area_ha: Floats
    inside: Floats

    @classmethod
    def of(cls, units: gpd.GeoDataFrame, reference: Grid) -> _Regions:
        crs = CRS.from_user_input(units.crs)
        codes = tuple(str(code) for code in units["code"])
        polygons = densify_to(units.geometry.to_numpy(), crs, reference.crs)
        coverage = Coverage(reference, list(polygons), codes)
        return cls(
            codes,
            polygons,
            coverage,
            polygon_areas(units.geometry.to_numpy(), crs) / M2_PER_HA,
            coverage.inside_share(),
        )

    def table(self, cells: Ints) -> pd.DataFrame:
        return pd.DataFrame(
            {"region_code": self.codes, "area_ha": self.area_ha, "cells": cells, "inside_share": self.inside}
        )


def _check_units(units: gpd.GeoDataFrame) -> None:
    missing = [name for name in ("code", "geometry") if name not in units.columns]
    if missing:
        raise RegionError(
            Problem("tabulate.units_columns", "units", {"missing": missing, "found": list(units.columns)})
        )
    if units.crs is None:
        raise CRSError(Problem("tabulate.units_no_crs", "units"))
    if units.empty:
        raise RegionError(Problem("tabulate.no_units", "units"))
    twice = sorted(units["code"].astype(str)[units["code"].astype(str).duplicated()].unique())
    if twice:
        raise RegionError(Problem("tabulate.code_twice", "units", {"codes": twice}))


def _spec(layers: PassLayers, sources: dict[str, RasterSource], regions: _Regions, reference: Grid) -> Spec:
    _check_extents(sources, regions, reference)
    areas = CellAreas(reference)
    largest, cells = _largest_weight(areas), reference.width * reference.height
    axes = tuple(Axis(sources[column(layer, date)], layer.legend.numbers) for layer, date in layers.categorical)
    inputs = tuple(
        Input.of(sources[column(layer, date)], layer.low, layer.high, largest, cells)
        for layer, date in layers.continuous
    )
    watches = tuple(_watch(layers, inputs, watched, date, largest, cells) for watched, date in layers.watches)
    spec = Spec(regions.coverage, areas, len(regions.codes), axes, inputs, watches)
    if not spec.fits:
        count = len(axes)
        raise LayerError(Problem("tabulate.too_many_classes", layers.land_cover.name, {"layers": count}))
    return spec


def _watch(
    layers: PassLayers, inputs: Sequence[Input], watched: InputSet, date: str, largest: int, cells: int
) -> Watch:
    """A set of inputs at a date."""
    places = {layer.name: at for at, (layer, when) in enumerate(layers.continuous) if when in (date, STATIC)}
    axis = next(at for at, found in enumerate(layers.categorical) if found == (layers.land_cover, date))
    legend = layers.land_cover.legend
    lands = [legend.get(code) for code in legend.numbers]
    asked = [land is not None and land.ecosystem in watched.ecosystems for land in lands]

    def group(one: InputGroup) -> BinnedGroup:
        members = [inputs[places[name]] for name in one.inputs]
        bounds = [max(abs(member.low), abs(member.high)) for member in members]
        sizes = [*bounds, *(bounds[i] * bounds[j] for i, j in one.pairs)]
        exponents = tuple(exponent_of(size, largest, cells) for size in sizes)
        return BinnedGroup(
            tuple(places[name] for name in one.inputs), tuple(edges[1:-1] for edges in one.edges), exponents
        )

    # Not observed and unknown land asks for nothing.
    return Watch(
        axis, (*asked, False, False), tuple(places[name] for name in watched.inputs), tuple(map(group, watched.groups))
    )


def _check_extents(sources: dict[str, RasterSource], regions: _Regions, reference: Grid) -> None:
    """Refuse layers that no region reaches; part of a region outside is allowed and reported as its coverage."""
    problems = Problems()
    bounds = shapely.total_bounds(regions.polygons)
    if not (regions.inside > 0).any():
        name = next(iter(sources.values())).where
        problems.add("raster.disjoint", name, layer=_box(reference.bounds), regions=_box(bounds))
    else:
        left, bottom, right, top = reference.bounds
        used = (max(left, bounds[0]), max(bottom, bounds[1]), min(right, bounds[2]), min(top, bounds[3]))
        try:
            reference.check_zone(used, next(iter(sources.values())).where)
        except SinksError as error:
            problems.extend(error)
        for source in sources.values():
            if source.mode == "direct":
                continue
            to_source = Transformer.from_crs(reference.crs, source.grid.crs, always_xy=True)
            there = to_source.transform_bounds(*used)
            if not shapely.box(*there).intersects(shapely.box(*source.grid.bounds)):
                problems.add("raster.disjoint", source.where, layer=_box(source.grid.bounds), regions=_box(there))
    problems.raise_as(LayerError)


def _box(bounds: Sequence[float] | Floats) -> str:
    return "({:.6g}, {:.6g}) - ({:.6g}, {:.6g})".format(*bounds)


def _largest_weight(areas: CellAreas) -> int:
    """A bound of the area of one cell, in integer units, that depends on the grid alone."""
    height = areas.grid.height
    if areas.n_groups == 1:
        return int(areas.weights(0, height).max())
    # Areas vary smoothly over a grid: between sampled rows they cannot double.
    rows = np.unique(np.linspace(0, height - 1, 65).astype(int))
    return 2 * max(int(areas.weights(row, row + 1).max()) for row in rows.tolist())


def _fingerprint(spec: Spec, regions: _Regions, shape: tuple[int, int]) -> Fingerprint:
    """Everything the sums and their division into tasks depend on, by a name that a user would recognise."""
    grid = spec.areas.grid
    found: dict[str, object] = {
        "sinks": _version(),
        "regions": digest([*(code.encode() for code in regions.codes), *shapely.to_wkb(regions.polygons)]),
        "grid": f"{grid.crs.to_wkt()} {tuple(grid.transform)} {grid.width} {grid.height}",
        "block_size": f"{shape[0]} x {shape[1]}",
    }
    for axis in spec.axes:
        found[axis.source.name] = _file(axis.source, f"{axis.codes}")
    for item in spec.inputs:
        found[item.source.name] = _file(item.source, f"{item.low} {item.high} {item.exponents}")
    found["watched"] = digest([repr(watch).encode() for watch in spec.watches])
    return found


def _file(source: RasterSource, further: str) -> Later:
    """A file by its content, which is read beside the pass: a size and a time can be put back."""
    how = (source.band, source.nodata, source.scale, source.offset, source.mode, source.resampling, source.crs)
    return Later(lambda: f"{source.path} {content_of(source.path)} {how} {further}")


def _version() -> str:
    try:
        return version("sinks")
    except PackageNotFoundError:
        return "unknown"


def _check_result(layers: PassLayers, spec: Spec, total: Partial) -> None:
    """What only the pass can tell: codes without a class, values out of bounds, layers without an observation."""
    unknown = Problems()
    for at, (axis, (layer, _)) in enumerate(zip(spec.axes, layers.categorical, strict=True)):
        codes = {code: area for (which, code), area in total.unknown.items() if which == at}
        if codes:
            listed = sorted(codes, key=lambda code: (-codes[code], code))
            hectares = {code: float(spec.areas.to_ha(np.array(codes[code]))) for code in listed}
            shown = [f"{code:.0f} ({hectares[code]:.6g} ha)" for code in listed[:_MANY]]
            values: dict[str, Any] = {"codes": shown + ["…"] * (len(listed) > _MANY), "legend": layer.legend.id}
            values |= {"count": len(listed), "area": f"{sum(hectares.values()):.6g}", "example": f"{listed[0]:.0f}"}
            unknown.add("tabulate.unknown_codes", axis.source.where, **values)
    unknown.raise_as(LegendError)
    problems = Problems()
    for item, flaws, extremes in zip(spec.inputs, total.flaws, total.extremes, strict=True):
        if flaws[0]:
            transform = spec.areas.grid.transform
            x, y = transform.c + transform.a * (flaws[2] + 0.5), transform.f + transform.e * (flaws[1] + 0.5)
            problems.add(
                "raster.out_of_bounds",
                item.source.where,
                count=int(flaws[0]),
                least=f"{extremes[0]:.6g}",
                most=f"{extremes[1]:.6g}",
                low=f"{item.low:.6g}",
                high=f"{item.high:.6g}",
                x=f"{x:.8g}",
                y=f"{y:.8g}",
            )
    for source in _unobserved(layers, spec, total):
        problems.add("raster.all_nodata", source.where, nodata=source.nodata)
    problems.raise_as(LayerError)


def _unobserved(layers: PassLayers, spec: Spec, total: Partial) -> list[RasterSource]:
    """Files in which no region has an observed cell."""
    _, digits = spec.digits(total.keys)
    empty: list[RasterSource] = []
    for axis, found, (layer, _) in zip(spec.axes, digits, layers.categorical, strict=True):
        named = {c.number for c in layer.legend if c.is_nodata}
        absent = [axis.absent, *(digit for digit, code in enumerate(axis.codes) if code in named)]
        if np.isin(found, absent).all():
            empty.append(axis.source)
    for at, item in enumerate(spec.inputs):
        if not total.flaws[at, 0] and not total.sums[:, 1 + 5 * at].any():
            empty.append(item.source)
    return empty
