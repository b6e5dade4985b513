"""What was wrong, as tests look at it."""

from __future__ import annotations

import pytest

from sinks.errors import SinksError


def ids(raised: pytest.ExceptionInfo[SinksError]) -> list[str]:
    """Ids of the messages."""
    return [problem.id for problem in raised.value.problems]
