"""A trained model in two files: weights that cannot run code, and a card that says what they are."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478
from lipstudy.models._model_files import CARD_FILE, DEFAULT_FILES, WEIGHTS_FILE
from lipstudy.models._network import LipNetwork, NetworkSize
from lipstudy.models._shape_basis import PARAMETERS
from lipstudy.records import existing_file, write_bytes, write_text

__all__ = [
    "Checkpoint",
    "default_checkpoint",
    "load_checkpoint",
    "save_checkpoint",
]

_FORMAT = 2
"""Changes when older code cannot read what newer code writes."""
_NETWORK = "network."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trained model. P parameters, K landmarks."""

    network: LipNetwork
    """Weights, in double use by nobody: evaluation mode."""
    basis: NDArray[np.float32]
    """(P, K, 3) displacement for one unit of each of PARAMETERS."""
    scale: NDArray[np.float32]
    """(P,) what one unit of the network's output is, IOD; the calibrated gains are in it."""
    closed_at: float
    """What the network says of closing where the lips are closed."""
    speakers: tuple[str, ...]
    """Speakers with an embedding, in its order."""
    card: Mapping[str, Any]
    """Data, measures, seed, versions: everything that is known of it."""


def save_checkpoint(
    folder: Path, checkpoint: Checkpoint, *, names: tuple[str, str] = (WEIGHTS_FILE, CARD_FILE)
) -> None:
    """Write weights and card into `folder`, each file whole or not at all. Raises OutputError."""
    from safetensors.numpy import save

    tensors = {_NETWORK + name: value.numpy() for name, value in checkpoint.network.state_dict().items()}
    tensors |= {"basis": checkpoint.basis, "scale": checkpoint.scale}
    data = save({name: np.ascontiguousarray(value) for name, value in tensors.items()})
    card = dict(checkpoint.card) | {
        "format": _FORMAT,
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "size": checkpoint.network.size.to_json(),
        "closed_at": checkpoint.closed_at,
        "speakers": list(checkpoint.speakers),
    }
    write_bytes(folder / names[0], data)
    write_text(folder / names[1], json.dumps(card, indent=2) + "\n")


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Read a trained model.

    Raises
    ------
    InputError
        If a file is missing, truncated or changed, or of another version of the format.
    """
    folder = Path(folder)
    card = existing_file(folder / CARD_FILE, what="the card of a trained model")
    weights = existing_file(folder / WEIGHTS_FILE, what="the file with the weights of a trained model")
    return _checkpoint(card.read_bytes(), weights.read_bytes(), str(folder))


@cache
def default_checkpoint() -> Checkpoint:
    """Return the model that this package carries."""
    files = resources.files("lipstudy.models")
    weights, card = (files.joinpath(name).read_bytes() for name in DEFAULT_FILES)
    return _checkpoint(card, weights, "the model of this package")


def _checkpoint(card_data: bytes, weights: bytes, where: str) -> Checkpoint:
    from safetensors.numpy import load

    try:
        card = json.loads(card_data)
        version = card["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{where} is no trained model: its card says no format; train it again") from error
    if version != _FORMAT:
        raise InputError(
            f"{where} is a model of format {version}, and this version of lipstudy reads format {_FORMAT}: train it"
            " again"
        )
    if hashlib.sha256(weights).hexdigest() != card.get("weights_sha256"):
        raise InputError(
            f"the weights of {where} are truncated or changed (their hash differs): copy or train it again"
        )
    tensors = load(weights)
    try:
        size = NetworkSize(**card["size"] | {name: tuple(card["size"][name]) for name in ("dilations", "linear")})
        network = LipNetwork(size)
        network.load_state_dict(
            {name.removeprefix(_NETWORK): torch.tensor(v) for name, v in tensors.items() if name.startswith(_NETWORK)}
        )
        closed_at, speakers = float(card["closed_at"]), tuple(card["speakers"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the card of {where} was changed and no longer fits its weights: copy both anew, or train it again"
        ) from error
    network.eval().requires_grad_(False)
    basis = tensors["basis"]
    assert basis.shape == (len(PARAMETERS), MEDIAPIPE_478.num_points, 3)
    return Checkpoint(network, basis, tensors["scale"], closed_at, speakers, card)
