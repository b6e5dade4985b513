"""Words of the assessment's tables: headers, sheets, items and statuses in both languages."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sinks.assessment.input_tables import labels
from sinks.text import Text, filled, words_of
from sinks.vocabulary import ecosystems, pools


def words() -> Mapping[str, Text]:
    """Every word by id."""
    return words_of("sinks.assessment", "words.csv")


def word(id: str, /, **values: object) -> str:
    """The word ``id`` in the present language; an id without words stands for itself."""
    return filled(words()[id], **values) if id in words() else id


def readable(table: pd.DataFrame, *, named: Mapping[str, str] | None = None) -> pd.DataFrame:
    """A table as people read it: headers in words, and the cells of the columns ``named`` too.

    Parameters
    ----------
    table : DataFrame
    named : mapping of str to str
        Column to the kind of its words, for example ``{"status": "status"}`` for the words ``status.*``; the kinds
        ``ecosystem`` and ``indicator`` have the names of the vocabulary and of the table of targets.
    """
    shown = table.copy()
    for column, kind in (named or {}).items():
        shown[column] = [word_of(kind, str(cell)) for cell in table[column]]
    return shown.rename(columns=lambda name: word(f"column.{name}") if f"column.{name}" in words() else name)


def word_of(kind: str, cell: str) -> str:
    """A word of a kind in the present language (see :func:`readable`); one that has none stands for itself."""
    if kind in ("ecosystem", "part") and cell in ecosystems():
        return str(ecosystems()[cell].label)
    if kind == "pool" and cell in pools():
        return str(pools()[cell].label)
    if kind == "indicator" and cell in labels("targets"):
        return str(labels("targets")[cell])
    return word(f"{kind}.{cell}") if f"{kind}.{cell}" in words() else cell
