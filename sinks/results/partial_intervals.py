"""Figures that have no interval because too little of them has a stated uncertainty: what is printed in its place."""

from __future__ import annotations

from math import floor, isnan
from typing import Any

import pandas as pd

from sinks.project.account import ProjectSection
from sinks.results.contents import RunContents
from sinks.results.labels import label


def least_share(record: dict[str, Any]) -> float:
    """Share of a figure whose uncertainty has to be stated for an interval, as the run had it; 0 without intervals.

    Parameters
    ----------
    record : dict
        :attr:`sinks.results.contents.RunContents.record`.
    """
    section = (record.get("project") or {}).get("project") or {}
    if section.get("draws") == 0:
        return 0.0
    return float(section.get("interval_share", ProjectSection.model_fields["interval_share"].default))


def is_partial(value: float, low: float, share: float, least: float) -> bool:
    """Whether a figure has no interval because its uncertainty is stated for less than the least share."""
    return not isnan(value) and isnan(low) and share < least


def partial_rows(contents: RunContents) -> pd.DataFrame:
    """Rows of the account that have no interval for that reason; areas, which have no parameters, are none of them."""
    account, least = contents.account, least_share(contents.record)
    account = account[account["quantity"] != "area"]
    share = pd.to_numeric(account["uncertain_share"])
    return account[account["value"].notna() & account["low"].isna() & (share < least)]


def covered(share: float) -> str:
    """What stands in place of an interval: ``不确定度只覆盖 74%``."""
    return label("interval_partial", share=covered_share(share))


def covered_share(share: float) -> str:
    """The share that has a stated uncertainty in whole percent, cut off: what falls short never reads as if it did not.

    >>> covered_share(0.7499)
    '74%'
    """
    return f"{floor(100 * share)}%"
