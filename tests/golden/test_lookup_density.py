"""Densities of Inner Mongolia from what two papers print about stocks, areas and layers."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks import units
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("lookup_density")


def pools(ecosystem: str, **strata: str) -> dict[str, float]:
    row = {"ecosystem": ecosystem, "class": "", "species_group": "", "grassland_type": "", **strata}
    return {pool: float(values[0]) for pool, values in BOUND.evaluate(pd.DataFrame([row])).items()}


@pytest.mark.parametrize(
    ("species_group", "biomass", "soil"),
    [
        # vegetation less litter; soil stock [Tg C] by area, vegetation stock by vegetation density [t C/ha]
        ("larch", 66.0 - 2.9, 1214.0 / (416.4 / 66.0)),
        # ecosystem less vegetation
        ("birch", 50.9 - 2.9, 210.0 - 50.9),
        ("oak", 178.6 - 137.2 - 2.9, 137.2),
        ("spruce", 79.9 - 33.0 - 0.2, 33.0),
    ],
)
def test_forest(species_group: str, biomass: float, soil: float) -> None:
    """Huang et al. 2016, ChinaXiv 201605.00426, sections 2.1 to 2.3; mean litter 2.9, of spruce 0.2 t C/ha."""
    found = pools("forest", species_group=species_group)
    assert found["biomass"] == pytest.approx(biomass)
    assert found["soil_organic_carbon"] == pytest.approx(soil, abs=0.05)


@pytest.mark.parametrize(
    ("grassland_type", "area", "stock"),
    [
        ("meadow_steppe", 19.2, 1.883),
        ("typical_steppe", 63.6, 4.672),
        ("desert_steppe", 63.6, 4.672),
        ("steppe_desert", 76.8, 6.250),
        ("desert", 76.8, 6.250),
    ],
)
def test_grassland_by_region(grassland_type: str, area: float, stock: float) -> None:
    """Ma et al. 2016, Table 1: all layers times area [Mha] are the stock [Pg C]; the paper's own rounding is 0.2 %."""
    found = pools("grassland", grassland_type=grassland_type)
    layers = ("above_ground_biomass", "below_ground_biomass", "soil_organic_carbon")
    whole = sum(found[layer] for layer in layers) * units.convert(area, "Mha", "ha")
    assert units.convert(whole, "t C", "Pg C") == pytest.approx(stock, rel=2e-3)


@pytest.mark.parametrize("label", ["holds", "depth", "area"])
def test_every_density_says_what_it_holds_to_which_depth_and_of_which_land(label: str) -> None:
    """What the document states of it, and else that it does not; soils of one depth only."""
    table = pd.read_csv("methodologies/lookup_density.csv", encoding="utf-8-sig", keep_default_na=False)
    stated = table["note"].str.extract(rf"(?:^|; ){label}: ([^;]+)")[0]
    assert stated.notna().all(), table[stated.isna()]
    if label == "depth":
        soils = table["parameter"] == "soil_organic_carbon"
        assert stated[soils].str.startswith("0-100 cm").all()
        assert not stated[~soils].str.startswith("0-100 cm").any()
