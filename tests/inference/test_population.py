import numpy as np
import pandas
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import Assumptions, fit_mixed_logit, population_average, simulate_choices
from lipstudy.randomness import named_stream

FORMULA = "chosen ~ x + x2 + side + (1 + x | participant) + (1 + x | item)"


@pytest.fixture(scope="module")
def study():
    truth = Assumptions(participants=40, sentences=20, effect=0.8, sd_sentence_slope=0.5, sd_participant=0.8)
    return simulate_choices(truth, named_stream(8, "population"))


def test_population_average_lies_nearer_to_zero_than_the_average_person(study):
    average, person = population_average(FORMULA, study), fit_mixed_logit(FORMULA, study, check=False)
    for term in ("x", "x2"):
        assert 0.6 < average[term].estimate / person[term].estimate < 1
        assert average[term].gee_estimate == pytest.approx(average[term].estimate, rel=0.1)


def test_two_way_errors_are_wider_than_those_by_people(study):
    found = population_average(FORMULA, study)["x"]
    by_people = population_average("chosen ~ x + x2 + side + (1 | participant)", study)["x"]
    assert found.se_two_way > by_people.se_two_way
    assert by_people.se_two_way == pytest.approx(found.gee_se, rel=0.05)


def test_two_way_error_of_the_mean_by_hand():
    # Four people and four sentences; those of person 1 or sentence 1 are yes: p = 7/16, 1 / (16 p (1 - p)) = 0.253968.
    # Residual sums by person and by sentence: 4 - 7/4, and three times 1 - 7/4; of the cells 7 (9/16)^2 + 9 (7/16)^2.
    person, item = np.divmod(np.arange(16), 4)
    table = pandas.DataFrame({"p": person, "i": item, "y": ((person == 0) | (item == 0)).astype(int)})
    found = population_average("y ~ 1 + (1 | p) + (1 | i)", table)["(Intercept)"]
    of_one, of_cells = (4 - 7 / 4) ** 2 + 3 * (1 - 7 / 4) ** 2, 7 * (9 / 16) ** 2 + 9 * (7 / 16) ** 2
    variance = 0.253968**2 * (2 * of_one * 4 / 3 - of_cells * 16 / 15)
    assert found.estimate == pytest.approx(np.log(7 / 9))
    assert found.se_two_way == pytest.approx(np.sqrt(variance), rel=1e-3)


def test_separated_answers_have_no_population_average(study):
    with pytest.raises(InputError, match="no population average: separated"):
        population_average(FORMULA, study.assign(chosen=1))
