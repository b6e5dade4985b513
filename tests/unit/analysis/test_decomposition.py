"""Why accounts differ, inventory tables and the value of the sink, by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sinks.analysis.decomposition import (
    changed_parameters,
    compared_periods,
    decompose,
    explain,
    leaves,
)
from sinks.analysis.inventory import categories
from sinks.assessment.errors import AssessmentError
from sinks.assessment.valuation import value_of_sink
from sinks.vocabulary import ecosystems


def leaf(area: float, value: float, method: str = "m", pool: str = "litter", land: str = "forest") -> pd.DataFrame:
    names = ["region_code", "ecosystem", "pool", "area", "value", "methodology"]
    return pd.DataFrame([("1506", land, pool, area, value, method)], columns=names)


def by_effect(found: pd.DataFrame) -> dict[str, float]:
    return {str(effect): float(v) for effect, v in found.groupby("effect")["value"].sum().items()}


def test_area_and_density() -> None:
    # 10 ha x 2 -> 14 ha x 3: area 4 x 2.5 = 10, density 1 x 12 = 12, together 42 - 20 = 22.
    found = by_effect(decompose(leaf(10, 20), leaf(14, 42), same_time=False))
    assert found == pytest.approx({"area": 10, "density": 12})


def test_new_land_and_land_that_is_gone_are_effects_of_the_area() -> None:
    new = decompose(leaf(10, 20), pd.concat([leaf(10, 20), leaf(5, 50, land="shrub")]), same_time=False)
    assert by_effect(new) == pytest.approx({"area": 50, "density": 0})
    gone = decompose(leaf(10, 20), leaf(0, 0).iloc[:0], same_time=False)
    assert by_effect(gone) == pytest.approx({"area": -20, "density": 0})


def test_method_parameters_and_data() -> None:
    assert by_effect(decompose(leaf(10, 20), leaf(10, 30, "other"), same_time=True)) == {"data": 0, "method": 10}
    changed = decompose(leaf(10, 20), leaf(10, 30), same_time=True, new_parameters=["m"])
    assert by_effect(changed) == {"data": 0, "parameter": 10}
    assert by_effect(decompose(leaf(10, 20), leaf(14, 42), same_time=True)) == pytest.approx({"data": 22})


def account(*rows: tuple[Any, ...]) -> pd.DataFrame:
    names = ["ecosystem", "stratum", "pool", "quantity", "period", "value"]
    return pd.DataFrame(rows, columns=names).assign(region_code="150600", region_name="鄂尔多斯市", methodology="m")


ACCOUNT = account(
    ("forest", "all", "all", "area", "2023", 100.0),
    ("forest", "forest", "all", "area", "2023", 100.0),
    ("forest", "all", "above_ground_biomass", "net_removals", "2020-2023", 3000.0),
    ("forest", "larch", "above_ground_biomass", "net_removals", "2020-2023", 3000.0),
    ("forest", "all", "soil_organic_carbon", "net_removals", "2020-2023", -500.0),
    ("forest", "all", "all", "net_removals", "2020-2023", 2500.0),
    ("shrub", "all", "below_ground_biomass", "net_removals", "2020-2023", 200.0),
    ("grassland", "all", "above_ground_biomass", "net_removals", "2020-2023", 50.0),
    ("all", "all", "all", "net_removals", "2020-2023", 2750.0),
)


def test_leaves_leave_out_every_sum() -> None:
    found = leaves(ACCOUNT, "net_removals", "2020-2023")
    assert found["value"].sum() == 2750
    assert found.loc[found["ecosystem"] == "forest", "area"].tolist() == [100.0, 100.0]
    with pytest.raises(AssessmentError, match="2020-2023"):
        leaves(ACCOUNT, "net_removals", "2010-2020")


PARAMETERS = pd.DataFrame(
    {
        "methodology": ["m", "m", "n"],
        "parameter": ["bcef", "bcef", "rate"],
        "species": ["larch", "birch", ""],
        "value": [1.0, 2.0, 3.0],
        "unit": ["t DM/m3", "t DM/m3", "t C/ha/yr"],
        "note": ["", "", ""],
    }
)


def test_changed_parameters_are_those_with_another_figure() -> None:
    assert changed_parameters(PARAMETERS, PARAMETERS) == set()
    assert changed_parameters(PARAMETERS, PARAMETERS.assign(note="reworded")) == set()
    assert changed_parameters(PARAMETERS, PARAMETERS.iloc[1:]) == set()
    assert changed_parameters(PARAMETERS, PARAMETERS.assign(value=[1.0, 2.5, 3.0])) == {"m"}


def test_two_runs_are_explained_from_their_tables() -> None:
    later = ACCOUNT.assign(value=ACCOUNT["value"] * 1.1)
    same = ("2020-2023", "2020-2023")
    found = by_effect(explain(ACCOUNT, later, "net_removals", same, (PARAMETERS, PARAMETERS.assign(value=9.0))))
    # Forest has ten percent more land at the same density: other data, 250 t. Shrub and grassland have no area in this
    # account, so their 25 t can only have come by the density, and its parameters have changed.
    assert found == pytest.approx({"data": 250, "parameter": 25})


def test_every_ecosystem_has_a_category() -> None:
    assert categories().keys() == ecosystems().keys()


SINK = pd.DataFrame({"region_code": ["1506", "1506"], "year": [2023, 2025], "value": [100.0, -20.0]})
PRICES = pd.DataFrame({"scenario": ["low", "low"], "year": [2023, 2025], "price": [50.0, 121.0]})


def test_value_and_present_value() -> None:
    rows = value_of_sink(SINK, PRICES, 0.1, 2023)
    assert rows["value"].tolist() == pytest.approx([5000, -2420])
    # A source costs: -2420 / 1.1^2 = -2000.
    assert rows["present_value"].tolist() == pytest.approx([5000, -2000])


@pytest.mark.parametrize("rate", [5.0, 1.0, -0.01, float("nan")])
def test_a_rate_in_percent_is_refused(rate: float) -> None:
    with pytest.raises(AssessmentError) as caught:
        value_of_sink(SINK, PRICES, rate, 2023)
    assert [problem.id for problem in caught.value.problems] == ["assessment.discount_rate"]


def test_year_without_a_price_is_refused() -> None:
    with pytest.raises(AssessmentError, match="low 2025"):
        value_of_sink(SINK, PRICES.iloc[:1], 0.1, 2023)


def periods_of(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"quantity": "net_removals", "period": list(names)})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["2020-2023"], ["2020-2023"], ("2020-2023", "2020-2023")),
        # A later date was added: both runs have the earlier period.
        (["2020-2023"], ["2020-2023", "2020-2024", "2023-2024"], ("2020-2023", "2020-2023")),
        (["2017-2020", "2017-2023", "2020-2023"], ["2015-2017", "2015-2020", "2017-2020"], ("2017-2020", "2017-2020")),
        # Nothing in common, but as long, one after the other.
        (["2015-2018"], ["2018-2021"], ("2015-2018", "2018-2021")),
        (["2020"], ["2023"], ("2020", "2023")),
    ],
)
def test_periods_that_are_compared(before: list[str], after: list[str], expected: tuple[str, str]) -> None:
    assert compared_periods(periods_of(*before), periods_of(*after), "net_removals") == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["2020-2023"], ["2020-2024"]),
        (["2020-2023"], ["2021-2024"]),
        (["2020-2023"], ["2023-2028"]),
        (["2020-2023"], ["2023"]),
    ],
)
def test_unlike_periods_are_not_compared(before: list[str], after: list[str]) -> None:
    with pytest.raises(AssessmentError) as caught:
        compared_periods(periods_of(*before), periods_of(*after), "net_removals")
    assert [problem.id for problem in caught.value.problems] == ["assessment.unlike_periods"]


def test_periods_asked_for_must_be_there_and_alike() -> None:
    have = periods_of("2015-2018", "2018-2021", "2015-2021")
    assert compared_periods(have, have, "net_removals", ("2015-2018", "2018-2021")) == ("2015-2018", "2018-2021")
    for asked, id in ((("2015-2018", "2015-2021"), "unlike_periods"), (("2015-2018", "2014-2017"), "no_leaves")):
        with pytest.raises(AssessmentError) as caught:
            compared_periods(have, have, "net_removals", asked)
        assert [problem.id for problem in caught.value.problems] == [f"assessment.{id}"]
