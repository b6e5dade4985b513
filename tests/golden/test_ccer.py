"""Credits of projects: the equation by hand; numbers that were not at hand are asked for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

REGISTRY = Registry((), ("methodologies",))
AFFORESTATION = REGISTRY.get("ccer_14_001")
OURS = """# extends: ccer_14_001
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
root_to_shoot,0.25,t DM/t DM,,,,,user,annex,-,
carbon_fraction,0.5,t C/(t DM),,,,,user,annex,-,
leakage,0.05,t C/ha/yr,,,,,user,text,-,
uncertainty_deduction,6,%,,,,,user,text,-,
"""


def rows(**columns: float) -> pd.DataFrame:
    row = {
        "ecosystem_from": "bare",
        "ecosystem_to": "forest",
        "date_from": "2020",
        "date_to": "2025",
        "project_biomass_from": 4.0,
        "project_biomass_to": 24.0,
        "baseline_biomass_from": 1.0,
        "baseline_biomass_to": 2.0,
    }
    return pd.DataFrame([{**row, **columns}])


def test_afforestation_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    # Project 20 x 1.25 x 0.5 / 5 = 2.5, less 6 %; baseline 0.125; leakage 0.05; less 10 % for risk.
    found = AFFORESTATION.with_parameters(path).evaluate(rows())["biomass"][0]
    assert found == pytest.approx((2.5 * 0.94 - 0.125 - 0.05) * 0.9)


def test_afforestation_asks_for_what_the_annex_has() -> None:
    with pytest.raises(ParameterError) as error:
        AFFORESTATION.evaluate(rows())
    asked = {problem.values["parameter"] for problem in error.value.problems}
    assert asked == {"root_to_shoot", "carbon_fraction", "leakage", "uncertainty_deduction"}
    assert "CCER-14-001-V01" in str(error.value)


@pytest.mark.parametrize(
    ("id", "ecosystem", "name"),
    [
        ("ccer_forest_management", "forest", "森林经营碳汇"),
        ("ccer_grassland", "grassland", "草原碳汇"),
        ("ccer_shrub", "shrub", "灌木林碳汇"),
    ],
)
class TestPlacesKept:
    def test_refuses_with_the_name_of_the_document(self, id: str, ecosystem: str, name: str) -> None:
        assert not REGISTRY.get(id).table.rows
        with pytest.raises(ParameterError, match=name):
            REGISTRY.get(id).evaluate(pd.DataFrame({"ecosystem": [ecosystem]}))

    def test_computes_once_the_numbers_are_given(self, id: str, ecosystem: str, name: str, tmp_path: Path) -> None:
        given = {"project_removals": 2.0, "baseline_removals": 0.5, "leakage": 0.1, "deduction": 0.1}
        unit = dict.fromkeys(given, "t C/ha/yr") | {"deduction": "1"}
        lines = [f"{key},{value},{unit[key]},,,,,user,{name},-," for key, value in given.items()]
        head = f"# extends: {id}\nparameter,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
        path = tmp_path / "ours.csv"
        path.write_text(head + "\n".join(lines), encoding="utf-8")
        found = REGISTRY.get(id).with_parameters(path).evaluate(pd.DataFrame({"ecosystem": [ecosystem]}))
        assert found["ecosystem"][0] == pytest.approx((2.0 - 0.5 - 0.1) * 0.9)
