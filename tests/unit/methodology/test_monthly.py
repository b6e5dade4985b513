"""A series of months as an input: twelve layers of a project, one array of the equation."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.errors import MethodologyError, SinksError
from sinks.methodology import Bound, check_file, describe
from sinks.text import using_language

MODULE = '''
from typing import Any
import numpy as np
from sinks.methodology import Example, Methodology, Monthly
from sinks.text import Text
from sinks.units import per

def growth(temperature: Any, rate: Any) -> dict[str, Any]:
    """Growth in the months above freezing.

    Parameters
    ----------
    temperature : array, months first
        T. [degC]
    rate : array
        r. [t C/ha/yr]

    Returns
    -------
    dict
        ``biomass``. [t C/ha/yr]

    Notes
    -----
    C = r n / 12 with n months above freezing.

    References
    ----------
    survey, p. 1.
    """
    warm = np.where(per(temperature, "degC") > 0, 1, 0)
    return {"biomass": rate * sum(warm) / len(warm)}

METHODOLOGY = Methodology(
    id="warm", title=Text("暖月", "Warm"), source="survey", locator="p. 1",
    approach="rate", tier=2, acts_on="state", ecosystems=("forest",), strata=(),
    inputs={"temperature": Monthly("degC")}, parameters={"rate": "t C/ha/yr"}, outputs={"biomass": "t C/ha/yr"},
    valid_for=Text("此处", "Here"), compute=growth,
    examples=(Example({"temperature": (-9, -5, 1, 4, 8, 9, 9, 8, 7, 2, -1, -8)}, {"rate": 1.2}, {"biomass": "0.8"},
                      "survey", "p. 2"),),
)
'''
TABLE = (
    "parameter,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
    "rate,1.2,t C/ha/yr,,,,,user,survey,p. 3,\n"
)
YEARS = {
    "150400": [-9.0, -5, 1, 4, 8, 9, 9, 8, 7, 2, -1, -8],
    "150700": [-30.0, -20, -9, -1, 3, 9, 12, 8, 2, -4, -9, -25],
}


def written(folder: Path, module: str = MODULE) -> Path:
    path = folder / "warm.py"
    path.write_text(module, encoding="utf-8")
    path.with_suffix(".csv").write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture
def bound(tmp_path: Path) -> Bound:
    return check_file(written(tmp_path), ())


def rows() -> pd.DataFrame:
    columns = {f"temperature_{month:02d}": [year[month - 1] for year in YEARS.values()] for month in range(1, 13)}
    return pd.DataFrame({"region_code": list(YEARS), "date": "2020", "ecosystem": "forest", "area_ha": 1.0, **columns})


def ids(error: pytest.ExceptionInfo[SinksError]) -> list[str]:
    assert str(error.value)
    return [problem.id for problem in error.value.problems]


def test_the_equation_takes_twelve_layers_as_one_array(bound: Bound) -> None:
    assert bound.inputs == tuple(f"temperature_{month:02d}" for month in range(1, 13))
    expected = [1.2 * sum(degrees > 0 for degrees in year) / 12 for year in YEARS.values()]
    np.testing.assert_allclose(bound.evaluate(rows())["biomass"], expected)


def test_draws_come_month_by_month(bound: Bound) -> None:
    """July of the second region is drawn below freezing: one warm month less, in that draw and that region alone."""
    table = np.full((2, 1), 1.2)
    drawn = bound.resolve(rows()).pools_from_draws(table, {"temperature_07": np.array([[1.0, 1.0], [1.0, -1.0]])})
    whole = [1.2 * sum(degrees > 0 for degrees in year) / 12 for year in YEARS.values()]
    np.testing.assert_allclose(drawn["biomass"], [whole, [whole[0], whole[1] - 0.1]])


def test_one_month_not_observed_leaves_the_year_unknown(bound: Bound) -> None:
    found = bound.evaluate(rows().assign(temperature_03=[np.nan, 1.0]))["biomass"]
    assert np.isnan(found).tolist() == [True, False]


def test_missing_months_are_one_problem(bound: Bound) -> None:
    with pytest.raises(MethodologyError) as error:
        bound.evaluate(rows().drop(columns=["temperature_02", "temperature_11"]))
    assert ids(error) == ["methodology.no_months"]
    assert error.value.problems[0].values["layers"] == ["temperature_02", "temperature_11"]


def test_every_month_keeps_to_the_bounds_of_its_quantity(bound: Bound) -> None:
    with pytest.raises(MethodologyError) as error:
        bound.evaluate(rows().assign(temperature_06=[15.0, 288.0]))
    assert ids(error) == ["methodology.implausible_input"]
    assert error.value.problems[0].values["input"] == "temperature_06"


@pytest.mark.parametrize(
    ("before", "after", "id"),
    [
        ('Monthly("degC")', 'Monthly("mm/month")', "units.mismatch"),
        ("7, 2, -1, -8)", "7, 2)", "methodology.example_months"),
        ('{"rate": 1.2}', '{"rate": (1, 2)}', "methodology.example_months"),
        ('"0.8"', '"0.7"', "methodology.example"),
        ("sum(warm) / len(warm)", "np.sum(warm) / len(warm)", "methodology.not_elementwise"),
    ],
)
def test_a_breach_is_named(tmp_path: Path, before: str, after: str, id: str) -> None:
    assert before in MODULE
    with pytest.raises(SinksError) as error:
        check_file(written(tmp_path, MODULE.replace(before, after)), ())
    assert id in ids(error)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_reader_sees_which_layers_are_asked_for(bound: Bound, language: str) -> None:
    with using_language(language):
        text = describe(bound)
    assert "(temperature_01) … " in text
    assert "(temperature_12) [degC]" in text
    assert "temperature_06" not in text


def test_on_transitions_the_months_are_those_before_and_after(tmp_path: Path) -> None:
    module = MODULE.replace('"state"', '"change"').replace("temperature", "temperature_to")
    method = check_file(written(tmp_path, module), ()).methodology
    assert method.layers["temperature_to"][::11] == ("temperature_01_to", "temperature_12_to")
    assert all(one < other for one, other in pairwise(method.layers["temperature_to"]))
