"""The GeoPackage of a run beside its account: every figure under the name that says what it is, and the outlines.

Figures are read by sqlite3, outlines by pyogrio; the names of fields are made here anew, from the words of the account.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from sinks.verification.findings import EXACT, Deviation, Findings
from sinks.verification.laws import ALL, worst
from sinks.verification.written import Written

FILE = "account.gpkg"

_NAMES = ("code", "name", "level", "parent")
_WORDS = {
    "area": "area", "carbon_stock": "stock", "net_removals": "rem", "stock_change": "chg",
    "newly_known": "new", "no_longer_known": "gone", "not_estimated": "left",
}  # fmt: skip
_ENDS = {"value": "", "low": "_low", "high": "_high"}
_SHARES = {"coverage": "cov", "uncertain_share": "unc"}


def check_geopackage(run: Written, findings: Findings) -> None:
    """Figures and outlines of ``account.gpkg``, to the last digit; a field or region that is not of the run fails."""
    path = run.folder / FILE
    if not path.is_file():
        findings.leave("geopackage", FILE, "verification.nothing_there")
        return
    try:
        layers = _tables(path)
        outlines = {name: pyogrio.read_dataframe(path, layer=name, columns=["code"]) for name in layers}
    except (sqlite3.Error, DataSourceError, DataLayerError, ValueError, KeyError) as error:
        findings.fail("geopackage", FILE, 1, "verification.unreadable", reason=str(error)[:200])
        return
    regions = run.regions.set_index("code")
    expected, found = _expected(run), Deviation()
    strange: list[str] = []
    for level, table in layers.items():
        strange += _strangers(level, table, regions, expected)
        found = found.beside(_figures(table, expected)).beside(_outlines(level, outlines[level], regions))
    gone = sorted(set(regions.index) - {code for table in layers.values() for code in table["code"]})
    if strange or gone:
        findings.fail("geopackage", FILE, len(strange) + len(gone), "verification.strangers", names=[*strange, *gone])
    findings.compare("geopackage", FILE, found, EXACT)


def _tables(path: Path) -> dict[str, pd.DataFrame]:
    """Rows of each layer, without outlines; a view, which may compute anything, is an error."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
        named = base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchall()
        kinds = dict(base.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')").fetchall())
        found = {}
        for (name,) in named:
            if kinds.get(name) != "table":
                raise ValueError(f"{name}: {kinds.get(name)}")
            quoted = '"' + name.replace('"', '""') + '"'
            table = pd.read_sql_query(f"SELECT * FROM {quoted}", base)
            found[str(name)] = table.drop(columns=[c for c in ("fid", "geom") if c in table.columns])
        return found


def _expected(run: Written) -> dict[str, dict[str, float]]:
    """Figure of each region by name of the field, of whatever a field could be of."""
    rows = run.account[(run.account["stratum"] == ALL) & (run.account["pool"] == ALL)]
    rows = rows[rows["quantity"].isin(_WORDS)]
    found: dict[str, dict[str, float]] = {}
    for row in rows.to_dict("records"):
        word, span = _WORDS[row["quantity"]], re.sub(r"[^0-9a-z]+", "_", str(row["period"]).lower()).strip("_")
        land = "total" if row["ecosystem"] == ALL else row["ecosystem"]
        for column, end in _ENDS.items():
            found.setdefault(f"{word}_{land}_{span}{end}", {})[row["region_code"]] = float(row[column])
        if land == "total":
            for column, share in _SHARES.items():
                found.setdefault(f"{share}_{word}_{span}", {})[row["region_code"]] = float(row[column])
    return found


def _strangers(level: str, table: pd.DataFrame, regions: pd.DataFrame, expected: dict[str, Any]) -> list[str]:
    """Fields and regions that the run does not have, and regions that are called otherwise."""
    words = {*_NAMES, "notice"}
    fields = [str(column) for column in table.columns]
    strange = [f"{level}.{c}" for c in fields if c not in words and c not in expected and not c.startswith("mark_")]
    for row in table[list(_NAMES)].fillna("").to_dict("records"):
        code = row.pop("code")
        known = regions.loc[code] if code in regions.index else None
        if known is None or row != {name: _text(known[name]) for name in row} or row["level"] != level:
            strange.append(str(code))
    return strange


def _text(value: object) -> object:
    return "" if value is None or value != value else value


def _figures(table: pd.DataFrame, expected: dict[str, dict[str, float]]) -> Deviation:
    """Greatest difference of a figure, relative to what it should be; what is there on one side only is off by 1."""
    off, where = [], []
    for field in (str(column) for column in table.columns if column in expected):
        there = pd.to_numeric(table[field], errors="coerce").to_numpy(float)
        sought = table["code"].map(expected[field]).to_numpy(float)
        size = np.where(sought == 0, 1.0, np.abs(sought))
        apart = np.where(np.isnan(there) & np.isnan(sought), 0.0, np.abs(there - sought) / size)
        off.append(np.where(np.isnan(apart), 1.0, apart))
        where += [f"{code} {field}" for code in table["code"]]
    return worst(np.concatenate(off), where) if off else Deviation()


def _outlines(level: str, layer: Any, regions: Any) -> Deviation:
    """1 for every outline that is not, point by point, the one of the run."""
    known = layer[layer["code"].isin(regions.index)]
    own = regions.loc[known["code"], "geometry"].to_numpy()
    same = shapely.equals_exact(_many(known.geometry.to_numpy()), _many(own), tolerance=0.0)
    return worst((~same).astype(float), [f"{level} {code}" for code in known["code"]]) if len(known) else Deviation()


def _many(shapes: Any) -> Any:
    """Polygons as multipolygons of one, which is what the file holds."""
    return np.array([shapely.multipolygons(shapely.get_parts(shape)) for shape in shapes], dtype=object)
