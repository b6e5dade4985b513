"""A pass is taken up again where it stood, and never with other data."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from sinks.errors import LayerError, Problem, RunError
from sinks.tabulation import Joint, tabulate
from sinks.tabulation import checkpoint as checkpoint_module
from sinks.tabulation.checkpoint import FILE_NAME, CheckpointWarning, forget
from support.problems import ids
from support.small_layers import cover, same, stock, write


class _Stop(KeyboardInterrupt):
    pass


def _interrupt(after: int) -> Any:
    def report(done: int, total: int) -> None:
        if done > after:
            raise _Stop

    return report


def test_an_interrupted_pass_goes_on_where_it_was(world: dict[str, Any], joint: Joint, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    options: dict[str, Any] = {"inputs": [world["stock"]], "block_size": 16, "checkpoint": folder}
    for limit in (1000, 3000):
        with pytest.raises(_Stop):
            tabulate(world["units"], world["cover"], progress=_interrupt(limit), **options)
        assert (folder / FILE_NAME).exists()
    seen: list[int] = []
    found = tabulate(world["units"], world["cover"], progress=lambda done, total: seen.append(done), **options)
    same(found, joint)
    assert seen[0] > 1000
    forget(folder)
    assert not folder.exists()


def test_a_checkpoint_of_something_else_is_refused(world: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(_Stop):
        tabulate(world["units"], world["cover"], progress=_interrupt(0), block_size=16, checkpoint=tmp_path)
    with pytest.raises(RunError) as error:
        tabulate(world["units"].iloc[:3], world["cover"], block_size=20, checkpoint=tmp_path)
    assert error.value.problems[0].values["changed"] == ["block_size", "regions"]
    (tmp_path / FILE_NAME).write_bytes(b"broken")
    with pytest.raises(RunError) as error:
        tabulate(world["units"], world["cover"], checkpoint=tmp_path)
    assert ids(error) == ["tabulate.checkpoint_broken"]


def test_a_checkpoint_knows_a_file_by_its_content(world: dict[str, Any], tmp_path: Path) -> None:
    """Size and times are put back, as rsync and unpacking do: one cell has another class."""
    path = tmp_path / "a.tif"
    array = np.full((70, 90), 4, np.uint8)
    write(path, array)
    folder = tmp_path / "checkpoint"
    with pytest.raises(_Stop):
        tabulate(world["units"], cover(y2020=path), progress=_interrupt(0), block_size=16, checkpoint=folder)
    before = path.stat()
    with rasterio.open(path, "r+") as dataset:
        array[40, 50] = 2
        dataset.write(array, 1)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    with pytest.raises(RunError) as error:
        tabulate(world["units"], cover(y2020=path), block_size=16, checkpoint=folder)
    assert [p.id for p in error.value.problems] == ["tabulate.checkpoint_other"]


@pytest.mark.parametrize("name", ["sums", "keys", "done", "cells", "unknown_areas", "digest"])
def test_a_checkpoint_that_was_edited_is_refused(world: dict[str, Any], tmp_path: Path, name: str) -> None:
    with pytest.raises(_Stop):
        tabulate(world["units"], world["cover"], progress=_interrupt(500), block_size=16, checkpoint=tmp_path)
    arrays = dict(np.load(tmp_path / FILE_NAME))
    arrays[name] = np.array("0" * 64) if name == "digest" else np.append(arrays[name], arrays[name][:1] * 2 + 1)
    if name == "unknown_areas":
        arrays[name] = np.array([1])
    np.savez(tmp_path / FILE_NAME, **arrays)
    with pytest.raises(RunError) as error:
        tabulate(world["units"], world["cover"], block_size=16, checkpoint=tmp_path)
    assert ids(error) == ["tabulate.checkpoint_edited"]


def test_a_full_disk_under_the_checkpoint_warns_and_the_pass_goes_on(
    world: dict[str, Any], joint: Joint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sinks.tabulation.checkpoint.os.replace", full)
    monkeypatch.setattr("sinks.tabulation.checkpoint.LEAST_SECONDS", 0.0)
    with pytest.warns(CheckpointWarning) as warned:
        found = tabulate(
            world["units"], world["cover"], inputs=[world["stock"]], block_size=16, checkpoint=tmp_path / "checkpoint"
        )
    same(found, joint)
    assert len(warned) == 1
    assert list((tmp_path / "checkpoint").iterdir()) == []


def test_sums_over_an_input_that_is_at_fault_are_thrown_away(
    world: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has to be corrected first, and they would be those of another input."""
    path = write(tmp_path / "v.tif", world["volume"], tiled=True, blockxsize=16, blockysize=16, compress="deflate")
    length = path.stat().st_size
    os.truncate(path, length // 2)
    os.truncate(path, length)
    folder, saved = tmp_path / "checkpoint", []

    def seen(done: int, total: int) -> None:
        saved.append((folder / FILE_NAME).exists())

    monkeypatch.setattr(checkpoint_module, "LEAST_SECONDS", 0.0)
    options: dict[str, Any] = {"inputs": [stock(static=path)], "block_size": 16, "threads": 1, "progress": seen}
    for place in (folder, None):
        with pytest.raises(LayerError):
            tabulate(world["units"], world["cover"], checkpoint=place, **options)
        assert any(saved)
        assert not (folder / FILE_NAME).exists()


@pytest.mark.parametrize("kind", [_Stop, RunError])
def test_whatever_stops_a_pass_but_its_input_leaves_its_sums(
    world: dict[str, Any], tmp_path: Path, kind: type[BaseException]
) -> None:
    """Ctrl+C, or a cluster that is lost: what was done is kept where that is asked for, and the cause is told."""

    def stop(done: int, total: int) -> None:
        if done:
            raise kind("stopped") if kind is _Stop else RunError(Problem("tabulate.workers_lost", "here"))

    folder = tmp_path / "checkpoint"
    for checkpoint in (None, folder):
        with pytest.raises(kind):
            tabulate(world["units"], world["cover"], progress=stop, block_size=16, checkpoint=checkpoint)
    assert (folder / FILE_NAME).exists()
