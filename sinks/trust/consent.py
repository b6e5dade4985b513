"""Consent of the user to what a project wants, for one call or remembered on this machine.

The project has no part in it: a consent is given by an option of the command line (``--trust``) or an argument
(``trust=True``), never by a file that came with the project.  What is remembered is a key: of code the SHA-256 of its
content, so that changed code asks again; of a file outside the project its path and the project's folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from sinks.errors import Problem

FILE_NAME = "trusted.json"
_MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class Ask:
    """One thing that a project wants and its user has to agree to.

    Parameters
    ----------
    problem : Problem
        What it is and where it stands, as it is said while nobody has agreed.
    key : str
        What a consent is remembered by.
    """

    problem: Problem
    key: str


_Given = Literal["no", "now", "always"]

_given: ContextVar[_Given] = ContextVar("sinks_trust", default="no")


@contextmanager
def trusting(trust: bool) -> Iterator[None]:
    """Agree, inside a ``with`` block, to all that projects want; False leaves things as they are."""
    if not trust:
        yield
        return
    token = _given.set("always" if _given.get() == "always" else "now")
    try:
        yield
    finally:
        _given.reset(token)


def agree() -> None:
    """Agree from here on to all that projects want, and remember it for later processes on this machine."""
    _given.set("always")


def disagree() -> None:
    """Take the consent of this process back; what is remembered stays."""
    _given.set("no")


def refused(asks: Sequence[Ask]) -> list[Problem]:
    """What of it the user has not agreed to, now or earlier."""
    if not asks:
        return []
    if _given.get() == "always":
        remember(ask.key for ask in asks)
    if _given.get() != "no":
        return []
    known = remembered()
    return [ask.problem for ask in asks if ask.key not in known]


def store() -> Path:
    """The file of this user in which consents are remembered."""
    return Path(click.get_app_dir("sinks")) / FILE_NAME


def remembered() -> frozenset[str]:
    """Keys of what the user has agreed to earlier; none where the file is absent or cannot be read."""
    path = store()
    try:
        if path.stat().st_size > _MOST_BYTES:
            return frozenset()
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


def remember(keys: Iterable[str]) -> bool:
    """Keep keys for later processes; False where the user's folder cannot be written, which only means asking again."""
    path = store()
    wanted = sorted(remembered() | set(keys))
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(wanted, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        return False
    return True
