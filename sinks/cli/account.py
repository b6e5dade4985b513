"""Verbs that make an account: check, run."""

from __future__ import annotations

from pathlib import Path

import click

from sinks.cli.common import PATH, lang, quiet_option, reports_problems, threads_option, trust_option
from sinks.text import message

_WRITTEN = {
    "account.xlsx": "cli.file_workbook",
    "account.csv": "cli.file_account",
    "account.gpkg": "cli.file_geopackage",
    "activity.parquet": "cli.file_activity",
    "run.json": "cli.file_record",
}


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

    loaded = sinks.Project.read(project)
    folder = out or Path("out") / loaded.project.name
    sinks.ensure_writable(folder, force=force)
    result = sinks.run(
        loaded,
        threads=threads,
        block_size=block_size,
        progress=not quiet,
        checkpoint=folder.with_name(f".{folder.name}.checkpoint"),
        resume=resume,
        scheduler=scheduler,
    )
    written = result.write(folder, force=force)
    click.echo(str(result))
    click.echo(message("cli.written", folder=written))
    for name, id in _WRITTEN.items():
        click.echo(f"  {name:<18} {message(id)}")


@click.command()
@click.argument("project", type=PATH)
@trust_option
@lang
@reports_problems
def check(project: Path) -> None:
    """检查项目文件及其数据，或一个方法文件 / check a project and its data, or a methodology file."""
    import sinks

    if project.suffix in (".py", ".csv"):
        from sinks.methodology import check_file, describe
        from sinks.workflow.consent import check_code

        check_code(project)
        click.echo(describe(check_file(project)))
        return
    noted = sinks.check(sinks.Project.read(project)).notes
    click.echo(message("cli.checked", project=project))
    if noted:
        click.echo(message("cli.noted", count=len(noted)))
        for note in noted:
            click.echo(f"  {note}")
