"""Measure, print a table of ratios, and write docs/performance.md.

python -m benchmarks            everything (twenty minutes, 6 GB of disk in benchmarks/scratch)
python -m benchmarks --quick    in a minute, prints only
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import cases
from benchmarks.report import compared, document, summary

PEERS = ("exactextract", "rasterstats", "flox")
"""Left out where they are not installed."""

WORK = Path(__file__).parent / "scratch"
ROOT = Path(__file__).parents[1]


def measure(case: cases.Case, areas: Path) -> dict[str, Any]:
    """Run a case's jobs in turn; lists of measurements by label."""
    jobs = {label: job for label, job in case.jobs().items() if job["name"] not in PEERS or find_spec(job["name"])}
    found: dict[str, list[dict[str, float]]] = {label: [] for label in jobs}
    for _ in range(case.rounds):
        for label, job in jobs.items():
            found[label].append(_run(job | {"areas": str(areas / f"{label}.csv")}))
    result: dict[str, Any] = {"title": case.title, "jobs": found}
    if case.compare:
        result["differences"] = compared({label: areas / f"{label}.csv" for label in jobs if label != "floor"})
    return result


def _run(job: dict[str, Any]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        if job.get("empty_cache"):
            environment["NUMBA_CACHE_DIR"] = folder
        command = [sys.executable, "-m", "benchmarks.contestants", json.dumps(job)]
        started = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        whole = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{job['name']} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1]) | {"whole": whole}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute's check on a small square")
    parser.add_argument("--only", nargs="*", help="ids of the cases to run; the page keeps the tables of the others")
    arguments = parser.parse_args()
    kept = WORK / "results.json"
    results: dict[str, Any] = json.loads(kept.read_text()) if arguments.only and kept.exists() else {}
    for case in cases.quick(WORK) if arguments.quick else cases.full(WORK):
        if arguments.only and case.id not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            results[case.id] = measure(case, Path(folder))
        print(summary(results[case.id]), flush=True)
        if not arguments.quick:
            kept.write_text(json.dumps(results, indent=1))
    if not arguments.quick:
        page = ROOT / "docs" / "performance.md"
        page.write_text(document(results, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
