"""The sink of a region and year: which period gives it, what counts, and which draws stand behind it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.assessment.errors import AssessmentError
from sinks.assessment.sink import period_of, sink_of
from sinks.project.rules import Rule

A, B = "150600", "150700"
PERIOD = "2020-2023"
Z95 = 1.959963984540054
NONE = (math.nan, math.nan)


def rule(**values: Any) -> Rule:
    return Rule.model_validate({"base_year": 2020, "years": [2023], **values})


def row(code: str, land: str, value: float, ends: tuple[float, float], **more: Any) -> dict[str, Any]:
    keys = {"region_code": code, "ecosystem": land, "stratum": "all", "pool": "all", "quantity": "net_removals"}
    return {**keys, "period": PERIOD, "value": value, "low": ends[0], "high": ends[1], "uncertain_share": 1.0, **more}


def account(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows)


FOREST = row(A, "forest", 100, (80, 130))
GRASS = row(A, "grassland", -20, (-30, -15))
WHOLE = row(A, "all", 80, (62, 101))


@pytest.mark.parametrize(
    ("year", "periods", "found"),
    [
        (2021, ["2017-2020", "2020-2023"], "2020-2023"),
        (2023, ["2017-2020", "2020-2023"], "2020-2023"),
        # A period stands for the years after its first date.
        (2020, ["2016-2020", "2020-2023"], "2016-2020"),
        (2022, ["2015-2025", "2020-2023", "2019-2024"], "2020-2023"),
        (2024, ["2017-2020", "2020-2023"], None),
        (2023, ["2023"], "2023"),
        (2023, ["2023", "2020-2023"], "2020-2023"),
        (2023, ["2022"], None),
    ],
)
def test_the_shortest_period_that_the_year_lies_in(year: int, periods: list[str], found: str | None) -> None:
    assert period_of(year, rule(), periods) == found


def test_a_declared_period_goes_first() -> None:
    declared = rule(periods={2023: "2017-2023"}, base_period="2015-2020")
    assert period_of(2023, declared, ["2020-2023"]) == "2017-2023"
    assert period_of(2020, declared, ["2017-2020"]) == "2015-2020"
    assert period_of(2022, declared, ["2020-2023"]) == "2020-2023"


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(AssessmentError):
        period_of(2023, rule(), ["2020 to 2023"])


def test_everything_that_counts_has_the_accounts_own_interval() -> None:
    """The total of the account errs less than its parts together."""
    table = account(FOREST, GRASS, WHOLE)
    found = sink_of(table, [A], [PERIOD], rule(ecosystems=["forest", "grassland"]), n=5000)
    assert found.values[PERIOD][0, 0] == 80
    assert found.low[PERIOD].tolist() == [62]
    assert found.covered[PERIOD].tolist() == [True]
    draws = found.values[PERIOD][0, 1:]
    assert draws.mean() == pytest.approx(80, rel=1e-6)
    assert draws.std() == pytest.approx((101 - 62) / 2 / Z95, rel=2e-3)
    assert [note.id for note in found.notes] == ["assessment.note_normal"]


def test_a_part_of_the_land_adds_half_widths() -> None:
    table = account(FOREST, GRASS, row(A, "wetland", 5, (1, 12)), row(A, "all", 85, (60, 110)))
    found = sink_of(table, [A], [PERIOD], rule(ecosystems=["forest", "grassland"]), n=101)
    # 20 and 10 below, 30 and 5 above.
    assert found.values[PERIOD][0, 0] == 80
    assert found.low[PERIOD].tolist() == [50]
    assert found.values[PERIOD][0, 1:].std() == pytest.approx((115 - 50) / 2 / Z95, rel=0.02)
    assert [note.id for note in found.notes] == ["assessment.note_normal", "assessment.note_sum"]


def test_one_ecosystem_alone_has_its_own_interval() -> None:
    found = sink_of(account(FOREST, GRASS, WHOLE), [A], [PERIOD], rule(ecosystems=["forest"]), n=10)
    assert found.low[PERIOD].tolist() == [80]
    assert [note.id for note in found.notes] == ["assessment.note_normal"]


def test_the_interval_of_a_sum_is_not_known_where_that_of_a_part_is_not() -> None:
    table = account(FOREST, row(A, "grassland", -20, NONE), row(A, "wetland", 3, (2, 4)), WHOLE)
    found = sink_of(table, [A], [PERIOD], rule(ecosystems=["forest", "grassland"]), n=10)
    assert found.values[PERIOD].tolist() == [[80.0] * 11]
    assert np.isnan(found.low[PERIOD]).tolist() == [True]
    assert found.covered[PERIOD].tolist() == [False]
    assert [note.id for note in found.notes] == ["assessment.note_no_interval"]


@pytest.mark.parametrize("nothing", [0.0, math.nan])
def test_a_part_that_is_nothing_needs_no_interval(nothing: float) -> None:
    table = account(FOREST, row(A, "grassland", nothing, NONE), row(A, "wetland", 3, (2, 4)), WHOLE)
    found = sink_of(table, [A], [PERIOD], rule(ecosystems=["forest", "grassland"]), n=10)
    assert found.values[PERIOD][0, 0] == 100
    assert found.low[PERIOD].tolist() == [80]


def test_a_region_without_the_land_has_a_certain_sink_of_zero() -> None:
    table = account(FOREST, WHOLE, row(B, "wetland", 7, (5, 9)), row(B, "all", 7, (5, 9)))
    found = sink_of(table, [B, A], [PERIOD], rule(ecosystems=["forest"]), n=10)
    assert found.values[PERIOD][:, 0].tolist() == [0, 100]
    assert found.values[PERIOD][0].tolist() == [0.0] * 11
    assert found.low[PERIOD].tolist() == [0, 80]
    assert found.covered[PERIOD].tolist() == [True, True]


def test_other_quantities_and_strata_are_no_sink() -> None:
    table = account(
        FOREST,
        GRASS,
        WHOLE,
        FOREST | {"stratum": "larch", "value": 900},
        FOREST | {"quantity": "stock_change", "value": 800},
    )
    assert sink_of(table, [A], [PERIOD], rule(ecosystems=["forest"]), n=10).values[PERIOD][0, 0] == 100


def test_the_accounts_own_draws_stand_for_themselves() -> None:
    drawn = np.random.default_rng(3).normal(100, 10, (4000, 2))
    table = account(FOREST, WHOLE, FOREST | {"region_code": B}, WHOLE | {"region_code": B})
    found = sink_of(table, [A, B], [PERIOD], rule(ecosystems=["forest"]), {PERIOD: drawn})
    assert found.values[PERIOD][:, 1:].tolist() == drawn.T.tolist()
    assert found.low[PERIOD] == pytest.approx(np.quantile(drawn, 0.025, axis=0), rel=1e-9)
    assert found.covered[PERIOD].tolist() == [True, True]
    assert [note.id for note in found.notes] == ["assessment.note_draws"]
    assert found.notes[0].values == {"n": 4000}


@pytest.mark.parametrize(("share", "covered"), [(0.4, False), (1.0, True)])
def test_draws_of_what_is_stated_in_part_only_say_nothing(share: float, covered: bool) -> None:
    """No interval in the account: because too little is stated, or because nothing that took part is uncertain."""
    drawn = np.random.default_rng(3).normal(100, 10, (500, 1))
    bare = row(A, "forest", 100, NONE, uncertain_share=share)
    found = sink_of(account(bare, GRASS, WHOLE), [A], [PERIOD], rule(ecosystems=["forest"]), {PERIOD: drawn})
    assert found.covered[PERIOD].tolist() == [covered]
    expected = drawn[:, 0] if covered else np.full(500, 100.0)
    assert found.values[PERIOD][0, 1:].tolist() == expected.tolist()
    assert ("assessment.note_no_interval" in {note.id for note in found.notes}) is not covered


def test_a_part_without_an_interval_says_nothing_of_one_that_has_it() -> None:
    """A tenth of the forest has no stated uncertainty, which is little; nothing of the grassland is uncertain."""
    drawn = np.random.default_rng(3).normal(80, 10, (500, 1))
    forest, grass = FOREST | {"uncertain_share": 0.9}, row(A, "grassland", -20, NONE)
    table = account(forest, grass, row(A, "wetland", 3, (2, 4)), WHOLE)
    found = sink_of(table, [A], [PERIOD], rule(ecosystems=["forest", "grassland"]), {PERIOD: drawn})
    assert found.covered[PERIOD].tolist() == [True]
    assert found.values[PERIOD][0, 1:].tolist() == drawn[:, 0].tolist()


def test_draws_of_nothing_are_a_certain_zero_and_of_something_an_interval_or_none() -> None:
    """A sink of 100 t whose draws are all the same has no interval."""
    table = account(FOREST, WHOLE, row(B, "wetland", 7, (5, 9)), row(B, "all", 7, (5, 9)))
    drawn = np.array([[100.0, 0.0]] * 500)
    found = sink_of(table, [A, B], [PERIOD], rule(ecosystems=["forest"]), {PERIOD: drawn})
    assert np.isnan(found.low[PERIOD]).tolist() == [True, False]
    assert found.low[PERIOD][1] == 0


def test_all_ecosystems_are_those_that_the_account_has() -> None:
    found = sink_of(account(FOREST, GRASS, WHOLE), [A], [PERIOD], rule(ecosystems=["all"]), n=10)
    assert found.values[PERIOD][0, 0] == 80
    unknown = account(row(A, "forest", math.nan, NONE), GRASS, row(A, "all", -20, (-30, -15)))
    told = sink_of(unknown, [A], [PERIOD], rule(ecosystems=["all"]), n=10).notes[0]
    assert told.id == "assessment.note_unknown"


def test_draws_of_another_shape_or_period_are_refused() -> None:
    table = account(FOREST, WHOLE)
    for draws in ({"2017-2020": np.ones((5, 1))}, {PERIOD: np.ones((5, 2))}, {PERIOD: np.ones(5)}):
        with pytest.raises(AssessmentError):
            sink_of(table, [A], [PERIOD], rule(ecosystems=["forest"]), draws)


def test_draws_of_an_approximation_are_the_same_for_all_regions_and_others_for_other_periods() -> None:
    """Regions share their parameters; periods are taken to err by themselves."""
    other = "2017-2020"
    rows = [one | {"region_code": code, "period": period} for one in (FOREST, WHOLE) for code in (A, B)
            for period in (PERIOD, other)]  # fmt: skip
    found = sink_of(account(*rows), [A, B], [PERIOD, other], rule(ecosystems=["forest"]), n=2000)
    first, second = found.values[PERIOD][:, 1:], found.values[other][:, 1:]
    assert np.array_equal(first[0], first[1])
    assert abs(np.corrcoef(first[0], second[0])[0, 1]) < 0.1


def problems(table: pd.DataFrame, codes: list[str], periods: list[str], **values: Any) -> list[str]:
    with pytest.raises(AssessmentError) as caught:
        sink_of(table, codes, periods, rule(**values), n=10)
    return sorted(problem.id for problem in caught.value.problems)


def test_all_faults_are_named_at_once() -> None:
    table = account(FOREST, WHOLE)
    assert problems(table, [A], ["2017-2020"], ecosystems=["forest"]) == ["assessment.no_period"]
    assert problems(table, [B], [PERIOD], ecosystems=["forest"]) == ["assessment.no_sink"]
    assert problems(table, [A], [PERIOD], ecosystems=["forest", "wetland"]) == ["assessment.not_accounted"]
    assert problems(table, [A], [PERIOD], ecosystems=["forest"], pools=["all", "litter"]) == [
        "assessment.not_accounted", "assessment.scope_overlap",
    ]  # fmt: skip
    unknown = account(row(A, "forest", math.nan, NONE), row(A, "grassland", 4, (3, 5)), WHOLE)
    assert problems(unknown, [A], [PERIOD], ecosystems=["forest"]) == ["assessment.no_sink"]
    # One that is known in part is told and not refused.
    told = sink_of(unknown, [A], [PERIOD], rule(ecosystems=["forest", "grassland"]), n=10)
    assert told.notes[0].id == "assessment.note_unknown"
    assert told.notes[0].values == {"land": [f"{A} forest"]}
