"""The time that a run is given, and what of it is refused before the pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import sinks
from sinks.errors import SinksError
from sinks.workflow.run_time import now


@pytest.mark.parametrize("given", ["0", "1700000000", " 1700000000\n", "253402300799"])
def test_seconds_since_1970(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    assert now() == datetime.fromtimestamp(int(given), UTC)


def test_without_it_a_run_has_the_time_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for empty in ("", " "):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", empty)
        assert abs((now() - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize(
    "given", ["9" * 30, "253402300800", "tomorrow", "2026-12-01", "1.5", "-" + "9" * 20, "9" * 5000]
)
def test_what_is_no_time_is_refused_by_the_check(given: str, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    with pytest.raises(SinksError) as caught:
        sinks.check(sinks.Project.from_dict(world.project(), folder=world.folder))
    assert [problem.id for problem in caught.value.problems] == ["output.source_date_epoch"]
