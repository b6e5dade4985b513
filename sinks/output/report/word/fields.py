"""Numbers, cross-references and contents that are right when the document is opened, before anybody presses F9.

The template may move, repeat or leave out any block, so numbers are only known once the document is whole: this goes
through it and writes into every field the result that Word would work out.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

_CONTENTS = "TOC "
_IN_CONTENTS = "Heading 1"


def settle(document: Document) -> None:
    """Number captions, resolve references, write the contents and give every bookmark an id of its own."""
    body = document.element.body
    _number(body)
    shown = _bookmarked(body)
    for field in _fields(body, "REF"):
        # A bureau's own template may refer to what it has not; Word says so in the field itself.
        if (text := shown.get(_argument(field))) is not None:
            _set(field, text)
    _contents(document)
    for number, start in enumerate(body.iter(qn("w:bookmarkStart")), 1):
        for node in (start, _end_of(start)):
            if node is not None:
                node.set(qn("w:id"), str(number))


def _fields(body: Any, kind: str) -> list[Any]:
    return [f for f in body.iter(qn("w:fldSimple")) if _words(f)[:1] == [kind] and len(_words(f)) > 1]


def _words(field: Any) -> list[str]:
    return str(field.get(qn("w:instr")) or "").split()


def _argument(field: Any) -> str:
    return _words(field)[1]


def _set(field: Any, text: str) -> None:
    shown = next(field.iter(qn("w:t")), None)
    if shown is not None:
        shown.text = text


def _number(body: Any) -> None:
    seen: Counter[str] = Counter()
    for field in _fields(body, "SEQ"):
        name = _argument(field)
        seen[name] += 1
        _set(field, str(seen[name]))


def _end_of(start: Any) -> Any:
    """The end of a bookmark: the next of its id in its paragraph, or the first of its id elsewhere, or None."""
    wanted = start.get(qn("w:id"))
    for node in start.itersiblings(qn("w:bookmarkEnd")):
        if node.get(qn("w:id")) == wanted:
            return node
    ends = start.getroottree().getroot().iter(qn("w:bookmarkEnd"))
    return next((node for node in ends if node.get(qn("w:id")) == wanted), None)


def _bookmarked(body: Any) -> dict[str, str]:
    """Text inside each bookmark that lies within one paragraph."""
    found: dict[str, str] = {}
    for start in body.iter(qn("w:bookmarkStart")):
        parts: list[str] = []
        for node in start.itersiblings():
            if node.tag == qn("w:bookmarkEnd") and node.get(qn("w:id")) == start.get(qn("w:id")):
                break
            parts += [text.text or "" for text in node.iter(qn("w:t"))]
        found[start.get(qn("w:name"))] = "".join(parts)
    return found


def _contents(document: Document) -> None:
    """Set the headings as they are in the place of the contents field, each with a link to its place and its page.

    Page numbers are fields of their own: LibreOffice works them out as it lays the document out, and Word when it is
    opened, as the template asks it to.  A contents field would keep what was written into it until somebody presses F9.
    """
    place = next((p for p in document.paragraphs if _holds_contents(p._p)), None)
    if place is None:
        return
    runs = list(place._p.iter(qn("w:r")))
    if "end" not in map(_kind, runs):
        return  # Word has spread this field over several lines: it is a filled contents, and F9 brings it up to date
    for run in runs:
        run.getparent().remove(run)
    line = place._p
    styles = {style.style_id for style in document.styles if style.name == _IN_CONTENTS}
    # A style looked up for each of some thousand paragraphs would take longer than all the rest here.
    headings = [p for p in document.paragraphs if p._p.style in styles]
    for number, heading in enumerate((p for p in headings if p.text.strip()), 1):
        name = f"_Toc{number:08d}"
        _bookmark(heading._p, name)
        if number > 1:
            line.addnext(_line_like(place._p))
            line = line.getnext()
        line.append(_link(name, heading.text))


def _holds_contents(paragraph: Any) -> bool:
    return any(_CONTENTS in (code.text or "") for code in paragraph.iter(qn("w:instrText")))


def _line_like(paragraph: Any) -> Any:
    """An empty paragraph of the same style."""
    fresh = OxmlElement("w:p")
    properties = paragraph.find(qn("w:pPr"))
    if properties is not None:
        fresh.append(deepcopy(properties))
    return fresh


def _kind(run: Any) -> str:
    mark = run.find(qn("w:fldChar"))
    return str(mark.get(qn("w:fldCharType"))) if mark is not None else ""


def _bookmark(paragraph: Any, name: str) -> None:
    start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    for node in (start, end):
        node.set(qn("w:id"), name)
    start.set(qn("w:name"), name)
    properties = paragraph.find(qn("w:pPr"))
    (properties.addnext if properties is not None else lambda node: paragraph.insert(0, node))(start)
    paragraph.append(end)


def _link(name: str, text: str) -> Any:
    """A heading, dots to the margin, and the page it stands on."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), name)
    link.set(qn("w:history"), "1")
    heading, dots = OxmlElement("w:t"), OxmlElement("w:tab")
    heading.text = text
    page = OxmlElement("w:fldSimple")
    page.set(qn("w:instr"), f" PAGEREF {name} \\h ")
    page.set(qn("w:dirty"), "true")
    unknown = OxmlElement("w:t")
    unknown.text = "…"
    page.append(_run(unknown))
    for node in (_run(heading), _run(dots), page):
        link.append(node)
    return link


def _run(content: Any) -> Any:
    run = OxmlElement("w:r")
    run.append(content)
    return run
