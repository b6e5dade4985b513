"""Gases of fires: IPCC 2006, vol. 4, ch. 2, Eq. 2.27, with Tables 2.4 and 2.5."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry
from sinks.methodology.contract import agrees

BOUND = Registry((), ("methodologies",)).get("fire")


def rows(**columns: str | float) -> pd.DataFrame:
    row = {"ecosystem": "forest", "vegetation": "boreal_forest", "fire_type": "", "area_ha": 5e4, "burnt_area": 1000.0}
    return pd.DataFrame([{**row, **columns}])


def test_a_thousand_hectares_of_boreal_forest() -> None:
    """41.0 t/ha, 4.7 g CH4/kg, 1569 g CO2/kg: 192.7 t of methane and 64,329 t of carbon dioxide."""
    gases = BOUND.with_constants({"fuel": "consumption"}).beside(rows())
    assert agrees(gases["ch4"][0], "192.7")
    assert agrees(gases["co2"][0], "64329")
    assert agrees(gases["n2o"][0], "10.66")


def test_nothing_of_a_fire_enters_the_carbon_account() -> None:
    assert BOUND.pools == ()
    assert BOUND.with_constants({"fuel": "consumption"}).evaluate(rows()) == {}


def test_the_kind_of_fire_decides_the_fuel() -> None:
    """Table 2.4, p. 2.45: surface fires 21.6, crown fires 25.1 t/ha."""
    bound = BOUND.with_constants({"fuel": "consumption"})
    surface, crown = (bound.beside(rows(fire_type=kind))["ch4"][0] for kind in ("surface", "crown"))
    assert surface == pytest.approx(1000 * 21.6 * 4.7e-3)
    assert crown == pytest.approx(1000 * 25.1 * 4.7e-3)


def test_a_measured_fuel_load_is_asked_for() -> None:
    with pytest.raises(ParameterError, match="载量"):
        BOUND.with_constants({"fuel": "load"}).beside(rows())
