"""A rehearsal goes through every screen of a study, in the real window, with frames counted."""

import json

import pytest

from lipstudy.lab import LabSettings, Page, calibrate, open_booth, open_study, rehearse_study, write_calibration

pytestmark = pytest.mark.needs_display

FULL = """\
catch_trials: 1
no_preference: true
break_every_trials: 3
practice_trials: 0
checks: [sound, vision]
instructions: "Watch both clips to the end."
consent: {version: "1", text: "You may stop at any time."}
attention_questions:
  - {name: awake, prompt: "Press the second.", choices: ["first", "second"], correct: second}
questions:
  - {name: age, prompt: "How old are you?", kind: number}
  - {name: hearing, prompt: "Do you hear well?", kind: choice, choices: ["yes", "no"]}
  - {name: noticed, prompt: "What did you notice?"}
"""


def test_every_screen_is_shown_and_every_frame(make_study, display) -> None:
    lab = open_study(make_study(FULL, frames=6))
    pages: list[Page] = []
    found = rehearse_study(lab, on_page=lambda page, drawn: pages.append(page))
    titles = {page.title for page in pages}
    assert titles >= {
        "Consent",
        "Check of the sound",
        "Check of your sight",
        "Instructions",
        "Which one do you prefer?",
        "Time for a break",
        "Press the second.",
        "How old are you?",
        "Do you hear well?",
        "What did you notice?",
        "Thank you",
    }
    assert found.failed == []
    assert len(found.trials) == 5
    for trial in found.trials:
        assert trial.simulated
        assert (trial.shown_frames_left, trial.shown_frames_right, trial.dropped_frames) == (
            6 * trial.plays_left,
            6 * trial.plays_right,
            0,
        )


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ("presentation: sequential\n", "response"),
        ("rating: {kind: slider}\n", "rating"),
        ("rating: {kind: acr}\n", "rating"),
        ("rating: {kind: likert, labels: [not at all, fully]}\n", "rating"),
    ],
)
def test_other_kinds_of_trials_are_answered(make_study, display, extra: str, kind: str) -> None:
    found = rehearse_study(open_study(make_study(extra, frames=4, sentences=("one",))))
    assert found.trials
    for trial in found.trials:
        assert trial.valid
        assert getattr(trial, kind) is not None
    if "sequential" in extra:
        # The second begins after the first has ended: 4 frames of 25 a second.
        assert all(trial.rt_s >= 0.32 for trial in found.trials)


def test_a_clip_that_disappears_leaves_a_row_with_the_reason(make_study, display) -> None:
    study = make_study("clip_retries: 1\n", frames=4, scales=(0.5, 1.0))
    lab = open_study(study)
    (study.parent / "one_0.5.mp4").unlink()
    found = rehearse_study(lab)
    assert [trial.attempt for trial in found.failed] == [1, 2]
    assert all("one_0.5.mp4" in trial.reason for trial in found.failed)
    assert [trial.sentence for trial in found.trials if trial.valid] == ["two"]


def test_calibration_counts_frames_and_says_what_it_does_not_know(display, tmp_path) -> None:
    settings = LabSettings(no_sound_needed=True, sound_device="no such device", windowed=True)
    with open_booth(settings, need_vsync=False) as booth:
        found = calibrate(booth, seconds=6, size_px=64)
    assert [rate.fps for rate in found.rates] == [25.0, 30.0]
    for rate in found.rates:
        assert rate.frames == 2 * 3 * rate.fps
        assert 0 < rate.shown_frames <= rate.frames
        assert rate.dropped_frames >= rate.frames - rate.shown_frames
    picture = write_calibration(tmp_path / "booth.json", found)
    assert picture.stat().st_size > 5000
    written = json.loads((tmp_path / "booth.json").read_text())
    assert len(written["rates"][0]["intervals_ms"]) == written["rates"][0]["flips"]
    assert any("photodiode" in line for line in written["unknown"])
    assert any("no sound was played" in line for line in found.findings)
    assert any("do not wait for the refresh" in line for line in found.findings)
