from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.cli.conftest import Lineal
from tests.client.serving import serving


def test_from_the_first_account_to_a_grant(
    lineal: Lineal, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(data) as url:
        monkeypatch.setenv("LINEAL_URL", url)
        monkeypatch.setenv("LINEAL_PASSWORD", "correct horse")
        assert lineal("user", "add", "ada").out == "added user ada\n"
        assert lineal("search").status == 1
        secret = lineal("token", "create", "ada", "--label", "cli", "--days", "2", "--data", data).out.strip()
        monkeypatch.setenv("LINEAL_TOKEN", secret)
        assert lineal("user", "add", "bob").out == "added user bob\n"
        assert lineal("user", "add", "team", "--group").out == "added group team\n"
        assert lineal("user", "join", "bob", "team").out == "bob is in team\n"
        granted = lineal("grant", "add", "editor", "team", "--entity", "churn", "--json").json
        assert (granted["target"], granted["role"]) == ("entity", "editor")
        listed = lineal("grant", "list").out
        assert f"team may act as editor on entity {granted['value']}" in listed
        assert "ada may act as owner on the whole store" in listed
        assert lineal("grant", "remove", str(granted["id"])).status == 0
        assert "team may" not in lineal("grant", "list").out
        assert lineal("user", "leave", "bob", "team").out == "bob is no longer in team\n"
        assert lineal("user", "password", "bob", "--password", "battery staple").status == 0
        assert lineal("user", "remove", "bob").out == "removed bob\n"
        assert [each["name"] for each in lineal("user", "list", "--json").json] == ["ada", "team"]


def test_a_token_is_shown_once_and_can_be_revoked(lineal: Lineal, data: Path) -> None:
    lineal("user", "add", "ada", "--password", "correct horse", "--data", data)
    made = lineal("token", "create", "ada", "--label", "laptop", "--days", "1", "--data", data, "--json").json
    day = 24 * 60 * 60 * 1000
    assert made["expires"] == pytest.approx(time.time() * 1000 + day, abs=60_000)
    listed = lineal("token", "list", "ada", "--data", data).out
    assert "laptop" in listed
    assert made["secret"] not in listed
    assert lineal("token", "revoke", str(made["id"]), "--data", data).out == f"revoked token {made['id']}\n"
    assert "laptop" not in lineal("token", "list", "ada", "--data", data).out


def test_grants_of_every_sort(lineal: Lineal, data: Path) -> None:
    for name in ("ada", "bob"):
        lineal("user", "add", name, "--password", "correct horse", "--data", data)
    for options, sentence in {
        (): "bob may act as viewer on the whole store",
        ("--namespace", "shop"): "bob may act as viewer on namespace shop",
        ("--kind", "model", "--deny"): "bob may not act as viewer on kind model",
        ("--classification", "personal data"): "bob may act as viewer on classification personal data",
    }.items():
        assert lineal("grant", "add", "viewer", "bob", *options, "--data", data).out.startswith(sentence)
    two = lineal("grant", "add", "viewer", "bob", "--kind", "a", "--namespace", "b", "--data", data)
    assert (two.status, two.err) == (1, "error: a grant is about one thing; give one of --namespace --kind\n")


def test_an_admin_is_one(lineal: Lineal, data: Path) -> None:
    lineal("user", "add", "ada", "--password", "correct horse", "--data", data)
    lineal("user", "add", "eve", "--admin", "--password", "correct horse", "--data", data)
    assert "eve may act as owner on the whole store" in lineal("grant", "list", "--data", data).out
