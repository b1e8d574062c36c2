"""Environment variables of containers, resolved to concrete values with the chain that leads to each.

In come the containers' definitions, the ConfigMaps and Secrets of their environment and namespace, env files and the
linked image's own ENV; out go variables. What a manifest outside the scan may hold is UNKNOWN, never absent.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

from archlint.core import tree
from archlint.core.facts.documents import ConfigValue, KubernetesObject
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system import link
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.core.tree import Mapping, Node
from archlint.core.values import UNKNOWN, Place, Unknown, is_unknown
from archlint.model.deployment.compose import compose_nodes
from archlint.model.deployment.compose_files import Project, keyed, settled
from archlint.model.deployment.environments import deployed
from archlint.model.deployment.helm import UNKNOWN_PART
from archlint.model.deployment.kubernetes import container_nodes
from archlint.model.draft import Draft
from archlint.model.paths import join, parent
from archlint.model.program.program import HOLE

_REFERENCE = pattern(r"\$(\$|\(([A-Za-z_][A-Za-z0-9_.-]*)\))")
_Value = tuple[str | Unknown | None, Span]
_INTERPOLATION = pattern(r"\$\{[^}]*\}")
_NOT_HERE = Unknown("its ConfigMap or Secret is not in the scan")


def add_variables(draft: Draft) -> None:
    """Resolve the variables of every container and add them to the draft."""
    stores = {one.environment.name: _Stores(one.objects) for one in deployed(draft)}
    empty = _Stores(())
    files = _env_files(draft)
    composed = compose_nodes(draft)
    manifests = container_nodes(draft)
    for container in draft.containers:
        found: dict[str, EnvironmentVariable] = {}
        if container.build is not None:
            for one in container.build.variables:
                found[one.name] = _variable(container, one.name, one.value, "image", one.at, ())
        if container in manifests:
            node, namespace = manifests[container]
            _of_manifest(found, container, node, namespace, stores.get(container.environment, empty))
        elif container in composed:
            definition, project = composed[container]
            _of_compose(found, container, definition, project, files)
        else:
            continue
        variables = tuple(found.values())
        link(container, variables=variables)
        draft.add(*variables)
    for build in draft.images:
        draft.add(*build.variables)


class _Stores:
    """The ConfigMaps and Secrets of one environment: entries by kind, namespace, name and key."""

    def __init__(self, objects: Iterable[KubernetesObject]) -> None:
        self._found: dict[tuple[str, str], list[tuple[str | None, dict[str, _Value]]]] = {}
        for one in objects:
            if one.kind in ("ConfigMap", "Secret"):
                self._found.setdefault((one.kind, one.name), []).append((one.namespace, _data(one)))
            elif one.kind in ("ExternalSecret", "SealedSecret"):
                made = tree.text(one.tree, "spec", "target", "name") or one.name
                data = _made_elsewhere(one)
                if data:
                    self._found.setdefault(("Secret", made), []).append((one.namespace, data))

    def data(self, kind: str, name: str, namespace: str | None) -> dict[str, _Value] | None:
        """The entries of the one in that namespace; manifests that say no namespace go into any."""
        candidates = self._found.get((kind, name), [])
        for space, data in candidates:
            if space == namespace:
                return data
        for space, data in candidates:
            if space is None or namespace is None:
                return data
        return None


def _data(one: KubernetesObject) -> dict[str, _Value]:
    found: dict[str, _Value] = {}
    for entry in tree.entries(one.tree, "data"):
        text = tree.text(entry.value)
        if one.kind == "Secret":
            found[entry.key] = (_decoded(text), _place(entry))
        else:
            value = _readable(entry.value, text)
            found[entry.key] = ("" if value is None else value, _place(entry))
    for entry in tree.entries(one.tree, "stringData"):
        found[entry.key] = (_readable(entry.value, tree.text(entry.value)), _place(entry))
    return found


def _made_elsewhere(one: KubernetesObject) -> dict[str, _Value]:
    """The keys of the Secret that an operator makes, without the values: those of an ExternalSecret or SealedSecret."""
    found: dict[str, _Value] = {
        entry.key: (_NOT_HERE, entry.at) for entry in tree.entries(one.tree, "spec", "encryptedData")
    }
    for item in tree.items(tree.get(one.tree, "spec"), "data"):
        key = tree.text(item, "secretKey")
        if key is not None:
            found[key] = (_NOT_HERE, item.at)
    return found


def _readable(node: Node, text: str | None) -> str | Unknown | None:
    """The text, UNKNOWN where it could not be read or rendered wholly."""
    is_open = not isinstance(node, tree.Scalar) or UNKNOWN_PART in (text or "")
    return UNKNOWN if is_open else text


def _decoded(text: str | None) -> str | Unknown:
    if text is None:
        return UNKNOWN
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return UNKNOWN


def _place(entry: tree.Entry) -> Span:
    """``key: value`` where both are on one line, a value that another file gives (a chart's values); else the key."""
    at, value = entry.at, entry.value.at
    if value.path != at.path:
        is_on_a_line = value.line == value.end_line
        return value if is_on_a_line else Span(value.path, value.line, value.column, value.line, value.column + 1)
    if value.path == at.path and value.line == at.line == value.end_line:
        return Span(at.path, at.line, at.column, at.line, value.end_column)
    return at


def _variable(
    container: Container,
    name: str,
    value: str | Unknown | None,
    source: str,
    at: Span,
    chain: Sequence[Place],
) -> EnvironmentVariable:
    return EnvironmentVariable(
        at=at, name=name, key=f"{container.key}/{name}", value=value, source=source, chain=tuple(chain)
    )


def _of_manifest(
    found: dict[str, EnvironmentVariable], container: Container, node: Mapping, namespace: str | None, stores: _Stores
) -> None:
    for item in tree.items(node, "envFrom"):
        prefix = tree.text(item, "prefix") or ""
        for field, kind, source in (("configMapRef", "ConfigMap", "config-map"), ("secretRef", "Secret", "secret")):
            name = tree.text(item, field, "name")
            data = stores.data(kind, name, namespace) if name else None
            if name and data is None:
                link(container, unread_env_files=True)
            for key, (value, at) in (data or {}).items():
                place = Place(_line(item), f"takes all of {kind} {name}")
                found[prefix + key] = _variable(container, prefix + key, value, source, at, (place,))
    for item in tree.items(node, "env"):
        name = tree.text(item, "name")
        if name is None or not isinstance(item, Mapping):
            continue
        found[name] = _entry(found, container, name, item, namespace, stores)


def _entry(
    found: dict[str, EnvironmentVariable],
    container: Container,
    name: str,
    item: Mapping,
    namespace: str | None,
    stores: _Stores,
) -> EnvironmentVariable:
    given = tree.entry(item, "value")
    if given is not None:
        text = tree.text(given.value)
        if text is None and not isinstance(given.value, tree.Scalar):
            return _variable(container, name, UNKNOWN, "unknown", given.at, ())
        expanded, chain = _expanded(text or "", found)
        if UNKNOWN_PART in (text or ""):
            expanded = UNKNOWN
        if given.value.at.path != given.at.path:
            chain = [Place(given.at, f"sets {name}"), *chain]
        variable = _variable(container, name, expanded, "literal", _place(given), chain)
        if is_unknown(expanded):
            link(variable, partial=_holed(text or "", found).replace(UNKNOWN_PART, HOLE))
        return variable
    reference = tree.get(item, "valueFrom")
    if reference is None:
        return _variable(container, name, "", "literal", _line(item), ())
    for field, kind, source in (("configMapKeyRef", "ConfigMap", "config-map"), ("secretKeyRef", "Secret", "secret")):
        target = tree.get(reference, field)
        if target is None:
            continue
        store, key = tree.text(target, "name"), tree.text(target, "key")
        data = stores.data(kind, store, namespace) if store else None
        place = Place(_line(item), f"takes {key} of {kind} {store}")
        if data is not None and key in data:
            value, at = data[key]
            return _variable(container, name, value, source, at, (place,))
        return _variable(container, name, _NOT_HERE, source, _line(item), ())
    source = "field" if tree.get(reference, "fieldRef") or tree.get(reference, "resourceFieldRef") else "unknown"
    return _variable(container, name, UNKNOWN, source, _line(item), ())


def _expanded(text: str, found: dict[str, EnvironmentVariable]) -> tuple[str | Unknown, list[Place]]:
    """``$(NAME)`` of variables that come before; one that is not defined stays as it is, as Kubernetes leaves it."""
    if "$" not in text:
        return text, []
    chain: list[Place] = []
    is_open = False

    def replace(match: re.Match[str]) -> str:
        nonlocal is_open
        if match.group(1) == "$":
            return "$"
        one = found.get(match.group(2))
        if one is None:
            return match.group()
        if one.value is None or is_unknown(one.value):
            is_open = True
            return match.group()
        chain.append(Place(one.at, f"sets {one.name}"))
        return str(one.value)

    result = _REFERENCE.sub(replace, text)
    return (UNKNOWN if is_open else result), chain


def _holed(text: str, found: dict[str, EnvironmentVariable]) -> str:
    """The text with a hole for each variable whose value is not known."""

    def replace(match: re.Match[str]) -> str:
        if match.group(1) == "$":
            return "$"
        one = found.get(match.group(2))
        return match.group() if one is None else one.value if isinstance(one.value, str) else HOLE

    return _REFERENCE.sub(replace, text)


def _line(node: Node) -> Span:
    if isinstance(node, Mapping) and node.entries:
        return _place(node.entries[0])
    at = node.at
    return at if at.line == at.end_line else Span(at.path, at.line, at.column, at.line, at.column + 1)


def _env_files(draft: Draft) -> dict[str, list[ConfigValue]]:
    found: dict[str, list[ConfigValue]] = {}
    for one in draft.index.of(ConfigValue):
        if one.format == "dotenv" or ".env" in one.at.path.rpartition("/")[2]:
            found.setdefault(one.at.path, []).append(one)
    return found


def _of_compose(
    found: dict[str, EnvironmentVariable],
    container: Container,
    node: Mapping,
    project: Project,
    files: dict[str, list[ConfigValue]],
) -> None:
    listed = tree.get(node, "env_file")
    items = tree.items(listed) or ((listed,) if listed is not None else ())
    is_open: Unknown | None = None
    for item in items:
        relative = tree.text(item) or tree.text(item, "path")
        path = join(parent(item.at.path), relative) if relative else None
        if path is None or path not in files:
            is_open = Unknown(f"{relative} is not in the scan")
            continue
        place = Place(_line(item), f"takes all of {relative}")
        values = settled(files[path])
        for value in files[path]:
            given = values.get(value.key, "")
            found[value.key] = _variable(container, value.key, given, "env-file", value.at, (place,))
    declared = keyed(tree.get(node, "environment"))
    beside: dict[str, str] | None = None
    for entry in tree.entries(declared):
        text = tree.text(entry.value)
        at = entry.value.at
        if text is None:
            if beside is None:
                beside = settled(files.get(_dotenv(project), ()))
            passed = beside.get(entry.key, UNKNOWN)
            found[entry.key] = _variable(container, entry.key, passed, "interpolation", _place(entry), ())
            continue
        if at in project.unresolved:
            variable = _variable(container, entry.key, UNKNOWN, "interpolation", _place(entry), ())
            link(variable, partial=_INTERPOLATION.sub(HOLE, text))
            found[entry.key] = variable
            continue
        source = "interpolation" if at in project.interpolated else "literal"
        origins = project.origins.get(at, ())
        if len(origins) == 1:
            chain = (Place(_place(entry), f"sets {entry.key}"),)
            found[entry.key] = _variable(container, entry.key, text, source, origins[0].at, chain)
        else:
            found[entry.key] = _variable(container, entry.key, text, source, _place(entry), origins)
    if is_open is not None:
        link(container, unread_env_files=True)


def _dotenv(project: Project) -> str:
    directory = parent(project.path)
    return f"{directory}/.env" if directory else ".env"
