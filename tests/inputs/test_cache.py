"""The cache gives back what was kept, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from archlint.inputs import cache as module
from archlint.inputs.cache import FactCache, SystemCache, bundle_digest, default_directory


def kept(root: Path, directory: Path) -> FactCache:
    cache = FactCache(root, directory)
    cache.put("a.py", "1", b"first")
    cache.put("b.py", "2", b"second")
    cache.save()
    return FactCache(root, directory)


def get(cache: FactCache, path: str, digest: str) -> bytes | None:
    blob = cache.get(path, digest)
    return None if blob is None else bytes(blob)


def test_facts_are_found_by_path_and_content(tmp_path: Path) -> None:
    cache = kept(tmp_path, tmp_path / "c")
    assert get(cache, "a.py", "1") == b"first"
    assert get(cache, "b.py", "2") == b"second"
    assert get(cache, "a.py", "2") is None
    assert get(cache, "c.py", "1") is None


def test_another_workspace_has_a_cache_of_its_own(tmp_path: Path) -> None:
    kept(tmp_path, tmp_path / "c")
    assert get(FactCache(tmp_path / "other", tmp_path / "c"), "a.py", "1") is None


def test_every_damage_is_a_miss(tmp_path: Path) -> None:
    kept(tmp_path, tmp_path / "c")
    (file,) = (tmp_path / "c").iterdir()
    whole = file.read_bytes()
    for position in range(len(whole)):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        damaged = FactCache(tmp_path, tmp_path / "c")
        assert get(damaged, "a.py", "1") in (None, b"first")
        file.write_bytes(whole[:position])
        assert get(FactCache(tmp_path, tmp_path / "c"), "b.py", "2") is None


def test_other_code_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path, tmp_path / "c")
    monkeypatch.setattr(module, "facts_version", lambda: bytes(16))
    assert get(FactCache(tmp_path, tmp_path / "c"), "a.py", "1") is None


def test_a_run_that_brings_nothing_new_writes_nothing(tmp_path: Path) -> None:
    cache = kept(tmp_path, tmp_path / "c")
    (file,) = (tmp_path / "c").iterdir()
    file.unlink()
    get(cache, "a.py", "1")
    cache.save()
    assert list((tmp_path / "c").iterdir()) == []


def test_old_entries_stay_only_while_they_are_the_smaller_part(tmp_path: Path) -> None:
    cache = kept(tmp_path, tmp_path / "c")
    cache.put("a.py", "3", b"123456")  # leaves room for `second`, or for `first`, but not for both
    cache.save()
    again = FactCache(tmp_path, tmp_path / "c")
    assert get(again, "a.py", "3") == b"123456"
    assert [get(again, "a.py", "1"), get(again, "b.py", "2")] == [b"first", None]


def test_without_a_directory_nothing_is_kept(tmp_path: Path) -> None:
    cache = FactCache(tmp_path, None)
    cache.put("a.py", "1", b"x")
    cache.save()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = FactCache(tmp_path, tmp_path / "file" / "c")
    cache.put("a.py", "1", b"x")
    cache.save()


def test_the_directory_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setenv("ARCHLINT_CACHE_DIR", "/y")
    assert default_directory() == Path("/y")
    monkeypatch.delenv("ARCHLINT_CACHE_DIR")
    assert default_directory() == Path("/x/archlint")


def test_a_bundle_changes_with_any_of_its_files() -> None:
    one = bundle_digest([("a.proto", "1"), ("b.proto", "2")])
    assert one != bundle_digest([("a.proto", "1"), ("b.proto", "3")])
    assert one != bundle_digest([("a.proto", "1")])


def test_the_system_is_found_for_its_very_state_and_only_the_last_one(tmp_path: Path) -> None:
    def cache(state: bytes) -> SystemCache:
        return SystemCache(tmp_path, tmp_path / "c", lambda: state)

    cache(b"first").put(b"system")
    assert bytes(cache(b"first").get() or b"") == b"system"
    assert cache(b"second").get() is None
    cache(b"second").put(b"other")
    assert cache(b"first").get() is None
    assert SystemCache(tmp_path / "other", tmp_path / "c", lambda: b"second").get() is None


def test_every_damage_to_a_kept_system_is_a_miss(tmp_path: Path) -> None:
    SystemCache(tmp_path, tmp_path / "c", lambda: b"state").put(b"system")
    (file,) = (tmp_path / "c").iterdir()
    whole = file.read_bytes()
    for position in range(len(whole)):
        for damaged in (whole[:position], whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :]):
            file.write_bytes(damaged)
            assert SystemCache(tmp_path, tmp_path / "c", lambda: b"state").get() is None


def test_without_a_directory_no_state_is_asked_for(tmp_path: Path) -> None:
    cache = SystemCache(tmp_path, None, lambda: pytest.fail("nobody needs it"))
    cache.put(b"system")
    assert cache.get() is None


def test_what_nobody_used_for_a_month_is_removed_with_the_next_write(tmp_path: Path) -> None:
    def old(path: Path, days: int) -> Path:
        os.utime(path, (time.time() - days * 86_400,) * 2)
        return path

    kept(tmp_path / "gone", tmp_path / "c")
    (gone,) = (tmp_path / "c").iterdir()
    kept(tmp_path / "here", tmp_path / "c")
    (here,) = set((tmp_path / "c").iterdir()) - {gone}
    strange = tmp_path / "c" / "notes.txt"
    strange.touch()
    old(gone, 31), old(here, 31), old(strange, 31)
    assert get(FactCache(tmp_path / "here", tmp_path / "c"), "a.py", "1") == b"first"  # used again
    kept(tmp_path / "new", tmp_path / "c")
    assert not gone.exists()
    assert here.exists()
    assert strange.exists()
