"""What noise of the maps lets be said of a sink, from the table of noise of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from sinks.account.findings import Findings
from sinks.analysis.noise_findings import _note_unmoved
from sinks.results.contents import RunContents
from sinks.results.withheld import doubts, unmoved

# Region, verdict, share of the land that changed on the map, noise [t C over nine years], ratio, what other sinks have.
ROWS = [
    ("1", "doubtful", 0.05, 90.0, 1.4, 0.0, False),
    ("2", "no_carbon", 0.14, 0.0, None, 0.0, False),
    ("3", "no_carbon", 0.0, 0.0, None, 0.0, False),
    ("4", "no_carbon", 0.08, 0.0, None, 12.0, False),
    ("5", "not_told", 0.05, 90.0, 0.4, 0.0, True),
    ("6", "no_carbon", 0.04, 0.0, None, None, False),
]
COLUMNS = ("region_code", "verdict", "map_observed_share", "noise_t_c", "signal_to_noise", "other_t_c", "withheld")


def noise() -> pd.DataFrame:
    table = pd.DataFrame(ROWS, columns=list(COLUMNS))
    table = table.assign(period="2001-2010", ecosystem_from="all", ecosystem_to="all")
    pair = table.iloc[[0]].assign(ecosystem_from="forest", ecosystem_to="grassland", region_code="7")
    return pd.concat([table.assign(region_name=table["region_code"]), pair], ignore_index=True)


def contents(**tables: Any) -> RunContents:
    return cast(RunContents, SimpleNamespace(tables=tables))


def test_a_sink_of_one_to_two_times_the_noise_is_doubted_by_so_much() -> None:
    found = doubts(contents(noise=noise()))
    assert set(found) == {("1", "2001-2010")}
    assert found["1", "2001-2010"] == pytest.approx((90 / 9 * 44 / 12, 1.4))


def test_a_zero_where_nothing_that_changed_has_a_density_is_known_as_one() -> None:
    """Where maps did not change at all, or other sinks stand beside, the zero is no riddle."""
    assert unmoved(contents(noise=noise())) == {("2", "2001-2010"), ("6", "2001-2010")}


def test_a_run_without_a_table_of_noise_has_no_doubts() -> None:
    assert doubts(contents()) == {}
    assert unmoved(contents()) == frozenset()


def test_zeros_that_say_nothing_are_named_in_one_line() -> None:
    findings = Findings()
    _note_unmoved(noise()[lambda rows: rows["ecosystem_from"] == "all"], findings)
    (row,) = findings.table().to_dict("records")
    assert (row["check"], row["status"], row["where"]) == ("no_known_change", "warning", "2")
    assert "14.0% of the land" in row["detail_en"]
    assert "2 regions and periods are" in row["detail_en"]
