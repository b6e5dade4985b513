"""Static figures for reports: drawn from numbers and words they are handed, in no language of their own."""

from sinks.output.figures.bars import Bar, bar_chart
from sinks.output.figures.flows import Flow, flow_diagram
from sinks.output.figures.maps import MapText, local_albers, region_map
from sinks.output.figures.matrix import transition_heatmap
from sinks.output.figures.style import ECOSYSTEM_COLOURS, as_png
from sinks.output.figures.waterfall import PathPoint, Step, target_path, waterfall
from sinks.output.figures.years import YearPoint, year_lines

__all__ = [
    "ECOSYSTEM_COLOURS",
    "Bar",
    "Flow",
    "MapText",
    "PathPoint",
    "Step",
    "YearPoint",
    "as_png",
    "bar_chart",
    "flow_diagram",
    "local_albers",
    "region_map",
    "target_path",
    "transition_heatmap",
    "waterfall",
    "year_lines",
]
