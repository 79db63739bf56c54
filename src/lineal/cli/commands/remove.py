"""`lineal remove`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.failure import UserError
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client
    from lineal.graph.model import Entity
    from lineal.graph.query import Expr

_DAY = 24 * 3600 * 1000
_BATCH = 500


@on_store
def remove(
    client: Client,
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]...", help="What to remove: names, uuids, ids.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="All of this kind; may be repeated.")] = None,
    unchanged_for: Annotated[
        float | None,
        typer.Option(metavar="DAYS", help="Of the kinds, only what has not changed for so many days."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Of the kinds, only what has this property; may be repeated."),
    ] = None,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Not to be brought back; of lineage nothing is left, either.")
    ] = False,
    cascade: Annotated[bool, typer.Option("--cascade", help="Along with what it contains.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many.")] = False,
) -> Answer:
    """Take entities away: softly, so that they can be restored, or for good."""
    if not refs and not kind:
        raise UserError("say what to remove: REF, or --kind KIND")
    if refs and (kind or unchanged_for is not None or where):
        raise UserError("either REF, or --kind and what narrows it")
    found = [find_one(client, ref) for ref in refs or []] or list(
        _matching(client, kind or [], unchanged_for, where or [])
    )
    if not dry_run:
        _remove(client, found, for_good, cascade)
    many = f"{len(found)} {'entity' if len(found) == 1 else 'entities'}"
    said = f"would remove {many}" if dry_run else f"removed {many}{' for good' if for_good else ''}"
    return Answer({"count": len(found), "removed": not dry_run}, said)


def _matching(
    client: Client, kinds: list[str], unchanged_for: float | None, where: Iterable[str]
) -> Iterator[Entity]:
    from lineal.graph.query import Compare, Property, Query, all_of, attribute

    conditions: list[Expr] = []
    if unchanged_for is not None:
        before = int(time.time() * 1000 - unchanged_for * _DAY)
        conditions.append(attribute("updated", "<", before))
    for each in where:
        key, equals, value = each.partition("=")
        if not equals:
            raise UserError(f"--where wants KEY=VALUE, not {each!r}")
        conditions.append(Compare(Property(key), "=", value))
    return client.find_all(Query(kinds=kinds, where=all_of(*conditions), parts=[], limit=_BATCH))


def _remove(client: Client, found: list[Entity], hard: bool, cascade: bool) -> None:
    from lineal.graph.change import Change, Remove
    from lineal.graph.model import ById

    for start in range(0, len(found), _BATCH):
        some = found[start : start + _BATCH]
        client.commit(Change([Remove(ById(each.id), hard=hard, cascade=cascade) for each in some]))
