"""Secrets are taken out of an event before anything of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocols.openlineage.conftest import RUN, Receiver, data, facet, run_event

from lineal.graph import openlineage as names
from lineal.protocols.openlineage.secrets import REMOVED, looks_secret

SECRETS = {
    "DB_PASSWORD": "hunter2",
    "GITHUB_TOKEN": "x",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "X": "ghp_1234567890abcdefghijABCDEFGHIJ123456",
    "Y": "f3Zk9QpL2xVb8NsT4wRy7Ju1",
    "apiKey": "k",
    "SENTRY_DSN": "d",
    "LEGACY_PWD": "d",
}
HARMLESS = {
    "JAVA_HOME": "/usr/lib/jvm/java-11-openjdk-amd64",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "AIRFLOW_CTX_DAG_RUN_ID": "manual__2026-03-01T00:00:00",
    "RUN": "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e6f",
    "AUTHOR": "ann",
    "SPARK_MASTER": "local[4]",
    "PWDS": "a",
    "PASSENGERS": "7",
    "KEYBOARD": "qwerty",
}


@pytest.mark.parametrize(("name", "value"), SECRETS.items())
def test_what_looks_like_a_secret(name: str, value: str) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(("name", "value"), HARMLESS.items())
def test_what_does_not(name: str, value: str) -> None:
    assert not looks_secret(name, value)


def everything(receiver: Receiver) -> str:
    """All that is kept of the run and its data set, history and records included."""
    from msgspec.json import encode

    found: list[Any] = []
    for ref in (names.run_ref(RUN), names.job_ref("nightly", "load"), names.dataset_ref("lake", "out")):
        found += [receiver.get(ref), receiver.session.history(ref), receiver.session.records(ref)]
    return encode(found).decode()


def test_they_are_nowhere(receiver: Receiver) -> None:
    values = SECRETS | HARMLESS
    variables = [{"name": name, "value": value} for name, value in values.items()]
    parameters = [{"key": "db.password", "value": "swordfish-1"}, {"key": "retries", "value": "3"}]
    source = facet(
        name="s", uri="jdbc:postgresql://ann:swordfish-2@db:5432/shop?user=ann&password=swordfish-3"
    )
    receiver.post(
        run_event(
            run_facets={
                "environmentVariables": facet(environmentVariables=variables),
                "executionParameters": facet(parameters=parameters),
                "acme": facet(url="https://files.example.com/x?sig=swordfish-4&part=1"),
            },
            outputs=[data("out", "lake", dataSource=source)],
        )
    )
    kept = everything(receiver)
    assert "swordfish" not in kept
    assert not [name for name, value in SECRETS.items() if len(value) > 2 and value in kept]
    told = receiver.run().facets
    environment = {
        each["name"]: each["value"] for each in told["environmentVariables"]["environmentVariables"]
    }
    assert environment == HARMLESS | dict.fromkeys(SECRETS, REMOVED)
    assert told["executionParameters"]["parameters"][1]["value"] == "3"
    assert told["acme"]["url"] == f"https://files.example.com/x?sig={REMOVED}&part=1"
    (record,) = receiver.session.records(names.run_ref(RUN))
    assert json.dumps(record.document).count(REMOVED) >= len(SECRETS)
