"""Standards of the region and of Baotou whose text was not at hand: each a place that names it and asks for numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

REGISTRY = Registry((), ("methodologies",))
PLACES = {
    "db15_3766": ("DB15/T 3766-2024", "grassland"),
    "db15_4248": ("DB15/T 4248-2025", "bare"),
    "db1502_022": ("DB1502/T 022-2024", "forest"),
    "db1502_030": ("DB1502/T 030-2025", "wetland"),
    "db1502_031": ("DB1502/T 031-2025", "forest"),
}


@pytest.mark.parametrize(("id", "number", "land"), [(id, *place) for id, place in PLACES.items()])
def test_refuses_with_the_number_of_the_standard(id: str, number: str, land: str) -> None:
    assert not REGISTRY.get(id).table.rows
    with pytest.raises(ParameterError, match=number):
        REGISTRY.get(id).evaluate(pd.DataFrame({"ecosystem": [land], "class": [land]}))


@pytest.mark.parametrize(("id", "land"), [(id, land) for id, (_, land) in PLACES.items()])
def test_takes_the_difference_once_both_are_given(id: str, land: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(
        f"# extends: {id}\nparameter,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
        "project_removals,0.9,t C/ha/yr,,,,,user,survey,-,\nreference_removals,-0.3,t C/ha/yr,,,,,user,survey,-,\n",
        encoding="utf-8",
    )
    found = REGISTRY.get(id).with_parameters(path).evaluate(pd.DataFrame({"ecosystem": [land], "class": [land]}))
    assert found["ecosystem"][0] == pytest.approx(1.2)
