"""Verbs that explain an account: methodologies side by side, dual control, why two runs differ."""

from __future__ import annotations

from pathlib import Path

import click

from sinks.cli.common import (
    PATH,
    echo_table,
    inner_regions,
    lang,
    made_from,
    reports_problems,
    trust_option,
    write_tables,
)
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
    import sinks

    made = sinks.open_run(project_or_run) if project_or_run.is_dir() else sinks.run(project_or_run)
    found = made.compare(every=every)
    click.echo(str(found))
    if out is not None:
        names = ("figures", "reasons", "refusals")
        write_tables({out / f"compare_{name}.csv": getattr(found, name) for name in names})
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
    from sinks.results.labels import label
    from sinks.results.shown_intervals import region_code, shown_approaches, shown_sources

    run = sinks.open_run(run_folder)
    found, both = run.sensitivity(), run.approaches()
    if both.empty:
        click.echo(message("cli.no_uncertainty"))
        return
    code = region_code(both, region)
    for table in (shown_sources(found.table, code, top), shown_approaches(both, code)):
        click.echo(table.to_string(index=False, na_rep="", float_format="{:,.0f}".format) + "\n")
    click.echo(label("note.uncertainty"))
    if out is not None:
        write_tables({out / "uncertainty.csv": both, out / "uncertainty_sources.csv": found.table})
        click.echo(message("cli.written", folder=out))


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--project", type=PATH, help="改用另一项目的 [assessment] / that of another project.")
@click.option("--out", type=PATH, help="CSV 文件夹 / folder for the tables [RUN/assessment].")
@trust_option
@lang
@reports_problems
def assess(run_folder: Path, project: Path | None, out: Path | None) -> None:
    """碳排放双控评价 / dual control: the sink beside each league's emissions."""
    import sinks

    run = sinks.open_run(run_folder)
    evaluation = run.assess(project)
    folder = out or run_folder / "assessment"
    notice = {"notice": message("output.demonstration")} if run.record["demonstration"] else {}
    made = write_tables({folder / f"{name}.csv": table.assign(**notice) for name, table in evaluation.tables().items()})
    echo_table(evaluation.assessment.last_year(), "{:,.1f}".format)
    if names := evaluation.assessment.near_zero():
        click.echo(message("cli.near_zero", names=names))
    made_from(run_folder, made)


@click.command()
@click.argument("before", type=PATH)
@click.argument("after", type=PATH)
@click.option("--quantity", type=click.Choice(["net_removals", "carbon_stock"]), default="net_removals")
@click.option("--out", type=PATH, help="写成 CSV / write a CSV.")
@lang
@reports_problems
def diff(before: Path, after: Path, quantity: str, out: Path | None) -> None:
    """两次结果为何不同：面积、密度、方法、参数、数据 / why two runs differ."""
    import sinks
    from sinks.analysis.decomposition import shown_effects
    from sinks.assessment.words import word

    later = sinks.open_run(after)
    table = sinks.open_run(before).diff(later, quantity)
    frame = later.contents.regions.frame
    shown = frame[frame["code"].isin(inner_regions(frame))]
    echo_table(shown_effects(table, shown, quantity), "{:,.0f}".format)
    if more := table["region_code"].nunique() - len(shown):
        click.echo(message("output.more_regions", count=more))
    click.echo(word("note.diff"))
    if out is not None:
        write_tables({out: table})
