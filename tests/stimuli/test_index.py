"""The contact sheet opens from the disk and plays a row with one sound."""

import shutil
from pathlib import Path

import pytest

from lipstudy.face import lip_aperture, load_track
from lipstudy.stimuli import BuildResult, Recipe, Sentence, Speaker, build_set


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    recipe = Recipe(
        speakers=(Speaker(name="astronaut", photograph=Path("astronaut")),),
        sentences=(Sentence(name="boats", text="Both <b>boats</b>."), Sentence(name="poem", text="My poem.")),
        articulations=(0.5, 1.0),
        catch=("frozen_mouth",),
        embodiments=("landmarks", "photo"),
        size_px=192,
    )
    return build_set(recipe, tmp_path_factory.mktemp("page") / "a set #1", workers=1)


def test_paths_are_relative_and_words_are_text(built: BuildResult) -> None:
    page = built.page.read_text()
    assert str(built.page.parent) not in page
    assert page.count('<video src="clips/') == len(built.clips) == 12
    assert "Both &lt;b&gt;boats&lt;/b&gt;." in page
    assert "a sketch from one photograph" in page
    assert "did not pass" not in page


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1500,1000"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.mark.needs_chromium
def test_a_row_plays_together_with_the_sound_of_the_original(built: BuildResult, browser) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(built.page.resolve().as_uri())
    row = browser.find_element(By.CSS_SELECTOR, "section[data-row='astronaut_boats']")
    assert [label.text for label in row.find_elements(By.TAG_NAME, "h3")] == ["a = 0.5", "a = 1, the original"]
    row.find_element(By.CSS_SELECTOR, "button.play").click()
    state = "return [...document.querySelectorAll('video')].map(v => [!v.paused, v.muted, v.error !== null])"
    WebDriverWait(browser, 30).until(lambda driver: sum(begun for begun, _, _ in driver.execute_script(state)) == 4)
    videos = browser.execute_script(state)
    assert [begun for begun, _, _ in videos] == [True] * 4 + [False] * 8, "another row plays"
    assert sum(not muted for _, muted, _ in videos) == 1
    heard = browser.find_element(By.CSS_SELECTOR, "figure.heard").get_attribute("data-clip")
    assert heard == "astronaut_boats_landmarks_rest_a1.00"
    assert not any(error for _, _, error in videos)
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.needs_chromium
def test_a_row_shows_the_widest_mouth_and_then_the_frame_asked_for(built: BuildResult, browser) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    track = load_track(built.page.parent / "tracks" / "astronaut_boats.track.npz")
    widest = int(lip_aperture(track.points, track.topology).argmax())
    browser.get(built.page.resolve().as_uri())
    slider = browser.find_element(By.CSS_SELECTOR, "section[data-row='astronaut_boats'] input.frame")
    assert slider.get_attribute("value") == str(widest)
    shown = (
        "return [...arguments[0].closest('section').querySelectorAll('.scales video')]"
        ".map(video => video.readyState >= 2 && !video.seeking ? Math.floor(video.currentTime * 25) : null)"
    )
    WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(shown, slider) == [widest] * 4)
    slider.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(shown, slider) == [widest - 2] * 4)
    assert slider.find_element(By.XPATH, "following-sibling::output").text == str(widest - 2)


@pytest.mark.needs_chromium
def test_checks_stand_beside_each_clip(built: BuildResult, browser) -> None:
    from selenium.webdriver.common.by import By

    browser.get(built.page.resolve().as_uri())
    figure = browser.find_element(By.CSS_SELECTOR, "figure[data-clip='astronaut_boats_photo_rest_a0.50']")
    (clip,) = (clip for clip in built.clips if clip.clip_id == "astronaut_boats_photo_rest_a0.50")
    assert f"reached 0.50, found {clip.retracked_articulation:.2f}" in figure.text
    browser.find_element(By.ID, "open-checks").click()
    photo = figure.text
    for check in (
        "effective articulation\n0.50",
        "face found again\n100 %",
        "loudness\n-23.0 LUFS",
        "sound after picture",
    ):
        assert check in photo


@pytest.mark.needs_chromium
def test_a_clip_is_reached_and_played_by_keys_alone(built: BuildResult, browser) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(built.page.resolve().as_uri())
    browser.find_element(By.CSS_SELECTOR, "input.frame").send_keys(Keys.TAB)
    first = "astronaut_boats_landmarks_rest_a0.50"
    reached = "return document.activeElement.closest('figure').dataset.clip"
    assert browser.execute_script(reached) == first
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.execute_script(outline) == "solid", "nobody sees where the keys are"
    playing = (
        "return [...document.querySelectorAll('video')].filter(video => !video.paused)"
        ".map(video => video.closest('figure').dataset.clip)"
    )
    for key in (Keys.ENTER, Keys.SPACE):
        browser.switch_to.active_element.send_keys(key)
        WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(playing) == [first])
        browser.execute_script("document.querySelectorAll('video').forEach((video) => video.pause())")
