"""Make the site: ``python docs/site/build.py`` puts it into ``out/docs``, where ``index.html`` opens without a server.

Warnings are errors.  Afterwards every page is read once more: a link that leads nowhere, and anything that a page would
fetch from elsewhere, is an error too.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat

sys.path.insert(0, str(Path(__file__).parent))

from api import PAGES
from pages import (
    ROOT,
    Chapter,
    decision_pages,
    method_pages,
    navigation,
    page_of,
    relinked,
    sources,
)

API = tuple(f"api/{page.name}" for page in PAGES)


def assemble(folder: Path) -> None:
    """Write the sources of the site: pages with their links turned, notebooks, and what is made for the site alone."""
    for path in sources():
        place = folder / f"{page_of(path)}{path.suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            _notebook(path, place)
        else:
            place.write_text(relinked(path, path.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "guide" / "images", folder / "guide" / "images")
    titles = [(ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines()[0] for page in decision_pages()]
    listed = "".join(f"- {title.removeprefix('# ')}\n" for title in titles)
    (folder / "decisions" / "index.md").write_text(f"# 决定 / Decisions\n\n{listed}{_toctree(decision_pages())}")
    _append(folder / "methods" / "README.md", _toctree(method_pages()))
    _append(folder / "index.md", "".join(_chapter(chapter) for chapter in navigation(API)))
    (folder / "api").mkdir()
    for page in PAGES:
        (folder / "api" / f"{page.name}.rst").write_text(_described(page.title, page.objects), encoding="utf-8")


def _notebook(path: Path, place: Path) -> None:
    """A notebook with the links of its text turned."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(path, cell.source)
    nbformat.write(notebook, place)


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def _chapter(chapter: Chapter) -> str:
    return _toctree(chapter.pages, chapter.title)


def _toctree(pages: tuple[str, ...], caption: str = "") -> str:
    named = f":caption: {caption}\n" if caption else ""
    listed = "\n".join(f"/{page}" for page in pages)
    return f"\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n{named}\n{listed}\n```\n"


def _described(title: str, objects: tuple[str, ...]) -> str:
    """A page on some objects, in the order given; what they are decides how they are described."""
    from importlib import import_module
    from inspect import isclass, ismodule

    lines = [title, "=" * 2 * len(title), ""]
    for name in objects:
        module, _, last = name.rpartition(".")
        found = getattr(import_module(module), last, None)
        if found is None or ismodule(found):
            lines += [f".. automodule:: {name}", ""]
        elif isclass(found):
            lines += [f".. autoclass:: {name}", ""]
        else:
            lines += [f".. autofunction:: {name}", ""]
    return "\n".join(lines)


class Reader(HTMLParser):
    """Addresses of a page: what it links to, what it loads, and the names that can be linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.names |= {found[name] for name in ("id", "name") if name in found}
        if "href" in found:
            loaded = tag == "link" and not re.search(r"\b(next|prev|search|index)\b", found.get("rel", ""))
            (self.loads if loaded else self.links).append(found["href"])
        self.loads += [found[name] for name in ("src", "poster", "data") if name in found and tag != "a"]


def faults(site: Path) -> Iterator[str]:
    """What is wrong with the pages of a built site: links that lead nowhere, and what would be fetched."""
    read: dict[Path, Reader] = {}
    for path in sorted(site.rglob("*.html")):
        read[path] = Reader()
        read[path].feed(path.read_text(encoding="utf-8"))
    for path, page in read.items():
        name = path.relative_to(site).as_posix()
        yield from (f"{name}: {one[:80]} is fetched" for one in page.loads if re.match(r"(https?:)?//", one))
        for link in page.links + page.loads:
            if re.match(r"[a-z]+:|//", link) or not link:
                continue
            target, _, heading = unquote(link).partition("#")
            found = (path.parent / target.partition("?")[0]).resolve() if target.partition("?")[0] else path
            if not found.exists():
                yield f"{name}: {link} is not there"
            elif heading and found in read and heading not in read[found].names:
                yield f"{name}: {link} has no such heading"


def build(out: Path) -> list[str]:
    """Make the site in ``out`` and say what is wrong with it."""
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "source"
        folder.mkdir()
        assemble(folder)
        shutil.rmtree(out, ignore_errors=True)
        config = str(Path(__file__).parent)
        options = ["-q", "-W", "--keep-going", "-c", config, "-d", str(Path(temporary) / "trees")]
        if build_main([*options, str(folder), str(out)]):
            return ["Sphinx has warned; see above"]
    return list(faults(out))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "docs")
    out = parser.parse_args().out
    if found := build(out):
        sys.exit("\n".join(found))
    print(f"{out / 'index.html'}: {len(list(out.rglob('*.html')))} pages")


if __name__ == "__main__":
    main()
