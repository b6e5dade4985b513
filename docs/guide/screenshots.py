"""Pictures of the user guide: ``python docs/guide/screenshots.py``.

Makes the demonstration account, its map, summary page and one report, and photographs them: pages with Chromium through
selenium, the report with LibreOffice and pdftoppm.  Pictures are reduced to few colours, which keeps the repository
small; whoever changes the look of map or report runs this and looks at what changed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import sinks

ROOT = Path(__file__).resolve().parents[2]
IMAGES = Path(__file__).resolve().parent / "images"
COLOURS = 128


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
        _first_page(report, IMAGES / "report.png")


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


def _first_page(report: Path, picture: Path) -> None:
    """The first page of a Word document, as LibreOffice sets it."""
    office = [_program("soffice", "libreoffice"), "--headless", "--convert-to", "pdf", "--outdir", str(report.parent)]
    subprocess.run([*office, str(report)], check=True, capture_output=True)
    pages = [_program("pdftoppm"), "-png", "-r", "70", "-f", "1", "-l", "1", "-singlefile"]
    subprocess.run([*pages, str(report.with_suffix(".pdf")), str(picture.with_suffix(""))], check=True)
    _reduce(picture)


def _reduce(picture: Path) -> None:
    with Image.open(picture) as image:
        image.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    main()
