"""Rows of a parameter table that are wrong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sinks.errors import ParameterError
from sinks.parameters import ParameterTable

HEADER = "parameter,species,value,unit,low,high,interval,distribution,basis,source,locator,note,correlation\n"
UNITS = {"a": "1", "b": "1", "c": "1"}


def table(folder: Path, *rows: str) -> ParameterTable:
    path = folder / "ours.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return ParameterTable.read(path, parameters=UNITS, sources={})


def row(parameter: str, correlation: str = "", *, species: str = "", interval: str = "8,12,95%") -> str:
    return f"{parameter},{species},10,1,{interval},,user,survey,our plots,,{correlation}"


def test_draws_have_the_correlations_stated(tmp_path: Path) -> None:
    drawn = table(tmp_path, row("a", "b=-0.9 c=0.5"), row("b", "c=-0.3"), row("c")).draw(np.random.default_rng(2), 8000)
    expected = [[1, -0.9, 0.5], [-0.9, 1, -0.3], [0.5, -0.3, 1]]
    np.testing.assert_allclose(np.corrcoef(drawn.T), expected, atol=0.02)


def test_every_row_keeps_its_own_draws(tmp_path: Path) -> None:
    rng = (np.random.default_rng(7), np.random.default_rng(7))
    apart = table(tmp_path, row("a"), row("b"), row("c", interval="5,20,range")).draw(rng[0], 500)
    together = table(tmp_path, row("a", "c=0.8"), row("b"), row("c", interval="5,20,range")).draw(rng[1], 500)
    np.testing.assert_array_equal(np.sort(apart, axis=0), np.sort(together, axis=0))
    np.testing.assert_array_equal(apart[:, 1], together[:, 1])


def test_a_correlation_stays_within_its_stratum(tmp_path: Path) -> None:
    rows = [row(name, link, species=kind) for kind in ("larch", "birch") for name, link in (("a", "b=0.95"), ("b", ""))]
    drawn = table(tmp_path, *rows).draw(np.random.default_rng(3), 8000)
    found = np.asarray(np.corrcoef(drawn.T))
    assert found[0, 1] == pytest.approx(0.95, abs=0.01)
    assert found[2, 3] == pytest.approx(0.95, abs=0.01)
    np.testing.assert_allclose(found[:2, 2:], 0, atol=0.04)


@pytest.mark.parametrize(
    ("rows", "id"),
    [
        ([row("a", "b"), row("b")], "bad_correlation"),
        ([row("a", "b=1.2"), row("b")], "bad_correlation"),
        ([row("a", "b=-1"), row("b")], "bad_correlation"),
        ([row("a", "b=nan"), row("b")], "bad_correlation"),
        ([row("a", "b=0.1 b=0.2"), row("b")], "bad_correlation"),
        ([row("a", "c=0.4"), row("b")], "correlation_alone"),
        ([row("a", "a=0.4"), row("b")], "correlation_alone"),
        ([row("a", "b=0.4", species="larch"), row("b", species="birch")], "correlation_alone"),
        ([row("a", "b=0.4"), row("b", interval=",,")], "correlation_exact"),
        ([row("a", "b=0.4"), row("b", "a=0.5")], "correlation_twice"),
        ([row("a", "b=0.9 c=0.9"), row("b", "c=-0.9"), row("c")], "correlation_impossible"),
    ],
)
def test_correlations_that_cannot_be(rows: list[str], id: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError) as error:
        table(tmp_path, *rows)
    assert {problem.id for problem in error.value.problems} == {f"parameters.{id}"}
    assert all(problem.where.startswith("ours.csv:") for problem in error.value.problems)


def test_a_comma_in_a_cell_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(ParameterError) as error:
        table(tmp_path, "a,,10,1,,,,,user,survey 2024, sheet 3,p. 1,,")
    problem = error.value.problems[0]
    assert (problem.id, problem.where) == ("parameters.too_many_cells", "ours.csv:2")
