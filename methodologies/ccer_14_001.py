"""Afforestation project of the national voluntary scheme (CCER-14-001), estimated beforehand."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def credits(
    project_biomass_from: Any,
    project_biomass_to: Any,
    baseline_biomass_from: Any,
    baseline_biomass_to: Any,
    period: Any,
    root_to_shoot: Any,
    carbon_fraction: Any,
    leakage: Any,
    uncertainty_deduction: Any,
    risk_deduction: Any,
) -> dict[str, Any]:
    """Yearly removals of a project that can be credited, as carbon.

    Parameters
    ----------
    project_biomass_from, project_biomass_to : array
        Above-ground biomass of the planted trees before and after. [t DM/ha]
    baseline_biomass_from, baseline_biomass_to : array
        Of the vegetation that would be there without the project. [t DM/ha]
    period : array
        Years between the dates, T. [yr]
    root_to_shoot : array
        Below-ground to above-ground biomass, R. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]
    leakage : array
        Carbon lost elsewhere because of the project, LK. [t C/ha/yr]
    uncertainty_deduction : array
        Share taken off the project's gain for the sampling error of its biomass, DR. [1]
    risk_deduction : array
        Share taken off for the risk of reversal, K_RISK. [1]

    Returns
    -------
    dict of array
        ``biomass``; a removal is positive. [t C/ha/yr]

    Notes
    -----
    .. math:: CDR = \\left[(1 - DR)\\, \\Delta C_{project} - \\Delta C_{baseline} - LK\\right](1 - K_{RISK}),\\quad
              \\Delta C = \\frac{B_{to} - B_{from}}{T} (1 + R) \\cdot CF

    Carbon dioxide is 44/12 of it.  An estimate beforehand, to see what a project may earn: what is issued follows from
    verification.  The same land must not count as credits and in the region's offset.

    References
    ----------
    ccer_14_001, project removals (opening pages read; equations recalled, not re-read).
    """
    per_biomass = (1 + root_to_shoot) * carbon_fraction / period
    project = (project_biomass_to - project_biomass_from) * per_biomass
    baseline = (baseline_biomass_to - baseline_biomass_from) * per_biomass
    return {"biomass": ((1 - uncertainty_deduction) * project - baseline - leakage) * (1 - risk_deduction)}


def _in_methodology(zh: str, en: str) -> Text:
    return Text(f"《造林碳汇》方法学（CCER-14-001-V01）{zh}", f"CCER-14-001-V01 (afforestation), {en}")


_SHARES = ("uncertainty_deduction", "risk_deduction")

METHODOLOGY = Methodology(
    id="ccer_14_001",
    title=Text("造林碳汇项目减排量预估（CCER-14-001-V01）", "Afforestation credits beforehand (CCER-14-001-V01)"),
    source="ccer_14_001",
    locator="project removals",
    approach="stock_difference",
    tier=2,
    acts_on="change",
    ecosystems=("forest", "shrub", "grassland", "cropland", "bare"),
    strata=("species_group", "sampling_error"),
    inputs={
        "project_biomass_from": "t DM/ha",
        "project_biomass_to": "t DM/ha",
        "baseline_biomass_from": "t DM/ha",
        "baseline_biomass_to": "t DM/ha",
        "period": "yr",
    },
    parameters={
        "root_to_shoot": "t DM/t DM",
        "carbon_fraction": "t C/(t DM)",
        "leakage": "t C/ha/yr",
        "uncertainty_deduction": "1",
        "risk_deduction": "1",
    },
    outputs={"biomass": "t C/ha/yr"},
    bounds={
        "root_to_shoot": (0, inf),
        "leakage": (0, inf),
        **dict.fromkeys((*_SHARES, "carbon_fraction"), (0, 1)),
    },
    documents={
        "root_to_shoot": _in_methodology("附录 树种参数表", "annex, parameters by species"),
        "carbon_fraction": _in_methodology("附录 树种参数表", "annex, parameters by species"),
        "leakage": _in_methodology("泄漏一节", "section on leakage"),
        "uncertainty_deduction": _in_methodology("抽样误差与扣减率", "sampling error and deduction"),
        "risk_deduction": _in_methodology("非持久性风险扣减率", "deduction for the risk of reversal"),
    },
    valid_for=Text(
        "符合该方法学适用条件的造林地块（项目开始前至少三年为非林地，面积不小于 400 平方米）；仅供预估",
        "Plots that meet the methodology's conditions (no forest for at least three years before, 400 m2 or more); an "
        "estimate only",
    ),
    compute=credits,
)
