"""Names of regions in the language of the reader.

The regions of a project have a name, in China the Chinese one, and an English one where its file has a field for it.
Beyond that the program knows the names by which the leagues and banners of Inner Mongolia and the cities and counties
of Ningxia call themselves, each from the page that its row of ``sinks/vocabulary/region_names.csv`` gives; any other
name stays as the project has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pandas as pd

from sinks.text import LANGUAGES, Text, language, table_rows


def region_name(name: str, english: str = "") -> str:
    """A region's name in the present language.

    Parameters
    ----------
    name : str
        As the regions' table of the run has it.
    english : str, optional
        The project's own English name.

    Examples
    --------
    >>> from sinks.text import using_language
    >>> with using_language("en"):
    ...     region_name("兴安盟"), region_name("某县")
    ('Hinggan League', '某县')
    """
    return region_names(name, english)[LANGUAGES.index(language())]


def region_names(name: str, english: str = "") -> list[str]:
    """A region's name in every language, in the order of :data:`sinks.text.LANGUAGES`."""
    known = Text(name, english) if english else _known().get(name)
    return [getattr(known, lang) if known is not None else name for lang in LANGUAGES]


def english_names(frame: pd.DataFrame) -> list[str]:
    """The project's own English names, row by row of its regions; empty where it gives none."""
    if "name_en" not in frame:
        return [""] * len(frame)
    return [name if isinstance(name, str) else "" for name in frame["name_en"]]


@cache
def _known() -> Mapping[str, Text]:
    return {row["zh"]: Text(row["zh"], row["en"]) for row in table_rows("sinks.vocabulary", "region_names.csv")}
