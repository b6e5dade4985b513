"""From a template and the blocks of its tags to a document."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import TemplateError, TemplateSyntaxError
from lxml.etree import LxmlError, fromstring  # type: ignore[import-untyped]  # lxml has no stubs
from markupsafe import Markup

from sinks.errors import Problem, RunError
from sinks.output.report.blocks import Chapters
from sinks.output.report.word.fields import settle
from sinks.output.report.word.package import timeless
from sinks.output.report.word.tags import MOST_BYTES, environment, find_tags, unpacks_within
from sinks.output.report.word.xml import block_xml
from sinks.text import language

LYING = frozenset({"table_parameters", "table_inputs", "table_checks"})
"""Tags that our template has on pages on their side; elsewhere their tables are merely set to that width and shrink."""

_NO_DOCUMENT = (PackageNotFoundError, BadZipFile, zlib.error, LxmlError, KeyError, ValueError, AttributeError, EOFError)
"""What python-docx meets in a file that is no Word document, is cut short or was damaged: a zip of XML."""

_SHOWN, _MANY = 80, 5
"""Characters of a foreign tag, and foreign tags, that a message shows."""


class _Own(DocxTemplate):  # type: ignore[misc]  # docxtpl has no types
    """A document of ours: its tables have as many cells as columns, which need not be counted row by row again."""

    def fix_tables(self, xml: str) -> Any:
        return fromstring(xml)


class Template:
    """A Word template, read once and filled for every region.

    Parameters
    ----------
    path : Path, optional
        A bureau's own template; by default ours in the present language.
    annex : bool
        Without a path, our template of the technical annex, whose pages all lie on their side.

    Raises
    ------
    RunError
        The file is not a Word document or too large for one, a tag in it cannot be read, or it holds more than tags.
    """

    def __init__(self, path: Path | None = None, *, annex: bool = False) -> None:
        self.where = str(path) if path is not None else _ours(annex)
        self.annex, self._own = annex, path is None
        self._bytes = built_in_template(annex=annex) if path is None else _read(path)
        try:
            small = unpacks_within(self._bytes)
            found = find_tags(self._bytes) if small else None
        except _NO_DOCUMENT as error:
            raise RunError(Problem("report.template_not_word", self.where)) from error
        except TemplateSyntaxError as error:
            raise RunError(Problem("report.template_syntax", self.where, {"reason": error.message})) from error
        if found is None:
            raise RunError(Problem("report.template_too_large", self.where, {"limit": MOST_BYTES >> 20}))
        if found.foreign:
            shown = [text[:_SHOWN] for text in found.foreign[:_MANY]]
            raise RunError(Problem("report.template_not_a_tag", self.where, {"found": "; ".join(shown)}))
        self.tags = found.names

    def check(self, known: set[str]) -> None:
        """Refuse a document without tags, such as a finished report, and a tag that nothing fills.

        Raises
        ------
        RunError
            With every unknown tag.
        """
        if not self.tags:
            raise RunError(Problem("report.template_no_tags", self.where))
        unknown = self.tags - known
        if unknown:
            values = {"tags": unknown, "known": known}
            raise RunError(Problem("report.template_unknown_tag", self.where, values))

    def fill(self, chapters: Chapters, values: Mapping[str, str]) -> Callable[[], bytes]:
        """The document, to be packed.

        Returns
        -------
        callable
            Gives the document as bytes; it may be called on another core, while the next document is made.

        Parameters
        ----------
        chapters : dict of str to blocks
            Blocks by tag.
        values : mapping of str to str
            Plain texts by tag, for the title and the page heads.
        """
        template = (_Own if self._own else DocxTemplate)(BytesIO(self._bytes))
        template.init_docx()

        def image(png: bytes) -> str:
            relation, _ = template.docx.part.get_or_add_image(BytesIO(png))
            return str(relation)

        context: dict[str, Any] = dict(values)
        # In the order of the chapters: that of a set would number the pictures anew in every process.
        for tag in (tag for tag in chapters if tag in self.tags):
            pieces = (block_xml(block, image, lying=self.annex or tag in LYING) for block in chapters[tag])
            context[tag] = Markup("".join(pieces))
        try:
            template.render(context, environment(), autoescape=True)
        except (TemplateError, LxmlError) as error:
            raise RunError(Problem("report.template_syntax", self.where, {"reason": str(error)})) from error
        settle(template.docx)
        _date(template.docx, values)

        def pack() -> bytes:
            out = BytesIO()
            template.save(out)
            return timeless(out.getvalue())

        return pack


def built_in_template(*, annex: bool = False) -> bytes:
    """Our template in the present language, of the report or of the technical annex."""
    return (files("sinks.output.report.word") / _ours(annex)).read_bytes()


def _ours(annex: bool) -> str:
    return f"{'annex' if annex else 'template'}_{language()}.docx"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(Problem("report.template_missing", str(path), {"reason": error.strerror or ""})) from error


def _date(document: Any, values: Mapping[str, str]) -> None:
    """Title and date of the run in the properties, so that the file does not depend on when it was written."""
    properties = document.core_properties
    # Word keeps its dates in UTC.
    created = datetime.fromisoformat(values["created"])
    created = created.astimezone(UTC).replace(tzinfo=None) if created.tzinfo else created
    properties.created = properties.modified = created
    properties.title = values["title"]
    properties.author = properties.last_modified_by = ""
    properties.revision = 1
