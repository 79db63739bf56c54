"""Who may come in, and as whom."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.values import Principal
from lineal.graph.errors import Unauthenticated
from lineal.server.settings import Settings, is_loopback
from lineal.server.signin import Brake, Memory

from .conftest import Caller

ME = "/api/v1/me"


def _basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


class TestOpen:
    """On loopback, before there is an account."""

    @pytest.mark.parametrize(
        "headers", [{}, _basic("anybody", "anything"), _bearer("mlflow"), {"Cookie": "lineal=x"}]
    )
    def test_everybody_is_local(self, call: Caller, headers: dict[str, str]) -> None:
        answer = call("GET", ME, headers=headers)
        assert answer.json() == {"principal": "local", "everything": True, "accounts": False, "admin": True}

    @pytest.mark.parametrize(
        "host", ["localhost:5000", "127.0.0.1:81", "127.0.0.1", "[::1]:5000", "[::1]", "LOCALHOST"]
    )
    def test_under_the_names_of_this_machine(self, call: Caller, host: str) -> None:
        assert call("GET", ME, headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:5000", "localhost.evil.example", "10.0.0.1:5000"]
    )
    def test_no_other_name_may_be_bound_to_it(self, call: Caller, host: str) -> None:
        answer = call("GET", ME, headers={"Host": host})
        assert answer.status_code == 403
        assert "localhost" in answer.json()["error"]["message"]

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8888"])
    def test_pages_from_elsewhere_change_nothing(self, call: Caller, origin: str) -> None:
        answer = call("POST", "/api/v1/changes", json={"operations": []}, headers={"Origin": origin})
        assert answer.status_code == 403
        assert call("GET", ME, headers={"Origin": origin}).status_code == 200

    def test_own_pages_do(self, call: Caller) -> None:
        headers = {"Origin": "http://localhost:5000"}
        assert call("POST", "/api/v1/changes", json={"operations": []}, headers=headers).status_code == 201

    def test_the_first_account_ends_it_at_once(self, call: Caller, ann: str) -> None:
        assert call("GET", ME).status_code == 401
        assert call("GET", ME, headers=_bearer(ann)).json()["principal"] == "ann"

    def test_an_account_of_another_process_ends_it_soon(self, call: Caller, catalog: Catalog) -> None:
        assert call("GET", ME).status_code == 200
        catalog.accounts.add_user(catalog.session(LOCAL, "native"), "ann", "correct horse")
        time.sleep(1.1)
        assert call("GET", ME).status_code == 401


class TestAccounts:
    """With accounts everybody signs in."""

    def test_without_credentials(self, call: Caller, ann: str) -> None:
        answer = call("GET", ME)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthenticated"
        assert answer.headers["www-authenticate"].startswith("Bearer")

    @pytest.mark.parametrize(
        "headers",
        [
            _bearer("wrong"),
            _bearer(""),
            _basic("ann", "wrong"),
            _basic("bob", "correct horse"),
            {"Authorization": "Basic !!!"},
            {"Authorization": "Basic " + b64encode(b"no-colon").decode()},
            {"Authorization": "Digest x"},
            {"Cookie": "lineal=wrong"},
            {"Cookie": "other=x; lineal="},
        ],
    )
    def test_with_wrong_ones(self, call: Caller, ann: str, headers: dict[str, str]) -> None:
        assert call("GET", ME, headers=headers).status_code == 401

    def test_with_right_ones(self, call: Caller, ann: str) -> None:
        cookie = {"Cookie": f"other=x; lineal={ann}"}
        for headers in (_bearer(ann), _basic("ann", "correct horse"), _basic("ann", ann), cookie):
            answer = call("GET", ME, headers=headers)
            assert answer.json() == {"principal": "ann", "everything": False, "accounts": True, "admin": True}

    def test_a_token_goes_only_with_its_owners_name(self, call: Caller, ann: str) -> None:
        assert call("GET", ME, headers=_basic("bob", ann)).status_code == 401

    def test_any_host_name_will_do(self, call: Caller, ann: str) -> None:
        assert call("GET", ME, headers=_bearer(ann) | {"Host": "lineal.example"}).status_code == 200

    def test_what_is_public_stays_public(self, call: Caller, ann: str) -> None:
        for path in ("/health", "/ready", "/api/v1/openapi.json", "/"):
            assert call("GET", path).status_code == 200
        for path in ("/metrics", "/api/v1/counts", "/api/v1/types"):
            assert call("GET", path).status_code == 401

    def test_a_revoked_token_is_refused_at_once(self, call: Caller, ann: str) -> None:
        made = call("POST", "/api/v1/users/ann/tokens", json={"name": "t"}, headers=_bearer(ann)).json()
        assert call("GET", ME, headers=_bearer(made["secret"])).status_code == 200
        assert call("DELETE", f"/api/v1/tokens/{made['id']}", headers=_bearer(ann)).status_code == 204
        assert call("GET", ME, headers=_bearer(made["secret"])).status_code == 401

    def test_an_old_password_is_refused_at_once(self, call: Caller, ann: str) -> None:
        old = _basic("ann", "correct horse")
        assert call("GET", ME, headers=old).status_code == 200
        body = {"password": "battery staple"}
        assert call("PUT", "/api/v1/users/ann/password", json=body, headers=old).status_code == 204
        assert call("GET", ME, headers=old).status_code == 401
        assert call("GET", ME, headers=_basic("ann", "battery staple")).status_code == 200

    def test_guessing_is_slowed(self, call: Caller, ann: str) -> None:
        for _ in range(3):
            assert "no account" in call("GET", ME, headers=_basic("ann", "guess")).json()["error"]["message"]
        answer = call("GET", ME, headers=_basic("ann", "correct horse"))
        assert answer.status_code == 401
        assert "try again in" in answer.json()["error"]["message"]
        assert call("GET", ME, headers=_bearer(ann)).status_code == 200

    def test_a_verified_password_is_not_verified_again(
        self, call: Caller, ann: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert call("GET", ME, headers=_basic("ann", "correct horse")).status_code == 200
        monkeypatch.setattr(catalog.accounts, "verify_password", lambda name, password: None)
        assert call("GET", ME, headers=_basic("ann", "correct horse")).status_code == 200


class TestCookie:
    """Signing in from a browser."""

    def _sign_in(self, call: Caller) -> str:
        answer = call("POST", "/api/v1/sign-in", json={"name": "ann", "password": "correct horse"})
        assert answer.status_code == 200
        header = answer.headers["set-cookie"]
        assert header.startswith(f"lineal={answer.json()['token']};")
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="):
            assert attribute in header
        assert "Secure" not in header
        assert answer.json()["expires"] > time.time() * 1000
        return str(answer.json()["token"])

    def test_round_trip(self, call: Caller, ann: str) -> None:
        cookie = {"Cookie": f"lineal={self._sign_in(call)}"}
        assert call("GET", ME, headers=cookie).json()["principal"] == "ann"
        answer = call("POST", "/api/v1/sign-out", headers=cookie | {"Origin": "http://localhost:5000"})
        assert (answer.status_code, "Max-Age=0" in answer.headers["set-cookie"]) == (204, True)
        assert call("GET", ME, headers=cookie).status_code == 401

    def test_wrong_password(self, call: Caller, ann: str) -> None:
        answer = call("POST", "/api/v1/sign-in", json={"name": "ann", "password": "wrong"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)

    def test_changes_only_from_own_pages(self, call: Caller, ann: str) -> None:
        cookie = {"Cookie": f"lineal={ann}"}
        change = {"operations": []}

        def status(**headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return call("POST", "/api/v1/changes", json=change, headers=cookie | named).status_code

        assert status() == 403
        assert status(Origin="https://evil.example") == 403
        assert status(Sec_Fetch_Site="cross-site") == 403
        assert status(Sec_Fetch_Site="same-origin") == 201
        assert status(Origin="http://localhost:5000") == 201

    def test_signing_out_without_having_signed_in(self, call: Caller, ann: str) -> None:
        assert call("POST", "/api/v1/sign-out").status_code == 204


class TestBrake:
    def test_each_failure_doubles_the_wait(self) -> None:
        now = [0.0]
        brake = Brake(lambda: now[0])
        waits = []
        for _ in range(10):
            brake.failed("ann", "1.2.3.4")
            waits.append(self._wait(brake, now))
        assert waits == [0, 0, 1, 2, 4, 8, 16, 30, 30, 30]

    def _wait(self, brake: Brake, now: list[float]) -> int:
        seconds = 0
        while True:
            try:
                brake.check("ann", "1.2.3.4")
            except Unauthenticated:
                seconds += 1
                now[0] += 1
            else:
                return seconds

    def test_success_and_others_are_free(self) -> None:
        brake = Brake(lambda: 0.0)
        for _ in range(5):
            brake.failed("ann", "1.2.3.4")
        brake.check("ann", "5.6.7.8")
        brake.check("bob", "1.2.3.4")
        with pytest.raises(Unauthenticated):
            brake.check("ann", "1.2.3.4")
        brake.succeeded("ann", "1.2.3.4")
        brake.check("ann", "1.2.3.4")


class TestMemory:
    def test_forgets_in_time_and_never_keeps_credentials(self) -> None:
        now = [0.0]
        memory = Memory(lambda: now[0])
        memory.put(b"Bearer secret", Principal(1, "ann"), 5)
        assert memory.get(b"Bearer secret") == Principal(1, "ann")
        assert "secret" not in repr(vars(memory))
        now[0] = 5.1
        assert memory.get(b"Bearer secret") is None

    def test_is_bounded(self) -> None:
        memory = Memory(lambda: 0.0)
        for number in range(10_000):
            memory.put(str(number).encode(), Principal(number, "x"), 60)
        assert memory.get(b"0") is None
        assert memory.get(b"9999") is not None
        assert len(memory._known) <= 4096


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("localhost", True), ("::1", True), ("[::1]", True),
        ("0.0.0.0", False), ("::", False), ("", False), ("192.168.1.5", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_behind_a_proxy(catalog: Catalog, tmp_path: object) -> None:
    from lineal.server.app import build_app

    app = build_app(catalog, Settings(doors=("native",), public_url="https://lineal.example/"))
    with asyncio.Runner() as runner:
        call = Caller(app, runner)
        headers = {"Origin": "https://lineal.example"}
        assert call("POST", "/api/v1/changes", json={"operations": []}, headers=headers).status_code == 201
        call("POST", "/api/v1/users", json={"name": "ann", "password": "correct horse"})
        answer = call("POST", "/api/v1/sign-in", json={"name": "ann", "password": "correct horse"})
        assert "Secure" in answer.headers["set-cookie"]
        app.close()
