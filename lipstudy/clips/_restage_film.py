"""One restaged clip: a film and its track in, an mp4 and its record out; made once."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from lipstudy.clips._footage import Footage, open_footage
from lipstudy.clips._restage import RESTAGE_RENDERER_VERSION, RESTAGED_CRF, restage_frames
from lipstudy.execution import Progress, counted
from lipstudy.face import load_track
from lipstudy.media import ENCODER_VERSION, encode_clip, read_sound, sound_beside_picture
from lipstudy.motion import scale_articulation, speaker_limits
from lipstudy.records import provenance, sha256_of_file, write_text

__all__ = ["RestageJob", "restage_film"]


Limits = Literal["speaker", "none"]


@dataclass(frozen=True, slots=True)
class RestageJob:
    """A clip to be made from a film."""

    film: Path
    """The film of a speaker, with sound."""
    track: Path
    """Its landmark track."""
    articulation: float
    """Articulation scale."""
    operator: str
    """What the scale is applied about."""
    clip: Path
    """The mp4 to be written; its record stands beside it as .json."""
    limits: Limits = "speaker"
    """What exaggeration stays within: the speaker's own range in this film, or nothing."""


def restage_film(job: RestageJob, *, progress: Progress | None = None) -> dict[str, Any]:
    """Make a film's lips move less or more, and write the clip and its record.

    A clip that is there, whole, and was made from the same film, track, scale and version is left as it is.

    Parameters
    ----------
    job : RestageJob
        What to make.
    progress : callable, optional
        Called with (frames done, frames in all).

    Returns
    -------
    dict
        The record: what the scale did to the lips (see `motion.Articulated`), ``fps``, ``folded_frames`` (frames whose
        warp turns over somewhere), ``sha256`` of the clip, its provenance.

    Raises
    ------
    InputError
        If film, track, scale or operator cannot be used.
    OutputError
        If the clip cannot be written.
    """
    made_from = {
        "renderer_version": RESTAGE_RENDERER_VERSION,
        "encoder_version": ENCODER_VERSION,
        "provenance": provenance(
            stage="restage",
            arguments={"articulation": job.articulation, "operator": job.operator, "limits": job.limits},
            inputs=[job.film, job.track],
        ),
    }
    record_path = job.clip.with_suffix(".json")
    record = _record_of(record_path, job.clip, made_from)
    if record is None:
        record = _made(job, progress) | {"sha256": sha256_of_file(job.clip)} | made_from
        write_text(record_path, json.dumps(record, indent=2, allow_nan=False) + "\n")
    return record


def _made(job: RestageJob, progress: Progress | None) -> dict[str, Any]:
    footage = _footage(job.film, job.track, sha256_of_file(job.film) + sha256_of_file(job.track))
    track = footage.track
    limits = speaker_limits([track]) if job.limits == "speaker" else None
    articulated = scale_articulation(track, job.articulation, operator=job.operator, limits=limits)
    folded: list[int] = []
    frames = restage_frames(footage, articulated.track, on_fold=folded.append)
    sound = sound_beside_picture(read_sound(job.film), duration_s=track.duration_s)
    shown = counted(frames, track.num_frames, progress)
    encode_clip(job.clip, shown, fps=track.fps, sound=sound, crf=RESTAGED_CRF)
    return {
        "clip": job.clip.name,
        **articulated.track.provenance["articulated"],
        "fps": track.fps,
        "folded_frames": folded,
    }


@lru_cache(maxsize=1)
def _footage(film: Path, track: Path, sha256: str) -> Footage:
    # For all scales of one film. The hash is part of the cache's key: another film may take the same place.
    return open_footage(film, load_track(track))


def _record_of(record_path: Path, clip: Path, made_from: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a clip that need not be made again."""
    revision = made_from["provenance"]["revision"]
    if not (record_path.is_file() and clip.is_file()) or (revision or "").endswith("-dirty"):
        return None
    try:
        record: dict[str, Any] = json.loads(record_path.read_text("utf-8"))
    except ValueError:
        return None
    same = isinstance(record, dict) and {key: record.get(key) for key in made_from} == made_from
    return record if same and record.get("sha256") == sha256_of_file(clip) else None
