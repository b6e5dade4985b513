"""Reports of a run as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from sinks.calls import spoken
from sinks.errors import Problem, Problems, RunError
from sinks.output.report.chapters import chapters
from sinks.output.report.facts import Facts, Region
from sinks.output.report.grammar import spoken_period
from sinks.output.report.page import Page, red_head
from sinks.output.report.word.document import Template, built_in_template
from sinks.output.report.words import word
from sinks.results import atomic
from sinks.results.contents import RunContents
from sinks.results.shown_tables import check_account
from sinks.text import using_language

Progress = Callable[[int, int], None]

REPORTED = ("region", "province", "league", "city")
"""Levels that get a report of their own by default; banners stand in the report of their league."""

VALUES = frozenset({"title", "subtitle", "page_head", "region", "created", "project", "issuer", "date"})
"""Tags that hold plain text; all others hold blocks."""


@spoken
def write_reports(
    contents: RunContents,
    out: Path,
    *,
    regions: Collection[str] | None = None,
    lang: str = "zh",
    assessment: pd.DataFrame | None = None,
    template: Path | None = None,
    progress: Progress | None = None,
    annex: bool = True,
) -> list[Path]:
    """Write a Word report for each league and one for the region, and the technical annex of each.

    Parameters
    ----------
    contents : RunContents
        The run, for example from :func:`sinks.results.run_folder.read_run`.
    out : Path
        Folder for the reports, made when missing; those of an earlier call are replaced.
    regions : collection of str, optional
        Codes or full names of the regions to report on; by default every region above the banners.
    lang : str
        ``zh`` or ``en``.
    assessment : DataFrame, optional
        Of dual control; without it chapter 7 says what it would need.
    template : Path, optional
        Your own, for the report only.
    progress : callable, optional
        Called with the number of reports written and to be written.
    annex : bool
        Whether each report gets its technical annex beside it.

    Returns
    -------
    list of Path
        The reports in the order of the regions, each followed by its annex.

    Raises
    ------
    RunError
        A region is not in the run, the template cannot be used, or a file cannot be written.
    AccountError
        The account cannot be shown (see :func:`sinks.results.shown_tables.check_account`).
    """
    check_account(contents.account)
    with using_language(lang):
        facts, allowed = Facts(contents), approval(contents.record)
        chosen = _chosen(facts, regions)
        forms = [Template(template), *([Template(annex=True)] if annex else [])]
        if template is not None and chosen:
            # Before anything is drawn: without figures a page has all the tags that there are.
            forms[0].check(set(chapters(Page(facts, chosen[0].code, frozenset(), assessment))) | VALUES)
        pages = ([Page(facts, one.code, form.tags, assessment, allowed) for form in forms] for one in chosen)
        return _all_written(pages, forms, Path(out), len(chosen), progress or (lambda done, total: None))


def _all_written(
    pages: Iterable[list[Page]], forms: list[Template], out: Path, count: int, progress: Progress
) -> list[Path]:
    """The files of every region in turn: one is packed and written while the next is made, and no more of them wait."""
    written = list[Path]()
    with ThreadPoolExecutor(1, "reports") as beside:
        pending: list[Future[Path]] = []
        for number, of_region in enumerate(pages):
            progress(number, count)
            made = [_write(page, form, out) for page, form in zip(of_region, forms, strict=True)]
            written += [one.result() for one in pending]
            pending = [beside.submit(one) for one in made]
        written += [one.result() for one in pending]
    progress(count, count)
    return written


def write_template(path: Path, *, lang: str = "zh", annex: bool = False) -> Path:
    """Write a copy of the built-in Word template, for a bureau to edit and give to :func:`write_reports`.

    Parameters
    ----------
    path : Path
        The file; one that is there is not replaced, since it may hold somebody's work.
    lang : str
        ``zh`` or ``en``.
    annex : bool
        The template of the technical annex instead.

    Returns
    -------
    Path

    Raises
    ------
    RunError
        The file exists or cannot be written.
    """
    path = Path(path)
    with using_language(lang):
        content = built_in_template(annex=annex)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise RunError(Problem("report.template_exists", str(path))) from error
    except OSError as error:
        raise RunError(Problem("report.write_failed", str(path), {"reason": error.strerror or ""})) from error
    return path


def values(page: Page, *, annex: bool = False) -> dict[str, str]:
    """Plain texts of a report: title, what it covers, page heads."""
    contents = page.facts.contents
    demonstration = bool(contents.record.get("demonstration"))
    title = word("annex.title" if annex else "title", region=page.region.name)
    dates = page.facts.dates("carbon_stock") or page.facts.dates("area")
    span = spoken_period("-".join(dict.fromkeys((dates[0], dates[-1])))) if dates else ""
    head = red_head(contents.record)
    day = date.fromisoformat(head["date"]) if head else contents.created.date()
    issuer = head["issuer"] if head else _said_in_project(contents.record, "issuer")
    return {
        "title": title,
        "subtitle": word("subtitle", span=span) if span else "",
        "page_head": word("page_head.demonstration", title=title) if demonstration else title,
        "region": page.region.name,
        "project": str(contents.record.get("title", "")),
        "created": contents.created.isoformat(),
        "issuer": word("template.issuer", issuer=issuer) if issuer else word("template.no_issuer"),
        "date": word("template.date", year=day.year, month=day.month, day=day.day, iso=day.isoformat()),
    }


def file_name(region: Region, *, annex: bool = False) -> str:
    """Code and name, without characters that a file system refuses, and short enough for all of them."""
    code, name = (re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", text).strip(" .") for text in (region.code, region.name))
    name = f"{code} {name[:60]}".strip()
    return (word("annex.name", name=name) if annex else name) + ".docx"


def approval(record: Mapping[str, Any]) -> str | None:
    """The approval number of the maps (审图号), when the project gives one."""
    return _said_in_project(record, "map_approval")


def _said_in_project(record: Mapping[str, Any], key: str) -> str | None:
    """What the project's own section says under a key."""
    project = record.get("project")
    section = project.get("project") if isinstance(project, Mapping) else None
    found = section.get(key) if isinstance(section, Mapping) else None
    return str(found) if found else None


def _chosen(facts: Facts, wanted: Collection[str] | None) -> list[Region]:
    known = facts.regions
    if wanted is None:
        return [r for r in known.values() if r.level in REPORTED or facts.children(r.code)] or list(known.values())
    by_name = {name: region.code for region in known.values() for name in (region.given, region.name)}
    problems = Problems()
    for asked in wanted:
        if asked not in known and asked not in by_name:
            problems.add("report.unknown_region", asked, known=_likely(asked, list(known.values())))
    problems.raise_as(RunError)
    codes = {by_name.get(asked, asked) for asked in wanted}
    return [region for code, region in known.items() if code in codes]


def _likely(asked: str, regions: Sequence[Region]) -> list[str]:
    """The regions that may be meant: those whose name has it, else those that have a report by default."""
    named = [region for region in regions if asked and (asked in region.name or asked in region.given)]
    listed = named or [region for region in regions if region.level in REPORTED] or list(regions)
    return [f"{region.code} {region.name}" for region in listed[:20]]


def _write(page: Page, form: Template, out: Path) -> Callable[[], Path]:
    """The document of a page, to be packed and written."""
    pack = form.fill(chapters(page), values(page, annex=form.annex))
    path = out / file_name(page.region, annex=form.annex)

    def write() -> Path:
        try:
            atomic.write(path, pack())
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunError(Problem("report.write_failed", str(path), {"reason": reason})) from error
        return path

    return write
