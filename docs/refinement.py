"""Measure whether a small network makes filmed faces more like film, and write docs/refinement.md.

``.venv/bin/python docs/refinement.py``, with the GRID clips in ../shared/data (or LIPSTUDY_SHARED_DATA), takes four
minutes on one core.
"""

import os
import sys
from pathlib import Path

import numpy as np

from lipstudy.clips import (
    RefinementVerdict,
    judged,
    mouth_pairs,
    open_film_face,
    refined_frames,
    teach,
)
from lipstudy.clips._refinement import Likeness
from lipstudy.face import track_film

ROOT = Path(__file__).parents[1]
GRID = Path(os.environ.get("LIPSTUDY_SHARED_DATA", ROOT.parent / "shared" / "data")) / "grid"
FILMS = [GRID / f"{name}.mpg" for name in ("bbaf2n", "lrwp9a", "pwij3p", "sbwe5n")]
SIZE_PX = 512


def main() -> None:
    """Teach a network for each film on four fifths of it, judge it on the last, write the page."""
    verdicts = {path.stem: verdict_on(path) for path in FILMS}
    ways = ("rendered", "refined", "blurred")
    told = ("as rendered", "with the network", "with the blur")
    lines = [
        row(name, [mean([getattr(verdict, way) for verdict in verdicts.values()])], "")
        for way, name in zip(ways, told, strict=True)
    ]
    films = [
        row(name, [getattr(verdict, way) for way in ways], f" {verdict.refusal or 'kept'} |")
        for name, verdict in verdicts.items()
    ]
    page = PAGE.format(
        films=len(FILMS),
        kept=sum(verdict.better for verdict in verdicts.values()),
        table="\n".join(lines),
        each="\n".join(films),
    )
    (ROOT / "docs" / "refinement.md").write_text(page, encoding="utf-8")


def verdict_on(path: Path) -> RefinementVerdict:
    """Return what a network of this film is worth."""
    track = track_film(path)
    pairs = mouth_pairs(open_film_face(path, track), track, size_px=SIZE_PX)
    verdict = judged(pairs, refined_frames(teach(pairs).refinement(size_px=SIZE_PX), pairs))
    print(path.name, verdict.sentence(), file=sys.stderr, flush=True)
    return verdict


def mean(likenesses: list[Likeness]) -> Likeness:
    """Return the mean of what was measured on several films."""
    return Likeness(*np.mean([[each.ssim, each.psnr_db, each.sharpness] for each in likenesses], axis=0))


def row(name: str, likenesses: list[Likeness], end: str) -> str:
    """Return a line of a table: each measure in a cell, for all likenesses."""
    columns = (
        [f"{each.ssim:.3f}" for each in likenesses],
        [f"{each.psnr_db:.1f}" for each in likenesses],
        [f"{each.sharpness:.2f}" for each in likenesses],
    )
    return f"| {name} | {' | '.join(', '.join(column) for column in columns)} |{end}"


PAGE = """# A network on top of filmed faces

Made by `python docs/refinement.py`. A speaker with a `film` may say `refine: true` in a recipe. `build` then teaches a
small network (94,000 weights) to turn rendered mouths into filmed ones, and judges it on the last fifth of the film,
which it has not seen. It is used only if it is better there; otherwise the clips are those without `refine`, bit for
bit. Build and contact sheet say which, with the numbers.

- **Taught** on pairs: each mouth rendered from other parts of the film, and the frame's own. Both lie on the same still
  head. The loss is the distance of grey values, of their gradients, and of how much gradient there is in squares of 8
  pixels; without the last the network softens more. Of what the network adds, only so much is used that the frames that
  taught it stay as sharp as they were (to 0.015).
- **Better** means: SSIM higher by 0.002 and PSNR by 0.1 dB at least, the sharpness no farther from the film's than
  before (a tolerance of 0.02), more PSNR than the Gaussian blur whose SSIM is nearest, and no farther from the film's
  sharpness than that blur (the same tolerance). All are measured where mouths are laid in.
- **Used** on the mouth, with soft edges. Towards mouths beyond those of the film it fades out.
- **Time**: 8 steps a frame that teaches, 400 at least, 1,200 frames at most: on one core from 40 s to a quarter of an
  hour, on a GPU less. A build that is stopped goes on where it was. On a processor the same film gives the same
  weights.

## Measured

{films} films of the GRID corpus, 3 s each; {kept} of the networks are kept. Means over the films:

| the last fifth | SSIM | PSNR, dB | sharpness, of the film's |
| --- | --- | --- | --- |
{table}

Each film, as rendered, with the network, with the blur:

| film | SSIM | PSNR, dB | sharpness | verdict |
| --- | --- | --- | --- | --- |
{each}

What networks gain on so little film is little: some thousandths of SSIM and a tenth or two of a dB, about what a blur
gains, and hardly to be seen. Much of the difference between a rendered mouth and the filmed one is grain that nobody
can foresee. 60 frames are little to learn more from, and 15 little to judge by. Minutes of one speaker were not to be
had here: whether a network is kept there, each build measures for itself.
"""


if __name__ == "__main__":
    main()
