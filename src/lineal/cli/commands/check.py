"""`lineal check`."""

from __future__ import annotations

import typer

from lineal.cli.options import DEFAULT_DATA, AsJson, DataFolder, StoreUrl
from lineal.cli.output import progress_bar, show
from lineal.cli.store import place


def check(data: DataFolder = DEFAULT_DATA, store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Look for damage in the store; exits with 1 when there is some."""
    where = place(data, store, None)
    with progress_bar("Checking"):
        problems = where.problems()
    advice = "; restore the newest backup: lineal restore FILE"
    show(problems, as_json, "\n".join(problems) + advice if problems else "no damage found")
    if problems:
        raise typer.Exit(1)
