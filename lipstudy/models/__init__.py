"""Speech to lip motion. What needs torch is loaded when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lipstudy.models._door import MODELS, LoadedModel, load_model
from lipstudy.models._model_files import WORK_FOLDER
from lipstudy.models._moving import LipMotionModel, checked_neutral, frames_in, lip_points, move_lips
from lipstudy.models._viseme_model import VisemeModel, load_viseme_model
from lipstudy.models._viseme_motion import VisemeLipMotion, viseme_track
from lipstudy.models._visemes import VISEMES, Segment, segments_of

if TYPE_CHECKING:
    from lipstudy.models._checkpoint import Checkpoint, default_checkpoint, load_checkpoint, save_checkpoint
    from lipstudy.models._evaluation import Evaluation, FilmScore, evaluate_model, write_evaluation
    from lipstudy.models._features import feature_blocks, features
    from lipstudy.models._films import Film, FilmFile, films_in, phones_of_films, read_films
    from lipstudy.models._fitting import Sample
    from lipstudy.models._leave_one_out import leave_one_speaker_out
    from lipstudy.models._my_model import TrainedModel, check_trainable, train_model
    from lipstudy.models._neural import NeuralLipMotion
    from lipstudy.models._pictures import evaluation_png
    from lipstudy.models._takes import Take, heard_versions
    from lipstudy.models._training import Recipe, Trained, train_lips
    from lipstudy.models._words_and_sound import WordsAndSoundLipMotion

__all__ = [
    "MODELS",
    "VISEMES",
    "WORK_FOLDER",
    "Checkpoint",
    "Evaluation",
    "Film",
    "FilmFile",
    "FilmScore",
    "LipMotionModel",
    "LoadedModel",
    "NeuralLipMotion",
    "Recipe",
    "Sample",
    "Segment",
    "Take",
    "Trained",
    "TrainedModel",
    "VisemeLipMotion",
    "VisemeModel",
    "WordsAndSoundLipMotion",
    "check_trainable",
    "checked_neutral",
    "default_checkpoint",
    "evaluate_model",
    "evaluation_png",
    "feature_blocks",
    "features",
    "films_in",
    "frames_in",
    "heard_versions",
    "leave_one_speaker_out",
    "lip_points",
    "load_checkpoint",
    "load_model",
    "load_viseme_model",
    "move_lips",
    "phones_of_films",
    "read_films",
    "save_checkpoint",
    "segments_of",
    "train_lips",
    "train_model",
    "viseme_track",
    "write_evaluation",
]

_LOADED_WHEN_USED = {
    "Checkpoint": "_checkpoint",
    "Evaluation": "_evaluation",
    "Film": "_films",
    "FilmFile": "_films",
    "FilmScore": "_evaluation",
    "NeuralLipMotion": "_neural",
    "Recipe": "_training",
    "Sample": "_fitting",
    "Take": "_takes",
    "heard_versions": "_takes",
    "Trained": "_training",
    "TrainedModel": "_my_model",
    "WordsAndSoundLipMotion": "_words_and_sound",
    "train_lips": "_training",
    "default_checkpoint": "_checkpoint",
    "evaluate_model": "_evaluation",
    "evaluation_png": "_pictures",
    "feature_blocks": "_features",
    "features": "_features",
    "films_in": "_films",
    "leave_one_speaker_out": "_leave_one_out",
    "load_checkpoint": "_checkpoint",
    "phones_of_films": "_films",
    "read_films": "_films",
    "save_checkpoint": "_checkpoint",
    "check_trainable": "_my_model",
    "train_model": "_my_model",
    "write_evaluation": "_evaluation",
}


def __getattr__(name: str) -> Any:
    if name not in _LOADED_WHEN_USED:
        raise AttributeError(f"module 'lipstudy.models' has no attribute '{name}'")
    return getattr(import_module(f"lipstudy.models.{_LOADED_WHEN_USED[name]}"), name)
