"""Full-width characters of Chinese tables as the plain ones that they stand for."""

from __future__ import annotations

import unicodedata
from itertools import groupby


def half_width(text: str) -> str:
    """Text with half-width characters (NFKC).

    Raised, lowered, circled and bracketed figures stay as they are: they mark a footnote, or a power, and are no
    digits of the number or code before them.

    Examples
    --------
    >>> half_width("１２．５％"), half_width("12①"), half_width("12²")
    ('12.5%', '12①', '12²')
    """
    runs = groupby(text, key=lambda character: unicodedata.category(character) == "No")
    return "".join("".join(run) if is_mark else unicodedata.normalize("NFKC", "".join(run)) for is_mark, run in runs)
