"""What ML Metadata's own library wrote is the same through Lineal, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.connect.mlmd.conftest import Library, Served, no_bar, only, outcomes, serving, take

from lineal import Client
from lineal.connect.mlmd.lineal_source import LinealSource
from lineal.connect.mlmd.move import move
from lineal.connect.mlmd.sqlite_target import new_file
from lineal.graph.errors import Invalid, LinealError
from lineal.graph.model import ByExternal

COUNTS = {
    "types": 14,
    "artifacts": 60,
    "executions": 30,
    "contexts": 4,
    "events": 89,
    "members": 209,
    "parents": 3,
}


@pytest.fixture
def database(library: Library, tmp_path: Path) -> str:
    """A database that the library filled, as a URL."""
    library.fill(f"sqlite:{tmp_path}/mlmd.db")
    return f"sqlite:///{tmp_path}/mlmd.db"


def test_all_is_as_it_was_and_comes_once(
    database: str, library: Library, server: Served, tmp_path: Path
) -> None:
    client = Client(server.url)
    first = take(database, client)
    assert {what: counted["new"] for what, counted in outcomes(first).items()} | {"types": 14} == COUNTS
    original = library.tell(f"sqlite:{tmp_path}/mlmd.db")
    assert library.tell(f"grpc:{server.grpc_port}") == original
    assert only(take(database, client), "same") == []
    assert client.get("mlmd.artifact.id:1").name == "table 0"
    up = {each.name for each in client.lineage("mlmd.artifact:x-4", direction="up").nodes}
    assert {"step 3", "table 3", "table 0"} <= up
    with new_file(str(tmp_path / "out.db")) as target:
        move(LinealSource(client), target, no_bar)
    assert library.tell(f"sqlite:{tmp_path}/out.db") == original
    seen = library.tell(f"grpc:{server.grpc_port}", "ids")
    assert library.tell(f"sqlite:{tmp_path}/out.db", "ids") == seen


def test_what_is_new_comes_later(database: str, library: Library, tmp_path: Path) -> None:
    place = f"sqlite:{tmp_path}/mlmd.db"
    with serving(tmp_path / "data") as server:
        client = Client(server.url)
        take(database, client)
        library.fill(place, "more")
        told = outcomes(take(database, client))
        assert told["artifacts"] == {"same": 59, "changed": 1}
        assert told["executions"] == {"same": 30, "new": 1}
        assert told["events"] == {"same": 89, "new": 1}
        assert told["members"] == {"same": 209, "new": 1}
        assert library.tell(f"grpc:{server.grpc_port}") == library.tell(place)


def test_a_move_that_was_killed_goes_on(
    database: str, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineal.connect.writing.HEAVIEST", 500)
    with serving(tmp_path / "data") as server:
        client = Client(server.url)
        commit = client.commit
        for after in (3, 10, 25):
            left = iter(range(after))
            monkeypatch.setattr(client, "commit", lambda *given, left=left: (next(left), commit(*given))[1])
            with pytest.raises(StopIteration):
                take(database, client)
        monkeypatch.setattr(client, "commit", commit)
        assert take(database, client).complete
        assert library.tell(f"grpc:{server.grpc_port}") == library.tell(f"sqlite:{tmp_path}/mlmd.db")


def test_what_was_changed_here_stays(database: str, local: Client) -> None:
    take(database, local)
    (ref,) = [ByExternal("mlmd.artifact.id", "1")]
    local.put("artifact.Table@v1", "table 0", properties={"custom.note": "mine"})
    report = take(database, local)
    assert outcomes(report)["artifacts"] == {"same": 59, "kept": 1}
    assert "changed here" in report.problems[0].why
    assert local.get(ref).properties["custom.note"] == "mine"


def test_two_stores_are_not_mixed_up(database: str, library: Library, local: Client, tmp_path: Path) -> None:
    take(database, local)
    other = tmp_path / "other.db"
    library.fill(f"sqlite:{tmp_path}/mlmd.db", "more")
    library.fill(f"sqlite:{other}")
    with pytest.raises(LinealError, match="--name"):
        raise_for_another(local, f"sqlite:///{other}")
    report = take(f"sqlite:///{other}", local, name="second")
    # Named nodes of the same type are the same nodes; those without a name come beside the others.
    assert outcomes(report)["artifacts"] == {"kept": 29, "new": 31}
    # Steps began at other times.
    assert only(take(f"sqlite:///{other}", local, name="second"), "same") == ["executions"]
    take(database, local, namespace="team-a")
    assert local.get("mlmd.artifact.id@team-a:1").namespace == "team-a"


def raise_for_another(client: Client, where: str) -> None:
    """Import a store whose first artifact has another name."""
    import sqlite3

    with sqlite3.connect(where.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE Artifact SET name = 'another', external_id = NULL WHERE id = 1")
    connection.close()
    take(where, client)


@pytest.mark.parametrize("where", ["mlruns", "http://localhost", "sqlite:///nothing.db"])
def test_what_is_no_store_is_refused(where: str, local: Client) -> None:
    with pytest.raises(Invalid):
        take(where, local)


def test_another_database_is_refused(tmp_path: Path, local: Client) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(Invalid, match="no database of ML Metadata"):
        take(f"sqlite:///{tmp_path}/empty.db", local)


def test_an_export_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "there.db").touch()
    with pytest.raises(Invalid, match="already"), new_file(f"sqlite:///{tmp_path}/there.db"):
        pass


def test_an_export_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_file(str(tmp_path / "out.db")):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
