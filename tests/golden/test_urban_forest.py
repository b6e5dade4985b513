"""Urban trees: growth of carbon per hectare of crown cover and year, by edition."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import MethodologyError
from sinks.methodology import Registry

URBAN = Registry((), ("methodologies",)).get("urban_forest")
BOUND = URBAN.with_constants({"edition": "2006"})


def test_by_hand() -> None:
    """2.9 in the edition of 2006, as IPCC 2019, vol. 4, ch. 8, p. 8.5, quotes it."""
    rows = pd.DataFrame({"ecosystem": ["urban", "urban"], "canopy_cover": [0.25, 0.0]})
    assert BOUND.evaluate(rows)["biomass"] == pytest.approx([0.725, 0])


def test_per_cent_are_not_taken_for_fractions() -> None:
    with pytest.raises(MethodologyError):
        BOUND.evaluate(pd.DataFrame({"ecosystem": ["urban"], "canopy_cover": [25.0]}))


@pytest.mark.parametrize(
    ("zone", "printed"),
    [
        # IPCC 2019, vol. 4, ch. 8, Table 8.1 (updated), p. 8.6: mean and standard deviation.
        ("warm_temperate_moist", (2.8, 0.45)),
        ("cool_temperate_dry", (2.1, 0.34)),
        ("boreal_moist", (2.1, 0.34)),
        ("warm_temperate_dry", (2.1, 0.34)),
    ],
)
def test_table_8_1_of_2019(zone: str, printed: tuple[float, float]) -> None:
    bound = URBAN.with_constants({"edition": "2019"})
    rows = pd.DataFrame({"ecosystem": ["urban"], "climate_zone": [zone], "canopy_cover": [0.5]})
    assert bound.evaluate(rows)["biomass"][0] == pytest.approx(printed[0] / 2)
    found = [row for row in URBAN.table.rows if row.value == printed[0]]
    assert all(
        (row.low, row.high) == pytest.approx((printed[0] - 2 * printed[1], printed[0] + 2 * printed[1]))
        for row in found
    )
