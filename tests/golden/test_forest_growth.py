"""Forest biomass by age, with curves that are fitted to plots."""

from __future__ import annotations

from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Bound, Registry
from sinks.methodology.contract import agrees

REGISTRY = Registry((), ("methodologies",))
UNITS = {"asymptote": "t DM/ha", "growth_rate": "1/yr", "shape": "1", "time_scale": "yr"}
CURVES = {
    "richards": ({"asymptote": 180, "growth_rate": 0.03, "shape": 1.8}, 180 * (1 - exp(-0.9)) ** 1.8),
    "logistic": ({"asymptote": 150, "growth_rate": 0.08, "shape": 12}, 150 / (1 + 12 * exp(-2.4))),
    "schumacher": ({"asymptote": 220, "time_scale": 28}, 220 * exp(-28 / 30)),
}


def biomass(curve: str, age: Any, *values: float) -> Any:
    """Above ground, by the curve of a methodology with these values of its parameters."""
    method = REGISTRY.get(f"forest_growth_{curve}").methodology
    named = dict(zip(CURVES[curve][0], values, strict=True))
    return method.intermediates["above_ground_biomass_density"].compute(stand_age=age, **named)


def bound(curve: str, folder: Path) -> Bound:
    lines = [
        f"# extends: forest_growth_{curve}",
        "parameter,value,unit,low,high,interval,distribution,basis,source,locator,note",
        *(f"{name},{value},{UNITS[name]},,,,,user,plots,-," for name, value in CURVES[curve][0].items()),
    ]
    path = folder / "ours.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return REGISTRY.get(f"forest_growth_{curve}").with_parameters(path)


def rows(*ages: float) -> pd.DataFrame:
    row = {"ecosystem": "forest", "species_group": "larch", "climate_zone": "boreal_moist"}
    return pd.DataFrame([{**row, "stand_age": age} for age in ages])


@pytest.mark.parametrize("curve", CURVES)
def test_at_thirty_years(curve: str, tmp_path: Path) -> None:
    above = CURVES[curve][1]
    found = bound(curve, tmp_path).evaluate(rows(30.0))
    # IPCC 2006, Tables 4.3 and 4.4: carbon 0.51, roots 0.39 below and 0.24 above 75 t/ha in the boreal domain.
    ratio = 0.39 if above < 75 else 0.24
    assert found["above_ground_biomass"][0] == pytest.approx(above * 0.51)
    assert found["below_ground_biomass"][0] == pytest.approx(above * 0.51 * ratio)


@pytest.mark.parametrize("curve", ["richards", "schumacher"])
def test_stands_grow_from_nothing(curve: str, tmp_path: Path) -> None:
    above = bound(curve, tmp_path).evaluate(rows(0.0, 10.0, 50.0, 200.0))["above_ground_biomass"]
    assert above[0] == 0
    assert (above[1:] > above[:-1]).all()


@pytest.mark.parametrize("curve", CURVES)
def test_there_is_no_default_curve(curve: str) -> None:
    with pytest.raises(ParameterError, match="样地"):
        REGISTRY.get(f"forest_growth_{curve}").evaluate(rows(30.0))


# Ratkowsky 1983, regrowth of pasture: NIST Statistical Reference Datasets, Rat42, y = b1/(1 + exp(b2 - b3 x)).
DAYS = (9, 14, 21, 28, 42, 57, 63, 70, 79)
YIELD = (8.93, 10.8, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08)
CERTIFIED = (72.462237576, 2.6180768402, 0.067359200066)


def test_logistic_by_a_reference_dataset() -> None:
    """The certified sum of squares, 8.0565229338, from the certified parameters; c is exp(b2)."""
    asymptote, b2, rate = CERTIFIED
    grown = biomass("logistic", np.array(DAYS, dtype=float), asymptote, rate, exp(b2))
    assert agrees(float(((grown - np.array(YIELD)) ** 2).sum()), "8.0565229338")


# NIST Misra1a, y = b1 (1 - exp(-b2 x)): Richards with a shape of one.
DOSE = (77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0)
RESPONSE = (10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78)


def test_richards_by_a_reference_dataset() -> None:
    grown = biomass("richards", np.array(DOSE), 238.94212918, 5.5015643181e-4, 1.0)
    assert agrees(float(((grown - np.array(RESPONSE)) ** 2).sum()), "0.12455138894")


# NIST MGH10 (Meyer 1970), y = b1 exp(b2/(x + b3)): Schumacher with a time scale below nought, falling.
STEPS = np.arange(50.0, 130.0, 5.0)
MEYER = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)


def test_schumacher_by_a_reference_dataset() -> None:
    fallen = biomass("schumacher", STEPS + 345.22363462, 5.6096364710e-3, -6181.3463463)
    assert agrees(float(((fallen - np.array(MEYER)) ** 2).sum()), "87.945855171")


def test_richards_by_a_site_curve() -> None:
    """Pine in Norway, site index 14 m at a breast-height age of 40: H = 1.3 + 24.7 (1 - exp(-0.02105 t))^1.18029.

    Tveite 1976, with the parameters as the R package skogR has them; the paper was not at hand.
    """
    height = 1.3 + float(biomass("richards", 40.0, 24.7, 0.02105, 1.18029))
    assert agrees(height, "14.00")
