"""What the record of a run says of objects that stood in the place of files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sinks.layers.rasters.arrays import digest_of_array, facts_of_array
from sinks.objects import Held, digest_of_table, facts_of_table


def digest_of(held: Held) -> str:
    """SHA-256 of what is in an object, whatever its chunks and wherever it is from."""
    return digest_of_array(held) if held.kind == "DataArray" else digest_of_table(held)


def size_of(held: Held) -> int:
    """Bytes of an object in memory, were it loaded."""
    if held.kind == "DataArray":
        return int(held.value.nbytes)
    return int(held.value.memory_usage(deep=True).sum())


def described(objects: Mapping[str, Held]) -> list[dict[str, Any]]:
    """Each object by name: kind, shape, coordinate system, what it was read from, and its digest.

    ``replay`` is false of every object: what was held in memory is nowhere once the run is read back.  ``source`` is
    the file or store that an array says it was opened from; whether it was changed since is told by the digest alone.
    """
    found = []
    for name, held in sorted(objects.items()):
        facts = facts_of_array(held) if held.kind == "DataArray" else facts_of_table(held)
        found.append({"name": name, **facts, "sha256": digest_of(held), "replay": False})
    return found
