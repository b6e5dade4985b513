"""What is said while something lasts: a bar or a clock where a line can be written over, whole lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic
from typing import Protocol

from tqdm import tqdm

from sinks.text import message

_EVERY = 0.5
"""Seconds after which the clock of a stage moves on."""

_LINE_EVERY = 30.0
"""Seconds after which a file that somebody reads later gets one more line."""


class Bar(Protocol):
    """Counts up to a total."""

    n: float

    def update(self, n: float = 1) -> bool | None:
        """Count ``n`` more."""

    def close(self) -> None:
        """Nothing more will be counted."""


class _Lines:
    """A bar for what cannot be written over: a line now and then, and one at the end, without control characters."""

    def __init__(self, total: int, text: str) -> None:
        self._total, self._text = total, text
        self.n = 0.0
        self._began = self._said = monotonic()

    def update(self, n: float = 1) -> None:
        self.n += n
        if monotonic() - self._said > _LINE_EVERY and self.n < self._total:
            self._say()

    def close(self) -> None:
        self._say()

    def _say(self) -> None:
        self._said = monotonic()
        share = f" {self.n / self._total:4.0%}" if self._total else ""
        print(f"{self._text}{share} {_clock(self._said - self._began)}", file=sys.stderr, flush=True)


def bar(total: int, id: str, *, unit: str = "") -> Bar:
    """A bar on the standard error stream.

    Parameters
    ----------
    total : int
        What is counted to.
    id : str
        Message that names what is done.
    unit : str, optional
        Message that names what is counted; large numbers of it are shortened.
    """
    if not _moves():
        return _Lines(total, message(id))
    counted = message(unit) if unit else "it"
    shown: Bar = tqdm(total=total, desc=message(id), smoothing=0.1, unit=counted, unit_scale=bool(unit))
    return shown


@contextmanager
def stage(shown: object, id: str) -> Iterator[None]:
    """Say what is done inside a ``with`` block, and for how long.

    Parameters
    ----------
    shown : object
        Only True says anything; who hands in a function as the progress of the pass counts cells with it.
    id : str
        Message that names the stage.
    """
    if shown is not True:
        yield
        return
    if not _moves():
        lines = _Lines(0, message(id))
        try:
            yield
        finally:
            lines.close()
        return
    clock = tqdm(total=0, desc=message(id), bar_format="{desc} {elapsed}")
    over = Event()
    ticking = Thread(target=_tick, args=(clock, over), daemon=True)
    ticking.start()
    try:
        yield
    finally:
        over.set()
        ticking.join()
        clock.close()


def _tick(clock: tqdm[None], over: Event) -> None:
    while not over.wait(_EVERY):
        clock.refresh()


def _moves() -> bool:
    """Whether a line can be written over: on a terminal, and below the cell of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return bool(getattr(sys.stderr, "isatty", lambda: False)()) or type(shell).__name__ == "ZMQInteractiveShell"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
