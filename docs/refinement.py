"""Measure whether a small network makes filmed faces more like film, and write docs/refinement.md.

``.venv/bin/python docs/refinement.py``, with the GRID clips in ../shared/data (or LIPSTUDY_SHARED_DATA), takes four
minutes on one core.
"""

import os
from pathlib import Path

import cv2
import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import nn

from lipstudy.clips import FilmFace, on_one_thread, open_film_face
from lipstudy.clips._film_face import _Stage
from lipstudy.clips._mouth_bank import MOUTH_LIPS, uncovered_iod
from lipstudy.clips._mouth_path import mouth_path
from lipstudy.face import LandmarkTrack, neutral_of, track_film

ROOT = Path(__file__).parents[1]
GRID = Path(os.environ.get("LIPSTUDY_SHARED_DATA", ROOT.parent / "shared" / "data")) / "grid"
FILMS = [GRID / f"{name}.mpg" for name in ("bbaf2n", "lrwp9a", "pwij3p", "sbwe5n")]
SIZE_PX = 512
PARTS = 5
APART_FRAMES = 3
AROUND_PX = 24
STEPS = 400
SIGMAS_PX = (0.4, 0.5, 0.6, 0.8, 1.0)


def main() -> None:
    """Train a network for each film on four fifths of it, judge it on the last, write the page."""
    torch.set_num_threads(1)
    rows: dict[str, list[tuple[float, ...]]] = {"as rendered": [], "with the network": [], "with the blur": []}
    for path in FILMS:
        track = track_film(path)
        made, film = pairs(open_film_face(path, track), track)
        taught = len(made) * (PARTS - 1) // PARTS
        refined = refine(trained(made[:taught], film[:taught]), made[taught:])
        shown, real = made[taught:], film[taught:]
        rows["as rendered"].append(judged(shown, real))
        rows["with the network"].append(judged(refined, real))
        rows["with the blur"].append(nearest_blur(shown, real, ssim=rows["with the network"][-1][0]))
        print(path.name, *(np.round(values[-1], 3) for values in rows.values()), flush=True)
    lines = [
        f"| {way} | {ssim:.3f} | {psnr:.1f} | {sharpness:.2f} |"
        for way, (ssim, psnr, sharpness) in ((way, np.mean(values, axis=0)) for way, values in rows.items())
    ]
    page = PAGE.format(films=len(FILMS), table="\n".join(lines))
    (ROOT / "docs" / "refinement.md").write_text(page, encoding="utf-8")


def pairs(face: FilmFace, track: LandmarkTrack) -> tuple[np.ndarray, np.ndarray]:
    """Return the mouth of each frame of a film, (T, h, w, 3) uint8, as rendered and as filmed.

    Rendered from the mouths of the other fifths of the film, and from the frame's own: head, light and lips lie on each
    other to the pixel.
    """
    bank, neutral, lips = face.bank, neutral_of(track), list(MOUTH_LIPS)
    moved = track.points.astype(np.float64) - neutral
    asked, count = moved[:, lips, :2], track.num_frames
    made: list[np.ndarray] = []
    film: list[np.ndarray] = []
    with on_one_thread():
        stage = _Stage.of(face, SIZE_PX)
        targets_px = stage.targets_px(moved)
        for part in np.array_split(np.arange(count), PARTS):
            far = (np.arange(count) < part[0] - APART_FRAMES) | (np.arange(count) > part[-1] + APART_FRAMES)
            kept = np.flatnonzero(far)
            path = mouth_path(
                asked[part],
                bank.shapes[kept],
                uncovered_iod(asked[part]),
                uncovered_iod(bank.shapes[kept]),
                bank.look_apart[np.ix_(kept, kept)],
                bank.follows[kept] & (np.diff(kept, prepend=-2) == 1),
                bank.turn_deg[kept],
            )
            others = [kept[list(path.shown(place))].tolist() for place in range(len(part))]
            own = [[index] for index in part.tolist()]
            made += [frame for frame, _ in stage.shown(targets_px[part], others)]
            film += [frame for frame, _ in stage.shown(targets_px[part], own)]
    mouths_px = targets_px[:, lips, :2]
    low, high = mouths_px.min((0, 1)) - AROUND_PX, mouths_px.max((0, 1)) + AROUND_PX
    # The network halves its pictures twice.
    (left, top), (right, bottom) = (low // 4 * 4).astype(int), (-(-high // 4) * 4).astype(int)
    box = (slice(None), slice(top, bottom), slice(left, right))
    return np.stack(made)[box], np.stack(film)[box]


class Refinement(nn.Module):
    """What is added to a rendered mouth: 94,000 weights, a look 60 pixels wide."""

    def __init__(self, channels: int = 24) -> None:
        super().__init__()
        wide = 2 * channels
        self.fine = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), nn.SiLU())
        self.coarse = nn.Sequential(
            *(nn.Conv2d(channels, wide, 3, stride=2, padding=1), nn.SiLU()),
            *(nn.Conv2d(wide, wide, 3, stride=2, padding=1), nn.SiLU()),
            *(nn.Conv2d(wide, wide, 3, padding=2, dilation=2), nn.SiLU()),
            *(nn.Conv2d(wide, wide, 3, padding=1), nn.SiLU()),
            *(nn.Conv2d(wide, 16 * channels, 1), nn.PixelShuffle(4)),
        )
        self.added = nn.Conv2d(wide, 3, 3, padding=1)
        nn.init.zeros_(self.added.weight)
        nn.init.zeros_(self.added.bias)

    def forward(self, shown: torch.Tensor) -> torch.Tensor:
        """Return pictures (N, 3, h, w), -0.5 to 0.5, refined."""
        fine = self.fine(shown)
        return shown + self.added(torch.cat([fine, self.coarse(fine)], dim=1))


def trained(made: np.ndarray, film: np.ndarray) -> Refinement:
    """Return a network taught to make the rendered frames the filmed ones, in grey values and their gradients."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = Refinement()
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=STEPS)
    shown, wanted = as_tensor(made), as_tensor(film)
    height, width = min(96, shown.shape[2]), min(128, shown.shape[3])
    for _ in range(STEPS):
        chosen = rng.choice(len(shown), 4, replace=False)
        top, left = rng.integers(shown.shape[2] - height + 1), rng.integers(shown.shape[3] - width + 1)
        part = (chosen, slice(None), slice(top, top + height), slice(left, left + width))
        missed = network(shown[part]) - wanted[part]
        loss = missed.abs().mean() + sum(missed.diff(dim=axis).abs().mean() for axis in (2, 3))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def refine(network: Refinement, shown: np.ndarray) -> np.ndarray:
    """Return frames (T, h, w, 3) uint8 as the network makes them."""
    with torch.no_grad():
        refined = torch.cat([network(frame[None]) for frame in as_tensor(shown)])
    return ((refined + 0.5) * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


def as_tensor(frames: np.ndarray) -> torch.Tensor:
    """Return frames (T, h, w, 3) uint8 as (T, 3, h, w), -0.5 to 0.5."""
    return torch.tensor(frames).permute(0, 3, 1, 2).float() / 255 - 0.5


def judged(shown: np.ndarray, real: np.ndarray) -> tuple[float, float, float]:
    """Return SSIM, PSNR (dB) and sharpness: the mean grey gradient as a part of the film's."""
    ssim = np.mean([structural_similarity(*both, channel_axis=-1) for both in zip(shown, real, strict=True)])
    return float(ssim), float(peak_signal_noise_ratio(real, shown)), gradient(shown) / gradient(real)


def gradient(frames: np.ndarray) -> float:
    """Return the mean length of the gradient of grey values."""
    return float(np.hypot(*(each for each in np.gradient(frames.mean(-1), axis=(1, 2)))).mean())


def nearest_blur(shown: np.ndarray, real: np.ndarray, *, ssim: float) -> tuple[float, float, float]:
    """Return what is judged of the frames blurred by a Gaussian, of the width whose SSIM is nearest."""
    blurred = [
        judged(np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in shown]), real) for sigma in SIGMAS_PX
    ]
    return min(blurred, key=lambda values: abs(values[0] - ssim))


PAGE = """# A network on top of filmed faces: tried, and left out

Made by `python docs/refinement.py`. A small network of each speaker (94,000 weights) was taught to turn rendered mouths
into filmed ones and judged on the last fifth of each film, which it had not seen; {films} films of the GRID corpus.
Rendered are mouths from the other fifths of a film, filmed ones are the frame's own; both lie on the same still head.
The blur is a Gaussian, of the width that comes nearest to the network's SSIM.

| the last fifth | SSIM | PSNR, dB | sharpness, of the film's |
| --- | --- | --- | --- |
{table}

What the network gains in likeness it takes in sharpness, and a plain blur gains nearly as much for a little less. A
viewer who compares clips would see softer lips, not better ones. So `build` has no such step. Three seconds of film are
little for it: with minutes of one speaker, which were not to be had here, and with a loss that asks for sharpness it
may do better.
"""


if __name__ == "__main__":
    main()
