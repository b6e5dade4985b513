"""The map in a real Chromium: opened from a file, with the network off, as an official opens it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine

from sinks.output.map import draw_map, write_map
from sinks.results.contents import RunContents, StoredRegions
from support.mapped_run import EVIL, EVIL_CODE, LANDS, POOLS, example

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium with its driver on this machine"),
    # The driver listens on loopback; every other address stays closed.
    pytest.mark.allow_hosts(["127.0.0.1", "localhost", "::1"]),
]


@pytest.fixture(scope="module")
def contents() -> RunContents:
    return example()


@pytest.fixture(scope="module")
def account(contents: RunContents) -> pd.Series:
    """Values of the account by region, ecosystem, pool, quantity and period."""
    return contents.account.set_index(["region_code", "ecosystem", "pool", "quantity", "period"])["value"]


@pytest.fixture(scope="module")
def saved(contents: RunContents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_map(contents, tmp_path_factory.mktemp("map") / "地图 map.html")


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[Any]:
    """Chromium with a fresh profile, its logs on and every host name made unresolvable."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    flags = (
        "headless=new no-sandbox disable-gpu disable-background-networking disable-component-update no-first-run "
        "disable-dev-shm-usage window-size=1500,950 force-device-scale-factor=1"
    )
    for flag in flags.split():
        options.add_argument(f"--{flag}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(chromium: Any) -> Any:
    """Chromium on an empty page, with empty logs."""
    chromium.get("about:blank")
    for log in ("browser", "performance"):
        chromium.get_log(log)
    return chromium


@pytest.fixture
def page(browser: Any, saved: Path) -> Iterator[Any]:
    """The opened map; whatever a test does to it, it may neither complain nor ask anybody for anything."""
    browser.get(saved.as_uri())
    yield browser
    assert browser.get_log("browser") == []
    assert requests(browser, saved) == set()


def requests(browser: Any, page: Path) -> set[str]:
    """Addresses the page asked for, beside itself and what it holds as data."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    urls = {request["request"]["url"] for request in sent if request["documentURL"].startswith("file:")}
    assert page.as_uri() in urls, "the log does not even hold the page itself"
    return {url for url in urls - {page.as_uri()} if not url.startswith(("data:", "blob:"))}


def choose(page: Any, control: str, value: str) -> None:
    Select(page.find_element(By.ID, control)).select_by_value(value)


def press(page: Any, control: str, text: str) -> None:
    """Press the button with this text in a group of choices."""
    for button in page.find_elements(By.CSS_SELECTOR, f"#{control} button"):
        if button.text == text:
            button.click()
            return
    raise AssertionError(f"no button {text!r} in {control}")


def region(page: Any, code: str) -> Any:
    return page.find_element(By.CSS_SELECTOR, f'path[data-code="{code}"]')


def click(page: Any, code: str) -> None:
    """Click where the region is shown: the middle of its box may lie in a neighbour."""
    page.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", region(page, code))


def hover(page: Any, code: str) -> Any:
    """Move the mouse over the region; returns what is shown beside it."""
    page.execute_script(
        "const box = arguments[0].getBoundingClientRect();"
        "const at = {bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2};"
        "arguments[0].dispatchEvent(new MouseEvent('mouseover', at));",
        region(page, code),
    )
    return page.find_element(By.CSS_SELECTOR, ".leaflet-tooltip.tip > div")


def drawn(page: Any) -> set[str]:
    return {path.get_attribute("data-code") for path in page.find_elements(By.CSS_SELECTOR, "path[data-code]")}


def heading(page: Any) -> str:
    return cast(str, page.find_element(By.CSS_SELECTOR, "#panel h2").text)


def cards(page: Any) -> dict[str, tuple[str, float]]:
    """Text and full value of the key figures by name."""
    found = {}
    for card in page.find_elements(By.CSS_SELECTOR, ".cards > div"):
        number = card.find_element(By.CSS_SELECTOR, "dd[data-value]")
        found[card.find_element(By.TAG_NAME, "dt").text] = (number.text, float(number.get_attribute("data-value")))
    return found


def shown(value: float, decimals: int = 2) -> str:
    return f"{value:,.{decimals}f}".replace("-", "−")


def search(page: Any, text: str) -> None:
    box = page.find_element(By.ID, "search")
    box.clear()
    box.send_keys(text, Keys.ENTER)


def test_opens_from_a_file_with_the_network_off(page: Any, saved: Path, contents: RunContents) -> None:
    assert saved.stat().st_size < 5e6
    assert page.title == contents.record["title"]
    assert page.find_element(By.ID, "demonstration").is_displayed()
    assert "示范数据" in page.find_element(By.ID, "demonstration").text
    assert "内部工作用图" in page.find_element(By.ID, "foot").text
    assert page.execute_script("return document.documentElement.lang") == "zh-CN"
    frame = contents.regions.frame
    assert drawn(page) == set(frame.loc[frame["level"] == "league", "code"])
    for control in (".leaflet-control-scale-line", "#north svg", "#legend li", ".leaflet-control-zoom-in"):
        assert page.find_element(By.CSS_SELECTOR, control).is_displayed()


def test_densities_colour_regions_and_totals_are_circles(page: Any, account: pd.Series) -> None:
    """The page opens on a density; totals have one ground, and larger circles where they are larger."""
    script = (
        "return [...document.querySelectorAll('path[data-circle]')].map(p => [p.dataset.circle, p.getBBox().width])"
    )
    assert Select(page.find_element(By.ID, "layer")).first_selected_option.get_attribute("value") == "sink_per_ha"
    assert page.execute_script(script) == []
    choose(page, "layer", "sink")
    assert len({region(page, code).get_attribute("fill") for code in ("150100", "150600", "150700")}) == 1
    widths = dict(page.execute_script(script))
    assert set(widths) == drawn(page)
    sizes = {code: abs(account[code, "all", "all", "net_removals", "2020-2023"]) for code in widths}
    in_order = [widths[code] for code in sorted(sizes, key=sizes.__getitem__)]
    assert in_order == sorted(in_order)
    assert len(set(in_order)) > 2


def test_panel_and_tooltip_show_the_account(page: Any, account: pd.Series) -> None:
    choose(page, "layer", "sink")
    click(page, "150700")
    expected = account["150700", "all", "all", "net_removals", "2020-2023"]
    text, value = cards(page)["年碳汇量"]
    assert value == expected
    assert text == f"{shown(expected / 1e4)} 万吨CO₂/年"
    tip = hover(page, "150784")
    expected = account["150784", "all", "all", "net_removals", "2020-2023"]
    assert float(tip.get_attribute("data-value")) == expected
    assert shown(expected / 1e4) in tip.text


@pytest.mark.parametrize("layer", ["sink", "stock", "change"])
def test_table_of_every_layer_is_the_account(page: Any, account: pd.Series, layer: str) -> None:
    quantity = {"sink": "net_removals", "stock": "carbon_stock", "change": "stock_change"}[layer]
    choose(page, "layer", layer)
    period = page.find_element(By.CSS_SELECTOR, '#period [aria-pressed="true"]').text
    search(page, EVIL_CODE)
    cells = page.find_elements(By.CSS_SELECTOR, "#pools td")
    assert len(cells) == (len(LANDS) + 1) * (len(POOLS) + 1)
    for cell in cells:
        land, pool = cell.get_attribute("data-ecosystem"), cell.get_attribute("data-pool")
        expected = account[EVIL_CODE, land, pool, quantity, period]
        assert float(cell.get_attribute("data-value")) == expected
        assert cell.text == shown(expected / 1e4)


def test_ratios_are_taken_from_the_account(page: Any, account: pd.Series, contents: RunContents) -> None:
    stock, area = (account["150000", "forest", "all", q, "2020"] for q in ("carbon_stock", "area"))
    choose(page, "layer", "stock_density")
    choose(page, "ecosystem", "forest")
    press(page, "period", "2020")
    text, value = cards(page)["碳密度"]
    assert value == pytest.approx(stock / area, rel=1e-14)
    assert text == f"{shown(stock / area)} 吨碳/公顷"
    choose(page, "layer", "sink_uncertainty")
    rows = contents.account
    row = rows[(rows["region_code"] == "150000") & (rows["quantity"] == "net_removals")]
    row = row[(row["ecosystem"] == "forest") & (row["pool"] == "all")].iloc[0]
    assert cards(page)["碳汇量不确定性"][1] == pytest.approx((row["high"] - row["low"]) / 2 / abs(row["value"]))


def test_layer_changes_colours_legend_and_year(page: Any) -> None:
    before = region(page, "150700").get_attribute("fill")
    choose(page, "layer", "stock")
    assert region(page, "150700").get_attribute("fill") != before
    assert "碳储量" in page.find_element(By.CSS_SELECTOR, "#legend h2").text
    value = cards(page)["碳储量"]
    press(page, "period", "2020")
    assert cards(page)["碳储量"] != value
    assert "2020" in page.find_element(By.CSS_SELECTOR, "#legend").text


def legend(page: Any) -> list[tuple[str, float, float]]:
    """Colour and bounds of each class, read from what the legend says."""
    script = (
        "return [...document.querySelectorAll('#legend li')].map(li => "
        "[li.querySelector('rect').getAttribute('fill'), li.innerText])"
    )
    classes = []
    for colour, text in page.execute_script(script):
        numbers = [float(part) for part in re.findall(r"-?[\d.]+", text.replace("−", "-").replace(",", ""))]
        open_end = {"<": [-np.inf, *numbers], "≥": [*numbers, np.inf], ">": [*numbers, np.inf]}
        low, high = open_end.get(text.strip()[0], numbers)
        classes.append((colour, low, high))
    return classes


@pytest.mark.parametrize(("layer", "quantity", "period"), [
    ("sink_per_ha", "net_removals", "2020-2023"),
    ("stock_density", "carbon_stock", "2020"),
])  # fmt: skip
def test_every_region_has_the_colour_that_the_legend_gives_its_value(
    page: Any, account: pd.Series, layer: str, quantity: str, period: str
) -> None:
    choose(page, "layer", layer)
    press(page, "level", "旗县")
    press(page, "period", period)
    classes = legend(page)
    assert len({colour for colour, _, _ in classes}) == len(classes) > 4
    lows = [low for _, low, _ in classes]
    assert lows == sorted(lows, reverse=True)
    script = (
        "return [...document.querySelectorAll('path[data-code]')].map(p => [p.dataset.code, p.getAttribute('fill')])"
    )
    fills = dict(page.execute_script(script))
    assert len(fills) == 103
    for code, fill in fills.items():
        value = account[code, "all", "all", quantity, period] / account[code, "all", "all", "area", period[-4:]]
        assert [colour for colour, low, high in classes if low <= value < high] == [fill], (code, value)


def test_a_source_stands_out_by_colour_edge_and_sign(page: Any, account: pd.Series) -> None:
    press(page, "level", "旗县")
    sinks = account.xs(("all", "all", "net_removals", "2020-2023"), level=[1, 2, 3, 4])
    paths = {code: region(page, code) for code in drawn(page)}
    sources = {code for code in paths if sinks[code] < 0}
    assert sources
    assert {code for code, path in paths.items() if path.get_attribute("stroke-dasharray")} == sources
    colours = [{paths[c].get_attribute("fill") for c in group} for group in (sources, set(paths) - sources)]
    assert not colours[0] & colours[1]
    assert "−" in page.find_element(By.ID, "legend").text


def test_drill_down_and_back(page: Any, contents: RunContents) -> None:
    frame = contents.regions.frame
    leagues = set(frame.loc[frame["level"] == "league", "code"])
    banners = set(frame.loc[frame["parent"] == "150700", "code"])
    click(page, "150700")
    assert heading(page) == "呼伦贝尔市"
    assert drawn(page) == banners | (leagues - {"150700"})
    click(page, "150702")
    assert heading(page) == "海拉尔区"
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    assert heading(page) == "呼伦贝尔市"
    page.find_element(By.CSS_SELECTOR, '#crumbs [data-code="150000"]').click()
    assert heading(page) == "内蒙古自治区"
    assert drawn(page) == leagues


def test_keyboard_alone_opens_a_region(page: Any) -> None:
    path = region(page, "150700")
    assert path.get_attribute("role") == "button"
    assert "呼伦贝尔市" in path.get_attribute("aria-label")
    page.execute_script("arguments[0].focus()", path)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert heading(page) == "呼伦贝尔市"
    assert "呼伦贝尔市" in page.find_element(By.ID, "announce").get_attribute("textContent")


@pytest.mark.parametrize(
    ("text", "name"), [("150702", "海拉尔区"), ("海拉尔", "海拉尔区"), ("锡林郭勒盟", "锡林郭勒盟")]
)
def test_search_by_code_and_name(page: Any, text: str, name: str) -> None:
    search(page, text)
    assert heading(page) == name


def test_search_says_what_it_did_not_find(page: Any) -> None:
    search(page, "没有这个旗")
    assert "没有这个旗" in page.find_element(By.ID, "status").text
    assert heading(page) == "内蒙古自治区"


def test_english_and_back(page: Any) -> None:
    page.find_element(By.ID, "language").click()
    assert page.execute_script("return document.documentElement.lang") == "en"
    assert "Annual net removals" in cards(page)
    words = page.execute_script(
        "return [...document.querySelectorAll('#tools, #legend, #foot, #panel th, #panel h3, #panel dt, .quiet')]"
        ".map(e => e.innerText).join(' ')"
    )
    assert not [c for c in words.replace("内蒙古自治区", "") if "\u4e00" <= c <= "\u9fff"]
    page.find_element(By.ID, "language").click()
    assert "年碳汇量" in cards(page)


def test_text_from_data_is_shown_and_not_run(page: Any, contents: RunContents) -> None:
    search(page, EVIL_CODE)
    assert heading(page) == EVIL
    assert EVIL in hover(page, EVIL_CODE).text
    page.find_element(By.CSS_SELECTOR, "#caveats summary").click()
    notices = page.find_element(By.CSS_SELECTOR, "#caveats ul").text
    assert EVIL in notices
    assert "150700" in notices
    assert page.title == contents.record["title"]
    assert not page.find_elements(By.CSS_SELECTOR, "img[src='x']")


def test_policy_stops_a_script_that_got_in(browser: Any, saved: Path) -> None:
    browser.get(saved.as_uri())
    assert browser.get_log("browser") == []
    browser.execute_script(
        "const script = document.createElement('script');"
        "script.textContent = 'window.ran = 1';"
        "const box = document.createElement('div');"
        "box.innerHTML = '<button onclick=\"window.ran = 2\">';"
        "document.body.append(script, box);"
        "box.firstChild.click();"
        "new Image().src = 'https://example.org/a.png';"
    )
    complaints = [entry["message"] for entry in browser.get_log("browser")]
    assert len(complaints) == 3
    assert all("Content Security Policy" in text for text in complaints)
    assert browser.execute_script("return window.ran") is None


def test_image_of_the_map_is_saved(page: Any, downloads: Path) -> None:
    click(page, "150700")
    page.find_element(By.ID, "png").click()
    WebDriverWait(page, 10).until(lambda _: list(downloads.glob("*.png")))
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(next(downloads.glob("*.png"))) as image:
        picture = image.read([1, 2, 3])
    assert min(picture.shape[1:]) > 800
    hexes = {path.get_attribute("fill") for path in page.find_elements(By.CSS_SELECTOR, "path[data-code]")}
    for colour in hexes:
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])[:, None, None]
        assert (np.abs(picture.astype(int) - wanted).max(axis=0) <= 2).sum() > 500, colour


def test_print_shows_map_and_caveats_without_controls(page: Any) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert not page.find_element(By.ID, "tools").is_displayed()
    assert page.find_element(By.CSS_SELECTOR, "#caveats ul").is_displayed()
    assert page.find_element(By.ID, "legend").is_displayed()
    page.execute_script("window.dispatchEvent(new Event('afterprint'))")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert page.find_element(By.ID, "tools").is_displayed()


def test_offset_share_and_painted_raster(browser: Any, contents: RunContents, tmp_path: Path) -> None:
    with rasterio.open(
        tmp_path / "density.tif", "w", driver="GTiff", width=60, height=40, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(0.5, 0, 97, 0, -0.45, 54),
    ) as file:  # fmt: skip
        file.write(np.arange(2400, dtype="float32").reshape(40, 60), 1)
    rows = [("150700", 2023, q, v, None, None) for q, v in (("sink_counted", 3e6), ("emissions", 4e7))]
    assessment = pd.DataFrame(rows, columns=["region_code", "year", "quantity", "value", "low", "high"])
    path = tmp_path / "map.html"
    write_map(contents, path, assessment=assessment, overlay=tmp_path / "density.tif", overlay_name="碳密度")
    browser.get(path.as_uri())
    choose(browser, "layer", "offset_share")
    click(browser, "150700")
    assert cards(browser)["碳汇抵减占比"] == ("7.50 %", pytest.approx(0.075))
    assert cards(browser)["碳排放量（不抵扣）"][1] == 4e7
    assert region(browser, "150702").get_attribute("fill") == "url(#missing)"
    browser.find_element(By.CSS_SELECTOR, "#raster input").click()
    image = browser.find_element(By.CSS_SELECTOR, ".leaflet-overlay-pane img")
    assert browser.execute_script("return arguments[0].decode().then(() => arguments[0].naturalWidth)", image) > 500
    assert "碳密度" in browser.find_element(By.ID, "legend").text
    assert browser.get_log("browser") == []
    assert requests(browser, path) == set()


def test_regions_side_by_side_without_intervals(browser: Any, contents: RunContents, tmp_path: Path) -> None:
    frame = contents.regions.frame
    leagues = frame[frame["level"] == "league"].assign(parent="")
    rows = contents.account[contents.account["level"] == "league"].assign(low=np.nan, high=np.nan)
    path = tmp_path / "map.html"
    write_map(replace(contents, account=rows, regions=StoredRegions(leagues)), path)
    browser.get(path.as_uri())
    assert drawn(browser) == set(leagues["code"])
    assert not cards(browser)
    click(browser, "150700")
    assert "年碳汇量" in cards(browser)
    browser.find_element(By.CSS_SELECTOR, "#crumbs button").click()
    assert heading(browser) == contents.record["title"]
    assert browser.get_log("browser") == []


def test_shows_itself_in_a_notebook(browser: Any, contents: RunContents, tmp_path: Path) -> None:
    path = tmp_path / "notebook.html"
    shown = draw_map(contents)._repr_html_()
    path.write_text(f"<!doctype html><meta charset=utf-8><title>n</title>{shown}", encoding="utf-8")
    browser.get(path.as_uri())
    browser.switch_to.frame(browser.find_element(By.TAG_NAME, "iframe"))
    assert len(drawn(browser)) == 12
    browser.switch_to.default_content()
    assert browser.get_log("browser") == []


def test_own_tiles_are_asked_for_at_their_server_only(browser: Any, contents: RunContents, tmp_path: Path) -> None:
    path = write_map(contents, tmp_path / "map.html", tiles="https://maps.example.org/{z}/{x}/{y}.png")
    browser.get(path.as_uri())
    asked = requests(browser, path)
    assert asked
    assert all(url.startswith("https://maps.example.org/") for url in asked)


# --- figures that are no headline -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def marked(contents: RunContents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sink of Hohhot may be noise of the maps, and three quarters of that of Baotou have a stated uncertainty."""
    account = contents.account.copy()
    part = (account["region_code"] == "150200") & (account["quantity"] == "net_removals")
    account.loc[part, ["low", "high", "uncertain_share"]] = [np.nan, np.nan, 0.7499]
    noise = pd.DataFrame({"region_code": ["150100"], "period": ["2020-2023"], "withheld": [True]})
    checks = contents.checks.assign(check=["classification_noise", "b"])
    made = replace(contents, account=account, tables={"noise": noise}, checks=checks)
    figures = (("sink_counted", 3e6, "noise"), ("emissions", 4e7, ""))
    rows = [("150100", 2023, name, value, None, None, why) for name, value, why in figures]
    columns = ["region_code", "year", "quantity", "value", "low", "high", "withheld"]
    path = tmp_path_factory.mktemp("marked") / "map.html"
    return write_map(made, path, assessment=pd.DataFrame(rows, columns=columns))


def test_a_counted_sink_that_may_be_noise_offsets_nothing(browser: Any, marked: Path) -> None:
    browser.get(marked.as_uri())
    choose(browser, "layer", "offset_share")
    assert "分不清是变化还是分类误差" in hover(browser, "150100").text
    click(browser, "150100")
    shown = [card.text.strip() for card in browser.find_elements(By.CSS_SELECTOR, "#panel dl.cards dd")]
    assert shown == ["分不清是变化还是分类误差", "分不清是变化还是分类误差", "4,000.00 万吨CO₂"]
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("layer", ["sink", "sink_per_ha", "sink_uncertainty"])
def test_a_sink_that_may_be_noise_has_no_number(browser: Any, marked: Path, layer: str) -> None:
    browser.get(marked.as_uri())
    choose(browser, "layer", layer)
    shown = hover(browser, "150100")
    assert "分不清是变化还是分类误差" in shown.text
    assert shown.get_attribute("data-value") is None
    assert "分不清是变化还是分类误差" in browser.find_element(By.ID, "legend").text
    click(browser, "150100")
    card = browser.find_element(By.CSS_SELECTOR, "#panel dl.cards dd")
    assert card.text.strip() == "分不清是变化还是分类误差"
    # The figures stay in the table, with the mark.
    assert "表中数值不作结论" in browser.find_element(By.ID, "panel").text
    assert browser.find_element(By.CSS_SELECTOR, "#pools tr.total td:last-child").get_attribute("data-value")
    assert browser.get_log("browser") == []


def test_an_interval_that_is_missing_says_what_it_would_leave_out(browser: Any, marked: Path) -> None:
    browser.get(marked.as_uri())
    choose(browser, "layer", "sink")
    assert "不确定度只覆盖74%" in hover(browser, "150200").text
    browser.get(marked.as_uri())
    assert "95%区间" in hover(browser, "150300").text
    browser.get(marked.as_uri())
    browser.find_element(By.ID, "language").click()
    assert "uncertainty stated for 74% only" in hover(browser, "150200").text


def test_the_banner_names_what_bears_on_every_figure(browser: Any, marked: Path, saved: Path) -> None:
    browser.get(marked.as_uri())
    assert "有的碳汇分不清是变化还是分类误差。" in browser.find_element(By.CSS_SELECTOR, "#caveats summary").text
    lines = browser.find_elements(By.CSS_SELECTOR, "#caveats li")
    assert "61%" in lines[0].get_attribute("textContent")
    browser.get(saved.as_uri())
    assert "分类误差" not in browser.find_element(By.CSS_SELECTOR, "#caveats summary").text


def test_many_years_are_stepped_through_by_keys(
    browser: Any, contents: RunContents, account: pd.Series, tmp_path: Path
) -> None:
    stock = contents.account[(contents.account["quantity"] == "carbon_stock") & (contents.account["period"] == "2020")]
    more = [stock.assign(period=year, value=stock["value"] * share) for year, share in (("2021", 1.1), ("2022", 1.2))]
    path = write_map(replace(contents, account=pd.concat([contents.account, *more])), tmp_path / "years.html")
    browser.get(path.as_uri())
    slider = browser.find_element(By.ID, "year")
    assert not slider.is_displayed()  # one period of sinks is nothing to step through
    choose(browser, "layer", "stock")
    assert slider.is_displayed()
    assert slider.get_attribute("aria-valuetext") == "2023"
    slider.send_keys(Keys.ARROW_LEFT)
    assert slider.get_attribute("aria-valuetext") == "2022"
    assert browser.find_element(By.ID, "subtitle").text.endswith("2022")
    shown = hover(browser, "150700").get_attribute("data-value")
    assert float(shown) == pytest.approx(1.2 * account["150700", "all", "all", "carbon_stock", "2020"], rel=1e-9)
