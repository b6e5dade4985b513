"""What a run is at before and after its pass, said while it lasts: no silent minute once the bar is full."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tqdm import tqdm

from sinks.text import message

_EVERY = 0.5
"""Seconds after which the clock of a stage moves on."""


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
    bar = tqdm(total=0, desc=message(id), bar_format="{desc} {elapsed}")
    over = Event()
    # A file that somebody reads later gets one line and no moving clock.
    ticking = Thread(target=_tick, args=(bar, over), daemon=True) if _moves() else None
    if ticking is not None:
        ticking.start()
    try:
        yield
    finally:
        over.set()
        if ticking is not None:
            ticking.join()
        bar.close()


def _tick(bar: tqdm[None], over: Event) -> None:
    while not over.wait(_EVERY):
        bar.refresh()


def _moves() -> bool:
    """Whether a line can be written over: on a terminal, and below the cell of a notebook."""
    return bool(getattr(sys.stderr, "isatty", lambda: False)()) or "ipykernel" in sys.modules
