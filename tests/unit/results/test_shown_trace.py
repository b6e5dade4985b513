"""A figure of dual control is followed to what was given for its region and year, with the documents."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from sinks.errors import RunError
from sinks.results.shown_trace import trace
from support.reported_run import make_contents

COLUMNS = ["region_code", "region_name", "year", "quantity", "value", "low", "high", "unit", "basis", "note"]
ROWS = [
    ("150600", "鄂尔多斯市", 2023, "emissions_energy", 900_000.0, None, None, "t CO2", "given", "城市清单"),
    ("150600", "鄂尔多斯市", 2023, "emissions", 1_000_000.0, None, None, "t CO2", "computed", ""),
    ("150600", "鄂尔多斯市", 2022, "emissions_energy", 800_000.0, None, None, "t CO2", "given", "旧清单"),
    ("150700", "呼伦贝尔市", 2023, "emissions_energy", 700_000.0, None, None, "t CO2", "given", "另一清单"),
    ("all", "", None, "rule.k", 1.0, None, None, "", "assumed", "假定值"),
]


@pytest.mark.parametrize(
    "asked", ["150600/emissions_energy/2023", "90.00万吨二氧化碳", "鄂尔多斯市/2023/emissions_energy"]
)
def test_a_given_figure_names_its_document(asked: str) -> None:
    table = pd.DataFrame(ROWS, columns=COLUMNS).astype({"year": "Int64", "low": float, "high": float})
    found = trace(replace(make_contents(), tables={"assessment": table}), asked)
    assert found.figures["value"].tolist() == [900_000.0]
    assert found.given[["quantity", "year", "note"]].to_numpy().tolist() == [["emissions_energy", 2023, "城市清单"]]
    assert "城市清单" in str(found)
    assert found.parts.empty


def test_nothing_is_found_where_there_is_nothing() -> None:
    with pytest.raises(RunError):
        trace(make_contents(), "150600/emissions_energy/2023")
