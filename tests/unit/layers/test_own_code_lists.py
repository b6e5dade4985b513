"""Code lists of one's own: found beside the project, asked about beyond it, refused in words where no name stands."""

from __future__ import annotations

from pathlib import Path

import pytest

import sinks
from fuzz.baselines import write_baseline
from sinks.errors import LayerError, SinksError
from sinks.geo.legends import load_legend
from sinks.layers.codes import CodeBook, fields_from, is_own_list


def test_a_list_beside_the_project_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    project = write_baseline("stands", tmp_path / "here")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(sinks.run(project, threads=1).account)


def test_a_list_beyond_the_project_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    project = write_baseline("stands", tmp_path / "here")
    (tmp_path / "here" / "land.csv").rename(tmp_path / "land.csv")
    project.write_text(project.read_text(encoding="utf-8").replace('"land.csv"', '"../land.csv"'), encoding="utf-8")
    with pytest.raises(SinksError) as caught:
        sinks.check(project)
    assert {problem.id for problem in caught.value.problems} == {"trust.outside"}
    assert "vectors.stands.fields.land_cover.codes" in str(caught.value)


@pytest.mark.parametrize("entry", [{"field": "a", "codes": {"1": "x"}}, {"field": 5}, {"field": "a", "overrides": [1]}])
def test_an_entry_of_another_kind_is_refused_in_words(entry: object) -> None:
    with pytest.raises(LayerError) as caught:
        fields_from(None, {"land_cover": entry})
    assert caught.value.problems[0].id == "vector.bad_field"


@pytest.mark.parametrize("code", ["--5", "-", "-x", "5-", "1e5", "½"])
def test_a_code_that_is_no_number_is_none_of_the_legend(code: str) -> None:
    assert load_legend("clcd").get(code) is None
    assert CodeBook(load_legend("sandiao")).read_all([code], numeric=False)[code][0] is None


def test_what_is_built_in_is_no_list_of_ones_own() -> None:
    assert not any(map(is_own_list, ("sandiao", "clcd", "age_group", "as_written", "", None, {"a": 1})))
    assert is_own_list("land.csv")
