"""A first look at the codes of a class map, before the pass reads it all: is it this legend, or a picture?

A map read with the legend of another product is one mistake and not one for each code; it is said at once, with the
legends that fit.  A few codes that a legend lacks are left to the pass, which knows whether they lie in a region and on
how much land.
"""

from __future__ import annotations

import os
import warnings
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from sinks.errors import LegendError, Problems
from sinks.geo.legends import Legend, available_legends, load_legend
from sinks.layers.rasters.opened import file_on_disk, forget_failure, open_dataset, stamp
from sinks.objects import find, is_object

_BLOCKS_A_SIDE = 4
_BLOCK = 256
"""Windows that are looked at, and their rows and columns."""

_LEAST_CODES = 3
"""Distinct codes from which a legend can be told from another."""

_BACKGROUND = frozenset({0, 255, 65535})
"""Borders of a map are often filled with 0 or the highest value of the type, declared or not; they tell nothing."""

_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


class _Sample(NamedTuple):
    """Distinct values of some windows, ascending, and how many windows could not be read."""

    values: npt.NDArray[Any]
    unread: int


def distinct_values(dataset: Any, band: int) -> npt.NDArray[Any]:
    """Distinct values in some windows of a band, ascending; a file on this disk is looked at once until it changes."""
    return _sample(dataset, band).values


def unread_windows(dataset: Any, band: int) -> int:
    """How many windows of the sample cannot be read; whether a region lies there is another question."""
    return _sample(dataset, band).unread


def is_at_hand(path: str) -> bool:
    """Whether a look at the cells costs no more than reading from this disk or from memory."""
    # A derived layer is named by its rule, which is no file and may be longer than a file's name can be.
    return is_object(path) or os.path.isfile(file_on_disk(path))


def _sample(dataset: Any, band: int) -> _Sample:
    held = find(dataset.name)
    if held is not None:
        key = ("distinct", band)
        if key not in held.kept:
            held.kept[key] = _distinct(dataset, band)
        found: _Sample = held.kept[key]
        return found
    size = stamp(dataset.name)
    return _of_file(dataset.name, size, band) if size else _distinct(dataset, band)


@lru_cache(maxsize=256)
def _of_file(path: str, _size: tuple[int, ...], band: int) -> _Sample:
    with warnings.catch_warnings():
        # Said elsewhere, in words that say what to do.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with open_dataset(path, path) as dataset:
            return _distinct(dataset, band)


def _distinct(dataset: Any, band: int) -> _Sample:
    rows = np.unique(np.linspace(0, max(dataset.height - _BLOCK, 0), _BLOCKS_A_SIDE).astype(int))
    columns = np.unique(np.linspace(0, max(dataset.width - _BLOCK, 0), _BLOCKS_A_SIDE).astype(int))
    found, unread = [np.zeros(0, dataset.dtypes[band - 1])], 0
    for row, column in product(rows.tolist(), columns.tolist()):
        size = min(_BLOCK, dataset.width - column), min(_BLOCK, dataset.height - row)
        # A block that cannot be read is named with its place by whoever knows where the regions are.
        try:
            found.append(np.unique(dataset.read(band, window=Window(column, row, *size))))
        except RasterioError:
            unread += 1
            forget_failure(dataset)
    return _Sample(np.unique(np.concatenate(found)), unread)


def sampled_codes(dataset: Any, band: int, nodata: float | None) -> list[int]:
    """Codes in a sample of a band, ascending; what is no whole number, or marks no data, is left out."""
    distinct = distinct_values(dataset, band)
    if nodata is not None:
        distinct = distinct[distinct != nodata]
    finite = distinct[np.isfinite(distinct)]
    return [int(value) for value in finite.tolist() if float(value).is_integer()]


def check_codes(dataset: Any, band: int, nodata: float | None, legend: Legend, where: str, problems: Problems) -> None:
    """Refuse a map most of whose codes the legend lacks.

    Parameters
    ----------
    dataset : rasterio dataset
    band : int
    nodata : float or None
        Raw value of cells that were not observed.
    legend : Legend
    where : str
    problems : Problems
        Receives a picture (red, green and blue instead of codes), or the legends that have every code found.
    """
    codes = sampled_codes(dataset, band, nodata)
    telling = [code for code in codes if code not in _BACKGROUND or _known(legend, code)]
    unknown = [code for code in telling if not _known(legend, code)]
    if len(telling) < _LEAST_CODES or 2 * len(unknown) < len(telling):
        return
    values = {"codes": _few(unknown), "legend": legend.id}
    if set(_COLOURS) <= set(dataset.colorinterp):
        problems.add("raster.rendering", where, **values, count=dataset.count)
        return
    fitting = [id for id, known in _numbers(legend.stratum) if set(telling) <= known]
    if fitting:
        problems.add("raster.other_legend", where, **values, fitting=fitting)
    else:
        problems.add("raster.no_legend", where, **values)


def note_unknown(dataset: Any, band: int, nodata: float | None, legend: Legend, where: str, problems: Problems) -> None:
    """Note the codes of a sample that the legend lacks, where no pass will tell on how much land they are.

    Parameters and problems as of :func:`check_codes`; one message for the file.
    """
    codes = sampled_codes(dataset, band, nodata)
    unknown = [code for code in codes if code not in _BACKGROUND and not _known(legend, code)]
    if unknown:
        values = {"count": len(unknown), "codes": _few(unknown), "legend": legend.id, "example": unknown[0]}
        problems.add("raster.sampled_unknown", where, **values)


def _known(legend: Legend, code: int) -> bool:
    try:
        return legend.get(code) is not None
    except LegendError:
        return True  # one of two codes of the legend: a matter for the pass


@cache
def _numbers(stratum: str) -> list[tuple[str, frozenset[int]]]:
    """Built-in legends of a kind with the codes that a raster can hold, the shortest first."""
    legends = [legend for legend in map(load_legend, available_legends()) if legend.stratum == stratum]
    found = [(legend.id, frozenset(legend.numbers)) for legend in legends]
    return sorted(found, key=lambda pair: len(pair[1]))


def _few(codes: list[int], limit: int = 12) -> list[str]:
    shown = [str(code) for code in codes[:limit]]
    return [*shown, "…"] if len(codes) > limit else shown
