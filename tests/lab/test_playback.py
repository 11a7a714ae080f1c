"""Clips on the screen: the right frame at the right refresh, and what was missed is counted."""

from collections.abc import Iterator

import numpy as np
import pytest

from lipstudy.lab import LabWindow, load_clip, open_study, open_window, play, rate_of
from lipstudy.media import read_frames
from lipstudy.study import ClipFailedError

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


def test_flips_that_wait_are_told_from_flips_that_return_at_once() -> None:
    waits = rate_of([1 / 60] * 50, [1 / 60] * 50)
    assert (waits.hz, waits.is_synchronised) == (60.0, True)
    # As regular, at 125 Hz, but work before the flip makes it later: nobody waits for a screen.
    returns = rate_of([0.008] * 50, [0.0112] * 50)
    assert (returns.hz, returns.is_synchronised) == (60.0, False)
