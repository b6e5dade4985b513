"""The account on the map: one GeoPackage layer per level, one row per region, figures in columns.

Field names are short ASCII, which every program reads; each field has its full name as alias, which QGIS shows.
Figures are in base units (ha, t C, t CO2/yr), so that a map can scale them as it likes.
"""

from __future__ import annotations

import errno
import filecmp
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyogrio

from sinks.errors import Problem, RunError
from sinks.results.labels import label, term
from sinks.results.level_names import level_names
from sinks.results.marks import marks
from sinks.results.qgis_styles import Style, styles_of, write_styles
from sinks.results.shown_tables import SUMMARY_QUANTITIES, ordered_ecosystems, summary_table
from sinks.results.withheld import withheld
from sinks.vocabulary import ALL

if TYPE_CHECKING:
    from sinks.results.contents import RunContents

_REGION_FIELDS = ["code", "name", "level", "parent"]
_SHORT = {"area": "area", "carbon_stock": "stock", "net_removals": "rem", "stock_change": "chg"}
_SHORT |= {"newly_known": "new", "no_longer_known": "gone", "not_estimated": "left"}
_SUFFIX = {"value": "", "low": "_low", "high": "_high"}
_SHARES = {"coverage": "cov", "uncertain_share": "unc"}
_UNIT = dict.fromkeys(_SHORT, "unit.t_c") | {"area": "unit.ha", "net_removals": "unit.t_co2_yr"}
_OF_ALL_LAND = ("stock_change", "newly_known", "no_longer_known", "not_estimated")
"""Quantities that a region has one field of, that of all its land together."""

Column = tuple[str, str, str, str]
"""Ecosystem, quantity, period, statistic."""


def write_geopackage(contents: RunContents, path: Path) -> None:
    """Write ``account.gpkg``, twice: GDAL says nothing of a write that the disk refused.

    A row of the file's own tables is lost then, or half a layer, and the rest looks sound.  The same input gives the
    same bytes, so that two files which differ tell of it.

    Parameters
    ----------
    contents : RunContents
        The run; its regions are in EPSG:4490.
    path : Path
        File to write.

    Raises
    ------
    RunError
        Two periods would share a field name.
    OSError
        The disk lost a part of what was written.
    """
    again = path.with_name(f"again-{path.name}")
    layers = _layers(contents)
    try:
        _write(contents, layers, path)
        _write(contents, layers, again)
        if not filecmp.cmp(path, again, shallow=False):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
    finally:
        again.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Layers:
    """What is written of a run: a table for each level, the full names of its fields, and its styles."""

    rows: dict[str, pd.DataFrame]
    aliases: dict[str, str]
    styles: dict[str, list[Style]]


def _layers(contents: RunContents) -> _Layers:
    by_column = _wide(contents.account)
    names = _field_names(list(by_column))
    figures = pd.DataFrame({names[column]: values for column, values in by_column.items()})
    aliases = {field: _alias(column) for column, field in names.items()}
    for field, (alias, texts) in _remarks(contents).items():
        figures[field], aliases[field] = texts, alias
    frame, doubted = contents.regions.frame, withheld(contents)
    layers, styles = {}, {}
    for level in dict.fromkeys(frame["level"]):
        rows = frame.loc[frame["level"] == level, [*_REGION_FIELDS, "geometry"]]
        if contents.record["demonstration"]:
            # A layer copied out of the file still says what it is.
            rows = rows.assign(notice=label("readme.demonstration_short"))
        styles[str(level)] = [*styles_of(figures[figures.index.isin(rows["code"])], names, doubted)]
        rows = rows.merge(figures, left_on="code", right_index=True, how="left").reset_index(drop=True)
        layers[str(level)] = rows
    return _Layers(layers, aliases, styles)


def _write(contents: RunContents, layers: _Layers, path: Path) -> None:
    demonstration, called = contents.record["demonstration"], level_names(contents.regions.frame)
    with _fixed_date(contents.created):
        for number, (level, rows) in enumerate(layers.rows.items()):
            pyogrio.write_dataframe(
                rows,
                path,
                layer=level,
                driver="GPKG",
                append=number > 0,
                geometry_type="MultiPolygon",
                promote_to_multi=True,
                layer_options={"IDENTIFIER": called[level], "DESCRIPTION": _description(demonstration)},
            )
    _write_aliases(path, [*layers.rows], layers.aliases, demonstration)
    with closing(sqlite3.connect(os.fspath(path))) as database, database:
        write_styles(database, layers.styles, contents.created)


def _wide(account: pd.DataFrame) -> dict[Column, pd.Series[float]]:
    """Figures by region code; shares once per quantity and period, those of the whole region."""
    table = summary_table(account, shown=(*SUMMARY_QUANTITIES, *_OF_ALL_LAND))
    figures: dict[Column, pd.Series[float]] = {}
    for quantity, period, statistic in table.columns.to_frame().itertuples(index=False):
        by_land = table[quantity, period, statistic].unstack("ecosystem")
        for land in ordered_ecosystems(by_land.columns):
            wanted = (statistic not in _SHARES and quantity not in _OF_ALL_LAND) or land == ALL
            if wanted and by_land[land].notna().any():
                figures[land, quantity, period, statistic] = by_land[land]
    return figures


def _remarks(contents: RunContents) -> dict[str, tuple[str, pd.Series[str]]]:
    """Alias and texts by region of the fields that say what must be known with a figure of all land."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for (code, ecosystem, quantity, period), text in marks(contents).items():
        if ecosystem == ALL:
            found.setdefault((quantity, period), {})[code] = text
    return {
        f"mark_{_SHORT[quantity]}_{_span(period)}": (
            label("header.mark", quantity=term("quantity", quantity), period=period),
            pd.Series(texts),
        )
        for (quantity, period), texts in found.items()
    }


def _field_names(columns: list[Column]) -> dict[Column, str]:
    names: dict[Column, str] = {}
    taken: dict[str, str] = {}
    for column in columns:
        eco, quantity, period, statistic = column
        span = _span(period)
        if statistic in _SHARES:
            field = f"{_SHARES[statistic]}_{_SHORT[quantity]}_{span}"
        else:
            land = "total" if eco == ALL else eco
            field = f"{_SHORT[quantity]}_{land}_{span}{_SUFFIX[statistic]}"
        if field in taken:
            periods = [taken[field], period]
            raise RunError(Problem("output.same_field", "account.gpkg", {"periods": periods, "field": field}))
        names[column], taken[field] = field, period
    return names


def _span(period: str) -> str:
    return re.sub(r"[^0-9a-z]+", "_", period.lower()).strip("_")


def _alias(column: Column) -> str:
    eco, quantity, period, statistic = column
    if statistic in _SHARES:
        return label(f"header.{statistic}", quantity=term("quantity", quantity), period=period)
    return label(
        f"header.land_{statistic}",
        ecosystem=term("ecosystem", eco),
        quantity=term("quantity", quantity),
        period=period,
        unit=label(_UNIT[quantity]),
    )


def _description(demonstration: bool) -> str:
    text = label("geopackage.description")
    return f"{label('readme.demonstration')} {text}" if demonstration else text


@contextmanager
def _fixed_date(created: datetime) -> Iterator[None]:
    """GDAL stamps the file with the run's own time, so that equal runs give equal bytes."""
    moment = created.astimezone(UTC) if created.tzinfo else created
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write_aliases(path: Path, layers: list[str], aliases: dict[str, str], demonstration: bool) -> None:
    """Full field names by the Schema extension of GeoPackage 1.3 (annex F.9), which GDAL and QGIS read."""
    fixed = {name: label(f"column.{name}") for name in _REGION_FIELDS}
    if demonstration:
        fixed["notice"] = label("column.notice")
    rows = [(layer, field, alias) for layer in layers for field, alias in {**fixed, **aliases}.items()]
    with closing(sqlite3.connect(os.fspath(path))) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,"
            " name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,"
            " CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name))"
        )
        database.execute(
            "CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (constraint_name TEXT NOT NULL,"
            " constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC,"
            " max_is_inclusive BOOLEAN, description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name,"
            " constraint_type, value))"
        )
        database.executemany("INSERT INTO gpkg_data_columns (table_name, column_name, name) VALUES (?, ?, ?)", rows)
        database.executemany(
            "INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope)"
            " VALUES (?, NULL, 'gpkg_schema', 'http://www.geopackage.org/spec/#extension_schema', 'read-write')",
            [("gpkg_data_columns",), ("gpkg_data_column_constraints",)],
        )
