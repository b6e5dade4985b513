"""Tags of a Word template: which there are, and whether they are tags and nothing more.

A template comes from whoever sent it.  Jinja's language reaches every object of the program from a tag, so a template
may hold ``{{ name }}`` (and docxtpl's ``{{p name }}``, ``{{r name }}``) and nothing else: no attribute, call, filter,
block or comment.  This is decided on the words of the template before any of it is rendered, which is stricter than a
sandbox can be; rendering happens in jinja's sandbox all the same.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docx.opc.oxml import parse_xml
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_PROPERTIES = ("author", "comments", "identifier", "language", "subject", "title")
"""Properties of a document in which docxtpl looks for tags."""

_BEGIN, _END = ("variable_begin", "block_begin", "comment_begin", "raw_begin"), ("variable_end", "block_end")
_ENDS = {*_END, "comment_end", "raw_end"}

MOST_BYTES = 256 << 20
"""Unpacked size up to which a template is read; a report with all of its figures has a tenth of it."""

MOST_PARTS = 5_000
"""Files inside a template's package."""


@dataclass(frozen=True)
class Tags:
    """What stands between braces in a template.

    Attributes
    ----------
    names : frozenset of str
        Tags that are a name.
    foreign : tuple of str
        Everything else, as it stands in the document, with the part of the document that holds it.
    """

    names: frozenset[str]
    foreign: tuple[str, ...]


def environment() -> ImmutableSandboxedEnvironment:
    """What templates are rendered in: values are escaped, a missing one is an error, nothing else is reached."""
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)


def find_tags(template: bytes) -> Tags:
    """Every tag in every part of a template that is rendered: body, heads, feet, footnotes and properties.

    Raises
    ------
    TemplateSyntaxError
        Braces that do not close, or what jinja cannot read between them.
    """
    jinja = environment()
    names: set[str] = set()
    foreign: list[str] = []
    for place, text in _parts(template):
        for words in _between_braces(jinja, text):
            inside = [(kind, word) for kind, word in words[1:-1] if kind != "whitespace"]
            if words[0][0] == "variable_begin" and [kind for kind, _ in inside] == ["name"]:
                names.add(inside[0][1])
            else:
                foreign.append(f"{place}: {''.join(word for _, word in words)}")
    return Tags(frozenset(names), tuple(foreign))


def unpacks_within(template: bytes) -> bool:
    """Whether a package unpacks into no more than a document can need; raises ``BadZipFile`` where it is none."""
    with zipfile.ZipFile(io.BytesIO(template)) as package:
        parts = package.infolist()
        return len(parts) <= MOST_PARTS and sum(part.file_size for part in parts) <= MOST_BYTES


def _parts(template: bytes) -> Iterator[tuple[str, str]]:
    """Name and text of each part, with the tags joined that Word has spread over several runs."""
    form = DocxTemplate(io.BytesIO(template))
    form.init_docx()
    document: Any = form.docx
    yield "document", form.patch_xml(form.get_xml())
    for uri in (form.HEADER_URI, form.FOOTER_URI):
        for relation in document.part.rels.values():
            if relation.reltype == uri and not relation.is_external:
                part = relation.target_part
                yield str(part.partname).rpartition("/")[2], form.patch_xml(form.xml_to_string(parse_xml(part.blob)))
    for part in document.part.package.parts:
        if part.content_type == _FOOTNOTES:
            yield "footnotes", form.patch_xml(part.blob.decode("utf-8"))
    for name in _PROPERTIES:
        yield name, str(getattr(document.core_properties, name))


def _between_braces(jinja: ImmutableSandboxedEnvironment, text: str) -> Iterator[list[tuple[str, str]]]:
    """Kinds and words of each pair of braces, braces included."""
    words: list[tuple[str, str]] = []
    for _, kind, word in jinja.lex(text):
        if kind in _BEGIN:
            words = []
        if kind != "data" or words:
            words.append((kind, word))
        if kind in _ENDS:
            yield words
            words = []
