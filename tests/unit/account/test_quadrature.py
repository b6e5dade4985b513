"""Land as it is evaluated: what has no bins, and bins of land that was not seen, stand at their means."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sinks.account.quadrature import parts_of
from sinks.input_sets import InputGroup, InputSet
from sinks.methodology import Registry

EDGES = (0.0, 50.0, 100.0, 1500.0)
WATCHED = InputSet(("growing_stock",), ("forest",), (InputGroup(("growing_stock",), (EDGES,)),))


def rows(*known: float) -> tuple[pd.DataFrame, np.ndarray]:
    """A row of 10 hectares for each number: hectares of it on which growing stock was observed."""
    frame = pd.DataFrame({"ecosystem": "forest", "area_ha": 10.0, "growing_stock": 75.0}, index=range(len(known)))
    return frame.assign(**{WATCHED.column: True}), np.array(known)


def bins(*places: tuple[int, int, float]) -> pd.DataFrame:
    """Bins of rows: row, bin, hectares."""
    frame = pd.DataFrame(places, columns=["row", "bin", "area_ha"])
    return frame.assign(set=WATCHED.id, group=0, end="", growing_stock=75.0)


def test_bins_of_land_of_which_nothing_is_known_are_left() -> None:
    method = Registry().get("growing_stock_bcef")
    frame, known = rows(0.0, 10.0)
    found = parts_of(frame, bins((0, 1, 10.0)), method, [WATCHED], known)
    assert found.origin.tolist() == [0, 1]
    np.testing.assert_array_equal(found.weights.toarray(), np.diag(known))
    without = parts_of(frame, bins(), method, [WATCHED], known)
    np.testing.assert_array_equal(without.weights.toarray(), np.diag(known))
