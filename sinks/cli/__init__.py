"""The command line: thin verbs over the public names of the package.

Nothing heavy is imported before a verb needs it, so that ``sinks --help`` answers at once.
"""

from __future__ import annotations

import sys

import click

from sinks.cli import account, begin, decide, draw, explain
from sinks.cli.common import EXIT_INPUT, Verbs, lang_before
from sinks.cli.series import series

__all__ = ["EXIT_INPUT", "main"]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sinks", prog_name="sinks")
@lang_before
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


for _verb in (
    begin.init,
    account.check,
    account.run,
    begin.methods,
    begin.new_methodology,
    explain.compare,
    explain.assess,
    explain.diff,
    explain.uncertainty,
    explain.verify,
    explain.trace,
    decide.inventory,
    decide.restoration,
    decide.potential,
    decide.projection,
    decide.targets,
    decide.value,
    decide.admit,
    decide.estimate,
    draw.map_,
    draw.report,
    draw.paint,
    series,
):
    main.add_command(_verb)
