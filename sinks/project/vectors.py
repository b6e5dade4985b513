"""The section of polygons with attributes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sinks.project.base import Files, Section


class VectorSection(Section):
    """``[vectors.<name>]``: polygons with attributes, such as forest sub-compartments (小班)."""

    files: Files = Field(description="A file for each date.")
    layer: str | None = Field(default=None, description="Layer inside the file.")
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    preset: str | None = Field(default=None, description="Field names and code lists, for example lincaoshi.")
    fields: dict[str, Any] = Field(default_factory=dict, description="Field names that differ from the preset.")
    where: str | None = Field(
        default=None, description="Only the features for which this condition holds; SQL of SQLite in every format."
    )
    repair: bool = Field(default=False, description="Repair invalid geometry (the area changed is reported).")
    area: Literal["geometry", "declared"] = Field(
        default="geometry",
        description="True area of the geometry, or the recorded one divided over its parts.",
    )
    zero_volume: Literal["observed", "missing"] | None = Field(
        default=None, description="What a growing stock of zero means in forest; must be said where it occurs."
    )
    accept: tuple[str, ...] = Field(
        default=(), description="Findings to accept as notes: overlap, duplicate_id, null_geometry, declared_area, ..."
    )
    each_stand: bool = Field(
        default=False, description="Keep every stand as a row, also where no methodology takes a number of it."
    )
