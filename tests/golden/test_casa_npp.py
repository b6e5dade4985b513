"""Light use efficiency and limits of vegetation indices, as papers print them.

Mu et al. 2017 (ChinaXiv 201703.00404), section 1.2, and Zhang J.J. et al. 2021 (ChinaXiv 202106.00083), Table 1.  The
second has 0.692 for evergreen, 0.985 for deciduous broadleaf forest and 0.768 for shrub, where the first has 0.985,
0.692 and 0.429: its lines have slipped, so only its vegetation indices are taken.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "methodologies" / "casa_npp.csv"
EFFICIENCY = {
    "deciduous_needleleaf": 0.485,
    "evergreen_needleleaf": 0.389,
    "deciduous_broadleaf": 0.692,
    "mixed_forest": 0.475,
    "shrub": 0.429,
    "grassland": 0.542,
    "cropland": 0.542,
    "other": 0.542,
}
# NDVI and simple ratio, largest.
INDICES = {
    "deciduous_needleleaf": (0.738, 6.63),
    "evergreen_needleleaf": (0.647, 4.67),
    "deciduous_broadleaf": (0.747, 6.91),
    "shrub": (0.636, 4.49),
    "grassland": (0.634, 4.46),
}
SMALLEST = (0.023, 1.05)


@pytest.fixture(scope="module")
def values() -> dict[tuple[str, str], float]:
    with TABLE.open(encoding="utf-8-sig", newline="") as handle:
        return {(row["parameter"], row["vegetation"]): float(row["value"]) for row in csv.DictReader(handle)}


@pytest.mark.parametrize("vegetation", EFFICIENCY)
def test_light_use_efficiency(values: dict[tuple[str, str], float], vegetation: str) -> None:
    assert values["light_use_efficiency_max", vegetation] == EFFICIENCY[vegetation]


@pytest.mark.parametrize("vegetation", INDICES)
def test_vegetation_indices(values: dict[tuple[str, str], float], vegetation: str) -> None:
    assert (values["ndvi_max", vegetation], values["simple_ratio_max", vegetation]) == INDICES[vegetation]
    assert (values["ndvi_min", ""], values["simple_ratio_min", ""]) == SMALLEST
