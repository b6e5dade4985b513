"""Zeros of a quantity that look like cells nobody observed: a padding whose value the file does not declare.

A stock that thins out has small values beside its zeros; a padding has none.  A sample of the cells that a methodology
takes, inside the regions, is enough to tell, and the user says which it is: nothing is decided for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from rasterio.features import geometry_mask
from rasterio.windows import Window
from rasterio.windows import transform as moved

from sinks.errors import LayerError, Problem
from sinks.geo.grid import Grid
from sinks.geo.legends import Legend
from sinks.layers.rasters.derived import DerivedLayer
from sinks.layers.rasters.raster import STATIC, ContinuousLayer, RasterSource
from sinks.layers.rasters.reader import RasterReader
from sinks.layers.rasters.sample import is_at_hand
from sinks.vocabulary import ecosystems, quantities
from sinks.workflow.prepare import Prepared

ZEROS = "zeros"
"""What ``accept`` says of a layer whose zeros were observed."""

SHARE, EDGE = 0.05, 0.1
"""Share of zeros from which they are looked at; the 1st percentile of the others, as a part of their median, from which
there is nothing between them and the zeros.  Both are this package's judgement: a warning, which one line settles."""

_FEWEST = 20
_ACROSS, _SIDE = 8, 64
"""Zeros below which nothing is said; windows that are looked at along each side of the regions, and their cells."""

_EVENTS = ("disturbed_area", "burnt_area", "wood_removal", "fuelwood_removal", "fuelwood_parts", "nitrogen_fertiliser")
"""What happens in few places, and is nothing in all others."""

Mask = npt.NDArray[np.bool_]


class _Looked(NamedTuple):
    """Values of a window, and which of them lie on land that a methodology takes them for."""

    values: npt.NDArray[np.float64]
    taken: Mask
    window: Window


def notes_of_zeros(prepared: Prepared) -> Iterator[Problem]:
    """Layers of which no value of unobserved cells is known, and whose zeros lie apart from all other values."""
    from sinks.tabulation.joint import column
    from sinks.tabulation.pass_layers import PassLayers

    cover = prepared.land_cover
    layers = [one for one in prepared.inputs if not isinstance(one, DerivedLayer) and _may_pad(one)]
    taken = {layer.name: _land(prepared, layer) for layer in layers}
    layers = [layer for layer in layers if taken[layer.name]]
    if cover is None or not layers:
        return
    found = PassLayers(cover, (), tuple(layers)).inspect()
    first = min(date for date in cover.files if date != STATIC)
    for layer in layers:
        for date in layer.files:
            ground = found[column(cover, first if date == STATIC else date)]
            yield from _of_file(prepared, layer, found[column(layer, date)], ground, taken[layer.name])


def _land(prepared: Prepared, layer: ContinuousLayer) -> tuple[str, ...]:
    """Ecosystems that a methodology takes a layer for."""
    users = [entry for entry in prepared.entries if layer.name in entry.method.inputs]
    return tuple(dict.fromkeys(name for entry in users for name in entry.ecosystems))


def _may_pad(layer: ContinuousLayer) -> bool:
    known = quantities().get(layer.quantity)
    return ZEROS not in layer.accept and layer.quantity not in _EVENTS and known is not None and known.low == 0


def _of_file(
    prepared: Prepared, layer: ContinuousLayer, source: RasterSource, ground: RasterSource, land: tuple[str, ...]
) -> Iterator[Problem]:
    assert prepared.land_cover is not None
    if source.nodata is not None or source.hidden is not None or not (is_at_hand(source.path) and source.scale):
        return
    looked = list(_looked(prepared, source, ground, _codes(prepared.land_cover.legend, land)))
    if not _apart(looked):
        return
    units = prepared.regions.units.geometry.to_crs(ground.grid.crs)
    inside = [_inside(units, ground.grid, one.window) for one in looked]
    within = [_Looked(one.values, one.taken & mask, one.window) for one, mask in zip(looked, inside, strict=True)]
    if not _apart(within):
        return
    taken = np.concatenate([one.values[one.taken] for one in within])
    others = taken[taken > 0]
    zeros = int((taken == 0).sum())
    hectares = prepared.regions.area_ha.sum() * zeros / sum(int(mask.sum()) for mask in inside)
    values = {
        "land": [ecosystems()[name].label for name in land],
        "zeros": f"{zeros:,}",
        "cells": f"{len(taken):,}",
        "share": f"{zeros / len(taken):.0%}",
        "area": f"{hectares:,.3g}" if hectares < 1000 else f"{hectares:,.0f}",
        "least": f"{np.quantile(others, 0.01):,.4g} {quantities()[layer.quantity].unit}",
        "layer": layer.name,
    }
    yield Problem("raster.zeros_in_doubt", source.where, values)


def _codes(legend: Legend, land: tuple[str, ...]) -> list[int]:
    return [one.number for one in legend if one.ecosystem in land and one.number is not None]


def _looked(prepared: Prepared, source: RasterSource, ground: RasterSource, codes: list[int]) -> Iterator[_Looked]:
    grid = ground.grid
    with RasterReader(source, grid) as values, RasterReader(ground, grid) as classes:
        for window in _windows(prepared, grid):
            row, column, size = int(window.row_off), int(window.col_off), (int(window.height), int(window.width))
            raw, land = np.empty(size, source.dtype), np.empty(size, ground.dtype)
            try:
                values.read(row, column, raw)
                classes.read(row, column, land)
            except LayerError:
                continue  # said with its place by the pass
            cells = raw.astype(np.float64) * source.scale + source.offset
            seen = np.isfinite(cells) if source.fill is None else np.isfinite(cells) & (raw != source.fill)
            yield _Looked(cells, np.isin(land, codes) & seen, window)


def _windows(prepared: Prepared, grid: Grid) -> Iterator[Window]:
    """Windows spread evenly over the rows and columns of the regions."""
    west, south, east, north = prepared.regions.units.to_crs(grid.crs).total_bounds
    column, row = ~grid.transform * (west, north)
    last_column, last_row = ~grid.transform * (east, south)
    rows = _starts(row, last_row, grid.height)
    columns = _starts(column, last_column, grid.width)
    for first, at in product(rows, columns):
        yield Window(at, first, min(_SIDE, grid.width - at), min(_SIDE, grid.height - first))


def _starts(first: float, last: float, size: int) -> list[int]:
    """Where windows begin; side by side where they would overlap."""
    low, high = sorted((first, last))
    low, high = max(int(low), 0), min(int(high) + 1, size)
    if high - low <= _ACROSS * _SIDE:
        return list(range(low, max(high, low + 1), _SIDE)) if low < size else []
    spread: list[int] = np.linspace(low, high - _SIDE, _ACROSS).astype(int).tolist()
    return spread


def _inside(units: gpd.GeoSeries, grid: Grid, window: Window) -> Mask:
    """Cells of a window whose centres lie in a region."""
    place = moved(window, grid.transform)
    shape = int(window.height), int(window.width)
    (west, north), (east, south) = place * (0, 0), place * (shape[1], shape[0])
    near = units.cx[min(west, east) : max(west, east), min(south, north) : max(south, north)]
    if not len(near):
        return np.zeros(shape, np.bool_)
    found: Mask = geometry_mask(list(near), shape, place, invert=True)
    return found


def _apart(looked: list[_Looked]) -> bool:
    """Whether many of the values that are taken are zero, and none of the others is near it."""
    taken = np.concatenate([one.values[one.taken] for one in looked] or [np.zeros(0)])
    others = taken[taken > 0]
    zeros = int((taken == 0).sum())
    if zeros < _FEWEST or zeros < SHARE * len(taken) or not len(others):
        return False
    low, middle = np.quantile(others, [0.01, 0.5])
    return bool(low >= EDGE * middle)
