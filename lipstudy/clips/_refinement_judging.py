"""What a refinement is worth: likeness to film that it was not taught on, beside that of a plain blur."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._refinement import Likeness, RefinementVerdict
from lipstudy.clips._refinement_pairs import Image, MouthPairs
from lipstudy.clips._warp import on_one_thread

__all__ = ["judged", "likeness"]

Floats = NDArray[np.floating[Any]]

_SIGMAS_PX = (0.5, 0.6, 0.7, 0.8, 1.0, 1.3)
"""Widths of blurs; narrower ones change nothing in bytes."""

_LEAST_SQUARED = 1e-4
"""Of 255 squared: frames that are the same are 88 dB alike, as infinity has no place in JSON."""


def judged(pairs: MouthPairs, refined: Image) -> RefinementVerdict:
    """Compare refined mouths with film that taught nothing.

    Parameters
    ----------
    pairs : MouthPairs
        Of a film.
    refined : ndarray of shape (T, h, w, 3) uint8
        Its held-out frames as a network makes them.

    Returns
    -------
    RefinementVerdict
    """
    held_out = slice(pairs.taught_frames, None)
    shown, filmed, cover = (each[held_out] for each in (pairs.shown, pairs.filmed, pairs.cover))
    now = likeness(refined, filmed, cover)
    with on_one_thread():
        blurs = {
            sigma_px: likeness(np.stack([cv2.GaussianBlur(frame, (0, 0), sigma_px) for frame in shown]), filmed, cover)
            for sigma_px in _SIGMAS_PX
        }
    sigma_px, blurred = min(blurs.items(), key=lambda blur: abs(blur[1].ssim - now.ssim))
    return RefinementVerdict(
        taught_frames=pairs.taught_frames,
        held_out_frames=len(shown),
        rendered=likeness(shown, filmed, cover),
        refined=now,
        blurred=blurred,
        blur_sigma_px=sigma_px,
    )


def likeness(frames: Image, filmed: Image, cover: Image) -> Likeness:
    """Return how near frames (T, h, w, 3) are to film, each pixel weighing as much as its cover (T, h, w), of 255."""
    from skimage.metrics import structural_similarity

    weight = cover / cover.sum(dtype=np.float64)
    ssim, squared = 0.0, 0.0
    steep = np.zeros(2)
    for frame, real, own in zip(frames, filmed, weight, strict=True):
        similar = structural_similarity(frame, real, channel_axis=-1, full=True)[1]
        ssim += float((similar.mean(-1) * own).sum())
        squared += float((((frame.astype(np.float64) - real) ** 2).mean(-1) * own).sum())
        steep += [(_steepness(each) * own).sum() for each in (frame, real)]
    psnr_db = float(10 * np.log10(255**2 / max(squared, _LEAST_SQUARED)))
    return Likeness(ssim=ssim, psnr_db=psnr_db, sharpness=float(steep[0] / steep[1]))


def _steepness(frame: Image) -> Floats:
    return np.asarray(np.hypot(*np.gradient(frame.mean(-1))))
