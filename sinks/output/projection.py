"""The figure of a projection: stock and sink of a region in every scenario, with their intervals."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

import pandas as pd
from matplotlib.figure import Figure

from sinks.assessment.words import word
from sinks.errors import Problem, RunError
from sinks.output.figures.lines import Line, line_panels
from sinks.output.figures.style import as_png
from sinks.projection.projection import STANDS, Projection
from sinks.results import atomic
from sinks.results.shown_tables import TEN_THOUSAND
from sinks.text import language
from sinks.vocabulary import ALL

_SHOWN = ("carbon_stock", "net_removals")
_WIDE = 84
"""Letters of a line of the title; Chinese characters are twice as wide."""


def draw_projection(found: Projection, region: str | None = None) -> Figure:
    """Stock and sink of a region by scenario; the first region of the projection, unless one is named by its code.

    All land is drawn where other land is carried on beside the stands, else the stands.

    Raises
    ------
    RunError
        There is no such region in the projection.
    """
    codes = list(dict.fromkeys(found.table["region_code"]))
    code = region if region is not None else next(iter(codes), "")
    rows = found.table[(found.table["region_code"] == code) & (found.table["pool"] == ALL)]
    if rows.empty:
        raise RunError(Problem("projection.no_region", str(code), {"known": codes[:20]}))
    part = ALL if (rows["part"] == ALL).any() else STANDS
    rows = rows[rows["part"] == part]
    panels = [(word(f"axis.{quantity}"), _lines(rows[rows["quantity"] == quantity])) for quantity in _SHOWN]
    # Demonstration data say so on every picture.
    title = [
        f"{_name(found, code)}  {word(f'part.{part}')}",
        *wrap(found.notice, _WIDE if language() == "en" else _WIDE // 2),
    ]
    return line_panels(panels, "\n".join(title))


def write_projection(found: Projection, folder: Path) -> list[Path]:
    """Write the figure of the outermost region as ``projection.png``.

    Raises
    ------
    RunError
        The disk does not let it.
    """
    path = folder / "projection.png"
    atomic.write_file(path, as_png(draw_projection(found)))
    return [path]


def _lines(rows: pd.DataFrame) -> list[Line]:
    found = []
    for scenario, own in rows.groupby("scenario", sort=False):
        value, low, high = (own[column] / TEN_THOUSAND for column in ("value", "low", "high"))
        found.append(Line(str(scenario), own["year"], value, low, high))
    return found


def _name(found: Projection, code: str) -> str:
    if found.origin is None:
        return code
    names = dict(zip(found.origin.regions["code"], found.origin.regions["name"], strict=True))
    return str(names.get(code, code))
