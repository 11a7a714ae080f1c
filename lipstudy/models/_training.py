"""Training the lips: from takes to weights, the same for the same seed, after any interruption."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lipstudy.execution import Progress
from lipstudy.models._network import LipNetwork, NetworkSize
from lipstudy.models._shape_basis import PARAMETERS
from lipstudy.models._takes import Take
from lipstudy.records import atomic_path, hash_of

__all__ = ["Course", "Recipe", "Trained", "train_lips"]

Floats = NDArray[np.floating[Any]]

_WEIGHTS = (2.0, 2.0, 1.0, 0.5, 0.5, 0.5)
"""Of PARAMETERS in the loss."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the lips are trained."""

    size: NetworkSize = field(default_factory=NetworkSize)
    """Of the network; `speakers` is set by the takes."""
    epochs: int = 25
    """At most; each has `steps`."""
    patience: int = 8
    """Epochs without a better validation after which training ends, where there are takes to validate on."""
    steps: int = 10
    """Updates of the weights in an epoch."""
    batch: int = 16
    """Takes in an update."""
    learning_rate: float = 4e-3
    """Largest; it rises for a fifth of the epochs and then falls."""
    weight_decay: float = 0.02
    """Pull of all weights towards 0."""
    velocity: float = 2.0
    """Weight of the loss on the change from frame to frame."""
    closure: float = 1.0
    """How much more a frame with the lips in contact weighs."""
    contact: float = 0.3
    """Weight of the loss on whether the lips touch."""
    noise: float = 0.05
    """Standard deviation of noise on what is heard."""
    known_speaker: float = 0.5
    """Share of examples that are told who speaks; the others train the path for unseen speakers."""
    ridge: float = 0.0125
    """Penalty on the weights of the linear model."""


@dataclass(frozen=True, slots=True)
class Course:
    """How training went. E epochs."""

    training: tuple[float, ...]
    """(E,) mean loss."""
    validation: tuple[float, ...]
    """(E,) loss on the takes left out; empty without such."""
    best_epoch: int
    """From 0 on; its weights are kept."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What comes out."""

    network: LipNetwork
    """In evaluation mode."""
    scale: NDArray[np.float32]
    """(P,) what one unit of the output is, IOD, before gains are calibrated."""
    speakers: tuple[str, ...]
    """In the order of the embeddings."""
    course: Course
    """Losses."""


@dataclass(frozen=True, slots=True)
class _Batch:
    heard: Tensor
    values: Tensor
    contact: Tensor
    seen: Tensor
    speaker: Tensor


def train_lips(
    takes: Sequence[Take],
    *,
    start: LipNetwork,
    recipe: Recipe,
    seed: int,
    keep_lips: bool = False,
    validation: Sequence[Take] = (),
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train the part of a network that moves the lips; its hearing stays as in `start`.

    The linear model is fitted in closed form, the temporal networks step by step.

    Amplitude is a matter of the speaker: each speaker's motion is divided by that speaker's size of opening before
    training, and the mean size is given back afterwards.

    Parameters
    ----------
    takes : sequence of Take
        At least one.
    start : LipNetwork
        Gives the hearing.
    recipe : Recipe
        How.
    seed : int
        Of weights, order and noise: on one machine the same seed gives the same weights.
    keep_lips : bool
        Begin with the lips of `start` too, whose size but for speakers must be that of the recipe.
    validation : sequence of Take
        Left out, to know when to stop; without them all epochs are done.
    folder : Path, optional
        Where the state is kept after every epoch; a run that was killed goes on from there.
    progress : Progress, optional
        Told the epochs.

    Returns
    -------
    Trained
    """
    speakers = tuple(sorted({take.speaker for take in takes}))
    sizes = _sizes(takes)
    usual = float(np.mean(list(sizes.values())))
    scale = np.concatenate([take.parameters / sizes[take.speaker] for take in takes]).std(axis=0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    torch.manual_seed(seed)
    network = LipNetwork(NetworkSize(**asdict(recipe.size) | {"speakers": len(speakers)})).to(device)
    network.hearing.load_state_dict(start.hearing.state_dict())
    learned = _batch(takes, network, scale, sizes, usual, speakers, device)
    network.mean.copy_(_mean_heard(learned))
    if keep_lips:
        network.temporal.load_state_dict(start.temporal.state_dict())
        network.linear.load_state_dict(start.linear.state_dict())
        network.mean.copy_(start.mean)
    network.fit_linear(learned.heard, learned.values, learned.seen, ridge=recipe.ridge)
    tested = _batch(validation, network, scale, sizes, usual, speakers, device) if validation else None
    for parameter in network.hearing.parameters():
        parameter.requires_grad_(False)

    run = _Run(network, recipe, seed, folder, identity=_identity(takes, validation, recipe, seed, keep_lips))
    run.go_on()
    while not run.is_done():
        run.epoch(learned, tested)
        if progress is not None:
            progress(recipe.epochs if run.is_done() else run.done, recipe.epochs)
    network.load_state_dict(run.best_weights)
    network.cpu().eval().requires_grad_(False)
    course = Course(tuple(run.training), tuple(run.validation), run.best_epoch)
    return Trained(network, np.asarray(scale * usual, np.float32), speakers, course)


class _Run:
    """The state of a training, kept after every epoch."""

    def __init__(self, network: LipNetwork, recipe: Recipe, seed: int, folder: Path | None, *, identity: str) -> None:
        self.network, self.recipe, self.identity = network, recipe, identity
        self.path = None if folder is None else folder / "training.pt"
        self.done, self.best_epoch = 0, -1
        self.training: list[float] = []
        self.validation: list[float] = []
        self.best_weights = _weights(network)
        learned = [p for name, p in network.named_parameters() if not name.startswith("hearing.")]
        self.optimiser = torch.optim.AdamW(learned, recipe.learning_rate, weight_decay=recipe.weight_decay)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, recipe.learning_rate, total_steps=recipe.epochs * recipe.steps, pct_start=0.2
        )
        self.seed = seed

    def is_done(self) -> bool:
        waited = self.done - 1 - self.best_epoch
        return self.done >= self.recipe.epochs or (bool(self.validation) and waited >= self.recipe.patience)

    def epoch(self, learned: _Batch, tested: _Batch | None) -> None:
        # Seeded by epoch, so that a run that goes on draws what the whole run would have drawn.
        torch.manual_seed(self.seed * 1_000_003 + self.done + 1)
        self.network.train()
        losses = []
        for _ in range(self.recipe.steps):
            chosen = torch.randint(0, len(learned.heard), (min(self.recipe.batch, len(learned.heard)),))
            loss = self._loss(learned, chosen.to(learned.heard.device), training=True)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.schedule.step()
            losses.append(float(loss.detach()))
        self.training.append(float(np.mean(losses)))
        if tested is not None:
            self.network.eval()
            with torch.no_grad():
                everything = torch.arange(len(tested.heard), device=tested.heard.device)
                self.validation.append(float(self._loss(tested, everything, training=False)))
        if tested is None or self.validation[-1] == min(self.validation):
            self.best_epoch, self.best_weights = self.done, _weights(self.network)
        self.done += 1
        self._keep()

    def _loss(self, batch: _Batch, chosen: Tensor, *, training: bool) -> Tensor:
        recipe, heard = self.recipe, batch.heard[chosen]
        style = self.network.speakers[batch.speaker[chosen]]
        told = torch.zeros(len(chosen), 1, device=heard.device)
        if training:
            told = (torch.rand(len(chosen), 1) < recipe.known_speaker).float().to(heard.device)
            heard = heard + recipe.noise * torch.randn(heard.shape).to(heard.device)
        out = self.network.each(heard, style * told)
        count = len(PARAMETERS)
        made, touching = out[..., :count], out[..., count]
        values, contact, seen = batch.values[chosen], batch.contact[chosen], batch.seen[chosen]
        parts = torch.tensor(_WEIGHTS, device=heard.device)
        place = (seen * (1 + recipe.closure * contact))[..., None] * parts
        loss = ((made - values) ** 2 * place).sum(dim=(1, 2, 3)).sum() / place.sum()
        both = (seen[:, 1:] * seen[:, :-1])[..., None] * parts
        speed = (made.diff(dim=2) - values.diff(dim=1)) ** 2 * both
        loss = loss + recipe.velocity * speed.sum() / both.sum()
        said = nn.functional.binary_cross_entropy_with_logits(touching, contact.expand_as(touching), reduction="none")
        loss = loss + recipe.contact * (said * seen).sum() / seen.sum()
        return loss + 1e-2 * (self.network.speakers**2).mean()

    def _keep(self) -> None:
        if self.path is None:
            return
        state = {
            "identity": self.identity,
            "network": self.network.state_dict(),
            "best": self.best_weights,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "course": json.dumps([self.done, self.best_epoch, self.training, self.validation]),
        }
        with atomic_path(self.path) as temporary:
            torch.save(state, temporary)

    def go_on(self) -> None:
        """Take up a run of the same data, recipe and seed where it stopped."""
        if self.path is None or not self.path.is_file():
            return
        state = torch.load(self.path, weights_only=True, map_location=next(self.network.parameters()).device)
        if state["identity"] != self.identity:
            return
        self.network.load_state_dict(state["network"])
        self.best_weights = state["best"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.done, self.best_epoch, self.training, self.validation = json.loads(state["course"])


def _identity(takes: Sequence[Take], validation: Sequence[Take], recipe: Recipe, seed: int, keep_lips: bool) -> str:
    told = [[take.name, take.speaker, hash_of(np.round(take.parameters, 6).tolist())] for take in (*takes, *validation)]
    return hash_of([told, asdict(recipe), seed, keep_lips])


def _weights(network: LipNetwork) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _sizes(takes: Sequence[Take]) -> dict[str, float]:
    opening: dict[str, list[NDArray[np.float32]]] = {}
    for take in takes:
        opening.setdefault(take.speaker, []).append(take.parameters[:, PARAMETERS.index("aperture")])
    rms = {speaker: float(np.sqrt(np.mean(np.square(np.concatenate(v))))) for speaker, v in opening.items()}
    return {speaker: max(value, 1e-3) for speaker, value in rms.items()}


def _batch(
    takes: Sequence[Take],
    network: LipNetwork,
    scale: Floats,
    sizes: dict[str, float],
    usual: float,
    speakers: tuple[str, ...],
    device: torch.device,
) -> _Batch:
    longest = max(len(take.parameters) for take in takes)

    def padded(values: Floats) -> Tensor:
        wide = np.zeros((longest, *values.shape[1:]), np.float32)
        wide[: len(values)] = values
        return torch.tensor(wide, device=device)

    with torch.no_grad():
        heard = [network.heard(torch.tensor(take.features, device=device)[None])[0].cpu().numpy() for take in takes]
    return _Batch(
        heard=torch.stack([padded(each) for each in heard]),
        values=torch.stack([padded(take.parameters / scale / sizes.get(take.speaker, usual)) for take in takes]),
        contact=torch.stack([padded(take.contact) for take in takes]),
        seen=torch.stack([padded(take.seen) for take in takes]),
        speaker=torch.tensor([speakers.index(t.speaker) if t.speaker in speakers else 0 for t in takes], device=device),
    )


def _mean_heard(batch: _Batch) -> Tensor:
    return (batch.heard * batch.seen[..., None]).sum(dim=(0, 1)) / batch.seen.sum()
