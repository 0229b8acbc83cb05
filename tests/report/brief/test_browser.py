"""The brief in a real Chromium: silent, safe, in three languages, by keyboard, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from tests.report.brief import browser as chromium
from tests.report.brief.sample import SCRIPT_NAME, sample_document

from sarhad.exchange.brief_parts import read_brief_parts
from sarhad.report.brief import build_brief

PARTS = read_brief_parts()
AXE = Path(__file__).resolve().parents[3] / "web/node_modules/axe-core/axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { runOnly: arguments[0] }).then(
  (found) => done(found.violations.map((each) =>
    `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`)),
  (error) => done([String(error)]));
"""

pytestmark = pytest.mark.skipif(
    chromium.programs() is None or "built/brief.js" not in PARTS,
    reason="NOTICE: the brief is not tried in a browser: no chromium or chromedriver, or no bundle",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("brief") / "brief.html"
    file.write_bytes(build_brief(sample_document(), PARTS))
    return file.as_uri()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium.open_chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def brief(running: Chrome, page: str) -> Chrome:
    chromium.set_window(running, 1280, 800)
    chromium.requests(running)
    running.get(page)
    return running


def change_language(browser: Chrome, tag: str) -> None:
    browser.find_element(By.CSS_SELECTOR, f"#language option[value={tag}]").click()


def text_of(browser: Chrome, selector: str) -> str:
    return browser.execute_script("return document.querySelector(arguments[0]).innerText", selector)


def set_hour(browser: Chrome, hour: int) -> None:
    browser.execute_script(
        "const hour = document.getElementById('hour'); hour.value = arguments[0];"
        "hour.dispatchEvent(new Event('input', { bubbles: true }));",
        hour,
    )


def line_colours(browser: Chrome) -> set[str]:
    """Return the colours on the map's canvas that belong to a class of the line."""
    return set(
        browser.execute_async_script("""
        const done = arguments[0];
        requestAnimationFrame(() => requestAnimationFrame(() => {
          const seen = new Set();
          const hex = (byte) => byte.toString(16).padStart(2, "0");
          for (const canvas of document.querySelectorAll("#map canvas")) {
            const picture = canvas.getContext("2d");
            const { data } = picture.getImageData(0, 0, canvas.width, canvas.height);
            for (let at = 0; at < data.length; at += 4)
              if (data[at + 3] === 255)
                seen.add("#" + hex(data[at]) + hex(data[at + 1]) + hex(data[at + 2]));
          }
          const { scales } = JSON.parse(document.getElementById("data").textContent);
          const colours = Object.values(scales).flatMap((scale) => scale.colours);
          done(colours.filter((each) => seen.has(each)));
        }));
    """)
    )


def test_it_asks_for_nothing_and_complains_of_nothing(brief: Chrome, page: str) -> None:
    for tag in ("ru", "fa", "en"):
        change_language(brief, tag)
    for selector in ("input[value=coverage]", "input[value=risk]", "input[value=table]"):
        brief.find_element(By.CSS_SELECTOR, selector).click()
    set_hour(brief, 13)
    assert set(chromium.requests(brief)) <= {page}
    assert chromium.complaints(brief) == []


def test_the_map_draws_the_line_by_class_and_follows_the_switches(brief: Chrome) -> None:
    left = line_colours(brief)
    assert len(left) >= 3
    brief.find_element(By.CSS_SELECTOR, "input[value=coverage]").click()
    covered = line_colours(brief)
    assert covered
    assert not covered & left
    assert "probability that a crossing" in text_of(brief, "#legend")
    first = brief.execute_script("return document.querySelector('#map canvas').toDataURL()")
    set_hour(brief, 20)
    line_colours(brief)
    assert text_of(brief, "#hour-words") == "20:00"
    assert brief.execute_script("return document.querySelector('#map canvas').toDataURL()") != first


def test_the_table_says_what_the_map_shows(brief: Chrome) -> None:
    brief.find_element(By.CSS_SELECTOR, "input[value=table]").click()
    rows = brief.find_elements(By.CSS_SELECTOR, "#cells-body tr")
    # Half of 60 cells lie in the first sector.
    assert len(rows) == 30
    assert not brief.find_element(By.ID, "map").is_displayed()
    before = text_of(brief, "#cells-body")
    set_hour(brief, 9)
    assert text_of(brief, "#cells-body") != before
    assert "09:00" in text_of(brief, "#cells-caption")


def test_a_post_called_like_a_script_shows_as_text(brief: Chrome) -> None:
    brief.find_element(By.CSS_SELECTOR, ".places summary").click()
    button = brief.find_element(By.XPATH, f"//button[contains(., '{SCRIPT_NAME}')]")
    button.click()
    assert text_of(brief, "#popup-title") == SCRIPT_NAME
    # An alert of the name would have made this call fail.
    assert brief.execute_script("return document.querySelectorAll('#popup script').length") == 0
    brief.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not brief.find_element(By.ID, "popup").is_displayed()


def test_a_click_on_the_line_says_the_cell(brief: Chrome) -> None:
    brief.execute_script("document.getElementById('map').scrollIntoView({ block: 'center' })")
    still = sample_document().ground
    west, east, south, north = still.extent_m
    middle = still.edges[40]
    box = brief.execute_script(
        "return document.getElementById('map').getBoundingClientRect().toJSON()"
    )
    room = 0.035 * max(east - west, north - south)
    scale = min(box["width"] / (east - west + 2 * room), box["height"] / (north - south + 2 * room))
    x = box["x"] + box["width"] / 2 + (middle.east_m - (west + east) / 2) * scale
    y = box["y"] + box["height"] / 2 - (middle.north_m - (south + north) / 2) * scale
    for kind in ("mousePressed", "mouseReleased"):
        chromium.call(
            brief, "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
        )
    words = brief.execute_async_script("""
        const done = arguments[0], popup = document.getElementById("popup");
        const look = () => popup.hidden ? setTimeout(look, 20) : done(popup.innerText);
        look();
    """)
    assert re.search(r"km (39|40) to (40|41)", words.replace("\u2068", "").replace("\u2069", ""))
    assert "Восточный сектор" in words


@pytest.mark.parametrize(
    ("tag", "direction", "words"),
    [("en", "ltr", "Which option?"), ("ru", "ltr", "Какой вариант?"), ("fa", "rtl", "کدام گزینه؟")],
)
def test_it_speaks_every_language(brief: Chrome, tag: str, direction: str, words: str) -> None:
    change_language(brief, tag)
    assert words in text_of(brief, "#answers")
    assert brief.execute_script("return getComputedStyle(document.body).direction") == direction
    assert brief.execute_script("return document.documentElement.lang") == tag
    left, right = brief.execute_script(
        "return ['dt', 'div:last-child dt'].map((each) =>"
        " document.querySelector('.answers ' + each).getBoundingClientRect().x)"
    )
    assert (left > right) == (direction == "rtl")


SLOW = pytest.mark.slow
VIEWS = [
    pytest.param(tag, view, marks=() if (tag, view) == ("fa", "map") else SLOW)
    for tag in ("en", "ru", "fa")
    for view in ("map", "table")
]


@pytest.mark.parametrize(("tag", "view"), VIEWS)
def test_axe_finds_no_violation(brief: Chrome, tag: str, view: str) -> None:
    if not AXE.is_file():
        pytest.skip("NOTICE: axe-core is not installed in web/: run `npm ci` there")
    change_language(brief, tag)
    brief.find_element(By.CSS_SELECTOR, f"input[value={view}]").click()
    for summary in brief.find_elements(By.TAG_NAME, "summary"):
        brief.execute_script("arguments[0].parentElement.open = true", summary)
    brief.execute_script(AXE.read_text(encoding="utf-8"))
    assert brief.execute_async_script(RUN_AXE, STANDARDS) == []


def test_a_phone_needs_no_sideways_scrolling(brief: Chrome) -> None:
    for tag in ("en", "fa"):
        change_language(brief, tag)
        chromium.set_window(brief, 390, 844)
        width = brief.execute_script("return document.documentElement.scrollWidth")
        assert width <= 390


def test_the_keyboard_reaches_everything_and_focus_is_seen(brief: Chrome) -> None:
    reached, outlined = [], []
    brief.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    for _ in range(60):
        name, style = brief.execute_script(
            "const at = document.activeElement, look = getComputedStyle(at);"
            "return [at.id || at.name || at.className || at.tagName, look.outlineStyle]"
        )
        if reached and name == reached[0]:
            break
        reached.append(name)
        outlined.append(style)
        brief.switch_to.active_element.send_keys(Keys.TAB)
    wanted = {"skip", "language", "option", "layer", "view", "show", "hour", "map", "SUMMARY"}
    assert wanted <= set(reached), reached
    assert set(outlined[:-1]) <= {"solid", "auto"}


def test_arrows_move_slider_and_map(brief: Chrome) -> None:
    hour = brief.find_element(By.ID, "hour")
    hour.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert text_of(brief, "#hour-words") == "02:00"
    line_colours(brief)
    before = brief.execute_script("return document.querySelector('#map canvas').toDataURL()")
    brief.find_element(By.ID, "map").send_keys("+")
    moved = brief.execute_async_script("""
        const [before, done] = arguments;
        const look = (left) => {
          const now = document.querySelector("#map canvas").toDataURL();
          if (now !== before || !left) done(left > 0); else setTimeout(look, 20, left - 1);
        };
        look(200);
    """, before)  # fmt: skip
    assert moved


def test_motion_is_off_where_the_reader_wants_none(brief: Chrome) -> None:
    wish = {"name": "prefers-reduced-motion", "value": "reduce"}
    chromium.call(brief, "Emulation.setEmulatedMedia", features=[wish])
    moving = brief.execute_script(
        "return [...document.querySelectorAll('*')].filter((each) =>"
        " getComputedStyle(each).transitionDuration !== '0s').length"
    )
    chromium.call(brief, "Emulation.setEmulatedMedia", features=[])
    assert moving == 0


@pytest.mark.parametrize("parts", [PARTS, {}], ids=["scripts off", "no bundle"])
def test_without_scripts_the_page_can_be_read(
    running: Chrome, tmp_path: Path, parts: dict[str, str]
) -> None:
    bare = {name: text for name, text in PARTS.items() if not name.startswith("built/")}
    file = tmp_path / "brief.html"
    file.write_bytes(build_brief(sample_document(), parts or bare))
    chromium.call(running, "Emulation.setScriptExecutionDisabled", value=bool(parts))
    chromium.requests(running)
    running.get(file.as_uri())
    shown = [
        running.find_element(By.CSS_SELECTOR, selector).is_displayed()
        for selector in ("#answers .answer", "#still svg", ".compare", "#must-not")
    ]
    hidden = running.find_elements(By.CSS_SELECTOR, ".controls")
    seen = [each.is_displayed() for each in hidden]
    chromium.call(running, "Emulation.setScriptExecutionDisabled", value=False)
    assert shown == [True] * 4
    assert not any(seen)
    assert set(chromium.requests(running)) <= {file.as_uri()}


def test_it_prints_on_a4_without_its_switches(brief: Chrome) -> None:
    pdf = chromium.print_pdf(brief)
    assert pdf.startswith(b"%PDF")
    # A4 is 595.3 x 841.9 points (ISO 216: 210 x 297 mm).
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert boxes
    assert {(round(float(w)), round(float(h))) for w, h in boxes} <= {(595, 842), (596, 842)}
    chromium.call(brief, "Emulation.setEmulatedMedia", media="print")
    shown = {
        selector: brief.find_element(By.CSS_SELECTOR, selector).is_displayed()
        for selector in ("#answers", "#still svg", "#controls", "#map", ".language")
    }
    chromium.call(brief, "Emulation.setEmulatedMedia", media="")
    assert shown == {
        "#answers": True, "#still svg": True, "#controls": False, "#map": False, ".language": False,
    }  # fmt: skip
