"""How a table is written in its file, where that has to be said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """What a project says of the way a table is written; what it leaves out is found where it is beyond doubt.

    Parameters
    ----------
    sheet : str, optional
        Sheet of a workbook.
    encoding : str, optional
        Of a CSV.
    delimiter : str, optional
        Sign between the cells of a CSV; ``"tab"`` for a tabulator.
    decimal : str, optional
        Sign before the decimals of numbers written as text: ``"."`` or ``","``.
    header : int, optional
        Row of the column names, counted from 1.
    """

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: int | None = None


UNSAID = Form()
"""Of a table of which nothing is said."""
