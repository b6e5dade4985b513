"""What the methodologies of planted shrubs share."""

from __future__ import annotations

from typing import Any

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
