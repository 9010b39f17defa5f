"""How soon the report page is seen, in headless Chromium, beside an empty page and longer ones.

python bench/page.py REPORT

REPORT is the `index.html` of a study. Each page is opened from disk in a tab of its own, in turns; first view is the
browser's own "first contentful paint", ready is the end of its load event, both since the page was asked for.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from report import write
from selenium import webdriver

REPEATS = 7
_EMPTY = "<!doctype html><html lang=en><title>Empty</title><p>An empty page.</p></html>"
_MEASURE = """
const [paint] = performance.getEntriesByName("first-contentful-paint");
const [page] = performance.getEntriesByType("navigation");
return [paint ? paint.startTime : null, page.loadEventEnd];
"""


def main(report: str) -> None:
    """Measure and write docs/measured/bench/page.*"""
    text = Path(report).read_text(encoding="utf-8")
    times: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        pages = {"an empty page": _EMPTY, "the report": text}
        for times_as_long in (2, 4):
            pages[f"the report, {times_as_long} times as long"] = _longer(text, times_as_long)
        for number, content in enumerate(pages.values()):
            Path(folder, f"{number}.html").write_text(content, encoding="utf-8")
        browser = _browser()
        try:
            for _ in range(REPEATS):
                for number, name in enumerate(pages):
                    browser.switch_to.new_window("tab")
                    browser.get(Path(folder, f"{number}.html").as_uri())
                    times.setdefault(name, []).append(_until_painted(browser))
            version = browser.capabilities["browserVersion"]
        finally:
            browser.quit()
    rows = []
    for name, content in pages.items():
        first, ready = zip(*times[name], strict=True)
        rows.append(
            {
                "page": name,
                "kB": round(len(content.encode()) / 1000),
                "first view, median ms": round(statistics.median(first)),
                "first view, greatest ms": round(max(first)),
                "ready, median ms": round(statistics.median(ready)),
            }
        )
    write("page", "First view of the report page", rows, repeats=REPEATS, chromium=version)


def _longer(text: str, times: int) -> str:
    """Return the page with its body repeated."""
    begun = text.index("<main")
    end = text.index("</main>") + len("</main>")
    return text[:begun] + text[begun:end] * times + text[end:]


def _browser() -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or sys.exit(
        "no chromium: apt-get install chromium chromium-driver"
    )
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def _until_painted(browser: Any) -> tuple[float, float]:
    """Return milliseconds to the first view and to the end of loading; the browser reports the paint a moment later."""
    while True:
        first, ready = browser.execute_script(_MEASURE)
        if first is not None and ready:
            return first, ready


if __name__ == "__main__":
    main(*sys.argv[1:])
