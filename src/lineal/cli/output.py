"""What commands print: JSON when asked for, else a Rich drawing. Rich is loaded when something is drawn."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

Progress = Callable[[int, int], None]


def show(value: Any, as_json: bool, drawing: Callable[[], RenderableType] | str) -> None:
    """Print a value as JSON, or as it is drawn, or a sentence about it."""
    if as_json:
        print(_json(value))
    elif isinstance(drawing, str):
        print(drawing)
    else:
        from rich.console import Console

        Console(highlight=False, width=_width()).print(drawing(), crop=False)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A bar on stderr while the block runs; call what it gives with (done, total)."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(title, total=None)
        yield lambda completed, total: bar.update(task, completed=completed, total=total)


def _width() -> int | None:
    """The terminal's own width; without a terminal lines are as long as they need to be."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else 10_000


def _json(value: Any) -> str:
    import msgspec

    from lineal.client.wire import encode

    return msgspec.json.format(encode(value), indent=2).decode()
