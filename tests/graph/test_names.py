"""One name for one thing, whatever tool speaks of it."""

from __future__ import annotations

import pytest

from lineal.graph.errors import Invalid
from lineal.graph.model import ByExternal, ById, ByName, ByUuid
from lineal.graph.names import Place, locate, parse_ref, parse_url


@pytest.mark.parametrize(
    ("location", "namespace", "name"),
    [
        ("/data/train.csv", "file", "/data/train.csv"),
        ("/data//raw/../train.csv", "file", "/data/train.csv"),
        ("file:///data/my%20train.csv", "file", "/data/my train.csv"),
        ("file:/data/train.csv", "file", "/data/train.csv"),
        ("file://Nas/data", "file://nas", "/data"),
        (r"C:\data\train.csv", "file", "C:/data/train.csv"),
        ("s3://lake/raw/train.parquet", "s3://lake", "raw/train.parquet"),
        ("s3a://lake/raw/", "s3://lake", "raw"),
        ("s3://lake", "s3://lake", "/"),
        ("arn:aws:s3:::lake/raw/x", "s3://lake", "raw/x"),
        ("arn:aws:glue:eu-west-1:123:table/db/orders", "arn:aws:glue:eu-west-1:123", "table/db/orders"),
        ("gs://bucket/a/b", "gs://bucket", "a/b"),
        ("abfss://box@acc.dfs.core.windows.net/a/b", "abfss://box@acc.dfs.core.windows.net", "a/b"),
        ("hdfs://NameNode:8020/warehouse/t", "hdfs://namenode:8020", "/warehouse/t"),
        ("dbfs:/mnt/x", "dbfs", "/mnt/x"),
        ("https://Example.com/data.csv?token=secret#a", "https://example.com", "data.csv"),
        ("postgresql://me:secret@DB/shop/public/orders", "postgres://db:5432", "shop.public.orders"),
        ("postgresql+psycopg://db:6000/shop/public/orders", "postgres://db:6000", "shop.public.orders"),
        ("jdbc:mysql://db/shop/orders", "mysql://db:3306", "shop.orders"),
        ("snowflake://org-acc/DB/PUBLIC/T", "snowflake://org-acc", "DB.PUBLIC.T"),
        ("bigquery://project/set/table", "bigquery", "project.set.table"),
        ("crate://Db/shop/doc/orders", "crate://db:4200", "shop.doc.orders"),
        ("databricks://me:dapi@Acme.cloud/main/shop/orders", "unitycatalog://acme.cloud", "main.shop.orders"),
        ("pubsub:topic:acme:clicks", "pubsub", "topic:acme:clicks"),
        ("kafka://broker:9092/clicks", "kafka://broker:9092", "clicks"),
    ],
)
def test_a_location_has_one_name(location: str, namespace: str, name: str) -> None:
    assert locate(location) == Place(namespace, name)


@pytest.mark.parametrize(
    "location",
    [
        "",
        "train.csv",
        "../x",
        "squad",
        "mlflow-artifacts:/1/a",
        "s3:",
        "abfss://x",
        "pubsub:x",
        "azurecosmos://h/a/b",
    ],
)
def test_what_does_not_say_where_has_none(location: str) -> None:
    assert locate(location) is None


def test_a_table_is_completed_by_its_schema() -> None:
    expected = Place("postgres://db:5432", "shop.public.orders")
    assert locate("postgres://db/shop", "orders") == expected
    assert locate("postgres://db:5432/shop", 'public."orders"') == expected
    assert locate("redshift://cluster.eu:5439/dev", "sales") == Place(
        "redshift://cluster.eu:5439", "dev.public.sales"
    )
    assert locate("mysql://db/shop", "orders") == Place("mysql://db:3306", "shop.orders")


def test_a_password_never_becomes_part_of_a_name() -> None:
    url = parse_url("postgres://me:secret@db/shop?password=secret")
    assert url is not None
    assert "secret" not in repr(url)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("42", ById(42)),
        ("ABCDEF0123456789abcdef0123456789", ByUuid("abcdef0123456789abcdef0123456789")),
        ("12345678901234567890123456789012", ByUuid("12345678901234567890123456789012")),
        ("mlflow.run:abc", ByExternal("mlflow.run", "abc")),
        ("sagemaker:arn:aws:x", ByExternal("sagemaker", "arn:aws:x")),
        ("name:experiment:default/My experiment", ByName("experiment", "My experiment")),
        ("name:dataset:s3://lake/raw/x", ByName("dataset", "raw/x", "s3://lake")),
        ("name:dataset:s3%3A%2F%2Flake/raw%2Fx", ByName("dataset", "raw/x", "s3://lake")),
        ("name:dataset:file//data/x", ByName("dataset", "/data/x", "file")),
    ],
)
def test_an_address_can_be_written_as_text(text: str, ref: object) -> None:
    assert parse_ref(text) == ref


@pytest.mark.parametrize(
    "text", ["", "abc", ":x", "x:", "name:dataset:x", "name:dataset:/x", "name::a/b", "-3"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_ref(text)
