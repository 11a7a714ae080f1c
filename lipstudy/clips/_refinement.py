"""A refinement: a small network of one speaker that brings rendered mouths nearer to her film, and its verdict.

It is taught by `teach` on (rendered, filmed) pairs of the speaker's film, judged by `judged` on a part of the film that
it has not seen, and added to a face by `render_film_face`. Whether it is used is for the verdict to say.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._mouth_path import REACH_IOD
from lipstudy.clips._warp import smoothstep
from lipstudy.errors import InputError
from lipstudy.records import write_bytes, write_text

__all__ = [
    "REFINEMENT_VERSION",
    "Likeness",
    "Refinement",
    "RefinementVerdict",
    "load_refinement",
    "load_verdict",
    "save_refinement",
    "within_reach",
]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]
Refine = Callable[[Image, Floats], Image]

REFINEMENT_VERSION = "refined-1"
"""Written into manifests behind the renderer's; it changes when a network, its teaching or its use does."""

_LEAST_SSIM = 0.002
_LEAST_DB = 0.1
"""Gains below these nobody sees, and chance makes them."""
_SHARPNESS_TOLERANCE = 0.02
"""So much farther from the film's sharpness a likeness may be and count as equally sharp."""
_ENOUGH_FRAMES = 600
"""Four fifths of 30 s."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near frames come to the film of the same moments, around the mouth."""

    ssim: float
    """Structural similarity, 1 for the same."""
    psnr_db: float
    """Peak signal to noise ratio, dB; 88 for the same."""
    sharpness: float
    """Mean length of the gradient of grey values, as a part of the film's: 1 is as sharp, below it is softer."""

    @property
    def unlike_sharpness(self) -> float:
        """How far the sharpness is from the film's, to either side."""
        return abs(self.sharpness - 1)


@dataclass(frozen=True, slots=True)
class RefinementVerdict:
    """What a network is worth on frames of the film that it was not taught on."""

    taught_frames: int
    """Number of frames that it was taught on."""
    held_out_frames: int
    """Number of frames that it is judged on: the last fifth of the film."""
    rendered: Likeness
    """Of the frames as they are rendered."""
    refined: Likeness
    """Of the same with the network."""
    blurred: Likeness
    """Of the same under a Gaussian blur, of the width that comes nearest to the network in SSIM."""
    blur_sigma_px: float
    """That width."""

    @property
    def better(self) -> bool:
        """Whether the network is kept."""
        return self.refusal is None

    @property
    def refusal(self) -> str | None:
        """Why the network is not kept; None if it is nearer to the film, as sharp, and does more than the blur does."""
        before, now, blurred = self.rendered, self.refined, self.blurred
        if not (now.ssim >= before.ssim + _LEAST_SSIM and now.psnr_db >= before.psnr_db + _LEAST_DB):
            return "it comes hardly nearer to the film"
        if not now.unlike_sharpness <= before.unlike_sharpness + _SHARPNESS_TOLERANCE:
            return "its lips are softer" if now.sharpness < before.sharpness else "its lips are sharper than film"
        softer = now.unlike_sharpness > blurred.unlike_sharpness + _SHARPNESS_TOLERANCE
        return "a blur does as much" if softer or not now.psnr_db > blurred.psnr_db else None

    def sentence(self) -> str:
        """Return the verdict and its numbers, for a person."""
        before, now, blurred = self.rendered, self.refined, self.blurred
        verdict = "kept" if self.refusal is None else f"left out, as {self.refusal}"
        few = "" if self.taught_frames >= _ENOUGH_FRAMES else "; that is little film, 30 s or more teach it better"
        return (
            f"the network is {verdict}: taught on {self.taught_frames} frames and compared on {self.held_out_frames}"
            f" others, it takes SSIM from {before.ssim:.3f} to {now.ssim:.3f}, PSNR from {before.psnr_db:.1f} to"
            f" {now.psnr_db:.1f} dB, sharpness from {before.sharpness:.2f} of the film's to {now.sharpness:.2f} (a blur"
            f" that is as near: {blurred.ssim:.3f}, {blurred.psnr_db:.1f} dB, {blurred.sharpness:.2f}){few}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Refinement:
    """A network that was taught for one speaker and one size of clips."""

    weights: Mapping[str, NDArray[np.float32]]
    """Name -> weights of its layers."""
    size_px: int
    """Side of the clips that it was taught on."""

    def opened(self, *, size_px: int) -> Refine:
        """Return what refines frames: a function of pixels (h, w, 3) uint8 and of the share of each, (h, w) 0 to 1.

        Where the share is 0, pixels stay as they are, bit for bit. It works on the processor, on one thread, so that
        the same pixels give the same pixels.

        Raises
        ------
        InputError
            If clips of `size_px` are not those that it was taught on.
        """
        if size_px != self.size_px:
            raise InputError(
                f"the network was taught on clips of {self.size_px} pixels and cannot refine clips of {size_px}: teach"
                " one for them"
            )
        from lipstudy.clips._refinement_network import RefinementNetwork, refined_pixels

        network = RefinementNetwork.of(self.weights)
        return lambda pixels, share: refined_pixels(network, pixels, share)


def within_reach(misfit_iod: Floats) -> NDArray[np.float32]:
    """Return 1 for mouths like those of the film, 0 for those beyond its range, and between them what lies between.

    What a network does to mouths that it has never seen, nobody has looked at.
    """
    return (1 - smoothstep(misfit_iod, 0.5 * REACH_IOD, REACH_IOD)).astype(np.float32)


def save_refinement(weights_path: Path, verdict_path: Path, refinement: Refinement, verdict: RefinementVerdict) -> None:
    """Write weights and verdict, each file whole or not at all. Raises OutputError."""
    from safetensors.numpy import save

    data = save(
        {name: np.ascontiguousarray(value) for name, value in refinement.weights.items()},
        metadata={"size_px": str(refinement.size_px)},
    )
    told = asdict(verdict) | {
        "better": verdict.better,
        "version": REFINEMENT_VERSION,
        "size_px": refinement.size_px,
        "weights_sha256": hashlib.sha256(data).hexdigest(),
    }
    write_bytes(weights_path, data)
    write_text(verdict_path, json.dumps(told, indent=2) + "\n")


def load_refinement(weights_path: Path) -> Refinement:
    """Read what `save_refinement` wrote of a network."""
    from safetensors import safe_open

    with safe_open(weights_path, framework="numpy") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
        return Refinement(weights, size_px=int(file.metadata()["size_px"]))


def load_verdict(verdict_path: Path) -> RefinementVerdict:
    """Read what `save_refinement` wrote of a verdict."""
    told = json.loads(verdict_path.read_bytes())
    return RefinementVerdict(
        taught_frames=told["taught_frames"],
        held_out_frames=told["held_out_frames"],
        rendered=Likeness(**told["rendered"]),
        refined=Likeness(**told["refined"]),
        blurred=Likeness(**told["blurred"]),
        blur_sigma_px=told["blur_sigma_px"],
    )
