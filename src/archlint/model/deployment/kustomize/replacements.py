"""``replacements`` and ``vars``: values that one object takes from another.

A plain replacement is done; of what is more than that (parts between delimiters, variables, sources outside the scan)
only the field is known, so its value becomes one that cannot be read: an empty mapping where a scalar is due.
"""

from __future__ import annotations

from archlint.core import tree
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar
from archlint.model.deployment.kustomize.objects import Resource, rewritten, selects

_PART = pattern(r"\[([^=\]]+)=([^\]]*)\]|((?:[^.\[\]\\]|\\.)+)")


def replace_values(kustomization: Mapping, resources: list[Resource]) -> list[Resource]:
    """The resources after the kustomization's own replacements and variables."""
    for item in tree.items(kustomization, "replacements"):
        resources = _replaced(item, resources)
    names = [name for one in tree.items(kustomization, "vars") if (name := tree.text(one, "name"))]
    if names:
        marks = tuple(f"$({name})" for name in names)
        resources = [one.with_tree(rewritten(one.tree, lambda _, node: _opened(marks, node))) for one in resources]
    return resources


def _replaced(item: Node, resources: list[Resource]) -> list[Resource]:
    source = tree.get(item, "source")
    value: Node | None = None
    if source is not None and tree.get(source, "options") is None:
        path = _parts(tree.text(source, "fieldPath") or "metadata.name")
        value = next((_read(one.tree, path) for one in resources if selects(source, one)), None)
    for target in tree.items(item, "targets"):
        simple = tree.get(target, "options", "delimiter") is None and isinstance(value, Scalar)
        paths = [_parts(tree.text(path) or "") for path in tree.items(target, "fieldPaths")]
        new = value if simple else None
        resources = [_filled(one, paths, new) if _is_target(target, one) else one for one in resources]
    return resources


def _is_target(target: Node, one: Resource) -> bool:
    return selects(tree.get(target, "select"), one) and not any(
        selects(reject, one) for reject in tree.items(target, "reject")
    )


def _filled(one: Resource, paths: list[list[_Part]], new: Node | None) -> Resource:
    node: Node = one.tree
    for path in paths:
        node = _written(node, path, new)
    return one.with_tree(node)


def _opened(marks: tuple[str, ...], node: Node) -> Node:
    if isinstance(node, Scalar) and isinstance(node.value, str) and any(mark in node.value for mark in marks):
        return unread(node.at)
    return node


def unread(at: Span) -> Mapping:
    """What stands for a scalar whose value is not known."""
    return Mapping(at, ())


_Part = tuple[str, str | None]
"""A key, or a key and the value that a list's item has there."""


def _parts(path: str) -> list[_Part]:
    found: list[_Part] = []
    for match in _PART.finditer(path[:1000]):
        if match.group(3) is not None:
            found.append((match.group(3).replace("\\", ""), None))
        else:
            found.append((match.group(1), match.group(2)))
    return found


def _read(node: Node | None, path: list[_Part]) -> Node | None:
    for key, value in path:
        if value is not None:
            node = next((one for one in tree.items(node) if tree.text(one, key) == value), None)
        elif isinstance(node, tree.Sequence) and key.isdigit():
            node = tree.get(node, int(key))
        else:
            node = tree.get(node, key)
    return node


def _written(node: Node, path: list[_Part], new: Node | None) -> Node:
    """The node with what stands at the path replaced; None stands for a value that is not known."""
    if not path:
        if not isinstance(node, Scalar):
            return node
        return new if new is not None else unread(node.at)
    (key, value), rest = path[0], path[1:]
    if isinstance(node, tree.Sequence):

        def is_meant(index: int, item: Node) -> bool:
            return tree.text(item, key) == value if value is not None else key in ("*", str(index))

        items = [_written(one, rest, new) if is_meant(index, one) else one for index, one in enumerate(node.items)]
        return tree.Sequence(node.at, tuple(items))
    if isinstance(node, Mapping):
        entries = tuple(
            Entry(one.key, one.at, _written(one.value, rest, new)) if key in (one.key, "*") else one
            for one in node.entries
        )
        return Mapping(node.at, entries)
    return node
