"""Accounts and their intervals are those of plain loops over parcels and draws, on lands that nobody picked.

A few of the ten thousand cases of ``make differential``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from differential import posting

SOIL = "soil_organic_carbon"


def test_the_account_and_plain_loops_agree() -> None:
    assert posting.compare(2, 12) == []


def test_the_lands_are_of_every_kind(tmp_path: Path) -> None:
    """A generator that no longer draws a kind would test nothing of it."""
    kinds: Counter[object] = Counter()
    for number in range(30):
        lands = posting.make(2, number, tmp_path)
        kinds.update(
            [len(lands.dates), lands.measures, lands.share, ("draws", (lands.draws > 0) + (lands.draws > 500))]
        )
        kinds.update({name for parcel in lands.parcels for name in parcel.land})
    assert len(kinds) == 4 + 3 + 3 + 3 + len(posting.LAND)
    assert min(kinds.values()) >= 3


def test_a_change_keeps_its_interval_where_none_of_the_land_of_one_end_was_known_before(tmp_path: Path) -> None:
    """One unit loses its wetland, another has some that was not seen before: the change of the first is uncertain.

    It was posted without its draws, so that sums above it had too narrow an interval.
    """
    lands = next(lands for n in range(30) if (lands := posting.make(2, n, tmp_path)).densities["w1", SOIL].stated)
    parcels = tuple(
        posting.Parcel(unit, area, land)
        for unit, area, land in (("111", 700.0, ("w1", "f1")), ("112", 400.0, ("", "w1")), ("121", 1.0, ("g1", "g1")))
    )
    asked = {"dates": ("2020", "2023"), "periods": (("2020", "2023"),), "measures": ("stock",)}
    measured = tuple(replace(entry, accounts_for=("stock",)) for entry in lands.entries[:1])
    lands = replace(lands, parcels=parcels, draws=50, share=0.0, entries=(*measured, *lands.entries[1:]), **asked)
    assert posting.differs(lands) is None
    table, _ = posting.made(lands)
    row = table[(table["ecosystem"] == "wetland") & (table["quantity"] == "stock_change")].iloc[0]
    density = lands.densities["w1", SOIL].value
    assert row["value"] == pytest.approx(-700 * density, rel=1e-12)
    assert row["low"] < -700 * density < row["high"]


def test_a_figure_that_is_off_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One draw of one row counted otherwise is more than the bar."""
    right = posting.made

    def spoilt(lands: posting.Lands) -> object:
        table, drawn = right(lands)
        row = table["low"].abs().idxmax()
        table.loc[row, "low"] *= 1 - 1e-6
        return table, drawn

    monkeypatch.setattr(posting, "made", spoilt)
    number = next(n for n in range(30) if (lands := posting.make(2, n, tmp_path)).draws and not lands.share)
    assert "low of" in (posting.differs(posting.make(2, number, tmp_path)) or "")
