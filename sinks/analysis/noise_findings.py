"""What a reader must know of the noise of the maps, as checks of the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sinks.account.findings import Findings, Status
from sinks.activity import Activity
from sinks.analysis.noise_of_maps import DRIFT, MOST_CHANGE, WITHHELD, MapKnowledge
from sinks.text import Text, messages
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL


def note_noise(
    noise: pd.DataFrame,
    mapped: Activity,
    knowledge: MapKnowledge,
    periods: Sequence[tuple[str, str]],
    findings: Findings,
) -> None:
    """Write down where the sink by class densities cannot be told from errors of the maps, and what that rests on.

    Fails are regions whose sink is no headline, one line for each region and verdict with the worst of its periods.
    Where other sinks are more than the noise, one warning with the worst region says so for all.

    Parameters
    ----------
    noise : DataFrame
        From :func:`sinks.analysis.noise_of_maps.noise_of_maps`.
    mapped : Activity
    knowledge : MapKnowledge
    periods : sequence of (str, str)
    findings : Findings
        What is found is added to it.
    """
    whole = noise[noise["ecosystem_from"] == ALL]
    refused = whole["withheld"].astype(bool)
    for _, rows in whole[refused].groupby(["region_code", "verdict"], sort=False):
        _note(rows, "failed", findings)
    for _, rows in whole[~refused & whole["verdict"].isin([*WITHHELD, "doubtful"])].groupby("verdict", sort=False):
        _note(rows, "warning", findings)
    _note_unmoved(whole, findings)
    if (whole["accuracy_basis"] == "none").any():
        findings.add("checks.no_map_accuracy", "note", ALL)
    _note_basis(whole[whole["accuracy_basis"] != "none"], mapped, knowledge, periods, findings)


def _note(rows: pd.DataFrame, status: Status, findings: Findings) -> None:
    """One line for regions and periods of one verdict: the worst of them, and how many there are."""
    worse = rows["verdict"].iloc[0] == "map_worse"
    worst = rows.sort_values("map_observed_share" if worse else "signal_to_noise", ascending=not worse).iloc[0]
    code = str(worst["region_code"]) if rows["region_code"].nunique() == 1 else ""
    if worse:
        values = _shares(worst)
        findings.add("checks.map_worse_than_published", status, worst["region_name"], code, **values, count=len(rows))
    else:
        values = _ratio(worst)
        findings.add("checks.classification_noise", status, worst["region_name"], code, **values, count=len(rows))


def _note_unmoved(whole: pd.DataFrame, findings: Findings) -> None:
    """A zero that says nothing: what changed on the maps has no density before or after."""
    rows = whole[(whole["verdict"] == "no_carbon") & (whole["map_observed_share"] > 0)]
    rows = rows[rows["other_t_c"].fillna(0.0) == 0].sort_values("map_observed_share", ascending=False)
    if len(rows):
        worst = rows.iloc[0]
        code = str(worst["region_code"]) if rows["region_code"].nunique() == 1 else ""
        values = {"period": worst["period"], "observed": f"{worst['map_observed_share']:.1%}", "count": len(rows)}
        findings.add("checks.no_known_change", "warning", worst["region_name"], code, **values)


def _ratio(row: pd.Series[Any]) -> dict[str, str]:
    rate = CO2_PER_C / _years(row["period"])
    return {
        "period": row["period"],
        "change": f"{row['change_t_c'] * rate:+,.0f}",
        "noise": f"{row['noise_t_c'] * rate:,.0f}",
        "ratio": f"{row['signal_to_noise']:.2f}",
        "gross": f"{row['observed_share']:.2%}",
        "expected": f"{row['expected_share']:.2%}",
    }


def _shares(row: pd.Series[Any]) -> dict[str, str]:
    expected = row["map_expected_share"]
    return {
        "period": row["period"],
        "observed": f"{row['map_observed_share']:.1%}",
        "yearly": f"{row['map_observed_share'] / _years(row['period']):.1%}",
        "expected": "-" if pd.isna(expected) else f"{expected:.1%}",
        "most": f"{MOST_CHANGE:.0%}",
    }


def _note_basis(
    whole: pd.DataFrame,
    mapped: Activity,
    knowledge: MapKnowledge,
    periods: Sequence[tuple[str, str]],
    findings: Findings,
) -> None:
    """What the ratios rest on: the accuracy, and the two numbers that no map tells, each with its reason."""
    seen = [dates for dates in periods if f"{dates[0]}-{dates[1]}" in set(whole["period"])]
    patch = knowledge.patch_of(mapped)
    for drift in dict.fromkeys(knowledge.drift_between(*dates) for dates in seen):
        sources = [knowledge.source(*dates) for dates in seen if knowledge.drift_between(*dates) == drift]
        values = {
            "basis": _basis(knowledge),
            "source": "; ".join(dict.fromkeys(filter(None, sources))) or "-",
            "drift": f"{drift:g}",
            "drift_reason": _drift_reason(knowledge, drift),
            "patch": f"{patch:,.4g}",
            "patch_reason": _reason(knowledge, "patch_ha", knowledge.patch_ha, messages()["noise.patch_default"]),
        }
        findings.add("checks.noise_basis", "note", ALL, **values)


def _basis(knowledge: MapKnowledge) -> Text:
    if knowledge.basis == "published" and not all(one.read for one in knowledge.accuracies.values()):
        return messages()["noise.quoted"]
    ids = {"matrix": "noise.matrix", "stated": "noise.stated", "published": "noise.published"}
    return messages()[ids[knowledge.basis]]


def _drift_reason(knowledge: MapKnowledge, drift: float) -> Text | str:
    ids = ("noise.drift_default", "noise.drift_versions")
    return _reason(knowledge, "drift", knowledge.drift, messages()[ids[drift != DRIFT]])


def _reason(knowledge: MapKnowledge, name: str, stated: float | None, default: Text) -> Text | str:
    if stated is None:
        return default
    return knowledge.reasons.get(name) or messages()["noise.assumed"]


def _years(period: str) -> int:
    first, last = period.split("-")
    return int(last) - int(first)
