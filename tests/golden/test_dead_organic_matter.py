"""Litter and dead wood after conversion: IPCC 2006, vol. 4, ch. 2, Eq. 2.23, with the stocks of Table 2.2."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("dead_organic_matter")


def rows(before: str, after: str, species: str = "birch", years: int = 5) -> pd.DataFrame:
    row = {
        "ecosystem_from": before,
        "ecosystem_to": after,
        "species_group": species,
        "climate_zone": "cool_temperate_dry",
        "ecological_zone": "temperate_steppe",
        "date_from": "2015",
        "date_to": str(2015 + years),
        "area_ha": 1.0,
    }
    return pd.DataFrame([row])


def change(edition: str, dead_wood: str, *args: str, **kwargs: int) -> dict[str, float]:
    bound = BOUND.with_constants({"edition": edition, "dead_wood_pool": dead_wood})
    return {pool: float(values[0]) for pool, values in bound.evaluate(rows(*args, **kwargs)).items()}


def test_new_forest_gains_over_twenty_years() -> None:
    """Table 2.2, p. 2.27: cold temperate dry, broadleaf deciduous 28 t C/ha."""
    found = change("2006", "not_estimated", "grassland", "forest")
    assert found["litter"] == pytest.approx(28 / 20)
    assert np.isnan(found["dead_wood"])


def test_a_period_longer_than_the_transition_spreads_the_gain() -> None:
    assert change("2006", "not_estimated", "cropland", "forest", years=25)["litter"] == pytest.approx(28 / 25)


def test_cleared_forest_loses_all_within_the_period() -> None:
    found = change("2019", "estimated", "forest", "cropland", years=5)
    # 2019, Table 2.2, p. 2.27-2.28: temperate steppe, broadleaf deciduous 36.9 and 26.2 t C/ha.
    assert found["litter"] * 5 == pytest.approx(-36.9)
    assert found["dead_wood"] * 5 == pytest.approx(-26.2)


def test_land_that_stays_what_it_is_stays_in_balance() -> None:
    assert change("2019", "estimated", "forest", "forest") == {"litter": 0, "dead_wood": 0}
    assert change("2019", "estimated", "grassland", "cropland") == {"litter": 0, "dead_wood": 0}


def test_larch_takes_the_row_of_all_vegetation_types() -> None:
    assert change("2019", "estimated", "bare", "forest", "larch")["litter"] == pytest.approx(28.7 / 20)


@pytest.mark.parametrize(("species", "dead_wood"), [("larch", "not_estimated"), ("birch", "estimated")])
def test_what_the_table_lacks_is_asked_for_by_the_name_of_its_document(species: str, dead_wood: str) -> None:
    with pytest.raises(ParameterError, match="清查"):
        change("2006", dead_wood, "bare", "forest", species)
