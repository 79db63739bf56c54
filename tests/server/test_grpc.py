"""gRPC beside HTTP: sign-in, certificates, tenants, limits, and the same calls as gRPC-Web."""

from __future__ import annotations

import asyncio
import struct
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.values import Grant
from lineal.graph.change import Change, PutEntity
from lineal.graph.mlmd.messages import message
from lineal.graph.model import ByName
from lineal.protocols import tenants
from lineal.server.app import Server
from lineal.server.settings import Settings

grpc = pytest.importorskip("grpc")
SERVICE = "/ml_metadata.MetadataStoreService/"
Body = Callable[[Server], Awaitable[None]]


def serve(settings: Settings, body: Body) -> None:
    """Run something against a server of its own."""

    async def run() -> None:
        server = Server(settings)
        await server.start()
        try:
            await body(server)
        finally:
            await server.stop()

    asyncio.run(run())


def settings(tmp_path: Path, **more: Any) -> Settings:
    return Settings(data=str(tmp_path / "data"), port=0, grpc_port=0, doors=("mlmd",), **more)


def channel_of(server: Server, **options: Any) -> Any:
    return grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}", options=list(options.items()))


async def call(
    channel: Any, name: str, request: Any = None, metadata: tuple[tuple[str, str], ...] = ()
) -> Any:
    """The answer to a call of the service."""
    body = (request or message(f"{name}Request")()).SerializeToString()
    answer = await channel.unary_unary(SERVICE + name)(body, metadata=metadata, timeout=20)
    return message(f"{name}Response").FromString(answer)


async def code_of(waiting: Awaitable[Any]) -> Any:
    """How a call fails, as it must."""
    with pytest.raises(grpc.RpcError) as caught:
        await waiting
    return caught.value.code()


@contextmanager
def stored(tmp_path: Path) -> Iterator[Catalog]:
    """The store that is served next."""
    (tmp_path / "data").mkdir(exist_ok=True)
    store = f"sqlite:///{tmp_path}/data/lineal.db"
    with closing(Catalog.open(store, blobs=str(tmp_path / "files"))) as catalog:
        yield catalog


def account(tmp_path: Path, name: str, *grants: str, **within: str) -> str:
    """A user's token, with roles on the whole store, or with roles within namespaces."""
    with stored(tmp_path) as catalog:
        session = catalog.session(LOCAL, "test")
        catalog.accounts.add_user(session, name, "a long password")
        for role in grants:
            catalog.accounts.add_grant(session, Grant(0, name, role, "store"))  # type: ignore[arg-type]
        for role, namespace in within.items():
            grant = Grant(0, name, role, "namespace", namespace)  # type: ignore[arg-type]
            catalog.accounts.add_grant(session, grant)
        return catalog.accounts.add_token(session, name, "test")[1]


def put_type(name: str) -> Any:
    return message("PutArtifactTypeRequest")(artifact_type=message("ArtifactType")(name=name))


def test_a_call_and_its_failure(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        async with channel_of(server) as channel:
            assert (await call(channel, "PutArtifactType", put_type("Data"))).type_id
            code = await code_of(call(channel, "GetArtifactType"))
            assert code is grpc.StatusCode.NOT_FOUND
            unknown = channel.unary_unary("/ml_metadata.MetadataStoreService/Unknown")(b"")
            assert await code_of(unknown) is grpc.StatusCode.UNIMPLEMENTED
            garbage = channel.unary_unary(SERVICE + "GetArtifacts")(b"\xff\xff")
            assert await code_of(garbage) is grpc.StatusCode.INVALID_ARGUMENT

    serve(settings(tmp_path), body)


def test_who_does_not_sign_in_gets_nothing(tmp_path: Path) -> None:
    token = account(tmp_path, "ann", "owner")

    async def body(server: Server) -> None:
        async with channel_of(server) as channel:
            assert await code_of(call(channel, "GetArtifacts")) is grpc.StatusCode.UNAUTHENTICATED
            wrong = (("authorization", "Bearer lnl_wrong"),)
            assert (
                await code_of(call(channel, "GetArtifacts", metadata=wrong))
                is grpc.StatusCode.UNAUTHENTICATED
            )
            bearer = (("authorization", f"Bearer {token}"),)
            basic = (("authorization", "Basic " + b64encode(b"ann:a long password").decode()),)
            for metadata in (bearer, basic):
                assert (await call(channel, "PutArtifactType", put_type("Data"), metadata)).type_id

    serve(settings(tmp_path), body)


def test_a_message_may_not_be_larger_than_a_body(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        async with channel_of(server) as channel:
            large = put_type("x" * 200_000)
            assert (
                await code_of(call(channel, "PutArtifactType", large)) is grpc.StatusCode.RESOURCE_EXHAUSTED
            )

    serve(settings(tmp_path, max_body=100_000), body)


def named_channel(server: Server, host: str) -> Any:
    return channel_of(server, **{"grpc.default_authority": host})


async def artifacts(channel: Any) -> list[int]:
    return [each.id for each in (await call(channel, "GetArtifacts")).artifacts]


def workspaces(tmp_path: Path, *names: str) -> None:
    puts = [PutEntity(ByName("workspace", name, name), kind="workspace") for name in names]
    with stored(tmp_path) as catalog:
        catalog.session(LOCAL, "test").commit(Change(list(puts)))


def test_the_name_of_the_server_says_for_which_tenant(tmp_path: Path) -> None:
    workspaces(tmp_path, "team-a", "team-b")

    async def body(server: Server) -> None:
        hosts = ("team-a.localhost", "team-b.localhost:8080", "metadata.kubeflow.svc")
        async with (
            named_channel(server, hosts[0]) as first,
            named_channel(server, hosts[1]) as second,
            named_channel(server, hosts[2]) as unknown,
            channel_of(server) as plain,
        ):
            kind = (await call(plain, "PutArtifactType", put_type("Data"))).type_id
            asked = message("PutArtifactsRequest")(artifacts=[message("Artifact")(type_id=kind, name="a")])
            made = [
                (await call(each, "PutArtifacts", asked)).artifact_ids[0] for each in (first, second, plain)
            ]
            assert len(set(made)) == 3
            channels = (first, second, plain, unknown)
            assert [await artifacts(each) for each in channels] == [*([each] for each in made), [made[2]]]
            # What is another tenant's cannot be read by its id either.
            by_id = message("GetArtifactsByIDRequest")(artifact_ids=made)
            assert [each.id for each in (await call(first, "GetArtifactsByID", by_id)).artifacts] == made[:1]

    serve(settings(tmp_path), body)


def test_a_tenant_is_entered_by_those_who_may(tmp_path: Path) -> None:
    workspaces(tmp_path, "team-a", "team-b")
    token = account(tmp_path, "ann", editor="team-a")

    async def body(server: Server) -> None:
        metadata = (("authorization", f"Bearer {token}"),)
        async with (
            named_channel(server, "team-a.localhost") as own,
            named_channel(server, "team-b.localhost") as other,
        ):
            assert (await call(own, "GetArtifacts", metadata=metadata)).artifacts == []
            refused = await code_of(call(other, "GetArtifacts", metadata=metadata))
            assert refused is grpc.StatusCode.NOT_FOUND

    serve(settings(tmp_path), body)


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("team-a.localhost:8080", "team-a"),
        ("team-a.lineal.example", "team-a"),
        ("localhost:8080", ""),
        ("localhost", ""),
        ("127.0.0.1:8080", ""),
        ("[::1]:8080", ""),
        (".localhost", ""),
        ("", ""),
    ],
)
def test_tenants_by_host(host: str, label: str) -> None:
    assert tenants.label(host) == label


class Authority:
    """Signs certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = self._key("authority")
        self.certificate = self._certificate("authority", self.key, None)

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """A key and a certificate of this name."""
        key = self._key(name)
        return (self.folder / f"{name}.key").read_bytes(), self._certificate(name, key, self.certificate)

    def _key(self, name: str) -> Any:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        (self.folder / f"{name}.key").write_bytes(encoded)
        return key

    def _certificate(self, name: str, key: Any, issuer: bytes | None) -> bytes:
        from datetime import UTC, datetime, timedelta

        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.x509.oid import NameOID

        def named(text: str) -> Any:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        encoded = builder.sign(self.key if issuer else key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM
        )
        (self.folder / f"{name}.crt").write_bytes(encoded)
        return encoded


def test_a_certificate_signs_in(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    account(tmp_path, "ann", "owner")
    authority = Authority(tmp_path)
    authority.issue("localhost")
    own, strange = authority.issue("ann"), authority.issue("nobody")
    tls = {
        "grpc_certificate": str(tmp_path / "localhost.crt"),
        "grpc_key": str(tmp_path / "localhost.key"),
        "grpc_client_authority": str(tmp_path / "authority.crt"),
    }

    async def body(server: Server) -> None:
        def secure(pair: tuple[bytes | None, bytes | None]) -> Any:
            credentials = grpc.ssl_channel_credentials(authority.certificate, *pair)
            return grpc.aio.secure_channel(f"localhost:{server.grpc_port}", credentials)

        async with secure(own) as channel:
            assert (await call(channel, "PutArtifactType", put_type("Data"))).type_id
        async with secure(strange) as channel:
            assert await code_of(call(channel, "GetArtifacts")) is grpc.StatusCode.UNAUTHENTICATED
        async with secure((None, None)) as channel:
            assert await code_of(call(channel, "GetArtifacts")) is grpc.StatusCode.UNAVAILABLE

    serve(settings(tmp_path, host="localhost", **tls), body)


# gRPC-Web


def framed(request: Any) -> bytes:
    body: bytes = request.SerializeToString()
    return struct.pack(">BI", 0, len(body)) + body


def frames(body: bytes) -> list[tuple[int, bytes]]:
    found = []
    while body:
        flags, length = struct.unpack_from(">BI", body)
        found.append((flags, body[5 : 5 + length]))
        body = body[5 + length :]
    return found


@pytest.mark.parametrize("kind", ["application/grpc-web+proto", "application/grpc-web-text"])
def test_a_browser_calls_over_http(tmp_path: Path, kind: str) -> None:
    import httpx

    text = kind.endswith("text")

    async def body(server: Server) -> None:
        async with httpx.AsyncClient(base_url=server.url) as client:

            async def post(name: str, request: Any) -> list[tuple[int, bytes]]:
                sent = framed(request)
                answer = await client.post(
                    SERVICE + name, content=b64encode(sent) if text else sent, headers={"content-type": kind}
                )
                assert (answer.status_code, answer.headers["content-type"].startswith(kind)) == (200, True)
                return frames(b64decode(answer.content) if text else answer.content)

            (data, held), (trailers, status) = await post("PutArtifactType", put_type("Data"))
            assert (data, trailers, status) == (0, 0x80, b"grpc-status:0\r\n")
            assert message("PutArtifactTypeResponse").FromString(held).type_id
            ((_, status),) = await post(
                "GetArtifactType", message("GetArtifactTypeRequest")(type_name="a b\r\nc")
            )
            assert status.startswith(b"grpc-status:5\r\ngrpc-message:")
            assert status.count(b"\r\n") == 2

    serve(settings(tmp_path), body)


@pytest.mark.parametrize("sent", [b"", b"\0", b"\1\0\0\0\1x", b"\0\0\0\0\5x", b"\0\0\0\0\0\0\0\0\0\0"])
def test_what_is_no_frame(tmp_path: Path, sent: bytes) -> None:
    import httpx

    async def body(server: Server) -> None:
        async with httpx.AsyncClient(base_url=server.url) as client:
            headers = {"content-type": "application/grpc-web+proto"}
            answer = await client.post(SERVICE + "GetArtifacts", content=sent, headers=headers)
            assert frames(answer.content)[-1][1].startswith(b"grpc-status:3\r\n")

    serve(settings(tmp_path), body)
