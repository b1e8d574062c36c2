"""ConfigMaps and Secrets that a kustomization generates from literals, env files and files.

The generated object stands at its entry in the kustomization, each value where it is written. Names get no hash: every
reference would follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archlint.core import tree
from archlint.core.facts.documents import ConfigValue
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar
from archlint.model.deployment.kustomize.objects import Resource, scalar
from archlint.model.paths import join, parent

EnvFile = Callable[[str], Sequence[ConfigValue] | None]
"""Gives the values of an env file by its path, None where it is not in the scan."""


def generate(kustomization: Mapping, resources: list[Resource], env_file: EnvFile) -> list[Resource]:
    """The resources with those that the generators make, merge or replace."""
    for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for item in tree.items(kustomization, key):
            made = _generated(item, kind, env_file)
            if made is None:
                continue
            behavior = tree.text(item, "behavior") or "create"
            position = next(
                (
                    index
                    for index, one in enumerate(resources)
                    if behavior != "create" and one.kind == kind and one.called(made.name)
                ),
                None,
            )
            if position is None:
                resources = [*resources, made]
            else:
                old = resources[position]
                new = made if behavior == "replace" else _merged(old, made)
                resources = [*resources[:position], new, *resources[position + 1 :]]
    return resources


def _generated(item: Node, kind: str, env_file: EnvFile) -> Resource | None:
    name = tree.entry(item, "name")
    if name is None or not isinstance(item, Mapping) or not tree.text(name.value):
        return None
    at = Span(name.at.path, name.at.line, name.at.column, name.value.at.end_line, name.value.at.end_column)
    data: dict[str, Entry] = {}
    for literal in tree.items(item, "literals"):
        key, _, value = (tree.text(literal) or "").partition("=")
        data[key] = Entry(key, literal.at, scalar(literal.at, value.strip("\"'")))
    listed = [*tree.items(item, "envs"), *(one for one in (tree.get(item, "env"),) if one is not None)]
    for one in listed:
        for entry in _values(one, env_file):
            data[entry.key] = entry
    for one in tree.items(item, "files"):
        named, equals, _ = (tree.text(one) or "").partition("=")
        key = named if equals else named.rpartition("/")[2]
        data[key] = Entry(key, one.at, Mapping(one.at, ()))
    field = "data" if kind == "ConfigMap" else "stringData"
    metadata = [Entry("name", name.at, name.value)]
    namespace = tree.entry(item, "namespace")
    if namespace is not None:
        metadata.append(namespace)
    node = Mapping(
        at,
        (
            Entry("apiVersion", at, scalar(at, "v1")),
            Entry("kind", at, scalar(at, kind)),
            Entry("metadata", at, Mapping(at, tuple(metadata))),
            Entry(field, at, Mapping(at, tuple(data.values()))),
        ),
    )
    return Resource("v1", kind, node, (tree.text(name.value) or "",))


def _values(one: Node, env_file: EnvFile) -> list[Entry]:
    path = join(parent(one.at.path), tree.text(one) or "")
    values = env_file(path) if path is not None else None
    if values is None:
        return []
    found = []
    for value in values:
        text = "" if value.value is None else str(value.value)
        found.append(Entry(value.key, value.at, Scalar(value.at, text, text)))
    return found


def _merged(old: Resource, made: Resource) -> Resource:
    node = old.tree
    for field in ("data", "stringData"):
        new = tree.get(made.tree, field)
        have = tree.get(node, field)
        if not isinstance(new, Mapping):
            continue
        entries = {one.key: one for one in tree.entries(have)}
        entries.update({one.key: one for one in new.entries})
        holder = have.at if have is not None else new.at
        rest = tuple(one for one in node.entries if one.key != field)
        node = Mapping(node.at, (*rest, Entry(field, holder, Mapping(holder, tuple(entries.values())))))
    return old.with_tree(node)
