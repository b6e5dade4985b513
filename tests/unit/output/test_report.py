"""Files of reports: the Word document and its template, the HTML summary, and words in both languages."""

from __future__ import annotations

import re
import string
import zipfile
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from sinks.errors import RunError
from sinks.output.report import figures_kept, write_html, write_reports, write_template
from sinks.output.report.chapters import ROOMS, chapters
from sinks.output.report.facts import Region
from sinks.output.report.word.document import Template
from sinks.output.report.word.make_template import make_annex, make_template
from sinks.output.report.words import words
from sinks.output.report.write import VALUES, file_name
from sinks.text import LANGUAGES, using_language
from support.reported_run import (
    make_contents,
    page,
    table_after,
    text_of,
)


def test_numbers_references_and_contents_are_settled(ordos: Any) -> None:
    body = ordos.element.body
    fields = [(f.get(qn("w:instr")).split(), text_of(f)) for f in body.iter(qn("w:fldSimple"))]
    tables = [shown for code, shown in fields if code[:2] == ["SEQ", "表"]]
    assert tables == [str(number) for number in range(1, len(tables) + 1)]
    captions = {
        start.get(qn("w:name")): text_of(start.getparent())
        for start in body.iter(qn("w:bookmarkStart"))
        if start.get(qn("w:name")).startswith("_Ref_")
    }
    references = [(code[1], shown) for code, shown in fields if code[0] == "REF"]
    assert len(references) > 8
    for name, shown in references:
        assert captions[name].startswith(shown + "　")
    headings = [p.text for p in ordos.paragraphs if p.style.name == "Heading 1"]
    lines = [p._p for p in ordos.paragraphs if p.style.name.lower() == "toc 1"]
    assert [text_of(line).rstrip("…") for line in lines] == headings
    # Each page number is a field of its own that points at its heading, and Word is asked to work it out.
    places = [field.get(qn("w:instr")).split()[1] for line in lines for field in line.iter(qn("w:fldSimple"))]
    marked = [
        next(b.get(qn("w:name")) for b in p._p.iter(qn("w:bookmarkStart")))
        for p in ordos.paragraphs
        if p.style.name == "Heading 1"
    ]
    assert places == marked
    assert ordos.settings.element.find(qn("w:updateFields")) is not None
    ids = [start.get(qn("w:id")) for start in body.iter(qn("w:bookmarkStart"))]
    assert len(set(ids)) == len(ids)


def test_names_from_data_are_text_and_nothing_else(ordos: Any) -> None:
    names = [row[0] for row in table_after(ordos, "分地区碳储量")]
    assert any(name.startswith("{{ 7*7 }}<b>&很长的名字") for name in names)


def test_page_and_type_follow_the_standard(ordos: Any) -> None:
    section = ordos.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(m.mm) for m in margins] == [37, 35, 28, 26]
    faces = {
        n: ordos.styles[n].element.rPr.rFonts.get(qn("w:eastAsia"))
        for n in ("Title", "Body Text", "Heading 1", "Heading 2")
    }
    assert list(faces.values()) == ["方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"]
    assert ordos.styles["Body Text"].font.size.pt == 16
    assert 28 <= ordos.styles["Body Text"].paragraph_format.line_spacing.pt <= 29


@pytest.mark.parametrize("kind", ["template", "annex"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_committed_template_is_what_the_script_makes(lang: str, kind: str) -> None:
    with using_language(lang):
        import sinks.output.report.word as room

        committed = Path(next(iter(room.__path__))) / f"{kind}_{lang}.docx"
        made = make_template() if kind == "template" else make_annex()
    with ZipFile(BytesIO(made)) as new, ZipFile(committed) as old:
        assert new.namelist() == old.namelist()
        differing = [name for name in new.namelist() if new.read(name) != old.read(name)]
    assert not differing, "run python -m sinks.output.report.word.make_template"


def test_every_tag_of_the_template_is_filled_and_every_block_has_one() -> None:
    report, annex = Template().tags - VALUES, Template(annex=True).tags - VALUES
    known = set(chapters(page(tags=frozenset())))
    assert report | annex <= known
    assert not report & annex
    # Figures that say no more than their table stand in neither; a bureau may put them into its own template.
    assert known - report - annex == {"figure_stock", "figure_removals_regions", "figure_transition"}


def test_a_chapter_fills_the_same_tags_on_every_page() -> None:
    """Which chapters a template needs is told by the first page of a run; any other page would tell the same."""
    pages = [page(tags=frozenset()), page("150602", tags=frozenset()), page("150702", tags=frozenset())]
    for room in ROOMS:
        assert len({frozenset(room.blocks(one)) for one in pages}) == 1, room.__name__


_template = cache(make_template)
"""Made once: each test edits a document of its own that is opened from it."""


def edited(tmp_path: Path, change: Callable[[Any], None]) -> Path:
    document = Document(BytesIO(_template()))
    change(document)
    path = tmp_path / "own.docx"
    document.save(str(path))
    return path


def test_a_bureau_may_move_and_delete_blocks(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for paragraph in document.paragraphs:
            if "table_overview" in paragraph.text or "figure" in paragraph.text:
                paragraph._p.getparent().remove(paragraph._p)

    path = edited(tmp_path, change)
    (report,) = write_reports(make_contents(), tmp_path / "out", regions=["150600"], template=path, annex=False)
    body = Document(str(report)).element.body
    numbers = [text_of(f) for f in body.iter(qn("w:fldSimple")) if "SEQ 表" in f.get(qn("w:instr"))]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    # Nothing refers to what is not there.
    assert "_Ref_table_overview" not in {f.get(qn("w:instr")).split()[1] for f in body.iter(qn("w:fldSimple"))}


def test_a_copy_of_the_template_can_be_had_and_is_never_overwritten(tmp_path: Path) -> None:
    path = write_template(tmp_path / "own.docx", lang="en")
    assert Template(path).tags == Template().tags
    with pytest.raises(RunError, match=r"own\.docx"):
        write_template(path)


def test_unknown_tag_is_named(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda document: document.add_paragraph("{{p table_of_wishes }}"))
    with pytest.raises(RunError, match="table_of_wishes"):
        write_reports(make_contents(), tmp_path / "out", template=path)


FOREIGN = [
    "{{ cycler.__init__.__globals__.os.popen('touch CANARY').read() }}",
    "{{ title.__class__.__mro__ }}",
    "{{ title | attr('format_map') }}",
    "{{ 'x' * 10**9 }}",
    "{{ range(10) }}",
    "{% for one in range(10) %}{{ title }}{% endfor %}",
    "{% if title %}x{% endif %}",
    "{% set title = joiner %}",
    "{% include 'C:/secret.txt' %}",
    "{# note #}",
    "{% raw %}{{ title }}{% endraw %}",
]


# Every place with one of the words, and every word in one place: where it stands and what it says are read apart.
@pytest.mark.parametrize(
    ("words", "place"),
    [*((FOREIGN[0], place) for place in ("head", "foot", "property")), *((words, "body") for words in FOREIGN)],
)
def test_a_template_holds_tags_and_nothing_else(
    tmp_path: Path, words: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jinja's language reaches the operating system from any object, so nothing of it is carried out."""

    def change(document: Any) -> None:
        section = document.sections[0]
        if place == "property":
            document.core_properties.comments = words
        else:
            {"body": document, "head": section.header, "foot": section.footer}[place].add_paragraph(words)

    monkeypatch.chdir(tmp_path)
    path = edited(tmp_path, change)
    with pytest.raises(RunError) as caught:
        write_reports(make_contents(), tmp_path / "out", template=path)
    assert [problem.id for problem in caught.value.problems] == ["report.template_not_a_tag"]
    assert {path.name for path in tmp_path.iterdir()} == {"own.docx"}


def test_a_tag_that_word_has_cut_into_runs_is_read_whole(tmp_path: Path) -> None:
    """What a person sees as one word may lie in many runs; the check sees what the renderer would see."""

    def change(document: Any) -> None:
        paragraph = document.add_paragraph("{{ cycler.__init")
        paragraph.add_run("__.__globals__ }}").bold = True

    with pytest.raises(RunError) as caught:
        Template(edited(tmp_path, change))
    assert [problem.id for problem in caught.value.problems] == ["report.template_not_a_tag"]


def test_a_template_that_unpacks_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "own.docx"
    with ZipFile(path, "w", ZIP_DEFLATED) as package, package.open("word/document.xml", "w") as part:
        for _ in range(300):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(RunError) as caught:
        Template(path)
    assert [problem.id for problem in caught.value.problems] == ["report.template_too_large"]


def test_a_reference_to_nothing_stays_as_the_template_has_it(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for paragraph in document.paragraphs:
            if "figure" in paragraph.text:
                paragraph._p.getparent().remove(paragraph._p)
        for instruction in (" REF _nowhere ", " REF ", ""):
            field = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), instruction)
            document.add_paragraph()._p.append(field)

    (report,) = write_reports(
        make_contents(), tmp_path / "out", regions=["150600"], template=edited(tmp_path, change), annex=False
    )
    assert Document(str(report)).paragraphs


@pytest.mark.parametrize("content", [b"not a document", None])
def test_template_that_cannot_be_used(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.docx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=r"own\.docx"):
        write_reports(make_contents(), tmp_path / "out", template=path)


def test_a_region_may_be_called_by_its_name(tmp_path: Path) -> None:
    contents = make_contents()
    name = contents.regions.frame.set_index("code")["name"]["150700"]
    (report,) = write_reports(contents, tmp_path, regions=[name], annex=False)
    assert report.name.startswith("150700")
    with pytest.raises(RunError) as caught:
        write_reports(contents, tmp_path, regions=[name[:3]])
    (problem,) = caught.value.problems
    assert problem.values["known"] == [f"150700 {name}"]


def test_a_finished_report_is_no_template(tmp_path: Path) -> None:
    """Its contents name a layer like an expression of a template, which is refused and not executed."""
    (finished,) = write_reports(make_contents(), tmp_path / "out", regions=["150600"], annex=False)
    with pytest.raises(RunError) as caught:
        write_reports(make_contents(), tmp_path / "again", template=finished)
    assert [problem.id for problem in caught.value.problems] == ["report.template_not_a_tag"]
    assert not (tmp_path / "again").exists()


def test_a_template_whose_contents_word_has_filled(tmp_path: Path) -> None:
    """Word spreads the contents over as many paragraphs as there are headings, so that its end stands elsewhere."""

    def spread(document: Any) -> None:
        place = next(
            p for p in document.paragraphs if any("TOC" in (t.text or "") for t in p._p.iter(qn("w:instrText")))
        )
        end = next(run for run in place.runs if run._r.find(qn("w:fldChar")) is not None and "end" in run._r.xml)
        place.insert_paragraph_before()
        following = document.add_paragraph()
        place._p.addnext(following._p)
        following._p.append(end._r)

    (report,) = write_reports(
        make_contents(), tmp_path / "out", regions=["150600"], template=edited(tmp_path, spread), annex=False
    )
    assert Document(str(report)).paragraphs


def test_same_run_same_bytes(tmp_path: Path) -> None:
    first, second = (
        write_reports(make_contents(), tmp_path / name, regions=["150700"], lang="en")[0].read_bytes() for name in "ab"
    )
    assert first == second


def test_figures_are_numbered_alike_in_every_process_and_shared_with_the_page(tmp_path: Path) -> None:
    contents = make_contents()
    with figures_kept() as kept:
        (report,) = write_reports(contents, tmp_path, regions=["150000"], annex=False)
        drawn = [made.result() for made in kept.values()]
        shared = write_html(contents, tmp_path / "shared.html")
    with zipfile.ZipFile(report) as package:
        numbered = [package.read(f"word/media/image{number}.png") for number in range(1, len(drawn) + 1)]
    assert len(drawn) > 2
    assert numbered == drawn
    assert shared.read_bytes() == write_html(contents, tmp_path / "alone.html").read_bytes()


def test_one_report_for_each_league_and_the_region(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    written = write_reports(make_contents(), tmp_path, progress=lambda done, all: steps.append((done, all)))
    assert [path.name for path in written] == [
        f"{name}{kind}.docx"
        for name in ("150000 内蒙古自治区", "150600 鄂尔多斯市", "150700 呼伦贝尔市")
        for kind in ("", " 技术附件")
    ]
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_code_is_no_path() -> None:
    region = Region("15/06..", "鄂尔多斯市: 东", "league", "", "鄂尔多斯市: 东")
    assert file_name(region) == "15_06 鄂尔多斯市_ 东.docx"


def test_unknown_region_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="999999"):
        write_reports(make_contents(), tmp_path, regions=["999999"])


def test_html_is_self_contained_and_escaped(tmp_path: Path) -> None:
    source = write_html(make_contents(), tmp_path / "summary.html", region="150600").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:|#)', source)
    assert "<script" not in source
    assert "\ue000" not in source
    targets = set(re.findall(r'href="#([^"]+)"', source))
    assert targets <= set(re.findall(r'id="([^"]+)"', source))
    assert "{{ 7*7 }}&lt;b&gt;&amp;" in source
    assert "<b>" not in source
    # Forest of Ordos in 2023, as in the Word table.
    assert ">141.67<" in source
    # The page has parts of the annex, whose own numbers would begin again and have gaps.
    headings = re.findall(r"<h2>(.*?)</h2>", source)
    assert [heading[0] for heading in headings if heading[1] == "、"] == list("一二三四五六七八")
    assert next(heading for heading in headings if "附件" in heading) == "技术附件：采用的方法学与公式"


@pytest.mark.parametrize("key", sorted(words()))
def test_both_languages_say_the_same_about_the_same(key: str) -> None:
    def places(template: str) -> set[str]:
        """What is printed; a number that only chooses a word need not be."""
        found: set[str] = set()
        for _, name, forms, _ in string.Formatter().parse(template):
            if name:
                found |= places(forms) if forms and "|" in forms else {name}
        return found

    both = words()[key]
    if key != "template.date":  # the date is spelled out in Chinese and written as ISO 8601 in English
        assert places(both.zh) == places(both.en)
    assert both.en.isascii() or not re.search(r"[\u4e00-\u9fff]", re.sub(r"\(.*?\)", "", both.en))
