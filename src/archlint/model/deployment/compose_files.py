"""Compose files as Docker Compose would put them together: ``extends``, ``include``, overrides, interpolation.

In come compose documents as written and the values of the ``.env`` beside them; out come projects whose trees keep the
spans of what they are made of. A variable that nothing sets and that has no default stays as written, and its span is
in ``unresolved``: it is unknown, not empty.

Source: https://github.com/compose-spec/compose-spec (merge, interpolation).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Values
from dataclasses import field

from archlint.core import tree
from archlint.core.facts.documents import ComposeFile, ConfigValue
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar, Sequence
from archlint.core.values import Place
from archlint.model.draft import Draft
from archlint.model.paths import join, names, parent, says_non_production

_DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_KEYED = frozenset(("environment", "labels", "networks", "depends_on", "args", "extra_hosts", "sysctls", "annotations"))
_APPENDED = names("ports expose volumes env_file cap_add cap_drop dns tmpfs devices security_opt secrets configs")
_MAX_DEPTH = 16
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMO = "compose projects"


@dataclass
class Project:
    """One compose environment. ``services`` maps names to merged, interpolated definitions; ``keys`` to where the
    names stand. ``origins`` leads from an interpolated value to the line that sets its variable."""

    path: str
    at: Span
    is_production: bool
    services: dict[str, Mapping]
    keys: dict[str, Span]
    tree: Mapping
    unresolved: set[Span] = field(default_factory=set)
    interpolated: set[Span] = field(default_factory=set)
    origins: dict[Span, tuple[Place, ...]] = field(default_factory=dict)
    is_complete: bool = True


def projects(draft: Draft) -> list[Project]:
    """Every compose environment of the workspace, worked out once."""
    found = draft.memo.get(_MEMO)
    if not isinstance(found, list):
        found = draft.memo[_MEMO] = _projects(draft)
    return found


def keyed(node: Node | None) -> Mapping | None:
    """A mapping, or a list of ``KEY=value`` or ``KEY`` as one; a bare key has a null value."""
    if isinstance(node, Mapping) or node is None:
        return node
    entries: dict[str, Entry] = {}
    for item in tree.items(node):
        text = tree.text(item)
        if text is None:
            continue
        key, equals, value = text.partition("=")
        entries[key.strip()] = Entry(key.strip(), item.at, Scalar(item.at, value if equals else None, value))
    return Mapping(node.at, tuple(entries.values()))


def interpolate(text: str, values: Values[str, str], seen: set[str] | None = None) -> tuple[str, bool]:
    """The text with its variables replaced, and whether all of them are known. ``seen`` collects those that are set."""
    result: list[str] = []
    is_known = True
    position = 0
    while position < len(text):
        start = text.find("$", position)
        if start < 0:
            result.append(text[position:])
            break
        result.append(text[position:start])
        following = text[start + 1 : start + 2]
        if following == "$":
            result.append("$")
            position = start + 2
        elif following == "{":
            end = _closing(text, start + 1)
            if end is None:
                result.append(text[start:])
                break
            value, one_known = _expand(text[start + 2 : end], values, seen)
            is_known = is_known and one_known
            result.append(value)
            position = end + 1
        else:
            name = _NAME.match(text, start + 1)
            if name is None:
                result.append("$")
                position = start + 1
                continue
            value, one_known = _expand(name.group(), values, seen)
            is_known = is_known and one_known
            result.append(value)
            position = name.end()
    return "".join(result), is_known


def settled(lines: Iterable[ConfigValue]) -> dict[str, str]:
    """The values of an env file: a line may use those above it
    (https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax)."""
    found: dict[str, str] = {}
    for line in lines:
        if line.value is not None:
            found[line.key] = interpolate(str(line.value), found)[0]
    return found


def _closing(text: str, opening: int) -> int | None:
    depth = 0
    for position in range(opening, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return None


def _expand(expression: str, values: Values[str, str], seen: set[str] | None) -> tuple[str, bool]:
    match = _NAME.match(expression)
    if match is None:
        return f"${{{expression}}}", False
    name, rest = match.group(), expression[match.end() :]
    value = values.get(name)
    if value is not None and seen is not None:
        seen.add(name)
    operator = rest[:2] if rest[:2] in (":-", ":?", ":+") else rest[:1]
    operand = rest[len(operator) :]
    is_set = value is not None and (value != "" or not operator.startswith(":"))
    if operator.endswith("+"):
        return interpolate(operand, values, seen) if is_set else ("", value is not None)
    if is_set and value is not None:
        return value, True
    if operator.endswith("-"):
        return interpolate(operand, values, seen)
    if value is not None and not operator:
        return value, True
    return f"${{{expression}}}", False


def _projects(draft: Draft) -> list[Project]:
    files: dict[str, Mapping] = {}
    for file in draft.index.of(ComposeFile):
        if tree.entries(file.tree, "services") or tree.get(file.tree, "include") is not None:
            files.setdefault(file.at.path, file.tree)
    dotenv: dict[str, dict[str, ConfigValue]] = {}
    for value in draft.index.of(ConfigValue):
        if value.at.path.rpartition("/")[2] == ".env":
            dotenv.setdefault(parent(value.at.path), {})[value.key] = value
    result = []
    for path in files:
        base = _base_of(path, files)
        project = _assemble(path, base, files, dotenv.get(parent(path), {}))
        if project is not None:
            result.append(project)
    return result


def _base_of(path: str, files: Values[str, Mapping]) -> str | None:
    """The file that a partial one is laid over: the directory's main file, where some service here cannot run alone."""
    directory, name = parent(path), path.rpartition("/")[2]
    main = next(
        (one for one in (f"{directory}/{each}" if directory else each for each in _DEFAULT_NAMES) if one in files), None
    )
    if main is None or main == path:
        return None
    services = tree.entries(files[path], "services")
    theirs = {one.key for one in tree.entries(files[main], "services")}
    partial = any(
        tree.get(one.value, "image") is None
        and tree.get(one.value, "build") is None
        and tree.get(one.value, "extends") is None
        and one.key in theirs
        for one in services
    )
    return main if partial or (".override." in name and name.startswith(("compose", "docker-compose"))) else None


def _assemble(
    path: str, base: str | None, files: Values[str, Mapping], dotenv: Values[str, ConfigValue]
) -> Project | None:
    complete = [True]
    keys: dict[str, Span] = {}
    services: dict[str, Mapping] = {}
    for one in (base, path):
        if one is not None:
            for entry in _services_of(one, files, complete, 0):
                before = services.get(entry.key)
                if isinstance(entry.value, Mapping):
                    merged = _merge(before, entry.value, "") if before is not None else entry.value
                    assert isinstance(merged, Mapping)
                    services[entry.key] = merged
                    keys[entry.key] = entry.at
    if not services:
        return None
    project = Project(
        path=path,
        at=next(iter(keys.values())),
        is_production=not says_non_production(path),
        services={},
        keys=keys,
        tree=files[path],
        is_complete=complete[0],
    )
    values = settled(dotenv.values())
    places = {name: Place(one.at, f"sets {name}") for name, one in dotenv.items()}
    for name, definition in services.items():
        replaced = _replace(definition, values, places, project)
        assert isinstance(replaced, Mapping)
        project.services[name] = replaced
    return project


def _services_of(path: str, files: Values[str, Mapping], complete: list[bool], depth: int) -> list[Entry]:
    result: list[Entry] = []
    if depth > _MAX_DEPTH:
        return result
    directory = parent(path)
    for item in tree.items(files[path], "include"):
        paths = [tree.text(item)] if tree.text(item) else [tree.text(one) for one in tree.items(item, "path")]
        paths = paths if any(paths) else [tree.text(item, "path")]
        for relative in paths:
            included = join(directory, relative) if relative else None
            if included in files and included is not None:
                result += _services_of(included, files, complete, depth + 1)
            else:
                complete[0] = False
    for entry in tree.entries(files[path], "services"):
        if isinstance(entry.value, Mapping):
            result.append(Entry(entry.key, entry.at, _extended(entry.value, path, files, complete, depth)))
    return result


def _extended(node: Mapping, path: str, files: Values[str, Mapping], complete: list[bool], depth: int) -> Mapping:
    extends = tree.get(node, "extends")
    if extends is None or depth > _MAX_DEPTH:
        return node
    name = tree.text(extends) or tree.text(extends, "service")
    relative = tree.text(extends, "file")
    file = join(parent(path), relative) if relative else path
    found = tree.get(files.get(file), "services", name) if file in files and name else None  # type: ignore[arg-type]
    if not isinstance(found, Mapping) or file is None:
        complete[0] = False
        return node
    base = _extended(found, file, files, complete, depth + 1)
    base = Mapping(base.at, tuple(one for one in base.entries if one.key not in ("extends", "depends_on", "links")))
    merged = _merge(base, node, "")
    assert isinstance(merged, Mapping)
    return merged


def _merge(base: Node | None, over: Node, key: str) -> Node:
    if base is None:
        return over
    if key in _KEYED:
        left, right = keyed(base), keyed(over)
        if left is not None and right is not None:
            return _merge_mappings(left, right)
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return _merge_mappings(base, over)
    if key in _APPENDED and isinstance(base, Sequence) and isinstance(over, Sequence):
        return Sequence(over.at, base.items + over.items)
    return over


def _merge_mappings(base: Mapping, over: Mapping) -> Mapping:
    entries = {one.key: one for one in base.entries}
    for one in over.entries:
        before = entries.get(one.key)
        entries[one.key] = Entry(one.key, one.at, _merge(before.value if before else None, one.value, one.key))
    return Mapping(over.at, tuple(entries.values()))


def _replace(node: Node, values: Values[str, str], places: Values[str, Place], project: Project) -> Node:
    if isinstance(node, Mapping):
        return Mapping(
            node.at, tuple(Entry(one.key, one.at, _replace(one.value, values, places, project)) for one in node.entries)
        )
    if isinstance(node, Sequence):
        return Sequence(node.at, tuple(_replace(item, values, places, project) for item in node.items))
    if "$" not in node.text:
        return node
    seen: set[str] = set()
    text, is_known = interpolate(node.text, values, seen)
    project.interpolated.add(node.at)
    if not is_known:
        project.unresolved.add(node.at)
    if seen:
        project.origins[node.at] = tuple(places[name] for name in sorted(seen))
    value: tree.Plain = int(text) if text.isdigit() and not isinstance(node.value, str) else text
    return Scalar(node.at, value, text)
