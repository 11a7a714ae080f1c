"""The verbs articulate and measure, as a user calls them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, generic_neutral, load_track, save_track

Told = tuple[int, str, str]


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """Return a track file in which the lower lip goes up and down."""
    face = generic_neutral()
    for upper, lower in MEDIAPIPE_478.inner_lip_pairs:
        face[[upper, lower]] = face[[upper, lower]].mean(axis=0)
    points = np.repeat(face[None], 20, axis=0)
    below = sorted({lower for _, lower in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs)})
    points[:, below, 1] += 0.1 * (1 - np.cos(np.arange(20) / 2))[:, None].astype(np.float32)
    points[:, :, 0] *= 1 + 0.01 * np.sin(np.arange(20))[:, None].astype(np.float32)
    track = LandmarkTrack(
        points=points,
        fps=25,
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(20),
        valid=np.ones(20, bool),
        neutral=face,
        provenance={"stage": "track"},
    )
    path = tmp_path / "talk.track.npz"
    save_track(path, track)
    return path


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_one_track_for_each_scale_beside_the_input(call, talk: Path) -> None:
    code, out, _ = call("articulate", talk, "--articulation", 0.5, 1.5)
    assert code == 0
    assert files_in(talk.parent) == {"talk.track.npz", "talk.a0.50.track.npz", "talk.a1.50.track.npz"}
    assert str(talk.parent / "talk.a1.50.track.npz") in out
    half = load_track(talk.parent / "talk.a0.50.track.npz")
    assert half.provenance["stage"] == "articulate"
    assert half.provenance["inputs"].keys() == {"talk.track.npz"}
    assert half.provenance["source"] == {"stage": "track"}
    told = half.provenance["articulated"]
    assert (told["articulation"], told["operator"], told["contact_frames_lost"]) == (0.5, "rest", 0)
    assert told["effective_articulation"] == pytest.approx(0.5, rel=0.01)


def test_scale_of_one_writes_the_same_points(call, talk: Path, tmp_path: Path) -> None:
    call("articulate", talk, "--articulation", 1, "-o", tmp_path / "out")
    copy = load_track(tmp_path / "out" / "talk.a1.00.track.npz")
    assert np.array_equal(copy.points, load_track(talk).points)


def test_a_track_is_matched_to_a_speaker_and_scaled_from_there(call, tmp_path: Path) -> None:
    said = tmp_path / "said.track.npz"
    call("speak", "--text", "Bob bought five more pots.", "-o", said)
    call("articulate", said, "--articulation", 0.5)
    half = tmp_path / "said.a0.50.track.npz"
    code, out, _ = call("articulate", half, "--match", said, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["tracks"] == []
    assert list(told["matched"]["gains"].values()) == pytest.approx([2, 2, 2], rel=0.06)
    assert told["matched"]["effective_articulation_before"] == pytest.approx(0.5, rel=0.05)
    assert told["matched"]["effective_articulation"] == pytest.approx(1, rel=0.05)
    assert load_track(told["matched"]["path"]).provenance["matched"]["gains"] == told["matched"]["gains"]
    code, out, _ = call("articulate", half, "--match", said, "--articulation", 1.2)
    assert code == 0
    assert re.search(r"gains jaw (1\.9|2\.0)\d, spread", out)
    assert (tmp_path / "said.a0.50.matched.a1.20.track.npz").exists()


def test_time_locked_takes_its_repetitions(call, talk: Path) -> None:
    words = ("articulate", talk, "--articulation", 0.5, 2, "--operator", "time-locked")
    code, _, err = call(*words)
    assert code == 2
    assert "give the others to 'lipstudy articulate' with --repetitions" in err
    code, out, _ = call(*words, "--repetitions", talk, talk, "--json")
    assert code == 0
    assert [row["effective_articulation"] for row in json.loads(out)["tracks"]] == pytest.approx([1, 1], abs=0.01)
    code, _, err = call("articulate", talk, "--articulation", 0.5, "--repetitions", talk)
    assert (code, "--repetitions is for --operator time-locked" in err) == (2, True)


def test_an_operator_of_articulators_is_in_the_name(call, talk: Path) -> None:
    code, _, _ = call("articulate", talk, "--articulation", 0.5, "--operator", "jaw+spread=0.5")
    assert code == 0
    assert (talk.parent / "talk.a0.50.jaw+spread=0.5.track.npz").exists()


def test_json_lists_what_was_written(call, talk: Path, tmp_path: Path) -> None:
    words = ("articulate", talk, "--articulation", 0, 0.5, 0.5, "--operator", "mean", "-o", tmp_path / "out", "--json")
    code, out, _ = call(*words)
    rows = json.loads(out)["tracks"]
    assert code == 0
    assert [Path(row["path"]).name for row in rows] == ["talk.a0.00.mean.track.npz", "talk.a0.50.mean.track.npz"]
    assert rows[0]["effective_articulation"] is None
    assert rows[1]["effective_articulation"] == pytest.approx(0.5)
    assert rows[1]["contact_frames_lost"] == rows[1]["contact_frames"] > 0
    assert files_in(tmp_path / "out") == {"talk.a0.00.mean.track.npz", "talk.a0.50.mean.track.npz"}


def test_scales_that_round_to_the_same_name_keep_their_own(call, talk: Path, tmp_path: Path) -> None:
    call("articulate", talk, "--articulation", 0.501, 0.504, "-o", tmp_path / "out")
    assert files_in(tmp_path / "out") == {"talk.a0.501.track.npz", "talk.a0.504.track.npz"}


def test_rest_pose_of_another_track_is_used(call, talk: Path, tmp_path: Path) -> None:
    track = load_track(talk)
    lower = track.neutral + np.float32([0, 0.02, 0])
    save_track(tmp_path / "pause.track.npz", track.with_points(track.points, neutral=lower))
    call("articulate", talk, "--articulation", 0, "--neutral", tmp_path / "pause.track.npz", "-o", tmp_path / "out")
    still = load_track(tmp_path / "out" / "talk.a0.00.track.npz")
    assert still.points[0, 17] == pytest.approx(lower[17], abs=1e-5)
    assert set(still.provenance["inputs"]) == {"talk.track.npz", "pause.track.npz"}


@pytest.mark.parametrize("scale", ["-1", "nan", "50"])
def test_scale_out_of_range_stops_before_anything_is_written(call, talk: Path, scale: str) -> None:
    code, out, err = call("articulate", talk, "--articulation", "0.5", scale)
    assert (code, out) == (2, "")
    assert f"must be between 0 and 3, got {scale}:" in err
    assert err.count("\n") == 1
    assert files_in(talk.parent) == {"talk.track.npz"}


def wrong_topology(path: Path) -> None:
    np.savez(path, points=np.zeros((5, 68, 3), np.float32), fps=25.0)


def no_archive(path: Path) -> None:
    path.write_text("not a track")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (wrong_topology, "topology 'mediapipe-68' is unknown"),
        (no_archive, "is not a landmark track: make one with 'lipstudy track'"),
        (lambda path: None, "there is no file"),
        (Path.mkdir, "is a folder, but a landmark track (.track.npz) is needed"),
    ],
)
@pytest.mark.parametrize("verb", ["articulate", "measure"])
def test_what_is_no_track_is_told_in_one_sentence(call, talk: Path, tmp_path: Path, make, sentence, verb) -> None:
    given = tmp_path / "given.track.npz"
    make(given)
    code, out, err = call(verb, given, *(["--articulation", 0.5] if verb == "articulate" else [talk]))
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--operator", "means", "--articulation", 0.5], "operator 'means' is unknown (did you mean 'mean'?)"),
        (
            ["--operator", "mean", "--neutral", "x", "--articulation", 0.5],
            "--neutral is for operators about the rest pose",
        ),
        (["--articulation", "much"], "'much' is not a valid float"),
        ([], "Missing option '--articulation'"),
    ],
)
def test_wrong_options_are_told(call, talk: Path, words: list[object], sentence: str) -> None:
    code, out, err = call("articulate", talk, *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert files_in(talk.parent) == {"talk.track.npz"}


def test_folder_that_is_a_file_is_told(call, talk: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    code, _, err = call("articulate", talk, "--articulation", 0.5, "-o", tmp_path / "out")
    assert code == 2
    assert "cannot write" in err


@pytest.mark.skipif(os.name != "posix", reason="permissions of Windows are others")
def test_folder_without_permission_is_told(talk: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    # root may write anywhere, unless it gives up that right
    weaker = ["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"]
    command = [sys.executable, "-m", "lipstudy", "articulate", talk, "--articulation", "0.5", "-o", tmp_path / "out"]
    done = subprocess.run([*(weaker if os.geteuid() == 0 else []), *command], capture_output=True, text=True)
    assert done.returncode == 2
    assert "permission denied" in done.stderr
    assert files_in(tmp_path / "out") == set()


def test_measure_prints_one_object(call, talk: Path) -> None:
    call("articulate", talk, "--articulation", 0.5)
    code, out, err = call("measure", talk.parent / "talk.a0.50.track.npz", talk, "--json")
    values = json.loads(out)
    assert (code, err) == (0, "")
    assert values["effective_articulation"] == pytest.approx(0.5, rel=0.01)
    assert values["log_lip_intensity_ratio"] == pytest.approx(np.log(0.5), rel=0.01)
    assert values["aperture_correlation"] == pytest.approx(1, abs=1e-4)
    assert values["lag_frames"] == 0


def test_undefined_values_are_null_and_told_once(call, talk: Path) -> None:
    call("articulate", talk, "--articulation", 0)
    code, out, err = call("measure", talk.parent / "talk.a0.00.track.npz", talk, "--json")
    values = json.loads(out)
    assert code == 0
    assert values["effective_articulation"] is values["aperture_correlation"] is values["lag_ms"] is None
    assert err.count("lips do not move in one of the tracks") == 1
    _, text, _ = call("measure", talk.parent / "talk.a0.00.track.npz", talk, "-q")
    assert "effective_articulation     undefined" in text


def test_frames_cut_off_are_told(call, talk: Path, tmp_path: Path) -> None:
    track = load_track(talk)
    shorter = track.with_points(track.points[:18], pose=HeadPose.still(18), valid=track.valid[:18])
    save_track(tmp_path / "short.track.npz", shorter)
    code, _, err = call("measure", talk, tmp_path / "short.track.npz", "--json")
    assert code == 0
    assert "the last 2 frames were left out" in err


def test_tracks_that_cannot_be_compared_are_told(call, talk: Path, tmp_path: Path) -> None:
    track = load_track(talk)
    shorter = track.with_points(track.points[:10], pose=HeadPose.still(10), valid=track.valid[:10])
    save_track(tmp_path / "short.track.npz", shorter)
    code, out, err = call("measure", talk, tmp_path / "short.track.npz")
    assert (code, out) == (2, "")
    assert "different lengths cannot be compared: 20 and 10 frames" in err
