"""The section of the accuracy of the land-cover map."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sinks.project.base import STATIC, KeysAsText, Section


class AccuracySection(Section):
    """``[accuracy]``: what is known of the errors of the land-cover map."""

    matrix: Annotated[str | dict[str, str], KeysAsText] = Field(
        description="Confusion matrix of sample counts by ecosystem (CSV): one for all dates, or one for each date."
    )
    adjust: bool = Field(
        default=False, description="Account for the error-adjusted areas, with their intervals, instead of the map's."
    )

    @property
    def by_date(self) -> dict[str, str]:
        """The path of each date, or of ``"static"``."""
        return dict(self.matrix) if isinstance(self.matrix, dict) else {STATIC: self.matrix}
