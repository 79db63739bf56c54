"""Nothing is read but what lies below a folder that the user named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lineal.connect.mlflow.copying import put_file, sizes
from lineal.connect.mlflow.files import Roots, Tree, is_plain, normal
from lineal.graph.errors import Invalid


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a file, beside a folder with a secret to which links lead."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("secret")
    (tmp_path / "root" / "1").mkdir(parents=True)
    (tmp_path / "root" / "1" / "a.txt").write_text("a")
    (tmp_path / "rootless").mkdir()
    os.symlink(tmp_path / "secrets", tmp_path / "root" / "out")
    os.symlink(tmp_path / "secrets" / "key", tmp_path / "root" / "1" / "key")
    os.symlink(tmp_path / "root" / "1", tmp_path / "root" / "in")
    os.symlink(tmp_path / "root", tmp_path / "root" / "1" / "around")
    return tmp_path / "root"


def test_a_tree_is_never_left(root: Path) -> None:
    tree = Tree(root)
    assert dict(tree.files()) == {"1/a.txt": 1, "in/a.txt": 1}
    assert tree.folders() == ["1", "in"]
    assert tree.text("1", "key") is None
    assert tree.text("..", "secrets", "key") is None
    assert tree.text("/etc/passwd") is None
    assert tree.below("out") is None
    assert tree.texts("1") == {"a.txt": "a"}


def test_a_text_has_a_largest_size(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineal.connect.mlflow.files.LARGEST_TEXT", 0)
    with pytest.raises(Invalid, match="too large"):
        Tree(root).text("1", "a.txt")


@pytest.mark.parametrize(
    "location",
    [
        "{root}/1",
        "file://{root}/1",
        "file:{root}/1",
        "{root}/2/../1",
        "mlflow-artifacts:/1",
        "mlflow-artifacts://host:1/1",
    ],
)
def test_locations_below_a_root(root: Path, location: str) -> None:
    folder = Roots([str(root)]).folder(location.format(root=root))
    assert folder is not None
    assert dict(folder.files()) == {"a.txt": 1}
    with folder.local("a.txt") as file:
        assert file.read_text() == "a"


@pytest.mark.parametrize(
    "location",
    [
        "{root}/../secrets", "file://{root}/../secrets", "{root}less", "/etc", "file:///etc", "{root}/out",
        "mlflow-artifacts:/../secrets", "mlflow-artifacts:/1/../../secrets", "http://127.0.0.1/x", "s3://bucket/x",
        "file://otherhost{root}/1", "ftp://host/x", "dbfs:/x", "file://{root}/1%2f..%2f..%2fsecrets", "",
    ],
)  # fmt: skip
def test_locations_that_lie_elsewhere(root: Path, location: str) -> None:
    folder = Roots([str(root)]).folder(location.format(root=root))
    assert folder is None or not dict(folder.files())


def test_what_was_never_written_is_an_empty_folder(root: Path) -> None:
    folder = Roots([str(root)]).folder(f"{root}/9/artifacts")
    assert folder is not None
    assert not dict(folder.files())


def test_a_prefix_stands_for_another_place(root: Path) -> None:
    roots = Roots([f"s3://bucket/mlflow={root}", f"/old/home={root}"])
    for location in ("s3://bucket/mlflow/1", "/old/home/1"):
        folder = roots.folder(location)
        assert folder is not None
        assert dict(folder.files()) == {"a.txt": 1}
    assert roots.folder("s3://bucket/mlflow2/1") is None
    assert roots.folder("s3://bucket/mlflow/../other") is None


def test_the_web_is_no_root() -> None:
    with pytest.raises(Invalid, match="no place to copy artifacts from"):
        Roots(["http://127.0.0.1/files"]).folder("http://127.0.0.1/files/x")


def test_an_object_store_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe({"/bucket/1/a.txt": b"a", "/bucket/1/deep/b.txt": b"bb", "/bucket/2/c.txt": b"c"})
    folder = Roots(["memory://bucket"]).folder("memory://bucket/1")
    assert folder is not None
    assert dict(folder.files()) == {"a.txt": 1, "deep/b.txt": 2}
    with folder.local("deep/b.txt") as file:
        assert file.read_bytes() == b"bb"
    assert Roots(["memory://bucket/1"]).folder("memory://bucket/2") is None


def test_forms_of_a_location() -> None:
    assert normal("file:///a/b/../c") == "/a/c"
    assert normal("s3://b/x/../y") == "s3://b/y"
    assert normal("mlflow-artifacts://host:5/x") == "mlflow-artifacts:/x"
    assert [is_plain(each) for each in ("a/b", "../a", "/a", "a/../b", "a\\b", "")] == [True] + [False] * 5


def test_copies_stay_below_their_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    put_file(root, "2/deep/a.txt", tmp_path / "new")
    assert sizes(root, "2") == {"deep/a.txt": 3}
    for path in ("../x", "/x", "out/x", "a/../../x"):
        with pytest.raises(Invalid, match="leads out"):
            put_file(root, path, tmp_path / "new")
    assert [each.name for each in (tmp_path / "secrets").iterdir()] == ["key"]
