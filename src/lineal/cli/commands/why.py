"""`lineal why`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.failure import UserError
from lineal.cli.options import Reference, RoleOption
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.catalog.values import Decision, LabelPath
    from lineal.client import Client
    from lineal.graph.model import Entity


@on_store
def why(
    client: Client,
    ref: Reference,
    label: Annotated[str | None, typer.Option(help="Ask why it bears this label.")] = None,
    who: Annotated[str | None, typer.Option(metavar="USER", help="Ask why this user may or may not.")] = None,
    role: RoleOption = "viewer",
) -> Answer:
    """Explain a label (each that it bears, if none is named), or an access decision."""
    if label and who:
        raise UserError("ask one thing at a time: --label or --who")
    entity = find_one(client, ref)
    if who:
        decision = client.why_access(entity, who, role)
        return Answer(decision, _verdict(decision, entity))
    names = [label] if label else sorted({each.name for each in entity.labels})
    paths = [path for name in names for path in client.why_label(entity, name)]
    sentences = "\n".join(_way(client, path) for path in paths)
    return Answer(paths, sentences or f"{entity.name} bears no such label")


def _verdict(decision: Decision, entity: Entity) -> str:
    verb = "may" if decision.allowed else "may not"
    reasons = "".join(f"\n  because {reason}" for reason in decision.because)
    return f"{decision.principal} {verb} act as {decision.role} on {entity.name}{reasons}"


def _way(client: Client, path: LabelPath) -> str:
    """The way of a label in words: `health: cancer.csv → input → train → output → model (put by ada)`."""
    from lineal.cli.draw import short_name

    names = [short_name(client.get(each, parts=())) for each in path.path]
    steps = [f" → {edge} → {name}" for edge, name in zip(path.edges, names[1:], strict=False)]
    return f"{path.label}: {names[0]}{''.join(steps)} (put by {path.put_by or 'nobody known'})"
