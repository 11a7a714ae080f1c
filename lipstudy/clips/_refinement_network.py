"""The network of a refinement: what it looks like, and how it is used on one frame."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["RefinementNetwork", "as_pixels", "as_tensor", "on_one_torch_thread", "refined_pixels"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_HALVINGS = 4
"""The coarse path looks at squares of so many pixels."""


@contextmanager
def on_one_torch_thread() -> Iterator[None]:
    """Keep torch on one thread: sums then come out the same on any number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class RefinementNetwork(nn.Module):
    """What is added to a rendered mouth: 94,000 weights, a look 60 pixels wide. Untaught, it adds nothing."""

    def __init__(self, channels: int = 24) -> None:
        super().__init__()
        wide = 2 * channels
        self.fine = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), nn.SiLU())
        self.coarse = nn.Sequential(
            *(nn.Conv2d(channels, wide, 3, stride=2, padding=1), nn.SiLU()),
            *(nn.Conv2d(wide, wide, 3, stride=2, padding=1), nn.SiLU()),
            *(nn.Conv2d(wide, wide, 3, padding=2, dilation=2), nn.SiLU()),
            *(nn.Conv2d(wide, wide, 3, padding=1), nn.SiLU()),
            *(nn.Conv2d(wide, _HALVINGS**2 * channels, 1), nn.PixelShuffle(_HALVINGS)),
        )
        self.added = nn.Conv2d(wide, 3, 3, padding=1)
        nn.init.zeros_(self.added.weight)
        assert self.added.bias is not None
        nn.init.zeros_(self.added.bias)

    @classmethod
    def untaught(cls, *, seed: int) -> "RefinementNetwork":
        """Return the network that a teaching begins with. Torch's own generator is as before afterwards."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls()

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[np.float32]]) -> "RefinementNetwork":
        """Return the network with these weights, ready for use."""
        network = cls.untaught(seed=0)
        network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
        return network.eval().requires_grad_(False)

    def forward(self, shown: Tensor, share: Tensor) -> Tensor:
        """Return pictures (N, 3, h, w) of -0.5 to 0.5 refined, each pixel by its share (N, 1, h, w) of 0 to 1."""
        height, width = shown.shape[2:]
        padded = nn.functional.pad(shown, (0, -width % _HALVINGS, 0, -height % _HALVINGS), mode="replicate")
        fine = self.fine(padded)
        added = self.added(torch.cat([fine, self.coarse(fine)], dim=1))
        refined: Tensor = shown + share * added[..., :height, :width]
        return refined


def as_tensor(frames: Image) -> Tensor:
    """Return frames (T, h, w, 3) as (T, 3, h, w), -0.5 to 0.5."""
    return torch.tensor(frames).permute(0, 3, 1, 2).float() / 255 - 0.5


def as_pixels(pictures: Tensor) -> Image:
    """Return pictures (T, 3, h, w), -0.5 to 0.5, as (T, h, w, 3)."""
    levels: Image = ((pictures + 0.5) * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return levels


def refined_pixels(network: RefinementNetwork, pixels: Image, share: Floats) -> Image:
    """Return one frame's pixels (h, w, 3) refined, each by its share (h, w)."""
    with on_one_torch_thread(), torch.no_grad():
        shares = torch.tensor(np.asarray(share, np.float32))[None, None]
        refined: Image = as_pixels(network(as_tensor(pixels[None]), shares))[0]
    return refined
