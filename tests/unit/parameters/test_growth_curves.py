"""Growth curves fitted to plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.errors import ParameterError
from sinks.methodology import Registry
from sinks.parameters.growth_curves import CURVES, fit, logistic, power, richards, schumacher, write_table

AGES = np.array([5.0, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120])
TRUE = {"richards": (180.0, 0.03, 1.8), "logistic": (150.0, 0.08, 12.0), "schumacher": (220.0, 28.0)}


@pytest.mark.parametrize("curve", TRUE)
def test_exact_plots_give_their_curve_back(curve: str) -> None:
    found = fit(curve, AGES, CURVES[curve].function(AGES, *TRUE[curve]), "plots")
    np.testing.assert_allclose(found.values, TRUE[curve], rtol=1e-5)
    assert found.r_squared == pytest.approx(1)


def test_exact_plots_give_a_power_law_back() -> None:
    ndvi = np.array([0.1, 0.2, 0.35, 0.5, 0.8])
    np.testing.assert_allclose(fit("power", ndvi, power(ndvi, 2.9, 1.58), "plots").values, [2.9, 1.58], rtol=1e-6)


def test_curves_begin_and_end_where_they_should() -> None:
    assert richards(0.0, 100.0, 0.05, 2.0) == 0
    assert schumacher(np.array([0.0]), 100.0, 20.0)[0] == 0
    assert logistic(0.0, 100.0, 0.05, 9.0) == pytest.approx(10)
    for curve, values in TRUE.items():
        assert CURVES[curve].function(np.array([1e9]), *values)[0] == pytest.approx(values[0], rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_curve_passes_through_noisy_plots(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 4, len(AGES))
    found = fit("schumacher", AGES, np.abs(schumacher(AGES, *TRUE["schumacher"]) + noise) + 0.1, "plots")
    low, high = found.band(AGES)
    assert (low <= found.predict(AGES)).all()
    assert (found.predict(AGES) <= high).all()
    assert found.residual_sd < 12


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    ages, rng, inside, trials = AGES[2:], np.random.default_rng(3), 0, 200
    truth = schumacher(ages, *TRUE["schumacher"])
    for _ in range(trials):
        found = fit("schumacher", ages, truth + rng.normal(0, 3, len(ages)), "plots")
        _, low, high = found.intervals()["asymptote"]
        inside += low <= TRUE["schumacher"][0] <= high
    assert 0.90 <= inside / trials <= 0.99


def test_published_increments_of_larch() -> None:
    """Stem volume of planted larch from its yearly increments (Weichang, Chin. J. Plant Ecol. 40:405, Table 2)."""
    increment = np.array([0.5, 3.12, 6.27, 7.30, 7.20, 6.20, 5.20, 4.40, 3.70, 3.10, 2.70])
    ages = np.arange(5.0, 55, 5)
    volume = np.cumsum((increment[1:] + increment[:-1]) / 2 * 5)
    found = fit("richards", ages, volume, "larch")
    assert found.r_squared > 0.999
    assert found.predict(50.0) == pytest.approx(volume[-1], rel=0.01)
    years = np.arange(1.0, 51)
    fastest = years[np.diff(found.predict(np.arange(0.0, 51))).argmax()]
    assert 14 <= fastest <= 21  # the table peaks between 15 and 20 years


def test_more_precise_plots_weigh_more() -> None:
    size = schumacher(AGES, *TRUE["schumacher"])
    size[-1] *= 1.5
    sd = np.ones(len(AGES))
    sd[-1] = 1e6
    assert fit("schumacher", AGES, size, "plots", sd).values == pytest.approx(TRUE["schumacher"], rel=1e-3)


@pytest.mark.parametrize(
    ("curve", "x", "y", "id"),
    [
        ("gompertz", AGES, AGES, "growth.unknown_curve"),
        ("richards", AGES, AGES[1:], "growth.lengths"),
        ("richards", [0, 10, 20, 30, 40], [1, 2, 3, 4, 5], "growth.not_positive"),
        ("richards", [10, 20, 30], [1, 2, 3], "growth.too_few"),
        ("schumacher", [10, 10, 10, 10], [1, 2, 3, 4], "growth.too_few"),
        ("schumacher", AGES, 200 - AGES, "growth.no_fit"),
        ("power", AGES, np.full(len(AGES), 7.0), "growth.no_fit"),
    ],
)
def test_plots_that_do_not_serve(curve: str, x: list[float], y: list[float], id: str) -> None:
    with pytest.raises(ParameterError) as error:
        fit(curve, x, y, "plots.csv")
    assert error.value.problems[0].id == id


def test_a_fit_becomes_a_table_that_the_methodology_takes(tmp_path: Path) -> None:
    path = tmp_path / "our_larch.csv"
    bound = Registry((), ("methodologies",)).get("forest_growth_schumacher")
    found = fit("schumacher", AGES, schumacher(AGES, *TRUE["schumacher"]) + np.resize([1.0, -1.0], len(AGES)), "plots")
    given_units = {"asymptote": "t DM/ha", "time_scale": "yr"}
    arguments = {"units": given_units, "source": "larch survey 2024", "locator": "plots 1-11"}
    write_table(path, bound.id, [({"species_group": "larch"}, found)], **arguments)  # type: ignore[arg-type]
    table = bound.with_parameters(path).table
    row = next(row for row in table.rows if row.parameter == "asymptote")
    assert row.value == pytest.approx(found.values[0])
    assert row.low < TRUE["schumacher"][0] < row.high
    with pytest.raises(ParameterError):
        write_table(path, bound.id, [({}, found)], **arguments)  # type: ignore[arg-type]


def test_a_law_of_grass_becomes_a_table_that_the_methodology_takes(tmp_path: Path) -> None:
    ndvi = np.array([0.15, 0.2, 0.3, 0.4, 0.55, 0.7, 0.8])
    found = fit("power", ndvi, power(ndvi, 290.0, 1.6) * np.resize([1.03, 0.97], len(ndvi)), "plots")
    path, given_units = tmp_path / "our_steppe.csv", {"carbon_at_full_ndvi": "g C/m2", "exponent": "1"}
    stratum = {"curve_set": "local"}
    write_table(path, "grassland_ndvi", [(stratum, found)], units=given_units, source="survey 2024", locator="plots")
    bound = Registry((), ("methodologies",)).get("grassland_ndvi").with_parameters(path)
    rows = pd.DataFrame({"ecosystem": "grassland", "grassland_type": "typical_steppe", "ndvi_max": [0.5]})
    carbon = bound.with_constants(stratum).evaluate(rows)["above_ground_biomass"][0]
    # 1 g/m2 is 0.01 t/ha.
    assert carbon == pytest.approx(found.predict([0.5])[0] * 0.01)


@pytest.mark.parametrize("curve", ["richards", "logistic", "schumacher"])
def test_draws_of_the_table_spread_as_the_band_of_the_curve(curve: str, tmp_path: Path) -> None:
    """Drawn one by one the parameters would spread wider by a multiple."""
    noise = np.random.default_rng(11).normal(0, 2, len(AGES))
    found = fit(curve, AGES, np.abs(CURVES[curve].function(AGES, *TRUE[curve]) + noise) + 0.1, "plots")
    names, path = CURVES[curve].parameters, tmp_path / "ours.csv"
    bound = Registry((), ("methodologies",)).get(f"forest_growth_{curve}")
    given_units = {name: bound.methodology.parameters[name] for name in names}
    fits = [({"species_group": species}, found) for species in ("larch", "birch")]
    write_table(path, bound.id, fits, units=given_units, source="survey", locator="plots")
    table = bound.with_parameters(path).table
    drawn = table.draw(np.random.default_rng(1), 4000)
    places = {
        species: [
            next(
                i for i, row in enumerate(table.rows) if row.parameter == name and row.cells["species_group"] == species
            )
            for name in names
        ]
        for species in ("larch", "birch")
    }
    age = 45.0
    low, high = found.band([age])
    together = CURVES[curve].function(age, *drawn[:, places["larch"]].T)
    shuffled = drawn[:, places["larch"]].copy()
    for column in shuffled.T:
        np.random.default_rng(int(column[0] * 1e6) % 1000).shuffle(column)
    apart = CURVES[curve].function(age, *shuffled.T)
    half_width = 1.96 * together.std()
    # The interval of a row is that of Student's t with few plots, drawn as normal: no wider than stated.
    assert half_width == pytest.approx((high[0] - low[0]) / 2, rel=0.1)
    assert 1.96 * apart.std() > 1.5 * half_width
    # Two species are two fits.
    assert abs(np.corrcoef(drawn[:, places["larch"][0]], drawn[:, places["birch"][1]])[0, 1]) < 0.06
