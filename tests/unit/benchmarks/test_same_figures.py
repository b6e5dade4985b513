"""The comparison of two checkouts names the first cell that differs, and calls nothing equal that is not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.same_figures import differences, project_files, run

ACCOUNT = "region_code,value,note\n150600,1.5,\n150200,-2,='x\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two run folders that hold the same."""
    pair = tmp_path / "before", tmp_path / "after"
    for folder in pair:
        folder.mkdir()
        (folder / "account.csv").write_text(ACCOUNT, encoding="utf-8-sig")
        (folder / "run.json").write_text(f'"{folder.name}: not a table"')
        pd.DataFrame({"date": ["2020", "2023"], "area_ha": [1.0, float("nan")]}).to_parquet(folder / "activity.parquet")
    return pair


def test_the_same_tables_do_not_differ(folders: tuple[Path, Path]) -> None:
    assert differences(*folders) == []


def test_the_first_cell_that_differs_is_named(folders: tuple[Path, Path]) -> None:
    (folders[1] / "account.csv").write_text(ACCOUNT.replace("-2,", "-2.0,"), encoding="utf-8-sig")
    (found,) = differences(*folders)
    assert (found.table, found.before, found.after) == ("account.csv", "'-2'", "'-2.0'")
    assert found.where == "row 2, column value (rows that differ: 1 of 2)"


@pytest.mark.parametrize("area", [0.0, 1e-300])
def test_nothing_observed_is_not_a_number(folders: tuple[Path, Path], area: float) -> None:
    pd.DataFrame({"date": ["2020", "2023"], "area_ha": [1.0, area]}).to_parquet(folders[1] / "activity.parquet")
    (found,) = differences(*folders)
    assert found.where.startswith("row 2, column area_ha")
    assert (found.before, found.after) == ("nan", str(area))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (ACCOUNT + "150300,1,\n", "number of rows"),
        (ACCOUNT.replace("value", "amount"), "columns"),
        (ACCOUNT.replace("\n", "\r\n"), "bytes of the file, though every cell is equal"),
    ],
)
def test_what_is_no_cell_differs_too(folders: tuple[Path, Path], text: str, where: str) -> None:
    (folders[1] / "account.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (found,) = differences(*folders)
    assert found.where == where


def test_a_column_of_another_type_differs(folders: tuple[Path, Path]) -> None:
    pd.DataFrame({"date": [2020, 2023], "area_ha": [1.0, float("nan")]}).to_parquet(folders[1] / "activity.parquet")
    assert [found.where for found in differences(*folders)] == ["types of the columns"]


def test_a_table_that_only_one_has_differs(folders: tuple[Path, Path]) -> None:
    (folders[1] / "account.csv").rename(folders[1] / "checks.csv")
    assert [(found.table, found.before, found.after) for found in differences(*folders)] == [
        ("account.csv", "there", "missing"),
        ("checks.csv", "missing", "there"),
    ]


def test_folders_without_tables_are_not_the_same(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no table to compare"):
        differences(tmp_path, tmp_path)


def test_a_checkout_runs_its_own_program(tmp_path: Path) -> None:
    """An installed package must not answer for a checkout that has none."""
    with pytest.raises(RuntimeError, match=r"Python finds the package at|No module named"):
        run(tmp_path, tmp_path / "project.toml", tmp_path / "out")


def test_projects_over_real_layers_name_the_folder_of_the_layers(tmp_path: Path) -> None:
    (named,) = project_files(tmp_path, ["ordos"], None, tmp_path)
    assert named == tmp_path / "data" / "projects" / "ordos.toml"
    filled = project_files(tmp_path, [], tmp_path / "layers", tmp_path)
    assert {path.name for path in filled} == {"modis.toml", "mcd12c1.toml"}
    assert all((tmp_path / "layers").as_posix() in path.read_text("utf-8") for path in filled)
