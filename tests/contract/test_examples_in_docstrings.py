"""Examples in docstrings give what they show; those that need a run of one's own are marked as not to be run."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("sinks", "methodologies")
    for path in (ROOT / package).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_give_what_they_show(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = import_module(module.removesuffix(".__init__"))
    failed, _ = doctest.testmod(found, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0, capsys.readouterr().out


def test_there_are_examples_that_run() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for module in MODULES for test in finder.find(import_module(module.removesuffix(".__init__")))]
    run = [example for test in tests for example in test.examples if not example.options.get(doctest.SKIP)]
    assert len(run) >= 12
