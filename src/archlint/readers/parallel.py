"""Read all files of a workspace: from the cache where it knows them, else here or, for much work, in several processes.

The facts come out in the order of the files, whatever the number of processes and the state of the cache. Workers hand
back encoded facts, which go to the cache as they are, and every fact is decoded from that form, cached or not.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

from archlint.core.facts import AnyFact, Gap
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.readers import TOGETHER, UNCACHED, is_read, read, read_together

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

_MANY_BYTES = 1_000_000
_MANY_FILES = 200
_CHUNKS_A_WORKER = 6

Progress = Callable[[str, int, int], None]
_encode = msgspec.msgpack.Encoder().encode
_inherited: Sequence[SourceFile] = ()


class Cache(Protocol):
    """What reading needs of a cache."""

    def get(self, path: str, digest: str) -> bytes | memoryview | None:
        """The encoded facts, or None."""

    def put(self, path: str, digest: str, facts: bytes) -> None:
        """Keep encoded facts."""


@dataclass(frozen=True)
class Reading:
    """The facts of all files, in the order of the files; ``read`` and ``unread`` count files by kind."""

    facts: tuple[AnyFact, ...]
    read: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    cached: int = 0


def read_all(
    files: Sequence[SourceFile],
    cache: Cache,
    together_digest: Callable[[Sequence[tuple[str, str]]], str],
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Read the files with up to ``jobs`` processes (default: as many as this machine has processors for us)."""
    counted = Counter(file.kind for file in files)
    known = {kind for kind in counted if is_read(kind)}
    files = [file for file in files if file.kind in known]
    bundles = {
        kind: together_digest([(file.path, file.digest) for file in files if file.kind is kind])
        for kind in TOGETHER & known
    }
    with _paused_collector():
        facts, cached = _facts(files, cache, bundles, jobs or _processors(), progress)
    return Reading(
        facts=tuple(facts),
        read={kind.value: counted[kind] for kind in Kind if kind in known},
        unread={kind.value: counted[kind] for kind in Kind if kind in counted and kind not in known},
        cached=cached,
    )


def _facts(
    files: Sequence[SourceFile], cache: Cache, bundles: Mapping[Kind, str], jobs: int, progress: Progress | None
) -> tuple[list[AnyFact], int]:
    decode = msgspec.msgpack.Decoder(list[AnyFact]).decode
    found: list[list[AnyFact] | None] = [None] * len(files)
    missing: list[int] = []
    for position, file in enumerate(files):
        if file.kind in UNCACHED:
            found[position] = read(file)
            continue
        blob = cache.get(file.path, bundles.get(file.kind, file.digest))
        if blob is not None:
            try:
                found[position] = decode(blob)
                continue
            except msgspec.MsgspecError:
                pass  # a damaged entry is a miss
        missing.append(position)
    done = len(files) - len(missing)
    cached = done
    for position, encoded in _encoded(files, missing, jobs):
        file = files[position]
        cache.put(file.path, bundles.get(file.kind, file.digest), encoded)
        found[position] = decode(encoded)
        done += 1
        if progress and (done % 16 == 0 or done == len(files)):
            progress("reading", done, len(files))
    return [fact for facts in found for fact in facts or ()], cached


def _encoded(files: Sequence[SourceFile], missing: Sequence[int], jobs: int) -> Iterator[tuple[int, bytes]]:
    """The encoded facts of the files at those positions, in any order."""
    alone = [position for position in missing if files[position].kind not in TOGETHER]
    for kind in sorted(TOGETHER):
        positions = {files[position].path: position for position in missing if files[position].kind is kind}
        if positions:
            # All of them, also those found in the cache: one cannot be understood without the others.
            facts = read_together(kind, [file for file in files if file.kind is kind])
            yield from ((position, _encode(facts[path])) for path, position in positions.items())
    volume = sum(len(files[position].data) for position in alone)
    if jobs > 1 and (volume > _MANY_BYTES or len(alone) > _MANY_FILES):
        yield from _pooled(files, alone, jobs)
    else:
        yield from ((position, _encode(read(files[position]))) for position in alone)


def _pooled(files: Sequence[SourceFile], positions: Sequence[int], jobs: int) -> Iterator[tuple[int, bytes]]:
    """Read in processes. One that dies (out of memory, a bug in a parser) costs only the file that killed it."""
    from concurrent.futures import as_completed  # most runs find all in the cache and start no process
    from concurrent.futures.process import BrokenProcessPool

    global _inherited  # noqa: PLW0603 (forked workers find the files there: nothing is copied or sent)
    _inherited = files
    left = set(positions)
    try:
        with _pool(jobs, files) as pool:
            for future in as_completed([pool.submit(_read_chunk, chunk) for chunk in _chunks(files, positions, jobs)]):
                for position, encoded in future.result():
                    left.discard(position)
                    yield position, encoded
    except BrokenProcessPool:
        yield from _read_apart(files, sorted(left))
    finally:
        _inherited = ()


def _read_apart(files: Sequence[SourceFile], positions: list[int]) -> Iterator[tuple[int, bytes]]:
    """Read one file after the other in another process: if it dies, it is by the first file that is not done."""
    from concurrent.futures.process import BrokenProcessPool

    while positions:
        done = 0
        try:
            with _pool(1, files) as pool:
                for position in positions:  # not all at once: one that waits would be blamed for another's crash
                    yield from pool.submit(_read_chunk, [position]).result()
                    done += 1
        except BrokenProcessPool:
            reason = "reading it ended the process; exclude the file, and report this"
            yield positions[done], _encode([Gap(start_of(files[positions[done]].path), "crash", reason)])
            done += 1
        positions = positions[done:]


def _pool(jobs: int, files: Sequence[SourceFile]) -> ProcessPoolExecutor:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    if "fork" in multiprocessing.get_all_start_methods() and os.uname().sysname == "Linux":
        return ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"))
    return ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_inherit, initargs=(list(files),)
    )


def _inherit(files: Sequence[SourceFile]) -> None:
    global _inherited  # noqa: PLW0603
    _inherited = files


def _read_chunk(positions: Sequence[int]) -> list[tuple[int, bytes]]:
    with _paused_collector():
        return [(position, _encode(read(_inherited[position]))) for position in positions]


def _chunks(files: Sequence[SourceFile], positions: Sequence[int], jobs: int) -> list[list[int]]:
    """Parts of about equal volume, the large files first, so that no worker ends long after the others."""
    chunks: list[list[int]] = [[] for _ in range(min(jobs * _CHUNKS_A_WORKER, len(positions)))]
    volumes = [0] * len(chunks)
    for position in sorted(positions, key=lambda one: (-len(files[one].data), one)):
        smallest = volumes.index(min(volumes))
        chunks[smallest].append(position)
        volumes[smallest] += len(files[position].data) + 500
    return [chunk for chunk in chunks if chunk]


def _processors() -> int:
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:
        return os.cpu_count() or 1


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Facts are trees without cycles, made by the million: the cycle collector would only walk them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
