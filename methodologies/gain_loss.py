"""Forest biomass by gains and losses: growth, wood removal, fuelwood, disturbance (IPCC)."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._ipcc import biomass_growth, disturbance_loss, fuelwood_loss, wood_loss
from sinks.methodology import Example, Methodology
from sinks.text import Text


def biomass_change(
    area: Any,
    wood_removal: Any,
    fuelwood_removal: Any,
    fuelwood_parts: Any,
    disturbed_area: Any,
    above_ground_growth: Any,
    volume_increment: Any,
    bcef_i: Any,
    root_to_shoot: Any,
    carbon_fraction: Any,
    bcef_r: Any,
    bark_expansion: Any,
    bark_fraction: Any,
    basic_wood_density: Any,
    disturbed_biomass: Any,
    disturbance_fraction: Any,
) -> dict[str, Any]:
    """Yearly change of carbon in the living biomass of a forest.

    Parameters
    ----------
    area : array
        Forest remaining forest, A. [ha]
    wood_removal : array
        Roundwood removed, H. [m3/yr]
    fuelwood_removal : array
        Fuelwood removed as whole trees, FG_trees. [m3/yr]
    fuelwood_parts : array
        Fuelwood removed as parts of trees, FG_part. [m3/yr]
    disturbed_area : array
        Area disturbed, A_disturbance. [ha/yr]
    above_ground_growth : array
        Growth of above-ground biomass, G_W; zero where growth is given as volume. [t DM/ha/yr]
    volume_increment : array
        Net increment of stem volume, I_V; zero where growth is given as biomass. [m3/ha/yr]
    bcef_i : array
        Increment to above-ground growth, BCEF_I. [t DM/m3]
    root_to_shoot : array
        Below-ground to above-ground biomass, R. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]
    bcef_r : array
        Removals to above-ground biomass, BCEF_R. [t DM/m3]
    bark_expansion : array
        Volume over bark to volume under bark, of removals. [1]
    bark_fraction : array
        Bark as a share of above-ground biomass removed, added to roots. [1]
    basic_wood_density : array
        Oven-dry mass of fresh volume, D. [t DM/m3]
    disturbed_biomass : array
        Above-ground biomass of the land disturbed, B_W. [t DM/ha]
    disturbance_fraction : array
        Share of that biomass lost, fd. [1]

    Returns
    -------
    dict of array
        ``biomass``, above and below ground together; a gain is positive. [t C/yr]

    Notes
    -----
    .. math:: \\Delta C = A (G_W + I_V BCEF_I)(1 + R) CF - L_{wood} - L_{fuelwood} - L_{disturbance}

    Growth is given either as biomass or as volume (option ``growth``).  Bark that removals leave out is either an
    expansion of their volume or a fraction beside the roots (option ``bark``).

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.7 and 2.9 to 2.14, p. 2.12-2.18; worked example of ch. 4, p. 4.18-4.19.
    """
    growth = biomass_growth(above_ground_growth + volume_increment * bcef_i, root_to_shoot)
    over_bark = wood_removal * bark_expansion
    gain = area * growth * carbon_fraction
    loss = (
        wood_loss(over_bark, bcef_r, root_to_shoot, bark_fraction, carbon_fraction)
        + fuelwood_loss(fuelwood_removal, fuelwood_parts, bcef_r, root_to_shoot, basic_wood_density, carbon_fraction)
        + disturbance_loss(disturbed_area, disturbed_biomass, root_to_shoot, carbon_fraction, disturbance_fraction)
    )
    return {"biomass": gain - loss}


METHODOLOGY = Methodology(
    id="gain_loss",
    title=Text("森林生物量损益法（IPCC）", "Forest biomass by gains and losses (IPCC)"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.7 and 2.9-2.14",
    approach="gain_loss",
    tier=1,
    acts_on="state",
    ecosystems=("forest",),
    strata=(
        "edition",
        "climate_domain",
        "ecological_zone",
        "origin",
        "forest_type",
        "stand_age",
        "growing_stock",
        "above_ground_biomass_density",
    ),
    inputs={
        "area": "ha",
        "wood_removal": "m3/yr",
        "fuelwood_removal": "m3/yr",
        "fuelwood_parts": "m3/yr",
        "disturbed_area": "ha/yr",
    },
    parameters={
        "above_ground_growth": "t DM/ha/yr",
        "volume_increment": "m3/ha/yr",
        "bcef_i": "t DM/m3",
        "root_to_shoot": "t DM/t DM",
        "carbon_fraction": "t C/(t DM)",
        "bcef_r": "t DM/m3",
        "bark_expansion": "1",
        "bark_fraction": "1",
        "basic_wood_density": "t DM/m3",
        "disturbed_biomass": "t DM/ha",
        "disturbance_fraction": "1",
    },
    outputs={"biomass": "t C/yr"},
    bounds={
        **dict.fromkeys(("bcef_i", "bcef_r", "root_to_shoot", "disturbed_biomass"), (0, inf)),
        **dict.fromkeys(("carbon_fraction", "bark_fraction", "disturbance_fraction"), (0, 1)),
        **dict.fromkeys(("bark_expansion",), (1, 2)),
        **dict.fromkeys(("basic_wood_density",), (0, 2)),
    },
    options={
        "edition": ("2006", "2019"),
        "growth": ("biomass", "volume"),
        "bark": ("over_bark", "expansion", "fraction"),
    },
    only_if={
        "above_ground_growth": ("growth", "biomass", 0),
        "volume_increment": ("growth", "volume", 0),
        "bcef_i": ("growth", "volume", 0),
        "bark_expansion": ("bark", "expansion", 1),
        "bark_fraction": ("bark", "fraction", 0),
    },
    crosswalks={"forest_type": "species_groups.csv", "climate_domain": "climate_domains.csv"},
    documents={
        "volume_increment": Text(
            "森林资源连续清查（活立木净生长量）", "the continuous forest inventory (net increment of standing volume)"
        ),
        **dict.fromkeys(
            ("disturbed_biomass", "disturbance_fraction"),
            Text("森林火灾、病虫害调查统计", "surveys of forest fires and pests"),
        ),
    },
    valid_for=Text(
        "有采伐、薪材和灾害统计的“仍为林地的林地”；与蓄积量差值法二选一，不可相加",
        "Forest remaining forest with statistics of removals, fuelwood and disturbance; an alternative to the stock "
        "difference, never added to it",
    ),
    examples=(
        Example(
            inputs={
                "area": 100_000,
                "wood_removal": 1_000,
                "fuelwood_removal": 500,
                "fuelwood_parts": 0,
                "disturbed_area": 2_000,
            },
            parameters={
                "above_ground_growth": 4.0,
                "volume_increment": 0,
                "bcef_i": 0,
                "carbon_fraction": 0.47,
                "bark_expansion": 1,
                "bark_fraction": 0.1,
                "basic_wood_density": 0,
                "disturbance_fraction": 0.3,
                "root_to_shoot": 0.29,
                "bcef_r": 1.11,
                "disturbed_biomass": 4.0,
            },
            outputs={"biomass": "240003.22"},
            source="ipcc_2006_v4",
            locator="ch. 4, p. 4.18-4.19 (fuelwood prints 0.75 for BCEF_R; its result needs the 1.11 of the text)",
        ),
        Example(
            inputs={
                "area": 1_000,
                "wood_removal": 100,
                "fuelwood_removal": 50,
                "fuelwood_parts": 0,
                "disturbed_area": 50,
            },
            parameters={
                "above_ground_growth": 4.0,
                "volume_increment": 0,
                "bcef_i": 0,
                "carbon_fraction": 0.47,
                "bark_expansion": 1,
                "bark_fraction": 0.1,
                "basic_wood_density": 0,
                "disturbance_fraction": 0.3,
                "root_to_shoot": 0.40,
                "bcef_r": 2.0,
                "disturbed_biomass": 1.0,
            },
            outputs={"biomass": "2415.33"},
            source="ipcc_2006_v4",
            locator="ch. 4, p. 4.35-4.36 (land converted to forest)",
        ),
    ),
    compute=biomass_change,
)
