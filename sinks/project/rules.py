"""The rule of a project: what of the sink counts, and how.

No public text fixes the coefficient, the cap, the pools or whether grassland and wetland count.  So every value of the
rule carries where it is from: with a ``source`` it is *given*, without one it is *assumed*, and it is printed so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sinks.project.base import within
from sinks.vocabulary import ALL

T = TypeVar("T")

Baseline = Literal["net_net", "gross_net", "reference_level"]
ValueBasis = Literal["given", "assumed", "computed"]
CreditState = Literal[
    "unregistered", "registered_held", "transferred_inside", "transferred_outside", "cancelled", "reversed"
]


class RuleValue(BaseModel, Generic[T]):
    """A value of the rule with its source; ``k = 0.5`` is short for ``k = {value = 0.5}``, an assumption."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: T
    source: str = Field(default="", description="Document that fixes the value; without one the value is assumed.")

    @property
    def basis(self) -> ValueBasis:
        """``given`` when a document fixes the value, else ``assumed``."""
        return "given" if self.source else "assumed"


def _spelled_out(value: object) -> object:
    if isinstance(value, RuleValue) or (isinstance(value, Mapping) and "value" in value):
        return value
    return {"value": value}


def _ruled(value: Any) -> Any:
    return Field(default=RuleValue(value=value), validate_default=True)


_rule = partial(within, "rule")

Text = Annotated[RuleValue[str], BeforeValidator(_spelled_out)]
Names = Annotated[RuleValue[tuple[str, ...]], BeforeValidator(_spelled_out)]
Switch = Annotated[RuleValue[bool], BeforeValidator(_spelled_out)]
Levels = Annotated[RuleValue[dict[str, Annotated[float, _rule("reference_level")]]], BeforeValidator(_spelled_out)]
Caps = Annotated[RuleValue[dict[str, Annotated[float, _rule("cap")]]], BeforeValidator(_spelled_out)]
ByYear = Annotated[RuleValue[dict[int, str]], BeforeValidator(_spelled_out)]
Growth = Annotated[RuleValue[Annotated[float, _rule("gdp_growth")]], BeforeValidator(_spelled_out)]
Amount = Annotated[RuleValue[Annotated[float, Field(ge=0)]], BeforeValidator(_spelled_out)]
Coefficient = Annotated[RuleValue[Annotated[float, _rule("k")]], BeforeValidator(_spelled_out)]
Share = Annotated[RuleValue[Annotated[float, _rule("cap_share")]], BeforeValidator(_spelled_out)]
Deduction = Annotated[RuleValue[Annotated[float, _rule("uncertainty_deduction")]], BeforeValidator(_spelled_out)]
Confidence = Annotated[RuleValue[Annotated[float, _rule("confidence")]], BeforeValidator(_spelled_out)]
Year = Annotated[int, _rule("base_year")]
BaselineChoice = Annotated[RuleValue[Baseline], BeforeValidator(_spelled_out)]


class Rule(BaseModel):
    """``[assessment.rule]``: how the sink enters the evaluation.

    The counted sink is ``min(cap, k (S - U - L - CCER))``, where ``U`` is the deduction for uncertainty and ``L`` the
    reference level.  A sink below zero is a source and is counted as such; nothing clips it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_year: Year = Field(description="Year that changes are measured from, for example 2020.")
    years: tuple[Year, ...] = Field(min_length=1, description="Years that are assessed, such as [2021, 2022, 2023].")
    level: str = Field(default="league", description="Regions that are assessed; targets stop at the league.")
    ecosystems: Names = _ruled(("forest", "grassland", "wetland"))
    pools: Names = _ruled((ALL,))
    k: Coefficient = _ruled(1.0)
    cap: Caps | None = Field(default=None, description="Most that may be counted, by region [t CO2/yr].")
    cap_share: Share | None = Field(default=None, description="Most that may be counted, as a share of the emissions.")
    baseline: BaselineChoice = _ruled("net_net")
    reference_level: Levels | None = Field(default=None, description="Sink expected anyway, by region [t CO2/yr].")
    base_period: Text | None = Field(default=None, description="Account period that stands for the base year.")
    periods: ByYear | None = Field(
        default=None, description="Account period of each year; by default the one in which the year lies."
    )
    uncertainty_deduction: Deduction = _ruled(0.0)
    cancelled_returns: Switch = _ruled(False)
    credits_at_buyer: Switch = _ruled(True)
    confidence: Confidence = _ruled(0.95)
    gdp_growth: Growth | None = Field(
        default=None, description="Yearly growth of GDP at constant prices after the last figure, as a fraction."
    )

    def values(self) -> dict[str, RuleValue[Any]]:
        """Every value that carries a source or is an assumption, by name; what is not part of the rule is left out."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in found.items() if isinstance(value, RuleValue)}

    @property
    def all_years(self) -> tuple[int, ...]:
        """The base year and the assessed years, in order."""
        return tuple(sorted({self.base_year, *self.years}))
