"""The words of the account: ecosystems, pools and quantities, with their Chinese and English names and units.

The tables beside this module are the single list of names that layers, methodologies and outputs may use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal, cast

from sinks.text import Text, table_rows
from sinks.vocabulary.bounds import bounds

ALL = "all"
"""Value of ``ecosystem``, ``stratum`` or ``pool`` in the rows of the account that sum over it."""

NODATA = "nodata"
"""The class of land that was not observed."""

MONTHS = range(1, 13)
"""Numbers of the months."""

MID_YEAR = 0.5
"""Part of a year that has passed in its middle, where land has the age that counts for the year."""

MONTH = "{month}"
"""Stands for the month, in names that are given once for all twelve."""

NOT_APPLICABLE = "-"
"""Value of a stratum on land that it does not divide, such as the tree species of a steppe."""


@dataclass(frozen=True)
class Ecosystem:
    """A land class of the account."""

    id: str
    label: Text
    order: int


@dataclass(frozen=True)
class Pool:
    """A carbon pool; ``group`` is the pool family that a total is checked within."""

    id: str
    label: Text
    order: int
    group: str


Timing = Literal["", "state", "flow", "age"]


@dataclass(frozen=True)
class Quantity:
    """A measured input or a result, with its unit and, for inputs, the bounds outside which a value is a mistake.

    ``time`` says what an input is measured of: a ``state`` of the land at a date, a ``flow`` of a calendar year, or an
    ``age``, a state that advances by one a year by itself.  It is empty for results.
    """

    id: str
    kind: str
    label: Text
    unit: str
    time: Timing
    low: float
    high: float


@cache
def ecosystems() -> dict[str, Ecosystem]:
    """Every ecosystem by id, in the order of the report."""
    return {
        r["ecosystem"]: Ecosystem(r["ecosystem"], Text(r["zh"], r["en"]), int(r["order"]))
        for r in table_rows("sinks.vocabulary", "ecosystems.csv")
    }


@cache
def pools() -> dict[str, Pool]:
    """Every carbon pool by id, in the order of the report."""
    return {
        r["pool"]: Pool(r["pool"], Text(r["zh"], r["en"]), int(r["order"]), r["group"])
        for r in table_rows("sinks.vocabulary", "pools.csv")
    }


@cache
def quantities() -> dict[str, Quantity]:
    """Every input and result quantity by id."""
    nan, limits = float("nan"), bounds("input")
    found = {}
    for r in table_rows("sinks.vocabulary", "quantities.csv"):
        for id, zh, en in _by_month(r["quantity"], r["zh"], r["en"]):
            limit = limits.get(r["quantity"])
            low, high = (limit.low, limit.high) if limit else (nan, nan)
            found[id] = Quantity(id, r["kind"], Text(zh, en), r["unit"], cast(Timing, r["time"]), low, high)
    return found


def of_time(names: Iterable[str], time: Timing) -> tuple[str, ...]:
    """Those of some inputs that are measured in one way; what is not in the vocabulary is a state.

    >>> of_time(["wood_removal", "growing_stock"], "flow")
    ('wood_removal',)
    """
    known = quantities()
    return tuple(name for name in names if (known[name].time if name in known else "state") == time)


def month_id(name: str, month: int) -> str:
    """Name of one month of a quantity, for example ``temperature_07``."""
    return f"{name}_{month:02d}"


def _by_month(id: str, zh: str, en: str) -> list[tuple[str, str, str]]:
    """Id and names of a row; a row with ``{month}`` stands for twelve quantities."""
    if MONTH not in id:
        return [(id, zh, en)]
    base = id.removesuffix(f"_{MONTH}")
    return [(month_id(base, m), zh.replace(MONTH, str(m)), en.replace(MONTH, str(m))) for m in MONTHS]


def same_carbon(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """Pools of two lists that hold the same carbon, knowing that some pools contain others.

    >>> same_carbon(["biomass", "litter"], ["above_ground_biomass"])
    ['above_ground_biomass', 'biomass']
    """
    first, second, known = set(one), set(other), pools()
    clash = first & second
    for a, b in [*product(first, second), *product(second, first)]:
        if a == "ecosystem" or (a == "biomass" and known[b].group == "biomass"):
            clash |= {a, b}
    return sorted(clash)
