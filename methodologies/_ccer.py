"""What the places kept for methodologies to come share: the general form of a credit, and no number."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def credits(project_removals: Any, baseline_removals: Any, leakage: Any, deduction: Any) -> dict[str, Any]:
    """Yearly removals of a project that can be credited, as carbon.

    Parameters
    ----------
    project_removals : array
        Of the project scenario, as its methodology computes them. [t C/ha/yr]
    baseline_removals : array
        Of the baseline scenario. [t C/ha/yr]
    leakage : array
        Carbon lost elsewhere because of the project, LK. [t C/ha/yr]
    deduction : array
        Share taken off for uncertainty and risk, K. [1]

    Returns
    -------
    dict of array
        ``ecosystem``; a removal is positive. [t C/ha/yr]

    Notes
    -----
    .. math:: CDR = (\\Delta C_{project} - \\Delta C_{baseline} - LK)(1 - K)

    A place kept: the text of the methodology was not at hand, and nothing here is taken from it but its name.  Every
    number is asked for, with the name of the document that has it.

    References
    ----------
    ccer_forest_management, ccer_grassland, ccer_shrub: the methodologies in question, not read.
    """
    return {"ecosystem": (project_removals - baseline_removals - leakage) * (1 - deduction)}


_PARAMETERS = {
    "project_removals": "t C/ha/yr",
    "baseline_removals": "t C/ha/yr",
    "leakage": "t C/ha/yr",
    "deduction": "1",
}


def place_kept(id: str, zh: str, en: str, ecosystem: str) -> Methodology:
    """A methodology that refuses to compute until the user gives the numbers of its document."""
    document = Text(
        f"生态环境部发布的《温室气体自愿减排项目方法学 {zh}》（本软件未见正式文本，不含其任何数值）",
        f"the CCER methodology for {en} of the Ministry of Ecology and Environment (its text was not at hand; none of "
        "its numbers is here)",
    )
    return Methodology(
        id=id,
        title=Text(f"{zh}项目（CCER，待补）", f"CCER project: {en} (place kept)"),
        source=id,
        locator="the whole document; not read",
        approach="rate",
        tier=2,
        acts_on="state",
        ecosystems=(ecosystem,),
        inputs={},
        parameters=_PARAMETERS,
        outputs={"ecosystem": "t C/ha/yr"},
        bounds={"leakage": (0, inf), "deduction": (0, 1)},
        documents=dict.fromkeys(_PARAMETERS, document),
        valid_for=Text(
            "取得正式方法学文本并按其填好参数之后", "Once the methodology is at hand and its numbers are filled in"
        ),
        compute=credits,
    )
