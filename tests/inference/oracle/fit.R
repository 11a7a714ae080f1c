# The numbers of r_numbers.json: R 4.2.2, lme4 1.1-31 (cbpp and VerbAgg ship with lme4).
# lme4's default tolerances move standard errors by up to 1.4 %, so the fits are made with tight ones.
library(lme4)
tight <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-11, optCtrl = list(rhoend = 1e-8, maxfun = 1e5))

told <- function(fit) {
  print(summary(fit)$coefficients, digits = 10)
  print(VarCorr(fit), digits = 8)
  print(logLik(fit), digits = 10)
}

told(glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, control = tight))
told(glmer(r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item), VerbAgg, binomial, control = tight))
told(glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, nAGQ = 9)) # logLik without constants
