"""train and evaluate, as a user calls them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Told = tuple[int, str, str]

_FILMS = {"s1": ("bbaf2n", "bbas1s"), "s2": ("pwij3p", "swwp2s")}
_TABLE = (
    "film,text\nbbaf2n,bin blue at f two now\nbbas1s,bin blue at s one soon\n"
    "pwij3p,place white in j three please\nswwp2s,set white with p two soon\n"
)


@pytest.fixture(scope="module")
def recordings(grid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers with two films each, and a table of what is said beside them."""
    folder = tmp_path_factory.mktemp("films") / "recordings"
    for speaker, names in _FILMS.items():
        (folder / speaker).mkdir(parents=True)
        for name in names:
            shutil.copy(grid / f"{name}.mpg", folder / speaker)
    (folder / "films.csv").write_text(_TABLE)
    return folder


@pytest.mark.needs_shared_data
@pytest.mark.slow
def test_train_then_evaluate_then_speak(call: Callable[..., Told], recordings: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine"
    code, told, error = call(
        "train", recordings, "-o", model, "--transcripts", recordings / "films.csv", "--json", "--workers", 2
    )
    assert code == 0, error
    made = json.loads(told)
    assert made["left_out"]["summary"]["aperture_r_lowest"] > 0.5
    assert {path.name for path in model.iterdir()} >= {"model.safetensors", "card.json", "learning_curve.png"}
    card = json.loads((model / "card.json").read_text())
    assert card["films"] == 4
    assert card["left_out"]
    assert card["provenance"]["seed"] == 1

    # The second run finds everything done, calibrating too: the same weights.
    states = {path: path.stat().st_mtime_ns for path in (model / ".work").rglob("training.pt")}
    assert {path.parent.name for path in states} == {".work", "fold 1", "fold 2"}
    code, _, error = call("train", recordings, "-o", model, "--transcripts", recordings / "films.csv", "-q")
    assert code == 0, error
    assert json.loads((model / "card.json").read_text())["weights_sha256"] == card["weights_sha256"]
    assert {path: path.stat().st_mtime_ns for path in (model / ".work").rglob("training.pt")} == states

    tracks = {path: path.stat().st_mtime_ns for path in (model / ".work").glob("*.track.npz")}
    assert len(tracks) == 4
    out = tmp_path / "evaluation"
    code, told, error = call(
        "evaluate", model, recordings, "-o", out, "--transcripts", recordings / "films.csv", "--workers", 2
    )
    assert code == 0, error
    assert "aperture r" in told
    assert "p, b, m" in told
    assert {path.name for path in out.iterdir()} == {"evaluation.csv", "evaluation.json", "evaluation.png"}
    assert {path: path.stat().st_mtime_ns for path in (model / ".work").glob("*.track.npz")} == tracks


def test_a_folder_without_films_is_one_sentence(call: Callable[..., Told], tmp_path: Path) -> None:
    for verb in (("train", tmp_path), ("evaluate", "tcn", tmp_path)):
        code, _, error = call(*verb)
        assert code == 2
        assert "holds no film" in error
        assert "Traceback" not in error


def test_too_few_films_are_told_before_they_are_tracked(call: Callable[..., Told], tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").write_bytes(b"no film")
    code, _, error = call("train", tmp_path, "-o", tmp_path / "model")
    assert code == 2
    assert error == "Error: 2 films are too few to train on: at least 3 are needed\n"
    (tmp_path / "c.mp4").write_bytes(b"no film")
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.txt").write_text("bin blue")
    code, _, error = call("train", tmp_path, "-o", tmp_path / "model")
    assert (code, error) == (
        2,
        "Error: all films say the same sentence: at least two different sentences are needed\n",
    )


def test_a_model_that_is_not_there_is_one_sentence(call: Callable[..., Told], tmp_path: Path) -> None:
    code, _, error = call("evaluate", "tnc", tmp_path)
    assert code == 2
    assert "there is no model 'tnc' (did you mean 'tcn'?)" in error
