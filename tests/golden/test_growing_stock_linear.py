"""Biomass by linear models of growing stock: one hectare by hand, the printed table, and what tells its form."""

from __future__ import annotations

import numpy as np
import pytest

from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("growing_stock_linear")

# Zeng et al. 2023, doi:10.1038/s41598-023-44097-4, Table 2: a0, b0, c0, d0 (CF), RSR, mean percent standard error.
PRINTED = {
    "fir": (4.1095, 0.5976, 0.8181, 0.4951, 0.2223, 17.37),
    "spruce": (1.3879, 0.7168, 0.7991, 0.4901, 0.2514, 15.77),
    "larch": (0.6986, 0.8262, 0.7794, 0.4888, 0.2830, 13.36),
    "cypress": (0.4545, 1.5341, 0.8007, 0.5013, 0.2489, 16.48),
    "chinese_pine": (0.2112, 1.1235, 0.8098, 0.5130, 0.2349, 15.72),
    "other_conifer": (1.0721, 0.8303, 0.8041, 0.5009, 0.2436, 20.35),
    "oak": (0.7196, 1.2948, 0.7930, 0.4810, 0.2610, 17.44),
    "birch": (0.7507, 1.0118, 0.7821, 0.4867, 0.2786, 14.48),
    "poplar": (0.2945, 0.8978, 0.8246, 0.4725, 0.2127, 13.19),
    "elm": (0.3454, 1.2130, 0.7880, 0.4856, 0.2690, 17.67),  # other hard-broad
    "willow": (0.6534, 0.9920, 0.7954, 0.4873, 0.2572, None),  # other soft-broad
}
STANDS_FOR = {"mongolian_pine": "other_conifer"}
NAMES = ("intercept", "slope", "above_ground_share", "carbon_fraction")


def test_a_hectare_of_larch_by_hand() -> None:
    # 0.6986 + 0.8262 x 100 = 83.3186 t/ha; x 0.4888 = 40.72613 t C/ha, of which 0.7794 above ground.
    found = BOUND.methodology.compute(
        growing_stock=np.array([100.0, 0.5, 0.0]),
        intercept=0.6986,
        slope=0.8262,
        above_ground_share=0.7794,
        carbon_fraction=0.4888,
    )
    above, below = found["above_ground_biomass"], found["below_ground_biomass"]
    assert (above + below)[0] == pytest.approx(40.72613, abs=1e-5)
    assert above[0] == pytest.approx(31.74195, abs=1e-5)
    # Half a cubic metre has half of the intercept, and bare ground nothing.
    assert (above + below)[1] == pytest.approx(0.5 * (0.6986 + 0.8262) * 0.4888, rel=1e-12)
    assert above[2] == below[2] == 0


@pytest.mark.parametrize("group", [*(name for name in PRINTED if name not in ("fir", "cypress")), *STANDS_FOR])
def test_the_table_as_printed(group: str) -> None:
    printed = PRINTED[STANDS_FOR.get(group, group)]
    rows = {row.parameter: row for row in BOUND.table.rows if row.cells["species_group"] == group}
    assert [rows[name].value for name in NAMES] == pytest.approx(printed[:4])
    error = (printed[5] or PRINTED["elm"][5]) / 100
    for name in ("intercept", "slope"):
        ends = rows[name].value * (1 - error), rows[name].value * (1 + error)
        assert (rows[name].low, rows[name].high) == pytest.approx(ends, rel=1e-5)


def test_broadleaf_of_which_no_more_is_known_is_the_mean_of_hard_and_soft() -> None:
    rows = {row.parameter: row for row in BOUND.table.rows if row.cells["species_group"] == "other_broadleaf"}
    for number, name in enumerate(NAMES):
        both = PRINTED["elm"][number], PRINTED["willow"][number]
        assert rows[name].value == pytest.approx(np.mean(both), abs=1e-9)
        assert rows[name].low < min(both) < max(both) < rows[name].high


@pytest.mark.parametrize("group", PRINTED)
def test_the_share_above_ground_is_that_of_the_printed_root_ratio(group: str) -> None:
    _, _, share, _, ratio, _ = PRINTED[group]
    # Both are rounded to four decimals.
    assert 1 / share - 1 == pytest.approx(ratio, abs=1e-4)


def test_only_a_line_in_volume_gives_biomass_that_trees_can_have() -> None:
    """The form of model (1) is not printed with the table; whole trees have 0.5 to 1.7 t of dry matter per m3."""
    volumes = np.array([30.0, 60.0, 120.0, 240.0])
    impossible = {"line": set[str](), "power": set[str]()}
    for group, (a, b, *_) in PRINTED.items():
        for form, biomass in (("line", a + b * volumes), ("power", a * volumes**b)):
            if not ((biomass / volumes > 0.5) & (biomass / volumes < 1.7)).all():
                impossible[form].add(group)
    assert not impossible["line"]
    # One form is printed for all types, and as powers most of them are no trees.
    assert impossible["power"] >= {"spruce", "larch", "cypress", "chinese_pine", "oak", "poplar"}
