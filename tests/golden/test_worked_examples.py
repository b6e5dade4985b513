"""Published calculations, to the digits printed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from methodologies import _ipcc
from sinks import units
from sinks.methodology import Registry
from sinks.methodology.contract import agrees

HERE = Path(__file__).parent
EXAMPLES = tomllib.loads((HERE / "worked_examples.toml").read_text(encoding="utf-8"))["example"]
REGISTRY = Registry((), ("methodologies",))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"])
def test_worked_example(example: dict[str, Any]) -> None:
    method = REGISTRY.get(example["methodology"]).methodology
    given = {name: np.float64(value) for name, value in {**example["inputs"], **example["parameters"]}.items()}
    assert set(given) == {*method.inputs, *method.parameters}
    # Examples are of land without a history.
    outputs = method.compute(**given, **dict.fromkeys(method.carried, 0))
    assert set(outputs) == {*example["outputs"], *method.carried}
    for pool, printed in example["outputs"].items():
        assert agrees(float(outputs[pool]), printed), (pool, outputs[pool])


def test_every_methodology_with_an_equation_has_a_worked_example() -> None:
    # These hand a number of their table through, or are another's equation with another table.
    without = {"lookup_density", "fixed_rate", "growing_stock_bcef_2019"}
    # The equation of forest_management, and places for a standard like those of test_db15.py.
    without |= {"natural_forest_protection", "db1502_022", "db1502_030", "db1502_031"}
    here = {example["methodology"] for example in EXAMPLES}
    # test_fire.py is about fire, test_ccer.py about ccer_14_001 and its kin.
    files = tuple(path.stem.removeprefix("test_") for path in HERE.glob("test_*.py"))
    missing = {id for id in REGISTRY.ids if not any(f"{id}_".startswith(f"{name}_") for name in files)}
    assert missing - without - here == set()


class TestGainLossLineByLine:
    """IPCC 2006, vol. 4, ch. 4, p. 4.18-4.19: every line of the example, not its sum alone."""

    @pytest.mark.parametrize(
        ("computed", "printed"),
        [
            (_ipcc.biomass_growth(4.0, 0.29), "5.16"),
            (100_000 * _ipcc.biomass_growth(4.0, 0.29) * 0.47, "242520"),
            (_ipcc.wood_loss(1_000, 1.11, 0.29, 0.1, 0.47), "725.16"),
            (_ipcc.fuelwood_loss(500, 0, 1.11, 0.29, 0, 0.47), "336.50"),
            (_ipcc.disturbance_loss(2_000, 4.0, 0.29, 0.47, 0.3), "1455.12"),
            (_ipcc.biomass_growth(4.0, 0.40), "5.6"),
            (1_000 * _ipcc.biomass_growth(4.0, 0.40) * 0.47, "2632"),
            (_ipcc.wood_loss(100, 2.0, 0.40, 0.1, 0.47), "141"),
            (_ipcc.fuelwood_loss(50, 0, 2.0, 0.40, 0, 0.47), "65.80"),
            (_ipcc.disturbance_loss(50, 1.0, 0.40, 0.47, 0.3), "9.87"),
            (_ipcc.soil_stock(47, 0.48, 1, 0.92), "20.8"),
        ],
    )
    def test_line(self, computed: float, printed: str) -> None:
        assert agrees(computed, printed)

    def test_removals_as_carbon_dioxide(self) -> None:
        assert agrees(-units.carbon_to_co2(240_003.22), "-880011.8")


TO_ADD = """# extends: gain_loss
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
carbon_fraction,0.47,t C/(t DM),,,,,user,the example,p. 4.18,
disturbed_biomass,4,t DM/ha,,,,,user,the example,p. 4.18,
disturbance_fraction,30,%,,,,,user,the example,p. 4.19,
bark_fraction,10,%,,,,,user,the example,p. 4.18,
volume_increment,5,m3/ha/yr,,,,,user,by hand,-,
"""


class TestGainLossThroughTheTable:
    """The same example with growth, roots and BCEF_R looked up, and only what the guidelines leave open supplied."""

    @pytest.fixture
    def rows(self) -> pd.DataFrame:
        row = {
            "ecosystem": "forest",
            "edition": "2006",
            "climate_domain": "temperate",
            "ecological_zone": "temperate_continental",
            "origin": "natural",
            "forest_type": "pine",
            "stand_age": 25.0,
            "growing_stock": 40.0,
            "above_ground_biomass_density": 60.0,
            "area_ha": 100_000.0,
            "wood_removal": 1_000.0,
            "fuelwood_removal": 500.0,
            "fuelwood_parts": 0.0,
            "disturbed_area": 2_000.0,
        }
        # The example does not need the density of tree parts, the table asks for a species all the same.
        return pd.DataFrame([row])

    def evaluate(self, rows: pd.DataFrame, folder: Path, **options: str) -> float:
        path = folder / "ours.csv"
        path.write_text(TO_ADD, encoding="utf-8")
        bound = REGISTRY.get("gain_loss").with_parameters(path).with_constants(options)
        return float(bound.evaluate(rows)["biomass"][0])

    def test_as_printed(self, rows: pd.DataFrame, tmp_path: Path) -> None:
        assert agrees(self.evaluate(rows, tmp_path, growth="biomass", bark="fraction"), "240003.22")

    def test_bark_as_expansion_of_the_volume(self, rows: pd.DataFrame, tmp_path: Path) -> None:
        over_bark = self.evaluate(rows, tmp_path, growth="biomass", bark="over_bark")
        expanded = self.evaluate(rows, tmp_path, growth="biomass", bark="expansion")
        removal = 1_000 * 1.11 * 1.29 * 0.47
        assert over_bark - expanded == pytest.approx(0.15 * removal, rel=1e-6)
        assert over_bark == pytest.approx(240_003.22 + 1_000 * 1.11 * 0.1 * 0.47, abs=0.01)

    def test_growth_as_volume(self, rows: pd.DataFrame, tmp_path: Path) -> None:
        by_volume = self.evaluate(rows, tmp_path, growth="volume", bark="fraction")
        # BCEF_I of temperate pines at 21-40 m3/ha is 0.75 in Table 4.5.
        gain = 100_000 * 5 * 0.75 * 1.29 * 0.47
        assert by_volume == pytest.approx(240_003.2213 - 242_520 + gain, abs=0.01)


@pytest.mark.parametrize(
    ("before", "after", "printed"),
    [
        ({"ecosystem": "grassland", "condition": "severely_degraded"}, {"ecosystem": "grassland"}, "0.645"),
        ({"ecosystem": "grassland", "condition": "high_intensity_grazing"}, {"ecosystem": "grassland"}, "0.215"),
        ({"ecosystem": "cropland"}, {"ecosystem": "cropland", "condition": "set_aside"}, "0.344"),
        ({"ecosystem": "cropland"}, {"ecosystem": "cropland", "tillage": "no_till"}, "0.0497"),
    ],
)
def test_soil_of_the_region_by_the_2019_refinement(before: dict[str, str], after: dict[str, str], printed: str) -> None:
    """Cool temperate dry, high-activity clay: 43 t C/ha, factors of the 2019 tables 2.3, 5.5 and 6.2, over 20 years."""
    usual = {"class": "", "condition": "nominal", "tillage": "full", "input": "medium"}
    row = {f"{name}_from": value for name, value in {**usual, **before}.items()}
    row |= {f"{name}_to": value for name, value in {**usual, **after}.items()}
    row |= {"climate_zone": "cool_temperate_dry", "soil_class": "hac", "date_from": "2020", "date_to": "2023"}
    bound = REGISTRY.get("soil_transition").with_constants({"edition": "2019"})
    change = bound.evaluate(pd.DataFrame([row]))["soil_organic_carbon"][0]
    assert agrees(change, printed)
    # 0.645 t C is 2.365 t CO2.
    if printed == "0.645":
        assert agrees(units.carbon_to_co2(change), "2.365")


@pytest.mark.parametrize(
    ("npp", "area", "total"),
    [
        (438.6, 16.19, "71.0"),
        (292.4, 40.08, "117.2"),
        (161.8, 20.58, "33.3"),
        (105.6, 11.08, "11.7"),
        (78.4, 47.58, "37.3"),
    ],
)
def test_grassland_production_chain_of_units(npp: float, area: float, total: str) -> None:
    """ChinaXiv 201707.00085: mean NPP [g C/m2/yr] by steppe type and its sum [Tg C/yr]; areas [Mha] by division."""
    density = units.convert(npp, "g C/m2/yr", "t C/ha/yr")
    whole = density * units.convert(area, "Mha", "ha")
    assert agrees(units.convert(whole, "t C/yr", "Tg C/yr"), total)


@pytest.mark.parametrize(
    ("density", "area", "printed"),
    [
        (9.823, 19.2, 1.883),
        (7.348, 63.6, 4.672),
        (8.139, 76.8, 6.250),
        (0.094, 19.2, 0.018),
        (9.359, 19.2, 1.794),
    ],
)
def test_grassland_stock_chain_of_units(density: float, area: float, printed: float) -> None:
    """Ma et al. 2016, Table 1: density [kg C/m2] x area [Mha] = stock [Pg C]; the paper's own rounding is 0.2 %."""
    stock = units.convert(density, "kg C/m2", "t C/ha") * units.convert(area, "Mha", "ha")
    assert units.convert(stock, "t C", "Pg C") == pytest.approx(printed, rel=2e-3, abs=5e-4)


def test_forest_stock_of_the_region() -> None:
    """Huang et al. 2016, ChinaXiv 201605.00426: stock by layer [Tg C], density by layer [t C/ha]."""
    vegetation = 736.9 + 23.7 + 21.3 + 6.0
    assert agrees(vegetation, "787.9")  # printed 787.8
    assert agrees(787.8 + 2449.6, "3237.4")
    assert agrees(100 * 2449.6 / 3237.4, "75.7")
    assert units.convert(3237.4, "Tg C", "万tC") == pytest.approx(323_740, rel=1e-12)
    assert agrees(units.carbon_to_co2(323_740.0), "1187046.7")
    rows = pd.DataFrame({"ecosystem": ["forest"], "species_group": [""], "grassland_type": [""]})
    by_pool = REGISTRY.get("lookup_density").evaluate(rows)
    density = sum(values[0] for values in by_pool.values() if not np.isnan(values[0]))
    # Tree 35.6, shrub 0.6, herb 1.2, litter 2.9, soil 144.4; print sums to 184.5.
    assert agrees(density, "184.7")
