"""Indicators of the evaluation of 2026 beside the sink, and what documents say of the sinks that count.

Both lists are data (``evaluation_indicators.csv``, ``counted_sinks.csv``) with the document of each row.  Of the nine
supporting indicators of the evaluation the sources at hand name one that concerns ecosystems, the growth of stand
volume; the others are not made up here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sinks.assessment.evaluate import Evaluation
from sinks.assessment.targets import BEHIND, ON_PATH, REACHED
from sinks.text import Text, table_rows

COLUMNS = (
    *("region_code", "region_name", "kind", "indicator", "name", "year", "value", "required", "target", "unit"),
    *("status", "document", "basis"),
)

NOT_GIVEN = "not_given"
"""Status: neither the account nor a table of the user has the indicator, or it has no target."""


def counted_by_document() -> pd.DataFrame:
    """What documents say of the sinks that count.

    Columns ``document, number, date, role, ecosystems, pools, basis, source, text``.

    A blank cell means that the document says nothing of it.
    """
    rows = table_rows("sinks.assessment", "counted_sinks.csv")
    names = ("document", "number", "date", "role", "ecosystems", "pools", "basis", "source")
    return pd.DataFrame([{**{name: r[name] for name in names}, "text": str(Text(r["zh"], r["en"]))} for r in rows])


def evaluation_indicators(found: Evaluation) -> pd.DataFrame:
    """Every indicator for every region that is assessed, with its verdict or ``not_given``.

    Emissions and intensity are those before the sink: no text says that the sink is taken off in this evaluation.

    Parameters
    ----------
    found : Evaluation

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; values are those of the last assessed year, and of observed indicators of their last year.
    """
    values, names = found.assessment.values(), found.assessment.names()
    year, rows = max(found.assessment.rule.years), []
    listed = table_rows("sinks.assessment", "evaluation_indicators.csv")
    for code, region in names.items():
        if (code, year, "emissions") not in values:
            continue
        at = {q: values.get((code, year, q), np.nan) for q in _OF_ASSESSMENT}
        for row in listed:
            said = {"region_code": code, "region_name": region, "kind": row["kind"], "indicator": row["indicator"]}
            said |= {"name": str(Text(row["zh"], row["en"])), "document": row["document"], "basis": row["basis"]}
            rows.append({"year": year, "status": NOT_GIVEN, **said, **_followed(row["indicator"], code, at, found)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


_OF_ASSESSMENT = (
    *("emissions", "expected_total", "change_gross", "required_change", "target_change", "verdict_without_sink"),
    "sink",
)


def _followed(indicator: str, code: str, at: dict[str, float], found: Evaluation) -> dict[str, Any]:
    """Value, target and status of an indicator, as far as they are known."""
    if indicator == "carbon_total":
        status = NOT_GIVEN
        if np.isfinite(at["expected_total"]):
            status = REACHED if at["emissions"] <= at["expected_total"] else BEHIND
        return {"value": at["emissions"], "target": at["expected_total"], "unit": "t CO2", "status": status}
    if indicator == "carbon_intensity":
        judged = {1.0: ON_PATH, -1.0: BEHIND}.get(at["verdict_without_sink"], NOT_GIVEN)
        goal = {"required": at["required_change"], "target": at["target_change"]}
        return {"value": at["change_gross"], **goal, "unit": "1", "status": judged}
    if indicator == "ecosystem_sink":
        return {"value": at["sink"], "unit": "t CO2"}
    if indicator == "growing_stock" and found.indicators is not None:
        table = found.indicators
        rows = table[(table["region_code"] == code) & (table["indicator"] == "growing_stock")]
        if len(rows):
            last = rows.iloc[-1]
            shown = {"value": last["observed"], "required": last["required"], "target": last["target"]}
            when = {} if pd.isna(last["year"]) else {"year": int(last["year"])}
            return {**shown, **when, "unit": last["unit"], "status": last["status"]}
    return {}
