"""Soil carbon of frozen ground, by class of permafrost: a place kept that asks for its densities."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(frozen_soil_carbon: Any) -> dict[str, Any]:
    """Soil carbon by class of frozen ground.

    Parameters
    ----------
    frozen_soil_carbon : array
        Soil organic carbon to the depth of the survey. [t C/ha]

    Returns
    -------
    dict of array
        ``soil_organic_carbon``. [t C/ha]

    Notes
    -----
    .. math:: C = C_{frozen}

    A place kept: no density by class of permafrost of the Greater Khingan could be read.  Land without permafrost has
    a class too (``no_frost``) and needs its density like the others.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.8, p. 2.12, for the stock difference; no number is taken from it.
    """
    return {"soil_organic_carbon": frozen_soil_carbon}


METHODOLOGY = Methodology(
    id="frozen_ground",
    title=Text("冻土区土壤碳储量（按冻土类型，待补参数）", "Soil carbon of frozen ground (place kept)"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.8, p. 2.12",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("forest", "shrub", "grassland", "wetland", "bare"),
    strata=("permafrost", "ecosystem"),
    inputs={},
    parameters={"frozen_soil_carbon": "t C/ha"},
    outputs={"soil_organic_carbon": "t C/ha"},
    bounds={"frozen_soil_carbon": (0, inf)},
    documents={
        "frozen_soil_carbon": Text(
            "本区冻土剖面调查（连续、不连续、岛状多年冻土及非冻土分列，注明深度）",
            "soil profiles of the region by class of permafrost (continuous, discontinuous, patchy, none), with depth",
        )
    },
    valid_for=Text(
        "有冻土类型图层、且各类型有实测土壤碳密度的土地；深度须与其他土壤方法一致",
        "Land with a layer of permafrost classes and measured densities of each; the depth must be that of other soils",
    ),
    compute=carbon_density,
)
