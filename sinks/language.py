"""The language of messages, labels and reprs, as users choose it; :mod:`sinks.text` has the words themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sinks import text
from sinks.calls import spoken
from sinks.errors import Problem, SinksError


@spoken
def set_language(lang: str) -> None:
    """Write messages, labels and reprs in ``lang`` from here on.

    Parameters
    ----------
    lang : {"zh", "en"}

    Raises
    ------
    SinksError
        There are no words in that language.
    """
    if lang not in text.LANGUAGES:
        raise SinksError(Problem("errors.language", lang, {"known": list(text.LANGUAGES)}))
    text.set_language(lang)


@contextmanager
def using_language(lang: str) -> Iterator[None]:
    """Like :func:`set_language`, but only inside a ``with`` block.

    Raises
    ------
    SinksError
        As of :func:`set_language`.
    """
    before = text.language()
    set_language(lang)
    try:
        yield
    finally:
        text.set_language(before)
