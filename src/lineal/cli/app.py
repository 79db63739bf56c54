"""All commands, and how their errors are told. A command is one file in `commands/` and one line here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from lineal import __version__
from lineal.cli.commands import (
    backup,
    cause,
    check,
    code,
    diff,
    example,
    export,
    grant,
    history,
    impact,
    import_,
    lineage,
    models,
    origin,
    remove,
    restore,
    runs,
    same_as,
    search,
    serve,
    show,
    stale,
    token,
    upgrade,
    upstream,
    user,
    versions,
    why,
)
from lineal.cli.failure import explain

app = typer.Typer(
    help="Lineal, a metadata store for machine learning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_GROUPS: dict[str, dict[str, Callable[..., None] | typer.Typer]] = {
    "Start": {"serve": serve.serve, "example": example.example},
    "Look": {
        "search": search.search,
        "show": show.show,
        "lineage": lineage.lineage,
        "runs": runs.runs,
        "history": history.history,
        "why": why.why,
    },
    "Ask": {
        "upstream": upstream.upstream,
        "impact": impact.impact,
        "models": models.models,
        "origin": origin.origin,
        "code": code.code,
        "cause": cause.cause,
        "diff": diff.diff,
        "versions": versions.versions,
        "stale": stale.stale,
        "same-as": same_as.app,
    },
    "Accounts": {"user": user.app, "token": token.app, "grant": grant.app},
    "Move": {"import": import_.app, "export": export.app},
    "Look after the store": {
        "backup": backup.backup,
        "restore": restore.restore,
        "check": check.check,
        "remove": remove.remove,
        "upgrade": upgrade.upgrade,
    },
}

for _panel, _commands in _GROUPS.items():
    for _name, _command in _commands.items():
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, name=_name, rich_help_panel=_panel)
        else:
            app.command(_name, rich_help_panel=_panel)(_command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lineal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Lineal, a metadata store for machine learning."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line; what goes wrong becomes one line on stderr. Answers the exit status."""
    debug = "--debug" in arguments or bool(os.environ.get("LINEAL_DEBUG"))
    try:
        app([each for each in arguments if each != "--debug"], prog_name="lineal")
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else 1
    except Exception as error:
        if debug:
            raise
        print(f"error: {explain(error)}", file=sys.stderr)
        return 1
    return 0
