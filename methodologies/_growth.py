"""What the methodologies of age curves share."""

from __future__ import annotations

from typing import Any

from sinks.text import Text

OWN_PLOTS = Text(
    "本局固定样地或森林资源清查样地（用 sinks.growth 拟合后写成扩展参数表）",
    "permanent or inventory plots of the bureau, fitted with sinks.growth and written as a table that extends this one",
)
VALID_FOR = Text(
    "同龄林（人工林为主），林龄在拟合样地范围之内；曲线须由本局样地拟合，没有缺省参数",
    "Even-aged stands, planted ones above all, of ages within those of the plots; there are no default parameters",
)


def pools(biomass: Any, root_to_shoot: Any, carbon_fraction: Any) -> dict[str, Any]:
    """The two pools of living biomass from dry matter above ground. [t C/ha]"""
    above = biomass * carbon_fraction
    return {"above_ground_biomass": above, "below_ground_biomass": above * root_to_shoot}
