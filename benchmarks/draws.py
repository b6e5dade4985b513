"""How long the intervals of an account take: draws x leagues x strata x pools on a synthetic activity table.

    python -m benchmarks.draws [--draws 10000] [--leagues 12] [--strata 100]

The activity has every stratum in every league at two dates, so that nothing is spared.  The account is timed with and
without draws; besides seconds the ratio to the irreducible part is printed, the two order statistics of every
interval, which does not depend on the machine as seconds do.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sinks.account.account import AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.methodology import Bound, Registry
from sinks.uncertainty.draws import Draws, interval

POOLS = (
    "above_ground_biomass",
    "below_ground_biomass",
    "dead_wood",
    "litter",
    "soil_organic_carbon",
    "harvested_wood_products",
)
DATES = ("2020", "2023")
SECONDS, GIGABYTES = 3.0, 1.0


def synthetic_activity(leagues: int, strata: int, seed: int = 1) -> Activity:
    """Every stratum in every league at two dates, areas drawn at random."""
    rng = np.random.default_rng(seed)
    codes, classes = [f"15{i:02d}" for i in range(leagues)], [f"s{i:03d}" for i in range(strata)]
    index = pd.MultiIndex.from_product([codes, DATES, classes], names=["region_code", "date", "class"])
    states = index.to_frame(index=False)
    states.insert(0, "source", "land_cover")
    states["land_cover"] = states["class"]
    states["ecosystem"] = "forest"
    states["area_ha"] = rng.uniform(1e3, 1e5, len(states))
    areas = states.groupby(["region_code", "date"])["area_ha"].sum().groupby("region_code").max()
    units = pd.DataFrame({"region_code": areas.index, "area_ha": areas.to_numpy(), "cells": 10**6})
    return Activity(states=states, units=units)


def densities(strata: int, folder: Path) -> Bound:
    """A density with an interval for each of six pools in each stratum."""
    base = Registry().get("lookup_density")
    method = replace(
        base.methodology,
        parameters=dict.fromkeys(POOLS, "t C/ha"),
        outputs=dict.fromkeys(POOLS, "t C/ha"),
        compute=_densities,
        partial=False,
    )
    head = "parameter,class,value,unit,low,high,interval,distribution,basis,source,locator,note"
    rows = [
        f"{pool},s{i:03d},{10 + i + k},t C/ha,{8 + i + k},{12 + i + k},95%,,user,ipcc_2006_v4,synthetic,"
        for i in range(strata)
        for k, pool in enumerate(POOLS)
    ]
    path = folder / "densities.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return replace(base, methodology=method).with_parameters(path)


def _densities(
    above_ground_biomass: Any,
    below_ground_biomass: Any,
    dead_wood: Any,
    litter: Any,
    soil_organic_carbon: Any,
    harvested_wood_products: Any,
) -> dict[str, Any]:
    known = locals()
    return {pool: known[pool] for pool in POOLS}


def hierarchy(leagues: int) -> Hierarchy:
    rows = [("15", "region", "region", None), *((f"15{i:02d}", f"league {i}", "league", "15") for i in range(leagues))]
    return Hierarchy.of(pd.DataFrame(rows, columns=["code", "name", "level", "parent"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("draws", 10_000), ("leagues", 12), ("strata", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    activity = synthetic_activity(asked.leagues, asked.strata)
    with tempfile.TemporaryDirectory() as folder:
        method = densities(asked.strata, Path(folder))
    entry = Entry(method, ("forest",), POOLS, ("stock", "sink"), "land_cover")

    def seconds(draws: Draws | None) -> tuple[float, float, int]:
        start, before = time.perf_counter(), time.process_time()
        basis = AccountInputs(activity, hierarchy(asked.leagues), DATES, (DATES,), {"forest": "land_cover"})
        made = basis.account([entry], draws)
        return time.perf_counter() - start, time.process_time() - before, len(made.table)

    # Once with few draws, so that compiled code is loaded; `sinks run` has done so before it comes to the account.
    seconds(Draws(2_500, 1))
    without, *_ = seconds(None)
    took, busy, lines = seconds(Draws(asked.draws, 1))
    block = np.random.default_rng(1).normal(size=(100, asked.draws))
    start = time.process_time()
    interval(block)
    floor = (time.process_time() - start) / len(block) * lines
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    print(f"{asked.draws} draws, {asked.leagues} leagues, {asked.strata} strata, {len(POOLS)} pools: {lines} lines")
    print(f"without draws {without:.2f} s; with draws {took:.2f} s, {busy:.2f} s of processor")
    print(f"bar: {SECONDS} s and {GIGABYTES} GB; peak {peak:.2f} GB")
    print(f"ratio to the quantiles of every line alone ({floor:.2f} s): {busy / floor:.2f}")


if __name__ == "__main__":
    main()
