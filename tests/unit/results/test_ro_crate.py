"""The run folder as a research object: rules of RO-Crate 1.1 on its metadata, read as plain JSON-LD."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sinks.results.ro_crate import CRATE_FILE
from sinks.results.run_folder import write_run
from support.finished_run import make_contents

INPUTS = [
    {"path": "/data/层/cover_2020.tif", "size": 12, "sha256": "ab" * 32},
    {"path": "C:\\maps\\cover_2023.tif", "size": 34, "sha256": "cd" * 32},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    contents = make_contents()
    record = {**contents.record, "inputs": INPUTS, "versions": {"sinks": "0.1.0", "numpy": "2.0"}}
    return write_run(replace(contents, record=record), tmp_path_factory.mktemp("crate") / "run")


def graph(folder: Path) -> dict[str, dict[str, Any]]:
    entities = json.loads((folder / CRATE_FILE).read_text(encoding="utf-8"))["@graph"]
    found = {entity["@id"]: entity for entity in entities}
    assert len(found) == len(entities)
    return found


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [one for item in value for one in references(item)]
    return [value["@id"]] if isinstance(value, dict) and set(value) == {"@id"} else []


def test_it_describes_itself_and_the_folder(folder: Path) -> None:
    found = graph(folder)
    about = found[CRATE_FILE]
    assert about["@type"] == "CreativeWork"
    assert about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = found[about["about"]["@id"]]
    assert root["@id"] == "./"
    assert root["@type"] == "Dataset"
    assert {"name", "description", "datePublished", "license", "hasPart"} <= set(root)


def test_every_reference_is_described_and_every_entity_has_a_type(folder: Path) -> None:
    found = graph(folder)
    assert all({"@id", "@type"} <= set(entity) for entity in found.values())
    for entity in found.values():
        named = [one for key, value in entity.items() if key != "conformsTo" for one in references(value)]
        assert set(named) <= set(found), entity["@id"]
    known = {"sha256"}
    context = json.loads((folder / CRATE_FILE).read_text(encoding="utf-8"))["@context"]
    assert context[0] == "https://w3id.org/ro/crate/1.1/context"
    assert set(context[1]) == known


def test_every_file_of_the_run_is_there_with_its_checksum(folder: Path) -> None:
    found = graph(folder)
    files = {name: entity for name, entity in found.items() if entity["@type"] == "File"}
    there = {path.name for path in folder.iterdir()} - {CRATE_FILE}
    assert set(files) == there == {one["@id"] for one in found["./"]["hasPart"]}
    for name in there - {"run.json"}:
        content = (folder / name).read_bytes()
        assert files[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert int(files[name]["contentSize"]) == len(content)


def test_the_action_leads_from_inputs_by_software_to_outputs(folder: Path) -> None:
    found = graph(folder)
    action = found["#run"]
    assert action["@type"] == "CreateAction"
    inputs = [found[one["@id"]] for one in action["object"]]
    assert [(one["name"], one["sha256"]) for one in inputs] == [
        ("cover_2020.tif", "ab" * 32),
        ("cover_2023.tif", "cd" * 32),
    ]
    software = found[action["instrument"]["@id"]]
    assert (software["name"], software["softwareVersion"]) == ("sinks", "0.1.0")
    assert [found[one["@id"]]["name"] for one in software["softwareRequirements"]] == ["numpy"]
    assert {one["@id"] for one in action["result"]} == {one["@id"] for one in found["./"]["hasPart"]}


def test_the_manifest_lists_it_and_the_same_run_gives_the_same_bytes(folder: Path, run: Path, tmp_path: Path) -> None:
    listed = json.loads((folder / "run.json").read_text(encoding="utf-8"))["files"]
    assert listed[CRATE_FILE]["sha256"] == hashlib.sha256((folder / CRATE_FILE).read_bytes()).hexdigest()
    again = write_run(make_contents(), tmp_path / "again")
    one, other = (json.loads((place / CRATE_FILE).read_text(encoding="utf-8")) for place in (run, again))
    # A workbook has the time of its writing in it.
    for part in (one, other):
        part["@graph"] = [entity for entity in part["@graph"] if entity["@id"] != "account.xlsx"]
    assert one == other
