"""Pages of a notebook that unfold: a thing in one line, and each part of it behind a triangle, as xarray shows its own.

Everything that is not made here is escaped, tables are cut where they are no longer read at a glance, and nothing is
fetched or run: the page is plain HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from sinks.text import MOST_ROWS, message

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 160
"""Characters of a cell; what is longer ends in three dots."""


class Fold(NamedTuple):
    """A part of a page.

    Attributes
    ----------
    title : str
        What is read while it is folded.
    body : str
        HTML; a part without any is left out.
    opened : bool
        Whether it is unfolded from the start.
    """

    title: str
    body: str
    opened: bool = False


def folded(head: str, parts: Iterable[Fold], *, opened: bool = True) -> str:
    """A page: its first line, and below it the parts that hold anything."""
    inner = "".join(
        f"<details style='margin-left:1em'{' open' if part.opened else ''}>"
        f"<summary>{escape(part.title)}</summary>{part.body}</details>"
        for part in parts
        if part.body
    )
    return f"<details{' open' if opened else ''}><summary><b>{escape(head)}</b></summary>{inner}</details>"


def part(id: str, body: str, count: int | None = None, *, opened: bool = False) -> Fold:
    """A part whose title is the message ``id``, with the number of what it holds."""
    return Fold(message(id) if count is None else f"{message(id)} ({count:,})", body, opened)


def of_frame(id: str, frame: pd.DataFrame, most: int = MOST_ROWS, *, index: bool = False, opened: bool = False) -> Fold:
    """A table as a part, its title with the number of its rows."""
    return part(id, table(frame, most, index=index), len(frame), opened=opened)


def table(frame: pd.DataFrame, most: int = MOST_ROWS, *, index: bool = False) -> str:
    """A frame as an HTML table, cells escaped and cut; a frame without rows is nothing.

    Parameters
    ----------
    frame : DataFrame
        Geometry is left out.
    most : int
        Rows that are shown; how many more there are stands beneath.
    index : bool
        Whether the index is shown.
    """
    if not len(frame):
        return ""
    shown = frame.drop(columns=[name for name in frame.columns if name == "geometry"]).head(most)
    html = str(shown.to_html(index=index, na_rep="", border=0, formatters=_formatters(shown), float_format=_number))
    more = len(frame) - len(shown)
    return f"{html}<p>{_further(more)}</p>" if more else html


def pairs(values: Mapping[str, object]) -> str:
    """Names and what they stand for, one below the other; what is empty is left out."""
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(name)}</td><td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in values.items()
        if str(value)
    )
    return f"<table><tbody>{rows}</tbody></table>" if rows else ""


def items(lines: Collection[str], most: int = MOST_ROWS) -> str:
    """Sentences as a list."""
    shown = "".join(f"<li>{escape(line)}</li>" for line in list(lines)[:most])
    more = len(lines) - most
    beneath = f"<li>{_further(more)}</li>" if more > 0 else ""
    return f"<ul>{shown}{beneath}</ul>" if lines else ""


def nouns(thing: object, leave: Collection[str] = ()) -> list[str]:
    """Names that are completed of a thing: what it holds and can be asked, and nothing of how it is made."""
    return sorted(name for name in object.__dir__(thing) if not name.startswith("_") and name not in leave)


def _further(more: int) -> str:
    return escape(message("folds.more_rows", count=more))


def _formatters(frame: pd.DataFrame) -> dict[Any, Callable[[object], str]]:
    """Of columns of text: pandas escapes what a formatter gives, and cuts nothing by itself that is given so."""
    return {name: _text for name in frame.columns if frame[name].ndim == 1 and frame[name].dtype.kind not in "fiub"}


def _text(cell: object) -> str:
    text = "" if cell is None or cell != cell else str(cell)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
