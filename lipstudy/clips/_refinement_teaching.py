"""Teaching a refinement: from pairs to weights, the same for the same film, after any interruption."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lipstudy.clips._refinement import REFINEMENT_VERSION, Refinement
from lipstudy.clips._refinement_judging import likeness
from lipstudy.clips._refinement_network import RefinementNetwork, as_tensor, on_one_torch_thread, refined_pixels
from lipstudy.clips._refinement_pairs import Image, MouthPairs, steps_for
from lipstudy.execution import Progress
from lipstudy.randomness import named_stream
from lipstudy.records import atomic_path

__all__ = ["Lesson", "refined_frames", "teach"]

Weights = dict[str, NDArray[np.float32]]

_SEED = 0
"""One for all: the same film gives the same weights."""
_KEEP_EVERY_STEPS = 100
_FRAMES_A_STEP = 4
_PATCH_PX = (96, 128)
"""Height and width of what a step looks at in each frame."""
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 1e-3
_SHARPNESS_WEIGHT = 3.0
_SHARPNESS_SQUARE_PX = 8
_STRENGTHS = (1.0, 0.8, 0.65, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
_SHARPNESS_LOSS = 0.015
"""Allowed on frames that were taught; the verdict allows a little more on others."""
_LOOKED_AT_FRAMES = 40


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """How far a network has come."""

    done_steps: int
    """Steps done."""
    steps: int
    """Steps in all."""
    weights: Weights
    """Name -> weights of its layers; when the lesson is over, so weak that mouths stay sharp."""

    @property
    def is_over(self) -> bool:
        """Whether all steps are done."""
        return self.done_steps >= self.steps

    def refinement(self, *, size_px: int) -> Refinement:
        """Return the network for clips of `size_px`."""
        return Refinement(self.weights, size_px)


def teach(
    pairs: MouthPairs,
    *,
    steps: int | None = None,
    at_most: int | None = None,
    state_path: Path | None = None,
    progress: Progress | None = None,
) -> Lesson:
    """Teach a network to make the rendered mouths of a film the filmed ones, on a GPU if there is one.

    The loss is the distance of grey values and of their gradients, and that of how much gradient there is in small
    squares: without the last a network makes soft whatever it is not sure of.

    Parameters
    ----------
    pairs : MouthPairs
        Of the film; those held out teach nothing.
    steps : int >= 1, optional
        Updates of the weights in all; by the length of the film if not given.
    at_most : int >= 1, optional
        Stop after so many more, to go on later from `state_path`.
    state_path : Path, optional
        Where the state is kept; a run that was killed goes on from there. The weights are then those of a run that was
        not: on a processor to the bit.
    progress : Progress, optional
        Told the steps.

    Returns
    -------
    Lesson

    Raises
    ------
    OutputError
        If the state cannot be written.
    """
    count = steps_for(len(pairs)) if steps is None else steps
    with on_one_torch_thread():
        run = _Run(pairs, count, state_path)
        run.go_on()
        end = count if at_most is None else min(count, run.done + at_most)
        while run.done < end:
            run.step()
            if run.done % _KEEP_EVERY_STEPS == 0 or run.done == end:
                run.keep()
                if progress is not None:
                    progress(run.done, count)
        weights = {name: np.asarray(value.cpu().numpy()).copy() for name, value in run.network.state_dict().items()}
    return Lesson(run.done, count, _as_sharp(weights, pairs) if run.done >= count else weights)


def refined_frames(refinement: Refinement, pairs: MouthPairs) -> Image:
    """Return the held-out frames of a film, (T, h, w, 3), as a network makes them."""
    return _refined(refinement.weights, pairs, slice(pairs.taught_frames, None))


def _refined(weights: Mapping[str, NDArray[np.float32]], pairs: MouthPairs, frames: slice) -> Image:
    network = RefinementNetwork.of(weights)
    both = zip(pairs.shown[frames], pairs.share(frames), strict=True)
    return np.stack([refined_pixels(network, pixels, share) for pixels, share in both])


def _as_sharp(weights: Weights, pairs: MouthPairs) -> Weights:
    """Return the network that adds as much as leaves the frames that it was taught on as sharp as they were.

    What is held out has no say in it.
    """
    some = slice(0, pairs.taught_frames, max(1, pairs.taught_frames // _LOOKED_AT_FRAMES))
    filmed, cover = pairs.filmed[some], pairs.cover[some]
    most = likeness(pairs.shown[some], filmed, cover).unlike_sharpness + _SHARPNESS_LOSS
    for strength in _STRENGTHS:
        weaker = weights | {name: weights[name] * np.float32(strength) for name in ("added.weight", "added.bias")}
        if likeness(_refined(weaker, pairs, some), filmed, cover).unlike_sharpness <= most:
            break
    return weaker


class _Run:
    """The state of a teaching."""

    def __init__(self, pairs: MouthPairs, steps: int, path: Path | None) -> None:
        self.pairs, self.steps, self.path, self.done = pairs, steps, path, 0
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = RefinementNetwork.untaught(seed=_SEED).to(self.device)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, _LEARNING_RATE, total_steps=steps)
        self.identity = _identity(pairs, steps)

    def step(self) -> None:
        # A stream for each step, so that a run that goes on draws what the whole run would have drawn.
        rng = named_stream(_SEED, "refinement", self.done)
        pairs = self.pairs
        whole = pairs.shown.shape[1:3]
        size = [min(side, patch) for side, patch in zip(whole, _PATCH_PX, strict=True)]
        frames = rng.choice(pairs.taught_frames, min(_FRAMES_A_STEP, pairs.taught_frames), replace=False)
        top, left = (int(rng.integers(side - patch + 1)) for side, patch in zip(whole, size, strict=True))
        patch = (slice(None), slice(top, top + size[0]), slice(left, left + size[1]))
        shown, filmed = (as_tensor(each[frames][patch]).to(self.device) for each in (pairs.shown, pairs.filmed))
        share = torch.tensor(pairs.share(frames)[patch], device=self.device)[:, None]
        loss = _loss(self.network(shown, share), filmed)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.schedule.step()
        self.done += 1

    def keep(self) -> None:
        if self.path is None:
            return
        state = {
            "identity": self.identity,
            "done": self.done,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        with atomic_path(self.path) as temporary:
            torch.save(state, temporary)

    def go_on(self) -> None:
        """Take up a run on the same pairs where it stopped."""
        if self.path is None or not self.path.is_file():
            return
        state = torch.load(self.path, weights_only=True, map_location=self.device)
        if state["identity"] != self.identity:
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.done = state["done"]


def _loss(made: Tensor, filmed: Tensor) -> Tensor:
    missed = made - filmed
    loss = missed.abs().mean() + missed.diff(dim=2).abs().mean() + missed.diff(dim=3).abs().mean()
    apart = nn.functional.avg_pool2d(_steepness(made) - _steepness(filmed), _SHARPNESS_SQUARE_PX)
    return loss + _SHARPNESS_WEIGHT * apart.abs().mean()


def _steepness(pictures: Tensor) -> Tensor:
    """Return the length of the gradient of grey values, (N, 1, h - 1, w - 1), of pictures (N, 3, h, w)."""
    grey = pictures.mean(dim=1, keepdim=True)
    across, down = grey.diff(dim=3)[:, :, 1:], grey.diff(dim=2)[..., 1:]
    return torch.sqrt(across**2 + down**2 + 1e-6)


def _identity(pairs: MouthPairs, steps: int) -> str:
    digest = hashlib.sha256(f"{REFINEMENT_VERSION} {steps} {pairs.taught_frames} {pairs.shown.shape}".encode())
    for array in (pairs.shown, pairs.filmed, pairs.cover, pairs.reach):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
