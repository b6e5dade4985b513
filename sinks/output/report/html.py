"""One self-contained page of the whole run, for readers without Word."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from sinks.calls import spoken
from sinks.errors import Problem, RunError
from sinks.output.report.blocks import REFERENCE, Block, KeyFigures, Paragraph, Picture, Table
from sinks.output.report.chapters import chapters
from sinks.output.report.facts import Facts
from sinks.output.report.formula import Place, placed
from sinks.output.report.page import Page
from sinks.output.report.words import word
from sinks.output.report.write import approval, values
from sinks.results import atomic
from sinks.results.contents import RunContents
from sinks.results.shown_tables import check_account
from sinks.text import language, using_language

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("summary", ("summary_notice", "key_figures", "meaning_text")),
    ("assumed", ("assumed_text",)),
    ("warnings", ("warnings_text",)),
    ("chapter_1", ("overview_text", "table_overview")),
    ("chapter_2", ("methods_text", "table_methods", "table_layers")),
    (
        "chapter_3",
        (
            *("area_text", "table_area", "transition_text", "table_transition", "figure_transition", "figure_flows"),
            *("survey_text", "table_survey"),
        ),
    ),
    (
        "chapter_4",
        (
            "stock_text",
            "table_stock_pools",
            "table_reconciliation",
            "figure_stock_map",
            "stock_regions_text",
            "table_stock_regions",
        ),
    ),
    (
        "chapter_5",
        (
            *("removals_text", "table_removals", "figure_removals", "figure_removals_map"),
            *("removals_regions_text", "table_removals_regions", "figure_removals_regions"),
            *("years_text", "figure_years", "table_years", "table_recalculation"),
        ),
    ),
    ("chapter_6", ("quality_text", "table_intervals", "table_approaches", "table_comparison", "table_checks")),
    (
        "chapter_7",
        ("dual_text", "table_dual", "figure_dual", "table_dual_intensity", "figure_dual_path", "table_rules"),
    ),
    ("chapter_8", ("advice_text",)),
    ("annex_equations", ("equations_text",)),
    ("annex_strata", ("table_strata",)),
    ("annex_sources", ("table_parameters", "sources_text", "table_documents")),
    ("annex_lineage", ("lineage_text", "table_inputs")),
)


@spoken
def write_html(
    contents: RunContents,
    path: Path,
    *,
    region: str | None = None,
    lang: str = "zh",
    assessment: pd.DataFrame | None = None,
) -> Path:
    """Write one HTML file with text, tables and figures inside; it asks for nothing from anywhere.

    Parameters
    ----------
    contents : RunContents
        The run.
    path : Path
        The file.
    region : str, optional
        Code of the region; by default the first, which holds all the others.
    lang : str
        ``zh`` or ``en``.
    assessment : DataFrame, optional
        Table of the dual-control assessment.

    Returns
    -------
    Path

    Raises
    ------
    RunError
        The region is not in the run, or the file cannot be written.
    AccountError
        The account cannot be shown.
    """
    check_account(contents.account)
    path = Path(path)
    with using_language(lang):
        facts = Facts(contents)
        code = next(iter(facts.regions)) if region is None else region
        if code not in facts.regions:
            known = [f"{r.code} {r.name}" for r in facts.regions.values()][:20]
            raise RunError(Problem("report.unknown_region", code, {"known": known}))
        wanted = frozenset(tag for _, tags in SECTIONS for tag in tags)
        text = page_html(Page(facts, code, wanted, assessment, approval(contents.record)))
    try:
        atomic.write(path, text.encode())
    except OSError as error:
        raise RunError(Problem("report.write_failed", str(path), {"reason": error.strerror or ""})) from error
    return path


def page_html(page: Page) -> str:
    """The whole page as text."""
    found = chapters(page)
    shown = [block for _, tags in SECTIONS for tag in tags for block in found[tag]]
    numbers = _numbers(shown)
    sections = [
        {
            "id": name,
            "title": _heading(name),
            "blocks": [_block(block, numbers) for tag in tags for block in found[tag]],
        }
        for name, tags in SECTIONS
    ]
    environment = Environment(loader=FunctionLoader(_resource), undefined=StrictUndefined, autoescape=True)
    return environment.get_template("summary.html").render(
        lang="zh-CN" if language() == "zh" else "en",
        style=Markup(_resource("summary.css")),
        contents_title=word("template.contents"),
        sections=sections,
        **values(page),
    )


_NUMBERED = re.compile(r"^(?:[一二三四五六七八九十]+、|\d+ +)")


def _heading(name: str) -> str:
    """A section's heading; those of the annex leave their number there, for this page has not all of them."""
    title = word(f"template.{name}")
    return word("html.annex", title=_NUMBERED.sub("", title)) if name.startswith("annex_") else title


def _resource(name: str) -> str:
    return (files("sinks.output.report") / name).read_text(encoding="utf-8")


def _numbers(blocks: list[Block]) -> dict[str, str]:
    """Label and number of each table and figure, in the order of the page."""
    found: dict[str, str] = {}
    for kind, name in ((Table, "table"), (Picture, "figure")):
        keys = [block.key for block in blocks if isinstance(block, kind)]
        found |= {key: f"{word(f'{name}.label')}{number}" for number, key in enumerate(keys, 1)}
    return found


def _block(block: Block, numbers: dict[str, str]) -> Markup:
    if isinstance(block, Paragraph) and block.kind == "formula":
        return Markup('<p class="formula">{}</p>').format(Markup("").join(_set(*part) for part in placed(block.text)))
    if isinstance(block, Paragraph):
        return Markup('<p class="{}">{}</p>').format(block.kind, _linked(block.text, numbers))
    if isinstance(block, Picture):
        data = b64encode(block.png).decode("ascii")
        return Markup(
            '<figure id="{}"><img alt="{}" src="data:image/png;base64,{}"><figcaption>{}{}{}</figcaption></figure>'
        ).format(block.key, block.description, data, numbers[block.key], word("caption.gap"), block.caption)
    if isinstance(block, KeyFigures):
        items = (
            Markup("<div><p>{}</p><strong>{}</strong><p>{}</p></div>").format(one.title, one.figure, one.remark)
            for one in block.figures
        )
        return Markup('<div class="key">{}</div>').format(Markup("").join(items))
    return _table(block, numbers)


def _set(text: str, place: Place) -> Markup:
    tag = {"low": "sub", "high": "sup"}.get(place)
    return Markup(f"<{tag}>{{}}</{tag}>").format(text) if tag else escape(text)


def _table(table: Table, numbers: dict[str, str]) -> Markup:
    unit = Markup('<span class="unit">{}</span>').format(word("table.unit", unit=table.unit)) if table.unit else ""
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(text) for text in table.header)
    rows = Markup("").join(
        Markup('<tr class="{}">{}</tr>').format("total" if place in table.totals else "", _cells(table, cells))
        for place, cells in enumerate(table.rows)
    )
    notes = Markup("").join(Markup('<p class="note">{}</p>').format(_linked(text, numbers)) for text in table.notes)
    return Markup(
        '<div class="table" id="{}"><p class="caption">{}{}{}{}</p><div class="wide"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>{}</div>"
    ).format(table.key, numbers[table.key], word("caption.gap"), table.caption, unit, head, rows, notes)


def _cells(table: Table, cells: Sequence[str]) -> Markup:
    return Markup("").join(
        Markup('<td class="{}">{}</td>').format("text" if place < table.text_columns else "number", text)
        for place, text in enumerate(cells)
    )


def _linked(text: str, numbers: dict[str, str]) -> Markup:
    parts = REFERENCE.split(text)
    return Markup("").join(
        Markup('<a href="#{}">{}</a>').format(part, numbers.get(part, "")) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )
