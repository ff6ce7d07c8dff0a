"""The command line `valuetalk`: one module a noun, each a thin call.

A command module has `commands`, a `typer.Typer`: without a name its commands stand at the top
level, with a name it is a group. Modules import what is heavy inside their functions, so that
`valuetalk --help` answers at once.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from flows.commands import (
    backup,
    code,
    collocates,
    corpus,
    demo,
    dispersion,
    erase,
    events,
    frames,
    imports,
    keyness,
    keys,
    kwic,
    measures,
    ngrams,
    night,
    optout,
    qda,
    query,
    release,
    session,
    shift,
    sources,
    sql,
    study,
    subcorpora,
    thread,
    topics,
    trend,
)
from flows.doctor import assert_own_packages

_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]  # ClickException, wherever it lives
_LONGEST_HELP = 200  # the list of commands wraps a help line rather than cutting it
_SECTIONS = ("Study", "Night", "Corpus", "Measures", "Results", "People")


class Commands(TyperGroup):
    """The root command: finds `--debug` anywhere and turns every error into one sentence.

    Contexts and formatters are Click's, which newer versions of Typer carry inside.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move `--debug` to the front, where the root command's options stand."""
        end = args.index("--") if "--" in args else len(args)
        if "--debug" in args[:end]:
            args = ["--debug", *(part for part in args[:end] if part != "--debug"), *args[end:]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error becomes one sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, _USAGE_ERROR, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 # the last stop of every error
            code = session.report_error(error, debug=bool(ctx.params.get("debug")))
            raise typer.Exit(code) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands under the section that each of them names."""
        shown = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        for section in (*_SECTIONS, None):
            rows = [
                (name, command.get_short_help_str(limit=_LONGEST_HELP))
                for name, command in shown
                if not command.hidden and _section(command) == section
            ]
            if rows:
                with formatter.section(section or "More"):
                    formatter.write_dl(rows)


def _section(command: object) -> str | None:
    named = getattr(command, "rich_help_panel", None)
    return named if named in _SECTIONS else None


app = typer.Typer(
    name="valuetalk",
    cls=Commands,
    help="Harvest online discourse and measure how it talks about value.",
    no_args_is_help=True,
    rich_markup_mode=None,  # Rich's help costs 0.2 s of every --help
    pretty_exceptions_enable=False,  # its tracebacks print local variables: texts of people
)


for _commands in (
    study.commands,
    demo.commands,
    imports.commands,
    sources.commands,
    night.commands,
    corpus.commands,
    kwic.commands,
    query.commands,
    collocates.commands,
    keyness.commands,
    trend.commands,
    dispersion.commands,
    ngrams.commands,
    shift.commands,
    thread.commands,
    subcorpora.commands,
    sql.commands,
    topics.commands,
    code.commands,
    frames.frames,
    measures.prevalence,
    events.commands,
    release.commands,
    qda.commands,
    optout.commands,
    erase.commands,
    keys.commands,
    backup.commands,
):
    app.add_typer(_commands, rich_help_panel=_commands.rich_help_panel)


@app.callback()
def _root(
    context: typer.Context,
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; stands anywhere.")
    ] = False,
) -> None:
    del debug  # Commands.invoke reads it
    if context.invoked_subcommand != "doctor":  # which reports the same as a finding
        assert_own_packages()


def main() -> None:
    """Run the command line."""
    app(prog_name="valuetalk")
