"""R in the same run, where it is installed: models beyond those whose numbers are committed."""

import json

import numpy as np
import pandas
import pytest

from lipstudy.inference import fit_mixed_logit, with_factors

CBPP = "cbind(incidence, size - incidence) ~ "
MODELS = {
    f"{CBPP}period + (1 | herd) + (1 | row)": "cbpp",
    f"{CBPP}poly(number, 2) + (1 | herd)": "cbpp",
    f"{CBPP}number + (1 + number | herd)": "cbpp",
    f"{CBPP}number + offset(log(size)) + (1 | herd)": "cbpp",
    f"{CBPP}0 + period + (1 | herd)": "cbpp",
    "any ~ YEAR + scale(HEIGHT) + (1 | LOCATION / BROOD)": "grouse",
    "any ~ YEAR * cHEIGHT + I(cHEIGHT^2) + (1 | LOCATION)": "grouse",
    "fruit ~ log(nutrient) * amd + rack + (1 | popu) + (1 | popu:gen)": "arabidopsis",
}
FACTORS = {"cbpp": ["period"], "grouse": ["YEAR"], "arabidopsis": []}

SCRIPT = """
suppressMessages(library(lme4))
folder <- commandArgs(TRUE)[1]
cbpp$row <- seq_len(nrow(cbpp)); cbpp$number <- as.integer(cbpp$period)
grouse <- grouseticks; grouse$any <- as.integer(grouse$TICKS > 0)
arabidopsis <- Arabidopsis; arabidopsis$fruit <- as.integer(arabidopsis$total.fruits > 0)
tables <- list(cbpp = cbpp, grouse = grouse, arabidopsis = arabidopsis)
for (name in names(tables)) write.csv(tables[[name]], file.path(folder, paste0(name, ".csv")), row.names = FALSE)
tight <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-11, optCtrl = list(rhoend = 1e-8, maxfun = 1e5))
lines <- readLines(file.path(folder, "models.txt"))
told <- sapply(lines, function(line) {
  part <- strsplit(line, " @ ")[[1]]
  fit <- suppressWarnings(suppressMessages(glmer(as.formula(part[2]), tables[[part[1]]], binomial, control = tight)))
  numbers <- function(v) paste(format(unname(v), digits = 12), collapse = ",")
  paste0('{"formula":"', part[2], '","estimate":[', numbers(fixef(fit)), '],"se":[',
         numbers(sqrt(diag(as.matrix(vcov(fit))))), '],"loglik":', numbers(as.numeric(logLik(fit))), '}')
})
writeLines(paste0("[", paste(told, collapse = ","), "]"), file.path(folder, "told.json"))
"""


@pytest.mark.slow
@pytest.mark.needs_r
def test_published_data_give_the_numbers_of_lme4(tmp_path, run_r):
    (tmp_path / "models.txt").write_text("\n".join(f"{table} @ {formula}" for formula, table in MODELS.items()) + "\n")
    run_r(SCRIPT, tmp_path)
    for told in json.loads((tmp_path / "told.json").read_text()):
        name = MODELS[told["formula"]]
        table = with_factors(pandas.read_csv(tmp_path / f"{name}.csv"), FACTORS[name])
        fit = fit_mixed_logit(told["formula"], table)
        assert fit.verdict == "ok", told["formula"]
        assert fit.loglik == pytest.approx(told["loglik"], abs=1e-3)
        np.testing.assert_allclose(fit.beta, told["estimate"], rtol=1e-4, err_msg=told["formula"])
        np.testing.assert_allclose([e.se for e in fit.fixed], told["se"], rtol=5e-3, err_msg=told["formula"])
