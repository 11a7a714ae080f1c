"""The viseme model and the network together: closed where the words close, and moved by the sound."""

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.face import CONTACT_GAP_IOD, LandmarkTrack, lip_aperture, lips_in_contact
from lipstudy.media import Sound
from lipstudy.models import load_model, move_lips
from lipstudy.speech import PAUSE, Phone, Speech, synthesise


@pytest.fixture(scope="module")
def spoken() -> Speech:
    said = synthesise("Bob bought five more blue pots from my mum before Paul came by. " * 4)
    return Speech.of_sound(said.sound, phones=said.phones)


def moved(speech: Speech, *, fps: float = 25, model: str = "viseme+tcn") -> LandmarkTrack:
    return move_lips(load_model(model).model, speech, fps=fps)


def aperture(track: LandmarkTrack) -> np.ndarray:
    return np.asarray(lip_aperture(track.points, track.topology))


def middles_s(speech: Speech, symbols: tuple[str, ...]) -> np.ndarray:
    return np.array([(p.start_s + p.end_s) / 2 for p in speech.phones or () if p.symbol in symbols])


def test_every_bilabial_of_the_words_closes(spoken: Speech) -> None:
    track = moved(spoken, fps=100)
    frames = np.round(100 * middles_s(spoken, ("p", "b", "m"))).astype(int)
    assert len(frames) > 30
    assert lips_in_contact(track.points, track.topology)[frames].all()


def test_labiodentals_come_near_the_teeth(spoken: Speech) -> None:
    frames = np.round(100 * middles_s(spoken, ("f", "v"))).astype(int)
    assert aperture(moved(spoken, fps=100))[frames].max() < 2 * CONTACT_GAP_IOD


def test_a_closure_that_is_heard_and_not_in_the_words_is_left_out(spoken: Speech) -> None:
    vowels = tuple(
        Phone("ɛ" if p.symbol in ("p", "b", "m") else p.symbol, p.start_s, p.end_s) for p in spoken.phones or ()
    )
    other = Speech(spoken.source, spoken.duration_s, phones=vowels)
    frames = np.round(100 * middles_s(spoken, ("p", "b", "m"))).astype(int)
    contact = [
        lips_in_contact(each.points, each.topology)[frames].mean()
        for each in (moved(other, fps=100), moved(other, fps=100, model="tcn"))
    ]
    assert contact[0] < 0.3 < 0.6 < contact[1]


def test_the_sound_moves_the_lips_beside_the_words(spoken: Speech) -> None:
    quiet = Speech.of_sound(Sound(np.zeros_like(spoken.sound(sr=16000).samples), 16000), phones=spoken.phones)
    heard, unheard = aperture(moved(spoken)), aperture(moved(quiet))
    assert unheard.std() < 0.8 * heard.std()


def test_lips_rest_in_a_pause_and_in_silence_without_words() -> None:
    silence = Sound(np.zeros(3 * 16000, np.float32), 16000)
    track = moved(Speech.of_sound(silence, phones=(Phone(PAUSE, 0, 3.0),)))
    assert aperture(track).max() < 0.03


def test_another_frame_rate_samples_the_same_motion(spoken: Speech) -> None:
    slow, fast = (moved(spoken, fps=fps) for fps in (25, 100))
    assert np.abs(fast.points[::4][: slow.num_frames] - slow.points).max() < 1e-5


def test_without_words_it_says_what_to_do(spoken: Speech) -> None:
    with pytest.raises(InputError, match=r"viseme\+tcn needs to know what is said"):
        moved(Speech(spoken.source, spoken.duration_s))
