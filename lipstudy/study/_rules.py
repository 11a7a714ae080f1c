"""Rules that decide before data are seen which participants are used."""

from typing import Literal, Self

from pydantic import Field, model_validator

from lipstudy.records import Declared, QualityMeasure

__all__ = ["QualityRule"]


class QualityRule(Declared):
    """A bound on one measure of a participant's session; who is beyond it gets the verdict."""

    measure: QualityMeasure = Field(description="a column of participants.csv")
    at_least: float | None = Field(default=None, description="the smallest value that passes")
    at_most: float | None = Field(default=None, description="the largest value that passes")
    otherwise: Literal["keep_apart", "reject"] = Field(
        description="keep_apart: analysed with and without; reject: left out"
    )

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"the rule on {self.measure} needs one of 'at_least' and 'at_most'")
        return self

    def passes(self, value: float) -> bool:
        """Whether `value` is within the bound."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)
