"""What in a run folder the run itself wrote, told by digest, so that nothing else is ever removed.

``run.json`` lists every file of the run with its SHA-256 and carries a digest of itself; ``derived.json`` lists what
was made from the run later.  A file whose content is another by now (a workbook that somebody edited), one that is not
listed, a link, and a list that was edited are the user's.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

RUN_FILE = "run.json"
DERIVED_FILE = "derived.json"
FORMAT = "sinks run"
DIGEST = "digest"
"""Key of the manifest's own digest."""

RESERVED = frozenset({"format", "format_version", "files"})

# Beside the run's own files: what QGIS, Excel and file managers leave in a folder that was only looked at.
_BYSTANDERS = re.compile(r"~\$.*|\.~lock\..*|.*\.gpkg-shm|Thumbs\.db|desktop\.ini|\.DS_Store", re.IGNORECASE)
_JOURNAL = re.compile(r".*\.gpkg-(wal|journal)", re.IGNORECASE)
"""SQLite's journals: empty they are left over, and otherwise they hold edits that are not in the GeoPackage yet."""


def sha256(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def manifest_text(manifest: dict[str, Any], plain: Any) -> str:
    """A manifest as the text of its file, with its own digest at the end."""
    text = _dumped(manifest, plain)
    return _dumped({**json.loads(text), DIGEST: hashlib.sha256(text.encode()).hexdigest()}, plain) + "\n"


def _dumped(manifest: dict[str, Any], plain: Any = None) -> str:
    return json.dumps(manifest, ensure_ascii=False, indent=2, allow_nan=False, default=plain)


def parsed(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run folder; None where there is none, or what is there is none.

    Raises
    ------
    OSError
        It is there and the disk does not give it.
    """
    manifest = _read(folder / RUN_FILE)
    if not isinstance(manifest, dict) or not set(manifest) >= RESERVED or manifest["format"] != FORMAT:
        return None
    return manifest if isinstance(manifest["files"], dict) else None


def derived(folder: Path) -> dict[str, str]:
    """Files made from the run, and their digests; errors as of :func:`parsed`."""
    found = _read(folder / DERIVED_FILE)
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, dict) else {}


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None


def foreign(folder: Path) -> list[str]:
    """Names of everything in a folder that is not the run's: files, links, folders without a file of the run."""
    entries = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    own = _own(folder)
    found = [path for path in entries if path not in own]
    kept = {parent for path in entries for parent in path.parents}
    empty = [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink() and path not in kept]
    return sorted(path.relative_to(folder).as_posix() for path in (*found, *empty))


def discard(folder: Path) -> None:
    """Remove what is the run's, its lists last, and then every folder in which nothing is left.

    Raises
    ------
    OSError
        Something cannot be removed; what is left is still known for the run's the next time.
    """
    own = sorted(_own(folder), key=lambda path: (path.name in (RUN_FILE, DERIVED_FILE), path))
    for path in own:
        path.unlink()
    inner = [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()]
    for path in (*sorted(inner, reverse=True), folder):
        if not any(path.iterdir()):
            path.rmdir()


def _own(folder: Path) -> set[Path]:
    """Files that are as the run wrote them, and what bystanders leave."""
    listed = derived(folder)
    manifest = parsed(folder)
    own: set[Path] = set()
    if manifest is not None and untouched(manifest):
        own.add(folder / RUN_FILE)
        listed |= {name: str(e.get("sha256")) for name, e in manifest["files"].items() if isinstance(e, dict)}
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        bystander = _BYSTANDERS.fullmatch(path.name) or (_JOURNAL.fullmatch(path.name) and not path.stat().st_size)
        if bystander or name == DERIVED_FILE or (name in listed and sha256(path) == listed[name]):
            own.add(path)
    return own


def untouched(manifest: dict[str, Any]) -> bool:
    """Whether nobody has edited the manifest; one of an earlier version has no digest and is believed."""
    rest = {key: value for key, value in manifest.items() if key != DIGEST}
    return DIGEST not in manifest or hashlib.sha256(_dumped(rest).encode()).hexdigest() == manifest[DIGEST]
