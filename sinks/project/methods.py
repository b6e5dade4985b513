"""The sections of methodologies and of what their parameters have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sinks.project.base import KeysAsText, Section


class MethodologySection(Section):
    """``[[methodologies]]``: which methodology accounts for what."""

    id: str = Field(description="Methodology; `sinks methods` lists them.")
    ecosystems: tuple[str, ...] = Field(min_length=1, description="Ecosystems it accounts for.")
    pools: tuple[str, ...] | None = Field(default=None, description="Pools to take from it; by default all it has.")
    accounts_for: tuple[Literal["stock", "sink"], ...] | None = Field(
        default=None, min_length=1, description="stock, sink or both; by default all it can give."
    )
    role: Literal["record", "comparison"] = Field(default="record", description="Part of the account, or beside it.")
    source: str | None = Field(default=None, description="Layer that gives the areas; by default the ecosystem's.")
    parameters: str | None = Field(default=None, description="CSV of your own that extends or replaces the table.")
    strata: Annotated[dict[str, str], KeysAsText] = Field(
        default_factory=dict, description="Strata that are the same everywhere, such as {edition = '2019'}."
    )


class NominalErrorsSection(Section):
    """``[nominal_errors]``: intervals by rule for parameters that have none."""

    kinds: tuple[str, ...] = Field(
        min_length=1,
        description="Kinds of parameters that are given the nominal error of the IPCC guidelines, or ['all']; an "
        "assumption, printed as such.",
    )


class CorrelationSection(Section):
    """``[[correlations]]``: rows of a parameter table that are wrong together."""

    methodology: str = Field(description="Methodology whose table has the parameters.")
    parameters: tuple[str, ...] = Field(
        min_length=1, description="Parameters all of whose rows are correlated with each other."
    )
    coefficient: float = Field(gt=-1, lt=1, description="Correlation of each pair of rows.")
    source: str = Field(description="Where the correlation is from.")
