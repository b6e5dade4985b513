"""Carbon density of living biomass as it was measured or mapped, at each date."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(carbon_density: Any) -> dict[str, Any]:
    """Carbon density of living biomass, as a layer or a table has it.

    Parameters
    ----------
    carbon_density : array
        Carbon of living biomass per area, roots included. [t C/ha]

    Returns
    -------
    dict of array
        ``biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = C_{measured}

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.8, p. 2.12: stock difference of carbon known at two times.
    """
    return {"biomass": carbon_density}


METHODOLOGY = Methodology(
    id="measured_density",
    title=Text("实测碳密度法（样地、清查汇总或碳密度图）", "Measured carbon density: plots, inventory tables, maps"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.8, p. 2.12",
    approach="stock_difference",
    tier=3,
    acts_on="state",
    ecosystems=("forest", "shrub", "grassland", "wetland", "cropland", "urban"),
    inputs={"carbon_density": "t C/ha"},
    parameters={},
    outputs={"biomass": "t C/ha"},
    valid_for=Text(
        "每一期都有生物量碳密度的土地；其误差由图层的 uncertainty 给出",
        "Land whose biomass carbon is known at every date; its error is the layer's to state (uncertainty)",
    ),
    compute=carbon_density,
)
