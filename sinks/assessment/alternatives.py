"""Sensitivity of the verdict: what would be judged by another coefficient, cap, pool, ecosystem or base.

No public text fixes any of these, so that a verdict says little before it is known how far it rests on them.  Each
alternative changes one thing of the rule and is assessed in full, with its own draws; beside each stands the value at
which the verdict turns.  The steps of the coefficient and of the cap are places to look at, and no proposals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sinks.assessment import equations
from sinks.assessment.answer import Answer, Origin
from sinks.assessment.errors import AssessmentError
from sinks.assessment.result import Assessment
from sinks.assessment.words import word, word_of
from sinks.project.rules import Rule, RuleValue
from sinks.vocabulary import ALL, pools

COLUMNS = (
    *("region_code", "region_name", "year", "what", "alternative", "verdict", "probability_met", "change"),
    *("required_change", "sink_counted", "turns_at", "turns_unit", "differs", "withheld", "note"),
)

AS_IS, K, CAP, POOLS, ECOSYSTEMS, BASE = "as_is", "k", "cap_share", "pools", "ecosystems", "baseline"
"""What an alternative changes; nothing, for the rule as it is."""

NONE, _JOINED = "none", " + "

_K_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
_CAP_STEPS = (0.01, 0.02, 0.05, 0.1)

Again = Callable[[Rule], Assessment]
"""Assesses the same account and inputs by another rule."""


@dataclass(frozen=True)
class Alternative:
    """A rule that differs in one thing, and how that is written."""

    what: str
    said: str
    rule: Rule


@dataclass(frozen=True, repr=False)
class Alternatives(Answer):
    """The verdict under other rules.

    Attributes
    ----------
    table : DataFrame
        :data:`COLUMNS`, for the last assessed year: a row for each region and alternative. ``turns_at`` is the value at
        which the verdict changes: of the coefficient for ``k``, of the share of emissions for ``cap_share``, else the
        counted sink at which the target is just met. ``differs`` says whether the verdict is another than by the rule.
    counted : DataFrame
        What documents say of the sinks that count, by document and year; blank where they say nothing.
    indicators : DataFrame
        Indicators of the evaluation of 2026 that concern ecosystems beside those of carbon.
    """

    table: pd.DataFrame
    counted: pd.DataFrame = field(default_factory=pd.DataFrame)
    indicators: pd.DataFrame = field(default_factory=pd.DataFrame)

    NAMED = ("what", "kind", "indicator", "status")

    def data(self) -> dict[str, pd.DataFrame]:
        return {
            "verdict_alternatives": self.table,
            "counted_by_document": self.counted,
            "evaluation_indicators": self.indicators,
        }

    def glance(self) -> list[pd.DataFrame]:
        """What is judged by the rule, every alternative that turns it, and the indicators of the outermost regions."""
        codes = set(self._of(self.indicators, Origin.outermost)["region_code"])
        codes = codes or set(self.indicators["region_code"].head(1))
        columns = [
            "region_name",
            "what",
            "alternative",
            "verdict",
            "probability_met",
            "turns_at",
            "turns_unit",
            "differs",
        ]
        own = self.indicators[self.indicators["region_code"].isin(codes)]
        rows = self.table[(self.table["what"] == AS_IS) | self.table["differs"]]
        order = rows["region_code"].map({code: place for place, code in enumerate(dict.fromkeys(rows["region_code"]))})
        shown = rows.iloc[order.argsort(kind="stable")][columns]
        said = [_words(what, given) for what, given in zip(shown["what"], shown["alternative"], strict=True)]
        return [shown.assign(alternative=said), own]

    def remarks(self) -> list[str]:
        turned = self.table.loc[self.table["differs"], ["region_name", "what"]].drop_duplicates()
        kinds = {str(name): sorted(set(rows["what"])) for name, rows in turned.groupby("region_name", sort=False)}
        said = [f"{name}: {', '.join(word(f'what.{one}') for one in kind)}" for name, kind in kinds.items()]
        first = word("note.turned", regions=said) if said else word("note.not_turned")
        return [first, word("note.evaluation")]


def _words(what: str, given: str) -> str:
    """An alternative as people read it: pools, ecosystems and the treatment of the base year by their names."""
    kinds = {POOLS: "pool", ECOSYSTEMS: "ecosystem", BASE: "rule_value", CAP: "rule_value"}
    return _JOINED.join(word_of(kinds[what], one) for one in given.split(_JOINED)) if what in kinds else given


def alternatives(rule: Rule, account: pd.DataFrame) -> list[Alternative]:
    """The rule as it is, and every rule that differs from it in one thing.

    Parameters
    ----------
    rule : Rule
    account : DataFrame
        The account table, for the ecosystems and pools that have a sink.
    """
    found = [Alternative(AS_IS, "", rule)]
    found += [_with(rule, K, f"{k:g}", k=k) for k in _K_STEPS if k != rule.k.value]
    share = None if rule.cap_share is None else rule.cap_share.value
    if rule.cap is not None or share is not None:
        found.append(_with(rule, CAP, NONE, cap=None, cap_share=None))
    found += [_with(rule, CAP, f"{100 * one:g} %", cap=None, cap_share=one) for one in _CAP_STEPS if one != share]
    rows = account[(account["quantity"] == "net_removals") & (account["stratum"] == ALL) & account["value"].notna()]
    counts = rows if ALL in rule.ecosystems.value else rows[rows["ecosystem"].isin(rule.ecosystems.value)]
    there = [name for name in pools() if name in set(counts["pool"])]
    living = tuple(name for name in there if pools()[name].group == "biomass")
    dead = tuple(name for name in there if pools()[name].group == "dead_organic_matter")
    for scope in dict.fromkeys(((ALL,), living, (*living, *dead) if living and dead else ())):
        if scope and set(scope) != set(rule.pools.value):
            found.append(_with(rule, POOLS, _JOINED.join(scope), pools=scope))
    lands = sorted(set(rows["ecosystem"]) - {ALL})
    for lands_of in [(ALL,), *((land,) for land in lands)]:
        if set(lands_of) != set(rule.ecosystems.value):
            found.append(_with(rule, ECOSYSTEMS, _JOINED.join(lands_of), ecosystems=lands_of))
    bases = ("net_net", "gross_net")
    return found + [_with(rule, BASE, one, baseline=one) for one in bases if one != rule.baseline.value]


def _with(rule: Rule, what: str, said: str, **values: Any) -> Alternative:
    changed = {name: None if value is None else RuleValue(value=value) for name, value in values.items()}
    if values.get("baseline") in ("net_net", "gross_net"):
        changed["reference_level"] = None
    return Alternative(what, said, rule.model_copy(update=changed))


def verdict_alternatives(rules: Sequence[Alternative], again: Again) -> pd.DataFrame:
    """The verdict of the last year under every rule; see :class:`Alternatives`.

    Parameters
    ----------
    rules : sequence of Alternative
        The rule as it is first.
    again : callable
        An alternative that cannot be assessed, for example since the base year has no sink, has its reason in ``note``.
    """
    rows: list[dict[str, Any]] = []
    first: dict[str, float] = {}
    for one in rules:
        try:
            found = again(one.rule)
        except AssessmentError as error:
            if one.what == AS_IS:
                raise
            rows.append({"what": one.what, "alternative": one.said, "differs": False, "note": str(error.problems[0])})
            continue
        values, year = found.values(), max(one.rule.years)
        for code, name in found.names().items():
            if (code, year, "required_change") not in values:
                continue
            verdict = values.get((code, year, "verdict"), np.nan)
            if one.what == AS_IS:
                first[code] = verdict
            shown = {q: values.get((code, year, q), np.nan) for q in ("probability_met", "change", "required_change")}
            turns, unit = _turning(one, found, values, code, year)
            differs = bool(np.isfinite(verdict) and np.isfinite(first.get(code, np.nan)) and verdict != first[code])
            rows.append(
                {"region_code": code, "region_name": name, "year": year, "what": one.what, "alternative": one.said,
                 "verdict": verdict, **shown, "sink_counted": values.get((code, year, "sink_counted"), np.nan),
                 "turns_at": turns, "turns_unit": unit, "differs": differs,
                 "withheld": found.withheld.get((code, year), ""), "note": ""}
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _turning(
    one: Alternative, found: Assessment, values: Mapping[tuple[str, int, str], float], code: str, year: int
) -> tuple[float, str]:
    """The value at which the verdict of a region turns, and its unit."""
    if (code, year) in found.withheld:
        return float("nan"), ""
    if one.what == K:
        return values.get((code, year, "break_even_k"), float("nan")), "1"
    if one.what == CAP:
        return (float("nan") if code == found.whole else break_even_cap(one.rule, values, code, year)), "1"
    return values.get((code, year, "break_even_sink"), float("nan")), "t CO2"


def break_even_cap(rule: Rule, values: Mapping[tuple[str, int, str], float], code: str, year: int) -> float:
    """Smallest cap, as a share of the emissions of each year, at which the verdict changes; NaN when none changes it.

    The counted sink ``min(s E, k C)`` is to the share ``s`` what ``min(cap, k C)`` is to the coefficient: the zero of
    the room under the path is found in the same way (:func:`sinks.assessment.equations.break_even_k`).
    """
    required = values.get((code, year, "required_change"), float("nan"))
    if not np.isfinite(required):
        return float("nan")
    counts = {year: True, rule.base_year: rule.baseline.value == "net_net"}
    terms = {}
    for when, counted in counts.items():
        term = {name: values.get((code, when, name), 0.0) for name in _TERMS}
        countable = term["sink"] - term["uncertainty_deducted"] - term["reference_level"] - term["ccer_deducted"]
        before = term["emissions"] - term["abatement"]
        taken = (term["emissions"], rule.k.value * countable) if counted else (0.0, 0.0)
        terms[when] = (before - (term["ccer_received"] if counted else 0.0), *taken)
    growth = (1 - required) * values[code, year, "gdp"] / values[code, rule.base_year, "gdp"]
    return equations.break_even_k(terms[year], terms[rule.base_year], growth)


_TERMS = (
    *("emissions", "abatement", "sink", "uncertainty_deducted", "reference_level", "ccer_deducted"),
    "ccer_received",
)
