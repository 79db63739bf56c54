"""Our naming rules against those of openlineage-python, for every platform that it has a class for."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.clients.openlineage.conftest import HERE

from lineal.graph.names import Place, locate
from lineal.graph.openlineage import place

pytestmark = pytest.mark.clients

LOCATIONS = {
    "Athena": "awsathena://athena.region-name.amazonaws.com/catalog/database/table",
    "AWSGlue": "arn:aws:glue:region-name:account-id:table/database-name/table-name",
    "AzureCosmosDB": "azurecosmos://db.acme/dbs/database/colls/table",
    "AzureDataExplorer": "azurekusto://db.acme.kusto.windows.net/database/table",
    "AzureSynapse": "jdbc:sqlserver://db.acme:1234/schema/table",
    "BigQuery": "bigquery://project-id/dataset-name/table-name",
    "Cassandra": "cassandra://db.acme:1234/keyspace/table",
    "MySQL": "mysql+pymysql://me:secret@DB.acme:1234/database/table",
    "CrateDB": "crate://db.acme:1234/database/schema/table",
    "DB2": "jdbc:db2://db.acme:1234/database/schema/table",
    "OceanBase": "jdbc:oceanbase://db.acme:1234/database/table",
    "Oracle": "oracle+oracledb://db.acme:1234/service-name/schema/table",
    "Postgres": "jdbc:postgresql://db.acme:1234/database/schema/table",
    "Teradata": "teradata://db.acme:1234/database/table",
    "Redshift": "redshift://cluster-identifier.region:1234/database/schema/table",
    "Snowflake": "snowflake://organization-name-account-name/database/schema/table",
    "Trino": "trino://me@db.acme:1234/catalog/schema/table",
    "ABFSS": "abfs://container@service.dfs.core.windows.net/raw/orders.parquet",
    "DBFS": "dbfs://workspace/warehouse/orders",
    "GCS": "gcs://bucket-name/raw/orders.parquet",
    "HDFS": "hdfs://namenode-host:8020/warehouse/orders/",
    "Hive": "jdbc:hive2://db.acme:1234/database/table",
    "Kafka": "kafka://bootstrap-server-host:1234/topic",
    "LocalFileSystem": "file:///warehouse//orders",
    "RemoteFileSystem": "file://DB.acme/warehouse/orders",
    "S3": "s3a://bucket-name/raw/orders.parquet",
    "WASBS": "wasb://container@service-name.dfs.core.windows.net/raw/orders.parquet",
    "PubSubNaming": "pubsub:topic:project-id:resource-id",
}
OURS = {"AzureSynapse": Place("mssql://db.acme:1234", "schema.table")}
"""Where we differ: SQL Server and Synapse have addresses of one form, so that they have names of one form, too."""


def test_every_platform_has_the_name_that_the_client_gives_it(python: Path) -> None:
    done = subprocess.run([python, HERE / "naming.py"], capture_output=True, check=True, timeout=60)
    named = {kind: Place(*found) for kind, found in json.loads(done.stdout).items()}
    assert named.keys() == LOCATIONS.keys()
    assert {kind: place(*found) for kind, found in named.items()} == named | OURS
    assert {kind: locate(text) for kind, text in LOCATIONS.items()} == named | OURS
