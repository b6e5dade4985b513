"""Verbs to begin with: a project file, the methodologies there are, a methodology of your own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sinks.cli.common import PATH, lang, reports_problems
from sinks.errors import MethodologyError, Problem
from sinks.text import display_width, message


@click.command()
@click.argument("path", type=PATH, default=Path("project.toml"))
@click.option("--name", help="项目短名 / short name.")
@click.option("--title", help="项目名称，印在报告上；默认同短名 / title of the report, by default the short name.")
@click.option("--province", help="省级代码或名称 / code or name of the province.")
@click.option("--within", help="只做其中一个盟市 / only one league.")
@click.option("--level", type=click.Choice(["league", "banner"]), help="盟市或旗县 / level.")
@click.option("--land-cover", "land_cover", multiple=True, metavar="YEAR=FILE", help="土地覆盖 / land cover of a year.")
@click.option("--legend", help="图例 / legend, for example clcd.")
@click.option(
    "--assessment", type=PATH, metavar="FOLDER", help="写评价用表的模板 / templates of an assessment's tables."
)
@click.option("--force", is_flag=True, help="覆盖已有文件 / overwrite.")
@lang
@reports_problems
def init(path: Path, force: bool, assessment: Path | None, **answers: Any) -> None:
    """写一个带注释的项目文件 / write a commented project file, asking for what is not given."""
    if assessment is not None:
        from sinks.assessment.inputs import write_templates

        for made in write_templates(assessment, force=force):
            click.echo(str(made))
        return
    from sinks.cli.first_project import ask, write_project

    write_project(path, ask(answers), force=force)
    click.echo(message("cli.init_written", path=path))


@click.command()
@click.argument("id", required=False)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / as JSON.")
@click.option("--full", is_flag=True, help="逐行列出参数、文献与页码 / every parameter with its document and page.")
@lang
@reports_problems
def methods(id: str | None, as_json: bool, full: bool) -> None:
    """列出方法，或说明方法 ID / list the methodologies, or describe one."""
    from sinks.methodology import Registry, describe

    registry = Registry()
    if id is not None:
        click.echo(describe(registry.get(id), full=full))
        return
    listed = [bound.methodology for bound in registry.all()]
    if as_json:
        rows = [{"id": m.id, "approach": m.approach, "tier": m.tier, "title": str(m.title)} for m in listed]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    approaches = {m.approach: message(f"compare.{m.approach}") for m in listed}
    wide, long = max(len(m.id) for m in listed), max(map(display_width, approaches.values()))
    for m in listed:
        approach = approaches[m.approach]
        click.echo(f"{m.id:<{wide}}  {approach}{' ' * (long - display_width(approach))}  {m.title}")


@click.command("new")
@click.argument("id")
@click.option("--extends", help="沿用某方法的公式，只换参数 / only other parameters for an existing one.")
@click.option("--folder", type=PATH, help="放在哪里 / where to put it.")
@click.option(
    "--library",
    is_flag=True,
    help="加入本软件的方法库，填好后再运行一次 / for the library; again once it is filled in.",
)
@lang
@reports_problems
def new_methodology(id: str, extends: str | None, folder: Path | None, library: bool) -> None:
    """写一个自己的方法的样板 / write the start of a methodology of your own."""
    from sinks.methodology import new as write_starter

    if not library:
        for path in write_starter(id, extends=extends, folder=folder or Path()):
            click.echo(str(path))
        return
    from sinks.cli.library import add_to_library

    if extends is not None or folder is not None:
        raise MethodologyError(Problem("methodology.library_alone", id, {}))
    added = add_to_library(id)
    for path in added.files:
        click.echo(str(path))
    click.echo(message("methodology.library_next" if added.to_fill else "methodology.library_done", id=id))
