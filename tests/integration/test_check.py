"""``sinks check``: findings with their weight, for people and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result

from sinks.account.findings import Findings
from sinks.cli import main
from sinks.results.run_folder import write_run
from sinks.workflow import expectation
from sinks.workflow.official import REFUSED
from support.finished_run import make_contents
from tests.conftest import LEAGUES, World


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["--lang", "en", *map(str, arguments)])


def test_findings_as_json_whether_in_order_or_not(world: World, tmp_path: Path) -> None:
    good = world.save(world.project(), tmp_path / "good.toml")
    found = invoke("check", good, "--json")
    assert found.exit_code == 0
    assert {one["severity"] for one in json.loads(found.stdout)} <= {"warning", "note"}
    content = world.project()
    content["methodologies"] = [{"id": "growing_stock_bfe", "ecosystems": ["forest"]}]
    content["regions"]["code"] = "no_such_field"
    bad = invoke("check", world.save(content, tmp_path / "bad.toml"), "--json")
    assert bad.exit_code == 2
    problems = json.loads(bad.stdout)
    assert {one["severity"] for one in problems} == {"error"}
    assert {"methodology.unknown_near", "regions.missing_field"} & {one["id"] for one in problems}
    assert all(
        one["location"] and one["finding"] and not one["finding"].startswith(one["location"]) for one in problems
    )
    assert len(problems) >= 2, "everything at once"


def test_an_official_account_rests_on_no_demonstration_and_on_parameters_that_were_read(
    world: World, tmp_path: Path
) -> None:
    content = world.project()
    content["project"]["demonstration"] = True
    # One row that was read in its source, and one that was not.
    for name, basis in (("read", "read"), ("mixed", "memory")):
        (tmp_path / f"{name}.csv").write_text(
            "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
            "biomass,grassland,4,t C/ha,3,5,95%,normal,read,ipcc_2006_v4,Table 6.4,\n"
            f"biomass,wetland,5,t C/ha,4,6,95%,normal,{basis},ipcc_2006_v4,Table 7.1,\n",
            encoding="utf-8",
        )
    content["methodologies"] = [
        {
            "id": "lookup_density",
            "ecosystems": ["grassland", "wetland"],
            "pools": ["biomass"],
            "parameters": "mixed.csv",
        }
    ]
    content["strata"] = {}
    project = world.save(content, tmp_path / "p.toml")
    assert invoke("check", project).exit_code == 0
    strict = invoke("check", project, "--official", "--json")
    assert strict.exit_code == 2
    errors = [one["id"] for one in json.loads(strict.stdout) if one["severity"] == "error"]
    assert errors == ["official.demonstration", "official.unverified"]
    said = invoke("check", project, "--official")
    assert said.exit_code == 2
    assert "[error]" in said.stderr
    assert "in order" not in said.output


def _errors(project: Path, *options: str) -> dict[str, str]:
    found = invoke("check", project, "--json", *options)
    assert found.exit_code in (0, 2), found.output
    return {one["id"]: one["finding"] for one in json.loads(found.stdout) if one["severity"] == "error"}


def test_an_official_account_has_intervals_and_cells_enough(world: World, tmp_path: Path) -> None:
    """Each is refused by itself, and not without ``--official``."""
    head = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
    row = "biomass,grassland,4,t C/ha,{},read,ipcc_2006_v4,Table 6.4,\n"
    for name, interval in (("drawn", "3,5,95%,normal"), ("fixed", ",,,")):
        (tmp_path / f"{name}.csv").write_text(head + row.format(interval), encoding="utf-8")
    drawn, fixed = (
        {"id": "lookup_density", "ecosystems": ["grassland"], "pools": ["biomass"], "parameters": f"{name}.csv"}
        for name in ("drawn", "fixed")
    )
    sound: dict[str, Any] = {"methodologies": [drawn], "strata": {}}
    outlines = gpd.read_file(world.folder / "leagues.gpkg")
    cells = dict(zip(outlines["code"], shapely.area(outlines.geometry) / 1e-4, strict=True))
    few, many = sorted(cells.values())[0], sorted(cells.values())[1]
    settings = world.content["project"]
    changes: dict[str, dict[str, Any]] = {
        "official.no_draws": {"project": {**settings, "draws": 0}},
        "official.no_interval": {"methodologies": [fixed]},
        "official.too_coarse": {"project": {**settings, "cells_min": int((few + many) / 2)}},
    }
    plain = _errors(world.save(world.project(**sound), tmp_path / "plain.toml"), "--official")
    for id, change in changes.items():
        project = world.save(world.project(**{**sound, **change}), tmp_path / "p.toml")
        assert _errors(project) == {}
        assert id in _errors(project, "--official")
    assert plain == {}
    said = _errors(project, "--official")["official.too_coarse"]
    smallest = min(cells, key=lambda code: cells[code])
    assert smallest == LEAGUES[1]
    assert f"({few:.0f})" in said, "the one league below the bar, with its cells"
    assert said.startswith("The grid is too coarse: 1 region")


@pytest.mark.parametrize("refused", sorted(REFUSED))
def test_a_finished_run_with_a_named_warning_is_no_account_to_be_published(refused: str, tmp_path: Path) -> None:
    rows = [
        [refused, "warning", "Ordos", "150600", "x", "有", "there"],
        ["map_area", "note", "all", "", "x", "注", "n"],
    ]
    checks = pd.DataFrame(rows, columns=list(Findings.COLUMNS))
    contents = make_contents(checks=checks)
    contents.record["demonstration"] = False
    out = write_run(contents, tmp_path / "out")
    assert _errors(out) == {}
    assert _errors(out, "--official") == {"official.check_of_run": f"check {refused}: there"}


def test_a_finished_run_is_not_official_without_intervals_or_of_a_demonstration(tmp_path: Path) -> None:
    checks = pd.DataFrame(columns=list(Findings.COLUMNS))
    contents = make_contents(checks=checks)
    contents.account[["low", "high"]] = float("nan")
    out = write_run(contents, tmp_path / "out")
    assert _errors(out) == {}
    assert set(_errors(out, "--official")) == {"official.demonstration", "official.no_draws"}
    said = invoke("check", write_run(make_contents(), tmp_path / "failed"))
    assert said.exit_code == 2, "a failed check of a run is an error in any case"
    assert "areas: -5 %" in said.stderr


def test_time_memory_and_disk_are_told_and_what_is_short_is_a_warning(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = world.save(world.project(), tmp_path / "p.toml")

    def told() -> dict[str, tuple[str, str]]:
        found = json.loads(invoke("check", project, "--json").stdout)
        return {one["id"]: (one["severity"], one["finding"]) for one in found}

    found = told()
    assert found["expectation.disk"][0] == found["expectation.memory"][0] == "note"
    severity, text = found["expectation.time"]
    assert severity == "note"
    assert "no promise" in text
    threads, files, cells, measured = (int(one.replace(",", "")) for one in re.findall(r"\d[\d,]*(?=[\s.])", text)[-4:])
    # The regions fill the grid but for its corners; land cover and stock at two dates, species and types of grass.
    assert 0.5 * world.arrays["species"].size < cells <= world.arrays["species"].size
    assert files == 6
    assert threads >= 1
    assert 0 < measured <= cells
    monkeypatch.setattr(expectation, "LEAST_FREE", 1 << 60)
    monkeypatch.setattr(expectation.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 1 << 20}))
    found = told()
    assert found["expectation.disk_short"][0] == found["expectation.memory_short"][0] == "warning"
    assert "1 MB" in found["expectation.memory_short"][1]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "< 1 s"), (89, "≈ 89 s"), (150, "≈ 2.5 min"), (3000, "≈ 50 min"), (9000, "≈ 2.5 h")]
)
def test_an_estimate_has_no_more_digits_than_it_knows(seconds: float, said: str) -> None:
    assert expectation._time(seconds) == said
