"""Cells of stratum columns: empty (anything), a word, or a range of numbers: ``[20,50)``, ``(,75]``, ``>=100``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_INTERVAL = re.compile(rf"([\[(])\s*({_NUMBER})?\s*,\s*({_NUMBER})?\s*([\])])")
_COMPARISON = re.compile(rf"(<=|>=|<|>|≤|≥)\s*({_NUMBER})")


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, either end belonging to it or not."""

    low: float
    high: float
    with_low: bool
    with_high: bool

    def __contains__(self, number: float) -> bool:
        above = number > self.low or (self.with_low and number == self.low)
        below = number < self.high or (self.with_high and number == self.high)
        return above and below

    def overlaps(self, other: Range) -> bool:
        """Whether some number lies in both."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return low < high or (low == high and low in self and low in other)

    def __str__(self) -> str:
        low, high = ("" if math.isinf(end) else f"{end:g}" for end in (self.low, self.high))
        return f"{'[' if self.with_low else '('}{low},{high}{']' if self.with_high else ')'}"


Cell = Range | str | None
"""What a stratum cell asks for; ``None`` matches anything."""


def parse_cell(text: str) -> Cell:
    """The cell written as ``text``; a range that cannot hold a number is a ``ValueError``."""
    text = text.strip()
    if not text:
        return None
    if match := _INTERVAL.fullmatch(text.replace("，", ",").replace("（", "(").replace("）", ")")):
        opening, low, high, closing = match.groups()
        if not low and not high:
            raise ValueError(text)  # an empty cell says that
        return _range(
            float(low) if low else -math.inf,
            float(high) if high else math.inf,
            opening == "[" and bool(low),
            closing == "]" and bool(high),
        )
    if match := _COMPARISON.fullmatch(text):
        sign, number = match.group(1).replace("≤", "<=").replace("≥", ">="), float(match.group(2))
        if sign.startswith("<"):
            return _range(-math.inf, number, False, "=" in sign)
        return _range(number, math.inf, "=" in sign, False)
    if text[0] in "[(<>" and any(character.isdigit() for character in text):
        raise ValueError(text)
    return text


def point(text: str) -> Range:
    """A number in a column of ranges, as the range of that number alone."""
    number = float(text)
    return Range(number, number, True, True)


def overlap(one: Cell, other: Cell) -> bool:
    """Whether two cells of one column can match the same value."""
    if one is None or other is None:
        return True
    if isinstance(one, Range) and isinstance(other, Range):
        return one.overlaps(other)
    return one == other


def _range(low: float, high: float, with_low: bool, with_high: bool) -> Range:
    if low > high or (low == high and not (with_low and with_high)):
        raise ValueError(f"{low:g} > {high:g}")
    return Range(low, high, with_low, with_high)
