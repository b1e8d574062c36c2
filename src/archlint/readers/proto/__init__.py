"""Proto files in, one fact each out: services, messages and enums with their places, types resolved across imports.

The declarations come from a parser of our own, which reads on where imports are missing; protoc says what is invalid in
the files whose imports are all there. An import that is neither in the scan nor bundled with protoc is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from archlint.core.facts import AnyFact, Gap
from archlint.core.facts.documents import ContractProblem, ProtoFile, ProtoMessage, ProtoService
from archlint.core.source import SourceFile
from archlint.readers.positions import Positions
from archlint.readers.proto.declarations import Declarations, declarations
from archlint.readers.proto.validity import SYNTAX, bundled_imports, problems_of
from archlint.readers.yaml import encoding_gap

_SCALARS = frozenset(
    {"double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32"}
    | {"sfixed64", "bool", "string", "bytes"}
)


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The proto file by itself: all but protoc's own imports are gaps."""
    yield from read_together([file])[file.path]


def read_together(files: Sequence[SourceFile]) -> dict[str, list[AnyFact]]:
    """The facts and gaps of each file, by path."""
    facts: dict[str, list[AnyFact]] = {file.path: [] for file in files}
    texts: dict[str, str] = {}
    for file in files:
        try:
            texts[file.path] = file.text
        except UnicodeError as error:
            facts[file.path].append(encoding_gap(file.path, error))
    declared = {path: declarations(text, path) for path, text in texts.items()}
    finder = _Finder(declared)
    bundled = bundled_imports()
    imports: dict[str, dict[str, str]] = {}
    incomplete: set[str] = set()
    gaps: dict[str, list[Gap]] = {}
    for path, one in declared.items():
        imports[path] = {}
        for name, at in one.imports:
            target = finder.find(name, path)
            if target:
                imports[path][name] = target
            elif ".." in name or name.startswith("/") or not (bundled / name).is_file():
                incomplete.add(path)
                reason = f"{name} is not in the scan: add it, or expect types from it to be unknown"
                gaps.setdefault(path, []).append(Gap(at, "unresolved-import", reason))
    complete = _without_dependents(incomplete, imports)
    imported = {target for path in complete for name, target in imports[path].items() if target != path}
    roots = [path for path in complete if path not in imported] or list(complete)
    sources = {
        file.path: (b"" if declared[file.path].syntax else SYNTAX) + file.data.removeprefix(b"\xef\xbb\xbf")
        for file in files
        if file.path in texts
    }
    problems = problems_of(sources, imports, roots)
    known = {path: _names(one) for path, one in declared.items()}
    for path, one in declared.items():
        types = _reachable(path, imports, known)
        facts[path].append(_fact(path, texts[path], one, types, problems.get(path, ())))
        facts[path].extend(gaps.get(path, ()))
    return facts


class _Finder:
    """Finds the scanned file that an import means: below a directory above the importing file, else the likeliest."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = set(paths)
        self.by_name: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            self.by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def find(self, name: str, importer: str) -> str | None:
        folder = importer
        while folder:
            folder = folder.rpartition("/")[0]
            path = f"{folder}/{name}" if folder else name
            if path in self.paths:
                return path
        ending = "/" + name
        found = [path for path in self.by_name.get(name.rpartition("/")[2], ())[:1000] if path.endswith(ending)]
        return max(found, key=lambda path: _shared(path, importer), default=None)


def _shared(path: str, other: str) -> int:
    """How many leading folders two paths share."""
    count = 0
    for one, two in zip(path.split("/"), other.split("/"), strict=False):
        if one != two:
            break
        count += 1
    return count


def _without_dependents(incomplete: set[str], imports: dict[str, dict[str, str]]) -> list[str]:
    """The files whose imports, and theirs, are all there."""
    importers: dict[str, list[str]] = {}
    for path, targets in imports.items():
        for target in targets.values():
            importers.setdefault(target, []).append(path)
    waiting = list(incomplete)
    reached = set(incomplete)
    while waiting:
        for path in importers.get(waiting.pop(), ()):
            if path not in reached:
                reached.add(path)
                waiting.append(path)
    return [path for path in imports if path not in reached]


def _names(one: Declarations) -> frozenset[str]:
    prefix = f"{one.package}." if one.package else ""
    return frozenset(prefix + name for name in (*(m.name for m in one.messages), *(e.name for e in one.enums)))


def _reachable(path: str, imports: dict[str, dict[str, str]], known: dict[str, frozenset[str]]) -> list[frozenset[str]]:
    """The types of the file and of what it imports; through imports of imports too, as public ones pass them on."""
    seen = {path}
    waiting = [path]
    found = []
    while waiting:
        current = waiting.pop()
        found.append(known[current])
        for target in imports[current].values():
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return found


def _fact(
    path: str, text: str, one: Declarations, types: list[frozenset[str]], problems: Iterable[ContractProblem]
) -> ProtoFile:
    prefix = f"{one.package}." if one.package else ""
    cache: dict[tuple[str, str], str] = {}

    def resolved(name: str, scope: str) -> str:
        if name in _SCALARS:
            return name
        if name.startswith("map<"):
            key, _, value = name[4:-1].partition(",")
            return f"map<{key},{resolved(value, scope)}>"
        key_of = (name, scope)
        if key_of not in cache:
            cache[key_of] = _resolve(name, scope, types)
        return cache[key_of]

    messages = [
        ProtoMessage(
            message.at,
            message.name,
            tuple(
                msgspec.structs.replace(field, type=resolved(field.type, prefix + message.name))
                for field in message.fields
            ),
        )
        for message in one.messages
    ]
    services = [
        ProtoService(
            service.at,
            service.name,
            tuple(
                msgspec.structs.replace(
                    method,
                    input=resolved(method.input, prefix + service.name),
                    output=resolved(method.output, prefix + service.name),
                )
                for method in service.methods
            ),
        )
        for service in one.services
    ]
    return ProtoFile(
        Positions(path, text).whole(),
        one.syntax or "proto2",
        one.package,
        one.package_at,
        tuple(name for name, _ in one.imports),
        tuple(services),
        tuple(messages),
        tuple(one.enums),
        tuple(problems),
    )


def _resolve(name: str, scope: str, types: list[frozenset[str]]) -> str:
    """The type's full name, looked for from the innermost scope outwards, as protobuf does; else as it is written."""
    if name.startswith("."):
        return name[1:]
    while True:
        candidate = f"{scope}.{name}" if scope else name
        if any(candidate in one for one in types):
            return candidate
        if not scope:
            return name
        scope = scope.rpartition(".")[0]
