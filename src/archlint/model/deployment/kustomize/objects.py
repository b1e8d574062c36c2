"""The objects that a kustomization works on, and how they are found: by kind, name, labels.

An object keeps every name that it had: kustomize's patches find it by its original one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar


@dataclass(frozen=True)
class Resource:
    """An object while it is being rendered. ``names`` are those that it had before, the first one as written."""

    api_version: str
    kind: str
    tree: Mapping
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name now."""
        return tree.text(self.tree, "metadata", "name") or ""

    @property
    def namespace(self) -> str | None:
        """Its namespace now."""
        return tree.text(self.tree, "metadata", "namespace")

    @property
    def group(self) -> str:
        """Its API group; empty for the core one."""
        return self.api_version.rpartition("/")[0]

    def with_tree(self, node: Node | None) -> Resource:
        """The resource after a change; one that is no mapping any more stays as it was."""
        return replace(self, tree=node) if isinstance(node, Mapping) else self

    def called(self, name: str) -> bool:
        """Whether it has or had that name."""
        return name == self.name or name in self.names


def resource(one: KubernetesObject) -> Resource:
    """The resource that a manifest's object is."""
    return Resource(one.api_version, one.kind, one.tree, (one.name,))


def as_object(one: Resource) -> KubernetesObject:
    """The rendered object as a fact."""
    return KubernetesObject(one.tree.at, one.api_version, one.kind, one.name, one.namespace, one.tree)


def selects(target: Node | None, one: Resource) -> bool:
    """Whether a ``target`` of a patch or replacement means the resource; names are anchored expressions."""

    def fits(key: str, value: str) -> bool:
        wanted = tree.text(target, key)
        return not wanted or _fits(wanted, value)

    wanted = tree.text(target, "name")
    if wanted and not any(_fits(wanted, name) for name in (one.name, *one.names)):
        return False
    version = tree.text(target, "version")
    if version and one.api_version.rpartition("/")[2] != version:
        return False
    return (
        fits("kind", one.kind)
        and fits("group", one.group)
        and fits("namespace", one.namespace or "default")
        and _has_labels(tree.text(target, "labelSelector"), one, "labels")
        and _has_labels(tree.text(target, "annotationSelector"), one, "annotations")
    )


def _fits(pattern: str, value: str) -> bool:
    if pattern == value:
        return True
    if len(pattern) > 200 or not _SAFE.fullmatch(pattern):
        return False
    return re.fullmatch(pattern, value) is not None


_SAFE = pattern(r"(?:[\w\-/]|\.[*+]?|\|)+")
"""Expressions without nesting, which cannot run away."""


def _has_labels(selector: str | None, one: Resource, field: str) -> bool:
    if not selector:
        return True
    for term in re.split(r",(?![^(]*\))", selector):
        key, equals, value = (part.strip() for part in term.replace("==", "=").partition("="))
        negated = key.endswith("!")
        key = key.rstrip("! ")
        have = tree.text(one.tree, "metadata", field, key)
        listed = re.fullmatch(r"(\S+)\s+(not)?in\s*\(([^)]*)\)", term.strip())
        if listed:
            have = tree.text(one.tree, "metadata", field, listed.group(1))
            holds = (have in [item.strip() for item in listed.group(3).split(",")]) != bool(listed.group(2))
        elif equals:
            holds = (have == value) != negated
        else:
            holds = (tree.text(one.tree, "metadata", field, key.lstrip("!")) is None) == key.startswith("!")
        if not holds:
            return False
    return True


def with_field(node: Mapping, path: tuple[str, ...], at: Span, value: Node) -> Mapping:
    """The mapping with the field set, the way to it made where it is not there; ``at`` is the place of new keys."""
    key, rest = path[0], path[1:]
    old = tree.entry(node, key)
    if rest:
        below = old.value if old is not None and isinstance(old.value, Mapping) else Mapping(at, ())
        new = Entry(key, old.at if old is not None else at, with_field(below, rest, at, value))
    else:
        new = Entry(key, at, value)
    if old is None:
        return Mapping(node.at, (*node.entries, new))
    return Mapping(node.at, tuple(new if one.key == key else one for one in node.entries))


def rewritten(node: Node, change: Callable[[str, Node], Node], key: str = "") -> Node:
    """The tree with every node changed, children first; ``change`` gets the key (a list's for its items) and the node.

    What does not change is shared with the old tree.
    """
    if isinstance(node, Mapping):
        entries = tuple([_with_value(one, rewritten(one.value, change, one.key)) for one in node.entries])
        if any(new is not old for new, old in zip(entries, node.entries, strict=True)):
            node = Mapping(node.at, entries)
    elif isinstance(node, tree.Sequence):
        items = tuple([rewritten(one, change, key) for one in node.items])
        if any(new is not old for new, old in zip(items, node.items, strict=True)):
            node = tree.Sequence(node.at, items)
    return change(key, node)


def _with_value(one: Entry, value: Node) -> Entry:
    return one if value is one.value else Entry(one.key, one.at, value)


def scalar(at: Span, value: str) -> Scalar:
    """A text at a place."""
    return Scalar(at, value, value)
