"""Whole runs that are asked for no more than they account for: no layer of a pool, an ecosystem or a base left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import sinks
from sinks.cli import EXIT_INPUT, main

HEADER = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note"


def litter_alone(world: Any, folder: Path) -> tuple[dict[str, Any], str, str, float]:
    """Litter of all forest stands in the table with 2.9 t C/ha (Huang et al. 2016); biomass asks for more."""
    wanted = {"id": "lookup_density", "ecosystems": ["forest"], "pools": ["litter"]}
    wanted["strata"] = {"species_group": "larch"}
    return world.project(strata=None, inputs=None, methodologies=[wanted]), "forest", "litter", 2.9


def a_row_of_ones_own(world: Any, folder: Path) -> tuple[dict[str, Any], str, str, float]:
    """One density for all grassland frees from the types of grassland that the table has."""
    rows = [f"{pool},grassland,{value},t C/ha,,,,,user,survey,p. 1," for pool, value in (("biomass", 4), ("litter", 1))]
    path = folder / "own.csv"
    path.write_text("\n".join(["# extends: lookup_density", HEADER, *rows, ""]), encoding="utf-8")
    wanted = {"id": "lookup_density", "ecosystems": ["grassland"], "pools": ["biomass"], "parameters": str(path)}
    return world.project(strata=None, inputs=None, methodologies=[wanted]), "grassland", "biomass", 4.0


@pytest.mark.parametrize("asked", [litter_alone, a_row_of_ones_own])
def test_stock_is_area_times_density(world: Any, tmp_path: Path, asked: Any) -> None:
    content, ecosystem, pool, density = asked(world, tmp_path)
    project = world.save(content, tmp_path / "project.toml")
    assert CliRunner().invoke(main, ["check", str(project)]).exit_code == 0
    run = sinks.run(project)
    states = run.activity.states
    area = states[states["ecosystem"] == ecosystem].groupby(["region_code", "date"])["area_ha"].sum()
    account = run.account
    stock = account[(account["pool"] == pool) & (account["quantity"] == "carbon_stock")]
    stock = stock[(stock["ecosystem"] == ecosystem) & (stock["stratum"] == "all")]
    found = stock.set_index(["region_code", "period"])["value"]
    assert len(area)
    for place, hectares in area.items():
        np.testing.assert_allclose(found[place], hectares * density, rtol=1e-9)


def test_what_cannot_be_done_without_is_missed_before_the_pass(world: Any, tmp_path: Path) -> None:
    wanted = {"id": "lookup_density", "ecosystems": ["forest", "grassland"], "strata": {"species_group": "larch"}}
    project = world.save(world.project(strata=None, inputs=None, methodologies=[wanted]), tmp_path / "project.toml")
    result = CliRunner().invoke(main, ["check", str(project), "--lang", "en"])
    assert result.exit_code == EXIT_INPUT
    assert "needs the stratum grassland_type" in result.output
