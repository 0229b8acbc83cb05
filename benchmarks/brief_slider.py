"""Measures how soon the brief reacts to the hour slider, on the reference line without a GPU.

Run: python benchmarks/brief_slider.py

Builds the brief of the embedded case with made-up figures (9 options x 24 hours x 1,344 cells),
opens it from disk in a headless Chromium and moves the slider through the day, ten times for each
layer of the map and for the table. The time runs from the slider's event until the frame that
shows the hour has been painted, so it holds up to one frame (17 ms) of waiting. Also prints the
page's size, how long it takes to build, and from opening to the first map. The bound is 100 ms.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.report.brief import browser as chromium
from tests.report.brief.sample import sample_document

from sarhad.exchange.brief_parts import read_brief_parts
from sarhad.exchange.heights import read_heights
from sarhad.exchange.scenario_folder import find_folder, read_scenario
from sarhad.report.brief import build_brief, survey_ground

ROUNDS = 10
MOVE = """
const [rounds, done] = arguments, slider = document.getElementById("hour"), times = [];
const hours = Array.from({ length: rounds * 24 }, (_, step) => (step * 7) % 24);
function next() {
  if (!hours.length) return done(times);
  const start = performance.now();
  slider.value = hours.pop();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => { times.push(performance.now() - start); setTimeout(next, 5); };
    painted.port2.postMessage(0);
  });
}
next();
"""
OPENED = "return performance.getEntriesByType('navigation')[0].loadEventEnd"


def case_page() -> bytes:
    folder = find_folder("tajik-afghan")
    scenario = read_scenario(folder)
    terrain = read_heights(scenario, folder).terrain
    start = time.perf_counter()
    document = sample_document(survey_ground(scenario, terrain, terrain.grid))
    surveyed = time.perf_counter()
    page = build_brief(document, read_brief_parts())
    built = time.perf_counter()
    print(f"page: {len(page):,} B; ground {surveyed - start:.2f} s, page {built - surveyed:.2f} s")
    return page


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "brief.html").write_bytes(case_page())
        with chromium.open_chromium(folder / "profile") as browser:
            chromium.set_window(browser, 1280, 800)
            browser.get((folder / "brief.html").as_uri())
            print(f"opened, with the map: {browser.execute_script(OPENED):.0f} ms")
            for view in ("remaining", "coverage", "risk", "table"):
                browser.find_element("css selector", f"input[value={view}]").click()
                times = browser.execute_async_script(MOVE, ROUNDS)
                middle, most = np.median(times), max(times)
                high = np.quantile(times, 0.95)
                print(f"{view:9}: median {middle:.0f} ms, 95 % {high:.0f} ms, most {most:.0f} ms")


if __name__ == "__main__":
    main()
