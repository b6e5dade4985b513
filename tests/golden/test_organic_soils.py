"""Drained organic soils: IPCC 2006, vol. 4, ch. 4, Table 4.6, and the Wetlands Supplement (transcribed)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry
from sinks.methodology.contract import agrees

BOUND = Registry((), ("methodologies",)).get("organic_soils")
ROW = {"ecosystem": "forest", "land_use": "forest", "climate_zone": "boreal_dry", "nutrient": "rich"}
OURS = """# extends: organic_soils
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
doc_emission,0.1,t C/ha/yr,,,,,user,by hand,-,
ditch_share,10,%,,,,,user,by hand,-,
n2o_emission,3,kg N2O/ha/yr,,,,,user,by hand,-,
"""


def test_the_factors_of_2006_know_no_gases() -> None:
    bound = BOUND.with_constants({"factors": "ipcc_2006"})
    assert bound.evaluate(pd.DataFrame([ROW]))["soil_organic_carbon"][0] == pytest.approx(-0.16)
    assert all(np.isnan(gas[0]) for gas in bound.other_gases(pd.DataFrame([ROW])).values())


def test_gases_stand_beside(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    bound = BOUND.with_parameters(path).with_constants({"factors": "wetlands_2013"})
    rows = pd.DataFrame([ROW])
    assert bound.evaluate(rows)["soil_organic_carbon"][0] == pytest.approx(-(0.93 + 0.1))
    assert bound.other_gases(rows)["ch4"][0] == pytest.approx(0.9 * 2.0 + 0.1 * 217)
    assert bound.other_gases(rows)["n2o"][0] == pytest.approx(3)


@pytest.mark.parametrize(
    ("land_use", "zone", "nutrient", "printed"),
    [
        # CO2-C, DOC, methane of land and of ditches, share of ditches, N2O-N
        ("forest", "boreal_dry", "poor", (0.25, 0.12, 7.0, 217, 0.025, 0.22)),
        ("forest", "boreal_moist", "rich", (0.93, 0.12, 2.0, 217, 0.025, 3.2)),
        ("forest", "cool_temperate_dry", "rich", (2.60, 0.31, 2.5, 217, 0.025, 2.8)),
        ("cropland", "cool_temperate_dry", "rich", (7.90, 0.31, 0.0, 1165, 0.05, 13.0)),
        ("grassland_deep_drained", "cool_temperate_dry", "rich", (6.10, 0.31, 16.0, 1165, 0.05, 8.2)),
        ("grassland_shallow_drained", "cool_temperate_moist", "rich", (3.60, 0.31, 39.0, 527, 0.05, 1.6)),
        ("peat_extraction", "cool_temperate_dry", "poor", (2.80, 0.31, 6.1, 542, 0.05, 0.30)),
    ],
)
def test_tables_of_the_supplement(land_use: str, zone: str, nutrient: str, printed: tuple[float, ...]) -> None:
    """Tables 2.1 to 2.5 as the manuscript ipcc-carbon-gains (public, chunk ``drained``) transcribes them."""
    carbon, dissolved, land, ditch, share, nitrogen = printed
    bound = BOUND.with_constants({"factors": "wetlands_2013"})
    rows = pd.DataFrame([{**ROW, "land_use": land_use, "climate_zone": zone, "nutrient": nutrient}])
    assert bound.evaluate(rows)["soil_organic_carbon"][0] == pytest.approx(-(carbon + dissolved))
    assert bound.other_gases(rows)["ch4"][0] == pytest.approx((1 - share) * land + share * ditch)
    assert bound.other_gases(rows)["n2o"][0] == pytest.approx(nitrogen * 44 / 28, abs=5e-5)


def test_cropland_on_histosols() -> None:
    """IPCC 2006, vol. 4, ch. 5, p. 5.23: 0.4 Mha at 10.0 t C/ha/yr (Table 5.6, warm temperate) lose 4.0 Mt C a year."""
    none = dict.fromkeys(("ch4_emission_land", "ch4_emission_ditch", "ditch_share", "n2o_emission"), np.float64(0))
    found = BOUND.methodology.compute(co2_c_emission=np.float64(10.0), doc_emission=np.float64(0), **none)
    assert agrees(-found["soil_organic_carbon"] * 400_000 / 1e6, "4.0")


def test_what_is_not_at_hand_is_asked_for_by_table() -> None:
    rows = pd.DataFrame([{**ROW, "land_use": "grassland"}])
    with pytest.raises(ParameterError) as error:
        BOUND.with_constants({"factors": "wetlands_2013"}).evaluate(rows)
    asked = {problem.values["parameter"] for problem in error.value.problems}
    assert asked == {"ch4_emission_ditch", "ditch_share"}
    assert "表 2.4" in str(error.value)
