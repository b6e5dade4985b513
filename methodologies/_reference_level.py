"""What forests under protection or management share: growth less what is taken, beyond a reference level."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def gain_beyond_reference_level(
    volume_increment: Any,
    volume_taken: Any,
    slope: Any,
    carbon_fraction: Any,
    reference_level: Any,
) -> dict[str, Any]:
    """Yearly gain of carbon of living trees beyond a reference level.

    Parameters
    ----------
    volume_increment : array
        Gross yearly growth of stem volume, I_V. [m3/ha/yr]
    volume_taken : array
        Yearly felling and mortality of stem volume, H. [m3/ha/yr]
    slope : array
        Biomass of whole trees per stem volume, b0. [t DM/m3]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]
    reference_level : array
        Yearly gain without the programme, or before it. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``biomass``; a gain is positive. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = (I_V - H)\\, b_0\\, CF - RL

    A level of zero gives the whole gain, which is what an inventory reports.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.7, p. 2.12, gains less losses; zeng_2023, Table 2, for the biomass of a volume.
    """
    return {"biomass": (volume_increment - volume_taken) * slope * carbon_fraction - reference_level}


def with_reference_level(id: str, title: Text, level: Text, valid_for: Text) -> Methodology:
    """Gain-loss with a reference level, for one programme."""
    statistics = Text(
        "连续清查或小班更新的年生长量、采伐与枯损量（每公顷）",
        "yearly growth, felling and mortality per hectare, from the continuous inventory or the stand register",
    )
    return Methodology(
        id=id,
        title=title,
        source="ipcc_2006_v4",
        locator="ch. 2, Eq. 2.7, p. 2.12",
        approach="gain_loss",
        tier=2,
        acts_on="state",
        ecosystems=("forest",),
        strata=("species_group",),
        inputs={},
        parameters={
            "volume_increment": "m3/ha/yr",
            "volume_taken": "m3/ha/yr",
            "slope": "t DM/m3",
            "carbon_fraction": "t C/(t DM)",
            "reference_level": "t C/ha/yr",
        },
        outputs={"biomass": "t C/ha/yr"},
        bounds={
            **dict.fromkeys(("volume_increment", "volume_taken", "slope"), (0, inf)),
            "carbon_fraction": (0, 1),
            "reference_level": (-inf, inf),
        },
        documents={"volume_increment": statistics, "volume_taken": statistics, "reference_level": level},
        valid_for=valid_for,
        compute=gain_beyond_reference_level,
    )
