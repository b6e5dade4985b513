"""Biomass of converted land by hand, and its table against the tables that its numbers come from.

The worked example of ch. 4, p. 4.35-4.36, is in worked_examples.toml.
"""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.methodology import Bound, Registry

REGISTRY = Registry((), ("methodologies",))
CHOICES = {"edition": "2006", "losses": "none", "ecological_zone": "temperate_continental", "origin": "planted"}
CHOICES |= {"species_group": "larch", "grassland_type": "typical_steppe"}
# Larch 63.1 t C/ha, typical steppe 0.59 + 3.45; growth 4.0 t DM/ha/yr above ground, R 0.40, CF 0.51.
LARCH, STEPPE, GROWTH = 63.1, 4.04, 4.0 * 1.40 * 0.51


@pytest.fixture
def bound() -> Bound:
    return REGISTRY.get("biomass_conversion").with_constants(CHOICES)


def land(*uses: str, years: tuple[int, ...] = (2010, 2020, 2023)) -> pd.DataFrame:
    """A piece of land in the last period, with what it was before."""
    row = {"source": "land_cover", "region_code": "1", "area_ha": 1.0}
    row |= {"date_from": str(years[-2]), "date_to": str(years[-1])}
    for name in ("land_cover", "class", "ecosystem"):
        row |= {f"{name}_from": uses[-2], f"{name}_to": uses[-1]}
        row |= {f"{name}@{year}": use for year, use in zip(years[:-2], uses[:-2], strict=True)}
    return pd.DataFrame([row])


@pytest.mark.parametrize(
    ("uses", "change"),
    [
        (("forest", "grassland"), (STEPPE - LARCH) / 3),
        (("grassland", "forest"), (0 - STEPPE) / 3 + GROWTH),
        (("forest", "urban"), -LARCH / 3),
        (("cropland", "grassland"), (STEPPE - 4.7) / 3),
        (("forest", "forest"), 0.0),
        (("grassland", "grassland"), 0.0),
    ],
)
def test_by_hand(bound: Bound, uses: tuple[str, str], change: float) -> None:
    rows = land(*uses, years=(2020, 2023))
    assert bound.evaluate(rows)["biomass"][0] == pytest.approx(change, rel=1e-9)


@pytest.mark.parametrize(
    ("years", "uses", "change"),
    [
        ((2010, 2020, 2023), ("grassland", "forest", "forest"), GROWTH),
        ((2001, 2020, 2023), ("grassland", "forest", "forest"), GROWTH / 3),  # the last of its twenty years
        ((2000, 2020, 2023), ("grassland", "forest", "forest"), 0.0),
        ((2010, 2020, 2023), ("grassland", "forest", "cropland"), (4.7 - LARCH) / 3),
        ((2010, 2020, 2023), ("forest", "grassland", "grassland"), 0.0),
    ],
)
def test_growth_goes_on_for_twenty_years(
    bound: Bound, years: tuple[int, ...], uses: tuple[str, ...], change: float
) -> None:
    assert bound.evaluate(land(*uses, years=years))["biomass"][0] == pytest.approx(change, rel=1e-9, abs=1e-12)


def test_growth_of_forest_is_that_of_gain_loss() -> None:
    """G_W (1 + R) CF of the rows that it is made of, with the ratio of the smallest biomass."""
    theirs = REGISTRY.get("gain_loss").table.frame
    theirs = theirs[(theirs["stand_age"] != "(20,)") & theirs["above_ground_biomass_density"].str[:2].isin(["", "(,"])]
    own = REGISTRY.get("biomass_conversion").table.frame
    own = own[(own["parameter"] == "growth") & (own["edition"] != "") & (own["ecosystem"] == "forest")]

    def of(parameter: str, asked: dict[str, str]) -> float:
        """The most specific row that fits."""
        rows = theirs[theirs["parameter"] == parameter]
        rows = rows[pd.concat([rows[name].isin(["", value]) for name, value in asked.items()], axis=1).all(axis=1)]
        return float(rows.loc[(rows[list(asked)] != "").sum(axis=1).idxmax(), "value"])

    for _, row in own.iterrows():
        asked = {name: row[name] for name in ("edition", "origin", "forest_type", "ecological_zone")}
        asked["climate_domain"] = row["ecological_zone"].split("_")[0]
        product = of("above_ground_growth", asked) * (1 + of("root_to_shoot", asked)) * of("carbon_fraction", asked)
        assert row["value"] == pytest.approx(product, rel=1e-5), asked
    assert len(own) == 20 * 6


def test_biomass_is_that_of_lookup_density() -> None:
    def densities(id: str, *parameters: str) -> dict[tuple[str, ...], float]:
        rows = REGISTRY.get(id).table.frame
        rows = rows[rows["parameter"].isin(parameters) & rows["ecosystem"].isin(["forest", "grassland"])]
        return rows.groupby(["ecosystem", "species_group", "grassland_type"])["value"].sum().to_dict()

    theirs = densities("lookup_density", "biomass", "above_ground_biomass", "below_ground_biomass")
    assert densities("biomass_conversion", "biomass") == pytest.approx(theirs, rel=1e-9)


# Annual means over the cycle and growth above ground, IPCC 2019, ch. 5, Table 5.3 (updated), p. 5.12; IPCC 2006, ch. 5,
# Table 5.1, p. 5.9, for the older edition, which has one value for all perennial crops.
PERENNIAL = {
    ("2019", "orchard"): (6.4, 0.43, 0.46),
    ("2019", "olive"): (6.9, 0.46, 0.27),
    ("2019", "vine"): (2.8, 0.28, 0.26),
    ("2019", "coppice"): (6.35, 3.2, 0.40),
    ("2006", "orchard"): (63.0, 2.1, 0.75),
}


@pytest.mark.parametrize(("edition", "crop"), PERENNIAL)
def test_perennial_crops_by_edition(edition: str, crop: str) -> None:
    stock, growth, error = PERENNIAL[edition, crop]
    rows = {
        row.parameter: row
        for row in REGISTRY.get("biomass_conversion").table.rows
        if row.cells["class"] == crop and row.cells["edition"] == edition
    }
    assert rows["biomass"].value == stock
    assert rows["growth"].value == growth
    assert (rows["growth"].low, rows["growth"].high) == pytest.approx(
        (growth * (1 - error), growth * (1 + error)), abs=1e-3
    )
