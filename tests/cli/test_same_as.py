from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Lineal

from lineal import Client

FIELDS = {"fields": [{"name": each} for each in ("id", "day", "amount")]}


def test_pairs_are_listed_and_decided_about(lineal: Lineal, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Client(folder) as client:
        table = client.put("dataset", "shop.public.daily", namespace="postgres://db:5432")
        file = client.put("dataset", "raw/Daily.csv", namespace="s3://lake")
        for each in (table, file):
            client.describe(each, "schema", FIELDS)
        low, high = sorted(client.get(each).id for each in (table, file))

    def listed(state: str = "proposed") -> list[tuple[int, int]]:
        found = lineal("same-as", "list", "--state", state, "--data", folder, "--json").json
        return [(each["first"], each["second"]) for each in found["pairs"]]

    told = lineal("same-as", "list", "--data", folder)
    assert told.status == 0 and "schema: daily" in told.out and "raw/Daily.csv" in told.out
    for verb, state in (("accept", "accepted"), ("refuse", "refused"), ("undo", "proposed")):
        done = lineal("same-as", verb, "shop.public.daily", "raw/Daily.csv", "--data", folder)
        assert done.status == 0, done.err
        assert listed(state) == [(low, high)]
    wrong = lineal("same-as", "accept", str(low), str(low), "--data", folder)
    assert wrong.status != 0 and "one entity" in wrong.err
    assert lineal("same-as", "list", "--state", "maybe", "--data", folder).status != 0
