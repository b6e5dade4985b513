"""What is said while a run goes on, on a terminal and in a file: the pass, and what comes after its bar is full."""

from __future__ import annotations

import io
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import sinks
from sinks.progress import bar, stage
from sinks.text import messages, using_language

BEFORE = "cli.stage_inputs"
PASS = "cli.stage_pass"
AFTER = ("cli.stage_account", "cli.stage_results")


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")
def test_a_terminal_sees_the_pass_and_then_each_stage(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import pty
    import struct
    import termios

    upper, lower = pty.openpty()
    fcntl.ioctl(lower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    parts: list[bytes] = []
    reader = Thread(target=_read_all, args=(upper, parts))
    reader.start()
    with os.fdopen(lower, "w", encoding="utf-8") as terminal, using_language("en"):
        monkeypatch.setattr(sys, "stderr", terminal)
        project = world.project(project={**world.content["project"], "draws": 0})
        sinks.run(sinks.Project.from_dict(project, folder=world.folder), progress=True)
        monkeypatch.undo()
    reader.join()
    os.close(upper)
    # What is left on each line once the cursor has moved on.
    lines = [line.rpartition("\r")[2] for line in b"".join(parts).decode().split("\r\n") if line.strip()]
    said = [messages()[id].en for id in (BEFORE, PASS, *AFTER)]
    assert len(lines) == len(said)
    assert [word in line for word, line in zip(said, lines, strict=True)] == [True] * 4
    assert "100%" in lines[1]


def test_a_file_gets_whole_lines_without_control_characters(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    project = world.project(project={**world.content["project"], "draws": 0})
    sinks.run(sinks.Project.from_dict(project, folder=world.folder), progress=True)
    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == [messages()[id].zh for id in (BEFORE, PASS, *AFTER)]
    assert "100%" in lines[1]
    assert out.getvalue().isprintable() is False  # ends of lines
    assert all(line.isprintable() for line in lines)


def test_a_long_bar_in_a_file_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("sinks.progress.monotonic", lambda: now[0])
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    shown = bar(200, PASS, unit="cli.cells")
    for second in range(100):
        now[0] = second
        shown.update(2)
    shown.close()
    text = messages()[PASS].zh
    assert out.getvalue().splitlines() == [
        f"{text}  32% 00:31", f"{text}  63% 01:02", f"{text}  94% 01:33", f"{text} 100% 01:39"
    ]  # fmt: skip


def _read_all(upper: int, parts: list[bytes]) -> None:
    """Until the other end is closed, which Linux tells as an error."""
    with suppress(OSError):
        while part := os.read(upper, 4096):
            parts.append(part)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("kind", "moves"), [(Terminal, True), (io.StringIO, False)])
def test_the_clock_of_a_stage_moves_where_a_line_can_be_written_over(
    kind: type[io.StringIO], moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = kind()
    monkeypatch.setattr(sys, "stderr", out)
    with stage(True, "cli.stage_writing"):
        time.sleep(1.3)
    assert (out.getvalue().count("\r") > 2) is moves
    assert ("\r" in out.getvalue()) is moves
    assert "00:01" in out.getvalue()
    assert out.getvalue().endswith("\n")


def test_a_stage_ends_with_what_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    with pytest.raises(ZeroDivisionError), stage(True, "cli.stage_writing"):
        raise ZeroDivisionError
    assert out.getvalue().endswith("\n")


def test_nothing_is_said_unasked(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for shown in (False, print):
        with stage(shown, "cli.stage_writing"):
            pass
    assert capfd.readouterr() == ("", "")
