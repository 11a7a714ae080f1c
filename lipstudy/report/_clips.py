"""The clips that the page plays: taken into the page itself, as many sentences as fit."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError, nearest_name
from lipstudy.records import Clip, read_manifest

__all__ = ["embedded_clips"]


def embedded_clips(
    manifest: str | Path, *, most_mb: float, sentences: Sequence[str] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the clips for the page.

    Parameters
    ----------
    manifest : str or Path
        ``clips.csv``; every video is compared with its recorded hash. Catch clips are left out.
    most_mb : float > 0
        Most megabytes of video to take. Sentences are taken whole, in the manifest's order; the first that does not
        fit is the end.
    sentences : sequence of str, optional
        Take only these.

    Returns
    -------
    tuple of (dict, dict)
        For the results: ``clips`` (a list of dicts), ``sentences_embedded``, ``sentences_left_out``. For the page:
        clip_id -> video in base64.

    Raises
    ------
    InputError
        If the manifest cannot be read, a clip is missing or changed, a sentence is unknown, or not one sentence fits.
    """
    manifest = Path(manifest)
    clips = [clip for clip in read_manifest(manifest, verify=True) if clip.fault is None]
    names = list(dict.fromkeys(clip.sentence for clip in clips))
    for name in sentences or ():
        if name not in names:
            raise InputError(
                f"{manifest} has no sentence '{name}'{nearest_name(name, names)}: it has {', '.join(names)}"
            )
    wanted = [name for name in names if sentences is None or name in sentences]
    taken: list[Clip] = []
    videos: dict[str, str] = {}
    size, embedded = 0, []
    for name in wanted:
        group = [clip for clip in clips if clip.sentence == name]
        data = {clip.clip_id: (manifest.parent / clip.path).read_bytes() for clip in group}
        size += sum(map(len, data.values()))
        if size > most_mb * 1e6:
            break
        embedded.append(name)
        taken.extend(group)
        videos |= {clip_id: base64.b64encode(video).decode() for clip_id, video in data.items()}
    if not embedded:
        raise InputError(
            f"the clips of sentence '{wanted[0]}' alone have {size / 1e6:.1f} MB, more than the {most_mb:g} MB that the"
            " page may take: allow more"
        )
    described = [
        {
            "clip_id": clip.clip_id,
            "speaker": clip.speaker,
            "sentence": clip.sentence,
            "text": clip.text,
            "embodiment": clip.embodiment,
            "articulation": clip.articulation,
            "effective_articulation": clip.effective_articulation,
            "operator": clip.operator,
            "source": clip.source,
            "model": clip.model,
            "sha256": clip.sha256,
        }
        for clip in taken
    ]
    left_out = [name for name in wanted if name not in embedded]
    return {"clips": described, "sentences_embedded": embedded, "sentences_left_out": left_out}, videos
