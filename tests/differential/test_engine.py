"""The compiled pass and a plain reference agree on rasters, polygons and layouts that nobody picked.

A few of the ten thousand cases of ``make differential``.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from differential.engine import PLACES, check, compare, make

CASES = 15


@pytest.mark.parametrize("part", range(4))
def test_the_pass_and_a_plain_reference_agree(part: int) -> None:
    outcomes, findings = compare(2, CASES, first=CASES * part)
    assert findings == []
    assert outcomes["same"] > CASES / 2


def test_the_cases_are_of_every_kind(tmp_path: Path) -> None:
    """A generator that no longer draws a kind would test nothing of it."""
    kinds: Counter[str] = Counter()
    for number in range(120):
        told = make(2, number, tmp_path).told
        kinds.update(
            word for word in (*PLACES, "tiled", "zstd", "'predictor': 3", "BIG", "south_up=True") if word in told
        )
        kinds.update(word for word in ("value", "mask", "alpha", "sidecar", "nan") if f"missing='{word}'" in told)
    assert len(kinds) == len(PLACES) + 10
    assert min(kinds.values()) >= 3


def test_a_spoilt_reading_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cell of one array read otherwise is more than the bar."""
    from differential import engine

    world = engine.make(2, 0, tmp_path)
    weight = np.zeros(world.value.shape, bool)
    for row, column in np.ndindex(world.value.shape):
        spot = world.transform * (column + 0.5, row + 0.5)
        weight[row, column] = world.units.covers(engine.shapely.Point(spot)).any()
    row, column = np.argwhere(weight)[0]
    spoilt = {date: array.copy() for date, array in world.cover.items()}
    spoilt["2020"][row, column] = spoilt["2020"][row, column] % 9 + 1
    monkeypatch.setattr(engine, "make", lambda *of: dataclasses.replace(world, cover=spoilt))
    outcome, wrong = check(2, 0, tmp_path)
    assert outcome == "differs", wrong
