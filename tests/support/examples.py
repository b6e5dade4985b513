"""How many examples a law gets that costs more than 50 ms for each: few in `make test`, many in `make laws`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_TIMES = int(os.environ.get("TIMES_EXAMPLES", "1"))


def costly(few: int) -> settings:
    """Settings of a law whose every example is a whole run or account.

    Parameters
    ----------
    few : int
        Examples, times what the environment says in ``TIMES_EXAMPLES``.
    """
    return settings(
        max_examples=few * _TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
