"""The sections of restoration projects and of land suited for planting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from sinks.project.base import Section, within

Year = Annotated[int, within("potential", "year")]
Sink = Annotated[float, within("potential", "target")]


class RestorationSection(Section):
    """``[restoration]``: projects whose effect on the sink is measured against their surroundings."""

    file: str = Field(description="Polygons of the projects.")
    id: str = Field(default="project_id", description="Field of the project's id.")
    start: str = Field(default="start_year", description="Field of the year in which the project began.")
    ring: float = Field(gt=0, description="Width of the surroundings that a project is compared with, in metres.")
    strata: tuple[str, ...] = Field(
        min_length=1,
        description="What land inside and outside must have in common: layers that do not change, and ecosystem, "
        "class or land_cover at the first date.",
    )
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")


class ZoneSection(Section):
    """``[[potential.zones]]``: polygons that land must lie in, such as above 400 mm, or outside, such as a red line."""

    name: str = Field(pattern=r"^[^@]+$", description="What the zone is called in the result.")
    file: str = Field(description="Its polygons.")
    inside: bool = Field(description="true: land must lie inside; false: it must lie outside.")
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")


class ConditionSection(Section):
    """``[[potential.conditions]]``: what a layer must say of land that is suited."""

    name: str = Field(description="What the condition is called in the result.")
    layer: str = Field(description="Stratum or input of the project, or ecosystem, class or land_cover.")
    allowed: tuple[str, ...] = Field(default=(), description="Classes that are suited.")
    excluded: tuple[str, ...] = Field(default=(), description="Classes that are not.")
    low: float | None = Field(default=None, description="Least value of an input, in its unit.")
    high: float | None = Field(default=None, description="Greatest value of an input, in its unit.")


class PotentialSection(Section):
    """``[potential]``: land that is suited for planting, and what plans for it would hold."""

    conditions: tuple[ConditionSection, ...] = Field(
        min_length=1, description="In the order in which land is ruled out."
    )
    zones: tuple[ZoneSection, ...] = Field(default=(), description="Polygons, ruled out before the conditions.")
    curves: str | None = Field(default=None, description="Growth curves of carbon density (CSV).")
    planting: str | None = Field(default=None, description="Scenarios: area planted by year (CSV); needs curves.")
    limits: str | None = Field(default=None, description="Carbon densities at which present land is saturated (CSV).")
    years: tuple[Year, ...] = Field(default=(2030, 2060), min_length=1, description="Years of the trajectory.")
    target: Sink | None = Field(default=None, description="Wanted sink of the plantings [t CO2/yr].")
    target_year: Year | None = Field(default=None, description="Year in which it is wanted.")

    def files(self) -> Iterator[tuple[str, str]]:
        """Every file that the section names, as (key, path)."""
        named = [(key, getattr(self, key)) for key in ("curves", "planting", "limits")]
        named += [(f"zones.{zone.name}", zone.file) for zone in self.zones]
        yield from ((key, path) for key, path in named if path is not None)
