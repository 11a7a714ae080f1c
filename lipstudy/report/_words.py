"""What the results say, in sentences that claim no more than the intervals."""

from typing import Any

from lipstudy.report._claims import headline_p

__all__ = [
    "REFERENCES",
    "headline",
    "methods",
    "p_relation",
    "p_value",
    "percent",
    "quantity",
    "what_the_curve_hangs_on",
]

_MANY = 1000.0
"""Degrees of freedom from which on t is the normal distribution to three digits."""
_NONE = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"

REFERENCES = (
    "Bates, Mächler, Bolker & Walker (2015). Fitting linear mixed-effects models using lme4."
    " Journal of Statistical Software 67(1).",
    "Matuschek, Kliegl, Vasishth, Baayen & Bates (2017). Balancing Type I error and power in linear mixed models."
    " Journal of Memory and Language 94.",
    "Konis (2007). Linear programming algorithms for detecting separated data in binary logistic regression models."
    " DPhil thesis, University of Oxford.",
    "Cameron, Gelbach & Miller (2011). Robust inference with multiway clustering."
    " Journal of Business & Economic Statistics 29(2).",
    "Halekoh & Højsgaard (2014). A Kenward-Roger approximation and parametric bootstrap methods for tests in linear"
    " mixed models. Journal of Statistical Software 59(9).",
    "Schuirmann (1987). A comparison of the two one-sided tests procedure and the power approach."
    " Journal of Pharmacokinetics and Biopharmaceutics 15(6).",
    "Fieller (1954). Some problems in interval estimation. Journal of the Royal Statistical Society B 16(2).",
    "Wilson (1927). Probable inference, the law of succession, and statistical inference."
    " Journal of the American Statistical Association 22(158).",
    "Satterthwaite (1946). An approximate distribution of estimates of variance components. Biometrics Bulletin 2(6).",
    "Owen (2007). The pigeonhole bootstrap. Annals of Applied Statistics 1(2).",
    "Perez-Ortiz & Mantiuk (2017). A practical guide and software for analysing pairwise comparison experiments."
    " arXiv:1712.03686.",
    "Krippendorff (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.",
    "Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6(2).",
)


def percent(share: float) -> str:
    """Return a share as whole per cent."""
    return f"{100 * share:.0f} %"


def quantity(value: float | None, digits: int = 2) -> str:
    """Return a number with `digits` decimals and a true minus sign; a dash if there is none."""
    if value is None:
        return _NONE
    # + 0.0 turns the -0 that rounding leaves into 0.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", _MINUS)


def p_value(p: float | None) -> str:
    """Return a p-value with two significant digits, "< 0.0001" below that; a dash if none is given."""
    if p is None:
        return _NONE
    return f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def p_relation(p: float | None) -> str:
    """Return a p-value as it follows "p" in a sentence."""
    told = p_value(p)
    return told if told.startswith("<") else f"= {told}"


def headline(results: dict[str, Any]) -> str:
    """Return one or two sentences: what was found, and no more."""
    main = results["analyses"][0]
    simulated = _warning(results)
    if main["refused"] is not None:
        beside = "; penalised estimates stand in the page" if main["penalised"] else ""
        beside = "; a population-average model stands in the page" if main["population"] else beside
        return f"{simulated}The model gives no answer: {main['refused']}{beside}."
    if main["asymmetry"] is None:
        return f"{simulated}Over- and under-articulation were not both shown at the same distance from the original."
    told = [_asymmetry(results, main["asymmetry"]), *_preferred(results, main["preferred"])]
    if main["population_instead"] is not None:
        told.insert(0, "By a population-average model, because every random effect was estimated as zero:")
    return simulated + " ".join(told)


def _warning(results: dict[str, Any]) -> str:
    data = results["data"]
    if not results["simulated"]:
        return ""
    if data["simulated_trials"] == data["trials"]:
        return "Simulated viewers; no person took part. "
    return f"{data['simulated_trials']} of {data['trials']} trials are those of simulated viewers, not of people. "


def _asymmetry(results: dict[str, Any], found: dict[str, Any]) -> str:
    compared = (
        f"at the same distance from the original (articulation {quantity(found['over'])} against"
        f" {quantity(found['under'])})"
    )
    p = headline_p(results)
    drawn = results["simulated_tables"]
    by = f" by {drawn['simulations']} drawn tables" if drawn is not None and drawn["p"] is not None else ""
    numbers = (
        f"{percent(found['p_over'])} against {percent(found['p_under'])} preferred to the original, a difference of"
        f" {quantity(100 * found['difference'], 1)} points ({percent(results['level'])} interval"
        f" {quantity(100 * found['low'], 1)} to {quantity(100 * found['high'], 1)},"
        f" {_statistic(found)}, p {p_relation(p)}{by})"
    )
    if p is None or p >= 1 - results["level"]:
        return f"No difference between over- and under-articulation was found {compared}: {numbers}."
    winner, loser = ("over", "under") if found["difference"] > 0 else ("under", "over")
    return f"{winner.capitalize()}-articulation was preferred to {loser}-articulation {compared}: {numbers}."


def _statistic(found: dict[str, Any]) -> str:
    df = found.get("df")
    told = quantity(found["z"])
    return f"z = {told}" if df is None or df > _MANY else f"t = {told} on {quantity(df, 1)} degrees of freedom"


def _preferred(results: dict[str, Any], found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    if found["articulation"] is None:
        return ["The curve does not bend down, so no peak can be told."]
    if found["fieller"] is None:
        return ["The data do not tell where preference peaks: the interval of the peak is unbounded."]
    where = "" if found["within_tested"] else ", outside the scales that were shown"
    return [
        f"The preference curve peaks at articulation {quantity(found['articulation'])}"
        f" ({percent(results['level'])} Fieller interval {quantity(found['fieller'][0])} to"
        f" {quantity(found['fieller'][1])}){where}."
    ]


def methods(results: dict[str, Any]) -> str:
    """Return the methods paragraph, made from the results alone."""
    data, main = results["data"], results["analyses"][0]
    who = "simulated viewers" if results["simulated"] else "participants"
    if 0 < data["simulated_trials"] < data["trials"]:
        who = "participants and simulated viewers"
    left_out = sum(data["left_out"].values())
    reasons = "; ".join(f"{count} {reason}" for reason, count in data["left_out"].items())
    scales = ", ".join(f"{value:g}" for value in data["articulations"])
    unit = "log2 of the articulation scale" if results["scale"] == "log2" else "articulation scale less one"
    sentences = [
        f"{data['participants']} {who} chose between two clips of the same sentence that differed in articulation scale"
        f" ({scales}; {data['sentences']} sentences, {data['speakers']}"
        f" {'speaker' if data['speakers'] == 1 else 'speakers'}; embodiment: {', '.join(data['embodiments'])}).",
        f"Of {data['trials']} trials {data['analysed']} were analysed"
        + (f" and {left_out} left out ({reasons})." if left_out else "."),
        f"Choices were analysed with a mixed logit model, {main['formula']}, in which x is the {unit}, {_bend(results)}"
        " and side the place of the changed clip. The intercept is free: it holds what viewers make of any change, so"
        " the curve need not pass one half at the original.",
    ]
    model = main["model"]
    if model is not None:
        if main["reduction"]:
            sentences.append(
                f"Because the fit was singular, random effects were reduced: {'; '.join(main['reduction'])}."
            )
        engines = " and ".join(f"{name} {fit['version']}" for name, fit in model["engines"].items())
        sentences.append(
            (
                f"It was fitted by maximum likelihood (Laplace approximation; Bates et al.) with {engines}."
                if engines
                else ""
            )
            + " A p-value is given only if the answers are not separated (Konis), no fit is singular, and both"
            " converge and agree in log-likelihood, estimates and standard errors; tests are Wald tests on Student's t"
            " with Satterthwaite's degrees of freedom."
        )
    if main["population_instead"] is not None:
        sentences.append(
            "Every random effect was estimated as zero; results are those of the logit model without random effects,"
            " its standard errors at least those robust to two-way clusters (Cameron et al.)."
        )
    sentences.append(
        f"The preference curve is that of the average {'viewer' if results['simulated'] else 'participant'} and"
        " sentence without side bias; over- and under-articulation are compared at the largest distance in x from the"
        " original that was shown on both sides, on the log-odds scale. Intervals are"
        f" {percent(results['level'])}: of the curve by the delta method on the log-odds scale, of the difference by"
        " the delta method, of the peak by Fieller's, of observed proportions by Wilson's, which takes answers as"
        " independent."
    )
    sentences += _methods_around(results)
    sentences.append(f"Analysis: lipstudy {results['provenance']['lipstudy']}.")
    return " ".join(sentence.strip() for sentence in sentences)


def _bend(results: dict[str, Any]) -> str:
    knots = results["choice"]["knots"]
    if knots is None:
        return "x2 its square"
    return f"spline1 the other term of a restricted cubic spline with knots at {', '.join(f'{k:g}' for k in knots)}"


def _methods_around(results: dict[str, Any]) -> list[str]:
    said = []
    if results["preregistration"]:
        said.append(f"The study was locked beforehand (design {results['preregistration']['design_sha256'][:12]}).")
    if results["exclusions"]:
        counts = results["exclusions"]["verdicts"]
        said.append(
            f"By rules fixed with the study {counts['use']} people were used, {counts['keep_apart']} kept apart and"
            f" {counts['reject']} rejected."
        )
    drawn = results["simulated_tables"]
    if drawn is not None and drawn["refused"] is None:
        said.append(
            f"The main test is the likelihood ratio of the model and {drawn['smaller']}, its p-value by"
            f" {drawn['simulations']} tables drawn from the second (parametric bootstrap, Halekoh & Højsgaard)."
        )
    if results["equivalence"]:
        said.append("Equivalence was tested by two one-sided tests (Schuirmann) of the difference of the log odds.")
    if results["moderators"]:
        said.append(
            f"Whether {' or '.join(results['moderators'])} moderates the curve was tested by the likelihood ratio of"
            " the models with and without its products with the curve's terms."
        )
    if results["sensitivity"]:
        said.append(
            "How much the difference hangs on single people and sentences was seen by leaving each out, and by"
            f" {results['sensitivity']['draws']} bootstrap draws of people and sentences (Owen), in the"
            " population-average logit model with the quadratic curve."
        )
    if results["strengths"]:
        said.append(
            f"Articulation scales were also ranked with the {results['strengths']['model']['name']} model in JOD (at"
            " one JOD the better is preferred in 75 %), and each person was compared with the model of all the others"
            " (leave-one-out log-likelihood, Perez-Ortiz & Mantiuk)."
        )
        if results["strengths"]["agreement"]:
            said.append("Agreement between people is Krippendorff's alpha of answers to the same pair and sentence.")
    if results["family"]:
        names = ", ".join(row["test"] for row in results["family"]["rows"])
        said.append(f"p-values of the tests declared beforehand ({names}) are also given adjusted by Holm's method.")
    return said


def what_the_curve_hangs_on(results: dict[str, Any]) -> list[str]:
    """Return sentences about exclusions, odd people and sentences, and about those without whom the finding turns."""
    return [*_exclusions(results), *_without_each(results), *_odd_ones(results)]


def _exclusions(results: dict[str, Any]) -> list[str]:
    if not results["exclusions"] or len(results["exclusions"]["rows"]) < 2:
        return []
    level = 1 - results["level"]
    verdicts = {
        (row["p"] < level, row["difference"] > 0) for row in results["exclusions"]["rows"] if row["p"] is not None
    }
    if len(verdicts) <= 1:
        return ["With and without the people who were kept apart or rejected the finding is the same."]
    return ["The finding is not the same with and without the people who were kept apart or rejected."]


def _without_each(results: dict[str, Any]) -> list[str]:
    found = results["sensitivity"]
    if not found:
        return []
    said = []
    if found["turning"]:
        said.append(f"The difference changes its sign without {', '.join(found['turning'])}.")
    else:
        what = "person or sentence" if found["items"] else "person"
        said.append(f"The difference keeps its sign whichever one {what} is left out.")
    told = f"{quantity(100 * found['low'], 1)} and {quantity(100 * found['high'], 1)}"
    said.append(
        f"With people and sentences drawn again it lies between {told} points"
        f" ({percent(results['level'])} of {found['draws']} draws)."
    )
    if found["peak_share"] is not None:
        if found["peak_low"] is None and found["peak_high"] is None:
            said.append("In these draws the peak of the curve has no bounds.")
        else:
            low = "no lower bound" if found["peak_low"] is None else quantity(found["peak_low"])
            high = "no upper bound" if found["peak_high"] is None else quantity(found["peak_high"])
            said.append(f"The peak of the curve then lies between {low} and {high}.")
    return said


def _odd_ones(results: dict[str, Any]) -> list[str]:
    said = []
    for row in (results["sensitivity"] or {}).get("odd_sentences", ()):
        turn = "reverses the effect of articulation" if row["reverses"] else "has another effect of articulation"
        said.append(
            f"The sentence {row['sentence']} {turn}: slope {quantity(row['slope'])} against {quantity(row['others'])}"
            f" in the others (z = {quantity(row['z'])})."
        )
    ranked = results["strengths"]
    if ranked and ranked["people"]:
        said += [f"{row['participant']} stands out: {'; '.join(row['odd'])}." for row in ranked["people"] if row["odd"]]
        if not ranked["odd"]:
            said.append(f"None of the {len(ranked['people'])} people stands out from the others.")
    if ranked and ranked["unanimous"]:
        pairs = ", ".join(f"{pair['first']} over {pair['second']} ({pair['answers']})" for pair in ranked["unanimous"])
        said.append(f"Unanimous: articulation {pairs}.")
    if ranked and ranked["agreement"] and ranked["agreement"]["alpha"] is not None:
        alpha = ranked["agreement"]
        said.append(
            f"Agreement between people: Krippendorff's alpha {quantity(alpha['alpha'])}"
            f" ({percent(alpha['level'])} interval {quantity(alpha['low'])} to {quantity(alpha['high'])},"
            f" {alpha['units']} units)."
        )
    return said
