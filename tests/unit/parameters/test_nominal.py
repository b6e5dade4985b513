"""Intervals by rule: for parameters of a kind that have none, and never for what is no measurement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sinks.methodology import Registry
from sinks.parameters.nominal import INTERVAL, nominal_errors, with_nominal_errors
from sinks.parameters.table import ParameterTable
from sinks.provenance import read_sources

HEADER = "parameter,species,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
UNITS = {
    "basic_wood_density": "t DM/m3",
    "bef": "1",
    "root_to_shoot": "t DM/t DM",
    "other": "1",
    "carbon_fraction": "1",
}
ROWS = (
    "basic_wood_density,larch,0.5,t DM/m3,,,,,user,survey,Table 1 larch,",
    "basic_wood_density,oak,0.6,t DM/m3,0.5,0.7,95%,,user,survey,Table 1 oak,",
    "bef,larch,1,1,,,,,user,survey,Table 1 larch,",
    "bef,oak,1.4,1,,,,,user,survey,Table 1 oak,",
    "root_to_shoot,,0,t DM/t DM,,,,,user,survey,Table 1,",
    "other,,0.5,1,,,,,user,survey,Table 1 larch,",
    "carbon_fraction,,0.5,1,,,,,user,survey,Table 1 larch,",
)


@pytest.fixture
def table(tmp_path: Path) -> ParameterTable:
    path = tmp_path / "ours.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in ROWS), encoding="utf-8")
    return ParameterTable.read(path, parameters=UNITS, sources={})


def test_only_measurements_without_an_interval_get_one(table: ParameterTable) -> None:
    given = with_nominal_errors(table, "growing_stock_bef", nominal_errors())
    kinds = [row.nominal for row in given.rows]
    assert kinds == ["wood_density", "", "", "expansion_factor", "", "", "carbon_fraction"]
    ends = [(row.low, row.high) for row in given.rows if row.nominal]
    np.testing.assert_allclose(ends, [(0.3, 0.7), (1.26, 1.54), (0.46, 0.54)])
    assert {row.interval for row in given.rows if row.nominal} == {INTERVAL}
    assert given.rows[1] == table.rows[1]
    drawn = given.draw(np.random.default_rng(1), 20_000)
    assert drawn[:, 0].std() == pytest.approx(0.2 / 1.959964, rel=0.03)
    assert np.ptp(drawn[:, [2, 4, 5]], axis=0).max() == 0


def test_only_the_kinds_and_methodologies_named(table: ParameterTable) -> None:
    given = with_nominal_errors(table, "a_methodology_of_grass", ("wood_density", "carbon_fraction"))
    assert [row.nominal for row in given.rows if row.nominal] == ["wood_density"]
    assert with_nominal_errors(table, "growing_stock_bef", ()) is table


def test_an_error_by_rule_is_shared_by_copies_of_one_parameter_only(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    rows = [
        "bef,larch,1.2,1,,,,,user,survey,Table 1,",
        "bef,oak,1.2,1,,,,,user,survey,Table 1,",
        "root_to_shoot,,1.2,t DM/t DM,,,,,user,survey,Table 1,",
    ]
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    read = ParameterTable.read(path, parameters=UNITS, sources={})
    drawn = with_nominal_errors(read, "x", nominal_errors()).draw(np.random.default_rng(1), 4000)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 2])[0, 1]) < 0.05


def test_every_error_has_its_place_in_a_document_and_something_to_be_for() -> None:
    registry = Registry()
    sources = read_sources(Path(__file__).parents[3] / "methodologies" / "sources.csv")
    known = {name for id in registry.ids for name in registry.get(id).methodology.table_parameters}
    for error in nominal_errors().values():
        assert error.source in sources, error.kind
        assert "p. " in error.locator or "Table" in error.locator, error.kind
        assert error.basis == "read" or "taken as the 95 % interval" in error.note, error.kind
        assert set(error.parameters) <= known, error.kind
        assert set(error.methodologies) <= set(registry.ids), error.kind
        assert 0 < error.percent < 100, error.kind
