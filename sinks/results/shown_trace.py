"""Where a figure is from, as people read it: which figure it is, what it adds up from, and what that was taken from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import pandas as pd

from sinks.analysis.tracing import ROW, documents_of, files_of, find_figures, parameters_of, parts_of
from sinks.assessment.answer import Answer
from sinks.errors import Problem, RunError
from sinks.results.contents import RunContents
from sinks.results.in_words import place_in_words, unit_in_words
from sinks.results.labels import label, stratum_name, term
from sinks.results.shown_tables import methodology_names, methodology_titles
from sinks.text import language, message

MOST = 12
"""Rows of a table that are read at a glance; the files of ``--out`` have all."""

_FIGURE = ["row", "region_name", "ecosystem", "pool", "quantity", "period", "end", "value", "unit"]
_PART = ["row", "ecosystem", "stratum", "pool", "value", "unit", "methodology"]
_PARAMETER = ["methodology", "parameter", "value", "unit", "file", "row", "source", "locator", "basis"]


@dataclass(frozen=True, repr=False)
class Trace(Answer):
    """Where a figure of a run is from.

    Attributes
    ----------
    figures : DataFrame
        Every figure that it may be, see :func:`sinks.analysis.tracing.find_figures`; the first is followed.
    parts : DataFrame
        What the first is the sum of.
    parameters : DataFrame
        Parameter rows of the parts, with table, row, document and page.
    documents : DataFrame
        Those documents.
    files : DataFrame
        Input files of the run, with checksums.
    given : DataFrame
        Where the figure is one of the assessment: what it was computed from, with the documents.
    titles : dict of str to str
        Methodologies by id.
    """

    figures: pd.DataFrame
    parts: pd.DataFrame
    parameters: pd.DataFrame
    documents: pd.DataFrame
    files: pd.DataFrame
    given: pd.DataFrame
    titles: dict[str, str]

    def data(self) -> dict[str, pd.DataFrame]:
        every = {
            "trace_figures": self.figures,
            "trace_parts": self.parts,
            "trace_parameters": self.parameters,
            "trace_documents": self.documents,
            "trace_files": self.files,
            "trace_assessment": self.given,
        }
        return {name: table for name, table in every.items() if len(table)}

    def glance(self) -> list[pd.DataFrame]:
        tables = [self._figures(), self._parts(), self._parameters(), self._documents(), self._files(), self._given()]
        return [table for table in tables if len(table)]

    def printed(self, number: float) -> str:
        return f"{number:,.2f}" if abs(number) >= 100 else f"{number:.6g}"

    def remarks(self) -> list[str]:
        more = [
            message("output.trace_more", count=len(table) - MOST, what=label(f"trace.{name}"))
            for name, table in (("figures", self.figures), ("parts", self.parts), ("parameters", self.parameters))
            if len(table) > MOST
        ]
        return [message("output.trace_sum", count=len(self.parts)), *more] if len(self.parts) else more

    def _figures(self) -> pd.DataFrame:
        shown = self.figures[[name for name in _FIGURE if name in self.figures]].head(MOST)
        return _in_words(shown, {}) if len(shown) else shown

    def _parts(self) -> pd.DataFrame:
        shown = self.parts[_PART].head(MOST) if len(self.parts) else self.parts
        return _in_words(shown, self.titles) if len(shown) else shown

    def _parameters(self) -> pd.DataFrame:
        shown = self.parameters
        if shown.empty:
            return shown
        shown = shown[[name for name in _PARAMETER if name in shown]].head(MOST)
        places = [place_in_words(str(place)) for place in shown["locator"]]
        return _in_words(shown.assign(locator=places), self.titles)

    def _documents(self) -> pd.DataFrame:
        columns = [name for name in ("key", "issuer", "title", "year", "identifier", "url") if name in self.documents]
        shown = self.documents[columns].fillna("")
        if language() == "zh" and "title_zh" in self.documents and len(shown):
            chinese = self.documents["title_zh"].fillna("").astype(str)
            shown = shown.assign(title=chinese.where(chinese != "", shown["title"]))
        return _headed(shown)

    def _files(self) -> pd.DataFrame:
        if self.parts.empty:
            return self.files.iloc[:0]
        names = [PurePath(path).name for path in self.files["file"]]
        shown = self.files.assign(file=names)[["file", "sha256"]]
        return shown.rename(columns={"file": label("trace.file"), "sha256": label("column.sha256")})

    def _given(self) -> pd.DataFrame:
        columns = ["region_name", "year", "quantity", "value", "unit", "basis", "note"]
        return _in_words(self.given[columns], {}) if len(self.given) else self.given


def trace(contents: RunContents, asked: str, region: str | None = None) -> Trace:
    """Where a figure of a run is from; the account is looked through first, then the assessment.

    Parameters
    ----------
    contents : RunContents
    asked : str
        See :func:`sinks.analysis.tracing.find_figures`.
    region : str, optional
        Only figures of this region, by code or name.

    Raises
    ------
    RunError
        The run has no such figure.
    """
    account = contents.account.reset_index(drop=True)
    figures, given = find_figures(account, asked, region), _assessment(contents).iloc[:0]
    parts, parameters = account.iloc[:0], contents.parameters_used.iloc[:0]
    if len(figures):
        parts = parts_of(account, figures.iloc[0].to_dict())
        parameters = parameters_of(contents.parameters_used, parts)
    else:
        figures, given = _of_assessment(contents, asked, region)
    if figures.empty:
        raise RunError(Problem("output.trace_nothing", asked, {"region": region or label("checks.everywhere")}))
    return Trace(
        figures,
        parts,
        parameters,
        documents_of(contents.sources, parameters),
        files_of(contents.record),
        given,
        methodology_titles(contents.record),
    )


def _assessment(contents: RunContents) -> pd.DataFrame:
    columns = ["region_code", "region_name", "year", "quantity", "value", "low", "high", "unit", "basis", "note"]
    return contents.tables.get("assessment", pd.DataFrame(columns=columns))


def _of_assessment(contents: RunContents, asked: str, region: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A figure of the assessment, and everything of its region and year that was given and not computed."""
    table = _assessment(contents).reset_index(drop=True)
    dated = table[table["year"].notna()]
    whole = dated.assign(ecosystem="all", stratum="all", pool="all", period=dated["year"].astype(int).astype(str))
    found = find_figures(whole, asked, region)
    if found.empty:
        return found, table.iloc[:0]
    first = found.iloc[0]
    same = (table["region_code"] == first["region_code"]) & (table["year"] == first["year"])
    return found, table[same & (table["basis"] != "computed")]


def _in_words(table: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    words = {
        name: [term(name, str(cell)) for cell in table[name]]
        for name in ("ecosystem", "pool", "quantity", "basis", "end")
        if name in table
    }
    if "parameter" in table:
        words["parameter"] = [_parameter(str(cell)) for cell in table["parameter"]]
    if "stratum" in table:
        words["stratum"] = [stratum_name(str(cell)) for cell in table["stratum"]]
    if "methodology" in table:
        words["methodology"] = [methodology_names(str(cell), titles) for cell in table["methodology"]]
    if "unit" in table:
        words["unit"] = [unit_in_words(str(cell)) for cell in table["unit"]]
    return _headed(table.assign(**words))


def _parameter(name: str) -> str:
    said = term("parameter", name)
    return said if said != name else term("pool", name)


def _headed(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns=lambda name: label("trace.row") if name == ROW else label(f"column.{name}"))
