"""Lip motion from phones: closed where speech closes, at rest in silence, smooth, and true to film."""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.face import (
    CONTACT_GAP_IOD,
    MEDIAPIPE_478,
    generic_neutral,
    inner_lip_gaps,
    lip_aperture,
    lips_in_contact,
    mouth_width,
)
from lipstudy.models import VISEMES, Segment, segments_of, viseme_track
from lipstudy.models._coarticulation import constriction
from lipstudy.speech import PAUSE, Phone, synthesise

VOWELS = ("ɑː", "æ", "iː", "uː", "ə", "aɪ", "oʊ")
CONSONANTS = ("t", "s", "k", "l", "w", "tʃ", "ɹ", "θ")


def phones_of(*parts: tuple[str, float]) -> list[Phone]:
    """Return phones of (symbol, duration in s), one after another."""
    phones: list[Phone] = []
    start_s = 0.0
    for symbol, duration_s in parts:
        phones.append(Phone(symbol, start_s, start_s + duration_s))
        start_s += duration_s
    return phones


def aperture_of(phones: list[Phone], *, fps: float = 100, seconds: float | None = None) -> np.ndarray:
    track = viseme_track(phones, duration_s=phones[-1].end_s if seconds is None else seconds, fps=fps)
    return lip_aperture(track.points, MEDIAPIPE_478)


spoken = st.lists(
    st.tuples(st.sampled_from((*VOWELS, *CONSONANTS, "p", "b", "m", "f", PAUSE)), st.floats(0.03, 0.3)),
    min_size=2,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(before=spoken, closing=st.sampled_from("pbm"), duration_s=st.floats(0.025, 0.15), after=spoken)
def test_bilabials_close_the_lips_among_any_neighbours(
    before: list[tuple[str, float]], closing: str, duration_s: float, after: list[tuple[str, float]]
) -> None:
    phones = phones_of((PAUSE, 0.2), *before, (closing, duration_s), *after)
    track = viseme_track(phones, duration_s=phones[-1].end_s, fps=250)
    closed = phones[1 + len(before)]
    centre = round(125 * (closed.start_s + closed.end_s))
    # 16 to 20 ms either side: whatever the phase of a film of 25 frames per second, one frame shows it.
    assert lips_in_contact(track.points, MEDIAPIPE_478)[centre - 4 : centre + 5].all()


def test_a_lead_brings_the_closure_before_its_sound() -> None:
    segments = [Segment("open", 0.0, 0.3), Segment("bilabial", 0.3, 0.4), Segment("open", 0.4, 0.7)]
    times_s = np.arange(0, 0.7, 0.001)
    for lead_s in (0.0, 0.06):
        closed = constriction(segments, times_s, "bilabial", lead_s=lead_s)
        assert np.average(times_s, weights=closed) == pytest.approx(0.35 - lead_s, abs=2e-3)
        assert closed.max() == 1


def test_a_short_vowel_between_closures_opens() -> None:
    aperture = aperture_of(phones_of((PAUSE, 0.3), ("m", 0.06), ("ɑː", 0.06), ("m", 0.06), ("ə", 0.06), (PAUSE, 0.3)))
    assert aperture[33] < CONTACT_GAP_IOD
    assert aperture[39] > 2.5 * CONTACT_GAP_IOD
    assert aperture[45] < CONTACT_GAP_IOD


@pytest.mark.parametrize("rate_wpm", [80, 160, 260])
def test_every_bilabial_of_a_sentence_closes_at_any_rate(rate_wpm: int) -> None:
    utterance = synthesise("Bob bought five more blue pots for my mama.", rate_wpm=rate_wpm)
    track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)
    contact = lips_in_contact(track.points, MEDIAPIPE_478)
    times_s = np.arange(track.num_frames) / track.fps
    bilabials = [phone for phone in utterance.phones if phone.symbol in ("p", "b", "m")]
    assert len(bilabials) == 9
    for phone in bilabials:
        assert contact[(times_s > phone.start_s - 0.03) & (times_s < phone.end_s + 0.03)].any(), phone


def test_closed_lips_are_closed_along_their_whole_width() -> None:
    phones = phones_of((PAUSE, 0.2), ("ɑː", 0.2), ("m", 0.1), ("ɑː", 0.2), (PAUSE, 0.2))
    track = viseme_track(phones, duration_s=0.9, fps=100)
    assert inner_lip_gaps(track.points[45], MEDIAPIPE_478).max() < CONTACT_GAP_IOD / 2


def test_labiodentals_nearly_close() -> None:
    aperture = aperture_of(phones_of((PAUSE, 0.2), ("ɑː", 0.2), ("f", 0.1), ("ɑː", 0.2), (PAUSE, 0.2)))
    assert aperture[30] > 0.1
    assert 0 < aperture[45] < 1.5 * CONTACT_GAP_IOD


def test_open_vowels_open_most() -> None:
    held = {
        vowel: aperture_of(phones_of((PAUSE, 0.3), ("t", 0.1), (vowel, 0.3), (PAUSE, 0.3)))[55]
        for vowel in ("ɑ", "ɛ", "i", "u")
    }
    assert held["ɑ"] > held["ɛ"] > held["i"] > 1.3 * held["u"]
    assert 0.1 < held["ɑ"] < 0.35


def test_rounded_sounds_narrow_the_mouth() -> None:
    rest_iod = float(mouth_width(generic_neutral(), MEDIAPIPE_478))
    for rounded, spread in (("w", "i"), ("u", "ɛ"), ("ɔ", "a")):
        widths = [
            mouth_width(
                viseme_track(phones_of((PAUSE, 0.3), (x, 0.3), (PAUSE, 0.3)), duration_s=0.9, fps=100).points[45],
                MEDIAPIPE_478,
            )
            for x in (rounded, spread)
        ]
        assert widths[0] < rest_iod - 0.02
        assert widths[0] < widths[1]


def test_silence_is_the_neutral() -> None:
    track = viseme_track([Phone(PAUSE, 0, 1)], duration_s=1, fps=25)
    assert track.neutral is not None
    np.testing.assert_allclose(track.points, np.broadcast_to(track.neutral, track.points.shape), atol=1e-6)
    long_pause = phones_of(("ɑ", 0.3), (PAUSE, 1.0), ("ɑ", 0.3))
    rested = viseme_track(long_pause, duration_s=1.6, fps=100)
    np.testing.assert_allclose(rested.points[80], track.neutral, atol=1e-4)


def test_lips_begin_and_end_at_rest() -> None:
    utterance = synthesise("Papa")
    track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s + 0.5, fps=25)
    np.testing.assert_allclose(track.points[0], track.neutral, atol=0.002)
    np.testing.assert_allclose(track.points[-1], track.neutral, atol=1e-4)


def test_no_phones_at_all_is_rest() -> None:
    track = viseme_track([], duration_s=0.2, fps=25)
    np.testing.assert_allclose(track.points, np.broadcast_to(track.neutral, track.points.shape), atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(spoken)
def test_another_frame_rate_samples_the_same_motion(parts: list[tuple[str, float]]) -> None:
    phones = phones_of(*parts)
    fine, coarse = (viseme_track(phones, duration_s=1.0, fps=fps).points for fps in (100, 25))
    np.testing.assert_array_equal(fine[::4], coarse)


@settings(max_examples=25, deadline=None)
@given(spoken)
def test_motion_is_smooth_and_lips_never_cross(parts: list[tuple[str, float]]) -> None:
    phones = phones_of(*parts)
    track = viseme_track(phones, duration_s=phones[-1].end_s + 0.3, fps=500)
    assert inner_lip_gaps(track.points, MEDIAPIPE_478).min() >= 0
    # Lips do not jump: twice the fastest opening on film (2.8 IOD/s) is the bound.
    assert np.abs(np.diff(track.points, axis=0)).max() * 500 < 6


def test_velocity_has_no_jumps() -> None:
    utterance = synthesise("Bob bought five more blue pots for my mama.")
    jumps = {}
    for fps in (500, 1000):
        points = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=fps).points
        velocity = np.diff(points.astype(np.float64), axis=0) * fps
        jumps[fps] = np.abs(np.diff(velocity, axis=0)).max()
    # Of a continuous velocity, half the step is half the change; a jump would stay.
    assert jumps[1000] < 0.6 * jumps[500]


def test_eyes_and_brows_do_not_move() -> None:
    track = viseme_track(phones_of(("ɑ", 0.3), ("u", 0.3)), duration_s=0.6, fps=25)
    still = [*MEDIAPIPE_478.loops["right eye"], *MEDIAPIPE_478.loops["left brow"], *MEDIAPIPE_478.rigid]
    assert np.ptp(track.points[:, still], axis=0).max() == 0


def test_the_motion_is_symmetric() -> None:
    track = viseme_track(phones_of(("ɑ", 0.3), ("u", 0.3)), duration_s=0.6, fps=25)
    right, left = MEDIAPIPE_478.mouth_corners
    assert track.neutral is not None
    moved = track.points - track.neutral
    np.testing.assert_allclose(moved[:, right, 0], -moved[:, left, 0], atol=1e-6)
    np.testing.assert_allclose(moved[:, right, 1], moved[:, left, 1], atol=1e-6)


def test_another_face_moves_by_the_same_amount() -> None:
    wider = generic_neutral() * np.float32((1.1, 1, 1))
    phones = phones_of((PAUSE, 0.3), ("ɑ", 0.3), (PAUSE, 0.3))
    own, other = (viseme_track(phones, duration_s=0.9, fps=25, neutral=face) for face in (None, wider))
    assert other.neutral is not None
    np.testing.assert_allclose(other.points - other.neutral, own.points - generic_neutral(), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fps": 0}, "0 frames per second"),
        ({"fps": float("nan")}, "nan frames per second"),
        ({"duration_s": 0}, "must be positive"),
        ({"neutral": np.zeros((68, 3))}, r"shape \(68, 3\)"),
    ],
)
def test_mistakes_are_told(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        viseme_track([Phone("a", 0, 1)], **({"duration_s": 1, "fps": 25} | changes))


def test_an_open_neutral_is_refused() -> None:
    open_face = viseme_track([Phone("ɑ", 0, 1)], duration_s=1, fps=25).points[12]
    with pytest.raises(InputError, match="lips of the neutral are open"):
        viseme_track([Phone("a", 0, 1)], duration_s=1, fps=25, neutral=open_face)


def test_phones_with_a_gap_are_refused() -> None:
    with pytest.raises(ValueError, match="begins at"):
        viseme_track([Phone("a", 0, 0.2), Phone("b", 0.3, 0.4)], duration_s=1, fps=25)


def test_every_letter_of_a_phone_is_a_viseme_in_time() -> None:
    visemes = [(s.viseme, round(s.start_s, 3), round(s.end_s, 3)) for s in segments_of([Phone("ˈaɪ", 0, 0.2)])]
    assert visemes == [("open", 0, 0.1), ("close", 0.1, 0.2)]
    assert [s.viseme for s in segments_of([Phone("tʃ", 0, 0.1)])] == ["alveolar", "postalveolar"]
    assert segments_of([Phone("ʲ", 0, 0.1)]) == ()


@pytest.mark.parametrize("voice", ["en-us", "en-gb", "de", "fr-fr", "es", "ru", "pl", "sv"])
def test_nearly_every_phone_of_a_voice_has_a_viseme(voice: str) -> None:
    texts = {"ru": "Съешь ещё этих мягких французских булок, да выпей чаю"}
    phones = synthesise(texts.get(voice, "The quick brown fox jumps over the lazy dog"), voice=voice).phones
    without = [phone.symbol for phone in phones if not segments_of([phone])]
    assert len(without) <= (6 if voice == "ru" else 0), without  # Russian marks palatalisation as phones of its own


def test_the_card_names_data_licence_and_what_was_measured() -> None:
    card = json.loads(resources.files("lipstudy.models").joinpath("visemes.json").read_text("utf-8"))
    assert "GRID" in card["data"]
    assert card["licence_of_data"].startswith("CC BY 4.0")
    assert set(card["measured"]["segments"]) == set(VISEMES)
    assert card["measured"]["left_out"]["aperture"]["correlation_median"] > 0.56
    assert 0.9 < card["measured"]["left_out"]["aperture"]["deviation_ratio"] < 1.1


@pytest.mark.slow
@pytest.mark.needs_shared_data
def test_the_command_makes_the_model_again(grid: Path, tmp_path: Path) -> None:
    from lipstudy.models.estimate_visemes import main

    main([str(grid), "-o", str(tmp_path / "visemes.npz"), "--workers", "2"])
    with (
        np.load(tmp_path / "visemes.npz") as again,
        resources.as_file(resources.files("lipstudy.models") / "visemes.npz") as path,
        np.load(path) as kept,
    ):
        assert sorted(again.files) == sorted(kept.files)
        for name, tolerance in (
            ("basis", 0.02),
            # The card's revision aligned some words a frame or two elsewhere; the residual shapes feel it most.
            ("targets", 0.7),
            ("spread_s", 0.051),
            ("labiodental_aperture", 0.005),
        ):
            np.testing.assert_allclose(again[name], kept[name], atol=tolerance)
        np.testing.assert_allclose(again["targets"][:, :3], kept["targets"][:, :3], atol=0.02)


def test_the_command_refuses_a_folder_without_film(tmp_path: Path) -> None:
    from lipstudy.models.estimate_visemes import main

    with pytest.raises(SystemExit, match="holds no film"):
        main([str(tmp_path), "-o", str(tmp_path / "visemes.npz")])
    assert not list(tmp_path.iterdir())
