"""The words and numbers of a report: labels by key, and one rule of rounding.

A number is rounded half to even (GB/T 8170-2008).  Figures of the account come as ``in_print.py`` has settled them, so
that parts add up, and read the same wherever they stand: in a sentence, in two tables, in two reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite

from sinks.results.in_words import share_in_words
from sinks.results.labels import label, labels
from sinks.text import Text, filled, language, words_of

UNITS = {"zh": 1e4, "en": 1e3}
"""The unit of print of areas and tonnes: 万 in Chinese, thousands in English."""

LARGE = {"zh": 1e8, "en": 1e6}
"""What a sentence says in 亿, in English in millions."""

DECIMALS = {"zh": 2, "en": 1}
"""Decimals of a number in the unit of print: both languages print hundreds of tonnes or hectares."""

_LARGE_DECIMALS = 2

ABSENT = "—"
"""What stands in a cell for which the account has no figure; a zero is printed as a number."""


def words() -> Mapping[str, Text]:
    """Every label of the reports by id."""
    return words_of("sinks.output", "report_labels.csv")


def word(id: str, /, **values: object) -> str:
    """The label ``id`` in the present language, its ``{placeholders}`` filled with ``values``."""
    return filled(words()[id], **values)


def known_word(key: str) -> str | None:
    """The label ``key`` when there is one in the reports' list, the outputs' or the assessment's."""
    if key in words():
        return word(key)
    return label(key) if key in labels() else _of_assessment(key)


def _of_assessment(key: str) -> str | None:
    from sinks.assessment.words import words as assessed

    return str(assessed()[key]) if key in assessed() else None


def joined(items: Iterable[str]) -> str:
    """A list as it is read out: 甲、乙和丙; A, B and C."""
    parts = list(items)
    if len(parts) < 2:
        return "".join(parts)
    return word("list.between").join(parts[:-1]) + word("list.last") + parts[-1]


def sentences(*parts: str) -> str:
    """Sentences one after the other, those that have nothing to say left out."""
    return word("sentence.separator").join(part for part in parts if part)


def rounded(amount: float, decimals: int | None = None) -> Decimal:
    """A number in the unit of print as it is printed."""
    step = Decimal(1).scaleb(-(DECIMALS[language()] if decimals is None else decimals))
    return Decimal(repr(float(amount))).quantize(step, ROUND_HALF_EVEN)


def printed(amount: float, decimals: int | None = None) -> str:
    """A number in the unit of print; :data:`ABSENT` when there is none, and never a minus before zero."""
    if not isfinite(amount):
        return ABSENT
    return shown(rounded(amount, decimals))


def shown(number: Decimal) -> str:
    """A rounded number as text."""
    # Chinese statistics group no digits; English readers expect commas.
    return format(abs(number) if number == 0 else number, ",f" if language() == "en" else "f")


def in_print(amount: float) -> float:
    """An amount of the account (ha, t) in the unit of print."""
    return amount / UNITS[language()]


def amount(value: float) -> str:
    """An amount of the account as tables print it, in the unit of print."""
    return printed(in_print(value))


def said(kind: str, value: float) -> str:
    """An amount of the account as a sentence says it, with its unit: 4.45亿吨碳, 56.79万吨.

    Parameters
    ----------
    kind : {"carbon", "uptake", "emission", "area"}
        What it is; ``uptake`` stands where the sentence has named carbon dioxide.
    value : float
        [t, ha]
    """
    if not isfinite(value):
        return ABSENT
    return word(_said_as(kind, value), value=_said_number(value, is_large(value)))


def said_range(kind: str, low: float, high: float, value: float) -> str:
    """Two ends of an interval in the unit in which :func:`said` says ``value``, the unit once."""
    large = is_large(value)
    end = word(_said_as(kind, value), value=_said_number(high, large))
    return word("said.range", low=_said_number(low, large), high=end)


def is_large(value: float) -> bool:
    """Whether a sentence says an amount in 亿 (millions)."""
    return abs(value) >= LARGE[language()]


def _said_as(kind: str, value: float) -> str:
    return f"said.{kind}.large" if is_large(value) else f"said.{kind}"


def _said_number(value: float, large: bool) -> str:
    return printed(value / LARGE[language()], _LARGE_DECIMALS) if large else amount(value)


def share(part: float, whole: float) -> str:
    """A part as a percentage of its whole, with one decimal."""
    if not (isfinite(part) and isfinite(whole)) or whole == 0:
        return ABSENT
    return percent(part / whole)


def percent(fraction: float, decimals: int = 1) -> str:
    """A fraction as a percentage; what is short of the whole never reads 100 %."""
    if not isfinite(fraction):
        return ABSENT
    return share_in_words(fraction, decimals)


def ordinal(number: int) -> str:
    """A rank: 3 in Chinese, 3rd in English."""
    if language() == "zh":
        return str(number)
    last = number % 100 if number % 100 in (11, 12, 13) else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"
