"""rank: what it prints, what it writes, what it refuses."""

import json

import pytest


@pytest.fixture
def votes(tmp_path):
    rows = ["who,scene,one,two,answer"]
    for person in range(8):
        for trial in range(12):
            one, two = ("new", "old") if trial % 2 else ("old", "new")
            better = one if (person * 7 + trial * 3) % 5 else two
            rows.append(f"person {person},S{trial % 3},{one},{two},{better if trial % 4 else two}")
    path = tmp_path / "votes.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


NAMES = ("--left", "one", "--right", "two", "--chosen", "answer")
ALL = (*NAMES, "--participant", "who", "--item", "scene", "--draws", 100)


def test_rank_prints_a_table_and_writes_beside_the_votes(call, votes) -> None:
    code, out, _ = call("rank", votes, *ALL, "-q")
    assert code == 0
    assert out.startswith("condition")
    assert (votes.parent / "votes.ranking.html").exists()
    assert json.loads((votes.parent / "votes.ranking.json").read_text())["data"]["participants"] == 8


def test_rank_prints_one_json_object(call, votes) -> None:
    code, out, _ = call("rank", votes, *ALL, "--model", "thurstone", "--reference", "old", "--json", "-q")
    result = json.loads(out)
    assert code == 0
    assert result["model"]["name"] == "Thurstone, case V"
    assert result["model"]["strengths"]["old"]["estimate"] == 0
    assert set(result["model"]["terms"]) == {"side"}


def test_counts_of_games_have_a_side_only_when_asked(call, tmp_path) -> None:
    table = tmp_path / "games.csv"
    table.write_text("home,away,h,a,d\nx,y,5,2,1\ny,x,4,3,2\nx,z,6,1,0\nz,y,2,3,3\ny,z,4,1,1\nz,x,1,5,1\n")
    words = ("rank", table, "--left", "home", "--right", "away", "--wins", "h", "a", "--ties", "d", "--json", "-q")
    without, with_side = (json.loads(call(*words, *more)[1]) for more in ((), ("--side",)))
    assert set(without["model"]["terms"]) == {"no preference"}
    assert set(with_side["model"]["terms"]) == {"side", "no preference"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name the columns of this table"),
        (("--left", "on", *NAMES[2:]), "the table has no column 'on' (did you mean 'one'?)"),
        ((*NAMES, "--participant", "whom"), "no column 'whom' (did you mean 'who'?)"),
        ((*NAMES, "--reference", "newest"), "there is no condition 'newest'"),
        ((*NAMES[:4], "--chosen", "scene"), "the answer 'S0' in column 'scene' cannot be read"),
        ((*NAMES, "--draws", 5), "5 is not in the range"),
    ],
)
def test_rank_refuses_in_one_sentence_and_writes_nothing(call, votes, words, message) -> None:
    code, out, err = call("rank", votes, *words, "-q")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert [path.name for path in votes.parent.iterdir()] == ["votes.csv"]
