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
    from rich.console import RenderableType

    from lineal.client import Client


def example(
    again: Annotated[bool, typer.Option("--again", help="Also when the store is not empty.")] = False,
    pipeline: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help="Instead, run a pipeline that ML Metadata's client records, over the server's gRPC at this port.",
        ),
    ] = None,
    server: Server = None,
    credential: Credential = None,
    as_json: AsJson = False,
) -> None:
    """Train real models with MLflow on data sets that scikit-learn brings, and run SQL jobs, on a server."""
    from lineal.cli.target import connect

    with connect(server, None, credential) as client:
        if pipeline is not None:
            from lineal.example.record import record

            told = record(client.target, pipeline)
            show(told, as_json, f"recorded; draw it: lineal lineage {told['model']}")
            return
        if not again and not _empty(client):
            show({"runs": 0}, as_json, "the store is not empty; add the example all the same with --again")
            return
        with progress_bar("Example") as bar:
            runs = _fill(client, bar, credential)
        show({"runs": runs}, as_json, lambda: _joined(client, runs))


def _joined(client: Client, runs: int) -> RenderableType:
    """What was made, and one lineage through a file, SQL jobs and a training to the model that serves."""
    from rich.console import Group
    from rich.text import Text

    from lineal.cli import answers
    from lineal.graph.query import Query, attribute

    lines: list[RenderableType] = [
        Text(f"{runs} runs are there; look at them: lineal runs, or {client.target}")
    ]
    query = Query(kinds=["alias"], where=attribute("name", "=", "diabetes-risk@champion"))
    for champion in client.find(query).entities:
        lines += [
            Text("\nWhere the model that serves came from (lineal origin diabetes-risk@champion):"),
            answers.origin(client.origin(champion)),
            Text("\nWhat breaks if the patients' age goes (lineal impact patients#age):"),
            *_impact(client),
        ]
    return Group(*lines)


def _impact(client: Client) -> list[RenderableType]:
    from lineal.cli import answers
    from lineal.graph.query import Query, attribute

    query = Query(kinds=["column"], where=attribute("name", "=", "patients#age"))
    return [answers.impact(client.impact(each)) for each in client.find(query).entities]


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
