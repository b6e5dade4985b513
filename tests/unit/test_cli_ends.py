"""How a verb ends: what the terminal gets to see, and what a defect leaves behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sinks.cli.common import reports_problems
from sinks.cli.last_resort import report_defect
from sinks.cli.terminal import plain
from sinks.errors import Problem, ProjectError
from sinks.text import message


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x1b]0;title\x07", "\u202egnp.exe", "\x9b31m", "a\rb", "\u2066x", "\x00"])
def test_no_name_can_command_the_terminal(evil: str) -> None:
    def verb() -> None:
        click.echo(f"region {evil}")
        raise ProjectError(Problem("errors.several", evil, {"count": evil}))

    found = CliRunner().invoke(click.command()(reports_problems(verb)))
    assert found.exit_code == 2
    for text in (found.stdout, found.stderr):
        assert evil not in text
        # click itself takes out what a terminal would obey where there is none.
        assert repr(evil)[1:-1] in text or evil == "\x1b[2J"


def test_words_and_lines_stay_as_they_are() -> None:
    text = "地区\t2023\r\n第二行 ✓ é\n"
    assert plain(text) == text


def test_a_defect_ends_in_one_sentence_and_a_report_without_private_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.cli.last_resort.click.get_app_dir", lambda name: str(tmp_path / "home" / "wang"))
    secret = "/home/wang/secret.tif: 4242"

    def verb() -> None:
        try:
            raise KeyError(secret)
        except KeyError as cause:
            raise ZeroDivisionError(secret) from cause

    found = CliRunner().invoke(click.command()(reports_problems(verb)))
    assert found.exit_code == 1
    assert "Traceback" not in found.output
    assert secret not in found.output
    (report,) = (tmp_path / "home" / "wang" / "reports").iterdir()
    assert str(report) in found.stderr
    text = report.read_text(encoding="utf-8")
    assert "builtins.ZeroDivisionError" in text
    assert "builtins.KeyError" in text
    assert "sinks/cli/common.py" in text, "where it came from"
    assert "secret" not in text.replace("raise KeyError(secret)", "")
    for private in ("wang", "4242", str(tmp_path), str(Path(__file__).parent)):
        assert private not in text


def test_a_report_goes_elsewhere_where_the_users_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("sinks.cli.last_resort.click.get_app_dir", lambda name: str(tmp_path / "file"))
    monkeypatch.setattr("sinks.cli.last_resort.tempfile.gettempdir", lambda: str(tmp_path))
    report = report_defect(ValueError("x"), "run")
    assert report is not None
    assert report.parent == tmp_path


@pytest.fixture
def signals_are_felt() -> Iterator[None]:
    """A shell tells what it starts in the background to ignore an interrupt, nohup to ignore a hangup."""
    handlers = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    there = {getattr(signal, name): handler for name, handler in handlers.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, handler) for number, handler in there.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_are_felt")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 143), ("SIGINT", 130)])
def test_a_signal_ends_the_verb_and_the_handler_goes_with_it(name: str, code: int) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)

    def verb() -> None:
        os.kill(os.getpid(), number)
        while True:
            signal.pause()

    found = CliRunner().invoke(click.command()(reports_problems(verb)))
    assert found.exit_code == code
    assert found.stderr.strip() == message("cli.interrupted")
    assert signal.getsignal(number) is before


def test_out_of_memory_is_said() -> None:
    def verb() -> None:
        raise MemoryError

    found = CliRunner().invoke(click.command()(reports_problems(verb)))
    assert found.exit_code == 2
    assert found.stderr.strip() == message("cli.memory")
