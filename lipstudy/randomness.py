"""Every random number comes from one seed, through a stream with a name."""

import hashlib

import numpy as np

__all__ = ["named_stream"]


def named_stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random generator that belongs to `names` under `seed`.

    Streams of different names are independent, and a stream does not change when others are added:
    the names, not the order of the calls, decide.

    Parameters
    ----------
    seed : int >= 0
        The study's seed.
    *names : str or int
        What the numbers are for, for instance ``("plan", "P01")``.

    Returns
    -------
    numpy.random.Generator
        A PCG64 generator.
    """
    spawn_key = tuple(_word(name) for name in names)
    # default_rng may change its bit generator in a later NumPy; PCG64 keeps its words.
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=spawn_key)))


def _word(name: str | int) -> int:
    # hash() differs between processes; SHA-256 does not.
    return int.from_bytes(hashlib.sha256(repr(name).encode()).digest()[:4], "big")
