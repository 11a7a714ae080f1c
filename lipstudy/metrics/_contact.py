"""Whether the lips close where they should."""

import math
import warnings

from lipstudy.face import LandmarkTrack, lips_in_contact

__all__ = ["contact_agreement"]


def contact_agreement(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return Cohen's kappa of the frames with lips in contact: (p_o - p_e) / (1 - p_e).

    p_o is the share of frames in which both are in contact or neither is, p_e the share expected by chance from how
    often each is in contact. Uncorrected shares flatter: a random window of 5 frames of speech holds a closure half of
    the time.

    Unit: none. Range: -1 to 1; 1 where lips close in the same frames, 0 for chance. NaN with a warning if both tracks
    are in contact always, or never: no agreement beyond chance is defined. No published correlation with opinion is
    known.

    Source: Cohen (1960).
    """
    contact_a, contact_b = (lips_in_contact(each.points, each.topology) for each in (a, b))
    observed = float((contact_a == contact_b).mean())
    share_a, share_b = float(contact_a.mean()), float(contact_b.mean())
    expected = share_a * share_b + (1 - share_a) * (1 - share_b)
    if expected == 1:
        always = "always" if share_a else "never"
        warnings.warn(f"lips are {always} in contact in both tracks: no contact agreement is defined", stacklevel=2)
        return math.nan
    return (observed - expected) / (1 - expected)
