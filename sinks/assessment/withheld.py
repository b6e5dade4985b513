"""Why a verdict is withheld: its sink may be the noise of the maps, or too little of it has a stated uncertainty.

A verdict says that a target is met with the confidence asked for.  Nothing can say so where the draws of the sink leave
out what is not known of it, and less so where the sink cannot be told from errors of the land-cover maps.  What judges
is then blank and has these words: the verdict, its probability, the margin, the coefficient at which it changes, and
the room under the path.  Amounts stay what they are, and say it where they may be noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from sinks.assessment.words import word

Reason = Literal["", "noise", "interval"]

NOISE: Reason = "noise"
"""The sink cannot be told from the noise of the land-cover maps."""

INTERVAL: Reason = "interval"
"""Too little of the sink has a stated uncertainty for an interval."""

Withheld = Mapping[tuple[str, int], Reason]
"""Region and year, and why nothing that judges is said of them; those that are judged are not in it."""

JUDGED = ("margin", "probability_met", "verdict", "break_even_k")
"""Quantities of an assessment that judge."""


def graver(*reasons: Reason) -> Reason:
    """The reason that is said of several: noise before a missing interval.

    >>> graver("", "interval", "noise")
    'noise'
    """
    return NOISE if NOISE in reasons else INTERVAL if INTERVAL in reasons else ""


def by_noise(reasons: Iterable[Reason]) -> list[Reason]:
    """Only what may be noise: an amount without an interval is still an amount."""
    return [NOISE if reason == NOISE else "" for reason in reasons]


def said(reason: Reason, *, how: Literal["judged", "amount", "short"]) -> str:
    """What is said of a reason in the present language; nothing without one.

    Parameters
    ----------
    reason : {"", "noise", "interval"}
    how : {"judged", "amount", "short"}
        The sentence that stands in place of what judges, the one beside an amount that may be noise, or the words of a
        cell of a table.
    """
    return word(f"withheld.{how}.{reason}") if reason else ""


def sorted_names(names: Mapping[str, str], withheld: Withheld, year: int) -> dict[Reason, Sequence[str]]:
    """Names of the regions of a year by the reason for which their verdict is withheld, noise first."""
    found: dict[Reason, Sequence[str]] = {}
    for reason in (NOISE, INTERVAL):
        here = [name for code, name in names.items() if withheld.get((code, year)) == reason]
        if here:
            found[reason] = here
    return found
