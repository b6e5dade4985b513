"""Admission of new projects: what each would do to the intensity of its league and of the region, and what it may use.

A project is put into the last assessed year as if it ran in full in that year: its emissions, less the reductions that
come with it, are added to those of its league, and its value added to the GDP at constant prices.  Everything else, the
counted sink with its cap and its draws included, is assessed once more as it is for the league without the project.

Document 94 of 2023 of Inner Mongolia asks for this evaluation of a project's effect on the targets of the region and of
the league, and names the reductions that may be set against it: energy saving, retired capacity, a cleaner energy
structure, capture and storage, and certified credits of ecosystem projects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sinks.assessment.annual_plan import planned_increment
from sinks.assessment.answer import Answer
from sinks.assessment.budget import Position, positions
from sinks.assessment.credit_register import HELD, USED
from sinks.assessment.decimals import deciding_percents
from sinks.assessment.errors import AssessmentError
from sinks.assessment.evaluate import Evaluation
from sinks.assessment.input_tables import WHERE, records
from sinks.assessment.inputs import Inputs, constant_gdp
from sinks.assessment.result import MET
from sinks.assessment.withheld import said
from sinks.assessment.words import word
from sinks.errors import Problems

COLUMNS = ("project_id", "region_code", "region_name", "year", "quantity", "before", "after", "unit", "note")

REDUCTIONS = ("energy_saving", "retired_capacity", "structure", "ccus", "credits")
"""Kinds of reductions that may be set against a project's emissions."""

CREDITS = "credits"

EVERY = "all"
"""Stands for all projects of the table together."""

EASES, WITHIN, NEEDS, OPEN = "eases", "within", "needs_reductions", "undecided"
"""Opinions: the project lowers the intensity that is allowed; the path is kept with it; it needs reductions first;
nothing can be said, because the verdict itself is withheld or undecided."""

Again = Callable[[Inputs], Evaluation]
"""Assesses other inputs by the same rule, account and draws."""


@dataclass(frozen=True)
class NewProject:
    """A new project, in full operation.

    Attributes
    ----------
    id, region : str
    year : int
        Of commissioning, whose annual plan it is held against.
    emissions : float
        Emissions of a year, before reductions [t CO2].
    value_added : float
        At the constant prices of the assessment [10^4 CNY].
    reductions : mapping of str to float
        By kind (:data:`REDUCTIONS`) [t CO2/yr].
    served : float
        Credits that the register has used for it already, which the assessment without it has taken off [t CO2].
    """

    id: str
    region: str
    year: int
    emissions: float
    value_added: float
    reductions: Mapping[str, float]
    served: float = 0.0

    @property
    def credits(self) -> float:
        """Credits that it is to use [t CO2]."""
        return self.reductions.get(CREDITS, 0.0)

    @property
    def net(self) -> float:
        """Emissions less reductions [t CO2]."""
        return self.emissions - sum(self.reductions.values())

    @property
    def added(self) -> float:
        """What it adds to the emissions after deductions, from which credits used for it are off already [t CO2]."""
        return self.net + min(self.served, self.credits)


@dataclass(frozen=True, repr=False)
class Admission(Answer):
    """What new projects would do.

    Attributes
    ----------
    effects : DataFrame
        :data:`COLUMNS`, for each project its league and the region above, and for all of them together.
    opinions : DataFrame
        ``project_id, region_code, region_name, opinion, to_target, to_neutral``: tonnes of reductions that the project
        still needs so that the path is kept, and so that the room under it is what it was [t CO2/yr].
    """

    effects: pd.DataFrame
    opinions: pd.DataFrame

    NAMED = ("opinion",)

    def data(self) -> dict[str, pd.DataFrame]:
        return {"admission": self.effects, "admission_opinions": self.opinions}

    def glance(self) -> list[pd.DataFrame]:
        return [self.opinions]

    def remarks(self) -> list[str]:
        return [word("note.admission", year=self.year)]

    @property
    def year(self) -> int:
        """The year that the projects are put into."""
        return int(self.effects["year"].iloc[0])


def read_projects(table: pd.DataFrame, codes: Sequence[str]) -> list[NewProject]:
    """New projects of the parsed table ``admission``.

    Parameters
    ----------
    table : DataFrame
    codes : sequence of str
        Regions that are assessed.

    Raises
    ------
    AssessmentError
        With every project without emissions or value added, of a region that is not assessed, in two regions, and
        every figure that stands twice or is negative.
    """
    problems, found = Problems(), []
    again = table.duplicated(["project_id", "quantity"])
    for row in records(table[again]):
        problems.add("assessment.admission_twice", row[WHERE], project=row["project_id"], quantity=row["quantity"])
    for id, rows in table[~again].groupby("project_id", sort=False):
        where, values = str(rows[WHERE].iloc[0]), rows.set_index("quantity")["value"].to_dict()
        regions = sorted(set(rows["region_code"]))
        if len(regions) > 1:
            problems.add("assessment.admission_regions", where, project=id, regions=regions)
        if len(years := sorted(set(rows["year"]))) > 1:
            problems.add("assessment.admission_years", where, project=id, found=years)
        if unknown := [code for code in regions if code not in codes]:
            problems.add("assessment.admission_region", where, project=id, found=unknown, known=list(codes))
        if lacking := [name for name in ("emissions", "value_added") if name not in values]:
            problems.add("assessment.admission_lacks", where, project=id, quantities=lacking)
        reductions = {kind: float(values[kind]) for kind in REDUCTIONS if kind in values}
        if not lacking:
            figures = (float(values["emissions"]), float(values["value_added"]))
            found.append(NewProject(str(id), regions[0], int(rows["year"].iloc[0]), *figures, reductions))
    problems.raise_as(AssessmentError)
    return found


def admit(projects: Sequence[NewProject], inputs: Inputs, before: Evaluation, again: Again) -> Admission:
    """Effects of new projects, one by one and together.

    Parameters
    ----------
    projects : sequence of NewProject
    inputs : Inputs
        What the assessment without them was made from.
    before : Evaluation
    again : callable

    Returns
    -------
    Admission

    Raises
    ------
    AssessmentError
        Projects want to use credits that their league does not hold, one by one or together.
    """
    projects = _with_credits(projects, before)
    names, year = before.assessment.names(), max(before.assessment.rule.years)
    effects, opinions = [], []
    groups = {one.id: [one] for one in projects}
    if len(projects) > 1:
        groups[EVERY] = list(projects)
    for id, group in groups.items():
        after = again(with_projects(inputs, group, year))
        regions = dict.fromkeys([one.region for one in group])
        whole = before.assessment.whole
        for code in [*regions, *([whole] if whole else [])]:
            own = [one for one in group if code in (one.region, whole)]
            rows = [*_effects(own, code, year, before, after), *_of_plans(own, code, inputs.budget)]
            effects += [(id, code, names[code], year, *row) for row in rows]
            opinions.append((id, code, names[code], *_opinion(own, code, year, before, after)))
    head = ["project_id", "region_code", "region_name", "opinion", "to_target", "to_neutral"]
    return Admission(pd.DataFrame(effects, columns=list(COLUMNS)), pd.DataFrame(opinions, columns=head))


def with_projects(inputs: Inputs, projects: Sequence[NewProject], year: int) -> Inputs:
    """The inputs with projects in full operation in a year; GDP is then all at constant prices."""
    emissions, gdp = inputs.emissions.copy(), constant_gdp(inputs.gdp)
    for one in projects:
        here = (emissions["region_code"] == one.region) & (emissions["year"] == year)
        row = emissions.index[here & (emissions["quantity"] == "process")][0]
        emissions.loc[row, "value"] += one.added
        gdp.loc[(gdp["region_code"] == one.region) & (gdp["year"] == year), "value"] += one.value_added
    bases = gdp["price_base"]
    return replace(inputs, emissions=emissions, gdp=gdp.assign(quantity="gdp", unit="10^4 CNY", price_base=bases))


def _with_credits(projects: Sequence[NewProject], before: Evaluation) -> list[NewProject]:
    """The projects with what the register has used for them; what they want beyond it their league has to hold.

    A tonne is held once: projects of one league share what it has.
    """
    if before.credits is None:
        return list(projects)
    problems, rows, found = Problems(), before.credits, []
    wanted: dict[str, dict[str, float]] = {}
    for one in projects:
        served = float(rows.loc[(rows["place"] == USED) & (rows["served"] == one.id), "tonnes"].sum())
        wanted.setdefault(one.region, {})[one.id] = max(0.0, one.credits - served)
        # Where the rule does not let the buyer count credits, nothing of them is off the emissions yet.
        found.append(replace(one, served=served if before.assessment.rule.credits_at_buyer.value else 0.0))
    for region, of_projects in wanted.items():
        there = float(rows.loc[(rows["place"] == HELD) & (rows["holder"] == region), "tonnes"].sum())
        alone = {id: tonnes for id, tonnes in of_projects.items() if tonnes > there}
        asking = {id: tonnes for id, tonnes in of_projects.items() if tonnes > 0}
        together = {} if alone else {", ".join(asking): sum(asking.values())}
        for ids, tonnes in (alone or together).items():
            if tonnes > there:
                values = {"found": f"{tonnes:,.0f}", "there": f"{there:,.0f}", "region": region}
                problems.add("assessment.admission_credits", ids, **values)
    problems.raise_as(AssessmentError)
    return found


def _effects(
    projects: Sequence[NewProject], code: str, year: int, before: Evaluation, after: Evaluation
) -> list[tuple[str, float, float, str, str]]:
    """Rows of a region: quantity, before, after, unit, note."""
    old, new = before.assessment.values(), after.assessment.values()
    units = dict(zip(before.assessment.table["quantity"], before.assessment.table["unit"], strict=True))
    net, value = sum(one.net for one in projects), sum(one.value_added for one in projects)
    rows = [("project_emissions", 0.0, sum(one.emissions for one in projects), "t CO2", "")]
    for kind in REDUCTIONS:
        amount = sum(one.reductions.get(kind, 0.0) for one in projects)
        rows += [(kind, 0.0, amount, "t CO2", "")] if amount else []
    rows.append(("project_value_added", 0.0, value, "10^4 CNY", ""))
    # Every project adds value: zero is beyond the bounds of the table.
    rows.append(("project_intensity", np.nan, net / value, "t CO2/10^4 CNY", ""))
    reason = said(before.assessment.withheld.get((code, year), ""), how="judged")
    shown = ("adjusted_emissions", "sink_counted", "gdp", "intensity_net", "change", "required_change", "margin")
    for name in (*shown, "probability_met", "verdict"):
        figures = [values.get((code, year, name), np.nan) for values in (old, new)]
        judged = name in ("margin", "probability_met", "verdict")
        if np.isfinite(figures).any() or (judged and reason):
            rows.append((name, *figures, units.get(name, ""), reason if judged else ""))
    one, other = (positions(found.assessment).get((code, year)) for found in (before, after))
    if one is not None and other is not None:
        ratios = one.allowed / one.gdp, other.allowed / other.gdp
        rows.append(("allowed_intensity", *ratios, "t CO2/10^4 CNY", ""))
        rows.append(("room", one.room, other.room, "t CO2", reason))
    return rows


def _of_plans(
    projects: Sequence[NewProject], code: str, plan: pd.DataFrame | None
) -> list[tuple[str, float, float, str, str]]:
    """What the annual plan of each project's year has for new projects, and what is left of it after these."""
    rows = []
    for year in sorted({one.year for one in projects}):
        planned = planned_increment(plan, code, year)
        if np.isfinite(planned):
            left = planned - sum(one.net for one in projects if one.year == year)
            note = word("admission.plan_kept" if left >= 0 else "admission.plan_beyond", year=year)
            rows.append((f"plan_{year}", planned, left, "t CO2", note))
    return rows


def _opinion(
    projects: Sequence[NewProject], code: str, year: int, before: Evaluation, after: Evaluation
) -> tuple[str, float, float]:
    """The opinion, and the reductions that are still needed to keep the path, and to leave the room as it was."""
    at = positions(before.assessment).get((code, year))
    net, value = sum(one.added for one in projects), sum(one.value_added for one in projects)
    if at is None:
        return OPEN, float("nan"), float("nan")
    to_target, to_neutral = still_needed(at, net, value)
    if (code, year) in before.assessment.withheld:
        return OPEN, float("nan"), to_neutral
    if to_neutral == 0:
        return EASES, to_target, to_neutral
    verdict = after.assessment.values().get((code, year, "verdict"), np.nan)
    if verdict == MET:
        return WITHIN, to_target, to_neutral
    return (NEEDS if to_target > 0 else OPEN), to_target, to_neutral


def still_needed(at: Position, net: float, value_added: float) -> tuple[float, float]:
    """Reductions that keep the path with a project, and that leave the room under it as it was [t CO2/yr].

    Parameters
    ----------
    at : Position
        The region without the project.
    net, value_added : float
        Emissions after reductions [t CO2] and value added [10^4 CNY] of the project.
    """
    with_it = at.with_project(net, value_added)
    return max(0.0, -with_it.room), max(0.0, at.room - with_it.room)


def opinion_lines(found: Admission, id: str) -> list[tuple[str, list[list[str]]]]:
    """The opinion on one project in words: for each region a sentence, and its figures before and after.

    The reduction and what is required have the decimals that carry the verdict.
    """
    rows = found.effects[found.effects["project_id"] == id]
    lines = []
    for said_row in records(found.opinions[found.opinions["project_id"] == id]):
        code = said_row["region_code"]
        values = {"region": said_row["region_name"], "to_target": _tens(said_row["to_target"])}
        sentence = word(f"opinion_said.{said_row['opinion']}", **values, to_neutral=_tens(said_row["to_neutral"]))
        own = rows[rows["region_code"] == code].set_index("quantity")
        lines.append((sentence, [_line(name, own) for name in own.index]))
    return lines


def _line(name: str, own: pd.DataFrame) -> list[str]:
    row = own.loc[name]
    cells = [_cell(name, row[when], own, when) for when in ("before", "after")]
    year = name.removeprefix("plan_")
    said = word("admission.plan", year=year) if year.isdigit() else word(f"admission.{name}")
    return [said, *cells, str(row["unit"]) if row["unit"] != "1" else "%"]


def _cell(name: str, value: Any, own: pd.DataFrame, when: str) -> str:
    """A figure as the opinion prints it."""
    if not np.isfinite(value):
        return "–"
    if name == "verdict":
        return word(f"verdict.{int(value)}")
    if name in ("change", "required_change") and {"change", "required_change"} <= set(own.index):
        pair = deciding_percents(*(float(str(own.loc[one, when])) for one in ("change", "required_change")))
        return pair[name == "required_change"]
    if name in ("margin", "probability_met"):
        return f"{100 * value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def _tens(tonnes: Any) -> str:
    """Tonnes as 10^4 t."""
    return "–" if not np.isfinite(tonnes) else f"{tonnes / 1e4:,.4g}"
