"""The map on a phone, a notebook and a desk: in view at once, nothing over anything else, for every reader."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sinks.output.map import write_map
from support.mapped_run import example

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium with its driver on this machine"),
    pytest.mark.allow_hosts(["127.0.0.1", "localhost", "::1"]),
]

AXE = Path(find_spec("axe_core_python").origin or "").with_name("axe.min.js")  # type: ignore[union-attr]

SIZES = {390: 844, 1366: 768, 1920: 1080}

BOXES = """
  const shown = (e) => e && e.getClientRects().length ? e.getBoundingClientRect() : null;
  const sides = (r) => r && [r.left, r.top, r.right, r.bottom];
  const box = (name) => sides(shown(document.querySelector(name)));
  const places = [...document.querySelectorAll('.place')].map(shown).filter(Boolean).map(sides);
  return {
    map: box('.folium-map'), legend: box('#legend'), zoom: box('.leaflet-control-zoom'), north: box('#north'),
    panel: box('#panel'), tools: box('#tools'), places,
    wide: document.documentElement.scrollWidth, inner: [window.innerWidth, window.innerHeight],
  };
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.binary_location = str(CHROMIUM)
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_map(example(), tmp_path_factory.mktemp("sizes") / "map.html")


def overlap(one: list[float], other: list[float]) -> float:
    """Area [px2] that two boxes (left, top, right, bottom) have in common."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(tall, 0.0)


@pytest.mark.parametrize("width", SIZES)
def test_map_is_in_view_at_once_and_nothing_lies_over_anything(browser: Any, saved: Path, width: int) -> None:
    opened(browser, saved, width)
    found = browser.execute_script(BOXES)
    inner_wide, inner_tall = found["inner"]
    assert found["wide"] <= inner_wide
    # Most of the map is on the first screen, as wide as the screen allows.
    seen = overlap(found["map"], [0, 0, inner_wide, inner_tall])
    assert seen >= 0.35 * inner_wide * inner_tall
    assert found["map"][3] - found["map"][1] >= 300
    for one, other in (("legend", "zoom"), ("legend", "north"), ("tools", "map"), ("panel", "map"), ("panel", "tools")):
        assert overlap(found[one], found[other]) <= 1, (one, other)
    assert overlap(found["legend"], found["map"]) <= 0.2 * seen
    for place, one in enumerate(found["places"]):
        assert all(overlap(one, other) <= 1 for other in found["places"][place + 1 :])
        assert overlap(one, found["legend"]) <= 1


OUTLINES = """
  const box = document.querySelector('.folium-map').getBoundingClientRect();
  const shapes = [...document.querySelectorAll('path[data-code]')].map((path) => path.getBoundingClientRect());
  const side = (pick, end) => pick(...shapes.map((shape) => shape[end]));
  return [[side(Math.min, 'left'), side(Math.min, 'top'), side(Math.max, 'right'), side(Math.max, 'bottom')],
          [box.left, box.top, box.right, box.bottom],
          [...document.querySelectorAll('.place')].map((e) => e.textContent)];
"""


def is_in_view(browser: Any) -> bool:
    inner, outer, _ = browser.execute_script(OUTLINES)
    return bool(inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] + 1 and inner[3] <= outer[3] + 1)


def opened(browser: Any, page: Path, width: int) -> None:
    size = {"width": width, "height": SIZES[width], "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    WebDriverWait(browser, 30).until(
        lambda d: d.execute_script("return document.querySelectorAll('.place').length > 0")
    )


@pytest.mark.parametrize("width", SIZES)
def test_every_league_is_named_and_all_stay_in_view_in_either_language(browser: Any, saved: Path, width: int) -> None:
    """Words of another length move the edge of the map; what was seen whole is seen whole again, unless moved."""
    opened(browser, saved, width)
    assert is_in_view(browser)
    assert len(browser.execute_script(OUTLINES)[2]) == 12
    browser.find_element("id", "language").click()
    WebDriverWait(browser, 30).until(lambda d: "Hohhot" in d.execute_script(OUTLINES)[2] and is_in_view(d))
    names = browser.execute_script(OUTLINES)[2]
    assert len(set(names)) == 12
    # Whoever has moved the map keeps the view.
    browser.find_element("css selector", ".leaflet-control-zoom-in").click()
    WebDriverWait(browser, 30).until(lambda d: not is_in_view(d))
    browser.find_element("id", "language").click()
    WebDriverWait(browser, 30).until(lambda d: "呼和浩特市" in d.execute_script(OUTLINES)[2])
    assert not is_in_view(browser)


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("layer", ["sink", "coverage"])
def test_axe_finds_nothing(browser: Any, saved: Path, width: int, layer: str) -> None:
    """Names of controls, contrast, landmarks, order of headings and the rest of the rules of axe-core."""
    opened(browser, saved, width)
    browser.execute_script(
        "const s = document.getElementById('layer'); s.value = arguments[0]; s.dispatchEvent(new Event('change'));",
        layer,
    )
    browser.execute_script("document.getElementById('caveats').open = true;")
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations), (e) => done(String(e)));"
    )
    assert [(one["id"], one["impact"], one["nodes"][0]["html"][:100]) for one in found] == []


def test_readers_may_enlarge_the_page(saved: Path) -> None:
    text = saved.read_text(encoding="utf-8")
    assert "user-scalable" not in text
    assert "maximum-scale" not in text
