"""Laws of the assessment that hold whatever the numbers."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sinks.analysis.decomposition import decompose
from sinks.assessment.equations import (
    break_even_k,
    break_even_sink,
    counted_sink,
    is_met,
    reduction,
    required_reduction,
)
from sinks.assessment.ledger import SINK, audit, deductions
from sinks.planning.potential import Condition, NamedCurve, candidates, trajectory
from sinks.project.rules import CreditState

positive = st.floats(1, 1e6)
sinks = st.floats(-1e5, 1e6)
shares = st.floats(0, 0.9)
caps = st.one_of(st.just(math.inf), st.just(0.0), st.floats(1e-3, 1e5))
# A sink below a kilogram a year would need a coefficient beyond all numbers.
amounts = st.one_of(st.just(0.0), st.floats(1e-3, 1e5), st.floats(-1e5, -1e-3))

lots = st.dictionaries(
    st.tuples(st.sampled_from("ABC"), st.integers(2020, 2023), st.sampled_from(get_args(CreditState))),
    st.integers(0, 50),
    max_size=12,
)


def ledger(book: dict[tuple[str, int, str], int]) -> pd.DataFrame:
    rows = [(id, "1506" if id == "A" else "1507", year, state, float(n)) for (id, year, state), n in book.items()]
    return pd.DataFrame(rows, columns=["project_id", "region_code", "year", "state", "value"])


@settings(max_examples=40, deadline=None)
@given(lots, st.booleans())
def test_no_tonne_is_in_two_places(book: dict[tuple[str, int, str], int], returns: bool) -> None:
    """Each tonne of a project has one number and one place, and is deducted exactly when that place is not the sink."""
    table = audit(ledger(book), cancelled_returns=returns)
    seen: set[tuple[str, int]] = set()
    for row in table.to_dict("records"):
        numbers = {(row["project_id"], i) for i in range(row["first"], row["last"] + 1)}
        assert len(numbers) == row["tonnes"]
        assert not numbers & seen
        seen |= numbers
        assert row["deducted"] == (0 if row["used_in"] == SINK else row["tonnes"])
    assert len(seen) == sum(book.values())


@settings(max_examples=40, deadline=None)
@given(lots, st.booleans())
def test_tonnes_are_conserved(book: dict[tuple[str, int, str], int], returns: bool) -> None:
    """Tonnes left in the sink and tonnes deducted are all tonnes, by region and year."""
    rows = ledger(book)
    table = audit(rows, cancelled_returns=returns)
    kept = table.loc[table["used_in"] == SINK, "tonnes"].sum()
    assert kept + deductions(rows, cancelled_returns=returns)["value"].sum() == rows["value"].sum()


@settings(deadline=None)
@given(sinks, st.floats(0, 1e5), st.floats(0, 2), caps)
def test_cap_is_kept_and_a_source_is_never_clipped(sink: float, deducted: float, k: float, cap: float) -> None:
    counted = float(counted_sink(np.array(sink - deducted), k, np.array(cap)))
    assert counted <= cap
    if sink - deducted <= 0:
        assert counted == k * (sink - deducted)


@settings(deadline=None)
@given(st.floats(0, 0.95), st.integers(1, 10), st.data())
def test_path_ends_at_the_target_and_composes(target: float, years: int, data: st.DataObject) -> None:
    """What is left after m and then n years is what is left after m + n."""
    m = data.draw(st.integers(0, years))
    left = [1 - float(required_reduction(target, n, years)) for n in (m, years - m, years)]
    assert left[0] * left[1] == pytest.approx(left[2], rel=1e-12)
    assert left[2] == pytest.approx(1 - target, rel=1e-12)


@settings(deadline=None)
@given(positive, positive, positive, positive)
def test_reduction_composes_over_years(a: float, b: float, c: float, gdp: float) -> None:
    one, two, whole = (
        float(reduction(np.array(x), np.array(gdp), np.array(y), np.array(gdp))) for x, y in ((b, a), (c, b), (c, a))
    )
    assert (1 - one) * (1 - two) == pytest.approx(1 - whole, rel=1e-9)


@settings(deadline=None)
@given(positive, positive, positive, positive, shares)
def test_break_even_sink_is_exactly_enough(e: float, gdp: float, base: float, base_gdp: float, required: float) -> None:
    args = [np.array(v) for v in (gdp, base, base_gdp, required)]
    needed = break_even_sink(np.array(e), *args)
    slack = 1e-9 * (abs(e) + abs(float(needed)) + base * gdp / base_gdp)
    assert is_met(np.array(e) - needed - slack, *args)
    assert not is_met(np.array(e) - needed + slack, *args)


@settings(deadline=None)
@given(
    *(st.tuples(positive, amounts, caps) for _ in range(2)),
    st.floats(0.1, 2),
)
def test_break_even_k_is_a_zero_and_the_first(
    report: tuple[float, float, float], base: tuple[float, float, float], growth: float
) -> None:
    def room(k: float) -> float:
        after, before = (e - min(cap, k * sink) for e, sink, cap in (report, base))
        return growth * before - after

    k = break_even_k(report, base, growth)
    scale = sum(abs(e) + (abs(s) if math.isinf(c) else c + abs(s)) for e, s, c in (report, base))
    assume(scale < 1e7)
    if math.isnan(k):
        signs = {math.copysign(1, room(x)) for x in (*np.linspace(0, 3, 40), 1e6) if abs(room(x)) > 1e-6 * scale}
        assert len(signs) <= 1
        return
    assert abs(room(k)) <= 1e-7 * scale * max(1.0, k)
    before = {math.copysign(1, room(x)) for x in np.linspace(0, k, 20) if abs(room(x)) > 1e-6 * scale * max(1.0, k)}
    assert len(before) <= 1


leaf_rows = st.dictionaries(
    st.tuples(
        st.sampled_from(["1506", "1507"]), st.sampled_from(["forest", "shrub"]), st.sampled_from(["litter", "soil"])
    ),
    st.tuples(st.floats(0, 1e5), st.floats(-200, 200), st.sampled_from(["m", "n"])),
    max_size=6,
)


def as_leaves(rows: dict[tuple[str, str, str], tuple[float, float, str]]) -> pd.DataFrame:
    found = [(*key, area, area * density, method) for key, (area, density, method) in rows.items()]
    return pd.DataFrame(found, columns=["region_code", "ecosystem", "pool", "area", "value", "methodology"])


@settings(max_examples=40, deadline=None)
@given(leaf_rows, leaf_rows, st.booleans(), st.sampled_from([(), ("m",)]))
def test_effects_add_up_to_the_difference(
    one: dict[tuple[str, str, str], tuple[float, float, str]],
    two: dict[tuple[str, str, str], tuple[float, float, str]],
    same: bool,
    parameters: tuple[str, ...],
) -> None:
    """By region as in total, and with the sign turned when the accounts change places."""
    before, after = as_leaves(one), as_leaves(two)
    scale = 1e-9 * (1 + before["value"].abs().sum() + after["value"].abs().sum())
    there = decompose(before, after, same_time=same, new_parameters=parameters)
    for region in ("1506", "1507"):
        change = sum(s * f.loc[f["region_code"] == region, "value"].sum() for s, f in ((1, after), (-1, before)))
        assert abs(there.loc[there["region_code"] == region, "value"].sum() - change) <= scale
    back = decompose(after, before, same_time=same, new_parameters=parameters)
    pair = there.merge(
        back, on=["region_code", "ecosystem", "pool", "effect"], how="outer", suffixes=("_there", "_back")
    )
    if not parameters:
        assert (pair["value_there"] + pair["value_back"]).abs().max() <= scale or pair.empty


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1000), st.sampled_from("xyz")), max_size=8))
def test_suited_and_unsuited_land_is_all_land(rows: list[tuple[float, float, str]]) -> None:
    states = pd.DataFrame(rows, columns=["area_ha", "rain", "land"]).assign(region_code="1506")
    states = states.astype({"area_ha": float, "rain": float})
    conditions = (Condition("land", "land", allowed=("x", "y")), Condition("rain", "rain", low=400))
    assert candidates(states, conditions)["area_ha"].sum() == pytest.approx(states["area_ha"].sum())


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 500), st.floats(0.01, 0.5), st.floats(0.5, 4), st.integers(2000, 2050))
def test_planted_land_only_gains_and_never_beyond_its_limit(limit: float, rate: float, shape: float, year: int) -> None:
    planting = pd.DataFrame({"scenario": ["a"], "year": [year], "area_ha": [1.0]})
    rows = trajectory(planting, NamedCurve("richards", (limit, rate, shape), "law"), range(1990, 2120))
    assert (rows["removals"] >= 0).all()
    assert (rows["stock"] <= limit * (1 + 1e-12)).all()
