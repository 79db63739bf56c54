"""Webhooks in MLflow's shapes, told of what happens in the graph, whichever door it came through."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.protocols.mlflow.people import People, Person, people

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.outbound import Outcome
from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity, Remove
from lineal.graph.model import ById, External, Properties
from lineal.protocols.mlflow.admin.events import ACTIONS, example

__all__ = ["people"]

MISSING = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
URL = "https://listener.example/hook"
EVERYTHING = [f"{entity}.{action}" for entity, actions in ACTIONS.items() for action in actions]


class Listener:
    """Stands for the network."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, Any], Mapping[str, str], bytes]] = []
        self.outcomes: list[Outcome] = []

    def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], allow_private: bool, keep: int = 0
    ) -> Outcome:
        self.posts.append((json.loads(body), headers, body))
        return self.outcomes.pop(0) if self.outcomes else Outcome(200, "", "thank you"[:keep])

    def wait(self, count: int) -> None:
        until = time.monotonic() + 10
        while len(self.posts) < count:
            assert time.monotonic() < until, f"{len(self.posts)} of {count} arrived"
            time.sleep(0.01)

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(f"{body['entity']}.{body['action']}", body["data"]) for body, _, _ in self.posts]


@pytest.fixture
def listener(people: People) -> Listener:
    found = Listener()
    people.app.webhooks._post = found
    return found


@pytest.fixture
def deliver(people: People, listener: Listener) -> Callable[[int], None]:
    """Lets the server work until so many messages have arrived, and a little longer."""

    async def work(count: int) -> None:
        task = asyncio.create_task(people.app.webhooks.run())
        try:
            await asyncio.to_thread(listener.wait, count)
            await asyncio.sleep(0.4)
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    return lambda count: people.runner.run(work(count))


@pytest.fixture
def local(catalog: Catalog) -> Session:
    """Makes what another tool might."""
    return catalog.session(LOCAL, "other")


def event(name: str) -> dict[str, str]:
    entity, action = name.upper().split(".")
    return {"entity": entity, "action": action}


def hook(person: Person, *names: str, **more: Any) -> dict[str, Any]:
    events = [event(name) for name in names or EVERYTHING]
    found: dict[str, Any] = person.post("webhooks", name="hook", url=URL, events=events, **more)["webhook"]
    return found


def put(session: Session, kind: str, name: str, home: int | None = None, **properties: Any) -> int:
    given: Properties = {key.replace("__", "."): value for key, value in properties.items()}
    where = ById(home) if home is not None else None
    new = PutEntity(kind=kind, name=name, unique=kind == "model", home=where, properties=given)
    return session.commit(Change([new])).entities[0]


def change(session: Session, number: int, kind: str, **properties: Any) -> None:
    given: Properties = {key.replace("__", "."): value for key, value in properties.items()}
    session.commit(Change([PutEntity(ById(number), kind=kind, properties=given)]))


class TestKeeping:
    def test_make_read_change_and_delete(self, people: People) -> None:
        made = hook(people.admin, "registered_model.created", description="d", secret="s")
        number = made["webhook_id"]
        expected = {
            "webhook_id": number, "name": "hook", "description": "d", "url": URL,
            "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}], "status": "ACTIVE",
            "creation_timestamp": made["creation_timestamp"],
            "last_updated_timestamp": made["creation_timestamp"],
        }  # fmt: skip
        assert made == expected
        assert people.admin.get(f"webhooks/{number}") == {"webhook": expected}
        assert people.admin.get("webhooks") == {"webhooks": [expected]}
        changed = people.admin.patch(
            f"webhooks/{number}", status="DISABLED", events=[event("prompt_tag.set")]
        )
        expected |= {"status": "DISABLED", "events": [{"entity": "PROMPT_TAG", "action": "SET"}]}
        expected["last_updated_timestamp"] = changed["webhook"]["last_updated_timestamp"]
        assert changed == {"webhook": expected}
        assert people.admin.delete(f"webhooks/{number}") == {}
        assert people.admin.get("webhooks") == {}
        for method in ("GET", "PATCH", "DELETE"):
            assert people.admin.refused(method, f"webhooks/{number}") == MISSING

    def test_pages(self, people: People) -> None:
        made = [hook(people.admin)["webhook_id"] for _ in range(5)]
        found, token = [], ""
        while True:
            page = people.admin.get("webhooks", max_results=2, page_token=token)
            found += [each["webhook_id"] for each in page["webhooks"]]
            token = page.get("next_page_token", "")
            if not token:
                break
        assert found == made[::-1]
        for query in ({"max_results": 1001}, {"max_results": -1}, {"page_token": "what"}):
            assert people.admin.refused("GET", "webhooks", **query) == INVALID

    @pytest.mark.parametrize(
        "given",
        [
            {"events": []},
            {"events": [{"entity": "REGISTERED_MODEL", "action": "DELETED"}]},
            {"events": [{"entity": "TABLE", "action": "CREATED"}]},
            {"events": [{}]},
            {"events": ["registered_model.created"]},
            {"name": "!"},
            {"name": "-a"},
            {"name": "x" * 64},
            {"name": ""},
            {"url": ""},
            {"url": "ftp://a.example"},
            {"url": "https://user:secret@a.example"},
            {"status": "SLEEPING"},
        ],
    )
    def test_what_is_refused(self, people: People, given: dict[str, Any]) -> None:
        asked = {"name": "hook", "url": URL, "events": [event("prompt.created")], **given}
        assert people.admin.refused("POST", "webhooks", **asked) == INVALID
        assert people.admin.get("webhooks") == {}

    def test_enumerations_by_number(self, people: People) -> None:
        given = {"name": "hook", "url": URL, "events": [{"entity": 3, "action": 4}], "status": 2}
        made = people.admin.post("webhooks", **given)["webhook"]
        assert made["events"] == [{"entity": "MODEL_VERSION_TAG", "action": "SET"}]
        assert made["status"] == "DISABLED"

    def test_each_workspace_has_its_own(self, people: People, catalog: Catalog) -> None:
        people.admin.post("3/workspaces", name="red")
        mine = hook(people.admin.within("red"))["webhook_id"]
        other = hook(people.admin)["webhook_id"]
        for person, number in ((people.admin.within("red"), mine), (people.admin, other)):
            assert [each["webhook_id"] for each in person.get("webhooks")["webhooks"]] == [number]
        assert people.admin.refused("GET", f"webhooks/{mine}") == MISSING
        assert people.admin.refused("DELETE", f"webhooks/{mine}") == MISSING
        assert len(people.admin.get("/api/v1/webhooks")["webhooks"]) == 2
        own = people.admin.post("/api/v1/webhooks", url=URL)["id"]
        assert people.admin.refused("GET", f"webhooks/{own}") == MISSING

    def test_no_secret_is_ever_told(self, people: People) -> None:
        number = hook(people.admin, secret="very secret")["webhook_id"]
        for path in ("webhooks", f"webhooks/{number}", "/api/v1/webhooks"):
            assert "very secret" not in people.admin.send("GET", path).text


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """As a receiver is told to do it."""
    signed = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.{body.decode()}"
    expected = base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()).decode()
    version, _, signature = headers["X-MLflow-Signature"].partition(",")
    fresh = abs(time.time() - int(headers["X-MLflow-Timestamp"])) < 300
    return fresh and version == "v1" and hmac.compare_digest(signature, expected)


class TestTelling:
    def test_of_models(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        hook(people.admin)
        model = put(local, "model", "m", description="d", tag__team="red")
        version = put(
            local, "model_version", "m/1", model, version=1, source="s3://m", run_id="r" * 32, tag__a="b"
        )
        change(local, version, "model_version", tag__stage="test", tag__a=None, description="new")
        change(local, model, "model", alias__champion=1, tag__team="blue")
        change(local, model, "model", alias__champion=None)
        deliver(6)
        assert listener.told == [
            ("registered_model.created", {"name": "m", "tags": {"team": "red"}, "description": "d"}),
            (
                "model_version.created",
                {
                    "name": "m", "version": "1", "source": "s3://m", "run_id": "r" * 32,
                    "tags": {"a": "b"}, "description": None,
                },
            ),
            ("model_version_tag.set", {"name": "m", "version": "1", "key": "stage", "value": "test"}),
            ("model_version_tag.deleted", {"name": "m", "version": "1", "key": "a"}),
            ("model_version_alias.created", {"name": "m", "alias": "champion", "version": "1"}),
            ("model_version_alias.deleted", {"name": "m", "alias": "champion"}),
        ]  # fmt: skip
        assert {body["workspace"] for body, _, _ in listener.posts} == {"default"}

    def test_of_prompts(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        hook(people.admin)
        mark: dict[str, Any] = {"tag__mlflow.prompt.is_prompt": "true", "tag___mlflow_prompt_type": "text"}
        prompt = put(local, "model", "p", tag__lang="en", **mark)
        text: dict[str, Any] = {"tag__mlflow.prompt.text": "Hello {{name}}"}
        version = put(local, "model_version", "p/1", prompt, version=1, **text, **mark)
        change(local, prompt, "model", tag__lang="de", alias__live=1)
        change(local, version, "model_version", tag__ok="yes")
        change(local, version, "model_version", tag__ok=None)
        change(local, prompt, "model", tag__lang=None, alias__live=None)
        deliver(8)
        assert listener.told == [
            ("prompt.created", {"name": "p", "tags": {"lang": "en"}, "description": ""}),
            (
                "prompt_version.created",
                {"name": "p", "version": "1", "template": "Hello {{name}}", "tags": {}, "description": None},
            ),
            ("prompt_tag.set", {"name": "p", "key": "lang", "value": "de"}),
            ("prompt_alias.created", {"name": "p", "alias": "live", "version": "1"}),
            ("prompt_version_tag.set", {"name": "p", "version": "1", "key": "ok", "value": "yes"}),
            ("prompt_version_tag.deleted", {"name": "p", "version": "1", "key": "ok"}),
            ("prompt_tag.deleted", {"name": "p", "key": "lang"}),
            ("prompt_alias.deleted", {"name": "p", "alias": "live"}),
        ]

    def test_only_of_what_was_asked_for(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        hook(people.admin, "model_version_alias.created")
        model = put(local, "model", "m")
        put(local, "dataset", "d")
        change(local, model, "model", tag__a="b", alias__a=1)
        deliver(1)
        assert [name for name, _ in listener.told] == ["model_version_alias.created"]

    def test_only_of_its_workspace(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        people.admin.post("3/workspaces", name="red")
        hook(people.admin.within("red"), "registered_model.created")
        put(local, "model", "m")
        local.commit(Change([PutEntity(kind="model", namespace="red", name="mine", unique=True)]))
        deliver(1)
        assert [(body["workspace"], body["data"]["name"]) for body, _, _ in listener.posts] == [
            ("red", "mine")
        ]

    def test_as_it_was_then(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        hook(people.admin, "registered_model.created")
        model = put(local, "model", "m", tag__a="1")
        gone = put(local, "model", "gone")
        change(local, model, "model", tag__a="2")
        local.commit(Change([PutEntity(ById(model), kind="model", name="renamed", unique=True)]))
        local.commit(Change([Remove(ById(gone), hard=True)]))
        deliver(1)
        assert listener.told == [
            ("registered_model.created", {"name": "m", "tags": {"a": "1"}, "description": ""})
        ]

    def test_signed(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        hook(people.admin, "registered_model.created", secret="s3cret")
        hook(people.admin, "registered_model.created")
        put(local, "model", "größer")
        deliver(2)
        signed = [(headers, body) for _, headers, body in listener.posts if "X-MLflow-Signature" in headers]
        ((headers, body),) = signed
        assert verify("s3cret", headers, body)
        assert not verify("other", headers, body)
        assert not verify("s3cret", headers, body + b" ")
        assert headers["Content-Type"] == "application/json"

    def test_a_repeated_one_has_the_same_id(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr("lineal.catalog.webhooks.PAUSES", (0,))
        hook(people.admin, "model_version_tag.set")
        model = put(local, "model", "m")
        version = put(local, "model_version", "m/1", model, version=1)
        listener.outcomes = [Outcome(200, ""), Outcome(500, "answered with status 500")]
        change(local, version, "model_version", tag__a="1", tag__b="2")
        deliver(4)
        ids = [headers["X-MLflow-Delivery-Id"] for _, headers, _ in listener.posts]
        assert ids[:2] == ids[2:]
        assert len(set(ids)) == 2

    def test_not_while_it_is_disabled(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        number = hook(people.admin, "registered_model.created", status="DISABLED")["webhook_id"]
        put(local, "model", "before")
        people.admin.patch(f"webhooks/{number}", status="ACTIVE")
        put(local, "model", "after")
        deliver(1)
        assert [data["name"] for _, data in listener.told] == ["after"]

    def test_of_what_has_no_model(
        self, people: People, local: Session, listener: Listener, deliver: Callable[[int], None]
    ) -> None:
        hook(people.admin)
        put(local, "model_version", "alone", tag__a="b")
        local.commit(Change([PutEntity(kind="model", name="m", external=[External("other", "1")])]))
        deliver(1)
        assert [data["name"] for _, data in listener.told] == ["m"]


class TestTrying:
    def test_with_an_example(self, people: People, listener: Listener) -> None:
        number = hook(people.admin, "prompt.created", "prompt_tag.set", secret="s")["webhook_id"]
        tried = people.admin.post(f"webhooks/{number}/test")["result"]
        assert tried == {"success": True, "response_status": 200, "response_body": "thank you"}
        people.admin.post(f"webhooks/{number}/test", event=event("model_version.created"))
        assert [name for name, _ in listener.told] == ["prompt.created", "model_version.created"]
        _, headers, body = listener.posts[0]
        assert verify("s", headers, body)

    def test_failures_are_told(self, people: People, listener: Listener) -> None:
        number = hook(people.admin)["webhook_id"]
        listener.outcomes = [Outcome(503, "answered with status 503", "busy"), Outcome(0, "no route")]
        tried = people.admin.post(f"webhooks/{number}/test")["result"]
        assert (tried["success"], tried["response_status"], tried["response_body"]) == (False, 503, "busy")
        tried = people.admin.post(f"webhooks/{number}/test")["result"]
        assert tried == {"success": False, "error_message": "Failed to test webhook: no route"}
        assert people.admin.refused("POST", "webhooks/99/test") == MISSING
        asked = {"event": {"entity": "PROMPT", "action": "SET"}}
        assert people.admin.refused("POST", f"webhooks/{number}/test", **asked) == INVALID

    def test_through_the_native_door(self, people: People, listener: Listener) -> None:
        number = hook(people.admin, "prompt.created")["webhook_id"]
        assert people.admin.post(f"/api/v1/webhooks/{number}/test")["status"] == "delivered"
        assert [name for name, _ in listener.told] == ["prompt.created"]


@pytest.mark.parametrize("name", EVERYTHING)
def test_an_example_of_each_event_has_what_a_real_one_has(name: str) -> None:
    entity, _, action = name.partition(".")
    fields = {
        "created": {"name", "tags", "description"}, "set": {"name", "key", "value"}, "deleted": {"name", "key"},
        "exceeded": {"name"},
    }[action]  # fmt: skip
    if entity.endswith("alias"):
        fields = {"name", "alias"} | ({"version"} if action == "created" else set())
    elif "version" in entity:
        fields = fields | {"version"}
    fields = fields | {"model_version": {"source", "run_id"}, "prompt_version": {"template"}}.get(
        entity, set()
    )
    assert example(entity, action).data.keys() == fields
