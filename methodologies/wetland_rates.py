"""Burial of carbon in soils of marshes, lakes and flood plains, by type."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def sink(soil_organic_carbon: Any) -> dict[str, Any]:
    """Yearly burial of organic carbon.

    Parameters
    ----------
    soil_organic_carbon : array
        Accumulation in soil or sediment. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``soil_organic_carbon``. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = r_{type}

    Plants of a marsh are in balance over a year and have no sink.  Methane is not in the rate: it goes on from intact
    wetland and belongs to the emission inventory.

    References
    ----------
    gep_2022, table of carbon sequestration rates of wetlands (recalled, not re-read).
    """
    return {"soil_organic_carbon": soil_organic_carbon}


METHODOLOGY = Methodology(
    id="wetland_rates",
    title=Text("湿地固碳速率法（沼泽、湖泊、洪泛平原）", "Wetland carbon burial rates (marsh, lake, flood plain)"),
    source="gep_2022",
    locator="table of carbon sequestration rates of wetlands",
    approach="rate",
    tier=1,
    acts_on="state",
    ecosystems=("wetland", "water"),
    strata=("wetland_type",),
    inputs={},
    parameters={"soil_organic_carbon": "t C/ha/yr"},
    outputs={"soil_organic_carbon": "t C/ha/yr"},
    documents={
        "soil_organic_carbon": Text(
            "《生态产品总值核算规范（试行）》附录湿地固碳速率表；洪泛平原、河滨湿地须有当地沉积速率测定",
            "Specification for gross ecosystem product accounting (trial), table of wetland rates; flood plains need "
            "measured sedimentation",
        )
    },
    valid_for=Text(
        "未排干的天然湿地；全国均值，河流湿地与洪泛平原没有缺省值",
        "Natural wetland that is not drained; national means, with no default for rivers and flood plains",
    ),
    compute=sink,
)
