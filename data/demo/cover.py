"""Modelled land cover of 2020 and 2023 with calibrated areas.

Inside each league every class takes the cells that suit it best until its area is reached, so the pattern is modelled
and the area is the target's.  Cells that two leagues share are settled first and alike for all, which makes the leagues
independent of each other: the rest of each league is then ranked to the exact remainder, and what one league could not
place (less than a cell) is carried to the next, so that the region meets its total within a cell as well.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from demo.frame import Frame, frame
from demo.projects import restored
from demo.terrain import INPUTS, Field, Terrain, noise, terrain

CODES = {"cropland": 1, "forest": 2, "shrub": 3, "grassland": 4, "water": 5, "bare": 7, "urban": 8, "wetland": 9}
"""CLCD codes (Yang & Huang 2021, ESSD 13:3907); snow and ice (6) does not occur here."""
ORDER = ("urban", "water", "wetland", "cropland", "forest", "shrub", "grassland")
"""Order in which classes choose their cells; bare land is what remains."""
HINGGAN = "152200"
"""The only league with a complete land survey that could be read, for the end of 2023: its 2020 map is cast back."""
HA = 1e4
"""The survey tables are in 10^4 ha."""


@cache
def targets() -> pd.DataFrame:
    """Cited (or marked) totals, one row per component, as in ``inputs/targets.csv``."""
    return pd.read_csv(INPUTS / "targets.csv", dtype={"region_code": str, "map_date": str}).fillna("")


def area_target(code: str, date: str, name: str) -> float | None:
    """Target of a class, ha: the sum of its components; None where there is none."""
    table = targets()
    rows = table.query("region_code == @code and map_date == @date and quantity == 'area' and `class` == @name")
    return float(rows["value"].sum()) * HA if len(rows) else None


@cache
def covers() -> dict[str, NDArray[np.uint8]]:
    """CLCD code of each observed cell in 2020 and 2023."""
    on, scores = frame(), suitability(terrain())
    wanted = _league_targets(on)
    draft = np.zeros(len(on.cell), dtype=np.uint8)
    for number, league in enumerate(on.leagues):
        mine = np.flatnonzero(on.owner == number)
        draft[mine] = _allocate(
            mine, scores, on.owner_ha[mine], {name: float(wanted[name][league.code]) for name in ORDER}
        )
    before = np.where(on.shared, draft, 0).astype(np.uint8)
    after = before.copy()
    settled = _shared_areas(on, before)
    carry = {province: dict.fromkeys(ORDER, 0.0) for province in {league.province for league in on.leagues}}
    # Hinggan first: what its back-cast 2020 map leaves of the regional totals is divided among the others.
    for code in sorted(wanted.index, key=lambda code: code != HINGGAN):
        number, province = on.index(code), code[:2] + "0000"
        mine = np.flatnonzero((on.owner == number) & ~on.shared)
        weight = on.owner_ha[mine]
        want = {
            name: wanted.at[code, name] - settled[number, CODES[name]] + carry[province][name] * (code != HINGGAN)
            for name in ORDER
        }
        base = _allocate(mine, scores, weight, want)
        flows = _flows(code)
        if code == HINGGAN:
            before[mine] = _transfer(base, mine, scores, weight, flows.rename(columns={"from": "to", "to": "from"}))
            after[mine] = base
            got = _areas(before[mine], weight) + settled[number]
            wanted = _share_out(on, wanted, {name: got[CODES[name]] for name in ORDER})
            continue
        before[mine] = base
        after[mine] = _transfer(base, mine, scores, weight, flows)
        got = _areas(base, weight)
        carry[province] = {name: want[name] - got[CODES[name]] for name in ORDER}
    return {"2020": before, "2023": after}


def suitability(t: Terrain) -> dict[str, Field]:
    """Score of each class on the observed cells; only the order of the scores inside a league matters."""
    n = {name: noise(name, cells) for name, cells in (("fine", 16), ("patch", 48), ("broad", 160), ("valley", 24))}
    wet = np.log(t.precipitation)
    dry = 1 / (1 + np.exp((t.precipitation - 330) / 25))
    cold = -t.temperature / 5
    plough = 1.6 * t.plain + 0.9 * wet + 0.10 * t.temperature - 1.0 * t.sand - 1.2 * t.ridge - 0.8 * t.gobi
    return {
        "urban": 3.0 * t.town + 0.5 * plough + 0.45 * n["fine"] + 0.2 * n["patch"],
        "water": 4.0 * t.water + 0.5 * n["valley"] + 0.2 * wet - 0.3 * t.ridge,
        "wetland": 1.4 * t.water + 0.45 * cold + 0.9 * n["valley"] + 0.5 * wet + 0.35 * n["patch"],
        "cropland": plough + 0.30 * n["patch"] + 0.22 * n["fine"] + 0.15 * n["broad"],
        "forest": 2.2 * t.ridge + 1.3 * wet + 0.12 * cold - 0.5 * t.plain + 0.32 * n["patch"] + 0.28 * n["fine"],
        "shrub": 1.0 * t.sand
        + 0.6 * t.ridge
        + 0.5 * dry
        - 0.6 * t.gobi
        + 0.6 * n["patch"]
        + 0.45 * n["fine"]
        + 0.4 * wet,
        "grassland": 1.5 * wet - 1.1 * t.sand - 1.2 * t.gobi + 0.3 * n["patch"] + 0.25 * n["fine"] + 0.2 * n["broad"],
    }


def take(score: Field, weight: Field, target: float) -> NDArray[np.int64]:
    """Positions of the best-scored cells whose summed weight comes closest to ``target``."""
    order = np.argsort(-score, kind="stable")
    total = np.cumsum(weight[order])
    count = int(np.searchsorted(total, target))
    # One cell more overshoots; keep it when that is nearer than stopping short.
    if count < len(total) and total[count] - target < target - (total[count - 1] if count else 0.0):
        count += 1
    return order[:count]


def _allocate(
    mine: NDArray[np.int64], scores: dict[str, Field], weight: Field, want: dict[str, float]
) -> NDArray[np.uint8]:
    """Classes of one league's cells."""
    code = np.full(len(mine), CODES["bare"], dtype=np.uint8)
    free = np.arange(len(mine))
    for name in ORDER:
        chosen = take(scores[name][mine[free]], weight[free], want[name])
        code[free[chosen]] = CODES[name]
        free = np.delete(free, chosen)
    if not len(free):
        raise ValueError(
            "the class areas of inputs/league_areas.csv fill a league completely: nothing is left to be bare"
        )
    return code


def _transfer(
    base: NDArray[np.uint8], mine: NDArray[np.int64], scores: dict[str, Field], weight: Field, flows: pd.DataFrame
) -> NDArray[np.uint8]:
    """Apply modelled transitions: of each class a small share moves, where the new class fits best.

    Bare land is greened inside the restoration projects first, so that they have an effect to be found.
    """
    scatter = noise("change", 12, 3)[mine]
    works = restored()[mine]
    after = base.copy()
    for flow in flows.to_dict("records"):
        source = np.flatnonzero((base == CODES[flow["from"]]) & (after == base))
        area = weight[base == CODES[flow["from"]]].sum() * flow["share_percent"] / 100
        score = scores[flow["to"]][mine[source]] if flow["to"] in scores else -scores["grassland"][mine[source]]
        score = score + 1.5 * scatter[source]
        if flow["from"] == "bare":
            score = score + 3.0 * works[source]
        after[source[take(score, weight[source], area)]] = CODES[flow["to"]]
    return after


@cache
def _flows(code: str) -> pd.DataFrame:
    """Transitions of a league: its own rows stand in for the general ones (empty code)."""
    table = pd.read_csv(INPUTS / "transitions.csv", dtype={"region_code": str}).fillna({"region_code": ""})
    table = table[table["region_code"].isin(["", code])]
    return table.drop_duplicates(["from", "to"], keep="last").drop(columns="region_code")


def _league_targets(on: Frame) -> pd.DataFrame:
    """Class areas per league, ha: cited where there is a figure, else the modelled split scaled to the region."""
    modelled = pd.read_csv(INPUTS / "league_areas.csv", dtype={"region_code": str}).set_index("region_code") * HA
    modelled.loc[HINGGAN] = {name: area_target(HINGGAN, "2023", name) for name in ORDER}
    return _share_out(on, modelled[list(ORDER)], {name: float(modelled[name][HINGGAN]) for name in ORDER})


def _share_out(on: Frame, areas: pd.DataFrame, hinggan: dict[str, float]) -> pd.DataFrame:
    """Scale the modelled leagues so that, with the cited ones, each province meets its cited total of 2020."""
    areas = areas.copy()
    for province in sorted({league.province for league in on.leagues}):
        for name in ORDER:
            total = province_target(province, name, areas)
            if total is None:
                continue
            inside = [code for code in areas.index if code[:2] == province[:2]]
            cited = {code: area_target(code, "2020", name) for code in inside if code != HINGGAN}
            fixed = {code: value for code, value in cited.items() if value is not None}
            if HINGGAN in inside:
                fixed[HINGGAN] = hinggan[name]
            rest = [code for code in inside if code not in fixed]
            areas.loc[rest, name] *= (total - sum(fixed.values())) / areas.loc[rest, name].sum()
            for code, value in fixed.items():
                if code != HINGGAN:
                    areas.loc[code, name] = value
    return areas


def province_target(province: str, name: str, areas: pd.DataFrame) -> float | None:
    """Cited total of a class; a total of forest and shrub together is divided as the modelled areas are."""
    total = area_target(province, "2020", name)
    if total is None and name in ("forest", "shrub"):
        both = area_target(province, "2020", "forest+shrub")
        inside = areas[areas.index.str[:2] == province[:2]]
        total = None if both is None else both * inside[name].sum() / (inside["forest"].sum() + inside["shrub"].sum())
    return total


def _shared_areas(on: Frame, code: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Area by league and code that lies in cells shared between leagues, ha."""
    areas = np.zeros((len(on.leagues), max(CODES.values()) + 1))
    np.add.at(areas, (on.owner[on.shared], code[on.shared]), on.owner_ha[on.shared])
    position, league, share = on.foreign
    np.add.at(areas, (league, code[position]), share)
    return areas


def _areas(code: NDArray[np.uint8], weight: Field) -> NDArray[np.float64]:
    return np.bincount(code, weights=weight, minlength=max(CODES.values()) + 1).astype(np.float64, copy=False)


def league_areas(on: Frame, code: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Area by league and code over all cells, ha."""
    areas = _shared_areas(on, code)
    alone = ~on.shared
    np.add.at(areas, (on.owner[alone], code[alone]), on.owner_ha[alone])
    return areas
