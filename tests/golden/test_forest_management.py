"""Management and protection of forest: gain-loss beyond a reference level, by hand; what is asked of the user."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

REGISTRY = Registry((), ("methodologies",))
IDS = ("forest_management", "natural_forest_protection")
ROWS = pd.DataFrame({"ecosystem": ["forest"], "species_group": ["larch"]})
OURS = """# extends: {id}
parameter,species_group,value,unit,low,high,interval,distribution,basis,source,locator,note
volume_increment,larch,3.2,m3/ha/yr,,,,,user,inventory,p. 1,
volume_taken,larch,0.7,m3/ha/yr,,,,,user,inventory,p. 1,
reference_level,larch,0.4,t C/ha/yr,,,,,user,plan,p. 1,
"""


@pytest.mark.parametrize("id", IDS)
def test_by_hand(id: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS.format(id=id), encoding="utf-8")
    found = REGISTRY.get(id).with_parameters(path).evaluate(ROWS)["biomass"][0]
    # 2.5 m3 more each year; 0.8262 t/m3 and 0.4888 of carbon (Zeng et al. 2023, Table 2, larch).
    assert found == pytest.approx(2.5 * 0.8262 * 0.4888 - 0.4)


@pytest.mark.parametrize("id", IDS)
def test_what_nobody_has_printed_is_asked_for(id: str) -> None:
    with pytest.raises(ParameterError) as error:
        REGISTRY.get(id).evaluate(ROWS)
    asked = {problem.values["parameter"] for problem in error.value.problems}
    assert asked == {"volume_increment", "volume_taken", "reference_level"}


@pytest.mark.parametrize("id", IDS)
def test_the_numbers_of_a_volume_are_those_of_the_linear_models(id: str) -> None:
    def of(table: str) -> dict[tuple[str, str], tuple[float, float, float]]:
        rows = [row for row in REGISTRY.get(table).table.rows if row.parameter in ("slope", "carbon_fraction")]
        return {(row.parameter, str(row.cells["species_group"])): (row.value, row.low, row.high) for row in rows}

    assert of(id) == of("growing_stock_linear")
