"""The patches of a kustomization, in files and inline, strategic or JSON, laid over its resources.

In come the kustomization and the resources; out come the patched resources, and gaps for what does not fit. An inline
patch is parsed where it stands, so that what it sets has its own line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from archlint.core import tree, yaml
from archlint.core.facts.base import Gap
from archlint.core.record import dataclass
from archlint.core.span import Span, first_line
from archlint.core.tree import Entry, Mapping, Node, Scalar
from archlint.model.deployment.kustomize.merge import PatchError, apply, merge, operations, stripped
from archlint.model.deployment.kustomize.objects import Resource, selects
from archlint.model.paths import join, parent

PatchFile = Callable[[str], Sequence[Node] | None]
"""Gives the documents of a patch file by its path, None where they are not in the scan."""


@dataclass(frozen=True)
class _Patch:
    at: Span
    documents: tuple[Node, ...]
    target: Node | None


def patch(kustomization: Mapping, resources: list[Resource], patch_file: PatchFile) -> tuple[list[Resource], list[Gap]]:
    """The resources with all patches laid over them, in kustomize's order."""
    gaps: list[Gap] = []
    for one in _patches(kustomization, patch_file, gaps):
        for document in one.documents:
            try:
                resources = _patched(resources, one, document)
            except PatchError as error:
                reason = f"the patch cannot be applied: {error}; mend it, or exclude the overlay"
                gaps.append(Gap(first_line(one.at), "template", reason))
    return resources, gaps


def _patches(kustomization: Mapping, patch_file: PatchFile, gaps: list[Gap]) -> Iterator[_Patch]:
    for key in ("patchesStrategicMerge", "patches", "patchesJson6902"):
        for item in tree.items(kustomization, key):
            target = tree.get(item, "target")
            inline = item if isinstance(item, Scalar) else tree.get(item, "patch")
            text = tree.text(inline)
            if key == "patchesStrategicMerge" and text is not None and "\n" not in text.strip() and ":" not in text:
                path: str | None = text
                text = None
            else:
                path = tree.text(item, "path")
            if text is not None and isinstance(inline, Scalar):
                documents = parse_inline(inline)
            else:
                place = join(parent(item.at.path), path) if path else None
                found = patch_file(place) if place is not None else None
                if found is None:
                    reason = f"the patch {path or ''} is not in the scan; add it, or exclude the overlay"
                    gaps.append(Gap(first_line(item.at), "template", reason))
                    continue
                documents = tuple(found)
            yield _Patch(item.at, documents, target)


def parse_inline(node: Scalar) -> tuple[Node, ...]:
    """The documents of a text in a file, each node at its own place where the text is a block."""
    found = yaml.parse(node.text, node.at.path).trees
    lines = node.text.rstrip("\n").split("\n")
    at = node.at
    if at.end_line - at.line != len(lines):
        return tuple(_moved(one, lambda _: first_line(at)) for one in found)
    indent = max(at.end_column - 1 - len(lines[-1].rstrip()), 0)

    def move(inner: Span) -> Span:
        return Span(
            at.path, at.line + inner.line, inner.column + indent, at.line + inner.end_line, inner.end_column + indent
        )

    return tuple(_moved(one, move) for one in found)


def _moved(node: Node, move: Callable[[Span], Span]) -> Node:
    if isinstance(node, Mapping):
        entries = tuple(Entry(one.key, move(one.at), _moved(one.value, move)) for one in node.entries)
        return Mapping(move(node.at), entries)
    if isinstance(node, tree.Sequence):
        return tree.Sequence(move(node.at), tuple(_moved(one, move) for one in node.items))
    return Scalar(move(node.at), node.value, node.text)


def _patched(resources: list[Resource], one: _Patch, document: Node) -> list[Resource]:
    if isinstance(document, tree.Sequence):
        steps = operations(document)
        if one.target is None:
            raise PatchError("a JSON patch has no target")
        return [
            found.with_tree(apply(found.tree, steps)) if selects(one.target, found) else found for found in resources
        ]
    result: list[Resource] = []
    for found in resources:
        if not (_means(document, found) if one.target is None else selects(one.target, found)):
            result.append(found)
            continue
        merged = merge(found.tree, _without_identity(document))
        if merged is not None:
            result.append(found.with_tree(_identified(merged, found)))
    return result


def _means(document: Node, found: Resource) -> bool:
    name = tree.text(document, "metadata", "name")
    space = tree.text(document, "metadata", "namespace")
    return (
        name is not None
        and found.called(name)
        and tree.text(document, "kind") == found.kind
        and (tree.text(document, "apiVersion") or "").rpartition("/")[0] == found.group
        and (space is None or found.namespace is None or space == found.namespace)
    )


def _without_identity(document: Node) -> Node:
    """The patch without the fields that only say what it is for: a target's patch may name anything."""
    if not isinstance(document, Mapping):
        return document
    entries = []
    for one in document.entries:
        if one.key in ("apiVersion", "kind"):
            continue
        if one.key == "metadata" and isinstance(one.value, Mapping):
            kept = tuple(item for item in one.value.entries if item.key not in ("name", "namespace"))
            entries.append(Entry(one.key, one.at, Mapping(one.value.at, kept)))
        else:
            entries.append(one)
    return Mapping(document.at, tuple(entries))


def _identified(merged: Node, found: Resource) -> Node:
    """A replaced object keeps what identifies it."""
    if not isinstance(merged, Mapping) or tree.text(merged, "kind") is not None:
        return merged
    kept = tuple(one for one in found.tree.entries if one.key in ("apiVersion", "kind"))
    own = tree.entry(found.tree, "metadata")
    given = tree.get(merged, "metadata")
    entries = [*kept]
    if own is not None:
        metadata = merge(own.value, given) if given is not None else own.value
        entries.append(Entry("metadata", own.at, metadata or own.value))
    entries += [one for one in merged.entries if one.key != "metadata"]
    return stripped(Mapping(merged.at, tuple(entries)))
