"""Files that cannot be read through, named together with what a look at the other files finds.

A pass ends at the first block that cannot be read, before any count of the codes that a legend lacks.  A sample of the
other files tells of these in the same go, so that a file is not mended only for the next fault to come up.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.errors import NotGeoreferencedWarning

from sinks.errors import LayerError, Problem, Problems
from sinks.layers.rasters.raster import CategoricalLayer, RasterSource
from sinks.layers.rasters.reader import RasterReader
from sinks.layers.rasters.sample import is_at_hand, note_unknown, unread_windows
from sinks.tabulation.blocks import Block, Task
from sinks.tabulation.crosstab import Spec
from sinks.tabulation.joint import column

if TYPE_CHECKING:
    from sinks.tabulation.pass_layers import PassLayers

UNREAD = frozenset({"raster.unreadable", "raster.empty_file", "raster.corrupt_block"})
"""Problems of a file that end the look at all others."""

_MOST_BLOCKS = 64
"""Blocks that are tried of a file whose sample was not read in full."""


def with_sampled_codes(
    found: Iterable[Problem], layers: PassLayers, sources: Mapping[str, RasterSource]
) -> tuple[Problem, ...]:
    """Problems, and where one of them is of a file that cannot be read, the unknown codes in samples of the others.

    Parameters
    ----------
    found : iterable of Problem
    layers : PassLayers
    sources : mapping of str to RasterSource
        The files that could be opened, by column.
    """
    before, problems = tuple(found), Problems()
    if not any(one.id in UNREAD for one in before):
        return before
    named = {one.where for one in before}
    for layer, date in layers.categorical:
        source = sources.get(column(layer, date))
        if source is not None and source.where not in named and is_at_hand(source.path):
            _note(layer, source, problems)
    return (*before, *problems)


def check_readable(layers: PassLayers, spec: Spec, tasks: Sequence[Task]) -> None:
    """Refuse files of which a block with regions in it cannot be read, as far as a sample shows it.

    Raises
    ------
    LayerError
        The first such block of every file, and unknown codes in samples of the others.
    """
    suspects = [source for source in spec.sources if is_at_hand(source.path) and _is_suspect(source)]
    if not suspects:
        return
    blocks = [block for task in tasks for block in task]
    tried = [blocks[at] for at in np.unique(np.linspace(0, len(blocks) - 1, _MOST_BLOCKS).astype(int))]
    found = [problem for source in suspects for problem in _first_unread(source, spec, tried)]
    sources = dict(zip(_columns(layers), spec.sources, strict=True))
    if problems := with_sampled_codes(found, layers, sources):
        raise LayerError(*problems)


def with_codes_of_others(error: LayerError, layers: PassLayers, spec: Spec) -> LayerError:
    """The error of a pass with what samples of the other files show, where it is one of reading."""
    sources = dict(zip(_columns(layers), spec.sources, strict=True))
    problems = with_sampled_codes(error.problems, layers, sources)
    return error if problems == error.problems else LayerError(*problems)


def _columns(layers: PassLayers) -> list[str]:
    strata = [column(layer, date) for layer, date in layers.categorical]
    return strata + [column(layer, date) for layer, date in layers.continuous]


def _note(layer: CategoricalLayer, source: RasterSource, problems: Problems) -> None:
    with _opened(source) as dataset:
        nodata = layer.nodata if layer.nodata is not None else dataset.nodatavals[source.band - 1]
        note_unknown(dataset, source.band, nodata, layer.legend, source.where, problems)


def _is_suspect(source: RasterSource) -> bool:
    with _opened(source) as dataset:
        return unread_windows(dataset, source.band) > 0


def _first_unread(source: RasterSource, spec: Spec, blocks: Sequence[Block]) -> tuple[Problem, ...]:
    with RasterReader(source, spec.areas.grid) as reader:
        for block in blocks:
            try:
                reader.read(block.row, block.column, np.empty((block.rows, block.columns), source.dtype))
            except LayerError as error:
                return error.problems
    return ()


@contextmanager
def _opened(source: RasterSource) -> Iterator[Any]:
    with warnings.catch_warnings():
        # A file without georeferencing may have a declared one.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with source.open() as dataset:
            yield dataset
