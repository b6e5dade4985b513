"""What a run holds, whether it was just made or read back from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from sinks.account.totals import COLUMNS
from sinks.activity import Activity
from sinks.results.labels import label

CHINA = timezone(timedelta(hours=8), "UTC+8")
"""The one time that all of China keeps, in summer and winter."""


class HasFrame(Protocol):
    """Regions, of which only the table is used here."""

    @property
    def frame(self) -> gpd.GeoDataFrame: ...


@dataclass(frozen=True)
class StoredRegions:
    """Regions as read from a run folder."""

    frame: gpd.GeoDataFrame


@dataclass(frozen=True)
class RunContents:
    """Everything a run folder holds.

    Attributes
    ----------
    account : DataFrame
        The account, with the columns of :data:`sinks.account.totals.COLUMNS`.
    regions : object with ``frame``
        GeoDataFrame ``code, name, level, parent, geometry`` in EPSG:4490.
    activity : Activity
        The activity the account was made from.
    parameters_used : DataFrame
        ``methodology, parameter, <strata...>, value, unit, low, high, basis, unverified, source, locator, note``.
    sources : DataFrame
        ``key, title, title_zh, issuer, year, identifier, url``.
    checks : DataFrame
        :attr:`sinks.account.findings.Findings.COLUMNS`; whatever did not simply pass is shown on the first page.
    record : dict
        What goes into ``run.json``: JSON values only.  ``created`` (ISO 8601) and ``demonstration`` (bool) are
        required; ``title`` (str) and ``caveats`` (list of str) are shown on the first page when there.
    comparison : DataFrame
        Rows as in the account for the methodologies beside it; empty when there are none.  Never added to the account.
    tables : mapping of str to DataFrame
        Further tables by the name of their file: of the assessment, of gases beside the account.
    """

    account: pd.DataFrame
    regions: HasFrame
    activity: Activity
    parameters_used: pd.DataFrame
    sources: pd.DataFrame
    checks: pd.DataFrame
    record: dict[str, Any]
    comparison: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def created(self) -> datetime:
        """Time of the run in China, the only date that stands in the files; a report's day is the day there."""
        found = datetime.fromisoformat(self.record["created"])
        return found.astimezone(CHINA) if found.tzinfo else found

    @property
    def time(self) -> str:
        """The same as a reader sees it."""
        return label("time" if self.created.tzinfo else "time.unsaid", time=f"{self.created:%Y-%m-%d %H:%M}")
