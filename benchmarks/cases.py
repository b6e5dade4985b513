"""What is measured against what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import layouts, territory

Jobs = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """Jobs that are run in turn, round after round, so that they share whatever else the machine does.

    Parameters
    ----------
    id, title : str
    jobs : callable
        Makes the files where they are missing; job by label, the first is the one that the others are divided by.
    rounds : int
    compare : bool
        Whether the areas that the jobs found are compared.
    """

    id: str
    title: str
    jobs: Callable[[], Jobs]
    rounds: int = 3
    compare: bool = False


def job(name: str, regions: str, files: list[Path], **options: Any) -> dict[str, Any]:
    """One job; paths as text, since it crosses to another process."""
    # The second pass in a process is the one that counts: loading compiled code is measured by itself.
    twice = {"repeats": 2} if name in ("sinks", "floor", "floor_touched", "dask") else {}
    return {"name": name, "regions": regions, "files": [str(path) for path in files], **twice, **options}


def in_layouts(work: Path, kind: str, size: int, rounds: int) -> Jobs:
    """The pass beside the floor in every layout; a process times both in turn."""
    return {
        name: {"name": "beside_floor", "regions": kind, "legend": layouts.legend(name), "rounds": rounds,
               "files": [str(path) for path in layouts.files(work, kind, size, name)]}
        for name in layouts.LAYOUTS
    }  # fmt: skip


def quick(work: Path) -> list[Case]:
    """Within a minute, on a small square; says whether all is in order, not how fast."""

    def peers() -> Jobs:
        files = territory.files(work, "full", 4_000, "deflate")
        return {name: job(name, "full", files) for name in ("floor", "sinks", "exactextract", "rasterstats")}

    title = "4,000 x 4,000 cells, {}, every cell in one of the prefectures".format
    return [
        Case("quick", title("DEFLATE"), peers, 1, compare=True),
        Case("layouts", title("each layout"), lambda: in_layouts(work, "full", 4_000, 1), 1),
    ]


def full(work: Path, large: int = 40_000, middle: int = 16_000, small: int = 10_000) -> list[Case]:
    """Every bar."""

    def files(kind: str, size: int = large, compress: str = "deflate") -> list[Path]:
        return territory.files(work, kind, size, compress)

    def pair(regions: str, paths: list[Path], **options: Any) -> Jobs:
        return beside(regions, paths, ("floor", "sinks"), **options)

    def both() -> Jobs:
        return {"equal-area": job("sinks", "full", files("full")),
                "EPSG:4490": job("sinks", "geographic", files("geographic"))}  # fmt: skip

    peers = ("sinks", "exactextract", "rasterstats", "flox")

    def beside(regions: str, paths: list[Path], names: Sequence[str], **options: Any) -> Jobs:
        return {name: job(name, regions, paths, **options) for name in names}

    return [
        Case("leagues", f"{large:,} x {large:,}, DEFLATE, 12 leagues",
             lambda: beside("leagues", files("leagues"), ("floor", "floor_touched", "sinks"))),
        Case("cover", f"{large:,} x {large:,}, DEFLATE, every cell in one of the prefectures",
             lambda: pair("full", files("full"))),
        Case("zstd", f"{large:,} x {large:,}, ZSTD, every cell in one of the prefectures",
             lambda: pair("full", files("full", compress="zstd"))),
        Case("geographic", f"{large:,} x {large:,}, areas by row against equal areas", both),
        Case("stock", f"{small:,} x {small:,}, with a float32 layer, DEFLATE",
             lambda: pair("full", files("full", small), inputs=[str(territory.stock(work, small, "deflate"))])),
        Case("stock_zstd", f"{small:,} x {small:,}, with a float32 layer, ZSTD",
             lambda: pair("full", files("full", small, "zstd"), inputs=[str(territory.stock(work, small, "zstd"))])),
        Case("noise", f"{small:,} x {small:,}, DEFLATE, every cell of a random class",
             lambda: pair("full", files("noise", small))),
        Case("layouts", f"{middle:,} x {middle:,}, each layout, every cell in one of the prefectures",
             lambda: in_layouts(work, "full", middle, 3), 1),
        Case("layouts_leagues", f"{middle:,} x {middle:,}, each layout, 12 leagues",
             lambda: in_layouts(work, "leagues", middle, 3), 1),
        Case("first", "The first run after installing against the next, whole process",
             lambda: {"next": job("sinks", "full", files("full", small), repeats=1),
                      "first": job("sinks", "full", files("full", small), repeats=1, empty_cache=True)}, rounds=1),
        Case("peers", f"{small:,} x {small:,}, DEFLATE, every cell in one of the prefectures",
             lambda: beside("full", files("full", small), peers), rounds=1, compare=True),
        Case("scale", "Time against pixels: 1e8, 1.6e9, 1.4e10",
             lambda: {f"{n:,}": job("sinks", "full", paths, repeats=2)
                      for n, paths in ((large, files("full")), (small, files("full", small)),
                                       (3 * large, territory.ten_metres(work, large, "deflate")))}, rounds=1),
        Case("dask", f"{large:,} x {large:,}, dask workers of one thread",
             lambda: {f"{n} worker(s)": job("dask", "full", files("full"), workers=n) for n in (1, 2)}, rounds=3),
        Case("peers_leagues", f"{large:,} x {large:,}, DEFLATE, 12 leagues",
             lambda: beside("leagues", files("leagues"), peers[:3]), rounds=1,
             compare=True),
        Case("peers_full", f"{large:,} x {large:,}, DEFLATE, every cell in one of the prefectures",
             lambda: beside("full", files("full"), peers[:3]), rounds=1,
             compare=True),
    ]  # fmt: skip
