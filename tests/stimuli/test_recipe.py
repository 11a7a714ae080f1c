"""A recipe is read whole, and what is wrong in it is told with its line."""

from pathlib import Path

import pytest

from lipstudy.clips import LandmarkStyle
from lipstudy.errors import InputError
from lipstudy.stimuli import Recipe, load_recipe

TEMPLATE = Path(__file__).parents[2] / "stimuli" / "articulation.yaml"

SMALL = """\
speakers:
  - name: anna
    photograph: faces/anna.png
sentences:
  - name: boats
    text: Both brown boats came back.
"""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return write


def test_template_is_the_set_of_the_demo() -> None:
    recipe = load_recipe(TEMPLATE)
    assert [speaker.name for speaker in recipe.speakers] == ["astronaut"]
    assert len(recipe.sentences) == 4
    assert recipe.articulations == (0.5, 0.75, 1, 1.25, 1.5)
    assert recipe.embodiments == ("landmarks", "photo")


def test_what_the_template_shows_are_the_defaults() -> None:
    recipe = load_recipe(TEMPLATE)
    bare = Recipe(speakers=recipe.speakers, sentences=recipe.sentences)
    assert recipe == bare
    assert recipe.style == LandmarkStyle()


def test_paths_are_relative_to_the_recipe(written) -> None:
    path = written(
        SMALL
        + "  - {name: own, track: own.track.npz, sound: own.wav}\n"
        + "films:\n  - {speaker: bob, sentence: weather, film: films/bob.mp4}\n"
    )
    folder = path.parent
    assert load_recipe(path).files() == (
        folder / "faces/anna.png",
        folder / "own.track.npz",
        folder / "own.wav",
        folder / "films/bob.mp4",
    )


def test_what_is_recorded_does_not_tell_where_files_lie_on_this_machine(written) -> None:
    path = written(SMALL)
    assert load_recipe(path).model_dump(mode="json")["speakers"] == [
        {"name": "anna", "photograph": "anna.png", "film": None, "refine": False}
    ]


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("articulation: [0.5, 1]\n", r"line 7: a recipe does not know the key 'articulation' \(did you mean 'artic"),
        (
            "style:\n  colour: '#000000'\n  lip_color: '#ffffff'\n",
            r"line 9: .* 'lip_color' under 'style' \(did you mean",
        ),
        ("articulations: [0.5, 3.1]\n", r"line 7, articulations\.2: 3\.1 does not fit, .* less than or equal to 3"),
        ("articulations: [0.5, -1]\n", r"line 7, articulations\.2: -1 does not fit, .* greater than or equal to 0"),
        ("articulations: [0.5, .nan]\n", r"line 7, articulations\.2: nan does not fit, .* finite"),
        ("articulations: []\n", r"line 7, articulations: an empty list leaves no clip"),
        ("articulations: [1, 0.5, 1.001]\n", r"line 7, articulations: 1\.00 is there twice"),
        ("embodiments: [photograph]\n", r"line 7, embodiments\.1: 'photograph' does not fit"),
        ("operators: [time-locked]\n", "'time-locked' needs tracks of repetitions, which a recipe does not have"),
        ("operators: [rset]\n", r"line 7, operators: the operator 'rset' is unknown \(did you mean 'rest'\?\)"),
        ("size_px: 511\n", r"line 7, size_px: 511 does not fit, .* multiple of 2"),
        ("articulations: 1\n", r"line 7, articulations: 1 does not fit, a list is needed: \[1\]"),
        (
            "style: {colour: red}\n",
            r"line 7, style\.colour: 'red' is not a colour: write red, green and blue in quotes",
        ),
        ("fps: 0\n", r"line 7, fps: 0 does not fit, .* greater than or equal to 10"),
        ("rate_wpm: fast\n", r"line 7, rate_wpm: 'fast' does not fit"),
        ("  - name: boats\n    text: Again.\n", r"line 4, sentences: the name 'boats' is there twice"),
        ("  - name: Boats\n    text: Again.\n", r"line 4, sentences: the name 'boats' is there twice"),
        ("  - name: a/b\n    text: Again.\n", r"line 7, sentences\.2\.name: 'a/b' cannot be part of file names"),
        ("  - name: more\n", r"line 7, sentences\.2: the sentence 'more' needs a 'text' to speak"),
        (
            "  - {name: more, track: a.track.npz}\n",
            r"sentences\.2: the sentence 'more' needs the 'sound' that belongs to its 'track'",
        ),
        ("films:\n  - {speaker: anna, sentence: boats, film: a.mp4}\n", r"'anna' says sentence 'boats' twice"),
        ("fps: 25\nfps: 30\n", r"line 8: the key 'fps' is already in line 7"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(written, added: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_recipe(written(SMALL + added))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"is not a recipe"),
        ("speakers: []\nsentences: []\n", r"line 1, the file: the recipe has no clip"),
        ("speakers:\n  - {name: anna, photograph: a.png}\n", r"the recipe has speakers but no sentences"),
        (
            "sentences:\n  - {name: a, text: A.}\nspeakers:\n  - {name: anna, photograph: a.png, refine: true}\n",
            r"line 4, speakers\.1: the speaker 'anna' has no 'film', and 'refine' learns from one: leave it out",
        ),
        (
            "films: [{speaker: s, sentence: one, film: a.mp4}]\ncatch: [swapped_speech]\n",
            r"'swapped_speech' shows the lips of another sentence: the recipe needs two or more",
        ),
        (
            "films:\n"
            + "".join(f"  - {{speaker: {one}, sentence: s{one}, film: {one}.mp4}}\n" for one in "ab")
            + "catch: [swapped_speech]\n",
            r"another film of the speaker under the speech of a film, and 'a' has one only: name a second film of 'a'",
        ),
        ("speakers: [\n", r"line 2: a recipe is a YAML file, and this is not YAML"),
    ],
)
def test_a_file_that_is_no_recipe_is_told(written, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_recipe(written(text))


def test_a_recipe_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*nowhere\.yaml: a recipe is needed there"):
        load_recipe(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("more", "told"),
    [("size_px: 190\n", 1), ("size_px: 192\n", 0), ("size_px: 64\nembodiments: [landmarks]\n", 0), ("", 0)],
)
def test_photo_clips_that_are_too_small_to_be_judged_are_advised_against(written, more: str, told: int) -> None:
    advice = load_recipe(written(SMALL + more)).advice
    assert len(advice) == told
    assert all("photo clips of 190 x 190 pixels: " in sentence and "'size_px: 192'" in sentence for sentence in advice)
