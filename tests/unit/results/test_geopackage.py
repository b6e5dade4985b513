"""The GeoPackage: a layer for every level of regions, with the figures of the account and Chinese aliases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyogrio
import pytest

from sinks.results.qgis_styles import styles_of


def test_the_geopackage_has_a_layer_per_level_with_the_figures(run: Path) -> None:
    path = run / "account.gpkg"
    assert [str(name) for name, _ in pyogrio.list_layers(path)] == ["region", "league", "layer_styles"]
    leagues = pyogrio.read_dataframe(path, layer="league").set_index("code")
    assert leagues.crs.to_epsg() == 4490
    assert leagues.loc["150600", "stock_forest_2020"] == 1_000_000.0
    assert leagues.loc["150700", "rem_total_2020_2023"] == pytest.approx(-240_000 / 3 * 44 / 12)
    assert leagues.loc["150700", "rem_total_2020_2023_low"] < leagues.loc["150700", "rem_total_2020_2023"]
    assert pd.isna(leagues.loc["150700", "stock_wetland_2020"])
    assert leagues.loc["150700", "cov_stock_2020"] == 0.9
    assert set(leagues["notice"]) == {"示范数据"}
    assert leagues.columns.str.fullmatch(r"[a-z0-9_]+").all()


def test_the_geopackage_fields_have_chinese_aliases(run: Path) -> None:
    with closing(sqlite3.connect(run / "account.gpkg")) as database:
        alias = database.execute(
            "SELECT name FROM gpkg_data_columns WHERE table_name = 'league' AND column_name = 'stock_forest_2020'"
        ).fetchone()
    assert alias == ("2020 森林 碳储量（t C）",)


def styles(path: Path) -> list[tuple[str, str, str, int]]:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles")
        return rows.fetchall()


def test_each_layer_has_one_style_that_qgis_takes_by_itself(run: Path) -> None:
    found = styles(run / "account.gpkg")
    for layer in ("region", "league"):
        assert [default for name, _, _, default in found if name == layer] == [1, 0]
    with closing(sqlite3.connect(run / "account.gpkg")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(layer_styles)")]
        geometry = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall())
    # The columns that QGIS makes itself.
    assert columns == [
        *("id", "f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column", "styleName", "styleQML"),
        *("styleSLD", "useAsDefault", "description", "owner", "ui", "update_time"),
    ]
    assert all(column == geometry[layer] for layer, column, _, _ in found)


def test_every_region_is_drawn_by_one_rule_and_in_a_colour_that_is_there(run: Path) -> None:
    """Filters of QGIS that compare fields are SQL too."""
    for layer, _, qml, _ in styles(run / "account.gpkg"):
        root = ElementTree.fromstring(qml.partition("\n")[2])
        assert root.find("renderer-v2").get("type") == "RuleRenderer"  # type: ignore[union-attr]
        rules = root.findall(".//rules/rule/rule")
        symbols = {symbol.get("name"): symbol for symbol in root.iterfind(".//symbol")}
        assert [rule.get("symbol") for rule in rules] == list(symbols)
        colours = [option.get("value") for option in root.iterfind(".//Option[@name='color']")]
        assert len(colours) == len(set(colours)) == len(rules)
        filters = [str(rule.get("filter")) for rule in rules]
        assert filters[-1] == "ELSE"
        with closing(sqlite3.connect(run / "account.gpkg")) as database:
            drawn = [
                code for one in filters[:-1] for (code,) in database.execute(f"SELECT code FROM {layer} WHERE {one}")
            ]
        assert len(drawn) == len(set(drawn)) > 0


@pytest.mark.parametrize("seed", range(4))
def test_classes_share_regions_out_and_break_at_zero(seed: int) -> None:
    draw = np.random.default_rng(seed)
    values = np.round(draw.normal(0.2, 1, 40), 3)
    codes = [f"{number:03}" for number in range(40)]
    frame = pd.DataFrame({"rem": values * 7, "land": 7.0}, index=codes)
    frame.iloc[3, 0] = np.nan
    names = {("all", "net_removals", "2020-2023", "value"): "rem", ("all", "area", "2023", "value"): "land"}
    (style,) = styles_of(frame, names, frozenset({("005", "2020-2023"), ("006", "2000-2003")}))
    with closing(sqlite3.connect(":memory:")) as database:
        frame.assign(code=codes).to_sql("layer", database, index=False)
        found = [
            [code for (code,) in database.execute(f"SELECT code FROM layer WHERE {rule.filter}")]
            for rule in style.rules[:-1]
        ]
    *classes, grey = found
    assert grey == ["005"]
    assert sorted(code for one in classes for code in one) == sorted(set(codes) - {"003", "005"})
    assert min(map(len, classes)) >= 2
    signs = [set(np.sign(values[[int(code) for code in one]]) >= 0) for one in classes]
    assert all(len(sign) == 1 for sign in signs)
    colours = [rule.colour for rule in style.rules]
    assert len(set(colours)) == len(colours)
    alone = list(styles_of(frame.iloc[:1], names, frozenset()))
    assert len(alone[0].rules) == 3
