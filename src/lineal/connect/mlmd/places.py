"""What a text on the command line means: a database or a running service of MLMD's."""

from __future__ import annotations

from lineal.connect import sql
from lineal.connect.mlmd.service import SCHEMES, Secrets, ServiceSource
from lineal.connect.mlmd.store import Source
from lineal.graph.errors import Invalid

FORMS = "sqlite:///PATH, mysql://…, postgresql://…, grpc://HOST:PORT or grpcs://HOST:PORT"


def open_source(where: str, secrets: Secrets) -> Source:
    """The source at a place.

    Raises:
        Invalid: it is of no kind that is known, there is nothing, or an extra is missing.
        Outside: it does not answer.
    """
    need_messages()
    if where.startswith(SCHEMES):
        return ServiceSource(where, secrets)
    if not sql.is_database(where):
        raise Invalid(f"this is none of {FORMS}")
    from lineal.connect.mlmd.database import DatabaseSource

    return DatabaseSource(where)


def need_messages() -> None:
    """Invalid when there is no protobuf, in whose messages everything moves."""
    try:
        from google.protobuf import message  # noqa: F401
    except ImportError:
        raise Invalid("moving ML Metadata needs the package protobuf: pip install 'lineal[grpc]'") from None
