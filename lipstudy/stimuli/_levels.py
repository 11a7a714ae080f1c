"""Whether all speech of a set can be as loud as its recipe asks: told before the first clip is made."""

import math

from lipstudy.errors import InputError
from lipstudy.media import MAX_TRUE_PEAK_DBTP, Sound, loudest_lufs, open_film, read_sound, sound_beside_picture
from lipstudy.stimuli._recipe import LEAST_LOUDNESS_LUFS, FilmedSentence, Recipe
from lipstudy.stimuli._set_folder import SetFolder
from lipstudy.stimuli._surroundings import Surroundings

__all__ = ["check_loudness", "surroundings_of"]

_TOLD_NAMES = 5


def surroundings_of(recipe: Recipe, *, fps: float) -> Surroundings:
    """Return what stands around the speech in a clip of `fps` frames per second."""
    return Surroundings(
        before_frames=round(recipe.lead_in_s * fps),
        after_frames=round(recipe.lead_out_s * fps),
        fps=fps,
        loudness_lufs=None if recipe.loudness_lufs == "as_recorded" else recipe.loudness_lufs,
    )


def check_loudness(recipe: Recipe, folder: SetFolder) -> None:
    """Raise InputError if some speech of a recipe would clip at its loudness, with the loudness that all can have.

    The speech of sentences lies in `folder` already; films are heard as they are.
    """
    wanted_lufs = recipe.loudness_lufs
    if wanted_lufs == "as_recorded":
        return
    heard = {
        sentence.name: _loudest_lufs(recipe, read_sound(folder.sound(sentence.name)), fps=recipe.fps)
        for sentence in recipe.sentences
    }
    heard |= {f"{film.speaker}_{film.sentence}": _loudest_of_film(recipe, film) for film in recipe.films}
    quietest_first = sorted((lufs, name) for name, lufs in heard.items() if lufs < wanted_lufs)
    if not quietest_first:
        return
    lowest_lufs = quietest_first[0][0]
    possible_lufs = math.floor(10 * lowest_lufs) / 10
    names = [name for _, name in quietest_first]
    named = names[:_TOLD_NAMES]
    if len(names) > len(named):
        named.append(f"{len(names) - len(named)} more")
    listed = " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
    most = f"{wanted_lufs - lowest_lufs + MAX_TRUE_PEAK_DBTP:+.1f} dBTP" + " at most" * (len(names) > 1)
    remedy = f"set 'loudness_lufs: {possible_lufs:g}' in the recipe"
    if possible_lufs < LEAST_LOUDNESS_LUFS:
        remedy = f"the peak of {names[0]} may be a click to be cut out, or set 'loudness_lufs: as_recorded'"
    raise InputError(
        f"the speech of {listed} would peak at {most} if it were as loud as {wanted_lufs:g} LUFS,"
        f" {MAX_TRUE_PEAK_DBTP:g} is allowed: {remedy}"
    )


def _loudest_of_film(recipe: Recipe, filmed: FilmedSentence) -> float:
    film = open_film(filmed.film)
    return _loudest_lufs(
        recipe, sound_beside_picture(read_sound(filmed.film), duration_s=film.duration_s), fps=film.fps
    )


def _loudest_lufs(recipe: Recipe, speech: Sound, *, fps: float) -> float:
    return loudest_lufs(surroundings_of(recipe, fps=fps).with_silence(speech))
