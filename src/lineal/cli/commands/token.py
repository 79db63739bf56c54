"""`lineal token`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Name

if TYPE_CHECKING:
    from lineal.client import Client

app = typer.Typer(help="Tokens: secrets with which programs speak for an account.", no_args_is_help=True)
_DAY = 24 * 60 * 60 * 1000


@app.command()
@on_store
def create(
    client: Client,
    name: Name,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, help="Days until it expires; never if not given.")
    ] = None,
) -> Answer:
    """Make a token for an account and print its secret, which is never shown again."""
    expires = None if days is None else int(time.time() * 1000) + days * _DAY
    token = client.accounts.create_token(name, label, expires)
    return Answer(token, token.secret)


@app.command("list")
@on_store
def list_(client: Client, name: Name) -> Answer:
    """List an account's tokens, without their secrets."""
    from lineal.cli import draw

    tokens = client.accounts.tokens(name)
    rows = [[each.id, each.name, draw.moment(each.created), draw.moment(each.expires)] for each in tokens]
    return Answer(tokens, lambda: draw.table(["id", "for", "created", "expires"], rows))


@app.command()
@on_store
def revoke(
    client: Client, token: Annotated[int, typer.Argument(help="The id that `lineal token list` shows.")]
) -> Answer:
    """Make a token worthless at once."""
    client.accounts.revoke_token(token)
    return Answer({"revoked": token}, f"revoked token {token}")
