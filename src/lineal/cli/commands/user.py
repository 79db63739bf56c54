"""`lineal user`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Name

if TYPE_CHECKING:
    from lineal.client import Client

app = typer.Typer(help="Accounts, and groups of accounts.", no_args_is_help=True)
Password = Annotated[
    str | None,
    typer.Option(envvar="LINEAL_PASSWORD", metavar="SECRET", help="Asked for if not given."),
]
Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group.")]


@app.command()
@on_store
def add(
    client: Client,
    name: Name,
    group: Annotated[bool, typer.Option("--group", help="Make a group instead of an account.")] = False,
    admin: Annotated[bool, typer.Option("--admin", help="One who may do everything.")] = False,
    password: Password = None,
) -> Answer:
    """Make an account or a group. The first account of a store may always do everything."""
    secret = None if group else password or _ask()
    user = client.accounts.add_user(name, secret, "group" if group else "user", admin=admin)
    return Answer(user, f"added {user.category} {user.name}")


@app.command("list")
@on_store
def list_(client: Client) -> Answer:
    """List accounts and groups."""
    from lineal.cli import draw

    users = client.accounts.users()
    rows = [[each.name, each.category, ", ".join(each.groups), draw.moment(each.created)] for each in users]
    return Answer(users, lambda: draw.table(["name", "", "groups", "since"], rows))


@app.command()
@on_store
def remove(client: Client, name: Name) -> Answer:
    """Remove an account or group with its tokens and grants."""
    client.accounts.remove_user(name)
    return Answer({"removed": name}, f"removed {name}")


@app.command("password")
@on_store
def change_password(client: Client, name: Name, password: Password = None) -> Answer:
    """Give an account a new password."""
    client.accounts.set_password(name, password or _ask())
    return Answer({"changed": name}, f"{name} has a new password")


@app.command()
@on_store
def join(client: Client, name: Name, group: Group) -> Answer:
    """Put an account into a group."""
    client.accounts.add_member(group, name)
    return Answer({"user": name, "group": group}, f"{name} is in {group}")


@app.command()
@on_store
def leave(client: Client, name: Name, group: Group) -> Answer:
    """Take an account out of a group."""
    client.accounts.remove_member(group, name)
    return Answer({"user": name, "group": group}, f"{name} is no longer in {group}")


def _ask() -> str:
    secret: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return secret
