"""Gases of fires: IPCC 2006, vol. 4, ch. 2, Eq. 2.27, with Tables 2.4 and 2.5.

FAOSTAT (fires of Honduras, 2010) prints area, dry matter and gases, each rounded on its own: a calculation by others.
Read in a copy: github.com/seamusrobertmurphy/IPCC-wildfire-emissions, f3acf10, data/raw/honduras_faostat_fires.csv.
Its forest fires carry the emission factors of savanna (1613, 2.3 and 0.21 g/kg), so only their dry matter is ours.
"""

from __future__ import annotations

import pandas as pd
import pytest

from methodologies._ipcc import fuel_burnt
from methodologies.fire import gases
from sinks.errors import ParameterError
from sinks.methodology import Registry
from sinks.methodology.contract import agrees

BOUND = Registry((), ("methodologies",)).get("fire")


def rows(**columns: str | float) -> pd.DataFrame:
    row = {"ecosystem": "forest", "vegetation": "boreal_forest", "fire_type": "", "area_ha": 5e4, "burnt_area": 1000.0}
    return pd.DataFrame([{**row, **columns}])


def test_a_thousand_hectares_of_boreal_forest() -> None:
    """41.0 t/ha, 4.7 g CH4/kg, 1569 g CO2/kg: 192.7 t of methane and 64,329 t of carbon dioxide."""
    given = BOUND.with_constants({"fuel": "consumption"}).other_gases(rows())
    assert agrees(given["ch4"][0], "192.7")
    assert agrees(given["co2"][0], "64329")
    assert agrees(given["n2o"][0], "10.66")


def test_nothing_of_a_fire_enters_the_carbon_account() -> None:
    assert BOUND.pools == ()
    assert BOUND.with_constants({"fuel": "consumption"}).evaluate(rows()) == {}


def test_the_kind_of_fire_decides_the_fuel() -> None:
    """Table 2.4, p. 2.45: surface fires 21.6, crown fires 25.1 t/ha."""
    bound = BOUND.with_constants({"fuel": "consumption"})
    surface, crown = (bound.other_gases(rows(fire_type=kind))["ch4"][0] for kind in ("surface", "crown"))
    assert surface == pytest.approx(1000 * 21.6 * 4.7e-3)
    assert crown == pytest.approx(1000 * 25.1 * 4.7e-3)


def test_a_measured_fuel_load_is_asked_for() -> None:
    with pytest.raises(ParameterError, match="载量"):
        BOUND.with_constants({"fuel": "load"}).other_gases(rows())


# ha, t of dry matter, kt CH4, kt N2O.
FAOSTAT_GRASSLAND = (34330.3164, 178517.6454, "0.4106", "0.0375")
FAOSTAT_OTHER_FOREST = (3464.9732, 174634.6495)


def looked(parameter: str, vegetation: str) -> float:
    return float(BOUND.table.lookup(parameter, {"vegetation": [vegetation], "fire_type": [""]}).values[0])


def test_fires_of_grassland_as_faostat_prints_them() -> None:
    """Its 5.2 t/ha is tropical and subtropical grassland in the late dry season, Table 2.4, p. 2.46."""
    area, burnt, methane, nitrous_oxide = FAOSTAT_GRASSLAND
    assert burnt / area == pytest.approx(5.2, rel=1e-8)
    factors = [looked(f"emission_factor_{gas}", "grassland") for gas in ("co2", "ch4", "n2o")]
    given = gases(area, 0.0, 0.0, burnt / area, *factors)
    assert agrees(given["ch4"] / 1000, methane)
    assert agrees(given["n2o"] / 1000, nitrous_oxide)


def test_fires_of_temperate_forest_burn_what_faostat_prints() -> None:
    area, burnt = FAOSTAT_OTHER_FOREST
    assert fuel_burnt(area, 0.0, 0.0, looked("fuel_consumption", "temperate_forest")) == pytest.approx(burnt, abs=1e-3)
