"""Grassland biomass from NDVI: 291.64 NDVImax^1.5842 g C/m2 (Piao et al. 2007, recalled)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import MethodologyError, ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("grassland_ndvi")


def rows(ndvi: float) -> pd.DataFrame:
    return pd.DataFrame({"ecosystem": ["grassland"], "grassland_type": ["desert_steppe"], "ndvi_max": [ndvi]})


@pytest.mark.parametrize(("ndvi", "above"), [(0.0, 0.0), (0.5, 2.9164 * 0.5**1.5842), (1.0, 2.9164)])
def test_published_law(ndvi: float, above: float) -> None:
    found = BOUND.with_constants({"curve_set": "piao_2007"}).evaluate(rows(ndvi))
    assert found["above_ground_biomass"][0] == pytest.approx(above)
    assert found["below_ground_biomass"][0] == pytest.approx(above * 7.89)


def test_water_is_no_grassland() -> None:
    with pytest.raises(MethodologyError, match="ndvi_max"):
        BOUND.with_constants({"curve_set": "piao_2007"}).evaluate(rows(-0.1))


def test_a_local_law_is_asked_for() -> None:
    with pytest.raises(ParameterError, match="样地"):
        BOUND.with_constants({"curve_set": "local"}).evaluate(rows(0.4))
