import pytest

from lipstudy.errors import InputError
from lipstudy.inference import fit_mixed_logit, is_trial_table, read_table, with_factors
from lipstudy.records import write_trials


def test_byte_order_mark_is_no_part_of_a_name(tmp_path):
    (tmp_path / "t.csv").write_text("chosen,x\n1,2\n", encoding="utf-8-sig")
    assert list(read_table(tmp_path / "t.csv").columns) == ["chosen", "x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;b\n1;2\n", "separated by semicolons"),
        ("a\tb\n1\t2\n", "separated by tabs"),
        ("a,b\n", "has no row"),
        ("", "is not a table in CSV"),
        ("a,b\n1,2\n1,2,3,4\n", "is not a table in CSV"),
        ("a,a\n1,2\n", "two columns 'a'"),
    ],
)
def test_unusable_table_is_told(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "t.csv")


def test_binary_file_is_no_table(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="UTF-8"):
        read_table(tmp_path / "t.csv")


def test_factors_keep_the_order_of_their_numbers(choices):
    table = choices.assign(block=choices["item"].str[-1].astype(int) + 5)  # 6 to 13: as text, 10 would come first
    fit = fit_mixed_logit("chosen ~ block + (1 | participant)", with_factors(table, ["block"]), check=False)
    assert [effect.term for effect in fit.fixed][1:] == [f"block{n}" for n in range(7, 14)]
    with pytest.raises(InputError, match=r"no column 'blok' \(did you mean 'block'\?\)"):
        with_factors(table, ["blok"])


def test_trial_table_is_recognised_unless_it_has_its_own_choices(tmp_path, choices, as_trials):
    write_trials(tmp_path / "trials.csv", as_trials(choices.head(4)))
    table = read_table(tmp_path / "trials.csv")
    assert is_trial_table(table)
    assert not is_trial_table(table.assign(chosen=1))
    assert not is_trial_table(table.drop(columns="response"))


def test_blanks_around_words_are_no_part_of_them(tmp_path):
    (tmp_path / "t.csv").write_text("participant,word,n\nP1 ,a b,1\n P1,a b ,2\nP2, ,3\n")
    table = read_table(tmp_path / "t.csv")
    assert list(table["participant"]) == ["P1", "P1", "P2"]
    assert table["word"].isna().tolist() == [False, False, True]
