"""The viseme model at several speaking rates."""

import numpy as np

from lipstudy.face import lip_aperture, lips_in_contact
from lipstudy.models import viseme_track
from lipstudy.speech import synthesise

FPS = 100


def test_vowels_undershoot_in_fast_speech_and_closures_do_not() -> None:
    widest = []
    for rate_wpm in (100, 160, 300):
        utterance = synthesise("Bob bought a mop, a pipe and a bath.", rate_wpm=rate_wpm)
        track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=FPS)
        contact = lips_in_contact(track.points, track.topology)
        for phone in utterance.phones:
            if phone.symbol.strip("ˈˌ") in ("p", "b", "m"):
                window = slice(int(phone.start_s * FPS), int(np.ceil(phone.end_s * FPS)) + 1)
                assert contact[window].any(), (rate_wpm, phone)
        widest.append(float(np.quantile(lip_aperture(track.points, track.topology), 0.95)))
    assert widest[0] > widest[1] > widest[2]
    assert widest[2] < 0.9 * widest[0]
