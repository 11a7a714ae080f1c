import json
import re
from html.parser import HTMLParser

import pytest

from lipstudy.errors import InputError
from lipstudy.records import write_trials
from lipstudy.report import analyse_trials, render_page, write_report


@pytest.fixture(scope="session")
def report(data, manifest, tmp_path_factory):
    return write_report(data, tmp_path_factory.mktemp("page"), clips=manifest, seed=7)


@pytest.fixture(scope="session")
def html(report):
    return report.page.read_text("utf-8")


class _Words(HTMLParser):
    """Collects what a reader sees: no styles, scripts or drawings."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("style", "script", "svg")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "script", "svg")

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)


def _visible(html: str) -> str:
    parser = _Words()
    parser.feed(html)
    return " ".join(parser.words)


def _leaves(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _numbers_of(results: dict) -> set[str]:
    # The sentences made of numbers are not themselves a source of numbers.
    sources = {key: value for key, value in results.items() if key not in ("headline", "methods", "sha256")}
    known: set[str] = set()
    for leaf in _leaves(sources):
        if isinstance(leaf, str):
            known |= set(_numbers_in(leaf))
        elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
            size = abs(leaf)
            known |= {f"{size:.{digits}f}" for digits in range(5)} | {
                f"{100 * size:.0f}",
                f"{100 * size:.1f}",
                f"{size:.2g}",
                f"{size:g}",
            }
    return known


def _numbers_in(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", text)


def test_every_number_a_reader_sees_is_in_the_results(html, report):
    results = json.loads(report.results_path.read_text("utf-8"))
    # Left out trials are summed, and names carry digits: x2, log2.
    # A p-value below 0.0001 is shown so.
    known = _numbers_of(results) | {str(sum(results["data"]["left_out"].values())), "0.0001"}
    text = re.sub(r"\b(x2|log2)\b|SHA-256", "", _visible(html))
    strangers = [number for number in _numbers_in(text) if number not in known]
    assert strangers == []
    assert len(_numbers_in(text)) > 200


def test_a_number_changed_in_the_results_changes_in_the_page(report):
    results = json.loads(report.results_path.read_text("utf-8"))
    results["analyses"][0]["model"]["fixed"]["x"]["estimate"] = 98.765
    assert "98.765" in _visible(render_page(results, {}))


def test_page_opens_from_disk_without_the_network(html):
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", html)
    assert "@import" not in html
    assert "url(http" not in html


def test_every_figure_and_table_of_simulated_data_says_so(html):
    tables = re.findall(r"<table>.*?</table>", html, re.S)
    captions = re.findall(r"<(?:caption|figcaption)>(.*?)</(?:caption|figcaption)>", html, re.S)
    figures = re.findall(r"<figure .*?</figure>", html, re.S)
    assert len(captions) == len(tables) + len(figures)
    assert all("simulated" in caption for caption in captions)
    assert _visible(html).count("Simulated viewers; no person took part.") == 1


def test_people_are_not_called_simulated(photo_trials):
    real = [trial.model_copy(update={"simulated": False}) for trial in photo_trials]
    results = analyse_trials(real)
    assert results["simulated"] is False
    assert results["data"]["simulated_trials"] == 0


def test_people_among_simulated_viewers_are_not_denied(photo_trials):
    from lipstudy.report._words import headline, methods

    half = [trial.model_copy(update={"simulated": trial.participant < "P007"}) for trial in photo_trials]
    results = analyse_trials(half)
    results |= {"provenance": {"lipstudy": "0"}}
    told = results["data"]["simulated_trials"], results["data"]["trials"]
    assert 0 < told[0] < told[1]
    assert headline(results).startswith(f"{told[0]} of {told[1]} trials are those of simulated viewers, not of people.")
    assert "12 participants and simulated viewers chose" in methods(results)


def test_peak_that_the_data_do_not_tell_is_no_number_in_the_page(report):
    results = json.loads(report.results_path.read_text("utf-8"))
    results["analyses"][0]["preferred"] |= {"articulation": 1e300, "fieller": None, "delta": None}
    page = render_page(results, {})
    assert "The data do not tell where preference peaks: the Fieller interval is unbounded." in page
    assert "00000000" not in _visible(page)


def test_counts_of_what_was_left_out_add_up(report, trials):
    data = report.results["data"]
    assert data["left_out"] == {"catch trial (catch_identical)": 3, "not valid: frames dropped": 1}
    assert data["analysed"] + sum(data["left_out"].values()) == data["trials"] == len(trials)


def test_side_bias_counts_identical_clips(report):
    found = report.results["side_bias"]["identical_clips"]
    assert (found["count"], found["total"]) == (1, 3)


def test_embodiments_are_analysed_apart_and_as_moderator(report):
    assert [analysis["name"] for analysis in report.results["analyses"]] == ["all", "landmarks", "photo"]
    totals = [sum(row["total"] for row in analysis["observed"]) for analysis in report.results["analyses"]]
    assert totals[0] == totals[1] + totals[2] == report.results["data"]["analysed"]
    assert "x:embodimentphoto" in report.results["moderators"]["embodiment"]["model"]["fixed"]


def test_headline_of_a_planted_effect_names_the_winner(report):
    assert "Over-articulation was preferred to under-articulation" in report.results["headline"]


def test_swapped_labels_turn_the_headline_round(photo_trials):
    from lipstudy.report._words import headline

    turned = [
        trial.model_copy(
            update={
                "articulation_left": 1 / trial.articulation_left,
                "articulation_right": 1 / trial.articulation_right,
            }
        )
        for trial in photo_trials
    ]
    assert "Under-articulation was preferred to over-articulation" in headline(analyse_trials(turned))


def test_separated_answers_are_refused_in_the_headline(trials, tmp_path):
    unanimous = [
        trial.model_copy(update={"response": "left" if trial.articulation_left > trial.articulation_right else "right"})
        for trial in trials
        if trial.kind == "2afc" and trial.valid and trial.embodiment == "photo"
    ]
    write_trials(tmp_path / "trials.csv", unanimous)
    report = write_report(tmp_path, tmp_path / "report.html")
    assert "The model gives no answer: separated" in report.results["headline"]
    assert "No p-value is given: separated" in report.page.read_text("utf-8")


def test_study_of_one_participant_is_refused_and_nothing_written(trials, tmp_path):
    write_trials(tmp_path / "trials.csv", [trial for trial in trials if trial.participant == "P002"])
    with pytest.raises(InputError, match=r"are of one participant \(P002\)"):
        write_report(tmp_path, tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_clips_are_in_the_page_and_their_words_cannot_break_it(html, manifest):
    block = re.search(r'<script type="application/json" id="clip-videos">(.*?)</script>', html, re.S)
    assert len(json.loads(block[1])) == 6
    listed = re.search(r'<script type="application/json" id="clip-list">(.*?)</script>', html, re.S)
    assert json.loads(listed[1])[0]["text"] == 'Say "</script>" & smile'


def test_sentences_that_do_not_fit_are_named(photo_data, manifest, tmp_path):
    size = sum(path.stat().st_size for path in manifest.parent.glob("S001*.mp4"))
    report = write_report(photo_data, tmp_path, clips=manifest, most_clip_mb=1.2 * size / 1e6)
    assert report.results["shown_clips"]["sentences_embedded"] == ["S001"]
    assert "the clips of S002 are not in it" in report.page.read_text("utf-8")


def test_too_little_room_for_one_sentence_is_refused(data, manifest, tmp_path):
    with pytest.raises(InputError, match="the clips of sentence 'S001' alone have"):
        write_report(data, tmp_path, clips=manifest, most_clip_mb=1e-4)


def test_unknown_sentence_is_told_with_the_nearest(data, manifest, tmp_path):
    with pytest.raises(InputError, match=r"no sentence 'S01' \(did you mean 'S001'\?\)"):
        write_report(data, tmp_path, clips=manifest, clip_sentences=["S01"])


def test_folder_without_trials_is_told(tmp_path):
    with pytest.raises(InputError, match=r"has no trials\.csv"):
        write_report(tmp_path, tmp_path)


def test_markup_in_the_data_is_shown_as_text(photo_trials, tmp_path):
    marked = [trial.model_copy(update={"valid": False, "reason": "<b>bold</b>"}) for trial in photo_trials[:2]]
    write_trials(tmp_path / "trials.csv", [*marked, *photo_trials[2:]])
    html = write_report(tmp_path, tmp_path).page.read_text("utf-8")
    assert "<b>" not in html
    assert "&lt;b&gt;bold" in html


def test_same_data_give_the_same_bytes(photo_data, tmp_path):
    first, second = write_report(photo_data, tmp_path / "a"), write_report(photo_data, tmp_path / "b")
    assert first.results_path.read_bytes() == second.results_path.read_bytes()
    assert first.page.read_bytes() == second.page.read_bytes()


def test_results_that_are_up_to_date_are_not_fitted_again(photo_data, tmp_path, monkeypatch):
    import lipstudy.report._page as page

    origin = {"revision": None, "lipstudy": "0.1.0", "python": "3", "versions": {}, "inputs": {}, "arguments": {}}
    monkeypatch.setattr(page, "provenance", lambda **given: {**origin, "seed": given["seed"]})
    told: list[str] = []
    first = write_report(photo_data, tmp_path, tell=told.append)
    told.clear()
    assert write_report(photo_data, tmp_path, tell=told.append).results == first.results
    assert not any("fitting" in line for line in told)
    changed = first.results_path.read_text("utf-8").replace('"trials": ', '"trials": 9')
    first.results_path.write_text(changed, "utf-8")
    assert write_report(photo_data, tmp_path, tell=told.append).results == first.results
    assert any("fitting" in line for line in told)
