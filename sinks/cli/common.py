"""What the verbs share: exit codes, the options that several have, and how problems are said."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TextIO, TypeVar

import click

from sinks.cli.terminal import plain_streams
from sinks.errors import SinksError
from sinks.text import message, set_language

if TYPE_CHECKING:
    from sinks.assessment.answer import Answer
    from sinks.workflow.finished_run import Run

P = ParamSpec("P")
R = TypeVar("R")

EXIT_INPUT = 2
"""Exit code when the user's input is at fault; 1 is a defect of the program, 0 success."""

EXIT_DEFECT = 1
"""Exit code of a defect of the program."""

EXIT_FAILED = 1
"""Exit code of a verification that found something wrong."""

EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143
"""Exit codes of a program stopped with Ctrl+C, and by the system (SIGTERM), as shells have them."""

PATH = click.Path(path_type=Path)

threads_option = click.option("--threads", type=click.IntRange(1), help="线程数 / threads [cores, at most 8].")
quiet_option = click.option("--quiet", is_flag=True, help="不显示进度 / no progress.")


def _agree(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Agree for this call and later ones; the verb is over when its context closes, and so is the consent."""
    if value:
        from sinks.trust.consent import agree, disagree

        agree()
        ctx.call_on_close(disagree)


trust_option = click.option(
    "--trust",
    is_flag=True,
    callback=_agree,
    expose_value=False,
    help="同意项目运行自带的 Python、读取项目以外的文件，并记住 / let the project run its Python and read beyond its "
    "folder, and remember it.",
)


def _language(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        set_language(value)
    return value


def _lang_option(default: str | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    return click.option(
        "--lang",
        type=click.Choice(["zh", "en"]),
        default=default,
        callback=_language,
        expose_value=False,
        is_eager=True,
        help="输出语言，缺省 zh / language of the output [zh].",
    )


lang = _lang_option(None)
"""Of a verb: what is said after it."""

lang_before = _lang_option("zh")
"""Of the program: what is said before the verb, and what holds when nothing is said."""


class Verbs(click.Group):
    """The program, whose complaints about a command line are in the user's language too."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _said(error) from None


def _said(error: click.UsageError) -> click.UsageError:
    """click's complaint in the present language; those that it makes rarely stay as they are."""
    if error.ctx is None:
        return error
    if isinstance(error, click.MissingParameter) and error.param is not None:
        text = message("cli.missing_parameter", name=_called(error.param, error.ctx))
    elif isinstance(error, click.BadParameter) and error.param is not None:
        choices = error.param.type.choices if isinstance(error.param.type, click.Choice) else ()
        reason = message("cli.choices", choices=list(choices)) if choices else error.message
        text = message("cli.bad_parameter", name=_called(error.param, error.ctx), reason=reason)
    elif isinstance(error, click.NoSuchOption):
        text = message("cli.no_such_option", name=error.option_name) + _near(error.possibilities)
    elif isinstance(error, click.exceptions.NoSuchCommand):
        text = message("cli.no_such_verb", name=error.command_name) + _near(error.possibilities)
    else:
        return error
    return click.UsageError(text, ctx=error.ctx)


def _called(parameter: click.Parameter, ctx: click.Context) -> str:
    """A parameter as it stands on the command line."""
    return parameter.make_metavar(ctx) if isinstance(parameter, click.Argument) else parameter.opts[-1]


def _near(names: Sequence[str] | None) -> str:
    return message("cli.near", names=list(names)) if names else ""


class Terminated(KeyboardInterrupt):
    """The system asks the program to end: a shutdown, a batch system, a closed terminal."""


def exit_code(stopped: KeyboardInterrupt) -> int:
    """Exit code of a program that was stopped."""
    return EXIT_TERMINATED if isinstance(stopped, Terminated) else EXIT_INTERRUPTED


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let a request of the system to end stop the work as Ctrl+C does, so that a checkpoint is written."""

    def stop(number: int, frame: object) -> None:
        raise Terminated

    # Signals reach the main thread only, and nohup wants to be left alone.
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [number for name in names if (number := getattr(signal, name, None)) is not None]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: handler for number, handler in before.items() if handler is signal.SIG_DFL}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _warnings_as_sentences() -> Iterator[None]:
    """Say our own warnings as they are, without the line of code that Python adds."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if category.__module__.startswith("sinks."):
            click.echo(str(message), err=True)
        else:
            python(message, category, filename, lineno, file, line)

    python = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = python


def reports_problems(verb: Callable[P, R]) -> Callable[P, R]:
    """Print the problems of the user's input and exit with code 2; a defect gets one sentence and code 1."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with plain_streams(), _warnings_as_sentences(), _stoppable():
            return _reported(lambda: verb(*args, **kwargs), verb.__name__)

    return run


def _reported(verb: Callable[[], R], name: str) -> R:
    try:
        return verb()
    except SinksError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_INPUT)
    except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
        raise  # click's own; and when somebody reads only the first lines, click ends quietly
    except OSError as error:
        # The disk is neither the program's nor the project's fault; rooms that write much say more themselves.
        values = {"file": error.filename or "-", "reason": error.strerror or str(error)}
        click.echo(message("cli.disk", **values), err=True)
        sys.exit(EXIT_INPUT)
    except MemoryError:
        click.echo(message("cli.memory"), err=True)
        sys.exit(EXIT_INPUT)
    except KeyboardInterrupt as stopped:
        click.echo(message("cli.interrupted"), err=True)
        sys.exit(exit_code(stopped))
    except Exception as error:  # a defect, whatever it is: no traceback is of use to a reader
        from sinks.cli.last_resort import report_defect

        report = report_defect(error, name)
        kind = type(error).__name__
        click.echo(message("cli.defect", kind=kind, report=report if report is not None else "-"), err=True)
        sys.exit(EXIT_DEFECT)


def opened_or_run(project_or_run: Path) -> Run:
    """A run from its folder, or one made now from a project."""
    import sinks

    return sinks.open_run(project_or_run) if project_or_run.is_dir() else sinks.run(project_or_run)


def echo_and_write(answer: Answer, place: Path, out: Path | None) -> None:
    """Say what a run at ``place`` answers, write its tables, and say where they are.

    They go to ``out``, or else into the run's folder, or beside the project file that was run only to be asked.
    """
    from sinks.results.answer_files import write_answer

    click.echo(str(answer))
    made_from(place, write_answer(answer, out or (place if place.is_dir() else place.parent) / "assessment"))


def made_from(run_folder: Path, made: Iterable[Path]) -> None:
    """Say what was made of a run, and list with it what stands in its folder."""
    from sinks.results.run_folder import note_derived

    paths = list(made)
    inside = [path for path in paths if path.resolve().is_relative_to(run_folder.resolve())]
    if inside and run_folder.is_dir():
        note_derived(run_folder, inside)
    for path in paths:
        click.echo(str(path))
