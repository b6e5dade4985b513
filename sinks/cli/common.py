"""What the verbs share: exit codes, the options that several have, and how problems are said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from sinks.errors import SinksError
from sinks.text import message, set_language

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")

EXIT_INPUT = 2
"""Exit code when the user's input is at fault; 1 is a defect of the program, 0 success."""

EXIT_INTERRUPTED = 130
"""Exit code of a program stopped with Ctrl+C, as shells have it."""

PATH = click.Path(path_type=Path)

threads_option = click.option("--threads", type=click.IntRange(1), help="线程数 / threads [cores, at most 8].")
quiet_option = click.option("--quiet", is_flag=True, help="不显示进度 / no progress.")


def _language(ctx: click.Context, param: click.Parameter, value: str) -> str:
    set_language(value)
    return value


lang = click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    callback=_language,
    expose_value=False,
    is_eager=True,
    help="输出语言 / language of the output.",
)


def reports_problems(verb: Callable[P, R]) -> Callable[P, R]:
    """Print the problems of the user's input and exit with code 2, without a traceback."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except SinksError as error:
            click.echo(str(error), err=True)
            sys.exit(EXIT_INPUT)
        except BrokenPipeError:
            raise  # somebody reads only the first lines; click ends quietly
        except OSError as error:
            # The disk is neither the program's nor the project's fault; rooms that write much say more themselves.
            values = {"file": error.filename or "-", "reason": error.strerror or str(error)}
            click.echo(message("cli.disk", **values), err=True)
            sys.exit(EXIT_INPUT)
        except KeyboardInterrupt:
            click.echo(message("cli.interrupted"), err=True)
            sys.exit(EXIT_INTERRUPTED)

    return run


def write_tables(tables: Mapping[Path, pd.DataFrame]) -> list[Path]:
    """Write tables as CSV files, making their folders.

    Raises
    ------
    RunError
        The disk does not let it.
    """
    from sinks.output import atomic
    from sinks.output.csv_tables import write_csv

    for path, table in tables.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_csv(table, path)
        except OSError as error:
            raise atomic.explained(error, path) from error
    return list(tables)


def made_from(run_folder: Path, made: Iterable[Path]) -> None:
    """Say what was made of a run, and list with it what stands in its folder."""
    from sinks.output.folder import note_derived

    paths = list(made)
    if inside := [path for path in paths if path.resolve().is_relative_to(run_folder.resolve())]:
        note_derived(run_folder, inside)
    for path in paths:
        click.echo(str(path))
