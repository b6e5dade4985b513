"""Which pages the site has, in which order, and how links between them lead; known without Sphinx.

The sources stay where people read them in the repository: ``docs/``, ``notebooks/``, and some pages beside them.  In
the site ``docs/guide/en/data.md`` is ``guide/en/data``, and a link to a folder leads to the page that lists it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from os.path import normpath, relpath
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]

BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "data/README.md", "data/published/README.md")
"""Pages elsewhere in the repository that are part of the site."""

FOLDERS: Mapping[str, str] = {
    "docs/decisions": "decisions/index",
    "docs/guide/zh": "index",
    "docs/guide/en": "index",
    "docs/methods": "methods/README",
    "notebooks": "notebooks/README",
    "docs": "index",
}
"""The page that a link to a folder leads to."""

_LINK = re.compile(r"(?<!\\)(\[(?:[^\[\]]|\[[^\[\]]*\])*\])\(([^()\s]+)\)")
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)


class Chapter(NamedTuple):
    """Pages that stand together in the navigation."""

    title: str
    pages: tuple[str, ...]


def sources() -> list[Path]:
    """Every page of the site as it lies in the repository; the notebooks among them have their results."""
    docs = [path for path in (ROOT / "docs").rglob("*.md") if "site" not in path.relative_to(ROOT / "docs").parts]
    notebooks = [*(ROOT / "notebooks").glob("*.ipynb"), ROOT / "notebooks" / "README.md"]
    return sorted([*docs, *notebooks, *(ROOT / name for name in BESIDE)])


def page_of(path: Path) -> str:
    """Name of the page that a source becomes: ``guide/en/data``."""
    inside = path.relative_to(ROOT).with_suffix("").as_posix()
    return inside.removeprefix("docs/")


def navigation(api: tuple[str, ...] = ()) -> list[Chapter]:
    """The chapters of the site.  The guide has the order of ``docs/index.md``; all else that of its names."""
    home = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    guide = {language: tuple(re.findall(rf"\((guide/{language}/[\w-]+)\.md\)", home)) for language in ("zh", "en")}
    every = [page_of(path) for path in sources()]
    reference = ("project-file", "methods/README", "plausible-bounds", "glossary", "faq")
    notebooks = ("notebooks/README", *(page for page in every if re.match(r"notebooks/\d", page)))
    listed = {*guide["zh"], *guide["en"], *reference, *notebooks, "index"}
    inner = ("methods/", "decisions/")  # in the navigation below the page that lists them
    rest = tuple(page for page in every if page not in listed and not page.startswith(inner))
    return [
        Chapter("用户指南", guide["zh"]),
        Chapter("User guide", guide["en"]),
        Chapter("笔记本 / Notebooks", notebooks),
        Chapter("参考 / Reference", reference),
        Chapter("Python", api),
        Chapter("开发与审查 / Development and review", (*rest, *log_pages(), "decisions/index")),
    ]


def method_pages() -> tuple[str, ...]:
    """Reference pages of methodologies, below the page that lists them."""
    return tuple(sorted(f"methods/{path.stem}" for path in (ROOT / "docs" / "methods").glob("[a-z]*.md")))


def log_pages() -> tuple[str, ...]:
    """What was read where."""
    return tuple(sorted(f"methods/log/{path.stem}" for path in (ROOT / "docs" / "methods" / "log").glob("*.md")))


def decision_pages() -> tuple[str, ...]:
    """Decisions in the order of their numbers."""
    return tuple(sorted(f"decisions/{path.stem}" for path in (ROOT / "docs" / "decisions").glob("*.md")))


def links(text: str) -> Iterator[str]:
    """Targets of the links of a page that lead to other files; code is left out."""
    for part in _CODE.split(text)[::2]:
        yield from (match[2] for match in _LINK.finditer(part) if not re.match(r"[a-z]+:|#", match[2]))


def lost_links(path: Path, text: str) -> list[str]:
    """Links of a page that lead nowhere: no such file or folder, or no such heading in it."""
    return [target for target in links(text) if not _is_there(path, target)]


def _is_there(path: Path, target: str) -> bool:
    name, _, heading = unquote(target).partition("#")
    found = path.parent / name
    if not heading or found.suffix != ".md":
        return found.exists()
    return found.exists() and heading in headings(found.read_text(encoding="utf-8"))


def headings(text: str) -> set[str]:
    """Anchors of the headings of a page, as the site and code hosts make them: lower case, hyphens, no punctuation."""
    found: set[str] = set()
    for line in _CODE.sub(lambda match: match[0] if "\n" not in match[0] else "", text).splitlines():
        if heading := re.match(r"#{1,6} +(.*)", line):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def relinked(path: Path, text: str) -> str:
    """A page as it stands in the site: links between repository files lead from page to page."""
    parts = _CODE.split(text)
    parts[::2] = [_LINK.sub(lambda match: f"{match[1]}({_in_site(path, match[2])})", part) for part in parts[::2]]
    return "".join(parts)


def _in_site(path: Path, target: str) -> str:
    if re.match(r"[a-z]+:|#", target):
        return target
    name, hash, heading = target.partition("#")
    inside = PurePosixPath(normpath(PurePosixPath(path.relative_to(ROOT).parent.as_posix()) / unquote(name))).as_posix()
    site = f"{FOLDERS[inside]}.md" if inside in FOLDERS else inside.removeprefix("docs/")
    start = PurePosixPath(page_of(path)).parent.as_posix()
    return relpath(site, start).replace("\\", "/") + hash + heading
