"""Make docs/articulation.png from the demo: ``make demo && .venv/bin/python docs/articulation.py``."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from lipstudy.face import lip_aperture, load_track
from lipstudy.media import read_frames
from lipstudy.records import Clip, read_manifest

SENTENCE = "boats"
PANEL_PX = 240
ROOT = Path(__file__).parents[1]
SET = ROOT / "demo" / "stimuli" / "articulation"


def main() -> None:
    """Draw the moment at which the mouth is widest, a column for each scale and a row for each embodiment."""
    clips = [clip for clip in read_manifest(SET / "clips.csv") if clip.sentence == SENTENCE]
    track = load_track(next((SET / "tracks").glob(f"*{SENTENCE}*.npz")))
    widest = int(lip_aperture(track.points, track.topology).argmax())
    rows = [
        np.hstack([panel(clip, widest) for clip in clips if clip.embodiment == embodiment])
        for embodiment in ("landmarks", "photo")
    ]
    scales = [clip.articulation for clip in clips if clip.embodiment == "photo"]
    picture = np.vstack([*rows, caption(scales)])
    Image.fromarray(picture).quantize(palette=palette(rows[1])).save(ROOT / "docs" / "articulation.png", optimize=True)


def palette(photographs: np.ndarray) -> Image.Image:
    """Return 255 colours that show the photographs and grey lines on white: the file is a fifth as large."""
    colours = Image.fromarray(photographs).quantize(224, kmeans=3).getpalette()[: 224 * 3]
    greys = np.repeat(np.linspace(0, 255, 31).round().astype(int), 3).tolist()
    shown = Image.new("P", (1, 1))
    shown.putpalette(colours + greys)
    return shown


def panel(clip: Clip, frame_number: int) -> np.ndarray:
    """Return one frame of a clip, small."""
    frames = list(read_frames(SET / clip.path))
    return cv2.resize(frames[frame_number], (PANEL_PX, PANEL_PX), interpolation=cv2.INTER_AREA)


def caption(scales: list[float]) -> np.ndarray:
    """Return a strip that names the articulation scales."""
    strip = np.full((36, PANEL_PX * len(scales), 3), 255, np.uint8)
    for column, scale in enumerate(scales):
        text = f"a = {scale:g}"
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 1)
        x = int((column + 0.5) * PANEL_PX - width / 2)
        cv2.putText(strip, text, (x, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (40, 40, 40), 1, cv2.LINE_AA)
    return strip


if __name__ == "__main__":
    main()
