"""Tables as printed (``printed.toml``): a look-up in each printed class gives the printed value and interval."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sinks import units
from sinks.methodology import Registry

REGISTRY = Registry((), ("methodologies",))
TABLES = tomllib.loads(Path(__file__).with_name("printed.toml").read_text(encoding="utf-8"))["table"]


def number(word: str) -> str | float:
    """Sizes and ages are numbers, all other strata words."""
    try:
        return float(word)
    except ValueError:
        return word


def stratum(name: str, label: str) -> dict[str, str | float]:
    pairs = [pair.partition("=") for pair in label.split(" ")] if "=" in label else [(name, "=", label)]
    # An edition is a word.
    return {key: value if key == "edition" else number(value) for key, _, value in pairs}


def cells() -> Iterator[tuple[str, str, dict[str, Any], str, list[float]]]:
    for table in TABLES:
        for methodology in table["methodologies"]:
            for line, row in table["printed"].items():
                for column, cell in zip(table.get("columns", [None]), row, strict=True):
                    strata = {**table.get("strata", {}), **stratum(table["down"], line)}
                    if column is not None:
                        strata |= stratum(table["across"], column)
                    printed = cell if isinstance(cell, list) else [cell]
                    yield methodology, table["parameter"], strata, table.get("unit", ""), printed


CELLS = list(cells())


def name_of(value: object) -> str:
    return " ".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("methodology", "parameter", "strata", "unit", "printed"), CELLS, ids=name_of)
def test_cell(methodology: str, parameter: str, strata: dict[str, Any], unit: str, printed: list[float]) -> None:
    table = REGISTRY.get(methodology).table
    found = table.lookup(parameter, {name: [value] for name, value in strata.items()})
    row = table.rows[found.rows[0]]
    here = [units.convert(number, unit, row.unit) if unit else number for number in printed]
    assert found.values[0] == pytest.approx(here[0], rel=1e-12)
    if len(here) > 1:
        assert [row.low, row.high] == pytest.approx(here[1:], rel=1e-9)


def test_every_table_names_a_listed_document() -> None:
    listed = REGISTRY.get("gain_loss").table.sources
    assert {table["source"] for table in TABLES} <= set(listed)
    assert all("p. " in table["locator"] for table in TABLES if table["source"].startswith("ipcc_"))
