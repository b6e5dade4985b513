"""Which figures have a stated uncertainty: those of which every parameter that moves them, and every input, has one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.methodology import Bound, Registry
from sinks.uncertainty.draws import Draws, InputUncertainty
from sinks.uncertainty.stated import stated_parts

HEAD = "parameter,{stratum},value,unit,low,high,interval,distribution,basis,source,locator,note\n"
POOLS = ("above_ground_biomass", "below_ground_biomass")
UNITS = {"intercept": "t DM/ha", "slope": "t DM/m3", "above_ground_share": "1", "carbon_fraction": "t C/(t DM)"}
USUAL = {"intercept": 2.0, "slope": 0.8, "above_ground_share": 0.75, "carbon_fraction": 0.5}


def densities(folder: Path) -> Bound:
    """Two pools of two ecosystems: with an interval, without, and zero by definition."""
    rows = (
        "above_ground_biomass,forest,10,t C/ha,8,12,95%,normal,user,t,t,\n"
        "above_ground_biomass,grassland,1,t C/ha,,,,,user,t,t,\n"
        "below_ground_biomass,forest,3,t C/ha,,,,,user,t,t,\n"
        "below_ground_biomass,grassland,0,t C/ha,,,,,user,t,t,\n"
    )
    (folder / "own.csv").write_text(HEAD.format(stratum="ecosystem") + rows, encoding="utf-8")
    return Registry((), ("methodologies",)).get("lookup_density").with_parameters(folder / "own.csv")


def volumes(folder: Path, bare: dict[str, float]) -> Bound:
    """The linear law of growing stock for one species; the parameters of ``bare`` have a value and no interval."""
    rows = "".join(
        f"{name},larch,{bare[name]},{unit},,,,,user,t,t,\n"
        if name in bare
        else f"{name},larch,{USUAL[name]},{unit},{0.9 * USUAL[name]},{1.1 * USUAL[name]},95%,normal,user,t,t,\n"
        for name, unit in UNITS.items()
    )
    (folder / "own.csv").write_text(HEAD.format(stratum="species_group") + rows, encoding="utf-8")
    return Registry((), ("methodologies",)).get("growing_stock_linear").with_parameters(folder / "own.csv")


def stated(method: Bound, rows: pd.DataFrame, draws: Draws | None) -> dict[str, list[bool]]:
    found = stated_parts(method, method.resolve(rows), POOLS, draws)
    return {pool: parts.tolist() for pool, parts in found.items()}


def test_a_row_is_stated_where_what_it_is_looked_up_in_has_an_interval_or_is_a_definition(tmp_path: Path) -> None:
    land = pd.DataFrame({"ecosystem": ["forest", "grassland", "forest"], "area_ha": 1.0})
    assert stated(densities(tmp_path), land, Draws(10, 0)) == {
        "above_ground_biomass": [True, False, True],
        "below_ground_biomass": [False, True, False],
    }


def test_without_draws_nothing_is_stated(tmp_path: Path) -> None:
    land = pd.DataFrame({"ecosystem": ["forest"], "area_ha": 1.0})
    assert stated(densities(tmp_path), land, None) == {pool: [False] for pool in POOLS}


@pytest.mark.parametrize("given", [True, False])
def test_a_layer_without_a_stated_error_leaves_its_figures_without_one(tmp_path: Path, given: bool) -> None:
    land = pd.DataFrame({"ecosystem": ["forest"], "area_ha": 1.0, "species_group": "larch", "growing_stock": 50.0})
    draws = Draws(10, 0, {"growing_stock": InputUncertainty(8)} if given else {"age": InputUncertainty(8)})
    assert stated(volumes(tmp_path, {}), land, draws) == {pool: [given] for pool in POOLS}


@pytest.mark.parametrize(
    ("bare", "expected"),
    [
        ({"slope": 0.8}, False),
        ({"above_ground_share": 0.75}, False),
        # An intercept of zero and a share of one say that there is none and that all is above ground.
        ({"intercept": 0.0}, True),
        ({"intercept": 0.0, "above_ground_share": 1.0}, True),
        ({"intercept": 0.0, "carbon_fraction": 0.5}, False),
        # One tonne for a cubic metre is a measurement, however round.
        ({"slope": 1.0}, False),
    ],
)
def test_every_parameter_that_moves_a_figure_counts(tmp_path: Path, bare: dict[str, float], expected: bool) -> None:
    land = pd.DataFrame({"ecosystem": ["forest"], "area_ha": 1.0, "species_group": "larch", "growing_stock": 50.0})
    draws = Draws(10, 0, {"growing_stock": InputUncertainty(8)})
    assert stated(volumes(tmp_path, bare), land, draws) == {pool: [expected] for pool in POOLS}


def test_a_parameter_counts_only_where_it_moves_a_figure(tmp_path: Path) -> None:
    """Where no tree stands the slope without an interval moves nothing."""
    land = pd.DataFrame({"ecosystem": "forest", "area_ha": 1.0, "species_group": "larch", "growing_stock": [50.0, 0.0]})
    draws = Draws(10, 0, {"growing_stock": InputUncertainty(8)})
    assert stated(volumes(tmp_path, {"slope": 0.8}), land, draws) == {pool: [False, True] for pool in POOLS}
