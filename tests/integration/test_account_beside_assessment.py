"""An account is written whatever a table beside it says; the assessment then says why it is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import box

import sinks
from sinks.assessment.inputs import write_templates
from sinks.errors import SinksError
from sinks.geo.legends import load_legend
from support.yearly_maps import write_maps, yearly_content

LEAGUES, YEARS = ("150200", "150600"), (2020, 2023)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = write_maps(tmp_path_factory.mktemp("beside"))
    kinds = ("energy", "process", "net_imported_power")
    cells = {
        "emissions": [f"{c},{y},{k},900,10^4 t CO2,x" for c in LEAGUES for y in YEARS for k in kinds],
        "gdp": [f"{c},{y},gdp,{900 + 100 * (y > 2020)},10^8 CNY,2020 constant,x" for c in LEAGUES for y in YEARS],
        "targets": [f"{c},intensity_reduction,d,2020,2025,18,%,x" for c in LEAGUES],
        "ledger": ["C1,150200,2023,registered_held,900000000,t CO2,x"],
    }
    write_templates(place / "tables")
    for name, lines in cells.items():
        path = place / "tables" / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8-sig") + "\n".join(lines) + "\n", encoding="utf-8")
    # A map whose accuracy nobody has published: the sink of the league is not taken for noise and is compared.
    rows = [f"{c.code},{c.name.zh},{c.cls},{c.ecosystem}" for c in load_legend("clcd")]
    (place / "own_legend.csv").write_text("\n".join(["code,name_zh,class,ecosystem", *rows]) + "\n", encoding="utf-8")
    names = {"project_id": ["C1"], "region_code": ["150200"], "methodology": ["CCER-14-001-V01"]}
    dates = {"crediting_start": ["2021-01-01"], "crediting_end": ["2040-12-31"]}
    shape = [box(108.5, 41.0, 108.7, 41.2)]
    gpd.GeoDataFrame({**names, **dates}, geometry=shape, crs=4490).to_file(place / "projects.gpkg")
    return place


def content(folder: Path, **changes: Any) -> dict[str, Any]:
    tables = {name: str(folder / "tables" / f"{name}.csv") for name in ("emissions", "gdp", "targets")}
    rule = {"base_year": 2020, "years": [2023], "base_period": "2020-2023", "gdp_growth": 0.05}
    rule |= {"ecosystems": ["forest", "grassland"]}
    made = yearly_content(folder, ["2020", "2023"], assessment={**tables, "rule": rule, **changes})
    made["land_cover"] |= {"legend": str(folder / "own_legend.csv"), "product": "own"}
    return made


def test_credits_beyond_the_sink_cost_the_assessment_and_not_the_account(folder: Path, tmp_path: Path) -> None:
    plain = sinks.run(sinks.Project.from_dict(content(folder), folder=folder))
    assert plain.assessment is not None
    credits = {"ledger": str(folder / "tables" / "ledger.csv"), "credit_projects": str(folder / "projects.gpkg")}
    run = sinks.run(sinks.Project.from_dict(content(folder, **credits), folder=folder))
    assert run.assessment is None
    assert run.account.equals(plain.account)
    said = run.checks[run.checks["check"] == "no_assessment"]
    assert list(said["status"]) == ["warning"]
    written = run.write(tmp_path / "run")
    assert (written / "account.csv").is_file()
    assert not (written / "assessment.csv").exists()
    with pytest.raises(SinksError, match=r"900,000,000"):
        run.assess()


def test_what_can_be_known_before_the_pass_is_said_before_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.workflow.steps.tabulate_layers", lambda *_, **__: pytest.fail("the layers were read"))
    rule = {"base_year": 2020, "years": [2022], "base_period": "2020-2023"}
    project = content(folder, rule=rule | {"periods": {"2022": "2021-2022"}, "uncertainty_deduction": 0.5})
    project["project"]["draws"] = 0
    for ask in (sinks.check, sinks.run):
        with pytest.raises(SinksError) as caught:
            ask(sinks.Project.from_dict(project, folder=folder))
        assert "assessment.no_interval" in [problem.id for problem in caught.value.problems]
