"""The section of stands that are grown into the future."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sinks.project.base import Section, within

Year = Annotated[int, within("potential", "year")]

_FILES = ("stands", "curves", "yields", "planting", "disturbances", "events", "limits")


class GrowthSection(Section):
    """``[[projection.growth]]``: a growth whose carbon a methodology of the project gives, from age or from volume."""

    name: str = Field(description="Name that the tables use in the column curve.")
    methodology: str = Field(
        description="Id of a methodology of the project that takes stand_age, or growing_stock (from the table yields)."
    )
    strata: dict[str, str] = Field(default_factory=dict, description="Strata that its parameters are looked up by.")


class ProjectionSection(Section):
    """``[projection]``: stands by age class, grown to years to come, with and without a project."""

    stands: str = Field(description="Area of stands by region, growth and age (CSV).")
    start: Year = Field(description="Year at whose end the stands have these ages.")
    years: tuple[Year, ...] = Field(default=(2030, 2060), min_length=1, description="Years that are reported.")
    growth: tuple[GrowthSection, ...] = Field(default=(), description="Growths by methodologies of the project.")
    curves: str | None = Field(default=None, description="Growth curves of carbon density (CSV).")
    yields: str | None = Field(default=None, description="Yield tables: points of age and volume, or increment (CSV).")
    planting: str | None = Field(default=None, description="Land planted by scenario and year (CSV).")
    disturbances: str | None = Field(default=None, description="Disturbance matrices: pool to pool by event (CSV).")
    events: str | None = Field(default=None, description="Harvest and fire by scenario and year (CSV).")
    ages: dict[str, Literal["zero", "kept"]] = Field(
        default_factory=dict, description="By event: whether the stand begins anew (zero) or keeps its age (kept)."
    )
    every_year: str | None = Field(default=None, description="Matrix that acts on all land each year, such as decay.")
    limits: str | None = Field(default=None, description="Carbon densities at which other land is saturated (CSV).")
    without: str = Field(default="without", description="Scenario that all others are compared with: no project.")

    def files(self) -> Iterator[tuple[str, str]]:
        """Every file that the section names, as (key, path)."""
        yield from ((key, path) for key in _FILES if (path := getattr(self, key)) is not None)
