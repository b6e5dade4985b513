"""Only what the wanted pools depend on is looked up, whatever the form of the methodology."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sinks.errors import SinksError
from sinks.methodology import Bound, Registry
from sinks.methodology.dependence import parameters_asked
from sinks.methodology.spec import arguments

REGISTRY = Registry((), ("methodologies",))


def land(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns).assign(region_code="150400", date="2020", area_ha=1.0)


def refused(bound: Bound, rows: pd.DataFrame, pools: tuple[str, ...] | None) -> set[str]:
    with pytest.raises(SinksError) as error:
        bound.resolve(rows, pools)
    return {problem.id for problem in error.value.problems}


def test_litter_of_a_forest_needs_no_strata_of_other_pools() -> None:
    """The density of litter stands in the table for all forest; those of biomass ask for more."""
    bound, rows = REGISTRY.get("lookup_density"), land(ecosystem=["forest"], species_group=["larch"])
    table = pd.read_csv("methodologies/lookup_density.csv", encoding="utf-8-sig", dtype=str).fillna("")
    litter = table[(table["parameter"] == "litter") & (table["ecosystem"] == "forest") & (table["species_group"] == "")]
    (expected,) = litter["value"].astype(float)
    found = bound.resolve(rows, ("litter",)).pools()
    assert found["litter"].tolist() == [expected]
    assert np.isnan(found["biomass"]).all()


def test_a_pool_that_nobody_asked_for_still_makes_its_stratum_known() -> None:
    """Steppe has densities but none of dead wood: not estimated, and no gap."""
    rows = land(ecosystem=["grassland"], grassland_type=["typical_steppe"])
    assert np.isnan(REGISTRY.get("lookup_density").resolve(rows, ("dead_wood",)).pools()["dead_wood"]).all()
    nowhere = land(ecosystem=["urban"], grassland_type=["-"])
    assert refused(REGISTRY.get("lookup_density"), nowhere, ("dead_wood",)) == {"parameters.gap"}


def test_shoots_alone_need_neither_ratio_nor_its_choice() -> None:
    rows = land(ecosystem=["grassland"], grass_yield=[2.0])
    bound = REGISTRY.get("grassland_yield")
    (fraction,) = (row.value for row in bound.table.rows if row.parameter == "carbon_fraction")
    found = bound.resolve(rows, ("above_ground_biomass",)).pools()
    assert found["above_ground_biomass"] == pytest.approx([2.0 * fraction])
    assert np.isnan(found["below_ground_biomass"]).all()
    assert refused(bound, rows, ("below_ground_biomass",)) == {"methodology.no_choice"}
    assert refused(bound, rows, None) == {"methodology.no_choice"}


def test_a_ratio_by_size_brings_what_the_size_is_computed_from() -> None:
    bound = REGISTRY.get("growing_stock_bcef")
    asked = parameters_asked(bound.methodology, bound.table, ["below_ground_biomass"])
    assert set(asked) == {"bcef", "root_to_shoot", "carbon_fraction"}
    assert set(parameters_asked(bound.methodology, bound.table, ["above_ground_biomass"])) == {
        "bcef",
        "carbon_fraction",
    }


@pytest.mark.parametrize("bound", REGISTRY.all(), ids=lambda bound: bound.id)
def test_no_dependence_is_missed(bound: Bound) -> None:
    """A parameter that is not asked for a pool changes nothing of it, at twenty places of plain numbers."""
    method, rng = bound.methodology, np.random.default_rng(1)
    months = {name: (12,) if len(layers) > 1 else () for name, layers in method.layers.items()}
    names = (*method.inputs, *method.parameters, *method.carried)
    at = {name: rng.uniform(0.1, 0.9, (*months.get(name, ()), 20)) for name in names}

    def pool_at(pool: str, **changed: np.ndarray) -> np.ndarray:
        known = {**at, **changed}
        for name, one in method.intermediates.items():
            known[name] = one.compute(**{n: known[n] for n in arguments(one.compute)})
        return np.asarray(method.compute(**{n: known[n] for n in arguments(method.compute)})[pool])

    for pool in method.outputs:
        for name in method.parameters:
            moved = not np.array_equal(pool_at(pool), pool_at(pool, **{name: at[name] * 1.5}))
            assert not moved or name in parameters_asked(method, bound.table, [pool]), (pool, name)


def test_a_stratum_that_some_ecosystem_cannot_do_without_is_missed_before_any_row_is_there() -> None:
    """The densities of forest need no type of grassland; those of grassland do."""
    bound = REGISTRY.get("lookup_density")
    blank = land(ecosystem=[], species_group=[], **{"class": []})
    bound.check_columns(blank, ["forest"], ["litter"])
    with pytest.raises(SinksError) as error:
        bound.check_columns(blank, ["forest", "grassland"], ["above_ground_biomass"])
    (problem,) = error.value.problems
    assert (problem.id, problem.values["columns"]) == ("parameters.no_stratum", ["grassland_type"])
