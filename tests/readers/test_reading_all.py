"""Reading a whole workspace: errors become gaps; workers and cache change nothing but the time it takes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest

from archlint import readers
from archlint.core.facts import AnyFact, Gap
from archlint.core.facts.documents import ConfigValue, OtherSource
from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span, start_of
from archlint.readers import parallel
from archlint.readers.parallel import read_all


class Memory:
    """A cache in memory."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], bytes] = {}

    def get(self, path: str, digest: str) -> bytes | None:
        return self.entries.get((path, digest))

    def put(self, path: str, digest: str, facts: bytes) -> None:
        self.entries[path, digest] = facts


class FakeReader:
    """A reader that does what the file's text says."""

    def read(self, file: SourceFile) -> Iterator[AnyFact]:
        text = file.data.decode()
        if text == "die":
            os._exit(1)
        if text.startswith("raise "):
            raise {"recursion": RecursionError(), "memory": MemoryError(), "bug": KeyError("x\ny")}[text[6:]]
        yield ConfigValue(start_of(file.path), "text", text, "yaml")

    def read_together(self, files: list[SourceFile]) -> dict[str, list[AnyFact]]:
        return {file.path: [ConfigValue(start_of(file.path), "count", len(files), "yaml")] for file in files}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_module", lambda kind: FakeReader())


def source(path: str, text: str, kind: Kind = Kind.CONFIGURATION) -> SourceFile:
    data = text.encode()
    return SourceFile(path, kind, data, hashlib.blake2b(data, digest_size=16).hexdigest())


def digest(files: object) -> str:
    return hashlib.blake2b(repr(files).encode(), digest_size=16).hexdigest()


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        ("recursion", "nesting", "it is nested too deeply to be read; simplify or exclude the file"),
        ("memory", "nesting", "it is nested too deeply to be read; simplify or exclude the file"),
        (
            "bug",
            "reader",
            "the configuration reader failed (KeyError: 'x\\ny'); exclude the file, and report this",
        ),
    ],
)
def test_an_error_of_a_reader_is_a_gap(fake: None, error: str, kind: str, reason: str) -> None:
    assert readers.read(source("a.yaml", f"raise {error}")) == [Gap(start_of("a.yaml"), kind, reason)]


def test_an_encoding_error_is_a_gap_on_its_line() -> None:
    file = SourceFile("a.yaml", Kind.CONFIGURATION, b"a: 1\nb: \xe9\n", "")
    with pytest.raises(UnicodeDecodeError) as caught:
        file.data.decode()
    gap = readers.gap_of(file, caught.value)
    assert gap == Gap(Span("a.yaml", 2, 1, 2, 1), "encoding", "byte 0xe9 is no utf-8; save the file as UTF-8")


def test_facts_come_in_the_order_of_the_files_whatever_the_number_of_workers(fake: None) -> None:
    files = [source(f"{number:04}.yaml", "x" * (number % 7)) for number in range(300)]
    alone = read_all(files, Memory(), digest, jobs=1)
    assert [fact.at.path for fact in alone.facts] == [file.path for file in files]
    assert read_all(files, Memory(), digest, jobs=2) == alone
    assert read_all(files, Memory(), digest, jobs=3) == alone


def test_what_is_cached_is_not_read_again(fake: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Memory()
    files = [source("a.yaml", "one"), source("b.yaml", "two")]
    first = read_all(files, cache, digest, jobs=1)
    monkeypatch.setattr(parallel, "read", lambda file: pytest.fail("read again"))
    second = read_all(files, cache, digest, jobs=1)
    assert second.facts == first.facts
    assert (first.cached, second.cached) == (0, 2)


def test_a_damaged_entry_is_read_again(fake: None) -> None:
    cache = Memory()
    file = source("a.yaml", "one")
    first = read_all([file], cache, digest, jobs=1)
    for damage in (b"", b"\x00", b"\x91\x92\xa1x\x01", cache.entries["a.yaml", file.digest][:-2]):
        cache.entries["a.yaml", file.digest] = damage
        assert read_all([file], cache, digest, jobs=1).facts == first.facts


def test_files_read_together_are_read_again_when_one_of_them_changes(fake: None) -> None:
    cache = Memory()
    protos = [source("a.proto", "1", Kind.PROTO), source("b.proto", "2", Kind.PROTO)]
    assert [fact.value for fact in read_all(protos, cache, digest).facts] == [2, 2]
    assert read_all(protos, cache, digest).cached == 2
    protos.append(source("c.proto", "3", Kind.PROTO))
    after = read_all(protos, cache, digest)
    assert ([fact.value for fact in after.facts], after.cached) == ([3, 3, 3], 0)


def test_a_file_that_ends_the_process_is_a_gap_and_the_others_are_read(fake: None) -> None:
    files = [source(f"{number:04}.yaml", "x") for number in range(250)]
    files[7] = source("0007.yaml", "die")
    facts = read_all(files, Memory(), digest, jobs=2).facts
    assert [fact.at.path for fact in facts] == [file.path for file in files]
    gaps = [fact for fact in facts if isinstance(fact, Gap)]
    assert [(gap.at.path, gap.kind) for gap in gaps] == [("0007.yaml", "crash")]


def test_kinds_without_a_reader_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(readers.READERS, Kind.SQL, "archlint.readers.no_such_module")
    reading = read_all([source("a.go", "", Kind.OTHER_SOURCE), source("a.sql", "", Kind.SQL)], Memory(), digest)
    assert (reading.read, reading.unread) == ({"source in other languages": 1}, {"SQL": 1})
    assert reading.facts == (OtherSource(start_of("a.go"), "Go"),)


def test_progress_is_told_and_ends_at_the_whole(fake: None) -> None:
    told: list[tuple[str, int, int]] = []
    files = [source(f"{number}.yaml", "") for number in range(20)]
    read_all(files, Memory(), digest, 1, lambda *step: told.append(step))
    assert told == [("reading", 16, 20), ("reading", 20, 20)]
