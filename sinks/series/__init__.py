"""The account year after year: an archive of runs, how it is continued, recalculated and read.

Names are loaded when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sinks.series.archive import Series

__all__ = ["Series"]


def __getattr__(name: str) -> object:
    if name == "Series":
        from sinks.series.archive import Series

        return Series
    raise AttributeError(name)
