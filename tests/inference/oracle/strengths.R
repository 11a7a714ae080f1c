# The numbers of strengths.json about citations: R 4.2.2, BradleyTerry2 1.1-2 (the data are its "citations").
library(BradleyTerry2)
data(citations)
pairs <- countsToBinomial(citations)

for (link in c("logit", "probit")) {
  fit <- BTm(cbind(win1, win2), player1, player2, data = pairs, family = binomial(link))
  print(summary(fit)$coefficients, digits = 10)
  print(c(deviance = deviance(fit), aic = AIC(fit)), digits = 10)
  print(coef(fit) / qnorm(0.75), digits = 10)
}
print(qvcalc(BTabilities(BTm(cbind(win1, win2), player1, player2, data = pairs)))$qvframe, digits = 10)
print(coef(update(BTm(cbind(win1, win2), player1, player2, data = pairs), br = TRUE)), digits = 6)
