"""A small simulated study with two embodiments, and a set of real, tiny clips."""

from pathlib import Path

import numpy as np
import pytest

from lipstudy.inference import Assumptions, simulate_choices
from lipstudy.media import encode_clip
from lipstudy.randomness import named_stream
from lipstudy.records import Clip, Trial, sha256_of_file, write_manifest, write_trials

STUDY = Assumptions(participants=12, sentences=5, effect=1.8, sd_participant=0.8, sd_slope=0.7, sd_sentence=0.7)


@pytest.fixture(scope="session")
def trials() -> list[Trial]:
    made: list[Trial] = []
    for embodiment in ("landmarks", "photo"):
        table = simulate_choices(STUDY, named_stream(8, "report", embodiment))
        for row in table.to_dict("records"):
            left = row["side"] > 0
            number = sum(trial.participant == row["participant"] for trial in made) + 1
            made.append(_trial(row, number, embodiment, left))
    made[0] = made[0].model_copy(update={"valid": False, "response": None, "reason": "frames dropped"})
    for person in ("P001", "P002", "P003"):
        made.append(
            made[-1].model_copy(
                update={
                    "participant": person, "session": person, "trial": 900, "kind": "catch_identical",
                    "clip_left": "same", "clip_right": "same", "articulation_left": 1.0, "articulation_right": 1.0,
                    "response": "left" if person == "P001" else "right",
                }
            )
        )  # fmt: skip
    return made


def _trial(row: dict[str, object], number: int, embodiment: str, left: bool) -> Trial:
    changed, original = f"{row['item']}-{embodiment}-{row['articulation']}", f"{row['item']}-{embodiment}-1.0"
    return Trial(
        participant=row["participant"], session=row["participant"], trial=number, block=1, kind="2afc",
        embodiment=embodiment, speaker="ada", sentence=row["item"],
        clip_left=changed if left else original, clip_right=original if left else changed,
        articulation_left=row["articulation"] if left else 1.0,
        articulation_right=1.0 if left else row["articulation"],
        response="left" if bool(row["chosen"]) == left else "right",
        rt_s=2.0, plays_left=1, plays_right=1, watched_left=1.0, watched_right=1.0, dropped_frames=None,
        av_offset_ms=None, valid=True, reason=None, simulated=True,
    )  # fmt: skip


@pytest.fixture(scope="session")
def photo_trials(trials) -> list[Trial]:
    """The half of the study that is quick to analyse."""
    return [trial for trial in trials if trial.embodiment == "photo" and trial.kind == "2afc"]


@pytest.fixture(scope="session")
def photo_data(photo_trials, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photo")
    write_trials(folder / "trials.csv", photo_trials)
    return folder


@pytest.fixture(scope="session")
def data(trials, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_trials(folder / "trials.csv", trials)
    return folder


@pytest.fixture(scope="session")
def manifest(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    clips = []
    for sentence in ("S001", "S002"):
        for articulation in (0.5, 1.0, 1.5):
            name = f"{sentence}-{articulation}"
            shade = int(80 * articulation)
            frames = [np.full((64, 64, 3), shade + 4 * t, np.uint8) for t in range(5)]
            encode_clip(folder / f"{name}.mp4", frames, fps=25, sound=None)
            clips.append(
                Clip(
                    clip_id=name, path=f"{name}.mp4", sha256=sha256_of_file(folder / f"{name}.mp4"), speaker="ada",
                    sentence=sentence, text='Say "</script>" & smile', articulation=articulation, operator="rest",
                    embodiment="photo", source="photograph", model="visemes", fps=25, frames=5, duration_s=0.2,
                    av_offset_ms=0, renderer_version="1",
                )
            )  # fmt: skip
    write_manifest(folder / "clips.csv", clips)
    return folder / "clips.csv"
