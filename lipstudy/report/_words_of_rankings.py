"""What a ranking says, in sentences that claim no more than the intervals."""

from typing import Any

from lipstudy.report._words import percent, quantity

__all__ = ["RANKING_REFERENCES", "ranking_headline", "ranking_methods", "what_it_hangs_on"]

RANKING_REFERENCES = {
    "bt": "Bradley & Terry (1952). Rank analysis of incomplete block designs. Biometrika 39(3/4).",
    "thurstone": "Thurstone (1927). A law of comparative judgment. Psychological Review 34(4).",
    "davidson": "Davidson (1970). On extending the Bradley-Terry model to accommodate ties in paired comparison"
    " experiments. Journal of the American Statistical Association 65(329).",
    "firth": "Firth (1993). Bias reduction of maximum likelihood estimates. Biometrika 80(1).",
    "cgm": "Cameron, Gelbach & Miller (2011). Robust inference with multiway clustering. Journal of Business &"
    " Economic Statistics 29(2).",
    "satterthwaite": "Satterthwaite (1946). An approximate distribution of estimates of variance components."
    " Biometrics Bulletin 2(6).",
    "pwcmp": "Perez-Ortiz & Mantiuk (2017). A practical guide and software for analysing pairwise comparison"
    " experiments. arXiv:1712.03686.",
    "krippendorff": "Krippendorff (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.",
    "holm": "Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics"
    " 6(2).",
}


_MOST_LISTED = 7
"""Names in a sentence; the tables have them all."""
_UNANIMOUS_FROM = 5
"""Answers of one kind that are worth a sentence."""


def ranking_headline(results: dict[str, Any]) -> str:
    """Return what was found, in one to three sentences."""
    first = results["ranking"][0]
    rivals = [pair["second"] for pair in results["pairs"] if pair["first"] == first["condition"]]
    told = {tuple(pair) for pair in results["told_apart"]}
    open_rivals = [rival for rival in rivals if (first["condition"], rival) not in told]
    among = _among(results)
    told_apart, pairs = len(results["told_apart"]), len(results["pairs"])
    mark = "Simulated viewers; no person took part. " if results.get("simulated") else ""
    if not told_apart:
        found = f"No two of the {results['data']['conditions']} can be told apart {among}"
        found += (
            f": {first['condition']} has the highest estimate ({quantity(first['jod'])} JOD above the mean of all,"
            f" {percent(results['level'])} interval {quantity(first['low'])} to {quantity(first['high'])})."
        )
    elif not open_rivals:
        found = (
            f"{first['condition']} is preferred to every other {among}: {quantity(first['jod'])} JOD above the mean of"
            f" all ({percent(results['level'])} interval {quantity(first['low'])} to {quantity(first['high'])})."
        )
    else:
        found = (
            f"{first['condition']} has the highest estimate ({quantity(first['jod'])} JOD above the mean of all,"
            f" {percent(results['level'])} interval {quantity(first['low'])} to {quantity(first['high'])}), but"
            f" cannot be told apart from {_listed(open_rivals)} {among}."
        )
    claims = len(results["binomial_claims"])
    return (
        f"{mark}{found} {told_apart} of {pairs} pairs {'is' if told_apart == 1 else 'are'} told apart (Holm,"
        f" {results['alpha']:g}); a binomial test, which takes answers as independent, would have claimed {claims}."
    )


def _among(results: dict[str, Any]) -> str:
    word = results.get("item_word", "item")
    of = {"participants": "people", "items": f"{word}s", "answers": "answers"}
    return f"among {' and '.join(of[name] for name in results['bootstrap']['sampled'])} like these"


def _listed(names: list[str]) -> str:
    if len(names) > _MOST_LISTED:
        names = [*names[: _MOST_LISTED - 1], f"{len(names) - _MOST_LISTED + 1} others"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def what_it_hangs_on(results: dict[str, Any]) -> list[str]:
    """Return sentences about odd people and about people or items without which the order changes."""
    said = []
    odd = [row for row in results["people"] if row["odd"]]
    for row in odd:
        said.append(f"{row['participant']} stands out: {'; '.join(row['odd'])}.")
    if results["people"] and not odd:
        said.append(f"None of the {len(results['people'])} people stands out from the others.")
    best = results["ranking"][0]["condition"]
    for key, word in (("participants", "person"), ("items", results.get("item_word", "item"))):
        rows = results["drop_one"][key]
        if not rows:
            continue
        changed = [row for row in rows if row["first"] not in (None, best)]
        most = max(rows, key=lambda row: row["largest_move_jod"] or 0.0)
        if changed:
            listed = _listed([f"{row['without']} (then {row['first']})" for row in changed])
            said.append(f"The first place changes without one {word}: {listed}.")
        else:
            said.append(f"The first place stays with {best} whichever one {word} is left out.")
        if most["largest_move_jod"]:
            said.append(
                f"The {word} whose absence moves a strength most is {most['without']}"
                f" ({quantity(most['largest_move_jod'])} JOD)."
            )
    pairs = [pair for pair in results["unanimous"] if pair["answers"] >= _UNANIMOUS_FROM]
    if pairs:
        told = _listed([f"{pair['first']} over {pair['second']} ({pair['answers']} answers)" for pair in pairs])
        said.append(f"Unanimous: {told}.")
    return said


def ranking_methods(results: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the methods paragraph and its references, made from the results alone."""
    data, model, again = results["data"], results["model"], results["bootstrap"]
    word = results.get("item_word", "item")
    who = [f"{data['participants']} people"] if data["participants"] else []
    about = f" about {data['items']} {word}s" if data["items"] else ""
    cited = ["thurstone" if model["link"] == "probit" else "bt", "pwcmp"]
    text = [
        f"{data['conditions']} conditions were compared in pairs: {data['answers']} answers"
        f"{' of ' + who[0] if who else ''}{about}, {data['pairs_compared']} different pairs.",
        f"Strengths were estimated with the {model['name']} model by"
        f" {'penalised likelihood (Firth)' if model['penalised'] else 'maximum likelihood'}"
        + (
            f"; the left has an advantage of its own, {quantity(model['terms']['side']['estimate'], 3)} on the scale of"
            f" the link (standard error {quantity(model['terms']['side']['se'], 3)}), which is a share of"
            f" {percent(model['left_between_equals'])} between equals."
            if model["side"]
            else "."
        ),
    ]
    if model["penalised"]:
        cited.append("firth")
    if data["no_preference"]:
        cited += ["davidson"] if model["ties"] == "davidson" else []
        text.append(
            f"{data['no_preference']} answers of no preference "
            + ("are Davidson's third answer." if model["ties"] == "davidson" else "count half for each side.")
        )
    text.append(
        "Strengths are in JOD (just-objectionable differences: at a distance of one, the better is preferred in 75 %),"
        " from the mean of all conditions."
    )
    if again["draws"]:
        drawn = [{"participants": "people", "items": f"{word}s"}[name] for name in again["sampled"]]
        cited += ["satterthwaite", *(["cgm"] if len(drawn) > 1 else [])]
        text.append(
            f"Intervals are {percent(results['level'])}, from {again['draws']} bootstrap draws of"
            f" {' and of '.join(drawn)}"
            + (
                ": the variance over either, added, less that of single answers, which both hold (Cameron et al.)"
                if len(drawn) > 1
                else ""
            )
            + "; Student's t with Satterthwaite's degrees of freedom from the estimates without each of them."
            + (f" In {again['penalised_draws']} draws the estimates are Firth's." if again["penalised_draws"] else "")
            + (f" {again['lost_draws']} draws fell apart and were not used." if again["lost_draws"] else "")
        )
    else:
        text.append(
            f"Intervals are {percent(results['level'])} and take answers as independent, because the table names no"
            " people: they say nothing about other people."
        )
    cited.append("holm")
    text.append("p-values of pairs are adjusted by Holm's method over all pairs; binomial tests likewise.")
    if results["people"]:
        text.append(
            "Each person was compared with the model of all the others (leave-one-out log-likelihood, Perez-Ortiz &"
            " Mantiuk); a person stands out below the lower quartile by more than 1.5 interquartile ranges, or by a"
            " test at 0.01 shared out over the people."
        )
    if results["agreement"] is not None:
        cited.append("krippendorff")
        alpha = results["agreement"]
        text.append(
            f"Agreement between people is Krippendorff's alpha (nominal), {quantity(alpha['alpha'])}"
            f" ({percent(alpha['level'])} interval {quantity(alpha['low'])} to {quantity(alpha['high'])} over"
            f" {alpha['units']} pairs drawn again)."
        )
    text.append(f"Analysis: lipstudy {results['provenance']['lipstudy']}.")
    return " ".join(text), [RANKING_REFERENCES[key] for key in cited]
