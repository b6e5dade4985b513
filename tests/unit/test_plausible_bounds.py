"""The one table of plausible bounds: whole, sourced, and wide enough for what is published."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sinks import units
from sinks.assessment.indicators import published_observations, published_targets
from sinks.assessment.input_tables import RESULT, measures, tables
from sinks.project.rules import Rule
from sinks.vocabulary import quantities
from sinks.vocabulary.bounds import BASES, Bound, bounds, every_bound


@pytest.mark.parametrize("bound", every_bound(), ids=lambda bound: f"{bound.of}.{bound.quantity}")
def test_every_bound_has_a_unit_a_reason_and_a_source(bound: Bound) -> None:
    units.dimension(bound.unit)
    assert bound.low < bound.high
    assert math.isfinite(bound.low) or math.isfinite(bound.high)
    assert bound.reason.zh
    assert bound.reason.en
    assert bound.basis in BASES
    if bound.basis == "read":
        assert bound.source
        assert bound.locator
    if bound.basis == "derived":
        assert bound.locator, "the figures it is derived from"


def test_no_quantity_has_two_bounds() -> None:
    keys = [(bound.of, bound.quantity) for bound in every_bound()]
    assert len(keys) == len(set(keys))


def test_everything_that_a_user_writes_has_bounds() -> None:
    """A quantity of a table or an input of a layer without bounds would be taken whatever it says."""
    for table in (*tables(), RESULT):
        if table != RESULT:
            found = {id: limit.unit for id, limit in bounds(table).items()}
            assert found == {id: measure.unit for id, measure in measures(table).items()}, table
    for quantity in quantities().values():
        assert math.isfinite(quantity.low) == math.isfinite(quantity.high) == (quantity.kind == "input"), quantity.id
    numbers = {"k", "cap", "cap_share", "reference_level", "uncertainty_deduction", "confidence", "gdp_growth"}
    assert {*numbers, "base_year"} == set(bounds("rule"))
    assert numbers < set(Rule.model_fields)


def test_published_targets_and_observations_are_plausible() -> None:
    """Read through the same door as a user's own; bounds that refuse what is published are no bounds."""
    assert len(published_targets()) > 0
    assert len(published_observations()) > 0


def test_ends_that_are_open_are_outside() -> None:
    limit = bounds("targets")["intensity_reduction"]
    assert limit.outside([-0.01, 0.0, 0.99, 1.0, np.nan]).tolist() == [True, False, False, True, False]
    assert str(limit) == "[0, 1)"
    assert str(bounds("gdp")["gdp"]).startswith("(0, ")
    assert str(bounds("planting")["area"]) == "[0, ∞) ha"
