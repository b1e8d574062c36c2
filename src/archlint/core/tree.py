"""YAML and JSON documents as trees whose every node has a span.

Merges (anchors, Kustomize patches, compose overrides) build new trees from old nodes, so a value keeps the place where
it was written.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.core.span import Span

Plain = str | int | float | bool | None


class Scalar(msgspec.Struct, frozen=True, array_like=True, tag="s", gc=False):
    """A scalar; ``value`` is typed by YAML 1.1's rules as Kubernetes reads it, ``text`` is what stands in the file."""

    at: Span
    value: Plain
    text: str


class Sequence(msgspec.Struct, frozen=True, array_like=True, tag="l", gc=False):
    """A list of nodes."""

    at: Span
    items: tuple[Node, ...]


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One key of a mapping. ``at`` spans the key."""

    key: str
    at: Span
    value: Node


class Mapping(msgspec.Struct, frozen=True, array_like=True, tag="m", gc=False):
    """A mapping; keys are unique, the last one of a repeated key wins."""

    at: Span
    entries: tuple[Entry, ...]


Node = Scalar | Sequence | Mapping


def entry(node: Node | None, key: str) -> Entry | None:
    """The entry of that key, or None where the node is no mapping or has no such key."""
    if isinstance(node, Mapping):
        for one in node.entries:
            if one.key == key:
                return one
    return None


def get(node: Node | None, *path: str | int) -> Node | None:
    """The node below by keys and list positions, or None where any step is missing."""
    for step in path:
        if isinstance(step, str):
            found = entry(node, step)
            node = found.value if found else None
        elif isinstance(node, Sequence) and -len(node.items) <= step < len(node.items):
            node = node.items[step]
        else:
            return None
        if node is None:
            return None
    return node


def items(node: Node | None, *path: str | int) -> tuple[Node, ...]:
    """The items of the list below, or nothing where it is missing or no list."""
    node = get(node, *path)
    return node.items if isinstance(node, Sequence) else ()


def entries(node: Node | None, *path: str | int) -> tuple[Entry, ...]:
    """The entries of the mapping below, or nothing where it is missing or no mapping."""
    node = get(node, *path)
    return node.entries if isinstance(node, Mapping) else ()


def value(node: Node | None, *path: str | int) -> Plain:
    """The typed value of the scalar below, or None where it is missing, null or no scalar."""
    node = get(node, *path)
    return node.value if isinstance(node, Scalar) else None


def text(node: Node | None, *path: str | int) -> str | None:
    """The scalar below as text (numbers and booleans as written), or None where it is missing, null or no scalar."""
    node = get(node, *path)
    if not isinstance(node, Scalar) or node.value is None:
        return None
    return node.value if isinstance(node.value, str) else node.text


def walk(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """Every node with its path, parents first, in document order."""
    yield path, node
    if isinstance(node, Mapping):
        for one in node.entries:
            yield from walk(one.value, (*path, one.key))
    elif isinstance(node, Sequence):
        for position, item in enumerate(node.items):
            yield from walk(item, (*path, position))


def plain(node: Node | None) -> object:
    """The node as plain dicts, lists and values, for libraries that know no spans."""
    if isinstance(node, Mapping):
        return {one.key: plain(one.value) for one in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else None
