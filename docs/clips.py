"""Measure the photo renderers against film and write docs/clips.md and docs/clips.png.

``.venv/bin/python docs/clips.py``, with the GRID clips in ../shared/data (or LIPSTUDY_SHARED_DATA), takes minutes.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.transform import PiecewiseAffineTransform, warp

from lipstudy.clips import (
    LANDMARK_STYLES,
    RESTAGED_CRF,
    FilmFace,
    open_film_face,
    open_footage,
    render_film_face,
    render_landmarks,
    render_photograph,
    restage_frames,
)
from lipstudy.clips._mouth_bank import laid_on
from lipstudy.clips._photograph import crop_to_head
from lipstudy.errors import InputError
from lipstudy.face import (
    MEDIAPIPE_478,
    LandmarkTrack,
    detect_face,
    lip_aperture,
    neutral_of,
    normalise_head,
    track_film,
)
from lipstudy.media import encode_clip, read_frames
from lipstudy.motion import articulation_weights, scale_articulation
from lipstudy.stimuli import face_in

ROOT = Path(__file__).parents[1]
GRID = Path(os.environ.get("LIPSTUDY_SHARED_DATA", ROOT.parent / "shared" / "data")) / "grid"
PAIRS = (("bbas1s", "bbaf2n"), ("bbaf2n", "bbas1s"), ("swwp2s", "pwij3p"), ("pwij3p", "swwp2s"))
"""(film of which the face is made, film of the same speaker whose sentence is shown)."""
RESTAGED = ("bbaf2n", "lbax4n", "lrwp9a", "pwij3p", "sbwe5n", "unknown_c")
EVERY = 5
SIZE_PX = 512
LIPS = list(MEDIAPIPE_478.subsets["lips-40"])
WARPED = sorted({*range(0, 468, 6), *LIPS, *MEDIAPIPE_478.lines["jaw"], *MEDIAPIPE_478.rigid})


def main() -> None:
    """Measure, write the page, draw the picture."""
    tracks = {name: track_film(GRID / f"{name}.mpg") for name in sorted({*sum(PAIRS, ()), *RESTAGED})}
    rows = {way: [] for way in ("film", "photograph", "piecewise")}
    for bank, shown in PAIRS:
        for way, values in against_film(bank, shown, tracks).items():
            rows[way] += values
            print(bank, shown, way, np.round(np.nanmean(values, axis=0), 4), flush=True)
    restaged = {name: unchanged(name, tracks[name]) for name in RESTAGED}
    for name, values in restaged.items():
        print(name, np.round(values, 4), flush=True)
    (ROOT / "docs" / "clips.md").write_text(page(rows, restaged), encoding="utf-8")
    draw(tracks["lrwp9a"])


def against_film(bank: str, shown: str, tracks: dict[str, LandmarkTrack]) -> dict[str, list[tuple[float, ...]]]:
    """Return, for each way of making a clip, (SSIM, PSNR, aperture error in IOD) of every fifth frame."""
    track = tracks[shown]
    face = open_film_face(GRID / f"{bank}.mpg", tracks[bank])
    still, still_px = crop_to_head(face.plate, SIZE_PX)
    ways: dict[str, Iterator[np.ndarray]] = {
        "film": render_film_face(face, track, size_px=SIZE_PX),
        "photograph": render_photograph(face.plate, track, size_px=SIZE_PX),
        "piecewise": piecewise(face, still, still_px, track),
    }
    film_px, lips_px = track.pose.to_pixels(track.points), asked_px(face, still_px, track)[:, LIPS]
    real = []
    for frame, points, lips in zip(read_frames(GRID / f"{shown}.mpg"), film_px, lips_px, strict=True):
        place = laid_on(still_px, points)
        # A head that nods a little otherwise in one film than in the other holds its mouth lower.
        place[:, 2] += (lips - points[LIPS, :2] @ place[:, :2].T - place[:, 2]).mean(0)
        real.append(cv2.warpAffine(frame, place, (SIZE_PX, SIZE_PX), flags=cv2.INTER_LANCZOS4))
    measured: dict[str, list[tuple[float, ...]]] = {}
    for way, frames in ways.items():
        measured[way] = []
        for index, frame in enumerate(frames):
            if index % EVERY:
                continue
            error_iod = aperture_error(frame, track, index)
            measured[way].append((*likeness(frame, real[index], lips_px[index]), error_iod))
    return measured


def piecewise(face: FilmFace, still: np.ndarray, still_px: np.ndarray, track: LandmarkTrack) -> Iterator[np.ndarray]:
    """Yield the plain piecewise-affine warp of the same still head to the same landmarks (scikit-image)."""
    frame = np.array([(x, y) for x in (0, SIZE_PX / 2, SIZE_PX) for y in (0, SIZE_PX / 2, SIZE_PX)], float)
    frame = frame[[0, 1, 2, 3, 5, 6, 7, 8]]
    for index, target_px in enumerate(asked_px(face, still_px, track)):
        if index % EVERY:
            yield still
            continue
        mapping = PiecewiseAffineTransform.from_estimate(
            np.vstack([target_px[WARPED], frame]), np.vstack([still_px[WARPED, :2], frame])
        )
        yield np.asarray(np.rint(255 * warp(still, mapping, mode="edge")), np.uint8)


def asked_px(face: FilmFace, still_px: np.ndarray, track: LandmarkTrack) -> np.ndarray:
    """Return where the landmarks of a filmed face shall be in the clip, (T, 478, 2) pixels."""
    place = laid_on(still_px, face.plate.landmarks_px)
    weights = articulation_weights(MEDIAPIPE_478)[:, None]
    asked = face.points + weights * (face.neutral + track.points - neutral_of(track) - face.points)
    scale, rotation, shift = face.pose.scale_px[0], face.pose.rotation[0], face.pose.translation_px[0]
    return (scale * asked @ rotation.T + shift)[..., :2] @ place[:, :2].T + place[:, 2]


def likeness(frame: np.ndarray, real: np.ndarray, mouth_px: np.ndarray) -> tuple[float, float]:
    """Return SSIM and PSNR (dB) around the mouth."""
    low, high = mouth_px.min(0) - 20, mouth_px.max(0) + 20
    part = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    ssim = structural_similarity(frame[part], real[part], channel_axis=-1)
    return float(ssim), float(peak_signal_noise_ratio(real[part], frame[part]))


def aperture_error(frame: np.ndarray, track: LandmarkTrack, index: int) -> float:
    """Return how far the aperture that is tracked in a frame is from the one asked for, IOD."""
    try:
        points, _ = normalise_head(detect_face(frame)[None].astype(float), MEDIAPIPE_478)
    except InputError:
        return float("nan")
    asked = lip_aperture(track.points[index], track.topology)
    return float(abs(lip_aperture(points[0], MEDIAPIPE_478) - asked))


def unchanged(name: str, track: LandmarkTrack) -> tuple[float, float]:
    """Return SSIM and PSNR (dB) in the face of a film restaged at articulation 1 and encoded."""
    film = GRID / f"{name}.mpg"
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        frames = restage_frames(open_footage(film, track), scale_articulation(track, 1.0).track)
        encode_clip(clip, frames, fps=track.fps, sound=None, crf=RESTAGED_CRF)
        values = []
        points_px = track.pose.to_pixels(track.points)
        for frame, own, points in zip(read_frames(clip), read_frames(film), points_px, strict=True):
            low, high = points[:, :2].min(0).clip(0), points[:, :2].max(0)
            part = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
            error = np.square(frame[part].astype(float) - own[part]).mean()
            values.append((structural_similarity(frame[part], own[part], channel_axis=-1), error))
    ssim, error = np.mean(values, axis=0)
    return float(ssim), float(10 * np.log10(255**2 / error))


def page(rows: dict[str, list[tuple[float, ...]]], restaged: dict[str, tuple[float, float]]) -> str:
    """Return docs/clips.md."""
    words = {
        "film": "film of the speaker (`film`)",
        "photograph": "one photograph (`photograph`), a sketch",
        "piecewise": "piecewise-affine warp of the same still (scikit-image)",
    }
    lines = [
        f"| {words[way]} | {mean[0]:.3f} | {mean[1]:.1f} | {mean[2]:.4f} |"
        for way, mean in ((way, np.nanmean(values, axis=0)) for way, values in rows.items())
    ]
    ssim, psnr = np.min(list(restaged.values()), axis=0)
    return PAGE.format(
        frames=len(rows["film"]), table="\n".join(lines), films=len(restaged), ssim=f"{ssim:.3f}", psnr=f"{psnr:.1f}"
    )


PAGE = """# Clips: what they are made from, and how near they come to film

Made by `python docs/clips.py` from clips of the GRID corpus; run it again after a change of a renderer.

![Styles of landmarks, and a photograph whose mouth opens](clips.png)

| what you have | key of a speaker | what is shown |
| --- | --- | --- |
| a film of 30 s or more | `film` | a still head; lips, teeth and tongue are those of the film |
| one photograph | `photograph` | a sketch: the photograph warped, its teeth held in the skull, dark between them |
| a film of the very sentence | `films` | that film, its lips moved less or more; head, blinks and light kept |

A film of a few seconds works too; what it lacks is told.

## Against film of the same sentence

Two speakers, each filmed twice (3 s): a face is made from one film and driven by the landmarks of the other, and
compared with it around the mouth, {frames} frames. The real film is laid on the still head before, by eyes, nose and
the middle of the lips, for all three alike.

| made from | SSIM | PSNR, dB | error of the aperture tracked again, IOD |
| --- | --- | --- | --- |
{table}

A bank of 3 s holds few mouths; teeth and tongue that the other sentence shows may not be in it. LPIPS is not given: its
weights are no part of any package here. A network on top of the rendered mouth can be asked for (`refine`) and is used
where it is better: [refinement.md](refinement.md).

## Restaged at articulation 1

Worst of {films} films, in the face, after encoding: SSIM {ssim}, PSNR {psnr} dB. Clips of every articulation, 1 too,
come from the same renderer, encoder and frame rate; `renderer_version` and `encoder_version` stand in each record.

## What still gives them away

- The head of a filmed face stands still; only the lower face moves. It blinks no more than its photograph.
- What a mouth shows when it opens further than in its film or photograph is dark with a soft light where the tongue
  lies, and without detail: seen from an articulation of 1.5 on. Exaggeration is held within 1.4 times the range of the
  speaker (`limits`), so that 2 looks little wider than 1.5, and the frames held back are counted.
- At 2 a thin lower lip is drawn out, with faint upright streaks, the corners of a wide opening are angular, and the
  lower lip of one face can turn boxy by the motion of another.
- Where teeth fill the opening of a film, a restaged mouth shows dark above or below them from 1.25 on.
- Mouths of a film of 3 s change about every seventh frame to another place of the film. In the frame of the change lips
  are those of both, half and half, and the inside is that of the second: teeth or tongue can come up within a frame.
- One mouth can be held for half a second where a short film has no other: its teeth then stand still in moving lips.
- At another scale a third of the open frames show other teeth or tongue than at 1, in films of 3 s.
- The tongue parts from the upper lip, or from the teeth above it, in a level line.
- A restaged mouth at 0.25 hides its teeth behind a greyish slit; at 0 the lips of a wide vowel are pressed thin.
- A face whose film is the very sentence shown plays that film at 1, so that teeth and tongue are right at 1 and near at
  other scales. For a fair comparison let the film be of other sentences.
- The tracker that looks at a filmed face again reads small openings as smaller than they are: of a scale of 0.5 it
  finds 0.27 to 0.46 on one speaker, of 1 about 0.9. Restaged film is corrected for that, other faces are not.
- A photograph of a smile keeps the smile of its cheeks and a quarter of that of its lips: a wide mouth reads as joy.
- A raised tongue is seen only where the film had it raised.
"""


def draw(track: LandmarkTrack) -> None:
    """Write docs/clips.png: styles of landmarks of a filmed sentence, and the astronaut saying the same."""
    order = np.argsort(lip_aperture(track.points, track.topology))
    few = order[[2, len(order) // 2, len(order) * 4 // 5, -6, -2]]
    picked = {name: list(render_landmarks(track, style=style, size_px=200)) for name, style in LANDMARK_STYLES.items()}
    styles = [picked[name][order[-6]] for name in ("face", "face-points", "face-filled", "lips", "dark")]
    photographs = list(render_photograph(face_in(Path("astronaut")), track, size_px=200))
    sheet = np.vstack([np.hstack(styles), np.hstack([photographs[index] for index in few])])
    Image.fromarray(sheet).quantize(192).save(ROOT / "docs" / "clips.png", optimize=True)


if __name__ == "__main__":
    main()
