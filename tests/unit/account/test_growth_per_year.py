"""Growing stock that rises faster than forest grows, held against pandas-free arithmetic by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sinks.account.growth import implausible_growth
from sinks.activity import Activity

UNITS = pd.DataFrame({"region_code": ["1501", "1502"], "area_ha": [1000.0, 1000.0], "cells": [10, 10]})


def state(code: str, date: str, area: float, stock: float, source: str = "survey", **more: Any) -> dict[str, Any]:
    names = {"land_cover": "forest", "class": "forest", "ecosystem": "forest", "species": "larch"}
    row = {"source": source, "region_code": code, "date": date, **names, "area_ha": area, "growing_stock": stock}
    return row | {"growing_stock_observed_ha": area if stock == stock else 0.0} | more


def activity(*rows: dict[str, Any], changes: pd.DataFrame | None = None) -> Activity:
    given = {} if changes is None else {"changes": changes}
    return Activity(pd.DataFrame(list(rows)), UNITS, strata=("species",), inputs=("growing_stock",), **given)


@pytest.mark.parametrize(
    ("stock", "found"),
    [
        (60 + 3 * 17.3, []),
        (60 + 3 * 17.5, [17.5]),
        # A unit that changed: m3/mu read as m3/ha at the first date.
        (900.0, [280.0]),
        # Felling takes any amount.
        (1.0, []),
        (float("nan"), []),
    ],
)
def test_stands_by_their_means_at_two_dates(stock: float, found: list[float]) -> None:
    rows = implausible_growth(activity(state("1501", "2020", 100, 60.0), state("1501", "2023", 120, stock)))
    assert rows["growth"].tolist() == pytest.approx(found)
    assert rows["area_ha"].tolist() == [120.0] * len(found)
    assert rows["period"].tolist() == ["2020-2023"] * len(found)


def test_strata_are_judged_one_by_one_and_dates_in_turn() -> None:
    """The mean of both species grows by 15 m3/ha/yr; larch alone by 20, and only in the second of three years."""
    rows = [
        *(state("1501", "2020", 100, 60.0), state("1501", "2021", 100, 62.0), state("1501", "2022", 100, 82.0)),
        *(state("1501", date, 100, 60.0, species="birch") for date in ("2020", "2021", "2022")),
    ]
    found = implausible_growth(activity(*rows))
    assert found.to_dict("records") == [
        {"region_code": "1501", "period": "2021-2022", "area_ha": 100.0, "growth": pytest.approx(20.0)}
    ]


def change(code: str, area: float, stocks: tuple[float, float], ecosystems: tuple[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"source": "land_cover", "region_code": code, "date_from": "2020", "date_to": "2023"}
    row |= {"species_from": "larch", "species_to": "larch", "area_ha": area}
    for end, stock, ecosystem in zip(("_from", "_to"), stocks, ecosystems, strict=True):
        row |= dict.fromkeys((f"land_cover{end}", f"class{end}", f"ecosystem{end}"), ecosystem)
        row |= {f"growing_stock{end}": stock, f"growing_stock{end}_observed_ha": area if stock == stock else 0.0}
    return row


def test_land_that_becomes_forest_is_no_growth_and_what_stays_is_judged_on_the_same_land() -> None:
    """States alone would see a mean that rises since sparse forest is lost; the land that stays did not grow."""
    forest, grass = ("forest", "forest"), ("forest", "grassland")
    nan = float("nan")
    changes = [
        change("1501", 50, (100.0, 103.0), forest),
        change("1501", 500, (5.0, nan), grass),
        change("1502", 50, (nan, 90.0), ("grassland", "forest")),
        change("1502", 30, (40.0, 40.0 + 3 * 30), forest),
        change("1502", 10, (40.0, 40.0), forest),
    ]
    states = [
        *(state("1501", "2020", 550, 13.6, "land_cover"), state("1501", "2023", 50, 103.0, "land_cover")),
        *(state("1502", "2020", 40, 40.0, "land_cover"), state("1502", "2023", 90, 100.0, "land_cover")),
    ]
    found = implausible_growth(activity(*states, changes=pd.DataFrame(changes)))
    growth = (30 * 30 + 10 * 0) / 40
    assert found.to_dict("records") == [
        {"region_code": "1502", "period": "2020-2023", "area_ha": 40.0, "growth": pytest.approx(growth)}
    ]


def test_nothing_is_said_without_a_growing_stock() -> None:
    rows = pd.DataFrame([state("1501", "2020", 100, 60.0)]).drop(columns=["growing_stock", "growing_stock_observed_ha"])
    assert implausible_growth(Activity(rows, UNITS, strata=("species",))).empty
