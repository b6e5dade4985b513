"""What the sections of a project file share: frozen models in which unknown keys are forbidden.

There is one module for each group of sections.  The description of a key is what the reference page says of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sinks.text import text_of
from sinks.vocabulary.bounds import bounds

STATIC = "static"
"""Key of a file that holds for every date."""


def within(of: str, quantity: str) -> Any:
    """A field that keeps to the plausible bounds of ``quantity`` (:mod:`sinks.vocabulary.bounds`)."""
    limit = bounds(of)[quantity]
    ends = {"gt" if "low" in limit.open else "ge": limit.low, "lt" if "high" in limit.open else "le": limit.high}
    finite: dict[str, Any] = {how: end for how, end in ends.items() if math.isfinite(end)}
    return Field(**finite)


def _as_text(value: object) -> object:
    """Dates and codes may be written as numbers in TOML; inside they are text."""
    return text_of(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _keys_as_text(value: object) -> object:
    return {text_of(k): v for k, v in value.items()} if isinstance(value, Mapping) else value


KeysAsText = BeforeValidator(_keys_as_text)
"""Makes text of the keys of a table, which may be written as numbers: years, codes of a legend."""

Code = Annotated[str, BeforeValidator(_as_text)]
Date = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{4}$")]
Bands = Annotated[dict[str, Annotated[int, Field(ge=1)]], KeysAsText]
Files = Annotated[dict[str, str], KeysAsText]


class Section(BaseModel):
    """A table of the project file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __dir__(self) -> list[str]:
        """The keys of the section, and not the machinery of the models."""
        return sorted(type(self).model_fields)


class UncertainSection(Section):
    """What is known of the error of a continuous layer."""

    uncertainty: float | None = Field(
        default=None, gt=0, lt=100, description="Half width of the 95 % interval of the layer's mean, in percent."
    )
    uncertainty_source: str | None = Field(default=None, description="Where that uncertainty is from.")
    dates_correlated: bool = Field(default=False, description="Whether the error is the same at every date.")

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.uncertainty is not None and not self.uncertainty_source:
            raise ValueError("uncertainty_source")
        return self
