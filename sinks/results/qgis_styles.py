"""Styles that lie in the GeoPackage itself, so that a double click in QGIS shows classes and colours.

QGIS looks for a table ``layer_styles`` beside the layers and takes the style of a layer that is marked as its default
(QGIS User Guide, "Save and Load Layer Properties", styles in a database; its columns are those that QGIS makes).  The
style is QML: rules that each colour what their filter lets through.  What is coloured are densities, since totals of
regions of unlike size say little side by side.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.amounts import latest
from sinks.results.labels import label, term
from sinks.vocabulary import ALL

STOCK_COLOURS = ("#EAF3D5", "#C2E09F", "#8CC67C", "#479B57", "#146B3A")
"""Pale to deep."""
SOURCE_COLOURS = ("#F3C58A", "#DE8A3A", "#B35806")
SINK_COLOURS = ("#BCD8E8", "#67A9CF", "#2166AC")
"""From near zero outwards: orange for sources, blue for sinks, the pair that colour vision deficiencies keep apart."""
WITHHELD, MISSING, OUTLINE = "#9A9A9A", "#E6E6E6", "#555555"

_KEYS = uuid.UUID("5c1a4ac0-6f0f-5d3a-9c35-6c7a3e6f0b11")
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_VERSION = "3.28.0"
"""Of QGIS, which reads the styles of older versions too."""

Column = tuple[str, str, str, str]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """What is drawn in one colour: its filter in QGIS's language, and the line in the legend."""

    filter: str
    label: str
    colour: str


@dataclass(frozen=True)
class Style:
    """A style of one layer."""

    name: str
    rules: tuple[Rule, ...]
    default: bool = False


def styles_of(
    figures: pd.DataFrame, names: Mapping[Column, str], withheld: frozenset[tuple[str, str]]
) -> Iterator[Style]:
    """Styles of a layer: net removals per hectare, which is shown first, and the stock per hectare.

    Parameters
    ----------
    figures : DataFrame
        Fields of the layer's regions, by region code.
    names : mapping
        Field by ecosystem, quantity, period and statistic.
    withheld : frozenset of (region_code, period)
        Regions whose sink is no result: grey in place of a colour.
    """
    default = True
    for quantity, signed in (("net_removals", True), ("carbon_stock", False)):
        period = _latest(names, quantity)
        field = names.get((ALL, quantity, period, "value"))
        area = names.get((ALL, "area", period[-4:], "value"))
        if field is None or area is None or field not in figures:
            continue
        values = (figures[field] / figures[area].where(figures[area] > 0)).dropna()
        grey = sorted(code for code, at in withheld if signed and at == period and code in figures.index)
        values = values[~values.index.isin(grey)]
        unit = label("unit.t_co2_ha_yr" if signed else "unit.t_c_ha")
        title = label("style.title", quantity=term("quantity", quantity), period=period, unit=unit)
        rules = tuple(_rules(f'"{field}" / "{area}"', values.to_numpy(float), grey, signed))
        yield Style(title, rules, default)
        default = False


def _latest(names: Mapping[Column, str], quantity: str) -> str:
    return latest(period for land, of, period, kind in names if (land, of, kind) == (ALL, quantity, "value"))


def _rules(density: str, values: Floats, grey: Sequence[str], signed: bool) -> Iterator[Rule]:
    limits, colours = _classes(values, signed)
    codes = ", ".join("'" + code.replace("'", "''") + "'" for code in grey)
    outside = f'"code" NOT IN ({codes}) AND ' if grey else ""
    for low, high, colour in zip(limits, limits[1:], colours, strict=False):
        lower = f"{density} >= {low!r} AND " if np.isfinite(low) else ""
        upper = f"{density} < {high!r}" if np.isfinite(high) else f"{density} IS NOT NULL"
        yield Rule(f"{outside}{lower}{upper}", _between(low, high), colour)
    if grey:
        yield Rule(f'"code" IN ({codes})', label("withheld.headline"), WITHHELD)
    yield Rule("ELSE", label("style.missing"), MISSING)


def _between(low: float, high: float) -> str:
    if np.isfinite(low) and np.isfinite(high):
        return f"{low:,g} – {high:,g}"
    if np.isfinite(high):
        return f"< {high:,g}"
    return f"≥ {low:,g}" if np.isfinite(low) else label("style.any")


def _classes(values: Floats, signed: bool) -> tuple[list[float], list[str]]:
    """Limits of classes of about as many regions each, and a colour for each class; zero is a limit where signed."""
    if not signed:
        inner = _quantiles(values, len(STOCK_COLOURS))
        colours = [STOCK_COLOURS[place] for place in _spread(len(inner) + 1, len(STOCK_COLOURS))]
        return [-np.inf, *inner, np.inf], colours
    gains, losses = values[values >= 0], -values[values < 0]
    above, below = (_quantiles(part, len(SINK_COLOURS)) for part in (gains, losses))
    limits = [-np.inf, *(-one for one in reversed(below)), 0.0, *above, np.inf]
    sources = [SOURCE_COLOURS[place] for place in _spread(len(below) + 1, len(SOURCE_COLOURS))]
    sinks = [SINK_COLOURS[place] for place in _spread(len(above) + 1, len(SINK_COLOURS))]
    return limits, [*reversed(sources), *sinks]


def _quantiles(values: Floats, classes: int) -> list[float]:
    """Rounded limits between classes, ascending and each once; fewer where there are few values."""
    if len(values) < 2:
        return []
    inner = np.quantile(values, np.arange(1, min(classes, len(values))) / min(classes, len(values)))
    rounded = sorted({float(f"{one:.2g}") for one in inner})
    return [one for one in rounded if values.min() < one <= values.max() and one != 0]


def _spread(count: int, of: int) -> list[int]:
    """Places of ``count`` colours among ``of``, from the first to the last."""
    return [of // 2] if count == 1 else [round(place * (of - 1) / (count - 1)) for place in range(count)]


def as_qml(style: Style) -> str:
    """The style as QGIS reads it."""
    root = ElementTree.Element("qgis", version=_VERSION, styleCategories="Symbology")
    kind = {"type": "RuleRenderer", "symbollevels": "0", "forceraster": "0", "enableorderby": "0"}
    renderer = ElementTree.SubElement(root, "renderer-v2", kind | {"referencescale": "-1"})
    named = {"key": _key(f"{style.name} all"), "label": style.name}
    # A rule without a colour of its own gives the legend its title.
    rules = ElementTree.SubElement(ElementTree.SubElement(renderer, "rules", key=_key(style.name)), "rule", named)
    symbols = ElementTree.SubElement(renderer, "symbols")
    for number, rule in enumerate(style.rules):
        named = {"key": _key(f"{style.name} {number}"), "symbol": str(number), "label": rule.label}
        ElementTree.SubElement(rules, "rule", named | {"filter": rule.filter})
        _symbol(symbols, str(number), rule.colour)
    ElementTree.SubElement(root, "layerGeometryType").text = "2"
    ElementTree.indent(root)
    return _DOCTYPE + ElementTree.tostring(root, encoding="unicode")


def _symbol(symbols: ElementTree.Element, name: str, colour: str) -> None:
    """A filled polygon with a thin outline."""
    kind = {"type": "fill", "name": name, "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"}
    symbol = ElementTree.SubElement(symbols, "symbol", kind)
    filled = {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"}
    options = ElementTree.SubElement(ElementTree.SubElement(symbol, "layer", filled), "Option", type="Map")
    looks = {"color": _rgb(colour), "style": "solid", "outline_color": _rgb(OUTLINE), "outline_style": "solid"}
    looks |= {"outline_width": "0.2", "outline_width_unit": "MM", "joinstyle": "bevel"}
    for key, value in looks.items():
        ElementTree.SubElement(options, "Option", name=key, value=value, type="QString")


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},255"


def _key(text: str) -> str:
    """The same for the same style, so that equal runs give equal files."""
    return "{" + str(uuid.uuid5(_KEYS, text)) + "}"


def write_styles(database: sqlite3.Connection, styles: Mapping[str, Sequence[Style]], created: datetime) -> None:
    """Put the styles of each layer into a GeoPackage, in the table that QGIS makes for it.

    Parameters
    ----------
    database : sqlite3.Connection
        The GeoPackage.
    styles : mapping of str to sequence of Style
        By layer.
    created : datetime
        Time that the rows carry.
    """
    moment = (created.astimezone(UTC) if created.tzinfo else created).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    database.execute(
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),"
        " f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30),"
        " styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),"
        " update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
    )
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
        (moment,),
    )
    geometry = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall())
    rows = [
        (layer, geometry[layer], style.name, as_qml(style), int(style.default), style.name, moment)
        for layer, some in styles.items()
        for style in some
    ]
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
        " styleQML, styleSLD, useAsDefault, description, owner, ui, update_time)"
        " VALUES ('', '', ?, ?, ?, ?, '', ?, ?, '', NULL, ?)",
        rows,
    )
