"""Speech that would clip at the loudness of its set is told before anything is tracked or drawn."""

import re
from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.media import MAX_TRUE_PEAK_DBTP, Sound, encode_clip, true_peak_dbtp, write_sound
from lipstudy.stimuli import build_set
from lipstudy.stimuli._levels import check_loudness, surroundings_of
from lipstudy.stimuli._set_folder import SetFolder

SR = 16000
RECIPE = """\
speakers: [{name: anna, photograph: astronaut}]
sentences: [{name: calm, sound: calm.wav}, {name: click, sound: click.wav}, {name: knock, sound: knock.wav}]
models: [tcn]
embodiments: [landmarks]
lead_in_s: 0.4
"""


def humming(peak: float, *, duration_s: float = 1.0) -> Sound:
    samples = (0.01 * np.sin(2 * np.pi * 300 * np.arange(round(duration_s * SR)) / SR)).astype(np.float32)
    samples[4000] = peak
    return Sound(samples, SR)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Write recordings of which two have a loud peak, and a film with such a sound."""
    for name, peak in (("calm", 0.01), ("click", 0.9), ("knock", 0.5)):
        write_sound(tmp_path / f"{name}.wav", humming(peak))
    encode_clip(tmp_path / "film.mp4", [np.zeros((64, 64, 3), np.uint8)] * 25, fps=25, sound=humming(0.7))
    return tmp_path


def test_all_speech_that_would_clip_is_told_before_a_film_is_tracked(declared, recorded: Path) -> None:
    films = "films: [{speaker: otto, sentence: one, film: film.mp4}]\n"  # it shows no face, so tracking would fail
    with pytest.raises(InputError, match=r"the speech of click, otto_one and knock would peak"):
        build_set(declared(recorded, RECIPE + films), recorded / "set", workers=1)
    assert not list(recorded.glob("set/clips/*"))


def test_every_speech_can_have_the_loudness_that_is_told(declared, recorded: Path) -> None:
    recipe = declared(recorded, RECIPE)
    with pytest.raises(InputError, match=r"click and knock would .* dBTP at most if .* as -23 LUFS") as told:
        build_set(recipe, recorded / "set", workers=1)
    possible = re.search(r"set 'loudness_lufs: (-\d+\.\d)' in the recipe", str(told.value))
    assert possible is not None
    quieter = recipe.model_copy(update={"loudness_lufs": float(possible[1])})
    check_loudness(quieter, SetFolder(recorded / "set"))
    around = surroundings_of(quieter, fps=quieter.fps)
    peak_dbtp = true_peak_dbtp(around.around_sound(humming(0.9), what="click"))
    assert peak_dbtp == pytest.approx(MAX_TRUE_PEAK_DBTP, abs=0.1)


def test_speech_that_no_recipe_could_make_quiet_enough_is_told_as_a_click(declared, recorded: Path) -> None:
    samples = np.zeros(48000, np.float32)
    samples[20000] = 0.9
    write_sound(recorded / "click.wav", Sound(samples, 48000))
    with pytest.raises(InputError, match=r"the peak of click may be a click .* 'loudness_lufs: as_recorded'"):
        build_set(declared(recorded, RECIPE), recorded / "set", workers=1)


def test_speech_as_recorded_is_not_judged(declared, recorded: Path) -> None:
    check_loudness(declared(recorded, RECIPE + "loudness_lufs: as_recorded\n"), SetFolder(recorded / "set"))
