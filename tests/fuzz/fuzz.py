"""Spoilt projects through check and run, in this process: no traceback, no hang, no accepted nonsense.

``python tests/fuzz/fuzz.py --minutes 40 --seed 1`` goes on until the time is over and says what it found; each case has
a number, and ``--seed S --case N`` repeats it.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sinks
from sinks.errors import SinksError
from sinks.text import LANGUAGES, using_language

if __package__:
    from fuzz.baselines import FILES, write_baseline
    from fuzz.spoil import Spoilt, spoil
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from baselines import FILES, write_baseline  # type: ignore[import-not-found,no-redef]
    from spoil import Spoilt, spoil  # type: ignore[import-not-found,no-redef]

HANGS = 60
"""Seconds after which a case counts as a hang, of the processor's own time and not of the clock."""

LARGEST_HA = 1e6
"""More land than the regions of the baselines hold, in ha: both are some 38,000 ha."""


@dataclass
class Tally:
    """What became of the cases."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


class Hung(BaseException):
    """A case did not end."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Let what takes longer end with :class:`Hung`; where the system has no such clock it may take its time."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class Fuzzer:
    """Baselines in a folder, and cases made of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed, self.folder = seed, folder
        self.sound: dict[str, dict[str, bytes]] = {}
        for kind in FILES:
            place = folder / kind
            place.mkdir(parents=True, exist_ok=True)
            write_baseline(kind, place)
            self.sound[kind] = {name: (place / name).read_bytes() for name in FILES[kind]}
            sinks.run(sinks.Project.read(place / "project.toml"), threads=1)

    def case(self, number: int) -> tuple[str, str, Spoilt]:
        """Kind, file and what is done to it."""
        rng = random.Random(f"{self.seed}-{number}")
        kind = rng.choice(["rasters", "rasters", "tables", "stands"])
        name = rng.choice(FILES[kind])
        return kind, name, spoil(name, self.sound[kind][name], rng)

    def attempt(self, number: int, tally: Tally) -> None:
        """One case, and what became of it."""
        kind, name, spoilt = self.case(number)
        place = self.folder / kind
        (place / name).write_bytes(spoilt.content)
        told = f"seed {self.seed} case {number}: {kind}/{name}: {spoilt.what}"
        try:
            with limited(HANGS), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcome, wrong = _through(place / "project.toml")
        except Hung:
            outcome, wrong = "hung", ["it did not end"]
        finally:
            (place / name).write_bytes(self.sound[kind][name])
        if outcome == "accepted" and spoilt.unsound:
            wrong.append("nonsense was accepted")
        tally.outcomes[outcome] += 1
        tally.findings += [f"{told}\n    {one}" for one in wrong]


def _through(project: Path) -> tuple[str, list[str]]:
    """What becomes of a project, and what is wrong with that."""
    try:
        run = sinks.run(sinks.Project.read(project), threads=1)
    except SinksError as error:
        return "refused", _unclear(error)
    except Exception:
        return "broken", [traceback.format_exc(limit=-4)]
    try:
        return "accepted", _nonsense(run)
    except Exception:
        return "broken", [traceback.format_exc(limit=-4)]


def _unclear(error: SinksError) -> list[str]:
    """A refusal says something in both languages, with nothing left to fill in and no word of Python."""
    found = []
    for lang in LANGUAGES:
        with using_language(lang):
            try:
                said = [str(problem) for problem in error.problems]
            except Exception:
                return [traceback.format_exc(limit=-3)]
        for text in said:
            if not text.strip() or len(text) > 20_000:
                found.append(f"said in {lang} {len(text)} characters")
            if re.search(r"Traceback|object at 0x|<class '|NoneType|numpy\.|dtype=|Errno", text):
                found.append(f"words of Python in {lang}: {text[:300]}")
    return found


def _nonsense(run: sinks.Run) -> list[str]:
    """What no account can hold, whatever its input."""
    found, account = [], run.account
    values = account["value"].dropna()
    if not all(map(math.isfinite, values)):
        found.append("a figure is not finite")
    stocks = account[account["quantity"].isin(["area", "carbon_stock"])]
    if (stocks["value"] < 0).any():
        found.append("land or a stock is negative")
    if (account["area_ha"] > LARGEST_HA).any():
        found.append(f"more land than there is: {account['area_ha'].max():.0f} ha")
    if (account["coverage"] > 1 + 1e-6).any():
        found.append("coverage beyond 100 %")
    if (account["low"] > account["high"]).any():
        found.append("an interval the wrong way round")
    density = stocks[stocks["quantity"] == "carbon_stock"]
    if (density["value"] > 3_000 * density["area_ha"] + 1).any():
        found.append("more carbon on a hectare than deep peat holds")
    if (run.checks["status"] == "failed").any() and (run.checks["check"] == "sums").any():
        found += [str(one) for one in run.checks.loc[run.checks["status"] == "failed", "check"] if one == "sums"]
    if run.assessment is not None:
        found += _odd_assessment(run.assessment)
    return found


def _odd_assessment(table: Any) -> list[str]:
    values = table["value"].dropna().astype(float)
    return [] if all(map(math.isfinite, values)) else ["a figure of the assessment is not finite"]


def fuzz(seed: int, *, cases: int | None = None, minutes: float | None = None, only: int | None = None) -> Tally:
    """Cases until their number or the time is used up.

    Parameters
    ----------
    seed : int
    cases : int, optional
    minutes : float, optional
    only : int, optional
        Number of the one case that is repeated.
    """
    tally, end = Tally(), time.monotonic() + 60 * (minutes or math.inf)
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(Path(folder), seed)
        number = 0 if only is None else only
        while time.monotonic() < end and (cases is None or number < cases):
            before = len(tally.findings)
            fuzzer.attempt(number, tally)
            for one in tally.findings[before:]:
                print(one, flush=True)
            number += 1
            if only is not None:
                break
    return tally


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--cases", type=int)
    parser.add_argument("--case", type=int)
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    minutes = given.minutes if given.minutes or given.cases or given.case is not None else 5.0
    tally = fuzz(given.seed, cases=given.cases, minutes=minutes, only=given.case)
    cases, found = sum(tally.outcomes.values()), len(tally.findings)
    print(f"seed {given.seed}: {cases} cases, {dict(tally.outcomes)}, {found} findings")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
