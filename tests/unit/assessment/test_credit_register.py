"""The register of credits as a law: no tonne in two places, none lost, none counted by two leagues."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pandas as pd
import pytest

from sinks.assessment.credit_register import OUTSIDE, follow_register
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import columns, parse_table
from sinks.assessment.ledger import audit, deductions

LEAGUES = ("150200", "150600", "150700")
Event = tuple[int, str, int, str, str, str, str, float]


def parsed(*events: Event) -> pd.DataFrame:
    cells = [(*event, "t CO2", "登记簿") for event in events]
    return parse_table("credit_register", pd.DataFrame(cells, columns=[c.name for c in columns("credit_register")]))


def history(seed: int, wanted: int = 1000) -> tuple[list[Event], dict[tuple[str, int], Counter[Any]]]:
    """A random history of possible events, and a plain book of it: tonnes by project, vintage and place."""
    rng, events = random.Random(seed), list[Event]()
    book: dict[tuple[str, int], Counter[Any]] = {}
    home = {f"C{n}": LEAGUES[n % 3] for n in range(12)}
    year = 2021
    while len(events) < wanted:
        year = min(2060, year + (rng.random() < 0.02))
        kind = rng.choice(["issued", "transferred", "used", "cancelled", "buffered", "released", "reversed"])
        if kind == "issued" or not book:
            project, vintage = rng.choice(list(home)), rng.randint(2021, year)
            tonnes = rng.randint(1, 500)
            book.setdefault((project, vintage), Counter())["held", home[project]] += tonnes
            events.append((year, project, vintage, "issued", home[project], "", "", tonnes))
            continue
        project, vintage = rng.choice(list(book))
        places, own = book[project, vintage], home[project]
        holders = [place[1] for place, tonnes in places.items() if place[0] == "held" and tonnes]
        holder = own if kind in ("buffered", "released", "reversed") else rng.choice(holders or [own])
        buffered = places["buffer", own]
        there = {"released": buffered, "reversed": buffered + places["held", own]}.get(kind, places["held", holder])
        if not there:
            continue
        tonnes = rng.randint(1, there)
        to = rng.choice([*LEAGUES, OUTSIDE]) if kind == "transferred" else ""
        served = f"P{rng.randint(1, 4)}" if kind == "used" else ""
        target = {
            "transferred": ("held", to),
            "used": ("used", holder, served),
            "cancelled": ("cancelled", holder),
            "buffered": ("buffer", own),
            "released": ("held", own),
            "reversed": ("reversed", own),
        }[kind]
        if kind == "reversed":
            places["buffer", own] -= min(tonnes, buffered)
            places["held", own] -= max(0, tonnes - buffered)
        else:
            places[("buffer", own) if kind == "released" else ("held", holder)] -= tonnes
        places[target] += tonnes
        events.append((year, project, vintage, kind, holder, to, served, tonnes))
    return events, book


@pytest.mark.parametrize("seed", range(8))
class TestRandomHistories:
    def test_every_tonne_is_in_one_place_and_none_is_lost(self, seed: int) -> None:
        events, _ = history(seed)
        assert len(events) == 1000
        found = follow_register(parsed(*events)).holdings
        issued = Counter[tuple[str, int]]()
        for _, project, vintage, kind, *_, tonnes in events:
            issued[project, vintage] += int(tonnes) if kind == "issued" else 0
        for (project, vintage), rows in found.groupby(["project_id", "vintage"]):
            numbers = [n for a, b in zip(rows["first"], rows["last"], strict=True) for n in range(a, b + 1)]
            assert sorted(numbers) == list(range(1, issued[str(project), int(vintage)] + 1))  # type: ignore[call-overload]
        assert found["tonnes"].sum() == issued.total()

    def test_places_are_those_of_a_plain_book(self, seed: int) -> None:
        events, book = history(seed)
        found = follow_register(parsed(*events)).holdings
        kept: Counter[Any] = Counter()
        for row in found.itertuples():
            place = (row.place, row.holder, row.served) if row.place == "used" else (row.place, row.holder)
            kept[row.project_id, row.vintage, place] += row.tonnes
        expected = {(*key, place): n for key, places in book.items() for place, n in places.items() if n}
        assert dict(kept) == expected

    def test_what_leaves_the_leagues_arrives_or_is_somewhere(self, seed: int) -> None:
        events, book = history(seed)
        both = follow_register(parsed(*events))
        left = deductions(both.ledger)["value"].sum()
        arrived = both.received["value"].sum()
        elsewhere = sum(n for places in book.values() for place, n in places.items() if place[0] != "used")
        outside = sum(n for places in book.values() for place, n in places.items() if place[:2] == ("used", OUTSIDE))
        assert left - arrived == elsewhere
        assert outside == both.received.loc[both.received["region_code"] == OUTSIDE, "value"].sum()
        assert audit(both.ledger)["tonnes"].sum() == left


def test_a_transfer_leaves_the_seller_and_arrives_where_it_is_used() -> None:
    events: list[Event] = [
        (2022, "C1", 2021, "issued", "150700", "", "", 100),
        (2022, "C1", 2021, "transferred", "150700", "150600", "", 60),
        (2023, "C1", 2021, "used", "150600", "", "coal-chemicals", 40),
    ]
    both = follow_register(parsed(*events))
    assert deductions(both.ledger).to_numpy().tolist() == [["150700", 2021, 100.0]]
    assert both.received.to_numpy().tolist() == [["150600", 2023, 40.0]]
    states = both.ledger.set_index("state")["value"].to_dict()
    assert states == {"registered_held": 40.0, "transferred_inside": 60.0}
    rows = both.holdings[["place", "holder", "served", "first", "last"]].to_numpy().tolist()
    assert rows == [
        ["used", "150600", "coal-chemicals", 1, 40],
        ["held", "150600", "", 41, 60],
        ["held", "150700", "", 61, 100],
    ]


def test_a_fire_takes_from_the_buffer_first() -> None:
    events: list[Event] = [
        (2022, "C1", 2021, "issued", "150700", "", "", 100),
        (2022, "C1", 2021, "buffered", "150700", "", "", 20),
        (2025, "C1", 2021, "reversed", "150700", "", "", 50),
    ]
    found = follow_register(parsed(*events)).holdings.groupby("place")["tonnes"].sum().to_dict()
    assert found == {"held": 50, "reversed": 50}


def test_faults_are_named_all_at_once() -> None:
    events: list[Event] = [
        (2022, "C1", 2021, "issued", "150700", "", "", 10),
        (2022, "C1", 2021, "transferred", "150700", "150600", "", 11),
        (2022, "C1", 2021, "used", "150700", "", "", 1),
        (2022, "C9", 2021, "cancelled", "150700", "", "", 1),
        (2021, "C1", 2021, "cancelled", "150700", "", "", 1),
        (2022, "C1", 2023, "issued", "150700", "", "", 1),
        (2022, "C1", 2021, "issued", "150600", "", "", 1),
        (2022, "C1", 2021, "cancelled", "150700", "", "", 1.5),
    ]
    with pytest.raises(AssessmentError) as caught:
        follow_register(parsed(*events))
    assert [problem.id for problem in caught.value.problems] == [
        "assessment.register_short",
        "assessment.register_lacks",
        "assessment.register_unknown",
        "assessment.register_order",
        "assessment.register_vintage",
        "assessment.register_region",
        "assessment.register_whole",
    ]


def test_credits_belong_to_somebody() -> None:
    with pytest.raises(AssessmentError) as caught:
        follow_register(parsed((2023, "C1", 2022, "issued", "", "", "", 5.0)))
    assert [(p.id, p.values["column"]) for p in caught.value.problems] == [("assessment.register_lacks", "holder")]
