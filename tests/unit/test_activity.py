"""The activity table: its columns, its files, and adding the rows of several sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from sinks.activity import CHANGE_KEYS, STATE_KEYS, Activity, concat


def activity(source: str = "land_cover", stratum: str = "", cells: int = 10) -> Activity:
    states = pd.DataFrame(
        [
            (source, "150100", "2020", "2", "forest", "forest", 10.0, 55.0),
            (source, "150100", "2023", "2", "forest", "forest", 12.0, np.nan),
        ],
        columns=[*STATE_KEYS, "area_ha", "growing_stock"],
    )
    changes = pd.DataFrame(
        [(source, "150100", "2020", "2023", "1", "cropland", "cropland", "2", "forest", "forest", 2.0)],
        columns=[*CHANGE_KEYS, "area_ha"],
    )
    if stratum:
        states[stratum] = "larch"
    units = pd.DataFrame({"region_code": ["150100"], "area_ha": [100.0], "cells": [cells]})
    return Activity(states, units, changes, (stratum,) if stratum else (), ("growing_stock",))


def test_what_is_missing_is_named() -> None:
    whole = activity()
    with pytest.raises(ValueError, match="ecosystem"):
        Activity(whole.states.drop(columns="ecosystem"), whole.units)
    with pytest.raises(ValueError, match="cells"):
        Activity(whole.states, whole.units.drop(columns="cells"))


def test_dates_and_sources() -> None:
    assert activity().dates == ("2020", "2023")
    assert activity().sources == ("land_cover",)
    assert "2020" in repr(activity())
    assert "forest" in activity()._repr_html_()


def test_changes_may_be_absent() -> None:
    whole = activity()
    bare = Activity(whole.states, whole.units)
    assert list(bare.changes.columns) == [*CHANGE_KEYS, "area_ha"]
    assert bare.changes.empty


def test_files_bring_back_the_same(tmp_path: Path) -> None:
    before = activity(stratum="species_group")
    before.to_parquet(tmp_path / "activity")
    after = Activity.from_parquet(tmp_path / "activity")
    assert_frame_equal(after.states, before.states, check_exact=True)
    assert_frame_equal(after.changes, before.changes, check_exact=True)
    assert_frame_equal(after.units, before.units, check_exact=True)
    assert (after.strata, after.inputs) == (before.strata, before.inputs)


def test_sources_are_stacked_and_units_kept_once() -> None:
    both = concat([activity("stands", "species_group", cells=0), activity(cells=10)])
    assert both.sources == ("stands", "land_cover")
    assert len(both.states) == 4
    assert len(both.changes) == 2
    assert both.strata == ("species_group",)
    assert list(both.states.columns[: len(STATE_KEYS) + 1]) == [*STATE_KEYS, "species_group"]
    assert both.states["species_group"].isna().tolist() == [False, False, True, True]
    assert both.units["cells"].tolist() == [10]


def test_a_source_cannot_come_twice() -> None:
    with pytest.raises(ValueError, match="land_cover"):
        concat([activity(), activity()])
    with pytest.raises(ValueError, match="at least one"):
        concat([])


def test_one_activity_stays_itself() -> None:
    only = activity()
    assert concat([only]) is only
