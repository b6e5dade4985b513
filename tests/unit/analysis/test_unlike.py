"""Runs that are set against each other and have other regions or legends: said before any effect."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sinks.analysis.unlike import unlike
from sinks.text import using_language

AREAS = pd.Series({"150600": 8_680_000.0, "150800": 6_441_000.0})


def record(legend: str, **strata: str) -> dict[str, Any]:
    layers = {name: {"legend": one} for name, one in strata.items()}
    return {"project": {"land_cover": {"legend": legend}, "strata": layers}}


def said(areas: pd.Series[float], *records: dict[str, Any]) -> tuple[str, ...]:
    with using_language("en"):
        return unlike((AREAS, areas), (records[0], records[1]))


def test_runs_of_one_frame_need_no_word() -> None:
    assert said(AREAS.iloc[::-1] * (1 + 1e-9), record("clcd"), record("clcd")) == ()


def test_other_regions_are_counted_and_named() -> None:
    gone, new, moved = said(
        pd.Series({"150600": 8_680_000.0 * 0.93, "152200": 5_980_000.0}), record("clcd"), record("clcd")
    )
    assert "1 region of the first run is not in the second (150800)" in gone
    assert "1 region of the second run is not in the first (152200)" in new
    assert "1 region has other areas in the two runs (150600)" in moved


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (record("cnlucc"), ("land_cover", "clcd", "cnlucc")),
        (record("clcd", species_group="species_group"), ("species_group", "(- and species_group)")),
    ],
)
def test_another_legend_is_told_with_both(after: dict[str, Any], words: tuple[str, ...]) -> None:
    (found,) = said(AREAS, record("clcd"), after)
    assert all(word in found for word in words)


def test_of_many_regions_a_few_are_named() -> None:
    many = pd.Series(1.0, index=[f"{number}" for number in range(150101, 150121)])
    (found,) = [text for text in said(many, record("clcd"), record("clcd")) if "20 regions" in text]
    assert found.count("1501") == 8
    assert "…" in found
