"""The manifest of a stimulus set: clips.csv, one row a clip."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lipstudy.errors import InputError
from lipstudy.records._atomic import sha256_of_file
from lipstudy.records._table import Row, read_numbered_rows, write_rows

__all__ = ["Clip", "Embodiment", "Fault", "read_manifest", "write_manifest"]

Embodiment = Literal["landmarks", "photo"]
Fault = Literal["swapped_speech", "frozen_mouth", "desynchronised"]
"""What is wrong on purpose with the picture of a clip for catch trials: lips that speak another sentence, a mouth that
stays shut under the speech, a picture that is late by 300 ms."""


class Clip(Row):
    """One clip of a stimulus set."""

    clip_id: str = Field(description="name of the clip, unique in the set", pattern=r"^[\w.+-]+$")
    path: str = Field(description="the video, relative to the manifest's folder")
    sha256: str = Field(description="SHA-256 of the video's bytes", pattern=r"^[0-9a-f]{64}$")
    speaker: str = Field(description="whose face and lip motion")
    sentence: str = Field(description="name of the sentence, unique in the set")
    text: str | None = Field(default=None, description="the words spoken")
    text_doubts: str | None = Field(
        default=None, description="where the aligner doubts that the words are those of the recording; else empty"
    )
    articulation: float = Field(description="articulation scale asked for; 1 is the original", ge=0)
    operator: str = Field(description="what the scale is applied about: rest, mean, ...")
    effective_articulation: float | None = Field(
        default=None, description="exp of the mean log ratio of the clip's lip intensity to that at articulation 1"
    )
    embodiment: Embodiment = Field(description="how the face is shown")
    source: str = Field(description="what the face is drawn from: landmarks, photograph (a sketch), film")
    model: str = Field(description="where the motion comes from: a model's name, or film")
    fps: float = Field(description="frames per second, constant", gt=0)
    frames: int = Field(description="number of frames", ge=1)
    duration_s: float = Field(description="duration of the picture in seconds", gt=0)
    av_offset_ms: float = Field(
        description="measured in the file: start of sound after start of picture, ms; in a desynchronised clip less"
        " the whole frames by which its picture is late"
    )
    contact_frames: int | None = Field(default=None, description="frames with lips in contact at articulation 1", ge=0)
    contact_frames_lost: int | None = Field(
        default=None, description="of those, frames whose lips do not touch in this clip", ge=0
    )
    renderer_version: str = Field(description="version of the renderer that drew it")
    fault: Fault | None = Field(
        default=None,
        description="what is wrong with the picture on purpose, for catch trials: swapped_speech (the lips speak"
        " another sentence), frozen_mouth (shut under the speech), desynchronised (300 ms late); else empty",
    )
    clipped_share: float | None = Field(
        default=None, description="share of frames in which the speaker's range held the lips back", ge=0, le=1
    )
    lip_crossing_frames: int | None = Field(
        default=None, description="frames whose inner lips cross in the landmarks drawn", ge=0
    )
    folded_frames: int | None = Field(default=None, description="frames whose warp turns over somewhere", ge=0)
    extrapolated_frames: int | None = Field(
        default=None, description="frames whose mouth lies beyond those that the speaker's film shows", ge=0
    )
    checked_frames: int | None = Field(
        default=None, description="frames of the file in which the face tracker looked for the face again", ge=0
    )
    face_share: float | None = Field(
        default=None, description="of the checked frames, the share in which a face was found", ge=0, le=1
    )
    retracked_articulation: float | None = Field(
        default=None, description="slope of the aperture found in the checked frames on that at articulation 1"
    )
    retracked_aperture_error_iod: float | None = Field(
        default=None, description="root mean square of aperture found less aperture asked for, IOD", ge=0
    )
    retracked_contacts_kept_share: float | None = Field(
        default=None,
        description="of the checked frames with lips in contact, the share found closed in the file",
        ge=0,
        le=1,
    )
    flicker_levels: float | None = Field(
        default=None,
        description="mean second difference in time of the lower face while the lips rest, less the film's own, of 255",
    )
    sharpness_ratio: float | None = Field(
        default=None, description="sharpness of the lower face over that of its source", ge=0
    )
    loudness_lufs: float | None = Field(default=None, description="integrated loudness of the sound, EBU R 128, LUFS")
    true_peak_dbtp: float | None = Field(default=None, description="true peak of the sound, dB of full scale")
    lead_in_s: float | None = Field(
        default=None,
        description="silence before the speech, under a neutral face or the first frame of restaged film, s",
        ge=0,
    )
    lead_out_s: float | None = Field(
        default=None,
        description="silence after the speech, under a neutral face or the last frame of restaged film, s",
        ge=0,
    )
    width_px: int | None = Field(default=None, description="width of the picture", ge=1)
    height_px: int | None = Field(default=None, description="height of the picture", ge=1)


def read_manifest(path: str | Path, *, verify: bool = False) -> list[Clip]:
    """Read a clip manifest.

    Parameters
    ----------
    path : str or Path
        ``clips.csv``.
    verify : bool
        Whether to compare every video with its recorded SHA-256.

    Returns
    -------
    list of Clip

    Raises
    ------
    InputError
        If the table is not a manifest, names a clip twice, a video lies outside the manifest's folder, and with
        `verify` if a video is missing or was changed after the manifest was written.
    """
    path = Path(path)
    rows = read_numbered_rows(path, Clip, what="a clip manifest")
    seen: set[str] = set()
    for number, clip in rows:
        if clip.clip_id in seen:
            raise InputError(f"{path}, row {number}, column 'clip_id': '{clip.clip_id}' is there twice")
        seen.add(clip.clip_id)
        video = (path.parent / clip.path).resolve()
        if not video.is_relative_to(path.parent.resolve()):
            raise InputError(f"{path}, row {number}, column 'path': {clip.path} lies outside the manifest's folder")
        if verify:
            _check_unchanged(path, number, video, clip)
    return [clip for _, clip in rows]


def write_manifest(path: str | Path, clips: list[Clip]) -> None:
    """Write ``clips.csv`` and its data dictionary ``clips.json``, atomically. Raises OutputError."""
    write_rows(path, clips, Clip)


def _check_unchanged(path: Path, number: int, video: Path, clip: Clip) -> None:
    if not video.is_file():
        raise InputError(f"{path}, row {number}: the clip {clip.path} is missing; build or adopt the set again")
    if sha256_of_file(video) != clip.sha256:
        raise InputError(
            f"{path}, row {number}: the clip {clip.path} was changed after the manifest was written;"
            " build or adopt the set again"
        )
