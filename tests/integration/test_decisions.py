"""From a run to decisions: every verb beside dual control on a small territory, and the same from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result

import sinks
from sinks.cli import EXIT_INPUT, main
from sinks.text import language, set_language

PLANTING = "scenario,region_code,curve,year,quantity,value,unit,source\nplan,150600,pine,2025-2030,area,6,10^3 ha,x\n"
CURVES = (
    "curve,function,quantity,value,unit,source\npine,richards,asymptote,80,t C/ha,x\n"
    "pine,richards,growth_rate,0.03,1/yr,x\npine,richards,shape,1.9,1,x\n"
)
PRICES = "scenario,year,quantity,value,unit,source\nlow,2021-2030,price,50,CNY/t CO2,x\n"


@pytest.fixture(autouse=True)
def _chinese_again() -> Any:
    before = language()
    yield
    set_language(before)


@pytest.fixture(scope="module")
def run_folder(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose project has both sections, with two restoration projects whose rings overlap."""
    folder = tmp_path_factory.mktemp("decisions")
    squares = [shapely.box(x, 39.5, x + 0.3, 39.8) for x in (108.5, 108.9)]
    frame = gpd.GeoDataFrame({"project_id": ["R1", "R2"], "start_year": [2020, 2021]}, geometry=squares, crs=4490)
    frame.to_file(folder / "sites.gpkg")
    for name, text in (("planting", PLANTING), ("curves", CURVES), ("prices", PRICES)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    sites, plans = str(folder / "sites.gpkg"), {k: str(folder / f"{k}.csv") for k in ("planting", "curves")}
    condition = {"name": "land", "layer": "ecosystem", "allowed": ["grassland"]}
    content = world.project(
        restoration={"file": sites, "ring": 20_000, "strata": ["ecosystem"]},
        potential={"zones": [{"name": "red line", "file": sites, "inside": False}], "conditions": [condition], **plans},
    )
    content["project"] = content["project"] | {"demonstration": True}
    sinks.run(world.save(content, folder / "project.toml")).write(folder / "run")
    return folder / "run"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_inventory_is_a_csv_and_a_workbook(run_folder: Path) -> None:
    found = invoke("inventory", run_folder, "--lang", "en")
    assert found.exit_code == 0, found.output
    assert "converted for 20 years" in found.output
    table = pd.read_csv(run_folder / "assessment" / "inventory_crf.csv", encoding="utf-8-sig")
    account = sinks.open_run(run_folder).account
    whole = account[(account[["ecosystem", "stratum", "pool"]] == "all").all(axis=1)]
    removals = whole[whole["quantity"] == "net_removals"]["value"].sum()
    assert table[table["category"] == "all"]["total"].sum() == pytest.approx(-removals / 1000)
    assert table["notice"].notna().all()
    book = openpyxl.load_workbook(run_folder / "assessment" / "inventory.xlsx")
    assert book.sheetnames == ["Inventory (IPCC)", "Inventory (provincial)", "Memo items"]


def test_restoration_measures_projects_whose_rings_overlap(run_folder: Path) -> None:
    found = invoke("restoration", run_folder)
    assert found.exit_code == 0, found.output
    table = pd.read_csv(run_folder / "assessment" / "restoration.csv", encoding="utf-8-sig")
    assert list(table["project_id"]) == ["R1", "R2"]
    assert table["matched_share"].to_numpy() == pytest.approx(1, abs=1e-6)
    # The territory is random: no project is any better than its surroundings by more than chance patches.
    assert (table["low"] <= table["effect"]).all()
    assert (table["effect"] <= table["high"]).all()


def test_potential_rules_out_the_red_line_to_the_polygon(run_folder: Path) -> None:
    found = invoke("potential", run_folder)
    assert found.exit_code == 0, found.output
    land = sinks.open_run(run_folder).potential().land.set_index(["region_code", "reason"])["area_ha"]
    area = sum(abs(shape) for shape in _hectares(run_folder))
    assert land["150600", "red line"] == pytest.approx(area, rel=1e-3)


def _hectares(run_folder: Path) -> list[float]:
    frame = gpd.read_file(run_folder.parent / "sites.gpkg").to_crs("EPSG:6933")
    return list(frame.geometry.area / 1e4)


def test_value_and_estimate(run_folder: Path, tmp_path: Path) -> None:
    arguments = ["--prices", run_folder.parent / "prices.csv", "--discount-rate", "0.05", "--base-year", "2023"]
    found = invoke("value", run_folder, *arguments, "--lang", "en")
    assert found.exit_code == 0, found.output
    assert "assumed" in found.output
    early = tmp_path / "early.csv"
    early.write_text("region_code,ecosystem,year,quantity,value,unit,source\n150600,forest,2024,ratio,1.1,1,x\n")
    refused = invoke("estimate", run_folder, "--table", early, "--lang", "en")
    assert refused.exit_code == EXIT_INPUT
    assert "grassland" in refused.output


def test_target_is_followed_by_the_definition_that_is_declared(run_folder: Path) -> None:
    refused = invoke("targets", run_folder, "--published", "--as", "growing_stock")
    assert refused.exit_code == EXIT_INPUT
    found = invoke("targets", run_folder, "--published", "--lang", "en")
    assert found.exit_code == 0, found.output
    table = pd.read_csv(run_folder / "assessment" / "indicators.csv", encoding="utf-8-sig")
    # The region's own targets and no others; the documents give no later figure by their definitions.
    assert list(table["indicator"]) == ["forest_cover", "grass_cover", "growing_stock"]
    assert set(table["status"]) == {"not_observed"}


def test_difference_reads_by_region(run_folder: Path) -> None:
    found = invoke("diff", run_folder, run_folder, "--lang", "en")
    assert found.exit_code == 0, found.output
    assert "Total (t CO2/yr)" in found.output


def test_templates_are_written_once(tmp_path: Path) -> None:
    first = invoke("init", "--assessment", tmp_path / "tables")
    assert first.exit_code == 0, first.output
    assert (tmp_path / "tables" / "prices.csv").is_file()
    assert invoke("init", "--assessment", tmp_path / "tables").exit_code == EXIT_INPUT
    assert invoke("init", "--assessment", tmp_path / "tables", "--force").exit_code == 0


def test_section_that_is_not_there_is_asked_for(world: Any, tmp_path: Path) -> None:
    content = world.project()
    content["project"] = content["project"] | {"draws": 0}
    sinks.run(world.save(content, tmp_path / "project.toml")).write(tmp_path / "run")
    for verb in ("restoration", "potential"):
        found = invoke(verb, tmp_path / "run")
        assert found.exit_code == EXIT_INPUT
        assert f"[{verb}]" in found.output
