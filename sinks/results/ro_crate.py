"""The run folder as a research object: ``ro-crate-metadata.json`` says what lies in it and what it was made from.

RO-Crate 1.1 (Sefton et al. 2021, https://w3id.org/ro/crate/1.1), which archives and catalogues read.  Every file that
the run wrote stands in it with size and SHA-256, every input by its checksum, and the action that made the ones of the
others.  What is made from the run later (workbook, report, map, verification) is listed in ``derived.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sinks.results.labels import label
from sinks.results.ownership import RUN_FILE, sha256

CRATE_FILE = "ro-crate-metadata.json"

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_CONTEXT = [f"{_SPECIFICATION}/context", {"sha256": "https://schema.org/sha256"}]
"""The context of the specification, and the one term that came into schema.org after it."""

_FORMATS = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".gpkg": "application/geopackage+sqlite3",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Media types as they are registered with IANA."""


def write_crate(record: Mapping[str, Any], folder: Path) -> None:
    """Describe a run folder whose files are written, but for ``run.json``, which lists this file too.

    Parameters
    ----------
    record : mapping
        What ``run.json`` holds: ``created`` and what else is there.
    folder : Path
        The run folder.
    """
    text = json.dumps(crate(record, folder), ensure_ascii=False, indent=2)
    (folder / CRATE_FILE).write_text(text + "\n", encoding="utf-8", newline="\n")


def crate(record: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The metadata as JSON-LD; arguments as of :func:`write_crate`."""
    outputs = [_output(path) for path in sorted(folder.iterdir()) if path.name not in (RUN_FILE, CRATE_FILE)]
    inputs = [_input(number, one) for number, one in enumerate(record.get("inputs") or (), 1)]
    manifest = {"@id": RUN_FILE, "@type": "File", "name": label("crate.manifest"), "encodingFormat": "application/json"}
    title = str(record.get("title") or label("crate.untitled"))
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": _description(record),
        "datePublished": str(record["created"]),
        "license": {"@id": "#licence"},
        "hasPart": [_to(one) for one in (manifest, *outputs)],
        "mentions": {"@id": "#run"},
    }
    made = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": title,
        "endTime": str(record["created"]),
        "instrument": {"@id": "#sinks"},
        "object": [_to(one) for one in inputs],
        "result": [_to(one) for one in (manifest, *outputs)],
    }
    licence = {"@id": "#licence", "@type": "CreativeWork", "name": label("crate.licence")}
    graph = [_descriptor(), root, made, *_software(record), licence, manifest, *outputs, *inputs]
    return {"@context": _CONTEXT, "@graph": graph}


def _descriptor() -> dict[str, Any]:
    about = {"about": {"@id": "./"}, "conformsTo": {"@id": _SPECIFICATION}}
    return {"@id": CRATE_FILE, "@type": "CreativeWork", **about}


def _description(record: Mapping[str, Any]) -> str:
    notice = label("readme.demonstration") if record.get("demonstration") else ""
    return " ".join(filter(None, [notice, label("crate.description")]))


def _software(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """This program and the packages that its figures come through, with their versions."""
    versions = {"sinks": "", **(record.get("versions") or {})}
    own, *used = (
        {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name}
        | ({"softwareVersion": str(number)} if number else {})
        for name, number in versions.items()
    )
    return [own | ({"softwareRequirements": [_to(one) for one in used]} if used else {}), *used]


def _output(path: Path) -> dict[str, Any]:
    size = {"contentSize": str(path.stat().st_size), "sha256": sha256(path)}
    form = {"encodingFormat": _FORMATS[path.suffix]} if path.suffix in _FORMATS else {}
    return {"@id": path.name, "@type": "File", "name": path.name, **size, **form}


def _input(number: int, file: Mapping[str, Any]) -> dict[str, Any]:
    """An input, which lies elsewhere: known by its checksum wherever it is copied to."""
    name = str(file["path"]).replace("\\", "/").rsplit("/", 1)[-1]
    size = {"contentSize": str(file["size"]), "sha256": file["sha256"]}
    return {"@id": f"#input-{number}", "@type": "CreativeWork", "name": name, **size}


def _to(entity: Mapping[str, Any]) -> dict[str, Any]:
    return {"@id": entity["@id"]}
