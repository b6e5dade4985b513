"""Names on printed maps: none lies on another or off the paper, for the regions that the reports of the region draw."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from sinks.geo.regions import load_builtin
from sinks.output.figures import MapText, region_map
from sinks.output.figures.style import as_png, styled

TEXT = MapText("碳密度", "无数据", "碳源", "km", "北", ("内部工作用图",))


@pytest.fixture(scope="module")
def region() -> gpd.GeoDataFrame:
    frame = load_builtin("150000", levels=("league", "banner")).frame
    return frame.assign(geometry=frame.geometry.simplify(0.01))


def drawn(frame: gpd.GeoDataFrame, parent: str) -> tuple[Figure, list[Text]]:
    """The map of the regions below one, and the names on it."""
    shown = frame[frame["parent"] == parent]
    names = {
        code: f"{name}\n{number}.25" for number, (code, name) in enumerate(zip(shown.code, shown.name, strict=True))
    }
    figure = region_map(shown, dict.fromkeys(names, 1.0), TEXT, signed=False, names=names)
    found = [text for text in figure.axes[0].texts if text.get_text() in set(names.values())]
    assert len(found) == len(names)
    return figure, found


@pytest.mark.parametrize("parent", ["150000", "150600", "150100", "150200", "150700", "152500"])
def test_no_name_lies_on_another_or_off_the_paper(region: gpd.GeoDataFrame, parent: str) -> None:
    figure, names = drawn(region, parent)
    # What counts is where they lie once it is drawn: the box of the axes takes its shape only then.
    as_png(figure, int(figure.dpi))
    with styled():
        boxes = {text.get_text(): text.get_window_extent() for text in names}
    paper = figure.bbox
    for name, box in boxes.items():
        assert paper.x0 <= box.x0 < box.x1 <= paper.x1, name
        assert paper.y0 <= box.y0 < box.y1 <= paper.y1, name
    overlaps = [(a, b) for (a, one), (b, other) in combinations(boxes.items(), 2) if one.overlaps(other)]
    assert overlaps == []


def test_neighbours_are_grey_and_have_no_name(region: gpd.GeoDataFrame) -> None:
    leagues = region[region["level"] == "league"]
    own, others = leagues[leagues["code"] == "150600"], leagues[leagues["code"] != "150600"]
    with_others = region_map(own, {"150600": 1.0}, TEXT, signed=False, names={"150600": "甲"}, around=others)
    without = region_map(own, {"150600": 1.0}, TEXT, signed=False, names={"150600": "甲"})
    assert len(with_others.axes[0].collections) == len(without.axes[0].collections) + 1
    assert with_others.axes[0].get_xlim() == without.axes[0].get_xlim()
