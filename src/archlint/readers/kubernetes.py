"""Kubernetes manifests (YAML or JSON, one or many documents) in, one fact an object out; lists are taken apart.

Documents that are no objects (no ``apiVersion`` or ``kind``) yield nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts import AnyFact
from archlint.core.facts.documents import KubernetesObject
from archlint.core.source import SourceFile
from archlint.core.tree import Mapping
from archlint.readers import yaml


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The objects of the file, in order, then its gaps."""
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        yield from objects(document)
    yield from documents.gaps


def objects(document: Mapping, inherited: tuple[str | None, str | None] = (None, None)) -> Iterator[KubernetesObject]:
    """The object, or those of a list. The items of a typed list (``PodList``) may leave out what the list implies."""
    api_version = tree.text(document, "apiVersion") or inherited[0]
    kind = tree.text(document, "kind") or inherited[1]
    if not api_version or not kind:
        return
    items = tree.get(document, "items")
    if kind.endswith("List") and isinstance(items, tree.Sequence):
        implied = (api_version, kind.removesuffix("List") or None)
        for item in items.items:
            if isinstance(item, Mapping):
                yield from objects(item, implied)
        return
    metadata = tree.get(document, "metadata")
    yield KubernetesObject(
        document.at,
        api_version,
        kind,
        tree.text(metadata, "name") or tree.text(metadata, "generateName") or "",
        tree.text(metadata, "namespace"),
        document,
    )
