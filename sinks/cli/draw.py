"""Verbs that draw a run: map, reports, rasters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sinks.cli.common import PATH, lang, made_from, quiet_option, reports_problems, threads_option, trust_option


@click.command("map")
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--out", type=PATH, help="HTML 文件 / the file [RUN/map.html].")
@click.option("--tiles", help="自有瓦片服务，含 {z}{x}{y} / a tile server of your own; none by default.")
@click.option("--overlay", type=PATH, help="叠加的栅格 / a raster to paint under the outlines.")
@lang
@reports_problems
def map_(run_folder: Path, out: Path | None, tiles: str | None, overlay: Path | None) -> None:
    """把结果画成一个不联网的网页地图 / draw a run as one HTML map that needs no network."""
    import sinks
    from sinks.output.map import write_map

    path = out or run_folder / "map.html"
    run = sinks.open_run(run_folder)
    write_map(run.contents, path, assessment=run.assessment, tiles=tiles, overlay=overlay)
    made_from(run_folder, [path])


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--out", type=PATH, help="文件夹 / folder [RUN/report].")
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="CODE",
    help="只出这些地区（代码或全称） / only these regions, by code or name.",
)
@click.option("--template", type=PATH, help="自己的 Word 模板 / a Word template of your own.")
@click.option("--html", is_flag=True, help="另写一个网页摘要 / write the summary page too.")
@quiet_option
@lang
@reports_problems
def report(
    run_folder: Path, out: Path | None, regions: tuple[str, ...], template: Path | None, html: bool, quiet: bool
) -> None:
    """为每个盟市和全区写一份 Word 报告 / write a Word report for each league and the region."""
    import sinks
    from sinks.output.report import figures_kept
    from sinks.progress import Bar, bar
    from sinks.text import language

    folder = out or run_folder / "report"
    run = sinks.open_run(run_folder)
    bars: list[Bar] = []

    def progress(done: int, total: int) -> None:
        # Made with the first report, so that what is refused before it leaves no empty bar behind.
        if not bars:
            bars.append(bar(total, "cli.stage_reports"))
        bars[0].update(done - bars[0].n)

    try:
        with figures_kept():
            made = run.report(
                *regions, out=folder, lang=language(), template=template, progress=None if quiet else progress
            )
            if html:
                made.append(run.html(folder / "summary.html", lang=language()))
    finally:
        for shown in bars:
            shown.close()
    made_from(run_folder, made)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--out", type=PATH, help="文件 / the file [RUN/<what>_<period>.tif].")
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
@threads_option
@click.option("--force", is_flag=True, help="替换已有文件 / replace an existing file.")
@quiet_option
@trust_option
@lang
@reports_problems
def paint(run_folder: Path, out: Path | None, link: bool, units: tuple[str, ...], quiet: bool, **options: Any) -> None:
    """把密度画成栅格（COG） / paint a density as a raster (COG)."""
    import sinks

    run = sinks.open_run(run_folder)
    name = "_".join(filter(None, (options["what"], options["period"])))
    path = out or run_folder / f"{name}.{'vrt' if link else 'tif'}"
    if link:
        made = run.paint(path, link=True, **{key: options[key] for key in ("what", "period", "force")})
    else:
        made = run.paint(path, units=units or None, progress=not quiet, **options)
    made_from(run_folder, [made.path])
    click.echo(str(made))
