"""The store as maintenance sees it: a database and a folder of files, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from lineal.cli.failure import UserError

if TYPE_CHECKING:
    from lineal.store.base import Driver


class Place(NamedTuple):
    """Where a store is.

    Attributes:
        url: of its database.
        files: folder of its files; None when they are in an object store.
    """

    url: str
    files: Path | None

    @property
    def is_there(self) -> bool:
        """Whether there is, or may be, a store already."""
        scheme, _, path = self.url.partition(":///")
        return scheme != "sqlite" or Path(unquote(path)).exists()

    def problems(self) -> list[str]:
        """What is wrong with the database; one that is too damaged to be checked says so itself."""
        driver = self.driver()
        try:
            return driver.check()
        except Exception as error:
            if driver.transient(error):
                return [str(error)]
            raise

    def driver(self) -> Driver:
        """What opens connections to the database."""
        from lineal.store.store import driver_for

        return driver_for(self.url)


def place(data: Path, store: str | None, blobs: str | None) -> Place:
    """The store that the options name.

    Raises:
        UserError: it would be in a data folder that is not there.
    """
    from lineal.server.settings import Settings

    if store is None and not data.is_dir():
        raise UserError(f"there is no data folder {data}; say which with --data DIR, or --store URL")
    settings = Settings(data=str(data), store=store or "", blobs=blobs or "")
    where = settings.blobs_url.removeprefix("file://")
    return Place(settings.store_url, None if "://" in where else Path(where))
