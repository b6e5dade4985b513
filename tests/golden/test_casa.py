"""The production model CASA: one cell over twelve months worked out by hand, and the choices where prints differ."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from sinks.geo.legends import load_legend
from sinks.layers.rasters.casa import (
    SERIES,
    Casa,
    Coefficients,
    Months,
    absorbed_share,
    cold_stress,
    heat_stress,
    optimum,
    production,
    water_stress,
)
from sinks.methodology import Registry
from sinks.vocabulary import MONTHS, month_id
from sinks.workflow.production import NONE, production_table
from sinks.workflow.production import production as production_of

TABLE = production_table(Registry((), ("methodologies",)))
CLASSES = {
    "cropland": "cropland",
    "forest": "deciduous_needleleaf",
    "shrub": "shrub",
    "grassland": "grassland",
    "wetland": "grassland",
    **dict.fromkeys(("water", "ice", "bare", "urban"), NONE),
}
RULE: Casa = production_of("npp", "land_cover", load_legend("clcd"), CLASSES, TABLE).rule
STEPPE: Coefficients = dict(RULE.coefficients)[4]

# A steppe: month by month index, temperature, radiation, actual and potential evapotranspiration.
YEAR = (
    (0.08, -20.0, 220, 1.0, 4.0),
    (0.09, -16.0, 300, 2.0, 10.0),
    (0.12, -6.0, 470, 5.0, 40.0),
    (0.16, 4.0, 560, 12.0, 80.0),
    (0.25, 12.0, 660, 30.0, 130.0),
    (0.42, 18.0, 670, 60.0, 150.0),
    (0.55, 21.0, 650, 90.0, 150.0),
    (0.52, 19.0, 580, 75.0, 125.0),
    (0.34, 12.0, 470, 36.0, 90.0),
    (0.18, 3.0, 360, 14.0, 50.0),
    (0.10, -8.0, 230, 0.0, 0.0),
    (0.08, -17.0, 190, 0.0, 0.0),
)


def months(year: tuple[tuple[float, ...], ...] = YEAR) -> Months:
    return Months(*([np.array([row[at]], float) for row in year] for at in range(len(SERIES))))


def values(year: tuple[tuple[float, ...], ...] = YEAR, code: float = 4) -> dict[str, np.ndarray]:
    named = {month_id(name, m): np.array([year[m - 1][at]], float) for at, name in enumerate(SERIES) for m in MONTHS}
    return {"land_cover": np.array([code], float), **named}


def one(array: np.ndarray) -> float:
    return float(array[0])


# What each month comes to, worked out with a pocket calculator from the equations as they are printed.  The optimum is
# July's mean, 21 degC: T1 = 0.8 + 0.02 x 21 - 0.0005 x 21^2 = 0.9995.
#   SR = (1 + NDVI) / (1 - NDVI)
#   FPAR = ((NDVI - 0.023) / (0.634 - 0.023) + (SR - 1.05) / (4.46 - 1.05)) / 2 x (0.95 - 0.001) + 0.001
#   T2 = 1.184 / (1 + e^(0.2 (21 - 10 - T))) / (1 + e^(0.3 (-21 - 10 + T))); below 8 degC half of its 0.993405 at 21
#   W = 0.5 + 0.5 E / Ep; in November nothing can evaporate, and it stays as in October
#   NPP = 0.5 x 0.542 x 0.9995 x S x FPAR x T2 x W; nothing at or below -10 degC (January, February, December)
BY_HAND = {
    #   SR        FPAR      T2        W         NPP
    3: (1.272727, 0.107322, 0.496703, 0.562500, 3.8173),
    4: (1.380952, 0.153445, 0.496703, 0.575000, 6.6475),
    5: (1.666667, 0.263096, 0.648832, 0.615385, 18.7797),
    6: (2.448276, 0.503878, 0.930942, 0.700000, 59.5899),
    7: (3.444444, 0.743452, 0.993405, 0.800000, 104.0243),
    8: (3.166667, 0.681501, 0.958909, 0.800000, 82.1323),
    9: (2.030303, 0.383590, 0.648832, 0.700000, 22.1793),
    10: (1.439024, 0.177058, 0.496703, 0.640000, 5.4884),
    11: (1.222222, 0.084763, 0.496703, 0.640000, 1.6786),
}
NPP = 304.3374


def test_a_steppe_over_twelve_months_by_hand() -> None:
    assert sum(month[4] for month in BY_HAND.values()) == pytest.approx(NPP, abs=5e-4)
    for month, (ratio, fpar, t2, w, npp) in BY_HAND.items():
        index, temperature, radiation = YEAR[month - 1][:3]
        assert (1 + index) / (1 - index) == pytest.approx(ratio, abs=1e-6)
        assert one(absorbed_share(np.array([index]), STEPPE)) == pytest.approx(fpar, abs=1e-6)
        assert one(heat_stress(np.array([temperature]), np.array([21.0]), STEPPE)) == pytest.approx(t2, abs=1e-6)
        assert one(water_stress(months(), STEPPE)[month - 1]) == pytest.approx(w, abs=1e-6)
        assert 0.5 * 0.542 * 0.9995 * radiation * fpar * t2 * w == pytest.approx(npp, abs=1e-3)
    assert one(optimum(months())) == 21
    assert one(cold_stress(np.array([21.0]), STEPPE)) == pytest.approx(0.9995, abs=1e-12)
    assert one(production(months(), STEPPE)) == pytest.approx(NPP, abs=1e-4)
    # 1 g/m2 is 0.01 t/ha.  Temperate steppe of China has 292 g C/m2 on average (doi:10.5846/stxb201408291724, table 1).
    assert one(RULE.cells(values())) == pytest.approx(NPP / 100, abs=1e-6)


def test_far_from_the_optimum_the_response_is_the_published_half() -> None:
    """0.4956 is printed for the scale 1.1814: true with a plus before T in the second bracket, not with a minus."""
    printed = replace(STEPPE, t2_scale=1.1814)
    best = np.array([5.0, 21.0, 30.0])
    for temperature in (best + 10.1, best - 13.1):
        np.testing.assert_allclose(heat_stress(temperature, best, printed), 0.4956, atol=5e-5)
    with_minus = 1.1814 / (1 + exp(0.2 * -10)) / (1 + exp(0.3 * (-21 - 10 - 21)))
    assert abs(with_minus / 2 - 0.4956) > 0.02
    # At the borders themselves the response still holds.
    inside = heat_stress(best + 10, best, printed)
    assert (inside > 0.5).all()
    assert (heat_stress(best - 13, best, printed) < 0.45).all()


def test_absorption_stays_within_its_limits() -> None:
    found = absorbed_share(np.array([-0.2, 0.0, 0.9]), STEPPE)
    assert found == pytest.approx([0.001, 0.001, 0.95])
    # The index and the ratio of full cover say the same.
    assert one(absorbed_share(np.array([STEPPE.ndvi_max]), STEPPE)) == pytest.approx(0.95, abs=1e-3)
    assert one(absorbed_share(np.array([STEPPE.ndvi_min]), STEPPE)) == pytest.approx(0.001, abs=1e-3)


def test_the_optimum_is_that_of_the_first_greenest_month() -> None:
    year = tuple((0.5 if m in (6, 8) else 0.1, float(m), 500, 1.0, 2.0) for m in MONTHS)
    assert one(optimum(months(year))) == 6


@pytest.mark.parametrize("month", [1, 5, 12])
def test_water_of_a_month_without_evaporation_is_that_of_the_month_before(month: int) -> None:
    year = [(0.3, 10.0, 500, float(m), 20.0) for m in MONTHS]
    year[month - 1] = (0.3, 10.0, 500, 0.0, 0.0)
    before = 12 if month == 1 else month - 1
    assert one(water_stress(months(tuple(year)), STEPPE)[month - 1]) == 0.5 + 0.5 * before / 20


@pytest.mark.parametrize("at", range(len(SERIES)))
def test_a_month_that_was_not_observed_leaves_the_year_unknown(at: int) -> None:
    year = [list(row) for row in YEAR]
    year[6][at] = np.nan
    assert np.isnan(one(RULE.cells(values(tuple(map(tuple, year))))))


def test_where_nothing_grows_there_is_no_value() -> None:
    assert np.isnan(one(RULE.cells(values(code=5))))
    assert np.isnan(one(RULE.cells(values(code=np.nan))))


def spoilt(month: int, at: int, value: float) -> tuple[tuple[float, ...], ...]:
    year = [list(row) for row in YEAR]
    year[month - 1][at] = value
    return tuple(map(tuple, year))


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (tuple((row[0] * 10000, *row[1:]) for row in YEAR), "derived.casa_bounds"),
        (tuple((row[0], row[1] * 10, *row[2:]) for row in YEAR), "derived.casa_bounds"),
        (tuple((row[0], row[1] + 273.15, *row[2:]) for row in YEAR), "derived.casa_bounds"),
        # A month in W/m2 or as a daily total is plausible, twelve of them are not.
        (tuple((*row[:2], row[2] / 2.6298, *row[3:]) for row in YEAR), "derived.casa_bounds"),
        (tuple((*row[:2], row[2] / 30.4375, *row[3:]) for row in YEAR), "derived.casa_bounds"),
        (spoilt(7, 3, 150.1), "derived.casa_evaporation"),
        (spoilt(11, 3, 0.1), "derived.casa_evaporation"),
        (tuple((*row[:3], 0.0, 0.0) for row in YEAR), "derived.casa_no_evaporation"),
        (
            tuple((row[0] if m != 1 else 0.9, row[1] - 20, *row[2:]) for m, row in enumerate(YEAR, 1)),
            "derived.casa_optimum",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_named(year: tuple[tuple[float, ...], ...], expected: str) -> None:
    assert one(RULE.cells(values(year))) == np.inf
    problems = RULE.causes({name: one(array) for name, array in values(year).items()}, "npp")
    assert expected in [problem.id for problem in problems]
    assert all(str(problem) for problem in problems)


def test_nothing_grows_in_a_month_at_ten_below() -> None:
    at, above = (one(production(months(spoilt(3, 1, t)), STEPPE)) for t in (-10.0, -9.9))
    assert at == pytest.approx(NPP - BY_HAND[3][4], abs=1e-4)
    assert above == pytest.approx(NPP, abs=1e-4)  # half of the optimum's T2, as in March at -6 degC


def test_evaporation_of_frozen_months_takes_no_part() -> None:
    assert np.isfinite(one(RULE.cells(values(spoilt(12, 3, 2.0)))))
    assert RULE.causes({name: one(array) for name, array in values().items()}, "npp") == []


def test_many_cells_are_as_each_alone() -> None:
    rng = np.random.default_rng(4)
    together = {name: np.repeat(array, 500) * rng.uniform(0.9, 1, 500) for name, array in values().items()}
    together["land_cover"] = rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], 500)
    found = RULE.cells(together)
    alone = [one(RULE.cells({name: array[i : i + 1] for name, array in together.items()})) for i in range(500)]
    np.testing.assert_array_equal(found, alone)
    assert np.isfinite(found).sum() > 300
