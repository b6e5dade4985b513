"""What the methodologies of planted shrubs share."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from sinks.methodology import Intermediate, Methodology
from sinks.methodology.equation import equation
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


_MODEL = {
    "coefficient": ("t DM/plant", "Coefficient a"),
    "height_exponent": ("1", "Exponent m of height; zero for equations in crown area"),
    "area_exponent": ("1", "Exponent n of crown area"),
    "intercept": ("t DM/plant", "Intercept c"),
}
_PLANT = {
    "shrub_height": "Mean height, H. [m]",
    "crown_area": "Mean crown area of a plant, S. [m2]",
    "plant_density": "Plants per area, N. [plant/ha]",
}
_FRACTION = {"carbon_fraction": "Carbon in dry matter, CF. [t C/(t DM)]"}


def plant_models(
    id: str, title: Text, locator: str, *, organs: Mapping[str, str], valid_for: Text, notes: str
) -> Methodology:
    """A methodology of shrubs by equations of single plants, C = N W CF for each organ that has one.

    Parameters
    ----------
    id, title, locator, valid_for
        As of a methodology; the document of the equations is one.
    organs : mapping of str to str
        By pool the ending of the parameters of its equation.
    notes : str
        The equation, and what to know of it.
    """
    models = {f"{name}{organ}": _MODEL[name] for organ in organs.values() for name in _MODEL}
    units = {name: unit for name, (unit, _) in models.items()}
    # An intercept may be negative: the line through small plants need not go through zero.
    bounds = {name: (0, inf) for name in models if not name.startswith("intercept")}

    def carbon_density(
        shrub_height: Any, crown_area: Any, plant_density: Any, carbon_fraction: Any, **given: Any
    ) -> dict[str, Any]:
        plants = {
            pool: plant_biomass(shrub_height, crown_area, *(given[f"{name}{organ}"] for name in _MODEL))
            for pool, organ in organs.items()
        }
        return {pool: plant_density * plant * carbon_fraction for pool, plant in plants.items()}

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
        parameters={**units, "carbon_fraction": "t C/(t DM)"},
        outputs=dict.fromkeys(organs, "t C/ha"),
        bounds={**bounds, "carbon_fraction": (0, 1)},
        intermediates={"crown_volume": Intermediate("m3", crown_volume)},
        documents=dict.fromkeys(models, SPECIES_MODELS),
        valid_for=valid_for,
        compute=equation(
            carbon_density,
            "Carbon density of shrubs from the size of the mean plant and the number of plants.",
            arguments={**_PLANT, **{n: f"{text}. [{unit}]" for n, (unit, text) in models.items()}, **_FRACTION},
            returns=dict.fromkeys(organs, "of the plants together. [t C/ha]"),
            notes=notes,
            references="zhao_2019_shrubs, Table 2.",
        ),
    )
