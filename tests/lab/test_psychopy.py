"""Which releases of PsychoPy are trusted."""

import subprocess
import sys

import pytest

from lipstudy import LipstudyError
from lipstudy.lab import check_psychopy


@pytest.mark.parametrize("release", ["2026.2.0", "2026.2.5"])
def test_releases_that_were_tried_are_taken(release: str) -> None:
    assert check_psychopy(release) == release


@pytest.mark.parametrize("release", ["2025.2.0", "2025.2.4", "2026.1.1"])
def test_releases_with_known_faults_are_refused_by_name(release: str) -> None:
    with pytest.raises(
        LipstudyError, match=rf"PsychoPy {release} cannot be trusted.* black pictures .*lipstudy\[lab\]"
    ):
        check_psychopy(release)


@pytest.mark.parametrize("release", ["2023.1.3", "2026.3.0", "2027.1.0"])
def test_releases_that_were_never_tried_are_refused(release: str) -> None:
    with pytest.raises(LipstudyError, match=f"PsychoPy {release} was never tried"):
        check_psychopy(release)


def test_without_the_extra_one_sentence_says_what_to_install() -> None:
    program = (
        "import sys, importlib.metadata as m\n"
        "def version(name): raise m.PackageNotFoundError(name)\n"
        "m.version = version\n"
        "sys.argv = ['lipstudy', 'calibrate']\n"
        "from lipstudy.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "Error: sessions in the lab need PsychoPy: run pip install 'lipstudy[lab]'\n"
