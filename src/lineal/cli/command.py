"""Commands that ask a store: what they share is said once, here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, get_type_hints

from lineal.cli.options import AsJson, Credential, Data, Server
from lineal.cli.output import show
from lineal.cli.target import connect

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lineal.client import Client

P = ParamSpec("P")


class Answer(NamedTuple):
    """What a command found or did: as a value for --json, and for people."""

    value: Any
    drawing: Callable[[], RenderableType] | str


def on_store(command: Callable[Concatenate[Client, P], Answer]) -> Callable[..., None]:
    """Make a command of a function that takes a client.

    The command gets the options that say where the store is (--server, --data, --token) and --json; it opens
    the client and prints the answer.
    """

    @functools.wraps(command)
    def run(
        *,
        server: str | None,
        data: Path | None,
        credential: str | None,
        as_json: bool,
        **own: Any,
    ) -> None:
        with connect(server, data, credential) as client:
            answer = command(client, **own)  # type: ignore[call-arg]
        show(answer.value, as_json, answer.drawing)

    signature = _signature(command)
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    return run


def _signature(command: Callable[..., Answer]) -> inspect.Signature:
    """The function's own parameters without the client, and the shared ones."""
    unloaded = {"Client": Any, "Answer": Any}
    hints = get_type_hints(command, localns=unloaded, include_extras=True)
    own = [
        each.replace(annotation=hints[each.name])
        for each in list(inspect.signature(command).parameters.values())[1:]
    ]
    shared = {"server": Server, "data": Data, "credential": Credential, "as_json": AsJson}
    more = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if annotation is AsJson else None,
            annotation=annotation,
        )
        for name, annotation in shared.items()
    ]
    return inspect.Signature([*own, *more])
