"""Carbon fixation by rates of vegetation and soil (gross ecosystem product)."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

from methodologies.fixed_rate import METHODOLOGY as FIXED_RATE
from sinks.text import Text


def sink(carbon_rate: Any, soil_ratio: Any) -> dict[str, Any]:
    """Yearly fixation of carbon per area.

    Parameters
    ----------
    carbon_rate : array
        Of vegetation (forest, shrub, grassland) or of the wetland as a whole, CSR. [t C/ha/yr]
    soil_ratio : array
        Carbon fixed in soil to that fixed in vegetation, beta; zero where the equation has no such term. [1]

    Returns
    -------
    dict of array
        ``ecosystem``. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = CSR (1 + \\beta)

    Carbon dioxide is 44/12 of it.  A value of ecosystem services: it counts what is fixed and not what fire, felling
    and grazing take, and is no inventory of the sink.

    References
    ----------
    gep_2022, carbon fixation, rate method (recalled, not re-read).
    """
    return {"ecosystem": carbon_rate * (1 + soil_ratio)}


METHODOLOGY = replace(
    FIXED_RATE,
    id="gep_fixed_rate",
    title=Text("固碳速率法（生态产品总值核算规范）", "Fixation rates (specification of gross ecosystem product)"),
    ecosystems=("forest", "shrub", "grassland", "wetland", "water"),
    strata=("ecosystem", "grassland_type", "wetland_type", "species_group"),
    parameters={"carbon_rate": "t C/ha/yr", "soil_ratio": "1"},
    bounds={"soil_ratio": (0, inf)},
    documents={
        "carbon_rate": Text(
            "《生态产品总值核算规范（试行）》（2022）附录：分省森林、灌丛、草地固碳速率表",
            "Specification for gross ecosystem product accounting (trial, 2022), annex: rates of forest, shrub and "
            "grassland by province",
        )
    },
    valid_for=Text(
        "生态产品总值核算；不能与清单口径的碳汇相加，也不宜作抵扣依据",
        "Accounts of gross ecosystem product; not to be added to an inventory's sink",
    ),
    compute=sink,
)
