"""What is measured against what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import territory


@dataclass(frozen=True)
class Case:
    """Jobs that are run in turn, round after round, so that they share whatever else the machine does.

    Parameters
    ----------
    id, title : str
    jobs : dict
        Job by label; the first is the one that the others are divided by.
    rounds : int
    compare : bool
        Whether the areas that the jobs found are compared.
    """

    id: str
    title: str
    jobs: dict[str, dict[str, Any]]
    rounds: int = 3
    compare: bool = False


def job(name: str, regions: str, files: list[Path], **options: Any) -> dict[str, Any]:
    """One job; paths as text, since it crosses to another process."""
    # The second pass in a process is the one that counts: loading compiled code is measured by itself.
    twice = {"repeats": 2} if name in ("sinks", "floor", "floor_touched", "dask") else {}
    return {"name": name, "regions": regions, "files": [str(path) for path in files], **twice, **options}


def quick(work: Path) -> list[Case]:
    """Within a minute, on a small square; says whether all is in order, not how fast."""
    files = territory.files(work, "full", 4_000, "deflate")
    jobs = {name: job(name, "full", files) for name in ("floor", "sinks", "exactextract", "rasterstats")}
    return [Case("quick", "4,000 x 4,000 cells, DEFLATE, every cell in one of the prefectures", jobs, 1, compare=True)]


def full(work: Path, large: int = 40_000, small: int = 10_000) -> list[Case]:
    """Every bar."""

    def files(kind: str, size: int = large, compress: str = "deflate") -> list[Path]:
        return territory.files(work, kind, size, compress)

    def pair(regions: str, paths: list[Path], **options: Any) -> dict[str, dict[str, Any]]:
        return {name: job(name, regions, paths, **options) for name in ("floor", "sinks")}

    leagues = files("leagues")
    both = {"equal-area": job("sinks", "full", files("full")),
            "EPSG:4490": job("sinks", "geographic", files("geographic"))}  # fmt: skip
    peers = ("sinks", "exactextract", "rasterstats", "flox")
    cases = [
        Case("leagues", f"{large:,} x {large:,}, DEFLATE, 12 leagues",
             {name: job(name, "leagues", leagues) for name in ("floor", "floor_touched", "sinks")}),
        Case("cover", f"{large:,} x {large:,}, DEFLATE, every cell in one of the prefectures",
             pair("full", files("full"))),
        Case("zstd", f"{large:,} x {large:,}, ZSTD, every cell in one of the prefectures",
             pair("full", files("full", compress="zstd"))),
        Case("geographic", f"{large:,} x {large:,}, areas by row against equal areas", both),
        Case("stock", f"{small:,} x {small:,}, with a float32 layer, DEFLATE",
             pair("full", files("full", small), inputs=[str(territory.stock(work, small, "deflate"))])),
        Case("stock_zstd", f"{small:,} x {small:,}, with a float32 layer, ZSTD",
             pair("full", files("full", small, "zstd"), inputs=[str(territory.stock(work, small, "zstd"))])),
        Case("noise", f"{small:,} x {small:,}, DEFLATE, every cell of a random class",
             pair("full", files("noise", small))),
        Case("first", "The first run after installing against the next, whole process",
             {"next": job("sinks", "full", files("full", small), repeats=1),
              "first": job("sinks", "full", files("full", small), repeats=1, empty_cache=True)}, rounds=1),
        Case("peers", f"{small:,} x {small:,}, DEFLATE, every cell in one of the prefectures",
             {name: job(name, "full", files("full", small)) for name in peers}, rounds=1, compare=True),
        Case("scale", "Time against pixels: 1e8, 1.6e9, 1.4e10",
             {f"{n:,}": job("sinks", "full", paths, repeats=2)
              for n, paths in ((large, files("full")), (small, files("full", small)),
                               (3 * large, territory.ten_metres(work, large, "deflate")))}, rounds=1),
        Case("dask", f"{large:,} x {large:,}, dask workers of one thread",
             {f"{n} worker(s)": job("dask", "full", files("full"), workers=n) for n in (1, 2)}, rounds=3),
        Case("peers_leagues", f"{large:,} x {large:,}, DEFLATE, 12 leagues",
             {name: job(name, "leagues", leagues) for name in ("sinks", "exactextract", "rasterstats")}, rounds=1,
             compare=True),
        Case("peers_full", f"{large:,} x {large:,}, DEFLATE, every cell in one of the prefectures",
             {name: job(name, "full", files("full")) for name in ("sinks", "exactextract", "rasterstats")}, rounds=1,
             compare=True),
    ]  # fmt: skip
    return cases
