"""The pass on a real dask cluster: a scheduler and two worker processes on the loopback interface."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import pytest_socket
import rasterio
import shapely
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine

from sinks.errors import LayerError, RunError
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
from sinks.tabulation import Joint, tabulate
from sinks.tabulation import cluster as cluster_module

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    # A worker that is killed leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROWS, COLUMNS = 192, 256
WAIT_SECONDS = 60


class Cluster:
    """A scheduler and workers as processes of their own, which can be killed one by one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        info = folder / "scheduler.json"
        self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(info), "--no-dashboard", "--no-jupyter")
        _wait_for(lambda: info.exists() and info.stat().st_size > 0)
        self.client = distributed.Client(scheduler_file=str(info), set_as_default=False)
        self.address: str = self.client.scheduler.address

    def add_worker(self, first_in_path: Path | None = None) -> subprocess.Popen[bytes]:
        before = len(self._workers())
        own = str(self._folder / f"worker{len(self.processes)}")
        process = self._start(
            "dask_worker",
            self.address,
            "--no-nanny",
            "--nthreads",
            "1",
            "--no-dashboard",
            "--local-directory",
            own,
            first_in_path=first_in_path,
        )
        _wait_for(lambda: len(self._workers()) > before)
        return process

    def _workers(self) -> dict[str, Any]:
        return dict(self.client.scheduler_info(n_workers=-1)["workers"])

    def _start(self, module: str, *arguments: str, first_in_path: Path | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", *arguments]
        with (self._folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, env=_environment(first_in_path)
            )
        self.processes.append(process)
        return process

    def close(self) -> None:
        self.client.close()
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def _environment(first_in_path: Path | None) -> dict[str, str]:
    """Workers import the package that is tested, wherever it is, unless another stands before it."""
    first = [] if first_in_path is None else [str(first_in_path)]
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join([*first, root, os.environ.get("PYTHONPATH", "")])}


def _wait_for(condition: Any) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "the cluster did not start"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("layers")
    rng = np.random.default_rng(7)

    def write(name: str, data: np.ndarray, nodata: float) -> Path:
        profile = {"driver": "GTiff", "count": 1, "dtype": data.dtype, "crs": "EPSG:4490", "nodata": nodata}
        profile |= {"transform": Affine(0.01, 0, 110, 0, -0.01, 45), "tiled": True, "blockxsize": 16, "blockysize": 16}
        path = folder / name
        with rasterio.open(path, "w", height=ROWS, width=COLUMNS, compress="deflate", **profile) as file:
            file.write(data, 1)
        return path

    codes = np.kron(rng.integers(1, 10, (ROWS // 4, COLUMNS // 4)), np.ones((4, 4), int)).astype(np.uint8)
    later = np.where(rng.random(codes.shape) < 0.1, rng.integers(0, 10, codes.shape), codes).astype(np.uint8)
    files = {"2020": write("2020.tif", codes, 0), "2023": write("2023.tif", later, 0)}
    volume = write("volume.tif", (rng.random(codes.shape) * 300).astype(np.float32), np.nan)
    middle, corners = (111.31, 44.07), [(110.02, 43.11), (112.5, 43.2), (112.41, 44.95), (110.1, 44.9)]
    triangles = [shapely.Polygon([middle, corners[i - 1], corners[i]]) for i in range(4)]
    return {
        "units": gpd.GeoDataFrame({"code": list("abcd")}, geometry=triangles, crs=4490),
        "land_cover": CategoricalLayer("land_cover", files, load_legend("clcd")),
        "inputs": [ContinuousLayer("stock", "growing_stock", {"static": volume}, 0.0, 1500.0)],
    }


@pytest.fixture(scope="module")
def alone(layers: dict[str, Any]) -> Joint:
    return tabulate(**layers, threads=1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    # The hosts a test may reach are set for each test, and this outlives one: it reaches loopback only all the same.
    pytest_socket.enable_socket()
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield cluster
    finally:
        cluster.close()


def same(one: Joint, other: Joint) -> None:
    assert_frame_equal(one.table, other.table, check_exact=True)
    assert_frame_equal(one.units, other.units, check_exact=True)


def test_a_cluster_changes_no_digit(cluster: Cluster, layers: dict[str, Any], alone: Joint) -> None:
    cluster.add_worker()
    same(tabulate(**layers, block_size=16, scheduler=cluster.client), alone)
    same(tabulate(**layers, block_size=32, scheduler=cluster.address), alone)


def test_a_fault_is_told_as_if_it_had_been_found_here(cluster: Cluster, layers: dict[str, Any]) -> None:
    cover = layers["land_cover"]
    broken = Path(cover.files["2020"]).with_name("broken.tif")
    content = bytearray(Path(cover.files["2020"]).read_bytes())
    content[len(content) // 2 : len(content) // 2 + 300] = bytes(300)
    broken.write_bytes(content)
    faulty = CategoricalLayer("land_cover", {"2020": broken, "2023": cover.files["2023"]}, cover.legend)
    with pytest.raises(LayerError) as error:
        tabulate(layers["units"], faulty, block_size=16, scheduler=cluster.client)
    assert error.value.problems[0].id == "raster.corrupt_block"


def test_a_killed_worker_costs_only_its_blocks(cluster: Cluster, layers: dict[str, Any], alone: Joint) -> None:
    second = cluster.add_worker()
    done: list[int] = []

    def watch(cells: int, total: int) -> None:
        done.append(cells)
        if 0 < cells < total and second.poll() is None:
            second.kill()
            second.wait()

    found = tabulate(**layers, block_size=16, scheduler=cluster.client, progress=watch)
    assert second.poll() is not None, "the worker was not killed"
    same(found, alone)
    assert done == sorted(set(done)), "a task was counted twice"


def test_nobody_at_the_address(layers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.2)
    with pytest.raises(RunError) as error:
        tabulate(**layers, scheduler="tcp://127.0.0.1:9")
    assert error.value.problems[0].id == "tabulate.no_cluster"


# ---- what happens to a cluster: one sentence each, no traceback, and the pass can be gone on with --------------------


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of one's own, to be lost."""
    pytest_socket.enable_socket()
    cluster = Cluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()


def resumed(layers: dict[str, Any], alone: Joint, checkpoint: Path) -> None:
    """What was done on the cluster is not done again, and the result is that of one machine."""
    done: list[int] = []
    found = tabulate(
        **layers, block_size=16, threads=1, checkpoint=checkpoint, progress=lambda one, _: done.append(one)
    )
    assert done[0] > 0, "nothing was kept"
    same(found, alone)


def problem_of(layers: dict[str, Any], scheduler: Any, **options: Any) -> str:
    with pytest.raises(RunError) as error:
        tabulate(**layers, block_size=16, scheduler=scheduler, **options)
    (problem,) = error.value.problems
    return problem.id


def quiet(capfd: pytest.CaptureFixture[str]) -> None:
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "distributed" not in said.err


def test_the_scheduler_is_lost(
    lost: Cluster, layers: dict[str, Any], alone: Joint, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lost.add_worker()
    scheduler = lost.processes[0]

    def watch(cells: int, total: int) -> None:
        if 0 < cells < total and scheduler.poll() is None:
            scheduler.kill()
            scheduler.wait()

    options = {"progress": watch, "checkpoint": tmp_path / "kept"}
    assert problem_of(layers, lost.address, **options) == "tabulate.workers_lost"
    assert scheduler.poll() is not None, "the scheduler was not killed"
    quiet(capfd)
    resumed(layers, alone, tmp_path / "kept")


def test_every_worker_is_lost(
    lost: Cluster,
    layers: dict[str, Any],
    alone: Joint,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster_module, "WORKERS_SECONDS", 1)
    worker = lost.add_worker()

    def watch(cells: int, total: int) -> None:
        if 0 < cells < total and worker.poll() is None:
            worker.kill()
            worker.wait()

    options = {"progress": watch, "checkpoint": tmp_path / "kept"}
    assert problem_of(layers, lost.address, **options) == "tabulate.workers_lost"
    assert worker.poll() is not None, "the worker was not killed"
    quiet(capfd)
    resumed(layers, alone, tmp_path / "kept")


def test_a_worker_runs_out_of_memory(
    lost: Cluster,
    layers: dict[str, Any],
    alone: Joint,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker whose address space ends at what it had before the pass: a real allocation that fails."""
    monkeypatch.setattr(cluster_module, "WORKERS_SECONDS", 1)
    lost.add_worker()
    # The thread that does the work is there before, as in a worker that has worked.
    assert lost.client.submit(_thread_of_the_worker).result()
    lost.client.run(_no_more_memory)
    # What fails is a Python allocation, or one inside a compiled library, which ends the process.
    found = problem_of(layers, lost.address, checkpoint=tmp_path / "kept")
    assert found in ("tabulate.worker_memory", "tabulate.workers_lost")
    quiet(capfd)
    same(tabulate(**layers, block_size=16, threads=1, checkpoint=tmp_path / "kept"), alone)


def _thread_of_the_worker() -> int:
    return threading.get_ident()


def _no_more_memory() -> None:
    import resource

    import psutil

    taken = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (taken + (2 << 20), resource.RLIM_INFINITY))


def test_a_worker_with_another_version(
    lost: Cluster, layers: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its packages say so themselves: another sinks stands before ours in its path."""
    metadata = tmp_path / "other" / "sinks-9.9.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: sinks\nVersion: 9.9\n", encoding="utf-8")
    lost.add_worker(first_in_path=metadata.parents[1])
    with pytest.raises(RunError) as error:
        tabulate(**layers, block_size=16, scheduler=lost.address)
    (problem,) = error.value.problems
    assert problem.id == "tabulate.other_versions"
    assert "9.9" in str(problem)
    quiet(capfd)


def test_a_worker_without_the_program(
    lost: Cluster, layers: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "sinks.py").write_text("", encoding="utf-8")
    lost.add_worker(first_in_path=tmp_path / "other")
    assert problem_of(layers, lost.address) == "tabulate.no_versions"
    quiet(capfd)
