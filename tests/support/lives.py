"""Lives of the program, one after the other, each a fork of a process that has everything imported already.

It has also made a run, so that no life loads methodologies and compiled loops for itself.  Reads as JSON the arguments
of a run, a file for what it says, and the moment and number of a signal to send it; answers with its exit status and
how long it took.  A life so takes a fraction of what it takes from the start of Python on.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import sinks
from fuzz.baselines import write_baseline
from sinks.cli import main
from sinks.tabulation import checkpoint

with tempfile.TemporaryDirectory() as place:
    sinks.run(write_baseline("rasters", Path(place))).write(Path(place) / "result")
checkpoint.LEAST_SECONDS, checkpoint.COST_SHARE = 0.0, 1e9


def live(arguments: list[str], said: str) -> None:
    """Be the program."""
    # Whoever started the tests may have been told to ignore an interrupt; the program is not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    main(arguments)


for line in sys.stdin:
    arguments, said, moment, number = json.loads(line)
    began = time.monotonic()
    if not (child := os.fork()):
        live(arguments, said)
        os._exit(0)
    if number:
        time.sleep(moment)
        # It may have ended by itself, but nobody has waited for it yet, so that the number is still its own.
        os.kill(child, number)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([status, time.monotonic() - began]), flush=True)
