"""Mutual TLS: an unmodified client signs in by its certificate, and so does an import."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.mlmd.conftest import HERE, run
from tests.connect.mlmd.conftest import outcomes, serving, take
from tests.server.test_grpc import Authority, account

from lineal import Client
from lineal.connect.mlmd.service import Secrets


def test_a_certificate_signs_in(python: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    account(tmp_path, "ada", "owner")
    authority = Authority(tmp_path)
    for name in ("localhost", "ada"):
        authority.issue(name)
    tls = ["--grpc-certificate", f"{tmp_path}/localhost.crt", "--grpc-key", f"{tmp_path}/localhost.key"]
    tls += ["--grpc-client-authority", f"{tmp_path}/authority.crt"]
    with serving(tmp_path / "data", *tls, "--host", "localhost") as server:
        printed = run(python, str(HERE / "secured.py"), str(server.grpc_port), str(tmp_path), folder=tmp_path)
        assert printed == "['sales']\n"
        secrets = Secrets(tmp_path / "authority.crt", tmp_path / "ada.crt", tmp_path / "ada.key")
        with Client(tmp_path / "taken") as client:
            report = take(f"grpcs://localhost:{server.grpc_port}", client, secrets=secrets)
            assert outcomes(report)["artifacts"] == {"new": 1}
            assert [each.kind for each in client.search("sales").entities] == ["artifact.Table"]
