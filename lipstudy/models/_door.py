"""The door through which every model of lip motion comes: ours, one that was trained, someone else's."""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lipstudy.errors import InputError, nearest_name
from lipstudy.models._model_files import CARD_FILE, WEIGHTS_FILE
from lipstudy.models._moving import LipMotionModel
from lipstudy.models._own_tracks import FolderOfTracks, tracks_in
from lipstudy.models._viseme_motion import VisemeLipMotion
from lipstudy.records import existing_file

__all__ = ["MODELS", "LoadedModel", "load_model"]

_METHOD = "displacements"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is ready, and what a manifest or a provenance says of it."""

    name: str
    """What it is called: one of MODELS, or the name of the folder or file it comes from."""
    files: tuple[Path, ...]
    """The user's files that decide what it does; none for a model of this package."""
    model: LipMotionModel
    """What moves the lips: `move_lips` takes it."""


def _trained() -> LipMotionModel:
    from lipstudy.models._neural import NeuralLipMotion

    return NeuralLipMotion()


def _words_and_sound() -> LipMotionModel:
    from lipstudy.models._words_and_sound import WordsAndSoundLipMotion

    return WordsAndSoundLipMotion()


MODELS: dict[str, Callable[[], LipMotionModel]] = {
    "viseme": VisemeLipMotion,
    "tcn": _trained,
    "viseme+tcn": _words_and_sound,
}
"""Name of a model of this package -> what makes it. Anything else is a path."""


def load_model(name_or_path: str | Path) -> LoadedModel:
    """Return the model of lip motion that is meant.

    Parameters
    ----------
    name_or_path : str or Path
        One of MODELS; a folder that 'lipstudy train' made; a folder of tracks made elsewhere (each found by the name
        of its speech); or ``file.py:Name``, a class of your own with the method of `LipMotionModel`, which is made
        without arguments.

    Returns
    -------
    LoadedModel

    Raises
    ------
    InputError
        If there is no such model, or it is none.

    Notes
    -----
    ``file.py:Name`` runs the file: name only a file that you would run yourself. It can import modules that lie beside
    it.
    """
    given = str(name_or_path)
    if given in MODELS:
        return LoadedModel(given, (), MODELS[given]())
    file, colon, class_name = given.rpartition(":")
    if colon and file.endswith(".py"):
        path = existing_file(file, what="a Python file with a model")
        return LoadedModel(f"{path.name}:{class_name}", (path,), _made(path, class_name))
    path = Path(given)
    if (path / CARD_FILE).exists() or (path / WEIGHTS_FILE).exists():
        return _trained_in(path)
    if path.is_dir():
        tracks = tracks_in(path)
        if not tracks:
            raise InputError(f"{path} holds no landmark track (*.track.npz): it is no model")
        return LoadedModel(path.resolve().name, tuple(tracks.values()), FolderOfTracks(path))
    if given.endswith(".py"):
        raise InputError(f"{given} is a Python file: say which class in it is the model, {given}:ClassName")
    raise InputError(
        f"there is no model '{given}'{nearest_name(given, MODELS)}: give {', '.join(MODELS)}, a folder that 'lipstudy"
        " train' made, a folder of tracks, or your own class as file.py:ClassName"
    )


def _trained_in(folder: Path) -> LoadedModel:
    from lipstudy.models._checkpoint import load_checkpoint
    from lipstudy.models._neural import NeuralLipMotion

    model = NeuralLipMotion(load_checkpoint(folder))
    return LoadedModel(folder.resolve().name, (folder / CARD_FILE, folder / WEIGHTS_FILE), model)


def _made(path: Path, class_name: str) -> LipMotionModel:
    specification = importlib.util.spec_from_file_location(f"lipstudy_model_{path.stem}", path)
    assert specification is not None  # of a name that ends in .py
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.append(beside)  # last: what lies there hides no library
    specification.loader.exec_module(module)
    classes: dict[str, Callable[[], LipMotionModel]] = dict(inspect.getmembers(module, inspect.isclass))
    if class_name not in classes:
        raise InputError(f"{path} has no class '{class_name}'{nearest_name(class_name, classes)}")
    made_by = classes[class_name]
    if not _takes(made_by):
        raise InputError(f"the class {class_name} in {path} must be made without arguments: give each one a default")
    model = made_by()
    method = getattr(model, _METHOD, None)
    if not callable(method) or not _takes(method, "speech", fps=25.0, neutral=None):
        raise InputError(
            f"the class {class_name} in {path} is no model: it needs the method"
            f" '{_METHOD}(self, speech, *, fps, neutral)'"
        )
    return model


def _takes(function: Callable[..., object], *positional: object, **named: object) -> bool:
    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C: it says nothing of itself
        return True
    try:
        signature.bind(*positional, **named)
    except TypeError:
        return False
    return True
