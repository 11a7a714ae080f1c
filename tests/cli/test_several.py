import click
import pytest
from click.testing import CliRunner

from lipstudy.cli._several import SeveralCommand


@click.command(cls=SeveralCommand)
@click.argument("file")
@click.option("--articulation", "-a", type=float, multiple=True, required=True)
@click.option("-q", "quiet", is_flag=True)
def verb(file: str, articulation: tuple[float, ...], quiet: bool) -> None:
    click.echo(f"{file} {list(articulation)} {quiet}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("talk --articulation 0.5 1.5", "talk [0.5, 1.5] False"),
        ("--articulation 0.5 1.5 talk", "talk [0.5, 1.5] False"),
        ("talk --articulation 0.5 --articulation 1.5", "talk [0.5, 1.5] False"),
        ("talk --articulation=0.5 1.5 -q", "talk [0.5, 1.5] True"),
        ("talk -a 0.5 -1 -q", "talk [0.5, -1.0] True"),
        ("-a 0.5 nan -- talk", "talk [0.5, nan] False"),
        ("-a 0.5 -- 1.5", "1.5 [0.5] False"),
    ],
)
def test_values_in_a_row_are_one_option(words: str, told: str):
    answer = CliRunner().invoke(verb, words.split())
    assert answer.output.strip() == told


@pytest.mark.parametrize("words", ["talk -a abc", "talk -a 0.5 abc", "talk", "talk -a"])
def test_words_that_are_no_value_are_refused(words: str):
    assert CliRunner().invoke(verb, words.split()).exit_code == 2
