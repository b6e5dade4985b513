"""Verbs from the sink to decisions: inventory, restoration, potential, projection, targets, value, an estimate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from sinks.cli.common import PATH, echo_and_write, lang, made_from, opened_or_run, reports_problems, trust_option

_out = click.option("--out", type=PATH, help="CSV 文件夹 / folder for the tables [RUN/assessment].")


def _question(verb: Callable[..., None]) -> Callable[..., None]:
    """What every verb takes that asks a run something and writes the tables of the answer."""
    return _out(trust_option(lang(reports_problems(verb))))


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--period", help="时段，如 2020-2023 / period [the last].")
@_question
def inventory(run_folder: Path, period: str | None, out: Path | None) -> None:
    """温室气体清单表（IPCC 与省级指南） / greenhouse-gas inventory tables; emissions are positive."""
    import sinks

    echo_and_write(sinks.open_run(run_folder).inventory(period), run_folder, out)


@click.command()
@click.argument("project_or_run", type=PATH)
@_question
def restoration(project_or_run: Path, out: Path | None) -> None:
    """修复工程成效：工程内外、前后对比 / effect of restoration projects against their surroundings."""
    echo_and_write(opened_or_run(project_or_run).restoration(), project_or_run, out)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@_question
def potential(run_folder: Path, out: Path | None) -> None:
    """增汇潜力：适宜土地与 2030、2060 年轨迹 / suited land, and what plans for it would hold."""
    import sinks

    echo_and_write(sinks.open_run(run_folder).potential(), run_folder, out)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@_question
def projection(run_folder: Path, out: Path | None) -> None:
    """林分推算到 2030、2060 年，有无项目对比，附图 / stands grown to years to come, with and without a project."""
    import sinks
    from sinks.output.projection import write_projection

    found, folder = sinks.open_run(run_folder).projection(), out or run_folder / "assessment"
    echo_and_write(found, run_folder, out)
    made_from(run_folder, write_projection(found, folder))


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--published", is_flag=True, help="用公开文件的目标 / the targets of published documents.")
@click.option(
    "--as", "definitions", multiple=True, metavar="INDICATOR=DEFINITION",
    help="由本次核算得出该指标，并声明其口径 / compute the indicator, which stands under this definition.",
)  # fmt: skip
@_question
def targets(run_folder: Path, published: bool, definitions: tuple[str, ...], out: Path | None) -> None:
    """生态目标进展：森林覆盖率、蓄积、草原盖度、湿地 / progress of forest, grass and wetland targets."""
    import sinks

    pairs = [one.partition("=") for one in definitions]
    declared = {indicator: definition for indicator, _, definition in pairs}
    echo_and_write(sinks.open_run(run_folder).targets(declared, published=published), run_folder, out)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.argument("projects", type=PATH)
@_question
def admit(run_folder: Path, projects: Path, out: Path | None) -> None:
    """新上项目评价：对盟市和全区强度、预算的影响，附一页意见 / effect of new projects, with a one-page opinion."""
    import sinks
    from sinks.output.report.opinion import write_opinions

    found, folder = sinks.open_run(run_folder).admit(projects), out or run_folder / "assessment"
    echo_and_write(found, run_folder, out)
    made_from(run_folder, write_opinions(found, folder))


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--prices", type=PATH, required=True, help="碳价情景 CSV / price scenarios.")
@click.option("--discount-rate", type=float, required=True, help="实际贴现率（小数） / real rate, a fraction.")
@click.option("--base-year", type=int, required=True, help="贴现到哪一年 / year to discount to.")
@_out
@lang
@reports_problems
def value(run_folder: Path, prices: Path, discount_rate: float, base_year: int, out: Path | None) -> None:
    """碳汇价值与净现值 / value of the sink and its net present value."""
    import sinks

    echo_and_write(sinks.open_run(run_folder).value(prices, discount_rate, base_year), run_folder, out)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--table", "early", type=PATH, required=True, help="早期统计 CSV / early statistics.")
@click.option("--record", type=PATH, help="以往估算与结果 CSV / earlier quick estimates and what came after.")
@_out
@lang
@reports_problems
def estimate(run_folder: Path, early: Path, record: Path | None, out: Path | None) -> None:
    """尚无核算的年份或季度的快速估算（假定） / quick estimate of a year or quarter not accounted yet (assumed)."""
    import sinks

    echo_and_write(sinks.open_run(run_folder).estimate(early, record), run_folder, out)
