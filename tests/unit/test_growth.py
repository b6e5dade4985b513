"""Growth curves fitted to plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.errors import ParameterError
from sinks.growth import CURVES, fit, logistic, power, richards, schumacher, write_table
from sinks.methodology import Registry

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
