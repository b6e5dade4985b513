"""What is given to the public functions and is nothing they know is refused in words, never by Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sinks
from sinks.text import using_language

WRONG = [None, 1, True, 2.5, {"project": {}}, ["project.toml"], b"project.toml", object()]

TAKES_A_PROJECT: list[Callable[[Any], object]] = [sinks.run, sinks.check, sinks.tabulate, sinks.Project.read]
TAKES_A_FOLDER: list[Callable[[Any], object]] = [sinks.open_run, sinks.ensure_writable]


@pytest.mark.parametrize("found", WRONG, ids=lambda found: type(found).__name__)
@pytest.mark.parametrize("function", [*TAKES_A_PROJECT, *TAKES_A_FOLDER], ids=lambda function: function.__name__)
def test_what_is_no_path_is_refused(function: Callable[[Any], object], found: Any) -> None:
    for lang in ("zh", "en"):
        with using_language(lang), pytest.raises(sinks.SinksError) as caught:
            function(found)
        with using_language(lang):
            assert type(found).__name__ in str(caught.value)


def test_a_dictionary_is_told_where_it_is_read() -> None:
    with using_language("en"), pytest.raises(sinks.SinksError, match=r"Project\.from_dict"):
        sinks.run({"project": {}})  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["", "\0", "a" * 5000, "no/such/project.toml"], ids=["empty", "nul", "long", "absent"])
def test_a_path_to_nothing_is_refused(path: str) -> None:
    for function in (sinks.run, sinks.check, sinks.open_run):
        with pytest.raises(sinks.SinksError):
            function(path)


def test_a_project_may_be_a_path_or_a_text(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    path.write_text("[project]\n", encoding="utf-8")
    said = []
    for given in (path, str(path)):
        with pytest.raises(sinks.SinksError) as caught:
            sinks.check(given)
        said.append(str(caught.value))
    assert said[0] == said[1]
