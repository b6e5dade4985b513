"""Flooded land: a hectare by hand, and the tables of the 2019 Refinement, chapter 7, typed a second time."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("flooded_land")

# Climate of the region: carbon dioxide of reservoirs up to 20 years (Table 7.13, p. 7.23), methane of them (Table 7.15,
# p. 7.26) and of older ones (Table 7.9, p. 7.15), with the ends of their 95 % intervals.
PRINTED = {
    "boreal_dry": ((0.94, 0.84, 1.05), (27.7, 20.8, 34.7), (13.6, 7.3, 19.9)),
    "cool_temperate_dry": ((1.02, 1.00, 1.04), (84.7, 78.8, 90.6), (54.0, 48.3, 59.5)),
    "warm_temperate_dry": ((1.70, 1.66, 1.75), (195.6, 176.9, 214.7), (150.9, 133.3, 168.1)),
    "warm_temperate_moist": ((1.46, 1.44, 1.48), (127.5, 121.5, 133.4), (80.3, 74.0, 86.0)),
}
PRINTED |= {"boreal_moist": PRINTED["boreal_dry"], "cool_temperate_moist": PRINTED["cool_temperate_dry"]}


def rows(water_body: str, climate_zone: str = "cool_temperate_dry", **further: str) -> pd.DataFrame:
    return pd.DataFrame([{"ecosystem": "water", "water_body": water_body, "climate_zone": climate_zone, **further}])


def test_a_hectare_of_a_new_reservoir_by_hand() -> None:
    """Cool temperate, mesotrophic: 1.02 t C lost; 3 x 84.7 x 1.09 = 276.969 kg of methane."""
    bound = BOUND.with_constants({"trophic": "known"})
    land = rows("reservoir_young", trophic_state="mesotrophic")
    assert bound.evaluate(land)["ecosystem"][0] == pytest.approx(-1.02)
    assert bound.other_gases(land)["ch4"][0] == pytest.approx(276.969)


@pytest.mark.parametrize("zone", PRINTED)
def test_the_tables_of_reservoirs(zone: str) -> None:
    bound = BOUND.with_constants({"trophic": "not_adjusted"})
    carbon, young, old = PRINTED[zone]
    assert bound.evaluate(rows("reservoir_young", zone))["ecosystem"][0] == -carbon[0]
    assert bound.evaluate(rows("reservoir_old", zone))["ecosystem"][0] == 0
    for body, methane in (("reservoir_young", young), ("reservoir_old", old)):
        # Table 7.10: 0.09 of the methane comes out below the dam.
        assert bound.other_gases(rows(body, zone))["ch4"][0] == pytest.approx(methane[0] * 1.09)
    ends = {
        (row.parameter, row.cells["water_body"]): (row.value, row.low, row.high)
        for row in BOUND.table.rows
        if row.cells["climate_zone"] == zone
    }
    assert ends == {
        ("co2_c_emission", "reservoir_young"): carbon,
        ("ch4_emission", "reservoir_young"): young,
        ("ch4_emission", "reservoir_old"): old,
    }


@pytest.mark.parametrize(
    ("body", "printed"),
    [("saline_pond", (30, 16, 55)), ("freshwater_pond", (183, 118, 228)), ("canal_ditch", (416, 259, 669))],
)
def test_ponds_and_ditches_of_table_7_12(body: str, printed: tuple[float, float, float]) -> None:
    bound = BOUND.with_constants({"trophic": "not_adjusted"})
    assert bound.evaluate(rows(body))["ecosystem"][0] == 0
    assert bound.other_gases(rows(body))["ch4"][0] == printed[0]
    (row,) = [r for r in BOUND.table.rows if r.parameter == "ch4_emission" and r.cells["water_body"] == body]
    assert (row.value, row.low, row.high) == printed


@pytest.mark.parametrize(
    ("state", "factor"), [("oligotrophic", 0.7), ("mesotrophic", 3), ("eutrophic", 10), ("hypereutrophic", 25)]
)
def test_trophic_states_of_table_7_11(state: str, factor: float) -> None:
    known, plain = (BOUND.with_constants({"trophic": choice}) for choice in ("known", "not_adjusted"))
    land = rows("reservoir_old", trophic_state=state)
    assert known.other_gases(land)["ch4"][0] == pytest.approx(factor * plain.other_gases(land)["ch4"][0])


def test_a_natural_lake_is_asked_for() -> None:
    with pytest.raises(ParameterError) as error:
        BOUND.with_constants({"trophic": "not_adjusted"}).evaluate(rows("natural_lake"))
    assert {problem.values["parameter"] for problem in error.value.problems} >= {"co2_c_emission"}
