"""``sinks check``: findings with their weight, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from sinks.cli import main
from tests.conftest import World


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
            "biomass,grassland,4,t C/ha,,,,,read,ipcc_2006_v4,Table 6.4,\n"
            f"biomass,wetland,5,t C/ha,,,,,{basis},ipcc_2006_v4,Table 7.1,\n",
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
