"""The words and numbers of a report: labels by key, and one rule of rounding.

A number is rounded by itself, half to even (GB/T 8170-2008), so that it reads the same wherever it stands: in a
sentence, in two tables, in the report of the league and in that of the region.  Where printed parts then miss their
printed total, the table says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite

from sinks.results.labels import label, labels
from sinks.results.shown_tables import TEN_THOUSAND
from sinks.text import Text, filled, language, words_of

DECIMALS = 2
_STEP = Decimal(1).scaleb(-DECIMALS)

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


def rounded(amount: float) -> Decimal:
    """A number in the unit of print as it is printed."""
    return Decimal(repr(float(amount))).quantize(_STEP, ROUND_HALF_EVEN)


def printed(amount: float) -> str:
    """A number in the unit of print; :data:`ABSENT` when there is none, and never a minus before zero."""
    if not isfinite(amount):
        return ABSENT
    number = rounded(amount)
    # Chinese statistics group no digits; English readers expect commas.
    return format(abs(number) if number == 0 else number, ",f" if language() == "en" else "f")


def in_tens(amount: float) -> float:
    """An amount of the account (ha, t) in ten thousands."""
    return amount / TEN_THOUSAND


def amount(value: float) -> str:
    """An amount of the account as printed, in ten thousands."""
    return printed(in_tens(value))


def share(part: float, whole: float) -> str:
    """A part as a percentage of its whole, with one decimal."""
    if not (isfinite(part) and isfinite(whole)) or whole == 0:
        return ABSENT
    return percent(part / whole)


def percent(fraction: float) -> str:
    """A fraction as a percentage with one decimal; what is short of the whole never reads 100 %."""
    if not isfinite(fraction):
        return ABSENT
    text = f"{100 * fraction:.1f}%"
    return ">99.9%" if text == "100.0%" and fraction < 1 - 1e-9 else text


def ordinal(number: int) -> str:
    """A rank: 3 in Chinese, 3rd in English."""
    if language() == "zh":
        return str(number)
    last = number % 100 if number % 100 in (11, 12, 13) else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"
