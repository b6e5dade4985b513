"""A small slice of ``make fuzz``: spoilt projects are refused in words or make sense."""

from __future__ import annotations

import pytest

from fuzz.baselines import FILES
from fuzz.fuzz import Fuzzer, Tally, fuzz


def test_spoilt_projects_are_refused_in_words_or_make_sense() -> None:
    tally = fuzz(101, cases=20)
    assert tally.findings == []
    assert sum(tally.outcomes.values()) == 20
    assert tally.outcomes["refused"] > 3


def test_every_file_is_spoilt_in_many_ways(tmp_path_factory: pytest.TempPathFactory) -> None:
    fuzzer = Fuzzer(tmp_path_factory.mktemp("sound"), 1)
    told = [fuzzer.case(number) for number in range(400)]
    assert {(kind, name) for kind, name, _ in told} == {(kind, name) for kind, names in FILES.items() for name in names}
    assert len({spoilt.content for *_, spoilt in told}) > 300
    assert 20 < sum(spoilt.unsound for *_, spoilt in told) < 200


def test_what_must_be_refused_and_is_accepted_is_a_finding(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fuzzer itself: a reader that takes everything is found out."""
    import fuzz.fuzz as module

    fuzzer, tally = Fuzzer(tmp_path_factory.mktemp("sound"), 1), Tally()
    monkeypatch.setattr(module, "_through", lambda project: ("accepted", []))
    for number in range(30):
        fuzzer.attempt(number, tally)
    assert tally.findings
    assert all("nonsense was accepted" in one for one in tally.findings)
