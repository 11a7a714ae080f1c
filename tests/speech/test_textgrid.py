"""Praat TextGrids in and out."""

from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.speech import (
    PAUSE,
    AlignedWord,
    Alignment,
    Phone,
    check_tiling,
    read_textgrid,
    textgrid_text,
)

PHONES = (Phone(PAUSE, 0, 0.25), Phone("p", 0.25, 0.4), Phone("aʊ", 0.4, 0.55), Phone(PAUSE, 0.55, 1.0))
ALIGNMENT = Alignment((AlignedWord("pow", 0.25, 0.55, -0.1),), PHONES)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "talk.TextGrid").write_text(textgrid_text(ALIGNMENT))
    assert read_textgrid(tmp_path / "talk.TextGrid", duration_s=1.0) == PHONES


def grid_of(*tiers: tuple[str, list[tuple[float, float, str]]]) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "1", "<exists>", str(len(tiers))]
    for name, intervals in tiers:
        lines += ['"IntervalTier"', f'"{name}"', "0", "1", str(len(intervals))]
        for start, end, label in intervals:
            lines += [str(start), str(end), f'"{label}"']
    return "\n".join(lines) + "\n"


def test_phones_of_an_aligner_with_stress_marks_and_gaps(tmp_path: Path) -> None:
    words = ("words", [(0.0, 0.5, "cup"), (0.5, 1.0, "")])
    phones = ("phones", [(0.1, 0.2, "K"), (0.2, 0.3, "AH1"), (0.4, 0.5, "P"), (0.5, 1.0, "sp")])
    (tmp_path / "a.TextGrid").write_text(grid_of(words, phones))
    read = read_textgrid(tmp_path / "a.TextGrid", duration_s=1.0)
    check_tiling(read)
    assert [phone.symbol for phone in read] == [PAUSE, "k", "ʌ", PAUSE, "p", PAUSE]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("not a grid", "is not a Praat TextGrid"),
        (grid_of(("words", [(0.0, 1.0, "cup")]), ("other", [(0.0, 1.0, "x")])), r"no tier called 'phones' .*'words'"),
        (grid_of(("phones", [(0.0, 1.0, "sil")])), "holds no phone"),
        (grid_of(("phones", [(0.0, 1.0, "AA")])), r"goes on to 1\.00 s and the speech ends at 0\.50 s"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "a.TextGrid").write_text(content)
    with pytest.raises(InputError, match=told):
        read_textgrid(tmp_path / "a.TextGrid", duration_s=0.5)
