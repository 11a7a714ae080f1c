"""What the results say, in sentences that claim no more than the intervals."""

from typing import Any

__all__ = ["REFERENCES", "headline", "methods", "p_relation", "p_value", "percent", "quantity"]

_NONE = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"

REFERENCES = (
    "Bates, Mächler, Bolker & Walker (2015). Fitting linear mixed-effects models using lme4."
    " Journal of Statistical Software 67(1).",
    "Matuschek, Kliegl, Vasishth, Baayen & Bates (2017). Balancing Type I error and power in linear mixed models."
    " Journal of Memory and Language 94.",
    "Konis (2007). Linear programming algorithms for detecting separated data in binary logistic regression models."
    " DPhil thesis, University of Oxford.",
    "Fieller (1954). Some problems in interval estimation. Journal of the Royal Statistical Society B 16(2).",
    "Wilson (1927). Probable inference, the law of succession, and statistical inference."
    " Journal of the American Statistical Association 22(158).",
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
        return f"{simulated}The model gives no answer: {main['refused']}."
    if main["asymmetry"] is None:
        return f"{simulated}Over- and under-articulation were not both shown at the same distance from the original."
    return simulated + " ".join([_asymmetry(results, main["asymmetry"]), *_preferred(results, main["preferred"])])


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
    numbers = (
        f"{percent(found['p_over'])} against {percent(found['p_under'])} preferred to the original, a difference of"
        f" {quantity(100 * found['difference'], 1)} points ({percent(results['level'])} interval"
        f" {quantity(100 * found['low'], 1)} to {quantity(100 * found['high'], 1)}, Wald z ="
        f" {quantity(found['z'])}, p {p_relation(found['p'])})"
    )
    if found["p"] >= 1 - results["level"]:
        return f"No difference between over- and under-articulation was found {compared}: {numbers}."
    winner, loser = ("over", "under") if found["difference"] > 0 else ("under", "over")
    return f"{winner.capitalize()}-articulation was preferred to {loser}-articulation {compared}: {numbers}."


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
        f"Choices were analysed with a mixed logit model, {main['formula']}, in which x is the {unit}, x2 its square"
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
            " converge and agree in log-likelihood, estimates and standard errors; tests are Wald tests."
        )
    sentences.append(
        f"The preference curve is that of the average {'viewer' if results['simulated'] else 'participant'} and"
        " sentence without side bias; over- and under-articulation are compared at the largest distance in x from the"
        " original that was shown on both sides, by the test of the slope of x. Intervals are"
        f" {percent(results['level'])}: of the curve by the delta method on the log-odds scale, of the difference by"
        " the delta method, of the peak by Fieller's, of observed proportions by Wilson's, which takes answers as"
        " independent."
    )
    sentences.append(f"Analysis: lipstudy {results['provenance']['lipstudy']}.")
    return " ".join(sentence.strip() for sentence in sentences)
