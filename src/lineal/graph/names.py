"""Identity: how one thing is named, whatever tool speaks of it, and how an address is written as text.

Names of data follow OpenLineage's naming rules: a namespace that says where (`s3://bucket`,
`postgres://host:5432`, `file`) and a name within it. Every door and connector asks `locate`, so that a file
that MLflow logged, a table that Airflow reported and a URI that ML Metadata holds become one node.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from lineal.graph.errors import Invalid
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid

_UUID = re.compile(r"[0-9a-fA-F]{32}")
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<slashes>//)?(?P<rest>.*)", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_LONGEST_ID = 18


class Place(NamedTuple):
    """Where data is: the namespace and name by which every tool means the same."""

    namespace: str
    name: str


class Url(NamedTuple):
    """The parts of a location that naming rules look at. Passwords and query strings are left behind.

    Attributes:
        user: what stands before `@`, without a password; a container in Azure's addresses.
        host: as written, with its port.
        path: without leading and trailing slashes.
    """

    scheme: str
    user: str
    host: str
    path: str

    @property
    def segments(self) -> list[str]:
        """The path's parts."""
        return [part for part in self.path.split("/") if part]


Rule = Callable[[Url, str], Place | None]


@dataclass(frozen=True)
class Bucket:
    """Object storage: the bucket is the namespace, the key the name."""

    scheme: str

    def __call__(self, url: Url, table: str) -> Place | None:
        return Place(f"{self.scheme}://{url.host}", url.path or "/") if url.host else None


@dataclass(frozen=True)
class Container:
    """Azure storage: `container@account` is the namespace."""

    scheme: str

    def __call__(self, url: Url, table: str) -> Place | None:
        if not url.user or not url.host:
            return None
        return Place(f"{self.scheme}://{url.user}@{url.host.lower()}", url.path or "/")


@dataclass(frozen=True)
class FileSystem:
    """A file system with hosts: names are absolute paths."""

    scheme: str

    def __call__(self, url: Url, table: str) -> Place | None:
        namespace = f"{self.scheme}://{url.host.lower()}" if url.host else self.scheme
        return Place(namespace, _absolute(url.path))


@dataclass(frozen=True)
class Database:
    """A database server: `scheme://host:port`, and names of the given number of dotted parts."""

    scheme: str
    port: int | None = None
    schema: str = ""

    def __call__(self, url: Url, table: str) -> Place | None:
        if not url.host:
            return None
        parts = [*url.segments, *(_dotted(table) if table else ())]
        if self.schema and table and len(parts) == 2:
            parts.insert(1, self.schema)
        return Place(f"{self.scheme}://{self._address(url.host.lower())}", ".".join(parts)) if parts else None

    def _address(self, host: str) -> str:
        has_port = host.rpartition(":")[2].isdigit() and not host.endswith("]")
        return host if has_port or self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True)
class Service:
    """One service for everybody, such as BigQuery: the namespace is its name."""

    namespace: str

    def __call__(self, url: Url, table: str) -> Place | None:
        parts = [url.host, *url.segments, *(_dotted(table) if table else ())]
        name = ".".join(part for part in parts if part)
        return Place(self.namespace, name) if name else None


@dataclass(frozen=True)
class Topic:
    """A message broker: the topic is the name."""

    scheme: str

    def __call__(self, url: Url, table: str) -> Place | None:
        name = table or url.path
        return Place(f"{self.scheme}://{url.host.lower()}", name) if url.host and name else None


@dataclass(frozen=True)
class Web:
    """Something on the web: the site is the namespace."""

    scheme: str

    def __call__(self, url: Url, table: str) -> Place | None:
        return Place(f"{self.scheme}://{url.host.lower()}", url.path or "/") if url.host else None


def _local(url: Url, table: str) -> Place:
    host = url.host.lower()
    namespace = "file" if host in ("", "localhost") else f"file://{host}"
    return Place(namespace, _absolute(unquote(url.path)))


def _arn(url: Url, table: str) -> Place | None:
    """Amazon's resource names: those of S3 mean the bucket, all others stay as they are."""
    service, region, account, *resource = (url.path.split(":", 4) + [""] * 5)[1:]
    if service == "s3":
        bucket, _, key = resource[0].partition("/")
        return Place(f"s3://{bucket}", key or "/")
    return Place(f"arn:aws:{service}:{region}:{account}", resource[0]) if resource[0] else None


def _cosmos(url: Url, table: str) -> Place | None:
    """Azure Cosmos: the database is part of the namespace, as it is in the address `/dbs/NAME/colls/NAME`."""
    parts = url.segments
    if not url.host or len(parts) != 4 or (parts[0], parts[2]) != ("dbs", "colls"):
        return None
    return Place(f"azurecosmos://{url.host.lower()}/dbs/{parts[1]}", f"colls/{parts[3]}")


def _pubsub(url: Url, table: str) -> Place | None:
    """Google's Pub/Sub: `pubsub:topic:PROJECT:NAME`, or the same with `subscription`."""
    parts = url.path.split(":")
    is_name = len(parts) == 3 and parts[0] in ("topic", "subscription") and all(parts)
    return Place("pubsub", url.path) if is_name else None


RULES: dict[str, Rule] = {
    "file": _local,
    "s3": Bucket("s3"),
    "s3a": Bucket("s3"),
    "s3n": Bucket("s3"),
    "gs": Bucket("gs"),
    "gcs": Bucket("gs"),
    "oss": Bucket("oss"),
    "cos": Bucket("cos"),
    "obs": Bucket("obs"),
    "r2": Bucket("r2"),
    "abfss": Container("abfss"),
    "abfs": Container("abfss"),
    "wasbs": Container("wasbs"),
    "wasb": Container("wasbs"),
    "hdfs": FileSystem("hdfs"),
    "viewfs": FileSystem("viewfs"),
    "webhdfs": FileSystem("hdfs"),
    "dbfs": FileSystem("dbfs"),
    "http": Web("http"),
    "https": Web("https"),
    "ftp": Web("ftp"),
    "sftp": Web("sftp"),
    "postgres": Database("postgres", 5432, "public"),
    "postgresql": Database("postgres", 5432, "public"),
    "mysql": Database("mysql", 3306),
    "mariadb": Database("mysql", 3306),
    "mssql": Database("mssql", 1433, "dbo"),
    "sqlserver": Database("mssql", 1433, "dbo"),
    "oracle": Database("oracle", 1521),
    "redshift": Database("redshift", 5439, "public"),
    "snowflake": Database("snowflake", None, "PUBLIC"),
    "trino": Database("trino", 8080),
    "presto": Database("presto", 8080),
    "hive": Database("hive", 10000),
    "hive2": Database("hive", 10000),
    "clickhouse": Database("clickhouse", 9000),
    "cassandra": Database("cassandra", 9042),
    "teradata": Database("teradata", 1025),
    "mongodb": Database("mongodb", 27017),
    "crate": Database("crate", 4200, "doc"),
    "db2": Database("db2", 50000),
    "oceanbase": Database("oceanbase", 2881),
    "milvus": Database("milvus", 19530),
    "awsathena": Database("awsathena"),
    "spanner": Database("spanner"),
    "fabric-warehouse": Database("fabric-warehouse"),
    "unitycatalog": Database("unitycatalog"),
    "databricks": Database("unitycatalog"),
    "azurekusto": Web("azurekusto"),
    "azurecosmos": _cosmos,
    "pubsub": _pubsub,
    "pulsar": Topic("pulsar"),
    "bigquery": Service("bigquery"),
    "kafka": Topic("kafka"),
    "arn": _arn,
}
"""How each kind of location is named, by the scheme of its URL; several schemes may mean one."""


def locate(location: str, table: str = "") -> Place | None:
    """The namespace and name of data at a location, or None when the text does not say where it is.

    Args:
        location: a URL (`s3://bucket/key`, `jdbc:postgresql://host/db`) or an absolute path.
        table: for a database, the table within what the URL names; `public` or the like is filled in.
    """
    location = location.strip()
    if location.startswith("/"):
        return Place("file", _absolute(location))
    if _DRIVE.match(location):
        return Place("file", posixpath.normpath(location.replace("\\", "/")))
    url = parse_url(location)
    rule = RULES.get(url.scheme) if url else None
    return rule(url, table) if rule and url else None


def parse_url(text: str) -> Url | None:
    """The parts of a URL, without password, query and fragment; None when it is not one."""
    match = _URL.fullmatch(re.sub(r"^jdbc:", "", text))
    if match is None:
        return None
    scheme, rest = match["scheme"].lower().partition("+")[0], match["rest"]
    if not match["slashes"]:
        return Url(scheme, "", "", rest.strip("/"))
    authority, _, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    user, _, host = authority.rpartition("@")
    return Url(scheme, user.partition(":")[0], host, path.strip("/"))


def parse_ref(text: str) -> AnyRef:
    """The address that a text stands for.

    Args:
        text: an integer id, 32 hexadecimal digits, `protocol:id`, or `name:KIND:NAMESPACE/NAME` where both
            namespace and name may be percent-encoded (and a namespace with slashes beyond `scheme://` is).

    Raises:
        Invalid: it is none of these.
    """
    if _UUID.fullmatch(text):
        return ByUuid(text.lower())
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID:
        return ById(int(text))
    protocol, colon, rest = text.partition(":")
    if not colon or not protocol or not rest:
        raise Invalid(f"{text!r} is no address of an entity")
    return _parse_name(rest) if protocol == "name" else ByExternal(protocol, rest)


def _parse_name(text: str) -> ByName:
    kind, _, rest = text.partition(":")
    slash = rest.find("/")
    if slash > 0 and rest[slash - 1 : slash + 2] == "://":
        slash = rest.find("/", slash + 2)
    namespace, name = unquote(rest[:slash]), unquote(rest[slash + 1 :])
    if not kind or slash < 1 or not name:
        raise Invalid(f"name:{text} is not of the form name:KIND:NAMESPACE/NAME")
    return ByName(kind, name, namespace)


def _absolute(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def _dotted(name: str) -> list[str]:
    return [part.strip('"`[]') for part in name.split(".")]
