"""What the pages on Python describe: every public name, and what one is handed by them."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """A page of the reference of Python: its name, its title and the objects on it."""

    name: str
    title: str
    objects: tuple[str, ...]


PAGES = (
    Page(
        "making",
        "项目与核算 / A project and its run",
        (
            "sinks.Project",
            "sinks.run",
            "sinks.check",
            "sinks.open_run",
            "sinks.verify",
            "sinks.ensure_writable",
            "sinks.workflow.prepare.Prepared",
        ),
    ),
    Page("run", "核算结果 / A finished run", ("sinks.Run", "sinks.workflow.run_views.RunViews")),
    Page("plots", "图 / Figures", ("sinks.output.plots.Plots",)),
    Page(
        "tabulate",
        "分区统计 / The pass by itself",
        ("sinks.tabulate", "sinks.accessor.SinksAccessor", "sinks.workflow.tabulate_over.Tabulated"),
    ),
    Page(
        "tables",
        "表与栏目 / Tables and their columns",
        (
            "sinks.results.frames",
            "sinks.activity.Activity",
            "sinks.account.account.Account",
            "sinks.results.contents.RunContents",
        ),
    ),
    Page(
        "answers",
        "答复 / Answers of a run",
        (
            "sinks.assessment.answer.Answer",
            "sinks.assessment.evaluate.Evaluation",
            "sinks.assessment.alternatives.Alternatives",
            "sinks.assessment.admission.Admission",
            "sinks.assessment.indicators.Progress",
            "sinks.assessment.valuation.SinkValue",
            "sinks.analysis.comparison.Comparison",
            "sinks.analysis.decomposition.Difference",
            "sinks.analysis.inventory.Inventory",
            "sinks.analysis.quick_estimate.QuickEstimate",
            "sinks.analysis.sensitivity",
            "sinks.planning.prospects.Prospects",
            "sinks.planning.sites.Effects",
            "sinks.projection.projection.Projection",
            "sinks.results.shown_intervals.Intervals",
            "sinks.results.shown_trace.Trace",
            "sinks.verification.findings.Verification",
        ),
    ),
    Page(
        "library",
        "方法学 / Methodologies",
        (
            "sinks.Registry",
            "sinks.Methodology",
            "sinks.methodology.Example",
            "sinks.methodology.Intermediate",
            "sinks.methodology.Monthly",
            "sinks.methodology.bound.Bound",
            "sinks.parameters.ParameterTable",
        ),
    ),
    Page(
        "regions",
        "地区与图例 / Regions and legends",
        (
            "sinks.geo.regions.Regions",
            "sinks.geo.regions.load_builtin",
            "sinks.geo.region_file.load_file",
            "sinks.available_legends",
            "sinks.load_legend",
            "sinks.geo.legends.Legend",
            "sinks.geo.legends.LegendClass",
        ),
    ),
    Page("series", "逐年序列 / Year after year", ("sinks.series.Series",)),
    Page(
        "words",
        "语言与错误 / Language and errors",
        ("sinks.set_language", "sinks.using_language", "sinks.SinksError", "sinks.errors.Problem", "sinks.units"),
    ),
)
