"""How a project shows itself in a notebook: what it accounts for, from what, and every section to unfold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sinks.folds import Fold, folded
from sinks.objects import Held

_LONGEST = 96


def as_line(record: Mapping[str, Any]) -> str:
    """A project in one line."""
    section = record["project"]
    layers = [name for name in ("land_cover",) if record.get(name)]
    for kind in ("strata", "inputs", "monthly_inputs", "derived_inputs", "vectors", "tables"):
        layers += list(record.get(kind) or {})
    dates = ", ".join(map(str, section["dates"]))
    return f"Project {section['name']} · {section['title']} · {dates} · {', '.join(layers)}"


def as_html(record: Mapping[str, Any], objects: Mapping[str, Held]) -> str:
    """A project as one line and a section to unfold for each part of it; nothing is read for it.

    Parameters
    ----------
    record : mapping
        The project in full.
    objects : mapping of str to Held
        What stands in the place of files, shown by kind and shape.
    """
    parts = []
    for name, section in record.items():
        if section in (None, {}, [], ()):
            continue
        body = "".join(
            f"<tr><td style='text-align:left'>{escape(key)}</td><td style='text-align:left'>{value}</td></tr>"
            for key, value in _lines(section, "", objects)
        )
        parts.append(Fold(name, f"<table><tbody>{body}</tbody></table>"))
    return folded(as_line(record), parts)


def _lines(value: Any, key: str, objects: Mapping[str, Held]) -> list[tuple[str, str]]:
    """Every value that is said, with the keys that lead to it."""
    if isinstance(value, Mapping):
        inner = [_lines(one, f"{key}.{name}" if key else str(name), objects) for name, one in value.items()]
        return [line for lines in inner for line in lines]
    if isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(one, Mapping) for one in value):
        inner = [_lines(one, f"{key}[{number}]", objects) for number, one in enumerate(value, 1)]
        return [line for lines in inner for line in lines]
    if value in (None, [], (), {}, ""):
        return []
    held = objects.get(value) if isinstance(value, str) else None
    if held is not None:
        shape = " × ".join(map(str, held.value.shape))
        return [(key, f"<code>{escape(held.kind)}</code> {escape(shape)}")]
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return [(key, escape(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"))]
