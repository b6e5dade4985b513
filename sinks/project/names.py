"""What may be a name in a project file: of the run's folder, of layers, of columns."""

from __future__ import annotations

import re

from sinks.activity import AREA, CHANGE_KEYS, LAND_COVER, STATE_KEYS, UNIT_COLUMNS

MOST_BYTES = 150
"""Longest name: file systems take 255 bytes, and a folder that is being written has its name and a mark of the run."""

COLUMNS = frozenset({*STATE_KEYS, *CHANGE_KEYS, *UNIT_COLUMNS, AREA, LAND_COVER})
"""Columns of the activity table that no layer may be called after."""

# Names that Windows keeps for devices, with any ending (Microsoft, "Naming Files, Paths, and Namespaces").
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def is_name(text: str) -> bool:
    """Whether a text can name a folder on every system and a column of a table."""
    return (
        re.fullmatch(r"\w[\w.-]*", text) is not None
        and not text.endswith(".")
        and _DEVICES.fullmatch(text) is None
        and len(text.encode()) <= MOST_BYTES
    )
