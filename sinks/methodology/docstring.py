"""Sections of a numpydoc docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any


def sections(function: Callable[..., Any]) -> dict[str, str]:
    """Text of each section by title; what stands before the first title is the section ``""``."""
    lines = (inspect.getdoc(function) or "").splitlines()
    titles = [i for i in range(len(lines) - 1) if lines[i].strip() and re.fullmatch(r"-{3,}", lines[i + 1].strip())]
    starts = [-2, *titles]
    ends = [*titles, len(lines)]
    return {
        "" if start < 0 else lines[start].strip(): "\n".join(lines[start + 2 : end]).strip()
        for start, end in zip(starts, ends, strict=True)
    }


def names_in(section: str) -> set[str]:
    """Names that a Parameters or Returns section speaks of."""
    return set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", section))
