"""Praat TextGrids: words and phones in time, in and out."""

import tempfile
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError
from lipstudy.records import existing_file
from lipstudy.speech._alignment import Alignment
from lipstudy.speech._phones import PAUSE, Phone
from lipstudy.speech._pronunciation import IPA_OF

__all__ = ["read_textgrid", "textgrid_text"]

_TIER_NAMES = ("phones", "phone", "phonemes", "segments")
"""What aligners call the tier with the sounds."""
_PAUSES = frozenset(("", "_", "sil", "sp", "spn", "<sil>", "<p:>", "pau", "#"))
_STRESS = "012"


def read_textgrid(path: str | Path, *, duration_s: float) -> tuple[Phone, ...]:
    """Read the phones of a Praat TextGrid.

    Parameters
    ----------
    path : str or Path
        A TextGrid with a tier of intervals called "phones" (as the Montreal Forced Aligner writes it), or with one tier
        alone. Labels are phones of the CMU dictionary, with or without stress, or of the International Phonetic
        Alphabet; an empty label, "sil" and "sp" are pauses.
    duration_s : float
        Duration of the speech that it belongs to.

    Returns
    -------
    tuple of Phone
        Phones and pauses from 0 to where the TextGrid ends; what lies between intervals is a pause.

    Raises
    ------
    InputError
        If the file cannot be read, has no tier of phones, or lasts longer than the speech.
    """
    path = existing_file(path, what="a Praat TextGrid")
    tier = _phone_tier(path)
    phones: list[Phone] = []
    end_s = 0.0
    for start, end, label in tier.entries:
        if start > end_s:
            phones.append(Phone(PAUSE, end_s, start))
        phones.append(Phone(_symbol(label), start, end))
        end_s = end
    if not any(phone.symbol != PAUSE for phone in phones):
        raise InputError(f"{path}: its tier '{tier.name}' holds no phone: nobody speaks in it")
    if end_s > duration_s + 0.1:
        raise InputError(
            f"{path} goes on to {end_s:.2f} s and the speech ends at {duration_s:.2f} s: it belongs to other speech"
        )
    if tier.maxTimestamp > end_s:
        phones.append(Phone(PAUSE, end_s, tier.maxTimestamp))
    return tuple(phones)


def textgrid_text(alignment: Alignment) -> str:
    """Return words and phones of `alignment` as the text of a Praat TextGrid, with tiers "words" and "phones"."""
    from praatio import textgrid

    end_s = alignment.phones[-1].end_s
    words = [(word.start_s, word.end_s, word.word) for word in alignment.words]
    phones = [(phone.start_s, phone.end_s, phone.symbol) for phone in alignment.phones if phone.symbol != PAUSE]
    grid = textgrid.Textgrid(0, end_s)
    grid.addTier(textgrid.IntervalTier("words", words, 0, end_s))
    grid.addTier(textgrid.IntervalTier("phones", phones, 0, end_s))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.TextGrid"
        grid.save(str(made), format="long_textgrid", includeBlankSpaces=True)
        return made.read_text(encoding="utf-8")


def _phone_tier(path: Path) -> Any:
    from praatio import textgrid
    from praatio.utilities.errors import PraatioException

    try:
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="silence")
    except (PraatioException, ValueError, IndexError, KeyError, UnicodeError, AttributeError) as error:
        raise InputError(f"{path} is not a Praat TextGrid that can be read: save it again in Praat as text") from error
    tiers = [tier for tier in grid.tiers if isinstance(tier, textgrid.IntervalTier)]
    named = [tier for tier in tiers if tier.name.lower() in _TIER_NAMES]
    if not named and len(tiers) != 1:
        found = ", ".join(f"'{name}'" for name in grid.tierNames) or "none"
        raise InputError(
            f"{path} has no tier called 'phones' (its tiers: {found}): name the one that holds the sounds so"
        )
    return (named or tiers)[0]


def _symbol(label: str) -> str:
    label = label.strip()
    if label.lower() in _PAUSES:
        return PAUSE
    return IPA_OF.get(label.rstrip(_STRESS), label)
