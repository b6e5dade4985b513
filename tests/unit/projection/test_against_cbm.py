"""The same yield table and disturbances in libcbm, the model CBM-CFS3 of the Canadian Forest Service."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.projection.engine import ATMOSPHERE, Growth, Matrix, Planned, carry_on

pytestmark = [
    pytest.mark.filterwarnings("ignore:untested linux distribution:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
]

pytest.importorskip("libcbm", reason="libcbm has wheels for Linux and Windows on x86-64 and for macOS")

ROOTS = 0.25
SHOOTS, ROOT_POOLS = ("Merch", "Foliage", "Other"), ("CoarseRoots", "FineRoots")
YEARS = 60
AGES = (5, 20, 35, 50, 80, 120)
NOTHING, CUT, FIRE = 0, 1, 2
# Stand by stand, in the years after the start: cut once, burnt in part twice, or left alone.
EVENTS = {0: {}, 1: {30: CUT}, 2: {10: CUT, 55: CUT}, 3: {5: FIRE, 25: FIRE}, 4: {1: CUT}, 5: {15: FIRE, 40: CUT}}
LOST = {NOTHING: 0.0, CUT: 0.9, FIRE: 0.35}


def above_ground(age: Any) -> Any:
    """A yield table of carbon: a line through points [t C/ha]."""
    return np.interp(age, [0, 10, 20, 40, 60, 90, 200], [0.0, 6.0, 18.0, 45.0, 62.0, 74.0, 80.0])


def shoots_and_roots_by_cbm() -> np.ndarray:
    """Shoots and roots by year and stand, (2, years, stands) [t C/ha]."""
    from libcbm import resources
    from libcbm.model.cbm_exn import cbm_exn_model, cbm_exn_variables
    from libcbm.storage.backends import BackendType

    folder = resources.get_cbm_exn_parameters_dir()
    rates = pd.read_csv(f"{folder}/turnover_parameters.csv").iloc[:1]
    roots = pd.read_csv(f"{folder}/root_parameters.csv").assign(sw_a=ROOTS)
    matrices = pd.DataFrame(
        [
            (event, pool, target, share)
            for event, lost in LOST.items()
            for pool in (*SHOOTS, *ROOT_POOLS)
            for target, share in (("CO2", lost), (pool, 1 - lost))
        ],
        columns=["disturbance_matrix_id", "source_pool", "sink_pool", "proportion"],
    )
    associations = pd.DataFrame(
        {"spatial_unit_id": 1, "disturbance_type_id": [*LOST], "sw_hw": "sw", "disturbance_matrix_id": [*LOST]}
    )
    parameters = {
        "turnover_parameters": rates,
        "root_parameters": roots,
        "disturbance_matrix_value": matrices,
        "disturbance_matrix_association": associations,
    }
    ages = np.array(AGES)
    found = np.zeros((2, YEARS + 1, len(AGES)))
    with cbm_exn_model.initialize(parameters) as model:
        state = cbm_exn_variables.init_cbm_vars(len(AGES), model.pool_names, model.flux_names, BackendType.numpy)
        state = state.to_pandas()
        state["pools"][:] = 0.0
        state["pools"]["Input"] = 1.0
        begun = above_ground(ages)
        state["pools"]["Merch"] = 0.7 * begun
        state["pools"]["Foliage"] = 0.1 * begun
        state["pools"]["Other"] = 0.2 * begun
        state["pools"]["CoarseRoots"] = 0.8 * ROOTS * begun
        state["pools"]["FineRoots"] = 0.2 * ROOTS * begun
        state["state"] = state["state"].assign(area=1.0, spatial_unit_id=1, age=ages, species=1, sw_hw=0, enabled=1)
        state["parameters"]["mean_annual_temperature"] = 0.0
        found[:, 0] = [state["pools"][list(part)].sum(axis=1) for part in (SHOOTS, ROOT_POOLS)]
        for year in range(1, YEARS + 1):
            events = np.array([EVENTS[stand].get(year, 0) for stand in range(len(AGES))])
            ages = np.where(events == CUT, 0, ages)
            grown = above_ground(ages + 1) - above_ground(ages)
            state["parameters"] = state["parameters"].assign(
                disturbance_type=events, merch_inc=0.7 * grown, foliage_inc=0.1 * grown, other_inc=0.2 * grown
            )
            state = model.step(state)
            ages = ages + 1
            found[:, year] = [state["pools"][list(part)].sum(axis=1) for part in (SHOOTS, ROOT_POOLS)]
    return found


def shoots_and_roots_by_ours() -> np.ndarray:
    ages = np.arange(max(AGES) + YEARS + 2)
    living = above_ground(ages)[:, None, None] * np.array([1.0, ROOTS])[None, :, None]
    growth = Growth(("above_ground_biomass", "below_ground_biomass"), living, uncertain=False)
    matrices = {
        event: Matrix(str(event), {(pool, ATMOSPHERE): lost for pool in growth.pools}, renews=event == CUT)
        for event, lost in LOST.items()
    }
    found = np.zeros((2, YEARS + 1, len(AGES)))
    for stand, age in enumerate(AGES):
        area = np.zeros(age + 1)
        area[age] = 1.0
        plan = [
            Planned(matrices[event], (year, year), (0, 999), float("nan"), 1.0, "")
            for year, event in EVENTS[stand].items()
        ]
        course = carry_on(growth, area, 0, YEARS, plan=plan)
        found[:, :, stand] = course.stock[:, : len(growth.pools), 0].T
    return found


def test_living_biomass_is_that_of_cbm() -> None:
    """CBM replaces what turnover takes, so that its rates leave living biomass as it is."""
    assert shoots_and_roots_by_ours() == pytest.approx(shoots_and_roots_by_cbm(), rel=1e-9)
