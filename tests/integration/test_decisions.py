"""From a run to decisions: every verb beside dual control on a small territory, and the same from Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result

import sinks
from sinks.assessment.answer import Answer, Origin
from sinks.assessment.valuation import SinkValue
from sinks.cli import EXIT_INPUT, main
from sinks.errors import SinksError
from sinks.text import language, messages, set_language

PLANTING = "scenario,region_code,curve,year,quantity,value,unit,source\nplan,150600,pine,2025-2030,area,6,10^3 ha,x\n"
CURVES = (
    "curve,function,quantity,value,unit,source\npine,richards,asymptote,80,t C/ha,x\n"
    "pine,richards,growth_rate,0.03,1/yr,x\npine,richards,shape,1.9,1,x\n"
)
EARLY = "region_code,ecosystem,year,quantity,value,unit,source\n" + "".join(
    f"{code},{land},2024,ratio,1.1,1,x\n"
    for code in ("150200", "150300", "150600")
    for land in ("forest", "shrub", "grassland", "wetland", "cropland", "urban", "bare")
)
RECORD = "region_code,ecosystem,year,quantity,value,unit,source\n150600,forest,2022,early,5,10^4 t CO2/yr,x\n"
PRICES = "scenario,year,quantity,value,unit,source\nlow,2021-2030,price,50,CNY/t CO2,x\n"


STANDS = "region_code,curve,age,quantity,value,unit,source\n150600,pine,10-12,area,3,10^3 ha,x\n"
TABLES = {"prices": PRICES, "early": EARLY, "record": RECORD, "stands": STANDS}


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
    for name, text in {**TABLES, "planting": PLANTING, "curves": CURVES}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    sites, plans = str(folder / "sites.gpkg"), {k: str(folder / f"{k}.csv") for k in ("planting", "curves")}
    condition = {"name": "land", "layer": "ecosystem", "allowed": ["grassland"]}
    content = world.project(
        restoration={"file": sites, "ring": 20_000, "strata": ["ecosystem"]},
        projection={"stands": str(folder / "stands.csv"), "start": 2023, "years": [2030], **plans},
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
    assert book.sheetnames == [
        "Inventory (IPCC)",
        "Inventory (provincial)",
        "Memo items",
        "Extent account (SEEA)",
        "Carbon account (SEEA)",
    ]


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


ASKED: dict[str, tuple[list[object], Callable[[sinks.Run, Path], Answer]]] = {
    "inventory": ([], lambda run, _: run.inventory()),
    "restoration": ([], lambda run, _: run.restoration()),
    "potential": ([], lambda run, _: run.potential()),
    "targets": (["--published"], lambda run, _: run.targets(published=True)),
    "value": (
        ["--prices", "prices.csv", "--discount-rate", 0.05, "--base-year", 2023],
        lambda run, folder: run.value(folder / "prices.csv", 0.05, 2023),
    ),
    "estimate": (
        ["--table", "early.csv", "--record", "record.csv"],
        lambda run, folder: run.estimate(folder / "early.csv", folder / "record.csv"),
    ),
    "uncertainty": (["--top", 2, "--region", "150300"], lambda run, _: run.uncertainty("150300", 2)),
    "compare": ([], lambda run, _: run.compare()),
}
"""Verb, its options, and the same question in a notebook."""


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("verb", ASKED)
def test_a_notebook_gets_what_the_command_line_says(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, lang: str
) -> None:
    options, ask = ASKED[verb]
    monkeypatch.chdir(run_folder.parent)
    said = invoke(verb, run_folder, *options, "--out", tmp_path / "out", "--lang", lang)
    assert said.exit_code == 0, said.output
    set_language(lang)
    answer = ask(sinks.open_run(run_folder), run_folder.parent)
    assert said.output.startswith(f"{answer}\n")
    notice = messages()["output.demonstration"]
    assert (notice.zh if lang == "zh" else notice.en) in str(answer)
    page = answer._repr_html_()
    assert str(notice) in page
    assert "<table" in page
    written = {path.stem: path for path in (tmp_path / "out").glob("*.csv")}
    assert set(written) == set(answer.tables())
    for name, table in answer.tables().items():
        assert set(table["notice"]) <= {str(notice)}
        stored = pd.read_csv(written[name], encoding="utf-8-sig", dtype=str, keep_default_na=False)
        assert list(stored.columns) == list(table.columns)
        assert len(stored) == len(table)


def test_a_difference_is_the_same_in_a_notebook(run_folder: Path, tmp_path: Path) -> None:
    said = invoke("diff", run_folder, run_folder, "--out", tmp_path / "diff.csv", "--lang", "en")
    set_language("en")
    run = sinks.open_run(run_folder)
    answer = run.diff(run)
    assert said.output.startswith(f"{answer}\n")
    assert answer.notice
    assert list(pd.read_csv(tmp_path / "diff.csv", encoding="utf-8-sig")["notice"].unique()) == [answer.notice]
    assert (answer.effects["value"].abs() < 1e-6).all()
    with pytest.raises(SinksError, match=r"Run\.diff.*other"):
        run.diff(answer.effects)  # type: ignore[arg-type]


def test_what_a_room_answers_by_itself_has_no_notice(run_folder: Path) -> None:
    answer = sinks.open_run(run_folder).inventory()
    alone = replace(answer, origin=None)
    assert answer.notice
    assert not alone.notice
    assert "notice" not in alone.tables()["inventory_crf"]
    assert len(alone.shown()[0]) == alone.crf["region_code"].nunique()


def test_many_regions_are_cut_short_and_the_rest_is_counted() -> None:
    codes = [f"{number:03d}" for number in range(125)]
    flat = pd.DataFrame({"code": codes, "name": codes, "level": "banner", "parent": ""})
    net = pd.DataFrame({"scenario": "low", "region_code": codes, "value": 1e4, "low": 1e4, "high": 1e4, "withheld": ""})
    answer = SinkValue(net, net, origin=Origin(flat, False, datetime(2024, 1, 1)))
    set_language("en")
    assert len(answer.shown()[0]) == 40
    assert "85 more regions are in the files." in str(answer)
    tree = pd.DataFrame({"code": ["all", *codes], "name": "x", "level": "x", "parent": ["", *["all"] * 125]})
    assert Origin(tree, False, datetime(2024, 1, 1)).inner() == ["all"]
    assert Origin(tree.head(31), False, datetime(2024, 1, 1)).inner() == ["all", *codes[:30]]


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


def test_projection_is_a_table_a_balance_and_a_figure(run_folder: Path, tmp_path: Path) -> None:
    result = invoke("projection", run_folder, "--out", tmp_path, "--lang", "en")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "projection.png").read_bytes().startswith(b"\x89PNG")
    balance = pd.read_csv(tmp_path / "projection_balance.csv", dtype={"region_code": str}).set_index("region_code")
    # Six thousand hectares, a thousand a year from 2025 on.
    grown = sum(1000 * 80 * (1 - math.exp(-0.03 * age)) ** 1.9 for age in range(6))
    assert balance.loc["150600", "difference"] == pytest.approx(grown * 44 / 12)
