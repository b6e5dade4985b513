"""The reference pages in docs/ say what the program does: written again, they are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.cli.reference_pages import _mathematics, pages
from sinks.methodology import Registry

DOCS = Path(__file__).parents[2] / "docs"
METHODS = [f"methods/{id}.md" for id in Registry().ids]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


@pytest.mark.parametrize("name", [*METHODS, "methods/README.md", "project-file.md", "plausible-bounds.md"])
def test_pages_are_in_step_with_the_program(made: dict[str, str], name: str) -> None:
    path = DOCS / name
    assert path.is_file(), "run `python -m sinks.cli.reference_pages`"
    assert path.read_text(encoding="utf-8") == made[name], "run `python -m sinks.cli.reference_pages`"


def test_no_page_is_left_of_a_methodology_that_is_gone(made: dict[str, str]) -> None:
    assert {f"methods/{path.name}" for path in (DOCS / "methods").glob("*.md")} == set(made) - {
        *("project-file.md", "plausible-bounds.md")
    }


@pytest.mark.parametrize("name", METHODS)
def test_every_methodology_has_its_equation_in_full(made: dict[str, str], name: str) -> None:
    text = made[name]
    assert text.count("$$") >= 2
    assert text.count("$$") % 2 == 0
    assert ".. math" not in text


def test_formulas_become_blocks_without_blank_lines() -> None:
    notes = "First.\n\n.. math:: a = b,\\quad\n          c = d\n\nThe ``b`` of it.\n\n.. math::\n\n    e = f"
    expected = "First.\n\n$$\na = b,\\quad\nc = d\n$$\n\nThe `b` of it.\n\n$$\ne = f\n$$"
    assert _mathematics(notes) == expected


def test_the_project_page_has_every_section_and_key(made: dict[str, str]) -> None:
    page = made["project-file.md"]
    for word in ("[project]", "[land_cover]", "[[methodologies]]", "`coverage_min`", "`0.95`", "`methodology_files`"):
        assert word in page
