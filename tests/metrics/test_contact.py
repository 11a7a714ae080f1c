import numpy as np
import pytest

from lipstudy.face import HeadPose, LandmarkTrack
from lipstudy.metrics import contact_agreement


def with_contacts(track: LandmarkTrack, contacts: str) -> LandmarkTrack:
    points = np.repeat(track.points[:1], len(contacts), axis=0)
    points[:, 14] = points[:, 13]
    points[:, 14, 1] += np.float32([0.0 if contact == "x" else 0.2 for contact in contacts])
    return track.with_points(points, pose=HeadPose.still(len(contacts)), valid=np.ones(len(contacts), bool))


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [
        ("x...x...", "x...x...", 1),
        ("xx..", "..xx", -1),
        ("x.x.", "xx..", 0),
        ("xx......", "x.......", (7 / 8 - 44 / 64) / (1 - 44 / 64)),  # chance: (2 x 1 + 6 x 7) / 64
    ],
)
def test_agreement_beyond_chance_by_hand(talk, first: str, second: str, kappa: float) -> None:
    a, b = with_contacts(talk(), first), with_contacts(talk(), second)
    assert contact_agreement(a, b) == pytest.approx(kappa)


@pytest.mark.parametrize(("contacts", "always"), [("xxxx", "always"), ("....", "never")])
def test_agreement_is_undefined_without_variation(talk, contacts: str, always: str) -> None:
    track = with_contacts(talk(), contacts)
    with pytest.warns(UserWarning, match=f"lips are {always} in contact in both tracks"):
        assert np.isnan(contact_agreement(track, track))
