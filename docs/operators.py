"""Draw what each operator does to one sentence: ``python docs/operators.py`` writes docs/operators.png."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image

from lipstudy.face import MEDIAPIPE_478, LandmarkTrack, lip_aperture, mouth_width
from lipstudy.models import viseme_track
from lipstudy.motion import scale_articulation
from lipstudy.speech import Utterance, synthesise

mpl.use("Agg")
from matplotlib import pyplot as plt

TEXT = "Bob bought five more blue pots."
FPS = 100
SCALES = {0.5: "#3b6fb6", 1.0: "#222222", 1.5: "#c8502d"}
OPERATORS = {
    "rest": "about the closed rest pose:\nclosures stay",
    "mean": "about the mean pose:\nclosures are lost",
    "gated": "the scale grows\nwith the gap",
    "jaw": "up and down,\nthe rest stays",
    "spread": "sideways,\nthe rest stays",
    "protrusion": "forward and back,\nthe rest stays",
    "time-locked": "about the mean of\nfour renderings",
    "speed": "control: same poses,\nother speed between them",
}
LIP_CENTRES = [0, 13, 14, 17]


def spoken(rate_wpm: int = 160, voice: str = "en-us") -> tuple[Utterance, LandmarkTrack]:
    utterance = synthesise(TEXT, rate_wpm=rate_wpm, voice=voice)
    return utterance, viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=FPS)


def channels(track: LandmarkTrack) -> dict[str, np.ndarray]:
    points = track.points.astype(float)
    return {
        "aperture": lip_aperture(points, MEDIAPIPE_478),
        "mouth width": mouth_width(points, MEDIAPIPE_478),
        "protrusion": -points[:, LIP_CENTRES, 2].mean(axis=1),
    }


def main() -> None:
    utterance, track = spoken()
    again = [spoken(rate, voice)[1] for rate, voice in ((130, "en-us"), (190, "en-us"), (160, "en-gb"))]
    times_s = np.arange(track.num_frames) / FPS
    figure, axes = plt.subplots(
        len(OPERATORS), 3, figsize=(11, 13), sharex=True, sharey="col", layout="constrained", squeeze=False
    )
    for row, (operator, words) in zip(axes, OPERATORS.items(), strict=True):
        for scale, colour in SCALES.items():
            scaled = scale_articulation(
                track, scale, operator=operator, repetitions=again if operator == "time-locked" else ()
            )
            for axis, (name, values) in zip(row, channels(scaled.track).items(), strict=True):
                axis.plot(times_s, values, color=colour, lw=1.3, label=f"a = {scale:g}", zorder=3 if scale == 1 else 2)
                if operator == "rest" and scale == 1:
                    axis.set_title(f"{name} (IOD)", fontsize=10)
        row[0].set_ylabel(f"{operator}\n{words}", fontsize=8.5, rotation=0, ha="right", va="center", labelpad=12)
        for axis in row:
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=8)
            for phone in utterance.phones:
                if phone.symbol.strip("ˈˌ") in ("p", "b", "m"):
                    axis.axvspan(phone.start_s, phone.end_s, color="#e8e4da", zorder=0)
    for axis in axes[-1]:
        axis.set_xlabel("time (s); shaded: /p b m/", fontsize=9)
    axes[0, 2].legend(fontsize=8, frameon=False, ncols=3, loc="upper right", bbox_to_anchor=(1.02, 1.6))
    figure.suptitle(f"“{TEXT}” (viseme model) under each operator", fontsize=11, x=0.02, ha="left")
    path = Path(__file__).with_suffix(".png")
    figure.savefig(path, dpi=80)
    with Image.open(path) as drawn:
        small = drawn.convert("RGB").quantize(64)
    small.save(path, optimize=True)


if __name__ == "__main__":
    main()
