"""Verbs that explain an account: methodologies side by side, dual control, why two runs differ, a second path."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sinks.cli.common import EXIT_FAILED, PATH, echo_and_write, lang, opened_or_run, reports_problems, trust_option
from sinks.text import message


@click.command()
@click.argument("project_or_run", type=PATH)
@click.option("--all", "every", is_flag=True, help="试算全部方法 / try every methodology there is.")
@click.option("--out", type=PATH, help="另存为 CSV 的文件夹 / folder for the tables as CSV.")
@trust_option
@lang
@reports_problems
def compare(project_or_run: Path, every: bool, out: Path | None) -> None:
    """各方法并列比较，并说明为何不同 / methodologies side by side, and why they differ."""
    from sinks.results.answer_files import write_answer

    found = opened_or_run(project_or_run).compare(every=every)
    click.echo(str(found))
    if out is not None:
        write_answer(found, out)
        click.echo(message("cli.written", folder=out))


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--region", help="地区代码 / code of a region [the first].")
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="列出几项 / how many sources.")
@click.option("--out", type=PATH, help="另存为 CSV 的文件夹 / folder for the tables as CSV.")
@trust_option
@lang
@reports_problems
def uncertainty(run_folder: Path, region: str | None, top: int, out: Path | None) -> None:
    """区间从哪里来：来源排序，误差传播与蒙特卡洛对照 / where intervals come from, by both IPCC approaches."""
    import sinks
    from sinks.results.answer_files import write_answer

    found = sinks.open_run(run_folder).uncertainty(region, top)
    click.echo(str(found))
    if out is not None and write_answer(found, out):
        click.echo(message("cli.written", folder=out))


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.argument("figure", metavar="FIGURE")
@click.option("--region", help="只找这个地区 / only figures of this region, by code or name.")
@click.option("--out", type=PATH, help="另存为 CSV 的文件夹 / folder for the tables as CSV.")
@lang
@reports_problems
def trace(run_folder: Path, figure: str, region: str | None, out: Path | None) -> None:
    """一个数从哪里来：核算表的行、参数的行与页、文献、文件 / where a figure is from: rows, parameters, documents."""
    import sinks
    from sinks.results.answer_files import write_answer

    found = sinks.open_run(run_folder).trace(figure, region)
    click.echo(str(found))
    if out is not None and write_answer(found, out):
        click.echo(message("cli.written", folder=out))


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--project", type=PATH, help="改用另一项目的 [assessment] / that of another project.")
@click.option("--alternatives", is_flag=True, help="换一种规则再判 / the verdict by other rules.")
@click.option("--out", type=PATH, help="CSV 文件夹 / folder for the tables [RUN/assessment].")
@trust_option
@lang
@reports_problems
def assess(run_folder: Path, project: Path | None, alternatives: bool, out: Path | None) -> None:
    """碳排放双控评价 / dual control: the sink beside each league's emissions."""
    import sinks

    run = sinks.open_run(run_folder)
    echo_and_write(run.alternatives(project) if alternatives else run.assess(project), run_folder, out)


@click.command()
@click.argument("before", type=PATH)
@click.argument("after", type=PATH)
@click.option("--quantity", type=click.Choice(["net_removals", "carbon_stock"]), default="net_removals")
@click.option("--periods", nargs=2, help="两次结果各自的时段或年份 / date or period of each run.")
@click.option("--out", type=PATH, help="写成 CSV / write a CSV.")
@lang
@reports_problems
def diff(before: Path, after: Path, quantity: str, periods: tuple[str, str] | None, out: Path | None) -> None:
    """两次结果为何不同：面积、密度、方法、参数、数据 / why two runs differ."""
    import sinks
    from sinks.results.answer_files import write_tables

    found = sinks.open_run(before).diff(sinks.open_run(after), quantity, periods)
    click.echo(str(found))
    if out is not None:
        write_tables({out: found.tables()["diff"]})


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--seed", type=click.IntRange(0), help="抽样种子 / seed of the sample of regions.")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / the result as JSON.")
@lang
@reports_problems
def verify(run_folder: Path, seed: int | None, as_json: bool) -> None:
    """用不共用代码的第二路径复核结果 / compute a run a second time, by other code, and compare."""
    import sinks
    from sinks.errors import SinksError
    from sinks.workflow.verify_run import store_verification

    found = sinks.verify(run_folder, seed=seed, store=False)
    click.echo(found.to_json() if as_json else str(found))
    try:
        store_verification(found)
    except SinksError as error:  # what was found counts more than whether it could be kept
        click.echo(str(error), err=True)
    if not found.ok:
        sys.exit(EXIT_FAILED)
