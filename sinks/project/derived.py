"""The sections of what follows from other layers: inputs computed cell by cell, strata told from strata."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from sinks.project.base import Section, UncertainSection


class CoefficientSection(Section):
    """``[derived_inputs.<name>.coefficients.<coefficient>]``: a number of an expression, and where it is from."""

    value: float = Field(description="The number.")
    unit: str = Field(description="Its unit; 1 for a bare number.")
    source: str = Field(min_length=1, description="Document with table or page, or the data that it was fitted to.")


class DerivedInputSection(UncertainSection):
    """``[derived_inputs.<name>]``: a continuous layer computed cell by cell from others, such as NEP from NPP."""

    expression: str | None = Field(
        default=None, description="Arithmetic over inputs and coefficients: npp - heterotrophic_respiration."
    )
    model: Literal["casa"] | None = Field(
        default=None, description="Instead of an expression a model: casa, NPP from monthly NDVI and climate."
    )
    quantity: str | None = Field(default=None, description="What it is; by default the layer's name.")
    coefficients: dict[str, CoefficientSection] = Field(
        default_factory=dict, description="Numbers of the expression: {a = {value = ..., unit = ..., source = ...}}."
    )
    vegetation: str | None = Field(
        default=None, description="Layer that says the vegetation to a model: land_cover or a stratum."
    )
    classes: dict[str, str] = Field(
        default_factory=dict,
        description="Vegetation of the model's table for each class of that layer; none where nothing grows.",
    )
    parameters: str | None = Field(
        default=None, description="CSV of your own that extends the model's table (first line # extends: casa_npp)."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.expression is None) == (self.model is None):
            raise ValueError("expression_or_model")
        if self.model is None and (self.vegetation or self.classes or self.parameters):
            raise ValueError("model_keys")
        if self.model is not None and (self.coefficients or not self.vegetation or not self.classes):
            raise ValueError("model_vegetation")
        return self


class DeriveSection(Section):
    """``[derive.<stratum>]``: a stratum that follows from another one, such as forest type from species."""

    from_: str = Field(alias="from", description="Stratum it follows from.")
    map: dict[str, str] | None = Field(default=None, description="New value for each old one.")
    table: str | None = Field(default=None, description="CSV with a column for each of the two strata.")

    @model_validator(mode="after")
    def _one_kind_of_map(self) -> Self:
        if (self.map is None) == (self.table is None):
            raise ValueError("map_or_table")
        return self
