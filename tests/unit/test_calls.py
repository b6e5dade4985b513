"""Calls that cannot be made, said in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sinks.calls import all_spoken, spoken
from sinks.errors import SinksError
from sinks.text import using_language


@spoken
def draw(name: str, /, size: int, *, colour: str = "green", width: float) -> tuple[object, ...]:
    return name, size, colour, width


@spoken
def listed(*names: str, **options: Any) -> int:
    return len(names) + len(options)


@all_spoken
class Pen:
    def write(self, text: str, *, bold: bool = False) -> str:
        return text


@pytest.mark.parametrize(
    ("call", "ids", "words"),
    [
        (lambda: draw("a", 1, width=1.0, color="red"), ["unknown_argument"], "colour"),
        (lambda: draw("a", 1, width=1.0, zzz=1), ["unknown_argument"], "size, colour, width"),
        (lambda: draw("a", 1, 2, width=1.0), ["too_many_values"], "at most 2"),
        (lambda: draw("a", 1, size=1, width=1.0), ["argument_twice"], "size"),
        (lambda: draw("a"), ["missing_arguments"], "size"),
        (lambda: draw(), ["missing_arguments"], "name"),
        (lambda: draw("a", colr="red"), ["unknown_argument", "missing_arguments"], "width"),
        (lambda: Pen().write("a", bolt=True), ["unknown_argument"], "bold"),
        (lambda: Pen().write(), ["missing_arguments"], "text"),
        (lambda: Pen().write("a", "b"), ["too_many_values"], "at most 1"),
        (lambda: Pen().write(5), ["wrong_kind"], "text"),
    ],
)
def test_a_call_that_cannot_be_made_is_refused_in_words(call: Callable[[], object], ids: list[str], words: str) -> None:
    with using_language("en"), pytest.raises(SinksError) as caught:
        call()
    assert [problem.id.removeprefix("errors.") for problem in caught.value.problems] == ids
    with using_language("en"):
        assert words in str(caught.value)
        assert "self" not in str(caught.value)


def test_calls_that_can_be_made_are_made() -> None:
    assert draw("a", 1, width=2.0) == ("a", 1, "green", 2.0)
    assert listed("a", "b", any="thing") == 3
    assert Pen().write("a", bold=True) == "a"
