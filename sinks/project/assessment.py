"""The section of dual control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from sinks.project.base import Section
from sinks.project.rules import Rule

_FILES = (
    "emissions",
    "gdp",
    "targets",
    "abatement",
    "budget",
    "observations",
    "ledger",
    "credit_projects",
    "credit_register",
)

Waivable = Literal["magnitude", "credits"]


class AssessmentSection(Section):
    """``[assessment]``: tables of emissions, GDP and targets, and the rule by which the sink counts."""

    emissions: str = Field(description="Emissions by region, year and kind (CSV or Excel).")
    gdp: str = Field(description="GDP by region and year; at constant prices, or with a deflator.")
    targets: str = Field(description="Targets by region, with definition and base year.")
    abatement: str | None = Field(default=None, description="Reductions by projects such as CCUS.")
    budget: str | None = Field(default=None, description="Planned increments and reductions.")
    observations: str | None = Field(default=None, description="Observed indicators that targets are followed by.")
    ledger: str | None = Field(default=None, description="Credited tonnes by project, year and state.")
    credit_projects: str | None = Field(default=None, description="Polygons of the crediting projects.")
    credit_register: str | None = Field(
        default=None,
        description="Events of credited tonnes, seller and buyer: issue, transfer, use, cancellation, reversal; in "
        "place of the ledger.",
    )
    encoding: str | None = Field(default=None, description="Encoding of CSV tables that are not UTF-8, such as GBK.")
    waived: tuple[Waivable, ...] = Field(
        default=(), description="Checks passed over after a look: magnitude (t or 10^4 t), credits (beyond the sink)."
    )
    rule: Rule

    def files(self) -> Iterator[tuple[str, str]]:
        """Every file that the section names, as (key, path)."""
        for key in _FILES:
            path = getattr(self, key)
            if path is not None:
                yield key, path
