"""What protoc, the real compiler, rejects in a set of protos.

Each file that no other imports is compiled with its imports, in process and silently, over a temporary directory that
holds copies of scanned files alone. protoc reads nothing of the scanned tree.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from archlint.core.facts.documents import ContractProblem
from archlint.core.span import Span

COPY_LIMIT = 5_000
"""How many files are copied at most, each as often as something imports it; beyond, validity is not judged."""
PROBLEM_LIMIT = 20

SYNTAX = b'syntax="proto2";'
"""What a source without a syntax statement must begin with here: else protoc prints a warning that nothing catches."""

_CASCADES = ("was not found or had errors", "File not found", "File recursively imports")


def bundled_imports() -> Path:
    """The directory of the protos that come with protoc (``google/protobuf/…``)."""
    import grpc_tools

    return Path(grpc_tools.__file__).parent / "_proto"


def problems_of(
    sources: Mapping[str, bytes], imports: Mapping[str, Mapping[str, str]], roots: list[str]
) -> dict[str, list[ContractProblem]]:
    """The problems by path. ``imports`` gives for each path the paths behind its import names; all must be known."""
    found: dict[str, dict[int, ContractProblem]] = {}
    copied = 0
    with tempfile.TemporaryDirectory(prefix="archlint-") as directory:
        for number, root in enumerate(roots):
            names = _closure(root, imports)
            if names is None:
                continue
            copied += len(names)
            if copied > COPY_LIMIT:
                break
            folder = Path(directory, str(number))
            for name, path in names.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(sources[path])
            own_name = next(name for name, path in names.items() if path == root)
            failed: set[str] = set()
            for name, line, column, message in _compile(own_name, folder):
                path = names.get(name, root)
                if any(cascade in message for cascade in _CASCADES):
                    continue
                if failed - {path}:
                    continue  # what follows in the importing files follows from this
                failed.add(path)
                problems = found.setdefault(path, {})
                if line not in problems and len(problems) < PROBLEM_LIMIT:
                    problems[line] = _problem(path, sources[path], line, column, message)
    return {path: _primary(problems) for path, problems in found.items()}


def _closure(root: str, imports: Mapping[str, Mapping[str, str]]) -> dict[str, str] | None:
    """The files that the root needs, by the names they are imported by; None where one name means two files."""
    names: dict[str, str] = {}
    waiting = [root]
    seen = {root}
    while waiting:
        for name, path in imports[waiting.pop()].items():
            if names.setdefault(name, path) != path:
                return None
            if path not in seen:
                seen.add(path)
                waiting.append(path)
    if root not in names.values():
        names["_/" + root if root in names else root] = root
    return names


def _compile(name: str, folder: Path) -> Iterator[tuple[str, int, int, str]]:
    from grpc_tools import _protoc_compiler as compiler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiler.get_protos(name.encode(), [str(folder).encode(), str(bundled_imports()).encode()])
        except compiler.ProtocErrors as errors:
            for error in errors.errors():
                yield _text(error.filename), error.line, error.column, _text(error.message)
        except Exception as error:  # protoc gives up on what its tokenizer cannot take, with no place
            yield name, 0, 0, " ".join(str(error).split())[:200]


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _problem(path: str, source: bytes, line: int, column: int, message: str) -> ContractProblem:
    """protoc counts lines and columns from 0, columns in bytes with tabs as wide as a terminal has them."""
    line = max(line, 0)
    lines = source.split(b"\n", line + 1)
    raw = lines[line] if line < len(lines) else b""
    if line == 0 and source.startswith(SYNTAX):
        raw, column = raw[len(SYNTAX) :], column - len(SYNTAX)
    width = offset = 0
    while offset < len(raw) and width < column:
        width += 8 - width % 8 if raw[offset : offset + 1] == b"\t" else 1
        offset += 1
    place = len(raw[:offset].decode("utf-8", "replace")) + 1
    return ContractProblem(Span(path, line + 1, place, line + 1, place), message)


def _primary(problems: dict[int, ContractProblem]) -> list[ContractProblem]:
    """After a syntax error the rest is guesswork; other errors stand side by side."""
    ordered = [problems[line] for line in sorted(problems)]
    syntax = [one for one in ordered if one.message.startswith(("Expected", "Missing", "Reached end", "Unmatched"))]
    return syntax[:1] or ordered
