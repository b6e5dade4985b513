"""Tables of ratios, and docs/performance.md."""

from __future__ import annotations

import os
import platform
import re
import statistics
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

PACKAGES = (
    *("numpy", "numba", "rasterio", "imagecodecs", "shapely", "pandas", "distributed"),
    *("exactextract", "rasterstats", "flox"),
)
TEXT = Path(__file__).with_name("performance.md.in")


def median(result: dict[str, Any], label: str, what: str) -> float:
    """Median of a label's measurements."""
    return statistics.median(run[what] for run in result["jobs"][label])


def compared(tables: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Largest difference of an area from the first way's, as a share of its region's area, by way."""
    found = {
        label: pd.read_csv(path, dtype={"region": str}).set_index(["region", "date", "class"])["ha"]
        for label, path in tables.items()
    }
    label, *others = found
    mine = found[label]
    # Regions that lie mostly outside the square have no area to speak of to compare with.
    whole = mine.groupby(["region", "date"]).sum()
    big = whole[whole > whole.max() / 100]
    result = {}
    for other in others:
        both = pd.concat([mine, found[other]], axis=1, keys=["mine", "other"]).fillna(0.0)
        off = (both["mine"] - both["other"]).abs().groupby(["region", "date"]).max()
        result[other] = {
            "largest": float((off / whole).loc[big.index].max()),
            "total": float(both["other"].sum() / both["mine"].sum() - 1.0),
        }
    return result


def summary(result: dict[str, Any]) -> str:
    """A table of one case: seconds, ratio to the first job, memory."""
    labels = list(result["jobs"])
    if "floor" in result["jobs"][labels[0]][0]:
        return _beside_floor(result)
    lines = [
        f"### {result['title']}",
        "",
        "| way | compute [s] | ratio | processor [s] | ratio | first call [s] | whole process [s] | peak RSS [MB] |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for label in labels:
        wall, cpu, first, whole, peak = (median(result, label, w) for w in ("wall", "cpu", "first", "whole", "peak"))
        against = [_ratio(result, label, labels[0], what) for what in ("wall", "cpu")]
        lines.append(
            f"| {label} | {wall:.2f} | {against[0]:.2f} | {cpu:.2f} | {against[1]:.2f} | {first:.2f} | {whole:.2f} | "
            f"{peak:.0f} |"
        )
    for label, off in result.get("differences", {}).items():
        lines.append("")
        lines.append(
            f"Largest difference of a class's area from {label}: {off['largest']:.1e} of the region; total area "
            f"{off['total']:+.1e}."
        )
    return "\n".join(lines) + "\n"


def _beside_floor(result: dict[str, Any]) -> str:
    """A table of jobs that timed the floor and the pass in turn; the ratio is the median of those within rounds."""
    lines = [
        f"### {result['title']}",
        "",
        "| layout | floor, processor [s] | pass, processor [s] | ratio | peak RSS [MB] |",
        "|---|---|---|---|---|",
    ]
    for label, (run,) in result["jobs"].items():
        floor, cpu = statistics.median(run["floor"]), statistics.median(run["cpu"])
        ratio = statistics.median(b / a for a, b in zip(run["floor"], run["cpu"], strict=True))
        lines.append(f"| {label} | {floor:.2f} | {cpu:.2f} | {ratio:.2f} | {run['peak']:.0f} |")
    return "\n".join(lines) + "\n"


def _ratio(result: dict[str, Any], label: str, base: str, what: str) -> float:
    """Median of the ratios within rounds: what slows the machine for a while slows both."""
    pairs = zip(result["jobs"][label], result["jobs"][base], strict=True)
    return statistics.median(mine[what] / max(other[what], 1e-9) for mine, other in pairs)


def document(results: dict[str, Any], present: str) -> str:
    """All of docs/performance.md: the text that stays, the machine, and the tables; those not measured as they are.

    Parameters
    ----------
    results : dict
        Results by id of the case.
    present : str
        The page as it is.
    """
    text = TEXT.read_text(encoding="utf-8")
    kept = re.findall(r"^### .+?(?=^##)", present.split("## Results", 1)[1].split("## What is not reached")[0] + "##",
                      re.DOTALL | re.MULTILINE)  # fmt: skip
    tables = {table.split("\n", 1)[0]: table.strip() + "\n" for table in kept}
    tables |= {table.split("\n", 1)[0]: table for table in map(summary, results.values())}
    return text.replace("{machine}", _machine()).replace("{tables}", "\n".join(tables.values()))


def _machine() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists() and (named := re.search(r"model name\s*:\s*(.+)", info.read_text())):
        model = named[1]
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    return f"{model}, {os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}; {versions}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
