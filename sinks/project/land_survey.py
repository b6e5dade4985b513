"""The section of the official land survey that the areas of the account are set against."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sinks.project.base import KeysAsText, Section


class LandSurveySection(Section):
    """``[land_survey]``: official areas by class and region, beside those of the account."""

    file: str = Field(description="Areas of the survey: region_code, year, class, value, unit, source (CSV, Excel).")
    years: Annotated[dict[str, int], KeysAsText] = Field(
        default_factory=dict,
        description="Year of the survey for a date of the account, where it is another: {2020 = 2019}.",
    )
    classes: str | None = Field(
        default=None,
        description="Classes of the survey and what maps may take them for (CSV); else those of the third survey.",
    )
    scale_densities: str | None = Field(
        default=None,
        description="Date whose survey the carbon densities are scaled to, so that density times the area of the map "
        "is density times the official area. Areas stay those of the map; all dates have the same factors.",
    )
