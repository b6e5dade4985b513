"""Dual control: the counted sink set against each league's emissions, intensity and target.

Intensity binds: the target is met, not met, or not decided within the uncertainty of the sink. Totals are elastic: the
gap to the expected total is reported, not judged. The change of the intensity is shown three ways, because what is
done with the sink of the base year decides most of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sinks.assessment import equations
from sinks.assessment.equations import Floats
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import measures
from sinks.assessment.inputs import Inputs, check_inputs
from sinks.assessment.result import MET, NOT_MET, UNDECIDED, Assessment, Rows, assumed_note
from sinks.assessment.sink import sink_of
from sinks.assessment.terms import Terms, terms_of, years_and_periods
from sinks.assessment.withheld import INTERVAL, NOISE, Reason, Withheld, by_noise, sorted_names
from sinks.errors import Problem, Problems
from sinks.project.rules import Baseline, Rule
from sinks.text import message


def assess(
    account: pd.DataFrame,
    inputs: Inputs,
    rule: Rule,
    *,
    ccer: pd.DataFrame | None = None,
    draws: Mapping[str, Floats] | None = None,
    whole: tuple[str, str] | None = None,
    waived: Collection[str] = (),
    doubted: Collection[tuple[str, str]] = (),
) -> Assessment:
    """Assess every region of the rule's level in every year of the rule.

    Parameters
    ----------
    account : DataFrame
    inputs : Inputs
    rule : Rule
    ccer : DataFrame, optional
        ``region_code, year, value``: credited tonnes that leave the sink [t CO2], from
        :func:`sinks.assessment.ledger.deductions`.
    draws : mapping of period to array (n, regions), optional
        Draws of the sink within the rule's scope, regions sorted by code; see :func:`sinks.assessment.sink.sink_of`.
    whole : (code, name), optional
        Adds a row that is the sum of the regions, for the upper level of the two.
    waived : collection of str
        See :func:`sinks.assessment.inputs.check_inputs`.
    doubted : collection of (region_code, period)
        Where the counted sink cannot be told from the noise of the maps, their sum included: no verdict is given.

    Returns
    -------
    Assessment

    Raises
    ------
    AssessmentError
        Inputs are missing or contradict each other; everything that is found is named.
    """
    codes, names = assessed_regions(account, rule)
    sum_code = None if whole is None else whole[0]
    check_inputs(inputs, codes, {*account["region_code"], *(whole or ())[:1]}, rule, whole=sum_code, waived=waived)
    periods = years_and_periods(rule, account)
    sink = sink_of(account, codes, sorted({p for p in periods.values() if p}), rule, draws)
    _check_low(sink.low, codes, rule)
    terms = {year: terms_of(year, codes, inputs, rule, sink, periods[year], ccer) for year in rule.all_years}
    if whole is not None:
        codes, names = [*codes, whole[0]], [*names, whole[1]]
        terms = {year: one.with_sum() for year, one in terms.items()}
    terms = {year: _told(one, codes, periods[year], doubted) for year, one in terms.items()}
    rows, with_base = Rows(codes, names), periods[rule.base_year] is not None
    withheld: dict[tuple[str, int], Reason] = {}
    for year in rule.all_years:
        _add_terms(rows, year, terms[year], inputs, codes, rule, ccer is not None)
        _add_expected(rows, year, terms[year], inputs.targets, codes)
        if year > rule.base_year:
            compared = AgainstBaseYear(terms[year], terms[rule.base_year], rule.baseline.value == "net_net", with_base)
            withheld |= _judge(rows, year, compared, inputs.targets, rule, single=len(codes) - (whole is not None))
    notes = (*sink.notes, *_withheld_notes(withheld, rows.names, rule))
    return Assessment(rows.table(rule), rule, notes, sum_code, withheld)


def _judge(
    rows: Rows, year: int, compared: AgainstBaseYear, targets: pd.DataFrame, rule: Rule, *, single: int
) -> dict[tuple[str, int], Reason]:
    """The changes and the verdict of a year, and by region and year why nothing that judges is said."""
    target = _targets(targets, rows.codes)
    _add_changes(rows, year, compared, rule)
    _add_verdict(rows, year, compared, target, rule, single=single)
    # Without a target there is no verdict to withhold, but what may be noise is so for amounts too.
    why = zip(rows.codes, compared.withheld, target["value"].notna(), strict=True)
    return {(code, year): one for code, one, aimed in why if one == NOISE or (one and aimed)}


def _told(terms: Terms, codes: Sequence[str], period: str | None, doubted: Collection[tuple[str, str]]) -> Terms:
    """The terms of a year with the regions, the sum included, whose sink may be the noise of the maps."""
    return replace(terms, told=np.array([[(code, period) not in doubted] for code in codes], dtype=bool))


def _withheld_notes(withheld: Withheld, names: Mapping[str, str], rule: Rule) -> Iterator[Problem]:
    """Which verdicts are withheld, by year and reason."""
    for year in rule.years:
        for reason, regions in sorted_names(names, withheld, year).items():
            yield Problem(f"assessment.withheld_{reason}", str(year), {"regions": regions})


@dataclass(frozen=True)
class AgainstBaseYear:
    """A report year against the base year.

    Attributes
    ----------
    report, base : Terms
    net_net : bool
        Whether the rule takes the sink off in the base year too.
    base_known : bool
        Whether the base year has a sink, so that the net-net presentation can be made.
    """

    report: Terms
    base: Terms
    net_net: bool
    base_known: bool

    @property
    def withheld(self) -> list[Reason]:
        """Why no verdict is given, by region; empty where one is.

        What is not known of a sink is of no matter where none of it counts.
        """
        years = (self.report, self.base) if self.net_net else (self.report,)
        noise = np.any([~one.told & one.counts for one in years], axis=0)[:, 0]
        bare = np.any([~one.covered & one.counts for one in years], axis=0)[:, 0]
        return [NOISE if mute else INTERVAL if without else "" for mute, without in zip(noise, bare, strict=True)]

    @property
    def base_adjusted(self) -> Floats:
        """Emissions of the base year under the rule."""
        return self.base.adjusted if self.net_net else self.base.before_sink

    def change(self, report: Floats, base: Floats) -> Floats:
        """Reduction of the intensity from emissions ``base`` to ``report``."""
        return equations.reduction(report, self.report.gdp, base, self.base.gdp)


_BASELINE_NOTES: Mapping[Baseline, str] = {
    "net_net": "assessment.note_net_net",
    "gross_net": "assessment.note_gross_net",
    "reference_level": "assessment.note_reference_level",
}


def assessed_regions(account: pd.DataFrame, rule: Rule) -> tuple[list[str], list[str]]:
    """Codes and names of the regions of the rule's level, sorted by code."""
    rows = account[account["level"] == rule.level].drop_duplicates("region_code").sort_values("region_code")
    if rows.empty:
        values = {"level": rule.level, "found": sorted(set(account["level"]))}
        raise AssessmentError(Problem("assessment.no_level", "account", values))
    return list(rows["region_code"]), list(rows["region_name"])


def _check_low(low: Mapping[str, Floats], codes: Sequence[str], rule: Rule) -> None:
    """A deduction for uncertainty needs an interval to be a part of."""
    if not rule.uncertainty_deduction.value:
        return
    problems = Problems()
    for period, ends in low.items():
        without = [code for code, end in zip(codes, ends, strict=True) if np.isnan(end)]
        if without:
            problems.add("assessment.no_interval", "account", period=period, regions=without)
    problems.raise_as(AssessmentError)


def _targets(targets: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Target of intensity by region: ``value``, ``years`` of its plan and ``source``; NaN without one."""
    rows = targets[targets["indicator"] == "intensity_reduction"].set_index("region_code")
    rows = rows.assign(years=(rows["target_year"] - rows["base_year"]).astype(float))
    return rows[["value", "years", "source"]].reindex(list(codes))


def _add_terms(
    rows: Rows, year: int, terms: Terms, inputs: Inputs, codes: Sequence[str], rule: Rule, has_ledger: bool
) -> None:
    """The terms themselves, in the order of the equation."""
    assumed, doubt = assumed_note(rule), _noise_of(terms)
    for kind in measures("emissions"):
        sources = _sources(inputs.emissions, codes, year, kind)
        rows.add(year, f"emissions_{kind}", getattr(terms, kind), "given", sources)
    rows.add(year, "emissions", terms.emissions, "computed")
    rows.add(year, "abatement", terms.abatement, "given")
    rows.add(year, "sink", terms.sink, "computed", assumed, doubt)
    rows.add(year, "uncertainty_deducted", terms.uncertainty, "computed", withheld=doubt)
    rows.add(year, "reference_level", terms.reference, rule.reference_level.basis if rule.reference_level else "given")
    rows.add(year, "ccer_deducted", terms.ccer, "computed", "" if has_ledger else message("assessment.note_no_ledger"))
    caps = [ruled.basis for ruled in (rule.cap, rule.cap_share) if ruled is not None]
    rows.add(year, "cap", terms.cap, "assumed" if "assumed" in caps else "given")
    rows.add(year, "sink_counted", terms.counted, "computed", _binding(terms, assumed), doubt)
    if inputs.received is not None:
        basis = rule.credits_at_buyer.basis if rule.credits_at_buyer.value else "computed"
        rows.add(year, "ccer_received", terms.received, basis)
    rows.add(year, "adjusted_emissions", terms.adjusted, "computed", assumed, doubt)
    rows.add(year, "gdp", terms.gdp, "given", _sources(inputs.gdp, codes, year, "gdp"))
    rows.add(year, "intensity_gross", terms.before_sink / terms.gdp, "computed")
    rows.add(year, "intensity_net", terms.adjusted / terms.gdp, "computed", assumed, doubt)


def _noise_of(terms: Terms) -> list[Reason]:
    """Which amounts of a year may be noise, by region."""
    return [NOISE if mute else "" for mute in (~terms.told & terms.counts)[:, 0]]


def _binding(terms: Terms, assumed: str) -> list[str]:
    """Notes on the counted sink: whether the cap binds, whether it is a source."""
    notes = []
    for cap, counted in zip(terms.cap[:, 0], terms.counted[:, 0], strict=True):
        said = [message("assessment.note_cap")] if np.isfinite(cap) and counted >= cap else []
        said += [message("assessment.note_source")] if counted < 0 else []
        notes.append(" ".join([*said, assumed]).strip())
    return notes


def _sources(table: pd.DataFrame, codes: Sequence[str], year: int, quantity: str) -> list[str]:
    rows = table[(table["year"] == year) & (table["quantity"] == quantity)]
    found = rows.drop_duplicates("region_code").set_index("region_code")["source"]
    return [str(source) for source in found.reindex(list(codes), fill_value="")]


def _add_expected(rows: Rows, year: int, terms: Terms, targets: pd.DataFrame, codes: Sequence[str]) -> None:
    """The elastic total: the gap to what is expected for the end of the plan, never a verdict."""
    expected = targets[targets["indicator"] == "expected_total"].set_index("region_code")
    if expected.empty:
        return
    value = expected["value"].reindex(list(codes)).to_numpy(dtype=np.float64)[:, None]
    ends = expected["target_year"].reindex(list(codes))
    notes = ["" if pd.isna(end) else message("assessment.note_expected", year=int(end)) for end in ends]
    rows.add(year, "expected_total", value, "given", notes)
    rows.add(year, "gap_gross", terms.emissions - value, "computed")
    rows.add(year, "gap_net", terms.adjusted - value, "computed", withheld=_noise_of(terms))


def _add_changes(rows: Rows, year: int, compared: AgainstBaseYear, rule: Rule) -> None:
    """The reduction of the intensity, three ways and by the rule."""
    report, base = compared.report, compared.base
    doubt = by_noise(compared.withheld)
    rows.add(year, "change_gross", compared.change(report.before_sink, base.before_sink), "computed")
    if compared.base_known:
        net = compared.change(report.adjusted, base.adjusted)
        rows.add(year, "change_net_net", net, "computed", _undefined(base.adjusted), doubt)
    flattering = compared.change(report.adjusted, base.before_sink)
    said = message("assessment.note_flattering")
    rows.add(year, "change_net_report_year", flattering, "computed", said, _noise_of(report))
    by_rule = message(_BASELINE_NOTES[rule.baseline.value])
    notes = [f"{by_rule} {gap}".strip() for gap in _undefined(compared.base_adjusted)]
    rows.add(year, "change", compared.change(report.adjusted, compared.base_adjusted), "computed", notes, doubt)


def _undefined(base: Floats) -> list[str]:
    """What is to be said of a percentage whose base is not above zero, or not in every draw."""
    notes = []
    for central, least in zip(base[:, 0], base.min(axis=1), strict=True):
        if central <= 0:
            notes.append(message("assessment.note_undefined"))
        else:
            notes.append(message("assessment.note_near_zero") if least <= 0 else "")
    return notes


def _add_verdict(
    rows: Rows, year: int, compared: AgainstBaseYear, targets: pd.DataFrame, rule: Rule, *, single: int
) -> None:
    """Requirement, probability, verdict and what would change it, for the regions that have a target."""
    target, span = (targets[name].to_numpy(dtype=np.float64)[:, None] for name in ("value", "years"))
    has, n = np.isfinite(target), year - rule.base_year
    if not has.any():
        return
    report, base = compared.report, compared.base
    # After the last year of the plan its target stays in force.
    required = equations.required_reduction(target, np.minimum(n, span), span)
    met = equations.is_met(report.adjusted, report.gdp, compared.base_adjusted, base.gdp, required)
    bare = equations.is_met(report.before_sink, report.gdp, base.before_sink, base.gdp, required)
    probability = _blank(met[:, 1:].mean(axis=1, keepdims=True) if met.shape[1] > 1 else met.astype(float), has)
    verdict = _verdict(probability, compared.base_adjusted, rule.confidence.value)
    without = _blank(np.where(bare, MET, NOT_MET).astype(float), has)
    rows.add(year, "target_change", target, "given", [s if isinstance(s, str) else "" for s in targets["source"]])
    rows.add(year, "required_change", required, "computed")
    why = compared.withheld
    margin = compared.change(report.adjusted, compared.base_adjusted) - required
    rows.add(year, "margin", margin, "computed", withheld=why)
    rows.add(year, "probability_met", probability, "computed", withheld=why)
    said = _spoken(verdict, without, why, has, assumed_note(rule))
    rows.add(year, "verdict", verdict, "computed", said, why)
    rows.add(year, "verdict_without_sink", without, "computed")
    needed = equations.break_even_sink(
        report.before_counted, report.gdp, compared.base_adjusted[:, :1], base.gdp, required
    )
    rows.add(year, "break_even_sink", needed, "computed", withheld=_base_doubt(compared))
    rows.add(year, "break_even_k", _break_even_k(compared, required, single), "computed", withheld=why)


def _base_doubt(compared: AgainstBaseYear) -> list[Reason]:
    """Where what is compared with rests on a sink that may be noise, by region."""
    return _noise_of(compared.base) if compared.net_net else ["" for _ in compared.withheld]


def _blank(values: Floats, has: np.ndarray) -> Floats:
    return np.where(has, values, np.nan)


def _verdict(probability: Floats, base: Floats, confidence: float) -> Floats:
    """Met or not met with the confidence asked for, else undecided; NaN without a target or a positive base."""
    verdict = np.full(probability.shape, float(UNDECIDED))
    verdict[probability >= confidence] = MET
    verdict[probability <= 1 - confidence] = NOT_MET
    return np.where(np.isfinite(probability) & (base[:, :1] > 0), verdict, np.nan)


def _spoken(verdict: Floats, without: Floats, withheld: Sequence[Reason], has: np.ndarray, assumed: str) -> list[str]:
    """What is said of each verdict; of one that is withheld the reason stands for it, and is not said here."""
    words = {MET: "assessment.verdict_met", UNDECIDED: "assessment.verdict_undecided"}
    words |= {NOT_MET: "assessment.verdict_not_met"}
    notes = []
    for value, bare, why, target in zip(verdict[:, 0], without[:, 0], withheld, has[:, 0], strict=True):
        if not target:
            notes.append("")
            continue
        said = message("assessment.verdict_undefined" if np.isnan(value) else words[int(value)])
        if value == MET and bare == NOT_MET:
            said += message("assessment.verdict_by_sink")
        if why and not np.isnan(value):
            said = ""
        notes.append(f"{said} {assumed}".strip())
    return notes


def _break_even_k(compared: AgainstBaseYear, required: Floats, single: int) -> Floats:
    """By region; a sum of regions with caps of their own has no one coefficient, so only the first ``single`` rows."""
    report, base = compared.report, compared.base
    found = np.full((len(report.gdp), 1), np.nan)
    for i in range(single):
        if np.isnan(required[i, 0]):
            continue
        growth = (1 - required[i, 0]) * report.gdp[i, 0] / base.gdp[i, 0]
        one, other = (
            (
                float(t.before_counted[i, 0] if counts else t.before_sink[i, 0]),
                float(t.countable[i, 0]) if counts else 0.0,
                float(t.cap[i, 0]),
            )
            for t, counts in ((report, True), (base, compared.net_net))
        )
        found[i, 0] = equations.break_even_k(one, other, growth)
    return found
