"""Stands grown year by year: forty of them against a plain loop, and laws that hold for any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.projection.engine import ATMOSPHERE, DEAD, Growth, Matrix, Planned, carry_on

START, END = 2023, 2060
LIVING = ("above_ground_biomass", "below_ground_biomass")
CUT = Matrix(
    "cut",
    {
        ("above_ground_biomass", "harvested_wood_products"): 0.5,
        ("above_ground_biomass", "litter"): 0.4,
        ("above_ground_biomass", ATMOSPHERE): 0.1,
        ("below_ground_biomass", "dead_wood"): 1.0,
    },
    renews=True,
)
FIRE = Matrix(
    "fire",
    {
        ("above_ground_biomass", ATMOSPHERE): 0.2,
        ("above_ground_biomass", "dead_wood"): 0.3,
        ("below_ground_biomass", "dead_wood"): 0.1,
        ("litter", ATMOSPHERE): 0.9,
    },
    renews=False,
)
DECAY = Matrix(
    "decay",
    {
        ("dead_wood", ATMOSPHERE): 0.05,
        ("dead_wood", "soil_organic_carbon"): 0.01,
        ("litter", ATMOSPHERE): 0.3,
        ("harvested_wood_products", ATMOSPHERE): 0.02,
    },
    renews=False,
)


def growth(oldest: int = 400, draws: int = 3) -> Growth:
    ages, rng = np.arange(oldest + 1), np.random.default_rng(7)
    scale = np.concatenate(([1.0], rng.uniform(0.7, 1.3, draws)))
    above = 80 * (1 - np.exp(-0.03 * ages)) ** 1.8
    density = np.stack([above, 0.25 * above], axis=1)[:, :, None] * scale
    return Growth(LIVING, density, uncertain=True)


def planned(matrix: Matrix, years: tuple[int, int], ages: tuple[int, int], *, area: float, share: float) -> Planned:
    return Planned(matrix, years, ages, area, share, "plan:2")


def moved(pools: dict[str, float], matrix: Matrix, part: float) -> tuple[dict[str, float], float]:
    """A stand's pools after an event on a part of it, and what went to the air; written once more, and plainly."""
    after, lost = dict(pools), 0.0
    for (source, target), share in matrix.shares.items():
        amount = part * share * pools[source]
        after[source] -= amount
        if target == ATMOSPHERE:
            lost += amount
        else:
            after[target] += amount
    return after, lost


def felled(stands: list[dict], area: float) -> tuple[list[dict], float]:
    """The part of each ripe stand that is cut becomes a stand of its own."""
    ripe, lost = [one for one in stands if 30 <= one["age"] <= 60], 0.0
    share, young = area / sum(one["area"] for one in ripe), []
    for one in ripe:
        pools, gone = moved({pool: share * amount for pool, amount in one["pools"].items()}, CUT, 1.0)
        lost += gone
        young.append({"age": 0, "area": share * one["area"], "pools": pools})
        one["area"] *= 1 - share
        one["pools"] = {pool: (1 - share) * amount for pool, amount in one["pools"].items()}
    return stands + young, lost


def stand_by_stand(begun: dict[int, float], planting: dict[int, float], fire: float, cut: dict[int, float]) -> dict:
    """One dictionary for each stand and draw; nothing but the numbers is shared with the code under test."""
    every, result = growth().density, {"area": [], "stock": [], "released": []}
    for draw in range(every.shape[2]):
        density = every[:, :, draw]
        pools_of = {
            age: dict(zip(LIVING, row, strict=True)) | dict.fromkeys(DEAD, 0.0) for age, row in enumerate(density)
        }
        stands = [
            {"age": age, "area": area, "pools": {pool: area * c for pool, c in pools_of[age].items()}}
            for age, area in begun.items()
        ]
        stock, released = [sum(sum(one["pools"].values()) for one in stands)], [0.0]
        for year in range(START + 1, END + 1):
            lost = 0.0
            if year in cut:
                stands, lost = felled(stands, cut[year])
            for one in stands:
                one["pools"], burnt = moved(one["pools"], FIRE, fire if one["age"] <= 300 else 0.0)
                for number, pool in enumerate(LIVING):
                    one["pools"][pool] += one["area"] * (density[one["age"] + 1] - density[one["age"]])[number]
                one["age"] += 1
                one["pools"], rotten = moved(one["pools"], DECAY, 1.0)
                lost += burnt + rotten
            if year in planting:
                stands.append({"age": 0, "area": planting[year], "pools": dict(pools_of[0])})
            stock.append(sum(sum(one["pools"].values()) for one in stands))
            released.append(lost)
        result["area"].append(sum(one["area"] for one in stands))
        result["stock"].append(stock)
        result["released"].append(released)
    return {name: np.array(values) for name, values in result.items()}


def test_forty_stands_are_a_plain_loop_over_them() -> None:
    rng = np.random.default_rng(1)
    area_of_age = {int(age): float(rng.uniform(5, 500)) for age in rng.choice(120, 40, replace=False)}
    planting = {2026: 100.0, 2027: 50.0, 2040: 20.0}
    cut = {2030: 200.0, 2045: 60.0}
    expected = stand_by_stand(area_of_age, planting, 0.004, cut)
    area = np.zeros(121)
    for age, hectares in area_of_age.items():
        area[age] = hectares
    plan = [planned(CUT, (year, year), (30, 60), area=hectares, share=np.nan) for year, hectares in cut.items()]
    plan.append(planned(FIRE, (START + 1, END), (0, 300), area=np.nan, share=0.004))
    found = carry_on(growth(), area, START, END, planting=planting, plan=plan, every_year=DECAY)
    assert pytest.approx(expected["stock"], rel=1e-12) == found.stock.sum(axis=1).T
    assert pytest.approx(expected["released"], rel=1e-12) == found.released.T
    assert found.area_ha[-1] == pytest.approx(expected["area"][0], rel=1e-12)
    assert found.struck_ha["cut"][[2030 - START, 2045 - START]] == pytest.approx([200.0, 60.0])
    assert found.shortfalls == ()


@given(
    ages=st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1e5)), min_size=1, max_size=6),
    fire=st.floats(0, 1),
    harvest=st.floats(0, 1),
)
@settings(max_examples=25, deadline=None)
def test_no_carbon_is_lost_or_made(ages: list[tuple[int, float]], fire: float, harvest: float) -> None:
    """What is there at the end is what was there, plus growth, less what went to the atmosphere; in every draw."""
    area = np.zeros(101)
    for age, hectares in ages:
        area[age] += hectares
    plan = [
        planned(CUT, (2030, 2034), (20, 90), area=np.nan, share=harvest),
        planned(FIRE, (2024, 2040), (0, 200), area=np.nan, share=fire),
    ]
    found = carry_on(growth(), area, START, 2040, planting={2025: 10.0}, plan=plan, every_year=DECAY)
    stock = found.stock.sum(axis=1)
    there = stock[0] + found.grown.sum(axis=0) - found.released.sum(axis=0)
    assert stock[-1] == pytest.approx(there, rel=1e-9, abs=1e-6)
    assert found.area_ha[-1] == pytest.approx(area.sum() + 10.0)
    assert (found.stock >= -1e-6).all()


def test_without_events_stands_follow_their_curve() -> None:
    area = np.zeros(31)
    area[30] = 2.0
    found = carry_on(growth(), area, START, END)
    ahead = np.arange(30, 30 + END - START + 1)
    above = 80 * (1 - np.exp(-0.03 * ahead)) ** 1.8
    assert found.stock[:, 0, 0] == pytest.approx(2.0 * above)
    assert found.stock[:, len(LIVING) :] == pytest.approx(0.0)


def test_a_plan_that_wants_more_land_than_there_is_is_said() -> None:
    area = np.zeros(31)
    area[30] = 2.0
    found = carry_on(growth(), area, START, 2026, plan=[planned(CUT, (2025, 2025), (20, 40), area=3.0, share=np.nan)])
    (short,) = found.shortfalls
    assert (short.year, short.wanted_ha, short.there_ha) == (2025, 3.0, 2.0)
