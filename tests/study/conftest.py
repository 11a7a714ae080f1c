"""Small manifests and studies for the tests of sessions."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lipstudy.records import Clip, write_manifest
from lipstudy.study import Study

SCALES = (0.5, 0.75, 1.0, 1.25, 1.5)


@pytest.fixture(scope="session")
def make_clips() -> Callable[..., list[Clip]]:
    """Return a maker of manifest rows for a crossed design."""

    def making(
        *,
        embodiments: Sequence[str] = ("landmarks", "photo"),
        speakers: Sequence[str] = ("anna",),
        sentences: Sequence[str] = ("s1", "s2", "s3", "s4"),
        articulations: Sequence[float] = SCALES,
        operators: Sequence[str] = ("rest",),
        models: Sequence[str] = ("visemes",),
        faults: Sequence[str] = (),
    ) -> list[Clip]:
        return [
            Clip(
                clip_id=(
                    name := f"{embodiment}_{speaker}_{sentence}_{operator}_{scale:g}"
                    + ("" if model == "visemes" else f"_{model}")
                    + (f"_{fault}" if fault else "")
                ),
                path=f"{name}.mp4",
                sha256=hashlib.sha256(name.encode()).hexdigest(),
                speaker=speaker,
                sentence=sentence,
                articulation=scale,
                operator=operator,
                effective_articulation=scale**0.9,
                embodiment=embodiment,  # type: ignore[arg-type]
                source="landmarks",
                model=model,
                fault=fault,  # type: ignore[arg-type]
                fps=25,
                frames=50,
                duration_s=2,
                av_offset_ms=0,
                renderer_version="1",
            )
            for embodiment in embodiments
            for speaker in speakers
            for sentence in sentences
            for operator in operators
            for scale in articulations
            for model in models
            for fault in (None, *(faults if scale == 1 else ()))
        ]

    return making


@pytest.fixture(scope="session")
def write_clips() -> Callable[[Path, list[Clip]], Path]:
    """Return a writer of a manifest and of files that have the hashes in it."""

    def writing(folder: Path, clips: list[Clip]) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for clip in clips:
            (folder / clip.path).write_bytes(clip.clip_id.encode())
        write_manifest(folder / "clips.csv", clips)
        return folder / "clips.csv"

    return writing


@pytest.fixture
def study() -> Study:
    """Return a study of 4 slots that asks everything a study can ask."""
    return Study.model_validate(
        {
            "name": "articulation",
            "clips": "clips.csv",
            "participants": 4,
            "catch_trials": 2,
            "consent": {"version": "2", "text": "I agree."},
            "instructions": "Choose.",
            "questions": [
                {"name": "age", "prompt": "Your age?", "kind": "number"},
                {"name": "hearing", "prompt": "Normal hearing?", "kind": "choice", "choices": ["yes", "no"]},
                {"name": "noticed", "prompt": "What did you notice?"},
            ],
        }
    )
