"""`lineal example`."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.failure import explain
from lineal.cli.options import AsJson, Credential, Server
from lineal.cli.output import Progress, progress_bar, show
from lineal.graph.errors import LinealError

if TYPE_CHECKING:
    from lineal.client import Client


def example(
    again: Annotated[bool, typer.Option("--again", help="Also when the store is not empty.")] = False,
    server: Server = None,
    credential: Credential = None,
    as_json: AsJson = False,
) -> None:
    """Train real models with MLflow on data sets that scikit-learn brings, and describe them, on a server."""
    from lineal.cli.target import connect

    with connect(server, None, credential) as client:
        if not again and not _empty(client):
            show({"runs": 0}, as_json, "the store is not empty; add the example all the same with --again")
            return
        with progress_bar("Example") as bar:
            runs = _fill(client, bar, credential)
    show({"runs": runs}, as_json, f"trained {runs} models; look at them: lineal runs, or {client.target}")


def fill_in_background(url: str) -> None:
    """Fill an empty server in a thread, while it serves; tell on stderr."""

    def work() -> None:
        from lineal.client import Client

        try:
            with Client(url) as client:
                if _empty(client):
                    _say("The example is being trained; it appears bit by bit.")
                    runs = _fill(client, lambda done, total: None, None)
                    _say(f"The example is there: {runs} runs.")
        except LinealError as error:
            _say(f"No example: {explain(error)}")

    threading.Thread(target=work, name="lineal-example", daemon=True).start()


def _fill(client: Client, progress: Progress, token: str | None) -> int:
    from lineal.example.fill import fill

    return fill(client, progress, token)


def _empty(client: Client) -> bool:
    return not client.counts().get("run")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
