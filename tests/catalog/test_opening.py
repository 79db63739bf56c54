"""A store that is set up is opened without a write."""

from __future__ import annotations

import threading
from pathlib import Path

from lineal.catalog.catalog import Catalog
from lineal.graph.types import BUILT_IN
from lineal.store.base import Connection
from lineal.store.sql.symbols import missing

NAMES = [definition.name for definition in BUILT_IN]


def test_it_is_opened_while_another_process_writes(catalog: Catalog, store_url: str, tmp_path: Path) -> None:
    writing, done = threading.Event(), threading.Event()

    def work(cx: Connection) -> None:
        cx.execute("UPDATE counter SET value = value + 1 WHERE name = 'types'")
        writing.set()
        assert done.wait(20)

    writer = threading.Thread(target=catalog.store.write, args=(work,))
    writer.start()
    try:
        assert writing.wait(20)
        Catalog.open(store_url, blobs=str(tmp_path / "files")).close()
    finally:
        done.set()
        writer.join()


def test_names_that_a_newer_lineal_knows_are_added(catalog: Catalog, store_url: str, tmp_path: Path) -> None:
    cx = catalog.store.reader()
    assert missing(cx, NAMES) == []
    catalog.store.write(lambda cx: cx.execute("DELETE FROM symbol WHERE text = ?", (NAMES[0],)))
    assert missing(cx, [*NAMES, "never seen"]) == [NAMES[0], "never seen"]
    Catalog.open(store_url, blobs=str(tmp_path / "files")).close()
    assert missing(cx, NAMES) == []
