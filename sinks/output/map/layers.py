"""What the map can show: each layer is one quantity of the account, put in relation in one way, on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from branca.utilities import color_brewer

Measure = Literal["total", "per_area", "relative", "coverage", "noise", "assessment"]
Scale = Literal["sequential", "diverging"]

# ColorBrewer schemes that stay distinct with the common colour-vision deficiencies and in grey.
_CLASSES = 7
_DIVERGING_CLASSES = 9


@dataclass(frozen=True)
class Layer:
    """A choropleth layer.

    Attributes
    ----------
    id : str
        Its name and unit are the labels ``layer.<id>`` and ``unit.<id>``.
    quantity : str
        Of the account, or of the assessment.
    measure : {"total", "per_area", "relative", "coverage", "noise", "assessment"}
        The value itself; per hectare of the ecosystem at the (last) date; half the width of the interval over the
        absolute value; the observed share of the area; the change of stock over what errors of the maps alone make,
        all ecosystems together; or a figure of the assessment over the emissions, which knows no ecosystem.
    scale : {"sequential", "diverging"}
        A diverging scale has zero in its middle, so that a source of carbon never looks like a small sink.
    palette : str
        ColorBrewer scheme.
    factor : float
        What a base unit is multiplied with for display.
    decimals : int
        For display.
    """

    id: str
    quantity: str
    measure: Measure
    scale: Scale
    palette: str
    factor: float = 1.0
    decimals: int = 2

    def to_json(self) -> dict[str, Any]:
        """The layer as the page reads it."""
        return {
            "id": self.id,
            "quantity": self.quantity,
            "measure": self.measure,
            "scale": self.scale,
            "colours": color_brewer(self.palette, _DIVERGING_CLASSES if self.scale == "diverging" else _CLASSES),
            "factor": self.factor,
            "decimals": self.decimals,
        }


_IN_TEN_THOUSANDS = 1e-4
_IN_PERCENT = 100.0

LAYERS = (
    Layer("sink_per_ha", "net_removals", "per_area", "diverging", "BrBG", decimals=3),
    Layer("sink", "net_removals", "total", "diverging", "BrBG", _IN_TEN_THOUSANDS),
    Layer("stock_density", "carbon_stock", "per_area", "sequential", "YlGn"),
    Layer("stock", "carbon_stock", "total", "sequential", "YlGn", _IN_TEN_THOUSANDS),
    Layer("change", "stock_change", "total", "diverging", "BrBG", _IN_TEN_THOUSANDS),
    Layer("newly_known", "newly_known", "total", "sequential", "YlGn", _IN_TEN_THOUSANDS),
    Layer("no_longer_known", "no_longer_known", "total", "sequential", "YlGn", _IN_TEN_THOUSANDS),
    Layer("not_estimated", "not_estimated", "total", "sequential", "YlGn", _IN_TEN_THOUSANDS),
    Layer("sink_uncertainty", "net_removals", "relative", "sequential", "Purples", _IN_PERCENT, 1),
    Layer("stock_uncertainty", "carbon_stock", "relative", "sequential", "Purples", _IN_PERCENT, 1),
    Layer("coverage", "area", "coverage", "sequential", "Blues", _IN_PERCENT, 1),
)
"""The first layer with figures is the one the page opens with.  Densities colour regions; totals are circles."""

NOISE_LAYER = Layer("noise", "noise", "noise", "sequential", "PuBu")
"""Signal to noise of the sink by class densities; shown where errors of the maps were reckoned."""

OFFSET_SHARE = Layer("offset_share", "sink_counted", "assessment", "diverging", "BrBG", _IN_PERCENT)
"""Counted sink over the emissions before any deduction; shown when an assessment is given."""
EMISSIONS = "emissions"
"""What the counted sink is divided by."""
