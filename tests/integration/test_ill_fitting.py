"""Tables that fit neither each other nor the regions nor the layers: found by ``check`` before any pass, and by ``run``
in the same words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import box

import sinks
from sinks.errors import SinksError
from support.yearly_maps import write_maps, yearly_content

LEAGUES, DATES = ("150200", "150600"), ("2020", "2023")
HEAD = {
    "emissions": "region_code,year,quantity,value,unit,source",
    "gdp": "region_code,year,quantity,value,unit,price_base,source",
    "targets": "region_code,indicator,definition,base_year,target_year,value,unit,source",
    "observations": "region_code,indicator,definition,year,value,unit,source",
    "budget": "region_code,year,quantity,value,unit,source",
    "ledger": "project_id,region_code,year,state,value,unit,source",
    "credit_register": "year,project_id,vintage,quantity,holder,to,served,value,unit,source",
    "planting": "scenario,region_code,curve,year,quantity,value,unit,source",
    "curves": "curve,function,quantity,value,unit,source",
    "limits": "ecosystem,quantity,value,unit,source",
    "stands": "region_code,curve,age,quantity,value,unit,source",
    "events": "scenario,region_code,curve,event,year,ages,quantity,value,unit,source",
}
KINDS = ("energy", "process", "net_imported_power")
SOUND = {
    "emissions": [f"{code},{year},{kind},900,10^4 t CO2,x" for code in LEAGUES for year in DATES for kind in KINDS],
    "gdp": [f"{code},{year},gdp,900,10^8 CNY,2020 constant,x" for code in LEAGUES for year in DATES],
    "targets": [f"{code},intensity_reduction,d,2020,2025,18,%,x" for code in LEAGUES],
    "observations": ["150200,forest_cover,d,2020,20,%,x"],
    "budget": ["150200,2021-2025,new_projects,10,10^4 t CO2,x"],
    "ledger": ["C1,150200,2023,registered_held,90,t CO2,x"],
    "credit_register": ["2023,C1,2022,issued,150200,,,90,t CO2,x"],
    "planting": ["plan,150600,pine,2025-2030,area,6000,ha,x"],
    "curves": [f"pine,richards,{name},{value},x" for name, value in
               (("asymptote", "80,t C/ha"), ("growth_rate", "0.03,1/yr"), ("shape", "1.9,1"))],
    "limits": ["grassland,limit,20,t C/ha,x"],
    "stands": ["150600,pine,10-12,area,3,10^3 ha,x"],
}  # fmt: skip
CREDITS = ("ledger", "credit_projects")

Content = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = write_maps(tmp_path_factory.mktemp("maps"), 20, 30)
    polygons(place / "projects.gpkg", project_id=["C1"])
    polygons(place / "sites.gpkg", project_id=["R1"], start_year=[2021])
    for name, rows in SOUND.items():
        table(place, name, rows)
    return place


def polygons(path: Path, at: tuple[float, float] = (108.1, 41.5), **fields: list[Any]) -> str:
    """Squares of a tenth of a degree, all at one place."""
    known = {"region_code": ["150200"], "methodology": ["CCER-14-001-V01"],
             "crediting_start": ["2021-01-01"], "crediting_end": ["2040-12-31"]}  # fmt: skip
    count = len(next(iter(fields.values())))
    rows = {name: values * (count // len(values)) for name, values in {**known, **fields}.items()}
    shape = box(at[0], at[1], at[0] + 0.1, at[1] + 0.1)
    gpd.GeoDataFrame(rows, geometry=[shape] * count, crs=4490).to_file(path)
    return str(path)


def table(place: Path, name: str, rows: list[str], file: str = "") -> str:
    path = place / f"{file or name}.csv"
    path.write_text("\n".join([HEAD[name], *rows]) + "\n", encoding="utf-8")
    return str(path)


def sound(folder: Path) -> Content:
    """A project whose parts fit each other."""

    def file(*names: str) -> dict[str, str]:
        ends = {"credit_projects": "projects.gpkg"}
        return {name: str(folder / ends.get(name, f"{name}.csv")) for name in names}

    rule = {"base_year": 2020, "years": [2023], "base_period": "2020-2023", "ecosystems": ["forest", "grassland"],
            "gdp_growth": 0.05}  # fmt: skip
    condition = {"name": "land", "layer": "ecosystem", "allowed": ["grassland"]}
    plans = file("planting", "curves")
    return yearly_content(
        folder,
        DATES,
        assessment={**file("emissions", "gdp", "targets", "observations", "budget", *CREDITS), "rule": rule},
        potential={"conditions": [condition], **plans, **file("limits")},
        restoration={"file": str(folder / "sites.gpkg"), "ring": 5_000, "strata": ["ecosystem"]},
        projection={"start": 2023, "years": [2030], **plans, **file("stands", "limits")},
    )


Change = Callable[[Content, Path], None]


def rows(section: str, name: str, *lines: str, keep: bool = True) -> Change:
    """Further rows of a table, or others in place of its own."""

    def change(content: Content, place: Path) -> None:
        given = [*(SOUND[name] if keep and name in SOUND else ()), *lines]
        content[section][name] = table(place, name, given, f"{section}_{name}_other")

    return change


def keys(section: str, **values: Any) -> Change:
    return lambda content, place: content[section].update(values)


def rule(**values: Any) -> Change:
    return lambda content, place: content["assessment"]["rule"].update(values)


def register(*lines: str) -> Change:
    """Events of credits in place of the ledger."""

    def change(content: Content, place: Path) -> None:
        del content["assessment"]["ledger"]
        rows("assessment", "credit_register", *lines)(content, place)

    return change


def shapes(section: str, key: str, **given: Any) -> Change:
    def change(content: Content, place: Path) -> None:
        content[section][key] = polygons(place / f"{section}_other.gpkg", **given)

    return change


def condition(**values: Any) -> Change:
    return lambda content, place: content["potential"]["conditions"][0].update(values)


ILL: dict[str, tuple[str, Change]] = {
    "no region is of the level": ("assessment.unknown_level", rule(level="banner")),
    "a target of a league that is none": (
        "assessment.unknown_region",
        rows("assessment", "targets", "150999,intensity_reduction,d,2020,2025,18,%,x"),
    ),
    "a target of another base year": (
        "assessment.target_base",
        rows("assessment", "targets", *(f"{c},intensity_reduction,d,2015,2025,18,%,x" for c in LEAGUES), keep=False),
    ),
    "a deduction for uncertainty without draws": ("assessment.no_interval", rule(uncertainty_deduction=0.5)),
    "a plan of a league that is none": (
        "assessment.plan_region",
        rows("assessment", "budget", "150999,2021-2025,new_projects,1,10^4 t CO2,x"),
    ),
    "an annual plan after a gap": (
        "assessment.plan_gap",
        rows("assessment", "budget", "150200,2026,new_projects,1,10^4 t CO2,x"),
    ),
    "a plan beyond GDP": ("assessment.no_growth", rule(gdp_growth=None)),
    "credits of a project without an outline": (
        "assessment.tonnes_project",
        rows("assessment", "ledger", "C9,150200,2023,registered_held,1,t CO2,x"),
    ),
    "credits in another league": (
        "assessment.tonnes_region",
        rows("assessment", "ledger", "C1,150600,2022,registered_held,1,t CO2,x"),
    ),
    "credits before the crediting period": (
        "assessment.tonnes_year",
        rows("assessment", "ledger", "C1,150200,2020,registered_held,1,t CO2,x"),
    ),
    "crediting projects on the same land": (
        "assessment.projects_overlap",
        shapes("assessment", "credit_projects", project_id=["C1", "C2"]),
    ),
    "a crediting project beyond the regions": (
        "assessment.project_outside",
        shapes("assessment", "credit_projects", at=(100.0, 30.0), project_id=["C1"]),
    ),
    "a transfer of what is not held": (
        "assessment.register_short",
        register("2023,C1,2022,transferred,150600,150200,,5,t CO2,x"),
    ),
    "a use for no project": ("assessment.register_lacks", register("2023,C1,2022,used,150200,,,5,t CO2,x")),
    "a holder that is no region": (
        "assessment.register_holder",
        register("2023,C1,2022,transferred,150200,15060,,5,t CO2,x"),
    ),
    "a condition on a layer that is none": ("assessment.unknown_layer", condition(layer="slope")),
    "a condition on a word that is none": ("assessment.unknown_class", condition(allowed=["gras"])),
    "planting in a league that is none": (
        "assessment.unknown_region",
        rows("potential", "planting", "plan,150999,pine,2025,area,1,ha,x"),
    ),
    "planting by a curve that is none": (
        "assessment.no_curve",
        rows("potential", "planting", "plan,150600,oak,2025,area,1,ha,x"),
    ),
    "a limit of an ecosystem that is none": (
        "assessment.not_allowed",
        rows("potential", "limits", "gras,limit,20,t C/ha,x"),
    ),
    "a stratum of restoration that is none": ("assessment.unknown_layer", keys("restoration", strata=["soil"])),
    "stands in a league that is none": (
        "assessment.unknown_region",
        rows("projection", "stands", "150999,pine,10,area,3,ha,x"),
    ),
    "stands of a growth that is none": (
        "projection.no_growth",
        rows("projection", "stands", "150600,oak,10,area,3,ha,x"),
    ),
    "more stands than land": (
        "assessment.beyond_region",
        rows("projection", "stands", "150600,pine,20,area,99999999,ha,x"),
    ),
    "an event that has no matrix": (
        "projection.no_event",
        rows("projection", "events", "plan,150600,pine,fire,2025,1-9,area,1,ha,x"),
    ),
    "years before the start": ("projection.years", keys("projection", years=[2020])),
}


def test_what_fits_passes(folder: Path) -> None:
    assert sinks.check(sinks.Project.from_dict(sound(folder), folder=folder)).assessment_inputs is not None


@pytest.mark.parametrize("ill", ILL)
def test_what_does_not_fit_is_said_before_the_pass(
    folder: Path, tmp_path: Path, ill: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.workflow.steps.tabulate_layers", lambda *_, **__: pytest.fail("the layers were read"))
    content, (id, change) = sound(folder), ILL[ill]
    if id == "assessment.no_interval":
        content["project"]["draws"] = 0
    change(content, tmp_path)
    said = []
    for ask in (sinks.check, sinks.run):
        with pytest.raises(SinksError) as caught:
            ask(sinks.Project.from_dict(content, folder=folder))
        said.append([str(problem) for problem in caught.value.problems])
    assert said[0] == said[1]
    assert id in {problem.id for problem in caught.value.problems}
