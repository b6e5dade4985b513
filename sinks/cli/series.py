"""The verb of a series: years added one by one, recalculations, what stands in the register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from sinks.cli.common import PATH, lang, quiet_option, reports_problems, threads_option, trust_option
from sinks.text import message

if TYPE_CHECKING:
    from sinks.series import Series


class Options(TypedDict):
    """How a vintage is made, and which are read."""

    threads: int | None
    quiet: bool
    cause: str
    new_segment: bool
    approved: bool
    export: bool


@click.command()
@click.argument("archive", type=PATH)
@click.option("--add", type=PATH, metavar="PROJECT", help="加入这个项目的新年份 / add the new years of a project.")
@click.option(
    "--new-segment", is_flag=True, help="另起一段，不与以往连线 / begin a line of its own, joined to nothing before."
)
@click.option("--recalculate", type=PATH, metavar="PROJECT", help="重算所有年份 / make all years anew.")
@click.option("--cause", default="", help="重算或另起一段的原因 / why they are made anew, or a segment is begun.")
@click.option(
    "--status", nargs=2, metavar="VINTAGE STATUS", help="版次状态：submitted、approved 等 / how far a vintage has come."
)
@click.option("--compare", nargs=2, metavar="OLD NEW", help="比较两个版次的相同时段 / two vintages, same periods.")
@click.option(
    "--export", is_flag=True, help="写出最新版次的工作簿和 GeoPackage / workbook and GeoPackage of the newest."
)
@click.option("--approved", is_flag=True, help="只用已批准的版次 / only vintages that are approved.")
@click.option("--out", type=PATH, help="CSV 文件夹 / folder for the tables.")
@threads_option
@trust_option
@quiet_option
@lang
@reports_problems
def series(
    archive: Path,
    add: Path | None,
    recalculate: Path | None,
    status: tuple[str, str] | None,
    compare: tuple[str, str] | None,
    out: Path | None,
    **options: Unpack[Options],
) -> None:
    """逐年核算的系列：加入年份、重算、登记与时间序列 / a series of accounts, year after year."""
    from sinks.results.answer_files import write_answer, write_tables
    from sinks.series import Series

    asked: dict[str, object] = {"--add": add, "--recalculate": recalculate, "--status": status, "--compare": compare}
    asked["--export"] = options["export"] or None
    if sum(one is not None for one in asked.values()) > 1:
        raise click.UsageError(message("series.one_thing", options=list(asked)))
    found = Series.open(archive, new=add is not None)
    cause, threads, progress = options["cause"], options["threads"], not options["quiet"]
    if add is not None:
        segment = options["new_segment"]
        _said(found.add(add, new_segment=segment, cause=cause, threads=threads, progress=progress))
    elif recalculate is not None:
        _said(found.recalculate(recalculate, cause, threads=threads, progress=progress))
    elif status is not None:
        click.echo(found.set_status(*status).register.table().to_string(index=False))
    elif options["export"]:
        for path in found.export():
            click.echo(str(path))
    elif compare is not None:
        table = found.compare(*compare)
        click.echo(table[table["ecosystem"] == "all"].to_string(index=False))
        if out is not None:
            write_tables({out / "vintages.csv": table})
    else:
        years = found.years(approved=options["approved"])
        click.echo(str(years))
        if out is not None:
            for path in write_answer(years, out):
                click.echo(str(path))


def _said(found: Series) -> None:
    """Say what was added, and where its run is."""
    row = found.register.rows[-1]
    count = int((found.inputs()["vintage"] == row.vintage).sum())
    click.echo(message("series.added", vintage=row.vintage, status=row.status, years=list(row.years), number=count))
    click.echo(str(found.folder / "vintages" / row.vintage))
    click.echo(message("series.no_exports"))
