"""The GeoPackage: a layer for every level of regions, with the figures of the account and Chinese aliases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyogrio
import pytest


def test_the_geopackage_has_a_layer_per_level_with_the_figures(run: Path) -> None:
    path = run / "account.gpkg"
    assert [str(name) for name, _ in pyogrio.list_layers(path)] == ["region", "league"]
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
