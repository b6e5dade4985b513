"""The section of statistics by region."""

from __future__ import annotations

from typing import Any

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
    header: int = Field(default=1, ge=1, description="Row of the column names.")
