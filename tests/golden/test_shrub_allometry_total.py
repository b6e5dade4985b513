"""Shrubs of Inner Mongolia, whole plants: Zhao M.Y. et al. 2019, Table 2."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.methodology import Registry

REGISTRY = Registry((), ("methodologies",))


def rows(species: str) -> pd.DataFrame:
    row = {"ecosystem": "shrub", "species": species, "shrub_height": 1.0, "crown_area": 2.0, "plant_density": 800.0}
    return pd.DataFrame([row])


def test_salix_has_the_whole_plant_only() -> None:
    """北沙柳, total: the row of the table (in tonnes), a V^b."""
    bound = REGISTRY.get("shrub_allometry_total")
    value = {row.parameter: row.value for row in bound.table.rows if row.cells["species"] == "salix_psammophila"}
    expected = value["coefficient"] * 2.0 ** value["area_exponent"] * 800 * 0.47
    assert bound.evaluate(rows("salix_psammophila"))["biomass"][0] == pytest.approx(expected)


def test_organs_add_up_to_the_whole_plant() -> None:
    organs = REGISTRY.get("shrub_allometry").evaluate(rows("caragana_microphylla"))
    whole = REGISTRY.get("shrub_allometry_total").evaluate(rows("caragana_microphylla"))
    assert sum(values[0] for values in organs.values()) == pytest.approx(whole["biomass"][0], rel=1e-4)
