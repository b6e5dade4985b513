"""Carbon sink as area times a fixed sequestration rate."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text
from sinks.vocabulary import ecosystems


def sink(sequestration_rate: Any) -> dict[str, Any]:
    """Yearly gain of carbon per area, as the table has it for the class or type.

    Parameters
    ----------
    sequestration_rate : array
        Net gain of carbon of the whole ecosystem; a loss is negative. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``ecosystem``. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = CSR_{type}

    References
    ----------
    gep_2022, carbon fixation by the rate method.
    """
    return {"ecosystem": sequestration_rate}


METHODOLOGY = Methodology(
    id="fixed_rate",
    title=Text("固碳速率法（生态产品总值核算）", "Fixed sequestration rate (gross ecosystem product)"),
    source="gep_2022",
    locator="carbon fixation, rate method",
    approach="rate",
    tier=1,
    acts_on="state",
    ecosystems=tuple(ecosystems()),
    inputs={},
    parameters={"sequestration_rate": "t C/ha/yr"},
    outputs={"ecosystem": "t C/ha/yr"},
    valid_for=Text(
        "速率来源所述的类型和林龄、恢复年限；速率不随时间变化，不宜外推",
        "Types, ages and years since restoration of the rate's source; the rate is constant in time and should not be "
        "carried further",
    ),
    compute=sink,
)
