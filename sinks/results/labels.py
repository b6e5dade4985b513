"""What people open: the run folder, workbook, GeoPackage, reports and maps.

Nothing in this room computes a result; it arranges what the account says.  Headers, sheet names and notes come from
``labels.csv``, names of ecosystems, pools and quantities from :mod:`sinks.vocabulary`; both follow the language set in
:mod:`sinks.text`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from sinks.text import Text, filled, words_of
from sinks.vocabulary import ecosystems, pools, quantities


def labels() -> Mapping[str, Text]:
    """Every label of the outputs by id."""
    return words_of("sinks.results", "labels.csv")


def label(id: str, /, **values: object) -> str:
    """The label ``id`` in the present language, its ``{placeholders}`` filled with ``values``."""
    return filled(labels()[id], **values)


def term(kind: str, id: str) -> str:
    """The name a reader sees for a word of the account.

    Parameters
    ----------
    kind : str
        Column the word stands in: ``ecosystem``, ``pool``, ``quantity``, ``stratum``, ``level``, ``status`` ...
    id : str
        The word.  ``all`` and ``nodata`` are named too; words that come from the project alone (classes of a legend
        of its own, levels of its own regions) have no translation and are returned as they are.
    """
    names = _vocabulary(kind)
    if id in names:
        return str(names[id])
    for key in (f"{kind}.{id}", f"word.{id}"):
        if key in labels():
            return label(key)
    return str(_assessed(kind).get(id, id))


def stratum_name(words: str) -> str:
    """A stratum as a reader sees it: ``larch``, ``cool_temperate_dry / hac / cropland > forest``."""
    return "".join(_class_name(part) for part in re.split(r"( / | > )", words))


def _class_name(word: str) -> str:
    if word not in ecosystems() and word in _classes():
        return str(_classes()[word])
    return label(f"class.{word}") if f"class.{word}" in labels() else term("ecosystem", word)


@cache
def _classes() -> dict[str, Text]:
    """Classes of the built-in legends of strata; one that two legends name differently keeps the first name."""
    from sinks.geo.legends import available_legends, load_legend

    found: dict[str, Text] = {}
    for legend in (load_legend(name) for name in available_legends()):
        if legend.stratum:
            for entry in legend:
                found.setdefault(entry.cls, entry.name)
    return found


@cache
def _assessed(kind: str) -> dict[str, Text]:
    """Words that only the tables of an assessment have."""
    from sinks.assessment.input_tables import RESULT, labels, tables
    from sinks.assessment.words import words

    if kind in ("quantity", "indicator"):
        found = {id: name for table in (*tables(), RESULT) for id, name in labels(table).items()}
        return found | {key: name for key, name in words().items() if key.startswith("rule.")}
    prefix = f"{kind}."
    return {key.removeprefix(prefix): name for key, name in words().items() if key.startswith(prefix)}


@cache
def _vocabulary(kind: str) -> dict[str, Text]:
    if kind in ("ecosystem", "ecosystem_from", "ecosystem_to"):
        return {name: word.label for name, word in ecosystems().items()}
    if kind == "pool":
        return {name: word.label for name, word in pools().items()}
    if kind == "quantity":
        return {name: word.label for name, word in quantities().items()}
    return {}
