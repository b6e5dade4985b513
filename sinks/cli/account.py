"""Verbs that make an account: check, run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sinks.cli.common import (
    EXIT_INPUT,
    PATH,
    exit_code,
    lang,
    quiet_option,
    reports_problems,
    threads_option,
    trust_option,
)
from sinks.text import message

if TYPE_CHECKING:
    from sinks.workflow.official import Finding

_WRITTEN = {
    "account.xlsx": "cli.file_workbook",
    "account.csv": "cli.file_account",
    "account.gpkg": "cli.file_geopackage",
    "activity.parquet": "cli.file_activity",
    "run.json": "cli.file_record",
}


_SEVERITY = {"error": "cli.severity_error", "warning": "cli.severity_warning", "note": "cli.severity_note"}


@click.command()
@click.argument("project", type=PATH)
@click.option("--out", type=PATH, help="结果文件夹 / result folder [out/<name>].")
@click.option("--force", is_flag=True, help="替换已有的结果文件夹 / replace an existing result folder.")
@click.option("--resume", is_flag=True, help="接着上次中断处继续 / go on where an interrupted run stopped.")
@threads_option
@click.option("--block-size", type=click.IntRange(16), help="分块边长（像元） / edge of a block in cells.")
@click.option(
    "--scheduler", metavar="ADDRESS", help="dask 集群的调度器 / scheduler of a dask cluster: tcp://HOST:8786."
)
@trust_option
@quiet_option
@lang
@reports_problems
def run(
    project: Path,
    out: Path | None,
    force: bool,
    resume: bool,
    threads: int | None,
    block_size: int | None,
    scheduler: str | None,
    quiet: bool,
) -> None:
    """核算项目 PROJECT（.toml，或以往结果的 run.json） / make the account of a project."""
    import sinks
    from sinks.progress import stage
    from sinks.results.run_folder import destination
    from sinks.workflow.read_project import read_project

    loaded = read_project(project)
    folder = out or Path("out") / loaded.project.name
    checkpoint = folder.with_name(f".{folder.name}.checkpoint")
    with destination(folder, force) as left, _said_what_is_kept(folder, checkpoint):
        for partial in left:
            click.echo(message("cli.partial_left", folder=partial), err=True)
        result = sinks.run(
            loaded,
            threads=threads,
            block_size=block_size,
            progress=not quiet,
            checkpoint=checkpoint,
            resume=resume,
            scheduler=scheduler,
        )
        with stage(not quiet, "cli.stage_writing"):
            written = result.write(folder, force=force)
    click.echo(str(result))
    click.echo(message("cli.written", folder=written))
    for name, id in _WRITTEN.items():
        click.echo(f"  {name:<18} {message(id)}")


@contextmanager
def _said_what_is_kept(folder: Path, checkpoint: Path) -> Iterator[None]:
    """Say, of a run that ends without a result, what is left of it and how to go on."""
    from sinks.tabulation.checkpoint import FILE_NAME

    before = _stamp(folder / "run.json")
    try:
        yield
    except KeyboardInterrupt as stopped:
        id = "cli.interrupted_kept" if (checkpoint / FILE_NAME).is_file() else "cli.interrupted"
        id = "cli.interrupted_written" if _stamp(folder / "run.json") != before else id
        click.echo(message(id, folder=folder), err=True)
        sys.exit(exit_code(stopped))
    except Exception:
        if (checkpoint / FILE_NAME).is_file():
            click.echo(message("cli.pass_kept"), err=True)
        raise


def _stamp(path: Path) -> tuple[int, int] | None:
    """What tells one file of this name from the next."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


@click.command()
@click.argument("project", type=PATH)
@click.option("--official", is_flag=True, help="按正式上报从严检查 / as strict as for an account to be published.")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出各项发现 / findings as JSON.")
@trust_option
@lang
@reports_problems
def check(project: Path, official: bool, as_json: bool) -> None:
    """检查项目文件及其数据、方法文件或结果文件夹 / check a project and its data, a methodology file or a run folder."""
    import sinks
    from sinks.errors import SinksError
    from sinks.workflow.expectation import expectations
    from sinks.workflow.official import Finding, findings, findings_of_run, gravest_first

    if project.suffix in (".py", ".csv"):
        from sinks.methodology import check_file, describe
        from sinks.workflow.consent import check_code

        check_code(project)
        click.echo(describe(check_file(project)))
        return
    try:
        if project.is_dir():
            found = findings_of_run(sinks.open_run(project), official=official)
        else:
            prepared = sinks.check(project)
            found = findings(prepared, official=official)
            found = gravest_first([*found, *expectations(prepared, Path("out") / prepared.project.project.name)])
    except SinksError as error:
        if not as_json:
            raise
        found = [Finding("error", problem) for problem in error.problems]
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], ensure_ascii=False, indent=2))
    else:
        _say(project, found)
    if any(one.severity == "error" for one in found):
        sys.exit(EXIT_INPUT)


def _say(project: Path, found: list[Finding]) -> None:
    """Findings for a reader, the gravest first; what is in order is said only of a project without errors."""
    errors = [one for one in found if one.severity == "error"]
    for one in errors:
        click.echo(f"{message(_SEVERITY['error'])} {one.problem}", err=True)
    if not errors:
        click.echo(message("cli.checked_run" if project.is_dir() else "cli.checked", project=project))
    if noted := [one for one in found if one.severity != "error"]:
        click.echo(message("cli.noted", count=len(noted)))
        for one in noted:
            click.echo(f"  {message(_SEVERITY[one.severity])} {one.problem}")
