"""Teaching a small network to hear phones as the acoustic model of PocketSphinx does, at a thirtieth of its cost.

Most of what it learns from was never recorded: frames drawn from the teacher's own Gaussians, which hold what many
speakers sound like. Synthetic and real speech is added to make it hear through noise, rooms and telephones: the teacher
hears the clean sound, the network the spoilt one.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lipstudy.execution import Progress
from lipstudy.models._features import BANDS, SR, features
from lipstudy.models._network import Hearing
from lipstudy.models._phone_teacher import PHONES, cepstral_basis, load_phone_teacher, with_differences
from lipstudy.models._sound_changes import SPEEDS, heard_elsewhere, sped_up
from lipstudy.randomness import named_stream
from lipstudy.speech import synthesise

__all__ = ["HEARING_RECIPE", "synthetic_speech", "train_hearing"]

Floats = NDArray[np.floating[Any]]

_NUM_SAMPLED = 150_000
_STEPS = 3000
_BATCH = 1024
_LEARNING_RATE = 3e-3
_NOISE_ONLY_S = 3.0

HEARING_RECIPE = {"sampled": _NUM_SAMPLED, "steps": _STEPS, "batch": 2 * _BATCH, "learning_rate": _LEARNING_RATE}
"""What the card of a model says of it."""

_VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan")
_WORDS = (
    "about after again all always another away back beautiful because before begin better big black blue book both "
    "boy bring brother brown build buy by call change child choose clear close come could cover day deep do door "
    "down draw drive each earth easy eight enjoy enough even every eye face fall far father feel few find fire five "
    "follow food four friend full game garden girl give go good great green half hand happy hard have head hear "
    "help high home hope house how idea join jump keep kind know large laugh leave left letter light little live "
    "long look love make man many measure mother mouth move much music name near never new next nine nothing now "
    "often old one open our out over own paper people place plan play please point power put quite rain read red "
    "right river road room round run say school sea see seven shape she ship short show side sing six sleep slow "
    "small smooth soon sound speak stand start stay stop story strong sure take talk teach tell ten thank that them "
    "there these they thing think those though three through time together too touch town tree true try turn two "
    "under until up usual very voice wait walk want warm watch water way we week well what when where white who why "
    "will wind wish with woman wonder word work world would write year yellow yes you young zero "
)
_WORDS_A_TEXT = 10


def synthetic_speech(count: int, *, seed: int) -> list[NDArray[np.float32]]:
    """Return `count` utterances (N,) at 16 kHz of words in random order: voices, rates and sizes of mouth differ."""
    import librosa

    spoken = []
    for number in range(count):
        rng = named_stream(seed, "synthetic speech", number)
        text = " ".join(rng.choice(_WORDS.split(), _WORDS_A_TEXT))
        said = synthesise(text, voice=_VOICES[number % len(_VOICES)], rate_wpm=int(rng.integers(130, 240)))
        samples = librosa.resample(said.sound.samples, orig_sr=said.sound.sr, target_sr=SR)
        spoken.append(sped_up(samples, factor=float(rng.choice((1.0, *SPEEDS)))))
    return spoken


def train_hearing(
    speech: Iterable[Floats], *, hidden: int, seed: int, progress: Progress | None = None
) -> tuple[Hearing, dict[str, float]]:
    """Train a Hearing to say what the teacher says.

    Parameters
    ----------
    speech : iterable of ndarray of shape (N,)
        16 kHz speech without labels, beside what is drawn from the teacher; may be empty.
    hidden : int > 0
        Units of its layers.
    seed : int
        Of everything random.
    progress : Progress, optional
        Told the updates.

    Returns
    -------
    hearing : Hearing
    measured : dict
        Divergence (Kullback-Leibler, nats a frame) from the teacher, on frames drawn anew.
    """
    teacher = load_phone_teacher()
    drawn = teacher.sampled(_NUM_SAMPLED, named_stream(seed, "drawn frames"))
    sources = [(drawn, teacher.posteriors(drawn))]
    recorded = [_heard(samples, named_stream(seed, "hearing", number)) for number, samples in enumerate(speech)]
    if recorded:
        recorded.append(_silence(named_stream(seed, "no speech")))
        sources.append((np.concatenate([x for x, _ in recorded]), np.concatenate([y for _, y in recorded])))
    torch.manual_seed(seed)
    hearing = Hearing(hidden)
    hearing.mean.copy_(torch.tensor(drawn.mean(axis=0)))
    hearing.scale.copy_(torch.tensor(drawn.std(axis=0)))
    _learn(hearing, sources, progress)
    fresh = teacher.sampled(20_000, named_stream(seed, "fresh frames"))
    return hearing, {"divergence_nats": _divergence(hearing, fresh, teacher.posteriors(fresh))}


def _learn(hearing: Hearing, sources: Sequence[tuple[Floats, Floats]], progress: Progress | None) -> None:
    given = [(torch.tensor(x), torch.tensor(y)) for x, y in sources]
    optimiser = torch.optim.AdamW(hearing.parameters(), _LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=_STEPS)
    hearing.train()
    for step in range(_STEPS):
        loss = torch.zeros(())
        for heard, wanted in given:
            chosen = torch.randint(0, len(heard), (_BATCH,))
            said = torch.log_softmax(hearing.scores(heard[chosen]), dim=1)
            loss = loss - (wanted[chosen] * said).sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if progress is not None and (step + 1) % 50 == 0:
            progress(step + 1, _STEPS)
    hearing.eval()


def _heard(samples: Floats, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    clean = _cepstra(samples)
    wanted = load_phone_teacher().posteriors(clean)
    versions = [clean, *(_cepstra(each) for each in heard_elsewhere(samples, rng))]
    return np.concatenate(versions), np.concatenate([wanted] * len(versions))


def _silence(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    count = round(_NOISE_ONLY_S * SR)
    sounds = [np.zeros(count)]
    for level in (1e-5, 1e-4, 1e-3, 1e-2, 0.1):
        spectrum = np.fft.rfft(rng.standard_normal(count))
        for slope in (0.0, 0.5, 1.0):
            noise = np.fft.irfft(spectrum * np.maximum(np.arange(len(spectrum)), 1.0) ** -slope, count)
            sounds.append(level * noise / noise.std())
    heard = np.concatenate([_cepstra(sound) for sound in sounds])
    wanted = np.zeros((len(heard), len(PHONES)), np.float32)
    wanted[:, PHONES.index("silence")] = 1
    return heard, wanted


def _cepstra(samples: Floats) -> NDArray[np.float32]:
    return np.asarray(with_differences(features(samples) @ cepstral_basis(BANDS)), np.float32)


def _divergence(hearing: Hearing, frames: Floats, wanted: Floats) -> float:
    with torch.no_grad():
        said = torch.log_softmax(hearing.scores(torch.tensor(frames)), dim=1).numpy()
    terms = np.where(wanted > 0, wanted * (np.log(np.maximum(wanted, 1e-30)) - said), 0)
    return float(terms.sum(axis=1).mean())
