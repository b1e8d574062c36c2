"""The walk over a workspace: what is taken, what is left out and why, and what becomes a gap."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from archlint.config import Config
from archlint.core.source import Kind
from archlint.inputs import Workspace, below_root, discover, find_root


def lay_out(root: Path, files: dict[str, str | bytes]) -> None:
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def paths(found: Workspace) -> list[str]:
    return [file.path for file in found.files]


def test_the_root_is_the_nearest_directory_with_a_configuration(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a/archlint.yaml": "", "a/b/.git/HEAD": "", "a/b/c/x.py": ""})
    assert find_root((Path("a/b/c"),), tmp_path) == tmp_path / "a"


def test_without_configuration_the_root_is_that_of_git(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a/.git/HEAD": "", "a/b/c/x.py": ""})
    assert find_root((Path("a/b/c/x.py"),), tmp_path) == tmp_path / "a"


def test_without_either_the_root_is_the_common_ancestor(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a/b/x.py": "", "a/c/y.py": ""})
    assert find_root((Path("a/b/x.py"), Path("a/c")), tmp_path) == tmp_path / "a"
    assert find_root((Path("a/b/x.py"),), tmp_path) == tmp_path / "a/b"
    assert find_root((), tmp_path / "a") == tmp_path / "a"


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_root((Path("nowhere"),), tmp_path)


def test_paths_are_given_as_findings_write_them(tmp_path: Path) -> None:
    assert below_root((Path("b"), Path("c/d.py")), tmp_path / "a", tmp_path) == ("a/b", "a/c/d.py")
    assert below_root((Path(),), tmp_path, tmp_path) == ()


def test_files_come_sorted_with_kind_and_digest(tmp_path: Path) -> None:
    lay_out(tmp_path, {"b.py": "x = 1\n", "a/z.py": "x = 1\n", "a.go": "package a", "photo.png": b"\x89PNG"})
    found = discover(tmp_path, Config())
    assert [(file.path, file.kind) for file in found.files] == [
        ("a.go", Kind.OTHER_SOURCE),
        ("a/z.py", Kind.PYTHON),
        ("b.py", Kind.PYTHON),
    ]
    assert found.files[1].digest == found.files[2].digest
    assert found.left_out == {"of no kind that archlint knows": 1}


def test_gitignore_files_hold_for_their_own_directory_and_the_deeper_one_wins(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        {
            ".gitignore": "*.gen.py\n/build\nlogs/\n# comment\nsub/dir/*.py\n",
            "a.gen.py": "",
            "build/x.py": "",
            "src/build/x.py": "",
            "src/logs/x.py": "",
            "src/.gitignore": "!keep.gen.py\n/local.py\n",
            "src/keep.gen.py": "",
            "src/local.py": "",
            "src/deep/local.py": "",
            "sub/dir/x.py": "",
            "sub/dir/more/x.py": "",
        },
    )
    assert paths(discover(tmp_path, Config())) == [
        "src/build/x.py",
        "src/deep/local.py",
        "src/keep.gen.py",
        "sub/dir/more/x.py",
    ]


def test_the_private_list_of_the_repository_holds_too(tmp_path: Path) -> None:
    lay_out(tmp_path, {".git/info/exclude": "scratch.py\n", "scratch.py": "", "app.py": ""})
    assert paths(discover(tmp_path, Config())) == ["app.py"]


def test_patterns_above_the_root_hold_up_to_the_repository(tmp_path: Path) -> None:
    lay_out(tmp_path, {".git/HEAD": "", ".gitignore": "/shop/old/\n*.tmp.py\n", "shop/archlint.yaml": ""})
    lay_out(tmp_path, {"shop/old/x.py": "", "shop/a.tmp.py": "", "shop/app.py": ""})
    assert paths(discover(tmp_path / "shop", Config())) == ["app.py"]


@pytest.mark.parametrize("version", [2, 3, 4])
def test_what_is_committed_counts_even_if_a_pattern_matches_it(tmp_path: Path, version: int) -> None:
    lay_out(tmp_path, {".gitignore": "kustomize\nlocal.py\n", "kustomize/base/x.py": "", "local.py": "", "app.py": ""})
    lay_out(tmp_path, {".git/index": index_of(version, ["app.py", "kustomize/base/x.py"])})
    assert paths(discover(tmp_path, Config())) == ["app.py", "kustomize/base/x.py"]


def index_of(version: int, names: list[str]) -> bytes:
    """A git index file with those paths (gitformat-index)."""
    data = struct.pack(">4sII", b"DIRC", version, len(names))
    previous = ""
    for name in names:
        flags = 0x4000 if version == 3 else 0
        entry = bytes(60) + struct.pack(">H", flags) + (b"\0\0" if flags else b"")
        if version == 4:
            common = len(os.path.commonprefix([previous, name]))  # noqa: RUF071 (by character is what is wanted)
            data += entry + bytes([len(previous) - common]) + name[common:].encode() + b"\0"
        else:
            entry += name.encode()
            data += entry + bytes(8 - len(entry) % 8)
        previous = name
    return data


def test_a_broken_index_tracks_nothing(tmp_path: Path) -> None:
    lay_out(tmp_path, {".gitignore": "local.py\n", "local.py": "", ".git/index": b"DIRC\0\0\0\x02\0\0\0\x09garbage"})
    assert paths(discover(tmp_path, Config())) == []


def test_exclude_of_the_configuration_are_gitignore_patterns(tmp_path: Path) -> None:
    lay_out(tmp_path, {"legacy/x.py": "", "src/legacy/x.py": "", "src/a.py": "", "src/a_old.py": ""})
    found = discover(tmp_path, Config(exclude=("/legacy/", "*_old.py")))
    assert paths(found) == ["src/a.py", "src/legacy/x.py"]
    assert found.left_out == {"excluded by archlint.yaml": 2}


def test_folders_of_dependencies_are_not_walked(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        {
            "src/env/pyvenv.cfg": "",
            "src/env/lib/x.py": "",
            "stock/pyvenv.cfg": "",
            "stock/Scripts/x.py": "",
            "stock/lib/x.py": "",
            "stock/main.py": "",
            "node_modules/a/x.py": "",
            "go/go.mod": "",
            "go/vendor/x.py": "",
            "vendor/app.py": "",
            "lib/site-packages/x.py": "",
        },
    )
    found = discover(tmp_path, Config())
    assert paths(found) == ["stock/main.py", "vendor/app.py"]
    assert found.left_out["folders of dependencies"] == 6


def test_binary_generated_and_lock_files_are_counted(tmp_path: Path) -> None:
    lay_out(tmp_path, {"demo_pb2.py": "", "poetry.lock": "", "data.json": b"{\0}", "app.min.js": ""})
    lay_out(tmp_path, {"wide.yaml": "a: 1".encode("utf-16")})
    found = discover(tmp_path, Config())
    assert paths(found) == ["wide.yaml"]
    assert found.left_out == {"binary": 1, "generated": 2, "lock files": 1}


def test_large_input_is_a_gap_and_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as out:
        out.write(b"apiVersion: v1\nkind: ConfigMap\n" + b"# padding\n" * 1000)
        out.truncate(50_000_000)
    lay_out(tmp_path, {"app.py": "", "dump.sql": b"-- x\n" * 500_000, "big.py": b"#\n" * 1_000_001})
    found = discover(tmp_path, Config())
    assert paths(found) == ["app.py"]
    assert [(gap.at.path, gap.kind) for gap in found.gaps] == [("big.py", "too-large"), ("huge.yaml", "too-large")]
    assert found.gaps[1].reason == (
        "Kubernetes of 50.0 MB, and files over 5 MB are not read; split it, or name it under exclude: in archlint.yaml"
    )
    assert found.left_out == {"too large": 1}


def test_links_are_not_followed_and_loops_are_gaps(tmp_path: Path) -> None:
    root = tmp_path / "root"
    lay_out(root, {"src/app.py": ""})
    lay_out(tmp_path, {"outside/secret.py": ""})
    (root / "src/parent").symlink_to("..")
    (root / "self").symlink_to("self")
    (root / "copy.py").symlink_to("src/app.py")
    (root / "lib").symlink_to("src")
    (root / "away").symlink_to(tmp_path / "outside")
    (root / "broken").symlink_to("nowhere")
    found = discover(root, Config())
    assert paths(found) == ["src/app.py"]
    assert [(gap.at.path, gap.kind) for gap in found.gaps] == [("self", "symlink"), ("src/parent", "symlink")]
    assert found.left_out == {
        "broken symbolic links": 1,
        "symbolic links that leave the root": 1,
        "symbolic links to other files of the workspace": 2,
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_gap(tmp_path: Path) -> None:
    lay_out(tmp_path, {"app.py": "", "closed/x.py": ""})
    (tmp_path / "app.py").chmod(0)
    (tmp_path / "closed").chmod(0)
    try:
        found = discover(tmp_path, Config())
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert [(gap.at.path, gap.kind) for gap in found.gaps] == [("app.py", "unreadable"), ("closed", "unreadable")]


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wait.yaml")
    assert discover(tmp_path, Config()).left_out == {"devices, sockets and pipes": 1}


def test_deep_trees_are_walked_without_recursion(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "x.py").write_text("")
    assert len(discover(tmp_path, Config()).files) == 1


def test_texts_for_excerpts_replace_what_cannot_be_decoded(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a.yaml": b"a: \xe9\n", "b.py": "x = 1\n"})
    assert discover(tmp_path, Config()).texts(["a.yaml", "b.py", "gone.py"]) == {"a.yaml": "a: �\n", "b.py": "x = 1\n"}


def test_a_name_that_is_no_text_is_a_gap_and_no_crash(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py")).write_text("x = 1\n")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    workspace = discover(tmp_path, Config())
    assert workspace.files == ()
    assert [(gap.at.path, gap.kind, gap.reason) for gap in workspace.gaps] == [
        ("caf?.py", "unreadable", "its name is not UTF-8; rename it")
    ]


def test_a_manifest_in_utf_16_is_a_manifest(tmp_path: Path) -> None:
    manifest = "apiVersion: v1\nkind: Service\nmetadata:\n  name: orders\n"
    lay_out(
        tmp_path, {"little.yaml": manifest.encode("utf-16"), "big.yaml": b"\xfe\xff" + manifest.encode("utf-16-be")}
    )
    assert [file.kind for file in discover(tmp_path, Config()).files] == [Kind.KUBERNETES, Kind.KUBERNETES]
