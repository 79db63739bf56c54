"""What an import and an export share: the store at the other end, and the closing report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from lineal.client import Client
    from lineal.connect.report import Outcome, Report

_OUTCOMES: tuple[Outcome, ...] = ("new", "changed", "same", "kept", "failed")
_SHOWN = 20


def open_client(
    server: str | None,
    data: Path | None,
    credential: str | None,
    store: str | None,
    blobs: str | None,
    *,
    make: bool = False,
) -> Client:
    """The store that the options name; with `make`, a data folder that is not there is made."""
    from lineal.cli.target import connect
    from lineal.client import Client

    if store is not None:
        return Client(store, blobs=blobs or "")
    if data is not None and (make or data.is_dir()):
        data.mkdir(parents=True, exist_ok=True)
        return Client(data, blobs=blobs or "")
    return connect(server, data, credential)


def value(report: Report) -> dict[str, Any]:
    """A report for --json."""
    return {
        "moved": {what: dict(counted) for what, counted in report.outcomes.items()},
        "problems": report.problems,
        "more_problems": report.more_problems,
        "left_out": report.left_out,
    }


def tell(report: Report, source: str, target: str, as_json: bool) -> None:
    """Print a report; the command fails when something could not be taken."""
    import typer

    from lineal.cli.output import show

    show(value(report), as_json, lambda: drawing(report, source, target))
    if not report.complete:
        raise typer.Exit(1)


def drawing(report: Report, source: str, target: str) -> RenderableType:
    """A report for people: what was taken, then what was not, with the reason."""
    from rich.console import Group
    from rich.text import Text

    from lineal.cli import draw

    rows = [
        [what, *(counted[outcome] or "" for outcome in _OUTCOMES)]
        for what, counted in report.outcomes.items()
    ]
    lines: list[RenderableType] = [
        Text(f"{source} → {target}", no_wrap=True, overflow="ignore"),
        draw.table(["", *_OUTCOMES], rows),
    ]
    remarks = [(each.what, each.id, each.why) for each in report.problems[:_SHOWN]]
    remarks += [(each.what, str(each.count), each.why) for each in report.left_out]
    if remarks:
        lines += [Text("not as it was", style="bold"), draw.table(["what", "which", "why"], remarks)]
    more = max(len(report.problems) - _SHOWN, 0) + report.more_problems
    if more:
        lines.append(Text(f"and {more} more; --json tells the first thousand", style="dim"))
    return Group(*lines)
