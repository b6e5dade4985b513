"""What the places kept for standards of the region share: the difference that each of them is about, and no number."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def gain_beyond_reference(project_removals: Any, reference_removals: Any) -> dict[str, Any]:
    """Yearly gain of carbon of works or of managed land, beyond what the land would have gained without.

    Parameters
    ----------
    project_removals : array
        Of the land of the works, by the method and the pools of the standard. [t C/ha/yr]
    reference_removals : array
        Of the land without the works, or before them, likewise; a loss is negative. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``ecosystem``; a gain is positive. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = \\Delta C_{project} - \\Delta C_{reference}

    A place kept: of the standard only the title, the number and the list of its chapters were at hand.  Every number
    is asked for, with the name of the document that has it.

    References
    ----------
    db15_3766, db15_4248, db1502_022, db1502_030, db1502_031: title pages, not read beyond.
    """
    return {"ecosystem": project_removals - reference_removals}


_PARAMETERS = {"project_removals": "t C/ha/yr", "reference_removals": "t C/ha/yr"}


def place_kept(id: str, number: str, title: Text, ecosystems: tuple[str, ...]) -> Methodology:
    """A methodology that refuses to compute until the user gives what the standard prescribes."""
    document = Text(
        f"{number}《{title.zh}》按其规定测算的结果（本软件未见正文，不含其任何数值）",
        f"{number}, {title.en}: what its own procedure gives (its text was not at hand; none of its numbers is here)",
    )
    return Methodology(
        id=id,
        title=Text(f"{title.zh}（{number}，待补）", f"{title.en} ({number}, place kept)"),
        source=id,
        locator="the whole document; not read",
        approach="rate",
        tier=2,
        acts_on="state",
        ecosystems=ecosystems,
        strata=("class",),
        inputs={},
        parameters=_PARAMETERS,
        outputs={"ecosystem": "t C/ha/yr"},
        bounds=dict.fromkeys(_PARAMETERS, (-inf, inf)),
        documents=dict.fromkeys(_PARAMETERS, document),
        valid_for=Text("取得标准正文并按其规定测算之后", "Once the standard is at hand and its procedure was followed"),
        compute=gain_beyond_reference,
    )
