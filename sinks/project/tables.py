"""The section of statistics by region."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sinks.project.base import Date, Section


class TableSection(Section):
    """``[tables.<name>]``: statistics by region."""

    file: str = Field(description="CSV or Excel file.")
    columns: dict[str, Any] = Field(description="Column of each role: region, date, area, inputs ...")
    date: Date | None = Field(default=None, description="Date of all rows, where no column says it.")
    ecosystem: str | None = Field(default=None, description="Ecosystem of all rows, where no column says it.")
    sheet: str | None = Field(default=None, description="Sheet of an Excel file.")
    encoding: str | None = Field(default=None, description="Encoding of a CSV file, for example GBK.")
    delimiter: str | None = Field(
        default=None,
        description="Sign between the cells of a CSV file, for example ';' or 'tab'; found if it is left out.",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Sign before the decimals of numbers written as text; found if it is left out."
    )
    header: int | None = Field(
        default=None, ge=1, description="Row of the column names; by default the first row that has them all."
    )
