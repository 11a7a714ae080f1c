"""The pages' templates, and what they may call."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from lipstudy.report._words import p_relation, p_value, percent, quantity

__all__ = ["rendered"]


def rendered(template: str, results: Mapping[str, Any], **shown: Any) -> str:
    """Return a page of this room as HTML: every text from the data is escaped.

    Parameters
    ----------
    template : str
        Name of its file: "page.html", "ranking.html".
    results : mapping
        The one source of numbers.
    **shown
        Figures (SVG in Markup), tables, names of files.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    room = files("lipstudy.report")
    environment = Environment(
        loader=FunctionLoader(lambda name: room.joinpath(name).read_text("utf-8")),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"quantity": quantity, "percent": percent, "p_value": p_value, "p_relation": p_relation}
    return environment.get_template(template).render(
        results=results, style=Markup(room.joinpath("page.css").read_text("utf-8")), **shown
    )
