"""What earlier runs understood: facts by path and content digest, and the system by the digest of all of it.

In go and out come bytes; the caches do not know what they say. They lie outside the scanned tree (a committed cache
could hide findings), and decoding them runs no code. Whatever is wrong with one, a wrong entry is a miss.

Facts are one pack for each workspace: ``magic, length of the index, index, blobs``; the index gives each entry's place,
length and checksum. One read brings all of it in, which for a thousand files is much faster than a thousand reads. The
system is one file more: ``magic, state, checksum, bytes``.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

_MAGIC = b"archlint facts 1\n"
_SYSTEM_MAGIC = b"archlint system 1\n"
_LENGTH = struct.Struct("<Q")
_LIBRARIES = (
    "msgspec", "openapi_spec_validator", "protobuf", "grpcio_tools", "pyyaml", "tree_sitter", "sqlglot", "jsonschema"
)  # fmt: skip
_DAY_SECONDS = 24 * 60 * 60
_KEPT_SECONDS = 30 * _DAY_SECONDS
_PACKAGE = Path(__file__).parent.parent
_CORE = ("source", "span", "tree", "values", "yaml")
_Entry = tuple[int, int, int]


class FactCache:
    """The facts kept for one workspace. With ``directory=None`` nothing is kept and nothing is found."""

    def __init__(self, root: Path, directory: Path | None) -> None:
        self._file = directory / f"{_digest(str(root.resolve()).encode())}.facts" if directory else None
        self._blobs: memoryview = memoryview(b"")
        self._index: dict[str, _Entry] = {}
        self._used: dict[str, bytes | memoryview] = {}
        self._is_changed = False
        self._load()

    def get(self, path: str, digest: str) -> memoryview | None:
        """The encoded facts of that file with that content, or None."""
        entry = self._index.get(f"{digest}{path}")
        if entry is None:
            return None
        offset, length, checksum = entry
        blob = self._blobs[offset : offset + length]
        if zlib.crc32(blob) != checksum:
            return None
        self._used[f"{digest}{path}"] = blob
        return blob

    def put(self, path: str, digest: str, facts: bytes) -> None:
        """Keep the encoded facts of a file."""
        self._used[f"{digest}{path}"] = facts
        self._is_changed = True

    def save(self) -> None:
        """Write the pack if this run has brought anything new. A cache that cannot be written is no error.

        Entries that this run had no use for (another branch's files) stay while they take less than half of the pack.
        """
        if self._file is None or not self._is_changed:
            return
        kept = dict(self._used)
        spare = sum(map(len, kept.values()))
        for key, (offset, length, _) in self._index.items():
            if key not in kept and length <= spare:
                kept[key] = self._blobs[offset : offset + length]
                spare -= length
        with suppress(OSError):
            _replace(self._file, _pack(kept))

    def _load(self) -> None:
        if self._file is None:
            return
        head = len(_MAGIC) + 16 + _LENGTH.size
        with suppress(OSError, msgspec.MsgspecError, struct.error, UnicodeDecodeError):
            data = memoryview(self._file.read_bytes())
            if data[: head - _LENGTH.size] == _MAGIC + facts_version():
                (size,) = _LENGTH.unpack(data[head - _LENGTH.size : head])
                self._index = msgspec.msgpack.decode(data[head : head + size], type=dict[str, _Entry])
                self._blobs = data[head + size :]
                _mark_used(self._file)


class SystemCache:
    """The system kept for one workspace, the last one only. With ``directory=None`` nothing is kept or found.

    ``state`` gives everything that the system depends on beside archlint's own code; it is asked for once.
    """

    def __init__(self, root: Path, directory: Path | None, state: Callable[[], bytes]) -> None:
        self._file = directory / f"{_digest(str(root.resolve()).encode())}.system" if directory else None
        self._head = b"" if directory is None else _SYSTEM_MAGIC + _state_digest(state())

    @property
    def is_kept(self) -> bool:
        """Whether what is put is kept at all: packing it is not worth the time otherwise."""
        return self._file is not None

    def get(self) -> memoryview | None:
        """The bytes kept for this very state, or None."""
        if self._file is None:
            return None
        try:
            data = memoryview(self._file.read_bytes())
            _mark_used(self._file)
        except OSError:
            return None
        start = len(self._head) + _LENGTH.size
        if data[: len(self._head)] != self._head or len(data) < start:
            return None
        body = data[start:]
        return body if _LENGTH.pack(zlib.crc32(body)) == data[len(self._head) : start] else None

    def put(self, data: bytes) -> None:
        """Keep the bytes for this state. A cache that cannot be written is no error."""
        if self._file is not None:
            with suppress(OSError):
                _replace(self._file, self._head + _LENGTH.pack(zlib.crc32(data)) + data)


def default_directory() -> Path | None:
    """``$ARCHLINT_CACHE_DIR``, else ``archlint`` in the user's cache directory (XDG base directories)."""
    if chosen := os.environ.get("ARCHLINT_CACHE_DIR"):
        return Path(chosen)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base, "archlint")
    try:
        return Path.home() / ".cache" / "archlint"
    except RuntimeError:
        return None  # no home directory: run without a cache


def bundle_digest(files: Sequence[tuple[str, str]]) -> str:
    """One digest for files that are read together, from their paths and digests."""
    return _digest("\n".join(f"{digest} {path}" for path, digest in files).encode())


@cache
def facts_version() -> bytes:
    """What else facts depend on: the code that reads them, their types, the interpreter, and the parsers' versions.

    The code's own bytes are taken and not a number in each reader, since a number is forgotten sooner or later; and a
    run that finds everything in the cache then has no need to import a single reader.
    """
    state = hashlib.blake2b(sys.version.encode(), digest_size=16)
    _update(state, ("readers", "core/facts", *(f"core/{name}.py" for name in _CORE)))
    with suppress(OSError):
        installed = os.listdir(Path(msgspec.__file__).parent.parent)  # noqa: PTH208
        state.update("\n".join(sorted(name for name in installed if _is_parser(name))).encode())
    return state.digest()


def _state_digest(state: bytes) -> bytes:
    """The digest of a state together with all the code that makes a system of it."""
    digest = hashlib.blake2b(facts_version() + state, digest_size=16)
    _update(digest, ("model", "core/system", "config.py", "inputs/kinds.py"))
    return digest.digest()


def _update(digest: hashlib.blake2b, places: Sequence[str]) -> None:
    """Take in the sources at those places of the package."""
    for place in places:
        for source in _sources(str(_PACKAGE / place)):
            with suppress(OSError), open(source, "rb", buffering=0) as file:  # noqa: PTH123 (see discovery)
                digest.update(source[len(str(_PACKAGE)) :].encode() + b"\0" + file.readall())


def _sources(place: str) -> list[str]:
    """The Python files in a folder and those below it, or the file itself, in order."""
    if place.endswith(".py"):
        return [place]
    found: list[str] = []
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                found.append(entry.path)
            elif entry.name != "__pycache__" and entry.is_dir():
                found += _sources(entry.path)
    return sorted(found)


def _is_parser(name: str) -> bool:
    return name.endswith(".dist-info") and name.lower().startswith(_LIBRARIES)


def _pack(blobs: dict[str, bytes | memoryview]) -> bytes:
    index: dict[str, _Entry] = {}
    offset = 0
    for key, blob in blobs.items():
        index[key] = (offset, len(blob), zlib.crc32(blob))
        offset += len(blob)
    encoded = msgspec.msgpack.encode(index)
    return b"".join([_MAGIC, facts_version(), _LENGTH.pack(len(encoded)), encoded, *blobs.values()])


def _replace(file: Path, data: bytes) -> None:
    """Write beside the file, then rename, so that a reader never sees half of it; and clear what is long unused."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.stem, suffix=".part")
    try:
        with open(descriptor, "wb") as part:  # noqa: PTH123 (a descriptor, not a path)
            part.write(data)
        os.replace(name, file)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise
    _remove_unused(file.parent)


def _remove_unused(directory: Path) -> None:
    """Remove what no run has written or read for a month: workspaces that are gone, and parts of broken runs."""
    oldest = time.time() - _KEPT_SECONDS
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith((".facts", ".system", ".part")) and entry.stat().st_mtime < oldest:
                with suppress(OSError):
                    os.unlink(entry.path)  # noqa: PTH108


def _mark_used(file: Path) -> None:
    """Note, about once a day, that the file is still of use."""
    if file.stat().st_mtime < time.time() - _DAY_SECONDS:
        os.utime(file)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
