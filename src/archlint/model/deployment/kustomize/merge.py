"""Patches over positioned trees: strategic merge as Kubernetes defines it, and JSON patch (RFC 6902).

In come a base tree and a patch; out comes a new tree whose nodes keep the places where they were written: what the
patch sets stands in the patch, the rest in the base. What a JSON patch asks for and the base does not have raises
``PatchError``.
"""

from __future__ import annotations

from archlint.core import tree
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar, Sequence

_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "port"),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
}
"""The fields whose lists are merged item by item, and by which keys; all other lists are replaced whole."""

_DIRECTIVES = ("$patch", "$retainKeys")


class PatchError(Exception):
    """A patch does not fit what it is laid over; the message says why."""


def merge(base: Node, patch: Node, key: str = "") -> Node | None:
    """The base with the patch laid over it; None where the patch deletes it. ``key`` is the field that holds both."""
    directive = tree.text(patch, "$patch")
    if directive == "delete":
        return None
    if directive == "replace" or type(base) is not type(patch):
        return stripped(patch)
    if isinstance(base, Mapping) and isinstance(patch, Mapping):
        return _merge_mappings(base, patch)
    if isinstance(base, Sequence) and isinstance(patch, Sequence):
        return _merge_lists(base, patch, key)
    return patch


def stripped(node: Node) -> Node:
    """The node without directives to the patcher and without what it deletes."""
    if isinstance(node, Mapping):
        entries = [
            Entry(one.key, one.at, stripped(one.value))
            for one in node.entries
            if not _is_directive(one.key) and not _is_null(one.value)
        ]
        return Mapping(node.at, tuple(entries))
    if isinstance(node, Sequence):
        kept = [one for one in node.items if tree.get(one, "$patch") is None]
        return Sequence(node.at, tuple(stripped(one) for one in kept))
    return node


def _merge_mappings(base: Mapping, patch: Mapping) -> Mapping:
    result = {one.key: one for one in base.entries}
    for one in patch.entries:
        if _is_directive(one.key):
            continue
        old = result.get(one.key)
        if _is_null(one.value):
            result.pop(one.key, None)
        elif old is None:
            if tree.text(one.value, "$patch") != "delete":
                result[one.key] = Entry(one.key, one.at, stripped(one.value))
        else:
            merged = merge(old.value, one.value, one.key)
            if merged is None:
                del result[one.key]
            else:
                at = one.at if isinstance(merged, Scalar) or merged.at == one.value.at else old.at
                result[one.key] = Entry(one.key, at, merged)
    return Mapping(base.at, tuple(result.values()))


def _merge_lists(base: Sequence, patch: Sequence, key: str) -> Node:
    keys = _MERGE_KEYS.get(key)
    if any(tree.text(one, "$patch") == "replace" and tree.entry(one, "name") is None for one in patch.items):
        return stripped(patch)
    name = _merge_key(keys, patch, base) if keys else None
    if name is None:
        return stripped(patch)
    items = list(base.items)
    for one in patch.items:
        wanted = tree.text(one, name)
        position = next((index for index, item in enumerate(items) if tree.text(item, name) == wanted), None)
        if position is None:
            if tree.get(one, "$patch") is None:
                items.append(stripped(one))
            continue
        merged = merge(items[position], one)
        if merged is None:
            del items[position]
        else:
            items[position] = merged
    return Sequence(base.at, tuple(items))


def _merge_key(keys: tuple[str, ...], *lists: Sequence) -> str | None:
    for name in keys:
        if all(tree.text(one, name) is not None for items in lists for one in items.items):
            return name
    return None


def _is_directive(key: str) -> bool:
    return key in _DIRECTIVES or key.startswith(("$setElementOrder/", "$deleteFromPrimitiveList/"))


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


@dataclass(frozen=True)
class Operation:
    """One operation of a JSON patch. ``at`` is its ``value``, or for what has none the operation itself."""

    op: str
    path: tuple[str, ...]
    source: tuple[str, ...]
    value: Node | None
    node: Node


def operations(patch: Node) -> list[Operation]:
    """The operations of a JSON patch, in order.

    Raises:
        PatchError: an item is no operation.
    """
    found = []
    for item in tree.items(patch):
        op, path = tree.text(item, "op"), tree.text(item, "path")
        if op is None or path is None:
            raise PatchError("a JSON patch has an item without op and path")
        found.append(
            Operation(op, _pointer(path), _pointer(tree.text(item, "from") or ""), tree.get(item, "value"), item)
        )
    return found


def apply(base: Node, steps: list[Operation]) -> Node:
    """The base after all operations.

    Raises:
        PatchError: an operation does not fit the base.
    """
    for step in steps:
        if step.op == "test":
            continue
        if step.op in ("move", "copy"):
            value = _at(base, step.source)
            if value is None:
                raise PatchError(f"/{'/'.join(step.source)} is not there to {step.op}")
            if step.op == "move":
                base = _changed(base, step.source, "remove", None, step.node)
            base = _changed(base, step.path, "add", value, step.node)
        elif step.op in ("add", "replace"):
            value = step.value if step.value is not None else Scalar(step.node.at, None, "")
            base = _changed(base, step.path, step.op, value, step.node)
        elif step.op == "remove":
            base = _changed(base, step.path, "remove", None, step.node)
        else:
            raise PatchError(f"a JSON patch has no operation {step.op}")
    return base


def _pointer(path: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def _at(node: Node | None, path: tuple[str, ...]) -> Node | None:
    for part in path:
        node = tree.get(node, int(part)) if isinstance(node, Sequence) and part.isdigit() else tree.get(node, part)
    return node


def _changed(base: Node, path: tuple[str, ...], op: str, value: Node | None, step: Node) -> Node:
    if not path:
        if value is None:
            raise PatchError("a JSON patch removes the whole object")
        return value
    part, rest = path[0], path[1:]
    if isinstance(base, Mapping):
        old = tree.entry(base, part)
        if rest:
            if old is None and part == "annotations" and op == "add":
                # kustomize itself keeps notes in every object's annotations while it builds, so they are always there.
                old = Entry(part, _key_of(step, step), Mapping(step.at, ()))
                base = Mapping(base.at, (*base.entries, old))
            if old is None and op == "add" and part == "annotations":
                # While kustomize works, an object nearly always has annotations: its own, of what it did.
                old = Entry(part, step.at, Mapping(step.at, ()))
            if old is None:
                raise PatchError(f"there is no {part} to patch")
            new = Entry(part, old.at, _changed(old.value, rest, op, value, step))
        elif value is None:
            if old is None:
                raise PatchError(f"there is no {part} to remove")
            return Mapping(base.at, tuple(one for one in base.entries if one.key != part))
        else:
            new = Entry(part, _key_of(step, value), value)
        if old is None:
            return Mapping(base.at, (*base.entries, new))
        return Mapping(base.at, tuple(new if one.key == part else one for one in base.entries))
    if isinstance(base, Sequence):
        items = list(base.items)
        if part == "-" and value is not None and not rest:
            return Sequence(base.at, (*items, value))
        index = int(part) if part.isdigit() else -1
        if not 0 <= index < len(items) + (op == "add" and not rest):
            raise PatchError(f"there is no item {part} to patch")
        if rest:
            items[index] = _changed(items[index], rest, op, value, step)
        elif value is None:
            del items[index]
        elif op == "add":
            items.insert(index, value)
        else:
            items[index] = value
        return Sequence(base.at, tuple(items))
    raise PatchError(f"there is no {part} in a value")


def _key_of(step: Node, value: Node) -> Span:
    entry = tree.entry(step, "value")
    return entry.at if entry is not None and entry.value is value else value.at
