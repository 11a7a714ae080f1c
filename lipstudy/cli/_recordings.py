"""What speak and align do with a recording: hear it, align it, and tell what is wrong with it."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lipstudy.cli._output import Output
from lipstudy.errors import InputError

if TYPE_CHECKING:
    from lipstudy.models import LoadedModel
    from lipstudy.speech import Alignment, Phone, Speech

__all__ = [
    "GRID_HASH",
    "aligned",
    "checked",
    "heard",
    "is_as_it_was_written",
    "tell_if_hardly_speech",
    "write_grid",
]

GRID_HASH = "textgrid_sha256"
"""Argument in a track's provenance: hash of the TextGrid that was written beside it."""
_CLIPPED_SHARE_TOLD = 0.001
_SR_ENOUGH = 16000
_TOLD_LABELS = 8
_TEXTGRID_SHORTER_S = 0.5


def heard(
    sound: Path, transcript: str | None, textgrid: Path | None, grid_path: Path, output: Output, *, replaces: bool
) -> "Speech":
    """Return the speech of a recording, with its phones where its words or a TextGrid are given. Raises InputError."""
    from lipstudy.speech import read_textgrid

    speech = checked(sound, output)
    if textgrid is not None:
        phones = read_textgrid(textgrid, duration_s=speech.duration_s)
        _tell_of_textgrid(textgrid, phones, speech, output)
        return replace(speech, phones=phones)
    if transcript is None:
        return speech
    alignment = aligned(speech, transcript, output)
    write_grid(grid_path, alignment, replaces=replaces)
    return replace(speech, phones=alignment.phones)


def checked(sound: Path, output: Output) -> "Speech":
    """Return the speech of a file; tell of sound that lips may follow badly. Raises InputError."""
    from lipstudy.media import check_sound
    from lipstudy.speech import Speech

    found = check_sound(sound)
    if found.clipped_share > _CLIPPED_SHARE_TOLD:
        output.tell(
            f"{sound} is clipped: {100 * found.clipped_share:.1f} % of its samples are cut off at full scale, so the"
            " lips may follow badly; record it at a lower level"
        )
    if found.sr < _SR_ENOUGH:
        output.tell(f"{sound} has {found.sr} samples a second: {_SR_ENOUGH} or more hold what the lips are moved by")
    return Speech(sound, found.duration_s, sound.stem)


def aligned(speech: "Speech", transcript: str, output: Output) -> "Alignment":
    """Align a transcript, or the .txt file that holds it; tell what is doubtful. Raises InputError."""
    from lipstudy.records import existing_file
    from lipstudy.speech import align_speech

    if transcript.lower().endswith(".txt"):
        try:
            transcript = existing_file(transcript, what="a transcript").read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{transcript} is not text in UTF-8: save it again in that encoding") from error
    elif os.path.isfile(transcript):  # noqa: PTH113 - unlike Path.is_file it takes a text of any length
        raise InputError(f"{transcript} is a file, and its name would be taken for the words: save them as a .txt file")
    with output.progress("aligning", "s of speech") as show:
        alignment = align_speech(speech, transcript, progress=show)
    for doubt in alignment.doubts():
        output.tell(doubt)
    return alignment


def write_grid(path: Path, alignment: "Alignment", *, replaces: bool) -> None:
    """Write a TextGrid; one that says something else is replaced only if `replaces`. Raises InputError, OutputError."""
    from lipstudy.records import write_text
    from lipstudy.speech import textgrid_text

    made = textgrid_text(alignment)
    if path.exists() and not replaces and path.read_bytes() != made.encode():
        raise InputError(
            f"{path} is there already and says something else, perhaps corrected by hand: use it with --textgrid, or"
            " move it away"
        )
    write_text(path, made)


def is_as_it_was_written(grid: Path, *, beside: Path) -> bool:
    """Return whether a TextGrid is the one that was written with the track `beside` it, not corrected since."""
    from lipstudy.face import track_provenance
    from lipstudy.records import sha256_of_file

    if not (grid.is_file() and beside.is_file()):
        return False
    arguments = track_provenance(beside).get("arguments") or {}
    return bool(arguments.get(GRID_HASH) == sha256_of_file(grid))


def tell_if_hardly_speech(speech: "Speech", model: "LoadedModel", output: Output) -> None:
    """Tell of music and noise, where a network of ours listens."""
    likeness = getattr(model.model, "likeness", None)  # a network of ours hears phones; other models need not
    if likeness is not None and likeness(speech).is_doubtful:
        output.tell(
            f"{speech.source} hardly sounds like speech (music, noise, silence?): the lips move with whatever is heard"
        )


def _tell_of_textgrid(path: Path, phones: "Sequence[Phone]", speech: "Speech", output: Output) -> None:
    from lipstudy.models import segments_of

    unknown = dict.fromkeys(phone.symbol for phone in phones if not segments_of([phone]))
    if unknown:
        named = ", ".join(f"'{symbol}'" for symbol in list(unknown)[:_TOLD_LABELS])
        output.tell(
            f"{path} holds labels that are no phones of the IPA or the CMU dictionary, which move no lips: {named}"
            f"{' and others' * (len(unknown) > _TOLD_LABELS)}"
        )
    if phones[-1].end_s < speech.duration_s - _TEXTGRID_SHORTER_S:
        output.tell(
            f"{path} ends at {phones[-1].end_s:.2f} s and the speech at {speech.duration_s:.2f} s: the lips rest there"
        )
