"""What stands on the land: growing stock, grass cover, NPP and the strata (species, steppe type, climate, soil)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from demo.cover import CODES, covers, take, targets
from demo.frame import PROVINCES, frame
from demo.projects import restored
from demo.terrain import Field, noise, terrain

SPECIES = {
    "larch": 1, "birch": 2, "poplar": 3, "oak": 4, "mongolian_pine": 5, "chinese_pine": 6,
    "elm": 7, "spruce": 8, "willow": 9, "other_conifer": 10, "other_broadleaf": 11,
}  # fmt: skip
STEPPES = {
    "meadow_steppe": 1, "typical_steppe": 2, "desert_steppe": 3, "steppe_desert": 4,
    "desert": 5, "lowland_meadow": 6, "mountain_meadow": 7, "marsh": 8,
}  # fmt: skip
ZONES = {
    "warm_temperate_moist": 1, "warm_temperate_dry": 2, "cool_temperate_moist": 3, "cool_temperate_dry": 4,
    "boreal_moist": 7, "boreal_dry": 8,
}  # fmt: skip
SOILS = {"hac": 1, "lac": 2, "sandy": 3, "wetland": 4, "volcanic": 5, "spodic": 6, "organic": 7}
NO_STOCK, NO_BYTE = 65535, 255
FULLNESS = {
    "larch": 1.15, "birch": 0.95, "poplar": 0.6, "oak": 0.8, "mongolian_pine": 1.0, "chinese_pine": 0.6,
    "elm": 0.25, "spruce": 1.1, "willow": 0.4, "other_conifer": 0.5, "other_broadleaf": 0.6,
}  # fmt: skip
"""Volume of a modelled stand against the mean of all; assumed, and rescaled to the calibration target."""


@cache
def species_group() -> NDArray[np.uint8]:
    """Species group of the cells that are forest at either date, 0 elsewhere."""
    t, on = terrain(), frame()
    mix = {name: noise("species " + name, 40, 3) for name in SPECIES}
    lat, lon = on.lat, on.lon
    east = (lon > 119.5) & (t.temperature > 0.5)
    dry = t.precipitation < 340
    score = {
        "larch": 1.5 - 0.55 * (t.temperature + 1.5) + 0.4 * t.ridge,
        "birch": 1.5 - 0.30 * np.abs(t.temperature + 0.5),
        "oak": np.where(east & (lat > 43.5), 1.4 + 0.12 * t.temperature, -1.0),
        "poplar": 0.2 + 0.18 * t.temperature + 0.8 * t.plain - 0.4 * t.ridge,
        "mongolian_pine": np.where((np.abs(lat - 48.3) < 0.7) & (np.abs(lon - 119.9) < 0.8), 2.6, -0.4),
        "chinese_pine": np.where(lat < 44.0, 0.4 + 0.12 * t.temperature + 0.6 * t.ridge, -2.0),
        "elm": 1.0 * t.sand + np.where(dry, 0.9, -0.5),
        "spruce": np.where((lon < 106.6) & (lat > 38.0) & (t.ridge > 0.3), 2.6, -1.5),
        "willow": 1.1 * t.water + 0.2,
        "other_conifer": np.where(lat < 42.0, 0.6, -1.2),
        "other_broadleaf": 0.35 + 0.08 * t.temperature,
    }
    table = np.stack([score[name] + 0.55 * mix[name] for name in SPECIES])
    code = np.array(list(SPECIES.values()), dtype=np.uint8)[np.argmax(table, axis=0)]
    return np.where(_either("forest"), code, 0).astype(np.uint8)


@cache
def grassland_type() -> NDArray[np.uint8]:
    """Steppe type of the cells that are grassland at either date, 0 elsewhere.

    The shares of the 1980s survey are applied to the grassland of Inner Mongolia in 2020 (shares, because the areas of
    the two surveys differ by definition); azonal types choose first, zonal types follow the moisture gradient.
    """
    t, on = terrain(), frame()
    area = on.province_ha("150000")
    grass = covers()["2020"] == CODES["grassland"]
    shares = targets().query("quantity == 'grass_type_share'").set_index("class")["value"]
    want = shares / shares.sum() * area[grass].sum()
    moisture = np.log(t.precipitation) - 0.035 * t.temperature
    scores = {
        "marsh": 1.2 * t.water + 0.8 * noise("valley", 24) + 0.4 * moisture - 0.08 * t.temperature,
        "lowland_meadow": 1.4 * t.water + 0.8 * t.plain + 0.5 * noise("lowland", 64) + 0.25 * t.sand,
        "mountain_meadow": 1.6 * t.ridge + 0.3 * moisture + 0.25 * noise("meadow", 48),
    }
    zonal = moisture + 0.06 * noise("steppe", 64)
    for name in ("meadow_steppe", "typical_steppe", "desert_steppe", "steppe_desert"):
        scores[name] = zonal
    code = np.full(len(on.cell), STEPPES["desert"], dtype=np.uint8)
    free = _either("grassland")
    for name, score in scores.items():
        # The threshold is that of Inner Mongolia's grassland; the same rule then holds for every grassland cell.
        pool = np.flatnonzero(free & grass & (area > 0))
        limit = score[pool[take(score[pool], area[pool], want[name])[-1]]]
        chosen = free & (score >= limit)
        code[chosen] = STEPPES[name]
        free &= ~chosen
    return np.where(_either("grassland"), code, 0).astype(np.uint8)


@cache
def growing_stock() -> dict[str, NDArray[np.uint16]]:
    """Stem volume of forest cells in 2020 and 2023, whole m3/ha, :data:`NO_STOCK` elsewhere."""
    t = terrain()
    cover, species = covers(), species_group()
    first, last = cover["2020"] == CODES["forest"], cover["2023"] == CODES["forest"]
    full = np.ones(max(SPECIES.values()) + 1)
    full[list(SPECIES.values())] = [FULLNESS[name] for name in SPECIES]
    shape = (
        full[species]
        * (t.precipitation / 430) ** 0.6
        * np.exp(0.30 * noise("age", 24, 3) + 0.15 * noise("site", 96, 3))
    )
    start = _by_province(
        lambda k, at: np.rint(k * shape[at]), first, {p: _total(p, "2020") for p in PROVINCES}, (0, 400)
    )
    # Older stands grow more slowly; about one cell in two hundred lost most of its stock to fire or felling.
    growth = full[species] * np.exp(0.25 * noise("growth", 32, 3)) / (1 + start / 150)
    lost = first & (noise("disturbance", 10, 2) > 2.6)

    def later(k: float, at: NDArray[np.int64]) -> Field:
        grown = np.where(first[at], start[at] + k * growth[at], 1 + 0.2 * k * growth[at])
        return np.rint(np.where(lost[at], 0.4 * start[at], grown))

    end = _by_province(later, last, {p: _total(p, "2023") for p in PROVINCES}, (0, 100))
    stock = {"2020": np.where(first, start, NO_STOCK), "2023": np.where(last, end, NO_STOCK)}
    return {date: values.astype(np.uint16) for date, values in stock.items()}


@cache
def grass_cover() -> dict[str, NDArray[np.uint8]]:
    """Vegetation cover of grassland cells, whole percent, :data:`NO_BYTE` elsewhere."""
    t, on = terrain(), frame()
    base = 1.5 * np.log(t.precipitation / 280) - 0.5 * t.sand - 0.8 * t.gobi + 0.22 * noise("cover", 48, 3)
    # Inside the restoration projects the odds of cover rise as well: about three to four points.
    weather = 0.10 * noise("weather 2023", 256, 3) + 0.15 * restored()
    result = {}
    for date, odds in (("2020", base), ("2023", base + weather)):
        grass = covers()[date] == CODES["grassland"]
        goals = {p: _cover_target(p, date) * on.province_ha(p)[grass].sum() for p in PROVINCES}

        def percent(k: float, at: NDArray[np.int64], odds: Field = odds) -> Field:
            return np.rint(100 / (1 + np.exp(-(odds[at] + k))))

        values = _by_province(percent, grass, goals, (-5, 5))
        result[date] = np.where(grass, values, NO_BYTE).astype(np.uint8)
    return result


@cache
def npp() -> dict[str, NDArray[np.uint16]]:
    """Net primary production of vegetated cells, g C/m2/yr in steps of 5, 0 elsewhere.

    The pattern is modelled; the mean of grassland in 2020 is set to 278.63 g C/m2/yr, the mean of 2000-2020 in
    Remote Sensing 13 (2021) 4480.
    """
    t, on = terrain(), frame()
    rise = {"forest": 1.5, "shrub": 0.9, "grassland": 1.0, "cropland": 1.3, "wetland": 1.35}
    supply = (t.precipitation / 300) ** 0.8 * np.exp(0.02 * np.minimum(t.temperature, 6))
    area = on.province_ha("150000")
    result, factor = {}, 0.0
    for date, weather in (("2020", 0.0), ("2023", 0.05 * noise("weather 2023", 256, 3) + 0.01)):
        kind = np.zeros(10)
        kind[[CODES[name] for name in rise]] = list(rise.values())
        raw = kind[covers()[date]] * supply * np.exp(weather)
        if date == "2020":
            grass = covers()[date] == CODES["grassland"]
            factor = 278.63 * area[grass].sum() / (raw * area)[grass].sum()
        result[date] = (5 * np.rint(factor * raw / 5)).astype(np.uint16)
    return result


@cache
def climate_zone() -> NDArray[np.uint8]:
    """IPCC climate zone of the modelled climate.

    Limits of 0 and 10 degC and rain against evaporation as in IPCC 2006, Vol. 4, Ch. 3, Annex 3A.5.
    """
    t = terrain()
    # A linear stand-in for PET, which the modelled climate does not hold; only the demonstration uses it.
    moist = t.precipitation > 430 + 16 * np.maximum(t.temperature, -4)
    zone = np.where(t.temperature < 0, "boreal", np.where(t.temperature < 10, "cool_temperate", "warm_temperate"))
    code = np.zeros(len(t.precipitation), dtype=np.uint8)
    for name in ("boreal", "cool_temperate", "warm_temperate"):
        code[(zone == name) & moist] = ZONES[f"{name}_moist"]
        code[(zone == name) & ~moist] = ZONES[f"{name}_dry"]
    return code


@cache
def soil_class() -> NDArray[np.uint8]:
    """IPCC soil class: high-activity clay unless sandy land, wetland, peat, lava or the far north says otherwise.

    Low-activity clay (tropical soils) does not occur here.
    """
    t, on = terrain(), frame()
    code = np.full(len(on.cell), SOILS["hac"], dtype=np.uint8)
    code[(t.temperature < -4.2) & (t.ridge > 0.55) & (noise("podzol", 64, 3) > 0.3)] = SOILS["spodic"]
    lava = (np.hypot((on.lon - 120.4) * 0.68, on.lat - 47.4) < 0.28) | (
        np.hypot((on.lon - 116.0) * 0.72, on.lat - 44.4) < 0.35
    )
    code[lava] = SOILS["volcanic"]
    code[(t.sand + t.gobi + 0.12 * noise("soil", 48, 3)) > 0.45] = SOILS["sandy"]
    wet = covers()["2020"] == CODES["wetland"]
    code[wet] = SOILS["wetland"]
    code[wet & (t.temperature < -2.5) & (noise("peat", 48, 3) > 0.6)] = SOILS["organic"]
    return code


def _either(name: str) -> NDArray[np.bool_]:
    """Cells of a class at one date or the other."""
    return np.asarray((covers()["2020"] == CODES[name]) | (covers()["2023"] == CODES[name]))


def _total(province: str, date: str) -> float:
    """Volume target, m3 (the table has 10^8 m3)."""
    rows = targets().query("region_code == @province and map_date == @date and quantity == 'volume'")
    return float(rows["value"].iloc[0]) * 1e8


def _cover_target(province: str, date: str) -> float:
    rows = targets().query("region_code == @province and map_date == @date and quantity == 'grass_cover'")
    return float(rows["value"].iloc[0])


class Values(Protocol):
    """A field on the cells ``at`` that rises with ``k``."""

    def __call__(self, k: float, at: NDArray[np.int64]) -> Field: ...


def _by_province(
    values: Values,
    where: NDArray[np.bool_],
    goals: dict[str, float],
    bounds: tuple[float, float],
) -> Field:
    """``values(k, cells)`` with one k per province, so that the area-weighted sum over each province meets its goal.

    The provinces share the cells on their border, so the fit is repeated until neither moves the other's sum.
    """
    on = frame()
    result = np.zeros(len(on.cell))
    owner = np.array([league.province for league in on.leagues])[on.owner]
    for _ in range(3):
        for province, goal in goals.items():
            area = on.province_ha(province)
            mine = np.flatnonzero(where & (owner == province))
            theirs = where & (owner != province)
            rest = goal - float((area * result)[theirs].sum())
            result[mine] = _calibrated(partial(values, at=mine), area[mine], rest, *bounds)
    return result


def _calibrated(values: Callable[[float], Field], area: Field, goal: float, low: float, high: float) -> Field:
    """``values(k)`` for the k at which their area-weighted sum meets ``goal``, by bisection (the sum rises with k)."""
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if float((values(middle) * area).sum()) < goal else (low, middle)
    return values((low + high) / 2)
