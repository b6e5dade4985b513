"""What people open: the run folder, workbook, GeoPackage, reports and maps.

Nothing in this room computes a result; it arranges what the account says.  Headers, sheet names and notes come from
``labels.csv``, names of ecosystems, pools and quantities from :mod:`sinks.vocabulary`; both follow the language set in
:mod:`sinks.text`.
"""

from __future__ import annotations

from functools import cache

from sinks.text import Text, texts
from sinks.vocabulary import ecosystems, pools, quantities


@cache
def labels() -> dict[str, Text]:
    """Every label of the outputs by key; a key given twice is a programming error."""
    return texts("sinks.output", "labels.csv")


def label(key: str, /, **values: object) -> str:
    """The label ``key`` in the present language, its ``{placeholders}`` filled with ``values``."""
    return str(labels()[key]).format(**values)


def term(kind: str, id: str) -> str:
    """The name a reader sees for a word of the account.

    Parameters
    ----------
    kind : str
        Column the word stands in: ``ecosystem``, ``pool``, ``quantity``, ``stratum``, ``level``, ``status`` ...
    id : str
        The word.  ``all`` and ``nodata`` are named too; words that come from the project (strata, levels of a user's
        own regions) have no translation and are returned as they are.
    """
    names = _vocabulary(kind)
    if id in names:
        return str(names[id])
    for key in (f"{kind}.{id}", f"word.{id}"):
        if key in labels():
            return label(key)
    return id


@cache
def _vocabulary(kind: str) -> dict[str, Text]:
    if kind == "ecosystem":
        return {name: word.label for name, word in ecosystems().items()}
    if kind == "pool":
        return {name: word.label for name, word in pools().items()}
    if kind == "quantity":
        return {name: word.label for name, word in quantities().items()}
    return {}
