"""The report page in a real browser, opened from disk."""

import shutil
import time
from collections.abc import Callable, Iterator

import pytest

from lipstudy.report import write_report

pytestmark = pytest.mark.needs_chromium

SHADE_OF = """
const video = document.getElementById(arguments[0]);
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const context = canvas.getContext("2d");
context.drawImage(video, 0, 0, 1, 1);
return context.getImageData(0, 0, 1, 1).data[0];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--autoplay-policy=no-user-gesture-required",
        "--window-size=1200,2000",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(argument)
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, photo_data, manifest, tmp_path):
    report = write_report(photo_data, tmp_path, clips=manifest, seed=7)
    browser.get(report.page.as_uri())
    return browser


def wait_until(condition: Callable[[], bool], *, within_s: float = 10) -> bool:
    end = time.monotonic() + within_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def has_frame(page, side: str) -> bool:
    return page.execute_script("return document.getElementById(arguments[0]).readyState >= 2", f"video-{side}")


def choose(page, name: str, value: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(page.find_element("id", name)).select_by_value(value)


def test_the_weakest_and_the_strongest_clip_stand_side_by_side_before_anything_is_played(page) -> None:
    assert wait_until(lambda: has_frame(page, "left") and has_frame(page, "right"))
    assert page.execute_script(SHADE_OF, "video-left") == pytest.approx(40, abs=4)
    assert page.execute_script(SHADE_OF, "video-right") == pytest.approx(120, abs=4)


def test_another_articulation_shows_another_clip(page) -> None:
    choose(page, "scale-left", "1")
    assert wait_until(lambda: has_frame(page, "left"))
    assert wait_until(lambda: abs(page.execute_script(SHADE_OF, "video-left") - 80) <= 4)


def test_both_clips_play_with_the_sound_of_the_left_one(page) -> None:
    page.find_element("id", "play-both").click()
    played = "return document.getElementById(arguments[0]).currentTime > 0.1"
    assert wait_until(lambda: all(page.execute_script(played, f"video-{side}") for side in ("left", "right")))
    assert page.execute_script("return document.getElementById('video-left').muted") is False
    assert page.execute_script("return document.getElementById('video-right').muted") is True


def test_the_page_asks_nothing_of_the_network_and_makes_no_error(page) -> None:
    assert wait_until(lambda: has_frame(page, "left"))
    asked = page.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [address for address in asked if not address.startswith(("blob:", "data:"))] == []
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
