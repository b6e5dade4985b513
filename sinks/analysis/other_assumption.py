"""The interval of the sink if the errors of an input's dates were what the project does not take them for.

Whether the error of a layer is the same at both dates (a bias of one method) or drawn anew for each (two surveys) is
mostly not known, and a difference of two stocks may have an interval ten times wider under the one assumption than
under the other.  So the other one stands beside it.  It comes from slopes (approach 1 of the guidelines): those of an
input at each date are added before they are squared where its errors are the same, and squared before they are added
where they are not; what else is uncertain stays as it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sinks.account.findings import Findings
from sinks.account.totals import whole_of
from sinks.analysis.sensitivity import REMOVALS, Sensitivity
from sinks.parameters.draws import Z95
from sinks.text import messages
from sinks.uncertainty.draws import Draws
from sinks.vocabulary import quantities

COLUMNS = (
    *("region_code", "region_name", "level", "quantity", "period", "unit", "value", "low", "high"),
    *("input", "dates_correlated", "other_low", "other_high"),
)


def other_assumption(regions: pd.DataFrame, draws: Draws, found: Sensitivity, account: pd.DataFrame) -> pd.DataFrame:
    """Intervals of the total net removals with each input's dates taken the other way.

    Parameters
    ----------
    regions : DataFrame
        Of the account, in its order, with a column ``code``.
    draws : Draws
        For what the project says of its inputs.
    found : Sensitivity
        Of the same draws.
    account : DataFrame
        The account; ``low`` and ``high`` are its own.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`, a row for each region, period and input that has a part in it; without those whose
        interval the account does not give.
    """
    inputs = list(dict.fromkeys(name for name, _ in found.of_dates))
    if all(slopes.shape[1] < 2 for slopes in found.of_dates.values()):
        return pd.DataFrame(columns=list(COLUMNS))
    sums = whole_of(account)
    keys = ["region_code", "quantity", "period"]
    known = found.totals.merge(sums[[*keys, "value", "low", "high"]], on=keys).dropna(subset=["low"])
    known = known[known["quantity"] == REMOVALS]
    places = {code: place for place, code in enumerate(regions["code"])}
    rows = []
    for _, row in known.iterrows():
        for name in inputs:
            own = found.of_dates[name, row["period"]][places[row["region_code"]]]
            if not own.any():
                continue
            correlated = draws.inputs[name].dates_correlated
            same, anew = own.sum() ** 2, (own**2).sum()
            instead = anew - same if correlated else same - anew
            half = Z95 * np.sqrt(max((row["half_width"] / Z95) ** 2 + instead, 0.0))
            line = {column: row[column] for column in COLUMNS if column in row.index}
            line |= {"input": name, "dates_correlated": correlated}
            rows.append({**line, "other_low": row["value"] - half, "other_high": row["value"] + half})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def note_assumptions(table: pd.DataFrame, level: str, findings: Findings) -> None:
    """Say what the assumption on an input's dates does to the interval of regions of one level.

    A warning where the sign of the sink is certain under one of the two assumptions only, else a note.

    Parameters
    ----------
    table : DataFrame
        From :func:`other_assumption`.
    level : str
    findings : Findings
        What is found is added to it.
    """
    for _, row in table[table["level"] == level].iterrows():
        signs = [bool(row[f"{end}low"] * row[f"{end}high"] > 0) for end in ("", "other_")]
        findings.add(
            "checks.other_assumption",
            "warning" if signs[0] != signs[1] else "note",
            row["region_name"],
            str(row["region_code"]),
            input=quantities()[row["input"]].label if row["input"] in quantities() else row["input"],
            assumed=messages()["uncertainty.dates_same" if row["dates_correlated"] else "uncertainty.dates_anew"],
            period=row["period"],
            unit=row["unit"],
            **{name: f"{row[name]:,.0f}" for name in ("low", "high", "other_low", "other_high")},
        )
