"""Units: what converts, what does not, and that the factors are right."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks import units
from sinks.errors import UnitError
from sinks.vocabulary import quantities


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "factor"),
    [
        ("ha", "mu", 15),
        ("mu", "m2", 2000 / 3),
        ("亩", "ha", 1 / 15),
        ("万亩", "ha", 10_000 / 15),
        ("万ha", "ha", 10_000),
        ("10^4 ha", "km2", 100),
        ("Mha", "ha", 1_000_000),
        ("t C/ha", "g C/m2", 100),
        ("kg C/m2", "t C/ha", 10),
        ("g C m-2 yr-1", "t C/ha/yr", 0.01),
        ("Tg C", "万tC", 100),
        ("Pg C", "t C", 1e9),
        ("万tCO2", "t CO2", 10_000),
        ("吨碳/公顷", "t C/ha", 1),
        ("%", "1", 0.01),
        ("t d.m./m3", "t DM/m3", 1),
        ("t DM/t DM", "1", 1),
        ("亿立方米", "m3", 1e8),
        ("t C/ha/month", "t C/ha/yr", 12),
        # As yearbooks write them.
        ("千公顷", "ha", 1_000),
        ("千吨", "t", 1_000),
        ("百万吨CO2", "t CO2", 1_000_000),
        ("千克/株", "t/plant", 0.001),
        ("株/亩", "plant/ha", 15),
        ("平方千米", "ha", 100),
        ("万吨CO2-eq", "t CO2e", 10_000),
        ("tCO2eq", "t CO2e", 1),
    ],
)
def test_factors(from_unit: str, to_unit: str, factor: float) -> None:
    assert units.convert(1.0, from_unit, to_unit) == pytest.approx(factor, rel=1e-14)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("t C/ha", "t CO2/ha", "units.carbon_and_co2"),
        ("t CO2", "t C", "units.carbon_and_co2"),
        ("t C/ha", "t DM/ha", "units.carbon_and_dry_matter"),
        ("t CH4", "t CO2", "units.mismatch"),
        ("t CO2", "t CO2e", "units.mismatch"),
        ("t C/ha", "t C/ha/yr", "units.mismatch"),
        ("t/ha", "t C/ha", "units.mismatch"),
        ("m3", "ha", "units.mismatch"),
    ],
)
def test_what_does_not_mix(one: str, other: str, message: str) -> None:
    with pytest.raises(UnitError) as error:
        units.convert(1.0, one, other)
    assert error.value.problems[0].id == message
    assert one in str(error.value)


@pytest.mark.parametrize("unit", ["dm", "tons", "", "t C/", "ha; import os", "C!", "t C**", "__import__('os')"])
def test_an_unknown_unit_is_named(unit: str) -> None:
    with pytest.raises(UnitError) as error:
        units.check(unit, "t C/ha", where="table.csv:3")
    assert error.value.problems[0].id == "units.unknown"
    assert error.value.problems[0].where == "table.csv:3"


@pytest.mark.parametrize(
    "unit",
    [
        *("9^9^9^9 t", "10^9999999 t", "10**10**10 t", "(10^4)^9999999 t", "((t^9)^9)^9", "10^1_000 t", "10^400 t"),
        *("(" * 3000 + "t" + ")" * 3000, "t^" * 500 + "2"),
    ],
)
def test_a_unit_that_would_take_for_ever_is_unknown_at_once(unit: str) -> None:
    began = time.process_time()
    with pytest.raises(UnitError) as error:
        units.check(unit, "t C/ha")
    assert error.value.problems[0].id == "units.unknown"
    assert time.process_time() - began < 2


def test_powers_of_ten_may_be_beyond_what_a_number_holds() -> None:
    with pytest.raises(UnitError) as error:
        units.check("*".join(["10^99"] * 4) + " t", "t")
    assert error.value.problems[0].id == "units.multiple"


@pytest.mark.parametrize(
    "unit", ["9999", "10000", "1e4", "1E+4", "10^4", "0.01", "-1", "5/5", "1.0", "万", "亿", "(10)"]
)
@pytest.mark.parametrize("like", ["1", "t C/ha"])
def test_a_bare_number_is_no_unit(unit: str, like: str) -> None:
    """It would multiply a whole column by itself."""
    for call in (units.check, units.convert, units.factor):
        arguments = (1.0, unit, like) if call is units.convert else (unit, like)
        with pytest.raises(UnitError) as error:
            call(*arguments)  # type: ignore[operator]
        assert [problem.id for problem in error.value.problems] == ["units.bare_number"]


@pytest.mark.parametrize("unit", ["9999 t", "2 ha", "t/667 m2", "ha+ha", "ha-ha", "nan", "1.5 %", "3 t C/ha"])
def test_a_multiple_of_a_unit_is_a_power_of_ten(unit: str) -> None:
    with pytest.raises(UnitError) as error:
        units.dimension(unit)
    assert [problem.id for problem in error.value.problems] == ["units.multiple"]


@pytest.mark.parametrize(
    ("unit", "like", "factor"),
    [("10000 ha", "ha", 1e4), ("1e4 t CO2", "t CO2", 1e4), ("t/0.01 ha", "t/ha", 100.0), ("g/100 g", "1", 0.01)],
)
def test_tens_and_hundreds_of_a_unit(unit: str, like: str, factor: float) -> None:
    assert units.factor(unit, like) == pytest.approx(factor, rel=1e-14)


def test_dry_matter_becomes_carbon_through_a_carbon_fraction() -> None:
    biomass, fraction = units.quantity(10.0, "t DM/ha"), units.quantity(0.5, "t C/(t DM)")
    assert units.dimension_of(biomass * fraction) == units.dimension("t C/ha")
    assert units.dimension_of(biomass) != units.dimension("t C/ha")


def test_carbon_and_carbon_dioxide() -> None:
    assert units.carbon_to_co2(12.0) == 44.0
    assert units.co2_to_carbon(44.0) == 12.0
    assert units.carbon_to_co2(1.0) == pytest.approx(units.CO2_PER_C)


def test_temperature_has_an_offset() -> None:
    assert units.convert(25.0, "degC", "K") == pytest.approx(298.15)


def test_an_array_keeps_its_nan() -> None:
    converted = units.convert(np.array([1.0, np.nan]), "kg C/m2", "t C/ha")
    np.testing.assert_array_equal(converted, [10.0, np.nan])


def test_per_makes_a_number() -> None:
    assert units.per(3.0, "m3/ha") == 3.0
    assert units.per(units.quantity(3.0, "m3/ha"), "m3/ha") == pytest.approx(3.0)


@pytest.mark.parametrize("quantity", list(quantities().values()), ids=list(quantities()))
def test_every_unit_of_the_vocabulary_is_known(quantity: object) -> None:
    units.dimension(quantity.unit)  # type: ignore[attr-defined]


@given(
    st.floats(-1e12, 1e12).filter(lambda x: x == 0 or abs(x) > 1e-12),
    st.sampled_from(["t C/ha", "g C/m2", "kg C/m2", "10^4 t C/km2", "t C/mu"]),
    st.sampled_from(["t C/ha", "g C/m2", "kg C/m2", "10^4 t C/km2", "t C/mu"]),
)
def test_there_and_back(value: float, one: str, other: str) -> None:
    assert units.convert(units.convert(value, one, other), other, one) == pytest.approx(value, rel=1e-13)


def test_importing_units_does_not_import_pint() -> None:
    code = "import sys, sinks.units; sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_power_and_days_become_monthly_totals() -> None:
    assert units.factor("W/m2", "MJ/m2/month") == pytest.approx(86400 * 365.25 / 12 / 1e6)
    assert units.factor("mm/day", "mm/month") == pytest.approx(365.25 / 12)


def test_scales_with_different_zeros_have_no_factor() -> None:
    assert units.factor("degC", "degC") == 1
    with pytest.raises(UnitError) as raised:
        units.factor("K", "degC")
    assert [problem.id for problem in raised.value.problems] == ["units.offset"]
    assert units.convert(273.15, "K", "degC") == 0
