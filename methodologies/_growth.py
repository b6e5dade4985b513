"""What the methodologies of age curves share: everything but the curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from sinks.methodology import Intermediate, Methodology
from sinks.text import Text

OWN_PLOTS = Text(
    "本局固定样地或森林资源清查样地（用 sinks.parameters.growth_curves 拟合后写成扩展参数表）",
    "permanent or inventory plots of the bureau, fitted with sinks.parameters.growth_curves and written as a table "
    "that extends this one",
)
VALID_FOR = Text(
    "同龄林（人工林为主），林龄在拟合样地范围之内；曲线须由本局样地拟合，没有缺省参数",
    "Even-aged stands, planted ones above all, of ages within those of the plots; there are no default parameters",
)


def pools(biomass: Any, root_to_shoot: Any, carbon_fraction: Any) -> dict[str, Any]:
    """The two pools of living biomass from dry matter above ground. [t C/ha]"""
    above = biomass * carbon_fraction
    return {"above_ground_biomass": above, "below_ground_biomass": above * root_to_shoot}


def age_curve(
    id: str,
    title: Text,
    locator: str,
    *,
    curve: Mapping[str, str],
    biomass: Callable[..., Any],
    compute: Callable[..., Any],
) -> Methodology:
    """A methodology of forest biomass by age.

    Parameters
    ----------
    id, title, locator
        As of a methodology; the document of the curves is one.
    curve : mapping of str to str
        Unit of each parameter of the curve.
    biomass : function
        Above-ground biomass at an age [t DM/ha], by which the root-to-shoot ratio is looked up.
    compute : function
        The equation.
    """
    return Methodology(
        id=id,
        title=title,
        source="burkhart_2012",
        locator=locator,
        approach="stock_difference",
        tier=2,
        acts_on="state",
        ecosystems=("forest",),
        strata=("species_group", "climate_domain", "forest_type", "above_ground_biomass_density"),
        inputs={"stand_age": "yr"},
        parameters={**curve, "root_to_shoot": "t DM/t DM", "carbon_fraction": "t C/(t DM)"},
        outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
        bounds={**dict.fromkeys(curve, (0, inf)), "root_to_shoot": (0, inf), "carbon_fraction": (0, 1)},
        intermediates={"above_ground_biomass_density": Intermediate("t DM/ha", biomass)},
        crosswalks={"forest_type": "species_groups.csv", "climate_domain": "climate_domains.csv"},
        edition="2006",
        documents=dict.fromkeys(curve, OWN_PLOTS),
        valid_for=VALID_FOR,
        compute=compute,
    )
