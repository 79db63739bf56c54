from __future__ import annotations

import itertools
import math
import threading
import time
from pathlib import Path

import pytest
from tests.client.serving import serving

from lineal import Client
from lineal.graph import errors
from lineal.graph.change import AppendPoints, AtRevision, Change, Expect, PutEntity
from lineal.graph.model import ByExternal, ById, ByName, ByUuid, Entity, External, Local, Point
from lineal.graph.query import Attribute, Order, Query, attribute


def make_chain(client: Client) -> tuple[Entity, Entity, Entity]:
    """A data set that a run reads to write a model."""
    data = client.put("dataset", "orders/2024.csv", namespace="s3://shop", properties={"rows": 10})
    run = client.put("run", "train", namespace="shop")
    model = client.put("model", "churn", namespace="shop")
    client.link(data, "input", run)
    client.link(run, "output", model)
    return data, run, model


def test_put_makes_then_changes_one_entity(client: Client) -> None:
    first = client.put("dataset", "a", properties={"rows": 1, "owner": "x"}, owner="ada")
    second = client.put("dataset", "a", properties={"rows": 2, "owner": None})
    assert second.uuid == first.uuid
    assert first.owner == second.owner == "ada"
    assert second.properties == {"rows": 2}
    assert second.revision == first.revision + 1


def test_every_form_of_address_finds_the_entity(client: Client) -> None:
    data = client.put(
        "dataset", "orders/2024 %.csv", namespace="s3://shop", external=[External("test.id", "a/b c%2F?")]
    )
    addresses = [
        data,
        data.id,
        data.uuid,
        ById(data.id),
        ByUuid(data.uuid),
        ByName("dataset", "orders/2024 %.csv", "s3://shop"),
        ByExternal("test.id", "a/b c%2F?"),
        "test.id:a/b c%2F?",
        "name:dataset:s3%3A%2F%2Fshop/orders%2F2024%20%25.csv",
    ]
    assert [client.get(each).uuid for each in addresses] == [data.uuid] * len(addresses)
    with pytest.raises(errors.Invalid):
        client.get(Local("handle"))


def test_lineage_goes_both_ways(client: Client) -> None:
    data, run, model = make_chain(client)
    assert {each.name for each in client.lineage(model, direction="up").nodes} == {
        "churn",
        "train",
        "orders/2024.csv",
    }
    below = client.lineage(data, direction="down", depth=1)
    assert {each.id for each in below.nodes} == {data.id, run.id}
    assert [(each.kind, each.source, each.target) for each in below.edges] == [("input", data.id, run.id)]
    only = client.lineage(model, kinds=["dataset"])
    assert data.id in {each.id for each in only.nodes}
    assert run.id not in {each.id for each in only.nodes}


def test_a_classification_flows_and_is_explained(client: Client) -> None:
    data, run, model = make_chain(client)
    client.label(data, "personal data", reason="e-mail addresses")
    [label] = client.get(model).labels
    assert (label.name, label.root, label.attributes) == (
        "personal data",
        data.id,
        {"reason": "e-mail addresses"},
    )
    [path] = client.why_label(model, "personal data")
    assert path.path == [data.id, run.id, model.id]
    assert path.edges == ["input", "output"]


def test_points_come_back_even_when_json_has_no_number_for_them(client: Client) -> None:
    run = client.put("run", "train")
    values = [0.5, math.nan, math.inf, -math.inf, 0.25]
    points = [Point("loss", value, 1000 + step, step) for step, value in enumerate(values)]
    client.commit(Change([AppendPoints(ById(run.id), points)]))
    read = client.series(run, "loss")
    assert [(point.time, point.step) for point in read] == [(1000 + step, step) for step in range(5)]
    assert [repr(point.value) for point in read] == [repr(value) for value in values]
    assert client.series(run, "loss", steps=(1, 2))[0].step == 1
    assert client.series(run, "loss", limit=1, offset=4)[0].value == 0.25
    assert client.series(run, "nothing") == []


def test_log_and_metrics(client: Client) -> None:
    run = client.put("run", "train")
    client.log(run, {"train/loss": 2.0, "accuracy": 0.5}, step=0)
    client.log(run, {"train/loss": 1.0}, step=1)
    latest = client.metrics(run)
    assert (latest["train/loss"].value, latest["train/loss"].step) == (1.0, 1)
    assert client.get(run).metrics["accuracy"].value == 0.5
    assert [point.value for point in client.series(run, "train/loss")] == [2.0, 1.0]


def test_search_find_suggest_and_counts(client: Client) -> None:
    make_chain(client)
    assert client.search("churn").entities[0].name == "churn"
    page = client.search("", namespace="shop")
    assert page.total == 2
    assert page.facets["kind"] == {"run": 1, "model": 1}
    assert client.search("", kinds=["run", "dataset"]).total == 2
    assert client.suggest("chu")[0].name == "churn"
    assert client.counts() == {"dataset": 1, "run": 1, "model": 1}


def test_find_all_turns_the_pages(client: Client) -> None:
    puts = [PutEntity(ByName("dataset", f"d{number:02}"), kind="dataset") for number in range(25)]
    client.commit(Change(puts))
    query = Query(where=attribute("kind", "=", "dataset"), order=[Order(Attribute("name"))], limit=10)
    names = [each.name for each in client.find_all(query)]
    assert names == [f"d{number:02}" for number in range(25)]
    assert len(client.find(query).entities) == 10


def test_history_and_the_past(client: Client) -> None:
    first = client.put("dataset", "a", properties={"rows": 1})
    time.sleep(0.005)
    between = time.time_ns() // 1_000_000
    time.sleep(0.005)
    client.put("dataset", "a", properties={"rows": 2})
    assert [event.action for event in client.history(first)] == ["updated", "created"]
    assert client.history(first)[0].after["properties"] == {"rows": 2}
    assert client.as_of(first, between).properties == {"rows": 1}
    assert [event.uuid for event in client.changes()] == [first.uuid, first.uuid]
    newest = client.changes()[-1].commit
    assert client.changes(newest) == []


def test_describe_and_what_stands_around(client: Client) -> None:
    _, run, model = make_chain(client)
    client.describe(model, "signature", {"inputs": ["age"]}, producer="test")
    found = client.around(model)
    assert found.entity.facets["signature"] == {"inputs": ["age"]}
    assert [each.id for each in found.neighbours] == [run.id]
    assert [each.kind for each in found.edges] == ["output"]


def test_files_go_up_and_come_down(client: Client, tmp_path: Path) -> None:
    model = client.put("model", "churn")
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(range(256)) * 20_000)
    client.upload(model, "a b/ü.bin", big)
    client.upload(model, "small", b"")
    assert [(each.path, each.is_folder) for each in client.files(model)] == [("a b", True), ("small", False)]
    assert [(each.path, each.size) for each in client.files(model, "a b")] == [("a b/ü.bin", 5_120_000)]
    there = client.download(model, "a b/ü.bin", tmp_path / "copy.bin")
    assert there.read_bytes() == big.read_bytes()
    client.delete_file(model, "a b")
    with pytest.raises(errors.NotFound):
        b"".join(client.read(model, "a b/ü.bin"))
    with pytest.raises(errors.NotFound):
        client.download(model, "a b/ü.bin", tmp_path / "none.bin")
    assert not (tmp_path / "none.bin").exists()


def test_remove_hides_or_destroys(client: Client) -> None:
    data = client.put("dataset", "a")
    client.remove(data)
    assert client.get(data).state == "deleted"
    assert client.search("a").entities == []
    client.remove(data, hard=True)
    with pytest.raises(errors.NotFound):
        client.get(data)


def test_errors_are_the_graphs_own(client: Client) -> None:
    data = client.put("dataset", "a")
    with pytest.raises(errors.NotFound):
        client.get("0" * 32)
    with pytest.raises(errors.Invalid):
        client.put("nonsense", "a")
    stale = Expect(ById(data.id), AtRevision(99), code="MY_RULE")
    with pytest.raises(errors.ExpectationFailed) as failed:
        client.commit(Change([stale]))
    assert failed.value.expect.code == "MY_RULE"
    assert "99" in str(failed.value)


def test_the_feed_tells_what_happens(client: Client) -> None:
    client.put("dataset", "before")
    events = client.feed(since=0)
    assert next(events).name == "before"
    client.put("dataset", "after")
    assert next(events).name == "after"


def test_the_feed_starts_from_now(client: Client) -> None:
    client.put("dataset", "before")
    seen: list[str] = []
    events = client.feed()
    thread = threading.Thread(target=lambda: seen.extend(each.name for each in itertools.islice(events, 1)))
    thread.start()
    deadline = time.monotonic() + 20
    number = 0
    while thread.is_alive() and time.monotonic() < deadline:
        client.put("dataset", f"after{number}")
        number += 1
        time.sleep(0.05)
    thread.join(1)
    assert len(seen) == 1
    assert seen[0].startswith("after")


def test_types_and_me(client: Client) -> None:
    assert {"dataset", "input"} <= {each.name for each in client.types()}
    assert client.me()["everything"] is True


def test_accounts(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as url:
        with Client(url) as anybody:
            assert anybody.accounts.add_user("ada", "correct horse").name == "ada"
            with pytest.raises(errors.Unauthenticated):
                anybody.counts()
        with Client(url, user="ada", password="correct horse") as ada:
            model = ada.put("model", "churn", namespace="shop")
            ada.put("model", "secret", namespace="hidden")
            ada.accounts.add_user("bob", "battery staple")
            ada.accounts.add_user("team", category="group")
            ada.accounts.add_member("team", "bob")
            grant = ada.accounts.grant("team", "viewer", "namespace", "shop")
            token = ada.accounts.create_token("bob", "laptop")
            assert [each.groups for each in ada.accounts.users()] == [[], ["team"], []]
            assert [each.name for each in ada.accounts.tokens("bob")] == ["laptop"]
            assert ada.why_access(model, "bob").allowed
            assert not ada.why_access(model, "bob", "editor").allowed
            _as_bob(url, token.secret, model)
            ada.accounts.revoke(grant.id)
            assert [each.principal for each in ada.accounts.grants()] == ["ada"]
            ada.accounts.set_password("bob", "staple battery")
            ada.accounts.remove_member("team", "bob")
            ada.accounts.revoke_token(token.id)
            ada.accounts.remove_user("team")
            assert [each.name for each in ada.accounts.users()] == ["ada", "bob"]
        with Client(url, token=token.secret) as bob, pytest.raises(errors.Unauthenticated):
            bob.counts()
        with Client(url, user="bob", password="staple battery") as bob:
            assert bob.counts() == {}


def _as_bob(url: str, secret: str, model: Entity) -> None:
    with Client(url, token=secret) as bob:
        assert [each.name for each in bob.search().entities] == ["churn"]
        with pytest.raises(errors.NotFound):
            bob.get("name:model:hidden/secret")
        with pytest.raises(errors.Denied):
            bob.put("model", "churn", namespace="shop", properties={"a": 1})
        with pytest.raises(errors.Denied):
            bob.accounts.add_user("eve", "password123")


def test_webhooks(tmp_path: Path) -> None:
    with serving(tmp_path / "data", allow_private_webhooks=True) as url, Client(url) as client:
        hook = client.webhooks.add("http://127.0.0.1:9/hook", kinds=["model"], secret="s" * 16)
        assert [(each.url, each.kinds) for each in client.webhooks.all()] == [(hook.url, ["model"])]
        tried = client.webhooks.test(hook.id)
        assert (tried.webhook, tried.status) == (hook.id, "failed")
        assert tried.error
        client.put("dataset", "of no interest")
        client.put("model", "churn")
        newest = client.changes()[-1].commit
        deadline = time.monotonic() + 20
        while not (made := client.webhooks.deliveries(hook.id)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [each.commit for each in made] == [newest]
        client.webhooks.remove(hook.id)
        assert client.webhooks.all() == []
