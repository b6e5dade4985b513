"""The calibration table: every target, what it rests on, and what the rasters hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from demo import layers
from demo.cover import CODES, HA, HINGGAN, ORDER, area_target, covers, league_areas, targets
from demo.frame import frame

RELATIVE_TOLERANCE = {"volume": 1e-4, "grass_cover": 1e-3, "grass_type_share": 1e-3}
"""Allowed deviation from a target, as a share of it; volumes and covers are stored as whole numbers."""


def calibration() -> pd.DataFrame:
    """Targets as in ``inputs/targets.csv`` with ``target`` (sum of the components), ``achieved`` and ``tolerance``."""
    table = targets().copy()
    keys = ["region_code", "map_date", "quantity", "class"]
    total = table.groupby(keys)["value"].transform("sum")
    shares = table["quantity"] == "grass_type_share"
    table["target"] = np.where(shares, 100 * table["value"] / table.loc[shares, "value"].sum(), total)
    table["target_unit"] = np.where(shares, "%", table["unit"])
    known = {key: _achieved(*key) for key in set(table[keys].itertuples(index=False, name=None))}
    table["achieved"] = [round(known[key], 6) for key in table[keys].itertuples(index=False, name=None)]
    table["tolerance"] = [
        _tolerance(*row) for row in zip(table["quantity"], table["target"], table["role"], strict=True)
    ]
    return pd.concat([table, _split()], ignore_index=True).fillna("")


def _achieved(code: str, date: str, quantity: str, name: str) -> float:
    on, cover = frame(), covers()[date]
    area = on.province_ha(code) if code.endswith("0000") else _league_ha(code)
    if quantity == "area":
        return float(sum(area[cover == CODES[part]].sum() for part in name.split("+")) / HA)
    if quantity == "volume":
        stock = layers.growing_stock()[date]
        held = stock != layers.NO_STOCK
        return float((area[held] * stock[held]).sum() / 1e8)
    if quantity == "volume_share":
        return 100 * _achieved(code, date, "volume", name) / _achieved("150000", date, "volume", name)
    if quantity == "grass_cover":
        percent = layers.grass_cover()[date]
        held = percent != layers.NO_BYTE
        return float((area[held] * percent[held]).sum() / area[held].sum())
    if quantity == "grass_type_share":
        grass = cover == CODES["grassland"]
        return float(100 * area[grass & (layers.grassland_type() == layers.STEPPES[name])].sum() / area[grass].sum())
    raise ValueError(f"unknown quantity {quantity!r} in inputs/targets.csv")


def _league_ha(code: str) -> NDArray[np.float64]:
    """Area of each observed cell inside one league, ha."""
    on, number = frame(), frame().index(code)
    area = np.where(on.owner == number, on.owner_ha, 0.0)
    position, league, share = on.foreign
    area[position[league == number]] += share[league == number]
    return area


def _tolerance(quantity: str, target: float, role: str) -> float | str:
    if role == "comparison":
        return ""
    if quantity == "area":
        return round(float(frame().cell_ha.max()) / HA, 6)
    return round(RELATIVE_TOLERANCE[quantity] * target, 6)


def _split() -> pd.DataFrame:
    """What no statistic gives: areas of the leagues in 2020, marked as modelled."""
    on = frame()
    areas = league_areas(on, covers()["2020"])
    rows = []
    for number, league in enumerate(on.leagues):
        for name in ORDER:
            if area_target(league.code, "2020", name) is not None:
                continue
            value = round(areas[number, CODES[name]] / HA, 4)
            note = (
                "由 2023 年图按模拟变化倒推"
                if league.code == HINGGAN
                else "盟市未公布（或未取到）该数；按自治区总数模拟拆分"
            )
            rows.append({
                "region_code": league.code, "region": league.name, "map_date": "2020", "quantity": "area",
                "class": name, "component": name, "value": value, "unit": "10^4 ha", "definition": "模拟",
                "basis": "modelled", "role": "modelled_split", "source": "示范数据", "note": note,
                "target_unit": "10^4 ha", "achieved": value,
            })  # fmt: skip
    return pd.DataFrame(rows)
