"""A network that refines mouths is kept where it makes held-out film more alike, and refused where it only softens."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lipstudy.clips import (
    FilmFace,
    MouthPairs,
    Refinement,
    judged,
    load_pairs,
    load_refinement,
    load_verdict,
    mouth_pairs,
    open_film_face,
    refined_frames,
    render_film_face,
    save_pairs,
    save_refinement,
    steps_for,
    teach,
)
from lipstudy.clips._refinement_judging import likeness
from lipstudy.clips._refinement_network import RefinementNetwork
from lipstudy.errors import InputError
from lipstudy.face import LandmarkTrack
from lipstudy.motion import scale_articulation

Image = NDArray[np.uint8]
HEIGHT_PX, WIDTH_PX = 42, 66  # no multiples of four
CAST = np.array([0.7, 0.9, 1.1])


def film_of(frames: int, *, grain_seed: int = 2) -> Image:
    """Return frames, each other than the last, with a fine grain."""
    coarse, fine = (
        np.random.default_rng(seed).normal(size=(frames, HEIGHT_PX, WIDTH_PX, 3)).astype(np.float32)
        for seed in (1, grain_seed)
    )
    return np.stack(
        [
            np.clip(120 + 400 * cv2.GaussianBlur(large, (0, 0), 3) + 25 * cv2.GaussianBlur(small, (0, 0), 0.8), 20, 230)
            for large, small in zip(coarse, fine, strict=True)
        ]
    ).astype(np.uint8)


def pairs_of(shown: Image, filmed: Image) -> MouthPairs:
    """Return pairs that differ under a cover that ends before the border; four fifths of them teach."""
    cover = np.zeros(shown.shape[:3], np.uint8)
    cover[:, 8:-8, 8:-8] = 255
    shown = np.where(cover[..., None] > 0, shown, filmed)
    return MouthPairs(shown, filmed, cover, np.ones(len(shown), np.float32), len(shown) * 4 // 5)


@pytest.fixture(scope="module")
def cast() -> MouthPairs:
    """Return mouths that are rendered in another colour than they were filmed in."""
    filmed = film_of(20)
    return pairs_of((CAST * filmed).round().clip(0, 255).astype(np.uint8), filmed)


def bits_of(weights: dict[str, NDArray[np.float32]]) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in weights.items()}


def test_a_network_that_repairs_mouths_is_kept(cast: MouthPairs, tmp_path: Path) -> None:
    refinement = teach(cast, steps=60).refinement(size_px=256)
    verdict = judged(cast, refined_frames(refinement, cast))
    assert verdict.refusal is None, verdict
    assert verdict.refined.psnr_db > verdict.rendered.psnr_db + 10
    assert (verdict.taught_frames, verdict.held_out_frames) == (16, 4)
    assert verdict.sentence().startswith("the network is kept: taught on 16 frames and compared on 4 others, it takes ")
    save_refinement(tmp_path / "weights", tmp_path / "verdict.json", refinement, verdict)
    assert load_verdict(tmp_path / "verdict.json") == verdict
    read = load_refinement(tmp_path / "weights")
    assert (bits_of(read.weights), read.size_px) == (bits_of(refinement.weights), 256)


@pytest.mark.needs_gpu
def test_a_network_taught_on_a_gpu_is_used_on_the_processor(cast: MouthPairs) -> None:
    refinement = teach(cast, steps=60).refinement(size_px=256)
    assert judged(cast, refined_frames(refinement, cast)).better


@pytest.fixture(scope="module")
def noisy() -> MouthPairs:
    """Return mouths whose grain is another than the film's: a blur brings them nearer to it."""
    return pairs_of(film_of(20, grain_seed=3), film_of(20))


def blurred(frames: Image, sigma_px: float) -> Image:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma_px) for frame in frames])


def test_a_network_that_only_blurs_is_refused(noisy: MouthPairs) -> None:
    soft = blurred(noisy.shown[noisy.taught_frames :], 1.0)
    verdict = judged(noisy, soft)
    assert verdict.refined.ssim > verdict.rendered.ssim + 0.002, "the blur does not even come nearer"
    assert verdict.refined.psnr_db > verdict.rendered.psnr_db + 0.1
    assert verdict.refined == verdict.blurred
    assert verdict.blur_sigma_px == 1.0
    assert verdict.refusal == "its lips are softer"
    assert "the network is left out, as its lips are softer: " in verdict.sentence()


def test_a_network_that_does_what_a_narrow_blur_does_is_refused(noisy: MouthPairs) -> None:
    verdict = judged(noisy, blurred(noisy.shown[noisy.taught_frames :], 0.5))
    as_sharp = replace(verdict, rendered=replace(verdict.rendered, sharpness=verdict.refined.sharpness))
    assert as_sharp.refusal == "a blur does as much"


def test_a_network_that_changes_nothing_or_sharpens_is_refused(cast: MouthPairs) -> None:
    shown = cast.shown[cast.taught_frames :]
    assert judged(cast, shown).refusal == "it comes hardly nearer to the film"
    verdict = judged(cast, cast.filmed[cast.taught_frames :])
    assert verdict.better
    assert verdict.refined.psnr_db == pytest.approx(88.1, abs=0.1)
    sharper = replace(verdict, refined=replace(verdict.refined, sharpness=1.2))
    assert sharper.refusal == "its lips are sharper than film"


def test_what_lies_outside_the_cover_is_not_judged(cast: MouthPairs) -> None:
    spoilt = cast.filmed[cast.taught_frames :].copy()
    before = judged(cast, spoilt)
    spoilt[:, 0, 0] = 255
    assert judged(cast, spoilt).refined.psnr_db == before.refined.psnr_db


def test_what_a_network_adds_is_held_to_the_sharpness_that_it_found(
    noisy: MouthPairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = noisy.taught_frames
    shown, filmed, cover = noisy.shown[:taught], noisy.filmed[:taught], noisy.cover[:taught]
    before = likeness(shown, filmed, cover).sharpness

    def sharpness_after() -> float:
        refine = teach(noisy, steps=60).refinement(size_px=128).opened(size_px=128)
        refined = [refine(*each) for each in zip(shown, noisy.share(slice(0, taught)), strict=True)]
        return likeness(np.stack(refined), filmed, cover).sharpness

    held = sharpness_after()
    assert abs(held - 1) <= abs(before - 1) + 0.015
    monkeypatch.setattr("lipstudy.clips._refinement_teaching._STRENGTHS", (1.0,))
    assert sharpness_after() < held - 0.01, "it had nothing to hold"


def test_the_same_film_gives_the_same_weights_and_another_others(cast: MouthPairs, noisy: MouthPairs) -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    first = bits_of(teach(cast, steps=6).weights)
    assert torch.equal(torch.random.get_rng_state(), before), "torch's own generator was used up"
    torch.rand(3)
    assert bits_of(teach(cast, steps=6).weights) == first
    assert bits_of(teach(noisy, steps=6).weights) != first


def test_held_out_frames_teach_nothing(cast: MouthPairs) -> None:
    shown, filmed = cast.shown.copy(), cast.filmed.copy()
    shown[cast.taught_frames :], filmed[cast.taught_frames :] = 0, 255
    other = replace(cast, shown=shown, filmed=filmed)
    assert bits_of(teach(other, steps=6).weights) == bits_of(teach(cast, steps=6).weights)


def test_teaching_in_parts_gives_the_weights_of_teaching_at_once(cast: MouthPairs, tmp_path: Path) -> None:
    state, told = tmp_path / "teaching.pt", []
    first = teach(cast, steps=7, at_most=3, state_path=state, progress=lambda *each: told.append(each))
    assert (first.done_steps, first.is_over) == (3, False)
    last = teach(cast, steps=7, at_most=9, state_path=state, progress=lambda *each: told.append(each))
    assert last.is_over
    assert told == [(3, 7), (7, 7)]
    assert bits_of(last.weights) == bits_of(teach(cast, steps=7).weights)


def test_the_state_of_another_teaching_is_not_taken_up(cast: MouthPairs, noisy: MouthPairs, tmp_path: Path) -> None:
    state = tmp_path / "teaching.pt"
    teach(noisy, steps=6, at_most=3, state_path=state)
    assert bits_of(teach(cast, steps=6, state_path=state).weights) == bits_of(teach(cast, steps=6).weights)


KILLED = """\
import sys
from pathlib import Path
from lipstudy.clips import load_pairs, teach
from lipstudy.clips import _refinement_teaching

_refinement_teaching._KEEP_EVERY_STEPS = 2
teach(load_pairs(Path(sys.argv[1])), steps=400, state_path=Path(sys.argv[2]))
"""


def test_a_killed_teaching_goes_on_to_the_same_weights(cast: MouthPairs, tmp_path: Path) -> None:
    pairs_path, state = tmp_path / "pairs.npz", tmp_path / "teaching.pt"
    save_pairs(pairs_path, cast)
    process = subprocess.Popen([sys.executable, "-c", KILLED, pairs_path, state])
    until = time.monotonic() + 60
    while not state.exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    kept = torch.load(state, weights_only=True)["done"]
    assert 0 < kept < 400, "it was not killed in the middle"
    pairs = load_pairs(pairs_path)
    some = teach(pairs, steps=400, at_most=4, state_path=state)
    assert some.done_steps == kept + 4
    whole = teach(pairs, steps=400, at_most=kept + 4)
    assert bits_of(some.weights) == bits_of(whole.weights)


def test_longer_film_is_worth_more_steps_up_to_a_bank() -> None:
    assert [steps_for(frames) for frames in (50, 500, 1500, 90000)] == [400, 3200, 9600, 9600]


def refinement_that_adds(size_px: int, levels: float) -> Refinement:
    network = RefinementNetwork()
    torch.nn.init.constant_(network.added.bias, levels / 255)
    return Refinement({name: value.numpy() for name, value in network.state_dict().items()}, size_px)


def test_pixels_without_a_share_stay_and_others_get_theirs() -> None:
    pixels = film_of(1)[0]
    share = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    share[10:20, 10:20], share[20:30, 20:30] = 1, 0.5
    added = refinement_that_adds(128, 20).opened(size_px=128)(pixels, share).astype(int) - pixels
    np.testing.assert_array_equal(added, np.broadcast_to((20 * share)[..., None], added.shape))


def test_clips_of_another_size_than_it_was_taught_on_are_refused() -> None:
    with pytest.raises(InputError, match="taught on clips of 128 pixels and cannot refine clips of 512"):
        refinement_that_adds(128, 20).opened(size_px=512)


@pytest.fixture(scope="module")
def track(tracked: Callable[[str], LandmarkTrack]) -> LandmarkTrack:
    return tracked("bbaf2n")


@pytest.fixture(scope="module")
def face(grid: Path, track: LandmarkTrack) -> FilmFace:
    return open_film_face(grid / "bbaf2n.mpg", track)


def part_of(track: LandmarkTrack, frames: list[int]) -> LandmarkTrack:
    pose = replace(
        track.pose,
        scale_px=track.pose.scale_px[frames],
        rotation=track.pose.rotation[frames],
        translation_px=track.pose.translation_px[frames],
    )
    return track.with_points(track.points[frames], pose=pose, valid=track.valid[frames])


@pytest.mark.needs_shared_data
def test_pairs_are_the_own_mouth_beside_that_of_other_parts(face: FilmFace, track: LandmarkTrack) -> None:
    pairs = mouth_pairs(face, track, size_px=128)
    assert (len(pairs), pairs.taught_frames) == (75, 60)
    own = np.stack(list(render_film_face(face, track, size_px=128)))
    edge = np.concatenate([pairs.cover[:, [0, -1]].ravel(), pairs.cover[:, :, [0, -1]].ravel()])
    assert edge.max() == 0
    apart = np.abs(pairs.shown.astype(int) - pairs.filmed).mean(-1)
    assert apart[pairs.cover == 0].mean() < 0.05, "the two do not lie on each other"
    assert 1 < apart[pairs.cover == 255].mean() < 12
    # At articulation 1 the film's own track shows the film's own mouths.
    height, width = pairs.filmed.shape[1:3]
    _, _, (left, top), _ = cv2.minMaxLoc(cv2.matchTemplate(own[0], pairs.filmed[0], cv2.TM_SQDIFF))
    same = own[:, top : top + height, left : left + width].astype(int)
    assert np.abs(same - pairs.filmed)[pairs.cover == 255].mean() < 0.5 * apart[pairs.cover == 255].mean()


@pytest.mark.needs_shared_data
def test_a_film_too_short_to_be_taken_apart_is_refused(face: FilmFace, track: LandmarkTrack) -> None:
    few = replace(face, bank=replace(face.bank, images=face.bank.images[:24]))
    with pytest.raises(InputError, match="24 frames of film can be used, and a network is taught on 25 or more"):
        mouth_pairs(few, track, size_px=128)


@pytest.mark.needs_shared_data
def test_a_clip_is_refined_on_the_mouth_alone_without_a_seam(face: FilmFace, track: LandmarkTrack) -> None:
    few, size_px = part_of(track, [20, 20, 40]), 128
    plain = np.stack(list(render_film_face(face, few, size_px=size_px))).astype(int)
    refinement = refinement_that_adds(size_px, 20)
    refined = np.stack(list(render_film_face(face, few, size_px=size_px, refinement=refinement))).astype(int)
    np.testing.assert_array_equal(refined[0], refined[1])
    np.testing.assert_array_equal(
        refined, np.stack(list(render_film_face(face, few, size_px=size_px, refinement=refinement)))
    )
    added = (refined - plain).max(-1)
    for frame in added:
        rows, columns = np.flatnonzero(frame.any(1)), np.flatnonzero(frame.any(0))
        assert frame.max() == 20
        assert size_px // 3 < rows[0]
        assert rows[-1] < size_px - 1
        assert 0 < columns[0] < columns[-1] < size_px - 1
        assert max(np.abs(np.diff(frame, axis=axis)).max() for axis in (0, 1)) < 8, "the edge is seen"


@pytest.mark.needs_shared_data
def test_towards_mouths_beyond_the_film_a_refinement_fades_out(face: FilmFace, track: LandmarkTrack) -> None:
    wide = scale_articulation(track, 3.0).track
    beyond: list[int] = []
    plain = list(render_film_face(face, wide, size_px=128, on_extrapolated=beyond.append))
    assert 0 < len(beyond) < len(plain)
    refined = list(render_film_face(face, wide, size_px=128, refinement=refinement_that_adds(128, 20)))
    added = np.array([(after.astype(int) - before).max() for before, after in zip(plain, refined, strict=True)])
    assert added.max() == 20
    assert ((added > 0) & (added < 15)).any(), "it is there or not there at all"
    assert not added[beyond].any()


def test_clips_are_imported_without_torch() -> None:
    code = "import lipstudy.clips, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
