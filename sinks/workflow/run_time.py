"""The time that a run is given."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from sinks.errors import Problem, RunError


def now() -> datetime:
    """The time of the run, the one thing in a result that differs from run to run.

    ``SOURCE_DATE_EPOCH`` sets it (reproducible-builds.org/specs/source-date-epoch), so that folders compare equal.

    Raises
    ------
    RunError
        It is set, and is no number of seconds since 1970 in a year that there is.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not given:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError):
        raise RunError(Problem("output.source_date_epoch", "SOURCE_DATE_EPOCH", {"found": given[:40]})) from None
