"""Strata that follow from others: what a map may be, and what it does to states and transitions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sinks.activity import CHANGE_KEYS, STATE_KEYS, Activity
from sinks.errors import ProjectError
from sinks.workflow.derived_strata import derive, read_map

SPECIES = {"larch": "conifer", "birch": "broadleaf"}


def activity(*species: str) -> Activity:
    state = dict.fromkeys(STATE_KEYS, "x") | {"area_ha": 1.0}
    change = dict.fromkeys(CHANGE_KEYS, "x") | {"area_ha": 1.0}
    states = pd.DataFrame([{**state, "species": name} for name in species])
    changes = pd.DataFrame([{**change, "species_from": name, "species_to": species[0]} for name in species])
    units = pd.DataFrame({"region_code": ["x"], "area_ha": [1.0], "cells": [1]})
    return Activity(states, units, changes, strata=("species",))


def ids(caught: pytest.ExceptionInfo[ProjectError]) -> list[str]:
    return [problem.id for problem in caught.value.problems]


def test_a_stratum_follows_in_states_and_at_both_ends_of_a_transition() -> None:
    found = derive(activity("larch", "birch"), "group", "species", SPECIES)
    assert list(found.states["group"]) == ["conifer", "broadleaf"]
    assert list(found.changes["group_from"]) == ["conifer", "broadleaf"]
    assert list(found.changes["group_to"]) == ["conifer", "conifer"]
    assert found.strata == ("species", "group")


def test_a_stratum_follows_in_the_history_of_a_transition() -> None:
    given = activity("larch", "birch")
    past = given.changes.assign(**{"ecosystem@2000": ["forest", ""], "species@2000": ["birch", ""]})
    found = derive(replace(given, changes=past), "group", "species", SPECIES).changes
    assert found["group@2000"].iloc[0] == "broadleaf"
    assert pd.isna(found["group@2000"].iloc[1])


def test_what_cannot_be_derived_is_named() -> None:
    with pytest.raises(ProjectError) as caught:
        derive(activity("larch", "oak"), "group", "species", SPECIES)
    assert set(ids(caught)) == {"derive.unmapped"}
    with pytest.raises(ProjectError) as caught:
        derive(activity("larch"), "species", "species", SPECIES)
    assert set(ids(caught)) == {"derive.exists"}
    with pytest.raises(ProjectError) as caught:
        derive(activity("larch"), "group", "age", {})
    assert set(ids(caught)) == {"derive.no_stratum"}


def test_a_map_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("species,group\nlarch,conifer\nbirch,broadleaf\nlarch,conifer\n", encoding="utf-8-sig")
    assert read_map(path, "species", "group") == SPECIES


@pytest.mark.parametrize(
    ("content", "expected", "line"),
    [
        ("species\nlarch\n", "table.no_column", ""),
        ("species,group\nlarch,conifer\nlarch,broadleaf\n", "derive.twice", ":3"),
        ("species,group\nlarch\n", "derive.empty", ":2"),
        ("species,group\nlarch,䶮\n", "table.encoding_fails", ""),
    ],
)
def test_a_faulty_file_is_refused(tmp_path: Path, content: str, expected: str, line: str) -> None:
    path = tmp_path / "groups.csv"
    path.write_text(content, encoding="gb18030")
    with pytest.raises(ProjectError) as caught:
        read_map(path, "species", "group")
    assert ids(caught) == [expected]
    assert caught.value.problems[0].where == f"{path}{line}"
