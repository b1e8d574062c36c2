"""AsyncAPI documents (YAML or JSON) in, their trees out; their validity is not judged yet."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts import AnyFact
from archlint.core.facts.documents import AsyncApiDocument
from archlint.core.source import SourceFile
from archlint.readers import yaml


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The documents of the file that say ``asyncapi``, then its gaps."""
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        if version := tree.text(document, "asyncapi"):
            yield AsyncApiDocument(document.at, version, document)
    yield from documents.gaps
