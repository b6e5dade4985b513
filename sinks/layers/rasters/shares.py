"""Whether a raster of shares holds what its unit says: numbers of percent, or fractions of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sinks.errors import Problems
from sinks.layers.rasters.sample import distinct_values
from sinks.vocabulary import quantities

if TYPE_CHECKING:
    from sinks.layers.rasters.raster import ContinuousLayer

FRACTION = "fraction"
"""The doubt, as the project file names it where it is settled."""


def check_share(
    layer: ContinuousLayer, band: int, nodata: float | None, dataset: Any, where: str, problems: Problems
) -> None:
    """Doubt a share declared in percent or per mille none of whose values is beyond one.

    The other way round, percent declared as a fraction, is beyond the bounds of the quantity, which the pass says.
    Only a sample is looked at, and only where a unit was declared.
    """
    quantity = quantities().get(layer.quantity)
    is_share = quantity is not None and quantity.unit == "1" and quantity.high == 1.0
    if FRACTION in layer.accept or not is_share or not 0.0 < layer.factor < 1.0:
        return
    raw = distinct_values(dataset, band)
    raw = raw[np.isfinite(raw) & (raw != nodata if nodata is not None else True)]
    scale = layer.scale if layer.scale is not None else dataset.scales[band - 1]
    offset = layer.offset if layer.offset is not None else dataset.offsets[band - 1]
    values = raw * float(scale) + float(offset)
    if (values > 0.0).any() and values.max() <= 1.0:
        shown = {"most": f"{values.max():g}", "read": f"{values.max() * layer.factor:g}", "unit": _unit(layer.factor)}
        problems.add("raster.looks_like_fraction", where, quantity=str(quantity.label) if quantity else "", **shown)


def _unit(factor: float) -> str:
    return {0.01: "%", 0.001: "‰"}.get(round(factor, 9), f"{factor:g}")
