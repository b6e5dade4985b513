"""Tables of a projection, held against each other, and the answer, with figures that can be followed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.account.hierarchy import Hierarchy
from sinks.assessment.errors import AssessmentError
from sinks.assessment.inputs import Places
from sinks.methodology import Bound, Registry
from sinks.output.projection import draw_projection
from sinks.project.projection import GrowthSection, ProjectionSection
from sinks.projection.growth import Points
from sinks.projection.projection import Projection, projection
from sinks.projection.tables import read_plans
from sinks.uncertainty.draws import Draws

CO2 = 44 / 12
REGIONS = pd.DataFrame(
    [("1501", "甲市", "league", ""), ("150101", "乙旗", "banner", "1501"), ("150102", "丙旗", "banner", "1501")],
    columns=["code", "name", "level", "parent"],
)
HIERARCHY = Hierarchy.of(REGIONS)
PLACES = Places(dict(zip(REGIONS["code"], REGIONS["name"], strict=True)), dict.fromkeys(REGIONS["code"], 1e6))
HEADS = {
    "stands": "region_code,curve,age,quantity,value,unit,source",
    "yields": "curve,age,quantity,value,unit,source",
    "planting": "scenario,region_code,curve,year,quantity,value,unit,source",
    "disturbances": "event,from_pool,to_pool,quantity,value,unit,source",
    "events": "scenario,region_code,curve,event,year,ages,quantity,value,unit,source",
    "limits": "ecosystem,quantity,value,unit,source",
}
TABLES = {
    "stands": ["150101,pine,10-11,area,20,ha,x", "150102,pine,30,area,5,ha,x"],
    # 1 t C/ha a year to the age of 40, then nothing.
    "yields": ["pine,0,carbon,0,t C/ha,x", "pine,40,carbon,40,t C/ha,x", "pine,200,carbon,40,t C/ha,x"],
    "planting": ["plan,150102,pine,2025-2026,area,8,ha,x"],
    "disturbances": ["cut,biomass,harvested_wood_products,share,60,%,x", "cut,biomass,atmosphere,share,0.3,1,x"],
    "events": ["all,150102,pine,cut,2024,25-200,area,2,ha,x"],
}


def write(folder: Path, tables: dict[str, list[str]]) -> dict[str, str]:
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([HEADS[name], *rows]) + "\n", encoding="utf-8")
    return {name: str(folder / f"{name}.csv") for name in tables}


def section(**options: Any) -> ProjectionSection:
    given = {"stands": "stands.csv", "start": 2023, "years": (2025, 2030), "ages": {"cut": "zero"}, **options}
    return ProjectionSection(**given)


def account() -> pd.DataFrame:
    head = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period", "value", "low"]
    rows = [
        (code, "grassland", "all", "all", quantity, period, value, value - 1)
        for code, share in (("1501", 1.0), ("150101", 1.0))
        for quantity, period, value in (
            ("area", "2023", 100.0 * share),
            ("carbon_stock", "2023", 1000.0 * share),
            ("net_removals", "2020-2023", 44.0 * share),
        )
    ]
    return pd.DataFrame(rows, columns=head)


def made(
    folder: Path,
    tables: dict[str, list[str]],
    methods: dict[str, Bound] | None = None,
    draws: Draws | None = None,
    **options: Any,
) -> Projection:
    wanted = section(**options)
    plans = read_plans(wanted, write(folder, tables), PLACES, HIERARCHY, methods or {})
    return projection(wanted, plans, account(), HIERARCHY, draws, {})


def figure(
    found: Projection, scenario: str, code: str, quantity: str, year: int, part: str = "stands", pool: str = "all"
) -> float:
    keys = {"scenario": scenario, "region_code": code, "quantity": quantity, "year": year, "part": part, "pool": pool}
    rows = found.table
    for name, wanted in keys.items():
        rows = rows[rows[name] == wanted]
    (value,) = rows["value"]
    return float(value)


def test_a_projection_by_hand(tmp_path: Path) -> None:
    found = made(tmp_path, TABLES)
    # Two stands of 10 ha aged 10 and 11; 5 ha aged 30, of which 2 ha are cut in 2024 (27 of 30 t C/ha leave biomass, 18
    # into products) and grow anew; in the plan 4 ha are planted in 2025 and 4 in 2026.
    one = {2023: 10 * 10 + 10 * 11, 2030: 10 * 17 + 10 * 18}
    for scenario in ("without", "plan"):
        assert figure(found, scenario, "150101", "carbon_stock", 2023) == pytest.approx(one[2023])
        assert figure(found, scenario, "150101", "carbon_stock", 2030) == pytest.approx(one[2030])
    living = 3 * 37 + 2 * (3 + 7)
    other = {"without": living + 2 * 18, "plan": living + 2 * 18 + 4 * 5 + 4 * 4}
    for scenario, stock in other.items():
        assert figure(found, scenario, "150102", "carbon_stock", 2030) == pytest.approx(stock)
        assert figure(found, scenario, "1501", "carbon_stock", 2030) == pytest.approx(stock + one[2030])
    assert figure(found, "plan", "150102", "carbon_stock", 2030, pool="harvested_wood_products") == pytest.approx(36)
    assert figure(found, "plan", "1501", "area", 2030) == pytest.approx(25 + 8)
    # In 2024: 23 ha grow by 1 t C/ha and 2 ha from the age of zero to one; 0.3 of 60 t C go into the air.
    assert figure(found, "without", "1501", "net_removals", 2024) == pytest.approx((25 - 0.3 * 60) * CO2)
    assert figure(found, "without", "1501", "released", 2024) == pytest.approx(0.3 * 60 * CO2)
    balance = found.balance.set_index(["scenario", "region_code", "year"]).loc[("plan", "1501", 2030)]
    assert balance["difference"] == pytest.approx(36 * CO2)
    assert balance["per_year"] == pytest.approx(36 * CO2 / 7)
    assert balance["with_project"] - balance["without_project"] == pytest.approx(36 * CO2)
    struck = found.struck.set_index(["scenario", "region_code", "event", "year"])["area_ha"]
    assert struck.loc[("plan", "1501", "cut", 2024)] == pytest.approx(2)


def test_other_land_slows_down_towards_its_limit_and_is_part_of_all(tmp_path: Path) -> None:
    tables = TABLES | {"limits": ["grassland,limit,20,t C/ha,x"]}
    found = made(tmp_path, tables, limits="limits.csv")
    # 12 t C a year at first, 1000 of 2000 t C there.
    left = 1000 * np.exp(-12 * 7 / 1000)
    assert figure(found, "plan", "1501", "carbon_stock", 2030, part="grassland") == pytest.approx(2000 - left)
    stands = figure(found, "plan", "1501", "carbon_stock", 2030)
    assert figure(found, "plan", "1501", "carbon_stock", 2030, part="all") == pytest.approx(stands + 2000 - left)
    assert draw_projection(found, "1501").axes[0].get_lines()


@pytest.mark.parametrize("quantity", ["carbon_increment", "volume_increment"])
def test_an_increment_is_integrated_over_age(quantity: str) -> None:
    ages, values = np.array([0.0, 5.0, 20.0, 60.0]), np.array([0.0, 4.0, 6.0, 1.0])
    at = np.array([0.0, 3.0, 5.0, 12.0, 33.0, 60.0])
    fine = np.linspace(0, 60, 600_001)
    increments = np.interp(fine, ages, values)
    whole = np.concatenate(([0.0], np.cumsum((increments[1:] + increments[:-1]) / 2 * np.diff(fine))))
    assert Points(quantity, ages, values, "").at(at) == pytest.approx(np.interp(at, fine, whole), rel=1e-8)


def richards(folder: Path) -> Bound:
    path = folder / "ours.csv"
    path.write_text(
        "# extends: forest_growth_richards\n"
        "parameter,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
        "asymptote,180,t DM/ha,150,210,95%,normal,user,plots,-,\n"
        "growth_rate,0.03,1/yr,,,,,user,plots,-,\nshape,1.8,1,,,,,user,plots,-,\n",
        encoding="utf-8",
    )
    return Registry((), ("methodologies",)).get("forest_growth_richards").with_parameters(path)


def test_stands_of_a_methodology_have_the_interval_of_its_parameters(tmp_path: Path) -> None:
    """One draw serves both scenarios: the interval of the difference is that of what was planted, and no wider."""
    method, draws = richards(tmp_path), Draws(400, 5)
    growth = GrowthSection(
        name="larch",
        methodology="forest_growth_richards",
        strata={"species_group": "larch", "climate_zone": "boreal_moist"},
    )
    tables = {
        "stands": ["150101,larch,40,area,100,ha,x"],
        "planting": ["plan,150101,larch,2024,area,10,ha,x"],
    }
    found = made(tmp_path, tables, {method.id: method}, draws, growth=(growth,), ages={}, years=(2030, 2060))
    rows = found.table
    rows = rows[(rows["quantity"] == "carbon_stock") & (rows["pool"] == "all") & (rows["region_code"] == "150101")]
    row = rows[(rows["scenario"] == "without") & (rows["year"] == 2060)].iloc[0]

    def carbon(age: float, asymptote: Any) -> Any:
        above = asymptote * (1 - np.exp(-0.03 * age)) ** 1.8
        middle = 180 * (1 - np.exp(-0.03 * age)) ** 1.8
        # IPCC 2006, Tables 4.3 and 4.4: carbon 0.51, roots 0.39 below and 0.24 above 75 t/ha in the boreal domain.
        return above * 0.51 * (1 + (0.39 if middle < 75 else 0.24))

    assert row["value"] == pytest.approx(100 * carbon(77, 180.0))
    assert row["low"] < row["value"] < row["high"]
    balance = found.balance[(found.balance["region_code"] == "150101") & (found.balance["year"] == 2060)].iloc[0]
    assert balance["difference"] == pytest.approx(10 * carbon(36, 180.0) * CO2)
    # The draws of the methodology itself, on the ten hectares alone.
    density = method.resolve(
        pd.DataFrame([{"region_code": "", "ecosystem": "forest", **growth.strata, "stand_age": 36.0}])
    ).pools_from_draws(draws.table(method).T, {})
    planted = 10 * CO2 * sum(density.values())[:, 0]
    assert (balance["low"], balance["high"]) == pytest.approx(tuple(np.quantile(planted, [0.025, 0.975])), rel=0.02)


FAULTS = {
    "projection.no_growth": {"stands": ["150101,oak,10,area,20,ha,x"]},
    "projection.yield_ends": {"yields": [TABLES["yields"][0], "pine,36,carbon,36,t C/ha,x"]},
    "projection.yield_begins": {"yields": TABLES["yields"][1:]},
    "projection.yield_twice": {"yields": [*TABLES["yields"], TABLES["yields"][1]]},
    "projection.yield_kinds": {"yields": [*TABLES["yields"], "pine,60,volume,90,m3/ha,x"]},
    "projection.volume_alone": {
        "yields": [row.replace("carbon", "volume").replace("t C", "m3") for row in TABLES["yields"]]
    },
    "projection.no_event": {"events": ["all,150102,pine,storm,2024,25-200,area,2,ha,x"]},
    "projection.area_of_all": {"events": ["all,all,pine,cut,2024,25-200,area,2,ha,x"]},
    "projection.too_early": {"events": ["all,150102,pine,cut,2023,25-200,area,2,ha,x"]},
    "projection.too_little_land": {"events": ["all,150102,pine,cut,2024,25-200,area,6,ha,x"]},
    "projection.matrix_beyond": {"disturbances": [*TABLES["disturbances"], "cut,biomass,litter,share,0.2,1,x"]},
    "projection.matrix_twice": {"disturbances": [*TABLES["disturbances"], TABLES["disturbances"][0]]},
    "projection.matrix_silent": {"disturbances": ["cut,litter,atmosphere,share,0.3,1,x"]},
    "projection.pool": {"disturbances": [*TABLES["disturbances"], "cut,bark,litter,share,0.1,1,x"]},
    "projection.ages_unsaid": {"disturbances": [*TABLES["disturbances"], "burn,biomass,atmosphere,share,0.1,1,x"]},
    "projection.region_and_part": {"stands": [*TABLES["stands"], "1501,pine,10,area,20,ha,x"]},
    "projection.forest_twice": {"limits": ["forest,limit,20,t C/ha,x"]},
    "assessment.unknown_region": {"stands": ["159999,pine,10,area,20,ha,x"]},
    "assessment.span_backwards": {"stands": ["150101,pine,40-21,area,20,ha,x"]},
    "assessment.not_plausible": {"events": ["all,all,all,cut,2024,25-200,probability,40,1,x"]},
}


@pytest.mark.parametrize("id", FAULTS)
def test_tables_that_do_not_fit_are_refused(id: str, tmp_path: Path) -> None:
    with pytest.raises(AssessmentError) as refused:
        made(tmp_path, TABLES | FAULTS[id])
    assert id in [problem.id.removesuffix("_near") for problem in refused.value.problems]


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    faults = ("projection.no_event", "projection.yield_twice", "projection.region_and_part", "projection.matrix_twice")
    tables = TABLES | {name: rows for id in faults for name, rows in FAULTS[id].items()}
    with pytest.raises(AssessmentError) as refused:
        made(tmp_path, tables, years=(2020, 2030))
    assert {*faults, "projection.years"} <= {problem.id for problem in refused.value.problems}
