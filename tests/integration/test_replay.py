"""A run can be read back, made again from its own record, and taken up again where it was interrupted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pandas.testing import assert_frame_equal

import sinks
from sinks.cli import EXIT_INPUT, main
from sinks.tabulation import checkpoint, scheduler
from sinks.text import message

INTERRUPTED = 130

KILLED_IN_THE_PASS = """
import os, sys
from pathlib import Path
import sinks
from sinks.tabulation import checkpoint

checkpoint.LEAST_SECONDS, checkpoint.COST_SHARE = 0.0, 1e9
folder = Path(sys.argv[2])

def progress(done, total):
    if done > total / 2 and (folder / checkpoint.FILE_NAME).exists():
        os._exit(9)

sinks.run(sys.argv[1], checkpoint=folder, block_size=64, threads=2, progress=progress)
"""


@pytest.fixture(scope="module")
def project(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(world.save(world.project(), tmp_path_factory.mktemp("replay") / "project.toml"))


@pytest.fixture(scope="module")
def finished(project: Path) -> sinks.Run:
    return sinks.run(project)


@pytest.fixture(scope="module")
def folder(finished: sinks.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished.write(tmp_path_factory.mktemp("folder") / "result")


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def assert_same(run: sinks.Run, other: sinks.Run) -> None:
    assert_frame_equal(run.account, other.account, check_exact=True)
    assert_frame_equal(run.comparison, other.comparison, check_exact=True)
    for name in ("states", "changes", "units"):
        assert_frame_equal(getattr(run.activity, name), getattr(other.activity, name), check_exact=True)


def hidden(folder: Path) -> list[str]:
    """What a run may leave beside its result: checkpoints, half-written and set-aside folders."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


# ---- again ---------------------------------------------------------------------------------------------------------


def test_read_back(finished: sinks.Run, folder: Path) -> None:
    found = sinks.open_run(folder)
    assert_same(found, finished)
    assert_frame_equal(found.checks, finished.checks, check_exact=True)
    assert found.record == finished.record
    assert found.activity.strata == finished.activity.strata
    assert found.activity.inputs == finished.activity.inputs
    assert str(found) == str(finished)


def test_again_from_the_record(folder: Path, tmp_path: Path) -> None:
    result = invoke("run", folder / "run.json", "--out", tmp_path / "again", "--quiet", "--threads", 1)
    assert result.exit_code == 0, result.output
    first, again = sinks.open_run(folder), sinks.open_run(tmp_path / "again")
    assert_same(again, first)
    assert again.record["project"] == first.record["project"]
    assert hidden(tmp_path) == []


def test_an_input_that_changed_since_is_named(world: Any, folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(world.folder, moved)
    project = world.save(world.project(), moved / "project.toml")
    project.write_text(project.read_text(encoding="utf-8").replace(f"{world.folder}/", ""), encoding="utf-8")
    sinks.run(project).write(tmp_path / "first")
    unchanged = sinks.run(tmp_path / "first" / "run.json").checks
    assert "input_changed" not in set(unchanged["check"])
    # A byte after the end of a TIFF changes no cell of it.
    with (moved / "cover_2020.tif").open("ab") as file:
        file.write(b"\0")
    checks = sinks.run(tmp_path / "first" / "run.json").checks
    (row,) = checks[checks["check"] == "input_changed"].to_dict("records")
    assert (row["status"], row["where"]) == ("warning", "cover_2020.tif")


def test_a_project_that_is_moved_with_its_files(world: Any, finished: sinks.Run, tmp_path: Path) -> None:
    """Paths of a project are relative to it, from wherever it is run."""
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for file in world.folder.iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    text = world.save(world.project(), moved / "project.toml").read_text(encoding="utf-8")
    (moved / "project.toml").write_text(text.replace(f"{world.folder}/", ""), encoding="utf-8")
    assert_same(sinks.run(moved / "project.toml"), finished)


# ---- interrupted ---------------------------------------------------------------------------------------------------


def test_killed_and_resumed(project: Path, finished: sinks.Run, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    command = [sys.executable, "-c", KILLED_IN_THE_PASS, str(project), str(checkpoint)]
    assert subprocess.run(command, timeout=120).returncode == 9
    reported: list[int] = []
    resumed = sinks.run(
        project,
        checkpoint=checkpoint,
        resume=True,
        block_size=64,
        progress=lambda done, total: reported.append(done),
    )
    assert reported[0] > 0, "what was done is not done again"
    assert_same(resumed, finished)
    assert checkpoint.exists(), "the pass is kept until its result is written"
    resumed.write(tmp_path / "result")
    assert not checkpoint.exists()


def test_interrupted_and_resumed_by_command(
    project: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "result"
    options = ("--out", out, "--quiet", "--block-size", 64)
    interrupt_after(3, monkeypatch)
    result = invoke("run", project, *options)
    monkeypatch.undo()
    assert result.exit_code == INTERRUPTED
    assert result.stderr.strip() == message("cli.interrupted_kept")
    assert not out.exists()
    assert hidden(tmp_path) == [".result.checkpoint"]

    other_blocks = invoke("run", project, "--out", out, "--quiet", "--block-size", 128, "--resume")
    assert other_blocks.exit_code == EXIT_INPUT
    assert hidden(tmp_path) == [".result.checkpoint"], "restoring the setting must still be possible"

    resumed = invoke("run", project, *options, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert_same(sinks.open_run(out), sinks.open_run(folder))
    assert hidden(tmp_path) == []


def test_without_resume_an_old_checkpoint_is_thrown_away(
    project: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_after(3, monkeypatch)
    options = ("--out", tmp_path / "result", "--quiet")
    assert invoke("run", project, *options, "--block-size", 64).exit_code == INTERRUPTED
    monkeypatch.undo()
    result = invoke("run", project, *options, "--block-size", 128)
    assert result.exit_code == 0, result.output
    assert_same(sinks.open_run(tmp_path / "result"), sinks.open_run(folder))
    assert hidden(tmp_path) == []


def test_a_checkpoint_in_a_folder_of_other_things_takes_nothing_with_it(project: Path, tmp_path: Path) -> None:
    """``sinks.run(checkpoint=...)`` may be given any folder, and its user's files are his."""
    mine = tmp_path / "desk" / "remarks.docx"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    (mine.parent / checkpoint.FILE_NAME).write_bytes(b"of another pass")
    sinks.run(project, checkpoint=mine.parent, block_size=128).write(tmp_path / "result")
    assert [path.name for path in mine.parent.iterdir()] == ["remarks.docx"]


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the results of the ``count``-th piece of the pass are taken in."""
    taken = iter(range(count))
    take = scheduler._Tally.take

    def interrupted(self: Any, number: int, partial: Any) -> None:
        if next(taken, None) is None:
            raise KeyboardInterrupt
        take(self, number, partial)

    monkeypatch.setattr(scheduler._Tally, "take", interrupted)


# ---- replaced ------------------------------------------------------------------------------------------------------


def test_force_replaces_a_run_and_nothing_else(project: Path, finished: sinks.Run, tmp_path: Path) -> None:
    out = finished.write(tmp_path / "result")
    before = (out / "run.json").read_bytes()
    refused = invoke("run", project, "--out", out, "--quiet")
    assert refused.exit_code == EXIT_INPUT
    assert (out / "run.json").read_bytes() == before

    replaced = invoke("run", project, "--out", out, "--quiet", "--force")
    assert replaced.exit_code == 0, replaced.output
    assert (out / "run.json").read_bytes() != before, "the time of the run"
    assert_same(sinks.open_run(out), finished)
    assert hidden(tmp_path) == []

    (out / "remarks.docx").write_text("mine", encoding="utf-8")
    guarded = invoke("run", project, "--out", out, "--quiet", "--force")
    assert guarded.exit_code == EXIT_INPUT
    assert "remarks.docx" in guarded.stderr
    assert_same(sinks.open_run(out), finished)


def test_a_failing_run_keeps_the_result_it_should_replace(world: Any, finished: sinks.Run, tmp_path: Path) -> None:
    out = finished.write(tmp_path / "result")
    empty = world.write(tmp_path / "empty.tif", world.arrays["cover_2023"] * 0)
    files = world.content["land_cover"]["files"] | {"2023": str(empty)}
    bad = world.save(
        world.project(land_cover=world.content["land_cover"] | {"files": files}), tmp_path / "project.toml"
    )
    result = invoke("run", bad, "--out", out, "--quiet", "--force")
    assert result.exit_code == EXIT_INPUT
    assert_same(sinks.open_run(out), finished)
    assert hidden(tmp_path) == []
