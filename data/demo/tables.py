"""Tables beside the maps: statistics by league, forestry inputs and everything an assessment needs.

``basis`` says of every row what it is: ``read`` and ``memory`` rest on a document, ``derived`` on a formula over such
rows, ``modelled`` and ``illustrative`` are made for the demonstration and stand for nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from demo import layers, projects
from demo.calibration import calibration
from demo.cover import CODES, HA, covers, league_areas
from demo.frame import frame
from demo.terrain import INPUTS, SEED
from demo.write import write_table

YEARS = (2020, 2021, 2022, 2023)
DEMO = "示范数据（示意）"
CEADS = "CEADs 290 城市清单（Shan et al. 2022, Sci. Bull. 67:1910）"
CONTENTS = {
    "new_projects": 0.060, "energy_saving": -0.025, "retired_capacity": -0.012, "structure": -0.018,
}  # fmt: skip
"""Kinds of the carbon budget and their illustrative share of the base year's emissions."""


def make(folder: Path) -> None:
    """Write every table into ``folder``."""
    tables = {
        "calibration": calibration(),
        "league_statistics": league_statistics(),
        "harvest": harvest(),
        "confusion_matrix": confusion_matrix(),
        "growth_plots": growth_plots(),
        "emissions": emissions(),
        "gdp": gdp(),
        "abatement_projects": abatement(),
        "targets": assessment_targets(),
        "carbon_budget": carbon_budget(),
        "ccer_ledger": projects.ledger(),
    }
    for name, table in tables.items():
        write_table(folder / f"{name}.csv", table)


def league_statistics() -> pd.DataFrame:
    """Area, growing stock and grass cover by league, date and class, as a statistical yearbook would print them."""
    on, rows = frame(), []
    sizes = len(on.leagues), max(CODES.values()) + 1
    for date in ("2020", "2023"):
        cover = covers()[date]
        area = league_areas(on, cover)
        # Means of the cells a league owns: a yearbook's figure, not the exact overlay.
        stock = np.where(cover == CODES["forest"], layers.growing_stock()[date], 0).astype(float)
        percent = np.where(cover == CODES["grassland"], layers.grass_cover()[date], 0).astype(float)
        owned, volume, covered = np.zeros(sizes), np.zeros(sizes), np.zeros(sizes)
        for total, value in ((owned, on.owner_ha), (volume, on.owner_ha * stock), (covered, on.owner_ha * percent)):
            np.add.at(total, (on.owner, cover), value)
        for number, league in enumerate(on.leagues):
            for name, code in CODES.items():
                mean = {"forest": volume, "grassland": covered}.get(name, volume)[number, code] / max(
                    owned[number, code], 1
                )
                rows.append({
                    "region_code": league.code, "region": league.name, "date": date, "land_cover": code, "class": name,
                    "area (10^4 ha)": round(area[number, code] / HA, 4),
                    "growing_stock (m3/ha)": round(mean, 2) if name == "forest" else "",
                    "grass_cover (%)": round(mean, 2) if name == "grassland" else "",
                    "basis": "modelled", "source": "示范栅格汇总（校准依据见 calibration.csv）",
                })  # fmt: skip
    return pd.DataFrame(rows)


def harvest() -> pd.DataFrame:
    """Commercial harvest and fuelwood by league and year: small shares of the modelled stock."""
    statistics = league_statistics().query("`class` == 'forest' and date == '2020'")
    rng = np.random.default_rng([SEED, 21])
    rows = []
    for league in _records(statistics):
        volume = league["area (10^4 ha)"] * HA * league["growing_stock (m3/ha)"]
        for year in YEARS:
            for quantity, share in (("harvest", 0.0012), ("fuelwood", 0.0003)):
                value = int(volume * share * rng.uniform(0.9, 1.1))
                rows.append(_row(league, year, quantity=quantity, value=value, unit="m3/yr", basis="modelled"))
    return pd.DataFrame(rows)


def confusion_matrix() -> pd.DataFrame:
    """Sample counts of map class against reference class (illustrative), one row per pair."""
    wide = pd.read_csv(INPUTS / "confusion.csv")
    table = wide.melt("map_class", var_name="reference_class", value_name="count")
    return table.assign(land_cover="clcd", basis="illustrative", source=DEMO)


def growth_plots() -> pd.DataFrame:
    """Plots of stand age and volume, drawn around a Richards curve V = A (1 - exp(-k t))^c (modelled)."""
    rng = np.random.default_rng([SEED, 22])
    parts = []
    for curve in pd.read_csv(INPUTS / "growth_curves.csv").to_dict("records"):
        age = np.sort(rng.integers(3, 120 if curve["rate"] < 0.05 else 45, 40))
        mean = curve["asymptote"] * (1 - np.exp(-curve["rate"] * age)) ** curve["shape"]
        volume = np.round(mean * np.exp(rng.normal(0, 0.18, len(age))), 1)
        parts.append(pd.DataFrame({
            "plot_id": [f"{curve['species_group']}-{number:02d}" for number in range(1, len(age) + 1)],
            "species_group": curve["species_group"], "stand_age (yr)": age, "growing_stock (m3/ha)": volume,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True).assign(basis="modelled", source=DEMO)


def gdp() -> pd.DataFrame:
    """GDP at constant 2020 prices: the 2020 figure carried on by comparable growth rates.

    Growth is the league's own where a statistical bulletin could be read, else that of Inner Mongolia.
    """
    rows = []
    for league in _economy():
        value = league["gdp_2020"]
        for year in YEARS:
            growth = league.get(f"growth_{year}", "")
            value = value * (1 + growth / 100) if growth != "" else value
            note = "现价即 2020 年价" if growth == "" else "上年值 x (1 + 可比价增速)"
            rows.append(
                _row(
                    league,
                    year,
                    quantity="gdp",
                    value=round(value, 2),
                    unit="10^8 yuan",
                    basis=league["gdp_basis"] if growth == "" else "derived",
                    source=league["gdp_source"] if growth == "" else _growth_source(league["region_code"], year),
                    note=note,
                    price_base="2020 constant",
                    growth_percent=growth,
                )
            )
    return pd.DataFrame(rows)


def emissions() -> pd.DataFrame:
    """Emissions by energy, process and net imported power.

    The last CEADs year stands for 2020, split by assumed shares and carried on by assumed elasticities.
    """
    growth = gdp().set_index(["region_code", "year"])["value"]
    rows = []
    for league in _economy():
        code, base = league["region_code"], league["ceads_mt"] * 100
        source = f"{CEADS} {league['ceads_year']} 年合计 {base:.1f} 万 t；其余为示意"
        for year in YEARS:
            scale = (growth[code, year] / growth[code, 2020]) ** league["elasticity"]
            shares = {
                "energy": 1 - league["process_share"], "process": league["process_share"],
                "net_imported_power": league["power_share"],
            }  # fmt: skip
            for quantity, share in shares.items():
                note = {
                    "energy": f"以 {league['ceads_year']} 年合计代 2020 年，GDP 弹性 {league['elasticity']}（假定）",
                    "process": f"占合计 {league['process_share']:.0%}（假定）",
                    "net_imported_power": f"占合计 {league['power_share']:+.0%}（假定），负数为净调出",
                }[quantity]
                rows.append(
                    _row(
                        league,
                        year,
                        quantity=quantity,
                        value=round(base * share * scale, 2),
                        unit="10^4 t CO2",
                        basis="illustrative",
                        source=source,
                        note=note,
                    )
                )
    return pd.DataFrame(rows)


def abatement() -> pd.DataFrame:
    """Yearly reductions of illustrative abatement projects (CCUS and the like) from their start on."""
    names = {league.code: league.name for league in frame().leagues}
    rows = []
    for project in pd.read_csv(INPUTS / "abatement.csv", dtype={"region_code": str}).to_dict("records"):
        for year in (year for year in YEARS if year >= project["start_year"]):
            league = {"region_code": project["region_code"], "region": names[project["region_code"]]}
            extra = {"project_id": project["project_id"], "name": project["name"], "kind": project["kind"]}
            rows.append(_row(league, year, quantity="abatement", value=project["value"], unit="10^4 t CO2", **extra))
    return pd.DataFrame(rows)


def assessment_targets() -> pd.DataFrame:
    """Five-year targets: published ones, and illustrative ones for the leagues that have none."""
    table = emissions()
    base = table[table["year"] == 2020].groupby("region_code")["value"].sum()
    table = pd.read_csv(INPUTS / "policy_targets.csv", dtype={"region_code": str})
    rows = _records(table)
    for league in _economy():
        published = league["target_basis"] == "read"
        common = {
            "region_code": league["region_code"],
            "region": league["region"],
            "base_year": 2020,
            "target_year": 2025,
        }
        rows.append({
            **common, "indicator": "intensity_reduction", "definition": "单位地区生产总值二氧化碳排放较基年下降",
            "value": league["intensity_target"], "unit": "%", "basis": league["target_basis"],
            "source": "鄂尔多斯市减污降碳协同增效实施方案（鄂环发〔2023〕76号）" if published else DEMO,
            "locator": "单位地区生产总值二氧化碳排放下降 17.5%" if published else "",
        })  # fmt: skip
        rows.append({
            **common, "indicator": "expected_total", "definition": "能源、过程与净调入电力排放合计（预期性）",
            "value": round(base[league["region_code"]] * 1.08, 1), "unit": "10^4 t CO2", "basis": "illustrative",
            "source": DEMO, "locator": "",
        })  # fmt: skip
    return pd.DataFrame(rows)


def carbon_budget() -> pd.DataFrame:
    """Planned increments and reductions per league, 2021-2025 (illustrative).

    Abatement projects and the sink are not repeated here: they have their own sources.
    """
    table = emissions()
    base = table[table["year"] == 2020].groupby("region_code")["value"].sum()
    rows = []
    for league in _economy():
        for kind, share in CONTENTS.items():
            value = round(base[league["region_code"]] * share, 2)
            rows.append(_row(league, "2021-2025", quantity=kind, value=value, unit="10^4 t CO2"))
    return pd.DataFrame(rows)


def _economy() -> list[dict[str, Any]]:
    table = pd.read_csv(INPUTS / "economy.csv", dtype={"region_code": str})
    names = {league.code: league.name for league in frame().leagues}
    table = table.assign(region=table["region_code"].map(names))
    return _records(table)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _growth_source(code: str, year: int) -> str:
    own = {("150200", 2023): "包头市 2023 年概况", ("150500", 2022): "通辽市 2022 年统计公报",
           ("152900", 2022): "阿拉善盟 2022 年统计公报"}  # fmt: skip
    recalled = "，凭记忆待核" if year == 2021 else ""
    return own.get((code, year), f"内蒙古自治区 {year} 年增速（该盟市增速未取到{recalled}）")


def _row(
    league: dict[str, Any], year: int | str, *, quantity: str, value: float, unit: str, basis: str = "illustrative",
    source: str = DEMO, note: str = "", **more: object,
) -> dict[str, object]:  # fmt: skip
    return {
        "region_code": league["region_code"], "region": league["region"], "year": year, **more, "quantity": quantity,
        "value": value, "unit": unit, "basis": basis, "source": source, "note": note,
    }  # fmt: skip
