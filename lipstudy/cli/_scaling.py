"""What the verbs that scale articulation share: their options, the names of their results, what they say of them."""

from typing import Any

import click

__all__ = ["articulation_option", "operator_option", "scaling_sentence", "scaling_suffix"]

articulation_option = click.option(
    "--articulation",
    type=float,
    multiple=True,
    required=True,
    metavar="A...",
    help="One or more articulation scales from 0 to 3: below 1 the lips move less, above 1 more.",
)

operator_option = click.option(
    "--operator",
    default="rest",
    show_default=True,
    metavar="NAME",
    help="What is scaled about, and what: rest (the closed rest pose: closures stay), mean (the clip's mean pose: they"
    " open), gated (the scale grows with the gap), jaw, spread, protrusion or several as jaw+spread=0.5, time-locked"
    " (about the mean of repetitions of the sentence, which 'lipstudy articulate' takes with --repetitions), speed (a"
    " control: the same poses, passed faster or slower).",
)


def scaling_suffix(articulation: float, operator: str) -> str:
    """Return what a file name says of a scale: ".a0.50", and with another operator than rest ".a0.50.mean"."""
    number = f"{articulation:.2f}" if round(articulation, 2) == articulation else repr(articulation)
    return f".a{number}{'' if operator == 'rest' else f'.{operator}'}"


def scaling_sentence(articulated: dict[str, Any]) -> str:
    """Return what scaling did to the lips, from a track's provenance under "articulated"."""
    effective = articulated["effective_articulation"]
    shown = "undefined, the lips do not move" if effective is None else f"{effective:.3f}"
    lost = f"{articulated['contact_frames_lost']} of {articulated['contact_frames']} frames with lips in contact lost"
    return f"effective articulation {shown}; {lost}"
