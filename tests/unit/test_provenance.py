"""Sources and input files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sinks.errors import ParameterError
from sinks.provenance import InputFile, Source, read_sources
from sinks.text import using_language


def test_a_source_survives_json() -> None:
    source = Source("a", "paper", "Title", "题名", issuer="Someone", year="2020", identifier="doi:1")
    assert Source.from_json(json.loads(json.dumps(source.to_json()))) == source


def test_a_source_reads_in_both_languages() -> None:
    source = Source("a", "paper", "Title", "题名", year="2020")
    with using_language("zh"):
        assert str(source) == "题名. 2020"
    with using_language("en"):
        assert str(source) == "Title. 2020"


def test_an_input_file_is_known_by_its_content(tmp_path: Path) -> None:
    content = b"carbon" * 500_000
    one, copy, other = (tmp_path / name for name in ("one", "copy", "other"))
    one.write_bytes(content)
    copy.write_bytes(content)
    other.write_bytes(content[:-1] + b"m")
    file = InputFile.of(one)
    assert file.size == len(content)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.same_content(InputFile.of(copy))
    assert not file.same_content(InputFile.of(other))
    assert InputFile.from_json(file.to_json()) == file


def test_sources_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "sources.csv"
    path.write_text("key,kind,title,title_zh,year\na,paper,Title,,2020\nb,paper,,题名,\n", encoding="utf-8-sig")
    assert read_sources(path)["b"].title_zh == "题名"
    path.write_text("key,kind,title\na,paper,T\na,paper,T\n,paper,T\nc,paper,\n", encoding="utf-8")
    with pytest.raises(ParameterError) as error:
        read_sources(path)
    assert [(p.id, p.where) for p in error.value.problems] == [
        ("parameters.source_twice", "sources.csv:3"),
        ("parameters.source_incomplete", "sources.csv:4"),
        ("parameters.source_incomplete", "sources.csv:5"),
    ]
