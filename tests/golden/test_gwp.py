"""Warming potentials over 100 years: package globalwarmingpotentials 0.13.2; AR6, WG I, Table 7.SM.7, p. 7SM-16."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "methodologies" / "gwp.csv"
# Methane of AR6 is that of non-fossil origin (Table 7.15); Table 7.SM.7 has 27.9 before its carbon is counted.
PRINTED = {"ar2": (21, 310), "ar4": (25, 298), "ar5": (28, 265), "ar6": (27, 273)}


@pytest.mark.parametrize("assessment", PRINTED)
def test_assessment(assessment: str) -> None:
    with TABLE.open(encoding="utf-8-sig", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["assessment"] == assessment]
    found = {row["parameter"]: float(row["value"]) for row in rows}
    assert (found["gwp_ch4"], found["gwp_n2o"]) == PRINTED[assessment]
