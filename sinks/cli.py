"""The command line: thin verbs over the public names of the package.

Nothing heavy is imported before a verb needs it, so that ``sinks --help`` answers at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from sinks.errors import SinksError
from sinks.text import message, set_language

F = TypeVar("F", bound=Callable[..., Any])

EXIT_INPUT = 2
"""Exit code when the user's input is at fault; 1 is a defect of the program, 0 success."""


def _reports_problems(verb: F) -> F:
    """Print the problems of the user's input and exit with code 2, without a traceback."""

    @wraps(verb)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return verb(*args, **kwargs)
        except SinksError as error:
            click.echo(str(error), err=True)
            sys.exit(EXIT_INPUT)
        except KeyboardInterrupt:
            click.echo(message("cli.interrupted"), err=True)
            sys.exit(130)

    return run  # type: ignore[return-value]


def _language(ctx: click.Context, param: click.Parameter, value: str) -> str:
    set_language(value)
    return value


_lang = click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    callback=_language,
    expose_value=False,
    is_eager=True,
    help="输出语言 / language of the output.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sinks", prog_name="sinks")
def main() -> None:
    """生态系统碳储量与碳汇核算 / ecosystem carbon stock and sink, by region.

    \b
    sinks init                    新建项目文件 / write a project file
    sinks check PROJECT.toml      检查项目与数据 / check a project and its data
    sinks run PROJECT.toml        核算 / make the account
    """
    # Windows consoles may be set to a code page without Chinese; losing a character beats losing the run.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


@main.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="结果文件夹 / result folder [out/<name>].")
@click.option("--force", is_flag=True, help="替换已有的结果文件夹 / replace an existing result folder.")
@click.option("--resume", is_flag=True, help="接着上次中断处继续 / go on where an interrupted run stopped.")
@click.option("--threads", type=click.IntRange(1), help="线程数 / threads [cores, at most 8].")
@click.option("--block-size", type=click.IntRange(16), help="分块边长（像元） / edge of a block in cells.")
@click.option("--quiet", is_flag=True, help="不显示进度 / no progress.")
@_lang
@_reports_problems
def run(
    project: Path,
    out: Path | None,
    force: bool,
    resume: bool,
    threads: int | None,
    block_size: int | None,
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
    )
    written = result.write(folder, force=force)
    click.echo(str(result))
    click.echo(message("cli.written", folder=written))
    for name, id in _WRITTEN.items():
        click.echo(f"  {name:<18} {message(id)}")


_WRITTEN = {
    "account.xlsx": "cli.file_workbook",
    "account.csv": "cli.file_account",
    "account.gpkg": "cli.file_geopackage",
    "activity.parquet": "cli.file_activity",
    "run.json": "cli.file_record",
}


@main.command()
@click.argument("project", type=click.Path(path_type=Path))
@_lang
@_reports_problems
def check(project: Path) -> None:
    """检查项目文件及其数据，或一个方法文件 / check a project and its data, or a methodology file."""
    import sinks

    if project.suffix in (".py", ".csv"):
        from sinks.methodology import check_file, describe

        click.echo(describe(check_file(project)))
        return
    sinks.check(sinks.Project.read(project))
    click.echo(message("cli.checked", project=project))


@main.command()
@click.argument("id", required=False)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / as JSON.")
@_lang
@_reports_problems
def methods(id: str | None, as_json: bool) -> None:
    """列出方法，或说明方法 ID / list the methodologies, or describe one."""
    from sinks.methodology import Registry, describe

    registry = Registry()
    if id is not None:
        click.echo(describe(registry.get(id)))
        return
    listed = [bound.methodology for bound in registry.all()]
    if as_json:
        rows = [{"id": m.id, "approach": m.approach, "tier": m.tier, "title": str(m.title)} for m in listed]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for m in listed:
        click.echo(f"{m.id:<24} {m.approach:<18} {m.title}")


@main.command()
@click.argument("project_or_run", type=click.Path(path_type=Path))
@click.option("--all", "every", is_flag=True, help="试算全部方法 / try every methodology there is.")
@click.option("--out", type=click.Path(path_type=Path), help="另存为 CSV 的文件夹 / folder for the tables as CSV.")
@_lang
@_reports_problems
def compare(project_or_run: Path, every: bool, out: Path | None) -> None:
    """各方法并列比较，并说明为何不同 / methodologies side by side, and why they differ."""
    import sinks

    made = sinks.open_run(project_or_run) if project_or_run.is_dir() else sinks.run(project_or_run)
    found = made.compare(every=every)
    click.echo(str(found))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name in ("figures", "reasons", "refusals"):
            getattr(found, name).to_csv(out / f"compare_{name}.csv", index=False, encoding="utf-8-sig")
        click.echo(message("cli.written", folder=out))


@main.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("project.toml"))
@click.option("--name", help="项目短名 / short name.")
@click.option("--province", help="省级代码或名称 / code or name of the province.")
@click.option("--within", help="只做其中一个盟市 / only one league.")
@click.option("--level", type=click.Choice(["league", "banner"]), help="盟市或旗县 / level.")
@click.option("--land-cover", "land_cover", multiple=True, metavar="YEAR=FILE", help="土地覆盖 / land cover of a year.")
@click.option("--legend", help="图例 / legend, for example clcd.")
@click.option("--force", is_flag=True, help="覆盖已有文件 / overwrite.")
@_lang
@_reports_problems
def init(path: Path, force: bool, **answers: Any) -> None:
    """写一个带注释的项目文件 / write a commented project file, asking for what is not given."""
    from sinks.init import ask, write_project

    write_project(path, ask(answers), force=force)
    click.echo(message("cli.init_written", path=path))


@main.command("map")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="HTML 文件 / the file [RUN/map.html].")
@click.option("--tiles", help="自有瓦片服务，含 {z}{x}{y} / a tile server of your own; none by default.")
@click.option("--overlay", type=click.Path(path_type=Path), help="叠加的栅格 / a raster to paint under the outlines.")
@_lang
@_reports_problems
def map_(run_folder: Path, out: Path | None, tiles: str | None, overlay: Path | None) -> None:
    """把结果画成一个不联网的网页地图 / draw a run as one HTML map that needs no network."""
    import sinks
    from sinks.output.map import write_map

    path = out or run_folder / "map.html"
    write_map(sinks.open_run(run_folder).contents, path, tiles=tiles, overlay=overlay)
    _made(run_folder, [path])


@main.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="文件夹 / folder [RUN/report].")
@click.option("--region", "regions", multiple=True, metavar="CODE", help="只出这些地区 / only these regions.")
@click.option("--template", type=click.Path(path_type=Path), help="自己的 Word 模板 / a Word template of your own.")
@click.option("--html", is_flag=True, help="另写一个网页摘要 / write the summary page too.")
@click.option("--quiet", is_flag=True, help="不显示进度 / no progress.")
@_lang
@_reports_problems
def report(
    run_folder: Path, out: Path | None, regions: tuple[str, ...], template: Path | None, html: bool, quiet: bool
) -> None:
    """为每个盟市和全区写一份 Word 报告 / write a Word report for each league and the region."""
    from tqdm import tqdm

    import sinks
    from sinks.text import language

    folder = out or run_folder / "report"
    run = sinks.open_run(run_folder)
    with tqdm(disable=quiet, unit="docx") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        made = run.report(*regions, out=folder, lang=language(), template=template, progress=progress)
    if html:
        made.append(run.html(folder / "summary.html", lang=language()))
    _made(run_folder, made)


@main.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--project", type=click.Path(path_type=Path), help="改用另一项目的 [assessment] / that of another project."
)
@click.option("--out", type=click.Path(path_type=Path), help="CSV 文件夹 / folder for the tables [RUN/assessment].")
@_lang
@_reports_problems
def assess(run_folder: Path, project: Path | None, out: Path | None) -> None:
    """碳排放双控评价 / dual control: the sink beside each league's emissions."""
    import sinks
    from sinks.output.csv_tables import write_csv

    evaluation = sinks.open_run(run_folder).assess(project)
    folder = out or run_folder / "assessment"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, table in evaluation.tables().items():
        made.append(folder / f"{name}.csv")
        write_csv(table, made[-1])
    click.echo(evaluation.assessment.verdicts().to_string(index=False, float_format="{:.4f}".format))
    _made(run_folder, made)


@main.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--quantity", type=click.Choice(["net_removals", "carbon_stock"]), default="net_removals")
@click.option("--out", type=click.Path(path_type=Path), help="写成 CSV / write a CSV.")
@_lang
@_reports_problems
def diff(before: Path, after: Path, quantity: str, out: Path | None) -> None:
    """两次结果为何不同：面积、密度、方法、参数、数据 / why two runs differ."""
    import sinks
    from sinks.output.csv_tables import write_csv

    table = sinks.open_run(before).diff(sinks.open_run(after), quantity)
    shown = table.pivot_table(index="region_code", columns="effect", values="value", aggfunc="sum", margins=False)
    click.echo(shown.to_string(float_format="{:,.0f}".format))
    if out is not None:
        write_csv(table, out)


@main.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="文件 / the file [RUN/<what>_<period>.tif].")
@click.option(
    "--what",
    type=click.Choice(["carbon_stock_density", "stock_change_density", "net_removals_density"]),
    default="carbon_stock_density",
    show_default=True,
    help="绘制什么 / what to paint.",
)
@click.option("--period", help="年份或时段，如 2020、2020-2023 / a date or a period.")
@click.option("--resolution", type=float, help="像元边长 / cell width: the land cover's times a whole number.")
@click.option("--unit", "units", multiple=True, metavar="CODE", help="只画这些基本区域 / only these region units.")
@click.option("--link", is_flag=True, help="不写像元，只写查找表（.vrt） / a look-up table (.vrt) instead of cells.")
@click.option("--threads", type=click.IntRange(1), help="线程数 / threads [cores, at most 8].")
@click.option("--force", is_flag=True, help="替换已有文件 / replace an existing file.")
@click.option("--quiet", is_flag=True, help="不显示进度 / no progress.")
@_lang
@_reports_problems
def paint(
    run_folder: Path,
    out: Path | None,
    what: str,
    period: str | None,
    resolution: float | None,
    units: tuple[str, ...],
    link: bool,
    threads: int | None,
    force: bool,
    quiet: bool,
) -> None:
    """把密度画成栅格（COG） / paint a density as a raster (COG)."""
    import sinks

    run = sinks.open_run(run_folder)
    path = out or run_folder / f"{'_'.join(filter(None, (what, period)))}.{'vrt' if link else 'tif'}"
    if link:
        made = run.paint(path, link=True, what=what, period=period, force=force)
    else:
        made = run.paint(
            path,
            what=what,
            period=period,
            resolution=resolution,
            units=units or None,
            threads=threads,
            progress=not quiet,
            force=force,
        )
    _made(run_folder, [made.path])
    click.echo(str(made))


def _made(run_folder: Path, made: list[Path]) -> None:
    """Say what was made, and list it with the run when it stands in its folder."""
    from sinks.output.folder import note_derived

    note_derived(run_folder, [path for path in made if path.resolve().is_relative_to(run_folder.resolve())])
    for path in made:
        click.echo(str(path))


@main.command("new")
@click.argument("id")
@click.option("--extends", help="沿用某方法的公式，只换参数 / only other parameters for an existing one.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(), help="放在哪里 / where to put it.")
@_lang
@_reports_problems
def new_methodology(id: str, extends: str | None, folder: Path) -> None:
    """写一个自己的方法的样板 / write the start of a methodology of your own."""
    from sinks.methodology import new as write_starter

    for path in write_starter(id, extends=extends, folder=folder):
        click.echo(str(path))


if __name__ == "__main__":
    main()
