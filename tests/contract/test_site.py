"""The site of the documentation is whole before it is built: pages, links, and names of Python, without Sphinx."""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pytest

import sinks
from sinks.assessment.answer import Answer

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "site"))

import api  # noqa: E402
import bigrams  # noqa: E402
import pages  # noqa: E402

SOURCES = pages.sources()


def texts(path: Path) -> Iterator[str]:
    """What is written in a page: of a notebook the text between its code."""
    if path.suffix != ".ipynb":
        yield path.read_text(encoding="utf-8")
        return
    yield from (cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")


def test_every_page_is_in_the_navigation_once() -> None:
    listed = Counter(page for chapter in pages.navigation() for page in chapter.pages)
    listed.update((*pages.method_pages(), *pages.decision_pages(), "index"))
    assert {page for page, count in listed.items() if count > 1} == set()
    assert set(listed) - {"decisions/index"} == {pages.page_of(path) for path in SOURCES}


def test_both_languages_have_the_same_chapters_of_the_guide() -> None:
    chinese, english, *_ = pages.navigation()
    assert [page.split("/")[-1] for page in chinese.pages] == [page.split("/")[-1] for page in english.pages]
    assert len(chinese.pages) == len(list((ROOT / "docs" / "guide" / "zh").glob("*.md")))


@pytest.mark.parametrize("path", [*SOURCES, ROOT / "README.md"], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(path: Path) -> None:
    assert [link for text in texts(path) for link in pages.lost_links(path, text)] == []


def test_a_link_that_leads_nowhere_is_seen() -> None:
    page = ROOT / "docs" / "guide" / "en" / "data.md"
    text = "[a](nowhere.md) [b](install.md#no-such-heading) [c](install.md) `[d](code.md)` [e](https://x.org)"
    assert pages.lost_links(page, text) == ["nowhere.md", "install.md#no-such-heading"]


def test_links_lead_from_page_to_page_of_the_site() -> None:
    page = ROOT / "docs" / "guide" / "en" / "notebooks.md"
    text = "[n](../../../notebooks/10_xarray.ipynb) [d](../../decisions/) [i](../../index.md#x) `[c](../x.md)`"
    there = "[n](../../notebooks/10_xarray.ipynb) [d](../../decisions/index.md) [i](../../index.md#x) `[c](../x.md)`"
    assert pages.relinked(page, text) == there


def described() -> dict[str, Any]:
    found = {}
    for name in (name for page in api.PAGES for name in page.objects):
        module, _, last = name.rpartition(".")
        parent = import_module(module)
        found[name] = getattr(parent, last) if hasattr(parent, last) else import_module(name)
    return found


def test_every_public_name_is_described() -> None:
    assert {f"sinks.{name}" for name in sinks.__all__} <= set(described())


def answers(kind: type = Answer) -> set[type]:
    import sinks.analysis.inventory  # these have subclasses that nothing else may have loaded
    import sinks.planning.prospects  # noqa: F401

    return {one for child in kind.__subclasses__() for one in ({child} | answers(child))}


def test_every_answer_of_a_run_is_described() -> None:
    things = [thing for thing in described().values() if inspect.isclass(thing)]
    methods = inspect.getmembers(sinks.Run, inspect.isfunction)
    named = {str(method.__annotations__.get("return", "")) for name, method in methods if not name.startswith("_")}
    kinds = {one.__name__ for one in answers()} & named
    assert len(kinds) > 6
    assert kinds <= {thing.__name__ for thing in things}


@pytest.mark.parametrize("name", sorted({name for page in api.PAGES for name in page.objects}))
def test_what_is_described_says_what_it_is(name: str) -> None:
    thing = described()[name]
    assert inspect.getdoc(thing)
    if not inspect.isclass(thing):
        return
    own = {key: value for key, value in vars(thing).items() if not key.startswith(("_", "model_"))}
    members = {k: v for k, v in own.items() if inspect.isfunction(v) or isinstance(v, property | classmethod)}
    silent = [k for k, v in members.items() if not inspect.getdoc(getattr(thing, k) if callable(v) else v)]
    assert silent == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("碳汇", ["碳汇"]),
        ("内蒙古碳汇量为 net_removals", ["内蒙", "蒙古", "古碳", "碳汇", "汇量", "量为", "net_removals"]),
        ("税, run.density(2020)", ["税", "run", "density", "2020"]),
    ],
)
def test_chinese_is_found_by_pairs_of_characters(text: str, words: list[str]) -> None:
    assert bigrams.words(text) == words
    # The browser cuts a question by the same expression.
    assert r"/[\u3400-\u9fff]+|[a-z0-9_]+/gi" in bigrams.SPLITTER
