"""Verbs from the sink to decisions: inventory, restoration, potential, targets, value, a quick estimate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sinks.cli.common import (
    PATH,
    echo_table,
    inner_regions,
    lang,
    made_from,
    outermost_regions,
    reports_problems,
    trust_option,
    write_tables,
)
from sinks.text import message

if TYPE_CHECKING:
    import pandas as pd

    from sinks.errors import Problem
    from sinks.workflow.verbs import Run

_out = click.option("--out", type=PATH, help="CSV 文件夹 / folder for the tables [RUN/assessment].")


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--period", help="时段，如 2020-2023 / period [the last].")
@_out
@trust_option
@lang
@reports_problems
def inventory(run_folder: Path, period: str | None, out: Path | None) -> None:
    """温室气体清单表（IPCC 与省级指南） / greenhouse-gas inventory tables; emissions are positive."""
    import sinks
    from sinks.assessment.sheets import write_sheets
    from sinks.assessment.words import word

    run = sinks.open_run(run_folder)
    found = run.inventory(period)
    totals = found.crf[found.crf["category"] == "all"].drop(columns=["category", "subcategory", "ipcc_2006", "crf"])
    _show(totals[totals["region_code"].isin(inner_regions(run.contents.regions.frame))], {})
    made = _tables(run_folder, out, run, found.tables())
    said = [message(note.id, **note.values) for note in found.notes]
    notes = " ".join([word("note.sign"), word("note.blank"), *_notice(run), *said])
    book = (out or run_folder / "assessment") / "inventory.xlsx"
    write_sheets(book, found.tables(), dict.fromkeys(found.tables(), notes), run.contents.created)
    _end(run_folder, [*made, book], found.notes)


@click.command()
@click.argument("project_or_run", type=PATH)
@_out
@trust_option
@lang
@reports_problems
def restoration(project_or_run: Path, out: Path | None) -> None:
    """修复工程成效：工程内外、前后对比 / effect of restoration projects against their surroundings."""
    import sinks

    run = sinks.open_run(project_or_run) if project_or_run.is_dir() else sinks.run(project_or_run)
    found = run.restoration()
    columns = ["project_id", "period", "phase", "effect", "low", "high", "matched_share", "detected"]
    _show(found.table[columns], {"phase": "phase", "detected": "detected"})
    _finish(project_or_run, out, run, found.tables(), found.notes)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@_out
@trust_option
@lang
@reports_problems
def potential(run_folder: Path, out: Path | None) -> None:
    """增汇潜力：适宜土地与 2030、2060 年轨迹 / suited land, and what plans for it would hold."""
    import sinks

    run = sinks.open_run(run_folder)
    found = run.potential()
    _show(
        found.land[found.land["region_code"].isin(outermost_regions(run.contents.regions.frame))], {"reason": "reason"}
    )
    for table in (found.trajectory, found.needed):
        if table is not None:
            shown = (
                table[table["region_code"].isin(["all", *outermost_regions(run.contents.regions.frame)])]
                if "region_code" in table
                else table
            )
            _show(shown.rename(columns={"removals": "sink"}), {"feasible": "feasible"} if "feasible" in shown else {})
    _finish(run_folder, out, run, found.tables(), found.notes)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--published", is_flag=True, help="用公开文件的目标 / the targets of published documents.")
@click.option(
    "--as", "definitions", multiple=True, metavar="INDICATOR=DEFINITION",
    help="由本次核算得出该指标，并声明其口径 / compute the indicator, which stands under this definition.",
)  # fmt: skip
@_out
@trust_option
@lang
@reports_problems
def targets(run_folder: Path, published: bool, definitions: tuple[str, ...], out: Path | None) -> None:
    """生态目标进展：森林覆盖率、蓄积、草原盖度、湿地 / progress of forest, grass and wetland targets."""
    import sinks
    from sinks.assessment.errors import AssessmentError
    from sinks.errors import Problem

    run = sinks.open_run(run_folder)
    pairs = [one.partition("=") for one in definitions]
    if wrong := [indicator for indicator, _, definition in pairs if not definition]:
        raise AssessmentError(Problem("assessment.no_definition", "--as", {"indicators": wrong}))
    table = run.targets({indicator: definition for indicator, _, definition in pairs}, published=published)
    columns = ["region_code", "indicator", "definition", "target_year", "base", "target", "year", "observed", "unit"]
    columns.append("status")
    _show(table[columns], {"indicator": "indicator", "status": "status"})
    _finish(run_folder, out, run, {"indicators": table}, ())


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
    from sinks.assessment.words import word

    run = sinks.open_run(run_folder)
    yearly, net = run.value(prices, discount_rate, base_year)
    shown = net[net["region_code"].isin(inner_regions(run.contents.regions.frame))]
    ends = ["value", "low", "high"]
    _show(shown.assign(**{name: shown[name] / 1e4 for name in ends}).rename(columns={"value": "value_yuan"}), {})
    click.echo(word("note.value"))
    _finish(run_folder, out, run, {"value": yearly, "value_net_present": net}, ())


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
@click.option("--table", "early", type=PATH, required=True, help="早期统计 CSV / early statistics.")
@_out
@lang
@reports_problems
def estimate(run_folder: Path, early: Path, out: Path | None) -> None:
    """尚无核算年份的快速估算（假定） / quick estimate of a year not accounted yet (assumed)."""
    import sinks
    from sinks.assessment.words import word

    run = sinks.open_run(run_folder)
    table = run.estimate(early)
    named = {"basis": "basis", "ecosystem": "ecosystem"}
    _show(table.rename(columns={"value": "sink"}), named)
    click.echo(word("note.estimate"))
    _finish(run_folder, out, run, {"quick_estimate": table.assign(note=word("note.estimate"))}, ())


def _show(table: pd.DataFrame, named: Mapping[str, str]) -> None:
    """Print a table as people read it; what is missing stays blank."""
    from sinks.assessment.words import readable

    echo_table(readable(table, named=named), _number)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _notice(run: Run) -> list[str]:
    """The sentence that demonstration data have to carry."""
    return [message("output.demonstration")] if run.record["demonstration"] else []


def _tables(run_folder: Path, out: Path | None, run: Run, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    folder = out or (run_folder if run_folder.is_dir() else run_folder.parent) / "assessment"
    notice = _notice(run)
    marked = {name: table.assign(notice=notice[0]) if notice else table for name, table in tables.items()}
    return write_tables({folder / f"{name}.csv": table for name, table in marked.items()})


def _end(run_folder: Path, made: Iterable[Path], notes: Iterable[Problem]) -> None:
    for note in notes:
        click.echo(str(note))
    if run_folder.is_dir():
        made_from(run_folder, made)
    else:
        for path in made:
            click.echo(str(path))


def _finish(
    run_folder: Path, out: Path | None, run: Run, tables: Mapping[str, pd.DataFrame], notes: Iterable[Problem]
) -> None:
    """Write the tables, then say what a reader must know and where they are."""
    _end(run_folder, _tables(run_folder, out, run, tables), notes)
