"""`lineal upgrade`."""

from __future__ import annotations

from lineal.cli.options import DEFAULT_DATA, AsJson, DataFolder, StoreUrl
from lineal.cli.output import show
from lineal.cli.store import place


def upgrade(data: DataFolder = DEFAULT_DATA, store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Bring a store that an older Lineal wrote up to date. Make a backup first."""
    from lineal.store import migrate

    connection = place(data, store, None).driver().connect(readonly=False)
    try:
        applied = migrate.upgrade(connection)
    finally:
        connection.close()
    steps = ", ".join(str(each) for each in applied)
    show(applied, as_json, f"upgraded to schema {steps}" if applied else "the store is up to date")
