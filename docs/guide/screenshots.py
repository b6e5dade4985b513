"""Pictures of the user guide: ``python docs/guide/screenshots.py``.

Makes the demonstration account, its map, summary page and one report, and photographs them: pages with Chromium through
selenium, the report with LibreOffice and pdftoppm.  Five figures of the report are shown where they are printed, each
above what ``sinks trace`` says of it.  Pictures are reduced to few colours, which keeps the repository small; whoever
changes the look of map or report runs this and looks at what changed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import sinks

ROOT = Path(__file__).resolve().parents[2]
IMAGES = Path(__file__).resolve().parent / "images"
COLOURS = 128

TRACED = {
    "stock": ("150600/carbon_stock/2023", "42920.00"),
    "grassland": ("150600/carbon_stock/2023/grassland", "37594.28"),
    "banner": ("150602/carbon_stock/2023", "1531.89"),
    "sink": ("150600/net_removals/2020-2023/above_ground_biomass", "54.40"),
    "emissions": ("150600/emissions_energy/2023", "31575.52"),
}
"""Figures of the reviewer's path: how they are asked for, and how they are printed."""

_DPI = 100
_LOOK = """
  body { margin: 0; padding: 12px 18px; width: 1244px; font: 13px "Noto Sans CJK SC", sans-serif; }
  table { border-collapse: collapse; margin: 8px 0; font-size: 12px; } img { border: 1px solid #bbb; }
  th, td { padding: 1px 8px; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }
  code { font-size: 14px; }
"""


def main() -> None:
    run = sinks.run(ROOT / "data" / "projects" / "demo.toml")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        run.map().save(str(work / "map.html"))
        run.html(work / "summary.html")
        report, _ = run.report("150600", out=work)
        with _browser(1280, 860) as browser:
            _photograph(browser, work / "map.html", IMAGES / "map.png")
            _photograph(browser, work / "summary.html", IMAGES / "summary.png")
        printed = _as_pdf(report)
        _page(printed, 1, 70, IMAGES / "report.png")
        _reduce(IMAGES / "report.png")
        with _browser(1280, 760) as browser:
            for name, (asked, figure) in TRACED.items():
                place = _where(printed, figure, work / f"{name}.png")
                told = run.trace(asked)._repr_html_()
                page = work / f"{name}.html"
                page.write_text(
                    f"<meta charset='utf-8'><style>{_LOOK}</style><img src='{place.name}'>"
                    f"<p><code>sinks trace out/demo {asked}</code></p>{told}",
                    encoding="utf-8",
                )
                _photograph(browser, page, IMAGES / f"trace_{name}.png")


def _browser(width: int, height: int) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}"):
        options.add_argument(argument)
    options.binary_location = _program("chromium", "google-chrome", "chrome")
    return webdriver.Chrome(options=options, service=Service(_program("chromedriver")))


def _program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise SystemExit(f"screenshots need one of: {', '.join(names)}")
    return found


def _photograph(browser: webdriver.Chrome, page: Path, picture: Path) -> None:
    browser.get(page.as_uri())
    browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 800))")
    browser.save_screenshot(str(picture))
    _reduce(picture)


def _as_pdf(report: Path) -> Path:
    """A Word document as LibreOffice sets it."""
    office = [_program("soffice", "libreoffice"), "--headless", "--convert-to", "pdf", "--outdir", str(report.parent)]
    subprocess.run([*office, str(report)], check=True, capture_output=True)
    return report.with_suffix(".pdf")


def _page(printed: Path, number: int, dpi: int, picture: Path) -> None:
    pages = [_program("pdftoppm"), "-png", "-r", str(dpi), "-f", str(number), "-l", str(number), "-singlefile"]
    subprocess.run([*pages, str(printed), str(picture.with_suffix(""))], check=True)


def _where(printed: Path, figure: str, picture: Path) -> Path:
    """The strip of the page on which a figure is printed first, with a frame round it."""
    found = subprocess.run([_program("pdftotext"), "-bbox", str(printed), "-"], check=True, capture_output=True)
    words = re.compile(rf'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">{re.escape(figure)}<')
    for number, page in enumerate(found.stdout.decode().split("<page ")[1:], 1):
        if place := words.search(page):
            left, top, right, bottom = (float(edge) * _DPI / 72 for edge in place.groups())
            _page(printed, number, _DPI, picture)
            with Image.open(picture) as image:
                ImageDraw.Draw(image).rectangle((left - 4, top - 3, right + 4, bottom + 3), outline="#c00000", width=2)
                upper = max(0, round(top) - 110)
                image.crop((0, upper, image.width, min(image.height, upper + 190))).save(picture)
            return picture
    raise SystemExit(f"{figure} is not printed in {printed.name}")


def _reduce(picture: Path) -> None:
    with Image.open(picture) as image:
        image.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    main()
