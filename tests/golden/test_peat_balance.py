"""Drained and rewetted temperate peat under forest, nutrient-rich: a published balance of all gases.

Wilson et al. 2016, Greenhouse gas emission factors associated with rewetting of organic soils, Mires and Peat 17:04,
Table 5, as quoted elsewhere (the paper was not at hand): 12.25 t CO2e/ha/yr drained and 12.50 rewetted, from the
defaults of the Wetlands Supplement.  The quotation does not name the warming potentials; those of AR5 with
climate-carbon feedback (34 and 298) give both figures.
"""

from __future__ import annotations

import pandas as pd
import pytest

from sinks import units
from sinks.methodology import Registry
from sinks.methodology.contract import agrees

REGISTRY = Registry((), ("methodologies",))
GWP = {"ch4": 34, "n2o": 298}


def test_drained() -> None:
    """The factors of forest in the table are transcribed: the balance confirms them together."""
    forest = {"ecosystem": "forest", "land_use": "forest", "climate_domain": "temperate", "nutrient": "rich"}
    rows = pd.DataFrame([forest])
    bound = REGISTRY.get("organic_soils").with_constants({"factors": "wetlands_2013"})
    carbon = -units.carbon_to_co2(bound.evaluate(rows)["soil_organic_carbon"][0])
    gases = sum(bound.other_gases(rows)[gas][0] * GWP[gas] for gas in GWP) / 1000
    assert agrees(carbon + gases, "12.25")


def test_rewetted() -> None:
    rows = pd.DataFrame([{"ecosystem": "wetland", "climate_domain": "temperate", "nutrient": "rich"}])
    bound = REGISTRY.get("wetland_organic")
    carbon = -units.carbon_to_co2(bound.evaluate(rows)["soil_organic_carbon"][0])
    methane = bound.other_gases(rows)["ch4"][0] * GWP["ch4"] / 1000
    # The terms round to 2.71 and 9.79; their sum, 12.505, is printed as 12.50.
    assert agrees(carbon, "2.71")
    assert agrees(methane, "9.79")
    assert carbon + methane == pytest.approx(12.50, abs=0.006)
