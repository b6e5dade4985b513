"""Measured carbon density: what is measured is what is accounted."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import MethodologyError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("measured_density")


def test_hands_it_through() -> None:
    rows = pd.DataFrame({"ecosystem": ["forest", "shrub"], "carbon_density": [66.68, 0.0]})
    assert BOUND.evaluate(rows)["biomass"].tolist() == [66.68, 0.0]


def test_a_density_beyond_nature_is_refused() -> None:
    with pytest.raises(MethodologyError):
        BOUND.evaluate(pd.DataFrame({"ecosystem": ["forest"], "carbon_density": [66680.0]}))
