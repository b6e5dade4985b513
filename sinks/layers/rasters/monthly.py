"""Twelve layers from one declaration: the months of a year, as the bands of a file or as a file each."""

from __future__ import annotations

from sinks.errors import LayerError, Problems, SinksError
from sinks.layers.rasters.opened import open_dataset
from sinks.layers.rasters.raster import ContinuousLayer
from sinks.vocabulary import MONTHS


def check_bands(layers: tuple[ContinuousLayer, ...], name: str) -> None:
    """Refuse files that do not have just one band for each month.

    Parameters
    ----------
    layers : tuple of ContinuousLayer
        The months, each reading its band of the same files.
    name : str
        Of the series, for messages.

    Raises
    ------
    LayerError
        With every file at fault; which band is which month cannot be told from a file that has more or fewer.
    """
    problems = Problems()
    for date, path in layers[0].files.items():
        where = f"{name}@{date} ({path})"
        try:
            with open_dataset(str(path), where) as dataset:
                if dataset.count != len(MONTHS):
                    problems.add("derived.months", where, found=dataset.count, expected=len(MONTHS))
        except SinksError as error:
            problems.extend(error)
    problems.raise_as(LayerError)
