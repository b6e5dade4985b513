"""The list of tests in docs/assessment.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_manual_names_is_there() -> None:
    manual = (ROOT / "docs" / "assessment.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", manual))
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    assert len(named) > 20
    assert named <= there
