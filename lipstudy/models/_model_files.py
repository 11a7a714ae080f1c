"""Names of the files of a trained model, known without loading what reads them."""

__all__ = ["CARD_FILE", "DEFAULT_FILES", "WEIGHTS_FILE", "WORK_FOLDER"]

WEIGHTS_FILE = "model.safetensors"
"""In the folder of a trained model: weights that cannot run code."""
CARD_FILE = "card.json"
"""In the folder of a trained model: what it is, with the hash of the weights."""
DEFAULT_FILES = ("tcn.safetensors", "tcn.json")
"""Weights and card of the model that this package carries."""
WORK_FOLDER = ".work"
"""In the folder of a trained model, or of an evaluation: tracks of the films, and the state of a training."""
