"""Clips on the screen: the right frame at the right refresh, and what was missed is counted."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lipstudy.lab import (
    SPEAKER_SR,
    KeyPress,
    LabWindow,
    RehearsalPresenter,
    load_clip,
    open_study,
    open_window,
    play,
    rate_of,
)
from lipstudy.media import Sound, encode_clip, read_frames
from lipstudy.records import write_plan
from lipstudy.stimuli import Recipe, Sentence, Speaker, build_set
from lipstudy.study import ClipFailedError, SimulatedViewer, SimulatedViewers, TrialScreen, load_study, plan_study

pytestmark = pytest.mark.needs_display


@pytest.fixture
def window(display: str) -> Iterator[LabWindow]:
    with open_window(fullscreen=False, size_px=(640, 480), virtual_hz=60.0) as opened:
        yield opened


@pytest.fixture
def clip(make_study, window):
    lab = open_study(make_study(frames=8))
    name = next(iter(lab.clips))
    loaded = load_clip(window, lab.clips[name], lab.clips_folder / lab.clips[name].path, top_left_px=(100, 80))
    yield loaded, lab.clips_folder / lab.clips[name].path
    loaded.free()


def flips_of(window: LabWindow, monkeypatch, late: dict[int, int] | None = None) -> list[np.ndarray]:
    """Return a list that gets what each flip shows; a flip named in `late` misses so many refreshes."""
    shown: list[np.ndarray] = []
    flip = window.flip

    def flipping(*, mark: bool = False) -> float:
        shown.append(window.screenshot())
        for _ in range((late or {}).get(len(shown), 0)):
            flip()
        return flip(mark=mark)

    monkeypatch.setattr(window, "flip", flipping)
    return shown


def test_each_refresh_shows_the_frame_that_is_due(window, clip, monkeypatch) -> None:
    loaded, path = clip
    shown = flips_of(window, monkeypatch)
    played = play(window, [loaded], speaker=None, on_inputs=lambda inputs: False)
    levels = [int(frame[32, 32, 0]) for frame in read_frames(path)]
    seen = [int(picture[80 + 32, 100 + 32, 0]) for picture in shown]
    first = next(place for place, level in enumerate(seen) if abs(level - levels[0]) <= 1 and level != 46)
    # 25 frames/s on 60 Hz: 0, 2.4, 4.8, 7.2, 9.6, 12, 14.4, 16.8 refreshes, and 19.2 for the end.
    due = [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7]
    assert seen[first : first + len(due)] == [levels[frame] for frame in due]
    assert (played.clips[0].shown_frames, played.clips[0].dropped_frames) == (8, 0)
    assert played.end_s - played.first_frame_s == pytest.approx(19 / 60)


def test_a_late_flip_drops_the_frames_that_were_due_and_keeps_the_length(window, clip, monkeypatch) -> None:
    loaded, _ = clip
    lead = 15 + 1  # flips before the first frame
    flips_of(window, monkeypatch, late={lead + 6: 4})
    played = play(window, [loaded], speaker=None, on_inputs=lambda inputs: False)
    # The flip of refresh 5, frame 2, comes at 9. Frame 3 (due 7) is never seen, 4 (due 10) is in time.
    assert (played.clips[0].shown_frames, played.clips[0].dropped_frames) == (7, 2)
    assert played.end_s - played.first_frame_s == pytest.approx(19 / 60)


def test_a_playing_that_is_stopped_tells_how_far_it_went(window, clip) -> None:
    loaded, _ = clip
    refreshes = iter(range(100))
    played = play(window, [loaded], speaker=None, on_inputs=lambda inputs: next(refreshes) == 5)
    assert played.clips[0].shown_frames == 3
    assert played.clips[0].seen_s == pytest.approx(6 / 60)


def test_a_file_that_is_not_the_clip_of_the_manifest_fails(make_study, window) -> None:
    lab = open_study(make_study(frames=8))
    clip = next(iter(lab.clips.values())).model_copy(update={"frames": 9})
    with pytest.raises(ClipFailedError, match="has 8 frames, its manifest says 9"):
        load_clip(window, clip, lab.clips_folder / clip.path, top_left_px=(0, 0))


def test_the_codec_does_not_shift_the_speech(make_study, window, tmp_path) -> None:
    # An AAC encoder puts 1,024 samples of its own before the first, here 21 ms.
    lab = open_study(make_study(frames=25))
    clip = next(iter(lab.clips.values()))
    noise = np.random.default_rng(1).normal(size=SPEAKER_SR)
    noise = (np.convolve(noise, np.hanning(15), "same") * np.repeat([0, 1, 0, 1], SPEAKER_SR // 4) * 0.05).astype("f4")
    path = tmp_path / "noise.mp4"
    encode_clip(path, (np.full((64, 64, 3), 80, np.uint8) for _ in range(25)), fps=25, sound=Sound(noise, SPEAKER_SR))
    loaded = load_clip(window, clip, path, top_left_px=(0, 0))
    loaded.free()
    heard = np.pad(loaded.speech, (0, max(0, len(noise) - len(loaded.speech))))[: len(noise)]
    spectrum = np.fft.rfft(heard, 2 * len(noise)) * np.conj(np.fft.rfft(noise, 2 * len(noise)))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    assert min(lag, 2 * len(noise) - lag) / SPEAKER_SR < 0.001


def test_the_corner_for_a_photodiode_is_white_with_the_first_frame_alone(display, make_study, monkeypatch) -> None:
    lab = open_study(make_study(frames=8))
    clip = next(iter(lab.clips.values()))
    with open_window(fullscreen=False, size_px=(640, 480), virtual_hz=60.0, photodiode=True) as window:
        loaded = load_clip(window, clip, lab.clips_folder / clip.path, top_left_px=(100, 80))
        corners: list[int] = []
        flip = window._handle.flip

        def flipping() -> None:
            corners.append(int(window.screenshot()[470, 10, 0]))
            flip()

        monkeypatch.setattr(window._handle, "flip", flipping)
        play(window, [loaded], speaker=None, on_inputs=lambda inputs: False)
        loaded.free()
    assert corners.count(255) == 1
    assert set(corners) == {0, 255}


def test_another_window_with_the_focus_is_noted(window) -> None:
    for _ in range(20):  # what the X server itself says of a new window
        window.read_inputs()
        time.sleep(0.01)
    window._handle.winHandle.dispatch_event("on_deactivate")
    window.read_inputs()
    for _ in range(30):
        window.idle()
    window._handle.winHandle.dispatch_event("on_activate")
    window.read_inputs()
    window.idle()
    assert window.focus_lost_s == pytest.approx(0.5)


def trial_of(window: LabWindow, study_path, monkeypatch, names: tuple[str, str], press_at: int | None = None):
    """Return the answer to the first trial with the clips named; "left" is pressed at one refresh, or when asked."""
    lab = open_study(study_path)
    presenter = RehearsalPresenter(
        window, lab.clips_folder, SimulatedViewer(SimulatedViewers(), "P01", seed=1), font=None
    )
    reads = iter(range(10_000))
    if press_at is not None:
        monkeypatch.setattr(
            window, "read_inputs", lambda: [KeyPress("left", window.now_s)] if next(reads) == press_at else []
        )
    screen = TrialScreen(lab.plan[0], number=1, trials_in_all=1, started=True, study=lab.study)
    return presenter.present(screen, tuple(lab.clips[name] for name in names))


def test_clips_with_one_speech_play_together_and_others_after_each_other(make_study, window, monkeypatch) -> None:
    study = make_study(frames=8)
    together = trial_of(window, study, monkeypatch, ("one_1", "one_1.5")).presentation
    assert {playing.start_s for playing in together.playings} == {0.0}
    apart = trial_of(window, study, monkeypatch, ("one_1", "two_1")).presentation
    starts = [playing.start_s for playing in apart.playings]
    assert starts[0] == 0
    assert starts[1] >= 8 / 25


@pytest.fixture(scope="module")
def spoilt_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study of real clips, every fault among them."""
    folder = tmp_path_factory.mktemp("spoilt")
    recipe = Recipe(
        speakers=(Speaker(name="astronaut", photograph=Path("astronaut")),),
        sentences=(Sentence(name="boats", text="Both boats."), Sentence(name="poem", text="My poem.")),
        articulations=(0.5, 1.0),
        catch=("swapped_speech", "frozen_mouth", "desynchronised"),
        embodiments=("landmarks",),
        size_px=64,
    )
    built = build_set(recipe, folder / "set", workers=2)
    path = folder / "study.yaml"
    faults = "{swapped_speech: 1, frozen_mouth: 1, desynchronised: 1}"
    path.write_text(f"name: spoilt\nclips: set/clips.csv\nparticipants: 2\ncatch_faults: {faults}\n")
    write_plan(folder / "study.plan.csv", plan_study(load_study(path), list(built.clips), seed=1))
    return path


@pytest.mark.parametrize("fault", ["swapped_speech", "frozen_mouth", "desynchronised"])
def test_a_catch_clip_plays_together_with_the_clip_that_it_spoils(
    spoilt_study: Path, window, monkeypatch, fault: str
) -> None:
    planned = next(trial for trial in open_study(spoilt_study).plan if trial.kind == f"catch_{fault}")
    assert planned.presentation == "side_by_side"
    proof = trial_of(window, spoilt_study, monkeypatch, planned.clips).presentation
    assert [playing.start_s for playing in proof.playings] == [0.0, 0.0]
    assert proof.playings[0].shown_frames == proof.playings[1].shown_frames


def test_an_answer_ends_the_clips_only_where_the_study_says_so(make_study, window, monkeypatch) -> None:
    early = make_study("answer_before_end: true\n", frames=50)
    answer = trial_of(window, early, monkeypatch, ("one_1", "one_1.5"), press_at=20)
    assert answer.response == "left"
    assert answer.presentation.rt_after_s <= 0
    assert answer.presentation.playings[0].ranges[0][1] < 1.0
    whole = trial_of(window, make_study(frames=50), monkeypatch, ("one_1", "one_1.5"), press_at=20)
    assert whole.presentation.playings[0].ranges == ((0.0, 2.0),)


def test_flips_that_wait_are_told_from_flips_that_return_at_once() -> None:
    waits = rate_of([1 / 60] * 50, [1 / 60] * 50)
    assert (waits.hz, waits.is_synchronised) == (60.0, True)
    # As regular, at 125 Hz, but work before the flip makes it later: nobody waits for a screen.
    returns = rate_of([0.008] * 50, [0.0112] * 50)
    assert (returns.hz, returns.is_synchronised) == (60.0, False)
