"""A running MLMD service, asked over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lineal.connect.errors import Outside
from lineal.connect.mlmd.store import BATCH, Member, Parent, in_batches
from lineal.connect.report import LeftOut
from lineal.graph.errors import Invalid
from lineal.graph.mlmd.categories import ARTIFACT, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.messages import Message, message
from lineal.graph.mlmd.types import SIMPLE

_SERVICE = "/ml_metadata.MetadataStoreService"
_LARGEST = 256 << 20
_PAGE = 100
_SECONDS = 120
SCHEMES = ("grpc://", "grpcs://")


class Secrets(NamedTuple):
    """How to show oneself and whom to trust: files with certificates, and a token."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    token: str | None = None


class ServiceSource:
    """An MLMD store behind `grpc://HOST:PORT`, or `grpcs://` with TLS.

    Raises:
        Invalid: grpcio is not installed, or a certificate cannot be read.
    """

    def __init__(self, where: str, secrets: Secrets) -> None:
        self.title = where
        self._metadata = [("authorization", f"Bearer {secrets.token}")] if secrets.token else []
        self._channel = _channel(where, secrets)
        self._executions: list[int] = []
        self._contexts: list[int] = []

    def close(self) -> None:
        self._channel.close()

    def counts(self) -> dict[str, int]:
        return {}

    def left_out(self) -> list[LeftOut]:
        return []

    def _ask(self, name: str, **fields: Any) -> Message:
        """The answer of an operation; Outside when there is none."""
        import grpc

        call: Callable[..., Message] = self._channel.unary_unary(
            f"{_SERVICE}/{name}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=message(f"{name}Response").FromString,
        )
        try:
            return call(message(f"{name}Request")(**fields), timeout=_SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            code = error.code().name  # type: ignore[attr-defined, unused-ignore]
            raise Outside(f"{self.title} answers {name} with {code}: {error.details()}") from None

    def _pages(self, name: str, field: str, **fields: Any) -> Iterator[list[Message]]:
        """All of a list, page by page, in the order of ids."""
        token = ""
        while True:
            options: dict[str, Any] = {
                "max_result_size": _PAGE,
                "order_by_field": {"field": 3, "is_asc": True},
            }
            if token:
                options["next_page_token"] = token
            answer = self._ask(name, options=options, **fields)
            yield [*getattr(answer, field)]
            token = answer.next_page_token
            if not token:
                return

    def types(self, category: Category) -> list[Message]:
        listed = [*getattr(self._ask(f"Get{category.message}Types"), f"{category.name}_types")]
        known = {each.id for each in listed}
        hidden = [number for number, owner, _ in SIMPLE.values() if owner is category and number not in known]
        more = self._ask(f"Get{category.message}TypesByID", type_ids=hidden) if hidden else None
        return [*listed, *(getattr(more, f"{category.name}_types") if more is not None else ())]

    def nodes(self, category: Category) -> Iterator[list[Message]]:
        ids = {EXECUTION.name: self._executions, CONTEXT.name: self._contexts}.get(category.name, [])
        for page in self._pages(f"Get{category.message}s", f"{category.name}s"):
            ids += [each.id for each in page]
            yield page

    def events(self) -> Iterator[list[Message]]:
        for ids in in_batches(self._executions, BATCH):
            events = self._ask("GetEventsByExecutionIDs", execution_ids=ids).events
            yield sorted(events, key=lambda each: each.execution_id)

    def members(self) -> Iterator[list[Member]]:
        for context in self._contexts:
            for category in (EXECUTION, ARTIFACT):
                name, field = f"Get{category.message}sByContext", f"{category.name}s"
                pages = self._pages(name, field, context_id=context)
                yield [Member(context, category, each.id) for page in pages for each in page]

    def parents(self) -> Iterator[list[Parent]]:
        for ids in in_batches(self._contexts, BATCH):
            yield [each for child in ids for each in self._parents_of(child)]

    def _parents_of(self, child: int) -> Iterable[Parent]:
        above = self._ask("GetParentContextsByContext", context_id=child).contexts
        return [Parent(each.id, child) for each in above]


def _channel(where: str, secrets: Secrets) -> Any:
    try:
        import grpc
    except ImportError:
        raise Invalid("asking over gRPC needs the package grpcio: pip install 'lineal[grpc]'") from None
    address = where.partition("://")[2].rstrip("/")
    options = [("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)]
    if not where.startswith("grpcs://"):
        return grpc.insecure_channel(address, options=options)
    read = [each.read_bytes() if each else None for each in (secrets.ca, secrets.key, secrets.cert)]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(*read), options=options)
