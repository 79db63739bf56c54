"""`lineal grant`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.catalog.values import Role, about
from lineal.cli.command import Answer, on_store
from lineal.cli.failure import UserError
from lineal.cli.options import Name
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.catalog.values import Grant
    from lineal.client import Client
    from lineal.client.accounts import GrantTarget

app = typer.Typer(help="Grants: who may do what, and who may not.", no_args_is_help=True)


@app.command()
@on_store
def add(
    client: Client,
    role: Annotated[Role, typer.Argument(help="What they may act as.")],
    name: Name,
    namespace: Annotated[str | None, typer.Option(help="On what is in this namespace.")] = None,
    entity: Annotated[str | None, typer.Option(metavar="REF", help="On this entity and its content.")] = None,
    kind: Annotated[str | None, typer.Option(help="On entities of this kind.")] = None,
    classification: Annotated[str | None, typer.Option(help="On what bears this classification.")] = None,
    deny: Annotated[bool, typer.Option("--deny", help="Forbid it; that wins over every permission.")] = False,
) -> Answer:
    """Allow an account or group something, or forbid it; on the whole store if nothing narrower is said."""
    choices: dict[GrantTarget, str | None] = {
        "namespace": namespace,
        "entity": entity and find_one(client, entity).uuid,
        "kind": kind,
        "classification": classification,
    }
    target, value = _only(choices)
    grant = client.accounts.grant(name, role, target, value, deny=deny)
    return Answer(grant, f"{_sentence(grant)} (grant {grant.id})")


@app.command("list")
@on_store
def list_(client: Client) -> Answer:
    """List grants."""
    from lineal.cli import draw

    grants = client.accounts.grants()
    rows = [[each.id, _sentence(each), draw.moment(each.valid_until)] for each in grants]
    return Answer(grants, lambda: draw.table(["id", "grant", "until"], rows))


@app.command()
@on_store
def remove(
    client: Client, grant: Annotated[int, typer.Argument(help="The id that `lineal grant list` shows.")]
) -> Answer:
    """Remove a grant."""
    client.accounts.revoke(grant)
    return Answer({"removed": grant}, f"removed grant {grant}")


def _only(choices: dict[GrantTarget, str | None]) -> tuple[GrantTarget, str]:
    given = [(target, value) for target, value in choices.items() if value is not None]
    if len(given) > 1:
        raise UserError(
            f"a grant is about one thing; give one of --{' --'.join(target for target, _ in given)}"
        )
    return given[0] if given else ("store", "")


def _sentence(grant: Grant) -> str:
    verb = "may not" if grant.deny else "may"
    return f"{grant.principal} {verb} act as {grant.role} on {about(grant.target, grant.value, grant.kind)}"
