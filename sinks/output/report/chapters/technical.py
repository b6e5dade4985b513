"""Of the technical annex: equations of the methodologies in use, areas by stratum, and documents behind the tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

import pandas as pd

from sinks.assessment.input_tables import RESULT, measures
from sinks.assessment.retold import retold
from sinks.output.report import grammar
from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.page import Page, headers
from sinks.output.report.words import amount, joined, said, share, word
from sinks.results.in_words import bin_in_words
from sinks.results.labels import stratum_name, term
from sinks.vocabulary import NODATA

MOST_STRATA = 40
"""Strata of a region that the annex lists, the largest first; the run's tables have all."""

_NOTHING = ("", "-")
"""What a stratum column holds on land that it does not divide."""

_KEYS = ("land_cover", "class", "source", "region_code", "date", "ecosystem", "area_ha")


def blocks(page: Page) -> Chapters:
    """Tags ``equations_text``, ``table_strata``, ``table_documents``."""
    return {
        "equations_text": _equations(page) if page.wanted("equations_text") else (),
        "table_strata": _strata(page) if page.wanted("table_strata") else (),
        "table_documents": _documents(page),
    }


def _equations(page: Page) -> tuple[Block, ...]:
    """Each methodology of the run with its equation, as the run recorded it: a bureau's own has one too."""
    found = list[Block]()
    for recorded in page.facts.contents.record.get("methodologies") or ():
        if lines := recorded.get("equations"):
            found.append(Paragraph(page.methodology(recorded["id"]), "item"))
            found += [Paragraph(line, "formula") for line in lines]
    return tuple(found) or (Paragraph(word("annex.no_equation"), "item"),)


def _strata(page: Page) -> tuple[Block, ...]:
    """Area of each stratum at each date, read from the activity: the land that every figure is made of."""
    states = page.facts.contents.activity.states
    here = states[states["region_code"].isin(page.facts.units(page.code))]
    here = here[(here["source"] == "land_cover") & (here["ecosystem"] != NODATA)]
    if here.empty:
        return ()
    names = [name for name in _strata_columns(here) if not here[name].isin(_NOTHING).all()]
    here = here.assign(**{name: here[name].fillna("").astype(str) for name in names})
    wide = here.pivot_table(index=["ecosystem", *names], columns="date", values="area_ha", aggfunc="sum", observed=True)
    dates = [str(date) for date in wide.columns]
    last = wide[wide.columns[-1]]
    wide, total = wide.loc[last.sort_values(ascending=False, kind="stable").index], float(last.sum())
    shown, rest = wide.iloc[:MOST_STRATA], wide.iloc[MOST_STRATA:]
    rows = []
    for key, areas in shown.iterrows():
        land, *words = key if isinstance(key, tuple) else (key,)
        said_words = (bin_in_words(stratum_name(str(text))) for text in words if text not in _NOTHING)
        stratum = word("list.separator").join(said_words)
        numbers = [float(area) for area in areas]
        rows.append(
            [term("ecosystem", str(land)), stratum, *(amount(area) for area in numbers), share(numbers[-1], total)]
        )
    note = []
    if len(rest):
        note = [word("strata.more", count=len(rest), area=said("area", float(rest[rest.columns[-1]].sum())))]
    return (
        Table(
            "table_strata",
            word("caption.table_strata", region=page.region.name),
            [*headers("ecosystem", "stratum"), *map(grammar.spoken_period, dates), *headers("share")],
            rows,
            unit=word("unit.area"),
            text_columns=2,
            widths=(1.2, 4.0, *(1.0 for _ in dates), 0.9),
            notes=note,
        ),
    )


def _strata_columns(states: pd.DataFrame) -> list[str]:
    """Columns of the strata: text that is neither a key nor an input nor what is known of one."""
    return [
        name
        for name in states.columns
        if name not in _KEYS and not name.startswith("known:") and not pd.api.types.is_numeric_dtype(states[name])
    ]


def _spans(years: Collection[int]) -> Iterator[str]:
    """Years as they are read, those that follow each other as one span."""
    for _, run in groupby(enumerate(sorted(years)), lambda place: place[1] - place[0]):
        following = [year for _, year in run]
        if len(following) > 2:
            yield grammar.spoken_period(f"{following[0]}-{following[-1]}")
        else:
            yield from (grammar.spoken_period(str(year)) for year in following)


def _documents(page: Page) -> tuple[Block, ...]:
    """What the project gave the assessment, each with the document that its table names."""
    table = page.assessment
    if table is None:
        return (Paragraph(word("annex.no_dual")),)
    given = table[(table["region_code"] == page.code) & (table["basis"] == "given") & table["year"].notna()]
    known = measures(RESULT)
    documents: dict[tuple[str, str], set[int]] = {}
    for quantity, year, document in given[["quantity", "year", "note"]].itertuples(index=False):
        if isinstance(document, str) and document:
            documents.setdefault((str(quantity), retold(document)), set()).add(int(year))
    rows = [
        [
            str(known[quantity].label) if quantity in known else term("quantity", quantity),
            joined(_spans(years)),
            document,
        ]
        for (quantity, document), years in documents.items()
    ]
    if not rows:
        return ()
    head = headers("quantity", "year", "document")
    caption = word("caption.table_documents")
    return (Table("table_documents", caption, head, rows, text_columns=3, widths=(1.6, 1.0, 5.0)),)
