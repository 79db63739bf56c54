"""What a text on the command line means: a database, a folder or a server of MLflow's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lineal.connect import sql
from lineal.connect.mlflow.files import local_path
from lineal.connect.mlflow.source import Source
from lineal.graph.errors import Invalid
from lineal.graph.mlflow.names import DEFAULT_ROOT

if TYPE_CHECKING:
    from lineal.connect.mlflow.target import Target

FORMS = "http(s)://HOST:PORT, sqlite:///PATH, postgresql://…, mysql://… or a folder mlruns"


def open_source(where: str) -> Source:
    """The source at a place.

    Raises:
        Invalid: it is of no kind that is known, there is nothing, or an extra is missing.
        Outside: it does not answer.
    """
    if sql.is_database(where):
        from lineal.connect.mlflow.database import DatabaseSource

        return DatabaseSource.open(where)
    if where.startswith(("http://", "https://")):
        from lineal.connect.mlflow.server import ServerSource

        return ServerSource(where)
    if local_path(where) is None:
        raise Invalid(f"this is none of {FORMS}")
    from lineal.connect.mlflow.folder import FolderSource

    return FolderSource(where)


def open_target(where: str, root: Path | None, location: str = DEFAULT_ROOT) -> Target:
    """The target at a place; a folder that is not there is made.

    Args:
        where: as for `open_source`.
        root: for a database, the folder in which its server keeps artifacts.
        location: what the database is to say of where that is.

    Raises:
        Invalid: it is of no kind that is known, or MLflow has not set it up.
        Outside: it does not answer.
    """
    if sql.is_database(where):
        from lineal.connect.mlflow.database_target import DatabaseTarget

        return DatabaseTarget(where, root, location)
    if where.startswith(("http://", "https://")):
        from lineal.connect.mlflow.server_target import ServerTarget

        return ServerTarget(where)
    path = local_path(where)
    if path is None:
        raise Invalid(f"this is none of {FORMS}")
    from lineal.connect.mlflow.folder_target import FolderTarget

    return FolderTarget(Path(path))
