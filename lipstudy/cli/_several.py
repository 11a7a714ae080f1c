"""Options that take several values in a row: ``--articulation 0.5 1 1.5``."""

import click

__all__ = ["SeveralCommand"]


class SeveralCommand(click.Command):
    """A verb whose `multiple=True` options take several values after one name.

    ``--articulation 0.5 1.5`` is read as ``--articulation 0.5 --articulation 1.5``, which stays allowed. The values end
    at the first word that is not one (another option, or a file where numbers are asked for) and at ``--``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._one_name_a_value(ctx, args))

    def _one_name_a_value(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = {
            name: parameter
            for parameter in self.params
            if isinstance(parameter, click.Option) and parameter.multiple
            for name in parameter.opts
        }
        words: list[str] = []
        rest = list(args)
        while rest:
            word = rest.pop(0)
            words.append(word)
            if word == "--":
                return words + rest
            name, equals, _ = word.partition("=")
            if name not in options:
                continue
            if not equals and rest:
                words.append(rest.pop(0))
            while rest and _is_value(rest[0], options[name], ctx):
                words += [name, rest.pop(0)]
        return words


def _is_value(word: str, option: click.Option, ctx: click.Context) -> bool:
    is_negative_number = word[1:2].isdigit()
    if word.startswith("-") and not is_negative_number:
        return False
    try:
        option.type.convert(word, option, ctx)
    except click.BadParameter:
        return False
    return True
