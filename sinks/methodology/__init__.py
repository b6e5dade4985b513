"""The contract of a methodology, how it is found, and how it is run on activity rows.

A methodology is a frozen :class:`Methodology` plus one pure function.  A :class:`Registry` finds them by entry point,
by path (``.py``) or as a ``.csv`` that extends one; it hands out a :class:`Bound` methodology, parameters included.
"""

from sinks.methodology.bound import Bound
from sinks.methodology.contract import check
from sinks.methodology.describe import describe
from sinks.methodology.registry import Registry, check_file
from sinks.methodology.resolve import Resolved, resolve
from sinks.methodology.spec import KIND_OF_UNIT, Example, Intermediate, Kind, Methodology, Monthly
from sinks.methodology.starter import new

__all__ = [
    "KIND_OF_UNIT",
    "Bound",
    "Example",
    "Intermediate",
    "Kind",
    "Methodology",
    "Monthly",
    "Registry",
    "Resolved",
    "check",
    "check_file",
    "describe",
    "new",
    "resolve",
]
