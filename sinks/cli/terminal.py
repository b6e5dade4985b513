"""What reaches the terminal: no character that moves the cursor, hides text or turns its direction."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\r(?!\n)")
"""Control characters but for tab and line ends, and those that set the direction of text (Unicode TR 9, 2)."""


def plain(text: str) -> str:
    """A text with what a terminal would obey written out, such as ``\\x1b``."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _Plain:
    """A text stream that writes plain text; a progress bar may return to the start of its line."""

    def __init__(self, stream: Any, returns: bool) -> None:
        self._stream, self._returns = stream, returns

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        start = "\r" if self._returns and text.startswith("\r") else ""
        self._stream.write(start + plain(text.removeprefix(start)))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def plain_streams() -> Iterator[None]:
    """Write plain text to the terminal inside a ``with`` block, whatever names and files hold."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Plain(before[0], False), _Plain(before[1], True)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
