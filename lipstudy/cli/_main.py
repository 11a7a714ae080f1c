"""The command `lipstudy`: verbs that are loaded when they are called."""

import errno
import io
import os
import sys
from importlib import import_module

import click

from lipstudy import LipstudyError, __version__
from lipstudy.errors import nearest_name

__all__ = ["VERBS", "main"]

VERBS = {
    "track": ("lipstudy.cli._face", "Track the face in films: talk.mp4 gives talk.track.npz."),
    "speak": (
        "lipstudy.cli._speech",
        "Move lips as speech says: of a recording, a film's sound, or a text that is spoken.",
    ),
    "align": ("lipstudy.cli._speech", "Find when words and phones were said, as a Praat TextGrid."),
    "train": ("lipstudy.cli._models", "Train a model of lip motion on a folder of films."),
    "evaluate": ("lipstudy.cli._models", "Compare what a model does with what films show."),
    "articulate": ("lipstudy.cli._articulation", "Scale the articulation of a landmark track."),
    "measure": ("lipstudy.cli._articulation", "Compare the lip motion of TRACK with that of REFERENCE."),
    "restage": (
        "lipstudy.cli._restage",
        "Make the lips of a filmed speaker move less or more; the speech stays.",
    ),
    "render": ("lipstudy.cli._clips", "Show one landmark track as a clip: as lines or points, or on a photograph."),
    "build": (
        "lipstudy.cli._clips",
        "Build a stimulus set from a recipe: clips, clips.csv, and index.html to look at them.",
    ),
    "adopt": ("lipstudy.cli._clips", "Make a manifest for clips that were made elsewhere, with the same checks."),
    "plan": ("lipstudy.cli._study", "Write every trial of every participant slot."),
    "lock": (
        "lipstudy.cli._folder",
        "Fix a study before data are seen: definition, rules, tests, clips and plan.",
    ),
    "simulate": ("lipstudy.cli._study", "Run simulated viewers through a plan."),
    "calibrate": (
        "lipstudy.cli._lab",
        "Measure what this machine shows and plays, before the first participant.",
    ),
    "rehearse": (
        "lipstudy.cli._lab",
        "Play a whole study through the real window, with a simulated viewer at full speed.",
    ),
    "run": ("lipstudy.cli._lab", "Run a participant's session in the lab."),
    "withdraw": ("lipstudy.cli._folder", "Delete the session of a person who takes back consent."),
    "export": ("lipstudy.cli._folder", "Write a study folder as a Psych-DS data set with its codebook."),
    "fit": ("lipstudy.cli._inference", "Fit a mixed logit model to a table, with engines that must agree."),
    "rank": ("lipstudy.cli._rank", "Rank what was compared in pairs: strengths in JOD, with intervals."),
    "analyze": ("lipstudy.cli._inference", "Turn a trial table into results.json and a report page."),
    "power": ("lipstudy.cli._inference", "Say how many participants and sentences a study needs, by simulation."),
    "new": ("lipstudy.cli._start", "Make a study folder to edit."),
    "demo": ("lipstudy.cli._start", "Walk the whole road on a small example, with simulated viewers."),
}
"""Verb -> module that holds it, and its line in `lipstudy --help`; in the order of the road."""


_REFUSALS = (
    *("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EIO"),
    *("ENAMETOOLONG", "ENOTDIR", "EISDIR", "ELOOP", "EMFILE", "ENFILE"),
)
"""What an operating system refuses; any other OSError is a bug and keeps its traceback."""


class _LazyVerbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(VERBS[cmd_name][0]), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise click.UsageError(
                f"there is no verb '{args[0]}'{nearest_name(args[0], VERBS)}: 'lipstudy --help' lists them"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every verb to ask for its help line.
        with formatter.section("Verbs, in the order of the road"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(cls=_LazyVerbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lipstudy")
def lipstudy() -> None:
    """Lip articulation studies: from a recording of a talking face to what viewers prefer.

    \b
    recording -> landmark track -> articulation -> clips -> plan -> session -> trials -> fit -> report

    Each verb does one stage: it reads files and writes files. Start with 'lipstudy demo'.
    """


def main() -> None:
    """Run the command line; a user's mistake ends with one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console or file of a small alphabet shall not end a verb
            stream.reconfigure(errors="replace")
    try:
        lipstudy.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.ClickException as error:
        _stop(_sentence(error))
    except LipstudyError as error:
        _stop(str(error))
    except (KeyboardInterrupt, click.Abort):
        _stop("stopped by Ctrl-C: what was finished is kept, run the same command again to go on")
    except BrokenPipeError:
        # The reader of our output (head, less) has gone. Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        _stop("there is not enough memory: use fewer --workers, a smaller picture or a shorter film")
    except OSError as error:
        if errno.errorcode.get(error.errno or 0) not in _REFUSALS:
            raise
        reason = (error.strerror or str(error)).lower()
        _stop(f"cannot read or write {error.filename or 'a file'}: {reason}; check path, permissions and free space")


def _sentence(error: click.ClickException) -> str:
    told = " ".join(error.format_message().split())  # click breaks long lists into lines
    context = getattr(error, "ctx", None)
    return told if context is None else f"{told.rstrip('.')}; see '{context.command_path} --help'"


def _stop(message: str) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(2)
