"""What the methodologies of planted shrubs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

from sinks.methodology import Intermediate, Methodology
from sinks.text import Text
from sinks.units import per

SPECIES_MODELS = Text(
    "灌木单株生物量模型：LY/T 系列行业标准或当地标准木解析（柠条、沙柳、梭梭等）",
    "biomass models of single shrubs: LY/T standards or sample plants of the region",
)


def crown_volume(shrub_height: Any, crown_area: Any) -> Any:
    """Height times crown area. [m3]"""
    return shrub_height * crown_area


def plant_biomass(
    shrub_height: Any, crown_area: Any, coefficient: Any, height_exponent: Any, area_exponent: Any, intercept: Any
) -> Any:
    """Dry matter of a plant, W = a H^m S^n + c with H in m and S in m2; m = n for crown volume. [t DM/plant]"""
    size = per(shrub_height, "m") ** height_exponent * per(crown_area, "m2") ** area_exponent
    return coefficient * size + intercept


_UNITS = {"coefficient": "t DM/plant", "height_exponent": "1", "area_exponent": "1", "intercept": "t DM/plant"}


def plant_models(
    id: str,
    title: Text,
    locator: str,
    *,
    organs: Iterable[str],
    outputs: Mapping[str, str],
    valid_for: Text,
    compute: Callable[..., Any],
) -> Methodology:
    """A methodology of shrubs by equations of single plants.

    Parameters
    ----------
    id, title, locator, outputs, valid_for
        As of a methodology; the document of the equations is one.
    organs : iterable of str
        Endings of the parameters, one for each equation that a plant has.
    compute : function
        The equation.
    """
    models = {f"{name}{organ}": unit for organ in organs for name, unit in _UNITS.items()}
    # An intercept may be negative: the line through small plants need not go through zero.
    bounds = {name: (0, inf) for name in models if not name.startswith("intercept")}
    return Methodology(
        id=id,
        title=title,
        source="zhao_2019_shrubs",
        locator=locator,
        approach="stock_difference",
        tier=2,
        acts_on="state",
        ecosystems=("shrub", "forest"),
        strata=("species", "crown_volume", "crown_area"),
        inputs={"shrub_height": "m", "crown_area": "m2", "plant_density": "plant/ha"},
        parameters={**models, "carbon_fraction": "t C/(t DM)"},
        outputs=outputs,
        bounds={**bounds, "carbon_fraction": (0, 1)},
        intermediates={"crown_volume": Intermediate("m3", crown_volume)},
        documents=dict.fromkeys(models, SPECIES_MODELS),
        valid_for=valid_for,
        compute=compute,
    )
