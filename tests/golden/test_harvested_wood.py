"""Harvested wood products by first-order decay (2013 KP Supplement, Eq. 2.8.5)."""

from __future__ import annotations

from math import exp, log

import pandas as pd
import pytest

from sinks.methodology import Registry
from sinks.methodology.contract import agrees

BOUND = Registry((), ("methodologies",)).get("harvested_wood")


def change(product: str, measure: str, stock: float, volume: float, mass: float) -> float:
    row = {"ecosystem": "forest", "product": product, "measure": measure, "product_stock": stock}
    rows = pd.DataFrame([{**row, "product_volume": volume, "product_mass": mass}])
    return float(BOUND.evaluate(rows)["harvested_wood_products"][0])


def test_a_thousand_tonnes_and_a_hundred_a_year() -> None:
    """Half-life 35 years: 1,079.41 t C after a year; coniferous sawnwood has 0.225 t C/m3."""
    assert agrees(1000 + change("sawnwood_coniferous", "volume", 1000, 100 / 0.225, 0), "1079.41")


def test_without_inflow_half_is_left_after_the_half_life() -> None:
    stock = 1000.0
    for _ in range(35):
        stock += change("sawnwood_coniferous", "volume", stock, 0, 0)
    assert stock == pytest.approx(500)


def test_paper_is_weighed() -> None:
    k = log(2) / 2
    inflow = 50 * 0.386
    expected = (exp(-k) - 1) * 200 + (1 - exp(-k)) / k * inflow
    assert change("paper", "mass", 200, 0, 50) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("product", "years"),
    [("paper", 2), ("wood_panels", 25), ("sawnwood_coniferous", 35), ("sawnwood_non_coniferous", 35)],
)
def test_half_lives_of_european_law(product: str, years: float) -> None:
    """Regulation (EU) 2018/841, annex V: paper 2, wood panels 25, sawn wood 35 years."""
    assert BOUND.table.lookup("half_life", {"product": [product]}).values[0] == years
